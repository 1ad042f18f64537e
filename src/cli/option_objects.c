/*
 * -object: what writes the frames of a network into a file, and the sources of
 * random numbers.
 */
#include "src/cli/option_util.h"

#include "src/base/error.h"
#include "src/base/keyval.h"

#include <string.h>

/*
 * A source of random numbers has no effect: virtio-rng-pci has the host's random
 * numbers, or those of a generator if the run can be repeated.
 */
static bool add_rng(Parse *parse, const char *value, GError **error)
{
    static const char *const KEYS[] = {"qom-type", "id", "filename", NULL};
    g_autofree char *what = g_strdup_printf("-object %s", value);
    g_autoptr(GHashTable) table = keyval_parse(what, value, "qom-type", KEYS, error);
    const char *id = table ? g_hash_table_lookup(table, "id") : NULL;
    if (!table || !id) {
        return table && error_refuse(error, "%s: needs id=ID", what);
    }
    if (!keyval_check_id(what, id, error)) {
        return false;
    }
    if (!g_hash_table_add(parse->rngs, g_strdup(id))) {
        return error_refuse(error, "%s: the id is taken", what);
    }
    option_note(parse, "object %s: the random numbers are the host's or a generator's", value);
    return true;
}

bool option_set_object(Parse *parse, const char *value, GError **error)
{
    static const char *const RNGS[] = {"rng-random", "rng-builtin", NULL};
    if (option_wants_help(value)) {
        parse->text = g_strdup("Objects, for -object TYPE,id=ID:\n"
                               "  filter-dump  writes the frames of a netdev into a file\n"
                               "  rng-random   random numbers for virtio-rng-pci,rng=ID; it has\n"
                               "               them without that, too\n"
                               "  rng-builtin  the same\n");
        return true;
    }
    const char *name = value + (g_str_has_prefix(value, "qom-type=") ? strlen("qom-type=") : 0);
    g_autofree char *type = g_strndup(name, strcspn(name, ","));
    if (g_strv_contains(RNGS, type)) {
        return add_rng(parse, value, error);
    }
    if (strcmp(type, "filter-dump") != 0) {
        return option_error(error, "object", value,
                            "no such object (there are filter-dump, rng-random, rng-builtin)");
    }
    g_ptr_array_add(parse->config->filters, g_strdup(value));
    return true;
}

/* ---- -device virtio-rng-pci,rng=ID,max-bytes=N,period=MS ---- */

/* Returns the device without those keys, or NULL. */
static char *plug_rng(Parse *parse, const char *device, GError **error)
{
    g_auto(GStrv) items = g_strsplit(device, ",", -1);
    g_autoptr(GString) rest = g_string_new(items[0]);
    for (char **item = items + 1; *item; item++) {
        const char *rng = g_str_has_prefix(*item, "rng=") ? *item + strlen("rng=") : NULL;
        if (rng && !g_hash_table_contains(parse->rngs, rng)) {
            error_refuse(error, "-device %s: there is no -object rng-random,id=%s", device, rng);
            return NULL;
        }
        if (g_str_has_prefix(*item, "max-bytes=") || g_str_has_prefix(*item, "period=")) {
            option_note(parse, "device %s: %s changes nothing here", device, *item);
        } else if (!rng) {
            g_string_append_printf(rest, ",%s", *item);
        }
    }
    return g_string_free(g_steal_pointer(&rest), false);
}

bool option_plug_rngs(Parse *parse, GError **error)
{
    GPtrArray *devices = parse->config->devices;
    for (guint i = 0; i < devices->len; i++) {
        const char *device = devices->pdata[i];
        if (!g_str_has_prefix(device, "virtio-rng-pci,")) {
            continue;
        }
        char *plugged = plug_rng(parse, device, error);
        if (!plugged) {
            return false;
        }
        g_free(devices->pdata[i]);
        devices->pdata[i] = plugged;
    }
    return true;
}
