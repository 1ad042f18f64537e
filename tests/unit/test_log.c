/*
 * Lines for the user.
 */
#include "src/base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINES     20000u
#define PIPE_SIZE 65536

typedef struct Fixture {
    Loop *loop;
    int reader, writer;
    Log *log;
} Fixture;

/* The log writes to a pipe. */
static void set_up(Fixture *f, gconstpointer data)
{
    int ends[2];
    (void)data;
    g_assert_cmpint(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
    g_assert_cmpint(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), ==, PIPE_SIZE);
    f->reader = ends[0];
    f->writer = ends[1];
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", f->writer);
    f->loop = loop_new(NULL);
    f->log = log_new(f->loop, "-D", path, NULL);
    g_assert_nonnull(f->log);
    log_begin(f->log);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    log_free(f->log);
    loop_free(f->loop);
    close(f->reader);
    close(f->writer);
}

/* Appends what is in the pipe. */
static void take(const Fixture *f, GString *text)
{
    char buffer[4096];
    ssize_t got;
    while ((got = read(f->reader, buffer, sizeof(buffer))) > 0) {
        g_string_append_len(text, buffer, got);
    }
}

static unsigned count_lines(const char *text)
{
    unsigned count = 0;
    for (; (text = strchr(text, '\n')); text++) {
        count++;
    }
    return count;
}

static void test_order(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GString) text = g_string_new(NULL);
    log_line(f->log, "one %d", 1);
    log_line(f->log, "two\nlines\n");
    log_flush(f->log);
    take(f, text);
    g_assert_cmpstr(text->str, ==, "one 1\ntwo\nlines\n");
}

static void test_lost(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < LINES; i++) {
        log_line(f->log, "line %u", i);
    }
    log_flush(f->log);
    take(f, text);
    unsigned came = count_lines(text->str), lost = 0;
    g_assert_cmpuint(came, <, LINES);
    g_string_truncate(text, 0);
    log_line(f->log, "again");
    log_flush(f->log);
    take(f, text);
    g_assert_cmpint(sscanf(text->str, "[%u lines lost: they were not read]\n", &lost), ==, 1);
    g_assert_cmpuint(came + lost, ==, LINES);
    g_assert_true(g_str_has_suffix(text->str, "]\nagain\n"));
}

static void show(void *opaque, const char *line)
{
    g_string_append_printf(opaque, "%s;", line);
}

static void test_held(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GString) text = g_string_new(NULL), shown = g_string_new(NULL);
    log_line(f->log, "before");
    log_hold(f->log, show, shown);
    log_line(f->log, "first");
    log_flush(f->log);
    log_line(f->log, "second\n");
    take(f, text);
    g_assert_cmpstr(text->str, ==, "before\n");
    log_release(f->log);
    log_line(f->log, "after");
    log_flush(f->log);
    take(f, text);
    g_assert_cmpstr(shown->str, ==, "first;second\n;");
    g_assert_cmpstr(text->str, ==, "before\nfirst\nsecond\nafter\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/log/lines_come_in_order", Fixture, NULL, set_up, test_order, tear_down);
    g_test_add("/log/lines_without_a_reader_are_counted", Fixture, NULL, set_up, test_lost,
               tear_down);
    g_test_add("/log/lines_are_held_while_the_terminal_is_taken", Fixture, NULL, set_up, test_held,
               tear_down);
    return g_test_run();
}
