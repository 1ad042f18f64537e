#include "src/base/keyval.h"

#include "src/base/error.h"

#include <string.h>

/* The Levenshtein distance, computed row by row. */
static unsigned edit_distance(const char *a, const char *b)
{
    size_t length = strlen(b);
    g_autofree unsigned *row = g_new(unsigned, length + 1);
    for (size_t j = 0; j <= length; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 0; a[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < length; j++) {
            unsigned replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = MIN(replaced, MIN(row[j], row[j + 1]) + 1);
        }
    }
    return row[length];
}

const char *keyval_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)strlen(word) / 2 + 1;
    for (; candidates && *candidates; candidates++) {
        unsigned distance = edit_distance(word, *candidates);
        if (distance < best) {
            best = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}

/* Takes an item up to a single comma.  Two commas become one. */
static char *take_item(const char **text)
{
    GString *item = g_string_new(NULL);
    const char *p = *text;
    while (*p && (*p != ',' || p[1] == ',')) {
        p += *p == ',';
        g_string_append_c(item, *p++);
    }
    *text = *p ? p + 1 : p;
    return g_string_free(item, false);
}

static bool check_key(const char *what, const char *key, const char *const *known, GError **error)
{
    if (!known || g_strv_contains(known, key)) {
        return true;
    }
    const char *nearest = keyval_nearest(key, known);
    g_autofree char *all = g_strjoinv(", ", (char **)known);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: unknown key '%s' (%s%s%s%s)", what,
                key, nearest ? "did you mean '" : "", nearest ? nearest : "",
                nearest ? "'? known: " : "known: ", *all ? all : "none");
    return false;
}

static bool add_item(GHashTable *table, const char *what, const char *item, const char *first,
                     const char *const *known, GError **error)
{
    const char *equals = strchr(item, '=');
    if (first && !equals) {
        g_hash_table_insert(table, g_strdup(first), g_strdup(item));
        return true;
    }
    char *key = equals ? g_strndup(item, (gsize)(equals - item)) : g_strdup(item);
    g_hash_table_replace(table, key, g_strdup(equals ? equals + 1 : "on"));
    return check_key(what, key, known, error);
}

bool keyval_check_id(const char *what, const char *id, GError **error)
{
    size_t size = strspn(id, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._");
    return (g_ascii_isalpha(*id) && !id[size]) ||
           error_refuse(error,
                        "%s: the id '%s' is not a letter followed by letters, digits, '-', '.' "
                        "and '_'",
                        what, id);
}

GHashTable *keyval_parse(const char *what, const char *text, const char *first,
                         const char *const *known, GError **error)
{
    g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    while (*text) {
        g_autofree char *item = take_item(&text);
        if (!*item) {
            g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                        "%s: empty item between commas (write key=value)", what);
            return NULL;
        }
        if (!add_item(table, what, item, first, known, error)) {
            return NULL;
        }
        first = NULL;
    }
    return g_steal_pointer(&table);
}
