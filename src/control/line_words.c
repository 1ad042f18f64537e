#include "src/control/line_words.h"

#include "src/control/line.h"

#include <string.h>

/* The commands that line.c runs itself. */
static const struct {
    const char *line, *alias, *usage, *help;
} OF_SESSION[] = {
    {"cpu", NULL, "index", "set the default CPU"},
    {"help", "?", "[cmd]", "show the help"},
    {"info", NULL, "[subcommand]", "show various information about the system state"},
    {"info history", NULL, "", "show the command line history"},
};

/* ---- which command ---- */

/* Matches the words of `name` with any space between them. */
const char *line_words_match(const char *name, const char *line)
{
    while (g_ascii_isspace(*line)) {
        line++;
    }
    for (; *name; name++) {
        if (*name == ' ' && g_ascii_isspace(*line)) {
            line += strspn(line, " \t");
        } else if (*name != *line++) {
            return NULL;
        }
    }
    if (*line && !g_ascii_isspace(*line) && *line != '/') {
        return NULL;
    }
    return line + strspn(line, " \t");
}

const Command *line_words_find(const char *line, const char **rest)
{
    const Command *found = NULL;
    size_t longest = 0;
    for (const Command *c = command_next(NULL); c; c = command_next(c)) {
        const char *names[] = {c->line, c->alias};
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
            const char *after = names[i] ? line_words_match(names[i], line) : NULL;
            if (after && strlen(names[i]) > longest) {
                found = c;
                longest = strlen(names[i]);
                *rest = after;
            }
        }
    }
    return found;
}

/* ---- help ---- */

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_help(GPtrArray *lines, const char *line, const char *alias, const char *usage,
                     const char *help)
{
    g_ptr_array_add(lines, g_strdup_printf("%s%s%s %s -- %s", line, alias ? "|" : "",
                                           alias ? alias : "", usage ? usage : "", help));
}

/* In the list of all commands, "info" alone stands for its subcommands. */
static bool wanted(const char *name, const char *line, const char *alias)
{
    if (!*name) {
        return !line_words_match("info", line) || !strcmp(line, "info");
    }
    if (!strcmp(name, "info")) {
        return line_words_match("info", line) && strcmp(line, "info") != 0;
    }
    return !strcmp(name, line) || !g_strcmp0(name, alias);
}

void line_words_help(const char *name, GString *text)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (const Command *c = command_next(NULL); c; c = command_next(c)) {
        if (c->line && wanted(name, c->line, c->alias)) {
            add_help(lines, c->line, c->alias, c->usage, c->help);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(OF_SESSION); i++) {
        if (wanted(name, OF_SESSION[i].line, OF_SESSION[i].alias)) {
            add_help(lines, OF_SESSION[i].line, OF_SESSION[i].alias, OF_SESSION[i].usage,
                     OF_SESSION[i].help);
        }
    }
    g_ptr_array_sort(lines, by_text);
    for (guint i = 0; i < lines->len; i++) {
        g_string_append_printf(text, "%s\n", (char *)lines->pdata[i]);
    }
    if (!lines->len) {
        g_string_append_printf(text, "unknown command: '%s'\n", name);
    }
}

/* ---- completion ---- */

/*
 * Adds the word of `line` in the position of the last word of `typed`, if the words
 * before are equal.
 */
static void add_word(GPtrArray *names, const char *line, char **typed)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    guint last = g_strv_length(typed) - 1;
    for (guint i = 0; i < last; i++) {
        if (!words[i] || strcmp(words[i], typed[i]) != 0) {
            return;
        }
    }
    if (g_strv_length(words) > last) {
        g_ptr_array_add(names, g_strdup(words[last]));
    }
}

static void add_commands(GPtrArray *names, char **typed)
{
    for (const Command *c = command_next(NULL); c; c = command_next(c)) {
        if (c->line) {
            add_word(names, c->line, typed);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(OF_SESSION); i++) {
        add_word(names, OF_SESSION[i].line, typed);
    }
}

/* Adds the candidates for the argument at the last word.  Flags before it do not count. */
static void add_arguments(Vm *vm, GPtrArray *names, const Command *command, const char *rest)
{
    g_auto(GStrv) words = g_strsplit(rest, " ", -1);
    const CommandArgument *argument = command->arguments;
    for (char **word = words; word[0] && word[1] && argument->name; word++) {
        argument += **word != '\0' && **word != '-';
    }
    while (argument->name && argument->flag) {
        argument++;
    }
    if (argument->name && argument->complete) {
        argument->complete(vm, names);
    }
}

/* Sorts the names, removes duplicates, and keeps those that begin like the word. */
static char **choose(GPtrArray *names, const char *word)
{
    GPtrArray *chosen = g_ptr_array_new();
    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        const char *last = chosen->len ? chosen->pdata[chosen->len - 1] : NULL;
        if (g_str_has_prefix(name, word) && g_strcmp0(last, name) != 0) {
            g_ptr_array_add(chosen, g_strdup(name));
        }
    }
    g_ptr_array_add(chosen, NULL);
    return (char **)g_ptr_array_free(chosen, false);
}

char **line_complete(LineSession *session, const char *line)
{
    g_autofree char *copy = g_strdup(line + strspn(line, " "));
    const char *space = strrchr(copy, ' ');
    const char *word = space ? space + 1 : copy;
    g_autofree char *before = g_strndup(copy, (gsize)(word - copy));
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *after_help = line_words_match("help", before);
    const char *rest;
    const Command *command = after_help ? NULL : line_words_find(before, &rest);
    if (command) {
        add_arguments(session->vm, names, command, rest);
    } else {
        g_autofree char *text = g_strconcat(after_help ? after_help : before, word, NULL);
        g_auto(GStrv) typed = g_strsplit(*text ? text : " ", " ", *text ? -1 : 1);
        add_commands(names, typed);
    }
    return choose(names, word);
}
