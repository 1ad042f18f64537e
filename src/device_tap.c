#include "src/device_tap.h"

#include "src/irq.h"

#include <string.h>

typedef struct TappedRegion {
    IoOps ops;
    DeviceTap *tap;
    BusClaim claim; /* as it would be without a tap */
} TappedRegion;

typedef struct TappedLine {
    DeviceTap *tap;
    IrqLine *to;
} TappedLine;

typedef struct TappedTimer {
    DeviceTap *tap;
    unsigned index;
} TappedTimer;

void device_tap_init(DeviceTap *tap, const TapClass *class, Device *dev)
{
    tap->class = class;
    tap->dev = dev;
    tap->slots = g_ptr_array_new_with_free_func(g_free);
    tap->lines = g_ptr_array_new_with_free_func((GDestroyNotify)irq_line_free);
}

void device_tap_clear(DeviceTap *tap)
{
    g_ptr_array_unref(tap->slots);
    g_ptr_array_unref(tap->lines);
}

static void *new_slot(DeviceTap *tap, size_t size)
{
    void *slot = g_malloc0(size);
    g_ptr_array_add(tap->slots, slot);
    return slot;
}

/* ---- accesses ---- */

static TapEvent access_event(const TappedRegion *r, TapKind kind, uint64_t offset, unsigned size)
{
    return (TapEvent){
        .kind = kind, .space = r->claim.space, .address = r->claim.base + offset, .size = size};
}

static uint64_t tapped_read(void *state, uint64_t offset, unsigned size)
{
    TappedRegion *r = state;
    TapEvent event = access_event(r, TAP_READ, offset, size);
    device_tap_enter(r->tap, &event);
    event.value = r->claim.ops->read(r->claim.state, offset, size);
    event.value &= size == 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
    device_tap_leave(r->tap, &event);
    return event.value;
}

static void tapped_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    TappedRegion *r = state;
    TapEvent event = access_event(r, TAP_WRITE, offset, size);
    event.value = value;
    device_tap_enter(r->tap, &event);
    r->claim.ops->write(r->claim.state, offset, value, size);
    device_tap_leave(r->tap, &event);
}

static void tapped_read_block(void *state, uint64_t offset, void *items, size_t count,
                              unsigned size)
{
    TappedRegion *r = state;
    TapEvent event = access_event(r, TAP_READ_BLOCK, offset, size);
    event.count = count;
    event.data = items;
    device_tap_enter(r->tap, &event);
    r->claim.ops->read_block(r->claim.state, offset, items, count, size);
    device_tap_leave(r->tap, &event);
}

static void tapped_write_block(void *state, uint64_t offset, const void *items, size_t count,
                               unsigned size)
{
    TappedRegion *r = state;
    TapEvent event = access_event(r, TAP_WRITE_BLOCK, offset, size);
    event.count = count;
    event.data = items;
    device_tap_enter(r->tap, &event);
    r->claim.ops->write_block(r->claim.state, offset, items, count, size);
    device_tap_leave(r->tap, &event);
}

static const char *tapped_register_name(const void *state, uint64_t offset, bool write)
{
    const TappedRegion *r = state;
    return r->claim.register_name(r->claim.state, offset, write);
}

static int tapped_bid(const void *state, uint64_t offset, uint64_t value)
{
    const TappedRegion *r = state;
    return r->claim.bid(r->claim.state, offset, value);
}

/* An operation that the region does not have stays missing: the bus answers for it. */
void device_tap_claim(DeviceTap *tap, BusClaim *claim)
{
    TappedRegion *r = new_slot(tap, sizeof(*r));
    r->tap = tap;
    r->claim = *claim;
    r->ops = *claim->ops;
    r->ops.read = claim->ops->read ? tapped_read : NULL;
    r->ops.write = claim->ops->write ? tapped_write : NULL;
    r->ops.read_block = claim->ops->read_block ? tapped_read_block : NULL;
    r->ops.write_block = claim->ops->write_block ? tapped_write_block : NULL;
    claim->ops = &r->ops;
    claim->state = r;
    claim->register_name = claim->register_name ? tapped_register_name : NULL;
    claim->bid = claim->bid ? tapped_bid : NULL;
}

/* ---- lines ---- */

static void tapped_line_changed(void *opaque, unsigned line, bool level)
{
    TappedLine *l = opaque;
    l->tap->class->irq(l->tap, line, level, l->to);
}

static bool tapped_line_pending(void *opaque, unsigned line)
{
    (void)line;
    TappedLine *l = opaque;
    return l->tap->class->pending(l->tap, l->to);
}

IrqLine *device_tap_line(DeviceTap *tap, IrqLine *to)
{
    TappedLine *l = new_slot(tap, sizeof(*l));
    *l = (TappedLine){tap, to};
    IrqLine *line = irq_line_new(tapped_line_changed, l, tap->lines->len);
    irq_line_set_pending(line, tapped_line_pending);
    g_ptr_array_add(tap->lines, line);
    return line;
}

void device_input(Device *dev, unsigned pin, bool level)
{
    TapEvent event = {.kind = TAP_INPUT, .address = pin, .value = level};
    device_tap_enter(device_tap(dev), &event);
    device_class(dev)->input(device_state(dev), pin, level);
    device_tap_leave(device_tap(dev), &event);
}

/* ---- timers ---- */

void device_fire(Device *dev, unsigned timer, uint64_t deadline)
{
    TapEvent event = {.kind = TAP_TIMER, .address = timer, .value = deadline};
    device_tap_enter(device_tap(dev), &event);
    device_class(dev)->timers[timer].fire(device_state(dev), deadline);
    device_tap_leave(device_tap(dev), &event);
}

static void tapped_timer_fired(void *opaque, uint64_t deadline)
{
    TappedTimer *t = opaque;
    device_fire(t->tap->dev, t->index, deadline);
}

Timer *device_tap_timer(DeviceTap *tap, Clock *clock, GMutex *lock, unsigned index)
{
    TappedTimer *t = new_slot(tap, sizeof(*t));
    *t = (TappedTimer){tap, index};
    return timer_new(clock, lock, tapped_timer_fired, t);
}

/* ---- what comes from the host ---- */

/* False: a replay has its own, and what the host sends is not for the device. */
static bool let_in(Device *dev, const TapEvent *event)
{
    bool in = device_tap_admits(device_tap(dev));
    if (in) {
        device_tap_enter(device_tap(dev), event);
    }
    return in;
}

/* ---- character lines ---- */

void device_receive(Device *dev, const uint8_t *data, size_t size)
{
    TapEvent event = {.kind = TAP_RECEIVE, .data = data, .count = size};
    if (let_in(dev, &event)) {
        device_class(dev)->char_client->receive(device_state(dev), data, size);
        device_tap_leave(device_tap(dev), &event);
    }
}

void device_receive_break(Device *dev)
{
    TapEvent event = {.kind = TAP_BREAK};
    if (let_in(dev, &event)) {
        device_class(dev)->char_client->receive_break(device_state(dev));
        device_tap_leave(device_tap(dev), &event);
    }
}

void device_lines_changed(Device *dev, unsigned lines)
{
    TapEvent event = {.kind = TAP_LINES, .value = lines};
    if (let_in(dev, &event)) {
        device_class(dev)->char_client->lines_changed(device_state(dev), lines);
        device_tap_leave(device_tap(dev), &event);
    }
}

void device_tx_room(Device *dev)
{
    TapEvent event = {.kind = TAP_TX_ROOM};
    if (let_in(dev, &event)) {
        device_class(dev)->char_client->tx_room(device_state(dev));
        device_tap_leave(device_tap(dev), &event);
    }
}

/* ---- drives ---- */

void device_block_done(Device *dev, const BlockResult *result)
{
    DeviceTap *tap = device_tap(dev);
    BlockResult r = *result;
    if (tap && tap->class->block_result) {
        tap->class->block_result(tap, &r);
    }
    TapEvent event = {.kind = TAP_BLOCK,
                      .address = r.tag,
                      .value = (uint64_t)r.number << 1 | r.ok,
                      .count = r.size,
                      .data = r.data};
    device_tap_enter(tap, &event);
    if (r.size) {
        memcpy(r.buffer, r.data, r.size);
    }
    device_class(dev)->block_client->done(device_state(dev), r.tag, r.ok);
    device_tap_leave(tap, &event);
}

/* ---- DMA ---- */

void device_dma_request(Device *dev, unsigned channel, bool level)
{
    TapEvent event = {.kind = TAP_DMA_REQUEST, .address = channel, .value = level};
    device_tap_enter(device_tap(dev), &event);
    device_class(dev)->dma_server->request(device_state(dev), channel, level);
    device_tap_leave(device_tap(dev), &event);
}

size_t device_dma(Device *dev, unsigned channel, const DmaTransfer *transfer)
{
    const DmaTransfer *t = transfer;
    TapEvent event = {.kind = TAP_DMA,
                      .address = (uint64_t)channel << 1 | (t->from != NULL),
                      .size = 1,
                      .count = t->size,
                      .data = t->from ? t->from : t->to};
    device_tap_enter(device_tap(dev), &event);
    size_t moved = device_class(dev)->dma_server->transfer(device_state(dev), channel, t->from,
                                                           t->to, t->size, t->ended);
    event.value = (uint64_t)moved << 1 | *t->ended;
    device_tap_leave(device_tap(dev), &event);
    return moved;
}

/* ---- keys and pointers ---- */

bool device_take_key(Device *dev, unsigned code, bool pressed)
{
    TapEvent event = {.kind = TAP_KEY, .address = code, .value = pressed};
    if (!let_in(dev, &event)) {
        return false;
    }
    event.count = device_class(dev)->input_client->key(device_state(dev), code, pressed);
    device_tap_leave(device_tap(dev), &event);
    return event.count;
}

bool device_take_pointer(Device *dev, uint64_t movement, unsigned buttons)
{
    TapEvent event = {.kind = TAP_POINTER, .address = movement, .value = buttons};
    int dx = (int32_t)(movement & UINT32_MAX), dy = (int32_t)(movement >> 32);
    if (!let_in(dev, &event)) {
        return false;
    }
    event.count = device_class(dev)->input_client->pointer(device_state(dev), dx, dy, buttons);
    device_tap_leave(device_tap(dev), &event);
    return event.count;
}
