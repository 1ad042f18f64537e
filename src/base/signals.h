/*
 * The signals that end the program, in order.
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT are handled in the loop: the callback
 * stops the run, everything is cleaned up as usual, and signals_die() then
 * ends the process by that same signal, so that the parent sees what
 * happened.  A second signal does not wait for the clean-up.  One that was
 * ignored when the program began (nohup) stays ignored.
 */
#ifndef PIOEMU_BASE_SIGNALS_H
#define PIOEMU_BASE_SIGNALS_H

#include "src/base/loop.h"

#include <glib.h>

typedef struct Signals Signals;

/* `ending` is called once, in the loop.  SIGPIPE and SIGXFSZ become plain errors. */
Signals *signals_new(Loop *loop, void (*ending)(void *opaque, int number), void *opaque);
void signals_free(Signals *signals);
/* Which one came, or 0. */
int signals_received(const Signals *signals);

/* Ends the process by `number` in the default way; the last thing in main(). */
G_NORETURN void signals_die(int number);

#endif
