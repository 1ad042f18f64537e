/*
 * The QMP commands, one short function each.
 */
#include "src/control/hmp.h"
#include "src/control/qmp.h"

#include "src/error.h"

#include <string.h>

static JsonNode *object_node(JsonObject *object)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, object);
    return node;
}

static JsonNode *array_node(JsonArray *array)
{
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(node, array);
    return node;
}

/* There are no capabilities to enable. */
static JsonNode *negotiate(Qmp *qmp, JsonObject *arguments, GError **error)
{
    if (json_object_has_member(arguments, "enable") &&
        json_array_get_length(json_object_get_array_member(arguments, "enable"))) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "Parameter 'enable' asks for a capability that is not offered");
        return NULL;
    }
    qmp_negotiated(qmp);
    return NULL;
}

static JsonNode *query_status(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    VmState state = vm_state(qmp_vm(qmp));
    JsonObject *status = json_object_new();
    json_object_set_string_member(status, "status", hmp_state_name(state));
    json_object_set_boolean_member(status, "singlestep", false);
    json_object_set_boolean_member(status, "running", state == VM_RUNNING);
    return object_node(status);
}

static JsonNode *query_version(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)qmp;
    (void)arguments;
    (void)error;
    return qmp_version();
}

static JsonNode *query_commands(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)qmp;
    (void)arguments;
    (void)error;
    JsonArray *list = json_array_new();
    for (const QmpCommand *command = QMP_COMMANDS; command->name; command++) {
        JsonObject *entry = json_object_new();
        json_object_set_string_member(entry, "name", command->name);
        json_array_add_object_element(list, entry);
    }
    return array_node(list);
}

static JsonNode *query_name(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    const char *name = vm_config(qmp_vm(qmp))->name;
    JsonObject *answer = json_object_new();
    if (name) {
        json_object_set_string_member(answer, "name", name);
    }
    return object_node(answer);
}

static void add_chardev(void *opaque, const char *label, const char *filename, bool connected)
{
    JsonObject *entry = json_object_new();
    json_object_set_string_member(entry, "label", label);
    json_object_set_string_member(entry, "filename", filename);
    json_object_set_boolean_member(entry, "frontend-open", connected);
    json_array_add_object_element(opaque, entry);
}

static JsonNode *query_chardev(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    JsonArray *list = json_array_new();
    vm_foreach_chardev(qmp_vm(qmp), add_chardev, list);
    return array_node(list);
}

static JsonNode *stop(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    vm_pause(qmp_vm(qmp));
    return NULL;
}

static JsonNode *cont(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    vm_resume(qmp_vm(qmp), error);
    return NULL;
}

static JsonNode *system_reset(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    vm_reset(qmp_vm(qmp), error);
    return NULL;
}

static JsonNode *system_powerdown(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    vm_powerdown(qmp_vm(qmp));
    return NULL;
}

static JsonNode *quit(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    vm_quit(qmp_vm(qmp), "host-qmp-quit", "quit through QMP");
    return NULL;
}

static JsonNode *inject_nmi(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)arguments;
    vm_inject_nmi(qmp_vm(qmp), error);
    return NULL;
}

static JsonNode *human_monitor_command(Qmp *qmp, JsonObject *arguments, GError **error)
{
    (void)error;
    g_autofree char *text =
        hmp_run(qmp_vm(qmp), json_object_get_string_member(arguments, "command-line"));
    JsonNode *node = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(node, text);
    return node;
}

const QmpCommand QMP_COMMANDS[] = {
    {"qmp_capabilities", {{"enable", QMP_ARRAY, true}}, negotiate},
    {"query-commands", {{0}}, query_commands},
    {"query-version", {{0}}, query_version},
    {"query-status", {{0}}, query_status},
    {"query-name", {{0}}, query_name},
    {"query-chardev", {{0}}, query_chardev},
    {"stop", {{0}}, stop},
    {"cont", {{0}}, cont},
    {"system_reset", {{0}}, system_reset},
    {"system_powerdown", {{0}}, system_powerdown},
    {"inject-nmi", {{0}}, inject_nmi},
    {"human-monitor-command",
     {{"command-line", QMP_STRING, false}, {"cpu-index", QMP_INTEGER, true}},
     human_monitor_command},
    {"quit", {{0}}, quit},
    {0},
};
