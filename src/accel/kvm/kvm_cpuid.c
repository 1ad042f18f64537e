/*
 * The kvm accelerator: what CPUID tells the guest.  That is what the host's KVM
 * supports, adapted to the machine, with KVM's paravirtual leaves (Linux,
 * Documentation/virt/kvm/x86/cpuid.rst) unless the user hides them.
 */
#include "src/accel/kvm/kvm.h"

#include <asm/kvm_para.h>
#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define ENTRIES_MAX      256u
#define TOPOLOGY_ENTRIES 12u /* several for each of three leaves */

#define LEAF_FEATURES     0x00000001u
#define LEAF_CACHES_OF    0x00000004u
#define LEAF_TOPOLOGY     0x0000000bu
#define LEAF_TOPOLOGY_V2  0x0000001fu
#define LEAF_AMD_CACHES   0x8000001du
#define LEAF_EXTENDED     0x80000000u
#define LEAVES_HYPERVISOR 0x400000ffu
#define LEAF_NAME         0x80000002u /* three leaves with the CPU's name */
#define LEAF_CACHES       0x80000006u /* two leaves with its caches */

/* Bits of leaf 1. */
#define ECX_X2APIC       (1u << 21)
#define ECX_TSC_DEADLINE (1u << 24)
#define ECX_HYPERVISOR   (1u << 31)
#define EDX_APIC         (1u << 9)

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

/* KVM does not list the deadline timer.  It lists the other features even if it has no APICs. */
static void fit_features(const KvmVcpu *kv, struct kvm_cpuid_entry2 *e)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    e->ecx |= ECX_HYPERVISOR;
    if (!kvm_has_apics(kvm)) {
        e->ecx &= ~(ECX_X2APIC | ECX_TSC_DEADLINE);
        e->edx &= ~EDX_APIC;
    } else if (kvm->has_tsc_deadline) {
        e->ecx |= ECX_TSC_DEADLINE;
    }
    e->ecx = cpu_model_limit_word(&kvm->accel.host.model, e->function, 0, CPUID_ECX, e->ecx);
}

/* ---- identity ---- */

static struct kvm_cpuid_entry2 *find_leaf(struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
    for (unsigned i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function == leaf) {
            return &cpuid->entries[i];
        }
    }
    return NULL;
}

static CpuidAnswer answer_of(const struct kvm_cpuid_entry2 *e)
{
    return (CpuidAnswer){e->eax, e->ebx, e->ecx, e->edx};
}

static void put_answer(struct kvm_cpuid_entry2 *e, CpuidAnswer answer)
{
    e->eax = answer.eax;
    e->ebx = answer.ebx;
    e->ecx = answer.ecx;
    e->edx = answer.edx;
}

static CpuIdentity identity_of_host(struct kvm_cpuid2 *cpuid)
{
    CpuIdentity identity = {"", 0, 0, 0, ""};
    const struct kvm_cpuid_entry2 *e = find_leaf(cpuid, 0);
    if (e) {
        memcpy(identity.vendor, &e->ebx, 4);
        memcpy(identity.vendor + 4, &e->edx, 4);
        memcpy(identity.vendor + 8, &e->ecx, 4);
    }
    e = find_leaf(cpuid, LEAF_FEATURES);
    cpu_identity_read(&identity, e ? e->eax : 0);
    for (unsigned part = 0; part < 3; part++) {
        e = find_leaf(cpuid, LEAF_NAME + part);
        if (e) {
            const CpuidAnswer name = answer_of(e);
            memcpy(identity.name + (size_t)part * 16, &name, sizeof(name));
        }
    }
    return identity;
}

static void set_identity(KvmAccel *kvm, const CpuIdentity *identity)
{
    for (unsigned i = 0; i < kvm->cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &kvm->cpuid->entries[i];
        CpuidAnswer answer = answer_of(e);
        if (e->function == 0 || e->function == LEAF_EXTENDED) {
            cpu_identity_put_vendor(identity, &answer);
        } else if (e->function == LEAF_FEATURES || e->function == LEAF_EXTENDED + 1) {
            answer.eax = cpu_identity_signature(identity);
        } else if (e->function >= LEAF_NAME && e->function < LEAF_NAME + 3) {
            answer = cpu_identity_name(identity, e->function - LEAF_NAME);
        }
        put_answer(e, answer);
    }
}

/* What the host's KVM has of the features that a model may have. */
static CpuFeatures features_of_host(const struct kvm_cpuid2 *cpuid)
{
    CpuFeatures set = {0};
    for (unsigned i = 0; i < cpuid->nent; i++) {
        const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        cpu_features_add_word(&set, e->function, e->index, CPUID_EBX, e->ebx);
        cpu_features_add_word(&set, e->function, e->index, CPUID_ECX, e->ecx);
        cpu_features_add_word(&set, e->function, e->index, CPUID_EDX, e->edx);
    }
    return set;
}

static bool host_has(const struct kvm_cpuid2 *cpuid, const CpuAbsent *feature)
{
    for (unsigned i = 0; i < cpuid->nent; i++) {
        const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        if (e->function == feature->leaf && e->index == feature->subleaf) {
            const uint32_t words[] = {e->eax, e->ebx, e->ecx, e->edx};
            return words[feature->which] >> feature->bit & 1;
        }
    }
    return false;
}

/* What the software CPU lacks and this host has is not missing. */
static CpuModel model_for_host(const CpuModel *model, const struct kvm_cpuid2 *cpuid)
{
    CpuModel wanted = *model;
    for (unsigned i = 0; cpu_absent_get(i); i++) {
        if (cpu_absent_has(&model->absent, i) && host_has(cpuid, cpu_absent_get(i))) {
            cpu_absent_put(&wanted.absent, i, false);
        }
    }
    return wanted;
}

/* ---- what differs between the CPUs ---- */

/* The host's own leaves about its topology make room for the machine's. */
static void drop_topology(struct kvm_cpuid2 *cpuid)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < cpuid->nent; i++) {
        uint32_t leaf = cpuid->entries[i].function;
        if (leaf != LEAF_CACHES_OF && leaf != LEAF_TOPOLOGY && leaf != LEAF_TOPOLOGY_V2 &&
            leaf != LEAF_AMD_CACHES) {
            cpuid->entries[kept++] = cpuid->entries[i];
        }
    }
    cpuid->nent = kept;
}

bool kvm_load_cpuid(KvmAccel *kvm, GError **error)
{
    kvm->cpuid = g_malloc0(sizeof(*kvm->cpuid) + ENTRIES_MAX * sizeof(kvm->cpuid->entries[0]));
    kvm->cpuid->nent = ENTRIES_MAX - TOPOLOGY_ENTRIES;
    if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, kvm->cpuid) < 0) {
        kvm_fail(error, "KVM_GET_SUPPORTED_CPUID", errno);
        return false;
    }
    kvm->has_tsc_deadline = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
    take_names_of_host(kvm->cpuid);
    drop_topology(kvm->cpuid);
    const AccelHost *host = &kvm->accel.host;
    const CpuFeatures has = features_of_host(kvm->cpuid);
    const CpuModel wanted = model_for_host(&host->model, kvm->cpuid);
    if (!cpu_model_check(&wanted, &has, "host", host->warn, host->opaque, error)) {
        return false;
    }
    const CpuIdentity own = identity_of_host(kvm->cpuid);
    const CpuIdentity identity = cpu_model_identity(&host->model, &own, true);
    kvm->is_amd = !strcmp(identity.vendor, CPU_VENDOR_AMD);
    set_identity(kvm, &identity);
    limit_to_model(kvm);
    if (kvm->accel.host.model.hides_kvm) {
        drop_hypervisor_leaves(kvm->cpuid);
    }
    return true;
}

/* The leaves with several subleaves.  The last subleaf ends the list. */
static void add_topology(const KvmVcpu *kv, struct kvm_cpuid2 *cpuid)
{
    static const struct {
        uint32_t leaf, subleaves;
    } LEAVES[] = {{LEAF_CACHES_OF, 5}, {LEAF_TOPOLOGY, 3}, {LEAF_TOPOLOGY_V2, 4}};
    const struct kvm_cpuid_entry2 *first = find_leaf(cpuid, 0);
    const CpuTopology *topology = &kv->vcpu.accel->host.topology;
    for (size_t i = 0; i < G_N_ELEMENTS(LEAVES); i++) {
        for (uint32_t n = 0; first && LEAVES[i].leaf <= first->eax && n < LEAVES[i].subleaves;
             n++) {
            CpuidAnswer answer = {0};
            cpu_topology_cpuid(topology, kv->vcpu.index, false, LEAVES[i].leaf, n, &answer);
            struct kvm_cpuid_entry2 *e = &cpuid->entries[cpuid->nent++];
            *e = (struct kvm_cpuid_entry2){
                .function = LEAVES[i].leaf, .index = n, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX};
            put_answer(e, answer);
        }
    }
}

/*
 * Sets the leaves that contain the CPU's own APIC ID, the number of CPUs, and the
 * abilities of its APIC.
 */
static void fit_cpuid(const KvmVcpu *kv, struct kvm_cpuid2 *cpuid)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    for (unsigned i = 0; i < cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        if (e->function == LEAF_FEATURES) {
            fit_features(kv, e);
        } else if (e->function == KVM_CPUID_FEATURES && !kvm_has_apics(kvm)) {
            e->eax &= ~OF_APICS;
        }
        CpuidAnswer answer = answer_of(e);
        if (cpu_topology_cpuid(&kvm->accel.host.topology, kv->vcpu.index, kvm->is_amd, e->function,
                               e->index, &answer)) {
            put_answer(e, answer);
        }
    }
    add_topology(kv, cpuid);
}

bool kvm_set_cpuid(KvmVcpu *kv, GError **error)
{
    const KvmAccel *kvm = (KvmAccel *)kv->vcpu.accel;
    size_t size = sizeof(*kvm->cpuid) + ENTRIES_MAX * sizeof(kvm->cpuid->entries[0]);
    g_autofree struct kvm_cpuid2 *cpuid = g_memdup2(kvm->cpuid, size);
    fit_cpuid(kv, cpuid);
    if (ioctl(kv->fd, KVM_SET_CPUID2, cpuid) < 0) {
        kvm_fail(error, "KVM_SET_CPUID2", errno);
        return false;
    }
    return true;
}
