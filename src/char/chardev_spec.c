/* Makes chardevs from the text that users write. */
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/socket_address.h"
#include "src/char/backends.h"
#include "src/char/char_internal.h"
#include "src/char/chardev_set_internal.h"

#include <string.h>

static const ChardevClass *const BACKENDS[] = {CHAR_BACKENDS};

/* QEMU's other names.  "socket" means unix or tcp. */
static const struct {
    const char *alias, *name;
} ALIASES[] = {{"serial", "tty"}, {"memory", "ringbuf"}, {"vc", "null"}};

static void config_error(GError **error, const char *what, const char *value, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: %s", what, value, why);
}

/*
 * In the messages of this file `where` is the option with its value as the user
 * wrote it, and `what` is the option alone.
 */

static const ChardevClass *class_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ALIASES); i++) {
        name = strcmp(name, ALIASES[i].alias) ? name : ALIASES[i].name;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        if (!strcmp(BACKENDS[i]->name, name)) {
            return BACKENDS[i];
        }
    }
    return NULL;
}

/* Backends of QEMU's that do not exist here, and what comes closest to each. */
static const struct {
    const char *name, *reason;
} OTHER_BACKENDS[] = {
    {"udp", "there is no udp (tcp:HOST:PORT)"},
    {"websocket", "there is no websocket (tcp:HOST:PORT)"},
    {"msmouse", "the mouse is PS/2"},
    {"braille", "there is no braille display"},
    {"spicevmc", "there is no spice"},
    {"spiceport", "there is no spice (unix:PATH)"},
    {"dbus", "there is no dbus (unix:PATH)"},
    {"parallel", "there is no parallel port (tty:PATH is a serial one)"},
    {"parport", "there is no parallel port (tty:PATH is a serial one)"},
    {"testdev", "-device isa-debug-exit ends the run"},
    {"gdb", "write -gdb DEV"},
};

static const ChardevClass *find_backend(const char *where, const char *name, GError **error)
{
    const ChardevClass *class = class_of(name);
    if (class) {
        return class;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(OTHER_BACKENDS); i++) {
        if (!strcmp(OTHER_BACKENDS[i].name, name)) {
            error_refuse(error, "%s: no such backend: %s", where, OTHER_BACKENDS[i].reason);
            return NULL;
        }
    }
    const char *names[G_N_ELEMENTS(BACKENDS) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        names[i] = BACKENDS[i]->name;
    }
    const char *nearest = keyval_nearest(name, names);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    error_refuse(error, "%s: no such backend (%s%s%s%s)", where, nearest ? "did you mean '" : "",
                 nearest ? nearest : "", nearest ? "'? there are: " : "there are: ", all);
    return NULL;
}

/* The class that a spec names, or NULL. */
static const ChardevClass *named_class(const char *spec)
{
    g_autofree char *name = g_strndup(spec, strcspn(spec, ":,"));
    return class_of(name);
}

/* ---- options ---- */

static void add_names(GPtrArray *known, const char *const *names)
{
    for (; names && *names; names++) {
        g_ptr_array_add(known, (gpointer)*names);
    }
}

/* The backend's own keys, its argument, and the keys that every backend has. */
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

/* "name:argument,key=value": the argument becomes the first item of the list. */
static GHashTable *parse_spec(const char *where, const char *spec, const ChardevClass *class,
                              GError **error)
{
    const char *rest = spec + strcspn(spec, ":,");
    g_autoptr(GPtrArray) known = known_keys(class);
    if (*rest == ':' && !class->argument) {
        error_refuse(error, "%s: nothing may follow %s:", where, class->name);
        return NULL;
    }
    g_autofree char *text = *rest == ':' ? g_strdup_printf("%s=%s", class->argument, rest + 1)
                                         : g_strdup(*rest ? rest + 1 : "");
    return keyval_parse(where, text, NULL, (const char *const *)known->pdata, error);
}

/* Whether the spec gives the backend its file or address. */
static bool has_argument(const ChardevClass *class, GHashTable *options)
{
    const char *argument = class->argument ? g_hash_table_lookup(options, class->argument) : "none";
    return argument && *argument;
}

/* ---- making one ---- */

static bool start(Chardev *chardev, GError **error)
{
    const ChardevClass *class = chardev->class;
    return chardev_configure(chardev, error) && (!class->open || class->open(chardev, error));
}

/* Takes ownership of `options`. */
static Chardev *add(ChardevSet *set, const ChardevClass *class, const char *where, const char *id,
                    GHashTable *options, GError **error)
{
    g_autoptr(GError) failure = NULL;
    Chardev *chardev = g_malloc0(class->size);
    chardev->class = class;
    chardev->set = set;
    chardev->id = g_strdup(id);
    chardev->options = options;
    chardev->ports = g_ptr_array_new();
    chardev->readers = g_ptr_array_new();
    chardev->lines_in = CHAR_LINES_READY;
    if (!start(chardev, &failure)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", where);
        chardev_free(chardev);
        return NULL;
    }
    g_ptr_array_add(set->chardevs, chardev);
    return chardev;
}

static Chardev *add_spec(ChardevSet *set, const ChardevClass *class, const char *where,
                         const char *id, const char *spec, bool mux, GError **error)
{
    if (chardev_set_find(set, id)) {
        error_refuse(error, "%s: its id '%s' is that of a -chardev (give that another)", where, id);
        return NULL;
    }
    g_autoptr(GHashTable) options = parse_spec(where, spec, class, error);
    if (!options) {
        return NULL;
    }
    if (!has_argument(class, options)) {
        error_refuse(error, "%s: write %s", where, class->usage);
        return NULL;
    }
    if (mux) {
        g_hash_table_insert(options, g_strdup("mux"), g_strdup("on"));
    }
    return add(set, class, where, id, g_steal_pointer(&options), error);
}

Chardev *chardev_set_add_class(ChardevSet *set, const ChardevClass *class, const char *what,
                               const char *id, const char *spec, GError **error)
{
    g_autofree char *where = g_strdup_printf("%s %s", what, spec);
    return add_spec(set, class, where, id, spec, false, error);
}

/*
 * In QEMU's words: a path alone is a serial port of the host, telnet: is a socket,
 * and a window with a console leads nowhere, because there is no screen.
 */
static char *plain_spec(const char *spec)
{
    g_autofree char *name = g_strndup(spec, strcspn(spec, ":,"));
    if (*spec == '/') {
        return g_strdup_printf("%s%s", !strcmp(spec, "/dev/null") ? "null" : "tty:",
                               strcmp(spec, "/dev/null") ? spec : "");
    }
    if (!strcmp(name, "vc") || !strcmp(name, "con")) {
        return g_strdup("null");
    }
    return strcmp(name, "telnet") ? g_strdup(spec)
                                  : g_strdup_printf("tcp%s,telnet=on", spec + strlen("telnet"));
}

static Chardev *add_named(ChardevSet *set, const char *where, const char *id, const char *spec,
                          bool mux, GError **error)
{
    g_autofree char *full = plain_spec(spec);
    g_autofree char *name = g_strndup(full, strcspn(full, ":,"));
    const ChardevClass *class = find_backend(where, name, error);
    return class ? add_spec(set, class, where, id, full, mux, error) : NULL;
}

Chardev *chardev_set_add(ChardevSet *set, const char *what, const char *id, const char *spec,
                         GError **error)
{
    g_autofree char *where = g_strdup_printf("%s %s", what, spec);
    return add_named(set, where, id, spec, false, error);
}

/* ---- -serial and similar options ---- */

static bool is_route(const char *spec)
{
    return g_str_has_prefix(spec, "in=") || g_str_has_prefix(spec, "out=");
}

bool chardev_set_spec_names(const char *spec)
{
    return g_str_has_prefix(spec, "chardev:") || is_route(spec);
}

/* Handles chardev:ID.  `spec` is what the user wrote. */
static Chardev *find_named(const ChardevSet *set, const char *what, const char *spec,
                           const char *name, GError **error)
{
    Chardev *chardev = chardev_set_find(set, name + strlen("chardev:"));
    if (!chardev) {
        config_error(error, what, spec, "no such chardev (make it with -chardev BACKEND,id=ID)");
    }
    return chardev;
}

/* Handles one half of in=X,out=Y: an id, or a spec for a new chardev. */
static bool find_half(ChardevSet *set, const char *what, const char *spec, const char *key,
                      const char *text, const char *id, Chardev **half, GError **error)
{
    *half = text ? chardev_set_find(set, text) : NULL;
    if (!text || *half || !strcmp(text, "none")) {
        return true;
    }
    if (g_str_has_prefix(text, "chardev:")) {
        *half = find_named(set, what, spec, text, error);
    } else {
        g_autofree char *name = g_strdup_printf("%s-%s", id, key);
        g_autofree char *where = g_strdup_printf("%s %s: %s %s", what, spec, key, text);
        *half = add_named(set, where, name, text, false, error);
    }
    return *half != NULL;
}

/* Checks this before a backend creates files that would be of no use. */
static bool check_input(const char *what, const char *spec, const ChardevClass *class,
                        GError **error)
{
    return !class || class->rx_size ||
           error_refuse(error, "%s %s: %s gives no input", what, spec, class->name);
}

static bool find_halves(ChardevSet *set, const char *what, const char *id, const char *spec,
                        Chardev **in, Chardev **out, GError **error)
{
    static const char *const KEYS[] = {"in", "out", NULL};
    g_autofree char *where = g_strdup_printf("%s %s", what, spec);
    g_autoptr(GHashTable) table = keyval_parse(where, spec, NULL, KEYS, error);
    const char *input = table ? g_hash_table_lookup(table, "in") : NULL;
    return table && check_input(what, spec, input ? named_class(input) : NULL, error) &&
           find_half(set, what, spec, "in", input, id, in, error) &&
           check_input(what, spec, *in ? (*in)->class : NULL, error) &&
           find_half(set, what, spec, "out", g_hash_table_lookup(table, "out"), id, out, error);
}

static char *use_route(ChardevSet *set, const char *what, const char *id, const char *spec,
                       GError **error)
{
    Chardev *in, *out;
    if (!find_halves(set, what, id, spec, &in, &out, error)) {
        return NULL;
    }
    if (!in && !out) {
        config_error(error, what, spec, "neither in nor out leads anywhere (use none)");
        return NULL;
    }
    CharRoute *route = g_new0(CharRoute, 1);
    *route = (CharRoute){.id = g_strdup(id), .in = in, .out = out};
    g_ptr_array_add(set->routes, route);
    return g_strdup(id);
}

char *chardev_set_use(ChardevSet *set, const char *what, const char *id, const char *spec,
                      GError **error)
{
    if (g_str_has_prefix(spec, "chardev:")) {
        Chardev *chardev = find_named(set, what, spec, spec, error);
        return chardev ? g_strdup(chardev->id) : NULL;
    }
    if (is_route(spec)) {
        return use_route(set, what, id, spec, error);
    }
    bool mux = g_str_has_prefix(spec, "mon:");
    g_autofree char *where = g_strdup_printf("%s %s", what, spec);
    Chardev *chardev = add_named(set, where, id, mux ? spec + strlen("mon:") : spec, mux, error);
    if (chardev) {
        chardev->monitored = mux;
    }
    return chardev ? g_strdup(id) : NULL;
}

/* ---- -chardev ---- */

/* QEMU has one name for both.  With a path it is a unix socket.  NULL: the keys fit neither. */
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
            /* This only writes the message for the unknown key. */
            g_autoptr(GHashTable) none =
                keyval_parse(what, key, NULL, (const char *const *)known->pdata, error);
            return none != NULL;
        }
    }
    return true;
}

/* Removes the option `key` and returns its value. */
static char *steal(GHashTable *options, const char *key)
{
    char *value = g_strdup(g_hash_table_lookup(options, key));
    g_hash_table_remove(options, key);
    return value;
}

bool chardev_set_add_option(ChardevSet *set, const char *text, GError **error)
{
    g_autofree char *what = g_strdup_printf("-chardev %s", text);
    g_autoptr(GHashTable) options = keyval_parse(what, text, "backend", NULL, error);
    if (!options) {
        return false;
    }
    g_autofree char *id = steal(options, "id");
    g_autofree char *backend = steal(options, "backend");
    if (!id) {
        return error_refuse(error, "%s: needs an id (as in -chardev pty,id=com1)", what);
    }
    if (!keyval_check_id(what, id, error)) {
        return false;
    }
    if (chardev_set_find(set, id)) {
        return error_refuse(error, "%s: the id is taken", what);
    }
    const char *name = backend ? backend : "";
    name = strcmp(name, "socket") ? name : socket_name(options);
    if (!name) {
        return error_refuse(error, "%s: a socket has either path=FILE or port=N", what);
    }
    const ChardevClass *class = find_backend(what, name, error);
    if (!class || !check_keys(what, options, class, error)) {
        return false;
    }
    if (!has_argument(class, options)) {
        return error_refuse(error, "%s: needs %s=", what, class->argument);
    }
    return add(set, class, what, id, g_steal_pointer(&options), error) != NULL;
}

char *chardev_set_help(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        g_string_append_printf(text, "  %-24s %s\n", BACKENDS[i]->usage, BACKENDS[i]->help);
    }
    return g_string_free(text, false);
}
