#include "src/vm/scheduler.h"

/*
 * How long host events may have to wait for the end of a slice: this number of
 * instructions, which take about a millisecond if they are simple, and this time on
 * the host's clock, whatever they are.
 */
#define SLICE_MAX UINT64_C(200000)
#define SLICE_NS  UINT64_C(2000000)
/* How many instructions a CPU executes before the next CPU's turn. */
#define TURN UINT64_C(5000)

/* A minute of ticks of a PC's timer. */
#define FRUITLESS_MAX 1000u

struct CpuScheduler {
    Accel *accel;
    Loop *loop;
    Clock *clock;
    VcpuStopped *stopped;
    void *opaque;
    GPtrArray *vcpus;
    GPtrArray *threads; /* VcpuThread; empty if there are slices instead */
    GByteArray *parked; /* by CPU: whether it stays where it is */

    /* For slices. */
    bool running;
    bool sleeping; /* the CPUs have halted, and no interrupt can change that */
    bool in_run;   /* a CPU is running in a slice */
    bool time_up;  /* the slice has used its time on the host's clock */
    bool realtime;
    uint64_t skip_work;   /* the instruction count at the last skip */
    unsigned fruitless;   /* how many skips in a row led to no instruction */
    guint turn;           /* the index of the CPU that has the turn */
    uint64_t turn_left;   /* in instructions */
    uint64_t real_origin; /* the host's time at machine time 0 */
    uint64_t slice_began; /* the host's time when the slice began */
    Clock *host;          /* the clock of the host's time */
    LoopTimer *wake;
    void (*skipped)(void *opaque, uint64_t ns); /* NULL: the skips are not recorded */
    void *skipped_opaque;
    bool (*deliver)(void *opaque); /* NULL: this is no replay */
    uint64_t (*until)(void *opaque);
    void (*stuck)(void *opaque);
    void *replay_opaque;
};

static bool is_threaded(const CpuScheduler *scheduler)
{
    return scheduler->accel->class->threaded;
}

/* The timer only ends a wait. */
static void woken(void *opaque)
{
    (void)opaque;
}

/*
 * Kicks the CPU that is running in a slice.  A kick of a CPU that does not run
 * would stay pending and end a later slice, and then a replay would differ.
 */
static void end_slice(CpuScheduler *scheduler)
{
    if (scheduler->in_run) {
        scheduler->accel->class->kick(scheduler->vcpus->pdata[scheduler->turn]);
    }
}

/* A timer was armed for a time before the end of the current slice. */
static void nearer_deadline(void *opaque, uint64_t deadline)
{
    (void)deadline;
    end_slice(opaque);
}

CpuScheduler *scheduler_new(Accel *accel, Loop *loop, Clock *clock, VcpuStopped *stopped,
                            void *opaque)
{
    CpuScheduler *scheduler = g_new0(CpuScheduler, 1);
    scheduler->accel = accel;
    scheduler->loop = loop;
    scheduler->clock = clock;
    scheduler->stopped = stopped;
    scheduler->opaque = opaque;
    scheduler->vcpus = g_ptr_array_new_with_free_func((GDestroyNotify)vcpu_free);
    scheduler->parked = g_byte_array_new();
    scheduler->threads = g_ptr_array_new_with_free_func((GDestroyNotify)vcpu_thread_free);
    scheduler->host = clock_new_monotonic();
    clock_resume(scheduler->host);
    scheduler->wake = loop_timer_new(loop, woken, NULL);
    if (!is_threaded(scheduler)) {
        clock_set_wakeup(clock, nearer_deadline, scheduler);
    }
    return scheduler;
}

void scheduler_free(CpuScheduler *scheduler)
{
    if (!is_threaded(scheduler)) {
        clock_set_wakeup(scheduler->clock, NULL, NULL);
    }
    g_ptr_array_unref(scheduler->threads);
    g_ptr_array_unref(scheduler->vcpus);
    g_byte_array_unref(scheduler->parked);
    loop_timer_free(scheduler->wake);
    clock_free(scheduler->host);
    g_free(scheduler);
}

Vcpu *scheduler_add_vcpu(CpuScheduler *scheduler, GError **error)
{
    Vcpu *vcpu = vcpu_new(scheduler->accel, scheduler->vcpus->len, error);
    if (!vcpu) {
        return NULL;
    }
    g_ptr_array_add(scheduler->vcpus, vcpu);
    g_byte_array_append(scheduler->parked, &(guint8){false}, 1);
    if (is_threaded(scheduler)) {
        Clock *clock = vcpu->index ? NULL : scheduler->clock;
        VcpuThread *thread =
            vcpu_thread_new(vcpu, clock, scheduler->stopped, scheduler->opaque, error);
        if (!thread) {
            return NULL;
        }
        g_ptr_array_add(scheduler->threads, thread);
    }
    return vcpu;
}

unsigned scheduler_count(const CpuScheduler *scheduler)
{
    return scheduler->vcpus->len;
}

Vcpu *scheduler_vcpu(const CpuScheduler *scheduler, unsigned index)
{
    return scheduler->vcpus->pdata[index];
}

void scheduler_set_realtime(CpuScheduler *scheduler, bool on)
{
    scheduler->realtime = on;
}

void scheduler_set_skipped(CpuScheduler *scheduler, void (*skipped)(void *opaque, uint64_t ns),
                           void *opaque)
{
    scheduler->skipped = skipped;
    scheduler->skipped_opaque = opaque;
}

void scheduler_set_replay(CpuScheduler *scheduler, bool (*deliver)(void *opaque),
                          uint64_t (*until)(void *opaque), void (*stuck)(void *opaque),
                          void *opaque)
{
    scheduler->deliver = deliver;
    scheduler->until = until;
    scheduler->stuck = stuck;
    scheduler->replay_opaque = opaque;
}

/* ---- slices ---- */

static bool is_active(const CpuScheduler *scheduler, guint index)
{
    return !scheduler->parked->data[index] &&
           scheduler->accel->class->activity(scheduler->vcpus->pdata[index]) == VCPU_ACTIVE;
}

static bool any_active(const CpuScheduler *scheduler)
{
    for (guint i = 0; i < scheduler->vcpus->len; i++) {
        if (is_active(scheduler, i)) {
            return true;
        }
    }
    return false;
}

static bool all_dead(const CpuScheduler *scheduler)
{
    for (guint i = 0; i < scheduler->vcpus->len; i++) {
        if (scheduler->parked->data[i] ||
            scheduler->accel->class->activity(scheduler->vcpus->pdata[i]) != VCPU_DEAD) {
            return false;
        }
    }
    return true;
}

static void begin_turn(CpuScheduler *scheduler, guint index)
{
    scheduler->turn = index;
    scheduler->turn_left = scheduler->vcpus->len > 1 ? TURN : UINT64_MAX;
}

/*
 * The order of turns depends only on what the CPUs executed, and not on the ends of
 * slices.  Otherwise a replay could not repeat it.
 */
static bool find_turn(CpuScheduler *scheduler)
{
    if (scheduler->turn_left && is_active(scheduler, scheduler->turn)) {
        return true;
    }
    for (guint i = 1; i <= scheduler->vcpus->len; i++) {
        guint index = (scheduler->turn + i) % scheduler->vcpus->len;
        if (is_active(scheduler, index)) {
            begin_turn(scheduler, index);
            return true;
        }
    }
    return false;
}

static uint64_t executed(const CpuScheduler *scheduler)
{
    VcpuPosition position;
    scheduler->accel->class->position(scheduler->accel, &position);
    return position.instructions;
}

/* Runs one CPU, at most until the end of its turn. */
static VcpuStop run_turn(CpuScheduler *scheduler, uint64_t budget)
{
    Vcpu *vcpu = scheduler->vcpus->pdata[scheduler->turn];
    uint64_t before = executed(scheduler);
    scheduler->accel->class->set_budget(vcpu, MIN(budget, scheduler->turn_left));
    scheduler->in_run = true;
    VcpuStop stop = scheduler->accel->class->run(vcpu);
    scheduler->in_run = false;
    scheduler->turn_left -= MIN(scheduler->turn_left, executed(scheduler) - before);
    if (stop == VCPU_YIELDED) {
        scheduler->turn_left = 0;
    }
    return stop;
}

/* Returns false if the slice must end. */
static bool goes_on(CpuScheduler *scheduler, VcpuStop stop)
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
        scheduler->running = false;
        scheduler->stopped(scheduler->opaque, scheduler->vcpus->pdata[scheduler->turn], stop);
        return false;
    }
}

/*
 * The number of instructions until the next deadline or the end of the slice.  A
 * slice has at least one.  Slices end at multiples of SLICE_MAX.  So their ends in
 * a trace do not depend on where the host's time cut a slice short.
 */
static uint64_t left_of_slice(const CpuScheduler *scheduler, uint64_t start)
{
    uint64_t deadline = clock_next_deadline(scheduler->clock), now = clock_now(scheduler->clock);
    uint64_t at = executed(scheduler), end = (start / SLICE_MAX + 1) * SLICE_MAX;
    uint64_t hosts = scheduler->until ? scheduler->until(scheduler->replay_opaque) : UINT64_MAX;
    if (deadline <= now || !hosts) {
        return at == start;
    }
    uint64_t until = scheduler->accel->class->instructions_in(scheduler->accel, deadline - now);
    return at < end ? MIN(MIN(until, hosts), end - at) : 0;
}

bool scheduler_time_is_up(CpuScheduler *scheduler)
{
    scheduler->time_up = clock_now(scheduler->host) - scheduler->slice_began >= SLICE_NS;
    return scheduler->time_up;
}

static void run_slice(CpuScheduler *scheduler)
{
    uint64_t start = executed(scheduler), left;
    scheduler->slice_began = clock_now(scheduler->host);
    scheduler->time_up = false;
    while (!scheduler->time_up && find_turn(scheduler) &&
           (left = left_of_slice(scheduler, start))) {
        if (!goes_on(scheduler, run_turn(scheduler, left))) {
            break;
        }
    }
}

/*
 * The machine time that the host's clock corresponds to.  It is never before
 * machine time itself.
 */
static uint64_t real_time(const CpuScheduler *scheduler)
{
    return clock_now(scheduler->host) - scheduler->real_origin;
}

static void advance_to(CpuScheduler *scheduler, uint64_t time)
{
    uint64_t now = clock_now(scheduler->clock);
    if (time > now) {
        if (scheduler->skipped) {
            scheduler->skipped(scheduler->skipped_opaque, time - now);
        }
        clock_skip(scheduler->clock, time - now);
    }
}

static bool is_asleep(const CpuScheduler *scheduler)
{
    return scheduler->sleeping || !any_active(scheduler);
}

/* Sleeps until the deadline, or until the host has an event for us. */
static void sleep_until(CpuScheduler *scheduler, uint64_t deadline)
{
    uint64_t real = real_time(scheduler);
    if (real < deadline) {
        loop_timer_start(scheduler->wake, deadline - real);
        loop_step(scheduler->loop, true);
        loop_timer_stop(scheduler->wake);
    }
    advance_to(scheduler, MIN(real_time(scheduler), deadline));
}

/*
 * Sleeps as long as it is to the deadline in machine time, or until the host has an
 * event for us.
 */
static void sleep_through(CpuScheduler *scheduler, uint64_t deadline)
{
    uint64_t now = clock_now(scheduler->clock), start = clock_now(scheduler->host);
    loop_timer_start(scheduler->wake, deadline - MIN(now, deadline));
    loop_step(scheduler->loop, true);
    loop_timer_stop(scheduler->wake);
    advance_to(scheduler, MIN(now + (clock_now(scheduler->host) - start), deadline));
}

/*
 * True after many deadlines that gave no CPU anything to do, such as those of a
 * timer whose interrupt is masked.  Then time passes at the host's pace.
 */
static bool is_skipping_in_vain(CpuScheduler *scheduler)
{
    uint64_t work = executed(scheduler);
    scheduler->fruitless =
        work == scheduler->skip_work ? MIN(scheduler->fruitless + 1, FRUITLESS_MAX) : 0;
    scheduler->skip_work = work;
    return scheduler->fruitless == FRUITLESS_MAX;
}

static void sleep_halted(CpuScheduler *scheduler)
{
    uint64_t deadline = clock_next_deadline(scheduler->clock);
    if (deadline == CLOCK_NEVER) {
        loop_step(scheduler->loop, true);
    } else if (scheduler->realtime) {
        sleep_until(scheduler, deadline);
    } else if (is_skipping_in_vain(scheduler)) {
        sleep_through(scheduler, deadline);
    } else {
        loop_step(scheduler->loop, false);
        advance_to(scheduler, deadline);
    }
}

/* All CPUs have halted for good.  The machine decides what follows. */
static bool is_over(CpuScheduler *scheduler)
{
    bool over = !scheduler->sleeping && all_dead(scheduler);
    if (over) {
        scheduler->running = false;
        scheduler->stopped(scheduler->opaque, scheduler->vcpus->pdata[scheduler->turn],
                           VCPU_HALTED_DEAD);
    }
    return over;
}

static bool deliver(CpuScheduler *scheduler)
{
    return scheduler->deliver(scheduler->replay_opaque);
}

/* If a deadline is due, the CPU wakes without the recording. */
static void replay_sleep(CpuScheduler *scheduler)
{
    bool woken = deliver(scheduler);
    loop_step(scheduler->loop, false);
    woken |= deliver(scheduler);
    bool due = clock_next_deadline(scheduler->clock) <= clock_now(scheduler->clock);
    if (!woken && !due && scheduler->running) {
        scheduler->stuck(scheduler->replay_opaque);
    }
}

/* Delivers the host's recorded actions before the loop serves requests of the guest. */
static void replay_step(CpuScheduler *scheduler)
{
    if (!scheduler->running || is_over(scheduler)) {
        loop_step(scheduler->loop, !deliver(scheduler));
    } else if (is_asleep(scheduler)) {
        replay_sleep(scheduler);
    } else if (!deliver(scheduler)) {
        run_slice(scheduler);
        deliver(scheduler);
        loop_step(scheduler->loop, false);
        deliver(scheduler);
    }
}

static void step(CpuScheduler *scheduler)
{
    if (!scheduler->running || is_over(scheduler)) {
        loop_step(scheduler->loop, true);
    } else if (is_asleep(scheduler)) {
        sleep_halted(scheduler);
    } else {
        run_slice(scheduler);
        loop_step(scheduler->loop, false);
    }
}

static void run_slices(CpuScheduler *scheduler)
{
    while (!loop_quit_asked(scheduler->loop)) {
        if (scheduler->deliver) {
            replay_step(scheduler);
        } else {
            step(scheduler);
        }
        if (scheduler->running) {
            clock_run_due(scheduler->clock);
        }
    }
}

void scheduler_run(CpuScheduler *scheduler)
{
    if (!is_threaded(scheduler) && scheduler->vcpus->len) {
        run_slices(scheduler);
    }
    loop_run(scheduler->loop);
}

/* ---- pausing ---- */

void scheduler_resume(CpuScheduler *scheduler)
{
    if (!scheduler->running) {
        /* Machine time stood still during the pause, so the host's time did too. */
        scheduler->real_origin = clock_now(scheduler->host) - clock_now(scheduler->clock);
    }
    scheduler->running = true;
    for (guint i = 0; i < scheduler->threads->len; i++) {
        if (!scheduler->parked->data[i]) {
            vcpu_thread_resume(scheduler->threads->pdata[i]);
        }
    }
}

void scheduler_set_parked(CpuScheduler *scheduler, unsigned index, bool on)
{
    scheduler->parked->data[index] = on;
}

/* Threads already wait for a resume, and the clock of a threaded machine runs by itself. */
void scheduler_sleep(CpuScheduler *scheduler)
{
    if (!is_threaded(scheduler)) {
        scheduler->sleeping = true;
        scheduler_resume(scheduler);
    }
}

void scheduler_ask_pause(CpuScheduler *scheduler)
{
    if (is_threaded(scheduler)) {
        for (guint i = 0; i < scheduler->threads->len; i++) {
            vcpu_thread_ask_pause(scheduler->threads->pdata[i]);
        }
    } else {
        scheduler->running = false;
        end_slice(scheduler);
    }
}

/* Asks all threads first, so that the pause takes as long as the slowest one, and not the sum. */
void scheduler_pause(CpuScheduler *scheduler)
{
    scheduler_ask_pause(scheduler);
    for (guint i = 0; i < scheduler->threads->len; i++) {
        vcpu_thread_pause(scheduler->threads->pdata[i]);
    }
    scheduler->running = false;
}

void scheduler_interrupt(CpuScheduler *scheduler, unsigned index)
{
    if (is_threaded(scheduler)) {
        vcpu_thread_interrupt(scheduler->threads->pdata[index]);
    } else {
        scheduler->accel->class->interrupt_changed(scheduler->vcpus->pdata[index]);
    }
}

bool scheduler_halted(const CpuScheduler *scheduler, unsigned index)
{
    return is_threaded(scheduler) && vcpu_thread_halted(scheduler->threads->pdata[index]);
}

void scheduler_reset(CpuScheduler *scheduler)
{
    for (guint i = 0; i < scheduler->threads->len; i++) {
        vcpu_thread_set_halted(scheduler->threads->pdata[i], false);
    }
    scheduler->sleeping = false;
    scheduler->turn = 0;
    scheduler->turn_left = 0;
}
