/*
 * QMP, QEMU's machine protocol: JSON commands and answers, and events.
 * docs/qmp.md lists the commands.
 *
 * One session per stream: it knows no stream, only bytes in and bytes out.
 * Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_QMP_H
#define PIOEMU_CONTROL_QMP_H

#include "src/vm/vm.h"

typedef struct Qmp Qmp;

typedef void QmpSend(void *opaque, const char *data, size_t size);

/* `vm` outlives the session. */
Qmp *qmp_new(Vm *vm, QmpSend *send, void *opaque);
void qmp_free(Qmp *qmp);

/* The names of the events, by number; NULL: there are no more. */
const char *qmp_event_name(unsigned number);

/* A client came: it is greeted and has to negotiate. */
void qmp_connected(Qmp *qmp);
void qmp_disconnected(Qmp *qmp);
/* From the client, in pieces of any size. */
void qmp_input(Qmp *qmp, const char *data, size_t size);
/* Told to the client, if it has negotiated. */
void qmp_event(Qmp *qmp, const VmEvent *event);

#endif
