/*
 * The streams of the control protocols: what happens to socket files, and to a
 * listener that cannot accept.
 */
#include "devices/device.h"
#include "src/base/error.h"
#include "src/control/stream.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct Fixture {
    char *directory, *path;
    Loop *loop;
    unsigned opened, closed;
} Fixture;

static void opened(void *opaque)
{
    ((Fixture *)opaque)->opened++;
}

static void received(void *opaque, const char *data, size_t size)
{
    (void)opaque, (void)data, (void)size;
}

static void closed(void *opaque, bool final)
{
    (void) final;
    ((Fixture *)opaque)->closed++;
}

static void setup(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->directory = g_dir_make_tmp("pioemu-stream-XXXXXX", NULL);
    fix->path = g_build_filename(fix->directory, "socket", NULL);
    fix->loop = loop_new(NULL);
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    loop_free(fix->loop);
    g_unlink(fix->path);
    g_assert_cmpint(g_rmdir(fix->directory), ==, 0);
    g_free(fix->path);
    g_free(fix->directory);
}

static Stream *serve(Fixture *fix, GError **error)
{
    const StreamEvents events = {
        .opened = opened, .received = received, .closed = closed, .opaque = fix};
    const StreamAddress address = {.kind = STREAM_UNIX, .name = fix->path, .server = true};
    return stream_new(fix->loop, &address, &events, error);
}

static struct sockaddr_un name_of(const Fixture *fix)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    g_strlcpy(name.sun_path, fix->path, sizeof(name.sun_path));
    return name;
}

/* Makes the socket of another program, which listens if `backlog` is not 0. */
static int bind_other(const Fixture *fix, int backlog)
{
    struct sockaddr_un name = name_of(fix);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_true(!backlog || listen(fd, backlog) == 0);
    return fd;
}

static int connect_client(const Fixture *fix)
{
    struct sockaddr_un name = name_of(fix);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    return fd;
}

static bool exists(const Fixture *fix)
{
    return g_file_test(fix->path, G_FILE_TEST_EXISTS);
}

static void assert_refused(Fixture *fix, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(serve(fix, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, why);
    g_assert_true(exists(fix));
}

static void test_socket_file_goes_with_its_listener(Fixture *fix, gconstpointer data)
{
    (void)data;
    Stream *stream = serve(fix, NULL);
    g_assert_true(exists(fix));
    stream_free(stream);
    g_assert_false(exists(fix));
}

static void test_socket_file_of_a_dead_program_is_replaced(Fixture *fix, gconstpointer data)
{
    (void)data;
    close(bind_other(fix, 0));
    Stream *stream = serve(fix, NULL);
    g_assert_nonnull(stream);
    stream_free(stream);
}

static void test_what_somebody_uses_is_left_alone(Fixture *fix, gconstpointer data)
{
    (void)data;
    int other = bind_other(fix, 4);
    assert_refused(fix, g_strerror(EADDRINUSE));
    close(other);
    g_unlink(fix->path);
    g_assert_true(g_file_set_contents(fix->path, "text", -1, NULL));
    assert_refused(fix, "exists and is no socket");
}

/* Another program has replaced our socket file and listens there. */
static void test_socket_file_of_another_is_not_removed(Fixture *fix, gconstpointer data)
{
    (void)data;
    Stream *stream = serve(fix, NULL);
    g_unlink(fix->path);
    int other = bind_other(fix, 4);
    stream_free(stream);
    g_assert_true(exists(fix));
    close(other);
}

static void end(void *opaque)
{
    *(bool *)opaque = true;
}

/* A client that cannot be accepted keeps the listener ready, but the loop must not spin. */
static void test_listener_without_descriptors_rests(Fixture *fix, gconstpointer data)
{
    (void)data;
    struct rlimit all, few;
    Stream *stream = serve(fix, NULL);
    int client = connect_client(fix);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &all), ==, 0);
    few = (struct rlimit){.rlim_cur = (rlim_t)client + 1, .rlim_max = all.rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
    bool over = false;
    unsigned steps = 0;
    LoopTimer *timer = loop_timer_new(fix->loop, end, &over);
    loop_timer_start(timer, NS_PER_SECOND / 20);
    while (!over) {
        loop_step(fix->loop, true);
        steps++;
    }
    g_assert_cmpuint(steps, <, 10);
    loop_timer_free(timer);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &all), ==, 0);
    while (!fix->opened) {
        loop_step(fix->loop, true);
    }
    close(client);
    stream_free(stream);
}

#define ADD(name) g_test_add("/stream/" #name, Fixture, NULL, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(socket_file_goes_with_its_listener);
    ADD(socket_file_of_a_dead_program_is_replaced);
    ADD(what_somebody_uses_is_left_alone);
    ADD(socket_file_of_another_is_not_removed);
    ADD(listener_without_descriptors_rests);
    return g_test_run();
}
