#include "src/record/replay_live.h"

#include "src/char/char.h"
#include "src/dma.h"
#include "src/irq.h"

#include <inttypes.h>

/* ---- the calls ---- */

static bool same_access(const TapEvent *a, const TapEvent *b)
{
    bool written = a->kind == TAP_WRITE_BLOCK &&
                   (a->count != b->count || memcmp(a->data, b->data, a->count * a->size) != 0);
    return a->address == b->address && a->size == b->size && a->space == b->space && !written &&
           (a->kind != TAP_WRITE || a->value == b->value) &&
           (a->kind != TAP_READ_BLOCK || a->count == b->count);
}

static bool same_call(const TapEvent *a, const TapEvent *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case TAP_READ:
    case TAP_WRITE:
    case TAP_READ_BLOCK:
    case TAP_WRITE_BLOCK:
        return same_access(a, b);
    case TAP_DMA:
        return a->address == b->address && a->count == b->count &&
               (!(a->address & 1) || memcmp(a->data, b->data, a->count) == 0);
    case TAP_TIMER:
    case TAP_INPUT:
    case TAP_DMA_REQUEST:
        return a->address == b->address && a->value == b->value;
    case TAP_BLOCK:
        return a->address == b->address && a->value == b->value && a->count == b->count;
    default:
        return true;
    }
}

static void compare_call(const ReplayDevice *device, const TapEvent *event)
{
    const Replay *replay = device->replay;
    uint64_t now = clock_now(replay->clock);
    if (!same_call(&device->event, event)) {
        g_autofree char *got = replay_describe(device, event);
        replay_differs(device, "of 0x%" PRIx64 " was expected, got %s of 0x%" PRIx64,
                       device->event.value, got, event->value);
    } else if (device->now != now) {
        replay_differs(
            device, "expected at %" PRIu64 ".%09" PRIu64 " s, got at %" PRIu64 ".%09" PRIu64 " s",
            device->now / NS_PER_SECOND, device->now % NS_PER_SECOND, now / NS_PER_SECOND,
            now % NS_PER_SECOND);
    }
}

/* It came in the middle of another call, as an answer to what the device did. */
static void enter_nested(ReplayDevice *device, const TapEvent *event)
{
    ReplayItem item;
    if (event->kind == TAP_RECEIVE || replay_stopped(device->replay)) {
        return;
    }
    if (device->item.kind == ITEM_CALL) {
        TapEvent expected = replay_nested_event(device);
        if (!same_call(&expected, event)) {
            replay_differs(device, "expected another call meanwhile");
        }
    }
    replay_take_item(device, ITEM_CALL, &item);
}

static void live_enter(DeviceTap *tap, const TapEvent *event)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    Replay *replay = device->replay;
    if (device->depth++) {
        enter_nested(device, event);
        return;
    }
    if (replay_stopped(replay)) {
        return;
    }
    ReplayRecord *record = device->waiting ? NULL : replay_find(replay, device->stream);
    if (record) {
        replay_take(replay, record);
    }
    if (!device->waiting) {
        g_autofree char *got = replay_describe(device, event);
        replay_differs_at(replay, "expected nothing of the kind, got %s", got);
    } else {
        compare_call(device, event);
    }
    device->waiting = false;
}

static void live_leave(DeviceTap *tap, const TapEvent *event)
{
    replay_leave((ReplayDevice *)tap, event);
}

static uint64_t live_now(DeviceTap *tap)
{
    return clock_now(((ReplayDevice *)tap)->replay->clock);
}

/* What the host has to say comes from the recording. */
static bool live_admits(const DeviceTap *tap)
{
    const ReplayDevice *device = (const ReplayDevice *)tap;
    return device->injecting || device->receiving;
}

/* ---- what the device does ---- */

static void live_irq(DeviceTap *tap, unsigned line, bool level, IrqLine *to)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    if (replay_take_item(device, ITEM_IRQ, &item)) {
        replay_check_irq(device, &item, line, level);
    }
    irq_set(to, level);
}

static bool live_pending(DeviceTap *tap, const IrqLine *to)
{
    ReplayItem item;
    bool pending = irq_pending(to);
    if (replay_take_item((ReplayDevice *)tap, ITEM_PENDING, &item) && item.number != pending) {
        replay_differs((ReplayDevice *)tap, "its interrupt %s",
                       pending ? "still waits, and did not" : "waits no more, and did");
    }
    return pending;
}

bool replay_flush_output(ReplayDevice *device)
{
    GByteArray *backlog = device->backlog;
    if (!backlog || !backlog->len) {
        return false;
    }
    size_t taken = char_port_pass_write(device->port, backlog->data, backlog->len);
    g_byte_array_remove_range(backlog, 0, (guint)taken);
    return true;
}

/* The line took as much as it took then: here the rest of that waits. */
static void pass_output(ReplayDevice *device, CharPort *port, const uint8_t *data, size_t size)
{
    replay_flush_output(device);
    size_t taken = 0;
    if (!device->backlog || !device->backlog->len) {
        taken = char_port_pass_write(port, data, size);
    }
    if (taken < size) {
        device->port = port;
        device->backlog = device->backlog ?: g_byte_array_new();
        g_byte_array_append(device->backlog, data + taken, (guint)(size - taken));
    }
}

static size_t live_output(DeviceTap *tap, CharPort *port, const uint8_t *data, size_t size)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    size_t taken = size;
    if (replay_take_item(device, ITEM_OUTPUT, &item)) {
        replay_check_output(device, &item, data, size);
        taken = MIN(size, item.number);
    }
    pass_output(device, port, data, taken);
    return taken;
}

static unsigned live_lines(DeviceTap *tap, const CharPort *port)
{
    ReplayItem item;
    return replay_take_item((ReplayDevice *)tap, ITEM_LINES, &item) ? (unsigned)item.number
                                                                    : char_port_pass_lines(port);
}

/* What somebody types here is taken from the line, and goes nowhere. */
static void live_rx_ready(DeviceTap *tap, CharPort *port)
{
    replay_feed((ReplayDevice *)tap);
    char_port_pass_rx_ready(port);
}

static bool live_memory_read(DeviceTap *tap, uint64_t address, void *data, size_t size)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    bool ok = device_memory_pass_read(tap->dev, address, data, size);
    if (!replay_take_item(device, ITEM_MEMORY, &item)) {
        return ok;
    }
    if (item.number != ok || (ok && replay_check_memory(device, &item, address, size) &&
                              memcmp(item.data, data, size) != 0)) {
        replay_differs(device, "other bytes in memory at 0x%" PRIx64, address);
    }
    return ok;
}

static bool live_memory_write(DeviceTap *tap, uint64_t address, const void *data, size_t size)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    bool ok = device_memory_pass_write(tap->dev, address, data, size);
    if (replay_take_item(device, ITEM_STORE, &item) && ok) {
        replay_check_store(device, &item, address, data, size);
    }
    return ok;
}

static void live_bus_write(DeviceTap *tap, uint64_t address, uint64_t value, unsigned size)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    if (replay_take_item(device, ITEM_BUS_WRITE, &item)) {
        replay_check_bus_write(device, &item, address, value, size);
    }
    device_bus_pass_write(tap->dev, address, value, size);
}

static void live_request(DeviceTap *tap, DeviceRequest request, int status)
{
    ReplayItem item;
    if (replay_take_item((ReplayDevice *)tap, ITEM_REQUEST, &item)) {
        replay_check_request((ReplayDevice *)tap, &item, request, status);
    }
}

/* The drive has no file, but it takes its time. */
static void live_block(DeviceTap *tap, BlockPort *port, const BlockRequest *request)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    if (replay_take_item(device, ITEM_BLOCK, &item)) {
        replay_check_block(device, &item, block_port_number(port), request);
    }
    block_port_pass(port, request);
}

/* The recording has what the drive did. */
static void live_block_result(DeviceTap *tap, BlockResult *result)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    Replay *replay = device->replay;
    ReplayRecord *record = replay_stopped(replay) ? NULL : replay_find(replay, device->stream);
    if (!record) {
        return;
    }
    const TapEvent *e = &record->event;
    if (e->kind == TAP_BLOCK && (!e->count || e->count == result->size)) {
        result->ok = e->value & 1;
        result->data = e->data;
        result->size = e->count;
    }
    g_queue_push_head(&device->stream->waiting, record);
}

static void live_dma_request(DeviceTap *tap, DmaLine *line, bool level)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    if (replay_take_item(device, ITEM_DREQ, &item)) {
        replay_check_level(device, &item, level);
    }
    dma_pass_request(line, level);
}

static size_t live_dma(DeviceTap *tap, DmaLine *line, const DmaTransfer *transfer)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    size_t moved = dma_pass(line, transfer);
    if (replay_take_item(device, ITEM_DMA, &item) && replay_check_dma(device, &item, transfer) &&
        item.second != ((uint64_t)moved << 1 | *transfer->ended)) {
        replay_differs(device, "DMA: expected %" PRIu64 " bytes to be moved, got %zu",
                       item.second >> 1, moved);
    }
    return moved;
}

static const TapClass LIVE_TAP = {
    .enter = live_enter,
    .leave = live_leave,
    .now = live_now,
    .irq = live_irq,
    .pending = live_pending,
    .output = live_output,
    .lines = live_lines,
    .rx_ready = live_rx_ready,
    .memory_read = live_memory_read,
    .memory_write = live_memory_write,
    .bus_write = live_bus_write,
    .request = live_request,
    .block = live_block,
    .dma_request = live_dma_request,
    .dma = live_dma,
    .block_result = live_block_result,
    .admits = live_admits,
};

DeviceTap *replay_make_live_tap(TapSource *source, Device *dev, const DeviceHost *host)
{
    Replay *replay = (Replay *)source;
    ReplayStream *stream = replay_find_stream(replay, device_id(dev));
    (void)host;
    bool known = stream && !strcmp(stream->class_name, device_class(dev)->name);
    return known ? &replay_add_device(replay, dev, stream, &LIVE_TAP)->tap : NULL;
}

void replay_inject(ReplayDevice *device)
{
    device->injecting = true;
    replay_bring_input(device);
    device->injecting = false;
    if (device->waiting) {
        replay_damaged(device->replay, "input for a device that takes none");
    }
}
