/* Watches opens and closes of a path, with inotify. */
#include "src/char/path_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#define ASK_NS (NS_PER_SECOND / 4)

struct PathWatch {
    void (*changed)(void *opaque, bool reopened);
    void *opaque;
    int fd; /* -1: `timer` is used instead */
    LoopFd *ready;
    LoopTimer *timer;
};

static void notified(void *opaque, unsigned events)
{
    PathWatch *watch = opaque;
    bool closed = false, reopened = false;
    struct inotify_event batch[64]; /* events for a watched file, which have no names */
    ssize_t size;
    (void)events;
    while ((size = read(watch->fd, batch, sizeof(batch))) > 0) {
        for (size_t i = 0; i < (size_t)size / sizeof(batch[0]); i++) {
            reopened |= closed && batch[i].mask & IN_OPEN;
            closed |= (batch[i].mask & IN_CLOSE) != 0;
        }
    }
    watch->changed(watch->opaque, reopened);
}

static void ask(void *opaque)
{
    PathWatch *watch = opaque;
    loop_timer_start(watch->timer, ASK_NS);
    watch->changed(watch->opaque, false);
}

static int open_inotify(const char *path)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 && inotify_add_watch(fd, path, IN_OPEN | IN_CLOSE) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

PathWatch *path_watch_new(Loop *loop, const char *path,
                          void (*changed)(void *opaque, bool reopened), void *opaque)
{
    PathWatch *watch = g_new0(PathWatch, 1);
    watch->changed = changed;
    watch->opaque = opaque;
    watch->fd = open_inotify(path);
    if (watch->fd >= 0) {
        watch->ready = loop_fd_new(loop, watch->fd, notified, watch);
        loop_fd_watch(watch->ready, LOOP_READ);
    } else {
        watch->timer = loop_timer_new(loop, ask, watch);
        loop_timer_start(watch->timer, ASK_NS);
    }
    return watch;
}

void path_watch_free(PathWatch *watch)
{
    if (watch) {
        loop_fd_free(watch->ready);
        loop_timer_free(watch->timer);
        if (watch->fd >= 0) {
            close(watch->fd);
        }
        g_free(watch);
    }
}
