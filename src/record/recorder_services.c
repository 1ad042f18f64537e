/* Records a device: every call into it, and what it does and asks for during the call. */
#include "src/record/recorder_internal.h"

#include <string.h>

typedef struct Recorded {
    DeviceServices services;
    Recorder *recorder;
    const Clock *clock; /* the device's clock */
    unsigned number;
    /* Everything below is protected by the device's lock. */
    unsigned depth; /* how many calls into the device are in progress */
    uint64_t now;   /* when the outermost call began */
    uint64_t last;  /* when the outermost call before it began */
    unsigned asks;  /* how often the device has asked for input in the outermost call */
    bool asking;    /* it is asking now */
    GByteArray *record, *items;
} Recorded;

/* ---- records ---- */

static unsigned first_byte(const DeviceCall *call, bool items)
{
    return record_first_byte(RECORD_CALL + call->kind, call->size, call->space == IO_MEMORY, items);
}

/* A recording has no deadlines of timers.  It has how late the device was called. */
static DeviceCall with_lateness(const Recorded *r, const DeviceCall *call)
{
    DeviceCall written = *call;
    if (call->kind == CALL_TIMER) {
        written.value = r->now - call->value;
    }
    return written;
}

/* Most records are a single access.  They are composed here, without the codec. */
static void commit(Recorded *r, const DeviceCall *call)
{
    Recorder *recorder = r->recorder;
    bool single = call->kind == CALL_READ || call->kind == CALL_WRITE;
    uint8_t head[1 + 4 * RECORD_NUMBER_MAX], *end = head;
    *end++ = (uint8_t)first_byte(call, r->items->len);
    end = record_write(end, r->number);
    end = record_write(end, r->now - r->last);
    if (single) {
        end = record_write(end, call->address);
        end = record_write(end, call->value);
    } else {
        const DeviceCall written = with_lateness(r, call);
        g_byte_array_set_size(r->record, 0);
        record_put_call(r->record, &written);
    }
    if (r->items->len) {
        record_put_byte(r->items, ITEM_END);
    }
    r->last = r->now;
    g_mutex_lock(&recorder->lock);
    recorder_append(recorder, head, (size_t)(end - head));
    if (!single) {
        recorder_append(recorder, r->record->data, r->record->len);
    }
    recorder_append(recorder, r->items->data, r->items->len);
    g_mutex_unlock(&recorder->lock);
}

/* ---- calls into the device ---- */

/*
 * Accepts input.  A block of items can make the device ask several times, with a
 * different room each time.  So the item has the number of the request.
 */
static void note_input(Recorded *r, const DeviceCall *call)
{
    record_put_service(r->items, &(ServiceCall){.kind = SERVICE_INPUT,
                                                .args = {call->address, r->asks},
                                                .room = (void *)call->data,
                                                .answer = call->count});
}

/*
 * A call that comes during another call: either input that the device asked for, or
 * an answer to what it did outside.
 */
static void note_nested(Recorded *r, const DeviceCall *call)
{
    if (call->kind == CALL_RECEIVE) {
        note_input(r, call);
    } else {
        const DeviceCall written = with_lateness(r, call);
        record_put_nested(r->items, first_byte(call, false), &written);
    }
}

/* The machine itself causes all other calls. */
static bool is_from_host(DeviceCallKind kind)
{
    return kind == CALL_RECEIVE || kind == CALL_BREAK || kind == CALL_LINES ||
           kind == CALL_TX_ROOM || kind == CALL_KEY || kind == CALL_POINTER ||
           kind == CALL_MEDIUM || kind == CALL_EJECT || kind == CALL_NET_RECEIVE ||
           kind == CALL_NET_ROOM || kind == CALL_NET_LINK;
}

static void recorded_enter(DeviceServices *services, const DeviceCall *call)
{
    Recorded *r = (Recorded *)services;
    if (r->depth++ == 0) {
        if (is_from_host(call->kind)) {
            recorder_host(r->recorder, HOST_CALL, r->number);
        }
        r->now = clock_now(r->clock);
        r->asks = 0;
        if (r->items->len) {
            g_byte_array_set_size(r->items, 0);
        }
        return;
    }
    note_nested(r, call);
}

static void recorded_leave(DeviceServices *services, const DeviceCall *call)
{
    Recorded *r = (Recorded *)services;
    if (--r->depth == 0) {
        commit(r, call);
    } else if (call->kind != CALL_RECEIVE) {
        record_put_return(r->items, call->value);
    }
}

/* ---- what the device does ---- */

/* Time does not advance during a call, because a replay has only one time for it. */
static uint64_t recorded_now(const DeviceServices *services)
{
    const Recorded *r = (const Recorded *)services;
    return r->depth ? r->now : clock_now(r->clock);
}

/*
 * The input that results is recorded when it comes.  If the device asks while it
 * receives input, nothing comes of it and it is not counted.
 */
static void ask_for_input(Recorded *r, ServiceCall *call)
{
    bool nested = r->asking;
    r->asks += !nested;
    r->asking = true;
    service_perform(r->services.dev, call);
    r->asking = nested;
}

/*
 * A service without an answer may call the device again.  That call is recorded
 * after the item of the service.
 */
static void recorded_call(DeviceServices *services, ServiceCall *call)
{
    Recorded *r = (Recorded *)services;
    bool answers = SERVICES[call->kind].answers;
    if (call->kind == SERVICE_INPUT) {
        ask_for_input(r, call);
        return;
    }
    if (!answers) {
        record_put_service(r->items, call);
    }
    service_perform(services->dev, call);
    if (answers) {
        record_put_service(r->items, call);
    }
}

static const DeviceServicesClass RECORDER_SERVICES = {
    .now = recorded_now,
    .call = recorded_call,
    .enter = recorded_enter,
    .leave = recorded_leave,
};

/* While the machine is built there is no other thread. */
static void put_device(Recorded *r)
{
    g_byte_array_set_size(r->record, 0);
    record_put_byte(r->record, RECORD_DEVICE);
    record_put(r->record, r->number);
    record_put_text(r->record, device_id(r->services.dev));
    record_put_text(r->record, device_class(r->services.dev)->head.name);
    recorder_append(r->recorder, r->record->data, r->record->len);
}

DeviceServices *recorder_make_services(ServicesSource *source, Device *dev, const DeviceHost *host)
{
    Recorder *recorder = (Recorder *)source;
    Recorded *r = g_new0(Recorded, 1);
    device_services_init(&r->services, &RECORDER_SERVICES, dev);
    r->recorder = recorder;
    r->clock = host->clock;
    r->number = recorder->devices->len;
    r->record = g_byte_array_new();
    r->items = g_byte_array_new();
    g_ptr_array_add(recorder->devices, r);
    put_device(r);
    return &r->services;
}

void recorder_free_services(gpointer data)
{
    Recorded *r = data;
    device_services_clear(&r->services);
    g_byte_array_unref(r->record);
    g_byte_array_unref(r->items);
    g_free(r);
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
