/*
 * A repetition runs in steps.  Each counts as an instruction, and the repetition
 * pauses only between steps.  Whatever the guest does, the CPU does not do much
 * before it looks at the host's time.
 */
#include "tests/unit/interp/interp_protected.h"

#define DONE VECTOR_BP
#define INT3 0xcc

/* The most bytes in a step of MOVS and STOS. */
#define STEP 64u

static CpuState state_of(uint32_t count)
{
    CpuState state = pm_state(0, PM_CODE);
    state.gpr[CPU_CX] = count;
    state.gpr[CPU_SI] = PM_DATA;
    state.gpr[CPU_DI] = PM_DATA + 0x1000;
    state.gpr[CPU_DX] = RIG_PORT;
    return state;
}

/* The number of instructions up to the INT3 that follows, without it. */
static uint64_t cost(Rig *rig, const CpuState *state, uint8_t opcode)
{
    PM_BYTES(rig, PM_CODE, 0xf3, opcode, INT3);
    rig_set(rig, state);
    uint64_t before = interp_instruction_count(rig->vcpu);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmpuint(fault.state.gpr[CPU_CX], ==, 0);
    /* Subtracts INT3 itself and the handler's HLT. */
    return interp_instruction_count(rig->vcpu) - before - 2;
}

static Rig *new_rig(void)
{
    Rig *rig = rig_new(PM_RAM, false);
    pm_fill(rig);
    return rig;
}

static void test_copying_counts_by_64_bytes(void)
{
    static const struct {
        uint8_t opcode;
        unsigned size;
    } OPS[] = {{0xa4, 1}, {0xa5, 4}, {0xaa, 1}, {0xab, 4}};
    g_autoptr(Rig) rig = new_rig();
    for (unsigned i = 0; i < G_N_ELEMENTS(OPS); i++) {
        for (uint32_t count = 0; count < 200; count++) {
            CpuState state = state_of(count);
            state.gpr[CPU_DI] += count % 7;
            uint64_t steps = (count * OPS[i].size + STEP - 1) / STEP;
            g_assert_cmpuint(cost(rig, &state, OPS[i].opcode), ==, MAX(steps, 1));
        }
    }
}

/* Copies to a place a little higher, which overlaps, as a copy item by item does. */
static void check_overlap(Rig *rig, uint8_t opcode, unsigned size, unsigned distance)
{
    enum { LENGTH = 400 };
    CpuState state = state_of(LENGTH / size);
    uint8_t expected[LENGTH + 128], found[sizeof(expected)], item[4];

    for (unsigned i = 0; i < sizeof(expected); i++) {
        expected[i] = (uint8_t)(i * 7 + 1);
    }
    rig_write(rig, PM_DATA, expected, sizeof(expected));
    for (unsigned i = 0; i < LENGTH; i += size) {
        memcpy(item, expected + i, size);
        memcpy(expected + distance + i, item, size);
    }
    state.gpr[CPU_DI] = PM_DATA + distance;
    cost(rig, &state, opcode);
    rig_read(rig, PM_DATA, found, sizeof(found));
    g_assert_cmpmem(found, sizeof(found), expected, sizeof(expected));
}

static void test_overlapping_copies_repeat(void)
{
    g_autoptr(Rig) rig = new_rig();
    for (unsigned distance = 0; distance < 100; distance++) {
        check_overlap(rig, 0xa4, 1, distance);
        check_overlap(rig, 0xa5, 4, distance);
    }
}

static void test_all_other_repetitions_count_each_item(void)
{
    static const uint8_t OPS[] = {0xa6, 0xa7, 0xac, 0xad, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f};
    g_autoptr(Rig) rig = new_rig();
    for (unsigned i = 0; i < G_N_ELEMENTS(OPS); i++) {
        for (uint32_t count = 0; count < 200; count += 9) {
            CpuState state = state_of(count);
            rig_fill(rig, PM_DATA, 0, 0x2000);
            g_assert_cmpuint(cost(rig, &state, OPS[i]), ==, MAX(count, 1));
        }
    }
    CpuState down = state_of(100);
    down.rflags |= CPU_FLAG_DF;
    g_assert_cmpuint(cost(rig, &down, 0xa4), ==, 100);
}

static void test_items_of_a_device_cost_more(void)
{
    g_autoptr(Rig) rig = new_rig();
    CpuState state = state_of(100);
    state.gpr[CPU_DI] = RIG_MMIO;
    g_assert_cmpuint(cost(rig, &state, 0xaa), ==, 100 + 2);
    g_assert_cmpuint(rig->access_count, ==, 100);
}

/* Wherever and by whatever it is cut, the registers are those at the end of a step. */
static void test_it_pauses_at_the_end_of_a_step(void)
{
    g_autoptr(Rig) rig = new_rig();
    CpuState state = state_of(1000);
    state.gpr[CPU_DI] += 5;
    VcpuStop stop;
    PM_BYTES(rig, PM_CODE, 0xf3, 0xa4, INT3);
    rig_set(rig, &state);
    for (uint64_t left = 1000 / STEP * STEP; left; left -= STEP) {
        g_assert_cmpuint(interp_run_instructions(rig->vcpu, 1, &stop), ==, 1);
        g_assert_cmpint(stop, ==, VCPU_SLICE_DONE);
        CpuState now = rig_get(rig);
        g_assert_cmpuint(now.gpr[CPU_CX], ==, left);
        g_assert_cmpuint(now.gpr[CPU_DI], ==, state.gpr[CPU_DI] + 1000 - left);
        g_assert_cmphex(now.rip, ==, PM_CODE);
    }
}

/* An interrupt that becomes due at some instruction is taken at the end of that step. */
static void test_an_interrupt_comes_at_its_step(void)
{
    g_autoptr(Rig) rig = new_rig();
    CpuState state = state_of(0x4000);
    state.rflags |= CPU_FLAG_IF;
    rig->irq_vector = 0x40;
    PM_BYTES(rig, PM_CODE, 0xf3, 0xaa, INT3);
    rig_set(rig, &state);
    rig_step(rig, 10);
    rig_set_intr(rig, true);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, 0x40);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    g_assert_cmpuint(fault.state.gpr[CPU_CX], ==, 0x4000 - 10 * STEP);
}

/* ---- looking at the host's time ---- */

#define LOOKS UINT64_C(50)
#define MANY  UINT64_C(1000000000)

/*
 * Runs until the CPU has looked at the host's time LOOKS times.  What it did is
 * counted in items and accesses.
 */
static void run_until_looks(Rig *rig, const CpuState *state)
{
    VcpuStop stop;
    rig->looks_between = rig->looks_left = LOOKS;
    rig_set(rig, state);
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, MANY, &stop), <, MANY);
    g_assert_cmpint(stop, ==, VCPU_SLICE_DONE);
    g_assert_cmpuint(rig->looks, ==, LOOKS);
}

/*
 * Each repetition is in a loop: it is followed by a jump back to the code that sets
 * its registers.
 */
static void test_a_look_comes_after_little(void)
{
    static const struct {
        uint8_t opcode;
        uint64_t most; /* items between two looks */
    } OPS[] = {
        {0xa4, 2u << 20}, {0xaa, 2u << 20}, {0xa6, 1u << 18}, {0x6c, 1u << 18}, {0x6e, 1u << 18}};
    for (unsigned i = 0; i < G_N_ELEMENTS(OPS); i++) {
        g_autoptr(Rig) rig = new_rig();
        CpuState state = state_of(0x2000);
        rig_fill(rig, PM_DATA, 0, 0x4000);
        /* mov edi, ebx; mov esi, ebx; mov ecx, ebp; rep; inc dword [eax]; jmp back */
        state.gpr[CPU_BX] = PM_DATA;
        state.gpr[CPU_BP] = 0x2000;
        state.gpr[CPU_AX] = PM_DATA + 0x3000;
        PM_BYTES(rig, PM_CODE, 0x89, 0xdf, 0x89, 0xde, 0x89, 0xe9, 0xf3, OPS[i].opcode, 0xff, 0x00,
                 0xeb, 0xf4);
        run_until_looks(rig, &state);
        uint64_t rounds = rig_read32(rig, PM_DATA + 0x3000) + 1;
        g_assert_cmpuint(rounds * 0x2000, <=, LOOKS * OPS[i].most);
    }
}

static void test_a_look_comes_after_few_accesses(void)
{
    g_autoptr(Rig) rig = new_rig();
    CpuState state = state_of(UINT32_MAX);
    state.gpr[CPU_DI] = RIG_MMIO;
    PM_BYTES(rig, PM_CODE, 0xaa, 0x4f, 0xeb, 0xfc); /* stosb; dec edi; jmp back */
    run_until_looks(rig, &state);
    g_assert_cmpuint(rig->access_count, <=, LOOKS * 300);

    g_autoptr(Rig) other = new_rig();
    PM_BYTES(other, PM_CODE, 0xee, 0xeb, 0xfd); /* out dx, al; jmp back */
    run_until_looks(other, &state);
    g_assert_cmpuint(other->access_count, <=, LOOKS * 16384);
}

/* The handler for its faults does not exist: nothing is executed, but time passes. */
static void test_faults_without_end_take_time(void)
{
    g_autoptr(Rig) rig = new_rig();
    CpuState state = state_of(0);
    VcpuStop stop;
    pm_identity_pages(rig);
    pm_paging_on(&state);
    pm_set_idt(rig, VECTOR_PF, rig_gate(PM_CODE0, 0x7000000, PM_INT_GATE, 0));
    state.rip = 0x7000000;
    rig_set(rig, &state);
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, 100, &stop), >=, 100);
    g_assert_cmpint(stop, ==, VCPU_SLICE_DONE);
}

/* ---- a device that has the bus ---- */

static void test_a_write_that_takes_long_holds_the_cpu(void)
{
    g_autoptr(Rig) rig = new_rig();
    CpuState state = state_of(0);
    VcpuStop stop;
    state.rflags |= CPU_FLAG_IF;
    state.gpr[CPU_DX] = RIG_SLOW_PORT;
    state.gpr[CPU_AX] = 3;
    rig->irq_vector = 0x40;
    PM_BYTES(rig, PM_CODE, 0xee, 0x40, INT3); /* out dx, al; inc eax */
    rig_set(rig, &state);
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, 1, &stop), ==, 1);
    g_assert_cmpuint(rig->slow_left, ==, 3);
    rig_set_intr(rig, true);
    g_assert_cmpuint(interp_run_instructions(rig->vcpu, 1, &stop), ==, RIG_SLOW_COST);
    g_assert_cmpuint(rig->slow_left, ==, 2);
    g_assert_cmphex(rig_get(rig).rip, ==, PM_CODE + 1);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(rig->slow_left, ==, 0);
    g_assert_cmpuint(fault.vector, ==, 0x40);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
}

static void test_repeated_writes_wait_for_each_other(void)
{
    g_autoptr(Rig) rig = new_rig();
    CpuState state = state_of(5);
    state.gpr[CPU_DX] = RIG_SLOW_PORT;
    rig_fill(rig, PM_DATA, 2, 16);
    PM_BYTES(rig, PM_CODE, 0xf3, 0x6e, INT3); /* rep outsb */
    rig_set(rig, &state);
    uint64_t before = interp_instruction_count(rig->vcpu);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmpuint(rig->slow_done, ==, 5 * 2);
    g_assert_false(rig->slow_overrun);
    g_assert_cmpuint(interp_instruction_count(rig->vcpu) - before, ==, 5 + 10 * RIG_SLOW_COST + 2);
}

/* From the next step on it is what it has written, and no slice is needed to see that. */
static void test_a_repetition_that_overwrites_itself_ends(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xf3, 0xaa); /* rep stosb */
    PM_BYTES(rig, PM_CODE + 40, 0xcc);
    state.gpr[CPU_DI] = PM_CODE - 32;
    state.gpr[CPU_CX] = 128;
    state.gpr[CPU_AX] = 0x90; /* nop */
    PmFault fault = pm_expect(rig, &state, VECTOR_BP, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 41);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 64);
}

/* The single-step trap comes after each item. */
static void test_a_trap_comes_after_each_item(void)
{
    static const uint8_t OPCODES[] = {0xa4, 0xaa, 0xac, 0xae};
    g_autoptr(Rig) rig = new_rig();
    for (unsigned i = 0; i < G_N_ELEMENTS(OPCODES); i++) {
        CpuState state = state_of(5);
        state.rflags |= CPU_FLAG_TF;
        state.gpr[CPU_AX] = 0;
        PM_BYTES(rig, PM_CODE, 0xf3, OPCODES[i], INT3);
        PmFault fault = pm_expect(rig, &state, VECTOR_DB, 0);
        g_assert_cmpuint(fault.state.gpr[CPU_CX], ==, 4);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/repeat/" #name, test_##name)
    TEST(copying_counts_by_64_bytes);
    TEST(overlapping_copies_repeat);
    TEST(all_other_repetitions_count_each_item);
    TEST(items_of_a_device_cost_more);
    TEST(it_pauses_at_the_end_of_a_step);
    TEST(an_interrupt_comes_at_its_step);
    TEST(a_look_comes_after_little);
    TEST(a_look_comes_after_few_accesses);
    TEST(faults_without_end_take_time);
    TEST(a_write_that_takes_long_holds_the_cpu);
    TEST(repeated_writes_wait_for_each_other);
    TEST(a_repetition_that_overwrites_itself_ends);
    TEST(a_trap_comes_after_each_item);
    return g_test_run();
}
