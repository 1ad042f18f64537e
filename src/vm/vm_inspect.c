/*
 * Looking into a machine, whether it runs or not.
 */
#include "src/vm/vm_internal.h"

#include "src/base/error.h"
#include "src/vm/core_dump.h"
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

bool vm_dump_memory(Vm *vm, const char *path, bool paging, GError **error)
{
    unsigned count = vm_cpu_count(vm);
    g_autofree CpuState *states = g_new0(CpuState, MAX(1, count));
    vm_hold(vm);
    bool ok = true;
    for (unsigned i = 0; ok && i < count; i++) {
        ok = vm->accel->class->get_state(scheduler_vcpu(vm->scheduler, i), &states[i], error);
    }
    const CoreDump dump = {vm->memory, states, count, paging};
    ok = ok && core_dump_write(&dump, path, error);
    vm_release(vm);
    return ok;
}

static uint64_t nowhere(BusInitiator *by)
{
    (void)by;
    return 0;
}

bool vm_port_access(Vm *vm, uint16_t port, bool write, unsigned size, uint32_t *value,
                    GError **error)
{
    if (vm->recorder || vm->replay) {
        return error_refuse(error, "A recorded run takes no accesses but the guest's");
    }
    BusInitiator by = {.program_counter = nowhere};
    vm_hold(vm);
    bus_port_access(vm->bus, &by, port, write, size, value, 1);
    vm_release(vm);
    return true;
}
