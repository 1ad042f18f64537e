/*
 * The services of a replay without a CPU.  The outside of a device answers from the
 * recording, and nothing leaves the device.
 */
#include "src/base/error.h"
#include "src/record/replay_check.h"

/* How deeply calls into devices can be nested.  It is enough for every wiring. */
#define DEPTH_MAX 8u

/* ---- the calls ---- */

static bool fits(const ReplayDevice *device, const DeviceCall *event)
{
    const DeviceCall *recorded = &device->event;
    /* Their count is the answer. */
    bool answered =
        event->kind == CALL_KEY || event->kind == CALL_POINTER || event->kind == CALL_EJECT;
    return device->waiting && recorded->kind == event->kind &&
           (answered || recorded->count == event->count);
}

/* While the machine is built, the devices' power-on happens by itself. */
static void catch_up(Replay *replay, ReplayDevice *device)
{
    ReplayRecord *record = replay_find(replay, device->stream);
    if (record) {
        replay_take(replay, record);
    }
}

static void alone_enter(DeviceServices *services, const DeviceCall *event)
{
    ReplayDevice *device = (ReplayDevice *)services;
    Replay *replay = device->replay;
    if (!device->recorded || device->depth++) {
        return;
    }
    if (!device->waiting && !replay_stopped(replay)) {
        catch_up(replay, device);
    }
    if (!replay_stopped(replay) && !fits(device, event)) {
        replay_damaged(replay, "does not fit the machine");
    }
    device->waiting = false;
}

static void alone_leave(DeviceServices *services, const DeviceCall *event)
{
    ReplayDevice *device = (ReplayDevice *)services;
    if (device->recorded) {
        replay_leave(device, event);
    }
}

/* ---- what the device does ---- */

/*
 * The device that it reached may have called it again.  Those calls are over before
 * this one returns.
 */
static void make_nested_calls(ReplayDevice *device)
{
    while (device->item.kind == ITEM_CALL && !replay_stopped(device->replay)) {
        DeviceCall event = device->item.nested;
        if (device->depth > DEPTH_MAX) {
            replay_damaged(device->replay, "calls without end");
            return;
        }
        unsigned depth = device->depth;
        replay_read_item(device);
        device->replay->call(device->replay, device, &event);
        g_assert(device->depth == depth);
    }
}

static uint64_t alone_now(const DeviceServices *services)
{
    return ((const ReplayDevice *)services)->now;
}

/* A drive drops cancelled requests. */
static void note_asked(ReplayDevice *device, const ServiceCall *call)
{
    const BlockRequest request = service_block_request(call);
    unsigned port = (unsigned)call->args[0];
    if (request.kind != BLOCK_CANCEL) {
        ReplayAsked asked = {.port = port, .tag = request.tag, .buffer = request.buffer};
        asked.size = request.kind == BLOCK_READ ? request.size : 0;
        g_queue_push_tail(&device->asked, g_memdup2(&asked, sizeof(asked)));
        return;
    }
    for (GList *link = device->asked.head, *next; link; link = next) {
        next = link->next;
        if (((ReplayAsked *)link->data)->port == port) {
            g_free(link->data);
            g_queue_delete_link(&device->asked, link);
        }
    }
}

/* The answer after the comparison has ended: lines and networks accept everything. */
static uint64_t answer_of_nothing(const ServiceCall *call)
{
    return call->kind == SERVICE_OUTPUT ? call->size : call->kind == SERVICE_NET_SEND;
}

static void alone_call(DeviceServices *services, ServiceCall *call)
{
    ReplayDevice *device = (ReplayDevice *)services;
    RecordedService recorded;
    if (!device->recorded) {
        call->answer = answer_of_nothing(call);
        return;
    }
    if (call->kind == SERVICE_INPUT) {
        replay_feed(device);
        return;
    }
    call->answer = answer_of_nothing(call);
    if (replay_take_service(device, call, &recorded) &&
        replay_check_service(device, &recorded, call)) {
        replay_answer(&recorded, call);
    }
    if (service_is_block(call)) {
        note_asked(device, call);
    }
    make_nested_calls(device);
}

static ReplayAsked *pop_asked(ReplayDevice *device, unsigned port, uint64_t tag)
{
    for (GList *link = device->asked.head; link; link = link->next) {
        ReplayAsked *asked = link->data;
        if (asked->port == port && asked->tag == tag) {
            g_queue_delete_link(&device->asked, link);
            return asked;
        }
    }
    return NULL;
}

bool replay_take_asked(ReplayDevice *device, BlockResult *result)
{
    const DeviceCall *e = &device->event;
    bool ok = e->value & 1;
    g_autofree ReplayAsked *asked = pop_asked(device, (unsigned)(e->value >> 1), e->address);
    if (!asked || e->count != (ok ? asked->size : 0)) {
        replay_damaged(device->replay, "a drive finished a request that was not made");
        return false;
    }
    *result = (BlockResult){.port = asked->port,
                            .tag = asked->tag,
                            .ok = ok,
                            .buffer = asked->buffer,
                            .data = e->data,
                            .size = e->count};
    return true;
}

static const DeviceServicesClass ALONE_SERVICES = {
    .now = alone_now,
    .call = alone_call,
    .enter = alone_enter,
    .leave = alone_leave,
};

/* ---- making them ---- */

ReplayStream *replay_find_stream(const Replay *replay, const char *id)
{
    for (guint i = 0; i < replay->streams->len; i++) {
        ReplayStream *stream = replay->streams->pdata[i];
        if (!strcmp(stream->id, id) && !stream->device) {
            return stream;
        }
    }
    return NULL;
}

ReplayDevice *replay_add_device(Replay *replay, Device *dev, ReplayStream *stream,
                                const DeviceServicesClass *class)
{
    ReplayDevice *device = g_new0(ReplayDevice, 1);
    device_services_init(&device->services, class, dev);
    g_queue_init(&device->asked);
    device->replay = replay;
    device->stream = stream;
    if (stream) {
        stream->device = device;
    }
    g_ptr_array_add(replay->devices, device);
    return device;
}

/*
 * If the class is another one, replay_has_all() reports it, and the device is not
 * called before that.
 */
DeviceServices *replay_make_services(ServicesSource *source, Device *dev, const DeviceHost *host)
{
    Replay *replay = (Replay *)source;
    (void)host;
    ReplayStream *stream = replay_find_stream(replay, device_id(dev));
    ReplayDevice *device = replay_add_device(replay, dev, stream, &ALONE_SERVICES);
    device->recorded = stream && !strcmp(stream->class_name, device_class(dev)->head.name);
    return &device->services;
}

bool replay_has_all(const Replay *replay, GError **error)
{
    for (guint i = 0; i < replay->streams->len; i++) {
        const ReplayStream *stream = replay->streams->pdata[i];
        const char *class_name =
            stream->device ? device_class(stream->device->services.dev)->head.name : NULL;
        if (class_name && !strcmp(stream->class_name, class_name)) {
            continue;
        }
        g_autofree char *what = class_name
                                    ? g_strdup_printf("has it as a device of class %s", class_name)
                                    : g_strdup("has no such device");
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "it is of a machine with the device %s (%s), and this machine %s", stream->id,
                    stream->class_name, what);
        return false;
    }
    return true;
}
