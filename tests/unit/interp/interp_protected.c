/* Protected mode for the tests of the software CPU.  See the header. */
#include "tests/unit/interp/interp_protected.h"

#include <string.h>

#define STEPS_MAX  100000u
#define INT3_ENTRY 3
#define INTO_ENTRY 4
#define HAS_ERROR  (1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17)
#define PAGE_ALL   7u /* present, writable, user */

uint32_t pm_handler(unsigned vector)
{
    return PM_HANDLERS + vector * PM_HANDLER_SIZE;
}

void pm_set_gdt(Rig *rig, uint16_t selector, uint64_t descriptor)
{
    rig_write64(rig, PM_GDT + (selector & ~7u), descriptor);
}

uint64_t pm_get_gdt(Rig *rig, uint16_t selector)
{
    uint64_t descriptor;
    rig_read(rig, PM_GDT + (selector & ~7u), &descriptor, sizeof(descriptor));
    return descriptor;
}

void pm_set_ldt(Rig *rig, uint16_t selector, uint64_t descriptor)
{
    rig_write64(rig, PM_LDT + (selector & ~7u), descriptor);
}

void pm_set_idt(Rig *rig, unsigned vector, uint64_t gate)
{
    rig_write64(rig, PM_IDT + vector * 8, gate);
}

void pm_set_segment(Rig *rig, uint16_t selector, uint32_t base, uint32_t limit, uint32_t attributes)
{
    uint64_t descriptor = rig_descriptor(base, limit, attributes);
    if (selector & 4) {
        pm_set_ldt(rig, selector, descriptor);
    } else {
        pm_set_gdt(rig, selector, descriptor);
    }
}

static uint64_t flat(uint32_t access, unsigned ring)
{
    return rig_descriptor(0, 0xfffff, access | PM_DPL(ring) | PM_FLAT);
}

static void fill_gdt(Rig *rig)
{
    pm_set_gdt(rig, PM_CODE0, flat(PM_READABLE, 0));
    pm_set_gdt(rig, PM_DATA0, flat(PM_WRITABLE, 0));
    pm_set_gdt(rig, PM_CODE1, flat(PM_READABLE, 1));
    pm_set_gdt(rig, PM_DATA1, flat(PM_WRITABLE, 1));
    pm_set_gdt(rig, PM_CODE3, flat(PM_READABLE, 3));
    pm_set_gdt(rig, PM_DATA3, flat(PM_WRITABLE, 3));
    pm_set_gdt(rig, PM_TSS_SELECTOR, rig_descriptor(PM_TSS, PM_TSS_SIZE - 1, PM_TSS_BUSY));
    pm_set_gdt(rig, PM_TSS2_SELECTOR, rig_descriptor(PM_TSS2, PM_TSS_SIZE - 1, PM_TSS_FREE));
    pm_set_gdt(rig, PM_LDT_SELECTOR, rig_descriptor(PM_LDT, PM_LDT_ENTRIES * 8 - 1, PM_LDT_TYPE));
}

static void fill_idt(Rig *rig)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        bool user = vector == INT3_ENTRY || vector == INTO_ENTRY;
        uint8_t access = (uint8_t)(PM_INT_GATE | PM_DPL(user ? 3 : 0));
        pm_set_idt(rig, vector, rig_gate(PM_CODE0, pm_handler(vector), access, 0));
        rig_fill(rig, pm_handler(vector), 0xf4, PM_HANDLER_SIZE);
    }
}

static void fill_tss(Rig *rig)
{
    rig_write32(rig, PM_TSS + TSS_ESP0, PM_STACK0);
    rig_write32(rig, PM_TSS + TSS_SS0, PM_DATA0);
    rig_write32(rig, PM_TSS + TSS_ESP1, PM_STACK1);
    rig_write32(rig, PM_TSS + TSS_SS1, PM_DATA1);
    rig_write16(rig, PM_TSS + TSS_IOMAP, PM_TSS_SIZE);
}

void pm_fill(Rig *rig)
{
    fill_gdt(rig);
    fill_idt(rig);
    fill_tss(rig);
}

Rig *pm_new(void)
{
    Rig *rig = rig_new(PM_RAM, false);
    pm_fill(rig);
    return rig;
}

CpuState pm_state(unsigned cpl, uint32_t eip)
{
    static const uint16_t CODE[] = {PM_CODE0, PM_CODE1, 0, PM_CODE3};
    static const uint16_t DATA[] = {PM_DATA0, PM_DATA1, 0, PM_DATA3};
    static const uint32_t STACK[] = {PM_STACK0, PM_STACK1, 0, PM_STACK3};
    CpuState state;
    cpu_state_reset(&state);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state.segment[i] = rig_segment(DATA[cpl], flat(PM_WRITABLE, cpl));
    }
    state.segment[CPU_CS] = rig_segment(CODE[cpl], flat(PM_READABLE, cpl));
    state.segment[CPU_TR] =
        rig_segment(PM_TSS_SELECTOR, rig_descriptor(PM_TSS, PM_TSS_SIZE - 1, PM_TSS_BUSY));
    state.segment[CPU_LDTR] =
        rig_segment(PM_LDT_SELECTOR, rig_descriptor(PM_LDT, PM_LDT_ENTRIES * 8 - 1, PM_LDT_TYPE));
    state.gdtr = (CpuTable){PM_GDT, PM_GDT_ENTRIES * 8 - 1};
    state.idtr = (CpuTable){PM_IDT, 256 * 8 - 1};
    state.cr0 = CPU_CR0_PE | CPU_CR0_ET | CPU_CR0_NE;
    state.gpr[CPU_SP] = STACK[cpl];
    state.rip = eip;
    return state;
}

PmFault pm_run(Rig *rig)
{
    PmFault fault = {.vector = 256};
    VcpuStop stop = rig_step(rig, STEPS_MAX);
    fault.state = rig_get(rig);
    uint32_t rip = (uint32_t)fault.state.rip;
    if ((stop != VCPU_HALTED && stop != VCPU_HALTED_DEAD) || rip <= PM_HANDLERS ||
        rip > pm_handler(256)) {
        g_error("no handler was reached: stop %d, cs:eip %04x:%08x", stop,
                fault.state.segment[CPU_CS].selector, rip);
    }
    fault.vector = (rip - 1 - PM_HANDLERS) / PM_HANDLER_SIZE;
    uint32_t words[6] = {0};
    unsigned skip = fault.vector < 32 && (HAS_ERROR >> fault.vector & 1) ? 0 : 1;
    uint64_t top = fault.state.segment[CPU_SS].base + fault.state.gpr[CPU_SP];
    rig_read(rig, top, &words[skip], sizeof(words) - skip * 4);
    fault.error = words[0];
    fault.eip = words[1];
    fault.cs = words[2];
    fault.eflags = words[3];
    fault.esp = words[4];
    fault.ss = words[5];
    return fault;
}

PmFault pm_go(Rig *rig, const CpuState *state)
{
    rig_set(rig, state);
    return pm_run(rig);
}

PmFault pm_expect(Rig *rig, const CpuState *state, unsigned vector, uint32_t error)
{
    PmFault fault = pm_go(rig, state);
    if (fault.vector != vector || fault.error != error) {
        g_error("vector %u error %x at eip %08x, not vector %u error %x", fault.vector, fault.error,
                fault.eip, vector, error);
    }
    return fault;
}

uint64_t pm_pte(uint32_t linear)
{
    return PM_TABLES + (linear >> 12) * 4;
}

void pm_identity_pages(Rig *rig)
{
    rig_write32(rig, PM_DIRECTORY, PM_TABLES | PAGE_ALL);
    for (uint32_t linear = 0; linear < PM_RAM; linear += PAGE_SIZE) {
        rig_write32(rig, pm_pte(linear), linear | PAGE_ALL);
    }
}

void pm_paging_on(CpuState *state)
{
    state->cr0 |= CPU_CR0_PG | CPU_CR0_WP;
    state->cr3 = PM_DIRECTORY;
}

Rig *pm_new_paged(void)
{
    Rig *rig = pm_new();
    pm_identity_pages(rig);
    return rig;
}

CpuState pm_paged_state(unsigned cpl, uint32_t eip)
{
    CpuState state = pm_state(cpl, eip);
    pm_paging_on(&state);
    state.gpr[CPU_BX] = PM_TARGET;
    return state;
}

void pm_set_pte(Rig *rig, uint32_t linear, uint32_t entry)
{
    rig_write32(rig, pm_pte(linear), entry);
}
