/* Reads a recording: its records, and which one is next. */
#include "src/record/replay_device.h"

#include <inttypes.h>
#include <limits.h>

/* Later than every clock.  The upper half is room for the devices' calculations. */
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
    device_services_clear(&device->services);
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

/* ---- items ---- */

void replay_read_item(ReplayDevice *device)
{
    device->item = device->has_items ? record_get_item(&device->items, device->replay->names)
                                     : (ReplayItem){0};
    device->has_items = device->item.kind != ITEM_END;
}

/* A service that this version of pioemu does not know is refused by its name. */
static void skip_items(Replay *replay)
{
    ReplayItem item;
    do {
        item = record_get_item(&replay->in, replay->names);
        if (item.kind == ITEM_UNKNOWN) {
            g_autofree char *what = g_strdup_printf(
                "it has calls of the service '%s', which this pioemu does not know", item.name);
            replay_damaged(replay, what);
        }
    } while (item.kind != ITEM_END);
}

/* ---- records ---- */

/* The number of a device.  A number that is too large means none. */
static unsigned get_number(RecordReader *in)
{
    uint64_t number = record_get(in);
    return number > UINT_MAX ? UINT_MAX : (unsigned)number;
}

static void read_call(Replay *replay, ReplayRecord *record, unsigned first)
{
    RecordReader *in = &replay->in;
    DeviceCall *e = &record->event;
    record->number = get_number(in);
    record->later = record_get(in);
    *e = (DeviceCall){.kind = record_find_call(replay->names, record->kind - RECORD_CALL),
                      .size = record_size(first),
                      .space = first & RECORD_MEMORY ? IO_MEMORY : IO_PORTS};
    if (e->kind >= CALL_KINDS) {
        replay_damaged(replay, "a call of a kind that this pioemu does not know");
        return;
    }
    record_get_call(in, e);
    record->has_items = first & RECORD_ITEMS;
    record->items = *in;
    if (record->has_items && !in->over) {
        skip_items(replay);
    }
    if (!in->over && record->number >= replay->streams->len) {
        replay_damaged(replay, "a device that does not exist");
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

/* Reads a record of any kind.  Names of devices and actions of the host are discarded. */
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
        if (replay->host_counts) {
            g_array_append_val(replay->host_counts, host.count);
        }
    } else if (record->kind > RECORD_BUILT) {
        replay_damaged(replay, "an unknown kind of record");
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

/*
 * An action of the host happens between two instructions.  So no record of an
 * instruction before it can follow it in the file.
 */
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
    DeviceCall *e = &device->event;
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
        if (device->event.kind == CALL_TIMER) {
            take_lateness(replay, device);
        }
        replay_read_item(device);
    }
    g_free(record);
}
