/* Parses a script: a command on each line, made of words, quoted strings and numbers. */
#include "src/expect/script.h"

#include "devices/device.h"
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/device/key_names.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_PORT     "serial0"
#define DEFAULT_PATIENCE (60 * NS_PER_SECOND)
#define PATIENCE_MAX     86400.0
#define SCREEN_MAX       999u /* rows and columns */

typedef struct Parser {
    const char *path;
    unsigned line;
    const char *at; /* the rest of the line */
    Script *script;
} Parser;

static bool fail(const Parser *parser, GError **error, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-expect %s, line %u: %s", parser->path,
                parser->line, why);
    return false;
}

static void skip_blanks(Parser *parser)
{
    parser->at += strspn(parser->at, " \t\r");
}

static bool at_end(Parser *parser)
{
    skip_blanks(parser);
    return !*parser->at || *parser->at == '#';
}

/* Takes the text up to a blank; the caller frees it. */
static char *take_word(Parser *parser)
{
    skip_blanks(parser);
    size_t length = strcspn(parser->at, " \t\r");
    char *word = g_strndup(parser->at, length);
    parser->at += length;
    return word;
}

static bool take_hex(Parser *parser, GString *text)
{
    int high = g_ascii_xdigit_value(parser->at[0]);
    int low = high < 0 ? -1 : g_ascii_xdigit_value(parser->at[1]);
    if (low < 0) {
        return false;
    }
    g_string_append_c(text, (char)(high << 4 | low));
    parser->at += 2;
    return true;
}

/*
 * Takes the character after a backslash.  In an expression, other escapes are left
 * to the expression.
 */
static bool take_escape(Parser *parser, GString *text, bool expression)
{
    static const char FROM[] = "nrte\\\"", TO[] = "\n\r\t\x1b\\\"";
    char c = *parser->at;
    const char *found = c ? strchr(FROM, c) : NULL;
    if (!c) {
        return false;
    }
    if (expression && c != '"') {
        g_string_append_c(text, '\\');
        g_string_append_c(text, c);
        parser->at++;
        return true;
    }
    parser->at++;
    if (found) {
        g_string_append_c(text, TO[found - FROM]);
    }
    return found || (c == 'x' && take_hex(parser, text));
}

static bool take_string(Parser *parser, bool expression, GString *text, GError **error)
{
    skip_blanks(parser);
    if (*parser->at != '"') {
        return fail(parser, error, "a string in double quotes must follow");
    }
    parser->at++;
    while (*parser->at && *parser->at != '"') {
        if (*parser->at != '\\') {
            g_string_append_c(text, *parser->at++);
            continue;
        }
        parser->at++;
        if (!take_escape(parser, text, expression)) {
            return fail(parser, error,
                        "unknown escape (there are \\n \\r \\t \\e \\\\ \\\" \\xNN)");
        }
    }
    if (*parser->at != '"') {
        return fail(parser, error, "the string has no end");
    }
    parser->at++;
    return true;
}

/* ---- commands ---- */

static bool parse_send(Parser *parser, ExpectStep *step, GError **error)
{
    return take_string(parser, false, step->text, error);
}

static bool parse_key(Parser *parser, ExpectStep *step, GError **error)
{
    unsigned codes[KEY_CHORD_MAX], count;
    if (!take_string(parser, false, step->text, error)) {
        return false;
    }
    return key_names_parse(step->text->str, codes, &count, NULL) ||
           fail(parser, error, "no such key (keys are named as in \"ctrl-alt-del\" and \"ret\")");
}

static bool parse_expression(Parser *parser, ExpectStep *step, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (!take_string(parser, true, step->text, error)) {
        return false;
    }
    step->regex = g_regex_new(step->text->str, G_REGEX_RAW | G_REGEX_MULTILINE, (GRegexMatchFlags)0,
                              &failure);
    return step->regex || fail(parser, error, failure->message);
}

static bool parse_wait(Parser *parser, ExpectStep *step, GError **error)
{
    step->patience = DEFAULT_PATIENCE;
    if (!parse_expression(parser, step, error) || at_end(parser)) {
        return step->regex != NULL;
    }
    g_autofree char *word = take_word(parser);
    char *end;
    double seconds = g_ascii_strtod(word, &end);
    if (*end || !(seconds > 0 && seconds <= PATIENCE_MAX)) {
        return fail(parser, error, "the time-out is a number of seconds, up to a day");
    }
    step->patience = (uint64_t)(seconds * (double)NS_PER_SECOND);
    return true;
}

/* The text is looked for from this place on; both count from 0. */
static bool parse_screen_at(Parser *parser, ExpectStep *step, GError **error)
{
    g_autofree char *row = take_word(parser), *column = take_word(parser);
    uint64_t numbers[2];
    if (!number_parse("screen-at", row, SCREEN_MAX, &numbers[0], NULL) ||
        !number_parse("screen-at", column, SCREEN_MAX, &numbers[1], NULL)) {
        return fail(parser, error, "screen-at takes a row, a column and an expression");
    }
    step->row = (unsigned)numbers[0];
    step->column = (unsigned)numbers[1];
    return parse_wait(parser, step, error);
}

static bool parse_exit(Parser *parser, ExpectStep *step, GError **error)
{
    g_autofree char *word = take_word(parser);
    uint64_t status;
    if (!number_parse("exit", word, 255, &status, NULL)) {
        return fail(parser, error, "exit takes a status from 0 to 255");
    }
    step->status = (int)status;
    return true;
}

static const struct {
    const char *name;
    ExpectKind kind;
    bool (*parse)(Parser *parser, ExpectStep *step, GError **error);
} COMMANDS[] = {
    {"send", EXPECT_SEND, parse_send},
    {"key", EXPECT_KEY, parse_key},
    {"wait", EXPECT_WAIT, parse_wait},
    {"screen", EXPECT_SCREEN, parse_wait},
    {"screen-at", EXPECT_SCREEN_AT, parse_screen_at},
    {"fail-if", EXPECT_FAIL_IF, parse_expression},
    {"exit", EXPECT_EXIT, parse_exit},
};

static void step_free(gpointer data)
{
    ExpectStep *step = data;
    g_string_free(step->text, true);
    g_clear_pointer(&step->regex, g_regex_unref);
    g_free(step);
}

static bool parse_step(Parser *parser, const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (!strcmp(COMMANDS[i].name, name)) {
            ExpectStep *step = g_new0(ExpectStep, 1);
            *step = (ExpectStep){
                .kind = COMMANDS[i].kind,
                .line = parser->line,
                .text = g_string_new(NULL),
            };
            g_ptr_array_add(parser->script->steps, step);
            return COMMANDS[i].parse(parser, step, error);
        }
    }
    return fail(parser, error,
                "unknown command (use port, send, key, wait, screen, screen-at, fail-if or exit)");
}

static bool parse_line(Parser *parser, GError **error)
{
    if (at_end(parser)) {
        return true;
    }
    g_autofree char *name = take_word(parser);
    if (!strcmp(name, "port")) {
        g_free(parser->script->port);
        parser->script->port = take_word(parser);
    } else if (!parse_step(parser, name, error)) {
        return false;
    }
    return at_end(parser) || fail(parser, error, "there must be nothing more on the line");
}

/*
 * Why the path cannot be read.  A script can come from a pipe, but a device may
 * never end.  NULL: it can be read.
 */
static const char *refusal(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return g_strerror(errno);
    }
    if (S_ISDIR(st.st_mode)) {
        return "is a directory (name a file)";
    }
    return S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? "is a device, no script" : NULL;
}

Script *script_load(const char *path, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *text = NULL;
    const char *why = refusal(path);
    if (why || !g_file_get_contents(path, &text, NULL, &failure)) {
        error_refuse(error, "-expect %s: %s", path, why ? why : failure->message);
        return NULL;
    }
    Parser parser = {.path = path, .script = g_new0(Script, 1)};
    parser.script->port = g_strdup(DEFAULT_PORT);
    parser.script->steps = g_ptr_array_new_with_free_func(step_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        parser.line++;
        parser.at = *line;
        if (!parse_line(&parser, error)) {
            script_free(parser.script);
            return NULL;
        }
    }
    return parser.script;
}

const ExpectStep *script_looks_at_screen(const Script *script)
{
    for (guint i = 0; i < script->steps->len; i++) {
        const ExpectStep *step = script->steps->pdata[i];
        if (step->kind == EXPECT_SCREEN || step->kind == EXPECT_SCREEN_AT) {
            return step;
        }
    }
    return NULL;
}

void script_free(Script *script)
{
    g_ptr_array_unref(script->steps);
    g_free(script->port);
    g_free(script);
}
