#include "src/control/json_split.h"

#include <string.h>

void json_split_init(JsonSplit *split)
{
    *split = (JsonSplit){.value = g_string_new(NULL)};
}

void json_split_clear(JsonSplit *split)
{
    g_string_free(split->value, true);
}

void json_split_next(JsonSplit *split)
{
    g_string_truncate(split->value, 0);
    split->depth = 0;
    split->quote = 0;
    split->escaped = false;
}

void json_split_reset(JsonSplit *split)
{
    json_split_next(split);
    split->mode = JSON_SPLIT_READS;
}

/* ---- errors, and back from them ---- */

static JsonSplitResult refuse(JsonSplit *split, const char **error, const char *why)
{
    split->mode = JSON_SPLIT_RECOVERS;
    *error = why;
    return JSON_SPLIT_ERROR;
}

static JsonSplitResult refuse_line(JsonSplit *split, const char **error, const char *why)
{
    split->mode = JSON_SPLIT_SKIPS_LINE;
    *error = why;
    return JSON_SPLIT_ERROR;
}

static bool ends_line(char byte)
{
    return byte == '\n' || byte == '\r';
}

static bool is_space(char byte)
{
    return ends_line(byte) || byte == ' ' || byte == '\t';
}

/*
 * Finds bytes that can never be part of JSON.  A string cannot contain ends of
 * lines or tabs either.
 */
static const char *find_stray(const JsonSplit *split, char byte)
{
    if (!byte) {
        return "JSON parse error, stray NUL";
    }
    if ((guchar)byte >= 0xfe) {
        return "JSON parse error, invalid UTF-8 sequence";
    }
    return g_ascii_iscntrl(byte) && (split->quote || !is_space(byte))
               ? "JSON parse error, stray control character"
               : NULL;
}

/* Returns false if reading goes on with this byte. */
static bool skip(JsonSplit *split, char byte)
{
    bool here = byte == '{' && split->mode == JSON_SPLIT_RECOVERS;
    if (here || ends_line(byte)) {
        split->mode = JSON_SPLIT_READS;
    }
    return !here;
}

/* ---- the parts of a value ---- */

static JsonSplitResult end_value(JsonSplit *split)
{
    return split->depth ? JSON_SPLIT_MORE : JSON_SPLIT_VALUE;
}

static JsonSplitResult take_in_string(JsonSplit *split, char byte)
{
    if (split->escaped) {
        split->escaped = false;
        g_string_append_printf(split->value, "%s%c", byte == '\'' ? "" : "\\", byte);
    } else if (byte == '\\') {
        split->escaped = true;
    } else if (byte == split->quote) {
        split->quote = 0;
        g_string_append_c(split->value, '"');
        return end_value(split);
    } else {
        g_string_append_printf(split->value, "%s%c", byte == '"' ? "\\" : "", byte);
    }
    return JSON_SPLIT_MORE;
}

static JsonSplitResult take_bracket(JsonSplit *split, char byte, const char **error)
{
    bool opens = byte == '{' || byte == '[';
    if (opens && split->depth == JSON_SPLIT_DEPTH_MAX) {
        return refuse_line(split, error, "JSON nesting depth limit exceeded");
    }
    if (!opens && !split->depth) {
        return refuse(split, error, "JSON parse error, expecting value");
    }
    g_string_append_c(split->value, byte);
    split->depth = opens ? split->depth + 1 : split->depth - 1;
    return end_value(split);
}

static JsonSplitResult take_space(JsonSplit *split)
{
    if (!split->value->len) {
        return JSON_SPLIT_MORE;
    }
    g_string_append_c(split->value, ' ');
    return end_value(split);
}

static JsonSplitResult take_separator(JsonSplit *split, char byte, const char **error)
{
    if (!split->depth) {
        return refuse(split, error, "JSON parse error, expecting value");
    }
    g_string_append_c(split->value, byte);
    return JSON_SPLIT_MORE;
}

/* A number or a word outside of brackets ends where something else begins. */
static JsonSplitResult take_mark(JsonSplit *split, char byte, const char **error)
{
    if (!split->depth && split->value->len) {
        split->again = true;
        return JSON_SPLIT_VALUE;
    }
    if (byte == '"' || byte == '\'') {
        split->quote = byte;
        g_string_append_c(split->value, '"');
        return JSON_SPLIT_MORE;
    }
    return strchr("{}[]", byte) ? take_bracket(split, byte, error)
                                : take_separator(split, byte, error);
}

static JsonSplitResult take_outside(JsonSplit *split, char byte, const char **error)
{
    if (is_space(byte)) {
        return take_space(split);
    }
    if (strchr("{}[],:\"'", byte)) {
        return take_mark(split, byte, error);
    }
    if (!g_ascii_isalnum(byte) && !strchr("+-._", byte)) {
        return refuse(split, error, "JSON parse error, stray character");
    }
    g_string_append_c(split->value, byte);
    return JSON_SPLIT_MORE;
}

JsonSplitResult json_split_take(JsonSplit *split, char byte, const char **error)
{
    split->again = false;
    const char *stray = find_stray(split, byte);
    if (stray) {
        refuse(split, error, stray);
        skip(split, byte); /* an end of line may be the stray byte in a string: reading goes on
                              after it */
        return JSON_SPLIT_ERROR;
    }
    if (split->mode != JSON_SPLIT_READS && skip(split, byte)) {
        return JSON_SPLIT_MORE;
    }
    if (split->value->len >= JSON_SPLIT_LENGTH_MAX) {
        return refuse_line(split, error, "JSON token size limit exceeded");
    }
    return split->quote ? take_in_string(split, byte) : take_outside(split, byte, error);
}
