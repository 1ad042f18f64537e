#include "src/cli/option_complete.h"

#include "src/base/error.h"
#include "src/cli/option_util.h"

#include <string.h>

/* Whether a file name follows the option, by the argument that the table shows. */
static bool takes_file(const Option *option)
{
    return option->argument &&
           (!strcmp(option->argument, "FILE") || strstr(option->argument, "PATH"));
}

/* Whether the table lists the words that the argument may be, as in "on|off" or "none". */
static bool is_list_of_words(const char *argument)
{
    return argument && strspn(argument, "abcdefghijklmnopqrstuvwxyz|-=") == strlen(argument);
}

static char *words_of(const char *argument)
{
    const char *equals = strchr(argument, '=');
    g_autofree char *key = g_strndup(argument, equals ? (gsize)(equals - argument) + 1 : 0);
    g_auto(GStrv) words = g_strsplit(equals ? equals + 1 : argument, "|", -1);
    GString *text = g_string_new(NULL);
    for (char **word = words; *word; word++) {
        g_string_append_printf(text, "%s%s%s", text->len ? " " : "", key, *word);
    }
    return g_string_free(text, false);
}

/*
 * These options print a list of their values for `help`.  Each line of a value
 * begins with two spaces.
 */
static const char *const LISTED[] = {"accel", "cpu", "device", "d", "machine", "M", NULL};

typedef void Visit(GString *text, const char *name, const Option *option);

static void each_name(GString *text, const Option *options, Visit *visit)
{
    for (const Option *o = options; o->name; o++) {
        visit(text, o->name, o);
        if (o->alias) {
            visit(text, o->alias, o);
        }
    }
}

static void each_option(GString *text, Visit *visit)
{
    for (size_t g = 0; g < OPTION_GROUP_COUNT; g++) {
        each_name(text, OPTION_GROUPS[g].options, visit);
    }
    each_name(text, ACCEPTED_OPTIONS, visit);
}

/* ---- bash ---- */

static void bash_name(GString *text, const char *name, const Option *option)
{
    (void)option;
    g_string_append_printf(text, " -%s", name);
}

static void bash_value(GString *text, const char *name, const Option *option)
{
    if (g_strv_contains(LISTED, name)) {
        g_string_append_printf(text,
                               "    -%s) words=$(\"$1\" -%s help 2>/dev/null |"
                               " sed -n 's/^  \\([^ ]*\\) .*/\\1/p') ;;\n",
                               name, name);
    } else if (takes_file(option)) {
        g_string_append_printf(text, "    -%s) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n",
                               name);
    } else if (is_list_of_words(option->argument)) {
        g_autofree char *words = words_of(option->argument);
        g_string_append_printf(text, "    -%s) words='%s' ;;\n", name, words);
    } else if (option->argument) {
        g_string_append_printf(text, "    -%s) return ;;\n", name);
    }
}

static char *bash(void)
{
    GString *text = g_string_new("# Completion of pioemu's options in bash.\n"
                                 "_pioemu()\n{\n"
                                 "    local word=$2 before=$3 words=''\n"
                                 "    COMPREPLY=()\n"
                                 "    case $before in\n");
    each_option(text, bash_value);
    g_string_append(text, "    *) [[ $word == -* ]] || { COMPREPLY=($(compgen -f -- \"$word\")); "
                          "return; }\n       words='-help -version");
    each_option(text, bash_name);
    g_string_append(text, "' ;;\n    esac\n"
                          "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                          "}\ncomplete -o filenames -F _pioemu pioemu\n");
    return g_string_free(text, false);
}

/* ---- zsh ---- */

/* Removes the characters that mean something to zsh. */
static char *zsh_text(const char *text)
{
    GString *plain = g_string_new(NULL);
    for (; *text; text++) {
        if (strchr("[]:\\", *text)) {
            g_string_append_c(plain, '\\');
        }
        g_string_append(plain, *text == '\'' ? "'\\''" : (char[]){*text, '\0'});
    }
    return g_string_free(plain, false);
}

static void zsh_entry(GString *text, const char *name, const Option *option)
{
    g_autofree char *help = zsh_text(option->help);
    g_string_append_printf(text, "    '*-%s[%s]", name, help);
    if (g_strv_contains(LISTED, name)) {
        g_string_append_printf(text, ":value:_pioemu_listed %s", name);
    } else if (takes_file(option)) {
        g_string_append(text, ":file:_files");
    } else if (is_list_of_words(option->argument)) {
        g_autofree char *words = words_of(option->argument);
        g_string_append_printf(text, ":value:(%s)", words);
    } else if (option->argument) {
        g_string_append(text, ":value:");
    }
    g_string_append(text, "' \\\n");
}

static char *zsh(void)
{
    GString *text =
        g_string_new("#compdef pioemu\n# Completion of pioemu's options in zsh.\n"
                     "_pioemu_listed()\n{\n    local -a found\n"
                     "    found=(${(f)\"$(pioemu -$1 help 2>/dev/null | sed -n 's/^  \\([^ ]*\\) "
                     ".*/\\1/p')\"})\n"
                     "    compadd -a found\n}\n"
                     "_arguments -o \\\n    '-help[the options]' '-version[the version]' \\\n");
    each_option(text, zsh_entry);
    g_string_append(text, "    '*:disk image:_files'\n");
    return g_string_free(text, false);
}

char *option_complete(const char *shell, GError **error)
{
    if (!strcmp(shell, "bash")) {
        return bash();
    }
    if (!strcmp(shell, "zsh")) {
        return zsh();
    }
    error_refuse(error, "-completion %s: not one of bash, zsh", shell);
    return NULL;
}
