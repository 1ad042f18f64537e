/*
 * QMP, QEMU's machine protocol: JSON commands and answers, and events.
 * docs/qmp.md lists the commands.
 *
 * One session per stream: it knows no stream, only bytes in and bytes out.
 * Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_QMP_H
#define PIOEMU_CONTROL_QMP_H

#include "src/vm.h"

#include <json-glib/json-glib.h>

typedef struct Qmp Qmp;

typedef void QmpSend(void *opaque, const char *data, size_t size);

/* `vm` outlives the session. */
Qmp *qmp_new(Vm *vm, QmpSend *send, void *opaque);
void qmp_free(Qmp *qmp);

/* A client came: it is greeted and has to negotiate. */
void qmp_connected(Qmp *qmp);
void qmp_disconnected(Qmp *qmp);
/* From the client, in pieces of any size. */
void qmp_input(Qmp *qmp, const char *data, size_t size);
/* Told to the client, if it has negotiated. */
void qmp_event(Qmp *qmp, const VmEvent *event);

/* ---- between qmp.c and qmp_commands.c ---- */

#define QMP_ARGUMENTS_MAX 2u

typedef enum QmpType { QMP_STRING, QMP_INTEGER, QMP_ARRAY } QmpType;

typedef struct QmpArgument {
    const char *name; /* NULL: no more */
    QmpType type;
    bool optional;
} QmpArgument;

typedef struct QmpCommand {
    const char *name;
    QmpArgument arguments[QMP_ARGUMENTS_MAX + 1];
    /*
     * `arguments` is never NULL and has been checked.  Returns the value of
     * "return", or NULL with the error; a NULL without one means {}.
     */
    JsonNode *(*run)(Qmp *qmp, JsonObject *arguments, GError **error);
} QmpCommand;

/* Ends with a NULL name. */
extern const QmpCommand QMP_COMMANDS[];

Vm *qmp_vm(const Qmp *qmp);
/* Ends the negotiation. */
void qmp_negotiated(Qmp *qmp);
/* {"qemu": {...}, "package": ...} */
JsonNode *qmp_version(void);

#endif
