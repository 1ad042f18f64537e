/*
 * The human monitor: a prompt, lines, and what their commands answer.
 * docs/monitor.md lists the commands.
 *
 * One session per peer: it knows no stream, only bytes in and bytes out.  Where
 * somebody types, the line is echoed and edited; a script's lines are only
 * read.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_MONITOR_H
#define PIOEMU_CONTROL_MONITOR_H

#include "src/vm/vm.h"

typedef struct Monitor Monitor;

typedef struct MonitorPeer {
    void (*send)(void *opaque, const char *data, size_t size);
    void *opaque;
    bool edits;   /* the line is echoed and edited here */
    int terminal; /* whose size counts, or -1 */
} MonitorPeer;

/* `vm` outlives the session. */
Monitor *monitor_new(Vm *vm, const MonitorPeer *peer);
void monitor_free(Monitor *monitor);

/* A peer is there, or the input comes here again: it is greeted once, and sees a prompt. */
void monitor_connected(Monitor *monitor);
/* Input goes elsewhere; the unfinished line is kept. */
void monitor_suspended(Monitor *monitor);
/* Another peer begins with a greeting. */
void monitor_disconnected(Monitor *monitor);
/* From the peer, in pieces of any size. */
void monitor_input(Monitor *monitor, const char *data, size_t size);

#endif
