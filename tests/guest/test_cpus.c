/*
 * Several CPUs: they work together, their runs can be repeated, and each of them
 * can end the run or leave it to the others.
 */
#include "tests/guest/guest_rig.h"

#include <glib/gstdio.h>
#include <string.h>

#define CTRL_D     "\x04"
#define PASTE_SIZE 3000u

enum { DIED = 4, TIMED_OUT = 5, ALONE_AGAIN = 33 };

static bool is_repeatable(const GuestTarget *target)
{
    return !strcmp(target->accel, "soft");
}

/* ---- working together ---- */

/* Everything that ipi.bin prints before it takes input. */
static char *greeting(unsigned cpus, unsigned rounds)
{
    return g_strdup_printf("%u CPUs\n"
                           "sum %u\n"
                           "an NMI ended the HLT of CPU 1\n"
                           "1 CPU took what all others might take\n"
                           "INIT: CPU %u stands still\n"
                           "SIPI: CPU %u runs again\n"
                           "type, ^D ends:\n",
                           cpus, cpus * rounds, cpus - 1, cpus - 1);
}

static Guest *start_ipi(const GuestTarget *target, unsigned cpus, unsigned rounds)
{
    return guest_start(target, &GUEST_ON_PIPES,
                       "-smp %u -kernel ipi.bin -device exit-port -flat cx=%u,dx=%u", cpus, cpus,
                       rounds);
}

/* Runs to the end and checks that exactly `typed` came back, without the character that ends it. */
static void assert_echo(Guest *guest, unsigned cpus, unsigned rounds, const char *typed)
{
    guest_type(guest, CTRL_D);
    int status = guest_wait_exit(guest);
    g_autofree char *start = greeting(cpus, rounds);
    g_autofree char *all = g_strdup_printf("%s%s\n%zu bytes\n", start, typed, strlen(typed));
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, all);
    g_assert_cmpstr(guest_output(guest, GUEST_ERR)->str, ==, "");
    g_assert_cmpint(status, ==, 0);
}

static void test_single_keys(const GuestTarget *target)
{
    static const char KEYS[] = "abcdefghijklmnopqrstuvwxyz";
    g_autoptr(Guest) guest = start_ipi(target, 3, 20000);
    guest_expect(guest, GUEST_OUT, "type, ^D ends:\n");
    for (const char *key = KEYS; *key; key++) {
        const char text[] = {*key, '\0'};
        guest_type(guest, text);
        guest_expect(guest, GUEST_OUT, text);
    }
    assert_echo(guest, 3, 20000, KEYS);
}

/* Input that came before the guest asked for it is not lost either. */
static void test_paste(const GuestTarget *target)
{
    g_autofree char *text = g_malloc0(PASTE_SIZE + 1);
    for (unsigned i = 0; i < PASTE_SIZE; i++) {
        text[i] = (char)(' ' + (i * 7 + i / 90) % 90);
    }
    g_autoptr(Guest) guest = start_ipi(target, 4, 5000);
    guest_send(guest, text, PASTE_SIZE);
    assert_echo(guest, 4, 5000, text);
}

static void test_counts(const GuestTarget *target)
{
    static const unsigned COUNTS[] = {2, 9, 16};
    for (size_t i = 0; i < G_N_ELEMENTS(COUNTS); i++) {
        g_autoptr(Guest) guest = start_ipi(target, COUNTS[i], 300);
        assert_echo(guest, COUNTS[i], 300, "");
    }
}

/* ---- repeatable ---- */

/* Records every access to every device with its time, and the number of instructions. */
static GBytes *record_run(const GuestTarget *target, const char *options)
{
    g_autofree char *path = guest_path("cpus.rec");
    g_autoptr(GError) error = NULL;
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-rtc base=2000-01-01T00:00:00,clock=vm -record %s %s",
                    path, options);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, false, &error);
    g_assert_no_error(error);
    g_remove(path);
    return g_mapped_file_get_bytes(file);
}

static void test_repeatable(const GuestTarget *target)
{
    static const char *const RUNS[] = {"-smp 2 -kernel smp.bin -flat cx=2",
                                       "-smp 5 -kernel smp.bin -flat cx=5",
                                       "-smp 16 -kernel smp.bin -flat cx=16",
                                       "-smp 3 -kernel ../tests/guest/smp_end.bin -flat cx=0,bx=0"};
    if (!is_repeatable(target)) {
        g_test_skip("several threads are never the same twice");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(RUNS); i++) {
        g_autoptr(GBytes) first = record_run(target, RUNS[i]);
        g_autoptr(GBytes) second = record_run(target, RUNS[i]);
        g_assert_cmpuint(g_bytes_get_size(first), >, 1000);
        g_assert_true(g_bytes_equal(first, second));
    }
}

/* ---- ends ---- */

/* What CPU 1 does, and what CPU 0 does meanwhile; in the order of smp_end.S. */
enum { HALT, BEAT, DIE, LEAVE, POWER_OFF, RESET_KEYBOARD, RESET_CF9, RESET_92 };
enum { REST_HALTS, REST_SPINS, REST_LEAVES };

typedef struct Ending {
    const char *name;
    unsigned end, rest;
    const char *options;
    int status;
    const char *output;
    const char *said, *reason; /* parts of the text on stderr and in the result */
} Ending;

static const Ending ENDINGS[] = {
    {"all_halt", HALT, REST_HALTS, "", 0, "", NULL, "halted with interrupts disabled"},
    {"one_halts_and_one_continues", HALT, REST_LEAVES, "", 9, "CPU 0 goes on\n", NULL,
     "the guest chose it"},
    {"one_continues_after_the_first_halts", BEAT, REST_HALTS, "-timeout 1", TIMED_OUT, "",
     "the guest ran for 1 s", "-timeout"},
    {"both_run_until_the_time_is_up", BEAT, REST_SPINS, "-timeout 1", TIMED_OUT, "", "CPU 1:\n",
     "-timeout"},
    {"another_dies", DIE, REST_HALTS, "", DIED, "", "the guest died: CPU 1: triple fault",
     "CPU 1: triple fault"},
    {"another_dies_while_the_first_runs", DIE, REST_SPINS, "", DIED, "",
     "the guest died: CPU 1: triple fault", "CPU 1: triple fault"},
    {"another_ends_it", LEAVE, REST_SPINS, "", 77, "", NULL, "the guest chose it"},
    {"another_ends_it_after_the_first_halts", LEAVE, REST_HALTS, "", 77, "", NULL,
     "the guest chose it"},
    {"another_powers_off", POWER_OFF, REST_SPINS, "", 0, "", NULL, "powered off"},
    {"another_resets_by_the_keyboard_controller", RESET_KEYBOARD, REST_SPINS, "", ALONE_AGAIN,
     "again, alone\n", NULL, "the guest chose it"},
    {"another_resets_by_cf9", RESET_CF9, REST_SPINS, "", ALONE_AGAIN, "again, alone\n", NULL,
     "the guest chose it"},
    {"another_resets_by_port_92", RESET_92, REST_SPINS, "", ALONE_AGAIN, "again, alone\n", NULL,
     "the guest chose it"},
    {"another_resets_after_the_first_halts", RESET_CF9, REST_HALTS, "", ALONE_AGAIN,
     "again, alone\n", NULL, "the guest chose it"},
    {"another_resets_and_no_reboot", RESET_CF9, REST_SPINS, "-no-reboot", 0, "", NULL,
     "-no-reboot"},
};

static void assert_has(const char *text, const char *part)
{
    if (part && !strstr(text, part)) {
        g_assert_cmpstr(text, ==, part);
    }
}

static void assert_ending(const GuestTarget *target, const Ending *ending)
{
    g_autofree char *path = guest_path("result.json");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-smp 2 -device exit-port -kernel ../tests/guest/smp_end.bin "
                    "-flat cx=%u,bx=%u -result %s %s",
                    ending->end * 2, ending->rest * 2, path, ending->options);
    g_test_message("%s", ending->name);
    g_assert_cmpint(guest_wait_exit(guest), ==, ending->status);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, ending->output);
    const char *messages = guest_output(guest, GUEST_ERR)->str;
    assert_has(messages, ending->said);
    if (!ending->said) {
        g_assert_cmpstr(messages, ==, "");
    }
    g_autofree char *result = guest_read_file(path);
    assert_has(result, ending->reason);
    g_remove(path);
}

static void test_endings(const GuestTarget *target)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ENDINGS); i++) {
        assert_ending(target, &ENDINGS[i]);
    }
}

/* The report has the registers of each CPU, and for the one that died those at its end. */
static void test_report(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-smp 3 -kernel ../tests/guest/smp_end.bin -flat cx=%u", DIE * 2);
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    g_autofree char *dead =
        guest_expect_match(guest, GUEST_ERR, "the guest died: CPU ([12]): triple fault");
    for (unsigned i = 0; i < 3; i++) {
        g_autofree char *number = g_strdup_printf("%u", i);
        g_autofree char *title = g_strdup_printf("CPU %u:", i);
        bool died = !strcmp(number, dead), lost = guest_registers_are_lost(guest);
        guest_expect(guest, GUEST_ERR, title);
        if (died && lost) {
            guest_expect(guest, GUEST_ERR, "Its registers at its last exit, at most ");
        }
        guest_expect(guest, GUEST_ERR, "\nEAX=");
        if (died && !lost) {
            guest_expect(guest, GUEST_ERR, "protected mode, 16-bit\n");
            guest_expect(guest, GUEST_ERR, "IDT base=00000000 limit=0000\n");
        }
    }
}

static void test_escape(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_TERMINAL, "-smp 3 -kernel ipi.bin");
    guest_expect(guest, GUEST_OUT, "type, ^D ends:");
    guest_type(guest, "x");
    guest_expect(guest, GUEST_OUT, "x");
    guest_type(guest, "\x01x");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("cpus/pass_single_keys_on", test_single_keys, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpus/pass_a_paste_on", test_paste, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpus/2_9_and_16", test_counts, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpus/do_the_same_twice", test_repeatable, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpus/end", test_endings, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpus/are_all_in_the_report", test_report, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpus/end_with_the_escape_key", test_escape, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
