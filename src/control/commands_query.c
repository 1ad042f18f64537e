/*
 * The commands that a management program sends first, about the program and
 * its features, and the commands for the log.
 */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/base/log.h"
#include "src/control/qmp.h"
#include "src/control/schema.h"

#include <string.h>

/* ---- what the program is ---- */

static JsonNode *query_kvm(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    JsonObject *kvm = json_object_new();
    json_object_set_boolean_member(kvm, "enabled", !strcmp(vm_accel_name(vm), "kvm"));
    json_object_set_boolean_member(kvm, "present", vm_kvm_works());
    return command_object(kvm);
}

static void show_kvm(JsonNode *value, GString *text)
{
    bool on = json_object_get_boolean_member(json_node_get_object(value), "enabled");
    g_string_append_printf(text, "kvm support: %s\n", on ? "enabled" : "disabled");
}

static JsonNode *query_uuid(Vm *vm, JsonObject *arguments, GError **error)
{
    static const char NONE[] = "00000000-0000-0000-0000-000000000000";
    const char *given = vm_config(vm)->uuid;
    (void)arguments, (void)error;
    JsonObject *uuid = json_object_new();
    json_object_set_string_member(uuid, "UUID", given ? given : NONE);
    return command_object(uuid);
}

static void show_uuid(JsonNode *value, GString *text)
{
    const char *uuid = json_object_get_string_member(json_node_get_object(value), "UUID");
    g_string_append_printf(text, "%s\n", uuid);
}

static JsonNode *query_machines(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)vm, (void)arguments, (void)error;
    JsonArray *list = json_array_new();
    for (const MachineClass *const *m = machine_classes(); *m; m++) {
        JsonObject *machine = json_object_new();
        json_object_set_string_member(machine, "name", (*m)->name);
        if ((*m)->alias) {
            json_object_set_string_member(machine, "alias", (*m)->alias);
        }
        if (m == machine_classes()) {
            json_object_set_boolean_member(machine, "is-default", true);
        }
        json_object_set_int_member(machine, "cpu-max", 255);
        json_object_set_boolean_member(machine, "hotpluggable-cpus", false);
        json_object_set_boolean_member(machine, "numa-mem-supported", false);
        json_object_set_boolean_member(machine, "deprecated", false);
        json_array_add_object_element(list, machine);
    }
    return command_array(list);
}

static JsonNode *query_events(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)vm, (void)arguments, (void)error;
    JsonArray *list = json_array_new();
    const char *name;
    for (unsigned i = 0; (name = qmp_event_name(i)); i++) {
        JsonObject *event = json_object_new();
        json_object_set_string_member(event, "name", name);
        json_array_add_object_element(list, event);
    }
    return command_array(list);
}

static JsonNode *query_schema(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)vm, (void)arguments, (void)error;
    return command_array(schema_new());
}

/* Lists the options of -help.  QEMU lists their parameters, too. */
static JsonNode *query_options(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *wanted = command_get_string(arguments, "option");
    const char *const *names = (const char *const *)vm_config(vm)->option_names;
    JsonArray *list = json_array_new();
    for (; names && *names; names++) {
        if (wanted && strcmp(wanted, *names) != 0) {
            continue;
        }
        JsonObject *option = json_object_new();
        json_object_set_string_member(option, "option", *names);
        json_object_set_array_member(option, "parameters", json_array_new());
        json_array_add_object_element(list, option);
    }
    if (wanted && !json_array_get_length(list)) {
        json_array_unref(list);
        error_refuse(error, "Parameter 'option' expects a valid option name");
        return NULL;
    }
    return command_array(list);
}

/* ---- the log ---- */

static JsonNode *set_log(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *text = command_get_string(arguments, "items");
    unsigned items = 0;
    if (strcmp(text, "none") != 0 && !log_parse_items(text, &items, NULL)) {
        g_autofree char *help = log_help();
        error_refuse(error,
                     "'%s' is no list of log items (comma separated):\n  none         remove "
                     "all logs\n%s",
                     text, help);
    } else {
        vm_set_log(vm, items, error);
    }
    return NULL;
}

static JsonNode *set_log_file(Vm *vm, JsonObject *arguments, GError **error)
{
    vm_set_log_file(vm, command_get_string(arguments, "filename"), error);
    return NULL;
}

static void complete_log(Vm *vm, GPtrArray *names)
{
    (void)vm;
    for (const char *const *name = log_item_names(); *name; name++) {
        g_ptr_array_add(names, g_strdup(*name));
    }
}

/* An event of QEMU is a log item here: pioemu does not log single events. */
static bool find_event(const char *name, unsigned *item, GError **error)
{
    return log_parse_items(name, item, NULL) || error_refuse(error, "unknown event \"%s\"", name);
}

static JsonNode *set_event(Vm *vm, JsonObject *arguments, GError **error)
{
    unsigned item;
    if (find_event(command_get_string(arguments, "name"), &item, error)) {
        unsigned items = vm_log_items(vm);
        items = command_get_bool(arguments, "enable") ? items | item : items & ~item;
        vm_set_log(vm, items, error);
    }
    return NULL;
}

static void add_event(JsonArray *list, Vm *vm, const char *name)
{
    unsigned item;
    if (log_parse_items(name, &item, NULL)) {
        JsonObject *event = json_object_new();
        json_object_set_string_member(event, "name", name);
        json_object_set_string_member(event, "state",
                                      vm_log_items(vm) & item ? "enabled" : "disabled");
        json_array_add_object_element(list, event);
    }
}

static JsonNode *query_trace_events(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *wanted = command_get_string(arguments, "name");
    JsonArray *list = json_array_new();
    for (const char *const *name = log_item_names(); *name; name++) {
        if (!wanted || g_pattern_match_simple(wanted, *name)) {
            add_event(list, vm, *name);
        }
    }
    if (wanted && !json_array_get_length(list)) {
        json_array_unref(list);
        error_refuse(error, "unknown event \"%s\"", wanted);
        return NULL;
    }
    return command_array(list);
}

static void show_event(JsonArray *list, guint index, JsonNode *element, gpointer text)
{
    JsonObject *event = json_node_get_object(element);
    bool on = !strcmp(json_object_get_string_member(event, "state"), "enabled");
    (void)list, (void)index;
    g_string_append_printf(text, "%s : state %d\n", json_object_get_string_member(event, "name"),
                           on);
}

static void show_events(JsonNode *value, GString *text)
{
    json_array_foreach_element(json_node_get_array(value), show_event, text);
}

/* ---- the table ---- */

const Command COMMANDS_QUERY[] = {
    {.name = "query-kvm",
     .line = "info kvm",
     .help = "show KVM information",
     .run = query_kvm,
     .show = show_kvm},
    {.name = "query-uuid",
     .line = "info uuid",
     .help = "show the current VM UUID",
     .run = query_uuid,
     .show = show_uuid},
    {.name = "query-machines", .help = "the boards that there are", .run = query_machines},
    {.name = "query-events", .help = "the events that there are", .run = query_events},
    {.name = "query-qmp-schema",
     .help = "the commands with their arguments, and the events",
     .run = query_schema},
    {.name = "query-command-line-options",
     .help = "the options of the command line",
     .arguments = {{.name = "option", .type = COMMAND_STRING, .optional = true}},
     .run = query_options},
    {.name = "x-log",
     .line = "log",
     .usage = "item1[,...]",
     .help = "activate logging of the specified items",
     .arguments = {{.name = "items", .type = COMMAND_STRING, .complete = complete_log}},
     .run = set_log},
    {.name = "x-logfile",
     .line = "logfile",
     .usage = "filename",
     .help = "output logs to 'filename'",
     .arguments = {{.name = "filename", .type = COMMAND_STRING}},
     .run = set_log_file},
    {.name = "trace-event-set-state",
     .line = "trace-event",
     .usage = "name on|off",
     .help = "changes status of a specific trace event",
     .arguments = {{.name = "name", .type = COMMAND_STRING, .complete = complete_log},
                   {.name = "enable", .type = COMMAND_BOOL}},
     .run = set_event},
    {.name = "trace-event-get-state",
     .line = "info trace-events",
     .usage = "[name]",
     .help = "show available trace-events & their state",
     .arguments =
         {{.name = "name", .type = COMMAND_STRING, .optional = true, .complete = complete_log}},
     .run = query_trace_events,
     .show = show_events},
    COMMAND_END,
};
