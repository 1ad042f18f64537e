#include "src/control/command.h"

#include "src/base/error.h"
#include "src/base/number.h"

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

#define TEXT_MEMBER "human-readable-text"

JsonNode *command_text(GString *text)
{
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, TEXT_MEMBER, text->str);
    g_string_free(text, true);
    return command_object(object);
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
        [VM_PRELAUNCH] = "prelaunch",
        [VM_RUNNING] = "running",
        [VM_PAUSED] = "paused",
        [VM_SHUTDOWN] = "shutdown",
    };
    return NAMES[state];
}

/* ---- commands and their arguments ---- */

const Command *command_find(const char *name)
{
    const Command *command = COMMANDS;
    while (command->name && strcmp(command->name, name) != 0) {
        command++;
    }
    return command->name ? command : NULL;
}

static bool has_type(JsonNode *node, CommandType type)
{
    static const GType GTYPES[] = {
        [COMMAND_STRING] = G_TYPE_STRING,
        [COMMAND_INTEGER] = G_TYPE_INT64,
        [COMMAND_BOOL] = G_TYPE_BOOLEAN,
    };
    if (type == COMMAND_ARRAY) {
        return JSON_NODE_HOLDS_ARRAY(node);
    }
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == GTYPES[type];
}

static bool check_argument(const CommandArgument *argument, JsonObject *arguments, GError **error)
{
    static const char *const TYPE_NAMES[] = {
        [COMMAND_STRING] = "string",
        [COMMAND_INTEGER] = "integer",
        [COMMAND_BOOL] = "boolean",
        [COMMAND_ARRAY] = "array",
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

/* ---- lines of the human monitor ---- */

/* How many of the words are the command's name; 0: it is another one. */
static unsigned match_words(const Command *command, char **words)
{
    g_auto(GStrv) names = g_strsplit(command->line ? command->line : "", " ", -1);
    unsigned count = 0;
    while (names[count] && words[count] && !strcmp(names[count], words[count])) {
        count++;
    }
    return names[count] ? 0 : count;
}

/* The one with the longest name that the line begins with. */
static const Command *find_line(char **words, unsigned *used)
{
    const Command *found = NULL;
    *used = 0;
    for (const Command *command = COMMANDS; command->name; command++) {
        unsigned count = match_words(command, words);
        if (count > *used) {
            found = command;
            *used = count;
        }
    }
    return found;
}

static bool add_word(JsonObject *arguments, const CommandArgument *argument, const char *word,
                     GError **error)
{
    uint64_t number;
    bool on;
    switch (argument->type) {
    case COMMAND_INTEGER:
        if (!number_parse(argument->name, word, INT64_MAX, &number, error)) {
            return false;
        }
        json_object_set_int_member(arguments, argument->name, (gint64)number);
        return true;
    case COMMAND_BOOL:
        if (!number_parse_bool(argument->name, word, &on, error)) {
            return false;
        }
        json_object_set_boolean_member(arguments, argument->name, on);
        return true;
    default:
        json_object_set_string_member(arguments, argument->name, word);
        return true;
    }
}

/* The words behind the command's name, as its arguments. */
static bool parse_words(const Command *command, char **words, JsonObject *arguments, GError **error)
{
    for (const CommandArgument *argument = command->arguments; argument->name && *words;
         argument++) {
        if (argument->type == COMMAND_STRING && !argument[1].name) {
            g_autofree char *rest = g_strjoinv(" ", words);
            return add_word(arguments, argument, rest, error);
        }
        if (argument->type != COMMAND_ARRAY && !add_word(arguments, argument, *words++, error)) {
            return false;
        }
    }
    return !*words ||
           error_refuse(error, "'%s' is one word too many (help shows %s)", *words, command->line);
}

static void show_value(const Command *command, JsonNode *value, GString *text)
{
    if (command->show) {
        command->show(value, text);
    } else if (JSON_NODE_HOLDS_OBJECT(value) &&
               json_object_has_member(json_node_get_object(value), TEXT_MEMBER)) {
        JsonObject *object = json_node_get_object(value);
        g_string_append(text, json_object_get_string_member(object, TEXT_MEMBER));
    }
}

static void run_words(Vm *vm, const Command *command, char **words, GString *text)
{
    g_autoptr(JsonObject) arguments = json_object_new();
    g_autoptr(JsonNode) value = NULL;
    g_autoptr(GError) error = NULL;
    if (parse_words(command, words, arguments, &error) &&
        command_check(command, arguments, &error)) {
        value = command->run(vm, arguments, &error);
    }
    if (error) {
        g_string_append_printf(text, "Error: %s\n", error->message);
    } else if (value) {
        show_value(command, value, text);
    }
}

/* The caller frees them; there are no empty ones. */
static char **split_words(const char *line)
{
    g_auto(GStrv) pieces = g_strsplit_set(line, " \t\r\n", -1);
    GPtrArray *words = g_ptr_array_new();
    for (char **piece = pieces; *piece; piece++) {
        if (**piece) {
            g_ptr_array_add(words, g_strdup(*piece));
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, false);
}

char *command_run_line(Vm *vm, const char *line)
{
    g_auto(GStrv) words = split_words(line);
    GString *text = g_string_new(NULL);
    unsigned used;
    const Command *command = find_line(words, &used);
    if (command) {
        run_words(vm, command, words + used, text);
    } else if (*words) {
        g_autofree char *wanted = g_strjoinv(" ", words);
        g_string_append_printf(text, "unknown command: '%s'\n", wanted);
    }
    g_string_replace(text, "\n", "\r\n", 0);
    return g_string_free(text, false);
}
