/*
 * A device's end of a network: the rings to and from its back end.
 */
#include "src/net/net_internal.h"

/* Room for a few packets that the card cuts into frames itself. */
#define TX_RING_SIZE (UINT32_C(512) << 10)
#define TX_ROOM      (UINT32_C(192) << 10)
#define RX_RING_SIZE (UINT32_C(1) << 20)

/* ---- from the guest, in any thread, with the device's lock held ---- */

/* The task runs after `stopped` was set, so it sees it. */
static bool take_frame(NetPort *port, const uint8_t *frame, size_t size)
{
    bool fits = size >= NET_FRAME_MIN && size <= NET_FRAME_MAX;
    if (!fits || !frame_ring_put(&port->tx, frame, size)) {
        atomic_fetch_add(&port->count.lost_sent, 1);
    }
    bool more = port->tx.size - frame_ring_used(&port->tx) >= TX_ROOM;
    if (!more) {
        atomic_store(&port->stopped, true);
    }
    loop_post(port->loop, &port->tx_task);
    return more;
}

static void ask_for_frames(NetPort *port)
{
    if (frame_ring_used(&port->rx)) {
        loop_post(port->loop, &port->rx_task);
    }
}

/* ---- the loop's thread ---- */

static void dump(const NetBackend *net, const uint8_t *frame, size_t size)
{
    for (guint i = 0; i < net->filters->len; i++) {
        net_dump_frame(net->filters->pdata[i], frame, size);
    }
}

/* False: the back end has no room. */
static bool pass_frame(NetPort *port, const uint8_t *frame, size_t size)
{
    NetBackend *net = port->net;
    if (net->down) {
        atomic_fetch_add(&port->count.lost_sent, 1);
        return true;
    }
    if (!port->offered) {
        dump(net, frame, size);
    }
    NetSent sent = net->class->send(net, frame, size);
    port->offered = sent == NET_LATER;
    port->count.sent += sent == NET_TAKEN;
    if (sent == NET_LOST) {
        atomic_fetch_add(&port->count.lost_sent, 1);
    }
    return sent != NET_LATER;
}

static void tell_room(NetPort *port)
{
    bool room = port->tx.size - frame_ring_used(&port->tx) >= TX_ROOM;
    if (room && atomic_exchange(&port->stopped, false) && port->client->tx_room) {
        g_mutex_lock(device_mutex(port->end.dev));
        device_call_net_room(port->end.dev, port->end.number);
        g_mutex_unlock(device_mutex(port->end.dev));
    }
}

static void send_frames(void *opaque)
{
    NetPort *port = opaque;
    const uint8_t *frame;
    size_t size;
    while ((size = frame_ring_peek(&port->tx, &frame)) && pass_frame(port, frame, size)) {
        frame_ring_skip(&port->tx, size);
    }
    tell_room(port);
}

static bool can_receive(const NetPort *port)
{
    const NetClient *client = port->client;
    return !client->can_receive ||
           client->can_receive(device_state(port->end.dev), port->end.number);
}

static void receive_frames(void *opaque)
{
    NetPort *port = opaque;
    Device *dev = port->end.dev;
    const uint8_t *frame;
    size_t size;
    g_mutex_lock(device_mutex(dev));
    while ((size = frame_ring_peek(&port->rx, &frame)) && can_receive(port)) {
        device_call_net_receive(dev, port->end.number, frame, size);
        frame_ring_skip(&port->rx, size);
        port->count.received++;
    }
    g_mutex_unlock(device_mutex(dev));
    if (port->was_full && !net_is_full(port->net)) {
        port->was_full = false;
        if (port->net->class->room) {
            port->net->class->room(port->net);
        }
    }
}

void net_deliver(NetBackend *net, const uint8_t *frame, size_t size)
{
    NetPort *port = net->port;
    bool fits = size >= NET_FRAME_MIN && size <= NET_FRAME_MAX;
    if (fits && !net->down) {
        dump(net, frame, size);
    }
    if (!port) {
        return;
    }
    if (!fits || net->down || !port->client->receive || !frame_ring_put(&port->rx, frame, size)) {
        port->count.lost++;
        return;
    }
    loop_post(port->loop, &port->rx_task);
}

bool net_is_full(const NetBackend *net)
{
    NetPort *port = net->port;
    bool full = port && frame_ring_used(&port->rx) > port->rx.size / 2;
    if (full) {
        port->was_full = true;
    }
    return full;
}

void net_resume(NetBackend *net)
{
    if (net->port) {
        loop_post(net->port->loop, &net->port->tx_task);
    }
}

void net_port_link(NetPort *port, bool up)
{
    g_mutex_lock(device_mutex(port->end.dev));
    device_call_net_link(port->end.dev, port->end.number, up);
    g_mutex_unlock(device_mutex(port->end.dev));
}

/* ---- making and freeing ---- */

NetPort *net_port_new(NetBackend *net, Device *dev)
{
    static const NetClient NO_CLIENT = {0};
    static const NetPortOps OPS = {.send = take_frame, .rx_ready = ask_for_frames};
    NetPort *port = g_new0(NetPort, 1);
    port->end = (NetPortEnd){.ops = &OPS, .dev = dev, .link_up = !net->down};
    port->net = net;
    port->loop = net_host(net)->loop;
    port->client = device_class(dev)->net_client ?: &NO_CLIENT;
    port->tx_task = (LoopTask){.run = send_frames, .opaque = port};
    port->rx_task = (LoopTask){.run = receive_frames, .opaque = port};
    frame_ring_init(&port->tx, TX_RING_SIZE);
    frame_ring_init(&port->rx, RX_RING_SIZE);
    net->port = port;
    return port;
}

void net_port_free(NetPort *port)
{
    loop_cancel(port->loop, &port->tx_task);
    loop_cancel(port->loop, &port->rx_task);
    frame_ring_clear(&port->tx);
    frame_ring_clear(&port->rx);
    g_free(port);
}
