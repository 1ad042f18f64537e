/*
 * Going on in the background: the process that was started waits until the one
 * that stays is ready, and then ends with its answer.
 */
#ifndef PIOEMU_BASE_DAEMON_H
#define PIOEMU_BASE_DAEMON_H

#include <glib.h>
#include <stdbool.h>

typedef struct Daemon Daemon;

/*
 * Returns in the process that stays, before it has a thread.  The first process
 * never returns: it ends with the status of the other one, or with 0 once that is
 * ready.  NULL: the host has no more processes.
 */
Daemon *daemon_fork(GError **error);
/* Ready: the standard streams become /dev/null, and the first process ends. */
void daemon_ready(Daemon *daemon);
/* The process ends without having been ready. */
void daemon_failed(Daemon *daemon, int status);

#endif
