/*
 * -netdev user: a network of its own behind the host's, by libslirp.  It needs no
 * rights, and nothing of it is seen outside except what the host's own programs
 * could do.
 *
 * The library's time is machine time, so a machine that is paused loses no
 * connection.  Its descriptors are watched by the loop; while the guest's ring is
 * half full they are not, and the peers wait.
 */
#include "src/base/error.h"
#include "src/base/module.h"
#include "src/base/number.h"
#include "src/net/net_internal.h"
#include "src/net/slirp/driver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

typedef struct UserNet {
    NetBackend net;
    const SlirpDriver *driver;
    SlirpNet *slirp;     /* NULL: not open */
    GHashTable *watches; /* descriptor to Watch */
    GArray *fds;         /* of struct pollfd: what the library waits for */
    unsigned round;      /* of the last look at them */
    LoopTimer *timer;
    LoopTask task;
    SlirpOptions options;
} UserNet;

typedef struct Watch {
    LoopFd *fd;
    unsigned round;
} Watch;

typedef struct UserTimer {
    UserNet *user;
    LoopTimer *timer;
    void (*fire)(void *arg);
    void *arg;
} UserTimer;

static void free_watch(gpointer data)
{
    Watch *watch = data;
    loop_fd_free(watch->fd);
    g_free(watch);
}

/* ---- descriptors and time ---- */

/*
 * Some descriptors are ready, or a while has passed.  What was found is told once:
 * the library takes an old answer for a connection that was closed.
 */
static void serve(UserNet *user)
{
    poll((struct pollfd *)(void *)user->fds->data, user->fds->len, 0);
    user->driver->poll(user->slirp, user->fds);
    g_array_set_size(user->fds, 0);
    loop_post(net_host(&user->net)->loop, &user->task);
}

static void fd_ready(void *opaque, unsigned events)
{
    (void)events;
    serve(opaque);
}

static void while_passed(void *opaque)
{
    serve(opaque);
}

static void watch_fd(UserNet *user, const struct pollfd *wish)
{
    gpointer key = GINT_TO_POINTER(wish->fd + 1);
    Watch *watch = g_hash_table_lookup(user->watches, key);
    if (!watch) {
        watch = g_new0(Watch, 1);
        watch->fd = loop_fd_new(net_host(&user->net)->loop, wish->fd, fd_ready, user);
        g_hash_table_insert(user->watches, key, watch);
    }
    watch->round = user->round;
    loop_fd_watch(watch->fd, (wish->events & (POLLIN | POLLPRI) ? LOOP_READ : 0) |
                                 (wish->events & POLLOUT ? LOOP_WRITE : 0));
}

static gboolean is_old(gpointer key, gpointer value, gpointer opaque)
{
    (void)key;
    return ((Watch *)value)->round != ((UserNet *)opaque)->round;
}

/* While the guest's ring is half full nothing new is taken from the host. */
static void look(void *opaque)
{
    UserNet *user = opaque;
    bool full = net_is_full(&user->net);
    uint32_t ms = user->driver->fill(user->slirp, user->fds);
    if (full) {
        g_array_set_size(user->fds, 0);
    }
    user->round++;
    for (guint i = 0; i < user->fds->len; i++) {
        watch_fd(user, &g_array_index(user->fds, struct pollfd, i));
    }
    g_hash_table_foreach_remove(user->watches, is_old, user);
    if (ms == UINT32_MAX) {
        loop_timer_stop(user->timer);
    } else {
        loop_timer_start(user->timer, MAX(ms, 1) * NS_PER_MS);
    }
}

static void changed(void *opaque)
{
    UserNet *user = opaque;
    loop_post(net_host(&user->net)->loop, &user->task);
}

static void forget(void *opaque, int fd)
{
    UserNet *user = opaque;
    g_hash_table_remove(user->watches, GINT_TO_POINTER(fd + 1));
}

static void timer_fired(void *opaque)
{
    const UserTimer *timer = opaque;
    timer->fire(timer->arg);
}

static void *new_timer(void *opaque, void (*fire)(void *arg), void *arg)
{
    UserNet *user = opaque;
    UserTimer *timer = g_new0(UserTimer, 1);
    *timer = (UserTimer){.user = user, .fire = fire, .arg = arg};
    timer->timer = loop_timer_new(net_host(&user->net)->loop, timer_fired, timer);
    return timer;
}

static void free_timer(void *data)
{
    UserTimer *timer = data;
    loop_timer_free(timer->timer);
    g_free(timer);
}

static void start_timer(void *data, uint64_t deadline)
{
    const UserTimer *timer = data;
    uint64_t now = clock_now(net_host(&timer->user->net)->clock);
    loop_timer_start(timer->timer, deadline > now ? deadline - now : 0);
}

/* ---- frames ---- */

static void deliver(void *opaque, const uint8_t *frame, size_t size)
{
    UserNet *user = opaque;
    net_deliver(&user->net, frame, size);
}

static NetSent user_send(NetBackend *net, const uint8_t *frame, size_t size)
{
    UserNet *user = (UserNet *)net;
    user->driver->input(user->slirp, frame, size);
    changed(user);
    return NET_TAKEN;
}

static void user_room(NetBackend *net)
{
    changed(net);
}

static uint64_t machine_now(void *opaque)
{
    const UserNet *user = opaque;
    return clock_now(net_host(&user->net)->clock);
}

static void tell(void *opaque, const char *text)
{
    const UserNet *user = opaque;
    const NetHost *host = net_host(&user->net);
    g_autofree char *line = g_strdup_printf("netdev %s: %s", user->net.id, text);
    if (host->message) {
        host->message(host->opaque, line);
    }
}

/* ---- options ---- */

static bool refuse(const NetOptions *options, const char *key, const char *value, const char *why,
                   GError **error)
{
    return error_refuse(error, "%s: %s=%s: %s", options->what, key, value, why);
}

static bool get_bool(const NetOptions *options, const char *key, bool *value, GError **error)
{
    const char *text = g_hash_table_lookup(options->values, key);
    return !text || number_parse_bool(key, text, value, error);
}

/* An address of the network: what `key` says, or the one with this number. */
static bool get_address(const NetOptions *options, const char *key, const SlirpOptions *net,
                        uint32_t number, struct in_addr *address, GError **error)
{
    const char *text = g_hash_table_lookup(options->values, key);
    address->s_addr = net->network.s_addr | htonl(number);
    if (text && !inet_aton(text, address)) {
        return refuse(options, key, text, "not an address (as 10.0.2.2)", error);
    }
    bool inside = (address->s_addr & net->mask.s_addr) == net->network.s_addr;
    return inside || refuse(options, key, text ? text : "", "not in the network of net=", error);
}

/* "10.0.2.0/24", "10.0.2.0/255.255.255.0", or without a mask that of the address's class. */
static bool get_network(const NetOptions *options, SlirpOptions *net, GError **error)
{
    const char *text = g_hash_table_lookup(options->values, "net");
    g_auto(GStrv) parts = g_strsplit(text ? text : "10.0.2.0/24", "/", 2);
    uint64_t bits = 24;
    bool good = inet_aton(parts[0], &net->network);
    if (good && parts[1] && strchr(parts[1], '.')) {
        good = inet_aton(parts[1], &net->mask);
    } else if (good) {
        uint32_t first = ntohl(net->network.s_addr) >> 24;
        bits = first < 128 ? 8 : first < 192 ? 16 : 24;
        good = !parts[1] || (number_parse("net", parts[1], 30, &bits, NULL) && bits >= 4);
        net->mask.s_addr = htonl(~(UINT32_MAX >> bits));
    }
    net->network.s_addr &= net->mask.s_addr;
    return good || refuse(options, "net", text, "not a network (as 10.0.2.0/24)", error);
}

static bool parse_options(UserNet *user, const NetOptions *options, GError **error)
{
    SlirpOptions *net = &user->options;
    GHashTable *values = options->values;
    net->ipv4 = net->ipv6 = true;
    if (!get_bool(options, "restrict", &net->restricted, error) ||
        !get_bool(options, "ipv4", &net->ipv4, error) ||
        !get_bool(options, "ipv6", &net->ipv6, error) || !get_network(options, net, error) ||
        !get_address(options, "host", net, 2, &net->host, error) ||
        !get_address(options, "dns", net, 3, &net->dns, error) ||
        !get_address(options, "dhcpstart", net, 15, &net->dhcp_start, error)) {
        return false;
    }
    net->hostname = g_hash_table_lookup(values, "hostname");
    net->domain = g_hash_table_lookup(values, "domainname");
    net->tftp = g_hash_table_lookup(values, "tftp");
    net->tftp_server = g_hash_table_lookup(values, "tftp-server-name");
    net->bootfile = g_hash_table_lookup(values, "bootfile");
    return !net->tftp || g_file_test(net->tftp, G_FILE_TEST_IS_DIR) ||
           refuse(options, "tftp", net->tftp, "not a directory", error);
}

/* "[ADDRESS]:PORT" up to `end`; without an address it is `usual`. */
static bool parse_end(const char *text, const char *end, struct in_addr *address, int *port)
{
    const char *colon = memchr(text, ':', (size_t)(end - text));
    uint64_t number;
    if (!colon) {
        return false;
    }
    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    g_autofree char *digits = g_strndup(colon + 1, (gsize)(end - colon - 1));
    bool good = (!*host || inet_aton(host, address)) &&
                number_parse("port", digits, UINT16_MAX, &number, NULL);
    *port = good ? (int)number : 0;
    return good;
}

/* The rest behind "tcp:" or "udp:", either of which may be left out as ":". */
static const char *parse_protocol(const char *rule, bool *udp)
{
    const char *colon = strchr(rule, ':');
    g_autofree char *name = colon ? g_strndup(rule, (gsize)(colon - rule)) : NULL;
    *udp = !g_strcmp0(name, "udp");
    return name && (*udp || !*name || !strcmp(name, "tcp")) ? colon + 1 : NULL;
}

/* To remove a rule its first half is enough. */
static bool parse_forward(const char *rule, bool add, SlirpForward *forward, GError **error)
{
    const char *rest = parse_protocol(rule, &forward->udp);
    const char *dash = rest ? strchr(rest, '-') : NULL;
    const char *end = rest && !dash && !add ? rest + strlen(rest) : dash;
    bool good = end && parse_end(rest, end, &forward->host, &forward->host_port) &&
                (!dash ||
                 (parse_end(dash + 1, dash + strlen(dash), &forward->guest, &forward->guest_port) &&
                  forward->guest_port));
    return good || error_refuse(error,
                                "hostfwd=%s: write tcp|udp:[ADDRESS]:PORT-[ADDRESS]:PORT "
                                "(as tcp::2222-:22)",
                                rule);
}

static bool forward_port(const UserNet *user, const char *rule, bool add, GError **error)
{
    SlirpForward forward = {.guest = user->options.dhcp_start};
    if (!parse_forward(rule, add, &forward, error)) {
        return false;
    }
    if (!user->driver->forward(user->slirp, &forward, add)) {
        return error_refuse(error, "hostfwd=%s: %s", rule,
                            add ? g_strerror(errno) : "there is no such rule");
    }
    return true;
}

/* "tcp:ADDRESS:PORT-cmd:COMMAND" */
static bool serve_port(const UserNet *user, const char *rule, GError **error)
{
    struct in_addr address = {0};
    bool udp;
    int port = 0;
    const char *rest = parse_protocol(rule, &udp);
    const char *dash = rest ? strchr(rest, '-') : NULL;
    bool good = dash && !udp && parse_end(rest, dash, &address, &port) && port &&
                g_str_has_prefix(dash, "-cmd:") && dash[strlen("-cmd:")];
    if (!good) {
        return error_refuse(error, "guestfwd=%s: write tcp:ADDRESS:PORT-cmd:COMMAND", rule);
    }
    return user->driver->serve(user->slirp, address, port, dash + strlen("-cmd:")) ||
           error_refuse(error, "guestfwd=%s: the address is not in the network, or is in use",
                        rule);
}

static bool apply_rules(const UserNet *user, const NetOptions *options, GError **error)
{
    for (guint i = 0; i < options->repeated->len; i++) {
        const char *item = options->repeated->pdata[i], *rule = strchr(item, '=') + 1;
        bool good = g_str_has_prefix(item, "hostfwd=")    ? forward_port(user, rule, true, error)
                    : g_str_has_prefix(item, "guestfwd=") ? serve_port(user, rule, error)
                                                          : true;
        if (!good) {
            g_prefix_error(error, "%s: ", options->what);
            return false;
        }
    }
    return true;
}

/* The texts belong to the options. */
static const char **search_list(const NetOptions *options)
{
    GPtrArray *list = g_ptr_array_new();
    for (guint i = 0; i < options->repeated->len; i++) {
        const char *item = options->repeated->pdata[i];
        if (g_str_has_prefix(item, "dnssearch=")) {
            g_ptr_array_add(list, (gpointer)(item + strlen("dnssearch=")));
        }
    }
    g_ptr_array_add(list, NULL);
    return (const char **)g_ptr_array_free(list, false);
}

/* ---- opening and closing ---- */

static bool open_slirp(UserNet *user, const NetOptions *options, GError **error)
{
    const SlirpHost host = {
        .send = deliver,
        .now = machine_now,
        .timer_new = new_timer,
        .timer_free = free_timer,
        .timer_start = start_timer,
        .forget = forget,
        .changed = changed,
        .message = tell,
        .opaque = user,
    };
    g_autofree const char **search = search_list(options);
    user->options.search = search[0] ? search : NULL;
    user->slirp = user->driver->open(&user->options, &host);
    /* The library has copies. */
    user->options.search = NULL;
    user->options.hostname = user->options.domain = user->options.tftp = NULL;
    user->options.tftp_server = user->options.bootfile = NULL;
    return user->slirp || error_refuse(error, "%s: libslirp refuses these options", options->what);
}

static bool user_open(NetBackend *net, const NetOptions *options, GError **error)
{
    UserNet *user = (UserNet *)net;
    g_autoptr(GError) failure = NULL;
    user->fds = g_array_new(false, false, sizeof(struct pollfd));
    user->watches = g_hash_table_new_full(NULL, NULL, NULL, free_watch);
    user->timer = loop_timer_new(net_host(net)->loop, while_passed, user);
    user->task = (LoopTask){.run = look, .opaque = user};
    if (!parse_options(user, options, error)) {
        return false;
    }
    user->driver = module_symbol("pioemu-slirp", "PIOEMU_SLIRP", &failure);
    if (!user->driver) {
        return error_refuse(error, "%s: needs libslirp (package libslirp0): %s", options->what,
                            failure->message);
    }
    if (!open_slirp(user, options, error) || !apply_rules(user, options, error)) {
        return false;
    }
    changed(user);
    return true;
}

static void user_close(NetBackend *net)
{
    UserNet *user = (UserNet *)net;
    if (user->slirp) {
        user->driver->close(user->slirp);
    }
    loop_cancel(net_host(net)->loop, &user->task);
    loop_timer_free(user->timer);
    g_hash_table_unref(user->watches);
    g_array_unref(user->fds);
}

static void user_describe(const NetBackend *net, GString *text)
{
    const UserNet *user = (const UserNet *)net;
    char address[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &user->options.network, address, sizeof(address));
    g_string_append_printf(text, "net=%s,restrict=%s", address,
                           user->options.restricted ? "on" : "off");
}

/* ---- what the monitor asks ---- */

bool net_user_forward(NetBackend *net, const char *rule, bool add, GError **error)
{
    UserNet *user = (UserNet *)net;
    bool done = forward_port(user, rule, add, error);
    changed(user);
    return done;
}

void net_user_describe_connections(const NetBackend *net, GString *text)
{
    const UserNet *user = (const UserNet *)net;
    g_autofree char *connections = user->driver->describe(user->slirp);
    g_string_append(text, connections);
}

static const char *const KEYS[] = {
    "type", "id",  "hostname",   "restrict",  "ipv4", "ipv6",     "net",
    "host", "dns", "domainname", "dhcpstart", "tftp", "bootfile", "tftp-server-name",
    NULL};
static const char *const REPEATED[] = {"hostfwd", "guestfwd", "dnssearch", NULL};

const NetBackendClass net_user_class = {
    .name = "user",
    .help = "a network of its own behind the host's, by libslirp",
    .keys = KEYS,
    .repeated = REPEATED,
    .size = sizeof(UserNet),
    .open = user_open,
    .send = user_send,
    .room = user_room,
    .describe = user_describe,
    .close = user_close,
};
