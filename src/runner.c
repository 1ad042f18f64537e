#include "src/runner.h"

/* How many instructions host events may have to wait for: about a millisecond. */
#define SLICE_MAX UINT64_C(200000)

struct Runner {
    Accel *accel;
    Loop *loop;
    Clock *clock;
    VcpuStopped *stopped;
    void *opaque;
    GPtrArray *vcpus;
    GPtrArray *threads; /* of VcpuThread; empty: slices */

    /* Slices: one vCPU. */
    bool running, halted;
    bool sleeping; /* halted, and no interrupt ends it */
    bool in_run;   /* a slice is under way */
    bool realtime;
    uint64_t real_origin; /* host time at machine time 0 */
    Clock *host;          /* the host's time */
    LoopTimer *wake;
    void (*skipped)(void *opaque, uint64_t ns); /* NULL: nobody wants to know */
    void *skipped_opaque;
    bool (*deliver)(void *opaque); /* NULL: the host is what it is */
    void (*stuck)(void *opaque);
    void *replay_opaque;
};

static bool is_threaded(const Runner *runner)
{
    return runner->accel->class->threaded;
}

/* Only there to end a wait. */
static void woken(void *opaque)
{
    (void)opaque;
}

/* A deadline came up that ends the slice under way earlier. */
static void nearer_deadline(void *opaque, uint64_t deadline)
{
    Runner *runner = opaque;
    (void)deadline;
    if (runner->in_run) {
        runner->accel->class->kick(runner->vcpus->pdata[0]);
    }
}

Runner *runner_new(Accel *accel, Loop *loop, Clock *clock, VcpuStopped *stopped, void *opaque)
{
    Runner *runner = g_new0(Runner, 1);
    runner->accel = accel;
    runner->loop = loop;
    runner->clock = clock;
    runner->stopped = stopped;
    runner->opaque = opaque;
    runner->vcpus = g_ptr_array_new_with_free_func((GDestroyNotify)vcpu_free);
    runner->threads = g_ptr_array_new_with_free_func((GDestroyNotify)vcpu_thread_free);
    runner->host = clock_new_monotonic();
    clock_resume(runner->host);
    runner->wake = loop_timer_new(loop, woken, NULL);
    if (!is_threaded(runner)) {
        clock_set_wakeup(clock, nearer_deadline, runner);
    }
    return runner;
}

void runner_free(Runner *runner)
{
    if (!is_threaded(runner)) {
        clock_set_wakeup(runner->clock, NULL, NULL);
    }
    g_ptr_array_unref(runner->threads);
    g_ptr_array_unref(runner->vcpus);
    loop_timer_free(runner->wake);
    clock_free(runner->host);
    g_free(runner);
}

Vcpu *runner_add_vcpu(Runner *runner, GError **error)
{
    Vcpu *vcpu = vcpu_new(runner->accel, runner->vcpus->len, error);
    if (!vcpu) {
        return NULL;
    }
    g_ptr_array_add(runner->vcpus, vcpu);
    if (is_threaded(runner)) {
        Clock *clock = vcpu->index ? NULL : runner->clock;
        VcpuThread *thread = vcpu_thread_new(vcpu, clock, runner->stopped, runner->opaque, error);
        if (!thread) {
            return NULL;
        }
        g_ptr_array_add(runner->threads, thread);
    }
    return vcpu;
}

unsigned runner_count(const Runner *runner)
{
    return runner->vcpus->len;
}

Vcpu *runner_vcpu(const Runner *runner, unsigned index)
{
    return runner->vcpus->pdata[index];
}

void runner_set_realtime(Runner *runner, bool on)
{
    runner->realtime = on;
}

void runner_set_skipped(Runner *runner, void (*skipped)(void *opaque, uint64_t ns), void *opaque)
{
    runner->skipped = skipped;
    runner->skipped_opaque = opaque;
}

void runner_set_replay(Runner *runner, bool (*deliver)(void *opaque), void (*stuck)(void *opaque),
                       void *opaque)
{
    runner->deliver = deliver;
    runner->stuck = stuck;
    runner->replay_opaque = opaque;
}

/* ---- slices ---- */

static void run_slice(Runner *runner)
{
    Vcpu *vcpu = runner->vcpus->pdata[0];
    const AccelClass *class = runner->accel->class;
    uint64_t deadline = clock_next_deadline(runner->clock);
    uint64_t now = clock_now(runner->clock);
    uint64_t until = deadline > now ? class->instructions_in(vcpu, deadline - now) : 1;
    class->set_budget(vcpu, CLAMP(until, 1, SLICE_MAX));
    runner->in_run = true;
    VcpuStop stop = class->run(vcpu);
    runner->in_run = false;
    switch (stop) {
    case VCPU_KICKED:
    case VCPU_SLICE_DONE:
        break;
    case VCPU_HALTED:
        runner->halted = true;
        break;
    default:
        runner->running = false;
        runner->stopped(runner->opaque, vcpu, stop);
        break;
    }
}

/* Machine time that passed in the host's world; no earlier than machine time itself. */
static uint64_t real_time(const Runner *runner)
{
    return clock_now(runner->host) - runner->real_origin;
}

static void advance_to(Runner *runner, uint64_t time)
{
    uint64_t now = clock_now(runner->clock);
    if (time > now) {
        if (runner->skipped) {
            runner->skipped(runner->skipped_opaque, time - now);
        }
        clock_skip(runner->clock, time - now);
    }
}

/* Sleeps until the deadline or until the host has something for us. */
static void sleep_until(Runner *runner, uint64_t deadline)
{
    uint64_t real = real_time(runner);
    if (real < deadline) {
        loop_timer_start(runner->wake, deadline - real);
        loop_step(runner->loop, true);
        loop_timer_stop(runner->wake);
    }
    advance_to(runner, MIN(real_time(runner), deadline));
}

static void sleep_halted(Runner *runner)
{
    uint64_t deadline = clock_next_deadline(runner->clock);
    if (deadline == CLOCK_NEVER) {
        loop_step(runner->loop, true);
    } else if (runner->realtime) {
        sleep_until(runner, deadline);
    } else {
        loop_step(runner->loop, false);
        advance_to(runner, deadline);
    }
}

static bool deliver(Runner *runner)
{
    return runner->deliver(runner->replay_opaque);
}

/* A deadline that is due needs nobody. */
static void replay_sleep(Runner *runner)
{
    bool woken = deliver(runner);
    loop_step(runner->loop, false);
    woken |= deliver(runner);
    bool due = clock_next_deadline(runner->clock) <= clock_now(runner->clock);
    if (!woken && !due && runner->running) {
        runner->stuck(runner->replay_opaque);
    }
}

/* What the host did before a request of the guest's was served comes first. */
static void replay_step(Runner *runner)
{
    if (!runner->running) {
        loop_step(runner->loop, !deliver(runner));
    } else if (runner->halted || runner->sleeping) {
        replay_sleep(runner);
    } else if (!deliver(runner)) {
        run_slice(runner);
        deliver(runner);
        loop_step(runner->loop, false);
        deliver(runner);
    }
}

static bool has_interrupt(const Runner *runner)
{
    const Vcpu *vcpu = runner->vcpus->pdata[0];
    return atomic_load(&vcpu->intr) || atomic_load(&vcpu->nmi);
}

static void run_slices(Runner *runner)
{
    while (!loop_quit_asked(runner->loop)) {
        if (runner->halted && has_interrupt(runner)) {
            runner->halted = false;
        }
        if (runner->deliver) {
            replay_step(runner);
        } else if (!runner->running) {
            loop_step(runner->loop, true);
        } else if (runner->halted || runner->sleeping) {
            sleep_halted(runner);
        } else {
            run_slice(runner);
            loop_step(runner->loop, false);
        }
        if (runner->running) {
            clock_run_due(runner->clock);
        }
    }
}

void runner_run(Runner *runner)
{
    if (!is_threaded(runner) && runner->vcpus->len) {
        run_slices(runner);
    }
    loop_run(runner->loop);
}

/* ---- pausing ---- */

void runner_resume(Runner *runner)
{
    if (!runner->running) {
        /* Machine time stood still: so does what follows the host's. */
        runner->real_origin = clock_now(runner->host) - clock_now(runner->clock);
    }
    runner->running = true;
    for (guint i = 0; i < runner->threads->len; i++) {
        vcpu_thread_resume(runner->threads->pdata[i]);
    }
}

/* Threads wait for a resume already; their machine's clock needs nobody. */
void runner_sleep(Runner *runner)
{
    if (!is_threaded(runner)) {
        runner->sleeping = true;
        runner_resume(runner);
    }
}

void runner_ask_pause(Runner *runner)
{
    if (is_threaded(runner)) {
        for (guint i = 0; i < runner->threads->len; i++) {
            vcpu_thread_ask_pause(runner->threads->pdata[i]);
        }
    } else {
        runner->running = false;
        g_ptr_array_foreach(runner->vcpus, (GFunc)(void (*)(void))runner->accel->class->kick, NULL);
    }
}

/* Asked together, so that it takes as long as the slowest. */
void runner_pause(Runner *runner)
{
    runner_ask_pause(runner);
    for (guint i = 0; i < runner->threads->len; i++) {
        vcpu_thread_pause(runner->threads->pdata[i]);
    }
    runner->running = false;
}

void runner_interrupt(Runner *runner, unsigned index)
{
    if (is_threaded(runner)) {
        vcpu_thread_interrupt(runner->threads->pdata[index]);
    } else {
        runner->accel->class->interrupt_changed(runner->vcpus->pdata[index]);
    }
}

bool runner_halted(const Runner *runner, unsigned index)
{
    return is_threaded(runner) ? vcpu_thread_halted(runner->threads->pdata[index]) : runner->halted;
}

void runner_set_halted(Runner *runner, unsigned index, bool halted)
{
    if (is_threaded(runner)) {
        vcpu_thread_set_halted(runner->threads->pdata[index], halted);
    } else {
        runner->halted = halted;
        runner->sleeping = false;
    }
}
