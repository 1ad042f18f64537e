/*
 * The human monitor: a prompt, lines, and the answers of their commands.
 * docs/monitor.md lists the commands.
 *
 * Each peer has a session, which knows no stream but only bytes in and bytes out.
 * For a user who types, it echoes and edits the line.  A script's lines it only
 * reads.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_MONITOR_H
#define PIOEMU_CONTROL_MONITOR_H

#include "src/vm/vm.h"

typedef struct Monitor Monitor;

typedef struct MonitorPeer {
    void (*send)(void *opaque, const char *data, size_t size);
    void *opaque;
    bool edits;   /* the line is echoed and edited here */
    int terminal; /* the terminal whose size applies, or -1 */
} MonitorPeer;

/* `vm` must outlive the session. */
Monitor *monitor_new(Vm *vm, const MonitorPeer *peer);
void monitor_free(Monitor *monitor);

/*
 * A peer has come, or the input has turned to the monitor.  The first time it gets
 * the greeting, and every time a prompt.
 */
void monitor_connected(Monitor *monitor);
/* The input has turned elsewhere.  The unfinished line is kept. */
void monitor_suspended(Monitor *monitor);
/* The peer has gone.  The next one gets the greeting. */
void monitor_disconnected(Monitor *monitor);
/* Takes input from the peer, in pieces of any size. */
void monitor_input(Monitor *monitor, const char *data, size_t size);

#endif
