#include "src/board/clock.h"

#include <time.h>

struct Timer {
    Clock *clock;
    GMutex *lock;
    void (*fire)(void *opaque, uint64_t deadline);
    void *opaque;
    /* The clock's lock protects everything below. */
    uint64_t deadline;
    bool armed;
    Timer *next; /* the next in the clock's list, which has the earliest first */
};

typedef enum ClockKind { CLOCK_KIND_MONOTONIC, CLOCK_KIND_STEPPED, CLOCK_KIND_COUNTED } ClockKind;

struct Clock {
    GMutex serving; /* held by the one thread that fires timers; taken before the lock of any
                       timer */
    GMutex lock;
    ClockKind kind;
    bool paused;     /* monotonic clock only */
    uint64_t now;    /* the time of a clock that is stepped or paused */
    uint64_t offset; /* monotonic: host time minus machine time; counted: time slept */
    uint64_t (*count)(void *opaque);
    void *count_opaque;
    Timer *first;
    uint64_t woken_for; /* the machine deadline that `wakeup` was last told */
    void (*wakeup)(void *opaque, uint64_t host_deadline);
    void *opaque;
};

static uint64_t host_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_SECOND + (uint64_t)ts.tv_nsec;
}

static Clock *clock_new(ClockKind kind)
{
    Clock *clock = g_new0(Clock, 1);
    g_mutex_init(&clock->serving);
    g_mutex_init(&clock->lock);
    clock->kind = kind;
    clock->paused = kind == CLOCK_KIND_MONOTONIC;
    clock->woken_for = CLOCK_NEVER;
    return clock;
}

Clock *clock_new_monotonic(void)
{
    return clock_new(CLOCK_KIND_MONOTONIC);
}

Clock *clock_new_stepped(void)
{
    return clock_new(CLOCK_KIND_STEPPED);
}

Clock *clock_new_counted(uint64_t (*count)(void *opaque), void *opaque)
{
    Clock *clock = clock_new(CLOCK_KIND_COUNTED);
    clock->count = count;
    clock->count_opaque = opaque;
    return clock;
}

void clock_free(Clock *clock)
{
    g_assert(!clock->first);
    g_mutex_clear(&clock->serving);
    g_mutex_clear(&clock->lock);
    g_free(clock);
}

/* `paused` and `offset` change only while no vCPU runs, so they need no lock here. */
uint64_t clock_now(const Clock *clock)
{
    switch (clock->kind) {
    case CLOCK_KIND_STEPPED:
        return clock->now;
    case CLOCK_KIND_COUNTED:
        return clock->count(clock->count_opaque) + clock->offset;
    default:
        return clock->paused ? clock->now : host_now() - clock->offset;
    }
}

static uint64_t host_deadline(const Clock *clock, uint64_t deadline)
{
    if (clock->kind != CLOCK_KIND_MONOTONIC) {
        return deadline;
    }
    if (deadline == CLOCK_NEVER || clock->paused || deadline > CLOCK_NEVER - clock->offset) {
        return CLOCK_NEVER;
    }
    return deadline + clock->offset;
}

/*
 * A deadline that moves later causes no call: the early wake-up finds nothing due
 * and asks for the right time then.
 */
static void update_wakeup(Clock *clock, bool force)
{
    uint64_t deadline = clock->first ? clock->first->deadline : CLOCK_NEVER;
    if (clock->wakeup && !clock->paused && (force || deadline < clock->woken_for)) {
        clock->woken_for = deadline;
        clock->wakeup(clock->opaque, host_deadline(clock, deadline));
    }
}

void clock_pause(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    if (clock->kind == CLOCK_KIND_MONOTONIC && !clock->paused) {
        clock->now = host_now() - clock->offset;
        clock->paused = true;
    }
    g_mutex_unlock(&clock->lock);
}

void clock_resume(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    if (clock->paused) {
        clock->offset = host_now() - clock->now;
        clock->paused = false;
        update_wakeup(clock, true);
    }
    g_mutex_unlock(&clock->lock);
}

void clock_set_wakeup(Clock *clock, void (*wakeup)(void *opaque, uint64_t host_deadline),
                      void *opaque)
{
    g_mutex_lock(&clock->lock);
    clock->wakeup = wakeup;
    clock->opaque = opaque;
    update_wakeup(clock, true);
    g_mutex_unlock(&clock->lock);
}

uint64_t clock_next_deadline(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    uint64_t deadline = clock->first ? clock->first->deadline : CLOCK_NEVER;
    g_mutex_unlock(&clock->lock);
    return deadline;
}

static void unlink_timer(Timer *timer)
{
    Timer **link = &timer->clock->first;
    while (*link != timer) {
        link = &(*link)->next;
    }
    *link = timer->next;
    timer->armed = false;
}

/* Goes after the timers with the same deadline: equal deadlines fire in the order of arming. */
static void link_timer(Timer *timer)
{
    Timer **link = &timer->clock->first;
    while (*link && (*link)->deadline <= timer->deadline) {
        link = &(*link)->next;
    }
    timer->next = *link;
    *link = timer;
    timer->armed = true;
}

/* Takes the first timer off the list if it is due.  Checks once more under the owner's lock. */
static bool fire_first(Clock *clock, uint64_t now)
{
    g_mutex_lock(&clock->lock);
    Timer *timer = clock->first;
    bool due = timer && timer->deadline <= now;
    g_mutex_unlock(&clock->lock);
    if (!due) {
        return false;
    }
    if (timer->lock) {
        g_mutex_lock(timer->lock);
    }
    g_mutex_lock(&clock->lock);
    uint64_t deadline = timer->deadline;
    due = timer->armed && deadline <= now;
    if (due) {
        unlink_timer(timer);
    }
    g_mutex_unlock(&clock->lock);
    if (due) {
        timer->fire(timer->opaque, deadline);
    }
    if (timer->lock) {
        g_mutex_unlock(timer->lock);
    }
    return true;
}

/*
 * This reads `now` once.  A device that keeps arming deadlines in the past of a
 * moving clock can therefore not keep the caller here.
 */
static void fire_due(Clock *clock)
{
    g_mutex_lock(&clock->serving);
    uint64_t now = clock_now(clock);
    if (!clock->paused) {
        while (fire_first(clock, now)) {
        }
    }
    g_mutex_unlock(&clock->serving);
}

static void settle_wakeup(Clock *clock, bool force)
{
    g_mutex_lock(&clock->lock);
    update_wakeup(clock, force);
    g_mutex_unlock(&clock->lock);
}

void clock_run_due(Clock *clock)
{
    fire_due(clock);
    settle_wakeup(clock, true);
}

/* Stays below CLOCK_NEVER, which does not stand for a time. */
static uint64_t time_ahead(uint64_t now, uint64_t ns)
{
    return ns > CLOCK_NEVER - 1 - now ? CLOCK_NEVER - 1 : now + ns;
}

/*
 * Delays the wake-up by half of the sleep.  It then comes after a periodic deadline
 * but before the following one, so that it has to be moved just once for each.
 */
static void put_off_wakeup(Clock *clock, uint64_t deadline)
{
    uint64_t now = clock_now(clock);
    if (clock->wakeup && clock->woken_for <= deadline && deadline > now) {
        clock->woken_for = time_ahead(deadline, (deadline - now) / 2);
        clock->wakeup(clock->opaque, host_deadline(clock, clock->woken_for));
    }
}

uint64_t clock_stand_in(Clock *clock)
{
    g_mutex_lock(&clock->lock);
    uint64_t deadline = clock->first ? clock->first->deadline : CLOCK_NEVER;
    if (!clock->paused && deadline != CLOCK_NEVER) {
        put_off_wakeup(clock, deadline);
    }
    deadline = host_deadline(clock, deadline);
    g_mutex_unlock(&clock->lock);
    return deadline;
}

/* If a wake-up comes in the meantime, the clock_run_due() that follows it asks for the next one. */
void clock_stand_down(Clock *clock, bool due)
{
    if (due) {
        fire_due(clock);
    }
    settle_wakeup(clock, false);
}

void clock_skip(Clock *clock, uint64_t ns)
{
    g_assert(clock->kind != CLOCK_KIND_MONOTONIC);
    if (clock->kind == CLOCK_KIND_STEPPED) {
        clock->now = time_ahead(clock->now, ns);
    } else {
        clock->offset = time_ahead(clock->offset, ns);
    }
}

void clock_step(Clock *clock, uint64_t ns)
{
    g_assert(clock->kind == CLOCK_KIND_STEPPED);
    uint64_t target = time_ahead(clock->now, ns);
    for (;;) {
        uint64_t next = clock_next_deadline(clock);
        if (next > target) {
            break;
        }
        clock->now = MAX(clock->now, next);
        fire_first(clock, clock->now);
    }
    clock->now = target;
}

Timer *timer_new(Clock *clock, GMutex *lock, void (*fire)(void *opaque, uint64_t deadline),
                 void *opaque)
{
    Timer *timer = g_new0(Timer, 1);
    timer->clock = clock;
    timer->lock = lock;
    timer->fire = fire;
    timer->opaque = opaque;
    return timer;
}

void timer_free(Timer *timer)
{
    if (timer) {
        pio_timer_disarm(timer);
        g_free(timer);
    }
}

bool timer_take(Timer *timer, uint64_t *deadline)
{
    g_mutex_lock(&timer->clock->lock);
    bool armed = timer->armed;
    *deadline = timer->deadline;
    if (armed) {
        unlink_timer(timer);
    }
    g_mutex_unlock(&timer->clock->lock);
    return armed;
}

void pio_timer_arm(Timer *timer, uint64_t deadline)
{
    Clock *clock = timer->clock;
    g_mutex_lock(&clock->lock);
    if (timer->armed) {
        unlink_timer(timer);
    }
    timer->deadline = deadline;
    link_timer(timer);
    update_wakeup(clock, false);
    g_mutex_unlock(&clock->lock);
}

void pio_timer_disarm(Timer *timer)
{
    g_mutex_lock(&timer->clock->lock);
    if (timer->armed) {
        unlink_timer(timer);
    }
    g_mutex_unlock(&timer->clock->lock);
}

bool pio_timer_armed(const Timer *timer)
{
    g_mutex_lock(&timer->clock->lock);
    bool armed = timer->armed;
    g_mutex_unlock(&timer->clock->lock);
    return armed;
}
