/*
 * Hardware task switches through JMP, CALL, IRET, gates and interrupts, between
 * 32-bit and 16-bit task state segments (SDM volume 3, chapter 7).
 */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP

#define JUMP_TSS2   0xea, 0, 0, 0, 0, PM_TSS2_SELECTOR, 0
#define CALL_TSS2   0x9a, 0, 0, 0, 0, PM_TSS2_SELECTOR, 0
#define OTHER_CODE  (PM_CODE + 0x1000)
#define OTHER_STACK (PM_STACK1 - 0x100)
#define LINKED      CPU_FLAG_NT

/* Fields of a 16-bit TSS. */
#define TSS16_IP    0x0eu
#define TSS16_FLAGS 0x10u
#define TSS16_GPR   0x12u
#define TSS16_ES    0x22u
#define TSS16_LDTR  0x2au
#define TSS16_SIZE  0x2cu

static unsigned tss_type(Rig *rig, uint16_t selector)
{
    return (unsigned)(pm_get_gdt(rig, selector) >> 40 & 0xff);
}

/* The second task at ring 0.  Register n has the value 0x1000 + n, and EIP is OTHER_CODE. */
static void fill_task(Rig *rig)
{
    static const uint16_t SEGMENT[] = {PM_DATA0, PM_CODE0, PM_DATA0, PM_DATA0, PM_DATA0, PM_DATA0};
    for (unsigned i = 0; i < 8; i++) {
        rig_write32(rig, PM_TSS2 + TSS_GPR + 4 * i, 0x1000 + i);
    }
    for (unsigned i = 0; i < 6; i++) {
        rig_write32(rig, PM_TSS2 + TSS_ES + 4 * i, SEGMENT[i]);
    }
    rig_write32(rig, PM_TSS2 + TSS_GPR + 4 * CPU_SP, OTHER_STACK);
    rig_write32(rig, PM_TSS2 + TSS_EIP, OTHER_CODE);
    rig_write32(rig, PM_TSS2 + TSS_EFLAGS, CPU_FLAG_ONE | CPU_FLAG_CF);
    rig_write32(rig, PM_TSS2 + TSS_LDTR, PM_LDT_SELECTOR);
    rig_write32(rig, PM_TSS2 + TSS_ESP0, PM_STACK0);
    rig_write32(rig, PM_TSS2 + TSS_SS0, PM_DATA0);
    PM_BYTES(rig, OTHER_CODE, INT3);
}

static void fill_task16(Rig *rig)
{
    static const uint16_t SEGMENT[] = {PM_DATA0, PM_CODE0, PM_DATA0, PM_DATA0};
    for (unsigned i = 0; i < 8; i++) {
        rig_write16(rig, PM_TSS2 + TSS16_GPR + 2 * i, (uint16_t)(0x1000 + i));
    }
    for (unsigned i = 0; i < 4; i++) {
        rig_write16(rig, PM_TSS2 + TSS16_ES + 2 * i, SEGMENT[i]);
    }
    rig_write16(rig, PM_TSS2 + TSS16_GPR + 2 * CPU_SP, OTHER_STACK);
    rig_write16(rig, PM_TSS2 + TSS16_IP, 0x9000);
    rig_write16(rig, PM_TSS2 + TSS16_FLAGS, CPU_FLAG_ONE);
    rig_write16(rig, PM_TSS2 + TSS16_LDTR, 0);
    pm_set_gdt(rig, PM_TSS2_SELECTOR, rig_descriptor(PM_TSS2, TSS16_SIZE - 1, PM_TSS16_FREE));
    PM_BYTES(rig, 0x9000, INT3);
}

static CpuState task_state(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    for (unsigned i = 0; i < 8; i++) {
        state.gpr[i] = i == CPU_SP ? PM_STACK0 : 0x2000 + i;
    }
    state.rflags |= CPU_FLAG_ZF;
    state.segment[CPU_FS] = rig_segment(PM_DATA3, pm_get_gdt(rig, PM_DATA3));
    return state;
}

static void check_new_task(const PmFault *fault)
{
    for (unsigned i = 0; i < 8; i++) {
        if (i != CPU_SP) {
            g_assert_cmphex(fault->state.gpr[i], ==, 0x1000 + i);
        }
    }
    g_assert_cmphex(fault->eip, ==, OTHER_CODE + 1);
    g_assert_cmphex(fault->state.gpr[CPU_SP], ==, OTHER_STACK - 12);
    g_assert_cmphex(fault->state.segment[CPU_TR].selector, ==, PM_TSS2_SELECTOR);
    g_assert_cmphex(fault->state.segment[CPU_TR].base, ==, PM_TSS2);
    g_assert_cmphex(fault->state.cr0 & CPU_CR0_TS, ==, CPU_CR0_TS);
}

static void check_old_task(Rig *rig, uint32_t eip)
{
    for (unsigned i = 0; i < 8; i++) {
        uint32_t expected = i == CPU_SP ? PM_STACK0 : 0x2000 + i;
        g_assert_cmphex(rig_read32(rig, PM_TSS + TSS_GPR + 4 * i), ==, expected);
    }
    g_assert_cmphex(rig_read32(rig, PM_TSS + TSS_EIP), ==, eip);
    g_assert_cmphex(rig_read32(rig, PM_TSS + TSS_EFLAGS), ==, CPU_FLAG_ONE | CPU_FLAG_ZF);
    g_assert_cmphex(rig_read16(rig, PM_TSS + TSS_ES + 4 * CPU_CS), ==, PM_CODE0);
    g_assert_cmphex(rig_read16(rig, PM_TSS + TSS_ES + 4 * CPU_FS), ==, PM_DATA3);
}

static void test_jump_switches_tasks(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    CpuState state = task_state(rig);
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    check_new_task(&fault);
    check_old_task(rig, PM_CODE + 7);
    g_assert_cmphex(fault.eflags, ==, CPU_FLAG_ONE | CPU_FLAG_CF);
    g_assert_cmphex(tss_type(rig, PM_TSS_SELECTOR), ==, PM_TSS_FREE);
    g_assert_cmphex(tss_type(rig, PM_TSS2_SELECTOR), ==, PM_TSS_BUSY);
}

static void test_call_links_back_and_iret_returns(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    CpuState state = task_state(rig);
    PM_BYTES(rig, PM_CODE, CALL_TSS2, INT3);
    PM_BYTES(rig, OTHER_CODE, 0x40, 0xcf, INT3); /* inc eax; iret */
    rig_set(rig, &state);
    rig_step(rig, 1);
    CpuState inside = rig_get(rig);
    g_assert_cmphex(inside.rip, ==, OTHER_CODE);
    g_assert_cmphex(inside.rflags, ==, CPU_FLAG_ONE | CPU_FLAG_CF | LINKED);
    g_assert_cmphex(rig_read16(rig, PM_TSS2 + TSS_LINK), ==, PM_TSS_SELECTOR);
    g_assert_cmphex(tss_type(rig, PM_TSS_SELECTOR), ==, PM_TSS_BUSY);
    g_assert_cmphex(tss_type(rig, PM_TSS2_SELECTOR), ==, PM_TSS_BUSY);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 8);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x2000);
    g_assert_cmphex(tss_type(rig, PM_TSS_SELECTOR), ==, PM_TSS_BUSY);
    g_assert_cmphex(tss_type(rig, PM_TSS2_SELECTOR), ==, PM_TSS_FREE);
    g_assert_cmphex(rig_read32(rig, PM_TSS2 + TSS_EIP), ==, OTHER_CODE + 2);
    g_assert_cmphex(rig_read32(rig, PM_TSS2 + TSS_GPR), ==, 0x1001);
    g_assert_cmphex(rig_read32(rig, PM_TSS2 + TSS_EFLAGS) & LINKED, ==, 0);
}

static void test_task_gate_by_jump_and_by_interrupt(void)
{
    static const uint8_t CODE[][7] = {{0xea, 0, 0, 0, 0, PM_FREE, 0}, {0xcd, 0x40}};
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(Rig) rig = pm_new();
        fill_task(rig);
        CpuState state = task_state(rig);
        pm_set_gdt(rig, PM_FREE, rig_gate(PM_TSS2_SELECTOR, 0, PM_TASK_GATE, 0));
        pm_set_idt(rig, 0x40, rig_gate(PM_TSS2_SELECTOR, 0, PM_TASK_GATE, 0));
        rig_write(rig, PM_CODE, CODE[i], sizeof(CODE[i]));
        PmFault fault = pm_expect(rig, &state, DONE, 0);
        check_new_task(&fault);
        check_old_task(rig, PM_CODE + (i == 0 ? 7 : 2));
        g_assert_cmphex(fault.eflags & LINKED, ==, i == 0 ? 0 : LINKED);
    }
}

static void test_exception_through_a_task_gate_pushes_its_error(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    CpuState state = task_state(rig);
    pm_set_idt(rig, VECTOR_GP, rig_gate(PM_TSS2_SELECTOR, 0, PM_TASK_GATE, 0));
    PM_BYTES(rig, PM_CODE, 0x8e, 0xd8); /* mov ds, ax: 0x2000 is beyond the GDT */
    rig_set(rig, &state);
    rig_step(rig, 1);
    CpuState inside = rig_get(rig);
    g_assert_cmphex(inside.rip, ==, OTHER_CODE);
    g_assert_cmphex(inside.gpr[CPU_SP], ==, OTHER_STACK - 4);
    g_assert_cmphex(rig_read32(rig, OTHER_STACK - 4), ==, 0x2000);
    g_assert_cmphex(rig_read32(rig, PM_TSS + TSS_EIP), ==, PM_CODE);
}

static void test_sixteen_bit_task(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task16(rig);
    CpuState state = task_state(rig);
    PM_BYTES(rig, PM_CODE, CALL_TSS2);
    PM_BYTES(rig, 0x9000, 0xcf); /* iret */
    rig_set(rig, &state);
    rig_step(rig, 1);
    CpuState inside = rig_get(rig);
    g_assert_cmphex(inside.rip, ==, 0x9000);
    g_assert_cmphex(inside.gpr[CPU_SI] & 0xffff, ==, 0x1000 + CPU_SI);
    g_assert_cmphex(inside.gpr[CPU_SP] & 0xffff, ==, OTHER_STACK);
    g_assert_cmphex(inside.segment[CPU_FS].selector, ==, 0);
    g_assert_cmphex(inside.segment[CPU_LDTR].selector, ==, 0);
    g_assert_cmphex(inside.rflags & LINKED, ==, LINKED);
    g_assert_cmphex(rig_read16(rig, PM_TSS2), ==, PM_TSS_SELECTOR);
    PM_BYTES(rig, PM_CODE + 7, INT3);
    PmFault fault = pm_run(rig);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 8);
    g_assert_cmphex(fault.state.gpr[CPU_SI], ==, 0x2000 + CPU_SI);
    g_assert_cmphex(rig_read16(rig, PM_TSS2 + TSS16_IP), ==, 0x9001);
}

static void test_task_at_ring_3(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    for (unsigned i = 0; i < 6; i++) {
        rig_write32(rig, PM_TSS2 + TSS_ES + 4 * i, i == CPU_CS ? PM_CODE3 : PM_DATA3);
    }
    CpuState state = task_state(rig);
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.cs, ==, PM_CODE3);
    g_assert_cmphex(fault.ss, ==, PM_DATA3);
    g_assert_cmphex(fault.esp, ==, OTHER_STACK);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, PM_STACK0 - 20); /* of the new TSS */
}

static void test_task_switch_loads_the_page_directory(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    pm_identity_pages(rig);
    uint32_t other = 0x60000;
    rig_write32(rig, other, PM_TABLES | 7);
    rig_write32(rig, PM_TSS2 + TSS_CR3, other);
    CpuState state = task_state(rig);
    pm_paging_on(&state);
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.cr3, ==, other);
}

typedef struct TaskCase {
    const char *name;
    uint32_t access, limit;
    unsigned vector;
    uint32_t error;
} TaskCase;

/* These faults are found before the switch, so the old task gets the exception. */
static void test_checks_of_the_new_tss(void)
{
    static const TaskCase CASES[] = {
        {"busy", PM_TSS_BUSY, 0x67, VECTOR_GP, PM_TSS2_SELECTOR},
        {"absent", PM_TSS_FREE - PM_ABSENT, 0x67, VECTOR_NP, PM_TSS2_SELECTOR},
        {"too short", PM_TSS_FREE, 0x66, VECTOR_TS, PM_TSS2_SELECTOR},
        {"too short for 16 bits", PM_TSS16_FREE, 0x2a, VECTOR_TS, PM_TSS2_SELECTOR},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Rig) rig = pm_new();
        fill_task(rig);
        pm_set_gdt(rig, PM_TSS2_SELECTOR, rig_descriptor(PM_TSS2, CASES[i].limit, CASES[i].access));
        CpuState state = task_state(rig);
        PM_BYTES(rig, PM_CODE, JUMP_TSS2);
        g_test_message("%s", CASES[i].name);
        PmFault fault = pm_expect(rig, &state, CASES[i].vector, CASES[i].error);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
        g_assert_cmphex(fault.state.segment[CPU_TR].selector, ==, PM_TSS_SELECTOR);
        g_assert_cmphex(tss_type(rig, PM_TSS_SELECTOR), ==, PM_TSS_BUSY);
    }
}

static void test_tss_needs_privilege(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    pm_expect(rig, &state, VECTOR_GP, PM_TSS2_SELECTOR);
}

typedef struct FieldCase {
    const char *name;
    uint32_t field, value;
    unsigned vector;
    uint32_t error;
} FieldCase;

#define FAULT_TSS      (PM_TSS + 0x400)
#define FAULT_STACK    PM_STACK3
#define FAULT_SELECTOR (PM_FREE + 24)

/* #TS has a task of its own, because the state that it finds may be incomplete. */
static void fill_fault_task(Rig *rig, unsigned vector)
{
    static const uint16_t SEGMENT[] = {PM_DATA0, PM_CODE0, PM_DATA0, PM_DATA0, PM_DATA0, PM_DATA0};
    for (unsigned i = 0; i < 6; i++) {
        rig_write32(rig, FAULT_TSS + TSS_ES + 4 * i, SEGMENT[i]);
    }
    rig_write32(rig, FAULT_TSS + TSS_GPR + 4 * CPU_SP, FAULT_STACK);
    rig_write32(rig, FAULT_TSS + TSS_EIP, pm_handler(vector));
    rig_write32(rig, FAULT_TSS + TSS_EFLAGS, CPU_FLAG_ONE);
    pm_set_gdt(rig, FAULT_SELECTOR, rig_descriptor(FAULT_TSS, PM_TSS_SIZE - 1, PM_TSS_FREE));
    pm_set_idt(rig, vector, rig_gate(FAULT_SELECTOR, 0, PM_TASK_GATE, 0));
}

static void run_new_state(const FieldCase *item)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    fill_fault_task(rig, item->vector);
    pm_set_segment(rig, PM_FREE, 0, 0xffff, PM_READABLE - PM_ABSENT);
    pm_set_segment(rig, PM_FREE + 8, 0, 0xffff, PM_WRITABLE);
    pm_set_segment(rig, PM_FREE + 16, 0, 0xffff, PM_WRITABLE - PM_ABSENT);
    rig_write32(rig, PM_TSS2 + item->field, item->value);
    CpuState state = task_state(rig);
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    g_test_message("%s", item->name);
    pm_expect(rig, &state, item->vector, item->error);
    g_assert_cmphex(rig_get(rig).segment[CPU_TR].selector, ==, FAULT_SELECTOR);
    g_assert_cmphex(rig_read16(rig, FAULT_TSS + TSS_LINK), ==, PM_TSS2_SELECTOR);
    g_assert_cmphex(rig_read32(rig, PM_TSS2 + TSS_EIP), ==, OTHER_CODE);
    g_assert_cmphex(tss_type(rig, PM_TSS2_SELECTOR), ==, PM_TSS_BUSY);
    g_assert_cmphex(tss_type(rig, PM_TSS_SELECTOR), ==, PM_TSS_FREE);
}

/*
 * These faults are found after the switch: the new task gets the exception, before
 * its first instruction.
 */
static void test_checks_of_the_new_state(void)
{
    static const FieldCase CASES[] = {
        {"LDT that is none", TSS_LDTR, PM_DATA0, VECTOR_TS, PM_DATA0},
        {"null code", TSS_ES + 4 * CPU_CS, 0, VECTOR_TS, 0},
        {"code that is data", TSS_ES + 4 * CPU_CS, PM_DATA0, VECTOR_TS, PM_DATA0},
        {"absent code", TSS_ES + 4 * CPU_CS, PM_FREE, VECTOR_NP, PM_FREE},
        {"stack that is code", TSS_ES + 4 * CPU_SS, PM_CODE0, VECTOR_TS, PM_CODE0},
        {"absent stack", TSS_ES + 4 * CPU_SS, PM_FREE + 16, VECTOR_SS, PM_FREE + 16},
        {"data of another level", TSS_ES + 4 * CPU_DS, PM_FREE + 8 + 3, VECTOR_TS, PM_FREE + 8},
        {"absent data", TSS_ES + 4 * CPU_GS, PM_FREE + 16, VECTOR_NP, PM_FREE + 16},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        run_new_state(&CASES[i]);
    }
}

static void test_iret_needs_a_busy_task(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = task_state(rig);
    state.rflags |= LINKED;
    rig_write16(rig, PM_TSS + TSS_LINK, PM_TSS2_SELECTOR);
    PM_BYTES(rig, PM_CODE, 0xcf);
    PmFault fault = pm_expect(rig, &state, VECTOR_TS, PM_TSS2_SELECTOR);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
}

static void run_bad_gate(const char *name, uint16_t selector, unsigned vector, uint32_t error)
{
    static const uint8_t CODE[][7] = {{0xea, 0, 0, 0, 0, PM_FREE, 0}, {0xcd, 0x40}};
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(Rig) rig = pm_new();
        fill_task(rig);
        CpuState state = task_state(rig);
        pm_set_gdt(rig, PM_FREE, rig_gate(selector, 0, PM_TASK_GATE, 0));
        pm_set_idt(rig, 0x40, rig_gate(selector, 0, PM_TASK_GATE, 0));
        pm_set_gdt(rig, PM_FREE + 8,
                   rig_descriptor(PM_TSS2, PM_TSS_SIZE - 1, PM_TSS_FREE - PM_ABSENT));
        rig_write(rig, PM_CODE, CODE[i], sizeof(CODE[i]));
        g_test_message("%s, %s", name, i == 0 ? "by a jump" : "by an interrupt");
        PmFault fault = pm_expect(rig, &state, vector, error);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

static void test_task_gate_checks(void)
{
    run_bad_gate("null", 0, VECTOR_GP, 0);
    run_bad_gate("in the LDT", 0x0c, VECTOR_GP, 0x0c);
    run_bad_gate("code", PM_CODE0, VECTOR_GP, PM_CODE0);
    run_bad_gate("busy", PM_TSS_SELECTOR, VECTOR_GP, PM_TSS_SELECTOR);
    run_bad_gate("absent", PM_FREE + 8, VECTOR_NP, PM_FREE + 8);
    run_bad_gate("beyond the GDT", PM_GDT_ENTRIES * 8, VECTOR_GP, PM_GDT_ENTRIES * 8);
}

static void test_link_checks(void)
{
    static const struct {
        uint16_t link;
        uint32_t access;
        unsigned vector;
    } CASES[] = {
        {0x0c, PM_TSS_BUSY, VECTOR_TS},
        {PM_CODE0, PM_TSS_BUSY, VECTOR_TS},
        {PM_GDT_ENTRIES * 8, PM_TSS_BUSY, VECTOR_TS},
        {PM_FREE, PM_TSS_BUSY - PM_ABSENT, VECTOR_NP},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Rig) rig = pm_new();
        CpuState state = task_state(rig);
        state.rflags |= LINKED;
        pm_set_gdt(rig, PM_FREE, rig_descriptor(PM_TSS2, PM_TSS_SIZE - 1, CASES[i].access));
        rig_write16(rig, PM_TSS + TSS_LINK, CASES[i].link);
        PM_BYTES(rig, PM_CODE, 0xcf);
        pm_expect(rig, &state, CASES[i].vector, CASES[i].link);
    }
}

static void test_new_task_beyond_its_code(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    pm_set_segment(rig, PM_FREE, 0, 0xfff, PM_READABLE | PM_WIDE);
    rig_write32(rig, PM_TSS2 + TSS_ES + 4 * CPU_CS, PM_FREE);
    CpuState state = task_state(rig);
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, 0);
    g_assert_cmphex(fault.eip, ==, OTHER_CODE);
    g_assert_cmphex(fault.cs, ==, PM_FREE);
}

/* The T bit: a debug exception before the new task's first instruction. */
static void test_debug_trap_of_a_task(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    rig_write16(rig, PM_TSS2 + TSS_TRAP, 1);
    CpuState state = task_state(rig);
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, OTHER_CODE);
    g_assert_cmphex(fault.state.dr[6] & 0x8000, ==, 0x8000);
}

/* The local breakpoints belong to the old task. */
static void test_task_switch_clears_local_breakpoints(void)
{
    g_autoptr(Rig) rig = pm_new();
    fill_task(rig);
    CpuState state = task_state(rig);
    state.dr[0] = OTHER_CODE;
    state.dr[7] = 0x401;
    PM_BYTES(rig, PM_CODE, JUMP_TSS2);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.dr[7], ==, 0x400);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/tasks/" #name, test_##name)
    TEST(jump_switches_tasks);
    TEST(call_links_back_and_iret_returns);
    TEST(task_gate_by_jump_and_by_interrupt);
    TEST(exception_through_a_task_gate_pushes_its_error);
    TEST(sixteen_bit_task);
    TEST(task_at_ring_3);
    TEST(task_switch_loads_the_page_directory);
    TEST(checks_of_the_new_tss);
    TEST(tss_needs_privilege);
    TEST(checks_of_the_new_state);
    TEST(iret_needs_a_busy_task);
    TEST(task_gate_checks);
    TEST(link_checks);
    TEST(new_task_beyond_its_code);
    TEST(debug_trap_of_a_task);
    TEST(task_switch_clears_local_breakpoints);
    return g_test_run();
}
