/*
 * Each guest does what it says.
 */
#include "tests/guest/guest_shell.h"

#include <string.h>

#define COUNTER_LINES 4000u
#define PASTE_SIZE    102400u

static void assert_ends(Guest *guest, int status, const char *output)
{
    g_assert_cmpint(guest_wait_exit(guest), ==, status);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, output);
    g_assert_cmpstr(guest_messages(guest), ==, "");
}

static void test_add(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel add.bin");
    assert_ends(guest, 0, "4\n");
}

static void test_add_other_numbers(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel add.bin -flat ax=3,bx=5");
    assert_ends(guest, 0, "8\n");
}

static void test_hello(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin");
    assert_ends(guest, 0, "4\nHello\n");
}

/* If the output is read in time, every value is there, in order, from the first one on. */
static void test_counter(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel counter.bin -flat addr=0,ip=0");
    for (unsigned i = 0; i < COUNTER_LINES; i++) {
        g_autofree char *line = g_strdup_printf("IO port: 10, data: %x", i);
        g_autofree char *got = guest_expect_match(guest, GUEST_OUT, "(.*)\n");
        g_assert_cmpstr(got, ==, line);
    }
}

static void test_echo(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel echo.bin");
    guest_type(guest, "Hello");
    guest_expect(guest, GUEST_OUT, "Hello");
    guest_type(guest, ", world\n");
    guest_expect(guest, GUEST_OUT, ", world\n");
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "Hello, world\n");
}

/* All byte values, without a short period. */
static void fill_paste(uint8_t *data, size_t size)
{
    uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
    }
}

static void assert_paste_comes_back(const GuestTarget *target, const GuestWires *wires,
                                    const char *arguments)
{
    g_autofree uint8_t *data = g_malloc(PASTE_SIZE);
    g_autoptr(Guest) guest = guest_start(target, wires, "%s", arguments);
    fill_paste(data, PASTE_SIZE);
    if (wires->in == GUEST_TERMINAL) {
        guest_wait_until(guest, guest_is_raw, "the terminal is raw");
    }
    guest_send(guest, data, PASTE_SIZE);
    guest_expect_size(guest, GUEST_OUT, PASTE_SIZE);
    const GString *output = guest_output(guest, GUEST_OUT);
    g_assert_cmpuint(output->len, ==, PASTE_SIZE);
    g_assert_cmpmem(output->str, (int)PASTE_SIZE, data, (int)PASTE_SIZE);
}

static void test_paste_pipe(const GuestTarget *target)
{
    assert_paste_comes_back(target, &GUEST_ON_PIPES, "-kernel echo.bin");
}

static void test_paste_terminal(const GuestTarget *target)
{
    static const GuestWires RAW = {.in = GUEST_TERMINAL, .out = GUEST_TERMINAL, .raw = true};
    assert_paste_comes_back(target, &RAW, "-kernel echo.bin -echr 0");
}

static void test_portio(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-kernel portio.bin -device exit-port -debugport null");
    assert_ends(guest, 0,
                "rep outsb ok\n"
                "rep insb ok\n"
                "rep outsb and insb downwards ok\n"
                "rep with a count of 0 ok\n"
                "rep outsw and insw ok\n"
                "rep outsl and insl ok\n"
                "16-bit out and in ok\n"
                "32-bit out and in ok\n"
                "16-bit access to byte registers ok\n"
                "32-bit access to byte registers ok\n"
                "16-bit access past the last register ok\n"
                "absent port, 8 bits ok\n"
                "absent port, 16 bits ok\n"
                "absent port, 32 bits ok\n"
                "absent port, rep insb ok\n"
                "all passed\n");
}

static void test_long(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel long.bin");
    assert_ends(guest, 0, "real\nprotected\nlong\n");
}

/* ---- the shell ---- */

static Guest *start_shell(const GuestTarget *target)
{
    return guest_shell_start(target, &GUEST_ON_PIPES, "-device exit-port -debugport null");
}

static void test_shell_commands(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target);
    guest_shell_say(guest, "add 2 2", "4\r\n");
    guest_shell_say(guest, "add 0x10 4294967279", "4294967295\r\n");
    guest_shell_say(guest, "add 1 0xffffffff", "the sum does not fit in 32 bits\r\n");
    guest_shell_say(guest, "poke 0x20000 0x41", "");
    guest_shell_say(guest, "poke 0x20001 66", "");
    guest_shell_say(guest, "peek 0x20000 2",
                    "00020000 41 42                                            AB\r\n");
    guest_shell_say(guest, "out 0x3ff 0x5a", "");
    guest_shell_say(guest, "in 0x3ff", "0x5a\r\n");
    guest_shell_say(guest, "inw 0x5e0", "0xffff\r\n");
    guest_shell_say(guest, "outl 0x10 0xdeadbeef", "");
    guest_shell_say(guest, "inl 0x10", "0xdeadbeef\r\n");
    guest_shell_say(guest, "frob 1", "frob: no such command; help lists what there is\r\n");
    guest_shell_say(guest, "add 2", "usage: add A B - A plus B\r\n");
}

static void test_shell_help(const GuestTarget *target)
{
    static const char *const COMMANDS[] = {"help",      "add A B", "peek ADDR",
                                           "poke ADDR", "in PORT", "out PORT",
                                           "regs",      "crash",   "exit N"};
    g_autoptr(Guest) guest = start_shell(target);
    guest_shell_last(guest, "help");
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        g_autofree char *line = g_strdup_printf("\n%s", COMMANDS[i]);
        guest_expect(guest, GUEST_OUT, line);
    }
    guest_shell_prompt(guest);
}

static void test_shell_regs(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target);
    guest_shell_last(guest, "regs");
    g_free(guest_expect_match(guest, GUEST_OUT, "EAX=[0-9a-f]{8} EBX=[0-9a-f]{8} "));
    g_free(guest_expect_match(guest, GUEST_OUT, "CS=0000 DS=0000 ES=0000 FS=0000 "));
    g_free(guest_expect_match(guest, GUEST_OUT, "CR0=[0-9a-f]{7}0 "));
    guest_shell_prompt(guest);
}

static void test_shell_edits(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target);
    guest_type(guest, "adx\x7f"
                      "d 2 9\b2\r");
    guest_expect(guest, GUEST_OUT, "adx\b \bd 2 9\b \b2\r\n4\r\npioemu> ");
    guest_type(guest, "nonsense\x15"
                      "add 3 4\r");
    guest_expect(guest, GUEST_OUT, "\b \badd 3 4\r\n7\r\npioemu> ");
    guest_type(guest, "nonsense\x03");
    guest_expect(guest, GUEST_OUT, "^C\r\npioemu> ");
    /* Nothing of the line is left, so there is nothing to delete either. */
    guest_type(guest, "\b\badd 1 1\r");
    guest_expect(guest, GUEST_OUT, "add 1 1\r\n2\r\npioemu> ");
}

static void test_shell_exit(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target);
    guest_shell_last(guest, "exit 7");
    g_assert_cmpint(guest_wait_exit(guest), ==, 7);
}

static void test_shell_halt(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target);
    guest_shell_last(guest, "halt");
    guest_expect(guest, GUEST_OUT, "halted\r\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_shell_crash(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_shell(target);
    guest_shell_last(guest, "crash");
    guest_expect(guest, GUEST_OUT, "crashing\r\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 4);
    guest_expect(guest, GUEST_ERR, "triple fault");
    guest_expect(guest, GUEST_ERR, "EIP=");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("add", test_add, GUEST_EVERY_IRQCHIP);
    guest_tests_add("add_takes_its_numbers_from_flat", test_add_other_numbers,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("hello", test_hello, GUEST_EVERY_IRQCHIP);
    guest_tests_add("counter", test_counter, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("echo", test_echo, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("echo_returns_a_paste_through_pipes", test_paste_pipe, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("echo_returns_a_paste_through_a_terminal", test_paste_terminal,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("portio", test_portio, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("long", test_long, GUEST_EVERY_IRQCHIP);
    guest_tests_add("shell/commands", test_shell_commands, GUEST_EVERY_IRQCHIP);
    guest_tests_add("shell/help_lists_the_commands", test_shell_help, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("shell/regs", test_shell_regs, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("shell/lines_can_be_edited", test_shell_edits, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("shell/exit_chooses_the_status", test_shell_exit, GUEST_EVERY_IRQCHIP);
    guest_tests_add("shell/halt_ends_with_0", test_shell_halt, GUEST_EVERY_IRQCHIP);
    guest_tests_add("shell/crash_ends_with_4", test_shell_crash, GUEST_EVERY_IRQCHIP);
    return guest_tests_run();
}
