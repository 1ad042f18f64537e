#include "src/control/command.h"

#include "src/base/error.h"

#include <stdio.h>
#include <string.h>

/* ---- values ---- */

JsonNode *command_object(JsonObject *object)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, object);
    return node;
}

JsonNode *command_array(JsonArray *array)
{
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(node, array);
    return node;
}

JsonNode *command_text(GString *text)
{
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, COMMAND_TEXT_MEMBER, text->str);
    g_string_free(text, true);
    return command_object(object);
}

JsonNode *command_string(const char *text)
{
    JsonNode *node = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(node, text);
    return node;
}

JsonNode *command_version(void)
{
    int major = 0, minor = 0, micro = 0;
    sscanf(PIOEMU_VERSION, "%d.%d.%d", &major, &minor, &micro);
    JsonObject *numbers = json_object_new();
    json_object_set_int_member(numbers, "major", major);
    json_object_set_int_member(numbers, "minor", minor);
    json_object_set_int_member(numbers, "micro", micro);
    JsonObject *version = json_object_new();
    json_object_set_object_member(version, "qemu", numbers);
    json_object_set_string_member(version, "package", "pioemu " PIOEMU_VERSION);
    return command_object(version);
}

const char *command_state_name(VmState state)
{
    static const char *const NAMES[] = {
        [VM_PRELAUNCH] = "prelaunch", [VM_RUNNING] = "running",   [VM_PAUSED] = "paused",
        [VM_DEBUG] = "debug",         [VM_IO_ERROR] = "io-error", [VM_SHUTDOWN] = "shutdown",
    };
    return NAMES[state];
}

int64_t command_get_int(JsonObject *arguments, const char *name, int64_t otherwise)
{
    return json_object_get_int_member_with_default(arguments, name, otherwise);
}

const char *command_get_string(JsonObject *arguments, const char *name)
{
    return json_object_get_string_member_with_default(arguments, name, NULL);
}

bool command_get_bool(JsonObject *arguments, const char *name)
{
    return json_object_get_boolean_member_with_default(arguments, name, false);
}

/* ---- commands and their arguments ---- */

static const Command *const TABLES[] = {
    COMMANDS_MACHINE, COMMANDS_QUERY, COMMANDS_DEVICES, COMMANDS_PCI,
    COMMANDS_MEMORY,  COMMANDS_INPUT, COMMANDS_BLOCK,   COMMANDS_DEBUG,
    COMMANDS_NET,     COMMANDS_VNC,   COMMANDS_DISPLAY,
};

const Command *command_next(const Command *command)
{
    size_t table = 0;
    if (!command) {
        return TABLES[0];
    }
    /* After the last command of a table comes the first one of the next table. */
    for (; command[1].name == NULL && table < G_N_ELEMENTS(TABLES); table++) {
        const Command *last = TABLES[table];
        while (last[1].name) {
            last++;
        }
        if (last == command) {
            return table + 1 < G_N_ELEMENTS(TABLES) ? TABLES[table + 1] : NULL;
        }
    }
    return command + 1;
}

const Command *command_find(const char *name)
{
    const Command *command = command_next(NULL);
    while (command && strcmp(command->name, name) != 0) {
        command = command_next(command);
    }
    return command;
}

static bool has_type(JsonNode *node, CommandType type)
{
    static const GType GTYPES[] = {
        [COMMAND_STRING] = G_TYPE_STRING,
        [COMMAND_REST] = G_TYPE_STRING,
        [COMMAND_INTEGER] = G_TYPE_INT64,
        [COMMAND_BOOL] = G_TYPE_BOOLEAN,
    };
    if (type == COMMAND_ARRAY || type == COMMAND_OBJECT) {
        return type == COMMAND_ARRAY ? JSON_NODE_HOLDS_ARRAY(node) : JSON_NODE_HOLDS_OBJECT(node);
    }
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == GTYPES[type];
}

static bool check_argument(const CommandArgument *argument, JsonObject *arguments, GError **error)
{
    static const char *const TYPE_NAMES[] = {
        [COMMAND_STRING] = "string", [COMMAND_REST] = "string", [COMMAND_INTEGER] = "integer",
        [COMMAND_BOOL] = "boolean",  [COMMAND_ARRAY] = "array", [COMMAND_OBJECT] = "object",
    };
    JsonNode *node = json_object_get_member(arguments, argument->name);
    if (!node) {
        return argument->optional ||
               error_refuse(error, "Parameter '%s' is missing", argument->name);
    }
    return has_type(node, argument->type) ||
           error_refuse(error, "Invalid parameter type for '%s', expected: %s", argument->name,
                        TYPE_NAMES[argument->type]);
}

static bool takes(const Command *command, const char *name)
{
    const CommandArgument *argument = command->arguments;
    while (argument->name && strcmp(argument->name, name) != 0) {
        argument++;
    }
    return argument->name;
}

bool command_check(const Command *command, JsonObject *arguments, GError **error)
{
    for (const CommandArgument *argument = command->arguments; argument->name; argument++) {
        if (!check_argument(argument, arguments, error)) {
            return false;
        }
    }
    JsonObjectIter iter;
    const char *name;
    json_object_iter_init(&iter, arguments);
    while (json_object_iter_next(&iter, &name, NULL)) {
        if (!takes(command, name)) {
            return error_refuse(error, "Parameter '%s' is unexpected", name);
        }
    }
    return true;
}
