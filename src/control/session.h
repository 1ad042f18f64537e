/*
 * A control protocol on a line: qtest, QMP or the monitor, over a stream or on a
 * chardev of the machine.
 */
#ifndef PIOEMU_CONTROL_SESSION_H
#define PIOEMU_CONTROL_SESSION_H

#include "src/control/qtest.h"
#include "src/control/stream.h"
#include "src/vm/vm.h"

typedef struct Session Session;

typedef enum SessionKind { SESSION_QTEST, SESSION_QMP, SESSION_MONITOR } SessionKind;

/* `target` is for SESSION_QTEST, otherwise NULL.  `where` is what the user wrote. */
Session *session_new(Vm *vm, SessionKind kind, const QtestTarget *target, const char *where);
void session_free(Session *session);

/* Call one of these two after session_new(). */
bool session_open_stream(Session *session, const StreamAddress *address, GError **error);
bool session_open_chardev(Session *session, const char *what, const char *id, GError **error);

/* Used for QMP. */
void session_event(Session *session, const VmEvent *event);
/* The machine waits for its first client. */
bool session_awaits_client(const Session *session);
const char *session_where(const Session *session);
/* How many bytes the peer has not taken yet. */
size_t session_waiting(const Session *session);

#endif
