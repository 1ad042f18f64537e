/* Output to a descriptor.  It does not block, and it survives errors without a busy loop. */
#include "src/char/fd_out.h"

#include <errno.h>

static void report(FdOut *out, int failure)
{
    if (!out->reported) {
        chardev_report(out->chardev, "output to %s is lost: %s", out->name, g_strerror(failure));
    }
    out->reported = true;
}

static void writable(void *opaque, unsigned events)
{
    (void)events;
    FdOut *out = opaque;
    loop_fd_watch(out->watch, 0);
    chardev_writable(out->chardev);
}

static void drop_descriptor(FdOut *out)
{
    g_clear_pointer(&out->watch, loop_fd_free);
    g_clear_pointer(&out->io, fd_io_free);
}

void fd_out_init(FdOut *out, Chardev *chardev, FdIo *io, const char *name)
{
    *out = (FdOut){.chardev = chardev, .io = io, .failure = errno};
    out->name = g_strdup(name);
    if (io) {
        out->watch = loop_fd_new(chardev_set_loop(chardev->set), fd_io_fd(io), writable, out);
    }
}

void fd_out_clear(FdOut *out)
{
    drop_descriptor(out);
    g_clear_pointer(&out->name, g_free);
}

/* A full disk can get room again.  A reader that has left does not come back. */
static bool is_passing(int failure)
{
    return failure == ENOSPC || failure == EDQUOT;
}

static void lose(FdOut *out, int failure)
{
    report(out, failure);
    if (!is_passing(failure)) {
        out->failure = failure;
        drop_descriptor(out);
    }
}

size_t fd_out_write(FdOut *out, const uint8_t *data, size_t size)
{
    ssize_t put = out->io ? fd_io_write(out->io, data, size) : -out->failure;
    if (put == -EAGAIN) {
        put = 0;
    }
    if (put < 0) {
        lose(out, (int)-put);
        return size;
    }
    if ((size_t)put < size) {
        loop_fd_watch(out->watch, LOOP_WRITE);
    }
    return (size_t)put;
}

int fd_out_fd(const FdOut *out)
{
    return out->io ? fd_io_fd(out->io) : -1;
}
