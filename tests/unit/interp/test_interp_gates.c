/*
 * Gates: calls and interrupts through them, changes of privilege and of the stack,
 * and the returns (SDM volume 3, chapters 5 and 6).
 */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP
#define IDT  2u /* error code: the index is for the IDT */

#define INNER_CODE (PM_CODE + 0x1000)

/* ---- interrupts ---- */

static void test_interrupt_at_the_same_ring(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF | CPU_FLAG_NT;
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    PmFault fault = pm_expect(rig, &state, 0x40, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 2);
    g_assert_cmphex(fault.cs, ==, PM_CODE0);
    g_assert_cmphex(fault.eflags, ==, CPU_FLAG_ONE | CPU_FLAG_IF | CPU_FLAG_NT);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, PM_STACK0 - 12);
    g_assert_cmphex(fault.state.rflags & (CPU_FLAG_IF | CPU_FLAG_NT), ==, 0);
}

static void test_trap_gate_leaves_interrupts_on(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE0, pm_handler(0x40), PM_TRAP_GATE, 0));
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    PmFault fault = pm_expect(rig, &state, 0x40, 0);
    g_assert_cmphex(fault.state.rflags & CPU_FLAG_IF, ==, CPU_FLAG_IF);
}

static void test_interrupt_from_ring_3_switches_stacks(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    state.gpr[CPU_SP] = 0x6ff0;
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE0, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    PmFault fault = pm_expect(rig, &state, 0x40, 0);
    g_assert_cmphex(fault.esp, ==, 0x6ff0);
    g_assert_cmphex(fault.ss, ==, PM_DATA3);
    g_assert_cmphex(fault.cs, ==, PM_CODE3);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, PM_STACK0 - 20);
    g_assert_cmphex(fault.state.segment[CPU_SS].selector, ==, PM_DATA0);
    g_assert_cmphex(fault.state.segment[CPU_CS].selector, ==, PM_CODE0);
    g_assert_cmphex(fault.state.segment[CPU_DS].selector, ==, PM_DATA3);
}

static void test_sixteen_bit_interrupt_gate_pushes_words(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, 0x9000);
    pm_set_idt(rig, 0x40,
               rig_gate(PM_CODE0, 0xdead0000 | pm_handler(0x40), PM_INT_GATE16 | PM_DPL(3), 0));
    PM_BYTES(rig, 0x9000, 0xcd, 0x40);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.rip, ==, pm_handler(0x40) + 1);
    g_assert_cmphex(after.gpr[CPU_SP], ==, PM_STACK0 - 10);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 10), ==, 0x9002);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 8), ==, PM_CODE3);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 4), ==, PM_STACK3);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 2), ==, PM_DATA3);
}

typedef struct GateCase {
    const char *name;
    uint16_t selector; /* the selector in the gate */
    uint8_t access;
    unsigned cpl;
    unsigned vector;
    uint32_t error;
} GateCase;

#define GATE_ERROR (0x40 * 8 + IDT)

static void test_interrupt_gate_checks(void)
{
    static const GateCase CASES[] = {
        {"INT n needs the gate's level", PM_CODE0, PM_INT_GATE, 3, VECTOR_GP, GATE_ERROR},
        {"a level in between is not enough", PM_CODE0, PM_INT_GATE | PM_DPL(1), 3, VECTOR_GP,
         GATE_ERROR},
        {"absent gate", PM_CODE0, PM_INT_GATE - PM_ABSENT, 0, VECTOR_NP, GATE_ERROR},
        {"a call gate in the IDT", PM_CODE0, PM_CALL_GATE, 0, VECTOR_GP, GATE_ERROR},
        {"a segment in the IDT", PM_CODE0, PM_WRITABLE, 0, VECTOR_GP, GATE_ERROR},
        {"empty", PM_CODE0, 0, 0, VECTOR_GP, GATE_ERROR},
        {"null code", 0, PM_INT_GATE, 0, VECTOR_GP, 0},
        {"code beyond the GDT", PM_GDT_ENTRIES * 8, PM_INT_GATE, 0, VECTOR_GP, PM_GDT_ENTRIES * 8},
        {"data for code", PM_DATA0, PM_INT_GATE, 0, VECTOR_GP, PM_DATA0},
        {"code of an outer ring", PM_CODE3, PM_INT_GATE, 0, VECTOR_GP, PM_CODE3 & ~3u},
        {"absent code", PM_FREE, PM_INT_GATE, 0, VECTOR_NP, PM_FREE},
        {"a task gate to a busy task", PM_TSS_SELECTOR, PM_TASK_GATE, 0, VECTOR_GP,
         PM_TSS_SELECTOR},
        {"a task gate to code", PM_CODE0, PM_TASK_GATE, 0, VECTOR_GP, PM_CODE0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Rig) rig = pm_new();
        CpuState state = pm_state(CASES[i].cpl, PM_CODE);
        pm_set_segment(rig, PM_FREE, 0, 0xffff, PM_READABLE - PM_ABSENT);
        pm_set_idt(rig, 0x40, rig_gate(CASES[i].selector, pm_handler(0x40), CASES[i].access, 0));
        PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
        g_test_message("%s", CASES[i].name);
        PmFault fault = pm_expect(rig, &state, CASES[i].vector, CASES[i].error);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

static void test_interrupt_beyond_the_idt(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.idtr.limit = 0x40 * 8 + 6;
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    pm_expect(rig, &state, VECTOR_GP, GATE_ERROR);
}

static void test_int3_and_into_check_the_gate_too(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    pm_set_idt(rig, VECTOR_BP, rig_gate(PM_CODE0, pm_handler(3), PM_INT_GATE, 0));
    pm_set_idt(rig, VECTOR_OF, rig_gate(PM_CODE0, pm_handler(4), PM_INT_GATE, 0));
    PM_BYTES(rig, PM_CODE, INT3);
    pm_expect(rig, &state, VECTOR_GP, VECTOR_BP * 8 + IDT);
    PM_BYTES(rig, PM_CODE, 0xce); /* into */
    state.rflags |= CPU_FLAG_OF;
    pm_expect(rig, &state, VECTOR_GP, VECTOR_OF * 8 + IDT);
}

static void test_exception_ignores_the_gates_level(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x0b);
    PmFault fault = pm_expect(rig, &state, VECTOR_UD, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
}

/* ---- the stack of the inner ring ---- */

static void run_inner_stack(const char *name, uint32_t ss0, uint32_t attributes, uint32_t error)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    /* The fault itself needs a working stack, so it goes to ring 1. */
    pm_set_idt(rig, VECTOR_TS, rig_gate(PM_CODE1, pm_handler(VECTOR_TS), PM_INT_GATE, 0));
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE0, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    rig_write32(rig, PM_TSS + TSS_SS0, ss0);
    if (attributes != 0) {
        pm_set_segment(rig, PM_FREE, 0, 0xffff, attributes);
    }
    rig_set(rig, &state);
    g_test_message("%s", name);
    rig_step(rig, 1);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.rip, ==, pm_handler(VECTOR_TS));
    g_assert_cmphex(after.gpr[CPU_SP], ==, PM_STACK1 - 24);
    g_assert_cmphex(rig_read32(rig, PM_STACK1 - 24), ==, error);
    g_assert_cmphex(rig_read32(rig, PM_STACK1 - 20), ==, PM_CODE);
    g_assert_cmphex(rig_read32(rig, PM_STACK1 - 8), ==, PM_STACK3);
    g_assert_cmphex(after.segment[CPU_SS].selector, ==, PM_DATA1);
}

static void test_inner_stack_must_be_good(void)
{
    run_inner_stack("not of ring 0", PM_DATA3, 0, PM_DATA3 & ~3u);
    run_inner_stack("requested level 3", PM_DATA0 + 3, 0, PM_DATA0);
    run_inner_stack("code", PM_CODE0, 0, PM_CODE0);
    run_inner_stack("read-only", PM_FREE, PM_READ_ONLY | PM_WIDE, PM_FREE);
    run_inner_stack("beyond the GDT", PM_GDT_ENTRIES * 8, 0, PM_GDT_ENTRIES * 8);
}

static void test_inner_stack_may_be_absent(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    pm_set_idt(rig, VECTOR_SS, rig_gate(PM_CODE1, pm_handler(VECTOR_SS), PM_INT_GATE, 0));
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE0, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    pm_set_segment(rig, PM_FREE, 0, 0xffff, PM_WRITABLE - PM_ABSENT);
    rig_write32(rig, PM_TSS + TSS_SS0, PM_FREE);
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    rig_set(rig, &state);
    rig_step(rig, 1);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.rip, ==, pm_handler(VECTOR_SS));
    g_assert_cmphex(rig_read32(rig, PM_STACK1 - 24), ==, PM_FREE);
}

static void test_inner_stack_may_be_too_small(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    pm_set_idt(rig, VECTOR_SS, rig_gate(PM_CODE1, pm_handler(VECTOR_SS), PM_INT_GATE, 0));
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE0, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    pm_set_segment(rig, PM_FREE, PM_DATA, 0xff, PM_WRITABLE | PM_WIDE);
    rig_write32(rig, PM_TSS + TSS_SS0, PM_FREE);
    rig_write32(rig, PM_TSS + TSS_ESP0, 19);
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    rig_set(rig, &state);
    rig_step(rig, 1);
    g_assert_cmphex(rig_get(rig).rip, ==, pm_handler(VECTOR_SS));
    g_assert_cmphex(rig_read32(rig, PM_STACK1 - 24), ==, PM_FREE);
    g_assert_cmphex(rig_read32(rig, PM_STACK1 - 20), ==, PM_CODE);
}

/* The TSS must contain the stack of the ring that is entered. */
static void test_tss_may_be_too_short(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE1, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    state.segment[CPU_TR].limit = TSS_SS1 - 1;
    PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
    pm_expect(rig, &state, VECTOR_TS, PM_TSS_SELECTOR);
}

static void test_handler_beyond_its_segment(void)
{
    for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
        g_autoptr(Rig) rig = pm_new();
        CpuState state = pm_state(cpl, PM_CODE);
        pm_set_segment(rig, PM_FREE, 0, 0xfff, PM_READABLE | PM_WIDE);
        pm_set_idt(rig, 0x40, rig_gate(PM_FREE, 0x1000, PM_INT_GATE | PM_DPL(3), 0));
        PM_BYTES(rig, PM_CODE, 0xcd, 0x40);
        PmFault fault = pm_expect(rig, &state, VECTOR_GP, 0);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

/* ---- call gates ---- */

static void set_call_gate(Rig *rig, uint16_t code, uint8_t access, uint8_t count)
{
    pm_set_gdt(rig, PM_FREE, rig_gate(code, INNER_CODE, access, count));
}

static void test_call_gate_copies_parameters(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    set_call_gate(rig, PM_CODE0, PM_CALL_GATE | PM_DPL(3), 2);
    PM_BYTES(rig, PM_CODE, 0x6a, 0x11, 0x6a, 0x22, 0x9a, 1, 2, 3, 4, PM_FREE + 3, 0, INT3);
    PM_BYTES(rig, INNER_CODE, 0x8b, 0x44, 0x24, 0x08, 0x8b, 0x5c, 0x24, 0x0c, 0xca, 8, 0);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x22);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x11);
    g_assert_cmphex(fault.esp, ==, PM_STACK3); /* RETF 8 releases them on this stack too */
    g_assert_cmphex(fault.cs, ==, PM_CODE3);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 12);
}

static void test_call_gate_frame(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    set_call_gate(rig, PM_CODE0, PM_CALL_GATE | PM_DPL(3), 1);
    PM_BYTES(rig, PM_CODE, 0x6a, 0x11, 0x9a, 0, 0, 0, 0, PM_FREE + 3, 0, INT3);
    PM_BYTES(rig, INNER_CODE, 0xf4);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.segment[CPU_CS].selector, ==, PM_CODE0);
    g_assert_cmphex(after.gpr[CPU_SP], ==, PM_STACK0 - 20);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 20), ==, PM_CODE + 9);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 16), ==, PM_CODE3);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 12), ==, 0x11);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 8), ==, PM_STACK3 - 4);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 4), ==, PM_DATA3);
}

static void test_sixteen_bit_call_gate(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, 0x9000);
    pm_set_gdt(rig, PM_FREE, rig_gate(PM_CODE0, 0xdead9100, PM_CALL_GATE16 | PM_DPL(3), 1));
    PM_BYTES(rig, 0x9000, 0x66, 0x6a, 0x11, 0x9a, 0, 0, 0, 0, PM_FREE + 3, 0, INT3);
    PM_BYTES(rig, 0x9100, 0xf4);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).gpr[CPU_SP], ==, PM_STACK0 - 10);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 10), ==, 0x900a);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 8), ==, PM_CODE3);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 6), ==, 0x11);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 4), ==, PM_STACK3 - 2);
    g_assert_cmphex(rig_read16(rig, PM_STACK0 - 2), ==, PM_DATA3);
}

static void test_call_gate_at_the_same_ring(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    set_call_gate(rig, PM_CODE0, PM_CALL_GATE, 3);
    PM_BYTES(rig, PM_CODE, 0x9a, 0, 0, 0, 0, PM_FREE, 0, INT3);
    PM_BYTES(rig, INNER_CODE, 0x89, 0xe1, 0xcb); /* mov ecx, esp; retf */
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, PM_STACK0 - 8);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 8);
}

static void test_call_gate_to_conforming_code_keeps_the_ring(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    pm_set_segment(rig, PM_FREE + 8, 0, 0xfffff, PM_CONFORMING | PM_FLAT);
    set_call_gate(rig, PM_FREE + 8, PM_CALL_GATE | PM_DPL(3), 0);
    PM_BYTES(rig, PM_CODE, 0x9a, 0, 0, 0, 0, PM_FREE + 3, 0);
    PM_BYTES(rig, INNER_CODE, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.cs, ==, PM_FREE + 8 + 3);
    g_assert_cmphex(fault.esp, ==, PM_STACK3 - 8);
}

static void test_call_gate_checks(void)
{
    static const GateCase CASES[] = {
        {"gate's level", PM_CODE0, PM_CALL_GATE, 3, VECTOR_GP, PM_FREE},
        {"absent gate", PM_CODE0, (PM_CALL_GATE | PM_DPL(3)) - PM_ABSENT, 3, VECTOR_NP, PM_FREE},
        {"null code", 0, PM_CALL_GATE | PM_DPL(3), 3, VECTOR_GP, 0},
        {"data", PM_DATA0, PM_CALL_GATE | PM_DPL(3), 3, VECTOR_GP, PM_DATA0},
        {"outer code", PM_CODE3, PM_CALL_GATE, 0, VECTOR_GP, PM_CODE3 & ~3u},
        {"absent code", PM_FREE + 8, PM_CALL_GATE, 0, VECTOR_NP, PM_FREE + 8},
        {"code beyond the GDT", PM_GDT_ENTRIES * 8, PM_CALL_GATE, 0, VECTOR_GP, PM_GDT_ENTRIES * 8},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Rig) rig = pm_new();
        CpuState state = pm_state(CASES[i].cpl, PM_CODE);
        pm_set_segment(rig, PM_FREE + 8, 0, 0xffff, PM_READABLE - PM_ABSENT);
        set_call_gate(rig, CASES[i].selector, CASES[i].access, 0);
        PM_BYTES(rig, PM_CODE, 0x9a, 0, 0, 0, 0, (uint8_t)(PM_FREE + CASES[i].cpl), 0);
        g_test_message("%s", CASES[i].name);
        PmFault fault = pm_expect(rig, &state, CASES[i].vector, CASES[i].error);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

static void test_jump_through_a_gate_does_not_change_the_ring(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    set_call_gate(rig, PM_CODE0, PM_CALL_GATE | PM_DPL(3), 0);
    PM_BYTES(rig, PM_CODE, 0xea, 0, 0, 0, 0, PM_FREE + 3, 0);
    pm_expect(rig, &state, VECTOR_GP, PM_CODE0);
    pm_set_segment(rig, PM_FREE + 8, 0, 0xfffff, (PM_READABLE | PM_DPL(3)) - PM_ABSENT);
    set_call_gate(rig, PM_FREE + 8, PM_CALL_GATE | PM_DPL(3), 0);
    pm_expect(rig, &state, VECTOR_NP, PM_FREE + 8);
    set_call_gate(rig, PM_CODE3, PM_CALL_GATE | PM_DPL(3), 0);
    PM_BYTES(rig, INNER_CODE, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.eip, ==, INNER_CODE + 1);
}

/* ---- the ways back ---- */

#define OUTER_STACK (PM_STACK3 - 0x100)

/* Puts a frame for ring 3 on the stack of ring 0, for IRET or RETF. */
static CpuState return_state(Rig *rig, bool with_flags, uint32_t eip, uint16_t cs, uint32_t flags,
                             uint16_t ss)
{
    CpuState state = pm_state(0, PM_CODE);
    uint32_t words[] = {eip, cs, flags, OUTER_STACK, ss};
    uint32_t at = PM_STACK0 - 0x40;
    state.gpr[CPU_SP] = at;
    for (unsigned i = 0; i < 5; i++) {
        if (with_flags || i != 2) {
            rig_write32(rig, at, words[i]);
            at += 4;
        }
    }
    PM_BYTES(rig, PM_CODE, with_flags ? 0xcf : 0xcb);
    PM_BYTES(rig, PM_USER_CODE, INT3);
    return state;
}

static void test_return_to_the_outer_ring(void)
{
    for (unsigned with_flags = 0; with_flags < 2; with_flags++) {
        g_autoptr(Rig) rig = pm_new();
        CpuState state = return_state(rig, with_flags, PM_USER_CODE, PM_CODE3,
                                      CPU_FLAG_IF | CPU_FLAG_IOPL | CPU_FLAG_CF, PM_DATA3);
        state.segment[CPU_ES] = rig_segment(PM_DATA3, pm_get_gdt(rig, PM_DATA3));
        state.segment[CPU_FS] = rig_segment(0, 0);
        PmFault fault = pm_expect(rig, &state, DONE, 0);
        g_assert_cmphex(fault.cs, ==, PM_CODE3);
        g_assert_cmphex(fault.esp, ==, OUTER_STACK);
        g_assert_cmphex(fault.ss, ==, PM_DATA3);
        g_assert_cmphex(fault.state.segment[CPU_DS].selector, ==, 0);
        g_assert_cmphex(fault.state.segment[CPU_GS].selector, ==, 0);
        g_assert_cmphex(fault.state.segment[CPU_ES].selector, ==, PM_DATA3);
        if (with_flags) {
            g_assert_cmphex(fault.eflags, ==,
                            CPU_FLAG_IF | CPU_FLAG_IOPL | CPU_FLAG_CF | CPU_FLAG_ONE);
        }
    }
}

typedef struct ReturnCase {
    const char *name;
    uint32_t eip;
    uint16_t cs, ss;
    unsigned vector;
    uint32_t error;
} ReturnCase;

static void test_return_checks(void)
{
    static const ReturnCase CASES[] = {
        {"null code", PM_USER_CODE, 0, PM_DATA3, VECTOR_GP, 0},
        {"data for code", PM_USER_CODE, PM_DATA3, PM_DATA3, VECTOR_GP, PM_DATA3 & ~3u},
        {"level is not the descriptor's", PM_USER_CODE, PM_CODE0 + 3, PM_DATA3, VECTOR_GP,
         PM_CODE0},
        {"absent code", PM_USER_CODE, PM_FREE + 3, PM_DATA3, VECTOR_NP, PM_FREE},
        {"null stack", PM_USER_CODE, PM_CODE3, 0, VECTOR_GP, 0},
        {"stack of another level", PM_USER_CODE, PM_CODE3, PM_DATA0, VECTOR_GP, PM_DATA0},
        {"stack that is code", PM_USER_CODE, PM_CODE3, PM_CODE3, VECTOR_GP, PM_CODE3 & ~3u},
        {"absent stack", PM_USER_CODE, PM_CODE3, PM_FREE + 8 + 3, VECTOR_SS, PM_FREE + 8},
        {"beyond the limit", 0x100, PM_FREE + 16 + 3, PM_DATA3, VECTOR_GP, 0},
        {"beyond the GDT", 0, PM_GDT_ENTRIES * 8 + 3, PM_DATA3, VECTOR_GP, PM_GDT_ENTRIES * 8},
    };
    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(CASES); i++) {
        const ReturnCase *item = &CASES[i / 2];
        g_autoptr(Rig) rig = pm_new();
        pm_set_segment(rig, PM_FREE, 0, 0xfffff, (PM_READABLE | PM_DPL(3)) - PM_ABSENT);
        pm_set_segment(rig, PM_FREE + 8, 0, 0xfffff, (PM_WRITABLE | PM_DPL(3)) - PM_ABSENT);
        pm_set_segment(rig, PM_FREE + 16, 0, 0xff, PM_READABLE | PM_DPL(3));
        CpuState state = return_state(rig, i & 1, item->eip, item->cs, 0, item->ss);
        g_test_message("%s: %s", i & 1 ? "IRET" : "RETF", item->name);
        PmFault fault = pm_expect(rig, &state, item->vector, item->error);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
        g_assert_cmphex(fault.state.gpr[CPU_SP], ==, state.gpr[CPU_SP] - 16);
    }
}

static void test_return_does_not_go_inwards(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x6a, PM_CODE0, 0x6a, 0x00, 0xcb);
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, PM_CODE0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 4);
}

static void test_iret_keeps_iopl_at_ring_3(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    /* push all flags; push cs; push target; iret */
    PM_BYTES(rig, PM_CODE, 0x68, 0xd7, 0x7e, 0x24, 0x00, 0x6a, PM_CODE3, 0x68, 0, 0, 2, 0, 0xcf);
    PM_BYTES(rig, PM_USER_CODE, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.eip, ==, PM_USER_CODE + 1);
    g_assert_cmphex(fault.eflags, ==, 0x244cd7 | CPU_FLAG_ONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/gates/" #name, test_##name)
    TEST(interrupt_at_the_same_ring);
    TEST(trap_gate_leaves_interrupts_on);
    TEST(interrupt_from_ring_3_switches_stacks);
    TEST(sixteen_bit_interrupt_gate_pushes_words);
    TEST(interrupt_gate_checks);
    TEST(interrupt_beyond_the_idt);
    TEST(int3_and_into_check_the_gate_too);
    TEST(exception_ignores_the_gates_level);
    TEST(inner_stack_must_be_good);
    TEST(inner_stack_may_be_absent);
    TEST(inner_stack_may_be_too_small);
    TEST(tss_may_be_too_short);
    TEST(handler_beyond_its_segment);
    TEST(call_gate_copies_parameters);
    TEST(call_gate_frame);
    TEST(sixteen_bit_call_gate);
    TEST(call_gate_at_the_same_ring);
    TEST(call_gate_to_conforming_code_keeps_the_ring);
    TEST(call_gate_checks);
    TEST(jump_through_a_gate_does_not_change_the_ring);
    TEST(return_to_the_outer_ring);
    TEST(return_checks);
    TEST(return_does_not_go_inwards);
    TEST(iret_keeps_iopl_at_ring_3);
    return g_test_run();
}
