/*
 * The kvm accelerator's own structures: only files in this directory know
 * them, or anything of KVM.
 *
 * KVM API: Documentation/virt/kvm/api.rst of the Linux kernel.
 */
#ifndef PIOEMU_ACCEL_KVM_H
#define PIOEMU_ACCEL_KVM_H

#include "src/accel/accel.h"

#include <linux/kvm.h>
#include <time.h>

#define KVM_CHIP_COUNT 3u

typedef struct KvmAccel {
    Accel accel; /* first */
    int fd;      /* /dev/kvm */
    int vm_fd;
    size_t run_size; /* of the area shared with a vCPU */
    struct kvm_cpuid2 *cpuid;
    bool has_tsc_deadline;
    struct kvm_clock_data clock; /* where it stands, */
    bool clock_stands;           /* if it does */
    /* Writes that KVM queued instead of exiting; NULL: it cannot. */
    struct kvm_coalesced_mmio_ring *posted;
    GMutex posted_lock; /* the consumer's side, one vCPU at a time */
    unsigned posted_page;
    GMutex routes_lock;
    struct kvm_irq_routing *routes; /* IRQCHIP_SPLIT: those of level vectors */
    struct kvm_irqchip power_on[KVM_CHIP_COUNT];
} KvmAccel;

/* Local APICs are in KVM. */
static inline bool kvm_has_apics(const KvmAccel *kvm)
{
    return kvm->accel.host.irqchip != IRQCHIP_USER;
}

/* What KVM_RUN last came back with, other than for the guest's death. */
typedef struct KvmLastExit {
    bool seen;
    struct timespec time; /* CLOCK_MONOTONIC_COARSE */
    struct kvm_regs regs;
    struct kvm_sregs sregs;
} KvmLastExit;

typedef struct KvmVcpu {
    Vcpu vcpu; /* first */
    int fd;
    struct kvm_run *run;
    bool shut_down;      /* triple fault, and no new state since */
    struct timespec end; /* when; CLOCK_MONOTONIC_COARSE */
    KvmLastExit last;    /* kept where run->kvm_valid_regs says so */
    struct kvm_lapic_state power_on_apic;
    /* REP OUTS to a port whose writes may begin something long: what is left of it. */
    struct {
        uint8_t data[MEMORY_PAGE_SIZE];
        size_t at, end; /* in data; equal: nothing */
        uint16_t port;
        uint8_t size;
    } slow;
    atomic_int tid; /* of the only thread that calls run(); 0: it has not yet */
} KvmVcpu;

#define KVM_POSTED_ENTRIES                                                                         \
    ((MEMORY_PAGE_SIZE - sizeof(struct kvm_coalesced_mmio_ring)) /                                 \
     sizeof(struct kvm_coalesced_mmio))

/* "what: why (advice)", as a host error. */
void kvm_fail(GError **error, const char *what, int error_number);

/* kvm_run.c */
VcpuStop kvm_vcpu_run(Vcpu *vcpu);
void kvm_vcpu_kick(Vcpu *vcpu);
void kvm_vcpu_interrupt_changed(Vcpu *vcpu);
bool kvm_posted_waiting(Accel *accel);

/* kvm_irqchip.c */
SplitSupport kvm_irqchip_probe_split(int fd);
/* As AccelHost.irqchip has it, in a machine without vCPUs. */
bool kvm_irqchip_create(KvmAccel *kvm, GError **error);
void kvm_send_message(Accel *accel, uint64_t address, uint32_t data);
void kvm_irq_set(Accel *accel, unsigned irq, bool level);
bool kvm_irq_pending(Accel *accel, unsigned irq);
bool kvm_reset_vcpu(Vcpu *vcpu, GError **error);
bool kvm_is_dead(Vcpu *vcpu);

/* kvm_clock.c */
void kvm_stand_still(Vcpu *vcpu, bool on);

/* kvm_cpuid.c */
bool kvm_load_cpuid(KvmAccel *kvm, GError **error);
/* What the guest is told its CPU can do. */
bool kvm_set_cpuid(KvmVcpu *kv, GError **error);

/* kvm_state.c */
uint64_t kvm_program_counter(BusInitiator *initiator);
bool kvm_vcpu_get_state(Vcpu *vcpu, CpuState *state, GError **error);
bool kvm_vcpu_set_state(Vcpu *vcpu, const CpuState *state, GError **error);
bool kvm_vcpu_remains(Vcpu *vcpu, VcpuRemains *remains);

#endif
