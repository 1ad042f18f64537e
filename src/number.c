#include "src/number.h"

#include "src/error.h"

#include <errno.h>
#include <string.h>

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, message);
    return false;
}

/* strtoull takes blanks and signs, which no user means here. */
static bool scan(const char *what, const char *text, uint64_t *value, const char **end,
                 GError **error)
{
    if (!g_ascii_isdigit(text[0])) {
        return fail(error, "%s %s: not a number (decimal or 0x...)", what, text);
    }
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    errno = 0;
    char *stop;
    *value = g_ascii_strtoull(hex ? text + 2 : text, &stop, hex ? 16 : 10);
    if (errno == ERANGE) {
        return fail(error, "%s %s: number too large", what, text);
    }
    if (hex && !g_ascii_isxdigit(text[2])) {
        return fail(error, "%s %s: no digits after 0x", what, text);
    }
    *end = stop;
    return true;
}

bool number_parse(const char *what, const char *text, uint64_t maximum, uint64_t *value,
                  GError **error)
{
    const char *end;
    uint64_t number;
    if (!scan(what, text, &number, &end, error)) {
        return false;
    }
    if (*end) {
        return fail(error, "%s %s: '%s' after the number (decimal or 0x...)", what, text, end);
    }
    if (number > maximum) {
        return fail(error, "%s %s: too large (at most %" G_GUINT64_FORMAT ")", what, text, maximum);
    }
    *value = number;
    return true;
}

bool number_parse_size(const char *what, const char *text, uint64_t maximum, uint64_t *value,
                       GError **error)
{
    static const char SUFFIXES[] = "KMG";
    const char *end;
    uint64_t number;
    if (!scan(what, text, &number, &end, error)) {
        return false;
    }
    unsigned shift = 0;
    if (*end) {
        const char *suffix = strchr(SUFFIXES, g_ascii_toupper(*end));
        if (!suffix || end[1]) {
            return fail(error, "%s %s: unknown suffix '%s' (use K, M or G)", what, text, end);
        }
        shift = 10 * (unsigned)(suffix - SUFFIXES + 1);
    }
    if (number > maximum >> shift) {
        return fail(error, "%s %s: too large (at most %" G_GUINT64_FORMAT " bytes)", what, text,
                    maximum);
    }
    *value = number << shift;
    return true;
}

bool number_parse_bool(const char *what, const char *text, bool *value, GError **error)
{
    static const struct {
        const char *text;
        bool value;
    } WORDS[] = {{"on", true},  {"off", false}, {"yes", true},
                 {"no", false}, {"true", true}, {"false", false}};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (!strcmp(text, WORDS[i].text)) {
            *value = WORDS[i].value;
            return true;
        }
    }
    return fail(error, "%s %s: neither on nor off", what, text);
}
