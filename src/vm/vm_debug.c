/*
 * What a debugger does with a machine.
 */
#include "src/vm/vm_debug.h"

#include "src/base/error.h"
#include "src/vm/vm_internal.h"

/* ---- the debugger ---- */

void vm_set_debugger(Vm *vm, const VmDebugger *debugger)
{
    vm->debug.debugger = debugger ? *debugger : (VmDebugger){0};
}

void *vm_debugger(const Vm *vm)
{
    return vm->debug.debugger.opaque;
}

bool vm_can_debug(const Vm *vm, GError **error)
{
    const AccelClass *class = vm->accel->class;
    return (class->has_cpu && class->debug_changed) ||
           error_refuse(error, "accelerator %s has no CPU to debug", class->name);
}

unsigned vm_cpu_count(const Vm *vm)
{
    return scheduler_count(vm->scheduler);
}

int vm_status(const Vm *vm)
{
    return vm->result.status;
}

/* ---- registers and memory ---- */

bool vm_get_registers(Vm *vm, unsigned cpu, CpuState *state, GError **error)
{
    const AccelClass *class = vm->accel->class;
    Vcpu *vcpu = scheduler_vcpu(vm->scheduler, cpu);
    VcpuRemains remains;
    vm_hold(vm);
    bool ok = true;
    if (class->remains && class->remains(vcpu, &remains) && remains.seen) {
        *state = remains.state;
    } else {
        ok = class->get_state(vcpu, state, error);
        state->halted |= scheduler_halted(vm->scheduler, cpu);
    }
    vm_release(vm);
    return ok;
}

bool vm_set_registers(Vm *vm, unsigned cpu, const CpuState *state, GError **error)
{
    vm_hold(vm);
    bool ok = vm->accel->class->set_state(scheduler_vcpu(vm->scheduler, cpu), state, error);
    vm_release(vm);
    return ok;
}

bool vm_write_memory(Vm *vm, uint64_t physical, const void *data, size_t size)
{
    vm_hold(vm);
    bool ok = memory_write(vm->memory, physical, data, size);
    vm_release(vm);
    return ok;
}

bool vm_set_debug_points(Vm *vm, const DebugPoint *points, size_t count, GError **error)
{
    vm_hold(vm);
    bool ok = accel_set_debug_points(vm->accel, points, count, error);
    vm_release(vm);
    return ok;
}

/* ---- resuming and stopping ---- */

static void set_moves(Vm *vm, const VmMove *moves)
{
    for (unsigned i = 0; i < vm_cpu_count(vm); i++) {
        scheduler_vcpu(vm->scheduler, i)->step = moves && moves[i] == VM_MOVE_STEP;
        scheduler_set_parked(vm->scheduler, i, moves && moves[i] == VM_MOVE_STAY);
    }
}

bool vm_debug_resume(Vm *vm, const VmMove *moves, GError **error)
{
    if (vm->state == VM_SHUTDOWN) {
        return vm_resume(vm, error);
    }
    vm_pause(vm);
    set_moves(vm, moves);
    return vm_resume(vm, error);
}

void vm_debug_stopped(Vm *vm, const Vcpu *vcpu)
{
    const DebugStop *stop = &vcpu->debug_stop;
    if (vm->state == VM_RUNNING) {
        vm_stand(vm, &(VmStop){.cause = stop->stepped ? VM_STOP_STEP : VM_STOP_POINT,
                               .cpu = vcpu->index,
                               .point = stop->point});
    }
}

/* The next resume lets the whole machine run. */
void vm_debug_tell(Vm *vm, const VmStop *stop)
{
    set_moves(vm, NULL);
    if (vm->debug.debugger.stopped) {
        vm->debug.debugger.stopped(vm->debug.debugger.opaque, stop);
    }
}
