/*
 * The signals that end the program in an orderly way.
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT are handled in the loop.  The callback stops
 * the run, everything is cleaned up as usual, and then signals_die() ends the
 * process with the same signal, so that the parent sees what happened.  A second
 * signal does not wait for the clean-up.  A signal that was ignored when the
 * program began (nohup) remains ignored.
 */
#ifndef PIOEMU_BASE_SIGNALS_H
#define PIOEMU_BASE_SIGNALS_H

#include "src/base/loop.h"

#include <glib.h>

typedef struct Signals Signals;

/* `ending` is called once, in the loop.  SIGPIPE and SIGXFSZ become ordinary errors. */
Signals *signals_new(Loop *loop, void (*ending)(void *opaque, int number), void *opaque);
void signals_free(Signals *signals);
/* The signal that came, or 0. */
int signals_received(const Signals *signals);

/* Ends the process with the default action of `number`.  The last call in main(). */
G_NORETURN void signals_die(int number);

#endif
