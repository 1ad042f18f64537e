/*
 * The event loop: one thread, file descriptors, host timers, signals, and work
 * posted from other threads.  The only user of libevent.
 *
 * Everything is called in the loop's thread except where noted.  Callbacks may
 * free the very source that called them.
 */
#ifndef PIOEMU_BASE_LOOP_H
#define PIOEMU_BASE_LOOP_H

#include "devices/device.h" /* NS_PER_SECOND */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Loop Loop;

Loop *loop_new(GError **error);
/* Every source has to be freed before. */
void loop_free(Loop *loop);
/* Returns after loop_quit(); what was posted before that has run. */
void loop_run(Loop *loop);
/* Handles what is ready and returns; `block`: waits for something first. */
void loop_step(Loop *loop, bool block);
/* Any thread. */
void loop_quit(Loop *loop);
/* Whether the next loop_run() would return at once.  Any thread. */
bool loop_quit_asked(Loop *loop);

/* ---- work from other threads ---- */

/*
 * Embedded in its owner.  Posting one that already waits does nothing, so a
 * task needs no memory and runs at least once after the last post.
 */
typedef struct LoopTask {
    void (*run)(void *opaque);
    void *opaque;
    bool queued; /* the loop's */
    struct LoopTask *next;
} LoopTask;

/* Any thread.  Never blocks. */
void loop_post(Loop *loop, LoopTask *task);
/* Takes a waiting task back; it will not run after this. */
void loop_cancel(Loop *loop, LoopTask *task);

/* ---- file descriptors ---- */

#define LOOP_READ  1u
#define LOOP_WRITE 2u

typedef struct LoopFd LoopFd;

/*
 * Watches nothing until loop_fd_watch().  Works for regular files too, which
 * are always ready.  The descriptor stays the caller's.
 */
LoopFd *loop_fd_new(Loop *loop, int fd, void (*ready)(void *opaque, unsigned events), void *opaque);
void loop_fd_free(LoopFd *watch);
/* Level-triggered; `events` is LOOP_READ, LOOP_WRITE, both or 0. */
void loop_fd_watch(LoopFd *watch, unsigned events);

/* ---- host timers and signals ---- */

typedef struct LoopTimer LoopTimer;

LoopTimer *loop_timer_new(Loop *loop, void (*fire)(void *opaque), void *opaque);
void loop_timer_free(LoopTimer *timer);
/* One shot, `ns` from now; starting again moves it. */
void loop_timer_start(LoopTimer *timer, uint64_t ns);
void loop_timer_stop(LoopTimer *timer);

typedef struct LoopSignal LoopSignal;

LoopSignal *loop_signal_new(Loop *loop, int signal, void (*fire)(void *opaque), void *opaque);
void loop_signal_free(LoopSignal *source);

#endif
