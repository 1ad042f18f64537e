/*
 * The networks of a machine: making, finding, connecting, describing them.
 */
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/net/net_internal.h"

#include <inttypes.h>
#include <string.h>

struct NetSet {
    NetHost host;
    GPtrArray *nets; /* of NetBackend */
};

const NetHost *net_host(const NetBackend *net)
{
    return &net->set->host;
}

/* ---- a netdev that leads nowhere ---- */

static bool idle_open(NetBackend *net, const NetOptions *options, GError **error)
{
    (void)net, (void)options, (void)error;
    return true;
}

static NetSent idle_send(NetBackend *net, const uint8_t *frame, size_t size)
{
    (void)net, (void)frame, (void)size;
    return NET_TAKEN;
}

static const char *const IDLE_KEYS[] = {"type", "id", NULL};

static const NetBackendClass IDLE_CLASS = {
    .name = "idle",
    .help = "leads nowhere",
    .keys = IDLE_KEYS,
    .size = sizeof(NetBackend),
    .open = idle_open,
    .send = idle_send,
};

static const NetBackendClass *const CLASSES[] = {&net_user_class, &net_stream_class,
                                                 &net_socket_class, &net_tap_class, &IDLE_CLASS};

char *net_types(void)
{
    GString *text = g_string_new("Networks, for -netdev TYPE,id=ID and -nic TYPE:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(CLASSES); i++) {
        g_string_append_printf(text, "  %-8s %s\n", CLASSES[i]->name, CLASSES[i]->help);
    }
    return g_string_free(text, false);
}

/* ---- the set ---- */

static void free_net(gpointer data)
{
    NetBackend *net = data;
    if (net->class->close) {
        net->class->close(net);
    }
    g_clear_pointer(&net->port, net_port_free);
    g_ptr_array_unref(net->filters);
    g_free(net->id);
    g_free(net);
}

NetSet *net_set_new(const NetHost *host)
{
    NetSet *set = g_new0(NetSet, 1);
    set->host = *host;
    set->nets = g_ptr_array_new_with_free_func(free_net);
    return set;
}

void net_set_free(NetSet *set)
{
    g_ptr_array_unref(set->nets);
    g_free(set);
}

static NetBackend *find_net(const NetSet *set, const char *id)
{
    for (guint i = 0; i < set->nets->len; i++) {
        NetBackend *net = set->nets->pdata[i];
        if (!g_strcmp0(net->id, id)) {
            return net;
        }
    }
    return NULL;
}

static NetBackend *new_net(NetSet *set, const NetBackendClass *class, const char *id)
{
    NetBackend *net = g_malloc0(class->size);
    net->class = class;
    net->set = set;
    net->id = g_strdup(id);
    net->filters = g_ptr_array_new_with_free_func((GDestroyNotify)net_dump_free);
    return net;
}

void net_set_add_idle(NetSet *set, const char *id)
{
    if (!find_net(set, id)) {
        g_ptr_array_add(set->nets, new_net(set, &IDLE_CLASS, id));
    }
}

/* ---- -netdev ---- */

static const NetBackendClass *find_class(const char *what, const char *type, GError **error)
{
    const char *names[G_N_ELEMENTS(CLASSES) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(CLASSES); i++) {
        if (!strcmp(CLASSES[i]->name, type)) {
            return CLASSES[i];
        }
        names[i] = CLASSES[i]->name;
    }
    g_autofree char *list = g_strjoinv(", ", (char **)names);
    error_refuse(error, "%s: no network of the type '%s' (%s)", what, type, list);
    return NULL;
}

static bool has_prefix_of(const char *item, const char *const *keys)
{
    for (; keys && *keys; keys++) {
        size_t size = strlen(*keys);
        if (!strncmp(item, *keys, size) && item[size] == '=') {
            return true;
        }
    }
    return false;
}

/* The end of an item: a comma that is not written twice. */
static const char *item_end(const char *text)
{
    while (*text && (*text != ',' || text[1] == ',')) {
        text += *text == ',' ? 2 : 1;
    }
    return text;
}

/* Moves the items whose keys may come several times from the text into the list. */
static char *take_repeated(const char *text, const char *const *keys, GPtrArray *repeated)
{
    GString *rest = g_string_new(NULL);
    for (const char *at = text, *end; *at; at = *end ? end + 1 : end) {
        end = item_end(at);
        g_autofree char *item = g_strndup(at, (gsize)(end - at));
        if (has_prefix_of(item, keys)) {
            g_auto(GStrv) parts = g_strsplit(item, ",,", -1);
            g_ptr_array_add(repeated, g_strjoinv(",", parts));
        } else {
            g_string_append_printf(rest, "%s%s", rest->len ? "," : "", item);
        }
    }
    return g_string_free(rest, false);
}

static bool open_net(NetSet *set, const NetBackendClass *class, const NetOptions *options,
                     GError **error)
{
    const char *id = g_hash_table_lookup(options->values, "id");
    if (!id) {
        return error_refuse(error, "%s: needs id=ID", options->what);
    }
    if (!keyval_check_id(options->what, id, error)) {
        return false;
    }
    if (find_net(set, id)) {
        return error_refuse(error, "%s: there is a netdev '%s' already", options->what, id);
    }
    NetBackend *net = new_net(set, set->host.idle ? &IDLE_CLASS : class, id);
    if (!net->class->open(net, options, error)) {
        free_net(net);
        return false;
    }
    g_ptr_array_add(set->nets, net);
    return true;
}

bool net_set_add(NetSet *set, const char *text, GError **error)
{
    g_autofree char *what = g_strdup_printf("-netdev %s", text);
    g_autofree char *type = g_strndup(text, strcspn(text, ","));
    const NetBackendClass *class = find_class(what, type, error);
    if (!class) {
        return false;
    }
    g_autoptr(GPtrArray) repeated = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *rest = take_repeated(text, class->repeated, repeated);
    g_autoptr(GHashTable) values = keyval_parse(what, rest, "type", class->keys, error);
    const NetOptions options = {.what = what, .values = values, .repeated = repeated};
    return values && open_net(set, class, &options, error);
}

bool net_set_remove(NetSet *set, const char *id, GError **error)
{
    NetBackend *net = find_net(set, id);
    if (!net) {
        return error_refuse(error, "Device '%s' not found", id);
    }
    if (net->port) {
        return error_refuse(error, "netdev '%s' is in use by %s", id,
                            device_id(net->port->end.dev));
    }
    return g_ptr_array_remove(set->nets, net);
}

NetPort *net_set_connect(NetSet *set, Device *dev, const char *id, GError **error)
{
    NetBackend *net = find_net(set, id);
    if (!net) {
        error_refuse(error, "%s: no netdev '%s'", device_id(dev), id);
        return NULL;
    }
    if (net->port) {
        error_refuse(error, "%s: netdev '%s' is used by %s", device_id(dev), id,
                     device_id(net->port->end.dev));
        return NULL;
    }
    return net_port_new(net, dev);
}

/* ---- links ---- */

static bool is_called(const NetBackend *net, const char *name)
{
    return !strcmp(net->id, name) || (net->port && !strcmp(device_id(net->port->end.dev), name));
}

bool net_set_link(NetSet *set, const char *name, bool up, GError **error)
{
    for (guint i = 0; i < set->nets->len; i++) {
        NetBackend *net = set->nets->pdata[i];
        if (!is_called(net, name)) {
            continue;
        }
        if (net->down == up) {
            net->down = !up;
            if (net->port) {
                net_port_link(net->port, up);
            }
        }
        return true;
    }
    return error_refuse(error, "Device '%s' not found", name);
}

/* ---- filters ---- */

bool net_set_add_filter(NetSet *set, const char *text, GError **error)
{
    static const char *const KEYS[] = {"qom-type", "id",    "netdev", "file",
                                       "maxlen",   "queue", "status", NULL};
    g_autofree char *what = g_strdup_printf("-object %s", text);
    g_autoptr(GHashTable) options = keyval_parse(what, text, "qom-type", KEYS, error);
    if (!options) {
        return false;
    }
    const char *id = g_hash_table_lookup(options, "netdev");
    NetBackend *net = find_net(set, id);
    if (!net) {
        return error_refuse(error, "%s: %s%s", what, id ? "no netdev " : "needs netdev=ID",
                            id ? id : "");
    }
    g_autoptr(GError) failure = NULL;
    /* A file that is there may be that of the run that is replayed. */
    if (set->host.idle) {
        return true;
    }
    NetDump *dump = net_dump_new(&set->host, options, &failure);
    if (!dump) {
        return error_refuse(error, "%s: %s", what, failure->message);
    }
    g_ptr_array_add(net->filters, dump);
    return true;
}

/* ---- descriptions ---- */

static void describe_net(const NetBackend *net, GString *text)
{
    g_string_append_printf(text, "%s: index=0,type=%s", net->id, net->class->name);
    if (net->class->describe) {
        g_string_append_c(text, ',');
        net->class->describe(net, text);
    }
    g_string_append_printf(text, "%s\n", net->down ? ",link=off" : "");
}

void net_set_describe(const NetSet *set, GString *text)
{
    for (guint i = 0; i < set->nets->len; i++) {
        const NetBackend *net = set->nets->pdata[i];
        const NetPort *port = net->port;
        if (port) {
            const NetCounters *c = &port->count;
            g_string_append_printf(text,
                                   "%s: index=0,type=nic,model=%s,frames sent=%" PRIu64
                                   " dropped=%" PRIu64 ",received=%" PRIu64 " dropped=%" PRIu64
                                   "\n \\ ",
                                   device_id(port->end.dev), device_class(port->end.dev)->head.name,
                                   c->sent, atomic_load(&c->lost_sent), c->received, c->lost);
        }
        describe_net(net, text);
    }
}

static NetBackend *find_user(const NetSet *set, const char *id, GError **error)
{
    for (guint i = 0; i < set->nets->len; i++) {
        NetBackend *net = set->nets->pdata[i];
        if (net->class == &net_user_class && (!id || !strcmp(net->id, id))) {
            return net;
        }
    }
    error_refuse(error, "%s%s: no netdev of the type user", id ? "netdev " : "hostfwd",
                 id ? id : "");
    return NULL;
}

bool net_set_forward(NetSet *set, const char *id, const char *rule, bool add, GError **error)
{
    NetBackend *net = find_user(set, id, error);
    return net && net_user_forward(net, rule, add, error);
}

void net_set_describe_user(const NetSet *set, GString *text)
{
    for (guint i = 0; i < set->nets->len; i++) {
        const NetBackend *net = set->nets->pdata[i];
        if (net->class == &net_user_class) {
            g_string_append_printf(text, "Hub -1 (%s):\n", net->id);
            net_user_describe_connections(net, text);
        }
    }
}
