/*
 * A virtio network card (Virtual I/O Device 1.2, section 5.1): one queue for frames
 * to the driver, one for frames of it.
 *
 * Each frame has a header, which is for checksums and segmentation that the other
 * side is to do.  None of that is offered, so the header is empty in both
 * directions.  There is no control queue: every frame of the network is passed on
 * [5.1.6.5.1].
 *
 * A chain for the next frame is taken ahead, so it is known whether there is room
 * for one.  A network that has frames for the driver waits until there is.
 */
#include "devices/net.h"
#include "devices/virtio/virtio.h"

#include <string.h>

#define DEVICE_TYPE 1
#define CLASS_CODE  0x020000 /* Ethernet */
#define QUEUE_SIZE  256u

/* Feature bits [5.1.3]. */
#define NET_F_MAC    (UINT64_C(1) << 5)
#define NET_F_STATUS (UINT64_C(1) << 16)

/* The configuration [5.1.4]. */
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_END = 8 };
#define STATUS_LINK_UP 1u

enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUE_COUNT };

/* The header of a frame [5.1.6]. */
#define HEADER_SIZE    12u
#define HEADER_BUFFERS 10u

/* A driver that sends faster than the ring holds waits so long for the next frames. */
#define PAUSE_NS UINT64_C(50000)

typedef struct VirtioNet {
    Virtio virtio; /* must be first */

    bool link;       /* as the driver was told */
    bool has_next;   /* `next` is a chain for the next frame to the driver */
    uint16_t next;   /* its head */
    bool tx_stopped; /* the network asked to wait */
    bool tx_paused;  /* there may be more frames, and the timer is armed */

    NetPort *net;
    uint8_t mac[NET_ADDRESS_SIZE];
    Timer *timer;
} VirtioNet;

/* ---- what it is ---- */

static uint64_t net_features(const void *state)
{
    (void)state;
    return NET_F_MAC | NET_F_STATUS;
}

static unsigned net_queue_count(const void *state)
{
    (void)state;
    return QUEUE_COUNT;
}

static unsigned net_config(const void *state, uint8_t bytes[64])
{
    const VirtioNet *s = state;

    memcpy(bytes + CONFIG_MAC, s->mac, sizeof(s->mac));
    bytes[CONFIG_STATUS] = s->link ? STATUS_LINK_UP : 0;
    bytes[CONFIG_STATUS + 1] = 0;
    return CONFIG_END;
}

/* ---- frames to the driver ---- */

static void take_next(VirtioNet *s)
{
    VirtqChain chain;

    if (!s->has_next && virtio_queue_runs(&s->virtio, QUEUE_RECEIVE) &&
        virtio_take(&s->virtio, QUEUE_RECEIVE, &chain)) {
        s->has_next = true;
        s->next = chain.head;
    }
}

/* A card whose driver does not run loses every frame. */
static bool net_can_receive(const void *state, unsigned port)
{
    const VirtioNet *s = state;

    (void)port;
    return s->has_next || !virtio_queue_runs(&s->virtio, QUEUE_RECEIVE);
}

/* Returns false if the driver has broken a rule. */
static bool put_frame(VirtioNet *s, const VirtqChain *chain, const uint8_t *frame, size_t size)
{
    const uint8_t header[HEADER_SIZE] = {[HEADER_BUFFERS] = 1};
    Device *dev = s->virtio.dev;

    if (chain->readable || chain->writable_bytes < HEADER_SIZE) {
        virtio_break(&s->virtio, "a buffer for a frame with no room for its header, or something "
                                 "to read");
        return false;
    }
    if (virtq_write(dev, chain, 0, header, HEADER_SIZE) != HEADER_SIZE ||
        virtq_write(dev, chain, HEADER_SIZE, frame, size) != size) {
        virtio_break(&s->virtio, "a buffer outside of the memory");
        return false;
    }
    return true;
}

/* A frame that is longer than the buffer is lost, and the buffer is for the next one. */
static void net_receive(void *state, unsigned port, const uint8_t *frame, size_t size)
{
    VirtioNet *s = state;
    VirtqChain chain;

    (void)port;
    if (!s->has_next || !virtio_queue_runs(&s->virtio, QUEUE_RECEIVE)) {
        return;
    }
    if (!virtio_look_at(&s->virtio, QUEUE_RECEIVE, s->next, &chain)) {
        virtio_break(&s->virtio, "a change to a buffer that the card had");
        return;
    }
    if (chain.writable_bytes >= HEADER_SIZE && chain.writable_bytes - HEADER_SIZE < size) {
        pio_guest_error(s->virtio.dev, "frame size",
                        "a frame of %zu bytes does not fit into the driver's buffer", size);
        return;
    }
    if (put_frame(s, &chain, frame, size)) {
        s->has_next = false;
        virtio_return(&s->virtio, QUEUE_RECEIVE, s->next, (uint32_t)(HEADER_SIZE + size));
        take_next(s);
    }
}

/* ---- frames of the driver ---- */

/* A frame of a length that no network has is lost. */
static void send_frame(VirtioNet *s, const uint8_t *frame, uint64_t size)
{
    if (size < NET_FRAME_MIN || size > NET_FRAME_MAX) {
        pio_guest_error(s->virtio.dev, "frame size", "a frame of %llu bytes cannot be sent",
                        (unsigned long long)size);
    } else if (s->link && !pio_net_send(s->net, frame, (size_t)size)) {
        s->tx_stopped = true;
    }
}

/* Returns false if the driver has broken a rule. */
static bool take_frame(VirtioNet *s, const VirtqChain *chain)
{
    uint8_t frame[NET_FRAME_MAX];
    uint64_t size = chain->readable_bytes - HEADER_SIZE;
    size_t kept = size < sizeof(frame) ? (size_t)size : sizeof(frame);

    if (chain->writable || chain->readable_bytes < HEADER_SIZE) {
        virtio_break(&s->virtio, "a frame without a header, or with something to write");
        return false;
    }
    if (kept && virtq_read(s->virtio.dev, chain, HEADER_SIZE, frame, kept) != kept) {
        virtio_break(&s->virtio, "a frame outside of the memory");
        return false;
    }
    virtio_return(&s->virtio, QUEUE_TRANSMIT, chain->head, 0);
    send_frame(s, frame, size);
    return true;
}

/* A ringful at a time, so that a driver that never stops does not keep the card for itself. */
static void transmit(VirtioNet *s)
{
    VirtqChain chain;
    unsigned count = 0;

    while (!s->tx_stopped && count < QUEUE_SIZE && virtio_queue_runs(&s->virtio, QUEUE_TRANSMIT) &&
           virtio_take(&s->virtio, QUEUE_TRANSMIT, &chain) && take_frame(s, &chain)) {
        count++;
    }
    s->tx_paused = count == QUEUE_SIZE;
    if (s->tx_paused) {
        pio_timer_arm(s->timer, pio_now(s->virtio.dev) + PAUSE_NS);
    }
}

static void pause_over(void *state, uint64_t deadline)
{
    (void)deadline;
    transmit(state);
}

static void net_notified(void *state, unsigned queue)
{
    VirtioNet *s = state;

    if (queue == QUEUE_TRANSMIT) {
        transmit(s);
    } else if (!s->has_next) {
        take_next(s);
        pio_net_rx_ready(s->net);
    }
}

static void net_stop(void *state)
{
    VirtioNet *s = state;

    s->has_next = false;
    s->tx_paused = false;
    pio_timer_disarm(s->timer);
}

static const VirtioType TYPE = {
    .queue_size = QUEUE_SIZE,
    .features = net_features,
    .queue_count = net_queue_count,
    .config = net_config,
    .notified = net_notified,
    .stop = net_stop,
};

/* ---- the network's side ---- */

static void net_room(void *state, unsigned port)
{
    VirtioNet *s = state;

    (void)port;
    s->tx_stopped = false;
    transmit(s);
}

static void net_link_changed(void *state, unsigned port)
{
    VirtioNet *s = state;
    bool link = pio_net_link(s->net);

    (void)port;
    if (link != s->link) {
        s->link = link;
        virtio_config_changed(&s->virtio);
    }
}

static const NetClient CLIENT = {
    .struct_size = sizeof(NetClient),
    .can_receive = net_can_receive,
    .receive = net_receive,
    .tx_room = net_room,
    .link_changed = net_link_changed,
};

/* ---- the class ---- */

static bool net_realize(void *state, char *error, size_t size)
{
    (void)error;
    (void)size;
    ((VirtioNet *)state)->virtio.type = &TYPE;
    return true;
}

static void net_reset(void *state)
{
    VirtioNet *s = state;

    net_stop(s);
    s->next = 0;
    s->tx_stopped = false;
    s->link = pio_net_link(s->net);
    virtio_reset(&s->virtio);
}

/* The network of now takes frames, and its link may be another than that of then. */
static bool net_post_load(void *state)
{
    VirtioNet *s = state;
    bool more = s->tx_stopped || s->tx_paused;

    if (!virtio_post_load(&s->virtio)) {
        return false;
    }
    s->tx_stopped = false;
    s->tx_paused = more;
    pio_timer_disarm(s->timer);
    if (more) {
        pio_timer_arm(s->timer, pio_now(s->virtio.dev) + PAUSE_NS);
    }
    net_link_changed(s, 0);
    pio_net_rx_ready(s->net);
    return true;
}

static const PciIdentity IDENTITY =
    VIRTIO_IDENTITY(DEVICE_TYPE, CLASS_CODE, .rom = "efi-virtio.rom");

extern const DeviceClass virtio_net_class;
const DeviceClass virtio_net_class = {
    .head = DEVICE_CLASS_HEAD("virtio-net-pci", VirtioNet),
    .description = "virtio network card",
    .properties =
        DEVICE_PROPERTIES(DEVICE_PROPERTY(VirtioNet, net, "netdev", PROPERTY_NET, NULL, "network"),
                          DEVICE_PROPERTY(VirtioNet, mac, "mac", PROPERTY_MAC, "52:54:00:12:34:56",
                                          "address of the card")),
    .regions = virtio_regions,
    .outputs = virtio_outputs,
    .timers = DEVICE_TIMERS(DEVICE_TIMER(VirtioNet, timer, "transmit", pause_over)),
    .net_client = &CLIENT,
    .pci = &IDENTITY,
    .realize = net_realize,
    .reset = net_reset,
    .fields = DEVICE_FIELDS(VIRTIO_FIELDS(VirtioNet), DEVICE_FIELD_BOOL(VirtioNet, link),
                            DEVICE_FIELD_BOOL(VirtioNet, has_next), DEVICE_FIELD(VirtioNet, next),
                            DEVICE_FIELD_BOOL(VirtioNet, tx_stopped),
                            DEVICE_FIELD_BOOL(VirtioNet, tx_paused)),
    .post_load = net_post_load,
};
