/*
 * QMP, spoken to the program as it is shipped.
 */
#include "tests/control/qmp_rig.h"

#include <json-glib/json-glib.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_nothing_works_before_the_negotiation(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", NULL});
    ask(&rig, EXECUTE("query-status"),
        UNKNOWN("Expecting capabilities negotiation with 'qmp_capabilities'"));
    ask(&rig, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}",
        GENERIC("Capability oob not available"));
    ask(&rig, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[]}}",
        "{\"return\":{}}");
    ask(&rig, NEGOTIATE, UNKNOWN("Capabilities negotiation is already complete, command ignored"));
    ask(&rig, EXECUTE("query-status"), STATUS("running", "true"));
    end(&rig);
}

/* A name with bytes that JSON cannot contain. */
static void test_answers_are_json_whatever_a_name_holds(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-name", "a\xff\"b", NULL});
    ask(&rig, NEGOTIATE, "{\"return\":{}}");
    ask(&rig, EXECUTE("query-name"), "{\"return\":{\"name\":\"a\357\277\275\\\"b\"}}");
    end(&rig);
}

/* ---- the machine ---- */

static void next_event(ControlRig *rig, const char *name, const char *data)
{
    g_autofree char *line = control_line_read(&rig->qmp);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_nonnull(line);
    g_assert_true(json_parser_load_from_data(parser, line, -1, NULL));
    JsonObject *event = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpstr(json_object_get_string_member_with_default(event, "event", line), ==, name);
    JsonObject *timestamp = json_object_get_object_member(event, "timestamp");
    gint64 seconds = json_object_get_int_member(timestamp, "seconds");
    g_assert_cmpint(ABS(seconds - g_get_real_time() / G_USEC_PER_SEC), <, 60);
    g_assert_cmpint(json_object_get_int_member(timestamp, "microseconds"), <, 1000000);
    g_autofree char *text = json_object_has_member(event, "data")
                                ? json_to_string(json_object_get_member(event, "data"), false)
                                : NULL;
    g_assert_cmpstr(text, ==, data);
}

static void tell(ControlRig *rig, const char *json)
{
    control_line_write(&rig->qmp, json, strlen(json));
}

static void test_stop_and_cont(void)
{
    ControlRig rig;
    start_plain(&rig);
    tell(&rig, EXECUTE("stop"));
    next_event(&rig, "STOP", NULL);
    next_is(&rig, "{\"return\":{}}");
    ask(&rig, EXECUTE("stop"), "{\"return\":{}}");
    ask(&rig, EXECUTE("query-status"), STATUS("paused", "false"));
    tell(&rig, EXECUTE("cont"));
    next_event(&rig, "RESUME", NULL);
    next_is(&rig, "{\"return\":{}}");
    ask(&rig, EXECUTE("cont"), "{\"return\":{}}");
    ask(&rig, EXECUTE("query-status"), STATUS("running", "true"));
    end(&rig);
}

static void test_a_machine_started_with_S_waits(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-S", "-name", "patient", NULL});
    ask(&rig, NEGOTIATE, "{\"return\":{}}");
    ask(&rig, EXECUTE("query-status"), STATUS("prelaunch", "false"));
    ask(&rig, EXECUTE("query-name"), "{\"return\":{\"name\":\"patient\"}}");
    tell(&rig, EXECUTE("cont"));
    next_event(&rig, "RESUME", NULL);
    next_is(&rig, "{\"return\":{}}");
    ask(&rig, EXECUTE("query-status"), STATUS("running", "true"));
    end(&rig);
}

static void test_reset_resets_the_devices(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autofree char *written = control_ask(&rig, "outb 0x3fb 0x1b");
    g_assert_cmpstr(written, ==, "OK");
    tell(&rig, EXECUTE("system_reset"));
    next_event(&rig, "RESET", "{\"guest\":false,\"reason\":\"host-qmp-system-reset\"}");
    next_is(&rig, "{\"return\":{}}");
    g_autofree char *read = control_ask(&rig, "inb 0x3fb");
    g_assert_cmpstr(read, ==, "OK 0x0000");
    tell(&rig, EXECUTE("system_powerdown"));
    next_event(&rig, "POWERDOWN", NULL);
    next_is(&rig, "{\"return\":{}}");
    end(&rig);
}

static void test_quit_answers_and_ends(void)
{
    ControlRig rig;
    start_plain(&rig);
    ask(&rig, "{\"execute\":\"quit\",\"id\":9}", "{\"return\":{},\"id\":9}");
    next_event(&rig, "SHUTDOWN", "{\"guest\":false,\"reason\":\"host-qmp-quit\"}");
    g_assert_null(control_line_read(&rig.qmp));
    int status = control_rig_wait(&rig);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_version_and_commands(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autofree char *version = control_qmp(&rig, EXECUTE("query-version"));
    g_assert_nonnull(strstr(version, "\"package\":\"pioemu "));
    g_autofree char *commands = control_qmp(&rig, EXECUTE("query-commands"));
    static const char *const NAMES[] = {"qmp_capabilities",
                                        "query-commands",
                                        "query-version",
                                        "query-status",
                                        "query-name",
                                        "query-chardev",
                                        "stop",
                                        "cont",
                                        "system_reset",
                                        "system_powerdown",
                                        "set-action",
                                        "inject-nmi",
                                        "quit",
                                        "human-monitor-command",
                                        "x-query-irq",
                                        "x-query-devices",
                                        "x-query-registers"};
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autofree char *entry = g_strdup_printf("{\"name\":\"%s\"}", NAMES[i]);
        g_assert_nonnull(strstr(commands, entry));
    }
    end(&rig);
}

static void test_chardevs_are_listed(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", "-serial", "file:/dev/null", "-serial",
                                      "null", NULL});
    ask(&rig, NEGOTIATE, "{\"return\":{}}");
    ask(&rig, EXECUTE("query-chardev"),
        "{\"return\":[{\"label\":\"serial0\",\"filename\":\"file:/dev/null\",\"frontend-open\":"
        "true},{\"label\":\"serial1\",\"filename\":\"null\",\"frontend-open\":true}]}");
    end(&rig);
}

/* QMP returns what the monitor prints, in the form of QEMU's commands that return text. */
static void test_reports_come_as_readable_text(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autofree char *irq = control_qmp(&rig, EXECUTE("x-query-irq"));
    g_assert_true(g_str_has_prefix(
        irq, "{\"return\":{\"human-readable-text\":\"IRQ lines that are high: 0\\n"));
    g_autofree char *devices = control_qmp(&rig, EXECUTE("x-query-devices"));
    g_assert_nonnull(strstr(devices, "COM1: "));
    end(&rig);
}

static void test_nmi_needs_a_cpu(void)
{
    ControlRig rig;
    start_plain(&rig);
    ask(&rig, EXECUTE("inject-nmi"), GENERIC("accelerator qtest has no CPU to take an NMI"));
    end(&rig);
}

/* ---- the human monitor ---- */

static char *monitor(ControlRig *rig, const char *line)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}", line);
    return control_qmp(rig, command);
}

#define MONITOR_HAS(rig, line, text)                                                               \
    do {                                                                                           \
        g_autofree char *answer_ = monitor(rig, line);                                             \
        g_assert_nonnull(strstr(answer_, text));                                                   \
    } while (0)

static void test_human_monitor(void)
{
    ControlRig rig;
    start_plain(&rig);
    MONITOR_HAS(&rig, "info status", "{\"return\":\"VM status: running\\r\\n\"}");
    MONITOR_HAS(&rig, " info   status ", "{\"return\":\"VM status: running\\r\\n\"}");
    MONITOR_HAS(&rig, "foo", "{\"return\":\"unknown command: 'foo'\\r\\n\"}");
    MONITOR_HAS(&rig, "", "{\"return\":\"\"}");
    MONITOR_HAS(&rig, "info irq", "IRQ lines that are high: 0\\r\\n");
    g_autofree char *answer = control_ask(&rig, "set_irq_in i8259 unnamed-gpio-in 5 1");
    g_assert_cmpstr(answer, ==, "OK");
    MONITOR_HAS(&rig, "info irq", "IRQ lines that are high: 0 5\\r\\n");
    MONITOR_HAS(&rig, "info devices", "COM1: ");
    MONITOR_HAS(&rig, "info registers", "accelerator qtest has no CPU");
    MONITOR_HAS(&rig, "help", "info [subcommand] -- ");
    MONITOR_HAS(&rig, "info chardev", "serial0: filename=");
    MONITOR_HAS(&rig, "info", "info registers [-a|vcpu] -- ");
    MONITOR_HAS(&rig, "info foo", "{\"return\":\"unknown command: 'info foo'\\r\\n\"}");
    MONITOR_HAS(&rig, "stop now", "stop|s: extraneous characters at the end of line\\r\\n");
    tell(&rig, "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"stop\"}}");
    next_event(&rig, "STOP", NULL);
    next_is(&rig, "{\"return\":\"\"}");
    MONITOR_HAS(&rig, "info status", "VM status: paused\\r\\n");
    MONITOR_HAS(&rig, "quit", "{\"return\":\"\"}");
    next_event(&rig, "SHUTDOWN", "{\"guest\":false,\"reason\":\"host-qmp-quit\"}");
    control_rig_wait(&rig);
}

/* ---- sockets that listen ---- */

static void greet(ControlLine *line, int fd)
{
    control_line_open(line, fd);
    g_autofree char *greeting = control_line_read(line);
    g_assert_true(g_str_has_prefix(greeting, "{\"QMP\""));
}

static void test_clients_come_one_after_another(void)
{
    ControlRig rig;
    g_autofree char *directory = g_dir_make_tmp("qmp-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "sock", NULL);
    g_autofree char *where = g_strdup_printf("unix:%s,server=on,wait=off", path);
    start(&rig, (const char *const[]){"-accel", "qtest", "-qmp", where, NULL});
    for (unsigned i = 0; i < 5; i++) {
        ControlLine first, second;
        greet(&first, control_connect(path));
        control_line_open(&second, control_connect(path));
        control_line_write(&second, NEGOTIATE, strlen(NEGOTIATE));
        control_line_write(&first, "{\"execute\":", 11); /* a command that is not finished */
        control_line_close(&first);
        g_autofree char *greeting = control_line_read(&second);
        g_assert_true(g_str_has_prefix(greeting, "{\"QMP\""));
        g_autofree char *answer = control_line_read(&second);
        g_assert_cmpstr(answer, ==, "{\"return\":{}}");
        control_line_close(&second);
    }
    end(&rig);
    g_assert_cmpint(access(path, F_OK), !=, 0);
    rmdir(directory);
}

/* Checks status and message of a refused command line. */
static void refused(const char *const *options, const char *message)
{
    g_autofree char *program = control_rig_program();
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, program);
    for (; *options; options++) {
        g_ptr_array_add(argv, (gpointer)*options);
    }
    g_ptr_array_add(argv, NULL);
    g_autofree char *text = NULL;
    int status;
    g_assert_true(g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
                               &text, &status, NULL));
    g_assert_cmpint(WEXITSTATUS(status), >=, 2);
    g_assert_cmpstr(text, ==, message);
}

#define REFUSED(message, ...)                                                                      \
    refused((const char *const[]){"-accel", "qtest", __VA_ARGS__, NULL}, "pioemu: " message "\n")

static void test_mistakes_in_the_options_are_named(void)
{
    REFUSED("-qmp unix:: a socket's path has 1 to 107 bytes", "-qmp", "unix:");
    REFUSED("-qmp tcp:here: write HOST:PORT, :PORT or [::1]:PORT", "-qmp", "tcp:here");
    REFUSED("-qmp tcp::65536: port 65536: too large (at most 65535)", "-qmp", "tcp::65536");
    REFUSED("-qmp tcp::x: port x: neither a number nor a service", "-qmp", "tcp::x");
    REFUSED("-qmp unix:x,server=7: server 7: neither on nor off", "-qmp", "unix:x,server=7");
    REFUSED("-qmp unix:/,server=on: exists and is no socket", "-qmp", "unix:/,server=on");
    REFUSED(
        "-qmp carrier-pigeon: no such backend (there are: null, stdio, file, stdout, pty, unix, "
        "tcp, pipe, ringbuf, tty)",
        "-qmp", "carrier-pigeon");
    REFUSED("-qmp unix:/nowhere/at/all: No such file or directory (server=on listens)", "-qmp",
            "unix:/nowhere/at/all");
    REFUSED("-qmp stdio: standard input is taken (only one may have it)", "-qmp", "stdio",
            "-serial", "stdio");
    REFUSED("-qtest stdio: standard input is taken (only one may have it)", "-qmp", "stdio",
            "-qtest", "stdio");
    REFUSED("-mon chardev=a: no such chardev (-chardev socket,id=a,path=PATH makes one)", "-mon",
            "chardev=a,mode=control");
    REFUSED("-mon a,mode=x: write chardev=ID,mode=readline or mode=control", "-mon", "a,mode=x");
    REFUSED("-chardev null,id=b: the id is taken", "-chardev", "socket,id=b,path=x", "-chardev",
            "null,id=b", "-mon", "b,mode=control");
    REFUSED("-chardev socket,id=b: a socket has either path=FILE or port=N", "-chardev",
            "socket,id=b", "-mon", "b,mode=control");
}

static int tcp_port(int fd)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(name);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&name, size), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&name, &size), ==, 0);
    return ntohs(name.sin_port);
}

static void test_tcp_connects(void)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autofree char *where = g_strdup_printf("tcp:127.0.0.1:%d", tcp_port(listener));
    g_assert_cmpint(listen(listener, 1), ==, 0);
    ControlRig rig;
    ControlLine line;
    start(&rig, (const char *const[]){"-accel", "qtest", "-qmp", where, NULL});
    greet(&line, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    control_line_close(&line);
    close(listener);
    end(&rig);
}

/* ---- a guest ---- */

static bool can_run_guests(void)
{
    bool can = access("/dev/kvm", R_OK | W_OK) == 0;
    if (!can) {
        g_test_skip("/dev/kvm is not usable here");
    }
    return can;
}

static void start_guest(ControlRig *rig, const char *name, const char *option)
{
    g_autofree char *file = g_strdup_printf("%s.bin", name);
    g_autofree char *guest = g_build_filename(g_getenv("PIOEMU_BUILD"), "guests", file, NULL);
    start(rig, (const char *const[]){"-accel", "kvm", "-kernel", guest, "-S", "-serial", "null",
                                     "-debugport", "null", option, NULL});
    ask(rig, NEGOTIATE, "{\"return\":{}}");
}

static void cont(ControlRig *rig)
{
    tell(rig, EXECUTE("cont"));
    next_event(rig, "RESUME", NULL);
    next_is(rig, "{\"return\":{}}");
}

static void stop(ControlRig *rig)
{
    tell(rig, EXECUTE("stop"));
    next_event(rig, "STOP", NULL);
    next_is(rig, "{\"return\":{}}");
}

/* While the machine is stopped its registers do not change.  After that they do. */
static void test_a_guest_is_stopped_looked_at_and_let_go(void)
{
    ControlRig rig;
    if (!can_run_guests()) {
        return;
    }
    start_guest(&rig, "timer", NULL);
    MONITOR_HAS(&rig, "info registers", "EIP=00001000");
    cont(&rig);
    MONITOR_HAS(&rig, "info registers", "EIP=");
    ask(&rig, EXECUTE("query-status"), STATUS("running", "true"));
    stop(&rig);
    g_autofree char *before = monitor(&rig, "info registers");
    g_autofree char *after = monitor(&rig, "info registers");
    g_assert_cmpstr(before, ==, after);
    ask(&rig, EXECUTE("inject-nmi"), "{\"return\":{}}");
    tell(&rig, EXECUTE("system_reset"));
    next_event(&rig, "RESET", "{\"guest\":false,\"reason\":\"host-qmp-system-reset\"}");
    next_is(&rig, "{\"return\":{}}");
    ask(&rig, EXECUTE("query-status"), STATUS("paused", "false"));
    MONITOR_HAS(&rig, "info registers", "EIP=00001000");
    control_rig_end(&rig);
}

static void start_nmi_guest(ControlRig *rig, const char *flat)
{
    g_autofree char *guest = g_build_filename(g_getenv("PIOEMU_BUILD"), "guests", "nmi.bin", NULL);
    start(rig, (const char *const[]){"-accel", "kvm", "-kernel", guest, "-flat", flat, "-S",
                                     "-serial", "null", "-debugport", "null", NULL});
    ask(rig, NEGOTIATE, "{\"return\":{}}");
}

/* The guest needs a moment to halt.  If it never does, the test's time limit ends the test. */
static void wait_until_halted(ControlRig *rig)
{
    bool halted = false;
    while (!halted) {
        g_autofree char *registers = monitor(rig, "info registers");
        halted = strstr(registers, "HLT=1") != NULL;
    }
}

static void test_an_nmi_wakes_a_halted_guest(void)
{
    ControlRig rig;
    if (!can_run_guests()) {
        return;
    }
    start_nmi_guest(&rig, "ax=0");
    cont(&rig);
    wait_until_halted(&rig);
    tell(&rig, EXECUTE("inject-nmi"));
    next_is(&rig, "{\"return\":{}}");
    next_event(&rig, "SHUTDOWN", "{\"guest\":true,\"reason\":\"guest-shutdown\"}");
    g_assert_cmpint(control_rig_end(&rig), ==, 0);
}

/* Bit 7 of port 0x70 blocks NMIs, and an NMI that comes meanwhile is lost. */
static void test_a_masked_nmi_does_nothing(void)
{
    ControlRig rig;
    if (!can_run_guests()) {
        return;
    }
    start_nmi_guest(&rig, "ax=0x80");
    cont(&rig);
    wait_until_halted(&rig);
    for (unsigned i = 0; i < 3; i++) {
        ask(&rig, EXECUTE("inject-nmi"), "{\"return\":{}}");
        stop(&rig);
        cont(&rig);
    }
    ask(&rig, EXECUTE("query-status"), STATUS("running", "true"));
    control_rig_end(&rig);
}

/* After its end a machine can be examined, reset, and started again. */
static void test_after_its_end_a_machine_needs_a_reset(void)
{
    ControlRig rig;
    if (!can_run_guests()) {
        return;
    }
    start_guest(&rig, "hello", "-no-shutdown");
    for (unsigned i = 0; i < 2; i++) {
        cont(&rig);
        next_event(&rig, "SHUTDOWN", "{\"guest\":true,\"reason\":\"guest-shutdown\"}");
        next_event(&rig, "STOP", NULL);
        ask(&rig, EXECUTE("query-status"), STATUS("shutdown", "false"));
        ask(&rig, EXECUTE("cont"), GENERIC("Resetting the Virtual Machine is required"));
        tell(&rig, EXECUTE("system_reset"));
        next_event(&rig, "RESET", "{\"guest\":false,\"reason\":\"host-qmp-system-reset\"}");
        next_is(&rig, "{\"return\":{}}");
        ask(&rig, EXECUTE("query-status"), STATUS("prelaunch", "false"));
    }
    control_rig_end(&rig);
}

#define SET_ACTION(arguments) "{\"execute\":\"set-action\",\"arguments\":{" arguments "}}"

static void test_actions_are_set_while_it_runs(void)
{
    ControlRig rig;
    if (!can_run_guests()) {
        return;
    }
    start_guest(&rig, "hello", "-no-reboot");
    ask(&rig, SET_ACTION("\"panic\":\"pause\",\"shutdown\":\"dance\""),
        GENERIC("shutdown=dance: not one of reset, shutdown, pause, die"));
    ask(&rig, SET_ACTION(""), "{\"return\":{}}");
    ask(&rig, SET_ACTION("\"shutdown\":\"pause\",\"triple-fault\":\"reset\""), "{\"return\":{}}");
    cont(&rig);
    next_event(&rig, "SHUTDOWN", "{\"guest\":true,\"reason\":\"guest-shutdown\"}");
    next_event(&rig, "STOP", NULL);
    ask(&rig, EXECUTE("query-status"), STATUS("shutdown", "false"));
    control_rig_end(&rig);
}

static void test_set_action_overrides_no_shutdown(void)
{
    ControlRig rig;
    if (!can_run_guests()) {
        return;
    }
    start_guest(&rig, "hello", "-no-shutdown");
    ask(&rig, SET_ACTION("\"shutdown\":\"shutdown\""), "{\"return\":{}}");
    cont(&rig);
    next_event(&rig, "SHUTDOWN", "{\"guest\":true,\"reason\":\"guest-shutdown\"}");
    g_assert_cmpint(control_rig_wait(&rig), ==, 0);
}

#define TEST(name) g_test_add_func("/qmp/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(nothing_works_before_the_negotiation);
    TEST(answers_are_json_whatever_a_name_holds);
    TEST(stop_and_cont);
    TEST(a_machine_started_with_S_waits);
    TEST(reset_resets_the_devices);
    TEST(quit_answers_and_ends);
    TEST(version_and_commands);
    TEST(chardevs_are_listed);
    TEST(nmi_needs_a_cpu);
    TEST(an_nmi_wakes_a_halted_guest);
    TEST(a_masked_nmi_does_nothing);
    TEST(reports_come_as_readable_text);
    TEST(human_monitor);
    TEST(clients_come_one_after_another);
    TEST(tcp_connects);
    TEST(mistakes_in_the_options_are_named);
    TEST(a_guest_is_stopped_looked_at_and_let_go);
    TEST(actions_are_set_while_it_runs);
    TEST(set_action_overrides_no_shutdown);
    TEST(after_its_end_a_machine_needs_a_reset);
    return g_test_run();
}
