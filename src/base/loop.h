/*
 * The event loop: one thread, file descriptors, host timers, signals, and work
 * posted from other threads.  It is the only user of libevent.
 *
 * Everything is called in the loop's thread except where noted.  A callback may
 * free the very source that called it.
 */
#ifndef PIOEMU_BASE_LOOP_H
#define PIOEMU_BASE_LOOP_H

#include "devices/device.h" /* NS_PER_SECOND */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Loop Loop;

Loop *loop_new(GError **error);
/* All sources must have been freed. */
void loop_free(Loop *loop);
/* Returns after loop_quit().  Tasks that were posted before it have run. */
void loop_run(Loop *loop);
/* Handles what is ready and returns.  With `block` it waits for something first. */
void loop_step(Loop *loop, bool block);
/* Any thread may call it. */
void loop_quit(Loop *loop);
/* True if the next loop_run() would return at once.  Any thread may call it. */
bool loop_quit_asked(Loop *loop);

/* ---- work from other threads ---- */

/*
 * A task is embedded in its owner.  Posting a task that is queued already does
 * nothing.  So a task needs no memory, and it runs at least once after the last
 * post.
 */
typedef struct LoopTask {
    void (*run)(void *opaque);
    void *opaque;
    bool queued; /* used by the loop only */
    struct LoopTask *next;
} LoopTask;

/* Any thread may call it.  It never blocks. */
void loop_post(Loop *loop, LoopTask *task);
/* Removes a queued task.  It does not run after this call. */
void loop_cancel(Loop *loop, LoopTask *task);

/* ---- file descriptors ---- */

#define LOOP_READ  1u
#define LOOP_WRITE 2u

typedef struct LoopFd LoopFd;

/*
 * Watches nothing until loop_fd_watch().  A regular file is always ready.  The
 * caller keeps the descriptor.
 */
LoopFd *loop_fd_new(Loop *loop, int fd, void (*ready)(void *opaque, unsigned events), void *opaque);
void loop_fd_free(LoopFd *watch);
/* Level-triggered.  `events` is LOOP_READ, LOOP_WRITE, both or 0. */
void loop_fd_watch(LoopFd *watch, unsigned events);

/* ---- host timers and signals ---- */

typedef struct LoopTimer LoopTimer;

LoopTimer *loop_timer_new(Loop *loop, void (*fire)(void *opaque), void *opaque);
void loop_timer_free(LoopTimer *timer);
/* Fires once, `ns` from now.  Starting a running timer moves it. */
void loop_timer_start(LoopTimer *timer, uint64_t ns);
void loop_timer_stop(LoopTimer *timer);

typedef struct LoopSignal LoopSignal;

LoopSignal *loop_signal_new(Loop *loop, int signal, void (*fire)(void *opaque), void *opaque);
void loop_signal_free(LoopSignal *source);

#endif
