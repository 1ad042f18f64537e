/*
 * Machine time: the stepped and the monotonic clock, and the deadlines on them.
 */
#include "src/board/clock.h"

#include <string.h>

#define MS (NS_PER_SECOND / 1000)

/* A timer that records when it fired, and may arm itself again. */
typedef struct Alarm {
    const char *name;
    Clock *clock;
    Timer *timer;
    GString *log;
    uint64_t period;
    GMutex *lock; /* must be held while it fires */
} Alarm;

static void fire(void *opaque, uint64_t deadline)
{
    Alarm *alarm = opaque;
    g_string_append_printf(alarm->log, "%s@%" G_GINT64_MODIFIER "u/%" G_GINT64_MODIFIER "u ",
                           alarm->name, deadline, clock_now(alarm->clock));
    if (alarm->lock) {
        g_assert_false(g_mutex_trylock(alarm->lock));
    }
    g_assert_false(pio_timer_armed(alarm->timer));
    if (alarm->period) {
        pio_timer_arm(alarm->timer, deadline + alarm->period);
    }
}

static void alarm_init(Alarm *alarm, const char *name, Clock *clock, GString *log, GMutex *lock)
{
    *alarm = (Alarm){.name = name, .clock = clock, .log = log, .lock = lock};
    alarm->timer = timer_new(clock, lock, fire, alarm);
}

static void assert_log(GString *log, const char *text)
{
    g_assert_cmpstr(log->str, ==, text);
    g_string_truncate(log, 0);
}

static void test_stepped_clock_moves_only_when_stepped(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_assert_cmpuint(clock_now(clock), ==, 0);
    clock_step(clock, 7);
    clock_resume(clock);
    clock_step(clock, 0);
    clock_pause(clock);
    g_assert_cmpuint(clock_now(clock), ==, 7);
}

static void test_timers_fire_at_their_own_deadline_in_order(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a, b, c;
    alarm_init(&a, "a", clock, log, NULL);
    alarm_init(&b, "b", clock, log, NULL);
    alarm_init(&c, "c", clock, log, NULL);
    pio_timer_arm(b.timer, 20);
    pio_timer_arm(c.timer, 30);
    pio_timer_arm(a.timer, 10);
    g_assert_cmpuint(clock_next_deadline(clock), ==, 10);
    clock_step(clock, 9);
    assert_log(log, "");
    clock_step(clock, 1);
    assert_log(log, "a@10/10 ");
    clock_step(clock, 100);
    assert_log(log, "b@20/20 c@30/30 ");
    g_assert_cmpuint(clock_next_deadline(clock), ==, CLOCK_NEVER);
    g_assert_cmpuint(clock_now(clock), ==, 110);
    timer_free(a.timer);
    timer_free(b.timer);
    timer_free(c.timer);
}

static void test_equal_deadlines_fire_in_the_order_of_arming(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a, b, c;
    alarm_init(&a, "a", clock, log, NULL);
    alarm_init(&b, "b", clock, log, NULL);
    alarm_init(&c, "c", clock, log, NULL);
    pio_timer_arm(b.timer, 5);
    pio_timer_arm(c.timer, 5);
    pio_timer_arm(a.timer, 5);
    pio_timer_arm(b.timer, 5);
    clock_step(clock, 5);
    assert_log(log, "c@5/5 a@5/5 b@5/5 ");
    timer_free(a.timer);
    timer_free(b.timer);
    timer_free(c.timer);
}

static void test_arming_again_moves_the_deadline(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a;
    alarm_init(&a, "a", clock, log, NULL);
    g_assert_false(pio_timer_armed(a.timer));
    pio_timer_arm(a.timer, 10);
    g_assert_true(pio_timer_armed(a.timer));
    pio_timer_arm(a.timer, 30);
    clock_step(clock, 20);
    assert_log(log, "");
    pio_timer_arm(a.timer, 25);
    clock_step(clock, 20);
    assert_log(log, "a@25/25 ");
    timer_free(a.timer);
}

static void test_disarmed_timer_does_not_fire(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a;
    alarm_init(&a, "a", clock, log, NULL);
    pio_timer_arm(a.timer, 10);
    pio_timer_disarm(a.timer);
    pio_timer_disarm(a.timer);
    g_assert_false(pio_timer_armed(a.timer));
    g_assert_cmpuint(clock_next_deadline(clock), ==, CLOCK_NEVER);
    clock_step(clock, 100);
    assert_log(log, "");
    pio_timer_arm(a.timer, 200);
    timer_free(a.timer);
    g_assert_cmpuint(clock_next_deadline(clock), ==, CLOCK_NEVER);
    timer_free(NULL);
}

static void test_deadline_in_the_past_fires_at_the_next_step(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a;
    alarm_init(&a, "a", clock, log, NULL);
    clock_step(clock, 50);
    pio_timer_arm(a.timer, 10);
    clock_run_due(clock);
    assert_log(log, "a@10/50 ");
    pio_timer_arm(a.timer, 20);
    clock_step(clock, 0);
    assert_log(log, "a@20/50 ");
    timer_free(a.timer);
}

static void test_periodic_timer_does_not_drift(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_autoptr(GString) log = g_string_new(NULL);
    GMutex lock;
    g_mutex_init(&lock);
    Alarm a;
    alarm_init(&a, "a", clock, log, &lock);
    a.period = 10;
    pio_timer_arm(a.timer, 10);
    clock_step(clock, 35);
    assert_log(log, "a@10/10 a@20/20 a@30/30 ");
    clock_step(clock, 5);
    assert_log(log, "a@40/40 ");
    g_assert_true(g_mutex_trylock(&lock));
    g_mutex_unlock(&lock);
    g_mutex_clear(&lock);
    timer_free(a.timer);
}

static void test_step_stops_before_never(void)
{
    g_autoptr(Clock) clock = clock_new_stepped();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a;
    alarm_init(&a, "a", clock, log, NULL);
    pio_timer_arm(a.timer, CLOCK_NEVER);
    clock_step(clock, 5);
    clock_step(clock, UINT64_MAX);
    g_assert_cmpuint(clock_now(clock), ==, CLOCK_NEVER - 1);
    assert_log(log, "");
    timer_free(a.timer);
}

static void test_monotonic_clock_stands_still_while_paused(void)
{
    g_autoptr(Clock) clock = clock_new_monotonic();
    g_assert_cmpuint(clock_now(clock), ==, 0);
    clock_resume(clock);
    uint64_t first = clock_now(clock);
    while (clock_now(clock) == first) {
    }
    clock_pause(clock);
    uint64_t paused = clock_now(clock);
    g_assert_cmpuint(paused, >, first);
    gint64 until = g_get_monotonic_time() + 2000;
    while (g_get_monotonic_time() < until) {
    }
    g_assert_cmpuint(clock_now(clock), ==, paused);
    clock_resume(clock);
    g_assert_cmpuint(clock_now(clock), >=, paused);
    g_assert_cmpuint(clock_now(clock) - paused, <, 3600 * NS_PER_SECOND);
}

static void test_no_deadline_is_served_while_paused(void)
{
    g_autoptr(Clock) clock = clock_new_monotonic();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a;
    alarm_init(&a, "a", clock, log, NULL);
    pio_timer_arm(a.timer, 0);
    clock_run_due(clock);
    assert_log(log, "");
    clock_resume(clock);
    clock_run_due(clock);
    g_assert_true(g_str_has_prefix(log->str, "a@0/"));
    timer_free(a.timer);
}

/* A device that is always late must not keep the loop in one call for ever. */
static void test_one_run_serves_the_timers_that_were_due_at_its_start(void)
{
    g_autoptr(Clock) clock = clock_new_monotonic();
    g_autoptr(GString) log = g_string_new(NULL);
    Alarm a;
    alarm_init(&a, "a", clock, log, NULL);
    clock_resume(clock);
    a.period = NS_PER_SECOND * 3600;
    pio_timer_arm(a.timer, 0);
    clock_run_due(clock);
    clock_run_due(clock);
    g_assert_cmpuint(strlen(log->str), >, 0);
    g_assert_null(strchr(strchr(log->str, 'a') + 1, 'a'));
    g_assert_cmpuint(clock_next_deadline(clock), ==, a.period);
    timer_free(a.timer);
}

/* ---- the wake-up of the server of the clock ---- */

typedef struct Waker {
    unsigned calls;
    uint64_t deadline;
} Waker;

static void wakeup(void *opaque, uint64_t host_deadline)
{
    Waker *waker = opaque;
    waker->calls++;
    waker->deadline = host_deadline;
}

static void test_wakeup_comes_when_the_earliest_deadline_moves_nearer(void)
{
    g_autoptr(Clock) clock = clock_new_monotonic();
    g_autoptr(GString) log = g_string_new(NULL);
    Waker waker = {0};
    Alarm a, b;
    alarm_init(&a, "a", clock, log, NULL);
    alarm_init(&b, "b", clock, log, NULL);
    clock_set_wakeup(clock, wakeup, &waker);
    pio_timer_arm(a.timer, 50 * MS);
    g_assert_cmpuint(waker.calls, ==, 0);
    clock_resume(clock);
    g_assert_cmpuint(waker.calls, ==, 1);
    uint64_t at_50 = waker.deadline;
    pio_timer_arm(b.timer, 60 * MS);
    g_assert_cmpuint(waker.calls, ==, 1);
    pio_timer_arm(b.timer, 20 * MS);
    g_assert_cmpuint(waker.calls, ==, 2);
    g_assert_cmpuint(at_50 - waker.deadline, ==, 30 * MS);
    pio_timer_disarm(b.timer);
    g_assert_cmpuint(waker.calls, ==, 2);
    pio_timer_disarm(a.timer);
    clock_run_due(clock);
    g_assert_cmpuint(waker.deadline, ==, CLOCK_NEVER);
    clock_set_wakeup(clock, NULL, NULL);
    timer_free(a.timer);
    timer_free(b.timer);
}

static void test_deadline_beyond_host_time_never_wakes(void)
{
    g_autoptr(Clock) clock = clock_new_monotonic();
    g_autoptr(GString) log = g_string_new(NULL);
    Waker waker = {0};
    Alarm a;
    alarm_init(&a, "a", clock, log, NULL);
    clock_resume(clock);
    clock_set_wakeup(clock, wakeup, &waker);
    pio_timer_arm(a.timer, CLOCK_NEVER - 1);
    g_assert_cmpuint(waker.deadline, ==, CLOCK_NEVER);
    clock_set_wakeup(clock, NULL, NULL);
    timer_free(a.timer);
}

/* ---- a thread that sleeps and serves the clock itself ---- */

typedef struct StandIn {
    Clock *clock;
    GString *log;
    Waker waker;
    Alarm alarm; /* at 100, and every 100 */
} StandIn;

static void stand_in_init(StandIn *s, Clock *clock)
{
    *s = (StandIn){.clock = clock, .log = g_string_new(NULL)};
    alarm_init(&s->alarm, "a", clock, s->log, NULL);
    s->alarm.period = 100;
    pio_timer_arm(s->alarm.timer, 100);
    clock_set_wakeup(clock, wakeup, &s->waker);
}

static void stand_in_clear(StandIn *s)
{
    clock_set_wakeup(s->clock, NULL, NULL);
    timer_free(s->alarm.timer);
    clock_free(s->clock);
    g_string_free(s->log, true);
}

static void assert_woken(const StandIn *s, unsigned calls, uint64_t deadline)
{
    g_assert_cmpuint(s->waker.calls, ==, calls);
    g_assert_cmpuint(s->waker.deadline, ==, deadline);
}

static void test_wakeup_is_put_off_for_a_thread_that_stands_in(void)
{
    StandIn s;
    stand_in_init(&s, clock_new_stepped());
    assert_woken(&s, 1, 100);
    clock_skip(s.clock, 20);
    g_assert_cmpuint(clock_stand_in(s.clock), ==, 100);
    assert_woken(&s, 2, 140);
    g_assert_cmpuint(clock_stand_in(s.clock), ==, 100);
    assert_woken(&s, 2, 140);
    stand_in_clear(&s);
}

static void test_stand_in_that_is_woken_early_leaves_the_deadline_to_others(void)
{
    StandIn s;
    stand_in_init(&s, clock_new_stepped());
    clock_stand_in(s.clock);
    clock_skip(s.clock, 99);
    clock_stand_down(s.clock, false);
    assert_woken(&s, 3, 100);
    clock_skip(s.clock, 1);
    clock_stand_down(s.clock, false);
    assert_log(s.log, "");
    stand_in_clear(&s);
}

static void test_stand_in_serves_periods_with_one_wakeup_moved_for_each(void)
{
    StandIn s;
    stand_in_init(&s, clock_new_stepped());
    clock_stand_in(s.clock);
    assert_woken(&s, 2, 150);
    clock_skip(s.clock, 101);
    clock_stand_down(s.clock, true);
    assert_log(s.log, "a@100/101 ");
    assert_woken(&s, 2, 150);
    clock_skip(s.clock, 3);
    g_assert_cmpuint(clock_stand_in(s.clock), ==, 200);
    assert_woken(&s, 3, 248);
    clock_skip(s.clock, 99);
    clock_stand_down(s.clock, true);
    assert_log(s.log, "a@200/203 ");
    assert_woken(&s, 3, 248);
    stand_in_clear(&s);
}

static void test_nearer_deadline_wakes_the_thread_that_stands_in(void)
{
    StandIn s;
    Alarm b;
    stand_in_init(&s, clock_new_stepped());
    alarm_init(&b, "b", s.clock, s.log, NULL);
    clock_stand_in(s.clock);
    pio_timer_arm(b.timer, 60);
    assert_woken(&s, 3, 60);
    timer_free(b.timer);
    stand_in_clear(&s);
}

static void test_no_thread_stands_in_for_a_deadline_that_is_due(void)
{
    StandIn s;
    stand_in_init(&s, clock_new_stepped());
    clock_skip(s.clock, 100);
    g_assert_cmpuint(clock_stand_in(s.clock), ==, 100);
    assert_woken(&s, 1, 100);
    stand_in_clear(&s);
}

static void test_no_thread_stands_in_while_paused(void)
{
    StandIn s;
    stand_in_init(&s, clock_new_monotonic());
    pio_timer_arm(s.alarm.timer, 0);
    g_assert_cmpuint(clock_stand_in(s.clock), ==, CLOCK_NEVER);
    clock_stand_down(s.clock, true);
    assert_woken(&s, 0, 0);
    assert_log(s.log, "");
    stand_in_clear(&s);
}

#define TEST(name) g_test_add_func("/clock/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(stepped_clock_moves_only_when_stepped);
    TEST(timers_fire_at_their_own_deadline_in_order);
    TEST(equal_deadlines_fire_in_the_order_of_arming);
    TEST(arming_again_moves_the_deadline);
    TEST(disarmed_timer_does_not_fire);
    TEST(deadline_in_the_past_fires_at_the_next_step);
    TEST(periodic_timer_does_not_drift);
    TEST(step_stops_before_never);
    TEST(monotonic_clock_stands_still_while_paused);
    TEST(no_deadline_is_served_while_paused);
    TEST(one_run_serves_the_timers_that_were_due_at_its_start);
    TEST(wakeup_comes_when_the_earliest_deadline_moves_nearer);
    TEST(deadline_beyond_host_time_never_wakes);
    TEST(wakeup_is_put_off_for_a_thread_that_stands_in);
    TEST(stand_in_that_is_woken_early_leaves_the_deadline_to_others);
    TEST(stand_in_serves_periods_with_one_wakeup_moved_for_each);
    TEST(nearer_deadline_wakes_the_thread_that_stands_in);
    TEST(no_thread_stands_in_for_a_deadline_that_is_due);
    TEST(no_thread_stands_in_while_paused);
    return g_test_run();
}
