#include "src/base/log.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* PIPE_BUF: a pipe that polls as writable accepts this much without blocking. */
#define WRITE_MAX 4096u
/* How many bytes of lines are held. */
#define HELD_MAX 65536u

struct Log {
    Loop *loop;
    const char *option; /* that gave the file */
    int fd;
    OutputFile file; /* its path is NULL for stderr */
    bool begun;
    bool timestamps;
    unsigned lost;
    GAsyncQueue *lines;
    LoopTask task;
    void (*holder)(void *opaque, const char *line); /* NULL: lines are not held */
    void *holder_opaque;
    GString *held;
};

static const struct {
    const char *name;
    LogItem item;
    const char *help;
} ITEMS[] = {
    {"io", LOG_IO, "every access to a device, with the register's name"},
    {"unclaimed", LOG_UNCLAIMED, "at the end: accesses without a device"},
    {"char", LOG_CHAR, "at the end: the counters of each chardev"},
    {"guest_errors", LOG_GUEST_ERRORS, "model specific registers that do not exist, once each"},
    {"options", LOG_ACCEPTED, "at the start: options that were accepted and change nothing"},
    {"cpu_reset", LOG_CPU_RESET, "the registers before each reset of a CPU"},
    {"in_asm", LOG_IN_ASM, "soft: instructions, in blocks, when they are first decoded"},
    {"int", LOG_INT, "soft: interrupts and exceptions"},
    {"exec", LOG_EXEC, "soft: a line before each block is executed"},
    {"cpu", LOG_CPU, "soft: the registers before each block is executed"},
    {"mmu", LOG_MMU, "soft: changes of CR0, CR3 and CR4"},
    {"nochain", LOG_NOCHAIN, "soft: blocks are not chained"},
};

const char *const *log_item_names(void)
{
    static const char *names[G_N_ELEMENTS(ITEMS) + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(ITEMS); i++) {
        names[i] = ITEMS[i].name;
    }
    return names;
}

bool log_parse_items(const char *text, unsigned *items, GError **error)
{
    g_autoptr(GHashTable) table = keyval_parse("-d", text, NULL, log_item_names(), error);
    if (!table) {
        return false;
    }
    *items = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(ITEMS); i++) {
        *items |= g_hash_table_contains(table, ITEMS[i].name) ? ITEMS[i].item : 0;
    }
    return true;
}

char *log_help(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(ITEMS); i++) {
        g_string_append_printf(text, "  %-12s %s\n", ITEMS[i].name, ITEMS[i].help);
    }
    return g_string_free(text, false);
}

void log_set_timestamps(Log *log, bool on)
{
    log->timestamps = on;
}

static bool can_write(const Log *log)
{
    struct pollfd poller = {.fd = log->fd, .events = POLLOUT};
    return poll(&poller, 1, 0) == 1 && poller.revents & POLLOUT;
}

static bool write_text(Log *log, const char *text)
{
    size_t left = strlen(text);
    while (left) {
        if (!can_write(log)) {
            return false;
        }
        ssize_t written = write(log->fd, text, MIN(left, WRITE_MAX));
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text += MAX(written, 0);
        left -= (size_t)MAX(written, 0);
    }
    return true;
}

static void write_line(Log *log, const char *line)
{
    if (log->lost && can_write(log)) {
        g_autofree char *mark = g_strdup_printf("[%u lines lost: they were not read]\n", log->lost);
        log->lost = write_text(log, mark) ? 0 : log->lost;
    }
    g_autoptr(GDateTime) now = log->timestamps ? g_date_time_new_now_utc() : NULL;
    g_autofree char *stamp = now ? g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ ") : NULL;
    g_autofree char *text = g_strdup_printf("%s%s%s", stamp ? stamp : "", line,
                                            g_str_has_suffix(line, "\n") ? "" : "\n");
    log->lost += !write_text(log, text);
}

void log_begin(Log *log)
{
    log->begun = true;
    if (log->file.path && !output_file_begin(&log->file)) {
        log_line(log, "pioemu: %s %s cannot be truncated: %s", log->option, log->file.path,
                 g_strerror(errno));
    }
}

/* The oldest lines are dropped when too many are held. */
static void hold_line(Log *log, const char *line)
{
    g_string_append_printf(log->held, "%s%s", line, g_str_has_suffix(line, "\n") ? "" : "\n");
    while (log->held->len > HELD_MAX) {
        const char *end = strchr(log->held->str, '\n');
        g_string_erase(log->held, 0, end - log->held->str + 1);
    }
    log->holder(log->holder_opaque, line);
}

void log_flush(Log *log)
{
    char *line;
    if (!log->begun) {
        return;
    }
    while ((line = g_async_queue_try_pop(log->lines))) {
        if (log->holder) {
            hold_line(log, line);
        } else {
            write_line(log, line);
        }
        g_free(line);
    }
}

void log_hold(Log *log, void (*show)(void *opaque, const char *line), void *opaque)
{
    log_flush(log);
    log->holder = show;
    log->holder_opaque = opaque;
}

void log_release(Log *log)
{
    log_flush(log);
    log->holder = NULL;
    if (log->held->len) {
        write_line(log, log->held->str);
        g_string_truncate(log->held, 0);
    }
}

static void flush_task(void *opaque)
{
    log_flush(opaque);
}

Log *log_new(Loop *loop, const char *option, const char *path, GError **error)
{
    OutputFile file = {.fd = STDERR_FILENO};
    if (path && !output_file_open(&file, path, O_APPEND, false)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: %s", option, path,
                    g_strerror(errno));
        return NULL;
    }
    Log *log = g_new0(Log, 1);
    log->loop = loop;
    log->option = option;
    log->fd = file.fd;
    log->file = file;
    log->begun = !path;
    log->lines = g_async_queue_new_full(g_free);
    log->held = g_string_new(NULL);
    log->task = (LoopTask){.run = flush_task, .opaque = log};
    return log;
}

bool log_set_file(Log *log, const char *path, GError **error)
{
    OutputFile file;
    if (!output_file_open(&file, path, 0, false)) {
        return error_refuse(error, "'%s': %s", path, g_strerror(errno));
    }
    log_flush(log);
    log->holder = NULL;
    output_file_close(&log->file);
    log->file = file;
    log->fd = file.fd;
    if (log->begun) {
        log_begin(log);
    }
    return true;
}

/* If the run never began, its lines do not go to the file, which keeps its contents. */
void log_free(Log *log)
{
    if (!log->begun) {
        log->fd = STDERR_FILENO;
        log->begun = true;
    }
    log_flush(log);
    loop_cancel(log->loop, &log->task);
    output_file_close(&log->file);
    g_async_queue_unref(log->lines);
    g_string_free(log->held, true);
    g_free(log);
}

void log_line(Log *log, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_async_queue_push(log->lines, g_strdup_vprintf(format, args));
    va_end(args);
    loop_post(log->loop, &log->task);
}
