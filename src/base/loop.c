#include "src/base/loop.h"

#include "src/base/error.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* An epoll set, two sockets for signals, and a few to spare. */
#define BASE_DESCRIPTORS 5

struct Loop {
    struct event_base *base;
    /* Work that other threads posted. */
    int post_fd;
    struct event *post_event;
    GMutex post_lock;
    LoopTask *first, **last;
    unsigned queued;
    bool quit;    /* protected by post_lock, as the three fields above */
    int probe_fd; /* an epoll set that is only used to find out whether a descriptor can be
                     polled */
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
        loop->queued--;
    }
    g_mutex_unlock(&loop->post_lock);
    return task;
}

/*
 * The write never blocks: no run is long enough to overflow the counter of an
 * eventfd in steps of one.
 */
static void wake(Loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->post_fd, &one, sizeof(one));
    (void)written;
}

/*
 * Runs only the tasks that are queued now.  Threads that post continuously must not
 * keep the loop from its descriptors.
 */
static void run_posted(evutil_socket_t fd, short events, void *opaque)
{
    (void)events;
    Loop *loop = opaque;
    uint64_t wakes;
    if (read(fd, &wakes, sizeof(wakes)) < 0) {
        return;
    }
    g_mutex_lock(&loop->post_lock);
    unsigned count = loop->queued;
    bool quit = loop->quit;
    g_mutex_unlock(&loop->post_lock);
    LoopTask *task;
    while (count-- && (task = take_task(loop))) {
        task->run(task->opaque);
    }
    if (quit) {
        event_base_loopbreak(loop->base);
    }
    g_mutex_lock(&loop->post_lock);
    bool more = loop->first != NULL;
    g_mutex_unlock(&loop->post_lock);
    if (more) {
        wake(loop);
    }
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
        loop->queued++;
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
        loop->queued--;
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

bool loop_quit_asked(Loop *loop)
{
    g_mutex_lock(&loop->post_lock);
    bool quit = loop->quit;
    g_mutex_unlock(&loop->post_lock);
    return quit;
}

/* ---- the loop ---- */

/*
 * Tries this first, because libevent ends the process when it gets no descriptor.
 * On failure errno says why.
 */
static bool has_descriptors(void)
{
    int descriptors[BASE_DESCRIPTORS];
    unsigned count = 0;
    while (count < BASE_DESCRIPTORS && (descriptors[count] = eventfd(0, EFD_CLOEXEC)) >= 0) {
        count++;
    }
    bool enough = count == BASE_DESCRIPTORS;
    int failure = errno;
    while (count) {
        close(descriptors[--count]);
    }
    errno = failure;
    return enough;
}

static bool add_internal_events(Loop *loop)
{
    loop->post_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->probe_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->post_fd < 0 || loop->probe_fd < 0) {
        return false;
    }
    loop->post_event = event_new(loop->base, loop->post_fd, EV_READ | EV_PERSIST, run_posted, loop);
    return event_add(loop->post_event, NULL) == 0;
}

Loop *loop_new(GError **error)
{
    Loop *loop = g_new0(Loop, 1);
    loop->post_fd = loop->probe_fd = -1;
    g_mutex_init(&loop->post_lock);
    loop->last = &loop->first;
    event_set_mem_functions(g_malloc, g_realloc, g_free);
    loop->base = has_descriptors() ? event_base_new() : NULL;
    if (!loop->base || !add_internal_events(loop)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "cannot make an event loop: %s%s",
                    g_strerror(errno), errno == EMFILE ? " (ulimit -n is too low)" : "");
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(Loop *loop)
{
    g_clear_pointer(&loop->post_event, event_free);
    const int descriptors[] = {loop->post_fd, loop->probe_fd};
    for (size_t i = 0; i < G_N_ELEMENTS(descriptors); i++) {
        if (descriptors[i] >= 0) {
            close(descriptors[i]);
        }
    }
    g_clear_pointer(&loop->base, event_base_free);
    g_mutex_clear(&loop->post_lock);
    g_free(loop);
}

/* If loop_step() has seen a quit, it has used its wake-up.  So this makes another one. */
void loop_run(Loop *loop)
{
    wake(loop);
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    g_mutex_lock(&loop->post_lock);
    loop->quit = false;
    g_mutex_unlock(&loop->post_lock);
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

/* Arms the event again before the call, because the call may free the watch. */
static void fd_always(evutil_socket_t fd, short events, void *opaque)
{
    (void)fd;
    (void)events;
    LoopFd *watch = opaque;
    event_add(watch->always, &AT_ONCE);
    fd_ready(watch, watch->watched);
}

/*
 * epoll refuses regular files and similar descriptors, which never block.  We ask
 * first, because libevent would print a warning.
 */
static bool is_pollable(const Loop *loop, int fd)
{
    struct epoll_event event = {0};
    if (epoll_ctl(loop->probe_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        return errno != EPERM;
    }
    epoll_ctl(loop->probe_fd, EPOLL_CTL_DEL, fd, NULL);
    return true;
}

LoopFd *loop_fd_new(Loop *loop, int fd, void (*ready)(void *opaque, unsigned events), void *opaque)
{
    LoopFd *watch = g_new0(LoopFd, 1);
    watch->ready = ready;
    watch->opaque = opaque;
    watch->read = event_new(loop->base, fd, EV_READ | EV_PERSIST, fd_readable, watch);
    watch->write = event_new(loop->base, fd, EV_WRITE | EV_PERSIST, fd_writable, watch);
    watch->always = event_new(loop->base, -1, 0, fd_always, watch);
    watch->not_pollable = !is_pollable(loop, fd);
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

static void watch_one(struct event *event, bool on)
{
    if (on) {
        event_add(event, NULL);
    } else {
        event_del(event);
    }
}

void loop_fd_watch(LoopFd *watch, unsigned events)
{
    unsigned changed = watch->watched ^ events;
    watch->watched = events;
    if (watch->not_pollable) {
        if (events) {
            event_add(watch->always, &AT_ONCE);
        } else {
            event_del(watch->always);
        }
        return;
    }
    if (changed & LOOP_READ) {
        watch_one(watch->read, events & LOOP_READ);
    }
    if (changed & LOOP_WRITE) {
        watch_one(watch->write, events & LOOP_WRITE);
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
