/* How a run ended. -result writes this, and it is the last item of a recording. */
#ifndef PIOEMU_RECORD_ENDING_H
#define PIOEMU_RECORD_ENDING_H

typedef enum VmEndedBy {
    VM_ENDED_BY_GUEST,      /* through an exit device */
    VM_ENDED_BY_GUEST_STOP, /* by power-off, or by a halt that nothing can end */
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

#endif
