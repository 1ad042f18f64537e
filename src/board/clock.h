/*
 * Machine time and the deadlines on it.
 *
 * A clock counts nanoseconds from 0.  The monotonic one follows the host and
 * stands still while the machine is paused; the stepped one moves only when
 * told to; the counted one follows something that the machine does itself, and
 * can be moved on besides.  Timers (devices/device.h) are armed from any thread that holds
 * their device's lock and fire in the thread that calls clock_run_due(),
 * clock_stand_down() or clock_step(), with that lock held.
 *
 * Lock order: device, then clock.
 */
#ifndef PIOEMU_BOARD_CLOCK_H
#define PIOEMU_BOARD_CLOCK_H

#include "devices/device.h"

#include <glib.h>

#define CLOCK_NEVER UINT64_MAX

typedef struct Clock Clock;

/* Both start at 0; the monotonic clock starts paused. */
Clock *clock_new_monotonic(void);
Clock *clock_new_stepped(void);
/*
 * `count` gives the nanoseconds that the machine has worked; it never goes
 * back.  Called by whoever asks for the time.
 */
Clock *clock_new_counted(uint64_t (*count)(void *opaque), void *opaque);
/* Every timer has to be freed before. */
void clock_free(Clock *clock);

uint64_t clock_now(const Clock *clock);

/* Monotonic only.  Deadlines are not served while paused. */
void clock_pause(Clock *clock);
void clock_resume(Clock *clock);

/* The earliest deadline in machine time, or CLOCK_NEVER. */
uint64_t clock_next_deadline(Clock *clock);

/* Fires everything that is due, in the order of the deadlines. */
void clock_run_due(Clock *clock);

/*
 * Stepped only: moves time on by `ns`, firing each timer at its own deadline,
 * those that earlier ones arm included.
 */
void clock_step(Clock *clock, uint64_t ns);
/*
 * Stepped and counted: moves time on and fires nothing, as when the host is
 * late or the CPU slept; clock_run_due() or the next step fires what came due.
 */
void clock_skip(Clock *clock, uint64_t ns);

/*
 * `wakeup` is told when the earliest deadline moves nearer (CLOCK_MONOTONIC
 * ns, of a counted or stepped clock its own; or CLOCK_NEVER).  Called with the clock's lock held;
 * must not block.
 */
void clock_set_wakeup(Clock *clock, void (*wakeup)(void *opaque, uint64_t host_deadline),
                      void *opaque);

/*
 * For another thread than the one that is woken: it is about to sleep, and will
 * serve the next deadline itself.  Returns that deadline as `wakeup` is told
 * it, and puts the wake-up off until a little later.  Ended by
 * clock_stand_down(), once for any number of these.
 */
uint64_t clock_stand_in(Clock *clock);
/*
 * `due`: fires everything that is due, unless paused.  From here on the
 * wake-up comes no later than the next deadline.
 */
void clock_stand_down(Clock *clock, bool due);

/*
 * `lock` is taken around `fire` (NULL: none).  The owner frees the timer with
 * timer_free(), in the thread that serves the clock.
 */
Timer *timer_new(Clock *clock, GMutex *lock, void (*fire)(void *opaque, uint64_t deadline),
                 void *opaque);
void timer_free(Timer *timer);
/* Disarms it; false if it was not armed, else `deadline` is when it would have fired. */
bool timer_take(Timer *timer, uint64_t *deadline);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Clock, clock_free)

#endif
