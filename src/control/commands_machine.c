/*
 * The commands that control the run of the machine and describe the machine.
 */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/control/line.h"
#include "src/cpu/cpu_dump.h"
#include "src/vm/vm_debug.h"

#include <string.h>

/* ---- what the machine is ---- */

/* QMP defines one capability, which this server does not offer. */
static JsonNode *negotiate(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)vm;
    JsonNode *enable = json_object_get_member(arguments, "enable");
    JsonArray *list = enable ? json_node_get_array(enable) : NULL;
    if (!list || !json_array_get_length(list)) {
        return NULL;
    }
    JsonNode *first = json_array_get_element(list, 0);
    const char *name = JSON_NODE_HOLDS_VALUE(first) ? json_node_get_string(first) : NULL;
    if (!name) {
        error_refuse(error, "Invalid parameter type for 'enable[0]', expected: string");
    } else if (!strcmp(name, "oob")) {
        error_refuse(error, "Capability oob not available");
    } else {
        error_refuse(error, "Parameter 'enable[0]' does not accept value '%s'", name);
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
    for (const Command *command = command_next(NULL); command; command = command_next(command)) {
        JsonObject *entry = json_object_new();
        json_object_set_string_member(entry, "name", command->name);
        json_array_add_object_element(list, entry);
    }
    return command_array(list);
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

static bool dump_registers(Vm *vm, unsigned cpu, GString *text, GError **error)
{
    CpuState state;
    if (!vm_get_cpu(vm, cpu, &state, error)) {
        return false;
    }
    g_string_append_printf(text, "\nCPU#%u\n", cpu);
    cpu_dump(text, &state);
    return true;
}

static JsonNode *query_registers(Vm *vm, JsonObject *arguments, GError **error)
{
    bool all = command_get_bool(arguments, "all");
    unsigned first = all ? 0 : (unsigned)command_get_int(arguments, "cpu-index", 0);
    unsigned end = all ? MAX(1, vm_cpu_count(vm)) : first + 1;
    GString *text = g_string_new(NULL);
    for (unsigned cpu = first; cpu < end; cpu++) {
        if (!dump_registers(vm, cpu, text, error)) {
            g_string_free(text, true);
            return NULL;
        }
    }
    return command_text(text);
}

static JsonNode *query_report(Vm *vm, JsonObject *arguments, GError **error)
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

/* ---- what the machine should do ---- */

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
    int64_t cpu = command_get_int(arguments, "cpu-index", 0);
    if (cpu < 0 || (cpu && cpu >= vm_cpu_count(vm))) {
        error_refuse(error, "Parameter 'cpu-index' expects a CPU number");
        return NULL;
    }
    g_autofree char *text =
        line_run_once(vm, (unsigned)cpu, command_get_string(arguments, "command-line"));
    return command_string(text);
}

static JsonNode *quit(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    vm_quit(vm, "host-qmp-quit", "the command 'quit'");
    return NULL;
}

/* ---- the table ---- */

const Command COMMANDS_MACHINE[] = {
    {.name = "qmp_capabilities",
     .help = "ends the negotiation",
     .arguments = {{.name = "enable", .type = COMMAND_ARRAY, .optional = true}},
     .run = negotiate},
    {.name = "query-commands", .help = "the commands that there are", .run = query_commands},
    {.name = "query-version",
     .line = "info version",
     .help = "show the version of pioemu",
     .run = query_version,
     .show = show_version},
    {.name = "query-status",
     .line = "info status",
     .help = "show the current VM status (running|paused)",
     .run = query_status,
     .show = show_status},
    {.name = "query-name",
     .line = "info name",
     .help = "show the current VM name",
     .run = query_name,
     .show = show_name},
    {.name = "query-chardev",
     .line = "info chardev",
     .help = "show the character devices",
     .run = query_chardev,
     .show = show_chardevs},
    {.name = "x-query-registers",
     .line = "info registers",
     .usage = "[-a|vcpu]",
     .help = "show the CPU's registers (-a: of all CPUs; vcpu: of that one)",
     .arguments = {{.name = "all", .type = COMMAND_BOOL, .optional = true, .flag = 'a'},
                   {.name = "cpu-index", .type = COMMAND_INTEGER, .optional = true}},
     .run = query_registers},
    {.name = "x-query-report",
     .line = "info report",
     .help = "show what is said of a guest that died: registers, code, last accesses",
     .run = query_report},
    {.name = "x-query-irq",
     .line = "info irq",
     .help = "show the interrupt lines that are high, and the interrupt controller",
     .run = query_irq},
    {.name = "x-query-devices",
     .line = "info devices",
     .help = "show one line about the state of each device",
     .run = query_devices},
    {.name = "stop", .line = "stop", .alias = "s", .help = "stop emulation", .run = stop},
    {.name = "cont", .line = "cont", .alias = "c", .help = "resume emulation", .run = cont},
    {.name = "system_reset",
     .line = "system_reset",
     .help = "reset the system",
     .run = system_reset},
    {.name = "system_powerdown",
     .line = "system_powerdown",
     .help = "press the power button",
     .run = system_powerdown},
    {.name = "set-action",
     .help = "what follows when the guest reboots, ends or dies",
     .arguments = {{.name = "reboot", .type = COMMAND_STRING, .optional = true},
                   {.name = "shutdown", .type = COMMAND_STRING, .optional = true},
                   {.name = "panic", .type = COMMAND_STRING, .optional = true},
                   {.name = "triple-fault", .type = COMMAND_STRING, .optional = true}},
     .run = set_action},
    {.name = "inject-nmi", .line = "nmi", .help = "inject an NMI", .run = inject_nmi},
    {.name = "human-monitor-command",
     .help = "runs a line of the human monitor",
     .arguments = {{.name = "command-line", .type = COMMAND_STRING},
                   {.name = "cpu-index", .type = COMMAND_INTEGER, .optional = true}},
     .run = human_monitor_command},
    {.name = "quit", .line = "quit", .alias = "q", .help = "quit the emulator", .run = quit},
    COMMAND_END,
};
