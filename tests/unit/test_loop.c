/*
 * The event loop: posted work, descriptors, timers, signals, machine time.
 */
#include "src/base/error.h"
#include "src/board/loop_clock.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct Fixture {
    Loop *loop;
    GString *trace;
    LoopTask task, other;
    LoopFd *watch;
    int count, goal;
    atomic_int produced;
} Fixture;

static void setup(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->loop = loop_new(NULL);
    fix->trace = g_string_new(NULL);
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    loop_free(fix->loop);
    g_string_free(fix->trace, true);
}

static void trace_a(void *opaque)
{
    g_string_append_c(((Fixture *)opaque)->trace, 'a');
}

static void trace_b(void *opaque)
{
    g_string_append_c(((Fixture *)opaque)->trace, 'b');
}

static void trace_b_and_quit(void *opaque)
{
    Fixture *fix = opaque;
    trace_b(fix);
    loop_quit(fix->loop);
}

static void set_tasks(Fixture *fix)
{
    fix->task = (LoopTask){.run = trace_a, .opaque = fix};
    fix->other = (LoopTask){.run = trace_b, .opaque = fix};
}

static void test_posting_twice_runs_once(Fixture *fix, gconstpointer data)
{
    (void)data;
    set_tasks(fix);
    loop_post(fix->loop, &fix->task);
    loop_post(fix->loop, &fix->other);
    loop_post(fix->loop, &fix->task);
    loop_quit(fix->loop);
    loop_run(fix->loop);
    g_assert_cmpstr(fix->trace->str, ==, "ab");
}

static void test_cancelled_task_does_not_run(Fixture *fix, gconstpointer data)
{
    (void)data;
    set_tasks(fix);
    loop_post(fix->loop, &fix->task);
    loop_post(fix->loop, &fix->other);
    loop_cancel(fix->loop, &fix->other);
    loop_post(fix->loop, &fix->other);
    loop_cancel(fix->loop, &fix->task);
    loop_cancel(fix->loop, &fix->task);
    loop_quit(fix->loop);
    loop_run(fix->loop);
    g_assert_cmpstr(fix->trace->str, ==, "b");
}

static void test_quit_seen_by_a_step_ends_the_next_run(Fixture *fix, gconstpointer data)
{
    (void)data;
    loop_quit(fix->loop);
    loop_step(fix->loop, true);
    loop_run(fix->loop);
}

static void count_produced(void *opaque)
{
    Fixture *fix = opaque;
    fix->count = atomic_load(&fix->produced);
    if (fix->count == fix->goal) {
        loop_quit(fix->loop);
    }
}

static gpointer produce(gpointer opaque)
{
    Fixture *fix = opaque;
    for (int i = 0; i < fix->goal; i++) {
        atomic_fetch_add(&fix->produced, 1);
        loop_post(fix->loop, &fix->task);
    }
    return NULL;
}

static void test_no_post_from_a_thread_is_missed(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->goal = 20000;
    fix->task = (LoopTask){.run = count_produced, .opaque = fix};
    GThread *thread = g_thread_new("producer", produce, fix);
    loop_run(fix->loop);
    g_thread_join(thread);
    g_assert_cmpint(fix->count, ==, fix->goal);
}

static void post_again(void *opaque)
{
    Fixture *fix = opaque;
    loop_post(fix->loop, &fix->task);
}

static void quit_when_readable(void *opaque, unsigned events)
{
    Fixture *fix = opaque;
    g_assert_cmpuint(events, ==, LOOP_READ);
    loop_quit(fix->loop);
}

static void test_endless_posts_do_not_starve_descriptors(Fixture *fix, gconstpointer data)
{
    (void)data;
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    LoopFd *watch = loop_fd_new(fix->loop, ends[0], quit_when_readable, fix);
    loop_fd_watch(watch, LOOP_READ);
    fix->task = (LoopTask){.run = post_again, .opaque = fix};
    loop_post(fix->loop, &fix->task);
    g_assert_cmpint(write(ends[1], "x", 1), ==, 1);
    loop_run(fix->loop);
    loop_cancel(fix->loop, &fix->task);
    loop_fd_free(watch);
    close(ends[0]);
    close(ends[1]);
}

static void count_and_stop(void *opaque, unsigned events)
{
    Fixture *fix = opaque;
    g_assert_cmpuint(events, ==, LOOP_READ);
    if (++fix->count == fix->goal) {
        g_clear_pointer(&fix->watch, loop_fd_free);
        loop_quit(fix->loop);
    }
}

static void test_regular_file_is_always_ready(Fixture *fix, gconstpointer data)
{
    (void)data;
    FILE *file = tmpfile();
    fix->goal = 3;
    fix->watch = loop_fd_new(fix->loop, fileno(file), count_and_stop, fix);
    loop_fd_watch(fix->watch, LOOP_READ);
    loop_fd_watch(fix->watch, 0);
    loop_step(fix->loop, false);
    g_assert_cmpint(fix->count, ==, 0);
    loop_fd_watch(fix->watch, LOOP_READ);
    loop_run(fix->loop);
    g_assert_cmpint(fix->count, ==, 3);
    fclose(file);
}

static void test_timers_fire_in_order_of_their_times(Fixture *fix, gconstpointer data)
{
    (void)data;
    LoopTimer *late = loop_timer_new(fix->loop, trace_b_and_quit, fix);
    LoopTimer *early = loop_timer_new(fix->loop, trace_a, fix);
    LoopTimer *stopped = loop_timer_new(fix->loop, trace_a, fix);
    loop_timer_start(late, 4000000);
    loop_timer_start(early, 9000000);
    loop_timer_start(early, 1000000);
    loop_timer_start(stopped, 2000000);
    loop_timer_stop(stopped);
    loop_run(fix->loop);
    g_assert_cmpstr(fix->trace->str, ==, "ab");
    loop_timer_free(late);
    loop_timer_free(early);
    loop_timer_free(stopped);
}

static void test_signal_reaches_the_loop(Fixture *fix, gconstpointer data)
{
    (void)data;
    LoopSignal *source = loop_signal_new(fix->loop, SIGUSR1, trace_b_and_quit, fix);
    kill(getpid(), SIGUSR1);
    loop_run(fix->loop);
    g_assert_cmpstr(fix->trace->str, ==, "b");
    loop_signal_free(source);
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    g_assert_true(action.sa_handler == SIG_DFL);
}

static void deadline_reached(void *opaque, uint64_t deadline)
{
    Fixture *fix = opaque;
    fix->count = (int)deadline;
    loop_quit(fix->loop);
}

static void test_machine_deadline_wakes_the_loop(Fixture *fix, gconstpointer data)
{
    (void)data;
    Clock *clock = clock_new_monotonic();
    Timer *timer = timer_new(clock, NULL, deadline_reached, fix);
    LoopClock *source = loop_clock_new(fix->loop, clock, NULL);
    g_assert_nonnull(source);
    clock_resume(clock);
    pio_timer_arm(timer, 2000000);
    loop_run(fix->loop);
    g_assert_cmpint(fix->count, ==, 2000000);
    g_assert_cmpuint(clock_now(clock), >=, 2000000);
    loop_clock_free(source);
    timer_free(timer);
    clock_free(clock);
}

/* With any number of descriptors there is either a loop or an error. */
static void test_too_few_descriptors_are_an_error(Fixture *fix, gconstpointer data)
{
    (void)fix;
    (void)data;
    struct rlimit before, limit;
    unsigned made = 0, refused = 0;
    int first = dup(STDIN_FILENO);
    close(first);
    getrlimit(RLIMIT_NOFILE, &before);
    for (int spare = 0; spare < 16; spare++) {
        g_autoptr(GError) error = NULL;
        limit = (struct rlimit){.rlim_cur = (rlim_t)(first + spare), .rlim_max = before.rlim_max};
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
        Loop *loop = loop_new(&error);
        if (loop) {
            made++;
            loop_free(loop);
        } else {
            g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST);
            g_assert_nonnull(strstr(error->message, "Too many open files"));
            refused++;
        }
    }
    setrlimit(RLIMIT_NOFILE, &before);
    g_assert_cmpuint(refused, >, 3);
    g_assert_cmpuint(made, >, 3);
}

#define ADD(name) g_test_add("/loop/" #name, Fixture, NULL, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(posting_twice_runs_once);
    ADD(cancelled_task_does_not_run);
    ADD(quit_seen_by_a_step_ends_the_next_run);
    ADD(no_post_from_a_thread_is_missed);
    ADD(endless_posts_do_not_starve_descriptors);
    ADD(regular_file_is_always_ready);
    ADD(timers_fire_in_order_of_their_times);
    ADD(signal_reaches_the_loop);
    ADD(machine_deadline_wakes_the_loop);
    ADD(too_few_descriptors_are_an_error);
    return g_test_run();
}
