/*
 * Running in the background.  The process that the user started waits until
 * the background process is ready, and then ends with the status that it
 * reports.
 */
#ifndef PIOEMU_BASE_DAEMON_H
#define PIOEMU_BASE_DAEMON_H

#include <glib.h>
#include <stdbool.h>

typedef struct Daemon Daemon;

/*
 * Forks.  It must be called before there are threads.  It returns in the
 * background process.  The first process never returns: it ends with the other
 * one's status, or with 0 once the other one is ready.  Returns NULL if the
 * host cannot make a process.
 */
Daemon *daemon_fork(GError **error);
/*
 * Reports that the process is ready: the standard streams become /dev/null,
 * and the first process ends.
 */
void daemon_ready(Daemon *daemon);
/* Reports the status of a process that ends before it was ready. */
void daemon_failed(Daemon *daemon, int status);

#endif
