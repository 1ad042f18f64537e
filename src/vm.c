#include "src/vm.h"

#include "src/accel/accel.h"
#include "src/block/block.h"
#include "src/boot/boot.h"
#include "src/error.h"
#include "src/expect.h"
#include "src/keyval.h"
#include "src/log.h"
#include "src/machine.h"
#include "src/number.h"
#include "src/record/recorder.h"
#include "src/report.h"
#include "src/result.h"
#include "src/runner.h"
#include "src/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long output that nobody takes is waited for when the guest ends. */
#define DRAIN_PATIENCE_NS      (5 * NS_PER_SECOND)
#define DRAIN_PATIENCE_QUIT_NS (NS_PER_SECOND / 10)
/* How often a halted machine is asked whether it is still sending. */
#define BUSY_POLL_NS (NS_PER_SECOND / 1000)
/* How late a posted write may be: soon after another one, later in a silence. */
#define POSTED_MIN_NS (NS_PER_SECOND / 100)
#define POSTED_MAX_NS (NS_PER_SECOND / 4)
/* How often a silent machine with in-kernel controllers is asked whether it halted. */
#define HALT_WATCH_MIN_NS (NS_PER_SECOND / 10)
#define HALT_WATCH_MAX_NS (2 * NS_PER_SECOND)

/* What happened, from whatever thread; the loop acts on it. */
typedef struct Event {
    enum { EVENT_STOP, EVENT_REQUEST } kind;
    Vcpu *vcpu; /* EVENT_STOP */
    VcpuStop stop;
    DeviceRequest request; /* EVENT_REQUEST */
    int status;
} Event;

struct Vm {
    const Config *config;
    Loop *loop;
    Log *log;
    unsigned log_items;
    Clock *clock;      /* machine time */
    Clock *host_clock; /* never paused: for what follows the host's time */
    LoopClock *clock_source, *host_clock_source;
    Bus *bus;
    Memory *memory;
    BootImage *image;
    CharSet *chars;
    BlockSet *blocks;
    Expect *expect; /* NULL: no script */
    Accel *accel;
    Machine *machine;
    Recorder *recorder; /* NULL: no -record */
    GHashTable *machine_options, *accel_options;
    Runner *runner;

    GAsyncQueue *events;
    LoopTask event_task;
    LoopTimer *posted_timer, *timeout_timer;
    uint64_t posted_period;
    LoopTimer *busy_timer;
    uint64_t busy_patience; /* ns */
    LoopTimer *halt_timer;
    uint64_t halt_period;
    uint32_t watched_accesses;
    Signals *signals;
    bool kernel_irqchip;
    unsigned halted; /* vCPUs that nothing can wake */

    bool ended; /* the guest came to its end; -no-shutdown keeps us here */
    bool draining;
    VmResult result;
};

/* ---- running and stopping ---- */

static void pause_vcpus(Vm *vm)
{
    runner_pause(vm->runner);
    clock_pause(vm->clock);
}

static void resume_vcpus(Vm *vm)
{
    clock_resume(vm->clock);
    runner_resume(vm->runner);
}

static bool get_cpu_state(Vm *vm, unsigned index, CpuState *state, GError **error)
{
    if (!vm->accel->class->get_state(runner_vcpu(vm->runner, index), state, error)) {
        return false;
    }
    state->halted |= runner_halted(vm->runner, index);
    return true;
}

/* ---- reports ---- */

static void report_vcpus(Vm *vm, GString *text)
{
    for (unsigned i = 0; i < runner_count(vm->runner); i++) {
        CpuState state;
        g_autoptr(GError) error = NULL;
        if (runner_count(vm->runner) > 1) {
            g_string_append_printf(text, "CPU %u:\n", i);
        }
        if (get_cpu_state(vm, i, &state, &error)) {
            report_cpu(text, &state, vm->memory);
        } else {
            g_string_append_printf(text, "%s\n", error->message);
        }
        report_accesses(text, &runner_vcpu(vm->runner, i)->initiator);
    }
}

/* Everything there is to say about a guest that died or hangs. */
static void post_mortem(Vm *vm)
{
    GString *text = g_string_new(NULL);
    pause_vcpus(vm);
    report_vcpus(vm, text);
    report_devices(text, vm->machine);
    charset_tail(vm->chars, text);
    log_line(vm->log, "%s", text->str);
    g_string_free(text, true);
}

/* ---- the end ---- */

static void end(Vm *vm, VmEndedBy by, int status, const char *reason)
{
    if (vm->ended && by != VM_ENDED_BY_USER && by != VM_ENDED_BY_SIGNAL) {
        return;
    }
    bool first = !vm->ended;
    if (first) {
        vm->ended = true;
        vm->result = (VmResult){by, status, g_strdup(reason)};
        pause_vcpus(vm);
    }
    bool stay = vm->config->no_shutdown && by == VM_ENDED_BY_GUEST_STOP;
    if (stay) {
        log_line(vm->log, "pioemu: %s; -no-shutdown keeps the machine for inspection", reason);
    } else {
        if (vm->draining) {
            charset_stop_draining(vm->chars);
        }
        loop_quit(vm->loop);
    }
}

static void died(Vm *vm, const char *reason)
{
    log_line(vm->log, "pioemu: the guest died: %s", reason);
    post_mortem(vm);
    end(vm, VM_ENDED_BY_DEATH, VM_EXIT_DIED, reason);
}

/* A machine that is kept for inspection (-no-shutdown) is not kept any longer than this. */
static void timed_out(void *opaque)
{
    Vm *vm = opaque;
    if (vm->ended) {
        if (!vm->draining) {
            loop_quit(vm->loop);
        }
        return;
    }
    g_autofree char *reason = g_strdup_printf("-timeout: the guest ran for %" PRIu64 " s",
                                              vm->config->timeout / NS_PER_SECOND);
    log_line(vm->log, "pioemu: %s", reason);
    post_mortem(vm);
    end(vm, VM_ENDED_BY_TIMEOUT, VM_EXIT_TIMEOUT, reason);
}

static void expect_done(void *opaque)
{
    Vm *vm = opaque;
    if (!vm->ended) {
        end(vm, VM_ENDED_BY_SCRIPT, VM_EXIT_OK, "-expect");
    }
}

/* The script judges every run that neither died nor was ended from outside. */
static void take_verdict(Vm *vm)
{
    VmEndedBy by = vm->result.by;
    if (by != VM_ENDED_BY_SCRIPT && by != VM_ENDED_BY_GUEST && by != VM_ENDED_BY_GUEST_STOP) {
        return;
    }
    ExpectVerdict verdict = expect_conclude(vm->expect);
    g_free(vm->result.reason);
    vm->result = (VmResult){VM_ENDED_BY_SCRIPT, verdict.status, g_strdup(verdict.reason)};
    if (verdict.failed) {
        log_line(vm->log, "pioemu: %s", verdict.reason);
        post_mortem(vm);
    }
}

static void quit_asked(void *opaque)
{
    end(opaque, VM_ENDED_BY_USER, VM_EXIT_OK, "the user quit");
}

static void signal_arrived(void *opaque, int number)
{
    g_autofree char *reason = g_strdup_printf("signal: %s", strsignal(number));
    end(opaque, VM_ENDED_BY_SIGNAL, 128 + number, reason);
}

/* ---- a halt for good ---- */

static void look_for_idle(void *opaque)
{
    Vm *vm = opaque;
    vm->busy_patience -= MIN(vm->busy_patience, BUSY_POLL_NS);
    if (vm->busy_patience && machine_busy(vm->machine)) {
        loop_timer_start(vm->busy_timer, BUSY_POLL_NS);
    } else {
        end(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, "the guest halted with interrupts disabled");
    }
}

/* The CPU is done, but a slow serial line may still have characters to send. */
static void halted_for_good(Vm *vm)
{
    if (!vm->busy_timer) {
        vm->busy_timer = loop_timer_new(vm->loop, look_for_idle, vm);
        vm->busy_patience = DRAIN_PATIENCE_NS;
        runner_sleep(vm->runner);
        look_for_idle(vm);
    }
}

/* ---- events ---- */

static bool reset(Vm *vm, GError **error)
{
    CpuState state;
    pause_vcpus(vm);
    machine_reset(vm->machine);
    const MachineClass *class = vm->machine->class;
    const BootBoard board = {vm->config->cpus, vm->kernel_irqchip, class->acpi_port,
                             class->acpi_irq};
    if (!boot_image_load(vm->image, &board, vm->memory, &state, error)) {
        return false;
    }
    vm->halted = 0;
    g_clear_pointer(&vm->busy_timer, loop_timer_free);
    for (unsigned i = 0; i < runner_count(vm->runner); i++) {
        Vcpu *vcpu = runner_vcpu(vm->runner, i);
        runner_set_halted(vm->runner, i, false);
        atomic_store(&vcpu->nmi, false);
        if ((vm->accel->class->reset_vcpu && !vm->accel->class->reset_vcpu(vcpu, error)) ||
            (i == 0 && !vm->accel->class->set_state(vcpu, &state, error))) {
            return false;
        }
    }
    if (vm->kernel_irqchip) {
        irq_router_replay(vm->machine->irqs);
    }
    return true;
}

static void handle_reset(Vm *vm)
{
    if (vm->config->no_reboot) {
        end(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, "the guest asked for a reset (-no-reboot)");
        return;
    }
    g_autoptr(GError) error = NULL;
    if (reset(vm, &error)) {
        resume_vcpus(vm);
    } else {
        log_line(vm->log, "pioemu: %s", error->message);
        end(vm, VM_ENDED_BY_HOST, VM_EXIT_HOST, error->message);
    }
}

static void handle_request(Vm *vm, const Event *event)
{
    switch (event->request) {
    case DEVICE_EXIT:
        end(vm, VM_ENDED_BY_GUEST, event->status, "the guest chose it");
        break;
    case DEVICE_POWEROFF:
        end(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, "the guest powered off");
        break;
    case DEVICE_RESET:
        handle_reset(vm);
        break;
    }
}

static void handle_stop(Vm *vm, const Event *event)
{
    switch (event->stop) {
    case VCPU_HALTED_DEAD:
        if (++vm->halted == runner_count(vm->runner)) {
            halted_for_good(vm);
        }
        break;
    case VCPU_TRIPLE_FAULT:
        died(vm, "triple fault (an exception while a double fault was delivered)");
        break;
    case VCPU_POWEROFF:
        end(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, "the guest powered off");
        break;
    case VCPU_RESET:
        handle_reset(vm);
        break;
    default:
        died(vm, event->vcpu->failure);
        break;
    }
}

static void handle_events(void *opaque)
{
    Vm *vm = opaque;
    Event *event;
    while ((event = g_async_queue_try_pop(vm->events))) {
        if (!vm->ended) {
            if (event->kind == EVENT_STOP) {
                handle_stop(vm, event);
            } else {
                handle_request(vm, event);
            }
        }
        g_free(event);
    }
}

static void post_event(Vm *vm, const Event *event)
{
    g_async_queue_push(vm->events, g_memdup2(event, sizeof(*event)));
    loop_post(vm->loop, &vm->event_task);
}

static void vcpu_stopped(void *opaque, Vcpu *vcpu, VcpuStop stop)
{
    post_event(opaque, &(Event){.kind = EVENT_STOP, .vcpu = vcpu, .stop = stop});
}

/* In the vCPU's thread: it must not run on after an exit or a reset. */
static void device_request(void *opaque, DeviceRequest request, int status)
{
    Vm *vm = opaque;
    runner_ask_pause(vm->runner);
    post_event(vm, &(Event){.kind = EVENT_REQUEST, .request = request, .status = status});
}

static void guest_error(void *opaque, const Device *dev, const char *message)
{
    Vm *vm = opaque;
    log_line(vm->log, "pioemu: guest error: %s: %s", device_id(dev), message);
}

static void message(void *opaque, const char *text)
{
    Vm *vm = opaque;
    log_line(vm->log, "pioemu: %s", text);
}

static void print(void *opaque, const char *text)
{
    (void)opaque;
    printf("%s\n", text);
    fflush(stdout);
}

static uint64_t machine_time(void *opaque)
{
    return clock_now(((Vm *)opaque)->clock);
}

/* ---- interrupts ---- */

static void set_intr(void *opaque, bool level)
{
    Vm *vm = opaque;
    if (atomic_exchange(&runner_vcpu(vm->runner, 0)->intr, level) != level) {
        runner_interrupt(vm->runner, 0);
    }
}

static void raise_nmi(void *opaque)
{
    Vm *vm = opaque;
    atomic_store(&runner_vcpu(vm->runner, 0)->nmi, true);
    runner_interrupt(vm->runner, 0);
}

/* A CPU without the gate lets the line pass always. */
static void set_a20(void *opaque, bool on)
{
    Vm *vm = opaque;
    if (vm->accel && vm->accel->class->set_a20) {
        vm->accel->class->set_a20(vm->accel, on);
    }
}

/* Levels from before the accelerator was made are replayed by reset(). */
static void set_kernel_irq(void *opaque, unsigned irq, bool level)
{
    Vm *vm = opaque;
    if (vm->accel) {
        vm->accel->class->irq_set(vm->accel, irq, level);
    }
}

static bool kernel_irq_pending(void *opaque, unsigned irq)
{
    Vm *vm = opaque;
    return vm->accel->class->irq_pending(vm->accel, irq);
}

static uint8_t acknowledge(void *opaque)
{
    Vm *vm = opaque;
    return machine_acknowledge(vm->machine);
}

/* ---- halts that only the kernel sees ---- */

static uint32_t count_accesses(const Vm *vm)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < runner_count(vm->runner); i++) {
        count += runner_vcpu(vm->runner, i)->initiator.access_count;
    }
    return count;
}

static bool all_dead(Vm *vm)
{
    for (unsigned i = 0; i < runner_count(vm->runner); i++) {
        if (!vm->accel->class->is_dead(runner_vcpu(vm->runner, i))) {
            return false;
        }
    }
    return true;
}

/*
 * With in-kernel controllers a HLT does not come out of the kernel.  A machine
 * that made no access for a while is stopped for a moment and looked at; one
 * that stays silent is looked at less and less often.
 */
static void look_for_halt(void *opaque)
{
    Vm *vm = opaque;
    uint32_t accesses = count_accesses(vm);
    bool silent = accesses == vm->watched_accesses;
    vm->watched_accesses = accesses;
    vm->halt_period = silent ? MIN(vm->halt_period * 2, HALT_WATCH_MAX_NS) : HALT_WATCH_MIN_NS;
    if (silent && !vm->ended) {
        pause_vcpus(vm);
        bool dead = all_dead(vm);
        resume_vcpus(vm);
        if (dead) {
            halted_for_good(vm);
        }
    }
    loop_timer_start(vm->halt_timer, vm->halt_period);
}

/* ---- posted writes ---- */

static void look_for_posted(void *opaque)
{
    Vm *vm = opaque;
    if (vm->accel->class->posted_waiting(vm->accel)) {
        vm->posted_period = POSTED_MIN_NS;
        vm->accel->class->kick(runner_vcpu(vm->runner, 0));
    } else {
        vm->posted_period = MIN(vm->posted_period * 2, POSTED_MAX_NS);
    }
    loop_timer_start(vm->posted_timer, vm->posted_period);
}

/* ---- tracing ---- */

static void trace_access(Vm *vm, const BusAccess *access)
{
    const BusClaim *claim =
        bus_find(vm->bus, access->memory ? IO_MEMORY : IO_PORTS, access->address);
    const char *name =
        claim && claim->register_name
            ? claim->register_name(claim->state, access->address - claim->base, access->write)
            : NULL;
    g_autofree char *offset = g_strdup_printf("0x%04" PRIx64, access->address);
    log_line(vm->log, "%s %s %s=0x%0*" PRIx64, claim ? claim->name : "nobody",
             access->write ? "write" : "read", name ? name : offset, access->size * 2,
             access->value);
}

static void access_made(void *opaque, const BusAccess *access)
{
    Vm *vm = opaque;
    if (vm->log_items & LOG_IO) {
        trace_access(vm, access);
    }
    if (vm->recorder && !access->device) {
        recorder_unclaimed(vm->recorder, access);
    }
}

/* ---- building ---- */

static bool open_recorder(Vm *vm, GError **error)
{
    RecorderHost host = {.loop = vm->loop, .clock = vm->clock, .message = message, .opaque = vm};
    if (vm->config->record && !bus_is_locked(vm->bus)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-record: APICs on the bus cannot be recorded (use -accel kvm)");
        return false;
    }
    if (vm->config->record) {
        vm->recorder = recorder_new(vm->config, vm->kernel_irqchip, &host, error);
    }
    return vm->recorder || !vm->config->record;
}

static void open_console(Vm *vm)
{
    vm->signals = signals_new(vm->loop, signal_arrived, vm);
    CharEvents events = {
        .quit = quit_asked,
        .message = message,
        .print = print,
        .machine_time = machine_time,
        .opaque = vm,
    };
    vm->chars = charset_new(vm->loop, &events, vm->config->escape);
}

static const char *const IRQCHIPS[] = {"auto", "user", "kernel", NULL};

/* In the kernel only where the guest needs an APIC. */
static bool choose_irqchip(Vm *vm, const AccelClass *class, GError **error)
{
    const char *wish = g_hash_table_lookup(vm->machine_options, "irqchip");
    wish = wish ? wish : "auto";
    if (!g_strv_contains(IRQCHIPS, wish)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-machine irqchip=%s: not one of auto, user, kernel", wish);
        return false;
    }
    bool needed = vm->config->cpus > 1;
    vm->kernel_irqchip = !strcmp(wish, "kernel") || (!strcmp(wish, "auto") && needed);
    if (vm->kernel_irqchip && !class->has_irqchip) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-machine irqchip=kernel: accelerator %s has none (use irqchip=user)",
                    class->name);
        return false;
    }
    if (needed && !vm->kernel_irqchip) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-smp %u: more than one CPU needs an APIC (use -machine irqchip=kernel)",
                    vm->config->cpus);
        return false;
    }
    return true;
}

static bool parse_machine(Vm *vm, const MachineClass **class, GError **error)
{
    g_autofree char *name = g_strndup(vm->config->machine, strcspn(vm->config->machine, ","));
    *class = machine_find(name, error);
    if (!*class) {
        return false;
    }
    static const char *const KNOWN[] = {"irqchip", "kernel-entry", NULL};
    const char *rest = vm->config->machine + strlen(name);
    vm->machine_options = keyval_parse("-machine", *rest ? rest + 1 : "", NULL, KNOWN, error);
    return vm->machine_options != NULL;
}

/* Who sits at a terminal wants seconds to be seconds. */
static bool wants_realtime(const Vm *vm)
{
    const char *wish = g_hash_table_lookup(vm->accel_options, "realtime");
    bool on = isatty(STDIN_FILENO) || isatty(STDOUT_FILENO);
    return (wish && number_parse_bool("realtime", wish, &on, NULL) && on) || (!wish && on);
}

/* Where machine time is not the host's, "the host's time" would not be repeatable. */
static bool follows_host(const Vm *vm)
{
    return vm->clock_source || wants_realtime(vm);
}

static bool build_machine(Vm *vm, const MachineClass *class, GError **error)
{
    MachineCpu cpu = {
        .set_intr = set_intr,
        .nmi = raise_nmi,
        .has_apics = !bus_is_locked(vm->bus),
        .set_irq = vm->kernel_irqchip ? set_kernel_irq : NULL,
        .irq_pending = vm->kernel_irqchip ? kernel_irq_pending : NULL,
        .set_a20 = set_a20,
        .request = device_request,
        .guest_error = guest_error,
        .opaque = vm,
    };
    vm->blocks = blockset_new(vm->loop, follows_host(vm) ? NULL : vm->clock, message, vm);
    MachineParts parts = {
        .bus = vm->bus,
        .clock = vm->clock,
        .host_clock = follows_host(vm) ? vm->host_clock : vm->clock,
        .memory = vm->memory,
        .chars = vm->chars,
        .taps = vm->recorder ? recorder_taps(vm->recorder) : NULL,
        .blocks = vm->blocks,
    };
    vm->machine = machine_new(class, vm->config, &parts, &cpu);
    return machine_build(vm->machine, error);
}

static bool open_expect(Vm *vm, GError **error)
{
    const char *path = vm->config->expect;
    vm->expect = path ? expect_new(vm->chars, path, expect_done, vm, error) : NULL;
    return !path || vm->expect;
}

/* The first accelerator of -accel that works here; says so if others did not. */
static const AccelClass *choose_accel(Vm *vm, GError **error)
{
    g_autoptr(GString) failures = g_string_new(NULL);
    static const char *const DEFAULTS[] = {"kvm", "interp"};
    const GPtrArray *wishes = vm->config->accels;
    guint count = wishes->len ? wishes->len : G_N_ELEMENTS(DEFAULTS);
    for (guint i = 0; i < count; i++) {
        const AccelClass *class;
        g_clear_pointer(&vm->accel_options, g_hash_table_unref);
        if (!accel_parse(wishes->len ? wishes->pdata[i] : DEFAULTS[i], &class, &vm->accel_options,
                         error)) {
            return NULL;
        }
        g_autoptr(GError) failure = NULL;
        if (class->probe(vm->accel_options, &failure)) {
            if (failures->len) {
                log_line(vm->log, "pioemu: %s; using -accel %s", failures->str, class->name);
            }
            return class;
        }
        g_string_append_printf(failures, "%s%s", failures->len ? "; " : "", failure->message);
    }
    g_set_error_literal(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, failures->str);
    return NULL;
}

static void memory_written(void *opaque, uint64_t address, size_t size)
{
    Vm *vm = opaque;
    vm->accel->class->memory_written(vm->accel, address, size);
}

static bool open_accel(Vm *vm, const AccelClass *class, GError **error)
{
    AccelHost host = {
        .bus = vm->bus,
        .memory = vm->memory,
        .acknowledge = acknowledge,
        .opaque = vm,
        .kernel_irqchip = vm->kernel_irqchip,
        .cpu_count = vm->config->cpus,
        .local_apic = vm->machine->lapic != NULL,
        .options = vm->accel_options,
    };
    vm->accel = accel_new(class, &host, error);
    if (vm->accel && class->memory_written) {
        memory_set_written(vm->memory, memory_written, vm);
    }
    return vm->accel != NULL;
}

static bool make_vcpus(Vm *vm, GError **error)
{
    vm->runner = runner_new(vm->accel, vm->loop, vm->clock, vcpu_stopped, vm);
    runner_set_realtime(vm->runner, wants_realtime(vm));
    for (unsigned i = 0; i < vm->config->cpus; i++) {
        if (!runner_add_vcpu(vm->runner, error)) {
            return false;
        }
    }
    return true;
}

static bool has_posted(const Vm *vm)
{
    return vm->accel->class->posted_waiting != NULL;
}

static uint64_t work_time(void *opaque)
{
    const Vm *vm = opaque;
    return vm->runner && runner_count(vm->runner)
               ? vm->accel->class->work_time(runner_vcpu(vm->runner, 0))
               : 0;
}

static bool make_clocks(Vm *vm, const AccelClass *accel, GError **error)
{
    vm->host_clock = clock_new_monotonic();
    vm->host_clock_source = loop_clock_new(vm->loop, vm->host_clock, error);
    if (!vm->host_clock_source) {
        return false;
    }
    clock_resume(vm->host_clock);
    if (!accel->threaded) {
        vm->clock = clock_new_counted(work_time, vm);
        return true;
    }
    vm->clock = clock_new_monotonic();
    vm->clock_source = loop_clock_new(vm->loop, vm->clock, error);
    return vm->clock_source != NULL;
}

static bool read_image(Vm *vm, GError **error)
{
    const Config *config = vm->config;
    const BootOptions options = {
        .kernel = config->kernel,
        .flat = config->flat,
        .initrd = config->initrd,
        .append = config->append,
        .entry = g_hash_table_lookup(vm->machine_options, "kernel-entry"),
    };
    vm->image = boot_image_new(&options, config->memory, error);
    return vm->image != NULL;
}

static bool build(Vm *vm, GError **error)
{
    const Config *config = vm->config;
    if (!config->kernel) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "nothing to boot: name a guest with -kernel FILE (--help shows more)");
        return false;
    }
    const MachineClass *machine;
    if (!parse_machine(vm, &machine, error) || !read_image(vm, error)) {
        return false;
    }
    vm->loop = loop_new(error);
    if (!vm->loop) {
        return false;
    }
    vm->log = log_new(vm->loop, config->log_file, error);
    const AccelClass *accel = vm->log ? choose_accel(vm, error) : NULL;
    if (!accel || !choose_irqchip(vm, accel, error)) {
        return false;
    }
    vm->memory = memory_new(config->memory, error);
    if (!vm->memory) {
        return false;
    }
    if (!make_clocks(vm, accel, error)) {
        return false;
    }
    vm->bus = bus_new(accel->threaded);
    open_console(vm);
    return open_recorder(vm, error) && build_machine(vm, machine, error) &&
           open_expect(vm, error) && open_accel(vm, accel, error) && make_vcpus(vm, error) &&
           reset(vm, error);
}

Vm *vm_new(const Config *config, GError **error)
{
    Vm *vm = g_new0(Vm, 1);
    vm->config = config;
    vm->events = g_async_queue_new_full(g_free);
    vm->event_task = (LoopTask){.run = handle_events, .opaque = vm};
    if ((config->log_items && !log_parse_items(config->log_items, &vm->log_items, error)) ||
        !build(vm, error)) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

/* ---- running ---- */

static void start_timers(Vm *vm)
{
    if (vm->log_items & LOG_IO || vm->recorder) {
        bus_set_observer(vm->bus, access_made, vm);
    }
    if (has_posted(vm)) {
        vm->posted_timer = loop_timer_new(vm->loop, look_for_posted, vm);
        vm->posted_period = POSTED_MIN_NS;
        loop_timer_start(vm->posted_timer, vm->posted_period);
    }
    if (vm->kernel_irqchip) {
        vm->halt_timer = loop_timer_new(vm->loop, look_for_halt, vm);
        vm->halt_period = HALT_WATCH_MIN_NS;
        loop_timer_start(vm->halt_timer, vm->halt_period);
    }
    if (vm->config->timeout) {
        vm->timeout_timer = loop_timer_new(vm->loop, timed_out, vm);
        loop_timer_start(vm->timeout_timer, vm->config->timeout);
    }
}

static void finish_output(Vm *vm)
{
    vm->draining = true;
    bool hurry = vm->result.by == VM_ENDED_BY_USER || vm->result.by == VM_ENDED_BY_SIGNAL;
    size_t left = charset_drain(vm->chars, hurry ? DRAIN_PATIENCE_QUIT_NS : DRAIN_PATIENCE_NS);
    if (left) {
        log_line(vm->log, "pioemu: %zu bytes of output were not delivered: nobody read them", left);
    }
}

/* A server with wait=on has its first client before the guest runs. */
static void start_guest(Vm *vm)
{
    while (!vm->ended && charset_awaits_peers(vm->chars)) {
        loop_step(vm->loop, true);
    }
    if (!vm->ended) {
        resume_vcpus(vm);
        if (vm->expect) {
            expect_start(vm->expect);
        }
    }
}

/* What -d asks for at the end. */
static void report_end(Vm *vm)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (vm->log_items & LOG_UNCLAIMED) {
        report_unclaimed(text, vm->bus);
    }
    if (vm->log_items & LOG_CHAR) {
        charset_describe(vm->chars, text);
    }
    if (text->len) {
        log_line(vm->log, "%s", text->str);
    }
}

int vm_run(Vm *vm)
{
    start_timers(vm);
    start_guest(vm);
    runner_run(vm->runner);
    pause_vcpus(vm);
    finish_output(vm);
    if (vm->expect) {
        take_verdict(vm);
    }
    report_end(vm);
    if (vm->config->result) {
        g_autoptr(GError) error = NULL;
        if (!result_write(&vm->result, vm->config->result, &error)) {
            log_line(vm->log, "pioemu: %s", error->message);
        }
    }
    return vm->result.status;
}

int vm_signal(const Vm *vm)
{
    return vm->result.by == VM_ENDED_BY_SIGNAL ? signals_received(vm->signals) : 0;
}

void vm_free(Vm *vm)
{
    g_clear_pointer(&vm->runner, runner_free);
    if (vm->loop) {
        loop_cancel(vm->loop, &vm->event_task);
    }
    loop_timer_free(vm->posted_timer);
    loop_timer_free(vm->timeout_timer);
    loop_timer_free(vm->halt_timer);
    loop_timer_free(vm->busy_timer);
    g_clear_pointer(&vm->accel, accel_free);
    g_clear_pointer(&vm->expect, expect_free);
    g_clear_pointer(&vm->chars, charset_free);
    g_clear_pointer(&vm->blocks, blockset_free);
    g_clear_pointer(&vm->machine, machine_free);
    g_clear_pointer(&vm->recorder, recorder_free);
    signals_free(vm->signals);
    g_clear_pointer(&vm->bus, bus_free);
    loop_clock_free(vm->clock_source);
    loop_clock_free(vm->host_clock_source);
    g_clear_pointer(&vm->clock, clock_free);
    g_clear_pointer(&vm->host_clock, clock_free);
    g_clear_pointer(&vm->memory, memory_free);
    g_clear_pointer(&vm->image, boot_image_free);
    g_clear_pointer(&vm->accel_options, g_hash_table_unref);
    g_clear_pointer(&vm->machine_options, g_hash_table_unref);
    g_clear_pointer(&vm->log, log_free);
    g_clear_pointer(&vm->loop, loop_free);
    g_async_queue_unref(vm->events);
    g_free(vm->result.reason);
    g_free(vm);
}
