/* A client of a socket.  It reads the output, and either types or only watches. */
#include "src/char/keys.h"
#include "src/char/socket_internal.h"

#include <errno.h>
#include <unistd.h>

#define READ_SIZE    4096u
#define TAKEOVER_KEY 'w'

/* Of the telnet protocol (RFC 854), after the byte IAC. */
#define TELNET_IAC  0xff
#define TELNET_WILL 0xfb
#define TELNET_DONT 0xfe
#define TELNET_SB   0xfa /* a longer command, up to IAC SE */
#define TELNET_SE   0xf0
#define TELNET_ECHO 0x01
#define TELNET_SGA  0x03 /* suppress go ahead */

/* Where in a command the next byte of the input is. */
typedef enum TelnetState {
    TELNET_DATA,
    TELNET_COMMAND,
    TELNET_OPTION,
    TELNET_LONG,
    TELNET_LONG_COMMAND
} TelnetState;

struct SocketClient {
    CharReader reader; /* must be first, because write_output() gets a pointer to it */
    Socket *socket;
    int fd;
    LoopFd *watch;
    TelnetState telnet;
    bool full;      /* the kernel accepts no more output for it */
    bool escaped;   /* the watcher typed the escape key */
    bool told;      /* the watcher typed and was told why nothing happens */
    LoopTask close; /* posted when the client has gone */
};

/* Without a receiver, its input is read only to notice when it leaves. */
static size_t read_limit(const SocketClient *client)
{
    const Socket *socket = client->socket;
    if (socket->writer != client || !chardev_has_receiver(&socket->parent)) {
        return READ_SIZE;
    }
    size_t room = chardev_rx_room(&socket->parent);
    return MIN(room, READ_SIZE);
}

void socket_client_update(SocketClient *client)
{
    const Socket *socket = client->socket;
    bool held =
        socket->writer == client && !socket->reading && chardev_has_receiver(&socket->parent);
    loop_fd_watch(client->watch, (held ? 0 : LOOP_READ) | (client->full ? LOOP_WRITE : 0));
}

/* ---- input ---- */

static void explain(SocketClient *client)
{
    int escape = chardev_set_escape(client->socket->parent.set);
    if (!client->told && escape) {
        g_autofree char *key = char_key_name(escape);
        g_autofree char *text =
            g_strdup_printf("[another client types; %s %c takes over]", key, TAKEOVER_KEY);
        char_reader_notice(&client->reader, text);
    }
    client->told = true;
}

/* Bytes that it typed together with the take-over key are its first input. */
static void take_over(SocketClient *client, const uint8_t *data, size_t size)
{
    Chardev *chardev = &client->socket->parent;
    client->escaped = client->told = false;
    socket_take_over(client->socket, client);
    size_t room = chardev_rx_room(chardev);
    if (MIN(room, size)) {
        chardev_receive(chardev, data, MIN(room, size));
    }
}

/* The guest gets nothing that a watcher types. */
static void watch_keys(SocketClient *client, const uint8_t *data, size_t size)
{
    int escape = chardev_set_escape(client->socket->parent.set);
    for (size_t i = 0; i < size; i++) {
        if (client->escaped && data[i] == TAKEOVER_KEY) {
            take_over(client, data + i + 1, size - i - 1);
            return;
        }
        client->escaped = escape && data[i] == escape;
    }
    if (!client->escaped) {
        explain(client);
    }
}

/* Whether the guest gets the byte.  The state moves on. */
static bool telnet_takes(TelnetState *state, uint8_t byte)
{
    switch (*state) {
    case TELNET_DATA:
        *state = byte == TELNET_IAC ? TELNET_COMMAND : TELNET_DATA;
        return byte != TELNET_IAC;
    case TELNET_COMMAND:
        *state = byte == TELNET_SB                            ? TELNET_LONG
                 : byte >= TELNET_WILL && byte <= TELNET_DONT ? TELNET_OPTION
                                                              : TELNET_DATA;
        return byte == TELNET_IAC;
    case TELNET_OPTION:
        *state = TELNET_DATA;
        return false;
    case TELNET_LONG:
        *state = byte == TELNET_IAC ? TELNET_LONG_COMMAND : TELNET_LONG;
        return false;
    case TELNET_LONG_COMMAND:
        *state = byte == TELNET_SE ? TELNET_DATA : TELNET_LONG;
        return false;
    }
    return false;
}

/* Takes the commands of the protocol out, and returns how many bytes are left. */
static size_t filter_telnet(SocketClient *client, uint8_t *data, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = data[i];
        if (telnet_takes(&client->telnet, byte)) {
            data[kept++] = byte;
        }
    }
    return kept;
}

/* The guest echoes what is typed, and the client sends each key at once. */
static void greet_telnet(const SocketClient *client)
{
    static const uint8_t GREETING[] = {TELNET_IAC, TELNET_WILL, TELNET_ECHO,
                                       TELNET_IAC, TELNET_WILL, TELNET_SGA};
    if (send(client->fd, GREETING, sizeof(GREETING), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        return; /* has_gone() follows from the next output or input */
    }
}

static void read_input(SocketClient *client)
{
    Socket *socket = client->socket;
    size_t limit = read_limit(client);
    uint8_t data[READ_SIZE];
    if (!limit) {
        socket_client_update(client);
        return;
    }
    ssize_t got = recv(client->fd, data, limit, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        socket_drop(socket, client);
        return;
    }
    if (got > 0 && socket->telnet) {
        got = (ssize_t)filter_telnet(client, data, (size_t)got);
    }
    if (got > 0 && socket->writer == client) {
        chardev_receive(&socket->parent, data, (size_t)got);
    } else if (got > 0) {
        watch_keys(client, data, (size_t)got);
    }
}

static void ready(void *opaque, unsigned events)
{
    SocketClient *client = opaque;
    if (events & LOOP_READ) {
        read_input(client);
        return;
    }
    client->full = false;
    socket_client_update(client);
    char_reader_writable(&client->reader);
}

/* ---- output ---- */

static void has_gone(void *opaque)
{
    SocketClient *client = opaque;
    socket_drop(client->socket, client);
}

static size_t write_output(CharReader *reader, const uint8_t *data, size_t size)
{
    SocketClient *client = (SocketClient *)reader;
    ssize_t put = send(client->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        loop_post(chardev_set_loop(client->socket->parent.set), &client->close);
        return size;
    }
    put = MAX(put, 0);
    if ((size_t)put < size) {
        client->full = true;
        socket_client_update(client);
    }
    return (size_t)put;
}

/* ---- coming and going ---- */

SocketClient *socket_client_new(Socket *socket, int fd, CharStart start)
{
    Loop *loop = chardev_set_loop(socket->parent.set);
    SocketClient *client = g_new0(SocketClient, 1);
    client->socket = socket;
    client->fd = fd;
    client->reader.write = write_output;
    client->reader.position = socket->position;
    client->close = (LoopTask){.run = has_gone, .opaque = client};
    client->watch = loop_fd_new(loop, fd, ready, client);
    if (socket->telnet) {
        greet_telnet(client);
    }
    char_reader_attach(&client->reader, &socket->parent, start);
    return client;
}

void socket_client_free(SocketClient *client)
{
    loop_cancel(chardev_set_loop(client->socket->parent.set), &client->close);
    char_reader_detach(&client->reader);
    loop_fd_free(client->watch);
    close(client->fd);
    g_free(client);
}

uint64_t socket_client_position(const SocketClient *client)
{
    return client->reader.position;
}
