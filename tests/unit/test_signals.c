/*
 * The signals that end the program.
 */
#include "src/base/signals.h"

#include <signal.h>

typedef struct Fixture {
    Loop *loop;
    Signals *signals;
    int ended_by;
} Fixture;

static void ended(void *opaque, int number)
{
    Fixture *f = opaque;
    f->ended_by = number;
    loop_quit(f->loop);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    signal(SIGHUP, SIG_IGN);
    f->loop = loop_new(NULL);
    f->signals = signals_new(f->loop, ended, f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    signals_free(f->signals);
    loop_free(f->loop);
    signal(SIGHUP, SIG_DFL);
}

static void (*handler_of(int number))(int)
{
    struct sigaction action;
    g_assert_cmpint(sigaction(number, NULL, &action), ==, 0);
    return action.sa_handler;
}

static void test_first(Fixture *f, gconstpointer data)
{
    (void)data;
    raise(SIGTERM);
    loop_run(f->loop);
    g_assert_cmpint(f->ended_by, ==, SIGTERM);
    g_assert_cmpint(signals_received(f->signals), ==, SIGTERM);
}

static void test_second(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(handler_of(SIGINT) != SIG_DFL);
    raise(SIGTERM);
    loop_run(f->loop);
    g_assert_true(handler_of(SIGTERM) == SIG_DFL);
    g_assert_true(handler_of(SIGINT) == SIG_DFL);
}

static void test_ignored(Fixture *f, gconstpointer data)
{
    (void)f;
    (void)data;
    g_assert_true(handler_of(SIGHUP) == SIG_IGN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/signals/first_ends_the_run_in_order", Fixture, NULL, set_up, test_first,
               tear_down);
    g_test_add("/signals/second_does_not_wait", Fixture, NULL, set_up, test_second, tear_down);
    g_test_add("/signals/ignored_stays_ignored", Fixture, NULL, set_up, test_ignored, tear_down);
    return g_test_run();
}
