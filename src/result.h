/*
 * How a run ended, for machines: -result FILE.
 */
#ifndef PIOEMU_RESULT_H
#define PIOEMU_RESULT_H

#include <glib.h>
#include <stdbool.h>

typedef enum VmEndedBy {
    VM_ENDED_BY_GUEST,      /* through an exit device */
    VM_ENDED_BY_GUEST_STOP, /* power-off, or a halt for good */
    VM_ENDED_BY_DEATH,
    VM_ENDED_BY_TIMEOUT,
    VM_ENDED_BY_SCRIPT, /* -expect */
    VM_ENDED_BY_HOST,
    VM_ENDED_BY_USER,
    VM_ENDED_BY_SIGNAL
} VmEndedBy;

typedef struct VmResult {
    VmEndedBy by;
    int status;
    char *reason; /* owned by the machine */
} VmResult;

/* Replaces the file as a whole or leaves it alone. */
bool result_write(const VmResult *result, const char *path, GError **error);

#endif
