/*
 * What a device does and answers, compared with the recording.
 */
#include "src/record/replay_check.h"

#include <inttypes.h>

/* ---- what is noted ---- */

static const char *register_name(const Bus *bus, const TapEvent *e, bool write)
{
    const BusClaim *claim = bus ? bus_find(bus, e->space, e->address) : NULL;
    return claim && claim->register_name
               ? claim->register_name(claim->state, e->address - claim->base, write)
               : NULL;
}

static char *describe_access(const ReplayDevice *device, const TapEvent *e)
{
    bool write = e->kind == TAP_WRITE || e->kind == TAP_WRITE_BLOCK;
    const char *name = register_name(device->replay->bus, e, write);
    return g_strdup_printf("%s %s%s%s (%s 0x%" PRIx64 ")", device->stream->id,
                           write ? "write" : "read", name ? " " : "", name ? name : "",
                           e->space == IO_PORTS ? "port" : "address", e->address);
}

char *replay_describe(const ReplayDevice *device, const TapEvent *e)
{
    static const char *const NAMES[TAP_KINDS] = {
        [TAP_REALIZE] = "power-on",
        [TAP_RESET] = "reset",
        [TAP_ACKNOWLEDGE] = "acknowledge",
        [TAP_RECEIVE] = "input",
        [TAP_BREAK] = "break",
        [TAP_LINES] = "modem lines",
        [TAP_TX_ROOM] = "line has room",
        [TAP_KEY] = "key",
        [TAP_POINTER] = "pointer",
        [TAP_BLOCK] = "drive is done",
        [TAP_DMA_REQUEST] = "DMA request",
        [TAP_DMA] = "DMA transfer",
    };
    const char *id = device->stream->id;
    if (e->kind >= TAP_READ && e->kind <= TAP_WRITE_BLOCK) {
        return describe_access(device, e);
    }
    if (e->kind == TAP_TIMER) {
        return g_strdup_printf("%s timer '%s'", id,
                               device_class(device->tap.dev)->timers[e->address].name);
    }
    if (e->kind == TAP_INPUT) {
        return g_strdup_printf("%s input pin %" PRIu64, id, e->address);
    }
    return g_strdup_printf("%s %s", id, NAMES[e->kind]);
}

void replay_differs_at(Replay *replay, const char *format, ...)
{
    if (replay_stopped(replay)) {
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    replay->difference = g_strdup_printf("at %" PRIu64 ".%09" PRIu64 " s, record %" PRIu64 ": %s",
                                         replay->time / NS_PER_SECOND, replay->time % NS_PER_SECOND,
                                         replay->records + 1, what);
    if (replay->stopped) {
        replay->stopped(replay);
    }
}

void replay_differs(const ReplayDevice *device, const char *format, ...)
{
    if (replay_stopped(device->replay)) {
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *call = replay_describe(device, &device->event);
    replay_differs_at(device->replay, "%s: %s", call, what);
}

static void check_dma_answer(const ReplayDevice *device, const TapEvent *event)
{
    const TapEvent *recorded = &device->event;
    bool to_memory = event->address & 1;
    if (event->value != recorded->value) {
        replay_differs(device, "expected %" PRIu64 " bytes%s, got %" PRIu64 "%s",
                       recorded->value >> 1, recorded->value & 1 ? " and the end" : "",
                       event->value >> 1, event->value & 1 ? " and the end" : "");
    } else if (!to_memory && memcmp(event->data, recorded->data, event->value >> 1) != 0) {
        replay_differs(device, "other bytes than were expected");
    }
}

static void check_answer(const ReplayDevice *device, const TapEvent *event)
{
    const TapEvent *recorded = &device->event;
    int digits = (int)event->size * 2;
    switch (event->kind) {
    case TAP_READ:
        if (event->value != recorded->value) {
            replay_differs(device, "expected 0x%0*" PRIx64 ", got 0x%0*" PRIx64, digits,
                           recorded->value, digits, event->value);
        }
        break;
    case TAP_ACKNOWLEDGE:
        if (event->value != recorded->value) {
            replay_differs(device, "expected vector 0x%02" PRIx64 ", got 0x%02" PRIx64,
                           recorded->value, event->value);
        }
        break;
    case TAP_READ_BLOCK:
        if (memcmp(event->data, recorded->data, event->count * event->size) != 0) {
            replay_differs(device, "other items than the %zu that were expected", event->count);
        }
        break;
    case TAP_DMA:
        check_dma_answer(device, event);
        break;
    case TAP_KEY:
    case TAP_POINTER:
        if (event->count != recorded->count) {
            replay_differs(device, "expected that it is %s, and it is %s",
                           recorded->count ? "taken" : "refused",
                           event->count ? "taken" : "refused");
        }
        break;
    default:
        break;
    }
}

static const char *const ITEM_NAMES[ITEM_KINDS] = {
    [ITEM_END] = "nothing",
    [ITEM_IRQ] = "a change of an interrupt line",
    [ITEM_PENDING] = "a question about the interrupt",
    [ITEM_OUTPUT] = "output",
    [ITEM_RECEIVE] = "input to be taken",
    [ITEM_LINES] = "a look at the modem lines",
    [ITEM_REQUEST] = "a request to the machine",
    [ITEM_MEMORY] = "a read of memory",
    [ITEM_STORE] = "a write of memory",
    [ITEM_BUS_WRITE] = "a write to the bus",
    [ITEM_CALL] = "a call",
    [ITEM_RETURN] = "the end of a call",
    [ITEM_BLOCK] = "a request to a drive",
    [ITEM_ASK] = "a question for input",
    [ITEM_DREQ] = "a DMA request",
    [ITEM_DMA] = "a DMA transfer",
};

bool replay_take_item(ReplayDevice *device, RecordItem kind, ReplayItem *item)
{
    *item = device->item;
    if (replay_stopped(device->replay) || !device->depth) {
        return false;
    }
    if (item->kind != kind) {
        replay_differs(device, "expected %s, got %s", ITEM_NAMES[item->kind], ITEM_NAMES[kind]);
        return false;
    }
    replay_read_item(device);
    return true;
}

static void leave_nested(ReplayDevice *device, const TapEvent *event)
{
    ReplayItem item;
    if (event->kind != TAP_RECEIVE && replay_take_item(device, ITEM_RETURN, &item) &&
        item.number != event->value) {
        replay_differs(device,
                       "a call meanwhile: expected the answer 0x%" PRIx64 ", got 0x%" PRIx64,
                       item.number, event->value);
    }
}

void replay_leave(ReplayDevice *device, const TapEvent *event)
{
    Replay *replay = device->replay;
    if (--device->depth) {
        leave_nested(device, event);
        return;
    }
    if (!replay_stopped(replay)) {
        check_answer(device, event);
        if (device->item.kind != ITEM_END) {
            replay_differs(device, "expected %s, got nothing", ITEM_NAMES[device->item.kind]);
        }
    }
    replay->records++;
}

/* ---- what the device does ---- */

void replay_check_irq(ReplayDevice *device, const ReplayItem *item, unsigned line, bool level)
{
    if (item->number != ((uint64_t)line << 1 | level)) {
        replay_differs(device, "interrupt line %" PRIu64 ": expected %s, got line %u %s",
                       item->number >> 1, item->number & 1 ? "high" : "low", line,
                       level ? "high" : "low");
    }
}

void replay_check_output(const ReplayDevice *device, const ReplayItem *item, const uint8_t *data,
                         size_t size)
{
    if (item->second > UINT64_MAX - item->number || item->number + item->second != size) {
        replay_differs(device, "output: expected %" PRIu64 " bytes, got %zu",
                       item->number + item->second, size);
        return;
    }
    for (size_t i = 0; i < item->number; i++) {
        if (item->data[i] != data[i]) {
            replay_differs(device, "output: expected 0x%02x, got 0x%02x", item->data[i], data[i]);
            return;
        }
    }
}

bool replay_check_memory(const ReplayDevice *device, const ReplayItem *item, uint64_t address,
                         size_t size)
{
    if (item->second != size) {
        replay_differs(device, "memory at 0x%" PRIx64 ": expected %" PRIu64 " bytes, got %zu",
                       address, item->second, size);
    }
    return item->second == size;
}

void replay_check_store(const ReplayDevice *device, const ReplayItem *item, uint64_t address,
                        const void *data, size_t size)
{
    if (item->third != address || item->second != size) {
        replay_differs(
            device, "expected %" PRIu64 " bytes to memory at 0x%" PRIx64 ", got %zu to 0x%" PRIx64,
            item->second, item->third, size, address);
    } else if (memcmp(item->data, data, size) != 0) {
        replay_differs(device, "other bytes to memory at 0x%" PRIx64, address);
    }
}

void replay_check_bus_write(const ReplayDevice *device, const ReplayItem *item, uint64_t address,
                            uint64_t value, unsigned size)
{
    if (item->number != size || item->second != address || item->third != value) {
        replay_differs(
            device, "bus: expected 0x%" PRIx64 " to 0x%" PRIx64 ", got 0x%" PRIx64 " to 0x%" PRIx64,
            item->third, item->second, value, address);
    }
}

void replay_check_request(const ReplayDevice *device, const ReplayItem *item, DeviceRequest request,
                          int status)
{
    if (item->number != (uint64_t)request || item->second != (unsigned)status) {
        replay_differs(device,
                       "request: expected %" PRIu64 " with status %" PRIu64 ", got %d with %d",
                       item->number, item->second, (int)request, status);
    }
}

void replay_check_block(const ReplayDevice *device, const ReplayItem *item, unsigned drive,
                        const BlockRequest *request)
{
    static const char *const VERBS[] = {"read", "write", "flush", "cancel"};
    uint64_t kind = (uint64_t)drive << 2 | request->kind;
    if (item->number != kind || item->second != request->lba || item->third != request->count ||
        item->tag != request->tag) {
        replay_differs(device,
                       "drive: expected %s of %" PRIu64 " sectors at %" PRIu64
                       ", got %s of %u at %" PRIu64,
                       VERBS[item->number & 3], item->third, item->second, VERBS[request->kind],
                       request->count, request->lba);
    } else if (request->kind == BLOCK_WRITE &&
               item->sum != record_sum(request->data, (size_t)request->count * BLOCK_SECTOR_SIZE)) {
        replay_differs(device, "drive: other data to sector %" PRIu64, request->lba);
    }
}

bool replay_check_dma(const ReplayDevice *device, const ReplayItem *item,
                      const DmaTransfer *transfer)
{
    uint64_t what = (uint64_t)transfer->size << 1 | (transfer->from != NULL);
    if (item->number != what) {
        replay_differs(device, "DMA: expected %" PRIu64 " bytes %s memory, got %zu %s",
                       item->number >> 1, item->number & 1 ? "to" : "from", transfer->size,
                       transfer->from ? "to" : "from");
    } else if (transfer->from && item->sum != record_sum(transfer->from, transfer->size)) {
        replay_differs(device, "DMA: other bytes to memory");
    }
    return item->number == what;
}

void replay_check_level(const ReplayDevice *device, const ReplayItem *item, bool level)
{
    if (item->number != level) {
        replay_differs(device, "DMA request: expected %s, got %s", item->number ? "high" : "low",
                       level ? "high" : "low");
    }
}

/* ---- input ---- */

bool replay_has_room(ReplayDevice *device, uint64_t size)
{
    const CharClient *client = device_class(device->tap.dev)->char_client;
    if (!client || !client->receive || !size) {
        replay_damaged(device->replay, "input for a device that takes none");
        return false;
    }
    size_t room = client->rx_room ? client->rx_room(device_state(device->tap.dev)) : SIZE_MAX;
    if (room < size) {
        replay_differs(device, "expected room for %" PRIu64 " bytes of input, got %zu", size, room);
    }
    return room >= size;
}

void replay_feed(ReplayDevice *device)
{
    if (device->receiving || !device->depth) {
        return;
    }
    device->asks++;
    if (device->item.kind == ITEM_ASK && device->item.number == device->asks) {
        replay_read_item(device);
    }
    device->receiving = true;
    while (device->item.kind == ITEM_RECEIVE && !replay_stopped(device->replay)) {
        ReplayItem item = device->item;
        if (replay_has_room(device, item.number)) {
            replay_read_item(device);
            device_receive(device->tap.dev, item.data, item.number);
        }
    }
    device->receiving = false;
}

static void bring_block(ReplayDevice *device)
{
    BlockResult result;
    if (replay_take_asked(device, &result)) {
        device_block_done(device->tap.dev, &result);
    }
}

void replay_bring_input(ReplayDevice *device)
{
    Device *dev = device->tap.dev;
    const TapEvent *e = &device->event;
    const InputClient *input = device_class(dev)->input_client;
    const CharClient *client = device_class(dev)->char_client;
    if (e->kind == TAP_KEY && input && input->key) {
        device_take_key(dev, (unsigned)e->address, e->value);
    } else if (e->kind == TAP_POINTER && input && input->pointer) {
        device_take_pointer(dev, e->address, (unsigned)e->value);
    } else if (e->kind == TAP_BLOCK && device_class(dev)->block_client) {
        bring_block(device);
    } else if (e->kind == TAP_RECEIVE && replay_has_room(device, e->count)) {
        device_receive(dev, e->data, e->count);
    } else if (e->kind == TAP_BREAK && client && client->receive_break) {
        device_receive_break(dev);
    } else if (e->kind == TAP_LINES && client && client->lines_changed) {
        device_lines_changed(dev, (unsigned)e->value);
    } else if (e->kind == TAP_TX_ROOM && client && client->tx_room) {
        device_tx_room(dev);
    }
}
