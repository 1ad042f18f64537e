/*
 * pipe: two FIFOs, PATH.in for the guest's input and PATH.out for its output.
 *
 * We keep only the writing end of the output open.  So a reader that opens it does
 * not wait and sees no end of file.  We notice when there is no reader, because the
 * pipe is then in error.
 */
#include "src/base/error.h"
#include "src/char/backends.h"
#include "src/char/path_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_RX_SIZE 16384u
#define READ_SIZE    4096u

typedef struct Pipe {
    Chardev parent;
    CharReader reader;
    int in, out;
    char *out_path;
    LoopFd *in_watch, *out_watch;
    PathWatch *opens;
    bool reading; /* the device has room */
} Pipe;

/* ---- coming and going ---- */

static bool has_reader(const Pipe *pipe)
{
    struct pollfd poller = {.fd = pipe->out, .events = POLLOUT};
    return poll(&poller, 1, 0) >= 0 && !(poller.revents & POLLERR);
}

static int open_fifo(const char *path, int flags)
{
    return open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* The next reader must not get what the last one left unread.  The history shows it again. */
static void discard_unread(const Pipe *pipe)
{
    uint8_t data[READ_SIZE];
    int fd = open_fifo(pipe->out_path, O_RDONLY);
    while (fd >= 0 && read(fd, data, sizeof(data)) > 0) {
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void depart(Pipe *pipe)
{
    if (pipe->reader.chardev) {
        loop_fd_watch(pipe->out_watch, 0);
        char_reader_detach(&pipe->reader);
        discard_unread(pipe);
        chardev_set_carrier(&pipe->parent, false);
    }
}

/* A reader who comes as soon as another has left still counts as a new one. */
static void look(void *opaque, bool reopened)
{
    Pipe *pipe = opaque;
    bool there = has_reader(pipe);
    if (!there || reopened) {
        depart(pipe);
    }
    if (there && !pipe->reader.chardev) {
        chardev_set_carrier(&pipe->parent, true);
        char_reader_attach(&pipe->reader, &pipe->parent, CHAR_REPLAY);
    }
}

/* ---- input and output ---- */

/* If the reader has left, look() will notice. */
static size_t write_output(CharReader *reader, const uint8_t *data, size_t size)
{
    Pipe *pipe = (Pipe *)reader->chardev;
    ssize_t put = write(pipe->out, data, size);
    if (put < 0) {
        put = errno == EAGAIN || errno == EINTR ? 0 : (ssize_t)size;
    }
    if ((size_t)put < size) {
        loop_fd_watch(pipe->out_watch, LOOP_WRITE);
    }
    return (size_t)put;
}

static void writable(void *opaque, unsigned events)
{
    Pipe *pipe = opaque;
    (void)events;
    loop_fd_watch(pipe->out_watch, 0);
    if (has_reader(pipe)) {
        char_reader_writable(&pipe->reader);
    } else {
        depart(pipe);
    }
}

static void update_reading(Pipe *pipe)
{
    bool on = pipe->reading || !chardev_has_receiver(&pipe->parent);
    loop_fd_watch(pipe->in_watch, on ? LOOP_READ : 0);
}

static void readable(void *opaque, unsigned events)
{
    Pipe *pipe = opaque;
    uint8_t data[READ_SIZE];
    bool deaf = !chardev_has_receiver(&pipe->parent);
    size_t room = deaf ? READ_SIZE : chardev_rx_room(&pipe->parent);
    (void)events;
    ssize_t got = room ? read(pipe->in, data, MIN(room, sizeof(data))) : 0;
    if (got > 0) {
        chardev_receive(&pipe->parent, data, (size_t)got);
    }
    update_reading(pipe);
}

static void pipe_set_reading(Chardev *chardev, bool on)
{
    Pipe *pipe = (Pipe *)chardev;
    pipe->reading = on;
    update_reading(pipe);
}

/* ---- open and close ---- */

static bool check_fifo(const char *path, GError **error)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISFIFO(st.st_mode)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "'%s' is not a FIFO (make both with mkfifo PATH.in PATH.out)", path);
        return false;
    }
    return true;
}

/* A FIFO can be opened for writing only if it has a reader.  So we are the reader for a moment. */
static int open_for_writing(const char *path)
{
    int both = open_fifo(path, O_RDWR);
    int fd = both >= 0 ? open_fifo(path, O_WRONLY) : -1;
    if (both >= 0) {
        close(both);
    }
    return fd;
}

/* Input is opened for writing too, so that it never ends. */
static bool open_both(Pipe *pipe, const char *in_path, GError **error)
{
    if (!check_fifo(in_path, error) || !check_fifo(pipe->out_path, error)) {
        return false;
    }
    pipe->in = open_fifo(in_path, O_RDWR);
    pipe->out = open_for_writing(pipe->out_path);
    if (pipe->in < 0 || pipe->out < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "'%s': %s",
                    pipe->in < 0 ? in_path : pipe->out_path, g_strerror(errno));
        return false;
    }
    return true;
}

static bool pipe_open(Chardev *chardev, GError **error)
{
    Pipe *pipe = (Pipe *)chardev;
    Loop *loop = chardev_set_loop(chardev->set);
    const char *path = chardev_option(chardev, "path");
    g_autofree char *in_path = g_strdup_printf("%s.in", path);
    pipe->out_path = g_strdup_printf("%s.out", path);
    pipe->in = pipe->out = -1;
    pipe->reader.write = write_output;
    if (!open_both(pipe, in_path, error)) {
        return false;
    }
    pipe->in_watch = loop_fd_new(loop, pipe->in, readable, pipe);
    pipe->out_watch = loop_fd_new(loop, pipe->out, writable, pipe);
    chardev_set_carrier(chardev, false);
    pipe->opens = path_watch_new(loop, pipe->out_path, look, pipe);
    look(pipe, false);
    return true;
}

static void pipe_close(Chardev *chardev)
{
    Pipe *pipe = (Pipe *)chardev;
    if (!pipe->out_path) {
        return;
    }
    char_reader_detach(&pipe->reader);
    path_watch_free(pipe->opens);
    loop_fd_free(pipe->in_watch);
    loop_fd_free(pipe->out_watch);
    if (pipe->in >= 0) {
        close(pipe->in);
    }
    if (pipe->out >= 0) {
        close(pipe->out);
    }
    g_free(pipe->out_path);
}

static const char *const PIPE_OPTIONS[] = {"carrier", NULL};

const ChardevClass chardev_pipe_class = {
    .name = "pipe",
    .usage = "pipe:PATH",
    .help = "the FIFOs PATH.in (to the guest) and PATH.out",
    .argument = "path",
    .options = PIPE_OPTIONS,
    .size = sizeof(Pipe),
    .rx_size = PIPE_RX_SIZE,
    .open = pipe_open,
    .set_reading = pipe_set_reading,
    .close = pipe_close,
};
