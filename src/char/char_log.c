/*
 * Log files: strip, stamp, rotate, write.
 */
#include "src/char/char_log.h"

#include "src/char/ansi.h"
#include "src/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct CharLog {
    Chardev *chardev;
    CharLogConfig config;
    char *path;
    int fd; /* -1: it could not be opened again */
    uint64_t size;
    bool line_start;
    bool failing; /* the last write failed, and that was said */
    AnsiFilter filter;
};

static int open_file(const CharLog *log, bool append)
{
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC | O_NONBLOCK;
    return open(log->path, flags | (append ? 0 : O_TRUNC), 0666);
}

static void close_file(CharLog *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    log->fd = -1;
}

CharLog *char_log_new(Chardev *chardev, const CharLogConfig *config, GError **error)
{
    CharLog *log = g_new0(CharLog, 1);
    *log = (CharLog){.chardev = chardev, .config = *config, .line_start = true};
    log->path = g_strdup(config->path);
    log->fd = open_file(log, config->append);
    struct stat st;
    if (log->fd < 0 || fstat(log->fd, &st) < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "logfile '%s': %s", log->path,
                    g_strerror(errno));
        char_log_free(log);
        return NULL;
    }
    log->size = (uint64_t)st.st_size;
    if (!S_ISREG(st.st_mode)) {
        log->config.max = 0; /* a pipe or a device cannot be put aside */
    }
    return log;
}

void char_log_free(CharLog *log)
{
    if (log) {
        close_file(log);
        g_free(log->path);
        g_free(log);
    }
}

static void fail(CharLog *log)
{
    if (!log->failing) {
        chardev_report(log->chardev, "lines for logfile %s are lost: %s", log->path,
                       g_strerror(errno));
    }
    log->failing = true;
}

/* PATH.1 is the youngest of the old ones. */
static void rotate(CharLog *log)
{
    close_file(log);
    for (uint64_t n = MAX(log->config.keep, 1); n > 0; n--) {
        g_autofree char *from =
            n == 1 ? g_strdup(log->path) : g_strdup_printf("%s.%" PRIu64, log->path, n - 1);
        g_autofree char *to = g_strdup_printf("%s.%" PRIu64, log->path, n);
        rename(from, to);
    }
    log->fd = open_file(log, false);
    log->size = 0;
}

static void write_out(CharLog *log, const char *text, size_t size)
{
    if (log->config.max && log->size && log->size + size > log->config.max) {
        rotate(log);
    }
    for (size_t done = 0; done < size;) {
        ssize_t put = write(log->fd, text + done, size - done);
        if (put < 0 && errno != EINTR) {
            fail(log);
            return;
        }
        done += (size_t)MAX(put, 0);
        log->size += (size_t)MAX(put, 0);
    }
    log->failing = false;
}

static void append_stamp(const CharLog *log, GString *text)
{
    const CharEvents *events = charset_events(log->chardev->set);
    if (log->config.stamp == CHAR_STAMP_HOST) {
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        g_autofree char *date = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
        g_string_append_printf(text, "[%s.%06dZ] ", date, g_date_time_get_microsecond(now));
    } else if (log->config.stamp == CHAR_STAMP_GUEST && events->machine_time) {
        uint64_t ns = events->machine_time(events->opaque);
        g_string_append_printf(text, "[%5" PRIu64 ".%06" PRIu64 "] ", ns / NS_PER_SECOND,
                               ns % NS_PER_SECOND / 1000);
    }
}

static void append_byte(CharLog *log, GString *text, uint8_t byte)
{
    if (log->config.strip && !ansi_filter_passes(&log->filter, byte)) {
        return;
    }
    if (log->line_start) {
        append_stamp(log, text);
    }
    g_string_append_c(text, (char)byte);
    log->line_start = byte == '\n';
}

/* The end of a line is where a file may end: no line is cut in two. */
static void flush_lines(CharLog *log, GString *text)
{
    if (text->len) {
        write_out(log, text->str, text->len);
        g_string_truncate(text, 0);
    }
}

void char_log_write(CharLog *log, const uint8_t *data, size_t size)
{
    g_autoptr(GString) text = g_string_sized_new(size + 64);
    for (size_t i = 0; i < size; i++) {
        append_byte(log, text, data[i]);
        if (log->line_start && log->config.max && log->size + text->len >= log->config.max / 2) {
            flush_lines(log, text);
        }
    }
    flush_lines(log, text);
}
