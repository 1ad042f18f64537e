#include "src/record/replay_tap.h"

#include "src/char/char.h"

#include <inttypes.h>

/* Beyond every clock: the rest is room for devices to calculate in. */
#define TIME_MAX (UINT64_C(1) << 62)

/* ---- what is noted ---- */

void replay_damaged(Replay *replay, const char *what)
{
    if (!replay_stopped(replay)) {
        replay->damage = g_strdup_printf("%s (record %" PRIu64 ", at byte %zu)", what,
                                         replay->records + 1, replay->in.at);
    }
}

static char *describe_access(const Replay *replay, const char *device)
{
    const TapEvent *e = &replay->event;
    bool write = e->kind == TAP_WRITE || e->kind == TAP_WRITE_BLOCK;
    return g_strdup_printf("%s %s%s%s (%s 0x%" PRIx64 ")", device, write ? "write" : "read",
                           replay->register_name ? " " : "",
                           replay->register_name ? replay->register_name : "",
                           e->space == IO_PORTS ? "port" : "address", e->address);
}

static char *describe_call(const Replay *replay)
{
    static const char *const NAMES[TAP_KINDS] = {
        [TAP_REALIZE] = "power-on",      [TAP_RESET] = "reset", [TAP_ACKNOWLEDGE] = "acknowledge",
        [TAP_RECEIVE] = "input",         [TAP_BREAK] = "break", [TAP_LINES] = "modem lines",
        [TAP_TX_ROOM] = "line has room",
    };
    const TapEvent *e = &replay->event;
    Device *dev = ((ReplayDevice *)replay->devices->pdata[replay->number])->tap.dev;
    const char *id = device_id(dev);
    if (e->kind >= TAP_READ && e->kind <= TAP_WRITE_BLOCK) {
        return describe_access(replay, id);
    }
    if (e->kind == TAP_TIMER) {
        return g_strdup_printf("%s timer '%s'", id, device_class(dev)->timers[e->address].name);
    }
    if (e->kind == TAP_INPUT) {
        return g_strdup_printf("%s input pin %" PRIu64, id, e->address);
    }
    return g_strdup_printf("%s %s", id, NAMES[e->kind]);
}

void replay_differs(Replay *replay, const char *format, ...)
{
    if (replay_stopped(replay)) {
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *call = describe_call(replay);
    replay->difference = g_strdup_printf(
        "at %" PRIu64 ".%09" PRIu64 " s, record %" PRIu64 ": %s: %s", replay->time / NS_PER_SECOND,
        replay->time % NS_PER_SECOND, replay->records + 1, call, what);
}

/* ---- reading ---- */

static void read_item(Replay *replay)
{
    RecordReader *in = &replay->in;
    ReplayItem *item = &replay->item;
    *item = (ReplayItem){.kind = ITEM_END};
    if (!replay->has_items || in->over) {
        return;
    }
    item->kind = record_get_item(in, &item->number);
    switch (item->kind) {
    case ITEM_OUTPUT:
        item->second = record_get(in);
        item->data = record_get_bytes(in, item->number);
        break;
    case ITEM_RECEIVE:
        item->data = record_get_bytes(in, item->number);
        break;
    case ITEM_REQUEST:
        item->second = record_get(in);
        break;
    case ITEM_MEMORY:
        item->second = item->number ? record_get(in) : 0;
        item->data = record_get_bytes(in, item->second);
        break;
    default:
        break;
    }
    if (in->over) {
        replay_damaged(replay, "cut short");
        *item = (ReplayItem){.kind = ITEM_END};
    }
}

static void read_block(Replay *replay)
{
    TapEvent *e = &replay->event;
    e->count = record_get(&replay->in);
    if (e->count > RECORD_ITEMS_MAX) {
        replay_damaged(replay, "a block without end");
        e->count = 0;
    }
    e->data = record_get_bytes(&replay->in, e->count * e->size);
}

static void read_timer(Replay *replay, uint64_t now)
{
    replay->event.address = record_get(&replay->in);
    uint64_t late = record_get(&replay->in);
    if (late > now) {
        replay_damaged(replay, "a deadline before the beginning");
        late = now;
    }
    replay->event.value = now - late;
}

static void read_event(Replay *replay, uint64_t now)
{
    RecordReader *in = &replay->in;
    TapEvent *e = &replay->event;
    switch (e->kind) {
    case TAP_READ:
    case TAP_WRITE:
        e->address = record_get(in);
        e->value = record_get(in);
        break;
    case TAP_READ_BLOCK:
    case TAP_WRITE_BLOCK:
        e->address = record_get(in);
        read_block(replay);
        break;
    case TAP_TIMER:
        read_timer(replay, now);
        break;
    case TAP_INPUT:
        e->value = record_get(in);
        e->address = e->value >> 1;
        e->value &= 1;
        break;
    case TAP_RECEIVE:
        e->count = record_get(in);
        e->data = record_get_bytes(in, e->count);
        break;
    case TAP_ACKNOWLEDGE:
    case TAP_LINES:
        e->value = record_get(in);
        break;
    default:
        break;
    }
}

static void read_unclaimed(Replay *replay)
{
    replay->unclaimed_time += record_get(&replay->in);
    replay->time = replay->unclaimed_time;
    replay->event.address = record_get(&replay->in);
    replay->event.value = record_get(&replay->in);
    replay->event.count = record_get(&replay->in);
    if (replay->unclaimed_time > TIME_MAX) {
        replay_damaged(replay, "an impossible time");
    }
}

static void read_call(Replay *replay)
{
    uint64_t number = record_get(&replay->in);
    uint64_t later = record_get(&replay->in);
    if (number >= replay->devices->len) {
        replay_damaged(replay, replay->in.over ? "cut short" : "a device that there is not");
        return;
    }
    ReplayDevice *device = replay->devices->pdata[number];
    replay->number = (unsigned)number;
    if (later > TIME_MAX - device->now) {
        replay_damaged(replay, "an impossible time");
        return;
    }
    device->now += later;
    replay->time = device->now;
    replay->event.kind = (TapKind)(replay->kind - RECORD_OF_TAP(0));
    read_event(replay, device->now);
    read_item(replay);
    replay->waiting = true;
}

void replay_read(Replay *replay)
{
    unsigned first = record_get_byte(&replay->in);
    replay->kind = first & RECORD_KIND_MASK;
    replay->has_items = first & RECORD_ITEMS;
    replay->register_name = NULL;
    replay->event = (TapEvent){.size = record_size(first),
                               .space = first & RECORD_MEMORY ? IO_MEMORY : IO_PORTS};
    if (replay->kind >= RECORD_UNCLAIMED_READ) {
        read_unclaimed(replay);
    } else if (replay->kind != RECORD_END) {
        read_call(replay);
    }
    if (replay->in.over) {
        replay_damaged(replay, "cut short");
    }
    replay->waiting &= !replay->damage;
}

/* ---- the calls ---- */

static bool fits(const Replay *replay, const ReplayDevice *device, const TapEvent *event)
{
    const TapEvent *recorded = &replay->event;
    return replay->waiting && replay->number == device->number && recorded->kind == event->kind &&
           recorded->count == event->count;
}

static bool is_for(const Replay *replay, const ReplayDevice *device)
{
    return replay->waiting && replay->number == device->number;
}

/*
 * While the machine is built, its devices' power-on comes by itself.  What
 * it did to other devices was over before it was, and comes before it.
 */
static void catch_up(Replay *replay, const ReplayDevice *device)
{
    do {
        replay_read(replay);
        if (!is_for(replay, device) && !replay_stopped(replay)) {
            replay->dispatch(replay);
        }
    } while (!is_for(replay, device) && !replay_stopped(replay) && replay->kind != RECORD_END);
}

static void tap_enter(DeviceTap *tap, const TapEvent *event)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    Replay *replay = device->replay;
    if (replay->depth) {
        replay->depth++;
        return;
    }
    if (!replay->waiting && !replay_stopped(replay)) {
        catch_up(replay, device);
    }
    replay->active = device;
    replay->depth = 1;
    if (!replay_stopped(replay) && !fits(replay, device, event)) {
        replay_damaged(replay, "does not fit the machine");
    }
    replay->waiting = false;
}

static void check_answer(Replay *replay, const TapEvent *event)
{
    const TapEvent *recorded = &replay->event;
    int digits = (int)event->size * 2;
    switch (event->kind) {
    case TAP_READ:
        if (event->value != recorded->value) {
            replay_differs(replay, "expected 0x%0*" PRIx64 ", got 0x%0*" PRIx64, digits,
                           recorded->value, digits, event->value);
        }
        break;
    case TAP_ACKNOWLEDGE:
        if (event->value != recorded->value) {
            replay_differs(replay, "expected vector 0x%02" PRIx64 ", got 0x%02" PRIx64,
                           recorded->value, event->value);
        }
        break;
    case TAP_READ_BLOCK:
        if (memcmp(event->data, recorded->data, event->count * event->size) != 0) {
            replay_differs(replay, "other items than the %zu that were expected", event->count);
        }
        break;
    default:
        break;
    }
}

static const char *const ITEM_NAMES[] = {
    [ITEM_END] = "nothing",
    [ITEM_IRQ] = "a change of an interrupt line",
    [ITEM_PENDING] = "a question about the interrupt",
    [ITEM_OUTPUT] = "output",
    [ITEM_RECEIVE] = "input to be taken",
    [ITEM_LINES] = "a look at the modem lines",
    [ITEM_REQUEST] = "a request to the machine",
    [ITEM_MEMORY] = "a read of memory",
};

static void tap_leave(DeviceTap *tap, const TapEvent *event)
{
    Replay *replay = ((ReplayDevice *)tap)->replay;
    if (--replay->depth) {
        return;
    }
    replay->active = NULL;
    if (!replay_stopped(replay)) {
        check_answer(replay, event);
        if (replay->item.kind != ITEM_END) {
            replay_differs(replay, "expected %s, got nothing", ITEM_NAMES[replay->item.kind]);
        }
    }
    replay->records++;
}

/* ---- what the device does ---- */

static uint64_t tap_now(DeviceTap *tap)
{
    return ((ReplayDevice *)tap)->now;
}

/*
 * The recorded counterpart of what the device does now, in `item`; false: it
 * did something else then, or nothing is compared any more.
 */
static bool take_item(DeviceTap *tap, RecordItem kind, ReplayItem *item)
{
    Replay *replay = ((ReplayDevice *)tap)->replay;
    *item = replay->item;
    if (replay_stopped(replay) || replay->active != (ReplayDevice *)tap) {
        return false;
    }
    if (item->kind != kind) {
        replay_differs(replay, "expected %s, got %s", ITEM_NAMES[item->kind], ITEM_NAMES[kind]);
        return false;
    }
    read_item(replay);
    return true;
}

static void tap_irq(DeviceTap *tap, unsigned line, bool level, IrqLine *to)
{
    ReplayItem item;
    (void)to;
    if (take_item(tap, ITEM_IRQ, &item) && item.number != ((uint64_t)line << 1 | level)) {
        replay_differs(((ReplayDevice *)tap)->replay,
                       "interrupt line %" PRIu64 ": expected %s, got line %u %s", item.number >> 1,
                       item.number & 1 ? "high" : "low", line, level ? "high" : "low");
    }
}

static bool tap_pending(DeviceTap *tap, const IrqLine *to)
{
    ReplayItem item;
    (void)to;
    return take_item(tap, ITEM_PENDING, &item) && item.number;
}

static void check_output(Replay *replay, const ReplayItem *item, const uint8_t *data, size_t size)
{
    if (item->second > UINT64_MAX - item->number || item->number + item->second != size) {
        replay_differs(replay, "output: expected %" PRIu64 " bytes, got %zu",
                       item->number + item->second, size);
        return;
    }
    for (size_t i = 0; i < item->number; i++) {
        if (item->data[i] != data[i]) {
            replay_differs(replay, "output: expected 0x%02x, got 0x%02x", item->data[i], data[i]);
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
    check_output(((ReplayDevice *)tap)->replay, &item, data, size);
    return MIN(size, item.number);
}

static unsigned tap_lines(DeviceTap *tap, const CharPort *port)
{
    ReplayItem item;
    (void)port;
    return take_item(tap, ITEM_LINES, &item) ? (unsigned)item.number : 0;
}

bool replay_has_room(Replay *replay, ReplayDevice *device, uint64_t size)
{
    const CharClient *client = device_class(device->tap.dev)->char_client;
    if (!client || !client->receive || !size) {
        replay_damaged(replay, "input for a device that takes none");
        return false;
    }
    size_t room = client->rx_room ? client->rx_room(device_state(device->tap.dev)) : SIZE_MAX;
    if (room < size) {
        replay_differs(replay, "expected room for %" PRIu64 " bytes of input, got %zu", size, room);
    }
    return room >= size;
}

static void tap_rx_ready(DeviceTap *tap, CharPort *port)
{
    ReplayDevice *device = (ReplayDevice *)tap;
    Replay *replay = device->replay;
    (void)port;
    if (device->receiving || replay->active != device) {
        return;
    }
    device->receiving = true;
    while (replay->item.kind == ITEM_RECEIVE && !replay_stopped(replay)) {
        ReplayItem item = replay->item;
        if (replay_has_room(replay, device, item.number)) {
            read_item(replay);
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
        replay_differs(((ReplayDevice *)tap)->replay,
                       "memory at 0x%" PRIx64 ": expected %" PRIu64 " bytes, got %zu", address,
                       item.second, size);
        return false;
    }
    memcpy(data, item.data, size);
    return true;
}

static void tap_request(DeviceTap *tap, DeviceRequest request, int status)
{
    ReplayItem item;
    if (take_item(tap, ITEM_REQUEST, &item) &&
        (item.number != (uint64_t)request || item.second != (unsigned)status)) {
        replay_differs(((ReplayDevice *)tap)->replay,
                       "request: expected %" PRIu64 " with status %" PRIu64 ", got %d with %d",
                       item.number, item.second, (int)request, status);
    }
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
    .request = tap_request,
};

DeviceTap *replay_make_tap(TapSource *source, Device *dev, const DeviceHost *host)
{
    Replay *replay = (Replay *)source;
    (void)host;
    ReplayDevice *device = g_new0(ReplayDevice, 1);
    device_tap_init(&device->tap, &REPLAY_TAP, dev);
    device->replay = replay;
    device->number = replay->devices->len;
    g_ptr_array_add(replay->devices, device);
    return &device->tap;
}

void replay_free_tap(gpointer data)
{
    ReplayDevice *device = data;
    device_tap_clear(&device->tap);
    g_free(device);
}
