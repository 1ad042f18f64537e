/* Every backend with a peer that comes and goes, in every state of its reader. */
#include "tests/unit/char_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define IDLE_MS    300u
#define IDLE_STEPS 3u
#define CYCLES     1000u
#define WINDOW     65536u

/* ---- the backends ---- */

/* The descriptors of a peer.  If it has only one, both are the same. */
typedef struct Peer {
    int in, out; /* the test writes to `in` and reads from `out` */
} Peer;

typedef struct Backend {
    const char *name;
    char *(*spec)(CharRig *rig);
    Peer (*attach)(CharRig *rig);
    size_t unread; /* how much the kernel may hold in addition */
} Backend;

static char *pty_spec(CharRig *rig)
{
    return g_strdup_printf("pty,link=%s/pty", rig->dir);
}

static Peer pty_attach(CharRig *rig)
{
    g_autofree char *path = char_rig_path(rig, "pty");
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    return (Peer){fd, fd};
}

static char *unix_spec(CharRig *rig)
{
    return g_strdup_printf("unix:%s/socket,server=on,wait=off", rig->dir);
}

static Peer unix_attach(CharRig *rig)
{
    g_autofree char *path = char_rig_path(rig, "socket");
    int fd = char_rig_connect_unix(path);
    return (Peer){fd, fd};
}

static char *tcp_spec(CharRig *rig)
{
    (void)rig;
    return g_strdup("tcp::0,server=on,wait=off");
}

static Peer tcp_attach(CharRig *rig)
{
    const char *colon = strstr(rig->said->str, "listening on tcp::");
    g_assert_nonnull(colon);
    unsigned port = (unsigned)g_ascii_strtoull(colon + strlen("listening on tcp::"), NULL, 10);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* A thousand closed connections must not wait for their last packets. */
    struct linger linger = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return (Peer){fd, fd};
}

static char *pipe_spec(CharRig *rig)
{
    g_autofree char *in = char_rig_path(rig, "pipe.in");
    g_autofree char *out = char_rig_path(rig, "pipe.out");
    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    return g_strdup_printf("pipe:%s/pipe", rig->dir);
}

static Peer pipe_attach(CharRig *rig)
{
    g_autofree char *in = char_rig_path(rig, "pipe.in");
    g_autofree char *out = char_rig_path(rig, "pipe.out");
    return (Peer){open(in, O_WRONLY | O_NONBLOCK | O_CLOEXEC),
                  open(out, O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
}

static const Backend BACKENDS[] = {
    {"pty", pty_spec, pty_attach, 1 << 17},
    {"unix", unix_spec, unix_attach, 1 << 20},
    {"tcp", tcp_spec, tcp_attach, 1 << 23},
    {"pipe", pipe_spec, pipe_attach, 1 << 16},
};

/* ---- the fixture ---- */

typedef struct Fixture {
    const Backend *backend;
    CharRig *rig;
    RigLine *line;
    Chardev *chardev;
} Fixture;

static void setup_with(Fixture *fix, const Backend *backend, const char *options)
{
    fix->backend = backend;
    fix->rig = char_rig_new();
    g_autofree char *spec = backend->spec(fix->rig);
    fix->line = char_rig_add(fix->rig, "%s%s", spec, options);
    fix->chardev = char_rig_chardev(fix->rig, 0);
    fix->line->room = SIZE_MAX / 2;
}

static void setup(Fixture *fix, gconstpointer data)
{
    setup_with(fix, data, "");
}

static void setup_unread(Fixture *fix, gconstpointer data)
{
    setup_with(fix, data, ",history=unread");
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    char_rig_free(fix->rig);
}

static bool is_attached(void *opaque)
{
    return ((Fixture *)opaque)->chardev->readers->len > 0;
}

static bool is_detached(void *opaque)
{
    return ((Fixture *)opaque)->chardev->readers->len == 0;
}

static bool has_sent(void *opaque)
{
    return ((Fixture *)opaque)->line->unsent->len == 0;
}

static Peer attach(Fixture *fix)
{
    Peer peer = fix->backend->attach(fix->rig);
    char_rig_until(fix->rig, is_attached, fix);
    return peer;
}

static void leave(Peer peer)
{
    close(peer.in);
    if (peer.out != peer.in) {
        close(peer.out);
    }
}

static void detach(Fixture *fix, Peer peer)
{
    leave(peer);
    char_rig_until(fix->rig, is_detached, fix);
}

static void assert_output(Fixture *fix, Peer peer, const void *data, guint size)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(fix->rig, peer.out, got, size);
    g_assert_cmpmem(got->data, got->len, data, size);
}

static void assert_idle(Fixture *fix)
{
    char_rig_settle(fix->rig, 20);
    char_rig_assert_idle(fix->rig, IDLE_MS, IDLE_STEPS);
}

/* Sends more than history, ring and kernel hold together. */
static GByteArray *overwhelm(Fixture *fix)
{
    GByteArray *sent = char_rig_pattern(fix->backend->unread + 300000);
    rig_line_send(fix->line, sent->data, sent->len);
    assert_idle(fix);
    g_assert_cmpuint(fix->line->unsent->len, >, 0);
    return sent;
}

/* ---- the states ---- */

static void test_no_reader_lets_the_guest_run(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) sent = char_rig_pattern(200000);
    rig_line_send(fix->line, sent->data, sent->len);
    char_rig_until(fix->rig, has_sent, fix);
    assert_idle(fix);
    g_assert_cmpuint(fix->chardev->count.out, ==, 200000);
    g_assert_cmpuint(fix->chardev->count.stalls, ==, 0);
}

static void test_reader_gets_every_byte(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) sent = char_rig_pattern(300000);
    Peer peer = attach(fix);
    rig_line_send(fix->line, sent->data, sent->len);
    assert_output(fix, peer, sent->data, sent->len);
    assert_idle(fix);
    leave(peer);
}

static void test_stalled_reader_holds_the_transmitter_and_loses_nothing(Fixture *fix,
                                                                        gconstpointer data)
{
    (void)data;
    Peer peer = attach(fix);
    g_autoptr(GByteArray) sent = overwhelm(fix);
    assert_output(fix, peer, sent->data, sent->len);
    g_assert_cmpuint(fix->line->unsent->len, ==, 0);
    g_assert_cmpuint(fix->chardev->count.dropped, ==, 0);
    leave(peer);
}

static void test_stalled_reader_holds_no_other_port(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autofree char *path = char_rig_path(fix->rig, "other");
    RigLine *other = char_rig_add(fix->rig, "file:%s", path);
    Peer peer = attach(fix);
    g_autoptr(GByteArray) sent = overwhelm(fix);
    rig_line_send(other, sent->data, sent->len);
    char_rig_settle(fix->rig, 50);
    g_assert_cmpuint(other->unsent->len, ==, 0);
    leave(peer);
}

static void test_killed_reader_frees_the_guest(Fixture *fix, gconstpointer data)
{
    (void)data;
    Peer peer = attach(fix);
    g_byte_array_unref(overwhelm(fix));
    detach(fix, peer);
    char_rig_until(fix->rig, has_sent, fix);
    assert_idle(fix);
}

static void test_late_reader_gets_the_earlier_output(Fixture *fix, gconstpointer data)
{
    (void)data;
    rig_line_send_text(fix->line, "before\n");
    char_rig_settle(fix->rig, 5);
    Peer peer = attach(fix);
    rig_line_send_text(fix->line, "after\n");
    assert_output(fix, peer, "before\nafter\n", (guint)strlen("before\nafter\n"));
    leave(peer);
}

static void test_late_reader_is_told_how_much_it_missed(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) sent = char_rig_pattern(100000);
    rig_line_send(fix->line, sent->data, sent->len);
    char_rig_until(fix->rig, has_sent, fix);
    char_rig_settle(fix->rig, 5);
    Peer peer = attach(fix);
    g_autofree char *mark = g_strdup_printf("[%u bytes dropped]\r\n", 100000 - WINDOW);
    assert_output(fix, peer, mark, (guint)strlen(mark));
    assert_output(fix, peer, sent->data + 100000 - WINDOW, WINDOW);
    leave(peer);
}

static void test_reader_that_comes_back_is_shown_everything_again(Fixture *fix, gconstpointer data)
{
    (void)data;
    Peer peer = attach(fix);
    rig_line_send_text(fix->line, "one ");
    assert_output(fix, peer, "one ", 4);
    detach(fix, peer);
    rig_line_send_text(fix->line, "two ");
    char_rig_settle(fix->rig, 5);
    assert_idle(fix);
    peer = attach(fix);
    assert_output(fix, peer, "one two ", 8);
    leave(peer);
}

static void test_unread_history_shows_nothing_twice(Fixture *fix, gconstpointer data)
{
    (void)data;
    rig_line_send_text(fix->line, "zero ");
    char_rig_settle(fix->rig, 5);
    Peer peer = attach(fix);
    rig_line_send_text(fix->line, "one ");
    assert_output(fix, peer, "zero one ", 9);
    detach(fix, peer);
    rig_line_send_text(fix->line, "two ");
    char_rig_settle(fix->rig, 5);
    assert_idle(fix);
    peer = attach(fix);
    rig_line_send_text(fix->line, "three ");
    assert_output(fix, peer, "two three ", 10);
    leave(peer);
}

static void test_unread_history_says_how_much_it_has_lost(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) sent = char_rig_pattern(100000);
    Peer peer = attach(fix);
    rig_line_send_text(fix->line, "one ");
    assert_output(fix, peer, "one ", 4);
    detach(fix, peer);
    rig_line_send(fix->line, sent->data, sent->len);
    char_rig_until(fix->rig, has_sent, fix);
    char_rig_settle(fix->rig, 5);
    peer = attach(fix);
    g_autofree char *mark = g_strdup_printf("[%u bytes dropped]\r\n", 100000 - WINDOW);
    assert_output(fix, peer, mark, (guint)strlen(mark));
    assert_output(fix, peer, sent->data + 100000 - WINDOW, WINDOW);
    leave(peer);
}

static void test_reader_that_follows_at_once_is_a_newcomer(Fixture *fix, gconstpointer data)
{
    (void)data;
    Peer peer = attach(fix);
    rig_line_send_text(fix->line, "one ");
    assert_output(fix, peer, "one ", 4);
    leave(peer);
    peer = fix->backend->attach(fix->rig);
    assert_output(fix, peer, "one ", 4);
    leave(peer);
}

static void test_what_a_killed_reader_left_is_not_shown_twice(Fixture *fix, gconstpointer data)
{
    (void)data;
    Peer peer = attach(fix);
    rig_line_send_text(fix->line, "unread ");
    char_rig_settle(fix->rig, 20);
    detach(fix, peer);
    peer = attach(fix);
    rig_line_send_text(fix->line, "end");
    assert_output(fix, peer, "unread end", 10);
    leave(peer);
}

static bool has_input(void *opaque)
{
    const Fixture *fix = opaque;
    return fix->line->input->len && fix->line->input->data[fix->line->input->len - 1] == '!';
}

static void test_last_words_of_a_reader_arrive(Fixture *fix, gconstpointer data)
{
    (void)data;
    Peer peer = attach(fix);
    g_assert_cmpint(write(peer.in, "last words!", 11), ==, 11);
    if (fix->backend->attach != tcp_attach) { /* a reset connection loses its last bytes */
        leave(peer);
    }
    char_rig_until(fix->rig, has_input, fix);
    g_assert_cmpmem(fix->line->input->data, fix->line->input->len, "last words!", 11);
    if (fix->backend->attach == tcp_attach) {
        leave(peer);
    }
    assert_idle(fix);
}

static bool input_is_complete(void *opaque)
{
    return ((Fixture *)opaque)->line->input->len == 50000;
}

static void test_input_waits_for_room_and_loses_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->line->room = 0;
    g_autoptr(GByteArray) typed = char_rig_pattern(50000);
    Peer peer = attach(fix);
    ssize_t put = write(peer.in, typed->data, typed->len);
    g_assert_cmpint(put, >, 0);
    assert_idle(fix);
    g_assert_cmpuint(fix->line->input->len, ==, 0);
    rig_line_take(fix->line, 1000);
    char_rig_settle(fix->rig, 5);
    g_assert_cmpuint(fix->line->input->len, ==, MIN(1000, put));
    rig_line_take(fix->line, 49000);
    char_rig_write(fix->rig, peer.in, typed->data + put, typed->len - (size_t)put);
    char_rig_until(fix->rig, input_is_complete, fix);
    g_assert_cmpmem(fix->line->input->data, fix->line->input->len, typed->data, typed->len);
    leave(peer);
}

static void test_thousand_visits_leak_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    Peer peer = attach(fix);
    detach(fix, peer);
    unsigned before = char_rig_count_fds();
    for (unsigned i = 0; i < CYCLES; i++) {
        /* A terminal gets its output a moment later.  Here only the visits count. */
        peer = fix->backend->attach(fix->rig);
        loop_step(fix->rig->loop, false);
        leave(peer);
        loop_step(fix->rig->loop, false);
    }
    char_rig_until(fix->rig, is_detached, fix);
    char_rig_settle(fix->rig, 20);
    g_assert_cmpuint(char_rig_count_fds(), ==, before);
    assert_idle(fix);
}

static void test_carrier_follows_the_reader(Fixture *fix, gconstpointer data)
{
    (void)data;
    teardown(fix, NULL);
    setup_with(fix, data, ",carrier=attached");
    g_assert_cmphex(pio_char_lines(fix->line->port), ==, CHAR_LINE_CTS);
    Peer peer = attach(fix);
    g_assert_cmphex(fix->line->lines, ==, CHAR_LINE_CTS | CHAR_LINE_DSR | CHAR_LINE_DCD);
    detach(fix, peer);
    g_assert_cmphex(fix->line->lines, ==, CHAR_LINE_CTS);
}

/* ---- policies ---- */

/* The length of the mark at this place, or 0. */
static size_t parse_mark(const char *text, size_t *dropped)
{
    int end = 0;
    bool mark = *text == '[' && sscanf(text, "[%zu bytes dropped]%n", dropped, &end) == 1 && end;
    return mark && g_str_has_prefix(text + end, "\r\n") ? (size_t)end + 2 : 0;
}

/* Text in which no two parts are the same. */
static GByteArray *numbers(guint size)
{
    GByteArray *bytes = g_byte_array_new();
    for (guint i = 0; i < size; i += 8) {
        g_autofree char *text = g_strdup_printf("%07x ", i);
        g_byte_array_append(bytes, (const uint8_t *)text, 8);
    }
    return bytes;
}

static bool ends_with(const GByteArray *bytes, const GByteArray *whole)
{
    const guint tail = 64;
    return bytes->len >= tail &&
           memcmp(bytes->data + bytes->len - tail, whole->data + whole->len - tail, tail) == 0;
}

/*
 * Reads to the end of what was sent, and checks that all of it came, with marks
 * that say how much is missing.  There may be several marks, because the kernel
 * takes a terminal's output in portions.  Returns how much came after the last
 * mark.
 */
static size_t assert_output_with_gaps(Fixture *fix, Peer peer, const GByteArray *sent,
                                      GByteArray *got)
{
    while (!ends_with(got, sent)) {
        char_rig_read(fix->rig, peer.out, got, got->len + 1);
        uint8_t more[4096];
        for (ssize_t size = 1; size > 0;) {
            size = read(peer.out, more, sizeof(more));
            g_byte_array_append(got, more, (guint)MAX(size, 0));
        }
    }
    guint size = got->len;
    g_byte_array_append(got, (const uint8_t *)"", 1);
    size_t at = 0, position = 0, missing = 0, last = 0;
    while (at < size) {
        size_t dropped;
        size_t mark = parse_mark((const char *)got->data + at, &dropped);
        if (mark) {
            at += mark;
            position += dropped;
            missing += dropped;
            last = position;
            continue;
        }
        g_assert_cmpuint(position, <, sent->len);
        g_assert_cmphex(got->data[at++], ==, sent->data[position++]);
    }
    g_assert_cmpuint(position, ==, sent->len);
    g_assert_cmpuint(missing, >, 0);
    g_assert_cmpuint(missing, ==, fix->chardev->count.dropped);
    return sent->len - last;
}

static void test_drop_old_shows_the_newest(Fixture *fix, gconstpointer data)
{
    teardown(fix, NULL);
    setup_with(fix, data, ",policy=drop-old");
    Peer peer = attach(fix);
    g_autoptr(GByteArray) sent = numbers((guint)fix->backend->unread + 300000);
    rig_line_send(fix->line, sent->data, sent->len);
    char_rig_until(fix->rig, has_sent, fix);
    assert_idle(fix);
    g_autoptr(GByteArray) got = g_byte_array_new();
    g_assert_cmpuint(assert_output_with_gaps(fix, peer, sent, got), >=, WINDOW);
    leave(peer);
}

static void test_drop_new_keeps_the_oldest(Fixture *fix, gconstpointer data)
{
    static const uint8_t AGAIN[] =
        "again, after all that could not be shown, there is this to see....";
    teardown(fix, NULL);
    setup_with(fix, data, ",policy=drop-new");
    Peer peer = attach(fix);
    g_autoptr(GByteArray) sent = numbers((guint)fix->backend->unread + 300000);
    rig_line_send(fix->line, sent->data, sent->len);
    char_rig_until(fix->rig, has_sent, fix);
    assert_idle(fix);
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(fix->rig, peer.out, got, sent->len - (guint)fix->chardev->count.dropped);
    g_assert_cmpmem(got->data, MIN(got->len, WINDOW), sent->data, WINDOW);
    rig_line_send(fix->line, AGAIN, sizeof(AGAIN) - 1);
    g_byte_array_append(sent, AGAIN, sizeof(AGAIN) - 1);
    g_assert_cmpuint(assert_output_with_gaps(fix, peer, sent, got), >=, sizeof(AGAIN) - 1);
    leave(peer);
}

typedef void Test(Fixture *fix, gconstpointer data);

static const struct {
    const char *name;
    Test *test;
} TESTS[] = {
    {"no_reader_lets_the_guest_run", test_no_reader_lets_the_guest_run},
    {"reader_gets_every_byte", test_reader_gets_every_byte},
    {"stalled_reader_holds_the_transmitter_and_loses_nothing",
     test_stalled_reader_holds_the_transmitter_and_loses_nothing},
    {"stalled_reader_holds_no_other_port", test_stalled_reader_holds_no_other_port},
    {"killed_reader_frees_the_guest", test_killed_reader_frees_the_guest},
    {"late_reader_gets_the_earlier_output", test_late_reader_gets_the_earlier_output},
    {"late_reader_is_told_how_much_it_missed", test_late_reader_is_told_how_much_it_missed},
    {"reader_that_comes_back_is_shown_everything_again",
     test_reader_that_comes_back_is_shown_everything_again},
    {"reader_that_follows_at_once_is_a_newcomer", test_reader_that_follows_at_once_is_a_newcomer},
    {"what_a_killed_reader_left_is_not_shown_twice",
     test_what_a_killed_reader_left_is_not_shown_twice},
    {"last_words_of_a_reader_arrive", test_last_words_of_a_reader_arrive},
    {"input_waits_for_room_and_loses_nothing", test_input_waits_for_room_and_loses_nothing},
    {"thousand_visits_leak_nothing", test_thousand_visits_leak_nothing},
    {"carrier_follows_the_reader", test_carrier_follows_the_reader},
    {"drop_old_shows_the_newest", test_drop_old_shows_the_newest},
    {"drop_new_keeps_the_oldest", test_drop_new_keeps_the_oldest},
};

static const struct {
    const char *name;
    Test *test;
} UNREAD_TESTS[] = {
    {"shows_nothing_twice", test_unread_history_shows_nothing_twice},
    {"says_how_much_it_has_lost", test_unread_history_says_how_much_it_has_lost},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    for (size_t b = 0; b < G_N_ELEMENTS(BACKENDS); b++) {
        for (size_t t = 0; t < G_N_ELEMENTS(TESTS); t++) {
            g_autofree char *path = g_strdup_printf("/char/%s/%s", BACKENDS[b].name, TESTS[t].name);
            g_test_add(path, Fixture, &BACKENDS[b], setup, TESTS[t].test, teardown);
        }
        for (size_t t = 0; t < G_N_ELEMENTS(UNREAD_TESTS); t++) {
            g_autofree char *path =
                g_strdup_printf("/char/%s/unread/%s", BACKENDS[b].name, UNREAD_TESTS[t].name);
            g_test_add(path, Fixture, &BACKENDS[b], setup_unread, UNREAD_TESTS[t].test, teardown);
        }
    }
    return g_test_run();
}
