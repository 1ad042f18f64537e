/* Log files: they strip, stamp, rotate and write. */
#include "src/char/char_log.h"

#include "src/base/error.h"
#include "src/base/file_place.h"
#include "src/base/output_file.h"
#include "src/char/ansi.h"

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
    FilePlace place;
    OutputFile first; /* used until the run begins */
    int fd;           /* -1: opening it again failed */
    uint64_t size;
    bool line_start;
    bool failing; /* the last write failed, and a message said so */
    AnsiFilter filter;
};

static void close_file(CharLog *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    log->fd = -1;
}

static bool open_file(CharLog *log)
{
    struct stat st;
    if (!output_file_open(&log->first, log->path, O_APPEND, log->config.append)) {
        return false;
    }
    log->fd = fcntl(log->first.fd, F_DUPFD_CLOEXEC, 0);
    if (log->fd < 0 || fstat(log->fd, &st) < 0 || !file_place_open(&log->place, log->path)) {
        return false;
    }
    log->size = log->config.append ? (uint64_t)st.st_size : 0;
    if (!S_ISREG(st.st_mode)) {
        log->config.max = 0; /* a pipe or a device cannot be renamed */
    }
    return true;
}

CharLog *char_log_new(Chardev *chardev, const CharLogConfig *config, GError **error)
{
    CharLog *log = g_new0(CharLog, 1);
    *log = (CharLog){.chardev = chardev, .config = *config, .line_start = true, .fd = -1};
    log->path = g_strdup(config->path);
    if (!open_file(log)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "logfile '%s': %s", log->path,
                    g_strerror(errno));
        char_log_free(log);
        return NULL;
    }
    return log;
}

void char_log_begin(CharLog *log)
{
    if (log->first.path && !output_file_begin(&log->first)) {
        chardev_report(log->chardev, "logfile %s cannot be truncated: %s", log->path,
                       g_strerror(errno));
    }
    output_file_close(&log->first);
}

void char_log_free(CharLog *log)
{
    if (log) {
        output_file_close(&log->first);
        close_file(log);
        file_place_clear(&log->place);
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

/*
 * Makes the file under another name and moves it into place.  So a symbolic link
 * that someone has put there is not followed.
 */
static int make_next(const CharLog *log)
{
    g_autofree char *name = NULL;
    int fd = file_place_make(&log->place, &name);
    if (fd >= 0 && (fcntl(fd, F_SETFL, O_APPEND) < 0 || !file_place_put(&log->place, name, true))) {
        file_place_discard(&log->place, name);
        close(fd);
        fd = -1;
    }
    return fd;
}

/* PATH.1 is the most recent of the old files. */
static void rotate(CharLog *log)
{
    const FilePlace *place = &log->place;
    close_file(log);
    for (uint64_t n = MAX(log->config.keep, 1); n > 0; n--) {
        g_autofree char *from =
            n == 1 ? g_strdup(place->name) : g_strdup_printf("%s.%" PRIu64, place->name, n - 1);
        g_autofree char *to = g_strdup_printf("%s.%" PRIu64, place->name, n);
        renameat(place->directory, from, place->directory, to);
    }
    log->fd = make_next(log);
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
    const CharEvents *events = chardev_set_events(log->chardev->set);
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

/* A file may end only at the end of a line, so that no line is divided. */
static void flush_lines(CharLog *log, GString *text)
{
    if (text->len) {
        write_out(log, text->str, text->len);
        g_string_truncate(text, 0);
    }
}

void char_log_write(CharLog *log, const uint8_t *data, size_t size)
{
    char_log_begin(log);
    g_autoptr(GString) text = g_string_sized_new(size + 64);
    for (size_t i = 0; i < size; i++) {
        append_byte(log, text, data[i]);
        if (log->line_start && log->config.max && log->size + text->len >= log->config.max / 2) {
            flush_lines(log, text);
        }
    }
    flush_lines(log, text);
}
