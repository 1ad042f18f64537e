/*
 * The kvm accelerator: what CPUID tells the guest.  That is what the host's KVM
 * supports, adapted to the machine, with KVM's paravirtual leaves (Linux,
 * Documentation/virt/kvm/x86/cpuid.rst) unless the user hides them.
 */
#include "src/accel/kvm/kvm.h"

#include <asm/kvm_para.h>
#include <cpuid.h>
#include <errno.h>
#include <sys/ioctl.h>

#define ENTRIES_MAX 256u

#define LEAF_FEATURES     0x00000001u
#define LEAF_TOPOLOGY     0x0000000bu
#define LEAF_TOPOLOGY_V2  0x0000001fu
#define LEAVES_HYPERVISOR 0x400000ffu
#define LEAF_NAME         0x80000002u /* three leaves with the CPU's name */
#define LEAF_CACHES       0x80000006u /* two leaves with its caches */

/* Bits of leaf 1. */
#define ECX_X2APIC       (1u << 21)
#define ECX_TSC_DEADLINE (1u << 24)
#define ECX_HYPERVISOR   (1u << 31)
#define EDX_APIC         (1u << 9)
#define EDX_HTT          (1u << 28)

/*
 * Features whose events are interrupts of KVM's local APICs.  Without those a guest
 * could not use them.
 */
#define OF_APICS                                                                                   \
    (1u << KVM_FEATURE_ASYNC_PF | 1u << KVM_FEATURE_ASYNC_PF_INT | 1u << KVM_FEATURE_PV_EOI |      \
     1u << KVM_FEATURE_PV_UNHALT | 1u << KVM_FEATURE_PV_SEND_IPI | 1u << KVM_FEATURE_POLL_CONTROL)

static bool is_hypervisor_leaf(uint32_t function)
{
    return function >= KVM_CPUID_SIGNATURE && function <= LEAVES_HYPERVISOR;
}

/* The order of the other leaves does not change. */
static void drop_hypervisor_leaves(struct kvm_cpuid2 *cpuid)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < cpuid->nent; i++) {
        if (!is_hypervisor_leaf(cpuid->entries[i].function)) {
            cpuid->entries[kept++] = cpuid->entries[i];
        }
    }
    cpuid->nent = kept;
}

/*
 * Copies these leaves from the host's CPU.  Some KVMs leave them 0.  They only
 * describe the CPU, so KVM need not do anything for them.
 */
static void take_names_of_host(struct kvm_cpuid2 *cpuid)
{
    for (unsigned i = 0; i < cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        if (e->function >= LEAF_NAME && e->function <= LEAF_CACHES &&
            !(e->eax | e->ebx | e->ecx | e->edx)) {
            __get_cpuid(e->function, &e->eax, &e->ebx, &e->ecx, &e->edx);
        }
    }
}

/* Takes the features that the model of -cpu does not have. */
static void limit_to_model(KvmAccel *kvm)
{
    const CpuModel *model = &kvm->accel.host.model;
    for (unsigned i = 0; i < kvm->cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &kvm->cpuid->entries[i];
        e->ebx = cpu_model_limit_word(model, e->function, e->index, CPUID_EBX, e->ebx);
        e->ecx = cpu_model_limit_word(model, e->function, e->index, CPUID_ECX, e->ecx);
        e->edx = cpu_model_limit_word(model, e->function, e->index, CPUID_EDX, e->edx);
    }
}

bool kvm_load_cpuid(KvmAccel *kvm, GError **error)
{
    kvm->cpuid = g_malloc0(sizeof(*kvm->cpuid) + ENTRIES_MAX * sizeof(kvm->cpuid->entries[0]));
    kvm->cpuid->nent = ENTRIES_MAX;
    if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, kvm->cpuid) < 0) {
        kvm_fail(error, "KVM_GET_SUPPORTED_CPUID", errno);
        return false;
    }
    kvm->has_tsc_deadline = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
    take_names_of_host(kvm->cpuid);
    limit_to_model(kvm);
    if (kvm->accel.host.model.hides_kvm) {
        drop_hypervisor_leaves(kvm->cpuid);
    }
    return true;
}

/* KVM does not list the deadline timer.  It lists the other features even if it has no APICs. */
static void fit_features(const KvmVcpu *kv, struct kvm_cpuid_entry2 *e)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    unsigned count = kvm->accel.host.cpu_count;
    e->ebx = (e->ebx & 0x0000ffffu) | kv->vcpu.index << 24 | count << 16;
    e->edx = count > 1 ? e->edx | EDX_HTT : e->edx & ~EDX_HTT;
    e->ecx |= ECX_HYPERVISOR;
    if (!kvm_has_apics(kvm)) {
        e->ecx &= ~(ECX_X2APIC | ECX_TSC_DEADLINE);
        e->edx &= ~EDX_APIC;
    } else if (kvm->has_tsc_deadline) {
        e->ecx |= ECX_TSC_DEADLINE;
    }
    e->ecx = cpu_model_limit_word(&kvm->accel.host.model, e->function, 0, CPUID_ECX, e->ecx);
}

/*
 * Sets the leaves that contain the CPU's own APIC ID, the number of CPUs, and the
 * abilities of its APIC.
 */
static void fit_cpuid(const KvmVcpu *kv, struct kvm_cpuid2 *cpuid)
{
    for (unsigned i = 0; i < cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        if (e->function == LEAF_FEATURES) {
            fit_features(kv, e);
        } else if (e->function == LEAF_TOPOLOGY || e->function == LEAF_TOPOLOGY_V2) {
            e->edx = kv->vcpu.index;
        } else if (e->function == KVM_CPUID_FEATURES &&
                   !kvm_has_apics((const KvmAccel *)kv->vcpu.accel)) {
            e->eax &= ~OF_APICS;
        }
    }
}

bool kvm_set_cpuid(KvmVcpu *kv, GError **error)
{
    const KvmAccel *kvm = (KvmAccel *)kv->vcpu.accel;
    size_t size = sizeof(*kvm->cpuid) + kvm->cpuid->nent * sizeof(kvm->cpuid->entries[0]);
    g_autofree struct kvm_cpuid2 *cpuid = g_memdup2(kvm->cpuid, size);
    fit_cpuid(kv, cpuid);
    if (ioctl(kv->fd, KVM_SET_CPUID2, cpuid) < 0) {
        kvm_fail(error, "KVM_SET_CPUID2", errno);
        return false;
    }
    return true;
}
