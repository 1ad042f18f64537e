/* The parts of the machine, for the files that implement vm.h. */
#ifndef PIOEMU_VM_VM_INTERNAL_H
#define PIOEMU_VM_VM_INTERNAL_H

#include "src/accel/accel.h"
#include "src/base/log.h"
#include "src/base/signals.h"
#include "src/block/block.h"
#include "src/board/loop_clock.h"
#include "src/boot/boot.h"
#include "src/boot/boot_order.h"
#include "src/boot/firmware.h"
#include "src/display/display.h"
#include "src/expect/expect.h"
#include "src/machine/machine.h"
#include "src/record/recorder.h"
#include "src/record/replay_run.h"
#include "src/vm/notices.h"
#include "src/vm/result.h"
#include "src/vm/scheduler.h"
#include "src/vm/vm.h"
#include "src/vm/vm_debug.h"

typedef struct VmInput VmInput;     /* vm_input.c */
typedef struct VmViewers VmViewers; /* vm_viewers.c */

struct Vm {
    const Config *config;
    RunActions actions; /* from the options or from set-action */
    bool stays;         /* -no-shutdown, until set-action changes it */
    Loop *loop;
    Log *log;
    unsigned log_items;
    CpuTrace *trace;       /* NULL: the accelerator does not see the instructions */
    unsigned traced_lines; /* lines since the log was flushed */
    Clock *clock;          /* machine time */
    Clock *host_clock;     /* never paused; for what follows the host's time */
    LoopClock *clock_source, *host_clock_source;
    Bus *bus;
    Memory *memory;
    BootImage *image;   /* NULL: no -kernel */
    Firmware *firmware; /* NULL: the CPU does not start in a firmware */
    BootOrder boot;
    Notices *notices;
    ChardevSet *chars;
    BlockSet *blocks;
    NetSet *nets;
    Expect *expect; /* NULL: there is no script */
    Accel *accel;
    Machine *machine;
    Recorder *recorder; /* NULL: there is no -record */
    ReplayRun *replay;  /* NULL: there is no -replay of a whole run */
    GHashTable *machine_options, *accel_options;
    CpuScheduler *scheduler;

    GAsyncQueue *events;
    LoopTask event_task;
    LoopTimer *posted_timer, *timeout_timer;
    uint64_t posted_period;
    LoopTimer *busy_timer;
    uint64_t busy_patience; /* in ns */
    LoopTimer *halt_timer;
    uint64_t halt_period;
    uint32_t watched_accesses;
    Signals *signals;
    Irqchip irqchip;

    VmInput *input;      /* NULL: there was no input */
    Display *display;    /* NULL: there was no viewer yet */
    VmViewers *viewers;  /* NULL: not opened yet */
    VmListener listener; /* has no functions if there is no listener */
    struct {
        VmDebugger debugger; /* has no functions if there is no debugger */
        GArray *ports;       /* the elements are PortWatch; changed only while no vCPU runs */
    } debug;
    VmState state;
    LoopTask quit_task;
    const char *quit_cause, *quit_reason;
    bool ended; /* the run has ended, but -no-shutdown keeps the machine */
    bool draining;
    bool no_patience; /* the user or a signal asked a second time */
    VmResult result;
};

/* ---- vm_build.c ---- */

/* Makes all parts except the configuration and the queue of events. */
bool vm_build(Vm *vm, GError **error);

/* ---- vm_input.c ---- */

void vm_input_free(Vm *vm);

/* ---- vm_watch.c ---- */

/* Makes Vm.trace.  Fails with a message if the accelerator cannot trace. */
bool vm_open_trace(Vm *vm, const AccelClass *accel, GError **error);
void vm_start_watching(Vm *vm);

/* ---- vm.c: what the parts tell the machine ---- */

void vm_quit_asked(void *opaque);
void vm_signal_arrived(void *opaque, int number);
void vm_expect_done(void *opaque);
void vm_vcpu_stopped(void *opaque, Vcpu *vcpu, VcpuStop stop);
void vm_device_request(void *opaque, const DeviceRequest *request);
void vm_guest_error(void *opaque, const Device *dev, const char *message);
void vm_print(void *opaque, const char *text);
uint64_t vm_machine_time(void *opaque);

/* Tells the bus whether anything observes accesses.  Call it while no vCPU runs. */
void vm_observe(Vm *vm);

/* ---- vm_debug.c and vm_port_watch.c ---- */

/* Called when a vCPU has stopped with VCPU_DEBUG. */
void vm_debug_stopped(Vm *vm, const Vcpu *vcpu);
/* Tells the debugger that the machine has stopped. */
void vm_debug_tell(Vm *vm, const VmStop *stop);
/* Called in any vCPU's thread, after an access. */
void vm_port_accessed(Vm *vm, const BusAccess *access);
/* Handles the access in the loop's thread. */
void vm_port_stopped(Vm *vm, const Vcpu *vcpu, char *text);
/* Has the loop call vm_port_stopped(), and frees the text.  Any thread may call it. */
void vm_post_port(Vm *vm, Vcpu *vcpu, char *text);

/* ---- vm_replay.c: recording and repeating a whole run ---- */

VcpuPosition vm_position(const Vm *vm);
void vm_time_skipped(void *opaque, uint64_t ns);
/* To be called before the machine is built. */
void vm_join_replay(Vm *vm);
/* To be called when the scheduler exists. */
void vm_follow_replay(Vm *vm);

/* ---- vm_control.c ---- */

/* Tells the listener that the host has failed a drive, and pauses if -drive asks for it. */
void vm_block_failed(void *opaque, const BlockFailure *failure);

/* ---- vm.c: running, stopping, ending ---- */

/* Acts on the events that any thread has queued. */
void vm_handle_events(Vm *vm);
/* Between these two calls no guest code runs, and machine time stands still. */
void vm_pause_vcpus(Vm *vm);
void vm_resume_vcpus(Vm *vm);
/*
 * Stops the machine so that it can be examined: the vCPUs do not run until
 * vm_release(). What they reported just before is handled, which may end or
 * pause the run.
 */
void vm_hold(Vm *vm);
void vm_release(Vm *vm);
/* Changes VM_RUNNING to the state that says why it stands. */
void vm_stand(Vm *vm, const VmStop *stop);
/* Resets everything to power-on, and leaves the vCPUs paused. */
bool vm_reset_parts(Vm *vm, GError **error);
void vm_report_vcpus(Vm *vm, GString *text);
/* Logs everything that is known about a guest that died or hangs. */
void vm_post_mortem(Vm *vm);
/* Called when no vCPU can run any more. */
void vm_halted_for_good(Vm *vm);
void vm_emit(Vm *vm, VmEventKind kind, bool guest, const char *cause);
/* `cause` is QMP's word for the reason. */
void vm_end(Vm *vm, VmEndedBy by, int status, const char *cause, const char *reason);

#endif
