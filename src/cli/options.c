/*
 * Parses the command line by the table of option_table.c, prints --help, and
 * suggests similar names for unknown options.  GLib's GOption is not used
 * because it does not support QEMU's long options with a single dash.
 */
#include "src/cli/options.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/cli/option_refused.h"
#include "src/cli/option_util.h"

#include <string.h>

#ifndef PIOEMU_VERSION
#error "the build gives PIOEMU_VERSION"
#endif

/* ---- help ---- */

static void describe_option(GString *text, const Option *o)
{
    g_autofree char *head =
        g_strdup_printf("-%s%s%s%s%s", o->name, o->alias ? ", -" : "", o->alias ? o->alias : "",
                        o->argument ? " " : "", o->argument ? o->argument : "");
    g_string_append_printf(text, "  %s\n      %s\n      example: %s\n", head, o->help, o->example);
}

static char *help_text(void)
{
    GString *text =
        g_string_new("Usage: pioemu [options] [disk image]\n"
                     "\n"
                     "Boots a guest on an emulated ISA PC, with its serial port on the terminal.\n"
                     "Ctrl-A x quits, Ctrl-A h helps.  An option may begin with - or --.\n");
    for (size_t g = 0; g < OPTION_GROUP_COUNT; g++) {
        g_string_append_printf(text, "\n%s:\n", OPTION_GROUPS[g].title);
        for (const Option *o = OPTION_GROUPS[g].options; o->name; o++) {
            describe_option(text, o);
        }
    }
    g_string_append(text, "\nAccepted from command lines for QEMU, without effect:");
    unsigned column = 0;
    for (const Option *o = ACCEPTED_OPTIONS; o->name; o++) {
        g_string_append_printf(text, "%s -%s", column++ % 6 ? "" : "\n   ", o->name);
    }
    g_string_append(text,
                    "\n\nOther:\n"
                    "  -help, -h\n      this text\n      example: --help\n"
                    "  -version\n      the version\n      example: --version\n"
                    "\nBackends (DEV): see -serial help.  Exit status: 0 the guest halted or "
                    "powered off,\nor the user quit; 2 bad option; 3 the host failed; 4 the guest "
                    "died; 5 -timeout;\notherwise the guest's own choice.\n");
    return g_string_free(text, false);
}

/* ---- parsing ---- */

static const Option *find_in(const Option *options, const char *name)
{
    for (const Option *o = options; o->name; o++) {
        if (!strcmp(o->name, name) || (o->alias && !strcmp(o->alias, name))) {
            return o;
        }
    }
    return NULL;
}

static const Option *find_option(const char *name)
{
    for (size_t g = 0; g < OPTION_GROUP_COUNT; g++) {
        const Option *found = find_in(OPTION_GROUPS[g].options, name);
        if (found) {
            return found;
        }
    }
    return find_in(ACCEPTED_OPTIONS, name);
}

/* Refuses "-m=1G", which is how many other programs write an option. */
static bool joined_option(const char *given, const char *name, GError **error)
{
    const char *equals = strchr(name, '=');
    g_autofree char *first = g_strndup(name, equals ? (gsize)(equals - name) : 0);
    if (!equals || !find_option(first)) {
        return false;
    }
    error_refuse(error, "%s: unknown option (an option and its value are two words: -%s %s)", given,
                 first, equals + 1);
    return true;
}

static bool unknown_option(const char *given, const char *name, GError **error)
{
    if (joined_option(given, name, error)) {
        return false;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t g = 0; g < OPTION_GROUP_COUNT; g++) {
        for (const Option *o = OPTION_GROUPS[g].options; o->name; o++) {
            g_ptr_array_add(names, (gpointer)o->name);
        }
    }
    g_ptr_array_add(names, (gpointer) "help");
    g_ptr_array_add(names, (gpointer) "version");
    g_ptr_array_add(names, NULL);
    const char *nearest = keyval_nearest(name, (const char *const *)names->pdata);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: unknown option (%s%s%s)", given,
                nearest ? "did you mean -" : "see --help", nearest ? nearest : "",
                nearest ? "?" : "");
    return false;
}

static bool apply(Parse *parse, const Option *o, const char *value, GError **error)
{
    g_autofree char *text = NULL;
    if (o->json_first && *value == '{') {
        value = text = option_from_json(o->name, value, o->json_first, error);
        if (!text) {
            return false;
        }
    }
    if (o->set) {
        parse->option = o;
        return o->set(parse, value, error);
    }
    char **field = (char **)((uint8_t *)parse->config + o->field);
    g_free(*field);
    *field = g_strdup(value);
    return true;
}

bool option_apply(Parse *parse, const char *name, const char *value, GError **error)
{
    const Option *o = find_option(name);
    const RefusedOption *refused = o ? NULL : option_refused_find(name);
    if (refused) {
        return option_refused_say(refused, value, error);
    }
    return o ? apply(parse, o, value, error)
             : error_refuse(error, "%s: there is no such option", name);
}

/* As in QEMU, an argument that is not an option is the image of the first hard disk. */
static bool apply_image(Parse *parse, const char *given, GError **error)
{
    if (!*given || !strcmp(given, "-")) {
        return error_refuse(error, "%s: not an option (a guest is named with -kernel FILE)",
                            *given ? given : "an empty word");
    }
    return apply(parse, find_option("hda"), given, error);
}

static bool print_about(Parse *parse, const char *name)
{
    if (!strcmp(name, "help") || !strcmp(name, "h")) {
        parse->text = help_text();
    } else if (!strcmp(name, "version")) {
        parse->text = g_strdup("pioemu " PIOEMU_VERSION "\n");
    }
    return parse->text != NULL;
}

static bool parse_one(Parse *parse, int argc, char *const *argv, int *index, GError **error)
{
    const char *given = argv[*index];
    if (given[0] != '-' || !given[1]) {
        return apply_image(parse, given, error);
    }
    const char *name = given + (given[1] == '-' ? 2 : 1);
    if (print_about(parse, name)) {
        return true;
    }
    const Option *o = find_option(name);
    const char *next = *index + 1 < argc ? argv[*index + 1] : NULL;
    if (!o) {
        const RefusedOption *refused = option_refused_find(name);
        return refused ? option_refused_say(refused, next, error)
                       : unknown_option(given, name, error);
    }
    if (!o->argument) {
        return apply(parse, o, "", error);
    }
    if (!next || !*next) {
        return error_refuse(error, "%s: needs %s%s%s%s", given, o->argument,
                            o->example ? " (as in " : "", o->example ? o->example : "",
                            o->example ? ")" : "");
    }
    (*index)++;
    return apply(parse, o, next, error);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Returns the names of all options, for management programs that ask for them in QMP. */
static const char **option_names(void)
{
    GPtrArray *names = g_ptr_array_new();
    for (size_t g = 0; g < OPTION_GROUP_COUNT; g++) {
        for (const Option *o = OPTION_GROUPS[g].options; o->name; o++) {
            g_ptr_array_add(names, (gpointer)o->name);
        }
    }
    g_ptr_array_sort(names, by_name);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, false);
}

bool options_parse(Config *config, int argc, char *const *argv, char **text, GError **error)
{
    g_autoptr(GHashTable) rngs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Parse parse = {.config = config, .rngs = rngs};
    *text = NULL;
    g_free(config->option_names);
    config->option_names = option_names();
    for (int i = 1; i < argc; i++) {
        if (!parse_one(&parse, argc, argv, &i, error)) {
            return false;
        }
        if (parse.text) {
            *text = parse.text;
            return false;
        }
    }
    option_share_stdio(&parse);
    return option_plug_drives(&parse, error) && option_plug_networks(&parse, error) &&
           option_plug_rngs(&parse, error);
}
