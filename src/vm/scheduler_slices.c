/*
 * The CPUs in the loop's own thread: they take turns in slices, and the loop
 * serves the host's events in between.
 */
#include "src/vm/scheduler_internal.h"

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
    if (scheduler->slices.in_run) {
        scheduler->accel->class->kick(scheduler->vcpus->pdata[scheduler->slices.turn]);
    }
}

/* A timer was armed for a time before the end of the current slice. */
static void nearer_deadline(void *opaque, uint64_t deadline)
{
    (void)deadline;
    end_slice(opaque);
}

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
    scheduler->slices.turn = index;
    scheduler->slices.turn_left = scheduler->vcpus->len > 1 ? TURN : UINT64_MAX;
}

/*
 * The order of turns depends only on what the CPUs executed, and not on the ends of
 * slices.  Otherwise a replay could not repeat it.
 */
static bool find_turn(CpuScheduler *scheduler)
{
    if (scheduler->slices.turn_left && is_active(scheduler, scheduler->slices.turn)) {
        return true;
    }
    for (guint i = 1; i <= scheduler->vcpus->len; i++) {
        guint index = (scheduler->slices.turn + i) % scheduler->vcpus->len;
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
    Vcpu *vcpu = scheduler->vcpus->pdata[scheduler->slices.turn];
    uint64_t before = executed(scheduler);
    scheduler->accel->class->set_budget(vcpu, MIN(budget, scheduler->slices.turn_left));
    scheduler->slices.in_run = true;
    VcpuStop stop = scheduler->accel->class->run(vcpu);
    scheduler->slices.in_run = false;
    scheduler->slices.turn_left -= MIN(scheduler->slices.turn_left, executed(scheduler) - before);
    if (stop == VCPU_YIELDED) {
        scheduler->slices.turn_left = 0;
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
        scheduler->stopped(scheduler->opaque, scheduler->vcpus->pdata[scheduler->slices.turn],
                           stop);
        return false;
    }
}

/*
 * The number of instructions until the next deadline or the end of the slice.  A
 * slice has at least one.  Slices end at multiples of SLICE_MAX.  So their ends in
 * a trace do not depend on where the host's time cut a slice short.
 */
static uint64_t left_of_slice(const CpuScheduler *scheduler, uint64_t start, uint64_t hosts)
{
    uint64_t deadline = clock_next_deadline(scheduler->clock), now = clock_now(scheduler->clock);
    uint64_t at = executed(scheduler), end = (start / SLICE_MAX + 1) * SLICE_MAX;
    if (deadline <= now || !hosts) {
        return at == start;
    }
    uint64_t until = scheduler->accel->class->instructions_in(scheduler->accel, deadline - now);
    return at < end ? MIN(MIN(until, hosts), end - at) : 0;
}

bool scheduler_time_is_up(CpuScheduler *scheduler)
{
    scheduler->slices.time_up =
        clock_now(scheduler->slices.host) - scheduler->slices.began >= SLICE_NS;
    return scheduler->slices.time_up;
}

void slices_run_one(CpuScheduler *scheduler, uint64_t (*budget)(const CpuScheduler *scheduler))
{
    uint64_t start = executed(scheduler), left;
    scheduler->slices.began = clock_now(scheduler->slices.host);
    scheduler->slices.time_up = false;
    while (!scheduler->slices.time_up && find_turn(scheduler) &&
           (left = left_of_slice(scheduler, start, budget ? budget(scheduler) : UINT64_MAX))) {
        if (!goes_on(scheduler, run_turn(scheduler, left))) {
            break;
        }
    }
}

/* The machine time that the host's clock corresponds to. */
static uint64_t real_time(const CpuScheduler *scheduler)
{
    return clock_now(scheduler->slices.host) - scheduler->slices.real_origin;
}

static void advance_to(CpuScheduler *scheduler, uint64_t time)
{
    uint64_t now = clock_now(scheduler->clock);
    if (time > now) {
        if (scheduler->slices.skipped) {
            scheduler->slices.skipped(scheduler->slices.skipped_opaque, time - now);
        }
        clock_skip(scheduler->clock, time - now);
    }
}

bool slices_asleep(const CpuScheduler *scheduler)
{
    return scheduler->slices.sleeping || !any_active(scheduler);
}

/*
 * Sets the origin so that machine time is not ahead of the host's: work can take
 * less time than it counts as, and a sleep must not wait for the host to catch up.
 */
static void forgive_lead(CpuScheduler *scheduler)
{
    uint64_t now = clock_now(scheduler->clock), real = real_time(scheduler);
    if (now > real) {
        scheduler->slices.real_origin -= now - real;
    }
}

/* Sleeps until the deadline, or until the host has an event for us. */
static void sleep_until(CpuScheduler *scheduler, uint64_t deadline)
{
    forgive_lead(scheduler);
    uint64_t real = real_time(scheduler);
    if (real < deadline) {
        loop_timer_start(scheduler->slices.wake, deadline - real);
        loop_step(scheduler->loop, true);
        loop_timer_stop(scheduler->slices.wake);
    }
    advance_to(scheduler, MIN(real_time(scheduler), deadline));
}

/*
 * Sleeps as long as it is to the deadline in machine time, or until the host has an
 * event for us.
 */
static void sleep_through(CpuScheduler *scheduler, uint64_t deadline)
{
    uint64_t now = clock_now(scheduler->clock), start = clock_now(scheduler->slices.host);
    loop_timer_start(scheduler->slices.wake, deadline - MIN(now, deadline));
    loop_step(scheduler->loop, true);
    loop_timer_stop(scheduler->slices.wake);
    advance_to(scheduler, MIN(now + (clock_now(scheduler->slices.host) - start), deadline));
}

/*
 * True after many deadlines that gave no CPU anything to do, such as those of a
 * timer whose interrupt is masked.  Then time passes at the host's pace.
 */
static bool is_skipping_in_vain(CpuScheduler *scheduler)
{
    uint64_t work = executed(scheduler);
    scheduler->slices.fruitless = work == scheduler->slices.skip_work
                                      ? MIN(scheduler->slices.fruitless + 1, FRUITLESS_MAX)
                                      : 0;
    scheduler->slices.skip_work = work;
    return scheduler->slices.fruitless == FRUITLESS_MAX;
}

static void sleep_halted(CpuScheduler *scheduler)
{
    uint64_t deadline = clock_next_deadline(scheduler->clock);
    if (deadline == CLOCK_NEVER) {
        loop_step(scheduler->loop, true);
    } else if (scheduler->slices.realtime) {
        sleep_until(scheduler, deadline);
    } else if (is_skipping_in_vain(scheduler)) {
        sleep_through(scheduler, deadline);
    } else {
        loop_step(scheduler->loop, false);
        advance_to(scheduler, deadline);
    }
}

/* The machine decides what follows. */
bool slices_over(CpuScheduler *scheduler)
{
    bool over = !scheduler->slices.sleeping && all_dead(scheduler);
    if (over) {
        scheduler->running = false;
        scheduler->stopped(scheduler->opaque, scheduler->vcpus->pdata[scheduler->slices.turn],
                           VCPU_HALTED_DEAD);
    }
    return over;
}

static void step(CpuScheduler *scheduler)
{
    if (!scheduler->running || slices_over(scheduler)) {
        loop_step(scheduler->loop, true);
    } else if (slices_asleep(scheduler)) {
        sleep_halted(scheduler);
    } else {
        slices_run_one(scheduler, NULL);
        loop_step(scheduler->loop, false);
    }
}

void slices_run(CpuScheduler *scheduler, void (*next)(CpuScheduler *scheduler))
{
    while (scheduler->vcpus->len && !loop_quit_asked(scheduler->loop)) {
        next(scheduler);
        if (scheduler->running) {
            clock_run_due(scheduler->clock);
        }
    }
}

/* ---- the class ---- */

static void init(CpuScheduler *scheduler)
{
    Slices *slices = &scheduler->slices;
    slices->host = clock_new_monotonic();
    clock_resume(slices->host);
    slices->wake = loop_timer_new(scheduler->loop, woken, NULL);
    clock_set_wakeup(scheduler->clock, nearer_deadline, scheduler);
}

static void clear(CpuScheduler *scheduler)
{
    clock_set_wakeup(scheduler->clock, NULL, NULL);
    loop_timer_free(scheduler->slices.wake);
    clock_free(scheduler->slices.host);
}

static bool add(CpuScheduler *scheduler, Vcpu *vcpu, GError **error)
{
    (void)scheduler, (void)vcpu, (void)error;
    return true;
}

static void run(CpuScheduler *scheduler)
{
    slices_run(scheduler, step);
}

static void resume(CpuScheduler *scheduler)
{
    if (!scheduler->running) {
        /* Machine time stood still during the pause, so the host's time did too. */
        scheduler->slices.real_origin =
            clock_now(scheduler->slices.host) - clock_now(scheduler->clock);
    }
}

static void sleep_for_good(CpuScheduler *scheduler)
{
    scheduler->slices.sleeping = true;
    scheduler_resume(scheduler);
}

static void ask_pause(CpuScheduler *scheduler)
{
    scheduler->running = false;
    end_slice(scheduler);
}

static void interrupt(CpuScheduler *scheduler, unsigned index)
{
    scheduler->accel->class->interrupt_changed(scheduler->vcpus->pdata[index]);
}

/* A CPU in a slice knows itself that it waits. */
static bool halted(const CpuScheduler *scheduler, unsigned index)
{
    (void)scheduler, (void)index;
    return false;
}

static void reset(CpuScheduler *scheduler)
{
    scheduler->slices.sleeping = false;
    scheduler->slices.turn = 0;
    scheduler->slices.turn_left = 0;
}

#define OF_SLICES                                                                                  \
    .init = init, .clear = clear, .add = add, .resume = resume, .sleep = sleep_for_good,           \
    .ask_pause = ask_pause, .pause = ask_pause, .interrupt = interrupt, .halted = halted,          \
    .reset = reset

const SchedulerClass SLICE_SCHEDULER = {OF_SLICES, .run = run};
const SchedulerClass REPLAY_SCHEDULER = {OF_SLICES, .run = replay_slices_run};
