#include "src/control/stream.h"

#include "src/char/fd_io.h"
#include "src/error.h"
#include "src/keyval.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE 65536u

struct Stream {
    Loop *loop;
    StreamEvents events;
    StreamAddress address;
    int listener; /* -1: none */
    LoopFd *listener_watch;
    FdIo *in, *out; /* NULL: no peer */
    LoopFd *in_watch, *out_watch;
    GByteArray *waiting; /* output */
    bool reading, announced;
    bool doomed; /* the peer has to go; not from inside a write */
    LoopTask task;
};

static bool config_error(GError **error, const char *what, const char *spec, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: %s", what, spec, why);
    return false;
}

static bool host_error(GError **error, const char *what, const StreamAddress *address,
                       const char *why)
{
    bool local = address->kind == STREAM_UNIX;
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "%s: cannot %s %s%s%s: %s", what,
                address->server ? "listen at" : "connect to", local ? address->path : address->host,
                local ? "" : ":", local ? "" : address->port, why);
    return false;
}

/* ---- addresses ---- */

void stream_address_clear(StreamAddress *address)
{
    g_clear_pointer(&address->path, g_free);
    g_clear_pointer(&address->host, g_free);
    g_clear_pointer(&address->port, g_free);
}

/* "on" and "off", and the older "server" alone and "nowait". */
static bool parse_switch(GHashTable *keys, const char *key, bool otherwise)
{
    const char *value = g_hash_table_lookup(keys, key);
    return value ? !strcmp(value, "on") || !strcmp(value, "yes") : otherwise;
}

static void parse_switches(StreamAddress *address, GHashTable *keys)
{
    address->server = parse_switch(keys, "server", false);
    address->wait =
        address->server && parse_switch(keys, "wait", true) && !parse_switch(keys, "nowait", false);
}

/* "HOST:PORT"; no host means the machine itself. */
static bool split_host(StreamAddress *address, const char *text)
{
    const char *colon = strrchr(text, ':');
    if (!colon || !colon[1]) {
        return false;
    }
    address->host = colon == text ? g_strdup("localhost") : g_strndup(text, (gsize)(colon - text));
    address->port = g_strdup(colon + 1);
    return true;
}

static bool check_unix_path(const char *path)
{
    return path && *path && strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

/* "socket,path=PATH" or "socket,host=HOST,port=PORT" */
static bool parse_socket(StreamAddress *address, const char *what, const char *spec,
                         GHashTable *keys, GError **error)
{
    const char *path = g_hash_table_lookup(keys, "path");
    const char *host = g_hash_table_lookup(keys, "host");
    const char *port = g_hash_table_lookup(keys, "port");
    if (path && !port) {
        address->kind = STREAM_UNIX;
        address->path = g_strdup(path);
        return check_unix_path(path) || config_error(error, what, spec, "the path is too long");
    }
    if (port && !path) {
        address->kind = STREAM_TCP;
        address->host = g_strdup(host && *host ? host : "localhost");
        address->port = g_strdup(port);
        return true;
    }
    return config_error(error, what, spec, "a socket has either path=FILE or port=N");
}

static bool parse_first(StreamAddress *address, const char *what, const char *spec,
                        GHashTable *keys, GError **error)
{
    const char *first = g_hash_table_lookup(keys, "kind");
    if (!first) {
        return config_error(error, what, spec, "write unix:PATH, tcp:HOST:PORT or stdio");
    }
    if (!strcmp(first, "stdio")) {
        address->kind = STREAM_STDIO;
        return true;
    }
    if (!strcmp(first, "socket")) {
        return parse_socket(address, what, spec, keys, error);
    }
    if (g_str_has_prefix(first, "unix:")) {
        address->kind = STREAM_UNIX;
        address->path = g_strdup(first + strlen("unix:"));
        return check_unix_path(address->path) ||
               config_error(error, what, spec, "the path is empty or too long");
    }
    if (g_str_has_prefix(first, "tcp:")) {
        address->kind = STREAM_TCP;
        return split_host(address, first + strlen("tcp:")) ||
               config_error(error, what, spec, "write tcp:HOST:PORT");
    }
    return config_error(error, what, spec, "write unix:PATH, tcp:HOST:PORT or stdio");
}

bool stream_address_parse(StreamAddress *address, const char *what, const char *spec,
                          GError **error)
{
    static const char *const KNOWN[] = {"kind",   "path", "host",   "port",    "id",
                                        "server", "wait", "nowait", "nodelay", NULL};
    *address = (StreamAddress){0};
    g_autofree char *option = g_strdup_printf("%s %s", what, spec);
    g_autoptr(GHashTable) keys = keyval_parse(option, spec, "kind", KNOWN, error);
    if (!keys) {
        return false;
    }
    parse_switches(address, keys);
    if (!parse_first(address, what, spec, keys, error)) {
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
    stream->doomed = false;
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

/* The owner is in the middle of something while it writes: later. */
static void doom_peer(Stream *stream)
{
    stream->doomed = true;
    g_byte_array_set_size(stream->waiting, 0);
    loop_post(stream->loop, &stream->task);
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
}

static void out_ready(void *opaque, unsigned events)
{
    (void)events;
    write_waiting(opaque);
}

static void in_ready(void *opaque, unsigned events)
{
    (void)events;
    Stream *stream = opaque;
    uint8_t data[READ_SIZE];
    ssize_t got = fd_io_read(stream->in, data, sizeof(data));
    if (got > 0) {
        stream->events.received(stream->events.opaque, (const char *)data, (size_t)got);
    } else if (got != -EAGAIN) {
        lose_peer(stream);
    }
}

static void watch_input(Stream *stream)
{
    if (stream->in_watch && stream->announced && !stream->doomed) {
        loop_fd_watch(stream->in_watch, stream->reading ? LOOP_READ : 0);
    }
}

/* Posted: a peer came, or has to go. */
static void run_task(void *opaque)
{
    Stream *stream = opaque;
    if (stream->doomed) {
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

/* One descriptor per direction: each has a watch of its own. */
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
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* Unix: refused, no matter */
    take_peer(stream, fd_io_adopt(fd), fd_io_adopt(other));
    return true;
}

static void listener_ready(void *opaque, unsigned events)
{
    (void)events;
    Stream *stream = opaque;
    int fd = accept4(stream->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && take_socket(stream, fd)) {
        loop_fd_watch(stream->listener_watch, 0);
    }
}

/* ---- opening ---- */

/* A socket file that nobody listens at is left over from a program that died. */
static void remove_stale(const struct sockaddr_un *name)
{
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && stat(name->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 && errno == ECONNREFUSED) {
        unlink(name->sun_path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static bool bind_or_connect(Stream *stream, int fd, const struct sockaddr *name, socklen_t size)
{
    if (!stream->address.server) {
        return connect(fd, name, size) == 0;
    }
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return bind(fd, name, size) == 0 && listen(fd, 4) == 0;
}

/* Takes the descriptor over, whatever happens. */
static bool use_socket(Stream *stream, int fd, const struct sockaddr *name, socklen_t size)
{
    if (!bind_or_connect(stream, fd, name, size)) {
        int failure = errno;
        close(fd);
        errno = failure;
        return false;
    }
    if (!stream->address.server) {
        return take_socket(stream, fd);
    }
    fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
    stream->listener = fd;
    stream->listener_watch = loop_fd_new(stream->loop, fd, listener_ready, stream);
    loop_fd_watch(stream->listener_watch, LOOP_READ);
    return true;
}

static bool open_unix(Stream *stream, const char *what, GError **error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    g_strlcpy(name.sun_path, stream->address.path, sizeof(name.sun_path));
    if (stream->address.server) {
        remove_stale(&name);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return (fd >= 0 && use_socket(stream, fd, (struct sockaddr *)&name, sizeof(name))) ||
           host_error(error, what, &stream->address, g_strerror(errno));
}

static bool open_tcp(Stream *stream, const char *what, GError **error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int failure = getaddrinfo(stream->address.host, stream->address.port, &hints, &list);
    if (failure) {
        return host_error(error, what, &stream->address, gai_strerror(failure));
    }
    bool open = false;
    for (struct addrinfo *a = list; a && !open; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        open = fd >= 0 && use_socket(stream, fd, a->ai_addr, a->ai_addrlen);
    }
    failure = errno;
    freeaddrinfo(list);
    return open || host_error(error, what, &stream->address, g_strerror(failure));
}

static bool open_stdio(Stream *stream, const char *what, GError **error)
{
    FdIo *in = fd_io_new(STDIN_FILENO, FD_IO_READ);
    FdIo *out = in ? fd_io_new(STDOUT_FILENO, FD_IO_WRITE) : NULL;
    if (!out) {
        fd_io_free(in);
        return config_error(error, what, "stdio", "standard input or output is not open");
    }
    take_peer(stream, in, out);
    return true;
}

static bool open_stream(Stream *stream, const char *what, GError **error)
{
    switch (stream->address.kind) {
    case STREAM_UNIX:
        return open_unix(stream, what, error);
    case STREAM_TCP:
        return open_tcp(stream, what, error);
    default:
        return open_stdio(stream, what, error);
    }
}

Stream *stream_new(Loop *loop, const char *what, const StreamAddress *address,
                   const StreamEvents *events, GError **error)
{
    Stream *stream = g_new0(Stream, 1);
    stream->loop = loop;
    stream->events = *events;
    stream->address = *address;
    stream->address.path = g_strdup(address->path);
    stream->address.host = g_strdup(address->host);
    stream->address.port = g_strdup(address->port);
    stream->listener = -1;
    stream->waiting = g_byte_array_new();
    stream->task = (LoopTask){.run = run_task, .opaque = stream};
    if (!open_stream(stream, what, error)) {
        stream_free(stream);
        return NULL;
    }
    return stream;
}

void stream_free(Stream *stream)
{
    loop_cancel(stream->loop, &stream->task);
    close_peer(stream);
    g_clear_pointer(&stream->listener_watch, loop_fd_free);
    if (stream->listener >= 0) {
        close(stream->listener);
        if (stream->address.kind == STREAM_UNIX) {
            unlink(stream->address.path);
        }
    }
    g_byte_array_unref(stream->waiting);
    stream_address_clear(&stream->address);
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

void stream_set_reading(Stream *stream, bool on)
{
    stream->reading = on;
    watch_input(stream);
}
