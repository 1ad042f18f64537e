/* Guests that depend on interrupts and time, with each kind of interrupt controllers. */
#include "tests/guest/guest_shell.h"

#include <stdlib.h>
#include <string.h>

#define CTRL_C "\x03"
/* Several times the capacity of the FIFOs, the guest's ring and the port. */
#define PASTE_SIZE 40000u

/* In each second. */
#define LATENESS_MS  20
#define RATE_SECONDS 10u

#define SPEAKER_TRIES 5u
/* The guest allows an error of one percent of a measurement, which takes 42 ms. */
#define SPEAKER_SLACK_NS 420000u

static long expect_number(Guest *guest, const char *pattern)
{
    g_autofree char *text = guest_expect_match(guest, GUEST_OUT, pattern);
    return strtol(text, NULL, 10);
}

/*
 * A busy host delivers the interrupts that begin and end the seconds late, by more
 * than LATENESS_MS, and meanwhile the timer's interrupts continue.  This error does
 * not add up over the seconds, but a wrong rate does.  If the host is too busy even
 * for that, the time for which the program had to wait is allowed for.
 */
static void assert_rate(const GuestTarget *target, long rate)
{
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-kernel timer.bin -flat cx=%ld,dx=%u", rate, 2 * RATE_SECONDS);
    long ticks = 0, expected = 0, slack = 0;
    for (unsigned i = 0; i < RATE_SECONDS && (!i || labs(ticks - expected) > slack); i++) {
        ticks += expect_number(guest, "^second [0-9]+: ([0-9]+) ticks");
        expected += rate;
        slack = 1 + expected * LATENESS_MS / 1000;
    }
    slack += (long)((double)guest_waited_for_cpu(guest) / 1e9 * (double)rate);
    g_assert_cmpint(ticks, >=, expected - slack);
    g_assert_cmpint(ticks, <=, expected + slack);
}

static void test_timer_100(const GuestTarget *target)
{
    assert_rate(target, 100);
}

static void test_timer_1000(const GuestTarget *target)
{
    assert_rate(target, 1000);
}

typedef struct SpeakerTry {
    bool passed;
    uint64_t waited; /* ns in which the program could run and the host gave it no CPU */
} SpeakerTry;

static SpeakerTry try_speaker(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel speaker.bin -no-shutdown");
    guest_expect(guest, GUEST_OUT, "reload ");
    uint64_t before = guest_waited_for_cpu(guest);
    g_autofree char *verdict = guest_expect_match(guest, GUEST_OUT, "^speaker: (.*)\n");
    return (SpeakerTry){!strcmp(verdict, "pass"), guest_waited_for_cpu(guest) - before};
}

/*
 * The guest polls, and misses changes while the host runs other programs.  If it
 * could not finish a single measurement without that, there is nothing to check.
 */
static void test_speaker(const GuestTarget *target)
{
    unsigned disturbed = 0;
    for (unsigned i = 0; i < SPEAKER_TRIES; i++) {
        SpeakerTry try = try_speaker(target);
        if (try.passed) {
            return;
        }
        disturbed += guest_host_is_slow() || try.waited > SPEAKER_SLACK_NS;
    }
    g_assert_cmpuint(disturbed, ==, SPEAKER_TRIES);
    g_test_skip("the host has too much else to do for a measurement by polling");
}

static void test_clock(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel clock.bin -rtc base=2024-02-28T23:59:58");
    guest_expect(guest, GUEST_OUT, "2024-02-28 23:59:58\r");
    guest_expect(guest, GUEST_OUT, "2024-02-28 23:59:59\r");
    guest_expect(guest, GUEST_OUT, "2024-02-29 00:00:00\r");
}

static void test_uart_irq(const GuestTarget *target)
{
    g_autofree char *data = g_malloc(PASTE_SIZE);
    for (size_t i = 0; i < PASTE_SIZE; i++) {
        data[i] = (char)(i * 7 + i / 251);
    }
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel uart-irq.bin");
    guest_send(guest, data, PASTE_SIZE);
    guest_expect_size(guest, GUEST_OUT, PASTE_SIZE);
    const GString *output = guest_output(guest, GUEST_OUT);
    g_assert_cmpuint(output->len, ==, PASTE_SIZE);
    g_assert_cmpmem(output->str, (int)PASTE_SIZE, data, (int)PASTE_SIZE);
    guest_assert_idle(guest);
}

/* Fewer characters than the trigger level are brought by the time-out. */
static void test_uart_irq_single_keys(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel uart-irq.bin");
    for (char key = 'a'; key <= 'z'; key++) {
        const char text[] = {key, '\0'};
        guest_type(guest, text);
        guest_expect(guest, GUEST_OUT, text);
    }
}

static void assert_cpus(const GuestTarget *target, unsigned count)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-smp %u -kernel smp.bin -flat cx=%u", count, count);
    g_autoptr(GString) expected = g_string_new(NULL);
    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(expected, "CPU %u\n", i);
    }
    g_string_append_printf(expected, "%u CPUs\n", count);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, expected->str);
}

static void test_smp(const GuestTarget *target)
{
    assert_cpus(target, 2);
    assert_cpus(target, 4);
    if (!strcmp(target->accel, "soft")) {
        assert_cpus(target, 16);
    }
}

/* ---- the shell ---- */

static void test_shell_time(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_shell_start(target, &GUEST_ON_PIPES, "-rtc base=1999-12-31T12:34:00");
    guest_shell_last(guest, "time");
    g_free(guest_expect_match(guest, GUEST_OUT, "^1999-12-31 12:34:[0-9]{2}\r\n"));
}

static void test_shell_ticks(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_shell_last(guest, "ticks");
    long before = expect_number(guest, "^([0-9]+)\r\n");
    guest_shell_prompt(guest);
    guest_shell_say(guest, "sleep 200", "");
    guest_shell_last(guest, "ticks");
    long after = expect_number(guest, "^([0-9]+)\r\n");
    g_assert_cmpint(after - before, >=, 20);
}

/*
 * A guest that had to wait for a CPU of the host is owed ticks, which would make
 * its sleep shorter.  With "drop" it is owed one at most.
 */
static void test_shell_sleep(const GuestTarget *target)
{
    if (strcmp(target->accel, "kvm")) {
        g_test_skip("this machine's time is not the host's");
        return;
    }
    g_autoptr(Guest) guest =
        guest_shell_start(target, &GUEST_ON_PIPES, "-global isa-pit.lost-ticks=drop");
    gint64 start = g_get_monotonic_time();
    guest_shell_say(guest, "sleep 300", "");
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 290000);
}

static void test_shell_interrupted(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_type(guest, "sleep 1000000\r");
    guest_expect(guest, GUEST_OUT, "sleep 1000000\r\n");
    guest_type(guest, CTRL_C);
    guest_shell_prompt(guest);
}

/*
 * The computation counts as more than two minutes and takes less than a second of
 * the host's time.  The sleep is for its tick alone.
 */
static void test_a_sleep_after_a_computation(const GuestTarget *target)
{
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("only the software CPU counts its instructions as time");
        return;
    }
    g_autoptr(Guest) guest =
        guest_start(NULL, &GUEST_ON_PIPES, "-accel soft,realtime=on,ips=1000000 -kernel nap.bin");
    guest_expect(guest, GUEST_OUT, "computed");
    guest_expect(guest, GUEST_OUT, "slept");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("timer/100_a_second", test_timer_100, GUEST_EVERY_IRQCHIP);
    guest_tests_add("timer/1000_a_second", test_timer_1000, GUEST_EVERY_IRQCHIP);
    guest_tests_add("speaker", test_speaker, GUEST_EVERY_IRQCHIP);
    guest_tests_add("clock", test_clock, GUEST_EVERY_IRQCHIP);
    guest_tests_add("uart-irq/returns_a_paste_and_sleeps", test_uart_irq, GUEST_EVERY_IRQCHIP);
    guest_tests_add("uart-irq/returns_single_keys", test_uart_irq_single_keys, GUEST_EVERY_IRQCHIP);
    guest_tests_add("smp", test_smp, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("nap/sleeps_for_a_tick", test_a_sleep_after_a_computation,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("shell/time", test_shell_time, GUEST_EVERY_IRQCHIP);
    guest_tests_add("shell/ticks", test_shell_ticks, GUEST_EVERY_IRQCHIP);
    guest_tests_add("shell/sleep_is_not_too_short", test_shell_sleep, GUEST_EVERY_IRQCHIP);
    guest_tests_add("shell/sleep_ends_with_ctrl_c", test_shell_interrupted, GUEST_EVERY_IRQCHIP);
    return guest_tests_run();
}
