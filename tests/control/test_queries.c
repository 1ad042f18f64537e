/*
 * The commands that a management program sends first, the commands about
 * devices and the log, and several clients at once.
 */
#include "tests/control/qmp_rig.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static char *monitor(ControlRig *rig, const char *line)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}", line);
    return control_qmp(rig, command);
}

static void has(ControlRig *rig, const char *line, const char *text)
{
    g_autofree char *answer = monitor(rig, line);
    g_test_message("%s: %s", line, answer);
    g_assert_nonnull(strstr(answer, text));
}

/* Returns the "return" of the answer.  The caller frees the parser, which owns it. */
static JsonNode *query(ControlRig *rig, const char *command, JsonParser **parser)
{
    g_autofree char *answer = control_qmp(rig, command);
    *parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(*parser, answer, -1, NULL));
    return json_object_get_member(json_node_get_object(json_parser_get_root(*parser)), "return");
}

/*
 * Returns a member of each element of an array, in the order of the array,
 * with spaces between them.
 */
static char *members(JsonNode *array, const char *name)
{
    g_autoptr(GString) text = g_string_new(NULL);
    JsonArray *list = json_node_get_array(array);
    for (guint i = 0; i < json_array_get_length(list); i++) {
        g_string_append_printf(
            text, " %s",
            json_object_get_string_member(json_array_get_object_element(list, i), name));
    }
    return g_string_free(g_steal_pointer(&text), false);
}

static void test_devices_are_shown_as_qemu_does(void)
{
    ControlRig rig;
    start_plain(&rig);
    has(&rig, "info qtree", "{\"return\":\"bus: main-system-bus\\r\\n  type System\\r\\n  dev: ");
    has(&rig, "info qtree", "  dev: isa-serial, id \\\"COM1\\\"\\r\\n");
    has(&rig, "info qtree", "    iobase = 1016 (0x3f8)\\r\\n");
    has(&rig, "info mtree -f", "  0000000000100000-0000000007ffffff (prio 0, ram): ram\\r\\n");
    has(&rig, "info mtree", "  00000000000003f8-00000000000003ff (prio 0, i/o): COM1\\r\\n");
    has(&rig, "info pic",
        "pic1: irr=00 imr=ff isr=00 hprio=0 irq_base=00 rr_sel=0 elcr=00 fnm=0\\r\\n");
    g_free(control_ask(&rig, "outb 0x20 0x11"));
    g_free(control_ask(&rig, "outb 0x21 0x20"));
    g_free(control_ask(&rig, "outb 0x21 0x04"));
    g_free(control_ask(&rig, "outb 0x21 0x01"));
    g_free(control_ask(&rig, "outb 0x21 0xfe"));
    g_free(control_ask(&rig, "outb 0x20 0x0b"));
    g_free(control_ask(&rig, "outb 0x4d0 0x20"));
    g_free(control_ask(&rig, "set_irq_in i8259 unnamed-gpio-in 5 1"));
    has(&rig, "info pic",
        "pic0: irr=20 imr=fe isr=00 hprio=0 irq_base=20 rr_sel=1 elcr=20 fnm=0\\r\\n");
    has(&rig, "info roms", "{\"return\":\"\"}");
    has(&rig, "info kvm", "kvm support: disabled\\r\\n");
    has(&rig, "info jit", "-accel qtest does not translate code\\r\\n");
    has(&rig, "info pci",
        "{\"return\":\"  Bus  0, device   0, function 0:\\r\\n    Host bridge: PCI device "
        "8086:1237\\r\\n      PCI subsystem 0000:0000\\r\\n      id \\\"i440FX\\\"\\r\\n");
    has(&rig, "info pci",
        "    IDE controller: PCI device 8086:7010\\r\\n      PCI subsystem 0000:0000\\r\\n"
        "      BAR4: I/O at 0xffffffffffffffff [0x000e].\\r\\n");
    g_free(control_ask(&rig, "outl 0xcf8 0x80000920"));
    g_free(control_ask(&rig, "outl 0xcfc 0xc000"));
    g_free(control_ask(&rig, "outl 0xcf8 0x80000904"));
    g_free(control_ask(&rig, "outw 0xcfc 1"));
    has(&rig, "info pci", "      BAR4: I/O at 0xc000 [0xc00f].\\r\\n");
    has(&rig, "info cpus", "{\"return\":\"\"}");
    end(&rig);
}

static void test_local_apics_and_cpus_are_shown(void)
{
    ControlRig rig;
    g_autofree char *guest =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "guests", "timer.bin", NULL);
    const char *const options[] = {"-accel", "soft",    "-kernel", guest,        "-S",   "-smp",
                                   "2",      "-serial", "null",    "-debugport", "null", NULL};
    start(&rig, options);
    ask(&rig, NEGOTIATE, "{\"return\":{}}");
    has(&rig, "info lapic", "dumping local APIC state for CPU 0 \\r\\n\\r\\nLVT0\\t 0x");
    has(&rig, "info lapic 1",
        "LVTT\\t 0x00010000 active-hi edge  masked         one-shot     Fixed  (vec 0)\\r\\n");
    has(&rig, "info lapic 2", "Error: CPU 2 has no local APIC here");
    has(&rig, "info cpus", "{\"return\":\"* CPU #0: thread_id=");
    has(&rig, "info jit", "translated since the start: 0 blocks, 0 instructions\\r\\n");
    has(&rig, "info registers -a", "CPU#1\\r\\nEAX=00000000");
    has(&rig, "info registers 1", "{\"return\":\"\\r\\nCPU#1\\r\\n");
    has(&rig, "info registers 2", "Error: Invalid CPU index 2 (the machine has 2)");
    g_autoptr(JsonParser) parser = NULL;
    JsonNode *cpus = query(&rig, EXECUTE("query-cpus-fast"), &parser);
    g_autofree char *paths = members(cpus, "qom-path");
    g_assert_cmpstr(paths, ==, " /machine/unattached/cpu[0] /machine/unattached/cpu[1]");
    control_rig_end(&rig);
}

static void test_a_program_learns_what_there_is(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autoptr(JsonParser) machines = NULL, events = NULL, types = NULL;
    g_autoptr(JsonParser) properties = NULL, options = NULL;
    g_autofree char *names = members(query(&rig, EXECUTE("query-machines"), &machines), "name");
    g_assert_true(g_str_has_prefix(names, " pc"));
    g_autofree char *kinds = members(query(&rig, EXECUTE("query-events"), &events), "name");
    g_assert_true(g_str_has_prefix(kinds, " STOP RESUME RESET SHUTDOWN POWERDOWN"));
    g_autofree char *classes = members(query(&rig, EXECUTE("qom-list-types"), &types), "name");
    g_assert_nonnull(strstr(classes, " isa-serial"));
    JsonNode *list = query(&rig,
                           "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":"
                           "\"isa-serial\"}}",
                           &properties);
    g_autofree char *keys = members(list, "name");
    g_assert_nonnull(strstr(keys, " iobase"));
    g_autofree char *words =
        members(query(&rig, EXECUTE("query-command-line-options"), &options), "option");
    g_assert_nonnull(strstr(words, " machine "));
    ask(&rig, EXECUTE("query-uuid"),
        "{\"return\":{\"UUID\":\"00000000-0000-0000-0000-000000000000\"}}");
    ask(&rig, "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"x\"}}",
        GENERIC("Device 'x' not found"));
    end(&rig);
}

/* The board that management programs start to ask what there is. */
static void test_the_board_none_answers_queries(void)
{
    ControlRig rig;
    const char *const options[] = {"-machine", "none,accel=kvm:tcg", "-nodefaults", NULL};
    start(&rig, options);
    ask(&rig, NEGOTIATE, "{\"return\":{}}");
    ask(&rig, EXECUTE("query-status"),
        "{\"return\":{\"status\":\"running\",\"singlestep\":false,\"running\":true}}");
    ask(&rig, EXECUTE("query-cpus-fast"), "{\"return\":[]}");
    has(&rig, "info qtree", "{\"return\":\"bus: main-system-bus\\r\\n  type System\\r\\n\"}");
    has(&rig, "info pic", "{\"return\":\"\"}");
    has(&rig, "info registers", "Error: accelerator qtest has no CPU");
    g_autoptr(JsonParser) machines = NULL;
    g_autofree char *names = members(query(&rig, EXECUTE("query-machines"), &machines), "name");
    g_assert_nonnull(strstr(names, " none"));
    end(&rig);
}

/* The schema must list every command with its arguments, and define every type that it uses. */
static void test_the_schema_is_complete(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autoptr(JsonParser) parser = NULL, others = NULL;
    JsonArray *schema = json_node_get_array(query(&rig, EXECUTE("query-qmp-schema"), &parser));
    JsonArray *commands = json_node_get_array(query(&rig, EXECUTE("query-commands"), &others));
    g_autoptr(GHashTable) kinds = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < json_array_get_length(schema); i++) {
        JsonObject *entity = json_array_get_object_element(schema, i);
        g_hash_table_insert(kinds, (gpointer)json_object_get_string_member(entity, "name"),
                            (gpointer)json_object_get_string_member(entity, "meta-type"));
    }
    for (guint i = 0; i < json_array_get_length(commands); i++) {
        JsonObject *command = json_array_get_object_element(commands, i);
        const char *name = json_object_get_string_member(command, "name");
        g_assert_cmpstr(g_hash_table_lookup(kinds, name), ==, "command");
    }
    for (guint i = 0; i < json_array_get_length(schema); i++) {
        JsonObject *entity = json_array_get_object_element(schema, i);
        const char *type =
            json_object_get_string_member_with_default(entity, "arg-type", "q_empty");
        g_assert_cmpstr(g_hash_table_lookup(kinds, type), ==, "object");
    }
    end(&rig);
}

static void test_out_of_band_is_refused(void)
{
    ControlRig rig;
    start(&rig, (const char *const[]){"-accel", "qtest", NULL});
    ask(&rig, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}",
        GENERIC("Capability oob not available"));
    ask(&rig, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"x\"]}}",
        GENERIC("Parameter 'enable[0]' does not accept value 'x'"));
    ask(&rig, NEGOTIATE, "{\"return\":{}}");
    ask(&rig, "{\"exec-oob\":\"query-status\",\"id\":1}",
        "{\"id\":1,\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input member 'exec-oob' is "
        "unexpected\"}}");
    end(&rig);
}

/* The lines are those that libvirt, qmp-shell, syzkaller, os-autoinst and lima send. */
static void test_public_clients_get_answers(void)
{
    static const char *const LINES[] = {
        "{\"execute\":\"query-version\",\"id\":\"libvirt-2\"}\r\n",
        "{\"execute\":\"query-commands\",\"id\":\"libvirt-3\"}\r\n",
        "{\"execute\":\"query-qmp-schema\",\"id\":\"libvirt-4\"}\r\n",
        "{\"execute\":\"query-kvm\",\"id\":\"libvirt-5\"}\r\n",
        "{\"execute\":\"qom-list-types\",\"id\":\"libvirt-6\"}\r\n",
        "{\"execute\":\"query-machines\",\"id\":\"libvirt-7\"}\r\n",
        "{\"execute\":\"query-command-line-options\",\"id\":\"libvirt-8\"}\r\n",
        "{\"execute\": \"query-commands\"}\n",
        "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"info "
        "status\"}}\n",
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"info registers\","
        "\"cpu-index\":0}}\n",
        "{\"execute\":\"query-status\"}",
        "{\"execute\":\"query-cpus-fast\",\"id\":17}",
        "{\"execute\":\"query-block\"}",
        "{\"execute\":\"query-chardev\"}",
        "{\"execute\":\"query-name\",\"arguments\":{}}",
        "{\"arguments\":{\"events\":[{\"type\":\"key\",\"data\":{\"down\":true,\"key\":{\"type\":"
        "\"qcode\",\"data\":\"shift\"}}}]},\"execute\":\"input-send-event\"}",
    };
    ControlRig rig;
    start_plain(&rig);
    for (size_t i = 0; i < G_N_ELEMENTS(LINES); i++) {
        g_autofree char *answer = control_qmp(&rig, LINES[i]);
        const char *id = strstr(LINES[i], "libvirt-");
        g_autofree char *echoed = id ? g_strndup(id, strlen("libvirt-2\"")) : g_strdup("{");
        g_test_message("%s", LINES[i]);
        g_assert_true(g_str_has_prefix(answer, "{\"return\":"));
        g_assert_nonnull(strstr(answer, echoed));
    }
    end(&rig);
}

/* ---- the log ---- */

static void test_what_is_logged_can_change(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autofree char *path = g_build_filename(rig.directory, "log", NULL);
    g_autofree char *line = g_strdup_printf("logfile %s", path);
    has(&rig, line, "{\"return\":\"\"}");
    has(&rig, "log foo", "Error: 'foo' is no list of log items");
    has(&rig, "log in_asm", "in_asm, int, exec, cpu, mmu and nochain: -accel qtest does not see");
    has(&rig, "log io", "{\"return\":\"\"}");
    g_free(control_ask(&rig, "outb 0x80 0x11"));
    has(&rig, "info trace-events i*", "{\"return\":\"io : state 1\\r\\nin_asm : state 0\\r\\nint");
    has(&rig, "trace-event io off", "{\"return\":\"\"}");
    g_free(control_ask(&rig, "outb 0x80 0x22"));
    has(&rig, "trace-event foo on", "unknown event \\\"foo\\\"");
    control_rig_end(&rig);
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "0x11"));
    g_assert_null(strstr(text, "0x22"));
    g_unlink(path);
    g_rmdir(directory);
}

/* ---- several clients ---- */

static void die_with_the_test(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void tell(ControlLine *line, const char *json, const char *answer)
{
    control_line_write(line, json, strlen(json));
    g_autofree char *text = control_line_read(line);
    g_assert_cmpstr(text, ==, answer);
}

static void connect_client(ControlLine *line, const char *path)
{
    control_line_open(line, control_connect(path));
    g_autofree char *greeting = control_line_read(line);
    g_assert_true(g_str_has_prefix(greeting, "{\"QMP\":"));
    tell(line, NEGOTIATE, "{\"return\":{}}");
}

static void next_event_is(ControlLine *line, const char *name)
{
    g_autofree char *text = control_line_read(line);
    g_autofree char *expected = g_strdup_printf("\"event\":\"%s\"", name);
    g_assert_nonnull(strstr(text, expected));
}

/*
 * Each client gets its own answers, all get the events, and one that
 * disconnects does not affect the others.
 */
static void test_several_clients_share_a_socket(void)
{
    GPid pid;
    int status;
    ControlLine clients[3];
    g_autofree char *directory = g_dir_make_tmp("pioemu-clients-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "qmp", NULL);
    g_autofree char *address = g_strdup_printf("unix:%s,server=on,wait=off", path);
    g_autofree char *program = control_rig_program();
    const char *argv[] = {program, "-accel", "qtest", "-display", "none", "-qmp", address, NULL};
    g_assert_true(g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                die_with_the_test, NULL, &pid, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        connect_client(&clients[i], path);
    }
    tell(&clients[1], "{\"execute\":\"query-status\",\"id\":1}",
         "{\"return\":{\"status\":\"running\",\"singlestep\":false,\"running\":true},\"id\":1}");
    control_line_write(&clients[0], EXECUTE("stop"), strlen(EXECUTE("stop")));
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        next_event_is(&clients[i], "STOP");
    }
    g_free(control_line_read(&clients[0]));
    control_line_close(&clients[0]);
    tell(&clients[2], "{\"execute\":\"nosuch\",\"id\":2}",
         "{\"id\":2,\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command nosuch has not "
         "been found\"}}");
    control_line_write(&clients[2], EXECUTE("cont"), strlen(EXECUTE("cont")));
    next_event_is(&clients[1], "RESUME");
    next_event_is(&clients[2], "RESUME");
    g_free(control_line_read(&clients[2]));
    connect_client(&clients[0], path);
    tell(&clients[1], EXECUTE("quit"), "{\"return\":{}}");
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        next_event_is(&clients[i], "SHUTDOWN");
        control_line_close(&clients[i]);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    g_rmdir(directory);
}

#define TEST(name) g_test_add_func("/queries/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(devices_are_shown_as_qemu_does);
    TEST(local_apics_and_cpus_are_shown);
    TEST(a_program_learns_what_there_is);
    TEST(the_board_none_answers_queries);
    TEST(the_schema_is_complete);
    TEST(out_of_band_is_refused);
    TEST(public_clients_get_answers);
    TEST(what_is_logged_can_change);
    TEST(several_clients_share_a_socket);
    return g_test_run();
}
