/*
 * The kvm accelerator: KVM's own PIC, IOAPIC and local APICs.
 */
#include "src/accel/kvm/kvm.h"

#include "devices/intc/i8259_regs.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define PIC_INPUTS 8u

static const uint32_t CHIPS[KVM_CHIP_COUNT] = {KVM_IRQCHIP_PIC_MASTER, KVM_IRQCHIP_PIC_SLAVE,
                                               KVM_IRQCHIP_IOAPIC};

/* Masked, as ours are at power-on, or as a BIOS leaves it. */
static void set_pic(struct kvm_pic_state *pic, bool set_up, uint8_t vector, uint8_t mask)
{
    pic->imr = set_up ? mask : 0xff;
    if (set_up) {
        pic->irq_base = vector;
        pic->init4 = 1;
    }
}

/* What a reset goes back to. */
void kvm_irqchip_remember(KvmAccel *kvm)
{
    for (unsigned i = 0; i < KVM_CHIP_COUNT; i++) {
        kvm->power_on[i].chip_id = CHIPS[i];
        ioctl(kvm->vm_fd, KVM_GET_IRQCHIP, &kvm->power_on[i]);
    }
    bool set_up = kvm->accel.host.pic_is_set_up;
    set_pic(&kvm->power_on[0].chip.pic, set_up, PIC_BIOS_VECTOR_MASTER, PIC_BIOS_MASK_MASTER);
    set_pic(&kvm->power_on[1].chip.pic, set_up, PIC_BIOS_VECTOR_SLAVE, PIC_BIOS_MASK_SLAVE);
}

void kvm_irq_set(Accel *accel, unsigned irq, bool level)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    struct kvm_irq_level line = {.irq = irq, .level = level};
    ioctl(kvm->vm_fd, KVM_IRQ_LINE, &line);
}

/*
 * Only the PIC can be asked: an edge that the IOAPIC took has gone on to a
 * local APIC.  A line that the PIC masks counts as not waiting.
 */
bool kvm_irq_pending(Accel *accel, unsigned irq)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    struct kvm_irqchip chip = {.chip_id = CHIPS[irq / PIC_INPUTS]};
    unsigned bit = 1u << irq % PIC_INPUTS;
    return ioctl(kvm->vm_fd, KVM_GET_IRQCHIP, &chip) == 0 && chip.chip.pic.irr & bit &&
           !(chip.chip.pic.imr & bit);
}

static bool restore_chips(KvmAccel *kvm, GError **error)
{
    for (unsigned i = 0; i < KVM_CHIP_COUNT; i++) {
        if (ioctl(kvm->vm_fd, KVM_SET_IRQCHIP, &kvm->power_on[i]) < 0) {
            kvm_fail(error, "KVM_SET_IRQCHIP", errno);
            return false;
        }
    }
    return true;
}

bool kvm_reset_vcpu(Vcpu *vcpu, GError **error)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    KvmAccel *kvm = (KvmAccel *)vcpu->accel;
    kv->slow.at = kv->slow.end = 0;
    if (!kvm->irqchip) {
        return true;
    }
    struct kvm_mp_state mp = {.mp_state =
                                  vcpu->index ? KVM_MP_STATE_UNINITIALIZED : KVM_MP_STATE_RUNNABLE};
    if (ioctl(kv->fd, KVM_SET_LAPIC, &kv->power_on_apic) < 0 ||
        ioctl(kv->fd, KVM_SET_MP_STATE, &mp) < 0) {
        kvm_fail(error, "cannot reset the local APIC", errno);
        return false;
    }
    return vcpu->index || restore_chips(kvm, error);
}

/* A CPU that was never started waits for another one, which decides. */
bool kvm_is_dead(Vcpu *vcpu)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    struct kvm_mp_state mp = {0};
    struct kvm_regs regs = {0};
    if (ioctl(kv->fd, KVM_GET_MP_STATE, &mp) < 0 || ioctl(kv->fd, KVM_GET_REGS, &regs) < 0) {
        return false;
    }
    if (mp.mp_state == KVM_MP_STATE_HALTED) {
        return !(regs.rflags & CPU_FLAG_IF);
    }
    return mp.mp_state == KVM_MP_STATE_UNINITIALIZED || mp.mp_state == KVM_MP_STATE_INIT_RECEIVED;
}
