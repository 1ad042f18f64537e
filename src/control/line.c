#include "src/control/line.h"

#include "src/base/error.h"
#include "src/base/number.h"
#include "src/control/expression.h"
#include "src/control/line_words.h"
#include "src/cpu/cpu_dump.h"
#include "src/vm/vm_debug.h"

#include <string.h>

#define HISTORY_MAX 200u

void line_session_init(LineSession *session, Vm *vm)
{
    *session = (LineSession){.vm = vm, .history = g_ptr_array_new_with_free_func(g_free)};
}

void line_session_clear(LineSession *session)
{
    g_clear_pointer(&session->history, g_ptr_array_unref);
}

/* ---- parts of a line ---- */

bool line_at_end(CommandLine *line)
{
    while (g_ascii_isspace(*line->at)) {
        line->at++;
    }
    return !*line->at;
}

/* In quotes a backslash removes the meaning of the character after it. */
static char *take_quoted(CommandLine *line, GError **error)
{
    GString *text = g_string_new(NULL);
    line->at++;
    while (*line->at && *line->at != '"') {
        line->at += *line->at == '\\' && line->at[1];
        g_string_append_c(text, *line->at++);
    }
    if (*line->at != '"') {
        g_string_free(text, true);
        error_refuse(error, "the text in quotes has no end");
        return NULL;
    }
    line->at++;
    return g_string_free(text, false);
}

char *line_take_string(CommandLine *line, const char *name, GError **error)
{
    if (line_at_end(line)) {
        error_refuse(error, "%s: string expected", name);
        return NULL;
    }
    if (*line->at == '"') {
        return take_quoted(line, error);
    }
    size_t length = strcspn(line->at, " \t");
    char *word = g_strndup(line->at, length);
    line->at += length;
    return word;
}

bool line_register(const CommandLine *line, const char *name, uint64_t *value)
{
    CpuState state;
    return vm_get_cpu(line->vm, line->cpu, &state, NULL) && cpu_dump_value(&state, name, value);
}

static bool look_up(void *opaque, const char *name, uint64_t *value)
{
    return line_register(opaque, name, value);
}

bool line_take_number(CommandLine *line, uint64_t *value, GError **error)
{
    return expression_parse(&line->at, look_up, line, value, error);
}

static bool take_integer(CommandLine *line, const char *name, JsonObject *arguments, GError **error)
{
    uint64_t value;
    if (!line_take_number(line, &value, error)) {
        return false;
    }
    json_object_set_int_member(arguments, name, (gint64)value);
    return true;
}

static bool take_bool(CommandLine *line, const char *name, JsonObject *arguments, GError **error)
{
    bool on;
    g_autofree char *word = line_take_string(line, name, error);
    if (!word || !number_parse_bool(name, word, &on, error)) {
        return false;
    }
    json_object_set_boolean_member(arguments, name, on);
    return true;
}

static bool take_text(CommandLine *line, const char *name, JsonObject *arguments, GError **error)
{
    g_autofree char *text = line_take_string(line, name, error);
    if (text) {
        json_object_set_string_member(arguments, name, text);
    }
    return text != NULL;
}

static bool take_rest(CommandLine *line, const char *name, JsonObject *arguments)
{
    json_object_set_string_member(arguments, name, line->at);
    line->at += strlen(line->at);
    return true;
}

static bool take_argument(CommandLine *line, const CommandArgument *argument, JsonObject *arguments,
                          GError **error)
{
    switch (argument->type) {
    case COMMAND_INTEGER:
        return take_integer(line, argument->name, arguments, error);
    case COMMAND_BOOL:
        return take_bool(line, argument->name, arguments, error);
    case COMMAND_REST:
        return take_rest(line, argument->name, arguments);
    case COMMAND_STRING:
        return take_text(line, argument->name, arguments, error);
    default:
        return true;
    }
}

/* Takes -x if it is there, and returns whether it was. */
static bool take_flag(const Command *command, CommandLine *line, JsonObject *arguments)
{
    if (line_at_end(line) || line->at[0] != '-' || (line->at[2] && line->at[2] != ' ')) {
        return false;
    }
    for (const CommandArgument *argument = command->arguments; argument->name; argument++) {
        if (argument->flag && argument->flag == line->at[1]) {
            json_object_set_boolean_member(arguments, argument->name, true);
            line->at += 2;
            return true;
        }
    }
    return false;
}

static bool parse_in_order(const Command *command, CommandLine *line, JsonObject *arguments,
                           GError **error)
{
    for (const CommandArgument *argument = command->arguments; argument->name; argument++) {
        while (take_flag(command, line, arguments)) {
        }
        bool given = !line_at_end(line) || !argument->optional;
        if (given && !argument->flag && !take_argument(line, argument, arguments, error)) {
            return false;
        }
    }
    return true;
}

/* ---- running ---- */

static bool takes_cpu(const Command *command)
{
    const CommandArgument *argument = command->arguments;
    while (argument->name && strcmp(argument->name, "cpu-index") != 0) {
        argument++;
    }
    return argument->name;
}

static bool parse(const Command *command, CommandLine *line, JsonObject *arguments, GError **error)
{
    if (!(command->parse ? command->parse(line, arguments, error)
                         : parse_in_order(command, line, arguments, error))) {
        return false;
    }
    if (takes_cpu(command) && !json_object_has_member(arguments, "cpu-index")) {
        json_object_set_int_member(arguments, "cpu-index", line->cpu);
    }
    return line_at_end(line) ||
           error_refuse(error, "%s%s%s: extraneous characters at the end of line", command->line,
                        command->alias ? "|" : "", command->alias ? command->alias : "");
}

static void show_value(const Command *command, JsonNode *value, GString *text)
{
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(value) ? json_node_get_object(value) : NULL;
    if (command->show) {
        command->show(value, text);
    } else if (object && json_object_has_member(object, COMMAND_TEXT_MEMBER)) {
        g_string_append(text, json_object_get_string_member(object, COMMAND_TEXT_MEMBER));
    }
}

static void run_command(const Command *command, CommandLine *line, GString *text)
{
    g_autoptr(JsonObject) arguments = json_object_new();
    g_autoptr(JsonNode) value = NULL;
    g_autoptr(GError) error = NULL;
    if (!parse(command, line, arguments, &error)) {
        g_string_append_printf(text, "%s\nTry \"help %s\" for more information\n", error->message,
                               command->line);
        return;
    }
    if (command_check(command, arguments, &error)) {
        value = command->run(line->vm, arguments, &error);
    }
    if (error) {
        g_string_append_printf(text, "Error: %s\n", error->message);
    } else if (value) {
        show_value(command, value, text);
    }
}

/* ---- what is about the session itself ---- */

static void run_history(LineSession *session, const char *rest, GString *text)
{
    (void)rest;
    for (guint i = 0; i < session->history->len; i++) {
        g_string_append_printf(text, "%u: '%s'\n", i, (char *)session->history->pdata[i]);
    }
}

static void run_cpu(LineSession *session, const char *rest, GString *text)
{
    uint64_t cpu;
    if (!number_parse("cpu", rest, UINT_MAX, &cpu, NULL) || cpu >= vm_cpu_count(session->vm)) {
        g_string_append(text, "invalid CPU index\n");
    } else {
        session->cpu = (unsigned)cpu;
    }
}

static void run_info(LineSession *session, const char *rest, GString *text)
{
    (void)session;
    if (*rest) {
        g_string_append_printf(text, "unknown command: 'info %s'\n", rest);
    } else {
        line_words_help("info", text);
    }
}

static void run_help(LineSession *session, const char *rest, GString *text)
{
    (void)session;
    line_words_help(rest, text);
}

static const struct {
    const char *line;
    void (*run)(LineSession *session, const char *rest, GString *text);
} OF_SESSION[] = {
    {"help", run_help}, {"?", run_help},    {"info history", run_history},
    {"cpu", run_cpu},   {"info", run_info},
};

static bool run_of_session(LineSession *session, const char *line, GString *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(OF_SESSION); i++) {
        const char *rest = line_words_match(OF_SESSION[i].line, line);
        if (rest) {
            OF_SESSION[i].run(session, rest, text);
            return true;
        }
    }
    return false;
}

static void remember(LineSession *session, const char *line)
{
    guint count = session->history->len;
    if (count && !strcmp(session->history->pdata[count - 1], line)) {
        return;
    }
    if (count == HISTORY_MAX) {
        g_ptr_array_remove_index(session->history, 0);
    }
    g_ptr_array_add(session->history, g_strdup(line));
}

char *line_run(LineSession *session, const char *line)
{
    g_autofree char *copy = g_strstrip(g_strdup(line));
    GString *text = g_string_new(NULL);
    CommandLine rest = {.vm = session->vm, .cpu = session->cpu};
    const Command *command = line_words_find(copy, &rest.at);
    if (*copy) {
        remember(session, copy);
    }
    if (command) {
        run_command(command, &rest, text);
    } else if (*copy && *copy != '#' && !run_of_session(session, copy, text)) {
        g_string_append_printf(text, "unknown command: '%s'\n", copy);
    }
    g_string_replace(text, "\n", "\r\n", 0);
    return g_string_free(text, false);
}

char *line_run_once(Vm *vm, unsigned cpu, const char *line)
{
    LineSession session;
    line_session_init(&session, vm);
    session.cpu = cpu;
    char *text = line_run(&session, line);
    line_session_clear(&session);
    return text;
}
