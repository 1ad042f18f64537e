/*
 * The debug exceptions: single-step, breakpoints and the registers that set
 * them (SDM volume 3, chapter 17).
 */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP
#define IRQ  0x40

#define DR6_BS 0x4000u
#define DR6_BD 0x2000u
#define CR4_DE 0x8u

/* Bits of DR7 that enable breakpoint `n` with a type and a length. */
#define DR7_EXECUTE(n)        (0x400u | 1u << ((n)*2))
#define DR7_WRITE(n, length)  (DR7_EXECUTE(n) | (1u | ((length)-1u) << 2) << (16 + (n)*4))
#define DR7_IO(n, length)     (DR7_EXECUTE(n) | (2u | ((length)-1u) << 2) << (16 + (n)*4))
#define DR7_ACCESS(n, length) (DR7_EXECUTE(n) | (3u | ((length)-1u) << 2) << (16 + (n)*4))
#define DR7_GD                0x2000u

static void test_single_step(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_TF;
    PM_BYTES(rig, PM_CODE, 0x40, 0x40);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
    g_assert_cmphex(fault.state.dr[6] & 0xe00f, ==, DR6_BS);
    g_assert_cmphex(fault.eflags & CPU_FLAG_TF, ==, CPU_FLAG_TF);
    g_assert_cmphex(fault.state.rflags & CPU_FLAG_TF, ==, 0);
}

/* A POPF that sets TF is not trapped itself.  The next instruction is. */
static void test_single_step_begins_after_popf(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.gpr[CPU_AX] = CPU_FLAG_TF;
    PM_BYTES(rig, PM_CODE, 0x50, 0x9d, 0x41, 0x41);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 3);
    /* A POPF that clears TF is the last instruction to be trapped. */
    state.gpr[CPU_AX] = 0;
    state.rflags |= CPU_FLAG_TF;
    state.rip = PM_CODE + 1;
    state.gpr[CPU_SP] -= 4;
    rig_write32(rig, PM_STACK0 - 4, 0);
    fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 2);
    g_assert_cmphex(fault.eflags & CPU_FLAG_TF, ==, 0);
}

static void test_single_step_skips_after_loading_the_stack_segment(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_TF;
    state.gpr[CPU_AX] = PM_DATA0;
    PM_BYTES(rig, PM_CODE, 0x8e, 0xd0, 0x41, 0x41);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 3);
}

/* The INT itself is not trapped, because its handler begins with TF clear. */
static void test_single_step_over_an_interrupt(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_TF;
    PM_BYTES(rig, PM_CODE, 0xcd, IRQ, 0x41);
    PM_BYTES(rig, pm_handler(IRQ), 0xcf);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 3);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 1);
}

static void test_single_step_of_a_repetition(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_TF;
    state.gpr[CPU_CX] = 2;
    state.gpr[CPU_DI] = PM_DATA;
    PM_BYTES(rig, PM_CODE, 0xf3, 0xaa, 0x90); /* rep stosb */
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 1);
    g_assert_cmphex(fault.state.gpr[CPU_DI], ==, PM_DATA + 1);
}

/* The same for a port: items that would be passed to a device together stop after one. */
static void test_single_step_of_a_port_repetition(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_TF;
    state.gpr[CPU_CX] = 4;
    state.gpr[CPU_SI] = state.gpr[CPU_DI] = PM_DATA;
    state.gpr[CPU_DX] = RIG_PORT;
    for (unsigned i = 0; i < 2; i++) {
        PM_BYTES(rig, PM_CODE, 0xf3, (uint8_t)(i == 0 ? 0x6e : 0x6c), 0x90); /* outsb, insb */
        rig->access_count = 0;
        PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
        g_assert_cmpuint(fault.state.gpr[CPU_CX], ==, 3);
        g_assert_cmpuint(rig->access_count, ==, 1);
    }
}

/* A fault of the instruction comes instead of the trap after it. */
static void test_fault_comes_before_the_trap(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_TF;
    PM_BYTES(rig, PM_CODE, 0x0f, 0x0b);
    PmFault fault = pm_expect(rig, &state, VECTOR_UD, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
}

/* ---- breakpoints ---- */

static void test_instruction_breakpoint_and_the_resume_flag(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x41, 0x41, INT3);
    state.dr[1] = PM_CODE + 1;
    state.dr[7] = DR7_EXECUTE(1);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 1);
    g_assert_cmphex(fault.state.dr[6] & 0xe00f, ==, 2);
    /*
     * This is the only fault whose image has RF unchanged.  With RF set, IRET
     * passes the breakpoint once.
     */
    g_assert_cmphex(fault.eflags & CPU_FLAG_RF, ==, 0);
    PM_BYTES(rig, pm_handler(VECTOR_DB), 0x80, 0x4c, 0x24, 0x0a, 0x01, 0xcf);
    fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 2);
    g_assert_cmphex(fault.eflags & CPU_FLAG_RF, ==, 0);
}

static void test_data_breakpoints(void)
{
    static const struct {
        uint8_t code[2];
        uint32_t dr7, address;
        bool hit;
    } CASES[] = {
        {{0x88, 0x03}, DR7_WRITE(0, 1), PM_DATA, true},
        {{0x88, 0x03}, DR7_WRITE(0, 1), PM_DATA + 1, false},
        {{0x8a, 0x03}, DR7_WRITE(0, 1), PM_DATA, false},
        {{0x8a, 0x03}, DR7_ACCESS(0, 1), PM_DATA, true},
        {{0x89, 0x03}, DR7_WRITE(0, 1), PM_DATA + 3, true},
        {{0x89, 0x03}, DR7_WRITE(0, 4), PM_DATA + 4, false},
        {{0x88, 0x03}, DR7_WRITE(0, 4), PM_DATA & ~3u, true},
        {{0x00, 0x03}, DR7_WRITE(0, 2), PM_DATA, true},
    };
    g_autoptr(Rig) rig = pm_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuState state = pm_state(0, PM_CODE);
        rig_write(rig, PM_CODE, CASES[i].code, 2);
        PM_BYTES(rig, PM_CODE + 2, INT3);
        state.gpr[CPU_BX] = PM_DATA;
        state.dr[0] = CASES[i].address;
        state.dr[7] = CASES[i].dr7;
        g_test_message("%02x %02x dr7 %x at %x", CASES[i].code[0], CASES[i].code[1], CASES[i].dr7,
                       CASES[i].address);
        PmFault fault = pm_expect(rig, &state, CASES[i].hit ? VECTOR_DB : DONE, 0);
        if (CASES[i].hit) {
            g_assert_cmphex(fault.eip, ==, PM_CODE + 2); /* a trap */
            g_assert_cmphex(fault.state.dr[6] & 0xe00f, ==, 1);
        }
    }
}

static void test_port_breakpoint(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xee, INT3);
    state.gpr[CPU_DX] = RIG_PORT + 3;
    state.cr4 = CR4_DE;
    state.dr[2] = RIG_PORT + 3;
    state.dr[7] = DR7_IO(2, 1);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
    g_assert_cmphex(fault.state.dr[6] & 0xf, ==, 4);
    g_assert_cmpuint(rig->access_count, ==, 1);
}

static void test_debug_registers_can_be_guarded(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x21, 0xc0); /* mov eax, dr0 */
    state.dr[7] = 0x400 | DR7_GD;
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    g_assert_cmphex(fault.state.dr[6] & DR6_BD, ==, DR6_BD);
    g_assert_cmphex(fault.state.dr[7] & DR7_GD, ==, 0);
}

/* DR4 and DR5 stand for DR6 and DR7, unless CR4.DE makes them invalid. */
static void test_debug_register_aliases(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x21, 0xe8, INT3); /* mov eax, dr5 */
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x400);
    state.cr4 = CR4_DE;
    pm_expect(rig, &state, VECTOR_UD, 0);
}

static void test_icebp_is_a_debug_trap(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xf1);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
}

/* The bits of the breakpoints tell of the last exception, and those of a kind of all. */
static void test_breakpoints_before_are_forgotten(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x40);
    state.dr[2] = PM_CODE;
    state.dr[6] = DR6_BS | 2u;
    state.dr[7] = DR7_EXECUTE(2);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.state.dr[6] & 0xe00f, ==, DR6_BS | 4u);
}

/* The watchpoint that MOV SS hits waits, and ICEBP tells of it.  There is no other exception. */
static void test_icebp_tells_what_mov_ss_delays(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x8e, 0x16, 0xf1); /* mov ss, [esi]; icebp */
    rig_write32(rig, PM_DATA, PM_DATA0);
    state.gpr[CPU_SI] = PM_DATA;
    state.dr[0] = PM_DATA;
    state.dr[7] = DR7_ACCESS(0, 2);
    PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 3);
    g_assert_cmphex(fault.state.dr[6] & 0xe00f, ==, 1);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, PM_STACK0 - 12);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/debug/" #name, test_##name)
    TEST(single_step);
    TEST(single_step_begins_after_popf);
    TEST(single_step_skips_after_loading_the_stack_segment);
    TEST(single_step_over_an_interrupt);
    TEST(single_step_of_a_repetition);
    TEST(single_step_of_a_port_repetition);
    TEST(fault_comes_before_the_trap);
    TEST(instruction_breakpoint_and_the_resume_flag);
    TEST(data_breakpoints);
    TEST(port_breakpoint);
    TEST(debug_registers_can_be_guarded);
    TEST(debug_register_aliases);
    TEST(icebp_is_a_debug_trap);
    TEST(breakpoints_before_are_forgotten);
    TEST(icebp_tells_what_mov_ss_delays);
    return g_test_run();
}
