#include "src/vcpu.h"

#include "src/error.h"

struct VcpuThread {
    Vcpu *vcpu;
    VcpuStopped *stopped;
    void *opaque;
    GThread *thread;
    GMutex lock;
    GCond changed; /* any of the fields below, or an interrupt pin */
    bool run_wanted, quit;
    bool running;     /* in run() or about to be */
    unsigned pausers; /* who wait for it to stop */
    bool halted;
};

static const AccelClass *accel_class(const VcpuThread *thread)
{
    return thread->vcpu->accel->class;
}

static bool has_interrupt(const VcpuThread *thread)
{
    return atomic_load(&thread->vcpu->intr) || atomic_load(&thread->vcpu->nmi);
}

/* With the lock held.  False: the thread is to end. */
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
        g_cond_wait(&thread->changed, &thread->lock);
    }
    return false;
}

static void handle_stop(VcpuThread *thread, VcpuStop stop)
{
    if (stop == VCPU_KICKED) {
        return;
    }
    if (stop == VCPU_HALTED) {
        thread->halted = true;
        return;
    }
    thread->run_wanted = false;
    g_mutex_unlock(&thread->lock);
    thread->stopped(thread->opaque, thread->vcpu, stop);
    g_mutex_lock(&thread->lock);
}

static gpointer thread_main(gpointer data)
{
    VcpuThread *thread = data;
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

VcpuThread *vcpu_thread_new(Vcpu *vcpu, VcpuStopped *stopped, void *opaque, GError **error)
{
    VcpuThread *thread = g_new0(VcpuThread, 1);
    thread->vcpu = vcpu;
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

void vcpu_thread_pause(VcpuThread *thread)
{
    ask(thread, false, false);
    g_mutex_lock(&thread->lock);
    thread->pausers++;
    while (thread->running) {
        g_cond_wait(&thread->changed, &thread->lock);
    }
    thread->pausers--;
    g_mutex_unlock(&thread->lock);
}

/*
 * The vCPU's own thread is not asleep and looks at the pins before it runs on.
 * A thread that sleeps needs no kick, and the wake-up comes after the unlock,
 * so that it finds the lock free.
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
