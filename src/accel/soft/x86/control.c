/*
 * Control registers, model specific registers and I/O permission.
 */
#include "src/accel/soft/x86/access.h"

#define CR0_CHANGEABLE                                                                             \
    (CPU_CR0_PE | CPU_CR0_MP | CPU_CR0_EM | CPU_CR0_TS | CPU_CR0_NE | CPU_CR0_WP | CPU_CR0_AM |    \
     CPU_CR0_NW | CPU_CR0_CD | CPU_CR0_PG)

#define CR0_PAGING (CPU_CR0_PG | CPU_CR0_WP | CPU_CR0_PE)
#define CR4_PAGING (CR4_PSE | CR4_PAE | CR4_PGE)

/* Raises #GP when PAE paging would begin with reserved bits set. */
static void load_pdptes(Cpu *cpu)
{
    uint64_t pdpte[4];

    if (!paging_load_pdptes(cpu, pdpte)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        cpu->pdpte[i] = pdpte[i];
    }
}

static void mode_switched(Cpu *cpu)
{
    for (unsigned i = 0; i <= CPU_GS; i++) {
        segment_changed(cpu, i);
    }
    if (!(cpu->cr0 & CPU_CR0_PE)) {
        cpu->cpl = 0;
    }
}

/* ET is fixed to 1. */
void control_set_cr0(Cpu *cpu, uint64_t value)
{
    uint64_t old = cpu->cr0;

    value = (value & CR0_CHANGEABLE) | CPU_CR0_ET;
    if ((value & CPU_CR0_PG && !(value & CPU_CR0_PE)) ||
        (value & CPU_CR0_NW && !(value & CPU_CR0_CD))) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    if (value & ~old & CPU_CR0_PG && cpu->cr4 & CR4_PAE) {
        load_pdptes(cpu);
    }
    cpu->cr0 = value;
    if ((old ^ value) & CR0_PAGING) {
        tlb_flush(cpu);
    }
    if ((old ^ value) & CPU_CR0_PE) {
        mode_switched(cpu);
    }
    cpu_mode_changed(cpu);
}

void control_set_cr3(Cpu *cpu, uint64_t value)
{
    uint64_t old = cpu->cr3;

    cpu->cr3 = value;
    if (cpu->cr0 & CPU_CR0_PG && cpu->cr4 & CR4_PAE) {
        uint64_t pdpte[4];

        if (!paging_load_pdptes(cpu, pdpte)) {
            cpu->cr3 = old;
            cpu_raise_error(cpu, VECTOR_GP, 0);
        }
        for (unsigned i = 0; i < 4; i++) {
            cpu->pdpte[i] = pdpte[i];
        }
    }
    tlb_flush(cpu);
}

void control_set_cr4(Cpu *cpu, uint64_t value)
{
    uint64_t old = cpu->cr4;

    if (value & ~CR4_SUPPORTED) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    if (cpu->cr0 & CPU_CR0_PG && value & CR4_PAE && (old ^ value) & CR4_PAGING) {
        load_pdptes(cpu);
    }
    cpu->cr4 = value;
    if ((old ^ value) & CR4_PAGING) {
        tlb_flush(cpu);
    }
}

/* ---- model specific registers ------------------------------------------- */

#define MSR_TSC       0x10u
#define MSR_APIC_BASE 0x1bu

/* Whether an access to a register that is not there does without one. */
static bool msr_is_ignored(Cpu *cpu, uint32_t index, bool write, uint64_t value)
{
    accel_unknown_msr(&cpu->vcpu, index, write, value);
    return !cpu->vcpu.accel->host.model.unknown_msr_faults;
}

bool msr_read(Cpu *cpu, uint32_t index, uint64_t *value)
{
    switch (index) {
    case MSR_TSC:
        *value = cpu_tsc(cpu);
        return true;
    case MSR_APIC_BASE:
        *value = cpu->msr.apic_base;
        return true;
    default:
        *value = 0;
        return msr_is_ignored(cpu, index, false, 0);
    }
}

bool msr_write(Cpu *cpu, uint32_t index, uint64_t value)
{
    switch (index) {
    case MSR_TSC:
        cpu->tsc_offset += value - cpu_tsc(cpu);
        return true;
    case MSR_APIC_BASE:
        cpu->msr.apic_base = value;
        return true;
    default:
        return msr_is_ignored(cpu, index, true, value);
    }
}

/* DR7 can watch ports when CR4.DE is set. */
void io_breakpoints(Cpu *cpu, uint32_t port, unsigned size)
{
    for (unsigned n = 0; n < 4 && cpu->cr4 & CR4_DE; n++) {
        unsigned control = cpu->dr[7] >> (16 + n * 4) & 0xf, length = (control >> 2) + 1;
        uint32_t start = (uint32_t)cpu->dr[n] & ~(length - 1);

        if (cpu->dr[7] >> n * 2 & 3 && (control & 3) == 2 &&
            (port - start < length || start - port < size)) {
            cpu->debug_pending |= 1u << n;
        }
    }
}

/* ---- ports -------------------------------------------------------------- */

void io_permission_by_map(Cpu *cpu, uint32_t port, unsigned size)
{
    const Segment *tr = &cpu->segment[CPU_TR];

    /* A bit per port; two bytes are read, so the map ends with one of ones. */
    if (tr->attributes & 8 && tr->limit >= 0x67) {
        uint32_t map = (uint32_t)system_read(cpu, tr->base + 0x66, 2) + port / 8;

        if (map + 1 <= tr->limit) {
            uint32_t bits = (uint32_t)system_read(cpu, tr->base + map, 2) >> (port & 7);

            if (!(bits & ((1u << size) - 1))) {
                return;
            }
        }
    }
    cpu_raise_error(cpu, VECTOR_GP, 0);
}
