/*
 * Slices that repeat a recorded run: the host's part of it comes from the
 * recording, at the instruction where it came then.
 */
#include "src/vm/scheduler_internal.h"

static uint64_t until(const CpuScheduler *scheduler)
{
    return scheduler->source.until(scheduler->source.opaque);
}

static bool deliver(CpuScheduler *scheduler)
{
    return scheduler->source.deliver(scheduler->source.opaque);
}

/* If a deadline is due, the CPU wakes without the recording. */
static void replay_sleep(CpuScheduler *scheduler)
{
    bool woken = deliver(scheduler);
    loop_step(scheduler->loop, false);
    woken |= deliver(scheduler);
    bool due = clock_next_deadline(scheduler->clock) <= clock_now(scheduler->clock);
    if (!woken && !due && scheduler->running) {
        scheduler->source.stuck(scheduler->source.opaque);
    }
}

/* Delivers the host's recorded actions before the loop serves requests of the guest. */
static void replay_step(CpuScheduler *scheduler)
{
    if (!scheduler->running || slices_over(scheduler)) {
        loop_step(scheduler->loop, !deliver(scheduler));
    } else if (slices_asleep(scheduler)) {
        replay_sleep(scheduler);
    } else if (!deliver(scheduler)) {
        slices_run_one(scheduler, until);
        deliver(scheduler);
        loop_step(scheduler->loop, false);
        deliver(scheduler);
    }
}

void replay_slices_run(CpuScheduler *scheduler)
{
    slices_run(scheduler, replay_step);
}
