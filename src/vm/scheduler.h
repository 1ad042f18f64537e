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

typedef struct Runner Runner;

/*
 * The collaborators outlive the runner; it starts paused.  `stopped` is told
 * what vcpu.h says, in whatever thread runs the vCPU.
 */
Runner *runner_new(Accel *accel, Loop *loop, Clock *clock, VcpuStopped *stopped, void *opaque);
void runner_free(Runner *runner);

/* Makes the next vCPU, which stays the runner's. */
Vcpu *runner_add_vcpu(Runner *runner, GError **error);
unsigned runner_count(const Runner *runner);
Vcpu *runner_vcpu(const Runner *runner, unsigned index);

/*
 * Slices only: while the CPU sleeps machine time follows the host's (true), or
 * jumps to the next deadline (false).
 */
void runner_set_realtime(Runner *runner, bool on);

/*
 * Slices only.  Machine time moved on by `ns` while the CPU slept: told before
 * it does.
 */
void runner_set_skipped(Runner *runner, void (*skipped)(void *opaque, uint64_t ns), void *opaque);
/*
 * Slices only: what the host did comes from a recording.  `deliver` is asked
 * between slices to do all of it that is due, the passing of time while the
 * CPU sleeps included, and says whether there was anything; `until` says after
 * how many instructions the next is, where a slice has to end; `stuck` is told
 * when the CPU sleeps and nothing will wake it.
 */
void runner_set_replay(Runner *runner, bool (*deliver)(void *opaque),
                       uint64_t (*until)(void *opaque), void (*stuck)(void *opaque), void *opaque);

/* AccelHost.time_is_up: the slice under way has kept the loop waiting. */
bool runner_time_is_up(Runner *runner);

/* Runs the loop, and the vCPUs with it, until loop_quit(). */
void runner_run(Runner *runner);

void runner_resume(Runner *runner);
/* The CPUs are done, machine time goes on. */
void runner_sleep(Runner *runner);
/* Any thread: the vCPUs are to pause soon. */
void runner_ask_pause(Runner *runner);
/* Returns when no vCPU runs. */
void runner_pause(Runner *runner);

/* Any thread: Vcpu.intr, nmi, init or start of a vCPU changed. */
void runner_interrupt(Runner *runner, unsigned index);

/* Only while paused: whether a vCPU waits in HLT and does not know it itself. */
bool runner_halted(const Runner *runner, unsigned index);
/* Only while paused: every vCPU is as at power-on, and it is the first one's turn. */
void runner_reset(Runner *runner);

#endif
