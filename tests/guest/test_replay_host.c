/*
 * Whatever the host does to a guest of the software CPU, and whenever, the
 * recording can be replayed: random resets, stops and NMIs while the guest executes
 * string instructions at its devices.
 */
#include "tests/guest/guest_rig.h"

#include <string.h>

#define ROUNDS   6
#define COMMANDS 40

#define OPTIONS   "-kernel ../tests/guest/record_storm.bin -serial null"
#define NO_CHANGE "no difference\n"

/* ---- commands ---- */

static void execute(Guest *guest, const char *command)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"%s\"}\n", command);
    guest_type(guest, line);
    guest_expect(guest, GUEST_OUT, "\"return\"");
}

/* The guest runs for a while before the answer comes, unless it is stopped. */
static void do_something(Guest *guest, bool *stopped)
{
    switch (g_test_rand_int_range(0, 8)) {
    case 0:
    case 1:
    case 2:
        execute(guest, "system_reset");
        break;
    case 3:
    case 4:
        execute(guest, "inject-nmi");
        break;
    case 5:
        execute(guest, *stopped ? "cont" : "stop");
        *stopped = !*stopped;
        break;
    default:
        execute(guest, "query-status");
    }
}

static void disturb(Guest *guest)
{
    bool stopped = false;
    guest_expect(guest, GUEST_OUT, "QMP");
    execute(guest, "qmp_capabilities");
    for (unsigned i = 0; i < COMMANDS; i++) {
        do_something(guest, &stopped);
    }
    execute(guest, "quit");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* ---- doing it again ---- */

static void assert_replays(const char *options)
{
    g_autofree char *path = guest_path("storm.rec");
    g_autoptr(Guest) guest = guest_start(NULL, &GUEST_ON_PIPES, "-replay %s %s", path, options);
    guest_close_input(guest);
    int status = guest_wait_exit(guest);
    const char *errors = guest_messages(guest);
    bool same = strstr(errors, NO_CHANGE) || strstr(guest_output(guest, GUEST_OUT)->str, NO_CHANGE);
    g_test_message("%s%s", guest_output(guest, GUEST_OUT)->str, errors);
    g_assert_cmpint(status, ==, 0);
    g_assert_true(same);
}

static void test_whatever_the_host_does(gconstpointer accel)
{
    g_autofree char *path = guest_path("storm.rec");
    for (unsigned i = 0; i < ROUNDS; i++) {
        g_autoptr(Guest) guest =
            guest_start(NULL, &GUEST_ON_PIPES, "-accel %s -qmp stdio -record %s " OPTIONS,
                        (const char *)accel, path);
        disturb(guest);
        assert_replays("-accel soft " OPTIONS);
        assert_replays("");
    }
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    g_test_add_data_func("/replay/host/whatever_it_does/one_cpu", "soft",
                         test_whatever_the_host_does);
    g_test_add_data_func("/replay/host/whatever_it_does/slow", "soft,ips=3000000",
                         test_whatever_the_host_does);
    g_test_add_data_func("/replay/host/whatever_it_does/several_cpus", "soft -smp 3",
                         test_whatever_the_host_does);
    return guest_tests_run();
}
