/* The module pioemu-slirp: libslirp 4.7 behind driver.h. */
#include "src/net/slirp/driver.h"

#include <errno.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <string.h>

#define CONFIG_VERSION 4u /* of libslirp 4.7 */

struct SlirpNet {
    Slirp *slirp;
    SlirpHost host;
    GArray *fds; /* while the library is asked */
};

typedef struct SlirpTimer {
    SlirpNet *net;
    SlirpTimerId id;
    void *argument;
    void *timer; /* the host's */
} SlirpTimer;

/* ---- what the library calls ---- */

static ssize_t send_packet(const void *data, size_t size, void *opaque)
{
    SlirpNet *net = opaque;
    net->host.send(net->host.opaque, data, size);
    return (ssize_t)size;
}

static void guest_error(const char *text, void *opaque)
{
    SlirpNet *net = opaque;
    net->host.message(net->host.opaque, text);
}

static int64_t clock_get_ns(void *opaque)
{
    const SlirpNet *net = opaque;
    return (int64_t)net->host.now(net->host.opaque);
}

static void timer_fired(void *arg)
{
    const SlirpTimer *timer = arg;
    slirp_handle_timer(timer->net->slirp, timer->id, timer->argument);
    timer->net->host.changed(timer->net->host.opaque);
}

static void *timer_new(SlirpTimerId id, void *argument, void *opaque)
{
    SlirpNet *net = opaque;
    SlirpTimer *timer = g_new0(SlirpTimer, 1);
    *timer = (SlirpTimer){.net = net, .id = id, .argument = argument};
    timer->timer = net->host.timer_new(net->host.opaque, timer_fired, timer);
    return timer;
}

static void timer_free(void *data, void *opaque)
{
    SlirpTimer *timer = data;
    const SlirpNet *net = opaque;
    net->host.timer_free(timer->timer);
    g_free(timer);
}

/* The library counts in ms. */
static void timer_mod(void *data, int64_t expires, void *opaque)
{
    const SlirpTimer *timer = data;
    const SlirpNet *net = opaque;
    net->host.timer_start(timer->timer, (uint64_t)MAX(expires, 0) * 1000000);
}

static void register_poll_fd(int fd, void *opaque)
{
    (void)fd, (void)opaque;
}

static void unregister_poll_fd(int fd, void *opaque)
{
    const SlirpNet *net = opaque;
    net->host.forget(net->host.opaque, fd);
}

static void notify(void *opaque)
{
    const SlirpNet *net = opaque;
    net->host.changed(net->host.opaque);
}

static const SlirpCb CALLBACKS = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = register_poll_fd,
    .unregister_poll_fd = unregister_poll_fd,
    .notify = notify,
    .timer_new_opaque = timer_new,
};

/* ---- what the driver offers ---- */

static void set_ipv6(SlirpConfig *config)
{
    static const struct in6_addr PREFIX = {{{0xfe, 0xc0}}};
    config->vprefix_addr6 = PREFIX;
    config->vprefix_len = 64;
    config->vhost6 = config->vnameserver6 = PREFIX;
    config->vhost6.s6_addr[15] = 2;
    config->vnameserver6.s6_addr[15] = 3;
}

static SlirpNet *open_net(const SlirpOptions *options, const SlirpHost *host)
{
    SlirpNet *net = g_new0(SlirpNet, 1);
    SlirpConfig config = {
        .version = CONFIG_VERSION,
        .restricted = options->restricted,
        .in_enabled = options->ipv4,
        .vnetwork = options->network,
        .vnetmask = options->mask,
        .vhost = options->host,
        .in6_enabled = options->ipv6,
        .vhostname = options->hostname,
        .tftp_server_name = options->tftp_server,
        .tftp_path = options->tftp,
        .bootfile = options->bootfile,
        .vdhcp_start = options->dhcp_start,
        .vnameserver = options->dns,
        .vdnssearch = options->search,
        .vdomainname = options->domain,
    };
    set_ipv6(&config);
    net->host = *host;
    net->slirp = slirp_new(&config, &CALLBACKS, net);
    if (!net->slirp) {
        g_clear_pointer(&net, g_free);
    }
    return net;
}

static void input(SlirpNet *net, const uint8_t *frame, size_t size)
{
    slirp_input(net->slirp, frame, (int)size);
}

static const struct {
    int slirp;
    short host;
} EVENTS[] = {{SLIRP_POLL_IN, POLLIN},
              {SLIRP_POLL_OUT, POLLOUT},
              {SLIRP_POLL_PRI, POLLPRI},
              {SLIRP_POLL_ERR, POLLERR},
              {SLIRP_POLL_HUP, POLLHUP}};

static int add_poll(int fd, int events, void *opaque)
{
    SlirpNet *net = opaque;
    struct pollfd entry = {.fd = fd};
    for (size_t i = 0; i < G_N_ELEMENTS(EVENTS); i++) {
        entry.events |= events & EVENTS[i].slirp ? EVENTS[i].host : 0;
    }
    g_array_append_val(net->fds, entry);
    return (int)net->fds->len - 1;
}

static int get_revents(int index, void *opaque)
{
    const SlirpNet *net = opaque;
    bool known = index >= 0 && (guint)index < net->fds->len;
    int found = known ? g_array_index(net->fds, struct pollfd, index).revents : 0, events = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(EVENTS); i++) {
        events |= found & EVENTS[i].host ? EVENTS[i].slirp : 0;
    }
    return events;
}

static uint32_t fill(SlirpNet *net, GArray *fds)
{
    uint32_t timeout = UINT32_MAX;
    net->fds = fds;
    g_array_set_size(fds, 0);
    slirp_pollfds_fill(net->slirp, &timeout, add_poll, net);
    return timeout;
}

static void poll_net(SlirpNet *net, GArray *fds)
{
    net->fds = fds;
    slirp_pollfds_poll(net->slirp, 0, get_revents, net);
}

static bool forward_port(SlirpNet *net, const SlirpForward *f, bool add)
{
    return add ? slirp_add_hostfwd(net->slirp, f->udp, f->host, f->host_port, f->guest,
                                   f->guest_port) == 0
               : slirp_remove_hostfwd(net->slirp, f->udp, f->host, f->host_port) == 0;
}

static bool serve(SlirpNet *net, struct in_addr address, int port, const char *command)
{
    return slirp_add_exec(net->slirp, command, &address, port) == 0;
}

static char *describe(SlirpNet *net)
{
    return slirp_connection_info(net->slirp);
}

static void close_net(SlirpNet *net)
{
    slirp_cleanup(net->slirp);
    g_free(net);
}

const SlirpDriver PIOEMU_SLIRP = {
    .open = open_net,
    .input = input,
    .fill = fill,
    .poll = poll_net,
    .forward = forward_port,
    .serve = serve,
    .describe = describe,
    .close = close_net,
};
