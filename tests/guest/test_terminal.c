/*
 * The user's terminal: raw while the guest has it, restored at every other moment;
 * and the keys that do not go to the guest.
 */
#include "tests/guest/guest_shell.h"

#include <signal.h>

#define CTRL_A "\x01"
#define CTRL_C "\x03"
#define CTRL_T "\x14"

static void wait_raw(Guest *guest)
{
    guest_wait_until(guest, guest_is_raw, "the terminal is raw");
}

/* When this returns, the guest runs, and output before it is not lost. */
static Guest *start_shell(const GuestTarget *target, const char *options)
{
    Guest *guest = guest_shell_start(target, &GUEST_ON_TERMINAL, options);
    wait_raw(guest);
    return guest;
}

static Guest *start_echo(const GuestTarget *target, const char *options)
{
    Guest *guest = guest_start(target, &GUEST_ON_TERMINAL, "-kernel echo.bin %s", options);
    wait_raw(guest);
    guest_type(guest, "ready");
    guest_expect(guest, GUEST_OUT, "ready");
    return guest;
}

static void assert_as_before(Guest *guest)
{
    g_assert_true(guest_is_restored(guest));
    guest_assert_flags_kept(guest);
}

/* The terminal adds a CR before each LF. */
static void assert_answers(Guest *guest)
{
    guest_shell_last(guest, "add 2 2");
    guest_expect(guest, GUEST_OUT, "add 2 2\r\r\n4\r\r\n");
    guest_shell_prompt(guest);
}

/* ---- raw mode ---- */

static void test_raw(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    struct termios modes = guest_modes(guest);
    struct termios before = guest_modes_before(guest);
    g_assert_cmphex(modes.c_oflag, ==, before.c_oflag);
    g_assert_cmpint(modes.c_cc[VMIN], ==, 1);
    guest_assert_flags_kept(guest);
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_as_before(guest);
}

static void test_user_s_raw_mode(const GuestTarget *target)
{
    static const GuestWires RAW = {.in = GUEST_TERMINAL, .out = GUEST_TERMINAL, .raw = true};
    g_autoptr(Guest) guest = guest_shell_start(target, &RAW, "");
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_as_before(guest);
}

static void test_refused(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_TERMINAL, "-kernel hello.bin -device nonsense");
    g_assert_cmpint(guest_wait_exit(guest), ==, 2);
    assert_as_before(guest);
}

static void test_died(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    guest_shell_last(guest, "crash");
    g_assert_cmpint(guest_wait_exit(guest), ==, 4);
    assert_as_before(guest);
}

/* ---- signals ---- */

static void test_ending_signals(const GuestTarget *target)
{
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < G_N_ELEMENTS(SIGNALS); i++) {
        g_autoptr(Guest) guest = start_shell(target, "");
        guest_signal(guest, SIGNALS[i]);
        g_assert_cmpint(guest_wait_killed(guest), ==, SIGNALS[i]);
        assert_as_before(guest);
    }
}

/* Under a sanitizer the program must leave these signals to it. */
static void leave_signals_alone(void)
{
    const char *given = g_getenv("ASAN_OPTIONS");
    g_autofree char *options = g_strdup_printf(
        "%s:handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigill=0", given ? given : "");
    g_setenv("ASAN_OPTIONS", options, true);
}

static void test_fatal_signals(const GuestTarget *target)
{
    static const int SIGNALS[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL};
    g_autofree char *sanitizer = g_strdup(g_getenv("ASAN_OPTIONS"));
    leave_signals_alone();
    for (size_t i = 0; i < G_N_ELEMENTS(SIGNALS); i++) {
        g_autoptr(Guest) guest = start_shell(target, "");
        guest_signal(guest, SIGNALS[i]);
        g_assert_cmpint(guest_wait_killed(guest), ==, SIGNALS[i]);
        assert_as_before(guest);
    }
    g_setenv("ASAN_OPTIONS", sanitizer ? sanitizer : "", true);
}

static void test_killed(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    guest_signal(guest, SIGKILL);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGKILL);
    guest_wait_until(guest, guest_is_restored, "the guardian has restored the terminal");
    guest_assert_flags_kept(guest);
}

/* The shell that owns the terminal passes the signal on.  Until then nothing spins. */
static void test_hung_up(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    guest_hang_up(guest);
    guest_assert_idle(guest);
    guest_signal(guest, SIGHUP);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGHUP);
}

/* ---- job control ---- */

static void assert_stops_and_goes_on(const GuestTarget *target, int number)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    guest_signal(guest, number);
    guest_wait_stopped(guest);
    if (number == SIGTSTP) {
        assert_as_before(guest);
    }
    guest_continue(guest, true);
    wait_raw(guest);
    assert_answers(guest);
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_as_before(guest);
}

static void test_suspended(const GuestTarget *target)
{
    assert_stops_and_goes_on(target, SIGTSTP);
}

static void test_stopped(const GuestTarget *target)
{
    assert_stops_and_goes_on(target, SIGSTOP);
}

/* In the background the terminal belongs to the shell, but the output still comes. */
static void test_background(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    guest_signal(guest, SIGTSTP);
    guest_wait_stopped(guest);
    guest_continue(guest, false);
    guest_assert_idle(guest);
    assert_as_before(guest);
    guest_continue(guest, true);
    wait_raw(guest);
    assert_answers(guest);
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
    assert_as_before(guest);
}

/* ---- keys ---- */

static void test_announced(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    guest_expect(guest, GUEST_ERR, "pioemu: Ctrl-A x quits, Ctrl-A h helps\n");
}

static void test_quit(const GuestTarget *target)
{
    g_autofree char *path = guest_path("result.json");
    g_autofree char *options = g_strdup_printf("-result %s", path);
    g_autoptr(Guest) guest = start_shell(target, options);
    guest_type(guest, CTRL_A "x");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_as_before(guest);
    g_autofree char *result = guest_read_file(path);
    g_assert_cmpstr(result, ==, "{\"status\":0,\"by\":\"user\",\"reason\":\"the user quit\"}\n");
}

/* The guest reads nothing at all, but the escape key works. */
static void test_quit_from_a_deaf_guest(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_TERMINAL, "-kernel hello.bin -no-shutdown");
    guest_expect(guest, GUEST_ERR, "-no-shutdown keeps the machine");
    wait_raw(guest);
    guest_type(guest, "some input that is not read");
    guest_type(guest, CTRL_A "x");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_as_before(guest);
}

static void test_help(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_echo(target, "");
    guest_type(guest, CTRL_A "h.");
    guest_expect(guest, GUEST_OUT, ".");
    guest_expect(guest, GUEST_ERR, "h helps");
    guest_expect(guest, GUEST_ERR, "Ctrl-A x");
    guest_expect(guest, GUEST_ERR, "Ctrl-A h");
    guest_expect(guest, GUEST_ERR, "Ctrl-A Ctrl-A");
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "ready.");
}

static void test_escape_twice(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_echo(target, "");
    guest_type(guest, CTRL_A CTRL_A ".");
    guest_expect(guest, GUEST_OUT, ".");
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "ready" CTRL_A ".");
}

static void test_other_escape(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_echo(target, "-echr 20");
    guest_expect(guest, GUEST_ERR, "Ctrl-T x quits");
    guest_type(guest, CTRL_A "x");
    guest_expect(guest, GUEST_OUT, CTRL_A "x");
    guest_type(guest, CTRL_T "x");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_no_escape(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_echo(target, "-echr 0");
    guest_type(guest, CTRL_A "x");
    guest_expect(guest, GUEST_OUT, CTRL_A "x");
    g_assert_cmpstr(guest_messages(guest), ==, "");
}

static void test_guest_keys(const GuestTarget *target)
{
    static const char KEYS[] = CTRL_C "\x04\x1a\x1c\x11\x13\r\x7f";
    g_autoptr(Guest) guest = start_echo(target, "");
    guest_type(guest, KEYS);
    guest_expect(guest, GUEST_OUT, KEYS);
}

static void test_signal_key(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_shell_start(target, &GUEST_ON_TERMINAL, "-serial stdio,signal=on");
    guest_type(guest, CTRL_C);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGINT);
    assert_as_before(guest);
}

static void test_idle(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target, "");
    guest_assert_idle(guest);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("terminal/is_raw_until_the_end", test_raw, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/that_was_raw_stays_raw", test_user_s_raw_mode, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_restored_when_nothing_starts", test_refused,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_restored_when_the_guest_dies", test_died, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_restored_by_ending_signals", test_ending_signals,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_restored_by_fatal_signals", test_fatal_signals,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_restored_after_sigkill", test_killed, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/that_hangs_up_ends_the_run", test_hung_up, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_the_shells_while_suspended", test_suspended,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_raw_again_after_sigstop", test_stopped, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/is_left_alone_in_the_background", test_background,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/are_announced", test_announced, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/ctrl_a_x_quits_with_0", test_quit, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/ctrl_a_x_quits_a_deaf_guest", test_quit_from_a_deaf_guest,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/ctrl_a_h_helps", test_help, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/ctrl_a_twice_sends_one", test_escape_twice, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/echr_changes_the_escape_key", test_other_escape, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/echr_0_leaves_no_escape_key", test_no_escape, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/ctrl_c_and_the_like_reach_the_guest", test_guest_keys,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("keys/ctrl_c_ends_it_with_signal_on", test_signal_key, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("terminal/idle_costs_nothing", test_idle, GUEST_EVERY_IRQCHIP);
    return guest_tests_run();
}
