#include "src/vm/vm_internal.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"
#include "src/cpu/cpu_dump.h"
#include "src/cpu/cpu_text.h"
#include "src/display/dump.h"
#include "src/expect/expect.h"
#include "src/vm/report.h"
#include "src/vm/vm_display.h"
#include "src/vm/vm_viewers.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* How long to wait at the end for output that a backend does not accept. */
#define DRAIN_PATIENCE_NS      (5 * NS_PER_SECOND)
#define DRAIN_PATIENCE_QUIT_NS (NS_PER_SECOND / 10)
/* How often a halted machine is asked whether it is still sending. */
#define BUSY_POLL_NS (NS_PER_SECOND / 1000)

/* Something that happened in any thread.  The loop acts on it. */
typedef struct Event {
    enum { EVENT_STOP, EVENT_REQUEST, EVENT_PORT } kind;
    Vcpu *vcpu; /* EVENT_STOP, EVENT_PORT */
    VcpuStop stop;
    DeviceRequest request; /* EVENT_REQUEST */
    char *text;            /* EVENT_PORT, owned */
} Event;

/* ---- running and stopping ---- */

void vm_pause_vcpus(Vm *vm)
{
    scheduler_pause(vm->scheduler);
    clock_pause(vm->clock);
}

void vm_resume_vcpus(Vm *vm)
{
    clock_resume(vm->clock);
    scheduler_resume(vm->scheduler);
}

static bool get_cpu_state(Vm *vm, unsigned index, CpuState *state, GError **error)
{
    if (!vm->accel->class->get_state(scheduler_vcpu(vm->scheduler, index), state, error)) {
        return false;
    }
    state->halted |= scheduler_halted(vm->scheduler, index);
    return true;
}

/* ---- reports ---- */

static void report_vcpu(Vm *vm, unsigned index, GString *text)
{
    const AccelClass *class = vm->accel->class;
    CpuState state;
    VcpuRemains remains;
    g_autoptr(GError) error = NULL;
    if (class->remains && class->remains(scheduler_vcpu(vm->scheduler, index), &remains)) {
        report_remains(text, &remains, vm->memory);
    } else if (get_cpu_state(vm, index, &state, &error)) {
        cpu_text(text, &state, vm->memory);
    } else {
        g_string_append_printf(text, "%s\n", error->message);
    }
}

void vm_report_vcpus(Vm *vm, GString *text)
{
    for (unsigned i = 0; i < scheduler_count(vm->scheduler); i++) {
        if (scheduler_count(vm->scheduler) > 1) {
            g_string_append_printf(text, "CPU %u:\n", i);
        }
        report_vcpu(vm, i, text);
        report_accesses(text, &scheduler_vcpu(vm->scheduler, i)->initiator);
    }
}

/*
 * The last thing that a guest without a serial console has said.  NULL: there is no
 * screen, or it shows no text.
 */
static char *screen_text(Vm *vm)
{
    g_auto(SurfacePicture) picture = {0};
    if (!vm_take_picture(vm, &picture) || picture.shape.kind != SURFACE_TEXT) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    dump_rows(&picture, text);
    return g_string_free(text, false);
}

static void report_screen(Vm *vm, GString *text)
{
    g_autofree char *screen = screen_text(vm);
    if (screen) {
        g_string_append_printf(text, "The screen:\n%s", screen);
    }
}

/* Logs everything that is known about a guest that died or hangs. */
void vm_post_mortem(Vm *vm)
{
    GString *text = g_string_new(NULL);
    vm_pause_vcpus(vm);
    vm_report_vcpus(vm, text);
    report_devices(text, vm->machine);
    chardev_set_tail(vm->chars, text);
    report_screen(vm, text);
    log_line(vm->log, "%s", text->str);
    g_string_free(text, true);
}

/* ---- the end ---- */

void vm_emit(Vm *vm, VmEventKind kind, bool guest, const char *cause)
{
    if (vm->listener.event) {
        vm->listener.event(vm->listener.opaque, &(VmEvent){kind, guest, cause, NULL});
    }
}

static void end_or_stay(Vm *vm, VmEndedBy by, int status, const char *cause, const char *reason,
                        unsigned cpu, const char *keeper)
{
    if (vm->ended && by != VM_ENDED_BY_USER && by != VM_ENDED_BY_SIGNAL) {
        return;
    }
    if (!vm->ended) {
        vm->ended = true;
        vm->state = VM_SHUTDOWN;
        vm->result = (VmResult){by, status, g_strdup(reason)};
        recorder_end(vm->recorder, &vm->result);
        if (vm->replay) {
            replay_run_ended(vm->replay, &vm->result);
        }
        vm_pause_vcpus(vm);
        vm_emit(vm, VM_EVENT_SHUTDOWN, by <= VM_ENDED_BY_DEATH, cause);
    }
    if (keeper) {
        vm_emit(vm, VM_EVENT_STOP, false, NULL);
        log_line(vm->log, "pioemu: %s; %s keeps the machine for inspection", reason, keeper);
        vm_debug_tell(vm, &(VmStop){.cause = VM_STOP_ENDED, .cpu = cpu, .text = vm->result.reason});
    } else {
        if (vm->draining) {
            vm->no_patience = true;
            chardev_set_stop_draining(vm->chars);
        }
        loop_quit(vm->loop);
    }
}

void vm_end(Vm *vm, VmEndedBy by, int status, const char *cause, const char *reason)
{
    bool stay = vm->stays && by == VM_ENDED_BY_GUEST_STOP;
    end_or_stay(vm, by, status, cause, reason, 0, stay ? "-no-shutdown" : NULL);
}

/* Tells the user that another accelerator may go on, or that -action changes what follows. */
static void advise(Vm *vm, RunEvent event, const Vcpu *vcpu)
{
    CpuState state;
    if (event == RUN_TRIPLE_FAULT) {
        log_line(vm->log, "pioemu: (-action triple-fault=reset makes it the reset that it is on a "
                          "PC; shutdown and pause are possible too)");
    } else if (event == RUN_PANIC && vm->accel->class->threaded &&
               vm->accel->class->get_state(scheduler_vcpu(vm->scheduler, vcpu->index), &state,
                                           NULL) &&
               !(state.msr.efer & CPU_EFER_LMA)) {
        log_line(vm->log,
                 "pioemu: -accel %s could not run this instruction; the software CPU may "
                 "(-accel soft)",
                 vm->accel->class->name);
    }
}

static void die(Vm *vm, RunEvent event, const Vcpu *vcpu, const char *reason)
{
    log_line(vm->log, "pioemu: the guest died: %s", reason);
    vm_post_mortem(vm);
    if (vcpu) {
        advise(vm, event, vcpu);
    }
    end_or_stay(vm, VM_ENDED_BY_DEATH, VM_EXIT_DIED, "guest-panic", reason, vcpu ? vcpu->index : 0,
                vm->stays ? "-no-shutdown" : NULL);
}

static void reset_by_guest(Vm *vm);

/* `vcpu` is NULL if no CPU caused the event. */
static void act_on(Vm *vm, RunEvent event, const Vcpu *vcpu, const char *cause, const char *why)
{
    bool alone = !vcpu || scheduler_count(vm->scheduler) == 1;
    g_autofree char *reason =
        alone ? g_strdup(why) : g_strdup_printf("CPU %u: %s", vcpu->index, why);
    switch (vm->actions.on[event]) {
    case ACTION_RESET:
        reset_by_guest(vm);
        break;
    case ACTION_SHUTDOWN:
        vm_end(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, cause, reason);
        break;
    case ACTION_PAUSE:
        end_or_stay(vm, VM_ENDED_BY_GUEST_STOP, VM_EXIT_OK, cause, reason, vcpu ? vcpu->index : 0,
                    "-action");
        break;
    default:
        die(vm, event, vcpu, reason);
        break;
    }
}

static void guest_stopped(Vm *vm, const char *reason)
{
    act_on(vm, RUN_SHUTDOWN, NULL, "guest-shutdown", reason);
}

void vm_expect_done(void *opaque)
{
    Vm *vm = opaque;
    if (!vm->ended) {
        vm_end(vm, VM_ENDED_BY_SCRIPT, VM_EXIT_OK, "host-ui", "-expect");
    }
}

/*
 * The script judges every run, except one in which the guest died or that was ended
 * from outside.
 */
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

void vm_quit_asked(void *opaque)
{
    vm_end(opaque, VM_ENDED_BY_USER, VM_EXIT_OK, "host-ui", "the user quit");
}

void vm_signal_arrived(void *opaque, int number)
{
    Vm *vm = opaque;
    g_autofree char *reason = g_strdup_printf("signal: %s", strsignal(number));
    /*
     * A test harness ends a machine without a CPU in this way, and takes every
     * status except 0 for a failure.
     */
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

/* The CPU has halted for good, but a slow serial line may still have characters to send. */
void vm_halted_for_good(Vm *vm)
{
    if (!vm->busy_timer) {
        vm->busy_timer = loop_timer_new(vm->loop, look_for_idle, vm);
        vm->busy_patience = DRAIN_PATIENCE_NS;
        scheduler_sleep(vm->scheduler);
        if (!vm->replay) {
            look_for_idle(vm);
        }
    }
}

/* ---- events ---- */

/* An accelerator need not know the registers, as of a CPU that has just died. */
static void log_cpu_reset(const Vm *vm, Vcpu *vcpu)
{
    CpuState state;
    if (vm->log_items & LOG_CPU_RESET && vm->accel->class->get_state(vcpu, &state, NULL)) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_string_append_printf(text, "CPU Reset (CPU %u)\n", vcpu->index);
        cpu_dump(text, &state);
        log_line(vm->log, "%s", text->str);
    }
}

bool vm_reset_parts(Vm *vm, GError **error)
{
    CpuState state;
    vm_pause_vcpus(vm);
    machine_reset(vm->machine);
    const BootBoard board = machine_board(vm->machine);
    cpu_state_reset(&state);
    if (vm->firmware) {
        firmware_restore(vm->firmware, vm->memory);
    }
    if (vm->firmware && firmware_is_builtin(vm->firmware)) {
        boot_put_tables(&board, vm->memory);
    }
    if (vm->image && !vm->firmware &&
        !boot_image_load(vm->image, &board, vm->memory, &state, error)) {
        return false;
    }
    g_clear_pointer(&vm->busy_timer, loop_timer_free);
    scheduler_reset(vm->scheduler);
    for (unsigned i = 0; i < scheduler_count(vm->scheduler); i++) {
        Vcpu *vcpu = scheduler_vcpu(vm->scheduler, i);
        atomic_store(&vcpu->nmi, false);
        log_cpu_reset(vm, vcpu);
        if ((vm->accel->class->reset_vcpu && !vm->accel->class->reset_vcpu(vcpu, error)) ||
            (i == 0 && !vm->accel->class->set_state(vcpu, &state, error))) {
            return false;
        }
    }
    if (vm->irqchip == IRQCHIP_KERNEL) {
        irq_router_replay(vm->machine->irqs);
    }
    return true;
}

static void reset_by_guest(Vm *vm)
{
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

static void handle_reset(Vm *vm)
{
    bool by_option = vm->config->no_reboot && vm->actions.on[RUN_REBOOT] == ACTION_SHUTDOWN;
    act_on(vm, RUN_REBOOT, NULL, "guest-reset",
           by_option ? "the guest asked for a reset (-no-reboot)" : "the guest asked for a reset");
}

static void handle_request(Vm *vm, const Event *event)
{
    switch (event->request.kind) {
    case DEVICE_EXIT:
        vm_end(vm, VM_ENDED_BY_GUEST, event->request.status, "guest-shutdown",
               "the guest chose it");
        break;
    case DEVICE_POWEROFF:
        guest_stopped(vm, "the guest powered off");
        break;
    case DEVICE_RESET:
        handle_reset(vm);
        break;
    default:
        g_assert_not_reached();
    }
}

static void free_event(void *data)
{
    Event *event = data;
    g_free(event->text);
    g_free(event);
}

static void handle_stop(Vm *vm, const Event *event)
{
    switch (event->stop) {
    case VCPU_HALTED_DEAD:
        vm_halted_for_good(vm);
        break;
    case VCPU_TRIPLE_FAULT:
        act_on(vm, RUN_TRIPLE_FAULT, event->vcpu, "guest-panic",
               "triple fault (an exception while a double fault was delivered)");
        break;
    case VCPU_POWEROFF:
        guest_stopped(vm, "the guest powered off");
        break;
    case VCPU_RESET:
        handle_reset(vm);
        break;
    case VCPU_DEBUG:
        vm_debug_stopped(vm, event->vcpu);
        break;
    default:
        act_on(vm, RUN_PANIC, event->vcpu, "guest-panic", event->vcpu->failure);
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
            } else if (event->kind == EVENT_PORT) {
                vm_port_stopped(vm, event->vcpu, event->text);
            } else {
                handle_request(vm, event);
            }
        }
        free_event(event);
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

void vm_vcpu_stopped(void *opaque, Vcpu *vcpu, VcpuStop stop)
{
    post_event(opaque, &(Event){.kind = EVENT_STOP, .vcpu = vcpu, .stop = stop});
}

void vm_post_port(Vm *vm, Vcpu *vcpu, char *text)
{
    post_event(vm, &(Event){.kind = EVENT_PORT, .vcpu = vcpu, .text = text});
}

static void ask_cpu(Vm *vm, unsigned cpu, bool init, uint8_t vector)
{
    if (!vm->scheduler || cpu >= scheduler_count(vm->scheduler)) {
        return;
    }
    if (init && vm->log_items & LOG_CPU_RESET) {
        log_line(vm->log, "CPU Reset (CPU %u) by an INIT", cpu);
    }
    if (init) {
        vcpu_ask_init(scheduler_vcpu(vm->scheduler, cpu));
    } else {
        vcpu_ask_start(scheduler_vcpu(vm->scheduler, cpu), vector);
    }
    scheduler_interrupt(vm->scheduler, cpu);
}

/* Called in the vCPU's thread.  The vCPU must not continue after an exit or a reset. */
void vm_device_request(void *opaque, const DeviceRequest *request)
{
    Vm *vm = opaque;
    if (request->kind == DEVICE_CPU_INIT || request->kind == DEVICE_CPU_START) {
        ask_cpu(vm, request->cpu, request->kind == DEVICE_CPU_INIT, request->vector);
        return;
    }
    scheduler_ask_pause(vm->scheduler);
    post_event(vm, &(Event){.kind = EVENT_REQUEST, .request = *request});
}

void vm_guest_error(void *opaque, const Device *dev, const char *message)
{
    Vm *vm = opaque;
    log_line(vm->log, "pioemu: guest error: %s: %s", device_id(dev), message);
}

void vm_message(void *opaque, const char *text)
{
    Vm *vm = opaque;
    log_line(vm->log, "pioemu: %s", text);
}

void vm_print(void *opaque, const char *text)
{
    Vm *vm = opaque;
    if (!vm_viewers_say(vm, text)) {
        notices_line(vm->notices, text);
    }
}

uint64_t vm_machine_time(void *opaque)
{
    return clock_now(((Vm *)opaque)->clock);
}

/* ---- making and running it ---- */

Vm *vm_new(const Config *config, GError **error)
{
    return vm_new_replay(config, NULL, error);
}

Vm *vm_new_replay(const Config *config, ReplayRun *replay, GError **error)
{
    Vm *vm = g_new0(Vm, 1);
    vm->config = config;
    vm->actions = config->actions;
    vm->stays = config->no_shutdown;
    vm->replay = replay;
    vm->events = g_async_queue_new_full(free_event);
    vm->debug.ports = g_array_new(false, false, sizeof(PortWatch));
    vm->event_task = (LoopTask){.run = events_posted, .opaque = vm};
    /* -no-reboot means the same as -action reboot=shutdown. */
    if (config->no_reboot) {
        vm->actions.on[RUN_REBOOT] = ACTION_SHUTDOWN;
    }
    if ((config->log_items && !log_parse_items(config->log_items, &vm->log_items, error)) ||
        !vm_build(vm, error)) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

/* ---- running ---- */

uint64_t vm_patience(const Vm *vm)
{
    bool hurry = vm->result.by == VM_ENDED_BY_USER || vm->result.by == VM_ENDED_BY_SIGNAL;
    return vm->no_patience ? 0 : hurry ? DRAIN_PATIENCE_QUIT_NS : DRAIN_PATIENCE_NS;
}

static void finish_output(Vm *vm)
{
    vm->draining = true;
    uint64_t patience = vm_patience(vm);
    size_t left = chardev_set_drain(vm->chars, patience);
    while (!left && vm->replay && replay_run_flush(vm->replay)) {
        left = chardev_set_drain(vm->chars, patience);
    }
    if (!left) {
        left = chardev_set_send_rest(vm->chars);
        left += chardev_set_drain(vm->chars, patience);
    }
    if (left) {
        log_line(vm->log, "pioemu: %zu bytes of output were not delivered: they were not read",
                 left);
    }
}

/* A server with wait=on must have its first client before the guest runs. */
static void start_guest(Vm *vm)
{
    while (!vm->ended && chardev_set_awaits_peers(vm->chars)) {
        loop_step(vm->loop, true);
    }
    if (vm->listener.starting) {
        vm->listener.starting(vm->listener.opaque);
    }
    if (!vm->ended && !vm->config->start_paused) {
        vm->state = VM_RUNNING;
        vm_resume_vcpus(vm);
    }
    if (!vm->ended && vm->expect) {
        expect_start(vm->expect);
    }
}

/* Prints what -d asks for at the end. */
static void report_end(Vm *vm)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (vm->log_items & LOG_UNCLAIMED) {
        report_unclaimed(text, vm->bus);
    }
    if (vm->log_items & LOG_CHAR) {
        chardev_set_describe(vm->chars, text);
    }
    if (text->len) {
        log_line(vm->log, "%s", text->str);
    }
}

int vm_run(Vm *vm)
{
    log_begin(vm->log);
    chardev_set_begin(vm->chars);
    vm_start_watching(vm);
    if (vm->recorder) {
        recorder_start(vm->recorder);
    }
    start_guest(vm);
    scheduler_run(vm->scheduler);
    vm_pause_vcpus(vm);
    finish_output(vm);
    if (vm->expect) {
        take_verdict(vm);
    }
    report_end(vm);
    if (vm->config->result) {
        g_autoptr(GError) error = NULL;
        g_autofree char *screen = screen_text(vm);
        if (!result_write(&vm->result, screen, vm->config->result, &error)) {
            log_line(vm->log, "pioemu: %s", error->message);
        }
    }
    if (vm->recorder) {
        recorder_finish(vm->recorder, vm_patience(vm));
    }
    return vm->result.status;
}

int vm_signal(const Vm *vm)
{
    return vm->result.by == VM_ENDED_BY_SIGNAL ? signals_received(vm->signals) : 0;
}

void vm_free(Vm *vm)
{
    g_clear_pointer(&vm->scheduler, scheduler_free);
    vm_viewers_free(vm);
    if (vm->loop) {
        loop_cancel(vm->loop, &vm->event_task);
        loop_cancel(vm->loop, &vm->quit_task);
    }
    loop_timer_free(vm->posted_timer);
    loop_timer_free(vm->timeout_timer);
    loop_timer_free(vm->halt_timer);
    loop_timer_free(vm->busy_timer);
    vm_input_free(vm);
    g_clear_pointer(&vm->expect, expect_free);
    g_clear_pointer(&vm->display, display_free);
    g_clear_pointer(&vm->accel, accel_free);
    g_clear_pointer(&vm->trace, cpu_trace_free);
    g_clear_pointer(&vm->chars, chardev_set_free);
    g_clear_pointer(&vm->blocks, blockset_free);
    g_clear_pointer(&vm->nets, net_set_free);
    g_clear_pointer(&vm->machine, machine_free);
    g_clear_pointer(&vm->recorder, recorder_free);
    notices_free(vm->notices);
    signals_free(vm->signals);
    g_clear_pointer(&vm->bus, bus_free);
    loop_clock_free(vm->clock_source);
    loop_clock_free(vm->host_clock_source);
    g_clear_pointer(&vm->clock, clock_free);
    g_clear_pointer(&vm->host_clock, clock_free);
    g_clear_pointer(&vm->memory, memory_free);
    g_clear_pointer(&vm->image, boot_image_free);
    g_clear_pointer(&vm->firmware, firmware_free);
    g_clear_pointer(&vm->accel_options, g_hash_table_unref);
    g_clear_pointer(&vm->machine_options, g_hash_table_unref);
    g_clear_pointer(&vm->log, log_free);
    g_clear_pointer(&vm->loop, loop_free);
    g_async_queue_unref(vm->events);
    g_array_unref(vm->debug.ports);
    g_free(vm->result.reason);
    g_free(vm);
}
