#include "src/control/stream.h"

#include "src/base/error.h"
#include "src/base/fd_io.h"
#include "src/base/keyval.h"
#include "src/base/number.h"
#include "src/base/socket_address.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 65536u

/* The delay after accept() failed because descriptors or memory ran out. */
#define RETRY_TIME NS_PER_SECOND

struct Stream {
    Loop *loop;
    StreamEvents events;
    SocketAddress address;
    int listener; /* -1: it does not listen */
    LoopFd *listener_watch;
    LoopTimer *retry; /* repeats accept() */
    FdIo *in, *out;   /* NULL: there is no peer */
    LoopFd *in_watch, *out_watch;
    GByteArray *waiting; /* output that waits */
    bool standard;       /* standard input and output, not a socket */
    bool reading, announced;
    bool input_ended;
    bool doomed; /* the peer must go, but not during a write */
    LoopTask task;
};

/* ---- addresses ---- */

void stream_address_clear(StreamAddress *address)
{
    g_clear_pointer(&address->name, g_free);
}

static bool parse_switch(GHashTable *keys, const char *what, const char *key, bool *on,
                         GError **error)
{
    const char *text = g_hash_table_lookup(keys, key);
    g_autofree char *name = g_strdup_printf("%s: %s", what, key);
    return !text || number_parse_bool(name, text, on, error);
}

/* "nowait" is the older form of wait=off. */
static bool parse_switches(StreamAddress *address, const char *what, GHashTable *keys,
                           GError **error)
{
    bool wait = true, nowait = false;
    if (!parse_switch(keys, what, "server", &address->server, error) ||
        !parse_switch(keys, what, "wait", &wait, error) ||
        !parse_switch(keys, what, "nowait", &nowait, error)) {
        return false;
    }
    address->wait = address->server && wait && !nowait;
    return true;
}

/* Parses "socket,path=PATH" or "socket,host=HOST,port=PORT". */
static bool parse_socket(StreamAddress *address, const char *what, GHashTable *keys, GError **error)
{
    const char *path = g_hash_table_lookup(keys, "path");
    const char *port = g_hash_table_lookup(keys, "port");
    if (!path == !port) {
        return error_refuse(error, "%s: a socket has either path=FILE or port=N", what);
    }
    address->kind = path ? STREAM_UNIX : STREAM_TCP;
    address->name =
        path ? g_strdup(path) : socket_address_join(g_hash_table_lookup(keys, "host"), port);
    return true;
}

static bool parse_first(StreamAddress *address, const char *what, GHashTable *keys, GError **error)
{
    const char *first = g_hash_table_lookup(keys, "kind");
    if (first && !strcmp(first, "stdio")) {
        address->kind = STREAM_STDIO;
        return true;
    }
    if (first && !strcmp(first, "socket")) {
        return parse_socket(address, what, keys, error);
    }
    if (!first || (!g_str_has_prefix(first, "unix:") && !g_str_has_prefix(first, "tcp:"))) {
        return error_refuse(error, "%s: write unix:PATH, tcp:HOST:PORT or stdio", what);
    }
    address->kind = *first == 'u' ? STREAM_UNIX : STREAM_TCP;
    address->name = g_strdup(strchr(first, ':') + 1);
    return true;
}

bool stream_address_parse(StreamAddress *address, const char *what, const char *spec,
                          GError **error)
{
    static const char *const KNOWN[] = {"path", "host",   "port",    "id", "server",
                                        "wait", "nowait", "nodelay", NULL};
    *address = (StreamAddress){0};
    g_autofree char *option = g_strdup_printf("%s %s", what, spec);
    g_autoptr(GHashTable) keys = keyval_parse(option, spec, "kind", KNOWN, error);
    if (!keys) {
        return false;
    }
    if (!parse_switches(address, option, keys, error) ||
        !parse_first(address, option, keys, error)) {
        stream_address_clear(address);
        return false;
    }
    return true;
}

/* ---- the peer ---- */

static void close_peer(Stream *stream)
{
    g_clear_pointer(&stream->in_watch, loop_fd_free);
    g_clear_pointer(&stream->out_watch, loop_fd_free);
    g_clear_pointer(&stream->in, fd_io_free);
    g_clear_pointer(&stream->out, fd_io_free);
    g_byte_array_set_size(stream->waiting, 0);
    stream->doomed = stream->input_ended = false;
}

static void lose_peer(Stream *stream)
{
    close_peer(stream);
    bool announced = stream->announced;
    stream->announced = false;
    if (announced) {
        stream->events.closed(stream->events.opaque, stream->listener < 0);
    }
    if (stream->listener_watch) {
        loop_fd_watch(stream->listener_watch, LOOP_READ);
    }
}

/* The owner may be in the middle of other work while it writes, so the peer goes later. */
static void doom_peer(Stream *stream)
{
    stream->doomed = true;
    g_byte_array_set_size(stream->waiting, 0);
    loop_post(stream->loop, &stream->task);
}

/* The peer has sent everything and has taken all its output. */
static bool is_done(const Stream *stream)
{
    bool stays = stream->standard && stream->events.outlasts_input;
    return stream->input_ended && !stays && !stream->waiting->len;
}

static void write_waiting(Stream *stream)
{
    if (!stream->waiting->len) {
        return;
    }
    ssize_t put = fd_io_write(stream->out, stream->waiting->data, stream->waiting->len);
    if (put > 0) {
        g_byte_array_remove_range(stream->waiting, 0, (guint)put);
    } else if (put != -EAGAIN) {
        doom_peer(stream);
        return;
    }
    loop_fd_watch(stream->out_watch, stream->waiting->len ? LOOP_WRITE : 0);
    if (is_done(stream)) {
        loop_post(stream->loop, &stream->task);
    }
}

static void out_ready(void *opaque, unsigned events)
{
    (void)events;
    write_waiting(opaque);
}

static void watch_input(Stream *stream)
{
    if (stream->in_watch && stream->announced && !stream->doomed) {
        bool on = stream->reading && !stream->input_ended;
        loop_fd_watch(stream->in_watch, on ? LOOP_READ : 0);
    }
}

static void in_ready(void *opaque, unsigned events)
{
    (void)events;
    Stream *stream = opaque;
    uint8_t data[READ_SIZE];
    ssize_t got = fd_io_read(stream->in, data, sizeof(data));
    if (got > 0) {
        stream->events.received(stream->events.opaque, (const char *)data, (size_t)got);
    } else if (got == 0) {
        stream->input_ended = true;
        watch_input(stream);
        if (is_done(stream)) {
            lose_peer(stream);
        }
    } else if (got != -EAGAIN) {
        lose_peer(stream);
    }
}

/* A task of the loop: a peer has come or must go. */
static void run_task(void *opaque)
{
    Stream *stream = opaque;
    if (stream->doomed || is_done(stream)) {
        lose_peer(stream);
    } else if (stream->in && !stream->announced) {
        stream->announced = true;
        stream->events.opened(stream->events.opaque);
        watch_input(stream);
    }
}

static void take_peer(Stream *stream, FdIo *in, FdIo *out)
{
    stream->in = in;
    stream->out = out;
    stream->in_watch = loop_fd_new(stream->loop, fd_io_fd(in), in_ready, stream);
    stream->out_watch = loop_fd_new(stream->loop, fd_io_fd(out), out_ready, stream);
    stream->reading = true;
    loop_post(stream->loop, &stream->task);
}

/* Each direction has a descriptor of its own, with a watch of its own. */
static bool take_socket(Stream *stream, int fd)
{
    int other = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (other < 0 || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
        int failure = errno;
        if (other >= 0) {
            close(other);
        }
        close(fd);
        errno = failure;
        return false;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a Unix socket refuses it,
                                                                    which does not matter */
    take_peer(stream, fd_io_adopt(fd), fd_io_adopt(other));
    return true;
}

/*
 * The listener is not watched while a client cannot be accepted.  Otherwise it
 * would report ready again and again.
 */
static void listener_ready(void *opaque, unsigned events)
{
    (void)events;
    Stream *stream = opaque;
    int fd = accept4(stream->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool gone = fd < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR);
    if (gone) {
        return;
    }
    if (fd >= 0 && stream->in) {
        stream->events.another(stream->events.opaque, fd);
        return;
    }
    bool taken = fd >= 0 && take_socket(stream, fd);
    if (!taken || !stream->events.another) {
        loop_fd_watch(stream->listener_watch, 0);
    }
    if (!taken) {
        loop_timer_start(stream->retry, RETRY_TIME);
    }
}

static void listen_again(void *opaque)
{
    Stream *stream = opaque;
    if (!stream->in || stream->events.another) {
        loop_fd_watch(stream->listener_watch, LOOP_READ);
    }
}

/* ---- opening ---- */

static bool host_error(GError **error, const char *why)
{
    g_set_error_literal(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, why);
    return false;
}

static bool start_listening(Stream *stream, GError **error)
{
    stream->listener = socket_address_listen(&stream->address, error);
    if (stream->listener < 0) {
        return false;
    }
    stream->retry = loop_timer_new(stream->loop, listen_again, stream);
    stream->listener_watch = loop_fd_new(stream->loop, stream->listener, listener_ready, stream);
    loop_fd_watch(stream->listener_watch, LOOP_READ);
    return true;
}

static bool open_socket(Stream *stream, const StreamAddress *address, GError **error)
{
    if (!(address->kind == STREAM_UNIX ? socket_address_unix : socket_address_tcp)(
            &stream->address, address->name, error)) {
        return false;
    }
    if (address->server) {
        return start_listening(stream, error);
    }
    bool connected;
    int fd = socket_address_connect(&stream->address, true, &connected);
    if (fd < 0) {
        g_autofree char *why = g_strdup_printf("%s (server=on listens)", g_strerror(errno));
        return host_error(error, why);
    }
    return take_socket(stream, fd) || host_error(error, g_strerror(errno));
}

static bool open_stdio(Stream *stream, GError **error)
{
    FdIo *in = fd_io_new(STDIN_FILENO, FD_IO_READ);
    FdIo *out = in ? fd_io_new(STDOUT_FILENO, FD_IO_WRITE) : NULL;
    if (!out) {
        fd_io_free(in);
        return error_refuse(error, "standard input or output is not open");
    }
    stream->standard = true;
    take_peer(stream, in, out);
    return true;
}

static Stream *make(Loop *loop, const StreamEvents *events)
{
    Stream *stream = g_new0(Stream, 1);
    stream->loop = loop;
    stream->events = *events;
    stream->listener = -1;
    stream->waiting = g_byte_array_new();
    stream->task = (LoopTask){.run = run_task, .opaque = stream};
    return stream;
}

Stream *stream_new(Loop *loop, const StreamAddress *address, const StreamEvents *events,
                   GError **error)
{
    Stream *stream = make(loop, events);
    if (!(address->kind == STREAM_STDIO ? open_stdio(stream, error)
                                        : open_socket(stream, address, error))) {
        stream_free(stream);
        return NULL;
    }
    return stream;
}

Stream *stream_new_accepted(Loop *loop, int fd, const StreamEvents *events)
{
    Stream *stream = make(loop, events);
    if (!take_socket(stream, fd)) {
        stream_free(stream);
        return NULL;
    }
    return stream;
}

void stream_free(Stream *stream)
{
    loop_cancel(stream->loop, &stream->task);
    close_peer(stream);
    loop_timer_free(stream->retry);
    g_clear_pointer(&stream->listener_watch, loop_fd_free);
    if (stream->listener >= 0) {
        socket_address_unlink(&stream->address);
        close(stream->listener);
    }
    g_byte_array_unref(stream->waiting);
    socket_address_clear(&stream->address);
    g_free(stream);
}

bool stream_is_open(const Stream *stream)
{
    return stream->announced && !stream->doomed;
}

void stream_write(Stream *stream, const char *data, size_t size)
{
    if (!stream_is_open(stream)) {
        return;
    }
    if (size > STREAM_BUFFER_MAX - stream->waiting->len) {
        doom_peer(stream);
        return;
    }
    bool idle = !stream->waiting->len;
    g_byte_array_append(stream->waiting, (const guint8 *)data, (guint)size);
    if (idle) {
        write_waiting(stream);
    }
}

size_t stream_waiting(const Stream *stream)
{
    return stream_is_open(stream) ? stream->waiting->len : 0;
}

void stream_set_reading(Stream *stream, bool on)
{
    stream->reading = on;
    watch_input(stream);
}
