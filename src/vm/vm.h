/*
 * One virtual machine: puts the parts together, runs them, and decides how the run
 * ends.  Everything here is called in the main thread, which is the loop's.
 */
#ifndef PIOEMU_VM_VM_H
#define PIOEMU_VM_VM_H

#include "src/block/block.h"
#include "src/cpu/cpu_state.h"
#include "src/machine/config.h"
#include "src/machine/machine.h"

#include <glib.h>

typedef struct Vm Vm;

/* Our own exit statuses.  The guest can choose any other. */
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
    VM_PAUSED,   /* by a user or a client */
    VM_DEBUG,    /* at a breakpoint, a watched place, or after a step */
    VM_IO_ERROR, /* a drive with werror=stop or rerror=stop failed */
    VM_SHUTDOWN  /* the run has ended; only with -no-shutdown */
} VmState;

typedef enum VmEventKind {
    VM_EVENT_STOP,
    VM_EVENT_RESUME,
    VM_EVENT_RESET,
    VM_EVENT_SHUTDOWN,
    VM_EVENT_POWERDOWN,
    VM_EVENT_BLOCK_IO_ERROR
} VmEventKind;

typedef struct VmEvent {
    VmEventKind kind;
    bool guest;                  /* RESET, SHUTDOWN: the guest caused it */
    const char *cause;           /* RESET, SHUTDOWN: QMP's word for the cause */
    const BlockFailure *failure; /* BLOCK_IO_ERROR */
} VmEvent;

/* What a control protocol is told.  Both functions are called in the loop's thread. */
typedef struct VmListener {
    void (*event)(void *opaque, const VmEvent *event);
    /* The guest is about to start.  Returns when it may.  NULL: it may at once. */
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
    ChardevSet *chars;
    NetSet *nets;
    bool has_cpu; /* false: only a control protocol moves the machine */
} VmParts;

/* The replay of a whole run (src/record/replay_run.h). */
typedef struct ReplayRun ReplayRun;

/* Builds the machine.  The code of the error is the exit status. */
Vm *vm_new(const Config *config, GError **error);
/* The same for a replay, which the caller owns and which must outlive the machine. */
Vm *vm_new_replay(const Config *config, ReplayRun *replay, GError **error);
/* Runs the machine to its end and returns the exit status. */
int vm_run(Vm *vm);
/*
 * After the run: how long to wait, in ns, for output that a backend does not
 * accept.  0: not at all.
 */
uint64_t vm_patience(const Vm *vm);
/* The signal that ended the run, or 0. */
int vm_signal(const Vm *vm);
void vm_free(Vm *vm);

/* ---- for the control protocols, in the loop's thread ---- */

const Config *vm_config(const Vm *vm);
VmState vm_state(const Vm *vm);
/* There is one listener, which is copied.  NULL removes it. */
void vm_set_listener(Vm *vm, const VmListener *listener);
VmParts vm_parts(const Vm *vm);
/* True if a character device of the machine uses standard input or output. */
bool vm_uses_stdio(const Vm *vm);

/* Does what vm_get_registers() (vm_debug.h) does, for a CPU that may not exist. */
bool vm_get_cpu(Vm *vm, unsigned index, CpuState *state, GError **error);
/* Writes an ELF core file (core_dump.h). */
bool vm_dump_memory(Vm *vm, const char *path, bool paging, GError **error);
/* Accesses a port for the user, with 1, 2 or 4 bytes.  A recorded run refuses it. */
bool vm_port_access(Vm *vm, uint16_t port, bool write, unsigned size, uint32_t *value,
                    GError **error);

void vm_pause(Vm *vm);
/* Fails after the end of the run: the machine must be reset first. */
bool vm_resume(Vm *vm, GError **error);
/* A machine that was running continues.  After the end of the run it waits for vm_resume(). */
bool vm_reset(Vm *vm, GError **error);
/* Presses the power button.  Listeners are told, and a board without ACPI does nothing else. */
void vm_powerdown(Vm *vm);
/* Ends the run with status 0, soon.  Both texts are literals. */
void vm_quit(Vm *vm, const char *cause, const char *reason);
/* True after vm_quit(). */
bool vm_is_quitting(const Vm *vm);
/* Sets the actions of -action ("reset", "die"...).  NULL leaves an action as it was. */
bool vm_set_actions(Vm *vm, const char *const actions[RUN_EVENTS], GError **error);
bool vm_inject_nmi(Vm *vm, GError **error);
/* Takes the medium out of a drive, or puts another one in (src/block/block.h). */
bool vm_eject(Vm *vm, const char *drive, bool force, GError **error);
bool vm_change_medium(Vm *vm, const char *drive, const BlockChange *change, GError **error);
/* Describes the nth drive.  Returns false if there are fewer. */
bool vm_drive_info(const Vm *vm, unsigned n, BlockInfo *info);

/*
 * The log items, as LogItem bits.  Items of the CPU can be set only if they
 * were chosen at the start.
 */
unsigned vm_log_items(const Vm *vm);
bool vm_set_log(Vm *vm, unsigned items, GError **error);
bool vm_set_log_file(Vm *vm, const char *path, GError **error);
/* "kvm", "soft" or "qtest"; whether this host's KVM could be used. */
const char *vm_accel_name(const Vm *vm);
/* Appends lines about the software CPU's translator, or that there is none. */
void vm_describe_translator(const Vm *vm, GString *text);
bool vm_kvm_works(void);
/* The host's number of the thread that runs a CPU. */
int vm_cpu_thread(const Vm *vm, unsigned index);
/* Logs a line for the user. */
void vm_message(void *vm, const char *text);
/* These append text for the user. */
void vm_report_registers(Vm *vm, GString *text);
void vm_report_interrupts(Vm *vm, GString *text);
void vm_report_devices(Vm *vm, GString *text);
/* Visits each character device with its label and "BACKEND:ARGUMENT". */
void vm_foreach_chardev(Vm *vm,
                        void (*visit)(void *opaque, const char *label, const char *filename,
                                      bool connected),
                        void *opaque);

#endif
