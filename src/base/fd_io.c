/* Non-blocking reads and writes that do not change the flags of shared open files. */
#include "src/base/fd_io.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

typedef enum Method {
    METHOD_PLAIN,  /* read() and write() never block */
    METHOD_SOCKET, /* MSG_DONTWAIT */
    METHOD_POLLED  /* poll() first, then a piece that is small enough */
} Method;

struct FdIo {
    int fd;
    bool owned;
    Method method;
    size_t piece; /* METHOD_POLLED: a write of this size does not block after POLLOUT */
};

static FdIo *io_new(int fd, bool owned, Method method, size_t piece)
{
    FdIo *io = g_new(FdIo, 1);
    *io = (FdIo){.fd = fd, .owned = owned, .method = method, .piece = piece};
    return io;
}

/* Opening the master of a pseudo-terminal again would create a new pseudo-terminal. */
static bool is_pty_master(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && major(st->st_rdev) == 5 && minor(st->st_rdev) == 2;
}

/* null, zero, full and random: these devices answer at once. */
static bool is_memory_device(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && major(st->st_rdev) == 1;
}

static bool is_reopenable(int fd, const struct stat *st)
{
    return S_ISFIFO(st->st_mode) || (S_ISCHR(st->st_mode) && !is_pty_master(st) && isatty(fd));
}

static int reopen(int fd, FdDirection direction)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int access = direction == FD_IO_READ ? O_RDONLY : O_WRONLY;
    return open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool is_open_for(int fd, FdDirection direction)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || flags & O_PATH) {
        errno = EBADF;
        return false;
    }
    int access = flags & O_ACCMODE;
    bool open = access == O_RDWR || access == (direction == FD_IO_READ ? O_RDONLY : O_WRONLY);
    if (!open) {
        errno = EBADF;
    }
    return open;
}

FdIo *fd_io_new(int fd, FdDirection direction)
{
    struct stat st;
    if (!is_open_for(fd, direction) || fstat(fd, &st) < 0) {
        return NULL;
    }
    if (S_ISSOCK(st.st_mode)) {
        return io_new(fd, false, METHOD_SOCKET, 0);
    }
    if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode) ||
        is_memory_device(&st)) {
        return io_new(fd, false, METHOD_PLAIN, 0);
    }
    int own = is_reopenable(fd, &st) ? reopen(fd, direction) : -1;
    if (own >= 0) {
        return io_new(own, true, METHOD_PLAIN, 0);
    }
    return io_new(fd, false, METHOD_POLLED, S_ISFIFO(st.st_mode) ? PIPE_BUF : 1);
}

FdIo *fd_io_adopt(int fd)
{
    return io_new(fd, true, METHOD_PLAIN, 0);
}

void fd_io_free(FdIo *io)
{
    if (io) {
        if (io->owned) {
            close(io->fd);
        }
        g_free(io);
    }
}

int fd_io_fd(const FdIo *io)
{
    return io->fd;
}

/* Also true after a hang-up or an error.  The following call tells which it is. */
static bool is_ready(const FdIo *io, short events)
{
    struct pollfd pfd = {.fd = io->fd, .events = events};
    if (io->method == METHOD_POLLED && poll(&pfd, 1, 0) <= 0) {
        errno = EAGAIN;
        return false;
    }
    return true;
}

static ssize_t read_once(const FdIo *io, uint8_t *data, size_t size)
{
    if (io->method == METHOD_SOCKET) {
        return recv(io->fd, data, size, MSG_DONTWAIT);
    }
    return is_ready(io, POLLIN) ? read(io->fd, data, size) : -1;
}

ssize_t fd_io_read(FdIo *io, uint8_t *data, size_t size)
{
    ssize_t got;
    do {
        got = read_once(io, data, size);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static ssize_t write_once(const FdIo *io, const uint8_t *data, size_t size)
{
    if (io->method == METHOD_SOCKET) {
        return send(io->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    size_t piece = io->method == METHOD_POLLED ? MIN(size, io->piece) : size;
    return is_ready(io, POLLOUT) ? write(io->fd, data, piece) : -1;
}

ssize_t fd_io_write(FdIo *io, const uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = write_once(io, data + done, size - done);
        if (put > 0) {
            done += (size_t)put;
        } else if (put == 0 || errno != EINTR) {
            int failure = put == 0 ? EIO : errno;
            return done ? (ssize_t)done : -failure;
        }
    }
    return (ssize_t)done;
}

void fd_io_keep_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            /* The lowest free descriptor is `fd`, so open() returns it. */
            int holder = open("/", O_PATH);
            g_assert(holder == fd);
        }
    }
}
