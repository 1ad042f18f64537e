/*
 * Chardevs as users write them.
 */
#include "src/char/backends.h"
#include "src/char/char_internal.h"
#include "src/char/charset_internal.h"
#include "src/char/socket_address.h"
#include "src/error.h"
#include "src/keyval.h"

#include <string.h>

static const ChardevClass *const BACKENDS[] = {CHAR_BACKENDS};

/* Other names of QEMU's; "socket" is one of two. */
static const struct {
    const char *alias, *name;
} ALIASES[] = {{"serial", "tty"}, {"memory", "ringbuf"}};

static void config_error(GError **error, const char *what, const char *value, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: %s", what, value, why);
}

static const ChardevClass *find_backend(const char *what, const char *given, GError **error)
{
    const char *names[G_N_ELEMENTS(BACKENDS) + 1] = {NULL};
    const char *name = given;
    for (size_t i = 0; i < G_N_ELEMENTS(ALIASES); i++) {
        name = strcmp(given, ALIASES[i].alias) ? name : ALIASES[i].name;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        if (!strcmp(BACKENDS[i]->name, name)) {
            return BACKENDS[i];
        }
        names[i] = BACKENDS[i]->name;
    }
    const char *nearest = keyval_nearest(name, names);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: no such backend (%s%s%s%s)", what,
                name, nearest ? "did you mean '" : "", nearest ? nearest : "",
                nearest ? "'? there are: " : "there are: ", all);
    return NULL;
}

/* ---- options ---- */

static void add_names(GPtrArray *known, const char *const *names)
{
    for (; names && *names; names++) {
        g_ptr_array_add(known, (gpointer)*names);
    }
}

/* The backend's own keys, its argument, the keys of all. */
static GPtrArray *known_keys(const ChardevClass *class)
{
    GPtrArray *known = g_ptr_array_new();
    add_names(known, class->options);
    if (class->argument) {
        g_ptr_array_add(known, (gpointer) class->argument);
    }
    add_names(known, chardev_common_options);
    g_ptr_array_add(known, NULL);
    return known;
}

/* "name:argument,key=value": the argument is the first item of the list. */
static GHashTable *parse_spec(const char *what, const char *spec, const ChardevClass *class,
                              GError **error)
{
    const char *rest = spec + strcspn(spec, ":,");
    g_autoptr(GPtrArray) known = known_keys(class);
    if (*rest == ':' && !class->argument) {
        g_autofree char *why = g_strdup_printf("nothing may follow %s:", class->name);
        config_error(error, what, spec, why);
        return NULL;
    }
    g_autofree char *text = *rest == ':' ? g_strdup_printf("%s=%s", class->argument, rest + 1)
                                         : g_strdup(*rest ? rest + 1 : "");
    g_autofree char *where = g_strdup_printf("%s %s", what, spec);
    return keyval_parse(where, text, NULL, (const char *const *)known->pdata, error);
}

static bool check_argument(const ChardevClass *class, GHashTable *options, GError **error)
{
    const char *argument = class->argument ? g_hash_table_lookup(options, class->argument) : "x";
    if (!argument || !*argument) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "write %s", class->usage);
        return false;
    }
    return true;
}

/* ---- making one ---- */

static bool start(Chardev *chardev, GError **error)
{
    const ChardevClass *class = chardev->class;
    return check_argument(class, chardev->options, error) && chardev_configure(chardev, error) &&
           (!class->open || class->open(chardev, error));
}

/* Takes `options` over. */
static Chardev *add(CharSet *set, const ChardevClass *class, const char *id, GHashTable *options,
                    GError **error)
{
    Chardev *chardev = g_malloc0(class->size);
    chardev->class = class;
    chardev->set = set;
    chardev->id = g_strdup(id);
    chardev->options = options;
    chardev->ports = g_ptr_array_new();
    chardev->readers = g_ptr_array_new();
    chardev->lines_in = CHAR_LINES_READY;
    if (!start(chardev, error)) {
        chardev_free(chardev);
        return NULL;
    }
    g_ptr_array_add(set->chardevs, chardev);
    return chardev;
}

static Chardev *add_spec(CharSet *set, const ChardevClass *class, const char *what, const char *id,
                         const char *spec, bool mux, GError **error)
{
    if (charset_find(set, id)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: chardev id '%s' is taken", what,
                    id);
        return NULL;
    }
    GHashTable *options = parse_spec(what, spec, class, error);
    if (!options) {
        return NULL;
    }
    if (mux) {
        g_hash_table_insert(options, g_strdup("mux"), g_strdup("on"));
    }
    g_autoptr(GError) failure = NULL;
    Chardev *chardev = add(set, class, id, options, &failure);
    if (!chardev) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s %s: ", what, spec);
    }
    return chardev;
}

Chardev *charset_add_class(CharSet *set, const ChardevClass *class, const char *what,
                           const char *id, const char *spec, GError **error)
{
    return add_spec(set, class, what, id, spec, false, error);
}

/* A path alone is a host's serial port, as for QEMU. */
static Chardev *add_named(CharSet *set, const char *what, const char *id, const char *spec,
                          bool mux, GError **error)
{
    g_autofree char *full = *spec == '/' ? g_strdup_printf("tty:%s", spec) : g_strdup(spec);
    g_autofree char *name = g_strndup(full, strcspn(full, ":,"));
    const ChardevClass *class = find_backend(what, name, error);
    return class ? add_spec(set, class, what, id, full, mux, error) : NULL;
}

Chardev *charset_add(CharSet *set, const char *what, const char *id, const char *spec,
                     GError **error)
{
    return add_named(set, what, id, spec, false, error);
}

/* ---- -serial and its like ---- */

/* One half of in=X,out=Y: an id, or a spec for a new chardev. */
static bool find_half(CharSet *set, const char *what, GHashTable *table, const char *key,
                      const char *id, Chardev **half, GError **error)
{
    const char *text = g_hash_table_lookup(table, key);
    *half = text ? charset_find(set, text) : NULL;
    if (text && !*half && strcmp(text, "none") != 0) {
        g_autofree char *name = g_strdup_printf("%s-%s", id, key);
        g_autofree char *where = g_strdup_printf("%s %s", what, key);
        *half = charset_add(set, where, name, text, error);
        return *half != NULL;
    }
    return true;
}

static char *use_route(CharSet *set, const char *what, const char *id, const char *spec,
                       GError **error)
{
    static const char *const KEYS[] = {"in", "out", NULL};
    g_autofree char *where = g_strdup_printf("%s %s", what, spec);
    g_autoptr(GHashTable) table = keyval_parse(where, spec, NULL, KEYS, error);
    Chardev *in, *out;
    if (!table || !find_half(set, what, table, "in", id, &in, error) ||
        !find_half(set, what, table, "out", id, &out, error)) {
        return NULL;
    }
    if (!in && !out) {
        config_error(error, what, spec, "neither in nor out leads anywhere (use none)");
        return NULL;
    }
    if (in && !in->class->rx_size) {
        g_autofree char *why = g_strdup_printf("%s gives no input", in->class->name);
        config_error(error, what, spec, why);
        return NULL;
    }
    CharRoute *route = g_new0(CharRoute, 1);
    *route = (CharRoute){.id = g_strdup(id), .in = in, .out = out};
    g_ptr_array_add(set->routes, route);
    return g_strdup(id);
}

char *charset_use(CharSet *set, const char *what, const char *id, const char *spec, GError **error)
{
    if (g_str_has_prefix(spec, "chardev:")) {
        const char *name = spec + strlen("chardev:");
        if (!charset_find(set, name)) {
            config_error(error, what, spec,
                         "no such chardev (make it with -chardev BACKEND,id=ID)");
            return NULL;
        }
        return g_strdup(name);
    }
    if (g_str_has_prefix(spec, "in=") || g_str_has_prefix(spec, "out=")) {
        return use_route(set, what, id, spec, error);
    }
    bool mux = g_str_has_prefix(spec, "mon:");
    Chardev *chardev = add_named(set, what, id, mux ? spec + strlen("mon:") : spec, mux, error);
    return chardev ? g_strdup(id) : NULL;
}

/* ---- -chardev ---- */

/* QEMU has one name for both: a path makes it a unix socket.  NULL: neither is right. */
static const char *socket_name(GHashTable *options)
{
    const char *port = g_hash_table_lookup(options, "port");
    if (g_hash_table_contains(options, "path") == (port != NULL)) {
        return NULL;
    }
    if (!port) {
        return "unix";
    }
    char *address = socket_address_join(g_hash_table_lookup(options, "host"), port);
    g_hash_table_insert(options, g_strdup("address"), address);
    g_hash_table_remove(options, "host");
    g_hash_table_remove(options, "port");
    return "tcp";
}

static bool check_keys(const char *what, GHashTable *options, const ChardevClass *class,
                       GError **error)
{
    g_autoptr(GPtrArray) known = known_keys(class);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, options);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (!g_strv_contains((const char *const *)known->pdata, key)) {
            /* For its message. */
            g_autoptr(GHashTable) none =
                keyval_parse(what, key, NULL, (const char *const *)known->pdata, error);
            return none != NULL;
        }
    }
    return true;
}

/* Takes the option `key` out. */
static char *steal(GHashTable *options, const char *key)
{
    char *value = g_strdup(g_hash_table_lookup(options, key));
    g_hash_table_remove(options, key);
    return value;
}

bool charset_add_option(CharSet *set, const char *text, GError **error)
{
    g_autofree char *what = g_strdup_printf("-chardev %s", text);
    g_autoptr(GHashTable) options = keyval_parse(what, text, "backend", NULL, error);
    if (!options) {
        return false;
    }
    g_autofree char *id = steal(options, "id");
    g_autofree char *backend = steal(options, "backend");
    if (!id || !*id || charset_find(set, id)) {
        config_error(error, "-chardev", text,
                     id && *id ? "the id is taken" : "needs an id (as in -chardev pty,id=com1)");
        return false;
    }
    const char *name = backend ? backend : "";
    name = strcmp(name, "socket") ? name : socket_name(options);
    if (!name) {
        return error_refuse(error, "%s: a socket has either path=FILE or port=N", what);
    }
    const ChardevClass *class = find_backend("-chardev", name, error);
    if (!class || !check_keys(what, options, class, error)) {
        return false;
    }
    g_autoptr(GError) failure = NULL;
    if (!add(set, class, id, g_steal_pointer(&options), &failure)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", what);
        return false;
    }
    return true;
}

char *charset_help(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        g_string_append_printf(text, "  %-24s %s\n", BACKENDS[i]->usage, BACKENDS[i]->help);
    }
    return g_string_free(text, false);
}
