/*
 * Runs the vCPUs: in a thread for each, or in slices in the loop's own thread, or
 * not at all if the accelerator has no CPU.
 *
 * A slice ends at the clock's next deadline.  So with a counted clock, a timer
 * fires at an exact instruction.  Host events are handled between slices.  A slice
 * also ends when the loop's turn is due by the host's time.  The guest cannot
 * notice this, because everything it sees depends on the instruction count alone.
 * Several vCPUs take turns with a fixed number of instructions.  A vCPU that halts,
 * or waits for another one, gives up the rest of its turn.
 *
 * Everything is called in the loop's thread, except where noted "any thread".
 */
#ifndef PIOEMU_VM_SCHEDULER_H
#define PIOEMU_VM_SCHEDULER_H

#include "src/accel/accel.h"
#include "src/base/loop.h"
#include "src/board/clock.h"
#include "src/vm/vcpu_thread.h"

typedef struct CpuScheduler CpuScheduler;

/*
 * The collaborators must outlive the scheduler.  It starts paused.  `stopped` is
 * called as vcpu_thread.h says, in the thread that runs the vCPU.
 */
CpuScheduler *scheduler_new(Accel *accel, Loop *loop, Clock *clock, VcpuStopped *stopped,
                            void *opaque);
void scheduler_free(CpuScheduler *scheduler);

/* Makes the next vCPU, which the scheduler owns. */
Vcpu *scheduler_add_vcpu(CpuScheduler *scheduler, GError **error);
unsigned scheduler_count(const CpuScheduler *scheduler);
Vcpu *scheduler_vcpu(const CpuScheduler *scheduler, unsigned index);

/*
 * For slices.  While the CPU sleeps, machine time follows the host's time (true),
 * or jumps to the next deadline (false).
 */
void scheduler_set_realtime(CpuScheduler *scheduler, bool on);

/* For slices.  Called while the CPU sleeps, before machine time advances by `ns`. */
void scheduler_set_skipped(CpuScheduler *scheduler, void (*skipped)(void *opaque, uint64_t ns),
                           void *opaque);
/*
 * For slices: the host's actions come from a recording.  Between slices `deliver`
 * does all actions that are due, and returns whether there were any.  They include
 * the passing of time while the CPU sleeps.  `until` returns the number of
 * instructions to the next action, where the slice must end.  `stuck` is called
 * when the CPU sleeps and nothing will wake it.
 */
void scheduler_set_replay(CpuScheduler *scheduler, bool (*deliver)(void *opaque),
                          uint64_t (*until)(void *opaque), void (*stuck)(void *opaque),
                          void *opaque);

/* See AccelHost.time_is_up.  True if the current slice has used its time. */
bool scheduler_time_is_up(CpuScheduler *scheduler);

/* Runs the loop and the vCPUs until loop_quit(). */
void scheduler_run(CpuScheduler *scheduler);

void scheduler_resume(CpuScheduler *scheduler);
/* The CPUs have halted for good, but machine time continues. */
void scheduler_sleep(CpuScheduler *scheduler);
/* Any thread: asks all vCPUs to pause, and returns at once. */
void scheduler_ask_pause(CpuScheduler *scheduler);
/* Returns when no vCPU is running. */
void scheduler_pause(CpuScheduler *scheduler);

/* Only while paused: a CPU that stays where it is when the others go on. */
void scheduler_set_parked(CpuScheduler *scheduler, unsigned index, bool on);

/* Any thread: Vcpu.intr, nmi, init or start of a vCPU has changed. */
void scheduler_interrupt(CpuScheduler *scheduler, unsigned index);

/* Only while paused: true if the vCPU waits in HLT and its accelerator does not know. */
bool scheduler_halted(const CpuScheduler *scheduler, unsigned index);
/* Only while paused: every vCPU is as at power-on, and the first one has the turn. */
void scheduler_reset(CpuScheduler *scheduler);

#endif
