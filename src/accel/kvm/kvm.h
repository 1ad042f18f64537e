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

typedef struct KvmAccel {
    Accel accel; /* first */
    int fd;      /* /dev/kvm */
    int vm_fd;
    size_t run_size; /* of the area shared with a vCPU */
    struct kvm_cpuid2 *cpuid;
    /* Writes that KVM queued instead of exiting; NULL: it cannot. */
    struct kvm_coalesced_mmio_ring *posted;
    GMutex posted_lock; /* the consumer's side, one vCPU at a time */
    unsigned posted_page;
    bool irqchip;
} KvmAccel;

typedef struct KvmVcpu {
    Vcpu vcpu; /* first */
    int fd;
    struct kvm_run *run;
    atomic_int tid; /* of the thread in run(); 0: it never ran */
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

/* kvm_state.c */
uint64_t kvm_program_counter(BusInitiator *initiator);
bool kvm_vcpu_get_state(Vcpu *vcpu, CpuState *state, GError **error);
bool kvm_vcpu_set_state(Vcpu *vcpu, const CpuState *state, GError **error);

#endif
