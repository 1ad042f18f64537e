/*
 * QMP, QEMU's machine protocol: JSON commands and answers, and events.
 * docs/qmp.md lists the commands.
 *
 * Each stream has one session.  A session gets and sends bytes and does not
 * know the stream.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_QMP_H
#define PIOEMU_CONTROL_QMP_H

#include "src/vm/vm.h"

typedef struct Qmp Qmp;

typedef void QmpSend(void *opaque, const char *data, size_t size);

/* `vm` must outlive the session. */
Qmp *qmp_new(Vm *vm, QmpSend *send, void *opaque);
void qmp_free(Qmp *qmp);

/* Returns the name of the event with this number, or NULL after the last. */
const char *qmp_event_name(unsigned number);

/* A client has connected.  It gets the greeting and must negotiate. */
void qmp_connected(Qmp *qmp);
void qmp_disconnected(Qmp *qmp);
/* Takes input from the client, in pieces of any size. */
void qmp_input(Qmp *qmp, const char *data, size_t size);
/* Sends the event to the client, if the client has negotiated. */
void qmp_event(Qmp *qmp, const VmEvent *event);

#endif
