/* The commands for the keyboard and the mouse. */
#include "src/control/command.h"

#include "devices/device.h"
#include "src/base/error.h"
#include "src/control/line.h"
#include "src/device/key_names.h"
#include "src/vm/vm_input.h"

#include <string.h>

/* The most that one event may move.  A mouse sends it in pieces in any case. */
#define MOVE_MAX 0x10000

/* ---- keys ---- */

/*
 * The code of QMP's {"type": "qcode", "data": "ret"} or {"type": "number", "data":
 * 28}, or 0 for anything else.
 */
static unsigned key_code(JsonNode *node, GError **error)
{
    JsonObject *value = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    JsonNode *data = value ? json_object_get_member(value, "data") : NULL;
    GType type = data && JSON_NODE_HOLDS_VALUE(data) ? json_node_get_value_type(data) : 0;
    unsigned code = 0;
    if (type == G_TYPE_STRING) {
        code = key_name_find(json_node_get_string(data));
    } else if (type == G_TYPE_INT64) {
        unsigned number = (unsigned)json_node_get_int(data);
        code = (number & 0x80 ? KEY_EXTENDED : 0) | (number & 0x7f);
    }
    if (!code) {
        error_refuse(error, "Parameter 'key' expects a key, as in {\"type\":\"qcode\","
                            "\"data\":\"ret\"}");
    }
    return code;
}

static bool hold_time(JsonObject *arguments, uint64_t *hold, GError **error)
{
    int64_t ms = command_get_int(arguments, "hold-time", 0);
    *hold = ms ? (uint64_t)ms * (NS_PER_SECOND / 1000) : VM_KEY_HOLD_NS;
    return (ms >= 0 && ms <= INT32_MAX) ||
           error_refuse(error, "Parameter 'hold-time' expects milliseconds");
}

static JsonNode *send_key(Vm *vm, JsonObject *arguments, GError **error)
{
    unsigned codes[KEY_CHORD_MAX], count = 0;
    uint64_t hold;
    g_autoptr(GList) keys =
        json_array_get_elements(json_object_get_array_member(arguments, "keys"));
    if (!hold_time(arguments, &hold, error)) {
        return NULL;
    }
    for (GList *key = keys; key; key = key->next) {
        if (count == KEY_CHORD_MAX) {
            error_refuse(error, "Parameter 'keys' expects at most %u keys", KEY_CHORD_MAX);
            return NULL;
        }
        codes[count] = key_code(key->data, error);
        if (!codes[count++]) {
            return NULL;
        }
    }
    vm_type_keys(vm, codes, count, hold, error);
    return NULL;
}

static void add_number_key(JsonArray *keys, unsigned code)
{
    JsonObject *key = json_object_new();
    json_object_set_string_member(key, "type", "number");
    json_object_set_int_member(key, "data", (code & 0x7f) | (code >= KEY_EXTENDED ? 0x80 : 0));
    json_array_add_object_element(keys, key);
}

/* sendkey ctrl-alt-f1 [ms] */
static bool parse_sendkey(CommandLine *line, JsonObject *arguments, GError **error)
{
    unsigned codes[KEY_CHORD_MAX], count;
    uint64_t ms;
    g_autofree char *text = line_take_string(line, "keys", error);
    if (!text || !key_names_parse(text, codes, &count, error)) {
        return false;
    }
    JsonArray *keys = json_array_new();
    for (unsigned i = 0; i < count; i++) {
        add_number_key(keys, codes[i]);
    }
    json_object_set_array_member(arguments, "keys", keys);
    if (line_at_end(line)) {
        return true;
    }
    bool ok = line_take_number(line, &ms, error);
    json_object_set_int_member(arguments, "hold-time", (gint64)ms);
    return ok;
}

static void complete_key(Vm *vm, GPtrArray *names)
{
    (void)vm;
    key_names_list(names);
}

/* ---- the pointer ---- */

static const struct {
    const char *name;
    unsigned button;
} BUTTONS[] = {
    {"left", POINTER_LEFT},         {"middle", POINTER_MIDDLE},         {"right", POINTER_RIGHT},
    {"wheel-up", POINTER_WHEEL_UP}, {"wheel-down", POINTER_WHEEL_DOWN},
};

static JsonNode *move(Vm *vm, JsonObject *arguments, GError **error)
{
    int64_t dx = command_get_int(arguments, "dx", 0), dy = command_get_int(arguments, "dy", 0);
    int64_t dz = command_get_int(arguments, "dz", 0);
    if (MAX(ABS(dx), ABS(dy)) > MOVE_MAX) {
        error_refuse(error, "a movement is at most %d", MOVE_MAX);
        return NULL;
    }
    unsigned wheel = dz > 0 ? POINTER_WHEEL_DOWN : dz < 0 ? POINTER_WHEEL_UP : 0;
    /* A positive value means down in the command, but up in InputClient. */
    vm_pointer(vm, (int)dx, (int)-dy, vm_pointer_buttons(vm) | wheel, error);
    return NULL;
}

/* QEMU's numbers of the buttons: 1 is left, 2 is middle, 4 is right. */
static JsonNode *press(Vm *vm, JsonObject *arguments, GError **error)
{
    int64_t state = command_get_int(arguments, "button-state", 0);
    unsigned buttons = (state & 1 ? POINTER_LEFT : 0) | (state & 2 ? POINTER_MIDDLE : 0) |
                       (state & 4 ? POINTER_RIGHT : 0);
    vm_pointer(vm, 0, 0, buttons, error);
    return NULL;
}

/* ---- input-send-event ---- */

/* The sum of the pointer events of one command. */
typedef struct Motion {
    int64_t dx, dy;
    unsigned buttons, wheel;
    bool any;
} Motion;

static const char *get_text(JsonObject *data, const char *name)
{
    JsonNode *node = json_object_get_member(data, name);
    bool text =
        node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;
    return text ? json_node_get_string(node) : "";
}

static bool get_down(JsonObject *data)
{
    JsonNode *node = json_object_get_member(data, "down");
    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_boolean(node);
}

static bool add_button(Motion *motion, JsonObject *data, GError **error)
{
    const char *name = get_text(data, "button");
    for (size_t i = 0; i < G_N_ELEMENTS(BUTTONS); i++) {
        unsigned button = BUTTONS[i].button;
        if (strcmp(BUTTONS[i].name, name) != 0) {
            continue;
        }
        motion->any = true;
        if (button & (POINTER_WHEEL_UP | POINTER_WHEEL_DOWN)) {
            motion->wheel |= get_down(data) ? button : 0;
        } else {
            motion->buttons = get_down(data) ? motion->buttons | button : motion->buttons & ~button;
        }
        return true;
    }
    return error_refuse(error, "Parameter 'button' does not accept value '%s'", name);
}

static bool add_movement(Motion *motion, JsonObject *data, GError **error)
{
    const char *axis = get_text(data, "axis");
    JsonNode *node = json_object_get_member(data, "value");
    int64_t value = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_int(node) : 0;
    if ((strcmp(axis, "x") && strcmp(axis, "y")) || value > MOVE_MAX || value < -MOVE_MAX) {
        return error_refuse(error, "Parameter 'axis' expects x or y, and a value up to %d",
                            MOVE_MAX);
    }
    motion->any = true;
    if (*axis == 'x') {
        motion->dx += value;
    } else {
        motion->dy -= value;
    }
    return true;
}

static bool send_event(Vm *vm, Motion *motion, JsonNode *node, GError **error)
{
    JsonObject *event = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    JsonNode *inner = event ? json_object_get_member(event, "data") : NULL;
    const char *type = event ? get_text(event, "type") : "";
    if (!inner || !JSON_NODE_HOLDS_OBJECT(inner)) {
        return error_refuse(error, "Parameter 'events' expects objects with type and data");
    }
    JsonObject *data = json_node_get_object(inner);
    if (!strcmp(type, "key")) {
        unsigned code = key_code(json_object_get_member(data, "key"), error);
        return code && vm_key(vm, code, get_down(data), error);
    }
    if (!strcmp(type, "btn")) {
        return add_button(motion, data, error);
    }
    if (!strcmp(type, "rel")) {
        return add_movement(motion, data, error);
    }
    return error_refuse(error,
                        "Parameter 'type' does not accept value '%s' (there are key, btn "
                        "and rel: a PS/2 mouse knows no places)",
                        type);
}

static JsonNode *input_send_event(Vm *vm, JsonObject *arguments, GError **error)
{
    Motion motion = {.buttons = vm_pointer_buttons(vm)};
    g_autoptr(GList) events =
        json_array_get_elements(json_object_get_array_member(arguments, "events"));
    for (GList *event = events; event; event = event->next) {
        if (!send_event(vm, &motion, event->data, error)) {
            return NULL;
        }
    }
    if (motion.any) {
        int dx = (int)CLAMP(motion.dx, -MOVE_MAX, MOVE_MAX);
        int dy = (int)CLAMP(motion.dy, -MOVE_MAX, MOVE_MAX);
        vm_pointer(vm, dx, dy, motion.buttons | motion.wheel, error);
    }
    return NULL;
}

/* ---- the table ---- */

const Command COMMANDS_INPUT[] = {
    {.name = "send-key",
     .line = "sendkey",
     .usage = "keys [hold_ms]",
     .help = "send keys to the VM (e.g. 'sendkey ctrl-alt-f1', default hold time=100 ms)",
     .arguments = {{.name = "keys", .type = COMMAND_ARRAY, .complete = complete_key},
                   {.name = "hold-time", .type = COMMAND_INTEGER, .optional = true}},
     .run = send_key,
     .parse = parse_sendkey},
    {.name = "x-mouse-move",
     .line = "mouse_move",
     .usage = "dx dy [dz]",
     .help = "send mouse move events",
     .arguments = {{.name = "dx", .type = COMMAND_INTEGER},
                   {.name = "dy", .type = COMMAND_INTEGER},
                   {.name = "dz", .type = COMMAND_INTEGER, .optional = true}},
     .run = move},
    {.name = "x-mouse-button",
     .line = "mouse_button",
     .usage = "state",
     .help = "change mouse button state (1=L, 2=M, 4=R)",
     .arguments = {{.name = "button-state", .type = COMMAND_INTEGER}},
     .run = press},
    {.name = "input-send-event",
     .help = "keys that go down or up, buttons and movements of the mouse",
     .arguments = {{.name = "device", .type = COMMAND_STRING, .optional = true},
                   {.name = "head", .type = COMMAND_INTEGER, .optional = true},
                   {.name = "events", .type = COMMAND_ARRAY}},
     .run = input_send_event},
    COMMAND_END,
};
