/* Every way in which a run ends: its status, its messages, and the file of -result. */
#include "tests/guest/guest_shell.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HOST = 3, DIED = 4, TIMED_OUT = 5 };

/* ---- -result ---- */

static void assert_result(const char *path, int status, const char *by, const char *reason)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    json_parser_load_from_file(parser, path, &error);
    g_assert_no_error(error);
    JsonObject *result = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpint(json_object_get_int_member(result, "status"), ==, status);
    g_assert_cmpstr(json_object_get_string_member(result, "by"), ==, by);
    const char *said = json_object_get_string_member(result, "reason");
    if (!strstr(said, reason)) {
        g_assert_cmpstr(said, ==, reason);
    }
    g_remove(path);
}

static Guest *start_with_result(const GuestTarget *target, const char *options, char **path)
{
    *path = guest_path("result.json");
    g_autofree char *all = g_strdup_printf("-result %s %s", *path, options);
    return guest_shell_start(target, &GUEST_ON_PIPES, all);
}

/* ---- the guest ends it ---- */

static void test_halt(const GuestTarget *target)
{
    g_autofree char *path = NULL;
    g_autoptr(Guest) guest = start_with_result(target, "", &path);
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_messages(guest), ==, "");
    assert_result(path, 0, "guest-stop", "halted with interrupts disabled");
}

static void test_exit_port(const GuestTarget *target)
{
    static const int VALUES[] = {0, 1, 2, 3, 4, 5, 7, 255};
    for (size_t i = 0; i < G_N_ELEMENTS(VALUES); i++) {
        g_autofree char *path = NULL;
        g_autofree char *line = g_strdup_printf("exit %d", VALUES[i]);
        g_autoptr(Guest) guest = start_with_result(target, "-device exit-port", &path);
        guest_shell_last(guest, line);
        g_assert_cmpint(guest_wait_exit(guest), ==, VALUES[i]);
        g_assert_cmpstr(guest_messages(guest), ==, "");
        assert_result(path, VALUES[i], "guest", "the guest chose it");
    }
}

static void test_debug_exit(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "-device isa-debug-exit");
    guest_shell_last(guest, "out 0x501 0");
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
    g_autoptr(Guest) other =
        guest_shell_start(target, &GUEST_ON_PIPES, "-device isa-debug-exit,iobase=0xf4,iosize=4");
    guest_shell_last(other, "outl 0xf4 0x10");
    g_assert_cmpint(guest_wait_exit(other), ==, 0x21);
}

/* Nothing after the exit takes effect, not even the next instruction. */
static void test_exit_is_at_once(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "-device exit-port");
    guest_shell_last(guest, "exit 3");
    g_assert_cmpint(guest_wait_exit(guest), ==, 3);
    g_assert_true(g_str_has_suffix(guest_output(guest, GUEST_OUT)->str, "exit 3\r\n"));
}

/* Everything that the guest wrote to the port is delivered, however slow the line is. */
static void test_exit_loses_no_paced_character(const GuestTarget *target)
{
    static const char CODE[] = "\xba\xfa\x03\xb0\x01\xee" /* out %al, FCR: the FIFOs are on */
                               "\xba\xf8\x03\xbe\x19\x10\xb9\x10\x00" /* THR, text, size */
                               "\x2e\xac\xee\xe2\xfb" /* cs lodsb; out %al, (%dx); loop */
                               "\xb0\x03\xe6\xf4\xf4" /* out %al, $0xf4; hlt */
                               "0123456789abcde\n";
    g_autofree char *path = guest_path("lastwords.bin");
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, CODE, sizeof(CODE) - 1, &error);
    g_assert_no_error(error);
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-kernel %s -device exit-port -global isa-serial.pace=baud", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 3);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "0123456789abcde\n");
}

/* ---- the guest dies ---- */

/* The registers at the shell's crash, which enters protected mode and dies there. */
static void assert_registers_of_the_crash(Guest *guest)
{
    g_free(guest_expect_match(guest, GUEST_ERR, "^EAX=[0-9a-f]{8} EBX=[0-9a-f]{8} ECX="));
    g_free(guest_expect_match(guest, GUEST_ERR,
                              "^EIP=[0-9a-f]{8} FLAGS=[0-9a-f]{8} \\[.*\\] protected mode"));
    guest_expect(guest, GUEST_ERR, "\nES =0010 base=00000000 limit=0000ffff");
    guest_expect(guest, GUEST_ERR, "\nCS =0008 base=00000000 limit=0000ffff");
    guest_expect(guest, GUEST_ERR, "code16\n");
    guest_expect(guest, GUEST_ERR, "IDT base=00000000 limit=0000\n");
    g_free(guest_expect_match(guest, GUEST_ERR, "^CR0=[0-9a-f]{7}1 "));
}

/* The registers before the crash: the last access, to COM1, was in real mode. */
static void assert_registers_before_the_crash(Guest *guest)
{
    g_free(guest_expect_match(guest, GUEST_ERR,
                              "^Its registers at its last exit, at most [0-9]+ ms"
                              " before it died:\nEAX="));
    g_free(guest_expect_match(guest, GUEST_ERR,
                              "^EIP=0000[0-9a-f]{4} FLAGS=[0-9a-f]{8} \\[.*\\] real mode"));
    guest_expect(guest, GUEST_ERR, "\nCS =0000 base=00000000 limit=0000ffff");
}

/* -action turns it into the reset that it is on a PC, or into another end. */
static void test_triple_fault_with_action(const GuestTarget *target)
{
    g_autofree char *path = NULL, *second = NULL;
    g_autoptr(Guest) reset = start_with_result(target, "-action triple-fault=reset", &path);
    guest_shell_say(reset, "out 0x80 0x5a", "");
    guest_shell_last(reset, "crash");
    guest_shell_prompt(reset);
    guest_shell_last(reset, "halt");
    g_assert_cmpint(guest_wait_exit(reset), ==, 0);
    g_assert_null(strstr(guest_messages(reset), "died"));
    g_autoptr(Guest) end =
        start_with_result(target, "-action triple-fault=shutdown,reboot=pause", &second);
    guest_shell_last(end, "crash");
    g_assert_cmpint(guest_wait_exit(end), ==, 0);
    assert_result(second, 0, "guest-stop", "triple fault");
}

static void test_reboot_with_action(const GuestTarget *target)
{
    g_autofree char *path = NULL;
    g_autoptr(Guest) guest = start_with_result(target, "-action reboot=die", &path);
    guest_shell_last(guest, "out 0xcf9 6");
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    assert_result(path, DIED, "guest-died", "the guest asked for a reset");
}

static void test_triple_fault(const GuestTarget *target)
{
    g_autofree char *path = NULL;
    g_autoptr(Guest) guest = start_with_result(target, "", &path);
    guest_shell_say(guest, "out 0x80 0x5a", "");
    guest_shell_last(guest, "crash");
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    guest_assert_says(guest, "pioemu: the guest died: triple fault");
    guest_assert_says(guest, "-action triple-fault=reset");
    if (guest_registers_are_lost(guest)) {
        assert_registers_before_the_crash(guest);
    } else {
        assert_registers_of_the_crash(guest);
    }
    assert_result(path, DIED, "guest-died", "triple fault");
}

/* IN from port 61h, 2^28 times LOOP, LIDT of nothing, INT3. */
static const uint8_t LATE_CRASH[] = {0xe4, 0x61, 0x66, 0xb9, 0x00, 0x00, 0x00, 0x10,
                                     0x67, 0xe2, 0xfd, 0x0f, 0x01, 0x1e, 0x11, 0x10,
                                     0xcc, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

static bool loses_registers(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_shell_last(guest, "crash");
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    return guest_registers_are_lost(guest);
}

static gint64 coarse_tick_us(void)
{
    struct timespec tick;
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return tick.tv_sec * G_USEC_PER_SEC + tick.tv_nsec / 1000;
}

/*
 * The age of registers that are older than the end.  The loop is not its lower
 * bound, since a signal of the host may end KVM_RUN in the middle of it.  "At
 * most" adds a tick of the coarse clock and the rounding to what has passed.
 */
static void test_age(const GuestTarget *target)
{
    if (!loses_registers(target)) {
        g_test_skip("this accelerator keeps the registers of a guest that dies");
        return;
    }
    g_autofree char *path = guest_path("late-crash.bin");
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, (const char *)LATE_CRASH, sizeof(LATE_CRASH), &error);
    g_assert_no_error(error);
    gint64 start = g_get_monotonic_time();
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    gint64 most = (g_get_monotonic_time() - start + coarse_tick_us()) / 1000 + 2;
    g_autofree char *text = guest_expect_match(guest, GUEST_ERR, "last exit, at most ([0-9]+) ms");
    gint64 age = g_ascii_strtoll(text, NULL, 10);
    g_assert_cmpint(age, >, coarse_tick_us() / 1000);
    g_assert_cmpint(age, <=, most);
}

/*
 * UD2, at the end of the shell's crash.  If its registers were lost, the code is
 * that of the last exit.
 */
static void test_code_bytes(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_shell_last(guest, "crash");
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    g_autofree char *eip = guest_expect_match(guest, GUEST_ERR, "^EIP=([0-9a-f]{8})");
    g_autofree char *expected =
        g_strdup_printf("Code at %s: %s", eip,
                        guest_registers_are_lost(guest) ? "[0-9a-f]{2} [0-9a-f]{2} " : "0f 0b");
    g_free(guest_expect_match(guest, GUEST_ERR, expected));
}

/* The last output is CR LF, and before each byte the shell waits for the transmitter. */
static void test_last_accesses(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_shell_last(guest, "crash");
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    g_autofree char *told =
        guest_expect_match(guest, GUEST_ERR, "^Last ([0-9]+) accesses, oldest first:\n");
    uint64_t accesses = 0;
    for (unsigned i = 0; i < 16; i++) {
        g_autofree char *line = guest_expect_match(guest, GUEST_ERR, "  (port .*  COM1.*)\n");
        const char *times = strstr(line, "COM1  (");
        accesses += times ? g_ascii_strtoull(times + strlen("COM1  ("), NULL, 10) : 1;
    }
    g_assert_cmpuint(accesses, ==, g_ascii_strtoull(told, NULL, 10));
    guest_expect(guest, GUEST_ERR, "Devices:\n");
    guest_assert_says(guest, "  port write 0x03f8 <- 0x0d  COM1\n");
    guest_assert_says(guest, "  port write 0x03f8 <- 0x0a  COM1\n");
}

static void test_last_post_code(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_shell_say(guest, "out 0x80 0x5a", "");
    guest_shell_last(guest, "crash");
    g_assert_cmpint(guest_wait_exit(guest), ==, DIED);
    guest_assert_says(guest, "POST code 0x5a");
}

/* ---- time is up ---- */

static void test_timeout(const GuestTarget *target)
{
    g_autofree char *path = guest_path("result.json");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel echo.bin -timeout 1 -result %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, TIMED_OUT);
    guest_assert_says(guest, "pioemu: -timeout: the guest ran for 1 s\n");
    guest_assert_says(guest, "EIP=");
    /* Accesses before thousands of polls are still in the list. */
    guest_assert_says(guest, "port write 0x03fb <- 0x03  COM1\n");
    guest_assert_says(guest, "port read  0x03fd -> 0x60  COM1  (");
    guest_assert_says(guest, "Devices:\n");
    assert_result(path, TIMED_OUT, "timeout", "-timeout");
}

/* ---- the user ends it ---- */

static void test_signals(const GuestTarget *target)
{
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < G_N_ELEMENTS(SIGNALS); i++) {
        g_autofree char *path = NULL;
        g_autoptr(Guest) guest = start_with_result(target, "", &path);
        guest_signal(guest, SIGNALS[i]);
        g_assert_cmpint(guest_wait_killed(guest), ==, SIGNALS[i]);
        assert_result(path, 128 + SIGNALS[i], "signal", strsignal(SIGNALS[i]));
    }
}

/* Whatever ends the inspection, the guest's own end is the result. */
static void test_no_shutdown(const GuestTarget *target)
{
    g_autofree char *path = NULL;
    g_autoptr(Guest) guest = start_with_result(target, "-no-shutdown", &path);
    guest_shell_last(guest, "halt");
    guest_expect(guest, GUEST_ERR, "-no-shutdown keeps the machine");
    guest_assert_idle(guest);
    guest_signal(guest, SIGTERM);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_result(path, 0, "guest-stop", "halted with interrupts disabled");
}

/* A machine that is kept for inspection is not kept longer than -timeout. */
static void test_timeout_of_an_inspection(const GuestTarget *target)
{
    g_autofree char *path = guest_path("result.json");
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-kernel hello.bin -no-shutdown -timeout 3 -result %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_assert_one_line(guest);
    assert_result(path, 0, "guest-stop", "halted with interrupts disabled");
}

/* ---- what -X help prints ---- */

typedef struct Help {
    const char *options;
    const char *text; /* a part of it */
} Help;

static const Help HELPS[] = {
    {"-help", "Usage: pioemu"},
    {"--help", "example: -kernel"},
    {"--version", "pioemu 0."},
    {"-accel help", "\n  kvm "},
    {"-machine help", "\n  pc "},
    {"-device help", "\n  exit-port "},
    {"-device exit-port,help", "iobase"},
    {"-serial help", "\n  stdio"},
    {"-d help", "unclaimed"},
};

static void test_help(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(HELPS); i++) {
        g_autoptr(Guest) guest = guest_start(NULL, &GUEST_ON_PIPES, "%s", HELPS[i].options);
        g_assert_cmpint(guest_wait_exit(guest), ==, 0);
        g_assert_cmpstr(guest_messages(guest), ==, "");
        guest_expect(guest, GUEST_OUT, HELPS[i].text);
    }
}

/* ---- files ---- */

static void test_pidfile(const GuestTarget *target)
{
    g_autofree char *path = guest_path("pid");
    g_autofree char *options = g_strdup_printf("-pidfile %s", path);
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, options);
    g_autofree char *expected = g_strdup_printf("%d\n", (int)guest_pid(guest));
    g_autofree char *text = guest_read_file(path);
    g_assert_cmpstr(text, ==, expected);
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* The program that is refused does not truncate any log. */
static void test_pidfile_of_a_running_one(const GuestTarget *target)
{
    g_autofree char *path = guest_path("pid");
    g_autofree char *log = guest_path("log");
    g_autofree char *options = g_strdup_printf("-pidfile %s", path);
    g_autoptr(Guest) first = guest_shell_start(target, &GUEST_ON_PIPES, options);
    g_assert_true(g_file_set_contents(log, "old", -1, NULL));
    g_autoptr(Guest) second = guest_start(
        target, &GUEST_ON_PIPES, "-kernel hello.bin -pidfile %s -serial file:%s", path, log);
    g_assert_cmpint(guest_wait_exit(second), ==, 3);
    guest_assert_says(second, "another process has it");
    g_autofree char *expected = g_strdup_printf("%d\n", (int)guest_pid(first));
    g_autofree char *text = guest_read_file(path);
    g_autofree char *old = guest_read_file(log);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpstr(old, ==, "old");
    unlink(log);
    guest_shell_last(first, "halt");
    g_assert_cmpint(guest_wait_exit(first), ==, 0);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* Only a file that the program created is removed. */
static void test_pidfile_that_is_no_file(const GuestTarget *target)
{
    g_autofree char *path = guest_path("fifo");
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -pidfile %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_autofree char *expected = g_strdup_printf("%d\n", (int)guest_pid(guest));
    char text[32] = "";
    g_assert_cmpint(read(fd, text, sizeof(text) - 1), >, 0);
    g_assert_cmpstr(text, ==, expected);
    close(fd);
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void test_unclaimed(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "-d unclaimed");
    guest_shell_say(guest, "in 0x5e0", "0xff\r\n");
    guest_shell_say(guest, "in 0x5e0", "0xff\r\n");
    guest_shell_say(guest, "out 0x5e1 1", "");
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_assert_says(guest, "  port 0x05e0: 2 reads, 0 writes, first at 0x");
    guest_assert_says(guest, "  port 0x05e1: 0 reads, 1 writes, first at 0x");
}

static void test_log_to_file(const GuestTarget *target)
{
    g_autofree char *path = guest_path("log");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -d io,unclaimed -D %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_messages(guest), ==, "");
    g_autofree char *text = guest_read_file(path);
    g_assert_true(g_str_has_prefix(text, "COM1 write THR=0x34\n"
                                         "COM1 write THR=0x0a\n"
                                         "COM1 write THR=0x48\n"));
    g_assert_true(g_str_has_suffix(text, "Accesses without a device: none\n"));
}

static void test_serial_to_file(const GuestTarget *target)
{
    g_autofree char *path = guest_path("out");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -serial file:%s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "");
    g_autofree char *text = guest_read_file(path);
    g_assert_cmpstr(text, ==, "4\nHello\n");
}

static void test_result_cannot_be_written(const GuestTarget *target)
{
    g_autofree char *directory = guest_path("short-lived");
    g_assert_cmpint(g_mkdir(directory, 0777), ==, 0);
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-kernel echo.bin -timeout 1 -result %s/result", directory);
    guest_type(guest, "x");
    guest_expect(guest, GUEST_OUT, "x");
    g_assert_cmpint(g_rmdir(directory), ==, 0);
    g_assert_cmpint(guest_wait_exit(guest), ==, TIMED_OUT);
    guest_assert_says(guest, "pioemu: -result ");
}

static void test_result_with_the_longest_name(const GuestTarget *target)
{
    g_autofree char *name = g_strnfill(NAME_MAX, 'x');
    g_autofree char *path = guest_path(name);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -result %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    assert_result(path, 0, "guest-stop", "halted with interrupts disabled");
}

/* A pipe or a terminal is not replaced by a file. */
static void test_result_on_stdout(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -result /dev/stdout");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==,
                    "4\nHello\n{\"status\":0,\"by\":\"guest-stop\","
                    "\"reason\":\"the guest halted with interrupts disabled\"}\n");
}

static void test_name(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-name test1 -kernel echo.bin");
    guest_type(guest, "x");
    guest_expect(guest, GUEST_OUT, "x");
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", (int)guest_pid(guest));
    g_autofree char *name = guest_read_file(path);
    g_assert_cmpstr(name, ==, "test1\n");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    g_test_add_func("/guest/help", test_help);
    guest_tests_add("ends/0_when_it_halts", test_halt, GUEST_EVERY_IRQCHIP);
    guest_tests_add("ends/with_what_the_exit_port_says", test_exit_port, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("ends/with_qemus_debug_exit", test_debug_exit, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("ends/paced_characters", test_exit_loses_no_paced_character,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("ends/at_once", test_exit_is_at_once, GUEST_EVERY_IRQCHIP);
    guest_tests_add("ends/4_on_a_triple_fault_with_registers", test_triple_fault,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("report/age_of_lost_registers", test_age, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("ends/otherwise_with_action", test_triple_fault_with_action,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("ends/a_reset_with_action", test_reboot_with_action, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("report/code_bytes", test_code_bytes, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("report/last_accesses", test_last_accesses, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("report/last_post_code", test_last_post_code, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("ends/5_on_a_timeout_with_a_report", test_timeout, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("ends/by_the_signal_that_was_sent", test_signals, GUEST_EVERY_IRQCHIP);
    guest_tests_add("ends/not_with_no_shutdown", test_no_shutdown, GUEST_EVERY_IRQCHIP);
    guest_tests_add("ends/an_inspection_with_the_timeout", test_timeout_of_an_inspection,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/pidfile", test_pidfile, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/pidfile_of_a_running_one", test_pidfile_of_a_running_one,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/unclaimed_accesses_are_counted", test_unclaimed, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/log", test_log_to_file, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/serial", test_serial_to_file, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/a_result_that_cannot_be_written_is_said", test_result_cannot_be_written,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/a_pid_file_that_is_a_pipe_stays", test_pidfile_that_is_no_file,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/a_result_may_have_the_longest_name", test_result_with_the_longest_name,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("files/a_result_may_go_to_a_pipe", test_result_on_stdout,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("name_is_what_ps_shows", test_name, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
