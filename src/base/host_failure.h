/*
 * Handles the host's lack of memory or threads in GLib and libevent, which would
 * abort the process.
 */
#ifndef PIOEMU_BASE_HOST_FAILURE_H
#define PIOEMU_BASE_HOST_FAILURE_H

/*
 * From now on such a failure prints a message and ends the process with the status
 * for a host failure.
 */
void host_failure_install(void);

#endif
