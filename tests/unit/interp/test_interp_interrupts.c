/* Interrupts from outside, what holds them back, and how a run ends (SDM volume 3, chapter 6). */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP
#define IRQ  0x40

static Rig *irq_rig(void)
{
    Rig *rig = pm_new();
    rig->irq_vector = IRQ;
    return rig;
}

static uint64_t eip_after(Rig *rig, unsigned instructions)
{
    rig_step(rig, instructions);
    return rig_get(rig).rip;
}

/* ---- INTR ---- */

static void test_interrupt_is_taken_between_instructions(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    PM_BYTES(rig, PM_CODE, 0x40, 0x40, 0x40);
    rig_set(rig, &state);
    rig_step(rig, 1);
    rig_set_intr(rig, true);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, IRQ);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
    g_assert_cmpuint(rig->acknowledged, ==, 1);
    g_assert_cmphex(fault.eflags & CPU_FLAG_IF, ==, CPU_FLAG_IF);
}

/* The CPU pushes many frames without an instruction, onto a page of code. */
static void test_frames_beside_code(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    state.gpr[CPU_SP] = PM_CODE + PAGE_SIZE / 2;
    PM_BYTES(rig, PM_CODE, 0x40, 0x40, 0x40, INT3);
    for (unsigned i = 0; i < 200; i++) {
        rig_set(rig, &state);
        rig_set_intr(rig, i > 0);
        PmFault fault = pm_run(rig);
        g_assert_cmpuint(fault.vector, ==, i ? IRQ : DONE);
        g_assert_cmphex(fault.eip, ==, i ? PM_CODE : PM_CODE + 4);
    }
}

static void test_interrupt_waits_for_the_flag(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x40, 0x40, INT3);
    rig_set(rig, &state);
    rig_set_intr(rig, true);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmpuint(rig->acknowledged, ==, 0);
}

static void test_interrupt_that_goes_away_is_not_taken(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x40, 0xfb, 0x90, 0x90, INT3);
    rig_set(rig, &state);
    rig_set_intr(rig, true);
    rig_step(rig, 1);
    rig_set_intr(rig, false);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
}

/*
 * The instruction after STI is executed before an interrupt is taken, so STI; HLT
 * cannot miss one.
 */
static void test_shadow_after_sti(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xfb, 0x40, 0x40); /* sti; inc eax; inc eax */
    rig_set(rig, &state);
    rig_set_intr(rig, true);
    rig_step(rig, 1);
    g_assert_true(rig_get(rig).interrupt_shadow);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, IRQ);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 2);
}

static void test_sti_casts_no_shadow_when_it_changes_nothing(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    PM_BYTES(rig, PM_CODE, 0xfb, 0x40);
    rig_set(rig, &state);
    rig_step(rig, 1);
    rig_set_intr(rig, true);
    PmFault fault = pm_run(rig);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
}

static void test_cli_in_the_shadow_wins(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xfb, 0xfa, INT3);
    rig_set(rig, &state);
    rig_set_intr(rig, true);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
}

static void test_shadow_after_loading_the_stack_segment(void)
{
    static const uint8_t CODE[][3] = {{0x8e, 0xd0, 0x40}, {0x17, 0x40, 0x40}};
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(Rig) rig = irq_rig();
        CpuState state = pm_state(0, PM_CODE);
        state.rflags |= CPU_FLAG_IF;
        state.gpr[CPU_AX] = PM_DATA0;
        state.gpr[CPU_SP] -= 4;
        rig_write32(rig, PM_STACK0 - 4, PM_DATA0);
        rig_write(rig, PM_CODE, CODE[i], sizeof(CODE[i]));
        rig_set(rig, &state);
        rig_step(rig, 1);
        rig_set_intr(rig, true);
        rig_pulse_nmi(rig);
        PmFault fault = pm_run(rig);
        g_assert_cmpuint(fault.vector, ==, VECTOR_NMI);
        g_assert_cmphex(fault.eip, ==, PM_CODE + (i == 0 ? 3 : 2));
    }
}

static void test_hlt_wakes_for_an_interrupt(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    PM_BYTES(rig, PM_CODE, 0xf4, INT3);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED);
    g_assert_true(rig_get(rig).halted);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED);
    rig_set_intr(rig, true);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, IRQ);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
}

static void test_hlt_without_interrupts_is_the_end(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xf4);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    rig_pulse_nmi(rig);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, VECTOR_NMI);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
}

static void raise_on_port(Rig *rig, const RigAccess *access)
{
    (void)access;
    rig_set_intr(rig, true);
}

/*
 * The device raises the interrupt during the access, and the CPU takes it right
 * after the instruction.
 */
static void test_interrupt_raised_by_an_access(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    state.gpr[CPU_DX] = RIG_PORT;
    rig->on_access = raise_on_port;
    PM_BYTES(rig, PM_CODE, 0xee, 0x40, 0x40, INT3); /* out dx, al; inc eax */
    PmFault fault = pm_go(rig, &state);
    g_assert_cmpuint(fault.vector, ==, IRQ);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
}

#define MANY 0x8000u

/* An access to a device's memory, in the middle of what would otherwise be one block. */
static void test_interrupt_raised_by_an_access_of_memory(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    state.gpr[CPU_BX] = (uint32_t)RIG_MMIO;
    /* inc eax; mov [ebx], al; inc eax; inc eax; inc eax; int3 */
    PM_BYTES(rig, PM_CODE, 0x40, 0x88, 0x03, 0x40, 0x40, 0x40, INT3);
    rig->on_access = raise_on_port;
    for (unsigned round = 0; round < 2; round++) {
        rig_set_intr(rig, false);
        uint64_t before = interp_instruction_count(rig->vcpu);
        PmFault fault = pm_go(rig, &state);
        g_assert_cmpuint(fault.vector, ==, IRQ);
        g_assert_cmphex(fault.eip, ==, PM_CODE + 3);
        g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 1);
        /* INC, MOV, the interrupt, and the handler's HLT. */
        g_assert_cmpuint(interp_instruction_count(rig->vcpu) - before, ==, 4);
    }
    /* The instructions that were cut off the block are executed in the next run. */
    rig->on_access = NULL;
    PmFault fault = pm_go(rig, &state);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 4);
}

static void test_interrupt_in_a_repetition(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    state.gpr[CPU_DX] = RIG_PORT;
    state.gpr[CPU_CX] = MANY;
    state.gpr[CPU_SI] = PM_DATA;
    rig->on_access = raise_on_port;
    PM_BYTES(rig, PM_CODE, 0xf3, 0x6e, INT3); /* rep outsb */
    PmFault fault = pm_go(rig, &state);
    g_assert_cmpuint(fault.vector, ==, IRQ);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    uint64_t left = fault.state.gpr[CPU_CX];
    g_assert_cmpuint(left, >, 0);
    g_assert_cmphex(fault.state.gpr[CPU_SI], ==, PM_DATA + MANY - left);
    g_assert_cmpuint(rig->access_count, ==, MANY - left);
    rig->on_access = NULL;
    state = fault.state;
    state.halted = false;
    state.rip = PM_CODE;
    fault = pm_go(rig, &state);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmpuint(rig->access_count, ==, MANY);
}

/* ---- NMI ---- */

static void test_nmi_ignores_the_flag_and_masks_itself(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x40, 0x40, INT3);
    PM_BYTES(rig, pm_handler(VECTOR_NMI), 0x41, 0x41, 0xcf); /* inc ecx; inc ecx; iret */
    rig_set(rig, &state);
    rig_pulse_nmi(rig);
    g_assert_cmphex(eip_after(rig, 2), ==, pm_handler(VECTOR_NMI) + 1);
    g_assert_true(rig_get(rig).nmi_masked);
    rig_pulse_nmi(rig);
    g_assert_cmphex(eip_after(rig, 1), ==, pm_handler(VECTOR_NMI) + 2);
    g_assert_cmphex(eip_after(rig, 1), ==, PM_CODE); /* IRET lets the second one in */
    g_assert_false(rig_get(rig).nmi_masked);
    g_assert_cmphex(eip_after(rig, 1), ==, pm_handler(VECTOR_NMI));
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 4);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 2);
}

static void test_nmi_comes_before_intr(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    state.rflags |= CPU_FLAG_IF;
    PM_BYTES(rig, PM_CODE, 0x40);
    rig_set(rig, &state);
    rig_set_intr(rig, true);
    rig_pulse_nmi(rig);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, VECTOR_NMI);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
}

/* ---- counting ---- */

static void test_instructions_are_counted_one_by_one(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    VcpuStop stop;
    state.gpr[CPU_CX] = 100;
    state.gpr[CPU_DI] = PM_DATA;
    PM_BYTES(rig, PM_CODE, 0x40, 0xf3, 0xaa, 0x0f, 0x0b); /* inc; rep stosb; ud2 */
    PM_BYTES(rig, pm_handler(VECTOR_UD), 0x90, 0xf4);
    rig_set(rig, &state);
    uint64_t before = interp_instruction_count(rig->vcpu);
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, 2, &stop), ==, 2);
    g_assert_cmpint(stop, ==, VCPU_SLICE_DONE);
    g_assert_cmphex(rig_get(rig).rip, ==, PM_CODE + 1);
    g_assert_cmpuint(rig_get(rig).gpr[CPU_CX], ==, 64);
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, 1, &stop), ==, 1);
    g_assert_cmpint(stop, ==, VCPU_SLICE_DONE);
    g_assert_cmphex(rig_get(rig).rip, ==, PM_CODE + 3);
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, 1, &stop), ==, 1);
    g_assert_cmphex(rig_get(rig).rip, ==, pm_handler(VECTOR_UD));
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, 100, &stop), ==, 2);
    g_assert_cmpint(stop, ==, VCPU_HALTED_DEAD);
    g_assert_cmpuint(interp_instruction_count(rig->vcpu) - before, ==, 6);
    InterpException last;
    interp_last_exception(rig->vcpu, &last);
    g_assert_cmpuint(last.vector, ==, VECTOR_UD);
    g_assert_false(last.has_error);
}

static void test_budget_ends_a_run(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x40, 0xeb, 0xfd); /* inc eax; jmp back */
    rig_set(rig, &state);
    uint64_t before = interp_instruction_count(rig->vcpu);
    interp_set_budget(rig->vcpu, 1000);
    g_assert_cmpint(rig->accel->class->run(rig->vcpu), ==, VCPU_SLICE_DONE);
    g_assert_cmpuint(interp_instruction_count(rig->vcpu) - before, ==, 1000);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 500);
}

static void test_kick_ends_a_run(void)
{
    g_autoptr(Rig) rig = irq_rig();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xeb, 0xfe);
    rig_set(rig, &state);
    interp_set_budget(rig->vcpu, 1000000);
    rig->accel->class->kick(rig->vcpu);
    g_assert_cmpint(rig->accel->class->run(rig->vcpu), ==, VCPU_KICKED);
    g_assert_cmpint(rig->accel->class->run(rig->vcpu), ==, VCPU_SLICE_DONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/interrupts/" #name, test_##name)
    TEST(interrupt_is_taken_between_instructions);
    TEST(frames_beside_code);
    TEST(interrupt_waits_for_the_flag);
    TEST(interrupt_that_goes_away_is_not_taken);
    TEST(shadow_after_sti);
    TEST(sti_casts_no_shadow_when_it_changes_nothing);
    TEST(cli_in_the_shadow_wins);
    TEST(shadow_after_loading_the_stack_segment);
    TEST(hlt_wakes_for_an_interrupt);
    TEST(hlt_without_interrupts_is_the_end);
    TEST(interrupt_raised_by_an_access);
    TEST(interrupt_raised_by_an_access_of_memory);
    TEST(interrupt_in_a_repetition);
    TEST(nmi_ignores_the_flag_and_masks_itself);
    TEST(nmi_comes_before_intr);
    TEST(instructions_are_counted_one_by_one);
    TEST(budget_ends_a_run);
    TEST(kick_ends_a_run);
    return g_test_run();
}
