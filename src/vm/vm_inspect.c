/*
 * Functions that inspect a machine, whether it runs or not.
 */
#include "src/vm/vm_internal.h"

#include "src/base/error.h"
#include "src/vm/core_dump.h"
#include "src/vm/vm_debug.h"

#include <unistd.h>

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

/* ---- the log ---- */

unsigned vm_log_items(const Vm *vm)
{
    return vm->log_items;
}

bool vm_set_log(Vm *vm, unsigned items, GError **error)
{
    unsigned wanted = items & LOG_OF_CPU;
    if (wanted && !vm->trace) {
        return error_refuse(error,
                            "in_asm, int, exec, cpu, mmu and nochain: -accel %s does not see the "
                            "guest's instructions (use -accel soft)",
                            vm_accel_name(vm));
    }
    if (vm->trace && wanted != (vm->log_items & LOG_OF_CPU)) {
        cpu_trace_set(vm->trace, wanted);
        vm->accel->class->trace_changed(vm->accel);
    }
    vm->log_items = items;
    vm_observe(vm);
    return true;
}

bool vm_set_log_file(Vm *vm, const char *path, GError **error)
{
    return log_set_file(vm->log, path, error);
}

/* ---- the accelerator ---- */

const char *vm_accel_name(const Vm *vm)
{
    return vm->accel->class->name;
}

void vm_describe_translator(const Vm *vm, GString *text)
{
    if (vm->accel->class->describe_translator) {
        vm->accel->class->describe_translator(vm->accel, text);
    } else {
        g_string_append_printf(text, "-accel %s does not translate code\n", vm_accel_name(vm));
    }
}

bool vm_kvm_works(void)
{
    g_autoptr(GHashTable) options = g_hash_table_new(g_str_hash, g_str_equal);
    return accel_kvm_class.probe(options, NULL);
}

int vm_cpu_thread(const Vm *vm, unsigned index)
{
    int id = atomic_load(&scheduler_vcpu(vm->scheduler, index)->thread_id);
    return id ? id : (int)getpid();
}
