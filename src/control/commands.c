/*
 * The commands, one short function each.
 */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/control/debug_commands.h"

#include <string.h>

/* ---- what the machine is ---- */

/* There are no capabilities to enable. */
static JsonNode *negotiate(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)vm;
    if (json_object_has_member(arguments, "enable") &&
        json_array_get_length(json_object_get_array_member(arguments, "enable"))) {
        error_refuse(error, "Parameter 'enable' asks for a capability that is not offered");
    }
    return NULL;
}

static JsonNode *query_status(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    VmState state = vm_state(vm);
    JsonObject *status = json_object_new();
    json_object_set_string_member(status, "status", command_state_name(state));
    json_object_set_boolean_member(status, "singlestep", false);
    json_object_set_boolean_member(status, "running", state == VM_RUNNING);
    return command_object(status);
}

static void show_status(JsonNode *value, GString *text)
{
    JsonObject *status = json_node_get_object(value);
    const char *name = json_object_get_string_member(status, "status");
    bool running = json_object_get_boolean_member(status, "running");
    bool special = !running && strcmp(name, "paused") != 0;
    g_string_append_printf(text, "VM status: %s%s%s%s\n", running ? "running" : "paused",
                           special ? " (" : "", special ? name : "", special ? ")" : "");
}

static JsonNode *query_version(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)vm, (void)arguments, (void)error;
    return command_version();
}

static void show_version(JsonNode *value, GString *text)
{
    (void)value;
    g_string_append(text, PIOEMU_VERSION "\n");
}

static JsonNode *query_commands(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)vm, (void)arguments, (void)error;
    JsonArray *list = json_array_new();
    for (const Command *command = COMMANDS; command->name; command++) {
        JsonObject *entry = json_object_new();
        json_object_set_string_member(entry, "name", command->name);
        json_array_add_object_element(list, entry);
    }
    return command_array(list);
}

static void show_commands(JsonNode *value, GString *text)
{
    (void)value;
    for (const Command *command = COMMANDS; command->name; command++) {
        if (command->line) {
            g_string_append_printf(text, "%s -- %s\n", command->line, command->help);
        }
    }
}

static JsonNode *query_name(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    const char *name = vm_config(vm)->name;
    JsonObject *answer = json_object_new();
    if (name) {
        json_object_set_string_member(answer, "name", name);
    }
    return command_object(answer);
}

static void show_name(JsonNode *value, GString *text)
{
    JsonObject *answer = json_node_get_object(value);
    if (json_object_has_member(answer, "name")) {
        g_string_append_printf(text, "%s\n", json_object_get_string_member(answer, "name"));
    }
}

static void add_chardev(void *opaque, const char *label, const char *filename, bool connected)
{
    JsonObject *entry = json_object_new();
    json_object_set_string_member(entry, "label", label);
    json_object_set_string_member(entry, "filename", filename);
    json_object_set_boolean_member(entry, "frontend-open", connected);
    json_array_add_object_element(opaque, entry);
}

static JsonNode *query_chardev(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    JsonArray *list = json_array_new();
    vm_foreach_chardev(vm, add_chardev, list);
    return command_array(list);
}

static void show_chardev(JsonArray *list, guint index, JsonNode *element, gpointer text)
{
    JsonObject *entry = json_node_get_object(element);
    (void)list, (void)index;
    g_string_append_printf(text, "%s: filename=%s\n", json_object_get_string_member(entry, "label"),
                           json_object_get_string_member(entry, "filename"));
}

static void show_chardevs(JsonNode *value, GString *text)
{
    json_array_foreach_element(json_node_get_array(value), show_chardev, text);
}

/* ---- reports ---- */

static JsonNode *query_registers(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    vm_report_registers(vm, text);
    return command_text(text);
}

static JsonNode *query_irq(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    vm_report_interrupts(vm, text);
    return command_text(text);
}

static JsonNode *query_devices(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    vm_report_devices(vm, text);
    return command_text(text);
}

/* ---- what the machine is to do ---- */

static JsonNode *stop(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    vm_pause(vm);
    return NULL;
}

static JsonNode *cont(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments;
    vm_resume(vm, error);
    return NULL;
}

static JsonNode *system_reset(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments;
    vm_reset(vm, error);
    return NULL;
}

static JsonNode *system_powerdown(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    vm_powerdown(vm);
    return NULL;
}

static JsonNode *set_action(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *actions[RUN_EVENTS];
    for (unsigned i = 0; i < RUN_EVENTS; i++) {
        actions[i] = json_object_get_string_member_with_default(arguments, run_event_name(i), NULL);
    }
    vm_set_actions(vm, actions, error);
    return NULL;
}

static JsonNode *inject_nmi(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments;
    vm_inject_nmi(vm, error);
    return NULL;
}

static JsonNode *human_monitor_command(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)error;
    g_autofree char *text =
        command_run_line(vm, json_object_get_string_member(arguments, "command-line"));
    JsonNode *node = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(node, text);
    return node;
}

static JsonNode *quit(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    vm_quit(vm, "host-qmp-quit", "the command 'quit'");
    return NULL;
}

/* ---- the table ---- */

const Command COMMANDS[] = {
    {"qmp_capabilities",
     NULL,
     "ends the negotiation",
     {{"enable", COMMAND_ARRAY, true}},
     negotiate,
     NULL},
    {"query-commands", "help", "this text", {{0}}, query_commands, show_commands},
    {"query-version", "info version", "the program's version", {{0}}, query_version, show_version},
    {"query-status", "info status", "whether the machine runs", {{0}}, query_status, show_status},
    {"query-name", "info name", "the machine's name", {{0}}, query_name, show_name},
    {"query-chardev",
     "info chardev",
     "where each character line goes",
     {{0}},
     query_chardev,
     show_chardevs},
    {"x-query-registers",
     "info registers",
     "the CPUs: registers, code, last accesses",
     {{0}},
     query_registers,
     NULL},
    {"x-query-irq",
     "info irq",
     "interrupt lines and the interrupt controller",
     {{0}},
     query_irq,
     NULL},
    {"x-query-devices", "info devices", "one line for each device", {{0}}, query_devices, NULL},
    {"stop", "stop", "pause the machine", {{0}}, stop, NULL},
    {"cont", "cont", "let it run", {{0}}, cont, NULL},
    {"system_reset", "system_reset", "reset it", {{0}}, system_reset, NULL},
    {"system_powerdown",
     "system_powerdown",
     "press the power button",
     {{0}},
     system_powerdown,
     NULL},
    {"set-action",
     NULL,
     "what follows when the guest reboots, ends or dies",
     {{"reboot", COMMAND_STRING, true},
      {"shutdown", COMMAND_STRING, true},
      {"panic", COMMAND_STRING, true},
      {"triple-fault", COMMAND_STRING, true}},
     set_action,
     NULL},
    {"gdbserver",
     "gdbserver",
     "lets a debugger connect at DEVICE (tcp::1234), or no more (none)",
     {{"device", COMMAND_STRING, true}},
     command_gdbserver,
     NULL},
    {"watch-port",
     "watch-port",
     "PORT [COUNT [r|w|rw]]: an access of these ports stops the machine",
     {{"port", COMMAND_INTEGER, false},
      {"count", COMMAND_INTEGER, true},
      {"access", COMMAND_STRING, true}},
     command_watch_port,
     NULL},
    {"unwatch-port",
     "unwatch-port",
     "PORT: ends the watches that begin there",
     {{"port", COMMAND_INTEGER, false}},
     command_unwatch_port,
     NULL},
    {"query-port-watches",
     "info watch-ports",
     "the ports whose accesses stop the machine",
     {{0}},
     command_query_port_watches,
     command_show_port_watches},
    {"inject-nmi", "nmi", "inject a non-maskable interrupt", {{0}}, inject_nmi, NULL},
    {"human-monitor-command",
     NULL,
     "runs a line of the human monitor",
     {{"command-line", COMMAND_STRING, false}, {"cpu-index", COMMAND_INTEGER, true}},
     human_monitor_command,
     NULL},
    {"quit", "quit", "end the program", {{0}}, quit, NULL},
    {0},
};
