/*
 * unix and tcp: stream sockets, as a server with many readers or as a client.
 *
 * Every client of a server gets the same output, with the history before it.  One
 * of them can type: the first, until it leaves or another takes over.
 */
#include "src/base/error.h"
#include "src/char/backends.h"
#include "src/char/socket_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define SOCKET_RX_SIZE  16384u
#define READERS_DEFAULT 16u
#define READERS_MAX     1024u
#define RECONNECT_MAX   86400u

static void report_lost(Socket *socket, int failure)
{
    if (!socket->reported) {
        chardev_report(&socket->parent, "%s: %s; trying again", socket->address.text,
                       g_strerror(failure));
    }
    socket->reported = true;
}

/* ---- who is there ---- */

static void update_clients(Socket *socket)
{
    for (guint i = 0; i < socket->clients->len; i++) {
        socket_client_update(socket->clients->pdata[i]);
    }
    if (socket->listen_watch) {
        loop_fd_watch(socket->listen_watch, socket->clients->len < socket->limit ? LOOP_READ : 0);
    }
}

static void add_client(Socket *socket, int fd, CharStart start)
{
    int on = 1;
    if (!socket->address.path) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    SocketClient *client = socket_client_new(socket, fd, start);
    g_ptr_array_add(socket->clients, client);
    socket->writer = socket->writer ? socket->writer : client;
    socket->waiting = false;
    socket->reported = false;
    chardev_set_carrier(&socket->parent, true);
    update_clients(socket);
}

void socket_drop(Socket *socket, SocketClient *client)
{
    socket->position = socket_client_position(client);
    g_ptr_array_remove(socket->clients, client);
    if (socket->writer == client) {
        socket->writer = socket->clients->len ? socket->clients->pdata[0] : NULL;
    }
    socket_client_free(client);
    if (!socket->clients->len) {
        chardev_set_carrier(&socket->parent, false);
    }
    if (socket->reconnect) {
        loop_timer_start(socket->retry, socket->reconnect * NS_PER_SECOND);
    }
    update_clients(socket);
}

void socket_take_over(Socket *socket, SocketClient *client)
{
    socket->writer = client;
    update_clients(socket);
}

static void socket_set_reading(Chardev *chardev, bool on)
{
    Socket *socket = (Socket *)chardev;
    socket->reading = on;
    if (socket->writer) {
        socket_client_update(socket->writer);
    }
}

/* ---- server ---- */

/*
 * If there is no descriptor to spare, the waiting connection would wake us without
 * end.  So we stop listening for a while.
 */
static void acceptable(void *opaque, unsigned events)
{
    Socket *socket = opaque;
    (void)events;
    int fd = accept4(socket->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        add_client(socket, fd, CHAR_REPLAY);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        report_lost(socket, errno);
        loop_fd_watch(socket->listen_watch, 0);
        loop_timer_start(socket->retry, NS_PER_SECOND);
    }
}

static void announce(const Socket *socket)
{
    const CharEvents *events = chardev_set_events(socket->parent.set);
    unsigned port = socket_address_port(socket->listener);
    bool any = g_str_has_suffix(socket->address.text, ":0");
    if (any && events->print) {
        g_autofree char *host =
            g_strndup(socket->address.text, strlen(socket->address.text) - strlen(":0"));
        g_autofree char *text = g_strdup_printf("char device listening on %s:%u (label %s)", host,
                                                port, socket->parent.id);
        events->print(events->opaque, text);
    }
}

/* The others of QEMU's keys change nothing: small packets are sent at once in any case. */
static bool read_telnet(Socket *socket, GError **error)
{
    return chardev_option_bool(&socket->parent, "telnet", &socket->telnet, error);
}

static bool open_server(Socket *socket, GError **error)
{
    bool wait = true, nowait = false;
    if (!chardev_option_bool(&socket->parent, "wait", &wait, error) ||
        !chardev_option_bool(&socket->parent, "nowait", &nowait, error)) {
        return false;
    }
    socket->listener = socket_address_listen(&socket->address, error);
    if (socket->listener < 0) {
        return false;
    }
    socket->waiting = wait && !nowait;
    socket->listen_watch =
        loop_fd_new(chardev_set_loop(socket->parent.set), socket->listener, acceptable, socket);
    update_clients(socket);
    announce(socket);
    if (socket->waiting) {
        chardev_report(&socket->parent, "waiting for a connection to %s (wait=off does not wait)",
                       socket->address.text);
    }
    return true;
}

/* ---- client ---- */

static void try_later(Socket *socket, int failure)
{
    report_lost(socket, failure);
    loop_timer_start(socket->retry, socket->reconnect * NS_PER_SECOND);
}

static void connection_settled(void *opaque, unsigned events)
{
    Socket *socket = opaque;
    int failure = 0, fd = socket->connecting;
    socklen_t size = sizeof(failure);
    (void)events;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    g_clear_pointer(&socket->connect_watch, loop_fd_free);
    socket->connecting = -1;
    if (failure) {
        close(fd);
        try_later(socket, failure);
    } else {
        add_client(socket, fd, CHAR_CONTINUE);
    }
}

static void connect_again(Socket *socket)
{
    bool connected;
    int fd = socket_address_connect(&socket->address, false, &connected);
    if (fd < 0) {
        try_later(socket, errno);
    } else if (connected) {
        add_client(socket, fd, CHAR_CONTINUE);
    } else {
        socket->connecting = fd;
        socket->connect_watch =
            loop_fd_new(chardev_set_loop(socket->parent.set), fd, connection_settled, socket);
        loop_fd_watch(socket->connect_watch, LOOP_WRITE);
    }
}

static void retry(void *opaque)
{
    Socket *socket = opaque;
    if (socket->listener >= 0) {
        update_clients(socket);
    } else if (!socket->clients->len && socket->connecting < 0) {
        connect_again(socket);
    }
}

static bool open_client(Socket *socket, GError **error)
{
    bool connected;
    if (socket->reconnect) {
        connect_again(socket);
        return true;
    }
    int fd = socket_address_connect(&socket->address, true, &connected);
    if (fd < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "%s (server=on listens, reconnect=1 tries again)", g_strerror(errno));
        return false;
    }
    add_client(socket, fd, CHAR_CONTINUE);
    return true;
}

/* ---- open and close ---- */

static bool open_socket(Socket *socket, GError **error)
{
    Chardev *chardev = &socket->parent;
    bool server = false;
    socket->limit = READERS_DEFAULT;
    if (!chardev_option_bool(chardev, "server", &server, error) ||
        !chardev_option_number(chardev, "readers", READERS_MAX, &socket->limit, error) ||
        !read_telnet(socket, error) ||
        !chardev_option_number(chardev, "reconnect", RECONNECT_MAX, &socket->reconnect, error)) {
        return false;
    }
    if (!socket->limit || (server && socket->reconnect)) {
        g_set_error_literal(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                            socket->limit ? "reconnect= is for clients, not for server=on"
                                          : "readers=0: at least one");
        return false;
    }
    socket->retry = loop_timer_new(chardev_set_loop(chardev->set), retry, socket);
    chardev_set_carrier(chardev, false);
    return server ? open_server(socket, error) : open_client(socket, error);
}

static void start(Socket *socket)
{
    socket->listener = socket->connecting = -1;
    socket->clients = g_ptr_array_new();
}

static bool unix_open(Chardev *chardev, GError **error)
{
    Socket *socket = (Socket *)chardev;
    start(socket);
    return socket_address_unix(&socket->address, chardev_option(chardev, "path"), error) &&
           open_socket(socket, error);
}

static bool tcp_open(Chardev *chardev, GError **error)
{
    Socket *socket = (Socket *)chardev;
    start(socket);
    return socket_address_tcp(&socket->address, chardev_option(chardev, "address"), error) &&
           open_socket(socket, error);
}

static void close_listener(Socket *socket)
{
    loop_fd_free(socket->listen_watch);
    if (socket->listener >= 0) {
        socket_address_unlink(&socket->address);
        close(socket->listener);
    }
}

static void socket_close(Chardev *chardev)
{
    Socket *socket = (Socket *)chardev;
    if (!socket->clients) {
        return;
    }
    g_ptr_array_set_free_func(socket->clients, (GDestroyNotify)socket_client_free);
    g_ptr_array_unref(socket->clients);
    close_listener(socket);
    loop_fd_free(socket->connect_watch);
    if (socket->connecting >= 0) {
        close(socket->connecting);
    }
    loop_timer_free(socket->retry);
    socket_address_clear(&socket->address);
}

static bool socket_awaits_peer(const Chardev *chardev)
{
    return ((const Socket *)chardev)->waiting;
}

static const char *const SOCKET_OPTIONS[] = {
    "server", "wait",    "nowait", "readers", "reconnect", "carrier",
    "telnet", "nodelay", "ipv4",   "ipv6",    "to",        NULL,
};

const ChardevClass chardev_unix_class = {
    .name = "unix",
    .usage = "unix:PATH[,server=on]",
    .help = "a socket in the file system; with server=on: wait=off, readers=N; else reconnect=N",
    .argument = "path",
    .options = SOCKET_OPTIONS,
    .size = sizeof(Socket),
    .rx_size = SOCKET_RX_SIZE,
    .open = unix_open,
    .set_reading = socket_set_reading,
    .awaits_peer = socket_awaits_peer,
    .close = socket_close,
};

const ChardevClass chardev_tcp_class = {
    .name = "tcp",
    .usage = "tcp:HOST:PORT[,server=on]",
    .help = "the same over TCP; :PORT is this host only, [::1]:PORT is IPv6",
    .argument = "address",
    .options = SOCKET_OPTIONS,
    .size = sizeof(Socket),
    .rx_size = SOCKET_RX_SIZE,
    .open = tcp_open,
    .set_reading = socket_set_reading,
    .awaits_peer = socket_awaits_peer,
    .close = socket_close,
};
