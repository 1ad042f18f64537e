/*
 * The kvm accelerator: KVM's own local APICs, and its PIC and I/O APIC if the
 * board's are not used.
 */
#include "src/accel/kvm/kvm.h"

#include "devices/intc/i8259_regs.h"
#include "devices/intc/lapic_regs.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PIC_INPUTS 8u
/*
 * An input for each possible vector.  KVM reserves these inputs for an I/O APIC
 * outside of it, and counts them in a byte.
 */
#define VECTOR_FIRST 16u
#define VECTORS      (256u - VECTOR_FIRST)
/* The address of a message is in the MiB of a local APIC. */
#define MESSAGE_ADDRESS_MASK (~UINT64_C(0xfffff))
#define LEVEL_MESSAGE        (APIC_TRIGGER_LEVEL | APIC_LEVEL_ASSERT)

static const uint32_t CHIPS[KVM_CHIP_COUNT] = {KVM_IRQCHIP_PIC_MASTER, KVM_IRQCHIP_PIC_SLAVE,
                                               KVM_IRQCHIP_IOAPIC};

/* Sets the PIC masked, as the board's is at power-on, or as a BIOS leaves it. */
static void set_pic(struct kvm_pic_state *pic, bool set_up, uint8_t vector, uint8_t mask)
{
    pic->imr = set_up ? mask : 0xff;
    if (set_up) {
        pic->irq_base = vector;
        pic->init4 = 1;
    }
}

/* ---- making them ---- */

/*
 * A KVM without hardware virtualization (PVM) interprets much of the guest.  If a
 * HLT follows an end of interrupt, this KVM does not exit for the end of interrupt.
 * It reports it when something else ends the HLT, or never.
 */
SplitSupport kvm_irqchip_probe_split(int fd)
{
    static const int NEEDED[] = {KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_ENABLE_CAP_VM, KVM_CAP_SIGNAL_MSI,
                                 KVM_CAP_IRQ_ROUTING};
    for (size_t i = 0; i < G_N_ELEMENTS(NEEDED); i++) {
        if (ioctl(fd, KVM_CHECK_EXTENSION, NEEDED[i]) <= 0) {
            return SPLIT_NONE;
        }
    }
    return access("/sys/module/kvm_pvm", F_OK) == 0 ? SPLIT_LOSES_ENDS : SPLIT_WORKS;
}

static bool create_split(KvmAccel *kvm)
{
    struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {VECTORS}};
    kvm->routes = g_malloc0(sizeof(*kvm->routes) + VECTORS * sizeof(kvm->routes->entries[0]));
    return ioctl(kvm->vm_fd, KVM_ENABLE_CAP, &split) == 0;
}

/* Saves the state that a reset restores. */
static void remember_chips(KvmAccel *kvm)
{
    for (unsigned i = 0; i < KVM_CHIP_COUNT; i++) {
        kvm->power_on[i].chip_id = CHIPS[i];
        ioctl(kvm->vm_fd, KVM_GET_IRQCHIP, &kvm->power_on[i]);
    }
    bool set_up = kvm->accel.host.pic_is_set_up;
    set_pic(&kvm->power_on[0].chip.pic, set_up, PIC_BIOS_VECTOR_MASTER, PIC_BIOS_MASK_MASTER);
    set_pic(&kvm->power_on[1].chip.pic, set_up, PIC_BIOS_VECTOR_SLAVE, PIC_BIOS_MASK_SLAVE);
}

static bool create_all(KvmAccel *kvm)
{
    if (ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, 0) < 0) {
        return false;
    }
    remember_chips(kvm);
    return true;
}

bool kvm_irqchip_create(KvmAccel *kvm, GError **error)
{
    Irqchip irqchip = kvm->accel.host.irqchip;
    if ((irqchip == IRQCHIP_KERNEL && !create_all(kvm)) ||
        (irqchip == IRQCHIP_SPLIT && !create_split(kvm))) {
        kvm_fail(error, "cannot create the in-kernel interrupt controllers", errno);
        return false;
    }
    return true;
}

/* ---- messages ---- */

static bool has_route(const KvmAccel *kvm, uint8_t vector)
{
    for (unsigned i = 0; i < kvm->routes->nr; i++) {
        if (kvm->routes->entries[i].u.msi.data == (LEVEL_MESSAGE | vector)) {
            return true;
        }
    }
    return false;
}

/*
 * A local APIC in KVM reports the end of an interrupt only if an input of an I/O
 * APIC may have caused it, and it learns that from a route.  So each vector that a
 * level message ever had gets its own route to every CPU.  A superfluous route
 * costs an exit.  A missing one would leave the input blocked for ever.
 */
static void add_route(KvmAccel *kvm, uint8_t vector)
{
    kvm->routes->entries[kvm->routes->nr++] = (struct kvm_irq_routing_entry){
        .gsi = vector - VECTOR_FIRST,
        .type = KVM_IRQ_ROUTING_MSI,
        .u.msi.address_lo = APIC_MESSAGE_BASE | APIC_DEST_ALL << APIC_MESSAGE_DEST_SHIFT,
        .u.msi.data = LEVEL_MESSAGE | vector,
    };
    ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, kvm->routes);
}

void kvm_send_message(Accel *accel, uint64_t address, uint32_t data)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    if ((address & MESSAGE_ADDRESS_MASK) != APIC_MESSAGE_BASE) {
        return;
    }
    if (kvm->routes && data & APIC_TRIGGER_LEVEL && (uint8_t)data >= VECTOR_FIRST) {
        g_mutex_lock(&kvm->routes_lock);
        if (!has_route(kvm, (uint8_t)data)) {
            add_route(kvm, (uint8_t)data);
        }
        g_mutex_unlock(&kvm->routes_lock);
    }
    struct kvm_msi message = {.address_lo = (uint32_t)address, .data = data};
    ioctl(kvm->vm_fd, KVM_SIGNAL_MSI, &message);
}

/* ---- lines ---- */

void kvm_irq_set(Accel *accel, unsigned irq, bool level)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    struct kvm_irq_level line = {.irq = irq, .level = level};
    ioctl(kvm->vm_fd, KVM_IRQ_LINE, &line);
}

/*
 * Only the PIC can be asked, because an edge that the I/O APIC took has already
 * become a message.  A line that the PIC masks is never pending.
 */
bool kvm_irq_pending(Accel *accel, unsigned irq)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    struct kvm_irqchip chip = {.chip_id = CHIPS[irq / PIC_INPUTS]};
    unsigned bit = 1u << irq % PIC_INPUTS;
    return ioctl(kvm->vm_fd, KVM_GET_IRQCHIP, &chip) == 0 && chip.chip.pic.irr & bit &&
           !(chip.chip.pic.imr & bit);
}

/* ---- reset and halt ---- */

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

/*
 * The first CPU gets its state from what is booted.  The others get theirs back
 * here, for three reasons.  An INIT does not change many MSRs.  KVM would continue
 * to write to the place where the previous guest had its clock.  And KVM would take
 * time stamp counters that are not set together for unsynchronized ones.
 */
static bool reset_other(Vcpu *vcpu, GError **error)
{
    CpuState state;
    cpu_state_reset(&state);
    return kvm_vcpu_set_state(vcpu, &state, error);
}

bool kvm_reset_vcpu(Vcpu *vcpu, GError **error)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    KvmAccel *kvm = (KvmAccel *)vcpu->accel;
    kv->slow.at = kv->slow.end = 0;
    if (!kvm_has_apics(kvm)) {
        return true;
    }
    if (vcpu->index && !reset_other(vcpu, error)) {
        return false;
    }
    struct kvm_mp_state mp = {.mp_state =
                                  vcpu->index ? KVM_MP_STATE_UNINITIALIZED : KVM_MP_STATE_RUNNABLE};
    if (ioctl(kv->fd, KVM_SET_LAPIC, &kv->power_on_apic) < 0 ||
        ioctl(kv->fd, KVM_SET_MP_STATE, &mp) < 0) {
        kvm_fail(error, "cannot reset the local APIC", errno);
        return false;
    }
    return vcpu->index || kvm->accel.host.irqchip != IRQCHIP_KERNEL || restore_chips(kvm, error);
}

/* A CPU that was never started waits for another CPU, so that one decides. */
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
