/*
 * Ports whose accesses stop the machine.
 *
 * The thread of the vCPU sees an access after the device has answered.  The vCPU
 * finishes the instruction and stops.  The loop then reports the access.
 */
#include "src/vm/vm_debug.h"

#include "src/base/error.h"
#include "src/vm/vm_internal.h"

#include <inttypes.h>

static bool covers(const PortWatch *watch, const BusAccess *access)
{
    uint64_t last = access->address + access->size - 1;
    return access->address <= watch->last && last >= watch->first &&
           (access->write ? watch->writes : watch->reads);
}

static bool is_watched(const Vm *vm, const BusAccess *access)
{
    for (guint i = 0; !access->memory && i < vm->debug.ports->len; i++) {
        if (covers(&g_array_index(vm->debug.ports, PortWatch, i), access)) {
            return true;
        }
    }
    return false;
}

/* The CPU that made the access, found by the history that contains it.  NULL: it was not a CPU. */
static Vcpu *find_maker(const Vm *vm, const BusAccess *access)
{
    for (unsigned i = 0; i < scheduler_count(vm->scheduler); i++) {
        Vcpu *vcpu = scheduler_vcpu(vm->scheduler, i);
        if (access >= vcpu->initiator.history && access < vcpu->initiator.history + BUS_HISTORY) {
            return vcpu;
        }
    }
    return NULL;
}

/* With KVM the instruction pointer may already be after the instruction. */
static char *describe(Vcpu *vcpu, const BusAccess *access)
{
    const char *device = access->device ? access->device : "no device";
    const char *name = access->register_name ? access->register_name : "";
    return g_strdup_printf("CPU %u %s port 0x%04x (%s%s%s) %s 0x%0*" PRIx64
                           ", in the instruction %s linear 0x%" PRIx64,
                           vcpu->index, access->write ? "wrote to" : "read",
                           (unsigned)access->address, device, *name ? " " : "", name,
                           access->write ? "the value" : "and got", access->size * 2, access->value,
                           vcpu->accel->class->threaded ? "at or before" : "at",
                           vcpu->initiator.program_counter(&vcpu->initiator));
}

/* Called in the vCPU's thread, so that the CPU executes nothing more. */
void vm_port_accessed(Vm *vm, const BusAccess *access)
{
    Vcpu *vcpu = is_watched(vm, access) ? find_maker(vm, access) : NULL;
    if (vcpu) {
        scheduler_ask_pause(vm->scheduler);
        vm_post_port(vm, vcpu, describe(vcpu, access));
    }
}

void vm_port_stopped(Vm *vm, const Vcpu *vcpu, char *text)
{
    if (vm->state == VM_RUNNING) {
        log_line(vm->log, "pioemu: stopped: %s", text);
        vm_stand(vm, &(VmStop){.cause = VM_STOP_PORT, .cpu = vcpu->index, .text = text});
    }
}

/* ---- the list ---- */

/* Ends a change of the list.  No CPU makes an access during it. */
static void end_change(Vm *vm)
{
    vm_observe(vm);
    if (vm->accel->class->set_posting) {
        vm->accel->class->set_posting(vm->accel, !vm->debug.ports->len);
    }
    vm_release(vm);
}

bool vm_watch_port(Vm *vm, const PortWatch *watch, GError **error)
{
    if (!scheduler_count(vm->scheduler)) {
        return error_refuse(error, "accelerator %s has no CPU whose accesses could stop it",
                            vm->accel->class->name);
    }
    vm_hold(vm);
    g_array_append_val(vm->debug.ports, *watch);
    end_change(vm);
    return true;
}

bool vm_unwatch_port(Vm *vm, uint16_t first, GError **error)
{
    bool found = false;
    vm_hold(vm);
    for (guint i = vm->debug.ports->len; i-- > 0;) {
        if (g_array_index(vm->debug.ports, PortWatch, i).first == first) {
            g_array_remove_index(vm->debug.ports, i);
            found = true;
        }
    }
    end_change(vm);
    return found || error_refuse(error, "no watch begins at port 0x%x (info watch-ports)", first);
}

void vm_foreach_port_watch(Vm *vm, void (*visit)(void *opaque, const PortWatch *watch),
                           void *opaque)
{
    for (guint i = 0; i < vm->debug.ports->len; i++) {
        visit(opaque, &g_array_index(vm->debug.ports, PortWatch, i));
    }
}
