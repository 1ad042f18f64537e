/*
 * The structures of the kvm accelerator.  Only the files in this folder know them,
 * or include anything of KVM.
 *
 * KVM API: Documentation/virt/kvm/api.rst of the Linux kernel.
 */
#ifndef PIOEMU_ACCEL_KVM_H
#define PIOEMU_ACCEL_KVM_H

#include "src/accel/accel.h"

#include <linux/kvm.h>
#include <time.h>

#define KVM_CHIP_COUNT 3u

#define KVM_SLOTS 4u /* debug registers that hold addresses */

/* What the debug registers hold. */
typedef struct KvmSlots {
    unsigned count;
    uint64_t dr7;
    __u64 address[KVM_SLOTS];
    size_t point[KVM_SLOTS];   /* index in Accel.debug_points; SIZE_MAX: a handler */
    uint8_t vector[KVM_SLOTS]; /* of that handler */
} KvmSlots;

typedef struct KvmAccel {
    Accel accel; /* must be first */
    int fd;      /* /dev/kvm */
    int vm_fd;
    size_t run_size; /* of the area that is shared with a vCPU */
    struct kvm_cpuid2 *cpuid;
    bool has_tsc_deadline;
    bool is_amd;                 /* the guest's CPU is one of AMD */
    struct kvm_clock_data clock; /* the value at which it stands */
    bool clock_stands;           /* `clock` is valid */
    /* Writes that KVM queued instead of exiting.  NULL: this KVM cannot. */
    struct kvm_coalesced_mmio_ring *posted;
    GMutex posted_lock; /* held by the consumer, which is one vCPU at a time */
    unsigned posted_page;
    GMutex routes_lock;
    struct kvm_irq_routing *routes; /* IRQCHIP_SPLIT: routes for the vectors of level messages */
    struct kvm_irqchip power_on[KVM_CHIP_COUNT];
    bool read_only_works;
    MemoryRegion regions[MEMORY_SLOTS]; /* what each slot has; size 0: nothing */
    atomic_bool memory_failed;
    char *memory_failure; /* with routes_lock: why a change of memory failed */
    /* See kvm_debug.c; changed while no vCPU runs. */
    struct {
        bool probed, executes, watches; /* what the host's debug registers can do */
        bool steps;                     /* they are not enough: every vCPU is stepped */
        unsigned version;               /* grows when the points change */
        uint32_t blocks_interrupts;     /* the flag of KVM_SET_GUEST_DEBUG, or 0 */
        KvmSlots slots;
    } debug;
} KvmAccel;

/* True if the local APICs are in KVM. */
static inline bool kvm_has_apics(const KvmAccel *kvm)
{
    return kvm->accel.host.irqchip != IRQCHIP_USER;
}

/* The last exit of KVM_RUN before the guest's death. */
typedef struct KvmLastExit {
    bool seen;
    struct timespec time; /* CLOCK_MONOTONIC_COARSE */
    struct kvm_regs regs;
    struct kvm_sregs sregs;
} KvmLastExit;

typedef struct KvmVcpu {
    Vcpu vcpu; /* must be first */
    int fd;
    struct kvm_run *run;
    bool shut_down;      /* after a triple fault, until a new state is set */
    struct timespec end; /* when it shut down; CLOCK_MONOTONIC_COARSE */
    KvmLastExit last;    /* only with run->kvm_valid_regs */
    struct kvm_lapic_state power_on_apic;
    /* The rest of a REP OUTS to a port at which a write can start a long operation. */
    struct {
        uint8_t data[PAGE_SIZE];
        size_t at, end; /* positions in `data`; equal if nothing is left */
        uint16_t port;
        uint8_t size;
    } slow;
    struct {
        bool applied;     /* KVM_SET_GUEST_DEBUG has something to do */
        bool stale;       /* it has to be called again */
        bool passes;      /* the instruction here has been stopped at */
        bool halted;      /* the vCPU waits for an interrupt, */
        bool dead;        /* or for nothing, and a step ended there */
        int interrupt;    /* vector that this step enters, or -1 */
        uint64_t from;    /* linear address of the instruction that is stepped */
        uint32_t inject;  /* the guest's own exception */
        unsigned version; /* of the points that are applied */
        KvmSlots slots;
        GByteArray
            *seen; /* contents of the watchpoints, if they are compared after each instruction */
    } debug;
    atomic_int tid; /* the only thread that calls run(); 0: it has not called it yet */
} KvmVcpu;

#define KVM_POSTED_ENTRIES                                                                         \
    ((PAGE_SIZE - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio))

/* Sets the error "what: why (advice)" of a host failure. */
void kvm_fail(GError **error, const char *what, int error_number);

/* kvm_run.c */
VcpuStop kvm_vcpu_run(Vcpu *vcpu);
void kvm_vcpu_kick(Vcpu *vcpu);
void kvm_vcpu_interrupt_changed(Vcpu *vcpu);
bool kvm_posted_waiting(Accel *accel);

/* kvm_irqchip.c */
SplitSupport kvm_irqchip_probe_split(int fd);
/* Creates the controllers of AccelHost.irqchip.  The machine has no vCPUs yet. */
bool kvm_irqchip_create(KvmAccel *kvm, GError **error);
void kvm_send_message(Accel *accel, uint64_t address, uint32_t data);
void kvm_irq_set(Accel *accel, unsigned irq, bool level);
bool kvm_irq_pending(Accel *accel, unsigned irq);
bool kvm_reset_vcpu(Vcpu *vcpu, GError **error);
bool kvm_is_dead(Vcpu *vcpu);

/* kvm_clock.c */
void kvm_stand_still(Vcpu *vcpu, bool on);

/* kvm_debug.c */
void kvm_debug_open(KvmAccel *kvm);
bool kvm_debug_changed(Accel *accel, GError **error);
/* run() begins.  False: the vCPU stops at once. */
bool kvm_debug_begin(KvmVcpu *kv, VcpuStop *stop);
/*
 * Calls KVM_SET_GUEST_DEBUG if it is due, and takes interrupts while the vCPU is
 * stepped.  False: the vCPU stops.
 */
bool kvm_debug_prepare(KvmVcpu *kv, VcpuStop *stop);
/* The vCPU halts, with `stop`; returns how run() ends. */
VcpuStop kvm_debug_halted(KvmVcpu *kv, VcpuStop stop);
/* A write was made; the step over it may be done.  With `*go_on` set the vCPU runs on. */
VcpuStop kvm_debug_wrote(KvmVcpu *kv, bool *go_on);
/* KVM_EXIT_DEBUG.  With `*go_on` set the vCPU runs on. */
VcpuStop kvm_debug_exit(KvmVcpu *kv, bool *go_on);

/* Whether the vCPU is single-stepped, so that pioemu checks each instruction. */
static inline bool kvm_debug_steps(const KvmVcpu *kv)
{
    return kv->vcpu.step || ((const KvmAccel *)kv->vcpu.accel)->debug.steps;
}

/* Whether KVM_SET_GUEST_DEBUG has to be called. */
static inline bool kvm_debug_is_due(const KvmVcpu *kv)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    return kv->debug.stale || kv->debug.version != kvm->debug.version;
}

/* kvm_handler.c */
/* The linear address that a vector leads to.  False: a task gate, or none. */
bool kvm_find_handler(const KvmVcpu *kv, const CpuState *state, unsigned vector, uint64_t *address);
/* The vCPU is at the first instruction of the handler that a step led to. */
void kvm_clear_pushed_trap(KvmVcpu *kv, unsigned vector);
/* Delivers an interrupt.  False: KVM has to do it. */
bool kvm_enter_handler(KvmVcpu *kv, unsigned vector);

/* kvm_cpuid.c */
bool kvm_load_cpuid(KvmAccel *kvm, GError **error);
/* Sets the features that CPUID shows the guest. */
bool kvm_set_cpuid(KvmVcpu *kv, GError **error);

/* kvm_state.c */
uint64_t kvm_program_counter(BusInitiator *initiator);
bool kvm_vcpu_get_state(Vcpu *vcpu, CpuState *state, GError **error);
bool kvm_vcpu_set_state(Vcpu *vcpu, const CpuState *state, GError **error);
/* Sets the general registers, CS and the flags only; a halt is over. */
bool kvm_vcpu_set_place(Vcpu *vcpu, const CpuState *state);
bool kvm_vcpu_remains(Vcpu *vcpu, VcpuRemains *remains);

#endif
