/*
 * Debugs the program: packets over its socket, with a guest that runs.
 */
#include "tests/control/gdb_rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef const char *Accel;

static bool begin_with(GdbRig *rig, Accel accel, bool paging, const char *options)
{
    if (!gdb_rig_can(accel, paging)) {
        return false;
    }
    gdb_rig_start(rig, accel, options);
    gdb_rig_connect(rig);
    return true;
}

static bool begin(GdbRig *rig, Accel accel, const char *options)
{
    return begin_with(rig, accel, false, options);
}

static bool begin_paging(GdbRig *rig, Accel accel)
{
    return begin_with(rig, accel, true, "");
}

/* Without debug registers, a step runs through the handler of the exception that it causes. */
static bool kvm_has_debug_registers(void)
{
    static int answer = -1;
    if (answer < 0) {
        GdbRig rig;
        gdb_rig_start(&rig, "kvm", "");
        gdb_rig_connect(&rig);
        gdb_run_to(&rig, rig.place[DIVIDE]);
        gdb_until(&rig, "vCont;s:1", "T05");
        answer = gdb_eip(&rig) == rig.place[DIVIDED];
        gdb_rig_end(&rig);
    }
    return answer;
}

/* Begins a test that stops in the handler of an exception. */
static bool begin_exception(GdbRig *rig, Accel accel)
{
    if (!gdb_rig_can(accel, false)) {
        return false;
    }
    if (!strcmp(accel, "kvm") && !kvm_has_debug_registers()) {
        g_test_skip("this host's KVM has no debug registers");
        return false;
    }
    return begin(rig, accel, "");
}

/* Selects what the guest does in protected mode. */
static void choose(GdbRig *rig, unsigned what)
{
    g_autofree char *packet = g_strdup_printf("M%x,1:%02x", rig->place[GO_ON], what);
    gdb_ask_is(rig, packet, "OK");
}

static void test_real_mode_is_described_as_i8086(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    g_autofree char *xml = gdb_ask(&rig, NULL, "qXfer:features:read:target.xml:0,ffb");
    g_assert_nonnull(strstr(xml, "<architecture>i8086</architecture>"));
    g_assert_cmphex(gdb_eip(&rig), ==, 0x1000);
    gdb_rig_end(&rig);
}

static void test_registers_have_one_size_in_every_mode(gconstpointer accel)
{
    GdbRig rig;
    if (!begin_paging(&rig, accel)) {
        return;
    }
    g_autofree char *before = gdb_ask(&rig, NULL, "g");
    gdb_run_to(&rig, rig.place[PROTECTED]);
    g_autofree char *protected = gdb_ask(&rig, NULL, "g");
    gdb_run_to(&rig, rig.place[PAGED]);
    g_autofree char *paged = gdb_ask(&rig, NULL, "g");
    g_assert_cmpuint(strlen(protected), ==, strlen(before));
    g_assert_cmpuint(strlen(paged), ==, strlen(before));
    gdb_rig_end(&rig);
}

static void test_breakpoint_stops_before_its_instruction(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    gdb_run_to(&rig, rig.place[COUNT]);
    g_autofree char *status = gdb_monitor(&rig, "info status");
    g_assert_cmpstr(status, ==, "VM status: paused (debug)\n");
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 0);
    gdb_until(&rig, "vCont;s:1", "T05");
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 1);
    gdb_run_to(&rig, rig.place[COUNT]);
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 1);
    gdb_rig_end(&rig);
}

static void test_breakpoint_does_not_stop_twice_without_a_step(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    g_autofree char *set = g_strdup_printf("Z1,%x,1", rig.place[COUNT]);
    gdb_ask_is(&rig, set, "OK");
    for (unsigned i = 0; i < 3; i++) {
        gdb_until(&rig, "c", "hwbreak:");
        g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, i);
    }
    gdb_rig_end(&rig);
}

static void test_write_watchpoint_stops_behind_the_write(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    g_autofree char *set = g_strdup_printf("Z2,%x,2", rig.place[COUNTER]);
    g_autofree char *part = g_strdup_printf("watch:%x;", rig.place[COUNTER]);
    gdb_ask_is(&rig, set, "OK");
    gdb_until(&rig, "c", part);
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 1);
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[COUNT] + 4);
    gdb_until(&rig, "c", part);
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 2);
    gdb_rig_end(&rig);
}

/* The page also contains code and other data. */
static void test_access_watchpoint_sees_a_repeated_string_write(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    g_autofree char *set = g_strdup_printf("Z4,%x,1", rig.place[COPIED] + 2);
    g_autofree char *part = g_strdup_printf("awatch:%x;", rig.place[COPIED] + 2);
    g_autofree char *answer = gdb_ask(&rig, NULL, "%s", set);
    if (!strcmp(accel, "kvm") && !strcmp(answer, "E1c")) {
        g_test_skip("this host's KVM has no debug registers that watch data");
    } else {
        g_assert_cmpstr(answer, ==, "OK");
        gdb_until(&rig, "c", part);
        g_assert_cmphex(gdb_load(&rig, rig.place[COPIED] + 2, 1), ==, 'x');
    }
    gdb_rig_end(&rig);
}

static void step_into(GdbRig *rig, enum Place handler)
{
    gdb_until(rig, "vCont;s:1", "T05");
    g_assert_cmphex(gdb_eip(rig), ==, rig->place[handler]);
}

static void test_step_enters_the_handler_of_an_exception(gconstpointer accel)
{
    GdbRig rig;
    if (!begin_exception(&rig, accel)) {
        return;
    }
    gdb_run_to(&rig, rig.place[DIVIDE]);
    step_into(&rig, DIVIDED);
    gdb_until(&rig, "vCont;s:1", "T05");
    gdb_until(&rig, "vCont;s:1", "T05");
    gdb_until(&rig, "vCont;s:1", "T05");
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[DIVIDE] + 2);
    gdb_rig_end(&rig);
}

static void test_step_out_of_halt_enters_the_handler_of_the_interrupt(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    gdb_run_to(&rig, rig.place[HALT]);
    gdb_until(&rig, "vCont;s:1", "T05");
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[HALT] + 1);
    step_into(&rig, TICK);
    gdb_rig_end(&rig);
}

static void test_steps_go_on_into_protected_mode_and_paging(gconstpointer accel)
{
    GdbRig rig;
    if (!begin_paging(&rig, accel)) {
        return;
    }
    gdb_run_to(&rig, rig.place[TICK]);
    unsigned steps = 0;
    while (gdb_eip(&rig) != rig.place[ALIAS]) {
        gdb_until(&rig, "vCont;s:1", "T05");
        g_assert_cmpuint(++steps, <, 40);
    }
    g_assert_cmpuint(steps, >, 15);
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 0x1234);
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER] + ALIAS_OFFSET, 2), ==, 0x1234);
    gdb_rig_end(&rig);
}

static void test_memory_is_linear_or_physical(gconstpointer accel)
{
    GdbRig rig;
    if (!begin_paging(&rig, accel)) {
        return;
    }
    gdb_run_to(&rig, rig.place[ALIAS]);
    g_autofree char *linear = g_strdup_printf("m%x,2", rig.place[COUNTER] + ALIAS_OFFSET);
    gdb_ask_is(&rig, linear, "3412");
    gdb_ask_is(&rig, "m800000,2", "E0e");
    gdb_ask_is(&rig, "Qqemu.PhyMemMode:1", "OK");
    gdb_ask_is(&rig, linear, "0000");
    g_autofree char *mode = gdb_monitor(&rig, "memory linear");
    g_assert_true(g_str_has_prefix(mode, "memory linear"));
    gdb_ask_is(&rig, linear, "3412");
    gdb_rig_end(&rig);
}

static void test_watched_port_says_who_accessed_it(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    g_free(gdb_monitor(&rig, "watch-port 0x3f8 8 w"));
    g_autofree char *list = gdb_monitor(&rig, "info watch-ports");
    g_assert_cmpstr(list, ==, "0x03f8-0x03ff w\n");
    g_autoptr(GString) console = g_string_new(NULL);
    g_autofree char *stop = gdb_ask(&rig, console, "c");
    g_autofree char *who =
        g_strdup_printf("CPU 0 wrote to port 0x03f8 (COM1 THR) the value 0x47, in the instruction "
                        "at linear 0x%x",
                        rig.place[PORT_OUT]);
    g_assert_true(g_str_has_prefix(stop, "T05"));
    if (!strcmp(accel, "kvm")) {
        g_assert_nonnull(
            strstr(console->str, "(COM1 THR) the value 0x47, in the instruction at or"));
    } else {
        g_assert_nonnull(strstr(console->str, who));
    }
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[PORT_OUT] + 1);
    g_free(gdb_monitor(&rig, "unwatch-port 0x3f8"));
    g_autofree char *none = gdb_monitor(&rig, "info watch-ports");
    g_assert_cmpstr(none, ==, "");
    gdb_rig_end(&rig);
}

static void test_interrupt_stops_a_guest_that_runs(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    choose(&rig, WAITS);
    gdb_run_to(&rig, rig.place[WAIT]);
    gdb_send(&rig, "c");
    g_assert_cmpint(write(rig.line.fd, "\x03", 1), ==, 1);
    g_autofree char *stop = gdb_next(&rig);
    g_assert_true(g_str_has_prefix(stop, "T02thread:1;"));
    g_assert_cmphex(gdb_eip(&rig), >=, rig.place[WAIT]);
    g_assert_cmphex(gdb_eip(&rig), <, rig.place[WAIT] + 20);
    gdb_rig_end(&rig);
}

static void test_client_may_vanish_and_come_back(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    g_autofree char *set = g_strdup_printf("Z0,%x,1", rig.place[COUNT]);
    gdb_ask_is(&rig, set, "OK");
    gdb_until(&rig, "c", "swbreak:");
    gdb_rig_disconnect(&rig);
    gdb_rig_connect(&rig);
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[COUNT]);
    choose(&rig, WAITS);
    gdb_run_to(&rig, rig.place[WAIT]);
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 3);
    gdb_send(&rig, "c");
    gdb_rig_disconnect(&rig);
    gdb_rig_connect(&rig);
    g_assert_cmphex(gdb_eip(&rig), >=, rig.place[WAIT]);
    gdb_rig_end(&rig);
}

static void test_breakpoints_outlast_a_reset(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    g_autofree char *set = g_strdup_printf("Z0,%x,1", rig.place[PORT_OUT]);
    gdb_ask_is(&rig, set, "OK");
    gdb_until(&rig, "c", "swbreak:");
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 3);
    g_free(gdb_monitor(&rig, "system_reset"));
    g_assert_cmphex(gdb_eip(&rig), ==, 0x1000);
    gdb_until(&rig, "c", "swbreak:");
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[PORT_OUT]);
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 3);
    gdb_rig_end(&rig);
}

/* If the host loses the registers, those of the last exit are shown. */
static void test_triple_fault_is_looked_at(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "-no-shutdown")) {
        return;
    }
    choose(&rig, CRASHES);
    g_autoptr(GString) console = g_string_new(NULL);
    g_autofree char *stop = gdb_ask(&rig, console, "c");
    g_assert_true(g_str_has_prefix(stop, "T06thread:1;"));
    g_assert_nonnull(strstr(console->str, "triple fault"));
    if (!strcmp(accel, "soft")) {
        g_assert_cmphex(gdb_eip(&rig), ==, rig.place[CRASH] + 7);
    }
    g_assert_cmphex(gdb_load(&rig, rig.place[COUNTER], 2), ==, 3);
    g_string_truncate(console, 0);
    g_autofree char *again = gdb_ask(&rig, console, "c");
    g_assert_true(g_str_has_prefix(again, "T06"));
    g_assert_nonnull(strstr(console->str, "Resetting the Virtual Machine is required"));
    g_free(gdb_monitor(&rig, "system_reset"));
    gdb_run_to(&rig, rig.place[BEGIN]);
    gdb_rig_end(&rig);
}

static void test_client_is_told_the_exit_status(gconstpointer accel)
{
    GdbRig rig;
    int status;
    if (!begin(&rig, accel, "")) {
        return;
    }
    choose(&rig, CRASHES);
    g_autofree char *stop = gdb_ask(&rig, NULL, "c");
    g_assert_cmpstr(stop, ==, "W04");
    g_free(gdb_rig_wait(&rig, &status));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 4);
}

static void test_registers_and_memory_can_be_changed(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    gdb_run_to(&rig, rig.place[COUNT]);
    g_autofree char *there = g_strdup_printf("P8=%08x", GUINT32_TO_BE(rig.place[PORT_OUT]));
    gdb_ask_is(&rig, there, "OK");
    gdb_ask_is(&rig, "P0=44332211", "OK");
    gdb_ask_is(&rig, "p0", "44332211");
    gdb_ask_is(&rig, "Pc=00100000", "OK"); /* sets DS, whose base follows in real mode */
    gdb_until(&rig, "vCont;s:1", "T05");
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[PORT_OUT] + 1);
    gdb_ask_is(&rig, "M9000,3:010203", "OK");
    gdb_ask_is(&rig, "m9000,4", "01020300");
    gdb_ask_is(&rig, "Mfffffff0,1:00", "E0e");
    gdb_rig_end(&rig);
}

static void test_program_counter_is_shown_linear_when_asked(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    gdb_ask_is(&rig, "Pa=00010000", "OK"); /* sets CS to 0x100 */
    gdb_ask_is(&rig, "P8=10000000", "OK");
    g_free(gdb_monitor(&rig, "pc linear"));
    g_assert_cmphex(gdb_eip(&rig), ==, 0x1010);
    gdb_ask_is(&rig, "P8=20100000", "OK");
    g_assert_cmphex(gdb_eip(&rig), ==, 0x1020);
    g_free(gdb_monitor(&rig, "pc offset"));
    g_assert_cmphex(gdb_eip(&rig), ==, 0x20);
    gdb_rig_end(&rig);
}

static void test_nonsense_is_answered_with_an_error(gconstpointer accel)
{
    static const char *const PACKETS[] = {
        "m",          "m1",
        "mx,1",       "M0,1",
        "M0,2:0",     "X0,2:a",
        "p",          "pffff",
        "P0",         "P0=",
        "P0=zz",      "G",
        "G00",        "Z",
        "Z0",         "Z0,1",
        "Z2,0,0",     "T",
        "Hx",         "Hg99",
        "vCont;x",    "vCont;c:99",
        "vCont;c:1x", "Z2,ffffffffffffffff,2",
        "qRcmd,6",    "qThreadExtraInfo,99",
    };
    GdbRig rig;
    if (!begin(&rig, accel, "")) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(PACKETS); i++) {
        g_autofree char *text = gdb_ask(&rig, NULL, "%s", PACKETS[i]);
        g_assert_cmpint(text[0], ==, 'E');
    }
    gdb_ask_is(&rig, "vMustReplyEmpty", "");
    gdb_ask_is(&rig, "Z9,0,1", "");
    gdb_ask_is(&rig, "qNothing", "");
    g_autofree char *refused = gdb_monitor(&rig, "gdbserver none");
    g_assert_nonnull(strstr(refused, "is connected"));
    gdb_rig_end(&rig);
}

/* gdb's "next" of one CPU with scheduler-locking on: the other CPU stays where it is. */
static void test_one_cpu_moves_while_the_other_stays(gconstpointer accel)
{
    GdbRig rig;
    if (!begin(&rig, accel, "-smp 2")) {
        return;
    }
    gdb_ask_is(&rig, "qfThreadInfo", "m1,2");
    gdb_ask_is(&rig, "T2", "OK");
    gdb_run_to(&rig, rig.place[COUNT]);
    gdb_until(&rig, "vCont;s:1", "thread:1;");
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[COUNT] + 4);
    gdb_ask_is(&rig, "Hg2", "OK");
    gdb_send(&rig, "vCont;c:2");
    for (unsigned i = 0; i < 2; i++) { /* the CPUs run slices between the answers */
        gdb_ask_is(&rig, "T2", "OK");
    }
    g_assert_cmpint(write(rig.line.fd, "\x03", 1), ==, 1);
    g_autofree char *stop = gdb_next(&rig);
    g_assert_true(g_str_has_prefix(stop, "T02"));
    gdb_ask_is(&rig, "Hg1", "OK");
    g_assert_cmphex(gdb_eip(&rig), ==, rig.place[COUNT] + 4);
    gdb_rig_end(&rig);
}

#define ADD(accel, name) g_test_add_data_func("/gdb/" accel "/" #name, accel, test_##name)
#define ADD_ALL(accel)                                                                             \
    do {                                                                                           \
        ADD(accel, real_mode_is_described_as_i8086);                                               \
        ADD(accel, registers_have_one_size_in_every_mode);                                         \
        ADD(accel, breakpoint_stops_before_its_instruction);                                       \
        ADD(accel, breakpoint_does_not_stop_twice_without_a_step);                                 \
        ADD(accel, write_watchpoint_stops_behind_the_write);                                       \
        ADD(accel, access_watchpoint_sees_a_repeated_string_write);                                \
        ADD(accel, step_enters_the_handler_of_an_exception);                                       \
        ADD(accel, step_out_of_halt_enters_the_handler_of_the_interrupt);                          \
        ADD(accel, steps_go_on_into_protected_mode_and_paging);                                    \
        ADD(accel, memory_is_linear_or_physical);                                                  \
        ADD(accel, watched_port_says_who_accessed_it);                                             \
        ADD(accel, interrupt_stops_a_guest_that_runs);                                             \
        ADD(accel, client_may_vanish_and_come_back);                                               \
        ADD(accel, breakpoints_outlast_a_reset);                                                   \
        ADD(accel, triple_fault_is_looked_at);                                                     \
        ADD(accel, client_is_told_the_exit_status);                                                \
        ADD(accel, registers_and_memory_can_be_changed);                                           \
        ADD(accel, program_counter_is_shown_linear_when_asked);                                    \
        ADD(accel, nonsense_is_answered_with_an_error);                                            \
        ADD(accel, one_cpu_moves_while_the_other_stays);                                           \
    } while (0)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ALL("soft");
    ADD_ALL("kvm");
    return g_test_run();
}
