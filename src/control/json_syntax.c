#include "src/control/json_syntax.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* Each of these returns what follows, or NULL if the grammar is broken. */
static const char *skip_value(const char *at);

static const char *skip_space(const char *at)
{
    return at + strspn(at, " ");
}

static const char *skip_digits(const char *at)
{
    size_t count = strspn(at, G_CSET_DIGITS);
    return count ? at + count : NULL;
}

static const char *skip_escape(const char *at)
{
    if (*at == 'u') {
        return strspn(at + 1, G_CSET_DIGITS "abcdefABCDEF") >= 4 ? at + 5 : NULL;
    }
    return *at && strchr("\"\\/bfnrt", *at) ? at + 1 : NULL;
}

static const char *skip_string(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    while (at && *at && *at != '"') {
        at = *at == '\\' ? skip_escape(at + 1) : at + 1;
    }
    return at && *at ? at + 1 : NULL;
}

static const char *skip_number(const char *at)
{
    at += *at == '-';
    at = *at == '0' ? at + 1 : skip_digits(at);
    if (at && *at == '.') {
        at = skip_digits(at + 1);
    }
    if (at && (*at == 'e' || *at == 'E')) {
        at++;
        at = skip_digits(at + (*at == '+' || *at == '-'));
    }
    return at;
}

static const char *skip_word(const char *at)
{
    static const char *const WORDS[] = {"true", "false", "null"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (g_str_has_prefix(at, WORDS[i])) {
            return at + strlen(WORDS[i]);
        }
    }
    return NULL;
}

/* Skips a key up to its value. */
static const char *skip_key(const char *at)
{
    at = skip_string(at);
    at = at ? skip_space(at) : NULL;
    return at && *at == ':' ? skip_space(at + 1) : NULL;
}

/* Skips everything from the first member or element to the closing bracket. */
static const char *skip_members(const char *at, bool keys, char close)
{
    at = skip_space(at);
    if (*at == close) {
        return at + 1;
    }
    for (;;) {
        at = keys ? skip_key(at) : at;
        at = at ? skip_value(at) : NULL;
        at = at ? skip_space(at) : NULL;
        if (!at || *at != ',') {
            return at && *at == close ? at + 1 : NULL;
        }
        at = skip_space(at + 1);
    }
}

static const char *skip_value(const char *at)
{
    switch (*at) {
    case '{':
        return skip_members(at + 1, true, '}');
    case '[':
        return skip_members(at + 1, false, ']');
    case '"':
        return skip_string(at);
    default:
        return g_ascii_isalpha(*at) ? skip_word(at) : skip_number(at);
    }
}

bool json_syntax_is_value(const char *text)
{
    const char *end = skip_value(skip_space(text));
    return end && !*skip_space(end);
}

/* An escape may stand for a letter of a key. */
static bool key_is(const char *key, const char *name)
{
    for (key++; *key != '"'; name++) {
        unsigned long letter = (guchar)*key++;
        if (letter == '\\' && *key == 'u') {
            g_autofree char *digits = g_strndup(key + 1, 4);
            letter = strtoul(digits, NULL, 16);
            key += 5;
        } else if (letter == '\\') {
            letter = (guchar)*key++;
        }
        if (letter != (guchar)*name || !*name) {
            return false;
        }
    }
    return !*name;
}

char *json_syntax_member(const char *object, const char *name)
{
    char *found = NULL;
    const char *at = skip_space(skip_space(object) + 1);
    while (*at == '"') {
        const char *value = skip_key(at);
        const char *end = skip_value(value);
        if (key_is(at, name)) {
            g_free(found);
            found = g_strndup(value, (gsize)(end - value));
        }
        at = skip_space(end);
        at = *at == ',' ? skip_space(at + 1) : at;
    }
    return found;
}
