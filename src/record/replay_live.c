#include "src/record/replay_live.h"

#include <inttypes.h>

/* ---- the calls ---- */

static bool same_access(const DeviceCall *a, const DeviceCall *b)
{
    bool written = a->kind == CALL_WRITE_BLOCK &&
                   (a->count != b->count || memcmp(a->data, b->data, a->count * a->size) != 0);
    return a->address == b->address && a->size == b->size && a->space == b->space && !written &&
           (a->kind != CALL_WRITE || a->value == b->value) &&
           (a->kind != CALL_READ_BLOCK || a->count == b->count);
}

static bool same_call(const DeviceCall *a, const DeviceCall *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case CALL_READ:
    case CALL_WRITE:
    case CALL_READ_BLOCK:
    case CALL_WRITE_BLOCK:
        return same_access(a, b);
    case CALL_DMA:
        return a->address == b->address && a->count == b->count &&
               (!(a->address & 1) || memcmp(a->data, b->data, a->count) == 0);
    case CALL_GO_ON:
        return a->address == b->address;
    case CALL_TIMER:
    case CALL_PCI_WRITE:
    case CALL_SET_PIN:
    case CALL_DMA_REQUEST:
        return a->address == b->address && a->value == b->value;
    case CALL_BLOCK:
        return a->address == b->address && a->value == b->value && a->count == b->count;
    default:
        return true;
    }
}

static void compare_call(const ReplayDevice *device, const DeviceCall *event)
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

/* The call came during another call, as an answer to what the device did. */
static void enter_nested(ReplayDevice *device, const DeviceCall *event)
{
    const ReplayItem wanted = {.kind = ITEM_CALL};
    ReplayItem item;
    if (event->kind != CALL_RECEIVE && replay_take_item(device, &wanted, &item) &&
        !same_call(&item.nested, event)) {
        replay_differs(device, "expected another call during this one");
    }
}

static void live_enter(DeviceServices *services, const DeviceCall *event)
{
    ReplayDevice *device = (ReplayDevice *)services;
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
        replay_differs_at(replay, "expected no such call, got %s", got);
    } else {
        compare_call(device, event);
    }
    device->waiting = false;
}

static void live_leave(DeviceServices *services, const DeviceCall *event)
{
    replay_leave((ReplayDevice *)services, event);
}

static uint64_t live_now(const DeviceServices *services)
{
    return clock_now(((const ReplayDevice *)services)->replay->clock);
}

/* All actions of the host come from the recording. */
static bool live_admits(const DeviceServices *services)
{
    const ReplayDevice *device = (const ReplayDevice *)services;
    return device->injecting || device->receiving;
}

/* ---- what the device does ---- */

static size_t pass(ReplayDevice *device, const uint8_t *data, size_t size)
{
    ServiceCall call = {.kind = SERVICE_OUTPUT, .to = device->port, .sent = data, .size = size};
    service_perform(device->services.dev, &call);
    return call.answer;
}

bool replay_flush_output(ReplayDevice *device)
{
    GByteArray *backlog = device->backlog;
    if (!backlog || !backlog->len) {
        return false;
    }
    size_t taken = pass(device, backlog->data, backlog->len);
    g_byte_array_remove_range(backlog, 0, (guint)taken);
    return true;
}

/*
 * The line accepts as much as it did in the recording.  What the present line has
 * no room for waits in the backlog.
 */
static void pass_output(ReplayDevice *device, const ServiceCall *call)
{
    device->port = call->to;
    replay_flush_output(device);
    size_t taken = 0;
    if (!device->backlog || !device->backlog->len) {
        taken = pass(device, call->sent, call->answer);
    }
    if (taken < call->answer) {
        device->backlog = device->backlog ?: g_byte_array_new();
        g_byte_array_append(device->backlog, (const uint8_t *)call->sent + taken,
                            (guint)(call->answer - taken));
    }
}

/* A service of the host gives the recorded answer. */
static void call_host(ReplayDevice *device, const RecordedService *recorded, ServiceCall *call)
{
    bool known = recorded && replay_check_service(device, recorded, call);
    if (call->kind == SERVICE_OUTPUT) {
        call->answer = known ? recorded->call.answer : call->size;
        pass_output(device, call);
    } else if (known) {
        replay_answer(recorded, call);
    } else {
        service_perform(device->services.dev, call);
    }
}

/*
 * A service with an answer is performed first, and then everything is compared.  A
 * service without an answer may call the device again, so it is compared first.
 */
static void live_call(DeviceServices *services, ServiceCall *call)
{
    const ServiceClass *service = &SERVICES[call->kind];
    ReplayDevice *device = (ReplayDevice *)services;
    RecordedService recorded;
    if (call->kind == SERVICE_INPUT) {
        /* What a user types now is taken from the line and discarded. */
        replay_feed(device);
        service_perform(services->dev, call);
        return;
    }
    if (service->of_host) {
        bool taken = replay_take_service(device, call, &recorded);
        call_host(device, taken ? &recorded : NULL, call);
        return;
    }
    if (service->answers) {
        service_perform(services->dev, call);
    }
    if (replay_take_service(device, call, &recorded) &&
        replay_check_service(device, &recorded, call) && service->answers) {
        replay_check_service_answer(device, &recorded, call);
    }
    if (!service->answers) {
        service_perform(services->dev, call);
    }
}

/* The recording says what the drive did. */
static void live_block_result(DeviceServices *services, BlockResult *result)
{
    ReplayDevice *device = (ReplayDevice *)services;
    Replay *replay = device->replay;
    ReplayRecord *record = replay_stopped(replay) ? NULL : replay_find(replay, device->stream);
    if (!record) {
        return;
    }
    const DeviceCall *e = &record->event;
    if (e->kind == CALL_BLOCK && (!e->count || e->count == result->room)) {
        result->ok = e->value & 1;
        result->data = e->data;
        result->size = e->count;
    }
    g_queue_push_head(&device->stream->waiting, record);
}

static const DeviceServicesClass LIVE_SERVICES = {
    .now = live_now,
    .call = live_call,
    .enter = live_enter,
    .leave = live_leave,
    .block_result = live_block_result,
    .admits = live_admits,
};

DeviceServices *replay_make_live_services(ServicesSource *source, Device *dev,
                                          const DeviceHost *host)
{
    Replay *replay = (Replay *)source;
    ReplayStream *stream = replay_find_stream(replay, device_id(dev));
    (void)host;
    bool known = stream && !strcmp(stream->class_name, device_class(dev)->head.name);
    return known ? &replay_add_device(replay, dev, stream, &LIVE_SERVICES)->services : NULL;
}

void replay_inject(ReplayDevice *device)
{
    device->injecting = true;
    replay_bring_input(device);
    device->injecting = false;
    if (device->waiting) {
        replay_damaged(device->replay, "input for a device that accepts none");
    }
}
