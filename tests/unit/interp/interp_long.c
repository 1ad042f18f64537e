#include "tests/unit/interp/interp_long.h"

#define HANDLER_SIZE 16u
#define HLT          0xf4u
#define RUN_LIMIT    100000u

#define CODE64    UINT64_C(0x00209b0000000000)
#define CODE32    UINT64_C(0x00cf9b000000ffff)
#define DATA      UINT64_C(0x00cf93000000ffff)
#define OF_USER   UINT64_C(0x0000600000000000)
#define TSS_LIMIT 0x67u

#define CR4_PAE 0x20u

static void fill_tables(Rig *rig)
{
    uint64_t all = LM_PTE_P | LM_PTE_W | LM_PTE_U;

    rig_write64(rig, LM_PML4, LM_PDPT | all);
    rig_write64(rig, LM_PDPT, LM_PD | all);
    for (unsigned i = 0; i < 2; i++) {
        rig_write64(rig, LM_PD + i * 8, (LM_PT + i * 0x1000u) | all);
    }
    for (uint64_t page = 0; page < LM_RAM; page += 0x1000) {
        rig_write64(rig, lm_pte(page), page | all);
    }
}

static void fill_segments(Rig *rig)
{
    lm_set_gdt(rig, LM_CODE0, CODE64);
    lm_set_gdt(rig, LM_DATA0, DATA);
    lm_set_gdt(rig, LM_CODE3_32, CODE32 | OF_USER);
    lm_set_gdt(rig, LM_DATA3, DATA | OF_USER);
    lm_set_gdt(rig, LM_CODE3, CODE64 | OF_USER);
    lm_set_gdt(rig, LM_CODE0_32, CODE32);
    lm_set_gdt(rig, LM_TSS_SEL, rig_descriptor(LM_TSS, TSS_LIMIT, 0x8b));
    rig_write64(rig, LM_TSS + LM_TSS_RSP0, LM_STACK0);
    rig_write64(rig, LM_TSS + LM_TSS_IST1, LM_IST1);
    for (unsigned vector = 0; vector < 256; vector++) {
        lm_set_idt(rig, vector, LM_CODE0, lm_handler(vector), LM_INT_GATE, 0);
        rig_fill(rig, lm_handler(vector), HLT, 1);
    }
    /* Level 3 may use INT3. */
    lm_set_idt(rig, 3, LM_CODE0, lm_handler(3), LM_INT_GATE | 0x60, 0);
}

Rig *lm_new(void)
{
    Rig *rig = rig_new(LM_RAM, false);

    lm_fill(rig);
    return rig;
}

void lm_fill(Rig *rig)
{
    fill_tables(rig);
    fill_segments(rig);
}

CpuState lm_state(unsigned cpl, uint64_t rip)
{
    CpuState state;
    uint64_t user = cpl == 3 ? OF_USER : 0;

    cpu_state_reset(&state);
    state.segment[CPU_CS] = rig_segment(cpl == 3 ? LM_CODE3 : LM_CODE0, CODE64 | user);
    for (unsigned i = 0; i <= CPU_GS; i++) {
        if (i != CPU_CS) {
            state.segment[i] = rig_segment(cpl == 3 ? LM_DATA3 : LM_DATA0, DATA | user);
        }
    }
    state.segment[CPU_TR] = rig_segment(LM_TSS_SEL, rig_descriptor(LM_TSS, TSS_LIMIT, 0x8b));
    state.segment[CPU_LDTR].attributes |= CPU_SEGMENT_UNUSABLE;
    state.gdtr = (CpuTable){.base = LM_GDT, .limit = 0xff};
    state.idtr = (CpuTable){.base = LM_IDT, .limit = 0xfff};
    state.cr0 = CPU_CR0_PE | CPU_CR0_ET | CPU_CR0_NE | CPU_CR0_WP | CPU_CR0_PG;
    state.cr3 = LM_PML4;
    state.cr4 = CR4_PAE;
    state.msr.efer = CPU_EFER_SCE | CPU_EFER_LME | CPU_EFER_LMA | CPU_EFER_NXE;
    state.rip = rip;
    state.rflags = CPU_FLAG_ONE;
    state.gpr[CPU_SP] = cpl == 3 ? LM_STACK3 : LM_STACK0;
    return state;
}

void lm_set_gdt(Rig *rig, uint16_t selector, uint64_t descriptor)
{
    rig_write64(rig, LM_GDT + (selector & ~7u), descriptor);
}

void lm_set_idt(Rig *rig, unsigned vector, uint16_t selector, uint64_t offset, uint8_t access,
                unsigned ist)
{
    uint64_t low = (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)ist << 32 |
                   (uint64_t)access << 40 | (offset >> 16 & 0xffff) << 48;

    rig_write64(rig, LM_IDT + vector * 16, low);
    rig_write64(rig, LM_IDT + vector * 16 + 8, offset >> 32);
}

uint64_t lm_handler(unsigned vector)
{
    return LM_HANDLERS + vector * HANDLER_SIZE;
}

uint64_t lm_pte(uint64_t linear)
{
    return LM_PT + (linear >> 12) * 8;
}

static bool has_error(unsigned vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static uint64_t read64(Rig *rig, uint64_t address)
{
    uint64_t value;

    rig_read(rig, address, &value, sizeof(value));
    return value;
}

LmFault lm_run(Rig *rig)
{
    VcpuStop stop = rig_run(rig, RUN_LIMIT);
    LmFault fault = {.state = rig_get(rig)};
    uint64_t at = fault.state.gpr[CPU_SP];

    g_assert_cmpint(stop, ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(fault.state.rip, >, LM_HANDLERS);
    fault.vector = (unsigned)((fault.state.rip - 1 - LM_HANDLERS) / HANDLER_SIZE);
    if (has_error(fault.vector)) {
        fault.error = read64(rig, at);
        at += 8;
    }
    fault.rip = read64(rig, at);
    fault.cs = read64(rig, at + 8);
    fault.rflags = read64(rig, at + 16);
    fault.rsp = read64(rig, at + 24);
    fault.ss = read64(rig, at + 32);
    return fault;
}

LmFault lm_go(Rig *rig, const CpuState *state)
{
    rig_set(rig, state);
    return lm_run(rig);
}

LmFault lm_expect(Rig *rig, const CpuState *state, unsigned vector, uint64_t error)
{
    LmFault fault = lm_go(rig, state);

    if (fault.vector != vector || fault.error != error) {
        g_error("vector %u error %" G_GINT64_MODIFIER "x at rip %" G_GINT64_MODIFIER
                "x, not vector %u error %" G_GINT64_MODIFIER "x",
                fault.vector, fault.error, fault.rip, vector, error);
    }
    return fault;
}
