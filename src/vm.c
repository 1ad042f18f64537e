#include "src/vm_internal.h"

#include "src/error.h"
#include "src/expect.h"
#include "src/keyval.h"
#include "src/number.h"
#include "src/report.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long output that nobody takes is waited for when the guest ends. */
#define DRAIN_PATIENCE_NS      (5 * NS_PER_SECOND)
#define DRAIN_PATIENCE_QUIT_NS (NS_PER_SECOND / 10)
/* How often a halted machine is asked whether it is still sending. */
#define BUSY_POLL_NS (NS_PER_SECOND / 1000)

/* What happened, from whatever thread; the loop acts on it. */
typedef struct Event {
    enum { EVENT_STOP, EVENT_REQUEST } kind;
    Vcpu *vcpu; /* EVENT_STOP */
    VcpuStop stop;
    DeviceRequest request; /* EVENT_REQUEST */
    int status;
} Event;

/* ---- running and stopping ---- */

void vm_pause_vcpus(Vm *vm)
{
    runner_pause(vm->runner);
    clock_pause(vm->clock);
}

void vm_resume_vcpus(Vm *vm)
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

void vm_report_vcpus(Vm *vm, GString *text)
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
void vm_post_mortem(Vm *vm)
{
    GString *text = g_string_new(NULL);
    vm_pause_vcpus(vm);
    vm_report_vcpus(vm, text);
    report_devices(text, vm->machine);
    charset_tail(vm->chars, text);
    log_line(vm->log, "%s", text->str);
    g_string_free(text, true);
}

/* ---- the end ---- */

void vm_emit(Vm *vm, VmEventKind kind, bool guest, const char *cause)
{
    if (vm->listener) {
        vm->listener(vm->listener_opaque, &(VmEvent){kind, guest, cause});
    }
}

void vm_end(Vm *vm, VmEndedBy by, int status, const char *cause, const char *reason)
{
    if (vm->ended && by != VM_ENDED_BY_USER && by != VM_ENDED_BY_SIGNAL) {
        return;
    }
    bool stay = vm->config->no_shutdown && by == VM_ENDED_BY_GUEST_STOP;
    if (!vm->ended) {
        vm->ended = true;
        vm->state = VM_SHUTDOWN;
        vm->result = (VmResult){by, status, g_strdup(reason)};
        vm_pause_vcpus(vm);
        vm_emit(vm, VM_EVENT_SHUTDOWN, by <= VM_ENDED_BY_DEATH, cause);
    }
    if (stay) {
        vm_emit(vm, VM_EVENT_STOP, false, NULL);
        log_line(vm->log, "pioemu: %s; -no-shutdown keeps the machine for inspection", reason);
    } else {
        if (vm->draining) {
            charset_stop_draining(vm->chars);
        }
        loop_quit(vm->loop);
    }
}

static void guest_stopped(Vm *vm, const char *reason)
{
    vm_end(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, "guest-shutdown", reason);
}

static void died(Vm *vm, const char *reason)
{
    log_line(vm->log, "pioemu: the guest died: %s", reason);
    vm_post_mortem(vm);
    vm_end(vm, VM_ENDED_BY_DEATH, VM_EXIT_DIED, "guest-panic", reason);
}

static void expect_done(void *opaque)
{
    Vm *vm = opaque;
    if (!vm->ended) {
        vm_end(vm, VM_ENDED_BY_SCRIPT, VM_EXIT_OK, "host-ui", "-expect");
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
        vm_post_mortem(vm);
    }
}

static void quit_asked(void *opaque)
{
    vm_end(opaque, VM_ENDED_BY_USER, VM_EXIT_OK, "host-ui", "the user quit");
}

static void signal_arrived(void *opaque, int number)
{
    Vm *vm = opaque;
    g_autofree char *reason = g_strdup_printf("signal: %s", strsignal(number));
    /* A test harness ends a machine without a CPU like this, and takes all but 0 for a failure. */
    bool usual = number == SIGTERM && vm->accel && !vm->accel->class->has_cpu;
    vm_end(vm, usual ? VM_ENDED_BY_USER : VM_ENDED_BY_SIGNAL, usual ? VM_EXIT_OK : 128 + number,
           "host-signal", reason);
}

/* ---- a halt for good ---- */

static void look_for_idle(void *opaque)
{
    Vm *vm = opaque;
    vm->busy_patience -= MIN(vm->busy_patience, BUSY_POLL_NS);
    if (vm->busy_patience && machine_busy(vm->machine)) {
        loop_timer_start(vm->busy_timer, BUSY_POLL_NS);
    } else {
        guest_stopped(vm, "the guest halted with interrupts disabled");
    }
}

/* The CPU is done, but a slow serial line may still have characters to send. */
void vm_halted_for_good(Vm *vm)
{
    if (!vm->busy_timer) {
        vm->busy_timer = loop_timer_new(vm->loop, look_for_idle, vm);
        vm->busy_patience = DRAIN_PATIENCE_NS;
        runner_sleep(vm->runner);
        look_for_idle(vm);
    }
}

/* ---- events ---- */

bool vm_reset_parts(Vm *vm, GError **error)
{
    CpuState state;
    vm_pause_vcpus(vm);
    machine_reset(vm->machine);
    const MachineClass *class = vm->machine->class;
    const BootBoard board = {vm->config->cpus, vm->kernel_irqchip, class->acpi_port,
                             class->acpi_irq};
    if (vm->image && !boot_image_load(vm->image, &board, vm->memory, &state, error)) {
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
        vm_end(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, "guest-reset",
               "the guest asked for a reset (-no-reboot)");
        return;
    }
    g_autoptr(GError) error = NULL;
    if (vm_reset_parts(vm, &error)) {
        vm_emit(vm, VM_EVENT_RESET, true, "guest-reset");
        if (vm->state == VM_RUNNING) {
            vm_resume_vcpus(vm);
        }
    } else {
        log_line(vm->log, "pioemu: %s", error->message);
        vm_end(vm, VM_ENDED_BY_HOST, VM_EXIT_HOST, "host-error", error->message);
    }
}

static void handle_request(Vm *vm, const Event *event)
{
    switch (event->request) {
    case DEVICE_EXIT:
        vm_end(vm, VM_ENDED_BY_GUEST, event->status, "guest-shutdown", "the guest chose it");
        break;
    case DEVICE_POWEROFF:
        guest_stopped(vm, "the guest powered off");
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
            vm_halted_for_good(vm);
        }
        break;
    case VCPU_TRIPLE_FAULT:
        died(vm, "triple fault (an exception while a double fault was delivered)");
        break;
    case VCPU_POWEROFF:
        guest_stopped(vm, "the guest powered off");
        break;
    case VCPU_RESET:
        handle_reset(vm);
        break;
    default:
        died(vm, event->vcpu->failure);
        break;
    }
}

void vm_handle_events(Vm *vm)
{
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

static void events_posted(void *opaque)
{
    vm_handle_events(opaque);
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
    if (vm->runner && runner_count(vm->runner) &&
        atomic_exchange(&runner_vcpu(vm->runner, 0)->intr, level) != level) {
        runner_interrupt(vm->runner, 0);
    }
}

static void raise_nmi(void *opaque)
{
    Vm *vm = opaque;
    if (vm->runner && runner_count(vm->runner)) {
        atomic_store(&runner_vcpu(vm->runner, 0)->nmi, true);
        runner_interrupt(vm->runner, 0);
    }
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
    if (!class->has_cpu) {
        return true;
    }
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
    for (unsigned i = 0; vm->accel->class->has_cpu && i < vm->config->cpus; i++) {
        if (!runner_add_vcpu(vm->runner, error)) {
            return false;
        }
    }
    return true;
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
    if (!accel->has_cpu) {
        vm->clock = clock_new_stepped();
        return true;
    }
    if (!accel->threaded) {
        vm->clock = clock_new_counted(work_time, vm);
        return true;
    }
    vm->clock = clock_new_monotonic();
    vm->clock_source = loop_clock_new(vm->loop, vm->clock, error);
    return vm->clock_source != NULL;
}

/* What -kernel names; a machine without a CPU needs nothing. */
static bool open_image(Vm *vm, GError **error)
{
    const Config *config = vm->config;
    if (!config->kernel && config->accels->len &&
        g_str_has_prefix(config->accels->pdata[0], "qtest")) {
        return true;
    }
    const BootOptions options = {
        .kernel = config->kernel,
        .flat = config->flat,
        .initrd = config->initrd,
        .append = config->append,
        .entry = g_hash_table_lookup(vm->machine_options, "kernel-entry"),
    };
    if (config->kernel) {
        vm->image = boot_image_new(&options, config->memory, error);
        return vm->image != NULL;
    }
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                "nothing to boot: name a guest with -kernel FILE (--help shows more)");
    return false;
}

static bool build_parts(Vm *vm, const AccelClass *accel, const MachineClass *machine,
                        GError **error)
{
    vm->memory = memory_new(vm->config->memory, error);
    if (!vm->memory || !make_clocks(vm, accel, error)) {
        return false;
    }
    vm->bus = bus_new(accel->threaded);
    open_console(vm);
    return open_recorder(vm, error) && build_machine(vm, machine, error) &&
           open_expect(vm, error) && open_accel(vm, accel, error) && make_vcpus(vm, error) &&
           vm_reset_parts(vm, error);
}

static bool build(Vm *vm, GError **error)
{
    const MachineClass *machine;
    if (!parse_machine(vm, &machine, error) || !open_image(vm, error)) {
        return false;
    }
    vm->loop = loop_new(error);
    vm->log = vm->loop ? log_new(vm->loop, vm->config->log_file, error) : NULL;
    const AccelClass *accel = vm->log ? choose_accel(vm, error) : NULL;
    if (!accel || !choose_irqchip(vm, accel, error) || !build_parts(vm, accel, machine, error)) {
        return false;
    }
    vm->control = control_new(vm, error);
    return vm->control != NULL;
}

Vm *vm_new(const Config *config, GError **error)
{
    Vm *vm = g_new0(Vm, 1);
    vm->config = config;
    vm->events = g_async_queue_new_full(g_free);
    vm->event_task = (LoopTask){.run = events_posted, .opaque = vm};
    if ((config->log_items && !log_parse_items(config->log_items, &vm->log_items, error)) ||
        !build(vm, error)) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

/* ---- running ---- */

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
    control_wait(vm->control);
    if (!vm->ended && !vm->config->start_paused) {
        vm->state = VM_RUNNING;
        vm_resume_vcpus(vm);
    }
    if (!vm->ended && vm->expect) {
        expect_start(vm->expect);
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
    vm_start_watching(vm);
    start_guest(vm);
    runner_run(vm->runner);
    vm_pause_vcpus(vm);
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
    g_clear_pointer(&vm->control, control_free);
    g_clear_pointer(&vm->runner, runner_free);
    if (vm->loop) {
        loop_cancel(vm->loop, &vm->event_task);
        loop_cancel(vm->loop, &vm->quit_task);
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
