/* The server of VNC, with clients that are sockets of the test. */
#include "src/display/vnc_internal.h"

#include "tests/unit/screen_rig.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO     "RFB 003.008\n\x01"
#define SHARED    HELLO "\x01"
#define EXCLUSIVE HELLO "\0"
/* The server's version, offer and result, and the beginning of the desktop with its name. */
#define GREETING_SIZE (12 + 2 + 4)
#define INIT_SIZE     (4 + 16 + 4 + 4)
#define HEAD_SIZE     (4 + 12)

typedef struct Fixture {
    ScreenRig rig;
    char *directory, *path;
    VncServer *server;
    GPtrArray *clients; /* GINT_TO_POINTER of the descriptors */
} Fixture;

static VncServer *try_server(Fixture *f, const char *keys, GError **error)
{
    const VncHost host = {f->rig.loop, f->rig.display, &f->rig.seat, "test"};
    g_autofree char *spec = g_strdup_printf("unix:%s%s", f->path, keys);
    return vnc_server_new(&host, spec, error);
}

static void set_up(Fixture *f, gconstpointer keys)
{
    screen_rig_set_up(&f->rig);
    f->directory = g_dir_make_tmp("pioemu-vnc-XXXXXX", NULL);
    f->path = g_build_filename(f->directory, "vnc", NULL);
    f->server = try_server(f, keys, NULL);
    f->clients = g_ptr_array_new();
    g_assert_nonnull(f->server);
}

static void tear_down(Fixture *f, gconstpointer keys)
{
    (void)keys;
    for (guint i = 0; i < f->clients->len; i++) {
        close(GPOINTER_TO_INT(f->clients->pdata[i]));
    }
    g_ptr_array_unref(f->clients);
    vnc_server_free(f->server);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
    rmdir(f->directory);
    g_free(f->directory);
    g_free(f->path);
    screen_rig_tear_down(&f->rig);
}

/* ---- a client ---- */

static int connect_client(Fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_strlcpy(address.sun_path, f->path, sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_ptr_array_add(f->clients, GINT_TO_POINTER(fd));
    return fd;
}

static void send_bytes(int fd, const char *data, size_t size)
{
    g_assert_cmpint(send(fd, data, size, MSG_NOSIGNAL), ==, (ssize_t)size);
}

#define SEND(fd, text) send_bytes(fd, text, sizeof(text) - 1)

/* Returns how many bytes came before the server closed the connection; `size` if it did not. */
static size_t receive(Fixture *f, int fd, void *data, size_t size)
{
    size_t got = 0;
    while (got < size) {
        const ssize_t piece = recv(fd, (uint8_t *)data + got, size - got, MSG_DONTWAIT);
        if (piece > 0) {
            got += (size_t)piece;
        } else if (piece == 0 || errno != EAGAIN) {
            return got;
        } else {
            loop_step(f->rig.loop, false);
        }
    }
    return got;
}

static void skip(Fixture *f, int fd, size_t size)
{
    g_autofree uint8_t *data = g_malloc(size);
    g_assert_cmpuint(receive(f, fd, data, size), ==, size);
}

static bool is_closed(Fixture *f, int fd)
{
    uint8_t data[4096];
    while (receive(f, fd, data, sizeof(data)) == sizeof(data)) {
    }
    return true; /* otherwise it never returns */
}

static int open_client(Fixture *f, const char *hello)
{
    const int fd = connect_client(f);
    send_bytes(fd, hello, sizeof(SHARED) - 1);
    skip(f, fd, GREETING_SIZE + INIT_SIZE);
    return fd;
}

#define REQUEST_ALL     "\x03\0\0\0\0\0\x01\x40\0\xc0"
#define REQUEST_CHANGES "\x03\x01\0\0\0\0\x01\x40\0\xc0"

/* Takes an update of one rectangle, checks its pixels, and returns its first row. */
static unsigned take_update(Fixture *f, int fd)
{
    uint8_t head[HEAD_SIZE];
    g_assert_cmpuint(receive(f, fd, head, sizeof(head)), ==, sizeof(head));
    g_assert_cmpuint(rfb_get16(head + 2), ==, 1);
    const unsigned first = rfb_get16(head + 6), count = rfb_get16(head + 10);
    const size_t size = sizeof(uint32_t) * SHEET_WIDTH * count;
    g_autofree uint8_t *pixels = g_malloc(size);
    g_assert_cmpuint(receive(f, fd, pixels, size), ==, size);
    g_assert_true(!memcmp(pixels, f->rig.sheet->pixels + first * SHEET_WIDTH, size));
    return first;
}

static void draw_row(Fixture *f, unsigned row, uint32_t colour)
{
    for (unsigned x = 0; x < SHEET_WIDTH; x++) {
        f->rig.sheet->pixels[row * SHEET_WIDTH + x] = colour;
    }
}

static guint client_count(const Fixture *f)
{
    g_autoptr(VncReport) report = vnc_server_report(f->server);
    return report->clients->len;
}

/* ---- tests ---- */

static void a_client_sees_the_screen_and_its_changes(Fixture *f, gconstpointer keys)
{
    (void)keys;
    draw_row(f, 7, 0x123456);
    const int fd = open_client(f, SHARED);
    SEND(fd, REQUEST_ALL);
    g_assert_cmpuint(take_update(f, fd), ==, 0);
    SEND(fd, REQUEST_CHANGES);
    draw_row(f, 9, 0xabcdef);
    g_assert_cmpuint(take_update(f, fd), ==, 9);
}

static void keys_are_released_when_a_client_vanishes(Fixture *f, gconstpointer keys)
{
    (void)keys;
    const int fd = open_client(f, SHARED);
    SEND(fd, "\x04\x01\0\0\0\0\0\x61"
             "\x05\x01\0\x05\0\x05");
    while (!strchr(f->rig.typed->str, ',')) {
        loop_step(f->rig.loop, true);
    }
    shutdown(fd, SHUT_RDWR);
    while (client_count(f)) {
        loop_step(f->rig.loop, true);
    }
    g_assert_cmpstr(f->rig.typed->str, ==, "+1e 0,0,1 -1e 0,0,0 ");
}

/*
 * The client that does not read fills its socket.  The other one sees each
 * change, and the first sees the last picture when it reads again.
 */
static void a_client_that_stalls_holds_up_nothing(Fixture *f, gconstpointer keys)
{
    (void)keys;
    const int stalled = open_client(f, SHARED), other = open_client(f, SHARED);
    SEND(other, REQUEST_ALL);
    take_update(f, other);
    for (uint32_t i = 0; i < 64; i++) {
        SEND(stalled, REQUEST_ALL);
        SEND(other, REQUEST_CHANGES);
        draw_row(f, 3, i + 1);
        display_refresh(f->rig.display);
        g_assert_cmpuint(take_update(f, other), ==, 3);
    }
    const VncClient *client = f->server->clients->pdata[0];
    const size_t update = HEAD_SIZE + sizeof(f->rig.sheet->pixels);
    g_assert_cmpuint(link_waiting(client->link), >, 0);
    g_assert_cmpuint(link_waiting(client->link), <=, update);
    uint32_t row[SHEET_WIDTH] = {0};
    while (*row != 64) {
        skip(f, stalled, HEAD_SIZE + 3 * sizeof(row));
        g_assert_cmpuint(receive(f, stalled, row, sizeof(row)), ==, sizeof(row));
        skip(f, stalled, update - HEAD_SIZE - 4 * sizeof(row));
        SEND(stalled, REQUEST_ALL);
    }
}

static void a_client_that_wants_to_be_alone_is(Fixture *f, gconstpointer keys)
{
    (void)keys;
    const int first = open_client(f, SHARED), second = open_client(f, SHARED);
    const int alone = open_client(f, EXCLUSIVE);
    g_assert_true(is_closed(f, first) && is_closed(f, second));
    const int late = connect_client(f);
    SEND(late, SHARED);
    g_assert_true(is_closed(f, late));
    SEND(alone, REQUEST_ALL);
    take_update(f, alone);
    g_assert_cmpuint(client_count(f), ==, 1);
}

static void a_shared_screen_has_no_client_alone(Fixture *f, gconstpointer keys)
{
    (void)keys;
    open_client(f, SHARED);
    const int alone = connect_client(f);
    SEND(alone, EXCLUSIVE);
    g_assert_true(is_closed(f, alone));
    open_client(f, SHARED);
    g_assert_cmpuint(client_count(f), ==, 2);
}

static void wishes_can_be_ignored(Fixture *f, gconstpointer keys)
{
    (void)keys;
    open_client(f, EXCLUSIVE);
    open_client(f, EXCLUSIVE);
    open_client(f, SHARED);
    g_assert_cmpuint(client_count(f), ==, 3);
}

/* Clients that say nothing make room for those that do. */
static void silent_clients_keep_no_one_out(Fixture *f, gconstpointer keys)
{
    (void)keys;
    const int open = open_client(f, SHARED), oldest = connect_client(f);
    for (unsigned i = 0; i < VNC_CLIENTS_MAX; i++) {
        skip(f, connect_client(f), 12);
    }
    g_assert_cmpuint(f->server->clients->len, ==, VNC_CLIENTS_MAX);
    g_assert_true(is_closed(f, oldest));
    open_client(f, SHARED);
    SEND(open, REQUEST_ALL);
    take_update(f, open);
}

static void the_screen_is_read_only_for_clients(Fixture *f, gconstpointer keys)
{
    (void)keys;
    skip(f, connect_client(f), 12);
    g_assert_false(f->server->viewing);
    const int fd = open_client(f, SHARED);
    g_assert_true(f->server->viewing);
    shutdown(fd, SHUT_RDWR);
    while (f->server->viewing) {
        loop_step(f->rig.loop, true);
    }
}

static void wrong_arguments_are_refused(Fixture *f, gconstpointer keys)
{
    static const char *const WRONG[][2] = {
        {"x", "-vnc x: write HOST:N for port 5900 + N, unix:PATH or none"},
        {"unix:", "-vnc unix:: a path follows unix:"},
        {":60000", "-vnc :60000: the number of the display 60000: too large (at most 59635)"},
        {":1,share=x", "-vnc :1,share=x: there is no share=x (allow-exclusive, force-shared or "
                       "ignore)"},
        {":5,to=4", "-vnc :5,to=4: to= is less than the display"},
        {":1,password=x", "-vnc :1,password=x: password x: neither on nor off"},
    };
    (void)keys;
    const VncHost host = {f->rig.loop, f->rig.display, &f->rig.seat, "test"};
    for (size_t i = 0; i < G_N_ELEMENTS(WRONG); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(vnc_server_new(&host, WRONG[i][0], &error));
        g_assert_cmpstr(error->message, ==, WRONG[i][1]);
    }
}

static void the_next_free_display_is_taken(Fixture *f, gconstpointer keys)
{
    (void)keys;
    const VncHost host = {f->rig.loop, f->rig.display, &f->rig.seat, "test"};
    VncServer *first = vnc_server_new(&host, "127.0.0.1:900,to=990", NULL);
    g_assert_nonnull(first);
    g_autoptr(VncReport) one = vnc_server_report(first);
    const VncAddress *address = &g_array_index(one->listens, VncAddress, 0);
    const unsigned port = (unsigned)g_ascii_strtoull(address->service, NULL, 10);
    g_autofree char *spec = g_strdup_printf("127.0.0.1:%u,to=999", port - VNC_PORT_BASE);
    VncServer *second = vnc_server_new(&host, spec, NULL);
    g_assert_nonnull(second);
    g_autoptr(VncReport) two = vnc_server_report(second);
    g_assert_cmpstr(g_array_index(two->listens, VncAddress, 0).service, !=, address->service);
    g_assert_cmpstr(address->host, ==, "127.0.0.1");
    g_assert_cmpstr(address->family, ==, "ipv4");
    vnc_server_free(first);
    vnc_server_free(second);
}

#ifdef HAVE_NETTLE

extern const VncCipher PIOEMU_DES;

/* The answers are those of OpenSSL's des-ecb. */
static void a_password_is_checked_with_des(void)
{
    static const uint8_t CHALLENGE[] = "0123456789abcdef";
    static const uint8_t ANSWER[] = {0x75, 0x24, 0x40, 0xee, 0x2b, 0xfc, 0xc2, 0xa0,
                                     0xd9, 0x01, 0x3f, 0xd2, 0x03, 0x71, 0xe2, 0x3b};
    uint8_t wrong[sizeof(ANSWER)];
    VncPassword password = {.cipher = &PIOEMU_DES, .expires = INT64_MAX};
    g_assert_false(vnc_password_verify(&password, CHALLENGE, ANSWER));
    password.text = g_strdup("secret");
    g_assert_true(vnc_password_verify(&password, CHALLENGE, ANSWER));
    memcpy(wrong, ANSWER, sizeof(wrong));
    wrong[sizeof(wrong) - 1] ^= 1;
    g_assert_false(vnc_password_verify(&password, CHALLENGE, wrong));
    password.expires = 1;
    g_assert_false(vnc_password_verify(&password, CHALLENGE, ANSWER));
    vnc_password_clear(&password);
}

/* Everyone knows the answer for an empty password. */
static void an_empty_password_lets_no_one_in(void)
{
    static const uint8_t NONE[VNC_KEY_SIZE], CHALLENGE[] = "0123456789abcdef";
    uint8_t answer[RFB_CHALLENGE_SIZE];
    VncPassword password = {.cipher = &PIOEMU_DES, .expires = INT64_MAX};
    PIOEMU_DES.encrypt(NONE, CHALLENGE, answer, sizeof(answer));
    g_assert_false(vnc_password_verify(&password, CHALLENGE, answer));
    password.text = g_strdup("");
    g_assert_false(vnc_password_verify(&password, CHALLENGE, answer));
    vnc_password_clear(&password);
}

#endif

#define ADD(name, keys) g_test_add("/vnc/" #name, Fixture, keys, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_client_sees_the_screen_and_its_changes, "");
    ADD(keys_are_released_when_a_client_vanishes, "");
    ADD(a_client_that_stalls_holds_up_nothing, "");
    ADD(a_client_that_wants_to_be_alone_is, "");
    ADD(a_shared_screen_has_no_client_alone, ",share=force-shared");
    ADD(wishes_can_be_ignored, ",share=ignore");
    ADD(silent_clients_keep_no_one_out, "");
    ADD(the_screen_is_read_only_for_clients, "");
    ADD(wrong_arguments_are_refused, "");
    ADD(the_next_free_display_is_taken, "");
#ifdef HAVE_NETTLE
    g_test_add_func("/vnc/a_password_is_checked_with_des", a_password_is_checked_with_des);
    g_test_add_func("/vnc/an_empty_password_lets_no_one_in", an_empty_password_lets_no_one_in);
#endif
    return g_test_run();
}
