#include "src/record/recorder_internal.h"

#include "src/base/error.h"
#include "src/machine/rtc_date.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The buffer is written when it reaches this size, or else after FLUSH_NS. */
#define FLUSH_SIZE 65536u
#define FLUSH_NS   (NS_PER_SECOND / 10)
/* How much may wait for the reader of a pipe. */
#define BACKLOG_MAX ((size_t)64 << 20)

/* ---- writing ---- */

static void give_up(Recorder *recorder, const char *why)
{
    g_autofree char *text = g_strdup_printf(
        "-record %s: %s; the recording ends here and cannot be replayed", recorder->path, why);
    g_mutex_lock(&recorder->lock);
    recorder->failed = true;
    g_byte_array_set_size(recorder->buffer, 0);
    g_mutex_unlock(&recorder->lock);
    g_byte_array_set_size(recorder->writing, 0);
    recorder->written = 0;
    recorder->host.message(recorder->host.opaque, text);
}

/* Holds the lock only while it exchanges two pointers. */
static bool take_buffer(Recorder *recorder)
{
    g_mutex_lock(&recorder->lock);
    GByteArray *full = recorder->buffer;
    recorder->buffer = recorder->writing;
    g_mutex_unlock(&recorder->lock);
    recorder->writing = full;
    return full->len;
}

/* Writes as much as the file takes at once.  False: a pipe is full. */
static bool write_out(Recorder *recorder)
{
    while (recorder->written < recorder->writing->len) {
        ssize_t put = write(recorder->file.fd, recorder->writing->data + recorder->written,
                            recorder->writing->len - recorder->written);
        if (put < 0 && errno == EAGAIN) {
            return false;
        }
        if (put < 0 && errno != EINTR) {
            give_up(recorder, g_strerror(errno));
        }
        recorder->written += put > 0 ? (guint)put : 0;
    }
    g_byte_array_set_size(recorder->writing, 0);
    recorder->written = 0;
    return true;
}

/* Waits for the reader of a pipe in the loop, where other work goes on. */
static void flush(Recorder *recorder)
{
    bool done = true;
    if (!recorder->started) {
        return;
    }
    while ((done = write_out(recorder)) && take_buffer(recorder)) {
    }
    loop_fd_watch(recorder->room, done ? 0 : LOOP_WRITE);
}

static void flush_timer(void *opaque)
{
    flush(opaque);
}

static void room_found(void *opaque, unsigned events)
{
    (void)events;
    flush(opaque);
}

static void flush_task(void *opaque)
{
    Recorder *recorder = opaque;
    g_mutex_lock(&recorder->lock);
    bool much = recorder->buffer->len >= FLUSH_SIZE, overrun = recorder->overrun;
    recorder->overrun = false;
    g_mutex_unlock(&recorder->lock);
    if (overrun) {
        give_up(recorder, "64 MiB of it are not read");
    } else if (much) {
        flush(recorder);
    } else {
        loop_timer_start(recorder->timer, FLUSH_NS);
    }
}

/* Posts the loop's task for the first bytes, and when the buffer reaches FLUSH_SIZE. */
void recorder_append(Recorder *recorder, const uint8_t *data, size_t size)
{
    guint before = recorder->buffer->len;
    if (recorder->failed || !size) {
        return;
    }
    if (before + size > BACKLOG_MAX) {
        recorder->failed = recorder->overrun = true;
        loop_post(recorder->host.loop, &recorder->task);
        return;
    }
    g_byte_array_append(recorder->buffer, data, (guint)size);
    if (!before || (before < FLUSH_SIZE && recorder->buffer->len >= FLUSH_SIZE)) {
        loop_post(recorder->host.loop, &recorder->task);
    }
}

/* ---- what the host does ---- */

static void put_host(Recorder *recorder, RecordHost what, const GByteArray *rest)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_mutex_lock(&recorder->lock);
    uint64_t count = recorder->host.instructions(recorder->host.opaque);
    record_put_byte(out, RECORD_HOST);
    record_put_byte(out, what);
    record_put(out, count - recorder->last_count);
    g_byte_array_append(out, rest->data, rest->len);
    recorder->last_count = count;
    recorder_append(recorder, out->data, out->len);
    g_mutex_unlock(&recorder->lock);
}

void recorder_host(Recorder *recorder, RecordHost what, uint64_t number)
{
    g_autoptr(GByteArray) rest = g_byte_array_new();
    if (recorder && recorder->host.instructions) {
        record_put(rest, number);
        put_host(recorder, what, rest);
    }
}

void recorder_end(Recorder *recorder, const VmResult *result)
{
    g_autoptr(GByteArray) rest = g_byte_array_new();
    if (recorder && recorder->host.instructions) {
        record_put(rest, result->by);
        record_put(rest, (unsigned)result->status);
        record_put_text(rest, result->reason);
        put_host(recorder, HOST_END, rest);
    }
}

/* ---- the machine ---- */

char *recorder_file_sum(const char *path)
{
    g_autofree char *data = NULL;
    gsize size;
    return g_file_get_contents(path, &data, &size, NULL)
               ? g_compute_checksum_for_data(G_CHECKSUM_SHA256, (uint8_t *)data, size)
               : NULL;
}

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

static void put_optional(GByteArray *out, const char *key, const char *value)
{
    if (value) {
        put_line(out, key, value);
    }
}

static const char *on_or_none(const char *spec)
{
    return spec && strcmp(spec, "none") ? "on" : "none";
}

static void put_names(GByteArray *out)
{
    g_autoptr(GString) calls = g_string_new(NULL);
    g_autoptr(GString) services = g_string_new(NULL);
    for (unsigned i = 0; i < CALL_KINDS; i++) {
        g_string_append_printf(calls, "%s%s", i ? " " : "", record_call_name((DeviceCallKind)i));
    }
    for (unsigned i = 0; i < SERVICE_KINDS; i++) {
        g_string_append_printf(services, "%s%s", i ? " " : "", SERVICES[i].name);
    }
    put_line(out, "calls", calls->str);
    put_line(out, "services", services->str);
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
    for (guint i = 0; i < config->fw_cfgs->len; i++) {
        put_line(out, "fw_cfg", config->fw_cfgs->pdata[i]);
    }
}

/* Writes what runs on the machine: the CPU's options and the files. */
static void put_run(GByteArray *out, const Config *config, const RecorderHost *host)
{
    const char *const files[RECORD_FILES] = {config->kernel, config->initrd, config->bios};
    put_line(out, "ips", host->ips ? host->ips : RECORD_DEFAULT);
    for (size_t i = 0; i < RECORD_FILES; i++) {
        g_autofree char *sum = files[i] ? recorder_file_sum(files[i]) : NULL;
        put_optional(out, RECORD_FILE_NAMES[i], sum);
    }
    g_autofree char *cpu = cpu_model_text(&config->cpu);
    put_line(out, "cpu", cpu);
    put_optional(out, "append", config->append);
    put_optional(out, "flat", config->flat);
    put_optional(out, "kernel-entry", host->kernel_entry);
    g_autofree char *actions = run_actions_text(&config->actions);
    put_optional(out, "no-reboot", config->no_reboot ? "on" : NULL);
    put_optional(out, "action", actions);
}

static void put_header(GByteArray *out, const Config *config, const RecorderHost *host)
{
    const char *irqchip = host->apics ? "apic" : irqchip_name(host->irqchip);
    g_autofree char *machine = g_strndup(config->machine, strcspn(config->machine, ","));
    g_autofree char *magic = g_strdup_printf(RECORD_MAGIC "%u\n", RECORD_VERSION);
    g_autofree char *memory = g_strdup_printf("%" G_GUINT64_FORMAT, config->memory);
    bool debugport = config->debugport ? strcmp(config->debugport, "none") : !config->no_defaults;
    g_byte_array_append(out, (const uint8_t *)magic, (guint)strlen(magic));
    put_names(out);
    put_line(out, "machine", machine);
    put_line(out, "irqchip", irqchip);
    put_line(out, "memory", memory);
    put_line(out, "rtc", config->rtc);
    put_line(out, "debugport", debugport ? "on" : "none");
    if (config->debugcon) {
        put_line(out, "debugcon", on_or_none(config->debugcon));
    }
    put_lists(out, config);
    if (config->cpus > 1) {
        g_autofree char *cpus = config->topology.cpus ? cpu_topology_text(&config->topology)
                                                      : g_strdup_printf("%u", config->cpus);
        put_line(out, "smp", cpus);
    }
    put_line(out, "boot", config->boot ? config->boot : RECORD_DEFAULT);
    put_optional(out, "boots-kernel", host->firmware && config->kernel ? "on" : NULL);
    put_optional(out, "started-by", RECORD_STARTS[host->started_by]);
    put_optional(out, "own-bios", host->own_bios ? "on" : NULL);
    if (host->instructions) {
        put_run(out, config, host);
    }
}

/* The header goes before the records that were written while the machine was built. */
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

static void put_built(ServicesSource *source)
{
    Recorder *recorder = (Recorder *)source;
    g_autoptr(GByteArray) out = g_byte_array_new();
    finish_header(recorder);
    record_put_byte(out, RECORD_BUILT);
    recorder_append(recorder, out->data, out->len);
}

void recorder_set_drives(Recorder *recorder, const BlockSet *drives)
{
    recorder->drives = drives;
}

void recorder_start(Recorder *recorder)
{
    recorder->started = true;
    if (!output_file_begin(&recorder->file)) {
        give_up(recorder, g_strerror(errno));
    }
    loop_post(recorder->host.loop, &recorder->task);
}

static void patience_over(void *opaque)
{
    *(bool *)opaque = true;
}

/* The reader of a pipe has so long for each piece that it takes. */
static void wait_for_reader(Recorder *recorder, uint64_t patience)
{
    bool over = !patience;
    LoopTimer *timer = loop_timer_new(recorder->host.loop, patience_over, &over);
    loop_timer_start(timer, patience);
    while (recorder->writing->len && !over) {
        guint before = recorder->written;
        loop_step(recorder->host.loop, true);
        if (recorder->written != before) {
            loop_timer_start(timer, patience);
        }
    }
    loop_timer_free(timer);
}

void recorder_finish(Recorder *recorder, uint64_t patience)
{
    static const uint8_t END[] = {RECORD_END};
    g_mutex_lock(&recorder->lock);
    recorder_append(recorder, END, sizeof(END));
    g_mutex_unlock(&recorder->lock);
    flush(recorder);
    wait_for_reader(recorder, patience);
    if (recorder->writing->len) {
        give_up(recorder, "it is not read");
    }
    g_mutex_lock(&recorder->lock);
    recorder->failed = true; /* what comes now is no longer part of it */
    g_mutex_unlock(&recorder->lock);
}

Recorder *recorder_new(const Config *config, const RecorderHost *host, GError **error)
{
    OutputFile file;
    if (!output_file_open(&file, config->record, 0, false)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-record %s: %s", config->record,
                    g_strerror(errno));
        return NULL;
    }
    Recorder *recorder = g_new0(Recorder, 1);
    recorder->source = (ServicesSource){.make = recorder_make_services, .built = put_built};
    recorder->host = *host;
    recorder->path = g_strdup(config->record);
    recorder->file = file;
    recorder->devices = g_ptr_array_new_with_free_func(recorder_free_services);
    recorder->task = (LoopTask){.run = flush_task, .opaque = recorder};
    recorder->timer = loop_timer_new(host->loop, flush_timer, recorder);
    recorder->room = loop_fd_new(host->loop, file.fd, room_found, recorder);
    recorder->buffer = g_byte_array_sized_new(2 * FLUSH_SIZE);
    recorder->writing = g_byte_array_sized_new(2 * FLUSH_SIZE);
    g_mutex_init(&recorder->lock);
    recorder->header = g_byte_array_new();
    put_header(recorder->header, config, host);
    return recorder;
}

ServicesSource *recorder_services(Recorder *recorder)
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
    loop_fd_free(recorder->room);
    if (!output_file_close(&recorder->file)) {
        give_up(recorder, g_strerror(errno));
    }
    g_ptr_array_unref(recorder->devices);
    g_byte_array_unref(recorder->header);
    g_byte_array_unref(recorder->buffer);
    g_byte_array_unref(recorder->writing);
    g_mutex_clear(&recorder->lock);
    g_free(recorder->path);
    g_free(recorder);
}
