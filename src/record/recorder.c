#include "src/record/recorder.h"

#include "src/char/char.h"
#include "src/error.h"
#include "src/irq.h"
#include "src/record/format.h"
#include "src/rtc_date.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Written at once when there is so much, else after a while. */
#define FLUSH_SIZE 65536u
#define FLUSH_NS   (NS_PER_SECOND / 10)

typedef struct Tap {
    DeviceTap tap;
    Recorder *recorder;
    const Clock *clock; /* the device's */
    unsigned number;
    /* All below belong to the device's lock. */
    unsigned depth; /* of calls into the device */
    uint64_t now;   /* when the outermost one began */
    uint64_t last;  /* when the one before it did */
    GByteArray *record, *items;
} Tap;

struct Recorder {
    TapSource source;
    RecorderHost host;
    char *path;
    int fd;
    GPtrArray *taps;
    const BlockSet *drives;
    GByteArray *header; /* until the machine is built */
    LoopTask task;
    LoopTimer *timer;
    GByteArray *writing; /* the loop's */
    GMutex lock;
    /* All below belong to the lock. */
    GByteArray *buffer;
    uint64_t last_unclaimed;
    bool failed;
};

/* ---- writing ---- */

static void write_failed(Recorder *recorder, int error_number)
{
    g_autofree char *text =
        g_strdup_printf("-record %s: %s; the recording ends here and cannot be replayed",
                        recorder->path, g_strerror(error_number));
    g_mutex_lock(&recorder->lock);
    recorder->failed = true;
    g_byte_array_set_size(recorder->buffer, 0);
    g_mutex_unlock(&recorder->lock);
    recorder->host.message(recorder->host.opaque, text);
}

static void write_all(Recorder *recorder, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t written = write(recorder->fd, data, size);
        if (written < 0 && errno != EINTR) {
            write_failed(recorder, errno);
            return;
        }
        data += MAX(written, 0);
        size -= (size_t)MAX(written, 0);
    }
}

/* The lock is held for the exchange of two pointers only. */
static void flush(Recorder *recorder)
{
    g_mutex_lock(&recorder->lock);
    GByteArray *full = recorder->buffer;
    recorder->buffer = recorder->writing;
    g_mutex_unlock(&recorder->lock);
    recorder->writing = full;
    write_all(recorder, full->data, full->len);
    g_byte_array_set_size(full, 0);
}

static void flush_timer(void *opaque)
{
    flush(opaque);
}

static void flush_task(void *opaque)
{
    Recorder *recorder = opaque;
    g_mutex_lock(&recorder->lock);
    bool much = recorder->buffer->len >= FLUSH_SIZE;
    g_mutex_unlock(&recorder->lock);
    if (much) {
        flush(recorder);
    } else {
        loop_timer_start(recorder->timer, FLUSH_NS);
    }
}

/* With the lock held.  The loop is told of the first bytes and of the last that it waits for. */
static void append(Recorder *recorder, const GByteArray *record)
{
    guint before = recorder->buffer->len;
    if (recorder->failed) {
        return;
    }
    g_byte_array_append(recorder->buffer, record->data, record->len);
    if (!before || (before < FLUSH_SIZE && recorder->buffer->len >= FLUSH_SIZE)) {
        loop_post(recorder->host.loop, &recorder->task);
    }
}

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

static void commit(Tap *t, const TapEvent *event)
{
    GByteArray *out = t->record;
    g_byte_array_set_size(out, 0);
    record_put_byte(out, first_byte(event, t->items->len));
    record_put(out, t->number);
    record_put(out, t->now - t->last);
    put_event(out, event, t->now);
    if (t->items->len) {
        record_put_byte(t->items, ITEM_END);
        g_byte_array_append(out, t->items->data, t->items->len);
    }
    t->last = t->now;
    g_mutex_lock(&t->recorder->lock);
    append(t->recorder, out);
    g_mutex_unlock(&t->recorder->lock);
}

/* ---- the tap ---- */

/*
 * A call that comes while the device is being called: input that it asked
 * for, or an answer to what it did outside.
 */
static void note_nested(Tap *t, const TapEvent *event)
{
    if (event->kind == TAP_RECEIVE) {
        record_put_item(t->items, ITEM_RECEIVE, event->count);
        g_byte_array_append(t->items, event->data, (guint)event->count);
    } else {
        record_put_item(t->items, ITEM_CALL, event->kind);
        record_put_byte(t->items, first_byte(event, false));
        put_event(t->items, event, t->now);
    }
}

static void tap_enter(DeviceTap *tap, const TapEvent *event)
{
    Tap *t = (Tap *)tap;
    if (t->depth++ == 0) {
        t->now = clock_now(t->clock);
        g_byte_array_set_size(t->items, 0);
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

static void tap_rx_ready(DeviceTap *tap, CharPort *port)
{
    (void)tap;
    char_port_pass_rx_ready(port);
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
};

/* While the machine is built nobody else is there. */
static void put_device(Tap *t)
{
    g_byte_array_set_size(t->record, 0);
    record_put_byte(t->record, RECORD_DEVICE);
    record_put(t->record, t->number);
    record_put_text(t->record, device_id(t->tap.dev));
    record_put_text(t->record, device_class(t->tap.dev)->name);
    append(t->recorder, t->record);
}

static DeviceTap *make_tap(TapSource *source, Device *dev, const DeviceHost *host)
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

static void tap_free(gpointer data)
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
    append(recorder, out);
    g_mutex_unlock(&recorder->lock);
}

/* ---- the machine ---- */

bool recorder_fix_date(Config *config, GError **error)
{
    RtcOptions rtc;
    if (!rtc_options_parse(config->rtc, &rtc, error)) {
        return false;
    }
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(rtc.base);
    g_autofree char *text = g_date_time_format(date, "%Y-%m-%dT%H:%M:%S");
    g_free(config->rtc);
    config->rtc = g_strdup_printf("base=%s,clock=%s", text, rtc.follows_host ? "host" : "vm");
    return true;
}

static void put_line(GByteArray *out, const char *key, const char *value)
{
    g_autofree char *escaped = g_strescape(value, NULL);
    g_autofree char *line = g_strdup_printf("%s %s\n", key, escaped);
    g_byte_array_append(out, (const uint8_t *)line, (guint)strlen(line));
}

static const char *on_or_none(const char *spec)
{
    return spec && strcmp(spec, "none") ? "on" : "none";
}

static void put_lists(GByteArray *out, const Config *config)
{
    if (!config->serials->len && !config->no_defaults) {
        put_line(out, "serial", "on");
    }
    for (guint i = 0; i < config->serials->len; i++) {
        put_line(out, "serial", on_or_none(config->serials->pdata[i]));
    }
    for (guint i = 0; i < config->globals->len; i++) {
        put_line(out, "global", config->globals->pdata[i]);
    }
    for (guint i = 0; i < config->devices->len; i++) {
        put_line(out, "device", config->devices->pdata[i]);
    }
}

static void put_header(GByteArray *out, const Config *config, const RecorderHost *host)
{
    const char *irqchip = host->kernel_irqchip ? "kernel" : host->apics ? "apic" : "user";
    g_autofree char *machine = g_strndup(config->machine, strcspn(config->machine, ","));
    g_autofree char *magic = g_strdup_printf(RECORD_MAGIC "%u\n", RECORD_VERSION);
    g_autofree char *memory = g_strdup_printf("%" G_GUINT64_FORMAT, config->memory);
    bool debugport = config->debugport ? strcmp(config->debugport, "none") : !config->no_defaults;
    g_byte_array_append(out, (const uint8_t *)magic, (guint)strlen(magic));
    put_line(out, "machine", machine);
    put_line(out, "irqchip", irqchip);
    put_line(out, "memory", memory);
    put_line(out, "rtc", config->rtc);
    put_line(out, "debugport", debugport ? "on" : "none");
    if (config->debugcon) {
        put_line(out, "debugcon", on_or_none(config->debugcon));
    }
    put_lists(out, config);
}

/* What was written while the machine was built goes behind it. */
static void finish_header(Recorder *recorder)
{
    GByteArray *header = recorder->header;
    const char *drive;
    uint64_t sectors;
    for (unsigned n = 0; recorder->drives && header->len &&
                         (drive = blockset_placeholder(recorder->drives, n, &sectors));
         n++) {
        g_autofree char *value = g_strdup_printf("%" G_GUINT64_FORMAT " %s", sectors, drive);
        put_line(header, "drive", value);
    }
    if (header->len) {
        record_put_byte(header, '\n');
        g_byte_array_prepend(recorder->buffer, header->data, header->len);
        g_byte_array_set_size(header, 0);
    }
}

static void put_built(TapSource *source)
{
    Recorder *recorder = (Recorder *)source;
    g_autoptr(GByteArray) out = g_byte_array_new();
    finish_header(recorder);
    record_put_byte(out, RECORD_BUILT);
    append(recorder, out);
}

void recorder_set_drives(Recorder *recorder, const BlockSet *drives)
{
    recorder->drives = drives;
}

Recorder *recorder_new(const Config *config, const RecorderHost *host, GError **error)
{
    int fd = open(config->record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-record %s: %s", config->record,
                    g_strerror(errno));
        return NULL;
    }
    Recorder *recorder = g_new0(Recorder, 1);
    recorder->source = (TapSource){.make = make_tap, .built = put_built};
    recorder->host = *host;
    recorder->path = g_strdup(config->record);
    recorder->fd = fd;
    recorder->taps = g_ptr_array_new_with_free_func(tap_free);
    recorder->task = (LoopTask){.run = flush_task, .opaque = recorder};
    recorder->timer = loop_timer_new(host->loop, flush_timer, recorder);
    recorder->buffer = g_byte_array_sized_new(2 * FLUSH_SIZE);
    recorder->writing = g_byte_array_sized_new(2 * FLUSH_SIZE);
    g_mutex_init(&recorder->lock);
    recorder->header = g_byte_array_new();
    put_header(recorder->header, config, host);
    return recorder;
}

TapSource *recorder_taps(Recorder *recorder)
{
    return &recorder->source;
}

void recorder_free(Recorder *recorder)
{
    if (!recorder) {
        return;
    }
    loop_cancel(recorder->host.loop, &recorder->task);
    loop_timer_free(recorder->timer);
    finish_header(recorder);
    if (!recorder->failed) {
        record_put_byte(recorder->buffer, RECORD_END);
        flush(recorder);
    }
    if (close(recorder->fd) < 0 && !recorder->failed) {
        write_failed(recorder, errno);
    }
    g_ptr_array_unref(recorder->taps);
    g_byte_array_unref(recorder->header);
    g_byte_array_unref(recorder->buffer);
    g_byte_array_unref(recorder->writing);
    g_mutex_clear(&recorder->lock);
    g_free(recorder->path);
    g_free(recorder);
}
