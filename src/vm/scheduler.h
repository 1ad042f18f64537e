/*
 * What makes the vCPUs go: a thread for each, or slices in the loop's own
 * thread, or nothing where the accelerator has no CPU.
 *
 * Slices end at the clock's next deadline, so that on a counted clock a timer
 * fires at its very instruction; host input comes in between slices.  They end
 * as well when the loop's turn is due by the host's time, which a guest cannot
 * tell: what it sees follows from instructions alone.  Several
 * vCPUs take turns of so many instructions in them; one that halts or waits
 * for another gives up the rest of its turn.
 *
 * The loop's thread calls everything but what says "any thread".
 */
#ifndef PIOEMU_VM_SCHEDULER_H
#define PIOEMU_VM_SCHEDULER_H

#include "src/accel/accel.h"
#include "src/base/loop.h"
#include "src/board/clock.h"
#include "src/vm/vcpu_thread.h"

typedef struct CpuScheduler CpuScheduler;

/*
 * The collaborators outlive the scheduler; it starts paused.  `stopped` is told
 * what vcpu.h says, in whatever thread runs the vCPU.
 */
CpuScheduler *scheduler_new(Accel *accel, Loop *loop, Clock *clock, VcpuStopped *stopped,
                            void *opaque);
void scheduler_free(CpuScheduler *scheduler);

/* Makes the next vCPU, which stays the scheduler's. */
Vcpu *scheduler_add_vcpu(CpuScheduler *scheduler, GError **error);
unsigned scheduler_count(const CpuScheduler *scheduler);
Vcpu *scheduler_vcpu(const CpuScheduler *scheduler, unsigned index);

/*
 * Slices only: while the CPU sleeps machine time follows the host's (true), or
 * jumps to the next deadline (false).
 */
void scheduler_set_realtime(CpuScheduler *scheduler, bool on);

/*
 * Slices only.  Machine time moved on by `ns` while the CPU slept: told before
 * it does.
 */
void scheduler_set_skipped(CpuScheduler *scheduler, void (*skipped)(void *opaque, uint64_t ns),
                           void *opaque);
/*
 * Slices only: what the host did comes from a recording.  `deliver` is asked
 * between slices to do all of it that is due, the passing of time while the
 * CPU sleeps included, and says whether there was anything; `until` says after
 * how many instructions the next is, where a slice has to end; `stuck` is told
 * when the CPU sleeps and nothing will wake it.
 */
void scheduler_set_replay(CpuScheduler *scheduler, bool (*deliver)(void *opaque),
                          uint64_t (*until)(void *opaque), void (*stuck)(void *opaque),
                          void *opaque);

/* AccelHost.time_is_up: the slice under way has kept the loop waiting. */
bool scheduler_time_is_up(CpuScheduler *scheduler);

/* Runs the loop, and the vCPUs with it, until loop_quit(). */
void scheduler_run(CpuScheduler *scheduler);

void scheduler_resume(CpuScheduler *scheduler);
/* The CPUs are done, machine time goes on. */
void scheduler_sleep(CpuScheduler *scheduler);
/* Any thread: the vCPUs are to pause soon. */
void scheduler_ask_pause(CpuScheduler *scheduler);
/* Returns when no vCPU runs. */
void scheduler_pause(CpuScheduler *scheduler);

/* Any thread: Vcpu.intr, nmi, init or start of a vCPU changed. */
void scheduler_interrupt(CpuScheduler *scheduler, unsigned index);

/* Only while paused: whether a vCPU waits in HLT and does not know it itself. */
bool scheduler_halted(const CpuScheduler *scheduler, unsigned index);
/* Only while paused: every vCPU is as at power-on, and it is the first one's turn. */
void scheduler_reset(CpuScheduler *scheduler);

#endif
