/*
 * -netdev stream and -netdev socket: a stream socket to another machine, or to a
 * program such as passt.  Each frame comes behind its length, which has 4 bytes, the
 * highest first.  QEMU's networks of the same names are the other side.
 *
 * Without a peer what the guest sends is lost.
 */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/base/socket_address.h"
#include "src/net/net_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#define LENGTH_SIZE sizeof(uint32_t)
/* The longest frame that a peer may send; QEMU's buffers have this size. */
#define LENGTH_MAX    69632u
#define RECONNECT_MAX 86400u

typedef struct Stream {
    NetBackend net;
    SocketAddress address; /* unused with a descriptor of the user's */
    bool server;
    int listener;   /* -1: we are the client */
    int fd;         /* -1: there is no peer */
    int connecting; /* -1: no connection is in progress */
    LoopFd *listen_watch, *watch, *connect_watch;

    uint64_t reconnect; /* in seconds; 0: never */
    LoopTimer *retry;   /* after a failed connection or a failed accept() */
    bool reported;      /* a message said that there is no peer */

    uint8_t in[LENGTH_SIZE + LENGTH_MAX];
    size_t in_size;
    uint8_t out[LENGTH_SIZE + NET_FRAME_MAX]; /* the rest of a frame that did not fit */
    size_t out_at, out_size;
} Stream;

static Loop *loop_of(const Stream *s)
{
    return net_host(&s->net)->loop;
}

static void report(Stream *s, const char *what, int failure)
{
    const NetHost *host = net_host(&s->net);
    g_autofree char *line =
        g_strdup_printf("netdev %s: %s%s%s%s", s->net.id, what, failure ? ": " : "",
                        failure ? g_strerror(failure) : "", s->reconnect ? "; trying again" : "");
    if (host->message && !s->reported) {
        host->message(host->opaque, line);
    }
    s->reported = true;
}

/* ---- the peer ---- */

static void watch_peer(Stream *s)
{
    if (s->watch) {
        loop_fd_watch(s->watch, (net_is_full(&s->net) ? 0 : LOOP_READ) |
                                    (s->out_at < s->out_size ? LOOP_WRITE : 0));
    }
    if (s->listen_watch) {
        loop_fd_watch(s->listen_watch, s->fd < 0 ? LOOP_READ : 0);
    }
}

static void drop_peer(Stream *s, const char *why, int failure)
{
    g_clear_pointer(&s->watch, loop_fd_free);
    close(s->fd);
    s->fd = -1;
    s->in_size = s->out_at = s->out_size = 0;
    report(s, why, failure);
    if (s->reconnect) {
        loop_timer_start(s->retry, s->reconnect * NS_PER_SECOND);
    }
    watch_peer(s);
    net_resume(&s->net);
}

/* Delivers the whole frames of the buffer.  False: what came is no frame. */
static bool deliver_frames(Stream *s)
{
    size_t at = 0;
    uint32_t length = 0;
    while (s->in_size - at >= LENGTH_SIZE) {
        memcpy(&length, s->in + at, LENGTH_SIZE);
        length = ntohl(length);
        if (length > LENGTH_MAX || s->in_size - at - LENGTH_SIZE < length) {
            break;
        }
        net_deliver(&s->net, s->in + at + LENGTH_SIZE, length);
        at += LENGTH_SIZE + length;
        length = 0;
    }
    memmove(s->in, s->in + at, s->in_size - at);
    s->in_size -= at;
    return length <= LENGTH_MAX;
}

static void read_peer(Stream *s)
{
    ssize_t size = read(s->fd, s->in + s->in_size, sizeof(s->in) - s->in_size);
    if (size > 0) {
        s->in_size += (size_t)size;
        if (!deliver_frames(s)) {
            drop_peer(s, "the peer sends no frames", 0);
        }
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        drop_peer(s, "the peer has gone", size ? errno : 0);
    }
}

static void write_rest(Stream *s)
{
    ssize_t size = send(s->fd, s->out + s->out_at, s->out_size - s->out_at, MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN && errno != EINTR) {
        drop_peer(s, "the peer has gone", errno);
        return;
    }
    s->out_at += size > 0 ? (size_t)size : 0;
    if (s->out_at == s->out_size) {
        net_resume(&s->net);
    }
}

static void peer_ready(void *opaque, unsigned events)
{
    Stream *s = opaque;
    if (s->out_at < s->out_size && events & LOOP_WRITE) {
        write_rest(s);
    }
    if (s->fd >= 0 && events & LOOP_READ) {
        read_peer(s);
    }
    watch_peer(s);
}

static void set_peer(Stream *s, int fd)
{
    int on = 1;
    /* Fails for a socket of the file system, which has no such delay. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    s->fd = fd;
    s->reported = false;
    s->watch = loop_fd_new(loop_of(s), fd, peer_ready, s);
    watch_peer(s);
}

/* ---- server ---- */

/* Without a free descriptor the waiting connection would wake us without end. */
static void acceptable(void *opaque, unsigned events)
{
    Stream *s = opaque;
    (void)events;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        set_peer(s, fd);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        report(s, "no connection", errno);
        loop_fd_watch(s->listen_watch, 0);
        loop_timer_start(s->retry, NS_PER_SECOND);
    }
}

static void listen_at(Stream *s, int fd)
{
    s->listener = fd;
    s->listen_watch = loop_fd_new(loop_of(s), fd, acceptable, s);
    watch_peer(s);
}

static void announce(Stream *s)
{
    const NetHost *host = net_host(&s->net);
    if (g_str_has_suffix(s->address.text, ":0") && host->message) {
        g_autofree char *line = g_strdup_printf("netdev %s: listens at %.*s%u", s->net.id,
                                                (int)strlen(s->address.text) - 1, s->address.text,
                                                socket_address_port(s->listener));
        host->message(host->opaque, line);
    }
}

/* ---- client ---- */

static void try_later(Stream *s, int failure)
{
    report(s, s->address.text, failure);
    loop_timer_start(s->retry, s->reconnect * NS_PER_SECOND);
}

static void connection_settled(void *opaque, unsigned events)
{
    Stream *s = opaque;
    int failure = 0, fd = s->connecting;
    socklen_t size = sizeof(failure);
    (void)events;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    g_clear_pointer(&s->connect_watch, loop_fd_free);
    s->connecting = -1;
    if (failure) {
        close(fd);
        try_later(s, failure);
    } else {
        set_peer(s, fd);
    }
}

static void connect_again(Stream *s)
{
    bool connected;
    int fd = socket_address_connect(&s->address, false, &connected);
    if (fd < 0) {
        try_later(s, errno);
    } else if (connected) {
        set_peer(s, fd);
    } else {
        s->connecting = fd;
        s->connect_watch = loop_fd_new(loop_of(s), fd, connection_settled, s);
        loop_fd_watch(s->connect_watch, LOOP_WRITE);
    }
}

static void retry(void *opaque)
{
    Stream *s = opaque;
    if (s->listener >= 0) {
        watch_peer(s);
    } else if (s->fd < 0 && s->connecting < 0) {
        connect_again(s);
    }
}

/* ---- frames of the guest ---- */

static NetSent stream_send(NetBackend *net, const uint8_t *frame, size_t size)
{
    Stream *s = (Stream *)net;
    uint32_t length = htonl((uint32_t)size);
    struct iovec parts[] = {{&length, LENGTH_SIZE}, {(void *)frame, size}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts)};
    if (s->fd < 0) {
        return NET_LOST;
    }
    if (s->out_at < s->out_size) {
        return NET_LATER;
    }
    ssize_t sent = sendmsg(s->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        drop_peer(s, "the peer has gone", errno);
        return NET_LOST;
    }
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done < LENGTH_SIZE + size) {
        memcpy(s->out, &length, LENGTH_SIZE);
        memcpy(s->out + LENGTH_SIZE, frame, size);
        s->out_size = LENGTH_SIZE + size;
        s->out_at = done;
        watch_peer(s);
    }
    return NET_TAKEN;
}

static void stream_room(NetBackend *net)
{
    watch_peer((Stream *)net);
}

/* ---- opening and closing ---- */

static bool connect_first(Stream *s, GError **error)
{
    bool connected;
    if (s->reconnect) {
        connect_again(s);
        return true;
    }
    int fd = socket_address_connect(&s->address, true, &connected);
    if (fd < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "%s (reconnect=1 tries again)",
                    g_strerror(errno));
        return false;
    }
    net_set_nonblocking(fd);
    set_peer(s, fd);
    return true;
}

static bool open_address(Stream *s, GError **error)
{
    if (!s->server) {
        return connect_first(s, error);
    }
    int fd = socket_address_listen(&s->address, error);
    if (fd < 0) {
        return false;
    }
    listen_at(s, fd);
    announce(s);
    return true;
}

/* A descriptor that the user's program has opened: it listens, or has a peer. */
static bool open_descriptor(Stream *s, const char *text, GError **error)
{
    int fd = net_take_descriptor(text, SOCK_STREAM, error);
    if (fd < 0) {
        return false;
    }
    if (s->server) {
        listen_at(s, fd);
    } else {
        set_peer(s, fd);
    }
    return true;
}

static void prepare(Stream *s)
{
    s->listener = s->fd = s->connecting = -1;
    s->retry = loop_timer_new(loop_of(s), retry, s);
}

static bool read_reconnect(Stream *s, const NetOptions *options, GError **error)
{
    const char *text = g_hash_table_lookup(options->values, "reconnect");
    return (!text || number_parse("reconnect", text, RECONNECT_MAX, &s->reconnect, error)) &&
           (!s->server || !s->reconnect ||
            error_refuse(error, "reconnect= is for clients, not for server=on"));
}

static bool open_stream(Stream *s, const NetOptions *options, GError **error)
{
    GHashTable *values = options->values;
    const char *server = g_hash_table_lookup(values, "server");
    const char *type = g_hash_table_lookup(values, "addr.type");
    if ((server && !number_parse_bool("server", server, &s->server, error)) ||
        !read_reconnect(s, options, error)) {
        return false;
    }
    if (!g_strcmp0(type, "fd")) {
        return open_descriptor(s, g_hash_table_lookup(values, "addr.str"), error);
    }
    if (!g_strcmp0(type, "unix")) {
        const char *path = g_hash_table_lookup(values, "addr.path");
        return (path || error_refuse(error, "addr.type=unix needs addr.path=PATH")) &&
               socket_address_unix(&s->address, path, error) && open_address(s, error);
    }
    const char *port = g_hash_table_lookup(values, "addr.port");
    if (g_strcmp0(type, "inet") || !port) {
        return error_refuse(error, "needs addr.type=unix,addr.path=PATH, or "
                                   "addr.type=inet,addr.host=HOST,addr.port=PORT, or "
                                   "addr.type=fd,addr.str=NUMBER");
    }
    g_autofree char *text = socket_address_join(g_hash_table_lookup(values, "addr.host"), port);
    return socket_address_tcp(&s->address, text, error) && open_address(s, error);
}

static bool stream_open(NetBackend *net, const NetOptions *options, GError **error)
{
    Stream *s = (Stream *)net;
    prepare(s);
    if (!open_stream(s, options, error)) {
        g_prefix_error(error, "%s: ", options->what);
        return false;
    }
    return true;
}

/* QEMU's older form: listen=, connect= or fd=. */
static bool open_socket(Stream *s, const NetOptions *options, GError **error)
{
    const char *fd = g_hash_table_lookup(options->values, "fd");
    const char *listener = g_hash_table_lookup(options->values, "listen");
    const char *peer = g_hash_table_lookup(options->values, "connect");
    if (!fd + !listener + !peer != 2) {
        return error_refuse(error, "needs one of listen=[HOST]:PORT, connect=HOST:PORT and "
                                   "fd=NUMBER");
    }
    if (fd) {
        return open_descriptor(s, fd, error);
    }
    s->server = listener != NULL;
    return read_reconnect(s, options, error) &&
           socket_address_tcp(&s->address, listener ?: peer, error) && open_address(s, error);
}

static bool socket_open(NetBackend *net, const NetOptions *options, GError **error)
{
    Stream *s = (Stream *)net;
    prepare(s);
    if (!open_socket(s, options, error)) {
        g_prefix_error(error, "%s: ", options->what);
        return false;
    }
    return true;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

static void stream_close(NetBackend *net)
{
    Stream *s = (Stream *)net;
    g_clear_pointer(&s->watch, loop_fd_free);
    g_clear_pointer(&s->listen_watch, loop_fd_free);
    g_clear_pointer(&s->connect_watch, loop_fd_free);
    loop_timer_free(s->retry);
    close_fd(s->fd);
    close_fd(s->connecting);
    if (s->listener >= 0 && s->address.path) {
        socket_address_unlink(&s->address);
    }
    close_fd(s->listener);
    socket_address_clear(&s->address);
}

static void stream_describe(const NetBackend *net, GString *text)
{
    const Stream *s = (const Stream *)net;
    g_string_append_printf(text, "%s,%s", s->address.text ?: "fd",
                           s->fd >= 0  ? "connected"
                           : s->server ? "listening"
                                       : "not connected");
}

static const char *const STREAM_KEYS[] = {"type",      "id",        "server",    "addr.type",
                                          "addr.path", "addr.host", "addr.port", "addr.str",
                                          "reconnect", NULL};
static const char *const SOCKET_KEYS[] = {"type", "id",        "listen", "connect",
                                          "fd",   "reconnect", NULL};

const NetBackendClass net_stream_class = {
    .name = "stream",
    .help = "a stream socket to another machine or to passt (server=on|off, addr.type=)",
    .keys = STREAM_KEYS,
    .size = sizeof(Stream),
    .open = stream_open,
    .send = stream_send,
    .room = stream_room,
    .describe = stream_describe,
    .close = stream_close,
};

const NetBackendClass net_socket_class = {
    .name = "socket",
    .help = "the older form of stream (listen=, connect=, fd=)",
    .keys = SOCKET_KEYS,
    .size = sizeof(Stream),
    .open = socket_open,
    .send = stream_send,
    .room = stream_room,
    .describe = stream_describe,
    .close = stream_close,
};
