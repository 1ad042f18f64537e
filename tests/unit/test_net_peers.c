/*
 * Networks with a peer of the host: stream sockets in both roles, and descriptors.  A card of
 * the test is on one side, and the test itself is the peer.
 */
#include "devices/net.h"
#include "src/base/socket_address.h"
#include "src/net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FRAME 60u

/* ---- a card that keeps what it receives ---- */

typedef struct Card {
    Device *dev; /* must be first */
    NetPort *net;
    GPtrArray *frames;
    bool deaf;
} Card;

static bool card_can_receive(const void *state, unsigned port)
{
    (void)port;
    return !((const Card *)state)->deaf;
}

static void card_receive(void *state, unsigned port, const uint8_t *frame, size_t size)
{
    Card *card = state;
    (void)port;
    g_ptr_array_add(card->frames, g_bytes_new(frame, size));
}

static void card_reset(void *state)
{
    (void)state;
}

static const NetClient CLIENT = {
    .struct_size = sizeof(NetClient),
    .can_receive = card_can_receive,
    .receive = card_receive,
};

static const DeviceClass CARD_CLASS = {
    .head = DEVICE_CLASS_HEAD("card", Card),
    .description = "a network card of a test",
    .properties =
        DEVICE_PROPERTIES(DEVICE_PROPERTY(Card, net, "netdev", PROPERTY_NET, NULL, "network")),
    .net_client = &CLIENT,
    .reset = card_reset,
};

typedef struct Fixture {
    Loop *loop;
    Clock *clock;
    NetSet *set;
    Bus *bus;
    Device *dev;
    Card *card;
    char *directory, *path;
    char *said; /* the last message */
    int peer;   /* -1: none */
} Fixture;

static void keep_message(void *opaque, const char *text)
{
    Fixture *f = opaque;
    g_free(f->said);
    f->said = g_strdup(text);
}

static NetPort *connect_net(void *opaque, Device *dev, const char *id, GError **error)
{
    return net_set_connect(((Fixture *)opaque)->set, dev, id, error);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->loop = loop_new(NULL);
    f->clock = clock_new_stepped();
    f->bus = bus_new(false);
    f->set = net_set_new(
        &(NetHost){.loop = f->loop, .clock = f->clock, .message = keep_message, .opaque = f});
    f->directory = g_dir_make_tmp("pioemu-XXXXXX", NULL);
    f->path = g_build_filename(f->directory, "socket", NULL);
    f->peer = -1;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    net_set_free(f->set);
    if (f->card) {
        g_ptr_array_unref(f->card->frames);
    }
    g_clear_pointer(&f->dev, device_free);
    bus_free(f->bus);
    clock_free(f->clock);
    loop_free(f->loop);
    if (f->peer >= 0) {
        close(f->peer);
    }
    g_unlink(f->path);
    g_rmdir(f->directory);
    g_free(f->directory);
    g_free(f->path);
    g_free(f->said);
}

static void add(Fixture *f, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(Fixture *f, const char *format, ...)
{
    const DeviceHost host = {
        .bus = f->bus, .clock = f->clock, .opaque = f, .net_port = connect_net};
    g_autoptr(GError) error = NULL;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    net_set_add(f->set, text, &error);
    g_assert_no_error(error);
    f->dev = device_new(&CARD_CLASS, "card0", &host);
    g_assert_true(device_set_property(f->dev, "netdev", "n", &error));
    g_assert_true(device_realize(f->dev, &error));
    f->card = device_state(f->dev);
    f->card->frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

static int connect_to(const char *path)
{
    SocketAddress address = {0};
    bool connected;
    g_assert_true(socket_address_unix(&address, path, NULL));
    int fd = socket_address_connect(&address, true, &connected);
    g_assert_cmpint(fd, >=, 0);
    socket_address_clear(&address);
    return fd;
}

/* Does what is ready; the sockets of one host pass on at once what is written. */
static void settle(Fixture *f)
{
    for (unsigned i = 0; i < 8; i++) {
        loop_step(f->loop, false);
    }
}

static void serve(Fixture *f)
{
    add(f, "stream,id=n,server=on,addr.type=unix,addr.path=%s", f->path);
    f->peer = connect_to(f->path);
    settle(f);
}

static void put_frame(uint8_t *bytes, uint8_t first)
{
    const uint32_t length = htonl(FRAME);
    memcpy(bytes, &length, sizeof(length));
    for (unsigned i = 0; i < FRAME; i++) {
        bytes[sizeof(length) + i] = (uint8_t)(first + i);
    }
}

static void assert_frame(Fixture *f, unsigned which, uint8_t first)
{
    uint8_t expected[4 + FRAME];
    gsize size;
    g_assert_cmpuint(f->card->frames->len, >, which);
    const uint8_t *frame = g_bytes_get_data(f->card->frames->pdata[which], &size);
    put_frame(expected, first);
    g_assert_cmpuint(size, ==, FRAME);
    g_assert_cmpint(memcmp(frame, expected + 4, FRAME), ==, 0);
}

static bool send_frame(Fixture *f, size_t size, uint8_t first)
{
    uint8_t frame[NET_FRAME_MAX];
    memset(frame, first, size);
    g_mutex_lock(device_mutex(f->dev));
    bool more = pio_net_send(f->card->net, frame, size);
    g_mutex_unlock(device_mutex(f->dev));
    return more;
}

static void read_whole(int fd, uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t done = read(fd, bytes + at, size - at);
        g_assert_cmpint(done, >, 0);
        at += (size_t)done;
    }
}

/* However a frame is cut, it arrives whole. */
static void test_frames_arrive_in_any_pieces(Fixture *f, gconstpointer data)
{
    uint8_t bytes[2 * (4 + FRAME)];
    (void)data;
    serve(f);
    for (unsigned cut = 1; cut < sizeof(bytes); cut++) {
        put_frame(bytes, (uint8_t)cut);
        put_frame(bytes + 4 + FRAME, (uint8_t)(cut + 1));
        g_assert_cmpint(write(f->peer, bytes, cut), ==, cut);
        settle(f);
        g_assert_cmpint(write(f->peer, bytes + cut, sizeof(bytes) - cut), ==, sizeof(bytes) - cut);
        settle(f);
        g_assert_cmpuint(f->card->frames->len, ==, 2 * cut);
        assert_frame(f, 2 * cut - 2, (uint8_t)cut);
        assert_frame(f, 2 * cut - 1, (uint8_t)(cut + 1));
    }
}

static void test_frames_are_sent_behind_their_length(Fixture *f, gconstpointer data)
{
    uint8_t found[4 + FRAME];
    (void)data;
    serve(f);
    send_frame(f, FRAME, 7);
    settle(f);
    read_whole(f->peer, found, sizeof(found));
    g_assert_cmpint(memcmp(found, "\0\0\0\x3c\7\7\7", 7), ==, 0);
    g_assert_cmpuint(found[sizeof(found) - 1], ==, 7);
}

/* A peer that does not read stops the card in the end, and loses nothing. */
static void test_slow_peer_stops_the_card(Fixture *f, gconstpointer data)
{
    enum { SIZE = 1500 };
    uint8_t found[4 + SIZE];
    unsigned sent = 0;
    (void)data;
    serve(f);
    while (send_frame(f, SIZE, (uint8_t)sent++)) {
        settle(f);
        g_assert_cmpuint(sent, <, 100000);
    }
    for (unsigned i = 0; i < sent; i++) {
        struct pollfd wait = {.fd = f->peer, .events = POLLIN};
        while (poll(&wait, 1, 0) == 0) {
            loop_step(f->loop, false);
        }
        settle(f);
        read_whole(f->peer, found, sizeof(found));
        g_assert_cmpuint(found[4], ==, (uint8_t)i);
        g_assert_cmpuint(found[3 + SIZE], ==, (uint8_t)i);
    }
    g_assert_true(send_frame(f, SIZE, 0));
}

/* A card without room stops the peer, whose frames wait in the socket. */
static void test_deaf_card_stops_the_peer(Fixture *f, gconstpointer data)
{
    uint8_t bytes[4 + FRAME];
    unsigned written = 0;
    (void)data;
    serve(f);
    f->card->deaf = true;
    fcntl(f->peer, F_SETFL, O_NONBLOCK);
    for (;;) {
        put_frame(bytes, (uint8_t)written);
        ssize_t size = write(f->peer, bytes, sizeof(bytes));
        if (size < 0) {
            settle(f);
            size = write(f->peer, bytes, sizeof(bytes));
        }
        if (size < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            break;
        }
        g_assert_cmpint(size, ==, sizeof(bytes));
        written++;
    }
    f->card->deaf = false;
    pio_net_rx_ready(f->card->net);
    while (f->card->frames->len < written) {
        loop_step(f->loop, true);
    }
    assert_frame(f, written - 1, (uint8_t)(written - 1));
}

static void test_what_is_no_frame_ends_the_connection(Fixture *f, gconstpointer data)
{
    char end;
    (void)data;
    serve(f);
    g_assert_cmpint(write(f->peer, "GET / HTTP", 10), ==, 10);
    settle(f);
    g_assert_cmpint(read(f->peer, &end, 1), ==, 0);
    g_assert_nonnull(strstr(f->said, "sends no frames"));
    close(f->peer);
    f->peer = connect_to(f->path);
    settle(f);
    uint8_t bytes[4 + FRAME];
    put_frame(bytes, 3);
    g_assert_cmpint(write(f->peer, bytes, sizeof(bytes)), ==, sizeof(bytes));
    settle(f);
    assert_frame(f, 0, 3);
}

/* Frames that no guest can take are counted, and those behind them arrive. */
static void test_frames_of_a_wrong_size_are_lost(Fixture *f, gconstpointer data)
{
    g_autofree uint8_t *large = g_malloc0(4 + 69632);
    g_autoptr(GString) text = g_string_new(NULL);
    uint8_t bytes[4 + FRAME];
    (void)data;
    serve(f);
    memcpy(large, &(uint32_t){htonl(69632)}, 4);
    put_frame(bytes, 9);
    g_assert_cmpint(write(f->peer, "\0\0\0\0\0\0\0\1x", 9), ==, 9);
    for (size_t at = 0; at < 4 + 69632;) {
        ssize_t size = send(f->peer, large + at, 4 + 69632 - at, MSG_DONTWAIT);
        at += size > 0 ? (size_t)size : 0;
        settle(f);
    }
    g_assert_cmpint(write(f->peer, bytes, sizeof(bytes)), ==, sizeof(bytes));
    settle(f);
    g_assert_cmpuint(f->card->frames->len, ==, 1);
    assert_frame(f, 0, 9);
    net_set_describe(f->set, text);
    g_assert_nonnull(strstr(text->str, "received=1 dropped=3"));
}

static int listen_at(const char *path)
{
    SocketAddress address = {0};
    g_assert_true(socket_address_unix(&address, path, NULL));
    int fd = socket_address_listen(&address, NULL);
    g_assert_cmpint(fd, >=, 0);
    socket_address_clear(&address);
    return fd;
}

static int accept_next(Fixture *f, int listener)
{
    int fd;
    while ((fd = accept(listener, NULL, NULL)) < 0) {
        loop_step(f->loop, true);
    }
    settle(f);
    return fd;
}

static void test_client_needs_its_server(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    g_autofree char *text = g_strdup_printf("stream,id=n,addr.type=unix,addr.path=%s", f->path);
    g_assert_false(net_set_add(f->set, text, &error));
    g_assert_nonnull(strstr(error->message, "No such file or directory (reconnect="));
}

/* The host's clock decides when it tries again, after a second. */
static void test_client_connects_again(Fixture *f, gconstpointer data)
{
    uint8_t found[4 + FRAME];
    (void)data;
    add(f, "stream,id=n,addr.type=unix,addr.path=%s,reconnect=1", f->path);
    g_assert_nonnull(strstr(f->said, "trying again"));
    send_frame(f, FRAME, 1);
    settle(f);
    int listener = listen_at(f->path);
    f->peer = accept_next(f, listener);
    send_frame(f, FRAME, 2);
    settle(f);
    read_whole(f->peer, found, sizeof(found));
    g_assert_cmpuint(found[4], ==, 2);
    close(f->peer);
    f->peer = accept_next(f, listener);
    send_frame(f, FRAME, 3);
    settle(f);
    read_whole(f->peer, found, sizeof(found));
    g_assert_cmpuint(found[4], ==, 3);
    close(listener);
}

static void test_descriptor_has_the_peer(Fixture *f, gconstpointer data)
{
    uint8_t bytes[4 + FRAME];
    int pair[2];
    (void)data;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    f->peer = pair[1];
    add(f, "socket,id=n,fd=%d", pair[0]);
    put_frame(bytes, 5);
    g_assert_cmpint(write(f->peer, bytes, sizeof(bytes)), ==, sizeof(bytes));
    settle(f);
    assert_frame(f, 0, 5);
}

/* The two older spellings meet each other over TCP. */
static void test_tcp_port_is_announced(Fixture *f, gconstpointer data)
{
    uint8_t bytes[4 + FRAME];
    SocketAddress address = {0};
    bool connected;
    (void)data;
    add(f, "socket,id=n,listen=127.0.0.1:0");
    const char *at = strstr(f->said, "tcp:");
    g_assert_nonnull(at);
    g_assert_true(socket_address_tcp(&address, at + 4, NULL));
    f->peer = socket_address_connect(&address, true, &connected);
    g_assert_true(connected);
    socket_address_clear(&address);
    put_frame(bytes, 6);
    g_assert_cmpint(write(f->peer, bytes, sizeof(bytes)), ==, sizeof(bytes));
    while (!f->card->frames->len) {
        loop_step(f->loop, true);
    }
    assert_frame(f, 0, 6);
}

static void refuse(Fixture *f, const char *text, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(net_set_add(f->set, text, &error));
    g_assert_true(g_str_has_prefix(error->message, "-netdev "));
    if (!strstr(error->message, why)) {
        g_error("%s: %s", text, error->message);
    }
}

static void test_wrong_options_are_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    refuse(f, "stream,id=n", "addr.type=unix,addr.path=PATH");
    refuse(f, "stream,id=n,addr.type=unix", "needs addr.path=PATH");
    refuse(f, "stream,id=n,addr.type=inet,addr.host=127.0.0.1,addr.port=99999", "99999");
    refuse(f, "stream,id=n,addr.type=fd,addr.str=999", "descriptor 999");
    refuse(f, "stream,id=n,addr.type=fd", "is missing");
    refuse(f, "stream,id=n,server=on,reconnect=1,addr.type=unix,addr.path=x", "for clients");
    refuse(f, "socket,id=n", "needs one of listen=");
    refuse(f, "socket,id=n,listen=:1,connect=:2", "needs one of listen=");
    refuse(f, "tap,id=n,script=/etc/qemu-ifup", "no script is run");
    refuse(f, "tap,id=n,ifname=a-name-that-is-too-long", "1 to 15 characters");
    refuse(f, "tap,id=n,ifname=tap0,fd=3", "do not go together");
    refuse(f, "tap,id=n,fd=999", "descriptor 999");
}

/* A descriptor that is no tap serves: each write is a frame, and so is each read. */
static void test_tap_passes_frames(Fixture *f, gconstpointer data)
{
    uint8_t bytes[4 + FRAME], found[2 * FRAME];
    int pair[2];
    (void)data;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), ==, 0);
    f->peer = pair[1];
    add(f, "tap,id=n,fd=%d", pair[0]);
    put_frame(bytes, 4);
    g_assert_cmpint(write(f->peer, bytes + 4, FRAME), ==, FRAME);
    settle(f);
    assert_frame(f, 0, 4);
    send_frame(f, FRAME, 8);
    settle(f);
    g_assert_cmpint(read(f->peer, found, sizeof(found)), ==, FRAME);
    g_assert_cmpuint(found[0], ==, 8);
}

/* Where a run is replayed, no address is opened. */
static void test_idle_set_opens_nothing(Fixture *f, gconstpointer data)
{
    (void)data;
    net_set_free(f->set);
    f->set = net_set_new(&(NetHost){.loop = f->loop, .clock = f->clock, .idle = true, .opaque = f});
    add(f, "stream,id=n,server=on,addr.type=unix,addr.path=%s", f->path);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
    send_frame(f, FRAME, 1);
    settle(f);
}

#define ADD(path, test) g_test_add("/net_peers/" path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("stream/frames_arrive_in_any_pieces", test_frames_arrive_in_any_pieces);
    ADD("stream/frames_are_sent_behind_their_length", test_frames_are_sent_behind_their_length);
    ADD("stream/slow_peer_stops_the_card", test_slow_peer_stops_the_card);
    ADD("stream/deaf_card_stops_the_peer", test_deaf_card_stops_the_peer);
    ADD("stream/what_is_no_frame_ends_the_connection", test_what_is_no_frame_ends_the_connection);
    ADD("stream/frames_of_a_wrong_size_are_lost", test_frames_of_a_wrong_size_are_lost);
    ADD("stream/client_needs_its_server", test_client_needs_its_server);
    ADD("stream/client_connects_again", test_client_connects_again);
    ADD("socket/descriptor_has_the_peer", test_descriptor_has_the_peer);
    ADD("socket/tcp_port_is_announced", test_tcp_port_is_announced);
    ADD("tap/passes_frames", test_tap_passes_frames);
    ADD("wrong_options_are_refused", test_wrong_options_are_refused);
    ADD("idle_set_opens_nothing", test_idle_set_opens_nothing);
    return g_test_run();
}
