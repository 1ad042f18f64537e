#include "src/base/number.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

/* strtoull() accepts blanks and signs, which are mistakes here. */
static bool scan(const char *what, const char *text, uint64_t *value, const char **end,
                 GError **error)
{
    if (!*text) {
        return error_refuse(error, "%s: a number is missing (decimal or 0x...)", what);
    }
    if (!g_ascii_isdigit(text[0])) {
        return error_refuse(error, "%s %s: not a number (decimal or 0x...)", what, text);
    }
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    errno = 0;
    char *stop;
    *value = g_ascii_strtoull(hex ? text + 2 : text, &stop, hex ? 16 : 10);
    if (errno == ERANGE) {
        return error_refuse(error, "%s %s: number too large", what, text);
    }
    if (hex && !g_ascii_isxdigit(text[2])) {
        return error_refuse(error, "%s %s: no digits after 0x", what, text);
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
        return error_refuse(error, "%s %s: '%s' after the number (decimal or 0x...)", what, text,
                            end);
    }
    if (number > maximum) {
        return error_refuse(error, "%s %s: too large (at most %" G_GUINT64_FORMAT ")", what, text,
                            maximum);
    }
    *value = number;
    return true;
}

/* Reads up to three digits: ".5" is 500. */
static bool scan_fraction(const char **end, unsigned *thousandths)
{
    const char *digit = *end + 1;
    unsigned weight = 100;
    *thousandths = 0;
    if (!g_ascii_isdigit(*digit)) {
        return false;
    }
    for (; g_ascii_isdigit(*digit) && weight; digit++, weight /= 10) {
        *thousandths += weight * (unsigned)g_ascii_digit_value(*digit);
    }
    *end = digit;
    return true;
}

/* Without a suffix `shift` does not change. */
static bool scan_suffix(const char *text, unsigned *shift)
{
    static const char SUFFIXES[] = "KMG";
    const char *suffix = *text ? strchr(SUFFIXES, g_ascii_toupper(*text)) : NULL;
    *shift = suffix ? 10 * (unsigned)(suffix - SUFFIXES + 1) : *shift;
    return !*text || (suffix && !text[1]);
}

static bool parse_size(const char *what, const char *text, unsigned shift, uint64_t maximum,
                       uint64_t *value, GError **error)
{
    const char *end;
    uint64_t number;
    unsigned thousandths = 0;
    if (!scan(what, text, &number, &end, error)) {
        return false;
    }
    const char *rest = end;
    bool understood = *end != '.' || scan_fraction(&end, &thousandths);
    if (!understood || !scan_suffix(end, &shift) || (rest != end && !shift)) {
        return error_refuse(error, "%s %s: unknown suffix '%s' (use K, M or G)", what, text, rest);
    }
    uint64_t part = ((uint64_t)thousandths << shift) / 1000;
    if (part > maximum || number > (maximum - part) >> shift) {
        return error_refuse(error, "%s %s: too large (at most %" G_GUINT64_FORMAT " bytes)", what,
                            text, maximum);
    }
    *value = (number << shift) + part;
    return true;
}

bool number_parse_size(const char *what, const char *text, uint64_t maximum, uint64_t *value,
                       GError **error)
{
    return parse_size(what, text, 0, maximum, value, error);
}

bool number_parse_mebibytes(const char *what, const char *text, uint64_t maximum, uint64_t *value,
                            GError **error)
{
    return parse_size(what, text, 20, maximum, value, error);
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
    return error_refuse(error, "%s %s: neither on nor off", what, text);
}
