/*
 * Reading a recording: its records, and whose turn is next.
 */
#include "src/record/replay_tap.h"

#include <inttypes.h>
#include <limits.h>

/* Beyond every clock: the rest is room for devices to calculate in. */
#define TIME_MAX (UINT64_C(1) << 62)

static void free_stream(gpointer data)
{
    ReplayStream *stream = data;
    g_queue_clear_full(&stream->waiting, g_free);
    g_free(stream->id);
    g_free(stream->class_name);
    g_free(stream);
}

static void free_device(gpointer data)
{
    ReplayDevice *device = data;
    device_tap_clear(&device->tap);
    g_queue_clear_full(&device->asked, g_free);
    if (device->backlog) {
        g_byte_array_unref(device->backlog);
    }
    g_free(device);
}

void replay_init(Replay *replay, const void *data, size_t size)
{
    replay->in = (RecordReader){.data = data, .size = size};
    replay->streams = g_ptr_array_new_with_free_func(free_stream);
    replay->devices = g_ptr_array_new_with_free_func(free_device);
    g_queue_init(&replay->unclaimed);
}

void replay_clear(Replay *replay)
{
    g_ptr_array_unref(replay->devices);
    g_ptr_array_unref(replay->streams);
    g_queue_clear_full(&replay->unclaimed, g_free);
    g_free(replay->difference);
    g_free(replay->damage);
}

void replay_damaged(Replay *replay, const char *what)
{
    if (!replay_stopped(replay)) {
        replay->damage = g_strdup_printf("%s (record %" PRIu64 ", at byte %zu)", what,
                                         replay->records + 1, replay->in.at);
        if (replay->stopped) {
            replay->stopped(replay);
        }
    }
}

/* ---- what the kinds have ---- */

static void read_block(RecordReader *in, TapEvent *e)
{
    e->count = record_get(in);
    if (e->count > RECORD_ITEMS_MAX) {
        in->over = true;
        e->count = 0;
    }
    e->data = record_get_bytes(in, e->count * e->size);
}

static void read_pin(RecordReader *in, TapEvent *e)
{
    uint64_t both = record_get(in);
    e->address = both >> 1;
    e->value = both & 1;
}

static void read_dma(RecordReader *in, TapEvent *e)
{
    e->size = 1;
    e->address = record_get(in);
    e->value = record_get(in);
    e->count = record_get(in);
    in->over |= e->count > RECORD_ITEMS_MAX || e->value >> 1 > e->count;
    e->data = record_get_bytes(in, e->address & 1 ? e->count : e->value >> 1);
}

static void read_event(RecordReader *in, TapEvent *e)
{
    switch (e->kind) {
    case TAP_READ:
    case TAP_WRITE:
    case TAP_TIMER:
        e->address = record_get(in);
        e->value = record_get(in);
        break;
    case TAP_READ_BLOCK:
    case TAP_WRITE_BLOCK:
        e->address = record_get(in);
        read_block(in, e);
        break;
    case TAP_INPUT:
    case TAP_DMA_REQUEST:
        read_pin(in, e);
        break;
    case TAP_DMA:
        read_dma(in, e);
        break;
    case TAP_BLOCK:
        e->address = record_get(in);
        e->value = record_get(in);
        e->count = record_get(in);
        e->data = record_get_bytes(in, e->count);
        break;
    case TAP_RECEIVE:
        e->count = record_get(in);
        e->data = record_get_bytes(in, e->count);
        break;
    case TAP_ACKNOWLEDGE:
    case TAP_LINES:
        e->value = record_get(in);
        break;
    case TAP_KEY:
        read_pin(in, e);
        e->count = record_get_byte(in);
        break;
    case TAP_POINTER:
        e->address = record_get(in);
        e->value = record_get(in);
        e->count = record_get_byte(in);
        break;
    default:
        break;
    }
}

/* A call that came during another one is in the form of a record. */
static TapEvent read_nested(RecordReader *in, const ReplayItem *item)
{
    unsigned first = record_get_byte(in);
    TapEvent event = {.kind = (TapKind)item->number,
                      .size = record_size(first),
                      .space = first & RECORD_MEMORY ? IO_MEMORY : IO_PORTS};
    if (item->number >= TAP_KINDS) {
        in->over = true;
    } else {
        read_event(in, &event);
    }
    return event;
}

static ReplayItem read_item(RecordReader *in)
{
    ReplayItem item = {0};
    item.kind = record_get_item(in, &item.number);
    switch (item.kind) {
    case ITEM_OUTPUT:
        item.second = record_get(in);
        item.data = record_get_bytes(in, item.number);
        break;
    case ITEM_RECEIVE:
        item.data = record_get_bytes(in, item.number);
        break;
    case ITEM_REQUEST:
        item.second = record_get(in);
        break;
    case ITEM_MEMORY:
        item.second = item.number ? record_get(in) : 0;
        item.data = record_get_bytes(in, item.second);
        break;
    case ITEM_STORE:
        item.third = item.number ? record_get(in) : 0;
        item.second = item.number ? record_get(in) : 0;
        item.data = record_get_bytes(in, item.second);
        break;
    case ITEM_BUS_WRITE:
        item.second = record_get(in);
        item.third = record_get(in);
        break;
    case ITEM_DMA:
        item.second = record_get(in);
        in->over |= item.second >> 1 > item.number >> 1;
        if (item.number & 1) {
            item.sum = record_get(in);
        } else {
            item.data = record_get_bytes(in, item.second >> 1);
        }
        break;
    case ITEM_BLOCK:
        item.second = record_get(in);
        item.third = record_get(in);
        item.tag = record_get(in);
        item.sum = (item.number & 3) == BLOCK_WRITE ? record_get(in) : 0;
        break;
    case ITEM_CALL:
        item.data = in->data + in->at;
        read_nested(in, &item);
        break;
    default:
        break;
    }
    return in->over ? (ReplayItem){0} : item;
}

void replay_read_item(ReplayDevice *device)
{
    device->item = device->has_items ? read_item(&device->items) : (ReplayItem){0};
    device->has_items = device->item.kind != ITEM_END;
}

TapEvent replay_nested_event(const ReplayDevice *device)
{
    const ReplayItem *item = &device->item;
    RecordReader in = device->items;
    in.at = (size_t)(item->data - in.data);
    return read_nested(&in, item);
}

/* ---- records ---- */

/* Of a device; one that is too large is none's. */
static unsigned get_number(RecordReader *in)
{
    uint64_t number = record_get(in);
    return number > UINT_MAX ? UINT_MAX : (unsigned)number;
}

static void read_call(Replay *replay, ReplayRecord *record, unsigned first)
{
    RecordReader *in = &replay->in;
    TapEvent *e = &record->event;
    record->number = get_number(in);
    record->later = record_get(in);
    *e = (TapEvent){.kind = (TapKind)(record->kind - RECORD_CALL),
                    .size = record_size(first),
                    .space = first & RECORD_MEMORY ? IO_MEMORY : IO_PORTS};
    if (e->kind >= TAP_KINDS) {
        replay_damaged(replay, "a kind of record that there is not");
        return;
    }
    read_event(in, e);
    record->has_items = first & RECORD_ITEMS;
    record->items = *in;
    while (record->has_items && !in->over && read_item(in).kind != ITEM_END) {
    }
    if (!in->over && record->number >= replay->streams->len) {
        replay_damaged(replay, "a device that there is not");
    }
}

static void read_unclaimed(RecordReader *in, ReplayRecord *record, unsigned first)
{
    record->event.size = record_size(first);
    record->event.space = first & RECORD_MEMORY ? IO_MEMORY : IO_PORTS;
    record->later = record_get(in);
    record->event.address = record_get(in);
    record->event.value = record_get(in);
    record->event.count = record_get(in);
}

static void read_device(Replay *replay, ReplayRecord *record, ReplayStream *stream)
{
    RecordReader *in = &replay->in;
    record->number = get_number(in);
    stream->id = record_get_text(in);
    stream->class_name = record_get_text(in);
}

static void read_host(Replay *replay, ReplayHost *host)
{
    RecordReader *in = &replay->in;
    *host = (ReplayHost){.what = (RecordHost)record_get_byte(in)};
    host->count = record_get(in);
    host->number = record_get(in);
    if (host->what == HOST_END) {
        host->status = (int)record_get(in);
        host->reason = record_get_text(in);
    }
    in->over |= host->what >= HOST_KINDS;
}

/* One of any kind; a device's name, and what the host did, are thrown away. */
static void read_record(Replay *replay, ReplayRecord *record)
{
    RecordReader *in = &replay->in;
    unsigned first = record_get_byte(in);
    record->kind = record_kind(first);
    if (record->kind >= RECORD_UNCLAIMED_READ) {
        read_unclaimed(in, record, first);
    } else if (record->kind >= RECORD_CALL) {
        read_call(replay, record, first);
    } else if (record->kind == RECORD_DEVICE) {
        ReplayStream name = {0};
        read_device(replay, record, &name);
        g_free(name.id);
        g_free(name.class_name);
    } else if (record->kind == RECORD_HOST) {
        ReplayHost host;
        read_host(replay, &host);
        g_free(host.reason);
    } else if (record->kind > RECORD_BUILT) {
        replay_damaged(replay, "a kind of record that there is not");
    }
    if (in->over) {
        replay_damaged(replay, "cut short");
    }
}

ReplayRecord *replay_read(Replay *replay)
{
    g_autofree ReplayRecord *record = g_new0(ReplayRecord, 1);
    do {
        read_record(replay, record);
    } while (!replay->damage && record->kind >= RECORD_DEVICE && record->kind <= RECORD_HOST);
    bool ended = replay->damage || record->kind == RECORD_END;
    return ended ? NULL : g_steal_pointer(&record);
}

static void add_stream(Replay *replay)
{
    ReplayStream *stream = g_new0(ReplayStream, 1);
    ReplayRecord record = {0};
    guint number = replay->streams->len;
    g_ptr_array_add(replay->streams, stream);
    g_queue_init(&stream->waiting);
    record_get_byte(&replay->in);
    read_device(replay, &record, stream);
    if (!stream->id || !stream->class_name) {
        replay_damaged(replay, "cut short");
    } else if (record.number != number || number == RECORD_DEVICES_MAX) {
        replay_damaged(replay, "devices that are out of order");
    }
}

void replay_read_devices(Replay *replay)
{
    RecordReader *in = &replay->in;
    size_t start = in->at;
    ReplayRecord record = {0};
    while (!replay->damage && record.kind != RECORD_BUILT) {
        if (in->at < in->size && in->data[in->at] == RECORD_DEVICE) {
            add_stream(replay);
            continue;
        }
        read_record(replay, &record);
        if (record.kind == RECORD_END) {
            replay_damaged(replay, "cut short");
        }
    }
    in->at = start;
}

/* What the host does is between two instructions: nothing that belongs to one is behind it. */
static bool next_is_hosts(const Replay *replay)
{
    const RecordReader *in = &replay->in;
    return replay->whole && in->at < in->size && in->data[in->at] == RECORD_HOST;
}

bool replay_peek_host(Replay *replay, ReplayHost *host)
{
    size_t start = replay->in.at;
    if (!next_is_hosts(replay)) {
        return false;
    }
    record_get_byte(&replay->in);
    read_host(replay, host);
    if (replay->in.over) {
        replay_damaged(replay, "cut short");
    }
    replay->in.at = start;
    return !replay->in.over;
}

void replay_skip_host(Replay *replay)
{
    ReplayHost host;
    record_get_byte(&replay->in);
    read_host(replay, &host);
    g_free(host.reason);
}

const ReplayRecord *replay_first_waiting(const Replay *replay)
{
    for (guint i = 0; i < replay->streams->len; i++) {
        const ReplayStream *stream = replay->streams->pdata[i];
        if (stream->waiting.head) {
            return stream->waiting.head->data;
        }
    }
    return replay->unclaimed.head ? replay->unclaimed.head->data : NULL;
}

ReplayRecord *replay_find(Replay *replay, ReplayStream *stream)
{
    ReplayRecord *record = g_queue_pop_head(stream ? &stream->waiting : &replay->unclaimed);
    while (!record && !next_is_hosts(replay) && (record = replay_read(replay))) {
        bool unclaimed = record->kind >= RECORD_UNCLAIMED_READ;
        ReplayStream *whose = unclaimed ? NULL : replay->streams->pdata[record->number];
        if (whose != stream) {
            g_queue_push_tail(unclaimed ? &replay->unclaimed : &whose->waiting,
                              g_steal_pointer(&record));
        }
    }
    return record;
}

/* ---- whose turn it is ---- */

static bool move_on(Replay *replay, uint64_t *now, uint64_t later)
{
    if (later > TIME_MAX - *now) {
        replay_damaged(replay, "an impossible time");
        return false;
    }
    replay->time = *now += later;
    return true;
}

void replay_take_unclaimed(Replay *replay, const ReplayRecord *record)
{
    move_on(replay, &replay->unclaimed_time, record->later);
}

static void take_lateness(Replay *replay, ReplayDevice *device)
{
    TapEvent *e = &device->event;
    if (e->value > device->now) {
        replay_damaged(replay, "a deadline before the beginning");
        e->value = device->now;
    }
    e->value = device->now - e->value;
}

void replay_take(Replay *replay, ReplayRecord *record)
{
    ReplayStream *stream = replay->streams->pdata[record->number];
    ReplayDevice *device = stream->device;
    if (move_on(replay, &device->now, record->later)) {
        device->event = record->event;
        device->items = record->items;
        device->has_items = record->has_items;
        device->waiting = true;
        device->asks = 0;
        if (device->event.kind == TAP_TIMER) {
            take_lateness(replay, device);
        }
        replay_read_item(device);
    }
    g_free(record);
}
