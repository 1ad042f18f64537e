/*
 * Several software CPUs: how they start, what they share, and how turns end.  "SDM"
 * is the Intel Software Developer's Manual, volume 3.
 */
#include "tests/unit/interp/interp_rig.h"

#include "src/accel/soft/x86/cpu.h"

#define RAM  UINT64_C(0x200000)
#define PAGE 0x9au
#define CODE (PAGE << 12)

#define APIC_BASE_BSP (1u << 8)
#define NMI_ENTRY     8u /* in the table of real mode */

static const AccelClass *class_of(const Rig *rig)
{
    return rig->accel->class;
}

static CpuState get(Rig *rig, unsigned cpu)
{
    CpuState state;
    g_assert_true(class_of(rig)->get_state(rig->vcpus[cpu], &state, NULL));
    return state;
}

static VcpuActivity activity(Rig *rig, unsigned cpu)
{
    return class_of(rig)->activity(rig->vcpus[cpu]);
}

static void ask_init(Rig *rig, unsigned cpu)
{
    vcpu_ask_init(rig->vcpus[cpu]);
    class_of(rig)->interrupt_changed(rig->vcpus[cpu]);
}

static void ask_start(Rig *rig, unsigned cpu, uint8_t vector)
{
    vcpu_ask_start(rig->vcpus[cpu], vector);
    class_of(rig)->interrupt_changed(rig->vcpus[cpu]);
}

/* Runs until the CPU stops for a reason other than the kick that reports a change. */
static VcpuStop run(Rig *rig, unsigned cpu, uint64_t count)
{
    VcpuStop stop;
    do {
        interp_run_instructions(rig->vcpus[cpu], count, &stop);
    } while (stop == VCPU_KICKED);
    return stop;
}

static Rig *started(unsigned cpus, const uint8_t *code, size_t size)
{
    Rig *rig = rig_new_cpus(RAM, cpus, false);
    rig_write(rig, CODE, code, size);
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        ask_start(rig, cpu, PAGE);
    }
    CpuState state = rig_get(rig);
    state.segment[CPU_CS] = rig_real_segment(PAGE << 8);
    state.rip = 0;
    rig_set(rig, &state);
    return rig;
}

#define STARTED(cpus, ...)                                                                         \
    started(cpus, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint64_t position(Rig *rig)
{
    VcpuPosition position;
    class_of(rig)->position(rig->accel, &position);
    return position.instructions;
}

/* ---- how they begin: SDM, "MP Initialization Protocol" ---- */

static void test_all_but_the_first_wait(void)
{
    g_autoptr(Rig) rig = rig_new_cpus(RAM, 3, false);
    g_assert_cmpint(activity(rig, 0), ==, VCPU_ACTIVE);
    g_assert_true(get(rig, 0).msr.apic_base & APIC_BASE_BSP);
    for (unsigned cpu = 1; cpu < 3; cpu++) {
        g_assert_cmpint(activity(rig, cpu), ==, VCPU_DEAD);
        g_assert_true(get(rig, cpu).unstarted);
        g_assert_false(get(rig, cpu).halted);
        g_assert_false(get(rig, cpu).msr.apic_base & APIC_BASE_BSP);
        g_assert_cmpint(run(rig, cpu, 10), ==, VCPU_HALTED_DEAD);
    }
    g_assert_cmpuint(position(rig), ==, 0);
}

static void test_start_begins_at_the_page(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x8c, 0xc8, 0xf4); /* mov ax, cs; hlt */
    g_assert_cmpint(activity(rig, 1), ==, VCPU_ACTIVE);
    g_assert_cmpint(run(rig, 1, 100), ==, VCPU_HALTED_DEAD);
    CpuState state = get(rig, 1);
    g_assert_cmphex(state.gpr[CPU_AX], ==, PAGE << 8);
    g_assert_cmphex(state.segment[CPU_CS].base, ==, CODE);
    g_assert_cmphex(state.rip, ==, 3);
    g_assert_true(state.halted);
    g_assert_false(state.unstarted);
}

static void test_start_of_a_running_cpu_is_ignored(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x40, 0xeb, 0xfd); /* inc ax; jmp back */
    run(rig, 1, 10);
    ask_start(rig, 1, 0x10);
    run(rig, 1, 10);
    g_assert_cmphex(get(rig, 1).segment[CPU_CS].base, ==, CODE);
    g_assert_cmphex(get(rig, 1).gpr[CPU_AX], ==, 10);
}

static void test_first_of_two_starts_counts(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x40, 0xeb, 0xfd);
    ask_start(rig, 1, 0x10);
    run(rig, 1, 10);
    g_assert_cmphex(get(rig, 1).segment[CPU_CS].base, ==, CODE);
}

static void test_init_makes_an_earlier_start_moot(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x40, 0xeb, 0xfd);
    ask_init(rig, 1);
    g_assert_cmpint(run(rig, 1, 10), ==, VCPU_HALTED_DEAD);
    g_assert_true(get(rig, 1).unstarted);
}

static void test_init_and_start_come_in_their_order(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x40, 0xeb, 0xfd);
    run(rig, 1, 10);
    ask_init(rig, 1);
    ask_start(rig, 1, PAGE);
    run(rig, 1, 4);
    g_assert_cmphex(get(rig, 1).gpr[CPU_AX], ==, 2);
}

/* SDM, table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT". */
static void test_init_stops_a_running_cpu(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x40, 0xeb, 0xfd);
    run(rig, 1, 10);
    CpuState state = get(rig, 1);
    state.cr0 = CPU_CR0_CD | CPU_CR0_ET | CPU_CR0_MP;
    state.msr.tsc = 1000000;
    state.msr.sysenter_eip = 0x1234;
    g_assert_true(class_of(rig)->set_state(rig->vcpus[1], &state, NULL));
    ask_init(rig, 1);
    g_assert_cmpint(run(rig, 1, 10), ==, VCPU_HALTED_DEAD);
    state = get(rig, 1);
    g_assert_true(state.unstarted);
    g_assert_cmphex(state.gpr[CPU_AX], ==, 0);
    g_assert_cmphex(state.rip, ==, 0xfff0);
    g_assert_cmphex(state.cr0, ==, CPU_CR0_CD | CPU_CR0_ET);
    g_assert_cmpuint(state.msr.tsc, ==, 1000000);
    g_assert_cmphex(state.msr.sysenter_eip, ==, 0x1234);
    g_assert_cmpint(activity(rig, 1), ==, VCPU_DEAD);
    ask_start(rig, 1, PAGE);
    run(rig, 1, 10);
    g_assert_cmphex(get(rig, 1).gpr[CPU_AX], ==, 5);
}

static void test_init_of_the_first_goes_to_the_reset_vector(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x40, 0xeb, 0xfd);
    run(rig, 0, 10);
    ask_init(rig, 0);
    VcpuStop stop;
    interp_run_instructions(rig->vcpus[0], 10, &stop);
    g_assert_cmpint(stop, ==, VCPU_KICKED);
    g_assert_cmphex(get(rig, 0).segment[CPU_CS].base, ==, 0xffff0000);
    g_assert_cmphex(get(rig, 0).rip, ==, 0xfff0);
    g_assert_false(get(rig, 0).unstarted);
    g_assert_cmpint(activity(rig, 0), ==, VCPU_ACTIVE);
}

static void test_nmi_waits_for_the_start(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x90, 0xf4);
    rig_write32(rig, NMI_ENTRY, 0x90000000u);
    rig->vcpus[1]->start = false;
    atomic_store(&rig->vcpus[1]->nmi, true);
    g_assert_cmpint(activity(rig, 1), ==, VCPU_DEAD);
    g_assert_cmpint(run(rig, 1, 10), ==, VCPU_HALTED_DEAD);
    ask_start(rig, 1, PAGE);
    run(rig, 1, 1);
    g_assert_cmphex(get(rig, 1).segment[CPU_CS].base, ==, 0x90000);
}

/* ---- whether run() would do anything ---- */

static void test_halted_cpu_waits_for_an_interrupt(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0xfb, 0xf4); /* sti; hlt */
    run(rig, 1, 10);
    g_assert_cmpint(activity(rig, 1), ==, VCPU_WAITING);
    atomic_store(&rig->vcpus[0]->intr, true);
    g_assert_cmpint(activity(rig, 1), ==, VCPU_WAITING);
    atomic_store(&rig->vcpus[1]->intr, true);
    g_assert_cmpint(activity(rig, 1), ==, VCPU_ACTIVE);
}

static void test_cpu_halted_for_good_waits_for_an_nmi(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0xfa, 0xf4); /* cli; hlt */
    run(rig, 1, 10);
    atomic_store(&rig->vcpus[1]->intr, true);
    g_assert_cmpint(activity(rig, 1), ==, VCPU_DEAD);
    atomic_store(&rig->vcpus[1]->nmi, true);
    g_assert_cmpint(activity(rig, 1), ==, VCPU_ACTIVE);
}

/* ---- turns ---- */

static void test_pause_lets_others_go_on(void)
{
    /* inc ax; pause; inc bx; jmp back */
    g_autoptr(Rig) two = STARTED(2, 0x40, 0xf3, 0x90, 0x43, 0xeb, 0xfa);
    g_assert_cmpint(run(two, 1, 1000), ==, VCPU_YIELDED);
    g_assert_cmpuint(get(two, 1).gpr[CPU_AX], ==, 1);
    g_assert_cmpuint(get(two, 1).gpr[CPU_BX], ==, 0);
    g_assert_cmpint(run(two, 1, 1000), ==, VCPU_YIELDED);
    g_assert_cmpuint(get(two, 1).gpr[CPU_AX], ==, 2);
    g_assert_cmpuint(get(two, 1).gpr[CPU_BX], ==, 1);
    g_autoptr(Rig) one = STARTED(1, 0x40, 0xf3, 0x90, 0x43, 0xeb, 0xfa);
    g_assert_cmpint(run(one, 0, 1000), ==, VCPU_SLICE_DONE);
    g_assert_cmpuint(get(one, 0).gpr[CPU_AX], ==, 250);
}

/* The TSCs of the first CPU and of the second. */
static void test_instructions_of_all_are_counted(void)
{
    g_autoptr(Rig) rig = STARTED(3, 0x40, 0xeb, 0xfd);
    run(rig, 0, 100);
    run(rig, 2, 1000);
    run(rig, 0, 50);
    run(rig, 1, 7);
    g_assert_cmpuint(position(rig), ==, 1157);
    g_assert_cmpuint(interp_instruction_count(rig->vcpus[0]), ==, 150);
    g_assert_cmpuint(interp_instruction_count(rig->vcpus[2]), ==, 1000);
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        g_assert_cmpuint(get(rig, cpu).msr.tsc, ==, 1157);
    }
    g_assert_cmpuint(class_of(rig)->work_time(rig->accel), ==, 1157 * 20);
}

static void test_time_stamp_counters_agree(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x0f, 0x31, 0xf4); /* rdtsc; hlt */
    run(rig, 0, 100);
    run(rig, 1, 100);
    g_assert_cmpuint(get(rig, 0).gpr[CPU_AX], ==, 1);
    g_assert_cmpuint(get(rig, 1).gpr[CPU_AX], ==, 3);
}

/* ---- what they share ---- */

#define LOOP_AT 0x100u
#define INC_BX  0x43u
#define DEC_BX  0x4bu

/* The writer's translations stay in the cache from its first write to its second. */
static void write_code_of_another(unsigned writer)
{
    static const uint8_t WRITER[] = {
        0xb0, INC_BX, 0x2e, 0xa2, LOOP_AT & 0xff, LOOP_AT >> 8, /* mov al, 43h; mov cs:[100h], al */
        0xb0, DEC_BX, 0x2e, 0xa2, LOOP_AT & 0xff, LOOP_AT >> 8, 0xf4};
    static const uint8_t LOOP[] = {0x90, 0xeb, 0xfd};
    unsigned other = !writer;
    g_autoptr(Rig) rig = started(2, WRITER, sizeof(WRITER));
    rig_write(rig, CODE + LOOP_AT, LOOP, sizeof(LOOP));
    run(rig, 1, 0);
    CpuState state = get(rig, other);
    state.rip = LOOP_AT;
    g_assert_true(class_of(rig)->set_state(rig->vcpus[other], &state, NULL));
    run(rig, writer, 2);
    run(rig, other, 1000);
    g_assert_cmpuint(get(rig, other).gpr[CPU_BX], ==, 500);
    run(rig, writer, 2);
    run(rig, other, 1000);
    g_assert_cmpuint(get(rig, other).gpr[CPU_BX], ==, 0);
}

static void test_code_that_another_cpu_changes(void)
{
    write_code_of_another(0);
    write_code_of_another(1);
}

static void test_code_that_a_device_changes(void)
{
    g_autoptr(Rig) rig = STARTED(3, 0x43, 0xeb, 0xfd);
    const uint8_t decrement = 0x4b;
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        run(rig, cpu, 100);
    }
    rig_write(rig, CODE, &decrement, 1);
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        run(rig, cpu, 100);
        g_assert_cmpuint(get(rig, cpu).gpr[CPU_BX], ==, 0);
    }
}

static void test_address_line_20_is_everybodys(void)
{
    g_autoptr(Rig) rig = STARTED(2, 0x43, 0xeb, 0xfd);
    class_of(rig)->set_a20(rig->accel, false);
    g_assert_false(get(rig, 0).a20);
    g_assert_false(get(rig, 1).a20);
    ask_init(rig, 1);
    run(rig, 1, 1);
    g_assert_false(get(rig, 0).a20);
}

/* ---- the memory of decoded code ---- */

#define FILLING 400000u /* blocks of each CPU; together more than the arena holds */

/* Pairs of `inc eax` and `jmp` to the next, and a `hlt`. */
static Rig *filling(void)
{
    static const uint8_t PAIR[] = {0x40, 0xeb, 0x00};
    Rig *rig = rig_new_cpus(RAM, 2, false);
    g_autoptr(GByteArray) code = g_byte_array_new();
    for (unsigned i = 0; i < FILLING; i++) {
        g_byte_array_append(code, PAIR, sizeof(PAIR));
    }
    g_byte_array_append(code, (const uint8_t[]){0xf4}, 1);
    rig_write(rig, CODE, code->data, code->len);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        CpuState state = get(rig, cpu);
        state.unstarted = false;
        state.segment[CPU_CS] = rig_real_segment(PAGE << 8);
        state.segment[CPU_CS].limit = 0xffffffff;
        state.segment[CPU_CS].attributes |= CPU_SEGMENT_DB | CPU_SEGMENT_G;
        state.rip = 0;
        state.gpr[CPU_AX] = 0;
        g_assert_true(class_of(rig)->set_state(rig->vcpus[cpu], &state, NULL));
    }
    return rig;
}

static void test_all_share_one_arena_of_code(void)
{
    g_autoptr(Rig) rig = filling();
    const CodeArena *arena = &((InterpAccel *)rig->accel)->arena;
    VcpuStop stop[2] = {VCPU_SLICE_DONE, VCPU_SLICE_DONE};
    g_assert_cmpuint(arena->committed, ==, CODE_ARENA_CHUNK);
    run(rig, 0, 1000);
    g_assert_cmpuint(arena->committed, ==, CODE_ARENA_CHUNK);
    while (stop[0] == VCPU_SLICE_DONE || stop[1] == VCPU_SLICE_DONE) {
        for (unsigned cpu = 0; cpu < 2; cpu++) {
            stop[cpu] = stop[cpu] == VCPU_SLICE_DONE ? run(rig, cpu, 7001) : stop[cpu];
        }
    }
    g_assert_cmpuint(arena->epoch, >, 0);
    /* The memory of translations may be full sooner. */
    if (!((InterpAccel *)rig->accel)->translator) {
        g_assert_cmpuint(arena->committed, ==, CODE_ARENA_SIZE);
    }
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        g_assert_cmpint(stop[cpu], ==, VCPU_HALTED_DEAD);
        g_assert_cmpuint(get(rig, cpu).gpr[CPU_AX], ==, FILLING);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/cpus/" #name, test_##name)
    TEST(all_but_the_first_wait);
    TEST(start_begins_at_the_page);
    TEST(start_of_a_running_cpu_is_ignored);
    TEST(first_of_two_starts_counts);
    TEST(init_makes_an_earlier_start_moot);
    TEST(init_and_start_come_in_their_order);
    TEST(init_stops_a_running_cpu);
    TEST(init_of_the_first_goes_to_the_reset_vector);
    TEST(nmi_waits_for_the_start);
    TEST(halted_cpu_waits_for_an_interrupt);
    TEST(cpu_halted_for_good_waits_for_an_nmi);
    TEST(pause_lets_others_go_on);
    TEST(instructions_of_all_are_counted);
    TEST(time_stamp_counters_agree);
    TEST(code_that_another_cpu_changes);
    TEST(code_that_a_device_changes);
    TEST(address_line_20_is_everybodys);
    TEST(all_share_one_arena_of_code);
    return g_test_run();
}
