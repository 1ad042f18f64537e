/*
 * Control registers, model specific registers and I/O permission.
 */
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/access.h"

#define CR0_CHANGEABLE                                                                             \
    (CPU_CR0_PE | CPU_CR0_MP | CPU_CR0_EM | CPU_CR0_TS | CPU_CR0_NE | CPU_CR0_WP | CPU_CR0_AM |    \
     CPU_CR0_NW | CPU_CR0_CD | CPU_CR0_PG)

#define CR0_PAGING (CPU_CR0_PG | CPU_CR0_WP | CPU_CR0_PE)
#define CR4_PAGING (CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP)

static G_NORETURN void refuse(Cpu *cpu)
{
    cpu_raise_error(cpu, VECTOR_GP, 0);
}

/* Raises #GP if PAE paging would begin with reserved bits set. */
static void load_pdptes(Cpu *cpu)
{
    uint64_t pdpte[4];

    if (!paging_load_pdptes(cpu, pdpte)) {
        refuse(cpu);
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

/* ---- long mode: on while EFER.LME and CR0.PG are ---- */

void control_set_long_mode(Cpu *cpu, bool on)
{
    cpu->msr.efer = on ? cpu->msr.efer | CPU_EFER_LMA : cpu->msr.efer & ~(uint64_t)CPU_EFER_LMA;
    cpu->linear_mask = on ? UINT64_MAX : UINT32_MAX;
}

/* Raises #GP if the change of paging would begin or end long mode while 64-bit code runs. */
static void need_paging_order(Cpu *cpu, bool on)
{
    bool code64 = cpu->segment[CPU_CS].attributes & CPU_SEGMENT_L;
    bool long_mode = cpu->msr.efer & CPU_EFER_LME;

    if (on && long_mode && (!(cpu->cr4 & CR4_PAE) || code64)) {
        refuse(cpu);
    }
    if (!on && cpu->mode == 64) {
        refuse(cpu);
    }
}

static void tell(const Cpu *cpu, const char *name, uint64_t value)
{
    if (unlikely(cpu->trace_mmu)) {
        trace_control(cpu, name, value);
    }
}

/* The bit ET is always 1. */
void control_set_cr0(Cpu *cpu, uint64_t value)
{
    uint64_t old = cpu->cr0;

    if (value >> 32) {
        refuse(cpu);
    }
    value = (value & CR0_CHANGEABLE) | CPU_CR0_ET;
    if ((value & CPU_CR0_PG && !(value & CPU_CR0_PE)) ||
        (value & CPU_CR0_NW && !(value & CPU_CR0_CD))) {
        refuse(cpu);
    }
    bool paging = value & CPU_CR0_PG, switched = (old ^ value) & CPU_CR0_PG;
    if (switched) {
        need_paging_order(cpu, paging);
    }
    if (switched && paging && cpu->cr4 & CR4_PAE && !(cpu->msr.efer & CPU_EFER_LME)) {
        load_pdptes(cpu);
    }
    cpu->cr0 = value;
    tell(cpu, "CR0", value);
    if (switched) {
        control_set_long_mode(cpu, paging && cpu->msr.efer & CPU_EFER_LME);
    }
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

    if (cpu_long_mode(cpu) && value & ~PHYSICAL_MASK) {
        refuse(cpu);
    }
    cpu->cr3 = value;
    if (cpu->cr0 & CPU_CR0_PG && cpu->cr4 & CR4_PAE && !cpu_long_mode(cpu)) {
        uint64_t pdpte[4];

        if (!paging_load_pdptes(cpu, pdpte)) {
            cpu->cr3 = old;
            refuse(cpu);
        }
        for (unsigned i = 0; i < 4; i++) {
            cpu->pdpte[i] = pdpte[i];
        }
    }
    tell(cpu, "CR3", value);
    tlb_flush(cpu);
}

uint64_t control_cr4_bits(const Cpu *cpu)
{
    static const struct {
        CpuFeature feature;
        uint32_t bits;
    } BITS[] = {
        {CPU_FEATURE_TSC, CR4_TSD},           {CPU_FEATURE_DE, CR4_DE},
        {CPU_FEATURE_PSE, CR4_PSE},           {CPU_FEATURE_PAE, CR4_PAE},
        {CPU_FEATURE_PGE, CR4_PGE},           {CPU_FEATURE_FXSR, CR4_OSFXSR},
        {CPU_FEATURE_SSE, CR4_OSXMMEXCPT},    {CPU_FEATURE_UMIP, CR4_UMIP},
        {CPU_FEATURE_FSGSBASE, CR4_FSGSBASE}, {CPU_FEATURE_XSAVE, CR4_OSXSAVE},
        {CPU_FEATURE_SMEP, CR4_SMEP},         {CPU_FEATURE_SMAP, CR4_SMAP},
        {CPU_FEATURE_MCE, CR4_MCE},
    };
    uint64_t bits = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(BITS); i++) {
        if (cpu_features_have(&cpu_accel(cpu)->features, BITS[i].feature)) {
            bits |= BITS[i].bits;
        }
    }
    return bits;
}

void control_set_cr4(Cpu *cpu, uint64_t value)
{
    uint64_t old = cpu->cr4;

    if (value & ~control_cr4_bits(cpu) || (cpu_long_mode(cpu) && !(value & CR4_PAE))) {
        refuse(cpu);
    }
    if (cpu->cr0 & CPU_CR0_PG && value & CR4_PAE && (old ^ value) & CR4_PAGING &&
        !cpu_long_mode(cpu)) {
        load_pdptes(cpu);
    }
    cpu->cr4 = value;
    tell(cpu, "CR4", value);
    if ((old ^ value) & CR4_PAGING) {
        tlb_flush(cpu);
        cpu_mode_changed(cpu);
    }
}

/* ---- the local APIC's task priority ---- */

#define APIC_BASE_MASK UINT64_C(0xfffffff000)
#define APIC_TPR       0x80u

static PhysAddr task_priority_at(const Cpu *cpu)
{
    return (cpu->msr.apic_base & APIC_BASE_MASK) + APIC_TPR;
}

uint64_t control_get_cr8(Cpu *cpu)
{
    return physical_read(cpu, task_priority_at(cpu), 4) >> 4 & 0xf;
}

void control_set_cr8(Cpu *cpu, uint64_t value)
{
    if (value >> 4) {
        refuse(cpu);
    }
    physical_write(cpu, task_priority_at(cpu), 4, value << 4);
}

/* With CR4.DE set, DR7 can watch ports. */
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

/* ---- ports ---- */

void io_permission_by_map(Cpu *cpu, uint32_t port, unsigned size)
{
    const Segment *tr = &cpu->segment[CPU_TR];

    /* The map has a bit for each port.  Two bytes are read, so a byte of ones ends the map. */
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
