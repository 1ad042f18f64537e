#include "src/record/replay_tap.h"

#include "src/char/char.h"
#include "src/error.h"

#include <inttypes.h>

/* Calls into a device that is being called, deep enough for every wiring. */
#define DEPTH_MAX 8u

/* ---- what is noted ---- */

static char *describe_access(const ReplayDevice *device)
{
    const TapEvent *e = &device->event;
    bool write = e->kind == TAP_WRITE || e->kind == TAP_WRITE_BLOCK;
    return g_strdup_printf("%s %s%s%s (%s 0x%" PRIx64 ")", device->stream->id,
                           write ? "write" : "read", device->register_name ? " " : "",
                           device->register_name ? device->register_name : "",
                           e->space == IO_PORTS ? "port" : "address", e->address);
}

static char *describe_call(const ReplayDevice *device)
{
    static const char *const NAMES[TAP_KINDS] = {
        [TAP_REALIZE] = "power-on",      [TAP_RESET] = "reset", [TAP_ACKNOWLEDGE] = "acknowledge",
        [TAP_RECEIVE] = "input",         [TAP_BREAK] = "break", [TAP_LINES] = "modem lines",
        [TAP_TX_ROOM] = "line has room", [TAP_KEY] = "key",     [TAP_POINTER] = "pointer",
        [TAP_BLOCK] = "drive is done",
    };
    const TapEvent *e = &device->event;
    const char *id = device->stream->id;
    if (e->kind >= TAP_READ && e->kind <= TAP_WRITE_BLOCK) {
        return describe_access(device);
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

void replay_differs(const ReplayDevice *device, const char *format, ...)
{
    Replay *replay = device->replay;
    if (replay_stopped(replay)) {
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *call = describe_call(device);
    replay->difference = g_strdup_printf(
        "at %" PRIu64 ".%09" PRIu64 " s, record %" PRIu64 ": %s: %s", replay->time / NS_PER_SECOND,
        replay->time % NS_PER_SECOND, replay->records + 1, call, what);
}

/* ---- the calls ---- */

static bool fits(const ReplayDevice *device, const TapEvent *event)
{
    const TapEvent *recorded = &device->event;
    bool input = event->kind == TAP_KEY || event->kind == TAP_POINTER;
    return device->waiting && recorded->kind == event->kind &&
           (input || recorded->count == event->count);
}

/* While the machine is built, its devices' power-on comes by itself. */
static void catch_up(Replay *replay, ReplayDevice *device)
{
    ReplayRecord *record = replay_find(replay, device->stream);
    if (record) {
        replay_take(replay, record);
    }
}

static void tap_enter(DeviceTap *tap, const TapEvent *event)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    Replay *replay = device->replay;
    if (device->depth++) {
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
};

/*
 * The recorded counterpart of what the device does now, in `item`; false: it
 * did something else then, or nothing is compared any more.
 */
static bool take_item(DeviceTap *tap, RecordItem kind, ReplayItem *item)
{
    ReplayDevice *device = (ReplayDevice *)tap;
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
    if (event->kind != TAP_RECEIVE && take_item(&device->tap, ITEM_RETURN, &item) &&
        item.number != event->value) {
        replay_differs(device,
                       "a call meanwhile: expected the answer 0x%" PRIx64 ", got 0x%" PRIx64,
                       item.number, event->value);
    }
}

static void tap_leave(DeviceTap *tap, const TapEvent *event)
{
    ReplayDevice *device = (ReplayDevice *)tap;
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

/* Whom it reached may have called it, and that is over when it goes on. */
static void make_nested_calls(ReplayDevice *device)
{
    while (device->item.kind == ITEM_CALL && !replay_stopped(device->replay)) {
        TapEvent event = replay_nested_event(device);
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

static uint64_t tap_now(DeviceTap *tap)
{
    return ((ReplayDevice *)tap)->now;
}

static void tap_irq(DeviceTap *tap, unsigned line, bool level, IrqLine *to)
{
    ReplayItem item;
    (void)to;
    if (!take_item(tap, ITEM_IRQ, &item)) {
        return;
    }
    if (item.number != ((uint64_t)line << 1 | level)) {
        replay_differs((ReplayDevice *)tap,
                       "interrupt line %" PRIu64 ": expected %s, got line %u %s", item.number >> 1,
                       item.number & 1 ? "high" : "low", line, level ? "high" : "low");
    }
    make_nested_calls((ReplayDevice *)tap);
}

static bool tap_pending(DeviceTap *tap, const IrqLine *to)
{
    ReplayItem item;
    (void)to;
    return take_item(tap, ITEM_PENDING, &item) && item.number;
}

static void check_output(const ReplayDevice *device, const ReplayItem *item, const uint8_t *data,
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

static size_t tap_output(DeviceTap *tap, CharPort *port, const uint8_t *data, size_t size)
{
    ReplayItem item;
    (void)port;
    if (!take_item(tap, ITEM_OUTPUT, &item)) {
        return size;
    }
    check_output((ReplayDevice *)tap, &item, data, size);
    return MIN(size, item.number);
}

static unsigned tap_lines(DeviceTap *tap, const CharPort *port)
{
    ReplayItem item;
    (void)port;
    return take_item(tap, ITEM_LINES, &item) ? (unsigned)item.number : 0;
}

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

static void tap_rx_ready(DeviceTap *tap, CharPort *port)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    (void)port;
    if (device->receiving || !device->depth) {
        return;
    }
    device->receiving = true;
    while (device->item.kind == ITEM_RECEIVE && !replay_stopped(device->replay)) {
        ReplayItem item = device->item;
        if (replay_has_room(device, item.number)) {
            replay_read_item(device);
            device_receive(tap->dev, item.data, item.number);
        }
    }
    device->receiving = false;
}

static bool tap_memory_read(DeviceTap *tap, uint64_t address, void *data, size_t size)
{
    ReplayItem item;
    if (!take_item(tap, ITEM_MEMORY, &item) || !item.number) {
        return false;
    }
    if (item.second != size) {
        replay_differs((ReplayDevice *)tap,
                       "memory at 0x%" PRIx64 ": expected %" PRIu64 " bytes, got %zu", address,
                       item.second, size);
        return false;
    }
    memcpy(data, item.data, size);
    return true;
}

static bool tap_memory_write(DeviceTap *tap, uint64_t address, const void *data, size_t size)
{
    ReplayItem item;
    if (!take_item(tap, ITEM_STORE, &item) || !item.number) {
        return false;
    }
    if (item.third != address || item.second != size) {
        replay_differs((ReplayDevice *)tap,
                       "expected %" PRIu64 " bytes to memory at 0x%" PRIx64
                       ", got %zu to 0x%" PRIx64,
                       item.second, item.third, size, address);
    } else if (memcmp(item.data, data, size) != 0) {
        replay_differs((ReplayDevice *)tap, "other bytes to memory at 0x%" PRIx64, address);
    }
    return true;
}

static void tap_bus_write(DeviceTap *tap, uint64_t address, uint64_t value, unsigned size)
{
    ReplayItem item;
    if (!take_item(tap, ITEM_BUS_WRITE, &item)) {
        return;
    }
    if (item.number != size || item.second != address || item.third != value) {
        replay_differs((ReplayDevice *)tap,
                       "bus: expected 0x%" PRIx64 " to 0x%" PRIx64 ", got 0x%" PRIx64
                       " to 0x%" PRIx64,
                       item.third, item.second, value, address);
    }
    make_nested_calls((ReplayDevice *)tap);
}

static void tap_request(DeviceTap *tap, DeviceRequest request, int status)
{
    ReplayItem item;
    if (take_item(tap, ITEM_REQUEST, &item) &&
        (item.number != (uint64_t)request || item.second != (unsigned)status)) {
        replay_differs((ReplayDevice *)tap,
                       "request: expected %" PRIu64 " with status %" PRIu64 ", got %d with %d",
                       item.number, item.second, (int)request, status);
    }
}

/* A drive does in their order what it was asked, and forgets what was cancelled. */
static void note_asked(ReplayDevice *device, unsigned drive, const BlockRequest *request)
{
    if (request->kind != BLOCK_CANCEL) {
        ReplayAsked asked = {.drive = drive, .tag = request->tag, .buffer = request->buffer};
        asked.size = asked.buffer ? (size_t)request->count * BLOCK_SECTOR_SIZE : 0;
        g_queue_push_tail(&device->asked, g_memdup2(&asked, sizeof(asked)));
        return;
    }
    for (GList *link = device->asked.head, *next; link; link = next) {
        next = link->next;
        if (((ReplayAsked *)link->data)->drive == drive) {
            g_free(link->data);
            g_queue_delete_link(&device->asked, link);
        }
    }
}

static void check_block(const ReplayDevice *device, const ReplayItem *item, unsigned drive,
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

static void tap_block(DeviceTap *tap, BlockPort *port, const BlockRequest *request)
{
    ReplayItem item;
    unsigned drive = block_port_number(port);
    if (take_item(tap, ITEM_BLOCK, &item)) {
        check_block((ReplayDevice *)tap, &item, drive, request);
    }
    note_asked((ReplayDevice *)tap, drive, request);
}

static ReplayAsked *pop_asked(ReplayDevice *device, unsigned drive)
{
    for (GList *link = device->asked.head; link; link = link->next) {
        ReplayAsked *asked = link->data;
        if (asked->drive == drive) {
            g_queue_delete_link(&device->asked, link);
            return asked;
        }
    }
    return NULL;
}

bool replay_take_asked(ReplayDevice *device, BlockResult *result)
{
    const TapEvent *e = &device->event;
    bool ok = e->value & 1;
    g_autofree ReplayAsked *asked = pop_asked(device, (unsigned)(e->value >> 1));
    if (!asked || asked->tag != e->address || e->count != (ok ? asked->size : 0)) {
        replay_damaged(device->replay, "a drive did what it was not asked for");
        return false;
    }
    *result = (BlockResult){.number = asked->drive,
                            .tag = asked->tag,
                            .ok = ok,
                            .buffer = asked->buffer,
                            .data = e->data,
                            .size = e->count};
    return true;
}

static const TapClass REPLAY_TAP = {
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
};

/* ---- a device that the recording does not know: nothing reaches it or comes from it ---- */

static void idle_call(DeviceTap *tap, const TapEvent *event)
{
    (void)tap, (void)event;
}

static void idle_irq(DeviceTap *tap, unsigned line, bool level, IrqLine *to)
{
    (void)tap, (void)line, (void)level, (void)to;
}

static bool idle_pending(DeviceTap *tap, const IrqLine *to)
{
    (void)tap, (void)to;
    return false;
}

static size_t idle_output(DeviceTap *tap, CharPort *port, const uint8_t *data, size_t size)
{
    (void)tap, (void)port, (void)data;
    return size;
}

static unsigned idle_lines(DeviceTap *tap, const CharPort *port)
{
    (void)tap, (void)port;
    return 0;
}

static void idle_rx_ready(DeviceTap *tap, CharPort *port)
{
    (void)tap, (void)port;
}

static bool idle_memory_read(DeviceTap *tap, uint64_t address, void *data, size_t size)
{
    (void)tap, (void)address, (void)data, (void)size;
    return false;
}

static bool idle_memory_write(DeviceTap *tap, uint64_t address, const void *data, size_t size)
{
    (void)tap, (void)address, (void)data, (void)size;
    return false;
}

static void idle_bus_write(DeviceTap *tap, uint64_t address, uint64_t value, unsigned size)
{
    (void)tap, (void)address, (void)value, (void)size;
}

static void idle_request(DeviceTap *tap, DeviceRequest request, int status)
{
    (void)tap, (void)request, (void)status;
}

static void idle_block(DeviceTap *tap, BlockPort *port, const BlockRequest *request)
{
    (void)tap, (void)port, (void)request;
}

static const TapClass IDLE_TAP = {
    .enter = idle_call,
    .leave = idle_call,
    .now = tap_now,
    .irq = idle_irq,
    .pending = idle_pending,
    .output = idle_output,
    .lines = idle_lines,
    .rx_ready = idle_rx_ready,
    .memory_read = idle_memory_read,
    .memory_write = idle_memory_write,
    .bus_write = idle_bus_write,
    .request = idle_request,
    .block = idle_block,
};

/* ---- making them ---- */

static ReplayStream *find_stream(const Replay *replay, const char *id)
{
    for (guint i = 0; i < replay->streams->len; i++) {
        ReplayStream *stream = replay->streams->pdata[i];
        if (!strcmp(stream->id, id) && !stream->device) {
            return stream;
        }
    }
    return NULL;
}

/* One of another class is told by replay_has_all(), and not called until then. */
DeviceTap *replay_make_tap(TapSource *source, Device *dev, const DeviceHost *host)
{
    Replay *replay = (Replay *)source;
    (void)host;
    ReplayStream *stream = find_stream(replay, device_id(dev));
    ReplayDevice *device = g_new0(ReplayDevice, 1);
    bool fits = stream && !strcmp(stream->class_name, device_class(dev)->name);
    device_tap_init(&device->tap, fits ? &REPLAY_TAP : &IDLE_TAP, dev);
    g_queue_init(&device->asked);
    device->replay = replay;
    device->stream = stream;
    if (stream) {
        stream->device = device;
    }
    g_ptr_array_add(replay->devices, device);
    return &device->tap;
}

bool replay_has_all(const Replay *replay, GError **error)
{
    for (guint i = 0; i < replay->streams->len; i++) {
        const ReplayStream *stream = replay->streams->pdata[i];
        const char *class_name =
            stream->device ? device_class(stream->device->tap.dev)->name : NULL;
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
