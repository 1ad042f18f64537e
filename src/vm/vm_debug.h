/*
 * The requests of a debugger to a machine: registers, memory, where to stop,
 * and how each CPU resumes.
 *
 * Everything runs in the loop's thread.
 */
#ifndef PIOEMU_VM_VM_DEBUG_H
#define PIOEMU_VM_VM_DEBUG_H

#include "src/accel/accel.h"
#include "src/vm/vm.h"

/* Why the machine has stopped. */
typedef struct VmStop {
    enum {
        VM_STOP_ASKED,    /* a user or a client paused it */
        VM_STOP_IO_ERROR, /* a drive failed */
        VM_STOP_STEP,
        VM_STOP_POINT,
        VM_STOP_PORT, /* a watched port was accessed */
        VM_STOP_ENDED /* the guest's run ended, and -no-shutdown or -action keeps the machine */
    } cause;
    unsigned cpu;
    DebugPoint point; /* for VM_STOP_POINT */
    char *text; /* for VM_STOP_PORT and VM_STOP_ENDED: the reason in words, which the machine frees;
                   otherwise NULL */
} VmStop;

/* The callbacks of the debugger.  A machine has at most one. */
typedef struct VmDebugger {
    /* The machine was running and has stopped. */
    void (*stopped)(void *opaque, const VmStop *stop);
    void *opaque;
} VmDebugger;

/* Sets the debugger, which is copied.  NULL removes it. */
void vm_set_debugger(Vm *vm, const VmDebugger *debugger);
/* Returns the `opaque` of the current debugger, or NULL. */
void *vm_debugger(const Vm *vm);

/* Returns false with the reason if the machine has no CPU, or one that cannot be debugged. */
bool vm_can_debug(const Vm *vm, GError **error);
unsigned vm_cpu_count(const Vm *vm);
/*
 * Reads the registers of a CPU.  A running CPU pauses for it.  If the host has
 * lost the registers of a CPU that died, the last known ones are returned.
 */
bool vm_get_registers(Vm *vm, unsigned cpu, CpuState *state, GError **error);
bool vm_set_registers(Vm *vm, unsigned cpu, const CpuState *state, GError **error);
/*
 * Access guest memory, and no devices.  Return false if any byte is not
 * memory, or cannot be written.
 */
bool vm_write_memory(Vm *vm, uint64_t physical, const void *data, size_t size);

/* Replaces all earlier points.  If it fails, the earlier ones stay. */
bool vm_set_debug_points(Vm *vm, const DebugPoint *points, size_t count, GError **error);

typedef enum VmMove { VM_MOVE_STAY, VM_MOVE_STEP, VM_MOVE_RUN } VmMove;

/* Resumes.  `moves` says what each CPU does until the machine stops. */
bool vm_debug_resume(Vm *vm, const VmMove *moves, GError **error);
/* Returns the status with which the program will end.  It is valid after the run. */
int vm_status(const Vm *vm);

/* ---- watched ports: an access stops the machine after the instruction that makes it ---- */

typedef struct PortWatch {
    uint16_t first, last;
    bool reads, writes;
} PortWatch;

/* Returns false if the accelerator has no CPU that makes accesses. */
bool vm_watch_port(Vm *vm, const PortWatch *watch, GError **error);
/* Returns false if no watched range begins at this port. */
bool vm_unwatch_port(Vm *vm, uint16_t first, GError **error);
void vm_foreach_port_watch(Vm *vm, void (*visit)(void *opaque, const PortWatch *watch),
                           void *opaque);

#endif
