/*
 * Serves a clock's deadlines in the loop, through a timerfd.  Any thread can move
 * the deadline without help from the loop, and the timer is as exact as the host's
 * own timers.
 */
#include "src/board/loop_clock.h"

#include "src/base/error.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct LoopClock {
    Clock *clock;
    int fd;
    LoopFd *watch;
};

static void set_deadline(void *opaque, uint64_t host_deadline)
{
    LoopClock *source = opaque;
    struct itimerspec when = {0};
    if (host_deadline != CLOCK_NEVER) {
        /* The value 0 would disarm the timer. */
        uint64_t at = MAX(host_deadline, 1);
        when.it_value.tv_sec = (time_t)(at / NS_PER_SECOND);
        when.it_value.tv_nsec = (long)(at % NS_PER_SECOND);
    }
    timerfd_settime(source->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void serve_deadlines(void *opaque, unsigned events)
{
    (void)events;
    LoopClock *source = opaque;
    uint64_t expirations;
    ssize_t got = read(source->fd, &expirations, sizeof(expirations));
    (void)got; /* EAGAIN: the deadline was moved in the meantime */
    clock_run_due(source->clock);
}

LoopClock *loop_clock_new(Loop *loop, Clock *clock, GError **error)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "cannot make a timer: %s",
                    g_strerror(errno));
        return NULL;
    }
    LoopClock *source = g_new0(LoopClock, 1);
    source->clock = clock;
    source->fd = fd;
    source->watch = loop_fd_new(loop, fd, serve_deadlines, source);
    loop_fd_watch(source->watch, LOOP_READ);
    clock_set_wakeup(clock, set_deadline, source);
    return source;
}

void loop_clock_free(LoopClock *source)
{
    if (source) {
        clock_set_wakeup(source->clock, NULL, NULL);
        loop_fd_free(source->watch);
        close(source->fd);
        g_free(source);
    }
}
