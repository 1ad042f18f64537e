/*
 * A thread for each CPU.  The threads run by themselves, and so does the clock.
 */
#include "src/vm/scheduler_internal.h"

typedef void ThreadFunction(VcpuThread *thread);

static void each(CpuScheduler *scheduler, ThreadFunction *function)
{
    for (guint i = 0; i < scheduler->threads->len; i++) {
        function(scheduler->threads->pdata[i]);
    }
}

static void init(CpuScheduler *scheduler)
{
    scheduler->threads = g_ptr_array_new_with_free_func((GDestroyNotify)vcpu_thread_free);
}

static void clear(CpuScheduler *scheduler)
{
    g_ptr_array_unref(scheduler->threads);
}

/* The first CPU's thread may serve the clock's deadlines while it halts. */
static bool add(CpuScheduler *scheduler, Vcpu *vcpu, GError **error)
{
    Clock *clock = vcpu->index ? NULL : scheduler->clock;
    VcpuThread *thread = vcpu_thread_new(vcpu, clock, scheduler->stopped, scheduler->opaque, error);
    if (thread) {
        g_ptr_array_add(scheduler->threads, thread);
    }
    return thread != NULL;
}

static void run(CpuScheduler *scheduler)
{
    (void)scheduler;
}

static void resume(CpuScheduler *scheduler)
{
    for (guint i = 0; i < scheduler->threads->len; i++) {
        if (!scheduler->parked->data[i]) {
            vcpu_thread_resume(scheduler->threads->pdata[i]);
        }
    }
}

/* The threads already wait for a resume, and the clock runs on. */
static void sleep_for_good(CpuScheduler *scheduler)
{
    (void)scheduler;
}

static void ask_pause(CpuScheduler *scheduler)
{
    each(scheduler, vcpu_thread_ask_pause);
}

/* Asks all threads first, so that the pause takes as long as the slowest one, and not the sum. */
static void pause_all(CpuScheduler *scheduler)
{
    each(scheduler, vcpu_thread_ask_pause);
    each(scheduler, vcpu_thread_await_pause);
}

static void interrupt(CpuScheduler *scheduler, unsigned index)
{
    vcpu_thread_interrupt(scheduler->threads->pdata[index]);
}

static bool halted(const CpuScheduler *scheduler, unsigned index)
{
    return vcpu_thread_halted(scheduler->threads->pdata[index]);
}

static void forget_halt(VcpuThread *thread)
{
    vcpu_thread_set_halted(thread, false);
}

static void reset(CpuScheduler *scheduler)
{
    each(scheduler, forget_halt);
}

const SchedulerClass THREAD_SCHEDULER = {
    .init = init,
    .clear = clear,
    .add = add,
    .run = run,
    .resume = resume,
    .sleep = sleep_for_good,
    .ask_pause = ask_pause,
    .pause = pause_all,
    .interrupt = interrupt,
    .halted = halted,
    .reset = reset,
};
