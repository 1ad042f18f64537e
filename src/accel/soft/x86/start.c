/*
 * How a CPU begins: reset, INIT and the start-up IPI.  Intel SDM, volume 3,
 * chapter "Processor Management and Initialization", sections "Processor State
 * After Reset" and "MP Initialization Protocol".
 */
#include "src/accel/soft/x86/cpu.h"

#include <string.h>

#define APIC_BASE_BSP (1u << 8)

/* The first CPU starts at the reset vector.  The others wait for a start-up IPI. */
static void begin(Cpu *cpu, CpuState *state)
{
    if (cpu->vcpu.index) {
        state->msr.apic_base &= ~(uint64_t)APIC_BASE_BSP;
        state->unstarted = true;
    }
    state_set(&cpu->vcpu, state, NULL);
}

bool start_reset(Vcpu *vcpu, GError **error G_GNUC_UNUSED)
{
    Cpu *cpu = cpu_of(vcpu);
    CpuState state;

    vcpu->init = vcpu->start = false;
    cpu->yielded = false;
    cpu_state_reset(&state);
    state.a20 = cpu_accel(cpu)->a20;
    begin(cpu, &state);
    return true;
}

/* INIT keeps the cache mode, the FPU, the MSRs and the time stamp counter. */
static void initialize(Cpu *cpu)
{
    CpuState before, state;

    state_get(&cpu->vcpu, &before, NULL);
    cpu_state_reset(&state);
    state.cr0 = (before.cr0 & (CPU_CR0_CD | CPU_CR0_NW)) | CPU_CR0_ET;
    state.msr = before.msr;
    state.msr.efer = 0;
    memcpy(state.fxsave, before.fxsave, sizeof(state.fxsave));
    state.a20 = before.a20;
    begin(cpu, &state);
}

/* Starts in real mode at a page.  Has an effect only on a CPU that waits for it. */
static void start_at(Cpu *cpu, uint8_t vector)
{
    if (!cpu->unstarted) {
        return;
    }
    cpu->unstarted = cpu->halted = cpu->nmi_masked = false;
    cpu->segment[CPU_CS].selector = (uint16_t)(vector << 8);
    cpu->segment[CPU_CS].base = (LinearAddr)vector << 12;
    cpu->rip = 0;
    segment_changed(cpu, CPU_CS);
}

void start_take(Cpu *cpu)
{
    Vcpu *vcpu = &cpu->vcpu;

    if (vcpu->init) {
        vcpu->init = false;
        initialize(cpu);
    }
    if (vcpu->start) {
        vcpu->start = false;
        start_at(cpu, vcpu->start_vector);
    }
}
