/* The kvm accelerator: the guest's kvmclock while the machine is stopped. */
#include "src/accel/kvm/kvm.h"

#include <sys/ioctl.h>

/*
 * The clock continues from where it stood.  Each CPU is told that it was stopped,
 * so that no watchdog of the guest reports a stall.  KVM refuses this for a CPU
 * that has no kvmclock, and then it is not needed.
 */
void kvm_stand_still(Vcpu *vcpu, bool on)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    KvmAccel *kvm = (KvmAccel *)vcpu->accel;
    if (on) {
        ioctl(kv->fd, KVM_KVMCLOCK_CTRL, 0);
    }
    if (vcpu->index == 0 && on) {
        kvm->clock_stands = ioctl(kvm->vm_fd, KVM_GET_CLOCK, &kvm->clock) == 0;
    } else if (vcpu->index == 0 && kvm->clock_stands) {
        struct kvm_clock_data clock = {.clock = kvm->clock.clock};
        kvm->clock_stands = false;
        ioctl(kvm->vm_fd, KVM_SET_CLOCK, &clock);
    }
}
