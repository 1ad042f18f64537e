/*
 * The taps of a replay with no CPU: what lies outside of a device answers from
 * the recording, and nothing leaves it.
 */
#include "src/error.h"
#include "src/record/replay_check.h"

/* Calls into a device that is being called, deep enough for every wiring. */
#define DEPTH_MAX 8u

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

static void tap_leave(DeviceTap *tap, const TapEvent *event)
{
    replay_leave((ReplayDevice *)tap, event);
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
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    (void)to;
    if (replay_take_item(device, ITEM_IRQ, &item)) {
        replay_check_irq(device, &item, line, level);
        make_nested_calls(device);
    }
}

static bool tap_pending(DeviceTap *tap, const IrqLine *to)
{
    ReplayItem item;
    (void)to;
    return replay_take_item((ReplayDevice *)tap, ITEM_PENDING, &item) && item.number;
}

static size_t tap_output(DeviceTap *tap, CharPort *port, const uint8_t *data, size_t size)
{
    ReplayItem item;
    (void)port;
    if (!replay_take_item((ReplayDevice *)tap, ITEM_OUTPUT, &item)) {
        return size;
    }
    replay_check_output((ReplayDevice *)tap, &item, data, size);
    return MIN(size, item.number);
}

static unsigned tap_lines(DeviceTap *tap, const CharPort *port)
{
    ReplayItem item;
    (void)port;
    return replay_take_item((ReplayDevice *)tap, ITEM_LINES, &item) ? (unsigned)item.number : 0;
}

static void tap_rx_ready(DeviceTap *tap, CharPort *port)
{
    (void)port;
    replay_feed((ReplayDevice *)tap);
}

static bool tap_memory_read(DeviceTap *tap, uint64_t address, void *data, size_t size)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    bool ok = replay_take_item(device, ITEM_MEMORY, &item) && item.number &&
              replay_check_memory(device, &item, address, size);
    if (ok) {
        memcpy(data, item.data, size);
    }
    return ok;
}

static bool tap_memory_write(DeviceTap *tap, uint64_t address, const void *data, size_t size)
{
    ReplayItem item;
    bool ok = replay_take_item((ReplayDevice *)tap, ITEM_STORE, &item) && item.number;
    if (ok) {
        replay_check_store((ReplayDevice *)tap, &item, address, data, size);
    }
    return ok;
}

static void tap_bus_write(DeviceTap *tap, uint64_t address, uint64_t value, unsigned size)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    if (replay_take_item(device, ITEM_BUS_WRITE, &item)) {
        replay_check_bus_write(device, &item, address, value, size);
        make_nested_calls(device);
    }
}

static void tap_request(DeviceTap *tap, DeviceRequest request, int status)
{
    ReplayItem item;
    if (replay_take_item((ReplayDevice *)tap, ITEM_REQUEST, &item)) {
        replay_check_request((ReplayDevice *)tap, &item, request, status);
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

static void tap_block(DeviceTap *tap, BlockPort *port, const BlockRequest *request)
{
    ReplayItem item;
    unsigned drive = block_port_number(port);
    if (replay_take_item((ReplayDevice *)tap, ITEM_BLOCK, &item)) {
        replay_check_block((ReplayDevice *)tap, &item, drive, request);
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

static void tap_dma_request(DeviceTap *tap, DmaLine *line, bool level)
{
    ReplayItem item;
    (void)line;
    if (replay_take_item((ReplayDevice *)tap, ITEM_DREQ, &item)) {
        replay_check_level((ReplayDevice *)tap, &item, level);
    }
}

static size_t tap_dma(DeviceTap *tap, DmaLine *line, const DmaTransfer *transfer)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    ReplayItem item;
    (void)line;
    if (!replay_take_item(device, ITEM_DMA, &item) || !replay_check_dma(device, &item, transfer)) {
        return 0;
    }
    size_t moved = item.second >> 1;
    *transfer->ended = item.second & 1;
    if (transfer->to) {
        memcpy(transfer->to, item.data, moved);
    }
    return moved;
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
    .dma_request = tap_dma_request,
    .dma = tap_dma,
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

static void idle_dma_request(DeviceTap *tap, DmaLine *line, bool level)
{
    (void)tap, (void)line, (void)level;
}

static size_t idle_dma(DeviceTap *tap, DmaLine *line, const DmaTransfer *transfer)
{
    (void)tap, (void)line, (void)transfer;
    return 0;
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
    .dma_request = idle_dma_request,
    .dma = idle_dma,
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
                                const TapClass *class)
{
    ReplayDevice *device = g_new0(ReplayDevice, 1);
    device_tap_init(&device->tap, class, dev);
    g_queue_init(&device->asked);
    device->replay = replay;
    device->stream = stream;
    if (stream) {
        stream->device = device;
    }
    g_ptr_array_add(replay->devices, device);
    return device;
}

/* One of another class is told by replay_has_all(), and not called until then. */
DeviceTap *replay_make_tap(TapSource *source, Device *dev, const DeviceHost *host)
{
    Replay *replay = (Replay *)source;
    (void)host;
    ReplayStream *stream = replay_find_stream(replay, device_id(dev));
    bool fits = stream && !strcmp(stream->class_name, device_class(dev)->name);
    return &replay_add_device(replay, dev, stream, fits ? &REPLAY_TAP : &IDLE_TAP)->tap;
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
