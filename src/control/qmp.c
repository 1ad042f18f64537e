#include "src/control/qmp.h"

#include "src/base/json_text.h"
#include "src/control/command.h"
#include "src/control/json_split.h"
#include "src/control/json_syntax.h"

#include <string.h>

#define CLASS_GENERIC "GenericError"
#define CLASS_UNKNOWN "CommandNotFound"

struct Qmp {
    Vm *vm;
    QmpSend *send;
    void *opaque;
    JsonSplit split;
    bool connected, negotiated;
};

/* ---- output ---- */

static void send_line(Qmp *qmp, const char *text)
{
    g_autofree char *line = g_strconcat(text, "\r\n", NULL);
    qmp->send(qmp->opaque, line, strlen(line));
}

/* Takes the object over. */
static char *take_text(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, object);
    return json_text(node);
}

/* Takes the object over. */
static void send_object(Qmp *qmp, JsonObject *object)
{
    g_autofree char *text = take_text(object);
    send_line(qmp, text);
}

/*
 * An id belongs to the client and is sent back exactly as it was written,
 * because a number may be larger than any of ours.  `at_front` is for answers
 * in which QEMU puts the id first.
 */
static void send_answer(Qmp *qmp, JsonObject *object, const char *id, bool at_front)
{
    if (!id) {
        send_object(qmp, object);
        return;
    }
    g_autofree char *text = take_text(object);
    g_autofree char *answer =
        at_front ? g_strdup_printf("{\"id\":%s,%s", id, text + 1)
                 : g_strdup_printf("%.*s,\"id\":%s}", (int)strlen(text) - 1, text, id);
    send_line(qmp, answer);
}

static void send_error(Qmp *qmp, const char *id, const char *class, const char *description)
{
    JsonObject *error = json_object_new();
    json_object_set_string_member(error, "class", class);
    json_object_set_string_member(error, "desc", description);
    JsonObject *answer = json_object_new();
    json_object_set_object_member(answer, "error", error);
    send_answer(qmp, answer, id, true);
}

static void G_GNUC_PRINTF(3, 4) fail(Qmp *qmp, const char *id, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *description = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    send_error(qmp, id, CLASS_GENERIC, description);
}

void qmp_connected(Qmp *qmp)
{
    qmp->connected = true;
    qmp->negotiated = false;
    json_split_reset(&qmp->split);
    JsonObject *greeting = json_object_new();
    json_object_set_member(greeting, "version", command_version());
    json_object_set_array_member(greeting, "capabilities", json_array_new());
    JsonObject *object = json_object_new();
    json_object_set_object_member(object, "QMP", greeting);
    send_object(qmp, object);
}

void qmp_disconnected(Qmp *qmp)
{
    qmp->connected = qmp->negotiated = false;
}

/* ---- events ---- */

static const char *const EVENT_NAMES[] = {
    [VM_EVENT_STOP] = "STOP",           [VM_EVENT_RESUME] = "RESUME",
    [VM_EVENT_RESET] = "RESET",         [VM_EVENT_SHUTDOWN] = "SHUTDOWN",
    [VM_EVENT_POWERDOWN] = "POWERDOWN", [VM_EVENT_BLOCK_IO_ERROR] = "BLOCK_IO_ERROR",
};

const char *qmp_event_name(unsigned number)
{
    return number < G_N_ELEMENTS(EVENT_NAMES) ? EVENT_NAMES[number] : NULL;
}

static JsonObject *describe_failure(const BlockFailure *failure)
{
    static const char *const ACTIONS[] = {
        [DRIVE_REPORT] = "report",
        [DRIVE_IGNORE] = "ignore",
        [DRIVE_STOP] = "stop",
    };
    JsonObject *data = json_object_new();
    json_object_set_string_member(data, "device", failure->drive);
    json_object_set_string_member(data, "operation", failure->write ? "write" : "read");
    json_object_set_string_member(data, "action", ACTIONS[failure->action]);
    json_object_set_boolean_member(data, "nospace", failure->no_space);
    json_object_set_string_member(data, "reason", failure->reason);
    return data;
}

static JsonObject *make_timestamp(void)
{
    gint64 now = g_get_real_time();
    JsonObject *timestamp = json_object_new();
    json_object_set_int_member(timestamp, "seconds", now / G_USEC_PER_SEC);
    json_object_set_int_member(timestamp, "microseconds", now % G_USEC_PER_SEC);
    return timestamp;
}

void qmp_event(Qmp *qmp, const VmEvent *event)
{
    if (!qmp->connected || !qmp->negotiated) {
        return;
    }
    JsonObject *object = json_object_new();
    json_object_set_object_member(object, "timestamp", make_timestamp());
    json_object_set_string_member(object, "event", EVENT_NAMES[event->kind]);
    if (event->cause) {
        JsonObject *data = json_object_new();
        json_object_set_boolean_member(data, "guest", event->guest);
        json_object_set_string_member(data, "reason", event->cause);
        json_object_set_object_member(object, "data", data);
    } else if (event->failure) {
        json_object_set_object_member(object, "data", describe_failure(event->failure));
    }
    send_object(qmp, object);
}

/* ---- commands ---- */

/*
 * Finds the command.  Before the negotiation only one command is known, and
 * after it that command is unknown.
 */
static const Command *choose_command(Qmp *qmp, const char *id, const char *name)
{
    bool negotiates = !strcmp(name, "qmp_capabilities");
    if (!qmp->negotiated && !negotiates) {
        send_error(qmp, id, CLASS_UNKNOWN,
                   "Expecting capabilities negotiation with 'qmp_capabilities'");
        return NULL;
    }
    if (qmp->negotiated && negotiates) {
        send_error(qmp, id, CLASS_UNKNOWN,
                   "Capabilities negotiation is already complete, command ignored");
        return NULL;
    }
    const Command *command = command_find(name);
    if (!command) {
        g_autofree char *description = g_strdup_printf("The command %s has not been found", name);
        send_error(qmp, id, CLASS_UNKNOWN, description);
    }
    return command;
}

static void run_command(Qmp *qmp, const char *id, const char *name, JsonObject *arguments)
{
    const Command *command = choose_command(qmp, id, name);
    if (!command) {
        return;
    }
    g_autoptr(GError) error = NULL;
    JsonNode *value = NULL;
    if (command_check(command, arguments, &error)) {
        value = command->run(qmp->vm, arguments, &error);
    }
    if (error) {
        fail(qmp, id, "%s", error->message);
        return;
    }
    /* All other commands are refused before the negotiation. */
    qmp->negotiated = true;
    JsonObject *answer = json_object_new();
    if (value) {
        json_object_set_member(answer, "return", value);
    } else {
        json_object_set_object_member(answer, "return", json_object_new());
    }
    send_answer(qmp, answer, id, false);
}

/* ---- input ---- */

static bool check_members(Qmp *qmp, const char *id, JsonObject *request)
{
    JsonObjectIter iter;
    const char *name;
    json_object_iter_init(&iter, request);
    while (json_object_iter_next(&iter, &name, NULL)) {
        if (strcmp(name, "execute") != 0 && strcmp(name, "arguments") != 0 &&
            strcmp(name, "id") != 0) {
            fail(qmp, id, "QMP input member '%s' is unexpected", name);
            return false;
        }
    }
    return true;
}

static void handle_request(Qmp *qmp, const char *id, JsonObject *request)
{
    JsonNode *execute = json_object_get_member(request, "execute");
    JsonNode *arguments = json_object_get_member(request, "arguments");
    if (!check_members(qmp, id, request)) {
        return;
    }
    if (!execute) {
        fail(qmp, id, "QMP input lacks member 'execute'");
    } else if (!JSON_NODE_HOLDS_VALUE(execute) ||
               json_node_get_value_type(execute) != G_TYPE_STRING) {
        fail(qmp, id, "QMP input member 'execute' must be a string");
    } else if (arguments && !JSON_NODE_HOLDS_OBJECT(arguments)) {
        fail(qmp, id, "QMP input member 'arguments' must be an object");
    } else {
        g_autoptr(JsonObject) none = json_object_new();
        run_command(qmp, id, json_node_get_string(execute),
                    arguments ? json_node_get_object(arguments) : none);
    }
}

static void handle_value(Qmp *qmp, const GString *text)
{
    if (!g_utf8_validate(text->str, (gssize)text->len, NULL)) {
        fail(qmp, NULL, "JSON parse error, invalid UTF-8 sequence");
        return;
    }
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!json_syntax_is_value(text->str) ||
        !json_parser_load_from_data(parser, text->str, (gssize)text->len, NULL)) {
        fail(qmp, NULL, "JSON parse error, this is not JSON");
        return;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        fail(qmp, NULL, "QMP input must be a JSON object");
        return;
    }
    g_autofree char *id = json_syntax_member(text->str, "id");
    handle_request(qmp, id, json_node_get_object(root));
}

void qmp_input(Qmp *qmp, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i += !qmp->split.again) {
        const char *error;
        switch (json_split_take(&qmp->split, data[i], &error)) {
        case JSON_SPLIT_MORE:
            break;
        case JSON_SPLIT_VALUE:
            handle_value(qmp, qmp->split.value);
            json_split_next(&qmp->split);
            break;
        case JSON_SPLIT_ERROR:
            fail(qmp, NULL, "%s", error);
            json_split_next(&qmp->split);
            break;
        }
    }
}

Qmp *qmp_new(Vm *vm, QmpSend *send, void *opaque)
{
    Qmp *qmp = g_new0(Qmp, 1);
    qmp->vm = vm;
    qmp->send = send;
    qmp->opaque = opaque;
    json_split_init(&qmp->split);
    return qmp;
}

void qmp_free(Qmp *qmp)
{
    json_split_clear(&qmp->split);
    g_free(qmp);
}
