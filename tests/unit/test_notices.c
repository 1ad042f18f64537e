/* Lines for standard output when there is no reader. */
#include "src/vm/notices.h"

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct Fixture {
    Loop *loop;
    int reader, writer;
    Notices *notices;
} Fixture;

/* A pipe as a shell makes it: a write to it blocks. */
static void set_up(Fixture *f, gconstpointer data)
{
    int ends[2];
    (void)data;
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(fcntl(ends[1], F_SETPIPE_SZ, 4096), ==, 4096);
    f->reader = ends[0];
    f->writer = ends[1];
    f->loop = loop_new(NULL);
    f->notices = notices_new(f->loop, f->writer);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    notices_free(f->notices);
    loop_free(f->loop);
    if (f->reader >= 0) {
        close(f->reader);
    }
    close(f->writer);
}

static void fill(const Fixture *f)
{
    char page[4096] = "";
    g_assert_cmpint(write(f->writer, page, sizeof(page)), ==, sizeof(page));
}

static void take(const Fixture *f, char *text, size_t size)
{
    ssize_t got = read(f->reader, text, size - 1);
    g_assert_cmpint(got, >, 0);
    text[got] = 0;
}

static void test_a_line_is_there_at_once(Fixture *f, gconstpointer data)
{
    (void)data;
    char text[64];
    notices_line(f->notices, "listening");
    take(f, text, sizeof(text));
    g_assert_cmpstr(text, ==, "listening\n");
}

/* The shell's descriptor still blocks. */
static void test_a_full_pipe_makes_the_line_wait(Fixture *f, gconstpointer data)
{
    (void)data;
    char text[8192];
    fill(f);
    notices_line(f->notices, "one");
    notices_line(f->notices, "two");
    take(f, text, sizeof(text));
    loop_step(f->loop, true);
    take(f, text, sizeof(text));
    g_assert_cmpstr(text, ==, "one\ntwo\n");
    g_assert_false(fcntl(f->writer, F_GETFL) & O_NONBLOCK);
}

static void test_the_end_does_not_wait_for_a_reader(Fixture *f, gconstpointer data)
{
    (void)data;
    fill(f);
    notices_line(f->notices, "lost");
}

static void test_a_reader_that_has_left_does_no_harm(Fixture *f, gconstpointer data)
{
    (void)data;
    close(f->reader);
    f->reader = -1;
    notices_line(f->notices, "lost");
    notices_line(f->notices, "lost");
}

#define TEST(name) g_test_add("/notices/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    g_test_init(&argc, &argv, NULL);
    TEST(a_line_is_there_at_once);
    TEST(a_full_pipe_makes_the_line_wait);
    TEST(the_end_does_not_wait_for_a_reader);
    TEST(a_reader_that_has_left_does_no_harm);
    return g_test_run();
}
