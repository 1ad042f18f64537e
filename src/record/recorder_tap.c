/*
 * What is written down of a device: every call into it, and what it does and
 * asks meanwhile.
 */
#include "src/record/recorder_internal.h"

#include "src/char/char.h"
#include "src/dma.h"
#include "src/irq.h"

#include <string.h>

typedef struct Tap {
    DeviceTap tap;
    Recorder *recorder;
    const Clock *clock; /* the device's */
    unsigned number;
    /* All below belong to the device's lock. */
    unsigned depth; /* of calls into the device */
    uint64_t now;   /* when the outermost one began */
    uint64_t last;  /* when the one before it did */
    unsigned asks;  /* for input, so far in the outermost one */
    unsigned told;  /* the last of those that an ITEM_ASK is of */
    bool asking;    /* right now */
    GByteArray *record, *items;
} Tap;

/* ---- records ---- */

static void put_access(GByteArray *out, const TapEvent *event)
{
    record_put(out, event->address);
    switch (event->kind) {
    case TAP_READ:
    case TAP_WRITE:
        record_put(out, event->value);
        break;
    default:
        record_put(out, event->count);
        g_byte_array_append(out, event->data, (guint)(event->count * event->size));
    }
}

static void put_input(GByteArray *out, const TapEvent *event)
{
    switch (event->kind) {
    case TAP_KEY:
        record_put(out, event->address << 1 | event->value);
        break;
    case TAP_POINTER:
        record_put(out, event->address);
        record_put(out, event->value);
        break;
    default:
        record_put(out, event->value);
        return;
    }
    record_put_byte(out, event->count != 0);
}

/* What was offered to the memory, or what came from there. */
static void put_dma(GByteArray *out, const TapEvent *event)
{
    size_t size = event->address & 1 ? event->count : event->value >> 1;
    record_put(out, event->address);
    record_put(out, event->value);
    record_put(out, event->count);
    g_byte_array_append(out, event->data, (guint)size);
}

static void put_event(GByteArray *out, const TapEvent *event, uint64_t now)
{
    switch (event->kind) {
    case TAP_READ:
    case TAP_WRITE:
    case TAP_READ_BLOCK:
    case TAP_WRITE_BLOCK:
        put_access(out, event);
        break;
    case TAP_TIMER:
        record_put(out, event->address);
        record_put(out, now - event->value);
        break;
    case TAP_INPUT:
        record_put(out, event->address << 1 | event->value);
        break;
    case TAP_DMA_REQUEST:
        record_put(out, event->address << 1 | event->value);
        break;
    case TAP_DMA:
        put_dma(out, event);
        break;
    case TAP_BLOCK:
        record_put(out, event->address);
        record_put(out, event->value);
        G_GNUC_FALLTHROUGH;
    case TAP_RECEIVE:
        record_put(out, event->count);
        g_byte_array_append(out, event->data, (guint)event->count);
        break;
    case TAP_ACKNOWLEDGE:
    case TAP_LINES:
    case TAP_KEY:
    case TAP_POINTER:
        put_input(out, event);
        break;
    default:
        break;
    }
}

static unsigned first_byte(const TapEvent *event, bool items)
{
    return record_first_byte(RECORD_CALL + event->kind, event->size, event->space == IO_MEMORY,
                             items);
}

/* Most records are an access and nothing else: those are put together at once. */
static void commit(Tap *t, const TapEvent *event)
{
    Recorder *recorder = t->recorder;
    bool single = event->kind == TAP_READ || event->kind == TAP_WRITE;
    uint8_t head[1 + 4 * RECORD_NUMBER_MAX], *end = head;
    *end++ = (uint8_t)first_byte(event, t->items->len);
    end = record_write(end, t->number);
    end = record_write(end, t->now - t->last);
    if (single) {
        end = record_write(end, event->address);
        end = record_write(end, event->value);
    } else {
        g_byte_array_set_size(t->record, 0);
        put_event(t->record, event, t->now);
    }
    if (t->items->len) {
        record_put_byte(t->items, ITEM_END);
    }
    t->last = t->now;
    g_mutex_lock(&recorder->lock);
    recorder_append(recorder, head, (size_t)(end - head));
    if (!single) {
        recorder_append(recorder, t->record->data, t->record->len);
    }
    recorder_append(recorder, t->items->data, t->items->len);
    g_mutex_unlock(&recorder->lock);
}

/* ---- the tap ---- */

/* A block of items may make the device ask several times, with other room each time. */
static void note_receive(Tap *t, const TapEvent *event)
{
    if (t->asks > 1 && t->told != t->asks) {
        t->told = t->asks;
        record_put_item(t->items, ITEM_ASK, t->asks);
    }
    record_put_item(t->items, ITEM_RECEIVE, event->count);
    g_byte_array_append(t->items, event->data, (guint)event->count);
}

/*
 * A call that comes while the device is being called: input that it asked
 * for, or an answer to what it did outside.
 */
static void note_nested(Tap *t, const TapEvent *event)
{
    if (event->kind == TAP_RECEIVE) {
        note_receive(t, event);
    } else {
        record_put_item(t->items, ITEM_CALL, event->kind);
        record_put_byte(t->items, first_byte(event, false));
        put_event(t->items, event, t->now);
    }
}

/* Everything else comes of what the machine itself does. */
static bool is_from_host(TapKind kind)
{
    return kind == TAP_RECEIVE || kind == TAP_BREAK || kind == TAP_LINES || kind == TAP_TX_ROOM ||
           kind == TAP_KEY || kind == TAP_POINTER;
}

static void tap_enter(DeviceTap *tap, const TapEvent *event)
{
    Tap *t = (Tap *)tap;
    if (t->depth++ == 0) {
        if (is_from_host(event->kind)) {
            recorder_host(t->recorder, HOST_CALL, t->number);
        }
        t->now = clock_now(t->clock);
        t->asks = t->told = 0;
        if (t->items->len) {
            g_byte_array_set_size(t->items, 0);
        }
        return;
    }
    note_nested(t, event);
}

static void tap_leave(DeviceTap *tap, const TapEvent *event)
{
    Tap *t = (Tap *)tap;
    if (--t->depth == 0) {
        commit(t, event);
    } else if (event->kind != TAP_RECEIVE) {
        record_put_item(t->items, ITEM_RETURN, event->value);
    }
}

/* Time stands still during a call: a replay has one time for it. */
static uint64_t tap_now(DeviceTap *tap)
{
    const Tap *t = (const Tap *)tap;
    return t->depth ? t->now : clock_now(t->clock);
}

static void tap_irq(DeviceTap *tap, unsigned line, bool level, IrqLine *to)
{
    record_put_item(((Tap *)tap)->items, ITEM_IRQ, (uint64_t)line << 1 | level);
    irq_set(to, level);
}

static bool tap_pending(DeviceTap *tap, const IrqLine *to)
{
    bool pending = irq_pending(to);
    record_put_item(((Tap *)tap)->items, ITEM_PENDING, pending);
    return pending;
}

static size_t tap_output(DeviceTap *tap, CharPort *port, const uint8_t *data, size_t size)
{
    GByteArray *items = ((Tap *)tap)->items;
    size_t taken = char_port_pass_write(port, data, size);
    record_put_item(items, ITEM_OUTPUT, taken);
    record_put(items, size - taken);
    g_byte_array_append(items, data, (guint)taken);
    return taken;
}

static unsigned tap_lines(DeviceTap *tap, const CharPort *port)
{
    unsigned lines = char_port_pass_lines(port);
    record_put_item(((Tap *)tap)->items, ITEM_LINES, lines);
    return lines;
}

/* One that it asks while it is given input brings nothing, and does not count. */
static void tap_rx_ready(DeviceTap *tap, CharPort *port)
{
    Tap *t = (Tap *)tap;
    bool nested = t->asking;
    t->asks += !nested;
    t->asking = true;
    char_port_pass_rx_ready(port);
    t->asking = nested;
}

static bool tap_memory_read(DeviceTap *tap, uint64_t address, void *data, size_t size)
{
    GByteArray *items = ((Tap *)tap)->items;
    bool ok = device_memory_pass_read(tap->dev, address, data, size);
    record_put_item(items, ITEM_MEMORY, ok);
    if (ok) {
        record_put(items, size);
        g_byte_array_append(items, data, (guint)size);
    }
    return ok;
}

static bool tap_memory_write(DeviceTap *tap, uint64_t address, const void *data, size_t size)
{
    GByteArray *items = ((Tap *)tap)->items;
    bool ok = device_memory_pass_write(tap->dev, address, data, size);
    record_put_item(items, ITEM_STORE, ok);
    if (ok) {
        record_put(items, address);
        record_put(items, size);
        g_byte_array_append(items, data, (guint)size);
    }
    return ok;
}

static void tap_bus_write(DeviceTap *tap, uint64_t address, uint64_t value, unsigned size)
{
    GByteArray *items = ((Tap *)tap)->items;
    record_put_item(items, ITEM_BUS_WRITE, size);
    record_put(items, address);
    record_put(items, value);
    device_bus_pass_write(tap->dev, address, value, size);
}

static void tap_request(DeviceTap *tap, DeviceRequest request, int status)
{
    GByteArray *items = ((Tap *)tap)->items;
    record_put_item(items, ITEM_REQUEST, request);
    record_put(items, (unsigned)status);
}

static void tap_block(DeviceTap *tap, BlockPort *port, const BlockRequest *request)
{
    GByteArray *items = ((Tap *)tap)->items;
    record_put_item(items, ITEM_BLOCK, (uint64_t)block_port_number(port) << 2 | request->kind);
    record_put(items, request->lba);
    record_put(items, request->count);
    record_put(items, request->tag);
    if (request->kind == BLOCK_WRITE) {
        record_put(items, record_sum(request->data, (size_t)request->count * BLOCK_SECTOR_SIZE));
    }
    block_port_pass(port, request);
}

static void tap_dma_request(DeviceTap *tap, DmaLine *line, bool level)
{
    record_put_item(((Tap *)tap)->items, ITEM_DREQ, level);
    dma_pass_request(line, level);
}

static size_t tap_dma(DeviceTap *tap, DmaLine *line, const DmaTransfer *transfer)
{
    GByteArray *items = ((Tap *)tap)->items;
    size_t moved = dma_pass(line, transfer);
    record_put_item(items, ITEM_DMA, (uint64_t)transfer->size << 1 | (transfer->from != NULL));
    record_put(items, (uint64_t)moved << 1 | *transfer->ended);
    if (transfer->from) {
        record_put(items, record_sum(transfer->from, transfer->size));
    } else {
        g_byte_array_append(items, transfer->to, (guint)moved);
    }
    return moved;
}

static const TapClass RECORDER_TAP = {
    .enter = tap_enter,
    .leave = tap_leave,
    .now = tap_now,
    .irq = tap_irq,
    .pending = tap_pending,
    .output = tap_output,
    .lines = tap_lines,
    .rx_ready = tap_rx_ready,
    .memory_read = tap_memory_read,
    .memory_write = tap_memory_write,
    .bus_write = tap_bus_write,
    .request = tap_request,
    .block = tap_block,
    .dma_request = tap_dma_request,
    .dma = tap_dma,
};

/* While the machine is built nobody else is there. */
static void put_device(Tap *t)
{
    g_byte_array_set_size(t->record, 0);
    record_put_byte(t->record, RECORD_DEVICE);
    record_put(t->record, t->number);
    record_put_text(t->record, device_id(t->tap.dev));
    record_put_text(t->record, device_class(t->tap.dev)->name);
    recorder_append(t->recorder, t->record->data, t->record->len);
}

DeviceTap *recorder_make_tap(TapSource *source, Device *dev, const DeviceHost *host)
{
    Recorder *recorder = (Recorder *)source;
    Tap *t = g_new0(Tap, 1);
    device_tap_init(&t->tap, &RECORDER_TAP, dev);
    t->recorder = recorder;
    t->clock = host->clock;
    t->number = recorder->taps->len;
    t->record = g_byte_array_new();
    t->items = g_byte_array_new();
    g_ptr_array_add(recorder->taps, t);
    put_device(t);
    return &t->tap;
}

void recorder_free_tap(gpointer data)
{
    Tap *t = data;
    device_tap_clear(&t->tap);
    g_byte_array_unref(t->record);
    g_byte_array_unref(t->items);
    g_free(t);
}

void recorder_unclaimed(Recorder *recorder, const BusAccess *access)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    RecordKind kind = access->write ? RECORD_UNCLAIMED_WRITE : RECORD_UNCLAIMED_READ;
    record_put_byte(out, record_first_byte(kind, access->size, access->memory, false));
    g_mutex_lock(&recorder->lock);
    uint64_t now = MAX(clock_now(recorder->host.clock), recorder->last_unclaimed);
    record_put(out, now - recorder->last_unclaimed);
    record_put(out, access->address);
    record_put(out, access->value);
    record_put(out, access->count);
    recorder->last_unclaimed = now;
    recorder_append(recorder, out->data, out->len);
    g_mutex_unlock(&recorder->lock);
}
