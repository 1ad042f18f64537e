/*
 * -d in_asm, int, exec and cpu with whole guests: what the file of -D gets, and the
 * message if nothing can be logged.
 */
#include "tests/guest/guest_rig.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static bool sees_instructions(const GuestTarget *target)
{
    return !strcmp(target->accel, "soft");
}

/* Runs hello.bin and returns its log (free). */
static char *run_hello(const GuestTarget *target, const char *options)
{
    g_autofree char *path = guest_path("trace.log");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -D %s %s", path, options);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "4\nHello\n");
    g_assert_cmpstr(guest_messages(guest), ==, "");
    char *log = guest_read_file(path);
    g_remove(path);
    return log;
}

static void assert_lines(const char *log, const char *prefix, unsigned count)
{
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    unsigned found = 0;
    for (char **line = lines; *line; line++) {
        found += g_str_has_prefix(*line, prefix);
    }
    g_assert_cmpuint(found, ==, count);
}

static void test_code_is_shown_once_and_its_entries_each_time(const GuestTarget *target)
{
    g_autofree char *log = run_hello(target, "-d in_asm,exec");
    if (!sees_instructions(target)) {
        return;
    }
    assert_lines(log, "in_asm 0x00001000 16-bit, 0000:00001000", 1);
    assert_lines(log, "  0x00001000  ba f8 03", 1);
    assert_lines(log, "exec 0x00001000 16-bit CPL 0, instructions 0..3", 1);
    /* The loop over the characters of "\nHello\n", which ends with a zero. */
    assert_lines(log, "in_asm 0x0000100b ", 1);
    assert_lines(log, "exec 0x00001012 ", 7);
}

static void test_filter_leaves_the_code_of_its_range(const GuestTarget *target)
{
    g_autofree char *log = run_hello(target, "-d in_asm,exec,cpu -dfilter 0x1000+8");
    if (!sees_instructions(target)) {
        return;
    }
    assert_lines(log, "in_asm ", 1);
    assert_lines(log, "exec ", 1);
    assert_lines(log, "cpu 0x00001000", 1);
    assert_lines(log, "EAX=00000002 EBX=00000002 ", 1);
    assert_lines(log, "EAX=", 1);
}

/* A hundred ticks of the timer, at vector 0x20. */
static void test_interrupts_are_shown(const GuestTarget *target)
{
    if (!sees_instructions(target)) {
        g_test_skip("it sees no instructions");
        return;
    }
    g_autofree char *path = guest_path("trace.log");
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-kernel timer.bin -flat cx=100,dx=1 -D %s -d int", path);
    g_autofree char *ticks = guest_expect_match(guest, GUEST_OUT, "^([0-9]+) ticks in 1 seconds");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_autofree char *log = guest_read_file(path);
    g_remove(path);
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    unsigned timer = 0;
    for (char **line = lines; *line; line++) {
        timer += g_str_has_prefix(*line, "int 0x20 hardware at 0000:");
    }
    g_assert_cmpint(timer, >=, atoi(ticks));
}

/*
 * The number of the CPU precedes each line.  -dfilter limits the log to where CPU 1 starts,
 * which happens twice.
 */
static void test_each_line_names_its_cpu(const GuestTarget *target)
{
    if (!sees_instructions(target)) {
        g_test_skip("it sees no instructions");
        return;
    }
    g_autofree char *path = guest_path("trace.log");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-smp 2 -kernel ipi.bin -flat cx=2,dx=1 -device exit-port -D %s "
                    "-d in_asm,exec,int,cpu -dfilter 0x2000+8,0x3000+8",
                    path);
    guest_type(guest, "x\004"); /* this ends the guest before the letter is acknowledged */
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_autofree char *log = guest_read_file(path);
    g_remove(path);
    assert_lines(log, "CPU 1: in_asm 0x00002000 16-bit, 0200:00000000", 1);
    assert_lines(log, "CPU 1: exec 0x00002000 16-bit CPL 0, instructions ", 1);
    assert_lines(log, "CPU 1: cpu 0x00002000", 1);
    assert_lines(log, "CPU 1: exec 0x00003000 16-bit CPL 0, instructions ", 1);
    assert_lines(log, "CPU 0: exec ", 0);
    assert_lines(log, "CPU 0: int 0x42 hardware at 0000:", 2);
    assert_lines(log, "CPU 1: int 0x43 hardware at 0000:", 1);
    assert_lines(log, "exec ", 0);
    assert_lines(log, "int ", 0);
}

/* Each reset shows the registers before it, on any accelerator. */
static void test_cpu_resets_are_shown(const GuestTarget *target)
{
    g_autofree char *log = run_hello(target, "-smp 2 -d cpu_reset");
    assert_lines(log, "CPU Reset (CPU 0)", 1);
    assert_lines(log, "CPU Reset (CPU 1)", 1);
    assert_lines(log, "EAX=00000000 EBX=00000000 ", 2);
}

/* The guest turns on paging for 64-bit code. */
static void test_changes_of_control_registers_are_shown(const GuestTarget *target)
{
    if (!sees_instructions(target)) {
        g_test_skip("it sees no instructions");
        return;
    }
    g_autofree char *path = guest_path("trace.log");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel long.bin -D %s -d mmu", path);
    guest_close_input(guest);
    guest_wait_exit(guest);
    g_autofree char *log = guest_read_file(path);
    g_remove(path);
    assert_lines(log, "CR3 update: CR3=0x00008000", 1);
    assert_lines(log, "CR4 update: CR4=0x00000020", 1);
    assert_lines(log, "CR0 update: CR0=0x60000011", 1);
    assert_lines(log, "CR0 update: CR0=0xe0000011", 1);
}

/* There is one line, whatever items are given, and the guest runs. */
static void test_who_sees_no_instructions_says_so(const GuestTarget *target)
{
    g_autofree char *log = run_hello(target, "-d in_asm,int,exec,cpu,mmu,nochain");
    if (sees_instructions(target)) {
        return;
    }
    g_autofree char *message = g_strdup_printf(
        "pioemu: -d in_asm, int, exec, cpu, mmu, nochain: -accel %s does not see the guest's "
        "instructions, so none is logged (use -accel soft)\n",
        target->accel);
    g_assert_cmpstr(log, ==, message);
}

static void test_a_long_trace_is_all_there(const GuestTarget *target)
{
    if (!sees_instructions(target)) {
        g_test_skip("it sees no instructions");
        return;
    }
    g_autofree char *path = guest_path("trace.log");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel long.bin -D %s -d exec -timeout 60", path);
    guest_close_input(guest);
    guest_wait_exit(guest);
    g_autofree char *log = guest_read_file(path);
    g_remove(path);
    /*
     * Each block begins where the one before it ended, or earlier.  The exception is the block
     * after the guest's only REP, since each repetition counts as an instruction.
     */
    uint64_t next = 0;
    unsigned gaps = 0;
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    for (char **line = lines; *line && g_str_has_prefix(*line, "exec "); line++) {
        const char *number = strstr(*line, "instructions ");
        g_assert_nonnull(number);
        char *end;
        uint64_t first = g_ascii_strtoull(number + strlen("instructions "), &end, 10);
        gaps += first > next;
        g_assert_true(g_str_has_prefix(end, ".."));
        next = g_ascii_strtoull(end + 2, NULL, 10) + 1;
    }
    g_assert_cmpuint(gaps, ==, 1);
    g_assert_cmpuint(next, >, 100);
}

/* Runs a guest to its end.  Returns its output and, in `log`, its trace (free both). */
static char *run_traced(const GuestTarget *target, const char *options, char **log)
{
    g_autofree char *path = guest_path("trace.log");
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-rtc base=2000-01-01T00:00:00 -timeout 120 -d exec,int -D %s %s",
        path, options);
    guest_close_input(guest);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    *log = guest_read_file(path);
    g_remove(path);
    return g_strdup(guest_output(guest, GUEST_OUT)->str);
}

/*
 * The output is the same, and so are the blocks and interrupts with their
 * instruction numbers.  The last line has the number of the last instruction.
 */
static void test_two_runs_are_the_same(const GuestTarget *target)
{
    static const char *const GUESTS[] = {"-kernel timer.bin -flat cx=100,dx=1",
                                         "-kernel portio.bin -device exit-port",
                                         "-kernel hello.bin"};
    if (!sees_instructions(target)) {
        g_test_skip("its time is the host's");
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(GUESTS); i++) {
        g_autofree char *first_log = NULL, *second_log = NULL;
        g_autofree char *first = run_traced(target, GUESTS[i], &first_log);
        g_autofree char *second = run_traced(target, GUESTS[i], &second_log);
        g_assert_cmpstr(first, ==, second);
        g_assert_cmpuint(strlen(first_log), >, 100);
        g_assert_true(!strcmp(first_log, second_log));
    }
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("trace/code_is_shown_once_and_its_entries_each_time",
                    test_code_is_shown_once_and_its_entries_each_time, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/filter_leaves_the_code_of_its_range",
                    test_filter_leaves_the_code_of_its_range, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/interrupts_are_shown", test_interrupts_are_shown, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/names_the_cpu", test_each_line_names_its_cpu, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/cpu_resets_are_shown", test_cpu_resets_are_shown, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/changes_of_control_registers_are_shown",
                    test_changes_of_control_registers_are_shown, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/who_sees_no_instructions_says_so", test_who_sees_no_instructions_says_so,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/a_long_trace_is_all_there", test_a_long_trace_is_all_there,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("trace/two_runs_are_the_same", test_two_runs_are_the_same,
                    GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
