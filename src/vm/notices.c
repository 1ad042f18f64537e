#include "src/vm/notices.h"

#include "src/base/fd_io.h"

#include <errno.h>
#include <glib.h>

/* When this much is waiting, further lines are dropped. */
#define WAITING_MAX 65536u

struct Notices {
    FdIo *io; /* NULL: no process reads */
    LoopFd *watch;
    GString *waiting;
};

static void flush(Notices *notices)
{
    GString *waiting = notices->waiting;
    if (!waiting->len || !notices->io) {
        return;
    }
    ssize_t put = fd_io_write(notices->io, (const uint8_t *)waiting->str, waiting->len);
    if (put > 0) {
        g_string_erase(waiting, 0, put);
    } else if (put != -EAGAIN) {
        g_string_truncate(waiting, 0);
    }
}

static void wait_for_room(Notices *notices)
{
    if (notices->watch) {
        loop_fd_watch(notices->watch, notices->waiting->len ? LOOP_WRITE : 0);
    }
}

static void writable(void *opaque, unsigned events)
{
    (void)events;
    flush(opaque);
    wait_for_room(opaque);
}

Notices *notices_new(Loop *loop, int fd)
{
    Notices *notices = g_new0(Notices, 1);
    notices->waiting = g_string_new(NULL);
    notices->io = fd_io_new(fd, FD_IO_WRITE);
    if (notices->io) {
        notices->watch = loop_fd_new(loop, fd_io_fd(notices->io), writable, notices);
    }
    return notices;
}

void notices_free(Notices *notices)
{
    if (notices) {
        flush(notices);
        g_clear_pointer(&notices->watch, loop_fd_free);
        g_clear_pointer(&notices->io, fd_io_free);
        g_string_free(notices->waiting, true);
        g_free(notices);
    }
}

void notices_line(Notices *notices, const char *text)
{
    if (notices->io && notices->waiting->len < WAITING_MAX) {
        g_string_append_printf(notices->waiting, "%s\n", text);
        flush(notices);
        wait_for_room(notices);
    }
}
