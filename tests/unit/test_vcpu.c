/*
 * vCPU threads and the loop: everything that crosses threads, all at once, with a
 * CPU that makes random port accesses.  The test is made for ThreadSanitizer.
 * Without it, it still proves that a paused vCPU stands still, and that halts,
 * interrupts, pauses and stops never wait for each other.
 */
#include "src/board/loop_clock.h"
#include "src/machine/machine.h"
#include "src/vm/scheduler.h"

#define CPUS        2u
#define PAUSES      200u
#define PAUSE_EVERY (NS_PER_SECOND / 4000)

#define PIC_EOI      0x20
#define PIT_WORD_CH0 0x34 /* mode 2, LSB then MSB */

/* ---- an accelerator that makes accesses at random ---- */

typedef struct FakeVcpu {
    Vcpu vcpu;
    GRand *random;
    atomic_bool kicked;
    atomic_uint steps, interrupts, halts;
} FakeVcpu;

static bool fake_open(Accel *accel, GError **error)
{
    (void)error;
    return accel != NULL;
}

static void fake_close(Accel *accel)
{
    (void)accel;
}

static bool fake_create_vcpu(Vcpu *vcpu, GError **error)
{
    (void)error;
    ((FakeVcpu *)vcpu)->random = g_rand_new_with_seed(vcpu->index);
    return true;
}

static void fake_destroy_vcpu(Vcpu *vcpu)
{
    g_rand_free(((FakeVcpu *)vcpu)->random);
}

static void out(FakeVcpu *fake, uint16_t port, uint8_t value)
{
    bus_port_access(fake->vcpu.accel->host.bus, &fake->vcpu.initiator, port, true, 1, &value, 1);
}

static void take_interrupt(FakeVcpu *fake)
{
    const AccelHost *host = &fake->vcpu.accel->host;
    host->acknowledge(host->opaque, fake->vcpu.index);
    atomic_fetch_add(&fake->interrupts, 1);
    out(fake, 0xa0, PIC_EOI);
    out(fake, 0x20, PIC_EOI);
}

static void random_access(FakeVcpu *fake)
{
    static const uint16_t PORTS[] = {0x21,  0x40,  0x42,  0x61,  0x70,  0x71,  0x10,
                                     0x3f8, 0x3f9, 0x3fa, 0x3fc, 0x3fd, 0x3fe, 0x999};
    uint16_t port = PORTS[g_rand_int_range(fake->random, 0, G_N_ELEMENTS(PORTS))];
    uint8_t byte = (uint8_t)g_rand_int(fake->random);
    /* Masks and timer modes are not changed, so that interrupts continue to come. */
    bool write = g_rand_boolean(fake->random) && port != 0x21 && port != 0x40 && port != 0x71;
    bus_port_access(fake->vcpu.accel->host.bus, &fake->vcpu.initiator, port, write, 1, &byte, 1);
}

static VcpuStop fake_run(Vcpu *vcpu)
{
    FakeVcpu *fake = (FakeVcpu *)vcpu;
    while (!atomic_exchange(&fake->kicked, false)) {
        atomic_fetch_add(&fake->steps, 1);
        if (atomic_load(&vcpu->intr)) {
            take_interrupt(fake);
        }
        random_access(fake);
        if (vcpu->index == 0 && g_rand_int_range(fake->random, 0, 100) == 0) {
            atomic_fetch_add(&fake->halts, 1);
            return VCPU_HALTED;
        }
    }
    return VCPU_KICKED;
}

static void fake_kick(Vcpu *vcpu)
{
    atomic_store(&((FakeVcpu *)vcpu)->kicked, true);
}

static const AccelClass FAKE_CLASS = {
    .name = "fake",
    .threaded = true,
    .has_cpu = true,
    .accel_size = sizeof(Accel),
    .vcpu_size = sizeof(FakeVcpu),
    .open = fake_open,
    .close = fake_close,
    .create_vcpu = fake_create_vcpu,
    .destroy_vcpu = fake_destroy_vcpu,
    .run = fake_run,
    .kick = fake_kick,
    .interrupt_changed = fake_kick,
};

/* ---- a machine around it ---- */

typedef struct Rig {
    Config *config;
    Loop *loop;
    Clock *clock, *host_clock;
    LoopClock *clock_source, *host_clock_source;
    Bus *bus;
    ChardevSet *chars;
    Memory *memory;
    Machine *machine;
    Accel *accel;
    Vcpu *vcpus[CPUS];
    VcpuThread *threads[CPUS];
    LoopTimer *pauser;
    unsigned pauses;
} Rig;

static void set_intr(void *opaque, unsigned cpu, bool level)
{
    Rig *rig = opaque;
    (void)cpu;
    if (rig->threads[0] && atomic_exchange(&rig->vcpus[0]->intr, level) != level && level) {
        vcpu_thread_interrupt(rig->threads[0]);
    }
}

static uint8_t acknowledge(void *opaque, unsigned cpu)
{
    Rig *rig = opaque;
    return machine_acknowledge(rig->machine, cpu);
}

static void stopped(void *opaque, Vcpu *vcpu, VcpuStop stop)
{
    (void)opaque;
    (void)vcpu;
    g_assert_not_reached();
    (void)stop;
}

static void make_machine(Rig *rig)
{
    rig->config = config_new();
    rig->config->no_defaults = true;
    g_ptr_array_add(rig->config->serials, g_strdup("null"));
    rig->loop = loop_new(NULL);
    rig->clock = clock_new_monotonic();
    rig->host_clock = clock_new_monotonic();
    rig->clock_source = loop_clock_new(rig->loop, rig->clock, NULL);
    rig->host_clock_source = loop_clock_new(rig->loop, rig->host_clock, NULL);
    rig->bus = bus_new(true);
    rig->memory = memory_new(1 << 20, NULL);
    rig->chars = chardev_set_new(rig->loop, &(CharEvents){0}, 1);
    MachineParts parts = {.bus = rig->bus,
                          .clock = rig->clock,
                          .host_clock = rig->host_clock,
                          .memory = rig->memory,
                          .chars = rig->chars};
    MachineCpu cpu = {.set_intr = set_intr, .opaque = rig};
    rig->machine = machine_new(&machine_pc_class, rig->config, &parts, &cpu);
    g_autoptr(GError) error = NULL;
    g_assert_true(machine_build(rig->machine, &error));
}

static void make_cpus(Rig *rig)
{
    AccelHost host = {.bus = rig->bus, .acknowledge = acknowledge, .opaque = rig};
    rig->accel = accel_new(&FAKE_CLASS, &host, NULL);
    for (unsigned i = 0; i < CPUS; i++) {
        rig->vcpus[i] = vcpu_new(rig->accel, i, NULL);
        rig->threads[i] = vcpu_thread_new(rig->vcpus[i], i ? NULL : rig->clock, stopped, rig, NULL);
    }
}

/* PIC at vectors 8 and 0x70, timer at 4 kHz, everything unmasked. */
static void program_timer(Rig *rig)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } WRITES[] = {{0x20, 0x11},         {0x21, 8},    {0x21, 4},   {0x21, 1}, {0xa0, 0x11},
                  {0xa1, 0x70},         {0xa1, 2},    {0xa1, 1},   {0x21, 0}, {0xa1, 0},
                  {0x43, PIT_WORD_CH0}, {0x40, 0x2a}, {0x40, 0x01}};
    FakeVcpu *fake = (FakeVcpu *)rig->vcpus[0];
    for (size_t i = 0; i < G_N_ELEMENTS(WRITES); i++) {
        out(fake, WRITES[i].port, WRITES[i].value);
    }
}

static void resume(Rig *rig)
{
    clock_resume(rig->clock);
    for (unsigned i = 0; i < CPUS; i++) {
        vcpu_thread_resume(rig->threads[i]);
    }
}

static void pause_all(Rig *rig)
{
    for (unsigned i = 0; i < CPUS; i++) {
        vcpu_thread_ask_pause(rig->threads[i]);
        vcpu_thread_await_pause(rig->threads[i]);
    }
    clock_pause(rig->clock);
}

static unsigned count_steps(const Rig *rig)
{
    unsigned steps = 0;
    for (unsigned i = 0; i < CPUS; i++) {
        steps += atomic_load(&((FakeVcpu *)rig->vcpus[i])->steps);
    }
    return steps;
}

/* On a busy host the pauses may be over before a vCPU has run. */
static bool has_seen_all(const Rig *rig)
{
    const FakeVcpu *first = (FakeVcpu *)rig->vcpus[0];
    return atomic_load(&first->interrupts) && atomic_load(&first->halts);
}

static void pause_and_go_on(void *opaque)
{
    Rig *rig = opaque;
    pause_all(rig);
    unsigned steps = count_steps(rig);
    g_free(device_describe(rig->machine->pic));
    g_assert_cmpuint(count_steps(rig), ==, steps);
    if (++rig->pauses >= PAUSES && has_seen_all(rig)) {
        loop_quit(rig->loop);
        return;
    }
    resume(rig);
    loop_timer_start(rig->pauser, PAUSE_EVERY);
}

static void destroy(Rig *rig)
{
    loop_timer_free(rig->pauser);
    for (unsigned i = 0; i < CPUS; i++) {
        vcpu_thread_free(rig->threads[i]);
        vcpu_free(rig->vcpus[i]);
    }
    accel_free(rig->accel);
    chardev_set_free(rig->chars);
    machine_free(rig->machine);
    loop_clock_free(rig->clock_source);
    loop_clock_free(rig->host_clock_source);
    bus_free(rig->bus);
    clock_free(rig->clock);
    clock_free(rig->host_clock);
    memory_free(rig->memory);
    loop_free(rig->loop);
    config_free(rig->config);
}

static void test_everything_at_once(void)
{
    Rig rig = {0};
    make_machine(&rig);
    make_cpus(&rig);
    program_timer(&rig);
    rig.pauser = loop_timer_new(rig.loop, pause_and_go_on, &rig);
    loop_timer_start(rig.pauser, PAUSE_EVERY);
    clock_resume(rig.host_clock);
    resume(&rig);
    loop_run(rig.loop);
    g_assert_cmpuint(rig.pauses, >=, PAUSES);
    g_assert_true(has_seen_all(&rig));
    destroy(&rig);
}

/* ---- a CPU that does nothing but wait for ticks ---- */

#define TICK_NS    (NS_PER_SECOND / 500)
#define IDLE_TICKS 20u

typedef struct IdleRig {
    Loop *loop;
    GThread *loop_thread;
    Clock *clock;
    LoopClock *clock_source;
    Timer *timer;
    Accel *accel;
    Vcpu *vcpu;
    VcpuThread *thread;
    uint64_t last; /* the last deadline; protected by the timer's lock */
    GMutex lock;
    atomic_uint by_cpu, by_loop; /* the number of ticks that each thread served */
    bool ended;                  /* used by the vCPU's thread */
} IdleRig;

static void tick(void *opaque, uint64_t deadline)
{
    IdleRig *rig = opaque;
    g_assert_cmpuint(deadline, ==, rig->last + TICK_NS);
    rig->last = deadline;
    pio_timer_arm(rig->timer, deadline + TICK_NS);
    bool in_loop = g_thread_self() == rig->loop_thread;
    atomic_fetch_add(in_loop ? &rig->by_loop : &rig->by_cpu, 1);
    atomic_store(&rig->vcpu->intr, true);
    vcpu_thread_interrupt(rig->thread);
}

/* Halts at once.  At the end it runs until the loop has served a tick. */
static VcpuStop idle_run(Vcpu *vcpu)
{
    IdleRig *rig = vcpu->accel->host.opaque;
    atomic_store(&vcpu->intr, false);
    if (!rig->ended && atomic_load(&rig->by_cpu) >= IDLE_TICKS) {
        unsigned before = atomic_load(&rig->by_loop);
        while (atomic_load(&rig->by_loop) == before) {
            g_thread_yield();
        }
        rig->ended = true;
        loop_quit(rig->loop);
    }
    return VCPU_HALTED;
}

static void no_kick(Vcpu *vcpu)
{
    (void)vcpu;
}

static bool idle_create_vcpu(Vcpu *vcpu, GError **error)
{
    (void)error;
    return vcpu != NULL;
}

static const AccelClass IDLE_CLASS = {
    .name = "idle",
    .threaded = true,
    .has_cpu = true,
    .accel_size = sizeof(Accel),
    .vcpu_size = sizeof(Vcpu),
    .open = fake_open,
    .close = fake_close,
    .create_vcpu = idle_create_vcpu,
    .destroy_vcpu = no_kick,
    .run = idle_run,
    .kick = no_kick,
    .interrupt_changed = no_kick,
};

static void test_halted_cpu_serves_its_ticks_and_the_loop_those_of_a_busy_one(void)
{
    IdleRig rig = {
        .loop = loop_new(NULL), .loop_thread = g_thread_self(), .clock = clock_new_monotonic()};
    g_mutex_init(&rig.lock);
    rig.clock_source = loop_clock_new(rig.loop, rig.clock, NULL);
    rig.timer = timer_new(rig.clock, &rig.lock, tick, &rig);
    rig.accel = accel_new(&IDLE_CLASS, &(AccelHost){.opaque = &rig}, NULL);
    rig.vcpu = vcpu_new(rig.accel, 0, NULL);
    rig.thread = vcpu_thread_new(rig.vcpu, rig.clock, stopped, &rig, NULL);
    pio_timer_arm(rig.timer, TICK_NS);
    clock_resume(rig.clock);
    vcpu_thread_resume(rig.thread);
    loop_run(rig.loop);
    vcpu_thread_ask_pause(rig.thread);
    vcpu_thread_await_pause(rig.thread);
    clock_pause(rig.clock);
    g_assert_cmpuint(atomic_load(&rig.by_cpu), >=, IDLE_TICKS);
    vcpu_thread_free(rig.thread);
    vcpu_free(rig.vcpu);
    accel_free(rig.accel);
    timer_free(rig.timer);
    loop_clock_free(rig.clock_source);
    clock_free(rig.clock);
    loop_free(rig.loop);
    g_mutex_clear(&rig.lock);
}

/* ---- a CPU that runs until it is kicked ---- */

typedef struct BusyVcpu {
    Vcpu vcpu;
    atomic_uint kicks, runs;
} BusyVcpu;

static VcpuStop busy_run(Vcpu *vcpu)
{
    BusyVcpu *busy = (BusyVcpu *)vcpu;
    unsigned before = atomic_load(&busy->kicks);
    atomic_fetch_add(&busy->runs, 1);
    while (atomic_load(&busy->kicks) == before) {
        g_thread_yield();
    }
    return VCPU_KICKED;
}

static void busy_kick(Vcpu *vcpu)
{
    atomic_fetch_add(&((BusyVcpu *)vcpu)->kicks, 1);
}

static const AccelClass BUSY_CLASS = {
    .name = "busy",
    .threaded = true,
    .has_cpu = true,
    .accel_size = sizeof(Accel),
    .vcpu_size = sizeof(BusyVcpu),
    .open = fake_open,
    .close = fake_close,
    .create_vcpu = idle_create_vcpu,
    .destroy_vcpu = no_kick,
    .run = busy_run,
    .kick = busy_kick,
    .interrupt_changed = no_kick,
};

static void test_a_pause_kicks_each_cpu_once(void)
{
    Loop *loop = loop_new(NULL);
    Clock *clock = clock_new_stepped();
    Accel *accel = accel_new(&BUSY_CLASS, &(AccelHost){.opaque = NULL}, NULL);
    CpuScheduler *scheduler = scheduler_new(accel, loop, clock, stopped, NULL);
    for (unsigned i = 0; i < CPUS; i++) {
        g_assert_nonnull(scheduler_add_vcpu(scheduler, NULL));
    }
    scheduler_resume(scheduler);
    for (unsigned i = 0; i < CPUS; i++) {
        BusyVcpu *busy = (BusyVcpu *)scheduler_vcpu(scheduler, i);
        while (!atomic_load(&busy->runs)) {
            g_thread_yield();
        }
    }
    scheduler_pause(scheduler);
    for (unsigned i = 0; i < CPUS; i++) {
        g_assert_cmpuint(((BusyVcpu *)scheduler_vcpu(scheduler, i))->kicks, ==, 1);
    }
    scheduler_free(scheduler);
    accel_free(accel);
    clock_free(clock);
    loop_free(loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vcpu/accesses_interrupts_halts_and_pauses_at_once", test_everything_at_once);
    g_test_add_func("/vcpu/halted_cpu_serves_its_ticks_and_the_loop_those_of_a_busy_one",
                    test_halted_cpu_serves_its_ticks_and_the_loop_those_of_a_busy_one);
    g_test_add_func("/vcpu/a_pause_kicks_each_cpu_once", test_a_pause_kicks_each_cpu_once);
    return g_test_run();
}
