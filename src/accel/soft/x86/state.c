/* Conversion between CpuState and the software CPU's own form. */
#include "src/accel/soft/x86/access.h"
#include "src/accel/soft/x86/flags.h"
#include "src/base/error.h"

#include <string.h>

static void get_segments(const Cpu *cpu, CpuState *state)
{
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        const Segment *s = &cpu->segment[i];

        uint32_t attributes = s->attributes & ~SEGMENT_UNUSABLE;

        if (s->attributes & SEGMENT_UNUSABLE) {
            attributes |= CPU_SEGMENT_UNUSABLE;
        }
        state->segment[i] = (CpuSegment){s->selector, attributes, s->limit, s->base};
    }
}

bool state_get(Vcpu *vcpu, CpuState *state, GError **error G_GNUC_UNUSED)
{
    const Cpu *cpu = cpu_of(vcpu);

    memset(state, 0, sizeof(*state));
    memcpy(state->gpr, cpu->gpr, sizeof(state->gpr));
    state->rip = cpu->rip;
    state->rflags = flags_get(cpu);
    get_segments(cpu, state);
    state->gdtr = cpu->gdtr;
    state->idtr = cpu->idtr;
    state->cr0 = cpu->cr0;
    state->cr2 = cpu->cr2;
    state->cr3 = cpu->cr3;
    state->cr4 = cpu->cr4;
    for (unsigned i = 0; i < 8; i++) {
        state->dr[i] = cpu->dr[i];
    }
    state->msr = cpu->msr;
    state->msr.tsc = cpu_tsc(cpu);
    state->xcr0 = cpu->xcr0;
    fx_store_state(&cpu->fx, state->fxsave);
    state->halted = cpu->halted && !cpu->unstarted;
    state->unstarted = cpu->unstarted;
    state->interrupt_shadow = cpu->shadow;
    state->nmi_pending = atomic_load(&cpu->vcpu.nmi);
    state->nmi_masked = cpu->nmi_masked && !cpu->unstarted;
    state->a20 = cpu_accel(cpu)->a20;
    return true;
}

static void set_segments(Cpu *cpu, const CpuState *state)
{
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        const CpuSegment *s = &state->segment[i];

        cpu->segment[i] = (Segment){
            .selector = s->selector,
            .attributes = (uint16_t)((s->attributes & 0xf0ff) |
                                     (s->attributes & CPU_SEGMENT_UNUSABLE ? SEGMENT_UNUSABLE : 0)),
            .limit = s->limit,
            .base = s->base,
        };
    }
    if (cpu->cr0 & CPU_CR0_PE) {
        cpu->cpl = cpu_v86(cpu) ? 3 : cpu->segment[CPU_SS].attributes >> 5 & 3;
    } else {
        cpu->cpl = 0;
    }
    cpu->cs_descriptor = 0;
    for (unsigned i = 0; i <= CPU_GS; i++) {
        segment_changed(cpu, i);
    }
}

static void set_control(Cpu *cpu, const CpuState *state)
{
    cpu->cr0 = state->cr0;
    cpu->cr2 = state->cr2;
    cpu->cr3 = state->cr3;
    cpu->cr4 = state->cr4 & control_cr4_bits(cpu);
    for (unsigned i = 0; i < 8; i++) {
        cpu->dr[i] = state->dr[i];
    }
    cpu->gdtr = state->gdtr;
    cpu->idtr = state->idtr;
    cpu->msr = state->msr;
    control_set_long_mode(cpu, state->msr.efer & CPU_EFER_LMA);
    cpu->xcr0 = state->xcr0;
    fx_load_state(&cpu->fx, state->fxsave);
}

static void set_events(Cpu *cpu, const CpuState *state)
{
    cpu->unstarted = state->unstarted;
    cpu->halted = state->halted || state->unstarted;
    cpu->shadow = state->interrupt_shadow;
    cpu->shadow_debug = false;
    cpu->debug_pending = 0;
    cpu->debug.hit = cpu->debug.alone = cpu->debug.passes = false;
    cpu->shut_down = false;
    cpu->repeating = false;
    cpu->delivering = -1;
    cpu->external = false;
    atomic_store(&cpu->vcpu.nmi, state->nmi_pending);
    cpu->nmi_masked = state->nmi_masked || state->unstarted;
    cpu->fault_pending = state->exception_pending;
    cpu->fault = (Fault){
        .vector = state->exception_vector,
        .has_error = state->exception_has_error,
        .error = state->exception_error,
    };
}

static bool check_state(const Cpu *cpu, const CpuState *state, GError **error)
{
    if (state->msr.efer & CPU_EFER_LMA &&
        !cpu_features_have(&cpu_accel(cpu)->features, CPU_FEATURE_LM)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "this CPU model has no long mode (EFER is 0x%" G_GINT64_MODIFIER "x)",
                    state->msr.efer);
        return false;
    }
    return true;
}

bool state_set(Vcpu *vcpu, const CpuState *state, GError **error)
{
    Cpu *cpu = cpu_of(vcpu);

    if (!check_state(cpu, state, error)) {
        return false;
    }
    memcpy(cpu->gpr, state->gpr, sizeof(state->gpr));
    cpu->rip = state->rip;
    flags_put(cpu, (uint32_t)state->rflags);
    set_control(cpu, state);
    set_segments(cpu, state);
    set_events(cpu, state);
    cpu->tsc_offset += state->msr.tsc - cpu_tsc(cpu);
    if (state->a20 != cpu_accel(cpu)->a20) {
        accel_soft_class.set_a20(vcpu->accel, state->a20);
    }
    if (cpu->cr0 & CPU_CR0_PG && cpu->cr4 & CR4_PAE && !cpu_long_mode(cpu)) {
        paging_load_pdptes(cpu, cpu->pdpte);
    }
    tlb_flush(cpu);
    cpu_mode_changed(cpu);
    return true;
}
