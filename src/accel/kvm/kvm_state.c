/* The kvm accelerator: converts CpuState to KVM's structures and back. */
#include "src/accel/kvm/kvm.h"

#include <asm/kvm_para.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define CR4_PSE (1u << 4)

/* ---- segments and tables ---- */

static CpuSegment segment_from_kvm(const struct kvm_segment *s)
{
    uint32_t attributes = s->type | (uint32_t)s->s << 4 | (uint32_t)s->dpl << 5 |
                          (uint32_t)s->present << 7 | (uint32_t)s->avl << 12 |
                          (uint32_t)s->l << 13 | (uint32_t)s->db << 14 | (uint32_t)s->g << 15 |
                          (uint32_t)s->unusable << 16;
    return (CpuSegment){
        .selector = s->selector, .attributes = attributes, .limit = s->limit, .base = s->base};
}

static struct kvm_segment segment_to_kvm(const CpuSegment *s)
{
    uint32_t a = s->attributes;
    return (struct kvm_segment){
        .base = s->base,
        .limit = s->limit,
        .selector = s->selector,
        .type = a & CPU_SEGMENT_TYPE,
        .s = !!(a & CPU_SEGMENT_S),
        .dpl = (uint8_t)((a & CPU_SEGMENT_DPL) >> 5) & 3,
        .present = !!(a & CPU_SEGMENT_P),
        .avl = !!(a & CPU_SEGMENT_AVL),
        .l = !!(a & CPU_SEGMENT_L),
        .db = !!(a & CPU_SEGMENT_DB),
        .g = !!(a & CPU_SEGMENT_G),
        .unusable = !!(a & CPU_SEGMENT_UNUSABLE),
    };
}

/* Fills `fields` so that fields[CPU_ES] is ES, and so on for each segment register. */
static void segment_fields(struct kvm_sregs *sregs, struct kvm_segment *fields[CPU_SEGMENT_COUNT])
{
    struct kvm_segment *all[CPU_SEGMENT_COUNT] = {&sregs->es, &sregs->cs, &sregs->ss,  &sregs->ds,
                                                  &sregs->fs, &sregs->gs, &sregs->ldt, &sregs->tr};
    memcpy(fields, all, sizeof(all));
}

static void sregs_to_state(struct kvm_sregs *sregs, CpuState *state)
{
    struct kvm_segment *fields[CPU_SEGMENT_COUNT];
    segment_fields(sregs, fields);
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        state->segment[i] = segment_from_kvm(fields[i]);
    }
    state->gdtr = (CpuTable){sregs->gdt.base, sregs->gdt.limit};
    state->idtr = (CpuTable){sregs->idt.base, sregs->idt.limit};
    state->cr0 = sregs->cr0;
    state->cr2 = sregs->cr2;
    state->cr3 = sregs->cr3;
    state->cr4 = sregs->cr4;
    state->cr8 = sregs->cr8;
    state->msr.efer = sregs->efer;
    state->msr.apic_base = sregs->apic_base;
}

static void state_to_sregs(const CpuState *state, struct kvm_sregs *sregs)
{
    struct kvm_segment *fields[CPU_SEGMENT_COUNT];
    segment_fields(sregs, fields);
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        *fields[i] = segment_to_kvm(&state->segment[i]);
    }
    sregs->gdt = (struct kvm_dtable){.base = state->gdtr.base, .limit = state->gdtr.limit};
    sregs->idt = (struct kvm_dtable){.base = state->idtr.base, .limit = state->idtr.limit};
    sregs->cr0 = state->cr0;
    sregs->cr2 = state->cr2;
    sregs->cr3 = state->cr3;
    sregs->cr4 = state->cr4;
    sregs->cr8 = state->cr8;
    sregs->efer = state->msr.efer;
    memset(sregs->interrupt_bitmap, 0, sizeof(sregs->interrupt_bitmap));
}

/* ---- general registers ---- */

/* Fills `fields` so that fields[CPU_AX] is RAX, and so on for each general register. */
static void gpr_fields(struct kvm_regs *r, __u64 *fields[CPU_GPR_COUNT])
{
    __u64 *all[CPU_GPR_COUNT] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
                                 &r->rsi, &r->rdi, &r->r8,  &r->r9,  &r->r10, &r->r11,
                                 &r->r12, &r->r13, &r->r14, &r->r15};
    memcpy(fields, all, sizeof(all));
}

static void regs_to_state(struct kvm_regs *regs, CpuState *state)
{
    __u64 *fields[CPU_GPR_COUNT];
    gpr_fields(regs, fields);
    for (unsigned i = 0; i < CPU_GPR_COUNT; i++) {
        state->gpr[i] = *fields[i];
    }
    state->rip = regs->rip;
    state->rflags = regs->rflags;
}

/* ---- FXSAVE image, "Layout of the 64-bit-mode FXSAVE64 Map" in the SDM ---- */

static void fpu_to_state(const struct kvm_fpu *fpu, CpuState *state)
{
    uint8_t *image = state->fxsave;
    memset(image, 0, sizeof(state->fxsave));
    memcpy(image, &fpu->fcw, 2);
    memcpy(image + 2, &fpu->fsw, 2);
    image[4] = fpu->ftwx;
    memcpy(image + 6, &fpu->last_opcode, 2);
    memcpy(image + 8, &fpu->last_ip, 8);
    memcpy(image + 16, &fpu->last_dp, 8);
    memcpy(image + 24, &fpu->mxcsr, 4);
    memcpy(image + 32, fpu->fpr, sizeof(fpu->fpr));
    memcpy(image + 160, fpu->xmm, sizeof(fpu->xmm));
}

static void state_to_fpu(const CpuState *state, struct kvm_fpu *fpu)
{
    const uint8_t *image = state->fxsave;
    memset(fpu, 0, sizeof(*fpu));
    memcpy(&fpu->fcw, image, 2);
    memcpy(&fpu->fsw, image + 2, 2);
    fpu->ftwx = image[4];
    memcpy(&fpu->last_opcode, image + 6, 2);
    memcpy(&fpu->last_ip, image + 8, 8);
    memcpy(&fpu->last_dp, image + 16, 8);
    memcpy(&fpu->mxcsr, image + 24, 4);
    memcpy(fpu->fpr, image + 32, sizeof(fpu->fpr));
    memcpy(fpu->xmm, image + 160, sizeof(fpu->xmm));
}

/* ---- MSRs ---- */

static const struct {
    uint32_t number;
    size_t offset;
} MSRS[] = {
    {0x10, offsetof(CpuMsrs, tsc)},
    {0x174, offsetof(CpuMsrs, sysenter_cs)},
    {0x175, offsetof(CpuMsrs, sysenter_esp)},
    {0x176, offsetof(CpuMsrs, sysenter_eip)},
    {0x1a0, offsetof(CpuMsrs, misc_enable)},
    {0x277, offsetof(CpuMsrs, pat)},
    {0xc0000081, offsetof(CpuMsrs, star)},
    {0xc0000082, offsetof(CpuMsrs, lstar)},
    {0xc0000083, offsetof(CpuMsrs, cstar)},
    {0xc0000084, offsetof(CpuMsrs, sfmask)},
    {0xc0000102, offsetof(CpuMsrs, kernel_gs_base)},
    {0xc0000103, offsetof(CpuMsrs, tsc_aux)},
    /* This comes after the time stamp counter and the local APIC, because it depends on them. */
    {0x6e0, offsetof(CpuMsrs, tsc_deadline)},
    {MSR_KVM_WALL_CLOCK_NEW, offsetof(CpuMsrs, kvm_wall_clock)},
    {MSR_KVM_SYSTEM_TIME_NEW, offsetof(CpuMsrs, kvm_system_time)},
    {MSR_KVM_STEAL_TIME, offsetof(CpuMsrs, kvm_steal_time)},
    {MSR_KVM_PV_EOI_EN, offsetof(CpuMsrs, kvm_pv_eoi)},
    {MSR_KVM_POLL_CONTROL, offsetof(CpuMsrs, kvm_poll_control)},
    /* The vector comes first, because page faults can come as soon as they are enabled. */
    {MSR_KVM_ASYNC_PF_INT, offsetof(CpuMsrs, kvm_async_pf_int)},
    {MSR_KVM_ASYNC_PF_EN, offsetof(CpuMsrs, kvm_async_pf)},
    {MSR_KVM_MIGRATION_CONTROL, offsetof(CpuMsrs, kvm_migration_control)},
};

/* struct kvm_msrs ends in a flexible array.  This has room for one entry. */
typedef union MsrBlock {
    struct kvm_msrs head;
    uint8_t bytes[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
} MsrBlock;

/* One at a time, because an MSR that the host does not have would hide those after it. */
static void get_msrs(KvmVcpu *kv, CpuState *state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(MSRS); i++) {
        MsrBlock block = {.head.nmsrs = 1};
        block.head.entries[0].index = MSRS[i].number;
        if (ioctl(kv->fd, KVM_GET_MSRS, &block) == 1) {
            memcpy((uint8_t *)&state->msr + MSRS[i].offset, &block.head.entries[0].data, 8);
        }
    }
}

static void set_msrs(KvmVcpu *kv, const CpuState *state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(MSRS); i++) {
        MsrBlock block = {.head.nmsrs = 1};
        block.head.entries[0].index = MSRS[i].number;
        memcpy(&block.head.entries[0].data, (const uint8_t *)&state->msr + MSRS[i].offset, 8);
        ioctl(kv->fd, KVM_SET_MSRS, &block);
    }
}

/* ---- events and debug registers ---- */

static void events_to_state(const struct kvm_vcpu_events *events, CpuState *state)
{
    state->exception_pending = events->exception.injected;
    state->exception_vector = events->exception.nr;
    state->exception_has_error = events->exception.has_error_code;
    state->exception_error = events->exception.error_code;
    state->interrupt_shadow = events->interrupt.shadow != 0;
    state->nmi_pending = events->nmi.pending;
    state->nmi_masked = events->nmi.masked;
}

static void state_to_events(const CpuState *state, struct kvm_vcpu_events *events)
{
    memset(events, 0, sizeof(*events));
    events->exception.injected = state->exception_pending;
    events->exception.nr = state->exception_vector;
    events->exception.has_error_code = state->exception_has_error;
    events->exception.error_code = state->exception_error;
    events->interrupt.shadow =
        state->interrupt_shadow ? KVM_X86_SHADOW_INT_MOV_SS | KVM_X86_SHADOW_INT_STI : 0;
    events->nmi.pending = state->nmi_pending;
    events->nmi.masked = state->nmi_masked;
    events->flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
}

static void debug_to_state(const struct kvm_debugregs *debug, CpuState *state)
{
    for (unsigned i = 0; i < 4; i++) {
        state->dr[i] = debug->db[i];
    }
    state->dr[6] = debug->dr6;
    state->dr[7] = debug->dr7;
}

static void state_to_debug(const CpuState *state, struct kvm_debugregs *debug)
{
    memset(debug, 0, sizeof(*debug));
    for (unsigned i = 0; i < 4; i++) {
        debug->db[i] = state->dr[i];
    }
    debug->dr6 = state->dr[6];
    debug->dr7 = state->dr[7];
}

#define APIC_BASE_ENABLED (UINT64_C(1) << 11)

/* ---- the whole ---- */

/* A linear address, which does not depend on CS. */
uint64_t kvm_program_counter(BusInitiator *initiator)
{
    KvmVcpu *kv = (KvmVcpu *)initiator;
    struct kvm_regs regs = {0};
    struct kvm_sregs sregs = {0};
    ioctl(kv->fd, KVM_GET_REGS, &regs);
    ioctl(kv->fd, KVM_GET_SREGS, &sregs);
    return sregs.cs.base + regs.rip;
}

/* Only in-kernel controllers know it. */
static void get_mp_state(KvmVcpu *kv, CpuState *state)
{
    struct kvm_mp_state mp = {0};
    if (ioctl(kv->fd, KVM_GET_MP_STATE, &mp) == 0) {
        state->halted = mp.mp_state == KVM_MP_STATE_HALTED;
        state->unstarted =
            mp.mp_state == KVM_MP_STATE_UNINITIALIZED || mp.mp_state == KVM_MP_STATE_INIT_RECEIVED;
    }
}

bool kvm_vcpu_get_state(Vcpu *vcpu, CpuState *state, GError **error)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
    struct kvm_vcpu_events events;
    struct kvm_debugregs debug;
    if (ioctl(kv->fd, KVM_GET_REGS, &regs) < 0 || ioctl(kv->fd, KVM_GET_SREGS, &sregs) < 0 ||
        ioctl(kv->fd, KVM_GET_FPU, &fpu) < 0 || ioctl(kv->fd, KVM_GET_DEBUGREGS, &debug) < 0 ||
        ioctl(kv->fd, KVM_GET_VCPU_EVENTS, &events) < 0) {
        kvm_fail(error, "cannot read the vCPU's registers", errno);
        return false;
    }
    memset(state, 0, sizeof(*state));
    regs_to_state(&regs, state);
    sregs_to_state(&sregs, state);
    fpu_to_state(&fpu, state);
    events_to_state(&events, state);
    debug_to_state(&debug, state);
    get_msrs(kv, state);
    struct kvm_xcrs xcrs = {0};
    state->xcr0 = ioctl(kv->fd, KVM_GET_XCRS, &xcrs) == 0 && xcrs.nr_xcrs ? xcrs.xcrs[0].value : 1;
    get_mp_state(kv, state);
    state->a20 = true;
    return true;
}

/*
 * KVM on AMD clears the control block of a vCPU that shut down, and with it the
 * root of the nested page tables.  KVM puts the root back only when a control
 * register changes.  Without such a change a real-mode guest never runs again.
 */
static void renew_page_tables(KvmVcpu *kv, const struct kvm_sregs *sregs)
{
    struct kvm_sregs other = *sregs;
    other.cr4 ^= CR4_PSE;
    ioctl(kv->fd, KVM_SET_SREGS, &other);
}

bool kvm_vcpu_set_state(Vcpu *vcpu, const CpuState *state, GError **error)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    struct kvm_regs regs = {.rip = state->rip, .rflags = state->rflags};
    __u64 *fields[CPU_GPR_COUNT];
    gpr_fields(&regs, fields);
    for (unsigned i = 0; i < CPU_GPR_COUNT; i++) {
        *fields[i] = state->gpr[i];
    }
    /* The interrupt controller owns the APIC base as much as the CPU does, so KVM keeps its own. */
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
    struct kvm_vcpu_events events;
    struct kvm_debugregs debug;
    if (ioctl(kv->fd, KVM_GET_SREGS, &sregs) < 0) {
        kvm_fail(error, "KVM_GET_SREGS", errno);
        return false;
    }
    state_to_sregs(state, &sregs);
    if (!kvm_has_apics((const KvmAccel *)vcpu->accel)) {
        /* CPUID in KVM shows an APIC as long as the APIC is enabled here. */
        sregs.apic_base &= ~APIC_BASE_ENABLED;
    }
    state_to_fpu(state, &fpu);
    state_to_events(state, &events);
    state_to_debug(state, &debug);
    if (kv->shut_down) {
        renew_page_tables(kv, &sregs);
    }
    if (ioctl(kv->fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(kv->fd, KVM_SET_REGS, &regs) < 0 ||
        ioctl(kv->fd, KVM_SET_FPU, &fpu) < 0 || ioctl(kv->fd, KVM_SET_DEBUGREGS, &debug) < 0 ||
        ioctl(kv->fd, KVM_SET_VCPU_EVENTS, &events) < 0) {
        kvm_fail(error, "cannot set the vCPU's registers", errno);
        return false;
    }
    struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs[0].value = state->xcr0};
    ioctl(kv->fd, KVM_SET_XCRS, &xcrs);
    set_msrs(kv, state);
    kv->shut_down = kv->last.seen = false;
    kv->debug.passes = kv->debug.halted = kv->debug.dead = false;
    kv->debug.interrupt = -1;
    kv->debug.stale = kv->debug.applied;
    return true;
}

bool kvm_vcpu_set_place(Vcpu *vcpu, const CpuState *state)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    struct kvm_regs regs = {.rip = state->rip, .rflags = state->rflags};
    __u64 *fields[CPU_GPR_COUNT];
    struct kvm_sregs sregs;
    gpr_fields(&regs, fields);
    for (unsigned i = 0; i < CPU_GPR_COUNT; i++) {
        *fields[i] = state->gpr[i];
    }
    if (ioctl(kv->fd, KVM_GET_SREGS, &sregs) < 0) {
        return false;
    }
    sregs.cs = segment_to_kvm(&state->segment[CPU_CS]);
    if (kvm_has_apics((const KvmAccel *)vcpu->accel)) {
        ioctl(kv->fd, KVM_SET_MP_STATE, &(struct kvm_mp_state){KVM_MP_STATE_RUNNABLE});
    }
    return ioctl(kv->fd, KVM_SET_SREGS, &sregs) == 0 && ioctl(kv->fd, KVM_SET_REGS, &regs) == 0;
}

/* ---- after the guest's death ---- */

/* True if CS:EIP is the address after RESET#.  A guest gets there only by a far jump. */
static bool is_reset(const struct kvm_regs *regs, const struct kvm_sregs *sregs)
{
    return regs->rip == 0xfff0 && sregs->cs.base == 0xffff0000u && !(sregs->cr0 & CPU_CR0_PE);
}

static uint64_t milliseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * 1000 + (uint64_t)time->tv_nsec / 1000000;
}

/* Both times are early by up to a tick of the coarse clock. */
static uint64_t age_of(const KvmVcpu *kv)
{
    struct timespec tick;
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return milliseconds(&kv->end) - milliseconds(&kv->last.time) + milliseconds(&tick) + 1;
}

/* KVM also causes triple faults itself, and those keep the registers. */
bool kvm_vcpu_remains(Vcpu *vcpu, VcpuRemains *remains)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    if (!kv->shut_down || ioctl(kv->fd, KVM_GET_REGS, &regs) < 0 ||
        ioctl(kv->fd, KVM_GET_SREGS, &sregs) < 0 || !is_reset(&regs, &sregs)) {
        return false;
    }
    memset(remains, 0, sizeof(*remains));
    remains->seen = kv->last.seen;
    if (remains->seen) {
        remains->age_ms = age_of(kv);
        regs_to_state(&kv->last.regs, &remains->state);
        sregs_to_state(&kv->last.sregs, &remains->state);
    }
    return true;
}
