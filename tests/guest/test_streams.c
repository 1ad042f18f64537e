/*
 * Standard input and output that are unusual, absent or full.  The program never
 * hangs, spins or loses the exit status.
 */
#include "tests/guest/guest_shell.h"

#include <signal.h>
#include <string.h>

/* More output than the pipe and the port hold together. */
#define MANY_LINES 400u
/* A page of memory is shown in 256 lines of this size. */
#define PEEK_LINE (sizeof("00000000") - 1 + 16 * 3 + 2 + 16 + 2)
/* Less than the five seconds for which the program waits for a reader at the end. */
#define PROMPTNESS_US (4 * G_USEC_PER_SEC)

static const GuestWires IN_NULL = {.in = GUEST_NULL};
static const GuestWires IN_CLOSED = {.in = GUEST_CLOSED};
static const GuestWires OUT_NULL = {.out = GUEST_NULL};
static const GuestWires OUT_CLOSED = {.out = GUEST_CLOSED};
static const GuestWires OUT_UNREAD = {.out = GUEST_UNREAD};
static const GuestWires ALL_CLOSED = {.in = GUEST_CLOSED, .out = GUEST_CLOSED, .err = GUEST_CLOSED};
static const GuestWires OUT_AND_ERR_UNREAD = {.out = GUEST_UNREAD, .err = GUEST_UNREAD};

/* ---- input ---- */

static void assert_idle_then_killable(Guest *guest)
{
    guest_assert_idle(guest);
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
}

static void test_idle_pipe(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    assert_idle_then_killable(guest);
}

static void test_end_of_input(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_type(guest, "add 2 2\r");
    guest_close_input(guest);
    guest_expect(guest, GUEST_OUT, "\r\n4\r\n");
    guest_shell_prompt(guest);
    assert_idle_then_killable(guest);
}

static void test_input_before_the_start(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel shell.bin -device exit-port");
    guest_type(guest, "add 3 4\radd 5 6\rexit 9\r");
    guest_close_input(guest);
    guest_expect(guest, GUEST_OUT, "\r\n7\r\n");
    guest_expect(guest, GUEST_OUT, "\r\n11\r\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 9);
}

static void test_input_null(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &IN_NULL, "");
    assert_idle_then_killable(guest);
}

static void test_input_closed(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &IN_CLOSED, "");
    assert_idle_then_killable(guest);
}

static void test_hello_without_input(const GuestTarget *target)
{
    const GuestWires *const wires[] = {&IN_NULL, &IN_CLOSED};
    for (size_t i = 0; i < G_N_ELEMENTS(wires); i++) {
        g_autoptr(Guest) guest = guest_start(target, wires[i], "-kernel hello.bin");
        g_assert_cmpint(guest_wait_exit(guest), ==, 0);
        g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "4\nHello\n");
        guest_assert_flags_kept(guest);
    }
}

/* ---- output ---- */

static void test_output_absent(const GuestTarget *target)
{
    const GuestWires *const wires[] = {&OUT_NULL, &OUT_CLOSED, &ALL_CLOSED};
    for (size_t i = 0; i < G_N_ELEMENTS(wires); i++) {
        g_autoptr(Guest) guest =
            guest_start(target, wires[i], "-kernel portio.bin -device exit-port");
        g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    }
}

static void test_status_without_output(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &OUT_CLOSED, "-kernel shell.bin -device exit-port");
    guest_type(guest, "help\rexit 7\r");
    g_assert_cmpint(guest_wait_exit(guest), ==, 7);
    guest_expect(guest, GUEST_ERR, "output to standard output is lost: Bad file descriptor\n");
}

static void test_reader_gone(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "-device exit-port");
    guest_close_output(guest);
    guest_type(guest, "help\r");
    guest_expect(guest, GUEST_ERR, "output to standard output is lost: Broken pipe\n");
    guest_assert_idle(guest);
    guest_type(guest, "exit 7\r");
    g_assert_cmpint(guest_wait_exit(guest), ==, 7);
}

/* Debug port and serial port both lose their reader. */
static void test_reader_of_counter_gone(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel counter.bin -flat addr=0,ip=0");
    guest_expect(guest, GUEST_OUT, "data: 100\n");
    guest_close_output(guest);
    guest_expect(guest, GUEST_ERR, "is lost: Broken pipe\n");
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
}

static void send_peeks(Guest *guest, unsigned lines)
{
    for (; lines > 256; lines -= 256) {
        guest_type(guest, "peek 0 4096\r");
    }
    g_autofree char *rest = g_strdup_printf("peek 0 %u\r", lines * 16);
    guest_type(guest, rest);
}

static void assert_killed_promptly(Guest *guest)
{
    gint64 start = g_get_monotonic_time();
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
    g_assert_cmpint(g_get_monotonic_time() - start, <, PROMPTNESS_US);
}

/* The shell's transmitter stalls.  The debug port cannot stall. */
static void test_full_pipe(const GuestTarget *target)
{
    static const char *const GUESTS[] = {"shell.bin", "counter.bin -flat addr=0,ip=0"};
    for (size_t i = 0; i < G_N_ELEMENTS(GUESTS); i++) {
        g_autoptr(Guest) guest = guest_start(target, &OUT_UNREAD, "-kernel %s", GUESTS[i]);
        send_peeks(guest, MANY_LINES);
        guest_wait_until(guest, guest_output_is_full, "the pipe is full");
        assert_killed_promptly(guest);
    }
}

static void test_full_pipes(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &OUT_AND_ERR_UNREAD, "-kernel shell.bin -d io");
    send_peeks(guest, MANY_LINES);
    guest_wait_until(guest, guest_output_is_full, "the pipe is full");
    assert_killed_promptly(guest);
}

/* More than the pipe accepts, but no more than the port holds, so the guest ends. */
static void test_status_with_full_pipe(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &OUT_UNREAD, "-kernel shell.bin -device exit-port");
    send_peeks(guest, (unsigned)((GUEST_UNREAD_SIZE + 8192) / PEEK_LINE));
    guest_type(guest, "exit 9\r");
    g_assert_cmpint(guest_wait_exit(guest), ==, 9);
    g_free(
        guest_expect_match(guest, GUEST_ERR, "^pioemu: [0-9]+ bytes of output were not delivered"));
}

/* A reader that comes late gets everything, and then the guest continues. */
static void test_late_reader(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &OUT_UNREAD, "-kernel shell.bin -device exit-port");
    send_peeks(guest, MANY_LINES);
    guest_type(guest, "exit 9\r");
    guest_wait_until(guest, guest_output_is_full, "the pipe is full");
    guest_read_again(guest);
    g_assert_cmpint(guest_wait_exit(guest), ==, 9);
    g_assert_cmpuint(guest_output(guest, GUEST_OUT)->len, >, MANY_LINES * PEEK_LINE);
    g_assert_true(g_str_has_suffix(guest_output(guest, GUEST_OUT)->str, "pioemu> exit 9\r\n"));
}

/* ---- several devices on one output ---- */

/* Prints, 200 times, a dot to COM1 and the number of the remaining ones to the debug port. */
static const uint8_t DOTS_AND_NUMBERS[] = {
    0xfa,             /*    cli */
    0xb9, 200,  0x00, /*    mov $200, %cx */
    0xba, 0xf8, 0x03, /*    mov $0x3f8, %dx */
    0xb0, '.',        /* 1: mov $'.', %al */
    0xee,             /*    out %al, (%dx) */
    0x88, 0xc8,       /*    mov %cl, %al */
    0xe6, 0x10,       /*    out %al, $0x10 */
    0xe2, 0xf7,       /*    loop 1b */
    0xf4,             /*    hlt */
};

static void test_order(const GuestTarget *target)
{
    static const char *const OPTIONS[] = {"-serial stdio",
                                          "-debugport mon:stdio -serial chardev:debugport0"};
    g_autofree char *path = guest_path("dots.bin");
    g_assert_true(
        g_file_set_contents(path, (const char *)DOTS_AND_NUMBERS, sizeof(DOTS_AND_NUMBERS), NULL));
    g_autoptr(GString) expected = g_string_new(NULL);
    for (unsigned left = 200; left; left--) {
        g_string_append_printf(expected, ".IO port: 10, data: %x\n", left);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(OPTIONS); i++) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, "-kernel %s %s", path, OPTIONS[i]);
        g_assert_cmpint(guest_wait_exit(guest), ==, 0);
        g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, expected->str);
    }
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("input/waiting_costs_nothing", test_idle_pipe, GUEST_EVERY_IRQCHIP);
    guest_tests_add("input/ends_and_nothing_spins", test_end_of_input, GUEST_EVERY_IRQCHIP);
    guest_tests_add("input/typed_before_the_start_arrives", test_input_before_the_start,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("input/from_null", test_input_null, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("input/closed", test_input_closed, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("input/is_not_needed", test_hello_without_input, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/is_not_needed", test_output_absent, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/closed_loses_no_status", test_status_without_output,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/whose_reader_goes_away", test_reader_gone, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/of_a_busy_guest_whose_reader_goes_away", test_reader_of_counter_gone,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/without_a_reader_ends_promptly", test_full_pipe, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/and_messages_without_a_reader", test_full_pipes, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/without_a_reader_loses_no_status", test_status_with_full_pipe,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/that_is_read_late_is_whole", test_late_reader, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("output/of_several_devices_keeps_the_guests_order", test_order,
                    GUEST_EVERY_IRQCHIP);
    return guest_tests_run();
}
