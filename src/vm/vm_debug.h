/*
 * What a debugger may ask of a machine: registers, memory, where to stop, and
 * how each CPU goes on.
 *
 * Everything runs in the loop's thread.
 */
#ifndef PIOEMU_VM_VM_DEBUG_H
#define PIOEMU_VM_VM_DEBUG_H

#include "src/accel/accel.h"
#include "src/vm/vm.h"

/* Why the machine stands. */
typedef struct VmStop {
    enum {
        VM_STOP_ASKED, /* somebody paused it */
        VM_STOP_STEP,
        VM_STOP_POINT,
        VM_STOP_PORT, /* an access of a port that is watched */
        VM_STOP_ENDED /* the guest came to its end, and -no-shutdown or -action keeps it */
    } cause;
    unsigned cpu;
    DebugPoint point; /* VM_STOP_POINT */
    char *text;       /* VM_STOP_PORT, VM_STOP_ENDED: in words; owned by the machine; else NULL */
} VmStop;

/* There is room for one. */
typedef struct VmDebugger {
    /* The machine went from running to standing. */
    void (*stopped)(void *opaque, const VmStop *stop);
    void *opaque;
} VmDebugger;

/* The debugger is copied; NULL: there is none any more. */
void vm_set_debugger(Vm *vm, const VmDebugger *debugger);
/* The `opaque` of the one that there is, or NULL. */
void *vm_debugger(const Vm *vm);

/* False, with the reason: this machine has no CPU, or one that cannot be debugged. */
bool vm_can_debug(const Vm *vm, GError **error);
unsigned vm_cpu_count(const Vm *vm);
/*
 * Of a CPU that runs as well, which pauses for it.  Where the host forgot the
 * registers of a CPU that died, those that were seen last.
 */
bool vm_get_registers(Vm *vm, unsigned cpu, CpuState *state, GError **error);
bool vm_set_registers(Vm *vm, unsigned cpu, const CpuState *state, GError **error);
/* Guest memory, not devices: false if any byte is none, or cannot be written. */
bool vm_write_memory(Vm *vm, uint64_t physical, const void *data, size_t size);

/* In place of those before, which stay on failure. */
bool vm_set_debug_points(Vm *vm, const DebugPoint *points, size_t count, GError **error);

typedef enum VmMove { VM_MOVE_STAY, VM_MOVE_STEP, VM_MOVE_RUN } VmMove;

/* What each CPU does from now on, until the machine stops. */
bool vm_debug_resume(Vm *vm, const VmMove *moves, GError **error);
/* The status that the program will end with; valid when the run has ended. */
int vm_status(const Vm *vm);

/* ---- ports: an access stops the machine, right behind its instruction ---- */

typedef struct PortWatch {
    uint16_t first, last;
    bool reads, writes;
} PortWatch;

/* False: this accelerator has no CPU that makes accesses. */
bool vm_watch_port(Vm *vm, const PortWatch *watch, GError **error);
/* False: no watch begins at this port. */
bool vm_unwatch_port(Vm *vm, uint16_t first, GError **error);
void vm_foreach_port_watch(Vm *vm, void (*visit)(void *opaque, const PortWatch *watch),
                           void *opaque);

#endif
