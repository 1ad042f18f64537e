#include "src/vm/vcpu_thread.h"

#include "src/base/error.h"

#include <sys/prctl.h>

/* The smallest slack that Linux has, so that this thread wakes as exactly as the loop does. */
#define TIMER_SLACK_NS 1ul

struct VcpuThread {
    Vcpu *vcpu;
    Clock *clock; /* NULL: another thread serves it */
    VcpuStopped *stopped;
    void *opaque;
    GThread *thread;
    GMutex lock;
    GCond changed; /* signalled when a field below or an interrupt pin changes */
    bool run_wanted, quit;
    bool running;     /* inside run(), about to call it, or serving the clock */
    unsigned pausers; /* how many threads wait until it stops */
    bool halted;
    bool stands_in; /* the last halt lasted until a deadline, so the next one is expected to */
};

static const AccelClass *accel_class(const VcpuThread *thread)
{
    return thread->vcpu->accel->class;
}

static bool has_interrupt(const VcpuThread *thread)
{
    return atomic_load(&thread->vcpu->intr) || atomic_load(&thread->vcpu->nmi);
}

/* ---- sleeping, all of it with the lock held ---- */

static bool halt_goes_on(const VcpuThread *thread)
{
    return !thread->quit && thread->run_wanted && !has_interrupt(thread);
}

static void sleep_without_clock(VcpuThread *thread)
{
    uint64_t deadline = clock_next_deadline(thread->clock);
    while (halt_goes_on(thread)) {
        g_cond_wait(&thread->changed, &thread->lock);
    }
    thread->stands_in = clock_next_deadline(thread->clock) != deadline;
}

/* Returns false if the deadline came first. */
static bool wait_until(VcpuThread *thread, uint64_t deadline)
{
    gint64 us = (gint64)(deadline / 1000 + (deadline % 1000 != 0));
    return g_cond_wait_until(&thread->changed, &thread->lock, us);
}

/*
 * The thread serves the deadline itself, as it must run next anyway.  So a tick of
 * an idle guest costs a single wake-up.  A thread that must pause serves no
 * deadline.
 */
static void sleep_with_clock(VcpuThread *thread)
{
    uint64_t deadline = clock_stand_in(thread->clock);
    bool due = false;
    while (halt_goes_on(thread) && !due) {
        due = !wait_until(thread, deadline);
    }
    due = due && thread->run_wanted && !thread->quit;
    thread->stands_in = due;
    thread->running = due;
    g_mutex_unlock(&thread->lock);
    clock_stand_down(thread->clock, due);
    g_mutex_lock(&thread->lock);
}

static void wait_for_change(VcpuThread *thread)
{
    if (!thread->halted || !thread->run_wanted || !thread->clock) {
        g_cond_wait(&thread->changed, &thread->lock);
    } else if (thread->stands_in) {
        sleep_with_clock(thread);
    } else {
        sleep_without_clock(thread);
    }
}

/* Returns false if the thread must end. */
static bool wait_until_runnable(VcpuThread *thread)
{
    while (!thread->quit) {
        if (thread->halted && has_interrupt(thread)) {
            thread->halted = false;
        }
        if (thread->run_wanted && !thread->halted) {
            return true;
        }
        thread->running = false;
        if (thread->pausers) {
            g_cond_broadcast(&thread->changed);
        }
        wait_for_change(thread);
    }
    return false;
}

/* ---- the thread ---- */

static void handle_stop(VcpuThread *thread, VcpuStop stop)
{
    if (stop == VCPU_KICKED) {
        return;
    }
    if (stop == VCPU_HALTED) {
        thread->halted = true;
        return;
    }
    thread->halted = stop == VCPU_DEBUG && thread->vcpu->debug_stop.halted;
    thread->run_wanted = false;
    g_mutex_unlock(&thread->lock);
    thread->stopped(thread->opaque, thread->vcpu, stop);
    g_mutex_lock(&thread->lock);
}

static gpointer thread_main(gpointer data)
{
    VcpuThread *thread = data;
    if (thread->clock) {
        prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
    }
    atomic_store(&thread->vcpu->thread_id, (int)gettid());
    g_mutex_lock(&thread->lock);
    while (wait_until_runnable(thread)) {
        thread->running = true;
        g_mutex_unlock(&thread->lock);
        VcpuStop stop = accel_class(thread)->run(thread->vcpu);
        g_mutex_lock(&thread->lock);
        handle_stop(thread, stop);
    }
    thread->running = false;
    g_cond_broadcast(&thread->changed);
    g_mutex_unlock(&thread->lock);
    return NULL;
}

static void release(VcpuThread *thread)
{
    g_cond_clear(&thread->changed);
    g_mutex_clear(&thread->lock);
    g_free(thread);
}

VcpuThread *vcpu_thread_new(Vcpu *vcpu, Clock *clock, VcpuStopped *stopped, void *opaque,
                            GError **error)
{
    VcpuThread *thread = g_new0(VcpuThread, 1);
    thread->vcpu = vcpu;
    thread->clock = clock;
    thread->stopped = stopped;
    thread->opaque = opaque;
    g_mutex_init(&thread->lock);
    g_cond_init(&thread->changed);
    g_autofree char *name = g_strdup_printf("vcpu%u", vcpu->index);
    g_autoptr(GError) failure = NULL;
    thread->thread = g_thread_try_new(name, thread_main, thread, &failure);
    if (!thread->thread) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-smp: cannot start the thread of vCPU %u: %s", vcpu->index, failure->message);
        g_clear_pointer(&thread, release);
    }
    return thread;
}

static void ask(VcpuThread *thread, bool run, bool quit)
{
    g_mutex_lock(&thread->lock);
    thread->run_wanted = run;
    thread->quit = quit;
    g_cond_broadcast(&thread->changed);
    g_mutex_unlock(&thread->lock);
    if (!run) {
        accel_class(thread)->kick(thread->vcpu);
    }
}

void vcpu_thread_free(VcpuThread *thread)
{
    ask(thread, false, true);
    g_thread_join(thread->thread);
    release(thread);
}

void vcpu_thread_resume(VcpuThread *thread)
{
    ask(thread, true, false);
}

void vcpu_thread_ask_pause(VcpuThread *thread)
{
    ask(thread, false, false);
}

void vcpu_thread_await_pause(VcpuThread *thread)
{
    g_mutex_lock(&thread->lock);
    thread->pausers++;
    while (thread->running) {
        g_cond_wait(&thread->changed, &thread->lock);
    }
    thread->pausers--;
    g_mutex_unlock(&thread->lock);
}

/*
 * The vCPU's own thread is awake, and looks at the pins before it continues.  A
 * sleeping thread needs no kick.  Its wake-up comes after the unlock, so that it
 * finds the lock free.
 */
void vcpu_thread_interrupt(VcpuThread *thread)
{
    if (g_thread_self() == thread->thread) {
        return;
    }
    g_mutex_lock(&thread->lock);
    bool running = thread->running;
    g_mutex_unlock(&thread->lock);
    if (running) {
        accel_class(thread)->interrupt_changed(thread->vcpu);
    } else {
        g_cond_broadcast(&thread->changed);
    }
}

bool vcpu_thread_halted(VcpuThread *thread)
{
    g_mutex_lock(&thread->lock);
    bool halted = thread->halted;
    g_mutex_unlock(&thread->lock);
    return halted;
}

void vcpu_thread_set_halted(VcpuThread *thread, bool halted)
{
    g_mutex_lock(&thread->lock);
    thread->halted = halted;
    g_mutex_unlock(&thread->lock);
}
