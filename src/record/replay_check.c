/*
 * What a device does and answers, compared with the recording.
 */
#include "src/record/replay_check.h"

#include <inttypes.h>

/* ---- what is noted ---- */

static const char *register_name(const Bus *bus, const DeviceCall *e, bool write)
{
    const BusMapping *mapping = bus ? bus_find(bus, e->space, e->address) : NULL;
    const BusClaim *claim = mapping ? mapping->claim : NULL;
    return claim && claim->register_name
               ? claim->register_name(claim->state, e->address - mapping->base, write)
               : NULL;
}

static char *describe_access(const ReplayDevice *device, const DeviceCall *e)
{
    bool write = e->kind == CALL_WRITE || e->kind == CALL_WRITE_BLOCK;
    const char *name = register_name(device->replay->bus, e, write);
    return g_strdup_printf("%s %s%s%s (%s 0x%" PRIx64 ")", device->stream->id,
                           write ? "write" : "read", name ? " " : "", name ? name : "",
                           e->space == IO_PORTS ? "port" : "address", e->address);
}

char *replay_describe(const ReplayDevice *device, const DeviceCall *e)
{
    const char *id = device->stream->id;
    if (e->kind >= CALL_READ && e->kind <= CALL_WRITE_BLOCK) {
        return describe_access(device, e);
    }
    if (e->kind == CALL_TIMER) {
        return g_strdup_printf("%s timer '%s'", id,
                               device_class(device->services.dev)->timers[e->address].name);
    }
    if (e->kind == CALL_SET_PIN) {
        return g_strdup_printf("%s input pin %" PRIu64, id, e->address);
    }
    return g_strdup_printf("%s %s", id, record_call_description(e->kind));
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

static void check_dma_answer(const ReplayDevice *device, const DeviceCall *event)
{
    const DeviceCall *recorded = &device->event;
    bool to_memory = event->address & 1;
    if (event->value != recorded->value) {
        replay_differs(device, "expected %" PRIu64 " bytes%s, got %" PRIu64 "%s",
                       recorded->value >> 1, recorded->value & 1 ? " and the end" : "",
                       event->value >> 1, event->value & 1 ? " and the end" : "");
    } else if (!to_memory && memcmp(event->data, recorded->data, event->value >> 1) != 0) {
        replay_differs(device, "other bytes than expected");
    }
}

static void check_answer(const ReplayDevice *device, const DeviceCall *event)
{
    const DeviceCall *recorded = &device->event;
    int digits = (int)event->size * 2;
    switch (event->kind) {
    case CALL_READ:
        if (event->value != recorded->value) {
            replay_differs(device, "expected 0x%0*" PRIx64 ", got 0x%0*" PRIx64, digits,
                           recorded->value, digits, event->value);
        }
        break;
    case CALL_ACKNOWLEDGE:
        if (event->value != recorded->value) {
            replay_differs(device, "expected vector 0x%02" PRIx64 ", got 0x%02" PRIx64,
                           recorded->value, event->value);
        }
        break;
    case CALL_GO_ON:
        if (event->value != recorded->value) {
            replay_differs(device, "expected %" PRIu64 " instructions, got %" PRIu64,
                           recorded->value, event->value);
        }
        break;
    case CALL_READ_BLOCK:
        if (memcmp(event->data, recorded->data, event->count * event->size) != 0) {
            replay_differs(device, "other items than the %zu expected ones", event->count);
        }
        break;
    case CALL_DMA:
        check_dma_answer(device, event);
        break;
    case CALL_KEY:
    case CALL_POINTER:
    case CALL_EJECT:
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

/* The item in words; the caller frees the text. */
static char *describe_item(const ReplayItem *item)
{
    switch (item->kind) {
    case ITEM_END:
        return g_strdup("nothing");
    case ITEM_CALL:
        return g_strdup("a call");
    case ITEM_RETURN:
        return g_strdup("the end of a call");
    case ITEM_UNKNOWN:
        return g_strdup_printf("a call of the service '%s'", item->name);
    default:
        return service_describe(&item->service.call);
    }
}

bool replay_take_item(ReplayDevice *device, const ReplayItem *wanted, ReplayItem *item)
{
    *item = device->item;
    if (replay_stopped(device->replay) || !device->depth) {
        return false;
    }
    bool same =
        item->kind == wanted->kind &&
        (item->kind != ITEM_SERVICES || item->service.call.kind == wanted->service.call.kind);
    if (!same) {
        g_autofree char *expected = describe_item(item);
        g_autofree char *got = describe_item(wanted);
        replay_differs(device, "expected %s, got %s", expected, got);
        return false;
    }
    replay_read_item(device);
    return true;
}

static void leave_nested(ReplayDevice *device, const DeviceCall *event)
{
    const ReplayItem wanted = {.kind = ITEM_RETURN};
    ReplayItem item;
    if (event->kind != CALL_RECEIVE && replay_take_item(device, &wanted, &item) &&
        item.answer != event->value) {
        replay_differs(device,
                       "a call during this one: expected the answer 0x%" PRIx64 ", got 0x%" PRIx64,
                       item.answer, event->value);
    }
}

void replay_leave(ReplayDevice *device, const DeviceCall *event)
{
    Replay *replay = device->replay;
    if (--device->depth) {
        leave_nested(device, event);
        return;
    }
    if (!replay_stopped(replay)) {
        check_answer(device, event);
        if (device->item.kind != ITEM_END) {
            g_autofree char *expected = describe_item(&device->item);
            replay_differs(device, "expected %s, got nothing", expected);
        }
    }
    replay->records++;
}

/* ---- what the device does ---- */

bool replay_take_service(ReplayDevice *device, const ServiceCall *call, RecordedService *recorded)
{
    const ReplayItem wanted = {.kind = ITEM_SERVICES, .service = {.call = *call}};
    ReplayItem item;
    bool taken = replay_take_item(device, &wanted, &item);
    *recorded = taken ? item.service : (RecordedService){0};
    return taken;
}

/* Compares the bytes that both the recording and the call have. */
static void check_bytes(const ReplayDevice *device, const RecordedService *recorded,
                        const ServiceCall *call, const uint8_t *bytes)
{
    const ServiceClass *service = &SERVICES[call->kind];
    uint64_t size = recorded->data ? service->data_size(&recorded->call) : 0;
    for (uint64_t i = 0; bytes && i < MIN(size, call->size); i++) {
        if (recorded->data[i] != bytes[i]) {
            g_autofree char *what = service_describe(call);
            replay_differs(device, "%s: byte %" PRIu64 ": expected 0x%02x, got 0x%02x", what, i,
                           recorded->data[i], bytes[i]);
            return;
        }
    }
}

static bool same_arguments(const RecordedService *recorded, const ServiceCall *call)
{
    unsigned args = SERVICES[call->kind].args;
    return memcmp(recorded->call.args, call->args, args * sizeof(call->args[0])) == 0;
}

bool replay_check_service(const ReplayDevice *device, const RecordedService *recorded,
                          const ServiceCall *call)
{
    const ServiceClass *service = &SERVICES[call->kind];
    if (!same_arguments(recorded, call)) {
        g_autofree char *expected = service_describe(&recorded->call);
        g_autofree char *got = service_describe(call);
        replay_differs(device, "expected %s, got %s", expected, got);
        return false;
    }
    if (service->data == SERVICE_DATA_SENT) {
        check_bytes(device, recorded, call, call->sent);
    }
    if (service->data == SERVICE_DATA_SUM && call->sent &&
        recorded->sum != record_sum(call->sent, service->data_size(call))) {
        g_autofree char *what = service_describe(call);
        replay_differs(device, "%s: other bytes", what);
    }
    return true;
}

void replay_answer(const RecordedService *recorded, ServiceCall *call)
{
    call->answer = recorded->call.answer;
    if (SERVICES[call->kind].data == SERVICE_DATA_GOT && recorded->data) {
        memcpy(call->room, recorded->data, SERVICES[call->kind].data_size(&recorded->call));
    }
}

void replay_check_service_answer(const ReplayDevice *device, const RecordedService *recorded,
                                 const ServiceCall *call)
{
    if (recorded->call.answer != call->answer) {
        g_autofree char *what = service_describe(call);
        replay_differs(device, "%s: expected the answer 0x%" PRIx64 ", got 0x%" PRIx64, what,
                       recorded->call.answer, call->answer);
    } else if (SERVICES[call->kind].data == SERVICE_DATA_GOT) {
        check_bytes(device, recorded, call, call->room);
    }
}

/* ---- input ---- */

static bool has_char_port(const Device *dev, uint64_t port)
{
    const DeviceProperty *p = device_class(dev)->properties;
    for (; p && p->name; p++) {
        if (p->kind == PROPERTY_CHAR && port-- == 0) {
            return true;
        }
    }
    return false;
}

bool replay_has_room(ReplayDevice *device, uint64_t port, uint64_t size)
{
    const Device *dev = device->services.dev;
    const CharClient *client = device_class(dev)->char_client;
    if (!client || !client->receive || !size || !has_char_port(dev, port)) {
        replay_damaged(device->replay, "input for a device that accepts none");
        return false;
    }
    size_t room = client->rx_room
                      ? client->rx_room(device_state(device->services.dev), (unsigned)port)
                      : SIZE_MAX;
    if (room < size) {
        replay_differs(device, "expected room for %" PRIu64 " bytes of input, got %zu", size, room);
    }
    return room >= size;
}

/* True if the next item is input that came at this request of the device. */
static bool input_is_next(const ReplayDevice *device)
{
    const ReplayItem *item = &device->item;
    return item->kind == ITEM_SERVICES && item->service.call.kind == SERVICE_INPUT &&
           item->service.call.args[1] == device->asks && !replay_stopped(device->replay);
}

void replay_feed(ReplayDevice *device)
{
    if (device->receiving || !device->depth) {
        return;
    }
    device->asks++;
    device->receiving = true;
    while (input_is_next(device)) {
        const RecordedService input = device->item.service;
        if (replay_has_room(device, input.call.args[0], input.call.answer)) {
            replay_read_item(device);
            device_call_receive(device->services.dev, (unsigned)input.call.args[0], input.data,
                                input.call.answer);
        }
    }
    device->receiving = false;
}

/* A recording that was changed may say so of any device. */
static bool can_change_medium(Device *dev, uint64_t port)
{
    const BlockClient *client = device_class(dev)->block_client;
    return device_block_port(dev, port) && client && client->removable &&
           client->removable(device_state(dev), (unsigned)port);
}

static void bring_block(ReplayDevice *device)
{
    BlockResult result;
    if (replay_take_asked(device, &result)) {
        device_call_block_done(device->services.dev, &result);
    }
}

static void bring_net(ReplayDevice *device)
{
    Device *dev = device->services.dev;
    const DeviceCall *e = &device->event;
    const NetClient *client = device_class(dev)->net_client;
    unsigned port = (unsigned)e->address;
    if (!device_net_port(dev, e->address)) {
        return;
    }
    if (e->kind == CALL_NET_RECEIVE && client && client->receive && e->count >= NET_FRAME_MIN &&
        e->count <= NET_FRAME_MAX) {
        device_call_net_receive(dev, port, e->data, e->count);
    } else if (e->kind == CALL_NET_ROOM && client && client->tx_room) {
        device_call_net_room(dev, port);
    } else if (e->kind == CALL_NET_LINK) {
        device_call_net_link(dev, port, e->value);
    }
}

void replay_bring_input(ReplayDevice *device)
{
    Device *dev = device->services.dev;
    const DeviceCall *e = &device->event;
    const InputClient *input = device_class(dev)->input_client;
    const CharClient *client = device_class(dev)->char_client;
    if (e->kind == CALL_KEY && input && input->key) {
        device_call_key(dev, (unsigned)e->address, e->value);
    } else if (e->kind == CALL_POINTER && input && input->pointer) {
        device_call_pointer(dev, e->address, (unsigned)e->value);
    } else if (e->kind == CALL_BLOCK && device_class(dev)->block_client) {
        bring_block(device);
    } else if (e->kind == CALL_MEDIUM && can_change_medium(dev, e->address >> 1)) {
        const BlockMedium medium = {.sectors = e->value, .read_only = e->address & 1};
        device_call_medium(dev, (unsigned)(e->address >> 1), &medium);
    } else if (e->kind == CALL_EJECT && can_change_medium(dev, e->address)) {
        device_call_eject(dev, (unsigned)e->address);
    } else if (e->kind == CALL_RECEIVE && replay_has_room(device, e->address, e->count)) {
        device_call_receive(dev, (unsigned)e->address, e->data, e->count);
    } else if (e->kind == CALL_BREAK && client && client->receive_break &&
               has_char_port(dev, e->address)) {
        device_call_receive_break(dev, (unsigned)e->address);
    } else if (e->kind == CALL_LINES && client && client->lines_changed &&
               has_char_port(dev, e->address)) {
        device_call_lines_changed(dev, (unsigned)e->address, (unsigned)e->value);
    } else if (e->kind == CALL_TX_ROOM && client && client->tx_room &&
               has_char_port(dev, e->address)) {
        device_call_tx_room(dev, (unsigned)e->address);
    } else {
        bring_net(device);
    }
}
