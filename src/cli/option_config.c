/*
 * The options that read further options from a file, and those that choose
 * what is logged.
 */
#include "src/cli/option_util.h"

#include "src/base/error.h"
#include "src/base/file_io.h"
#include "src/base/keyval.h"
#include "src/base/log.h"
#include "src/base/number.h"

#include <string.h>

/* ---- -readconfig: [option "id"] and key = "value" ---- */

typedef struct Group {
    char *option; /* NULL before the first group */
    GString *value;
} Group;

static void clear_group(Group *group)
{
    g_clear_pointer(&group->option, g_free);
    g_string_truncate(group->value, 0);
}

static bool apply_group(Parse *parse, Group *group, GError **error)
{
    bool ok = !group->option || option_apply(parse, group->option, group->value->str, error);
    clear_group(group);
    return ok;
}

/* Adds one pair.  On a command line a comma in a value is doubled. */
static void add_pair(Group *group, const char *key, const char *value)
{
    g_string_append_printf(group->value, "%s%s=", group->value->len ? "," : "", key);
    for (; *value; value++) {
        g_string_append(group->value, *value == ',' ? ",," : (char[]){*value, '\0'});
    }
}

/* Returns the text between the quotation marks at the end of a line.  The caller frees it. */
static char *quoted(const char *text)
{
    const char *start = strchr(text, '"'), *end = strrchr(text, '"');
    return start && end > start ? g_strndup(start + 1, (gsize)(end - start - 1)) : NULL;
}

/* The groups whose names in QEMU differ from the names of the options. */
static const struct {
    const char *group, *option;
} GROUPS[] = {{"memory", "m"}, {"smp-opts", "smp"}, {"boot-opts", "boot"}};

static bool begin_group(Parse *parse, Group *group, char *line, GError **error)
{
    if (!apply_group(parse, group, error)) {
        return false;
    }
    g_autofree char *id = quoted(line);
    group->option = g_strndup(line + 1, strcspn(line + 1, " \t]"));
    for (size_t i = 0; i < G_N_ELEMENTS(GROUPS); i++) {
        if (!strcmp(group->option, GROUPS[i].group)) {
            option_replace(&group->option, GROUPS[i].option);
        }
    }
    if (id) {
        add_pair(group, "id", id);
    }
    return true;
}

static bool read_line(Parse *parse, Group *group, char *line, GError **error)
{
    if (!*line || *line == '#') {
        return true;
    }
    if (*line == '[') {
        return begin_group(parse, group, line, error);
    }
    g_autofree char *value = quoted(line);
    g_autofree char *key = g_strndup(line, strcspn(line, " \t="));
    if (!value || !group->option || !*key) {
        return error_refuse(error, "'%s': neither [option \"id\"] nor key = \"value\"", line);
    }
    add_pair(group, key, value);
    return true;
}

bool option_read_config(Parse *parse, const char *value, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) failure = NULL;
    if (!g_file_get_contents(value, &text, NULL, &failure)) {
        return option_error(error, "readconfig", value, g_strerror(errno));
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Group group = {.value = g_string_new(NULL)};
    bool ok = true;
    unsigned number = 0;
    for (char **line = lines; ok && *line; line++) {
        number++;
        ok = read_line(parse, &group, g_strstrip(*line), error);
    }
    ok = ok && apply_group(parse, &group, error);
    clear_group(&group);
    g_string_free(group.value, true);
    if (!ok) {
        g_prefix_error(error, "-readconfig %s: line %u: ", value, number);
    }
    return ok;
}

/* ---- -d and -trace ---- */

/* Whether QEMU logs the item and pioemu does not. */
static bool is_idle_item(const char *item)
{
    static const char *const ITEMS[] = {"out_asm", "op",   "op_opt", "op_ind", "op_plugin",
                                        "pcall",   "page", "unimp",  "plugin", "strace",
                                        "tid",     "fpu",  "vpu",    NULL};
    return g_strv_contains(ITEMS, item) || g_str_has_prefix(item, "trace:");
}

static void add_item(Config *config, const char *item)
{
    char *text =
        config->log_items ? g_strdup_printf("%s,%s", config->log_items, item) : g_strdup(item);
    g_free(config->log_items);
    config->log_items = text;
}

static char *list_items(void)
{
    g_autofree char *help = log_help();
    return g_strdup_printf("Log items, for -d ITEM[,ITEM] and -trace PATTERN:\n%s", help);
}

bool option_set_log_items(Parse *parse, const char *value, GError **error)
{
    if (option_wants_help(value)) {
        parse->text = list_items();
        return true;
    }
    g_clear_pointer(&parse->config->log_items, g_free);
    g_auto(GStrv) items = g_strsplit(value, ",", -1);
    for (char **item = items; *item; item++) {
        if (is_idle_item(*item)) {
            option_note(parse, "d %s: pioemu does not log that", *item);
        } else {
            add_item(parse->config, *item);
        }
    }
    unsigned parsed;
    return !parse->config->log_items || log_parse_items(parse->config->log_items, &parsed, error);
}

static bool trace_pattern(Parse *parse, const char *pattern, GError **error)
{
    unsigned found = 0;
    for (const char *const *name = log_item_names(); *name; name++) {
        if (g_pattern_match_simple(pattern, *name)) {
            add_item(parse->config, *name);
            found++;
        }
    }
    return found || option_error(error, "trace", pattern,
                                 "no such event of pioemu's (-trace help lists them)");
}

static bool trace_file(Parse *parse, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return error_refuse(error, "-trace events=%s: %s", path, g_strerror(errno));
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *pattern = g_strstrip(*line);
        if (*pattern && *pattern != '#' && !trace_pattern(parse, pattern, error)) {
            return false;
        }
    }
    return true;
}

/*
 * Parses "[enable=]PATTERN,events=FILE,file=FILE".  It selects items of -d by
 * patterns of their names.
 */
bool option_set_trace(Parse *parse, const char *value, GError **error)
{
    static const char *const KEYS[] = {"enable", "events", "file", NULL};
    if (option_wants_help(value)) {
        parse->text = list_items();
        return true;
    }
    g_autoptr(GHashTable) table = keyval_parse("-trace", value, "enable", KEYS, error);
    if (!table) {
        return false;
    }
    const char *pattern = g_hash_table_lookup(table, "enable");
    const char *events = g_hash_table_lookup(table, "events");
    const char *file = g_hash_table_lookup(table, "file");
    if (file) {
        option_replace(&parse->config->log_file, file);
    }
    return (!pattern || trace_pattern(parse, pattern, error)) &&
           (!events || trace_file(parse, events, error));
}

/* ---- messages, and where the process runs ---- */

bool option_set_messages(Parse *parse, const char *value, GError **error)
{
    static const char *const KEYS[] = {"timestamp", "guest-name", NULL};
    g_autoptr(GHashTable) table = keyval_parse("-msg", value, NULL, KEYS, error);
    const char *on = table ? g_hash_table_lookup(table, "timestamp") : NULL;
    if (table && g_hash_table_contains(table, "guest-name")) {
        option_note(parse, "msg guest-name: messages begin with pioemu");
    }
    return table &&
           (!on || number_parse_bool("-msg timestamp", on, &parse->config->timestamps, error));
}

bool option_daemonize(Parse *parse, const char *value, GError **error)
{
    (void)value, (void)error;
    return parse->config->daemonize = true;
}
