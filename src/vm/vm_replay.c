/*
 * What a recording of a whole run must know of the machine, and what the machine
 * does when the run is replayed.
 */
#include "src/vm/vm_internal.h"

VcpuPosition vm_position(const Vm *vm)
{
    VcpuPosition position = {0};
    if (vm->scheduler && scheduler_count(vm->scheduler)) {
        vm->accel->class->position(vm->accel, &position);
    }
    return position;
}

void vm_time_skipped(void *opaque, uint64_t ns)
{
    Vm *vm = opaque;
    recorder_host(vm->recorder, HOST_SKIP, ns);
}

/* ---- what the replay asks for ---- */

static VcpuPosition position(void *opaque)
{
    return vm_position(opaque);
}

static bool halted_for_good(void *opaque)
{
    const Vm *vm = opaque;
    return vm->busy_timer != NULL;
}

static void reset(void *opaque)
{
    Vm *vm = opaque;
    g_autoptr(GError) error = NULL;
    if (!vm_reset(vm, &error)) {
        vm_end(vm, VM_ENDED_BY_HOST, VM_EXIT_HOST, "host-error", error->message);
    }
}

static void inject_nmi(void *opaque)
{
    Vm *vm = opaque;
    machine_nmi(vm->machine);
}

static void end(void *opaque, const VmResult *result)
{
    vm_end(opaque, result->by, result->status, "host-ui", result->reason);
}

/* The CPU may be in the middle of an access. */
static void differs(void *opaque)
{
    Vm *vm = opaque;
    if (vm->scheduler) {
        scheduler_ask_pause(vm->scheduler);
        vm_quit(vm, "host-ui", "the replay differs");
    }
}

void vm_join_replay(Vm *vm)
{
    const ReplayRunHost host = {
        .clock = vm->clock,
        .bus = vm->bus,
        .position = position,
        .halted_for_good = halted_for_good,
        .reset = reset,
        .nmi = inject_nmi,
        .end = end,
        .differs = differs,
        .opaque = vm,
    };
    replay_run_start(vm->replay, &host);
    replay_run_add_drives(vm->replay, vm->blocks);
}

/* ---- in place of the host ---- */

static bool deliver(void *opaque)
{
    const Vm *vm = opaque;
    return replay_run_deliver(vm->replay);
}

static uint64_t until(void *opaque)
{
    const Vm *vm = opaque;
    return replay_run_until(vm->replay);
}

static void stuck(void *opaque)
{
    const Vm *vm = opaque;
    replay_run_stuck(vm->replay);
}

void vm_follow_replay(Vm *vm)
{
    scheduler_set_replay(vm->scheduler, deliver, until, stuck, vm);
}
