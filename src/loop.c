#include "src/loop.h"

#include "src/error.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct Loop {
    struct event_base *base;
    /* Posted work. */
    int post_fd;
    struct event *post_event;
    GMutex post_lock;
    LoopTask *first, **last;
    bool quit; /* under post_lock */
    /* Machine time. */
    Clock *clock;
    int deadline_fd;
    struct event *deadline_event;
};

struct LoopFd {
    struct event *read, *write;
    struct event *always; /* for descriptors that cannot be polled */
    void (*ready)(void *opaque, unsigned events);
    void *opaque;
    unsigned watched;
    bool not_pollable;
};

struct LoopTimer {
    struct event *event;
    void (*fire)(void *opaque);
    void *opaque;
};

struct LoopSignal {
    struct event *event;
    void (*fire)(void *opaque);
    void *opaque;
};

/* ---- posted work ---- */

static LoopTask *take_task(Loop *loop)
{
    g_mutex_lock(&loop->post_lock);
    LoopTask *task = loop->first;
    if (task) {
        loop->first = task->next;
        if (!loop->first) {
            loop->last = &loop->first;
        }
        task->queued = false;
    }
    g_mutex_unlock(&loop->post_lock);
    return task;
}

static void run_posted(evutil_socket_t fd, short events, void *opaque)
{
    (void)events;
    Loop *loop = opaque;
    uint64_t count;
    if (read(fd, &count, sizeof(count)) < 0) {
        return;
    }
    for (LoopTask *task = take_task(loop); task; task = take_task(loop)) {
        task->run(task->opaque);
    }
    g_mutex_lock(&loop->post_lock);
    bool quit = loop->quit;
    g_mutex_unlock(&loop->post_lock);
    if (quit) {
        event_base_loopbreak(loop->base);
    }
}

/* The counter of an eventfd cannot overflow by ones in any run: the write never blocks. */
static void wake(Loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->post_fd, &one, sizeof(one));
    (void)written;
}

void loop_post(Loop *loop, LoopTask *task)
{
    g_mutex_lock(&loop->post_lock);
    bool queue = !task->queued;
    bool was_empty = !loop->first;
    if (queue) {
        task->queued = true;
        task->next = NULL;
        *loop->last = task;
        loop->last = &task->next;
    }
    g_mutex_unlock(&loop->post_lock);
    if (queue && was_empty) {
        wake(loop);
    }
}

void loop_cancel(Loop *loop, LoopTask *task)
{
    g_mutex_lock(&loop->post_lock);
    if (task->queued) {
        LoopTask **link = &loop->first;
        while (*link != task) {
            link = &(*link)->next;
        }
        *link = task->next;
        if (!task->next) {
            loop->last = link;
        }
        task->queued = false;
    }
    g_mutex_unlock(&loop->post_lock);
}

void loop_quit(Loop *loop)
{
    g_mutex_lock(&loop->post_lock);
    loop->quit = true;
    g_mutex_unlock(&loop->post_lock);
    wake(loop);
}

/* ---- machine deadlines ---- */

/* Any thread: a timerfd takes a new deadline with no help of the loop's thread. */
static void set_deadline(void *opaque, uint64_t host_deadline)
{
    Loop *loop = opaque;
    struct itimerspec when = {0};
    if (host_deadline != CLOCK_NEVER) {
        /* 0 would disarm it. */
        uint64_t at = MAX(host_deadline, 1);
        when.it_value.tv_sec = (time_t)(at / NS_PER_SECOND);
        when.it_value.tv_nsec = (long)(at % NS_PER_SECOND);
    }
    timerfd_settime(loop->deadline_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void serve_deadlines(evutil_socket_t fd, short events, void *opaque)
{
    (void)events;
    Loop *loop = opaque;
    uint64_t expirations;
    ssize_t got = read(fd, &expirations, sizeof(expirations));
    (void)got; /* EAGAIN: the deadline was moved meanwhile */
    if (loop->clock) {
        clock_run_due(loop->clock);
    }
}

void loop_attach_clock(Loop *loop, Clock *clock)
{
    if (loop->clock) {
        clock_set_wakeup(loop->clock, NULL, NULL);
        set_deadline(loop, CLOCK_NEVER);
    }
    loop->clock = clock;
    if (clock) {
        clock_set_wakeup(clock, set_deadline, loop);
    }
}

/* ---- the loop ---- */

static bool add_internal_events(Loop *loop)
{
    loop->post_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->post_fd < 0 || loop->deadline_fd < 0) {
        return false;
    }
    loop->post_event = event_new(loop->base, loop->post_fd, EV_READ | EV_PERSIST, run_posted, loop);
    loop->deadline_event =
        event_new(loop->base, loop->deadline_fd, EV_READ | EV_PERSIST, serve_deadlines, loop);
    return event_add(loop->post_event, NULL) == 0 && event_add(loop->deadline_event, NULL) == 0;
}

Loop *loop_new(GError **error)
{
    Loop *loop = g_new0(Loop, 1);
    loop->post_fd = loop->deadline_fd = -1;
    g_mutex_init(&loop->post_lock);
    loop->last = &loop->first;
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!loop->base || !add_internal_events(loop)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "cannot make an event loop: %s",
                    g_strerror(errno));
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(Loop *loop)
{
    g_clear_pointer(&loop->post_event, event_free);
    g_clear_pointer(&loop->deadline_event, event_free);
    if (loop->post_fd >= 0) {
        close(loop->post_fd);
    }
    if (loop->deadline_fd >= 0) {
        close(loop->deadline_fd);
    }
    g_clear_pointer(&loop->base, event_base_free);
    g_mutex_clear(&loop->post_lock);
    g_free(loop);
}

void loop_run(Loop *loop)
{
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    loop->quit = false;
}

void loop_step(Loop *loop, bool block)
{
    event_base_loop(loop->base, EVLOOP_ONCE | (block ? 0 : EVLOOP_NONBLOCK));
}

/* ---- file descriptors ---- */

static void fd_ready(LoopFd *watch, unsigned events)
{
    watch->ready(watch->opaque, events);
}

static void fd_readable(evutil_socket_t fd, short events, void *opaque)
{
    (void)fd;
    (void)events;
    fd_ready(opaque, LOOP_READ);
}

static void fd_writable(evutil_socket_t fd, short events, void *opaque)
{
    (void)fd;
    (void)events;
    fd_ready(opaque, LOOP_WRITE);
}

static const struct timeval AT_ONCE = {0, 0};

/* Armed again before the call, which may free the watch. */
static void fd_always(evutil_socket_t fd, short events, void *opaque)
{
    (void)fd;
    (void)events;
    LoopFd *watch = opaque;
    event_add(watch->always, &AT_ONCE);
    fd_ready(watch, watch->watched);
}

LoopFd *loop_fd_new(Loop *loop, int fd, void (*ready)(void *opaque, unsigned events), void *opaque)
{
    LoopFd *watch = g_new0(LoopFd, 1);
    watch->ready = ready;
    watch->opaque = opaque;
    watch->read = event_new(loop->base, fd, EV_READ | EV_PERSIST, fd_readable, watch);
    watch->write = event_new(loop->base, fd, EV_WRITE | EV_PERSIST, fd_writable, watch);
    watch->always = event_new(loop->base, -1, 0, fd_always, watch);
    return watch;
}

void loop_fd_free(LoopFd *watch)
{
    if (watch) {
        event_free(watch->read);
        event_free(watch->write);
        event_free(watch->always);
        g_free(watch);
    }
}

/* epoll refuses regular files; they never make a reader or writer wait. */
static void watch_one(LoopFd *watch, struct event *event, bool on)
{
    if (!on) {
        event_del(event);
    } else if (event_add(event, NULL) != 0) {
        watch->not_pollable = true;
    }
}

void loop_fd_watch(LoopFd *watch, unsigned events)
{
    unsigned changed = watch->watched ^ events;
    watch->watched = events;
    if (changed & LOOP_READ && !watch->not_pollable) {
        watch_one(watch, watch->read, events & LOOP_READ);
    }
    if (changed & LOOP_WRITE && !watch->not_pollable) {
        watch_one(watch, watch->write, events & LOOP_WRITE);
    }
    if (watch->not_pollable) {
        if (events) {
            event_add(watch->always, &AT_ONCE);
        } else {
            event_del(watch->always);
        }
    }
}

/* ---- host timers and signals ---- */

static void timer_fired(evutil_socket_t fd, short events, void *opaque)
{
    (void)fd;
    (void)events;
    LoopTimer *timer = opaque;
    timer->fire(timer->opaque);
}

LoopTimer *loop_timer_new(Loop *loop, void (*fire)(void *opaque), void *opaque)
{
    LoopTimer *timer = g_new0(LoopTimer, 1);
    timer->fire = fire;
    timer->opaque = opaque;
    timer->event = evtimer_new(loop->base, timer_fired, timer);
    return timer;
}

void loop_timer_free(LoopTimer *timer)
{
    if (timer) {
        event_free(timer->event);
        g_free(timer);
    }
}

void loop_timer_start(LoopTimer *timer, uint64_t ns)
{
    struct timeval tv = {
        .tv_sec = (time_t)(ns / NS_PER_SECOND),
        .tv_usec = (suseconds_t)(ns % NS_PER_SECOND / 1000),
    };
    event_add(timer->event, &tv);
}

void loop_timer_stop(LoopTimer *timer)
{
    event_del(timer->event);
}

static void signal_fired(evutil_socket_t fd, short events, void *opaque)
{
    (void)fd;
    (void)events;
    LoopSignal *source = opaque;
    source->fire(source->opaque);
}

LoopSignal *loop_signal_new(Loop *loop, int signal, void (*fire)(void *opaque), void *opaque)
{
    LoopSignal *source = g_new0(LoopSignal, 1);
    source->fire = fire;
    source->opaque = opaque;
    source->event = evsignal_new(loop->base, signal, signal_fired, source);
    event_add(source->event, NULL);
    return source;
}

void loop_signal_free(LoopSignal *source)
{
    if (source) {
        event_free(source->event);
        g_free(source);
    }
}
