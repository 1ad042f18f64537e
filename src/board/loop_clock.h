/*
 * Serves the deadlines of a monotonic clock in the event loop.
 */
#ifndef PIOEMU_BOARD_LOOP_CLOCK_H
#define PIOEMU_BOARD_LOOP_CLOCK_H

#include "src/base/loop.h"
#include "src/board/clock.h"

typedef struct LoopClock LoopClock;

/* Serves the deadlines of `clock` until it is freed. */
LoopClock *loop_clock_new(Loop *loop, Clock *clock, GError **error);
void loop_clock_free(LoopClock *source);

#endif
