/*
 * Machine time, and the deadlines in it.
 *
 * A clock counts nanoseconds from 0.  There are three kinds.  The monotonic clock
 * follows the host and stands still while the machine is paused.  The stepped clock
 * moves only on request.  The counted clock follows something that the machine does
 * itself, such as executed instructions, and can also be moved on.
 *
 * Any thread that holds a device's lock can arm the device's timers
 * (devices/device.h).  They fire with that lock held, in the thread that calls
 * clock_run_due(), clock_stand_down() or clock_step().
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
 * `count` returns how many nanoseconds the machine has worked.  The value never
 * decreases.  Any thread that reads the time calls it.
 */
Clock *clock_new_counted(uint64_t (*count)(void *opaque), void *opaque);
/* All timers must be freed before. */
void clock_free(Clock *clock);

uint64_t clock_now(const Clock *clock);

/* Monotonic only.  Deadlines are not served while paused. */
void clock_pause(Clock *clock);
void clock_resume(Clock *clock);

/* The earliest deadline in machine time, or CLOCK_NEVER. */
uint64_t clock_next_deadline(Clock *clock);

/* Fires all timers that are due, in the order of their deadlines. */
void clock_run_due(Clock *clock);

/*
 * For the stepped clock: moves time on by `ns` and fires each timer at its own
 * deadline, including timers that earlier ones arm.
 */
void clock_step(Clock *clock, uint64_t ns);
/*
 * For the stepped and the counted clock: moves time on and fires nothing, as if the
 * host were late or the CPU slept.  The next clock_run_due() or clock_step() fires
 * what has become due.
 */
void clock_skip(Clock *clock, uint64_t ns);

/*
 * The clock calls `wakeup` when the earliest deadline moves nearer.  The argument
 * is in CLOCK_MONOTONIC nanoseconds for a monotonic clock and in the clock's own
 * nanoseconds for the others, or CLOCK_NEVER.  `wakeup` runs with the clock's lock
 * held and must not block.
 */
void clock_set_wakeup(Clock *clock, void (*wakeup)(void *opaque, uint64_t host_deadline),
                      void *opaque);

/*
 * For a thread other than the one that `wakeup` wakes: it is about to sleep and
 * will serve the next deadline itself.  Returns that deadline in the form that
 * `wakeup` gets, and delays the wake-up until a little later.  One
 * clock_stand_down() ends any number of these calls.
 */
uint64_t clock_stand_in(Clock *clock);
/*
 * With `due`, fires all timers that are due unless the clock is paused.  From now
 * on the wake-up comes no later than the next deadline.
 */
void clock_stand_down(Clock *clock, bool due);

/*
 * `lock` is held while `fire` runs (NULL: no lock).  The owner frees the timer with
 * timer_free(), in the thread that serves the clock.
 */
Timer *timer_new(Clock *clock, GMutex *lock, void (*fire)(void *opaque, uint64_t deadline),
                 void *opaque);
void timer_free(Timer *timer);
/*
 * Disarms the timer.  Returns false if it was not armed; otherwise `deadline` is
 * when it would have fired.
 */
bool timer_take(Timer *timer, uint64_t *deadline);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Clock, clock_free)

#endif
