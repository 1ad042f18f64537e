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
    split->in_string = split->escaped = false;
}

void json_split_reset(JsonSplit *split)
{
    json_split_next(split);
    split->skipping = false;
}

static JsonSplitResult fail(JsonSplit *split, const char **error, const char *why)
{
    split->skipping = true;
    *error = why;
    return JSON_SPLIT_ERROR;
}

static void take_in_string(JsonSplit *split, char byte)
{
    if (split->escaped) {
        split->escaped = false;
    } else if (byte == '\\') {
        split->escaped = true;
    } else if (byte == '"') {
        split->in_string = false;
    }
}

/* Outside of strings. */
static bool take_structure(JsonSplit *split, char byte, const char **why)
{
    switch (byte) {
    case '"':
        split->in_string = true;
        break;
    case '{':
    case '[':
        if (++split->depth > JSON_SPLIT_DEPTH_MAX) {
            *why = "JSON nesting depth limit exceeded";
            return false;
        }
        break;
    case '}':
    case ']':
        if (!split->depth) {
            *why = "JSON parse error, expecting value";
            return false;
        }
        split->depth--;
        break;
    default:
        break;
    }
    return true;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* A number, a word or a string outside of brackets ends with space; brackets end themselves. */
static bool is_whole(const JsonSplit *split, char byte)
{
    return !split->depth && !split->in_string &&
           (byte == '}' || byte == ']' || (is_space(byte) && split->value->len));
}

JsonSplitResult json_split_take(JsonSplit *split, char byte, const char **error)
{
    if (split->skipping) {
        split->skipping = byte != '\n';
        return JSON_SPLIT_MORE;
    }
    if (!byte) {
        return fail(split, error, "JSON parse error, stray NUL");
    }
    if (!split->value->len && is_space(byte)) {
        return JSON_SPLIT_MORE;
    }
    const char *why = NULL;
    if (split->in_string) {
        take_in_string(split, byte);
    } else if (!take_structure(split, byte, &why)) {
        return fail(split, error, why);
    }
    if (split->value->len == JSON_SPLIT_LENGTH_MAX) {
        return fail(split, error, "JSON token size limit exceeded");
    }
    g_string_append_c(split->value, byte);
    return is_whole(split, byte) ? JSON_SPLIT_VALUE : JSON_SPLIT_MORE;
}
