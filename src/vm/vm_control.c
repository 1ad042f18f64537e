/* What the user and the control protocols can ask of a machine. */
#include "src/vm/vm_internal.h"

#include "src/base/error.h"
#include "src/char/backends.h"
#include "src/machine/media.h"
#include "src/vm/report.h"

#include <string.h>

const Config *vm_config(const Vm *vm)
{
    return vm->config;
}

VmState vm_state(const Vm *vm)
{
    return vm->state;
}

void vm_set_listener(Vm *vm, const VmListener *listener)
{
    vm->listener = listener ? *listener : (VmListener){0};
}

VmParts vm_parts(const Vm *vm)
{
    return (VmParts){
        .loop = vm->loop,
        .bus = vm->bus,
        .memory = vm->memory,
        .clock = vm->clock,
        .machine = vm->machine,
        .chars = vm->chars,
        .nets = vm->nets,
        .has_cpu = vm->accel->class->has_cpu,
    };
}

bool vm_uses_stdio(const Vm *vm)
{
    return chardev_set_find_class(vm->chars, &chardev_stdio_class) != NULL;
}

static void stand_still(Vm *vm, bool on)
{
    for (unsigned i = 0; vm->accel->class->stand_still && i < scheduler_count(vm->scheduler); i++) {
        vm->accel->class->stand_still(scheduler_vcpu(vm->scheduler, i), on);
    }
}

static VmState state_after(const VmStop *stop)
{
    return stop->cause == VM_STOP_ASKED      ? VM_PAUSED
           : stop->cause == VM_STOP_IO_ERROR ? VM_IO_ERROR
                                             : VM_DEBUG;
}

void vm_stand(Vm *vm, const VmStop *stop)
{
    vm_pause_vcpus(vm);
    g_clear_pointer(&vm->busy_timer, loop_timer_free);
    vm->state = state_after(stop);
    stand_still(vm, true);
    vm_emit(vm, VM_EVENT_STOP, false, NULL);
    vm_debug_tell(vm, stop);
}

void vm_hold(Vm *vm)
{
    if (vm->state == VM_RUNNING) {
        vm_pause_vcpus(vm);
        vm_handle_events(vm);
    }
}

void vm_release(Vm *vm)
{
    if (vm->state == VM_RUNNING) {
        vm_resume_vcpus(vm);
    }
}

/* What the vCPUs have just reported still belongs to the time before the pause. */
static void pause_for(Vm *vm, const VmStop *stop)
{
    vm_hold(vm);
    if (vm->state == VM_RUNNING) {
        vm_stand(vm, stop);
    }
}

void vm_pause(Vm *vm)
{
    pause_for(vm, &(VmStop){.cause = VM_STOP_ASKED});
}

bool vm_resume(Vm *vm, GError **error)
{
    if (vm->state == VM_SHUTDOWN) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "Resetting the Virtual Machine is required");
        return false;
    }
    if (vm->state != VM_RUNNING) {
        vm->state = VM_RUNNING;
        stand_still(vm, false);
        vm_emit(vm, VM_EVENT_RESUME, false, NULL);
        blockset_retry(vm->blocks);
        vm_resume_vcpus(vm);
    }
    return true;
}

bool vm_reset(Vm *vm, GError **error)
{
    vm_pause_vcpus(vm);
    vm_handle_events(vm);
    recorder_host(vm->recorder, HOST_RESET, 0);
    if (!vm_reset_parts(vm, error)) {
        return false;
    }
    if (vm->ended) {
        vm->ended = false;
        vm->state = VM_PRELAUNCH;
        g_clear_pointer(&vm->result.reason, g_free);
    }
    vm_emit(vm, VM_EVENT_RESET, false, "host-qmp-system-reset");
    if (vm->state == VM_RUNNING) {
        vm_resume_vcpus(vm);
    }
    return true;
}

void vm_powerdown(Vm *vm)
{
    vm_emit(vm, VM_EVENT_POWERDOWN, false, NULL);
}

static void quit(void *opaque)
{
    Vm *vm = opaque;
    vm_end(vm, VM_ENDED_BY_USER, VM_EXIT_OK, vm->quit_cause, vm->quit_reason);
}

/* The machine quits later, so that commands in the same batch are answered first. */
void vm_quit(Vm *vm, const char *cause, const char *reason)
{
    vm->quit_cause = cause;
    vm->quit_reason = reason;
    vm->quit_task.run = quit;
    vm->quit_task.opaque = vm;
    loop_post(vm->loop, &vm->quit_task);
}

/*
 * Sets all of them or none.  A recording states the actions at its beginning, so
 * they cannot change.
 */
bool vm_set_actions(Vm *vm, const char *const actions[RUN_EVENTS], GError **error)
{
    RunActions changed = vm->actions;
    if (vm->recorder || vm->replay) {
        return error_refuse(error, "A recorded run keeps the actions that it began with (-action)");
    }
    for (unsigned i = 0; i < RUN_EVENTS; i++) {
        if (actions[i] && !run_action_parse(i, actions[i], &changed.on[i], error)) {
            return false;
        }
    }
    vm->actions = changed;
    vm->stays &= !actions[RUN_SHUTDOWN];
    return true;
}

bool vm_inject_nmi(Vm *vm, GError **error)
{
    if (!scheduler_count(vm->scheduler)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "accelerator %s has no CPU to take an NMI", vm->accel->class->name);
        return false;
    }
    recorder_host(vm->recorder, HOST_NMI, 0);
    machine_nmi(vm->machine);
    return true;
}

/* ---- reports ---- */

void vm_report_registers(Vm *vm, GString *text)
{
    if (!scheduler_count(vm->scheduler)) {
        g_string_append_printf(text, "accelerator %s has no CPU\n", vm->accel->class->name);
        return;
    }
    vm_hold(vm);
    vm_report_vcpus(vm, text);
    vm_release(vm);
}

void vm_report_interrupts(Vm *vm, GString *text)
{
    g_string_append(text, "IRQ lines that are high:");
    bool any = false;
    for (unsigned irq = 0; irq < ISA_IRQ_COUNT; irq++) {
        if (irq_router_level(vm->machine->irqs, irq)) {
            g_string_append_printf(text, " %u", irq);
            any = true;
        }
    }
    g_string_append(text, any ? "\n" : " none\n");
    if (vm->machine->pic) {
        g_autofree char *line = device_describe(vm->machine->pic);
        g_string_append_printf(text, "%s: %s\n", device_id(vm->machine->pic), line);
    }
}

void vm_report_devices(Vm *vm, GString *text)
{
    report_devices(text, vm->machine);
}

typedef struct ChardevVisit {
    void (*visit)(void *opaque, const char *label, const char *filename, bool connected);
    void *opaque;
} ChardevVisit;

static void visit_chardev(void *opaque, Chardev *chardev)
{
    const ChardevVisit *visit = opaque;
    const char *key = chardev->class->argument;
    const char *argument = key ? g_hash_table_lookup(chardev->options, key) : NULL;
    g_autofree char *filename = g_strdup_printf("%s%s%s", chardev->class->name, argument ? ":" : "",
                                                argument ? argument : "");
    visit->visit(visit->opaque, chardev->id, filename, chardev->ports->len || chardev->front);
}

void vm_foreach_chardev(Vm *vm,
                        void (*visit)(void *opaque, const char *label, const char *filename,
                                      bool connected),
                        void *opaque)
{
    chardev_set_foreach(vm->chars, visit_chardev, &(ChardevVisit){visit, opaque});
}

/* ---- drives ---- */

void vm_block_failed(void *opaque, const BlockFailure *failure)
{
    Vm *vm = opaque;
    if (vm->listener.event) {
        const VmEvent event = {.kind = VM_EVENT_BLOCK_IO_ERROR, .failure = failure};
        vm->listener.event(vm->listener.opaque, &event);
    }
    if (failure->action == DRIVE_STOP) {
        pause_for(vm, &(VmStop){.cause = VM_STOP_IO_ERROR});
    }
}

/* A replay has the changes that were recorded. */
static bool may_change_media(const Vm *vm, GError **error)
{
    return !vm->replay || error_refuse(error, "a replay has the media that were recorded");
}

bool vm_eject(Vm *vm, const char *drive, bool force, GError **error)
{
    return may_change_media(vm, error) && blockset_eject(vm->blocks, drive, force, error);
}

bool vm_change_medium(Vm *vm, const char *drive, const BlockChange *change, GError **error)
{
    return may_change_media(vm, error) &&
           blockset_change(vm->blocks, drive, change, media_fit, error);
}

bool vm_drive_info(const Vm *vm, unsigned n, BlockInfo *info)
{
    return blockset_info(vm->blocks, n, info);
}
