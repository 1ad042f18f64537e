#include "src/vm/scheduler.h"

/*
 * How long host events may have to wait for a slice: about a millisecond of
 * plain instructions, and so much of the host's time whatever they are.
 */
#define SLICE_MAX UINT64_C(200000)
#define SLICE_NS  UINT64_C(2000000)
/* How many a CPU executes before it is another's turn. */
#define TURN UINT64_C(5000)

/* After a minute of a PC's timer the host's pace will do. */
#define FRUITLESS_MAX 1000u

struct Runner {
    Accel *accel;
    Loop *loop;
    Clock *clock;
    VcpuStopped *stopped;
    void *opaque;
    GPtrArray *vcpus;
    GPtrArray *threads; /* of VcpuThread; empty: slices */

    /* Slices */
    bool running;
    bool sleeping; /* the CPUs are done, and no interrupt changes that */
    bool in_run;   /* a CPU is in its part of a slice */
    bool time_up;  /* the slice has had its host time */
    bool realtime;
    uint64_t skip_work;   /* instructions at the last skip, */
    unsigned fruitless;   /* and how many before it led to none */
    guint turn;           /* whose it is */
    uint64_t turn_left;   /* of it, in instructions */
    uint64_t real_origin; /* host time at machine time 0 */
    uint64_t slice_began; /* host time */
    Clock *host;          /* the host's time */
    LoopTimer *wake;
    void (*skipped)(void *opaque, uint64_t ns); /* NULL: nobody wants to know */
    void *skipped_opaque;
    bool (*deliver)(void *opaque); /* NULL: the host is what it is */
    uint64_t (*until)(void *opaque);
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

/* A kick that waited for a CPU that does not run would end a later slice, which no replay does. */
static void end_slice(Runner *runner)
{
    if (runner->in_run) {
        runner->accel->class->kick(runner->vcpus->pdata[runner->turn]);
    }
}

/* A deadline came up that ends the slice under way earlier. */
static void nearer_deadline(void *opaque, uint64_t deadline)
{
    (void)deadline;
    end_slice(opaque);
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

void runner_set_replay(Runner *runner, bool (*deliver)(void *opaque),
                       uint64_t (*until)(void *opaque), void (*stuck)(void *opaque), void *opaque)
{
    runner->deliver = deliver;
    runner->until = until;
    runner->stuck = stuck;
    runner->replay_opaque = opaque;
}

/* ---- slices ---- */

static bool is_active(const Runner *runner, guint index)
{
    return runner->accel->class->activity(runner->vcpus->pdata[index]) == VCPU_ACTIVE;
}

static bool any_active(const Runner *runner)
{
    for (guint i = 0; i < runner->vcpus->len; i++) {
        if (is_active(runner, i)) {
            return true;
        }
    }
    return false;
}

static bool all_dead(const Runner *runner)
{
    for (guint i = 0; i < runner->vcpus->len; i++) {
        if (runner->accel->class->activity(runner->vcpus->pdata[i]) != VCPU_DEAD) {
            return false;
        }
    }
    return true;
}

static void begin_turn(Runner *runner, guint index)
{
    runner->turn = index;
    runner->turn_left = runner->vcpus->len > 1 ? TURN : UINT64_MAX;
}

/*
 * Whose turn it is depends on nothing but what the CPUs executed, not on where
 * slices end: else a replay could not repeat it.
 */
static bool find_turn(Runner *runner)
{
    if (runner->turn_left && is_active(runner, runner->turn)) {
        return true;
    }
    for (guint i = 1; i <= runner->vcpus->len; i++) {
        guint index = (runner->turn + i) % runner->vcpus->len;
        if (is_active(runner, index)) {
            begin_turn(runner, index);
            return true;
        }
    }
    return false;
}

static uint64_t executed(const Runner *runner)
{
    VcpuPosition position;
    runner->accel->class->position(runner->accel, &position);
    return position.instructions;
}

/* One CPU, at most to the end of its turn. */
static VcpuStop run_turn(Runner *runner, uint64_t budget)
{
    Vcpu *vcpu = runner->vcpus->pdata[runner->turn];
    uint64_t before = executed(runner);
    runner->accel->class->set_budget(vcpu, MIN(budget, runner->turn_left));
    runner->in_run = true;
    VcpuStop stop = runner->accel->class->run(vcpu);
    runner->in_run = false;
    runner->turn_left -= MIN(runner->turn_left, executed(runner) - before);
    if (stop == VCPU_YIELDED) {
        runner->turn_left = 0;
    }
    return stop;
}

/* False: something else comes first now. */
static bool goes_on(Runner *runner, VcpuStop stop)
{
    switch (stop) {
    case VCPU_KICKED:
        return false;
    case VCPU_SLICE_DONE:
    case VCPU_YIELDED:
    case VCPU_HALTED:
    case VCPU_HALTED_DEAD:
        return true;
    default:
        runner->running = false;
        runner->stopped(runner->opaque, runner->vcpus->pdata[runner->turn], stop);
        return false;
    }
}

/*
 * Instructions until the next deadline, or the end of the slice; at least one
 * in all.  Slices end at round numbers, so that what a trace shows of their
 * ends does not depend on where the host's time cut one.
 */
static uint64_t left_of_slice(const Runner *runner, uint64_t start)
{
    uint64_t deadline = clock_next_deadline(runner->clock), now = clock_now(runner->clock);
    uint64_t at = executed(runner), end = (start / SLICE_MAX + 1) * SLICE_MAX;
    uint64_t hosts = runner->until ? runner->until(runner->replay_opaque) : UINT64_MAX;
    if (deadline <= now || !hosts) {
        return at == start;
    }
    uint64_t until = runner->accel->class->instructions_in(runner->accel, deadline - now);
    return at < end ? MIN(MIN(until, hosts), end - at) : 0;
}

bool runner_time_is_up(Runner *runner)
{
    runner->time_up = clock_now(runner->host) - runner->slice_began >= SLICE_NS;
    return runner->time_up;
}

static void run_slice(Runner *runner)
{
    uint64_t start = executed(runner), left;
    runner->slice_began = clock_now(runner->host);
    runner->time_up = false;
    while (!runner->time_up && find_turn(runner) && (left = left_of_slice(runner, start))) {
        if (!goes_on(runner, run_turn(runner, left))) {
            break;
        }
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

static bool is_asleep(const Runner *runner)
{
    return runner->sleeping || !any_active(runner);
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

/* As long as the deadline is away in machine time, or until the host has something for us. */
static void sleep_through(Runner *runner, uint64_t deadline)
{
    uint64_t now = clock_now(runner->clock), start = clock_now(runner->host);
    loop_timer_start(runner->wake, deadline - MIN(now, deadline));
    loop_step(runner->loop, true);
    loop_timer_stop(runner->wake);
    advance_to(runner, MIN(now + (clock_now(runner->host) - start), deadline));
}

/* Deadline after deadline gives no CPU anything to do, like a timer that nobody listens to. */
static bool is_skipping_in_vain(Runner *runner)
{
    uint64_t work = executed(runner);
    runner->fruitless = work == runner->skip_work ? MIN(runner->fruitless + 1, FRUITLESS_MAX) : 0;
    runner->skip_work = work;
    return runner->fruitless == FRUITLESS_MAX;
}

static void sleep_halted(Runner *runner)
{
    uint64_t deadline = clock_next_deadline(runner->clock);
    if (deadline == CLOCK_NEVER) {
        loop_step(runner->loop, true);
    } else if (runner->realtime) {
        sleep_until(runner, deadline);
    } else if (is_skipping_in_vain(runner)) {
        sleep_through(runner, deadline);
    } else {
        loop_step(runner->loop, false);
        advance_to(runner, deadline);
    }
}

/* Nothing can end it: the machine decides what to do. */
static bool is_over(Runner *runner)
{
    bool over = !runner->sleeping && all_dead(runner);
    if (over) {
        runner->running = false;
        runner->stopped(runner->opaque, runner->vcpus->pdata[runner->turn], VCPU_HALTED_DEAD);
    }
    return over;
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
    if (!runner->running || is_over(runner)) {
        loop_step(runner->loop, !deliver(runner));
    } else if (is_asleep(runner)) {
        replay_sleep(runner);
    } else if (!deliver(runner)) {
        run_slice(runner);
        deliver(runner);
        loop_step(runner->loop, false);
        deliver(runner);
    }
}

static void step(Runner *runner)
{
    if (!runner->running || is_over(runner)) {
        loop_step(runner->loop, true);
    } else if (is_asleep(runner)) {
        sleep_halted(runner);
    } else {
        run_slice(runner);
        loop_step(runner->loop, false);
    }
}

static void run_slices(Runner *runner)
{
    while (!loop_quit_asked(runner->loop)) {
        if (runner->deliver) {
            replay_step(runner);
        } else {
            step(runner);
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
        end_slice(runner);
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
    return is_threaded(runner) && vcpu_thread_halted(runner->threads->pdata[index]);
}

void runner_reset(Runner *runner)
{
    for (guint i = 0; i < runner->threads->len; i++) {
        vcpu_thread_set_halted(runner->threads->pdata[i], false);
    }
    runner->sleeping = false;
    runner->turn = 0;
    runner->turn_left = 0;
}
