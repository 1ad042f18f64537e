/* A device's end of a line: the rings, and what passes between the threads. */
#include "src/base/likely.h"
#include "src/char/char_internal.h"
#include "src/char/order.h"

#include <string.h>

/* Enough for two batches of a fast guest.  Pages that are not used cost nothing. */
#define TX_RING_SIZE 16384u

/* A batch of this size is more than the echo of a user's typing. */
#define STREAM_MIN 16u

/* For scripts that type, on backends without input. */
#define RX_RING_MIN 4096u

/* ---- device to host ---- */

static void call_tx_room(CharPort *port)
{
    if (atomic_load(&port->tx_full) && ring_room(&port->tx)) {
        GMutex *lock = device_mutex(port->end.dev);
        g_mutex_lock(lock);
        /* While we hold the lock, the device cannot be inside a write that has just found room. */
        if (atomic_exchange(&port->tx_full, false) && port->client->tx_room) {
            device_call_tx_room(port->end.dev, port->end.number);
        }
        g_mutex_unlock(lock);
    }
}

static void drain_some(CharPort *port, const uint8_t *data, size_t size)
{
    size_t taken = chardev_output(port->out, data, size);
    port->tx_blocked = taken < size;
    port->out->count.stalls += port->tx_blocked;
    ring_skip(&port->tx, taken);
    call_tx_room(port);
}

bool char_port_drain_to(CharPort *port, uint32_t end)
{
    const uint8_t *data;
    int32_t left;
    while (!port->tx_blocked && (left = (int32_t)(end - atomic_load(&port->tx.tail))) > 0) {
        size_t size = ring_peek(&port->tx, &data);
        drain_some(port, data, MIN(size, (size_t)left));
    }
    return !port->tx_blocked;
}

void char_port_drain(CharPort *port)
{
    const uint8_t *data;
    size_t size;
    if (port->order) {
        char_order_drain(port->order);
        return;
    }
    while (port->out && !port->tx_blocked && (size = ring_peek(&port->tx, &data)) > 0) {
        drain_some(port, data, size);
    }
    if (port->out) {
        chardev_pump(port->out);
    }
}

/* The port waits for the host.  Until that accepts more, looking at the ring is of no use. */
static bool is_waiting(const CharPort *port)
{
    return port->tx_blocked || (port->order && port->order->waiting);
}

static void continue_tx(CharPort *port, uint64_t batch)
{
    char_port_drain(port);
    port->tx_batch = batch;
    if (!is_waiting(port)) {
        loop_timer_start(port->tx_timer, batch);
    }
}

static void tx_posted(void *opaque)
{
    continue_tx(opaque, CHAR_BATCH_NS);
}

/*
 * The time of a batch is over.  During a stream the intervals between looks grow.
 * While a user types they stay short.  After a silence the looks stop.
 */
static void tx_batch_over(void *opaque)
{
    CharPort *port = opaque;
    uint32_t used = ring_used(&port->tx);
    if (used) {
        bool stream = used >= STREAM_MIN;
        continue_tx(port, stream ? MIN(port->tx_batch * 2, CHAR_BATCH_MAX_NS) : CHAR_BATCH_NS);
        return;
    }
    atomic_store(&port->tx_active, false);
    if (ring_used(&port->tx) && !atomic_exchange(&port->tx_active, true)) {
        continue_tx(port, CHAR_BATCH_NS);
    }
}

/* Ports that waited for their turn look again too. */
void char_port_resume(CharPort *port)
{
    if (!is_waiting(port)) {
        return;
    }
    port->tx_blocked = false;
    continue_tx(port, CHAR_BATCH_NS);
    for (guint i = 0; port->order && !port->order->waiting && i < port->order->ports->len; i++) {
        loop_timer_start(((CharPort *)port->order->ports->pdata[i])->tx_timer, CHAR_BATCH_NS);
    }
}

/* The ring is full.  We first ask for the call and then look again, so that no room is missed. */
static size_t write_to_full(CharPort *port, const uint8_t *data, size_t size)
{
    atomic_store(&port->tx_full, true);
    loop_post(port->loop, &port->tx_task);
    size_t taken = ring_put(&port->tx, data, size);
    if (taken == size) {
        atomic_store(&port->tx_full, false);
    }
    return taken;
}

static size_t take_output(CharPort *port, const uint8_t *data, size_t size)
{
    if (!port->out) {
        return size;
    }
    char_order_take_turn(port);
    size_t taken = ring_put(&port->tx, data, size);
    if (!atomic_load_explicit(&port->tx_active, memory_order_seq_cst) &&
        !atomic_exchange(&port->tx_active, true)) {
        loop_post(port->loop, &port->tx_task);
    }
    if (unlikely(taken < size)) {
        taken += write_to_full(port, data + taken, size - taken);
    }
    return taken;
}

size_t char_port_send_rest(CharPort *port)
{
    uint8_t data[CHAR_UNSENT_MAX];
    size_t size = 0, taken = 0;
    g_mutex_lock(device_mutex(port->end.dev));
    if (port->client->unsent) {
        size = port->client->unsent(device_state(port->end.dev), port->end.number, data);
        g_assert(size <= sizeof(data));
        taken = size ? take_output(port, data, size) : 0;
    }
    g_mutex_unlock(device_mutex(port->end.dev));
    return size - taken;
}

/* ---- host to device ---- */

/* The caller holds the device's lock. */
static void deliver_rx(CharPort *port)
{
    void *state = device_state(port->end.dev);
    const uint8_t *data;
    size_t size;
    if (port->rx_delivering || !port->client->receive) {
        return;
    }
    port->rx_delivering = true;
    while ((size = ring_peek(&port->rx, &data)) > 0) {
        size_t room = port->client->rx_room ? port->client->rx_room(state, port->end.number) : size;
        size = MIN(size, room);
        if (!size) {
            break;
        }
        device_call_receive(port->end.dev, port->end.number, data, size);
        ring_skip(&port->rx, size);
    }
    port->rx_delivering = false;
}

static void rx_refill(void *opaque)
{
    CharPort *port = opaque;
    if (port->in) {
        chardev_update_reading(port->in);
    }
}

/* Wakes the loop only when the ring is half empty, so that one wake-up serves many bytes. */
static void bring_input(CharPort *port)
{
    if (!port->rx.size) {
        return;
    }
    if (ring_used(&port->rx)) {
        deliver_rx(port);
    }
    if (unlikely(atomic_load(&port->rx_refill)) && ring_used(&port->rx) <= port->rx.size / 2 &&
        atomic_exchange(&port->rx_refill, false)) {
        loop_post(port->loop, &port->rx_task);
    }
}

bool char_port_receives(const CharPort *port)
{
    return port->client->receive != NULL;
}

void char_port_deliver(CharPort *port, const uint8_t *data, size_t size)
{
    size_t taken = ring_put(&port->rx, data, size);
    g_assert(taken == size);
    g_mutex_lock(device_mutex(port->end.dev));
    deliver_rx(port);
    g_mutex_unlock(device_mutex(port->end.dev));
}

void char_port_deliver_break(CharPort *port)
{
    if (port->client->receive_break) {
        g_mutex_lock(device_mutex(port->end.dev));
        device_call_receive_break(port->end.dev, port->end.number);
        g_mutex_unlock(device_mutex(port->end.dev));
    }
}

/* ---- modem lines, breaks, line format ---- */

static uint64_t pack_format(const CharFormat *format)
{
    return (uint64_t)format->baud | (uint64_t)format->data_bits << 32 |
           (uint64_t)format->stop_bits << 40 | (uint64_t)(uint8_t)format->parity << 48;
}

static CharFormat unpack_format(uint64_t packed)
{
    return (CharFormat){
        .baud = (uint32_t)packed,
        .data_bits = (uint8_t)(packed >> 32),
        .stop_bits = (uint8_t)(packed >> 40),
        .parity = (char)(packed >> 48),
    };
}

static void apply_break(CharPort *port)
{
    Chardev *chardev = port->out;
    bool on = atomic_load(&port->break_out);
    if (on != port->applied_break) {
        chardev->count.breaks_out += on;
        if (chardev->class->set_break) {
            chardev->class->set_break(chardev, on);
        }
    }
    port->applied_break = on;
}

/* If several devices share a line, the first one that accepts input drives its modem lines. */
static bool drives_line(const CharPort *port)
{
    const GPtrArray *ports = port->out->ports;
    for (guint i = 0; i < ports->len; i++) {
        if (char_port_receives(ports->pdata[i])) {
            return ports->pdata[i] == port;
        }
    }
    return ports->pdata[0] == port;
}

static void apply_control(void *opaque)
{
    CharPort *port = opaque;
    Chardev *chardev = port->out;
    const ChardevClass *class = chardev->class;
    apply_break(port);
    if (!drives_line(port)) {
        return;
    }
    unsigned lines = atomic_load(&port->lines_out);
    if (class->set_lines && lines != port->applied_lines) {
        class->set_lines(chardev, lines);
    }
    port->applied_lines = lines;
    uint64_t packed = atomic_load(&port->format);
    if (class->set_format && packed != port->applied_format) {
        CharFormat format = unpack_format(packed);
        class->set_format(chardev, &format);
    }
    port->applied_format = packed;
}

static void post_control(CharPort *port)
{
    if (port->out) {
        loop_post(port->loop, &port->control_task);
    }
}

static void set_break(CharPort *port, bool on)
{
    if (atomic_exchange(&port->break_out, on) != on) {
        post_control(port);
    }
}

static void set_lines(CharPort *port, unsigned lines)
{
    if (atomic_exchange(&port->lines_out, lines) != lines) {
        post_control(port);
    }
}

static void set_format(CharPort *port, const CharFormat *format)
{
    if (atomic_exchange(&port->format, pack_format(format)) != pack_format(format)) {
        post_control(port);
    }
}

static unsigned lines_now(const CharPort *port)
{
    return atomic_load(&port->lines_in);
}

void char_port_change_lines(CharPort *port, unsigned lines)
{
    if (atomic_exchange(&port->lines_in, lines) != lines && port->client->lines_changed) {
        g_mutex_lock(device_mutex(port->end.dev));
        device_call_lines_changed(port->end.dev, port->end.number, lines);
        g_mutex_unlock(device_mutex(port->end.dev));
    }
}

/* ---- making and freeing ---- */

CharPort *char_port_new(Loop *loop, Device *dev, Chardev *in, Chardev *out)
{
    static const CharClient NO_CLIENT = {0};
    static const CharPortOps OPS = {
        .write = take_output,
        .rx_ready = bring_input,
        .lines = lines_now,
        .set_break = set_break,
        .set_lines = set_lines,
        .set_format = set_format,
    };
    CharPort *port = g_new0(CharPort, 1);
    port->end = (CharPortEnd){.ops = &OPS, .dev = dev};
    port->loop = loop;
    port->in = in;
    port->out = out;
    port->client = device_class(dev)->char_client ?: &NO_CLIENT;
    port->lines_in = in ? in->lines_in : CHAR_LINES_READY;
    ring_init(&port->tx, port->client->tx_size ? port->client->tx_size : TX_RING_SIZE);
    if (in) {
        ring_init(&port->rx, in->class->rx_size ?: RX_RING_MIN);
    }
    port->tx_task = (LoopTask){.run = tx_posted, .opaque = port};
    port->rx_task = (LoopTask){.run = rx_refill, .opaque = port};
    port->control_task = (LoopTask){.run = apply_control, .opaque = port};
    port->tx_timer = loop_timer_new(loop, tx_batch_over, port);
    if (out) {
        g_ptr_array_add(out->ports, port);
    }
    if (in && in != out) {
        g_ptr_array_add(in->ports, port);
    }
    /* Reading begins when the loop runs, because then the device is complete. */
    loop_post(loop, &port->rx_task);
    return port;
}

void char_port_free(CharPort *port)
{
    loop_cancel(port->loop, &port->tx_task);
    loop_cancel(port->loop, &port->rx_task);
    loop_cancel(port->loop, &port->control_task);
    char_order_leave(port);
    loop_timer_free(port->tx_timer);
    ring_clear(&port->tx);
    ring_clear(&port->rx);
    g_free(port);
}
