/*
 * The host gives no memory or no thread where nothing but an end can follow:
 * in GLib and libevent, which would abort the process.
 */
#ifndef PIOEMU_BASE_HOST_FAILURE_H
#define PIOEMU_BASE_HOST_FAILURE_H

/* From now on that is a message and the exit status of a host that failed. */
void host_failure_install(void);

#endif
