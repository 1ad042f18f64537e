/*
 * One virtual machine: puts the parts together, runs them, and decides how it
 * ends.  Everything here is the main thread's, which is the loop's.
 */
#ifndef PIOEMU_VM_VM_H
#define PIOEMU_VM_VM_H

#include "src/machine/config.h"
#include "src/machine/machine.h"

#include <glib.h>

typedef struct Vm Vm;

/* Exit statuses that are ours; everything else is the guest's choice. */
enum {
    VM_EXIT_OK = 0,
    VM_EXIT_CONFIG = 2,
    VM_EXIT_HOST = 3,
    VM_EXIT_DIED = 4,
    VM_EXIT_TIMEOUT = 5
};

typedef enum VmState {
    VM_PRELAUNCH, /* built, or reset after its end; waits for vm_resume() */
    VM_RUNNING,
    VM_PAUSED,
    VM_SHUTDOWN /* came to its end; here only with -no-shutdown */
} VmState;

typedef enum VmEventKind {
    VM_EVENT_STOP,
    VM_EVENT_RESUME,
    VM_EVENT_RESET,
    VM_EVENT_SHUTDOWN,
    VM_EVENT_POWERDOWN
} VmEventKind;

typedef struct VmEvent {
    VmEventKind kind;
    bool guest;        /* RESET, SHUTDOWN: the guest's doing */
    const char *cause; /* RESET, SHUTDOWN: as QMP words it */
} VmEvent;

/* What a control protocol is told; both are called in the loop's thread. */
typedef struct VmListener {
    void (*event)(void *opaque, const VmEvent *event);
    /* The guest is about to start.  Returns when it may; NULL: at once. */
    void (*starting)(void *opaque);
    void *opaque;
} VmListener;

/* The parts of a machine, for a protocol that works on them directly. */
typedef struct VmParts {
    Loop *loop;
    Bus *bus;
    Memory *memory;
    Clock *clock;
    Machine *machine;
    bool has_cpu; /* false: only a protocol moves the machine */
} VmParts;

/* The machine of a recording, whose run is to be done again (src/record/replay_run.h). */
typedef struct ReplayRun ReplayRun;

/* Builds the machine; the error's code is the exit status. */
Vm *vm_new(const Config *config, GError **error);
/* The same for a replay, which stays the caller's and outlives the machine. */
Vm *vm_new_replay(const Config *config, ReplayRun *replay, GError **error);
/* Runs it to its end; returns the exit status. */
int vm_run(Vm *vm);
/* After the run: how long output that nobody takes is waited for, in ns; 0: not at all. */
uint64_t vm_patience(const Vm *vm);
/* The signal that ended the run, or 0. */
int vm_signal(const Vm *vm);
void vm_free(Vm *vm);

/* ---- for the control protocols, in the loop's thread ---- */

const Config *vm_config(const Vm *vm);
VmState vm_state(const Vm *vm);
/* There is room for one, which is copied; NULL removes it. */
void vm_set_listener(Vm *vm, const VmListener *listener);
VmParts vm_parts(const Vm *vm);
/* Whether a character device of the machine uses the terminal's streams. */
bool vm_uses_stdio(const Vm *vm);

void vm_pause(Vm *vm);
/* False after the end: it has to be reset first. */
bool vm_resume(Vm *vm, GError **error);
/* A machine that ran goes on; after its end it waits for vm_resume(). */
bool vm_reset(Vm *vm, GError **error);
/* The power button: told to listeners, and nothing else on a board without ACPI. */
void vm_powerdown(Vm *vm);
/* Ends the run with status 0, soon; both texts are literals. */
void vm_quit(Vm *vm, const char *cause, const char *reason);
/* What -action says for the events that it has ("reset", "die"...); NULL: as before. */
bool vm_set_actions(Vm *vm, const char *const actions[RUN_EVENTS], GError **error);
bool vm_inject_nmi(Vm *vm, GError **error);

/* A line for the user, in the log. */
void vm_message(void *vm, const char *text);
/* Text for the user, appended. */
void vm_report_registers(Vm *vm, GString *text);
void vm_report_interrupts(Vm *vm, GString *text);
void vm_report_devices(Vm *vm, GString *text);
/* "LABEL", "BACKEND:ARGUMENT" for each character device. */
void vm_foreach_chardev(Vm *vm,
                        void (*visit)(void *opaque, const char *label, const char *filename,
                                      bool connected),
                        void *opaque);

#endif
