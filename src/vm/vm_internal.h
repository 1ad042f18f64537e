/*
 * The machine's parts, for the files that make up vm.h.
 */
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
#include "src/expect/expect.h"
#include "src/machine/machine.h"
#include "src/record/recorder.h"
#include "src/record/replay_run.h"
#include "src/vm/notices.h"
#include "src/vm/result.h"
#include "src/vm/scheduler.h"
#include "src/vm/vm.h"

struct Vm {
    const Config *config;
    RunActions actions; /* as the options or set-action have them */
    bool stays;         /* -no-shutdown, until set-action says otherwise */
    Loop *loop;
    Log *log;
    unsigned log_items;
    CpuTrace *trace;       /* NULL: -d has no item of the CPU's */
    unsigned traced_lines; /* since the log was flushed */
    Clock *clock;          /* machine time */
    Clock *host_clock;     /* never paused: for what follows the host's time */
    LoopClock *clock_source, *host_clock_source;
    Bus *bus;
    Memory *memory;
    BootImage *image;   /* NULL: no -kernel */
    Firmware *firmware; /* NULL: the CPU does not start in one */
    BootOrder boot;
    Notices *notices;
    ChardevSet *chars;
    BlockSet *blocks;
    Expect *expect; /* NULL: no script */
    Accel *accel;
    Machine *machine;
    Recorder *recorder; /* NULL: no -record */
    ReplayRun *replay;  /* NULL: no -replay of a whole run */
    GHashTable *machine_options, *accel_options;
    CpuScheduler *scheduler;

    GAsyncQueue *events;
    LoopTask event_task;
    LoopTimer *posted_timer, *timeout_timer;
    uint64_t posted_period;
    LoopTimer *busy_timer;
    uint64_t busy_patience; /* ns */
    LoopTimer *halt_timer;
    uint64_t halt_period;
    uint32_t watched_accesses;
    Signals *signals;
    Irqchip irqchip;

    VmListener listener; /* without functions: there is none */
    VmState state;
    LoopTask quit_task;
    const char *quit_cause, *quit_reason;
    bool ended; /* the guest came to its end; -no-shutdown keeps us here */
    bool draining;
    bool no_patience; /* the user or a signal asked again */
    VmResult result;
};

/* ---- vm_build.c ---- */

/* Everything but the configuration and the queue of events. */
bool vm_build(Vm *vm, GError **error);

/* ---- vm_watch.c ---- */

/* Makes Vm.trace, or says why there can be none. */
bool vm_open_trace(Vm *vm, const AccelClass *accel, GError **error);
void vm_start_watching(Vm *vm);

/* ---- vm.c: what the parts tell the machine ---- */

void vm_quit_asked(void *opaque);
void vm_signal_arrived(void *opaque, int number);
void vm_expect_done(void *opaque);
void vm_vcpu_stopped(void *opaque, Vcpu *vcpu, VcpuStop stop);
void vm_device_request(void *opaque, DeviceRequest request, int status);
void vm_guest_error(void *opaque, const Device *dev, const char *message);
void vm_print(void *opaque, const char *text);
uint64_t vm_machine_time(void *opaque);

/* ---- vm_replay.c: what is recorded of a whole run, and doing it again ---- */

VcpuPosition vm_position(const Vm *vm);
void vm_time_skipped(void *opaque, uint64_t ns);
/* Before the machine is built. */
void vm_join_replay(Vm *vm);
/* When the scheduler is there. */
void vm_follow_replay(Vm *vm);

/* ---- vm.c: running, stopping, ending ---- */

/* What happened, from whatever thread, is acted upon. */
void vm_handle_events(Vm *vm);
/* No guest code runs between these two, and machine time stands still. */
void vm_pause_vcpus(Vm *vm);
void vm_resume_vcpus(Vm *vm);
/* To power-on; leaves the vCPUs paused. */
bool vm_reset_parts(Vm *vm, GError **error);
void vm_report_vcpus(Vm *vm, GString *text);
/* Everything there is to say about a guest that died or hangs, in the log. */
void vm_post_mortem(Vm *vm);
/* No vCPU can run any more. */
void vm_halted_for_good(Vm *vm);
void vm_emit(Vm *vm, VmEventKind kind, bool guest, const char *cause);
/* `cause` is QMP's word for the reason. */
void vm_end(Vm *vm, VmEndedBy by, int status, const char *cause, const char *reason);

#endif
