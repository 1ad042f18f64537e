#include "tests/bench/bench_latency.h"

#include "src/boot/boot.h"
#include "src/machine/machine.h"
#include "src/vm/vcpu_thread.h"
#include "tests/bench/bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMORY_SIZE   (UINT64_C(1) << 20)
#define TEST_IRQ      0
#define HANDLER_PORT  0x3f8 /* and the seven ports after it */
#define HANDLER_PORTS 8
/* The time that the guest needs from the handler to its next HLT. */
#define SETTLE_NS 1000000

typedef struct Rig {
    Config *config;
    Loop *loop;
    Clock *clock;
    Bus *bus;
    Memory *memory;
    ChardevSet *chars;
    Machine *machine;
    GHashTable *options;
    Accel *accel;
    Vcpu *vcpu;
    VcpuThread *thread; /* NULL: this thread runs the vCPU */
    IrqLine *line;
    _Atomic uint64_t handled; /* the time; 0: not yet */
    atomic_bool ended;
} Rig;

static void die(const GError *error)
{
    fprintf(stderr, "bench: %s\n", error->message);
    exit(1);
}

/* ---- a machine that is an interrupt controller and the port of the handler ---- */

static bool build_controller(Machine *machine, const Config *config, GError **error)
{
    (void)config;
    const MachineWire wires[] = {{"intr", machine_intr(machine, 0)}, MACHINE_WIRE_END};
    machine->pic = machine_add_wired(machine, &machine->host, "isa-pic", "PIC", NULL, wires, error);
    return machine->pic != NULL;
}

static const MachineClass CONTROLLER_ALONE = {.name = "bench", .build = build_controller};

static void set_intr(void *opaque, unsigned cpu, bool level)
{
    Rig *rig = opaque;
    (void)cpu;
    if (atomic_exchange(&rig->vcpu->intr, level) != level) {
        if (rig->thread) {
            vcpu_thread_interrupt(rig->thread);
        }
    }
}

static uint8_t acknowledge(void *opaque, unsigned cpu)
{
    Rig *rig = opaque;
    return machine_acknowledge(rig->machine, cpu);
}

static void handler_access(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Rig *rig = state;
    (void)offset;
    (void)value;
    (void)size;
    atomic_store(&rig->handled, bench_now());
}

static bool make_machine(Rig *rig, GError **error)
{
    static const IoOps HANDLER = {.write = handler_access, .max_size = 1};
    BusClaim claim = {.name = "handler",
                      .space = IO_PORTS,
                      .base = HANDLER_PORT,
                      .size = HANDLER_PORTS,
                      .ops = &HANDLER,
                      .state = rig};
    MachineParts parts = {.bus = rig->bus,
                          .clock = rig->clock,
                          .host_clock = rig->clock,
                          .memory = rig->memory,
                          .chars = rig->chars};
    MachineCpu cpu = {.set_intr = set_intr, .opaque = rig};
    rig->machine = machine_new(&CONTROLLER_ALONE, rig->config, &parts, &cpu);
    rig->line = irq_router_line(rig->machine->irqs, TEST_IRQ);
    return machine_build(rig->machine, error) && bus_claim(rig->bus, &claim, error);
}

static bool make_cpu(Rig *rig, const char *image, unsigned count, GError **error)
{
    AccelHost host = {.bus = rig->bus,
                      .memory = rig->memory,
                      .acknowledge = acknowledge,
                      .opaque = rig,
                      .cpu_count = 1,
                      .options = rig->options};
    g_autofree char *flat = g_strdup_printf("dx=%u", count);
    const BootOptions options = {.kernel = image, .flat = flat};
    const BootBoard board = {.topology = {1, 1, 1, 1, 1}};
    g_autoptr(BootImage) boot = boot_image_new(&options, MEMORY_SIZE, error);
    CpuState state;
    rig->accel = accel_new(&accel_kvm_class, &host, error);
    rig->vcpu = rig->accel ? vcpu_new(rig->accel, 0, error) : NULL;
    if (!boot || !rig->vcpu || !boot_image_load(boot, &board, rig->memory, &state, error)) {
        return false;
    }
    machine_reset(rig->machine);
    return accel_kvm_class.set_state(rig->vcpu, &state, error);
}

static void create(Rig *rig, const char *image, unsigned count)
{
    g_autoptr(GError) error = NULL;
    rig->config = config_new();
    rig->loop = loop_new(&error);
    rig->memory = rig->loop ? memory_new(MEMORY_SIZE, &error) : NULL;
    if (!rig->memory) {
        die(error);
    }
    rig->clock = clock_new_monotonic();
    rig->bus = bus_new(true);
    rig->chars = chardev_set_new(rig->loop, &(CharEvents){0}, 0);
    rig->options = g_hash_table_new(g_str_hash, g_str_equal);
    if (!make_machine(rig, &error) || !make_cpu(rig, image, count, &error)) {
        die(error);
    }
}

static void destroy(Rig *rig)
{
    vcpu_free(rig->vcpu);
    accel_free(rig->accel);
    machine_free(rig->machine);
    chardev_set_free(rig->chars);
    g_hash_table_unref(rig->options);
    bus_free(rig->bus);
    clock_free(rig->clock);
    memory_free(rig->memory);
    loop_free(rig->loop);
    config_free(rig->config);
}

/* ---- measuring ---- */

static void note(GArray *latencies, uint64_t raised, uint64_t handled)
{
    double ns = (double)(handled - raised);
    g_array_append_val(latencies, ns);
}

/* The guest halts before each interrupt, and with interrupts off at the end. */
static void raise_here(Rig *rig, GArray *latencies)
{
    uint64_t raised = 0;
    while (accel_kvm_class.run(rig->vcpu) == VCPU_HALTED) {
        if (raised) {
            note(latencies, raised, atomic_load(&rig->handled));
        }
        pio_irq_set(rig->line, false);
        raised = bench_now();
        pio_irq_set(rig->line, true);
    }
    note(latencies, raised, atomic_load(&rig->handled));
}

static void stopped(void *opaque, Vcpu *vcpu, VcpuStop stop)
{
    Rig *rig = opaque;
    (void)vcpu;
    (void)stop;
    atomic_store(&rig->ended, true);
}

static void settle(void)
{
    nanosleep(&(struct timespec){.tv_nsec = SETTLE_NS}, NULL);
}

static void raise_from_outside(Rig *rig, GArray *latencies)
{
    g_autoptr(GError) error = NULL;
    rig->thread = vcpu_thread_new(rig->vcpu, NULL, stopped, rig, &error);
    if (!rig->thread) {
        die(error);
    }
    vcpu_thread_resume(rig->thread);
    settle();
    while (!atomic_load(&rig->ended)) {
        atomic_store(&rig->handled, 0);
        uint64_t raised = bench_now(), handled;
        pio_irq_set(rig->line, true);
        while (!(handled = atomic_load(&rig->handled)) && !atomic_load(&rig->ended)) {
            settle();
        }
        if (handled) {
            note(latencies, raised, handled);
        }
        pio_irq_set(rig->line, false);
        settle();
    }
    vcpu_thread_free(rig->thread);
}

GArray *bench_latency(const char *image, unsigned count, BenchRaise raise)
{
    Rig rig = {0};
    GArray *latencies = g_array_new(false, false, sizeof(double));
    create(&rig, image, count);
    if (raise == BENCH_RAISE_HERE) {
        raise_here(&rig, latencies);
    } else {
        raise_from_outside(&rig, latencies);
    }
    destroy(&rig);
    return latencies;
}
