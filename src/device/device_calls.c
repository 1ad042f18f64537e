#include "src/device/device_calls.h"

#include "src/base/likely.h"
#include "src/device/device_internal.h"
#include "src/device/pci_internal.h"

#include <string.h>

typedef struct WatchedRegion {
    IoOps ops;
    DeviceServices *services;
    BusClaim claim; /* the claim of the region without the services in between */
} WatchedRegion;

typedef struct WatchedTimer {
    Device *dev;
    unsigned index;
} WatchedTimer;

static void *new_slot(DeviceServices *services, size_t size)
{
    void *slot = g_malloc0(size);
    g_ptr_array_add(services->slots, slot);
    return slot;
}

static void enter(const Device *dev, const DeviceCall *call)
{
    DeviceServices *services = dev->services;
    if (unlikely(services->class->enter)) {
        services->class->enter(services, call);
    }
}

static void leave(const Device *dev, const DeviceCall *call)
{
    DeviceServices *services = dev->services;
    if (unlikely(services->class->leave)) {
        services->class->leave(services, call);
    }
}

/*
 * Returns false in a replay: the recorded input is used, and the device must
 * not get the host's.
 */
static bool let_in(Device *dev, const DeviceCall *call)
{
    const DeviceServices *services = dev->services;
    bool in = likely(!services->class->admits) || services->class->admits(services);
    if (in) {
        enter(dev, call);
    }
    return in;
}

/* ---- accesses ---- */

static DeviceCall access_call(const WatchedRegion *r, DeviceCallKind kind, uint64_t offset,
                              unsigned size)
{
    return (DeviceCall){
        .kind = kind, .space = r->claim.space, .address = r->claim.base + offset, .size = size};
}

static uint64_t watched_read(void *state, uint64_t offset, unsigned size)
{
    WatchedRegion *r = state;
    DeviceCall call = access_call(r, CALL_READ, offset, size);
    enter(r->services->dev, &call);
    call.value = r->claim.ops->read(r->claim.state, offset, size);
    call.value &= size == 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
    leave(r->services->dev, &call);
    return call.value;
}

static void watched_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    WatchedRegion *r = state;
    DeviceCall call = access_call(r, CALL_WRITE, offset, size);
    call.value = value;
    enter(r->services->dev, &call);
    r->claim.ops->write(r->claim.state, offset, value, size);
    leave(r->services->dev, &call);
}

static void watched_read_block(void *state, uint64_t offset, void *items, size_t count,
                               unsigned size)
{
    WatchedRegion *r = state;
    DeviceCall call = access_call(r, CALL_READ_BLOCK, offset, size);
    call.count = count;
    call.data = items;
    enter(r->services->dev, &call);
    r->claim.ops->read_block(r->claim.state, offset, items, count, size);
    leave(r->services->dev, &call);
}

static void watched_write_block(void *state, uint64_t offset, const void *items, size_t count,
                                unsigned size)
{
    WatchedRegion *r = state;
    DeviceCall call = access_call(r, CALL_WRITE_BLOCK, offset, size);
    call.count = count;
    call.data = items;
    enter(r->services->dev, &call);
    r->claim.ops->write_block(r->claim.state, offset, items, count, size);
    leave(r->services->dev, &call);
}

static bool watched_unfinished(const void *state)
{
    const WatchedRegion *r = state;
    return r->claim.ops->unfinished(r->claim.state);
}

static unsigned watched_go_on(void *state)
{
    WatchedRegion *r = state;
    DeviceCall call = access_call(r, CALL_GO_ON, 0, 1);
    enter(r->services->dev, &call);
    unsigned work = r->claim.ops->go_on(r->claim.state);
    call.value = work;
    leave(r->services->dev, &call);
    return work;
}

static const char *watched_register_name(const void *state, uint64_t offset, bool write)
{
    const WatchedRegion *r = state;
    return r->claim.register_name(r->claim.state, offset, write);
}

static int watched_arbitrate(const void *state, uint64_t offset, uint64_t value)
{
    const WatchedRegion *r = state;
    return r->claim.arbitrate(r->claim.state, offset, value);
}

/*
 * If the region has no operation for an access, none is added: the bus answers
 * such an access itself.
 */
void device_calls_claim(Device *dev, BusClaim *claim)
{
    if (!dev->services->class->enter) {
        return;
    }
    WatchedRegion *r = new_slot(dev->services, sizeof(*r));
    r->services = dev->services;
    r->claim = *claim;
    r->ops = *claim->ops;
    r->ops.read = claim->ops->read ? watched_read : NULL;
    r->ops.write = claim->ops->write ? watched_write : NULL;
    r->ops.read_block = claim->ops->read_block ? watched_read_block : NULL;
    r->ops.write_block = claim->ops->write_block ? watched_write_block : NULL;
    r->ops.unfinished = claim->ops->unfinished ? watched_unfinished : NULL;
    r->ops.go_on = claim->ops->go_on ? watched_go_on : NULL;
    claim->ops = &r->ops;
    claim->state = r;
    claim->register_name = claim->register_name ? watched_register_name : NULL;
    claim->arbitrate = claim->arbitrate ? watched_arbitrate : NULL;
}

/* The guest has moved a range of a PCI device to `base`. */
void device_calls_move(Device *dev, const BusClaim *claim, uint64_t base)
{
    if (dev->services->class->enter) {
        ((WatchedRegion *)claim->state)->claim.base = base;
    }
}

/* ---- life, pins, the acknowledge cycle ---- */

bool device_call_realize(Device *dev, char *message, size_t size)
{
    const DeviceCall call = {.kind = CALL_REALIZE};
    enter(dev, &call);
    bool ok = !dev->class->realize || dev->class->realize(dev->state, message, size);
    leave(dev, &call);
    return ok;
}

void device_call_reset(Device *dev)
{
    const DeviceCall call = {.kind = CALL_RESET};
    enter(dev, &call);
    if (dev->pci) {
        pci_function_reset(dev->pci);
    }
    if (dev->class->reset) {
        dev->class->reset(dev->state);
    }
    leave(dev, &call);
}

void device_call_set_pin(Device *dev, unsigned pin, bool level)
{
    const DeviceCall call = {.kind = CALL_SET_PIN, .address = pin, .value = level};
    enter(dev, &call);
    dev->class->set_pin(dev->state, pin, level);
    leave(dev, &call);
}

uint8_t device_call_acknowledge(Device *dev)
{
    DeviceCall call = {.kind = CALL_ACKNOWLEDGE};
    enter(dev, &call);
    call.value = dev->class->acknowledge(dev->state);
    leave(dev, &call);
    return (uint8_t)call.value;
}

/* ---- timers ---- */

void device_call_fire(Device *dev, unsigned timer, uint64_t deadline)
{
    const DeviceCall call = {.kind = CALL_TIMER, .address = timer, .value = deadline};
    enter(dev, &call);
    dev->class->timers[timer].fire(dev->state, deadline);
    leave(dev, &call);
}

static void watched_timer_fired(void *opaque, uint64_t deadline)
{
    WatchedTimer *t = opaque;
    device_call_fire(t->dev, t->index, deadline);
}

Timer *device_calls_timer(Device *dev, Clock *clock, GMutex *lock, unsigned index)
{
    if (!dev->services->class->enter) {
        return timer_new(clock, lock, dev->class->timers[index].fire, dev->state);
    }
    WatchedTimer *t = new_slot(dev->services, sizeof(*t));
    *t = (WatchedTimer){dev, index};
    return timer_new(clock, lock, watched_timer_fired, t);
}

/* ---- character lines ---- */

void device_call_receive(Device *dev, unsigned port, const uint8_t *data, size_t size)
{
    const DeviceCall call = {.kind = CALL_RECEIVE, .address = port, .data = data, .count = size};
    if (let_in(dev, &call)) {
        dev->class->char_client->receive(dev->state, port, data, size);
        leave(dev, &call);
    }
}

void device_call_receive_break(Device *dev, unsigned port)
{
    const DeviceCall call = {.kind = CALL_BREAK, .address = port};
    if (let_in(dev, &call)) {
        dev->class->char_client->receive_break(dev->state, port);
        leave(dev, &call);
    }
}

void device_call_lines_changed(Device *dev, unsigned port, unsigned lines)
{
    const DeviceCall call = {.kind = CALL_LINES, .address = port, .value = lines};
    if (let_in(dev, &call)) {
        dev->class->char_client->lines_changed(dev->state, port, lines);
        leave(dev, &call);
    }
}

void device_call_tx_room(Device *dev, unsigned port)
{
    const DeviceCall call = {.kind = CALL_TX_ROOM, .address = port};
    if (let_in(dev, &call)) {
        dev->class->char_client->tx_room(dev->state, port);
        leave(dev, &call);
    }
}

/* ---- drives ---- */

/* Without guest memory, as in a recording that is replayed alone, there is nothing to fill. */
static bool hand_over(Device *dev, const BlockResult *r)
{
    if (r->size && r->buffer) {
        memcpy(r->buffer, r->data, r->size);
    } else if (r->size && dev->host->memory) {
        return block_spans_write(dev, r->spans, r->span_count, r->data);
    }
    return r->ok;
}

void device_call_block_done(Device *dev, const BlockResult *result)
{
    DeviceServices *services = dev->services;
    BlockResult r = *result;
    if (services->class->block_result) {
        services->class->block_result(services, &r);
    }
    const DeviceCall call = {.kind = CALL_BLOCK,
                             .address = r.tag,
                             .value = (uint64_t)r.port << 1 | r.ok,
                             .count = r.size,
                             .data = r.data};
    enter(dev, &call);
    r.ok = hand_over(dev, &r);
    dev->class->block_client->done(dev->state, r.port, r.tag, r.ok);
    leave(dev, &call);
}

bool device_call_medium(Device *dev, unsigned port, const BlockMedium *medium)
{
    const DeviceCall call = {.kind = CALL_MEDIUM,
                             .address = (uint64_t)port << 1 | medium->read_only,
                             .value = medium->sectors};
    if (!let_in(dev, &call)) {
        return false;
    }
    ((BlockPortEnd *)device_block_port(dev, port))->medium = *medium;
    dev->class->block_client->medium_changed(dev->state, port);
    leave(dev, &call);
    return true;
}

bool device_call_eject(Device *dev, unsigned port)
{
    const BlockClient *client = dev->class->block_client;
    DeviceCall call = {.kind = CALL_EJECT, .address = port};
    if (!let_in(dev, &call)) {
        return false;
    }
    call.count = !client->eject_asked || client->eject_asked(dev->state, port);
    leave(dev, &call);
    return call.count;
}

/* ---- networks ---- */

void device_call_net_receive(Device *dev, unsigned port, const uint8_t *frame, size_t size)
{
    const DeviceCall call = {
        .kind = CALL_NET_RECEIVE, .address = port, .data = frame, .count = size};
    if (let_in(dev, &call)) {
        dev->class->net_client->receive(dev->state, port, frame, size);
        leave(dev, &call);
    }
}

void device_call_net_room(Device *dev, unsigned port)
{
    const DeviceCall call = {.kind = CALL_NET_ROOM, .address = port};
    if (let_in(dev, &call)) {
        dev->class->net_client->tx_room(dev->state, port);
        leave(dev, &call);
    }
}

void device_call_net_link(Device *dev, unsigned port, bool up)
{
    const NetClient *client = dev->class->net_client;
    const DeviceCall call = {.kind = CALL_NET_LINK, .address = port, .value = up};
    if (let_in(dev, &call)) {
        ((NetPortEnd *)device_net_port(dev, port))->link_up = up;
        if (client && client->link_changed) {
            client->link_changed(dev->state, port);
        }
        leave(dev, &call);
    }
}

/* ---- DMA ---- */

void device_call_dma_request(Device *dev, unsigned channel, bool level)
{
    const DeviceCall call = {.kind = CALL_DMA_REQUEST, .address = channel, .value = level};
    enter(dev, &call);
    dev->class->dma_server->request(dev->state, channel, level);
    leave(dev, &call);
}

size_t device_call_dma(Device *dev, unsigned channel, const DmaTransfer *transfer)
{
    const DmaTransfer *t = transfer;
    DeviceCall call = {.kind = CALL_DMA,
                       .address = (uint64_t)channel << 1 | (t->from != NULL),
                       .size = 1,
                       .count = t->size,
                       .data = t->from ? t->from : t->to};
    enter(dev, &call);
    size_t moved =
        dev->class->dma_server->transfer(dev->state, channel, t->from, t->to, t->size, t->ended);
    call.value = (uint64_t)moved << 1 | *t->ended;
    leave(dev, &call);
    return moved;
}

/* ---- keys and pointers ---- */

bool device_call_key(Device *dev, unsigned code, bool pressed)
{
    DeviceCall call = {.kind = CALL_KEY, .address = code, .value = pressed};
    if (!let_in(dev, &call)) {
        return false;
    }
    call.count = dev->class->input_client->key(dev->state, code, pressed);
    leave(dev, &call);
    return call.count;
}

bool device_call_pointer(Device *dev, uint64_t movement, unsigned buttons)
{
    DeviceCall call = {.kind = CALL_POINTER, .address = movement, .value = buttons};
    int dx = (int32_t)(movement & UINT32_MAX), dy = (int32_t)(movement >> 32);
    if (!let_in(dev, &call)) {
        return false;
    }
    call.count = dev->class->input_client->pointer(dev->state, dx, dy, buttons);
    leave(dev, &call);
    return call.count;
}

/* ---- configuration space ---- */

void device_call_pci_write(Device *dev, unsigned offset, uint32_t value, unsigned size)
{
    const DeviceCall call = {
        .kind = CALL_PCI_WRITE, .address = (uint64_t)offset << 3 | size, .value = value};
    enter(dev, &call);
    pci_function_write(dev->pci, offset, value, size);
    leave(dev, &call);
}
