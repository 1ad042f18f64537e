#include "src/cpu/address_filter.h"

#include "src/base/error.h"
#include "src/base/number.h"

#include <string.h>

typedef struct Range {
    uint64_t first, last;
} Range;

struct AddressFilter {
    GArray *ranges;
};

/*
 * Splits the text at the sign between its two numbers.  Returns the sign, or 0 if
 * the text does not have this form.
 */
static char split(char *text, char **rest)
{
    char *at = strpbrk(text, "+-.");
    if (!at) {
        return 0;
    }
    char sign = *at;
    *at++ = '\0';
    if (sign == '.' && *at++ != '.') {
        return 0;
    }
    *rest = at;
    return *text && *at ? sign : 0;
}

static bool parse_numbers(const char *first, const char *second, Range *numbers, GError **error)
{
    return number_parse("-dfilter", first, UINT64_MAX, &numbers->first, error) &&
           number_parse("-dfilter", second, UINT64_MAX, &numbers->last, error);
}

/*
 * Turns the two numbers into the range that they mean.  Returns false if the range
 * is empty or exceeds the address space.
 */
static bool apply_sign(char sign, Range *range)
{
    uint64_t base = range->first, size = range->last;
    if (sign == '.') {
        return range->first <= range->last;
    }
    if (!size || (sign == '+' ? size - 1 > UINT64_MAX - base : size - 1 > base)) {
        return false;
    }
    *range = sign == '+' ? (Range){base, base + (size - 1)} : (Range){base - (size - 1), base};
    return true;
}

/* For an empty part, the message shows the whole text: `all`. */
static bool parse_range(const char *text, const char *all, Range *range, GError **error)
{
    g_autofree char *copy = g_strdup(text);
    char *rest;
    char sign = split(copy, &rest);
    if (!sign) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-dfilter %s: not a range (FIRST..LAST, FIRST+SIZE or LAST-SIZE)",
                    *text ? text : all);
        return false;
    }
    if (!parse_numbers(copy, rest, range, error)) {
        return false;
    }
    if (!apply_sign(sign, range)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-dfilter %s: a range has its first address first and at least one byte", text);
        return false;
    }
    return true;
}

AddressFilter *address_filter_new(const char *text, GError **error)
{
    g_autoptr(AddressFilter) filter = g_new0(AddressFilter, 1);
    g_auto(GStrv) parts = g_strsplit(*text ? text : ",", ",", -1);
    filter->ranges = g_array_new(false, false, sizeof(Range));
    for (char **part = parts; *part; part++) {
        Range range;
        if (!parse_range(*part, text, &range, error)) {
            return NULL;
        }
        g_array_append_val(filter->ranges, range);
    }
    return g_steal_pointer(&filter);
}

void address_filter_free(AddressFilter *filter)
{
    if (filter) {
        g_array_unref(filter->ranges);
        g_free(filter);
    }
}

bool address_filter_covers(const AddressFilter *filter, uint64_t first, uint64_t last)
{
    for (guint i = 0; filter && i < filter->ranges->len; i++) {
        const Range *range = &g_array_index(filter->ranges, Range, i);
        if (first <= range->last && last >= range->first) {
            return true;
        }
    }
    return !filter;
}
