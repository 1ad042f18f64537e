/*
 * What -d logs about the software CPU: when each line comes, what it contains,
 * which lines -dfilter keeps, and that the log does not change the run.
 */
#include "tests/unit/interp/interp_protected.h"

#include "src/cpu/disasm.h"

#include <string.h>

#define LOOP PM_CODE
#define FAR  (PM_CODE + 0x1000)

#define ERROR_W 2u
#define ERROR_U 4u

typedef struct Trace {
    GPtrArray *events;
    CpuTrace *trace;
    Rig *rig;
} Trace;

static void take(void *opaque, const char *text)
{
    Trace *t = opaque;
    g_ptr_array_add(t->events, g_strdup(text));
}

static void trace_new(Trace *t, unsigned items, const char *filter)
{
    t->events = g_ptr_array_new_with_free_func(g_free);
    t->trace = cpu_trace_new(items, filter, take, t, NULL);
    t->rig = rig_new_traced(PM_RAM, t->trace);
    pm_fill(t->rig);
}

static void trace_free(Trace *t)
{
    rig_free(t->rig);
    cpu_trace_free(t->trace);
    g_ptr_array_unref(t->events);
}

/* mov ecx, 3; dec ecx; jnz back; int3 */
static void load_loop(Rig *rig)
{
    PM_BYTES(rig, LOOP, 0xb9, 3, 0, 0, 0, 0x49, 0x75, 0xfd, 0xcc);
}

static void go(Trace *t, const CpuState *state)
{
    g_ptr_array_set_size(t->events, 0);
    pm_expect(t->rig, state, VECTOR_BP, 0);
}

static unsigned count(const Trace *t, const char *prefix)
{
    unsigned found = 0;
    for (guint i = 0; i < t->events->len; i++) {
        found += g_str_has_prefix(t->events->pdata[i], prefix);
    }
    return found;
}

static const char *event(const Trace *t, guint index)
{
    g_assert_cmpuint(index, <, t->events->len);
    return t->events->pdata[index];
}

/* The bytes are always shown.  The text is shown if there is a disassembler library. */
static char *insn_line(const char *address, const char *bytes, const char *text)
{
    return disasm_available() ? g_strdup_printf("\n  %s  %-23s  %s", address, bytes, text)
                              : g_strdup_printf("\n  %s  %s", address, bytes);
}

/* ---- in_asm ---- */

static void test_a_block_is_shown_when_it_is_decoded_and_not_again(void)
{
    Trace t;
    trace_new(&t, LOG_IN_ASM, NULL);
    CpuState state = pm_state(0, LOOP);
    load_loop(t.rig);
    go(&t, &state);
    g_assert_cmpuint(count(&t, "in_asm 0x00010000 32-bit, 0008:00010000\n"), ==, 1);
    g_assert_cmpuint(count(&t, "in_asm 0x00010005 "), ==, 1);
    g_assert_cmpuint(count(&t, "in_asm 0x00010008 "), ==, 1);
    go(&t, &state);
    g_assert_cmpuint(count(&t, "in_asm 0x000100"), ==, 0);
    trace_free(&t);
}

static void test_each_instruction_has_its_address_and_bytes(void)
{
    Trace t;
    trace_new(&t, LOG_IN_ASM, NULL);
    CpuState state = pm_state(0, LOOP);
    load_loop(t.rig);
    go(&t, &state);
    g_autofree char *first = insn_line("0x00010000", "b9 03 00 00 00", "mov ecx, 0x3");
    g_autofree char *second = insn_line("0x00010005", "49", "dec ecx");
    g_autofree char *third = insn_line("0x00010006", "75 fd", "jnz 0x10005");
    g_autofree char *all =
        g_strconcat("in_asm 0x00010000 32-bit, 0008:00010000", first, second, third, NULL);
    g_assert_cmpstr(event(&t, 0), ==, all);
    trace_free(&t);
}

static void test_code_of_16_bits_is_shown_as_such(void)
{
    Trace t;
    trace_new(&t, LOG_IN_ASM, NULL);
    CpuState state;
    cpu_state_reset(&state);
    state.segment[CPU_CS] = rig_real_segment(0x1000);
    state.rip = 0x10;
    PM_BYTES(t.rig, 0x10010, 0xb8, 0x34, 0x12, 0xeb, 0xfe);
    rig_set(t.rig, &state);
    rig_step(t.rig, 2);
    g_autofree char *first = insn_line("0x00010010", "b8 34 12", "mov ax, 0x1234");
    g_autofree char *second = insn_line("0x00010013", "eb fe", "jmp 0x13");
    g_autofree char *all =
        g_strconcat("in_asm 0x00010010 16-bit, 1000:00000010", first, second, NULL);
    g_assert_cmpstr(event(&t, 0), ==, all);
    trace_free(&t);
}

static void test_code_that_changed_is_shown_again(void)
{
    Trace t;
    trace_new(&t, LOG_IN_ASM, NULL);
    CpuState state = pm_state(0, LOOP);
    load_loop(t.rig);
    go(&t, &state);
    /* Changes an immediate, which would otherwise be patched in place. */
    PM_BYTES(t.rig, LOOP + 1, 2);
    go(&t, &state);
    g_autofree char *first = insn_line("0x00010000", "b9 02 00 00 00", "mov ecx, 0x2");
    g_assert_nonnull(strstr(event(&t, 0), first));
    g_assert_cmpuint(count(&t, "in_asm 0x00010000 "), ==, 1);
    trace_free(&t);
}

/* Code that is not cached in the usual way: an instruction on two pages, and code on a device. */
static void test_code_in_odd_places_is_shown(void)
{
    Trace t;
    trace_new(&t, LOG_IN_ASM, NULL);
    CpuState state = pm_state(0, FAR - 2);
    PM_BYTES(t.rig, FAR - 2, 0xb8, 0x78, 0x56, 0x34, 0x12, 0xcc); /* mov eax, imm */
    go(&t, &state);
    g_autofree char *astride = insn_line("0x00010ffe", "b8 78 56 34 12", "mov eax, 0x12345678");
    g_assert_nonnull(strstr(event(&t, 0), astride));
    go(&t, &state);
    g_assert_cmpuint(count(&t, "in_asm 0x00010ffe"), ==, 0);

    static const uint8_t CODE[] = {0xb0, 0x11, 0xcc};
    memcpy(t.rig->mmio, CODE, sizeof(CODE));
    state.rip = RIG_MMIO;
    go(&t, &state);
    g_autofree char *device = insn_line("0xf0000000", "b0 11", "mov al, 0x11");
    g_assert_nonnull(strstr(event(&t, 0), device));
    trace_free(&t);
}

static void test_the_end_of_a_slice_shows_nothing_twice(void)
{
    Trace t;
    trace_new(&t, LOG_IN_ASM, NULL);
    CpuState state = pm_state(0, LOOP);
    PM_BYTES(t.rig, LOOP, 0x90, 0x90, 0x90, 0x90, 0xcc);
    go(&t, &state);
    g_ptr_array_set_size(t.events, 0);
    rig_set(t.rig, &state);
    rig_step(t.rig, 1); /* one instruction of a block of five */
    g_assert_cmpuint(t.events->len, ==, 0);
    trace_free(&t);
}

/* ---- exec and cpu ---- */

static void test_every_entry_of_a_block_has_a_line(void)
{
    Trace t;
    trace_new(&t, LOG_EXEC, NULL);
    CpuState state = pm_state(0, LOOP);
    load_loop(t.rig);
    go(&t, &state);
    g_assert_cmpstr(event(&t, 0), ==, "exec 0x00010000 32-bit CPL 0, instructions 0..2");
    g_assert_cmpstr(event(&t, 1), ==, "exec 0x00010005 32-bit CPL 0, instructions 3..4");
    g_assert_cmpstr(event(&t, 2), ==, "exec 0x00010005 32-bit CPL 0, instructions 5..6");
    g_assert_cmpstr(event(&t, 3), ==, "exec 0x00010008 32-bit CPL 0, instructions 7..7");
    g_assert_cmpuint(count(&t, "exec 0x000100"), ==, 4);
    go(&t, &state);
    g_assert_cmpuint(count(&t, "exec 0x000100"), ==, 4);
    trace_free(&t);
}

static void test_registers_are_those_before_the_block(void)
{
    Trace t;
    trace_new(&t, LOG_CPU, NULL);
    CpuState state = pm_state(0, LOOP);
    load_loop(t.rig);
    state.gpr[CPU_CX] = 0xabcd;
    go(&t, &state);
    static const char *const COUNTS[] = {"ECX=0000abcd", "ECX=00000002", "ECX=00000001",
                                         "ECX=00000000"};
    for (unsigned i = 0; i < G_N_ELEMENTS(COUNTS); i++) {
        g_assert_nonnull(strstr(event(&t, i), COUNTS[i]));
        g_assert_nonnull(strstr(event(&t, i), "protected mode, 32-bit"));
    }
    g_assert_true(g_str_has_prefix(event(&t, 1), "cpu 0x00010005\nEAX="));
    g_assert_nonnull(strstr(event(&t, 1), "EIP=00010005 "));
    g_assert_false(g_str_has_suffix(event(&t, 1), "\n"));
    trace_free(&t);
}

static void test_nochain_alone_logs_nothing(void)
{
    Trace t;
    trace_new(&t, LOG_NOCHAIN, NULL);
    CpuState state = pm_state(0, LOOP);
    load_loop(t.rig);
    go(&t, &state);
    g_assert_cmpuint(t.events->len, ==, 0);
    trace_free(&t);
}

/* ---- int ---- */

static void test_page_fault_from_ring_3(void)
{
    Trace t;
    trace_new(&t, LOG_INT, NULL);
    CpuState state = pm_state(3, LOOP);
    pm_identity_pages(t.rig);
    pm_paging_on(&state);
    rig_write32(t.rig, pm_pte(0x200000), 0);
    PM_BYTES(t.rig, LOOP, 0x90, 0xa2, 0x78, 0x06, 0x20, 0x00); /* mov [0x200678], al */
    pm_expect(t.rig, &state, VECTOR_PF, ERROR_U | ERROR_W);
    g_assert_cmpuint(t.events->len, ==, 1);
    g_assert_cmpstr(event(&t, 0), ==,
                    "int 0x0e #PF error 0x0006 CR2 0x00200678 at 001b:00010001 CPL 3 "
                    "to 0008:000080e0 CPL 0");
    trace_free(&t);
}

static void test_fault_without_an_error_code(void)
{
    Trace t;
    trace_new(&t, LOG_INT, NULL);
    CpuState state = pm_state(0, LOOP);
    PM_BYTES(t.rig, LOOP, 0x90, 0x0f, 0x0b);
    pm_expect(t.rig, &state, VECTOR_UD, 0);
    g_assert_cmpstr(event(&t, 0), ==, "int 0x06 #UD at 0008:00010001 CPL 0 to 0008:00008060 CPL 0");
    trace_free(&t);
}

static void test_software_interrupt(void)
{
    Trace t;
    trace_new(&t, LOG_INT, NULL);
    CpuState state = pm_state(0, LOOP);
    PM_BYTES(t.rig, LOOP, 0x90, 0xcd, 0x40);
    pm_expect(t.rig, &state, 0x40, 0);
    g_assert_cmpuint(t.events->len, ==, 1);
    g_assert_cmpstr(event(&t, 0), ==,
                    "int 0x40 software at 0008:00010001 CPL 0 to 0008:00008400 CPL 0");
    trace_free(&t);
}

/* An INT through a gate that ring 3 may not use: only the fault is delivered. */
static void test_software_interrupt_that_is_refused(void)
{
    Trace t;
    trace_new(&t, LOG_INT, NULL);
    CpuState state = pm_state(3, LOOP);
    PM_BYTES(t.rig, LOOP, 0xcd, 0x40);
    pm_expect(t.rig, &state, VECTOR_GP, 0x40 * 8 + 2);
    g_assert_cmpuint(t.events->len, ==, 1);
    g_assert_cmpstr(event(&t, 0), ==,
                    "int 0x0d #GP error 0x0202 at 001b:00010000 CPL 3 to 0008:000080d0 CPL 0");
    trace_free(&t);
}

static void test_hardware_interrupts(void)
{
    Trace t;
    trace_new(&t, LOG_INT, NULL);
    CpuState state = pm_state(0, LOOP);
    PM_BYTES(t.rig, LOOP, 0x90, 0xeb, 0xfe);
    state.rflags |= CPU_FLAG_IF;
    rig_set(t.rig, &state);
    rig_step(t.rig, 4);
    t.rig->irq_vector = 0x21;
    rig_set_intr(t.rig, true);
    rig_step(t.rig, 2);
    rig_pulse_nmi(t.rig);
    rig_step(t.rig, 1);
    g_assert_cmpuint(t.events->len, ==, 2);
    g_assert_cmpstr(event(&t, 0), ==,
                    "int 0x21 hardware at 0008:00010001 CPL 0 to 0008:00008210 CPL 0");
    g_assert_cmpstr(event(&t, 1), ==,
                    "int 0x02 hardware at 0008:00008211 CPL 0 to 0008:00008020 CPL 0");
    trace_free(&t);
}

static void test_real_mode_interrupt(void)
{
    Trace t;
    trace_new(&t, LOG_INT, NULL);
    CpuState state;
    cpu_state_reset(&state);
    state.segment[CPU_CS] = rig_real_segment(0x1000);
    state.rip = 0;
    state.gpr[CPU_SP] = 0x7000;
    state.idtr = (CpuTable){0, 0x3ff};
    rig_write32(t.rig, 0x10 * 4, 0x2000 << 16 | 0x123);
    PM_BYTES(t.rig, 0x10000, 0xcd, 0x10);
    rig_set(t.rig, &state);
    rig_step(t.rig, 1);
    g_assert_cmpstr(event(&t, 0), ==,
                    "int 0x10 software at 1000:00000000 CPL 0 to 2000:00000123 CPL 0");
    trace_free(&t);
}

static void test_triple_fault_is_logged_step_by_step(void)
{
    Trace t;
    trace_new(&t, LOG_INT, NULL);
    CpuState state = pm_state(0, LOOP);
    PM_BYTES(t.rig, LOOP, 0x0f, 0x0b);
    state.idtr.limit = 0;
    rig_set(t.rig, &state);
    g_assert_cmpint(rig_step(t.rig, 10), ==, VCPU_TRIPLE_FAULT);
    g_assert_cmpuint(t.events->len, ==, 1);
    g_assert_cmpstr(event(&t, 0), ==,
                    "int 0x0d #GP error 0x0043 at 0008:00010000 CPL 0 while #DF was delivered: "
                    "triple fault");
    trace_free(&t);
}

/* ---- -dfilter ---- */

static void test_filter_leaves_blocks_in_its_ranges(void)
{
    Trace t;
    trace_new(&t, LOG_IN_ASM | LOG_EXEC | LOG_CPU, "0x10005..0x10006,0x10008+1");
    CpuState state = pm_state(0, LOOP);
    PM_BYTES(t.rig, LOOP, 0xb9, 3, 0, 0, 0, 0xeb, 0x00, 0x49, 0x75, 0xfd, 0xcc);
    /* mov and jmp at 0x10000; dec and jnz at 0x10007; int3 at 0x1000a. */
    go(&t, &state);
    g_assert_cmpuint(count(&t, "in_asm 0x00010000 "), ==, 1); /* up to 0x10006 */
    g_assert_cmpuint(count(&t, "exec 0x00010000 "), ==, 1);
    g_assert_cmpuint(count(&t, "cpu 0x00010000\n"), ==, 1);
    g_assert_cmpuint(count(&t, "exec 0x00010007 "), ==, 3);
    g_assert_cmpuint(count(&t, "cpu 0x00010007\n"), ==, 3);
    g_assert_cmpuint(count(&t, "exec "), ==, 4);
    g_assert_cmpuint(count(&t, "in_asm "), ==, 2);
    trace_free(&t);
}

static void test_filter_is_not_for_interrupts(void)
{
    Trace t;
    trace_new(&t, LOG_INT | LOG_EXEC, "0x1..0x2");
    CpuState state = pm_state(0, LOOP);
    load_loop(t.rig);
    go(&t, &state);
    g_assert_cmpuint(count(&t, "int 0x03 "), ==, 1);
    g_assert_cmpuint(t.events->len, ==, 1);
    trace_free(&t);
}

static void test_bad_filter_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(cpu_trace_new(LOG_EXEC, "5", take, NULL, &error));
    g_assert_nonnull(error);
}

/* ---- the run ---- */

static void test_logging_changes_nothing(void)
{
    Trace plain, traced;
    trace_new(&plain, 0, NULL);
    trace_new(&traced, LOG_OF_CPU, NULL);
    CpuState state = pm_state(0, LOOP);
    Rig *rigs[] = {plain.rig, traced.rig};
    CpuState after[2];
    uint64_t done[2];
    for (unsigned i = 0; i < 2; i++) {
        /* A loop that changes its own immediate, followed by RDTSC. */
        PM_BYTES(rigs[i], LOOP, 0xb9, 50, 0, 0, 0, 0xfe, 0x05, 0x0c, 0x00, 0x01, 0x00, 0x04, 0x00,
                 0x50, 0x5a, 0xe2, 0xf4, 0x0f, 0x31, 0xcc);
        after[i] = pm_expect(rigs[i], &state, VECTOR_BP, 0).state;
        done[i] = interp_instruction_count(rigs[i]->vcpu);
    }
    g_assert_cmpmem(&after[0], sizeof(after[0]), &after[1], sizeof(after[1]));
    g_assert_cmpuint(done[0], ==, done[1]);
    g_assert_cmpuint(plain.events->len, ==, 0);
    g_assert_cmpuint(traced.events->len, >, 100);
    trace_free(&plain);
    trace_free(&traced);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/trace/" #name, test_##name)
    TEST(a_block_is_shown_when_it_is_decoded_and_not_again);
    TEST(each_instruction_has_its_address_and_bytes);
    TEST(code_of_16_bits_is_shown_as_such);
    TEST(code_that_changed_is_shown_again);
    TEST(code_in_odd_places_is_shown);
    TEST(the_end_of_a_slice_shows_nothing_twice);
    TEST(every_entry_of_a_block_has_a_line);
    TEST(registers_are_those_before_the_block);
    TEST(nochain_alone_logs_nothing);
    TEST(page_fault_from_ring_3);
    TEST(fault_without_an_error_code);
    TEST(software_interrupt);
    TEST(software_interrupt_that_is_refused);
    TEST(hardware_interrupts);
    TEST(real_mode_interrupt);
    TEST(triple_fault_is_logged_step_by_step);
    TEST(filter_leaves_blocks_in_its_ranges);
    TEST(filter_is_not_for_interrupts);
    TEST(bad_filter_is_refused);
    TEST(logging_changes_nothing);
    return g_test_run();
}
