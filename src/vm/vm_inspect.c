/*
 * Looking into a machine, whether it runs or not.
 */
#include "src/vm/vm_internal.h"

#include "src/base/error.h"
#include "src/vm/vm_debug.h"

bool vm_is_quitting(const Vm *vm)
{
    return vm->quit_reason != NULL;
}

bool vm_get_cpu(Vm *vm, unsigned index, CpuState *state, GError **error)
{
    if (!vm_cpu_count(vm)) {
        return error_refuse(error, "accelerator %s has no CPU", vm->accel->class->name);
    }
    if (index >= vm_cpu_count(vm)) {
        return error_refuse(error, "Invalid CPU index %u (the machine has %u)", index,
                            vm_cpu_count(vm));
    }
    return vm_get_registers(vm, index, state, error);
}
