/*
 * The kvm accelerator: breakpoints, watchpoints and single steps.
 *
 * Points go into the debug registers of the vCPU while it runs, where the guest
 * does not see them.  What a host's debug registers can do is probed in a small
 * virtual machine, because nested and software-assisted KVM often ignores them.
 * Where they cannot do it, or are too few, the vCPU is single-stepped and looked
 * at after each instruction.  This is slow, but works on every host.
 *
 * An exception clears TF, so a step would go on through its handler.  During a
 * step the debug registers therefore hold the first instructions of handlers.
 *
 * Debug registers: chapter "Debug, Branch Profile" of volume 3 of Intel's manual.
 */
#include "src/accel/kvm/kvm.h"

#include "src/base/error.h"
#include "src/cpu/translate.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DR6_SINGLE_STEP (1u << 14)
#define DR7_EXACT       0x300u

#define VECTOR_DE 0u
#define VECTOR_UD 6u
#define VECTOR_GP 13u
#define VECTOR_PF 14u

/* More data than this is not compared after each step. */
#define WATCH_MAX 64u

/* What a slot is for when it is not for a point. */
#define IS_HANDLER SIZE_MAX

/* ---- debug registers ---- */

static uint64_t enable_bits(unsigned slot, DebugKind kind, unsigned size)
{
    static const unsigned LENGTHS[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
    unsigned type = kind == DEBUG_EXECUTE ? 0 : kind == DEBUG_WRITE ? 1 : 3;
    return UINT64_C(1) << slot * 2 | (uint64_t)(type | LENGTHS[size] << 2) << (16 + slot * 4);
}

static bool add_slot(KvmSlots *slots, DebugKind kind, uint64_t address, unsigned size, size_t point,
                     uint8_t vector)
{
    if (slots->count == KVM_SLOTS) {
        return false;
    }
    slots->dr7 |= enable_bits(slots->count, kind, size) | DR7_EXACT;
    slots->address[slots->count] = address;
    slots->point[slots->count] = point;
    slots->vector[slots->count++] = vector;
    return true;
}

/* A debug register watches an aligned piece of 1, 2, 4 or 8 bytes. */
static bool add_pieces(KvmSlots *slots, const DebugPoint *point, size_t index)
{
    uint64_t at = point->address, end = at + point->size;
    while (at < end) {
        unsigned size = 8;
        while (at % size || at + size > end) {
            size /= 2;
        }
        if (!add_slot(slots, point->kind, at, size, index, 0)) {
            return false;
        }
        at += size;
    }
    return true;
}

/* Returns false if more points are needed than fit, or if the host's registers do not work. */
static bool fill_slots(const KvmAccel *kvm, KvmSlots *slots)
{
    bool fit = true;
    *slots = (KvmSlots){0};
    for (size_t i = 0; i < kvm->accel.debug_point_count; i++) {
        const DebugPoint *point = &kvm->accel.debug_points[i];
        bool can = point->kind == DEBUG_EXECUTE ? kvm->debug.executes : kvm->debug.watches;
        fit = fit && can && add_pieces(slots, point, i);
    }
    return fit;
}

/* ---- what the host can do ---- */

typedef struct Probe {
    int vm, vcpu;
    uint8_t *memory;
    struct kvm_run *run;
    size_t run_size;
} Probe;

#define PROBE_CODE 0x100u
#define PROBE_DATA 0x800u

/* NOP; MOV [data], AX; HLT, in real mode. */
static const uint8_t PROBE_PROGRAM[] = {0x90, 0xa3, PROBE_DATA & 0xff, PROBE_DATA >> 8, 0xf4};

static bool open_probe(const KvmAccel *kvm, Probe *probe)
{
    struct kvm_userspace_memory_region region = {.memory_size = PAGE_SIZE};
    struct kvm_sregs sregs;
    struct kvm_regs regs = {.rip = PROBE_CODE, .rflags = CPU_FLAG_ONE};
    probe->vm = ioctl(kvm->fd, KVM_CREATE_VM, 0);
    probe->memory =
        mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe->vm < 0 || probe->memory == MAP_FAILED) {
        return false;
    }
    memcpy(probe->memory + PROBE_CODE, PROBE_PROGRAM, sizeof(PROBE_PROGRAM));
    region.userspace_addr = (uintptr_t)probe->memory;
    probe->vcpu = ioctl(probe->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0
                      ? -1
                      : ioctl(probe->vm, KVM_CREATE_VCPU, 0);
    if (probe->vcpu < 0 || ioctl(probe->vcpu, KVM_GET_SREGS, &sregs) < 0) {
        return false;
    }
    sregs.cs.base = sregs.cs.selector = 0;
    probe->run_size = kvm->run_size;
    probe->run = mmap(NULL, probe->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, probe->vcpu, 0);
    return probe->run != MAP_FAILED && ioctl(probe->vcpu, KVM_SET_SREGS, &sregs) == 0 &&
           ioctl(probe->vcpu, KVM_SET_REGS, &regs) == 0;
}

static void close_probe(const Probe *probe)
{
    if (probe->run && probe->run != MAP_FAILED) {
        munmap(probe->run, probe->run_size);
    }
    if (probe->memory && probe->memory != MAP_FAILED) {
        munmap(probe->memory, PAGE_SIZE);
    }
    if (probe->vcpu >= 0) {
        close(probe->vcpu);
    }
    if (probe->vm >= 0) {
        close(probe->vm);
    }
}

/* Whether a point of this kind stops the program above. */
static bool can_stop(const KvmAccel *kvm, DebugKind kind)
{
    Probe probe = {.vm = -1, .vcpu = -1};
    bool execute = kind == DEBUG_EXECUTE;
    struct kvm_guest_debug debug = {.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP};
    debug.arch.debugreg[0] = execute ? PROBE_CODE + 1 : PROBE_DATA;
    debug.arch.debugreg[7] = enable_bits(0, kind, execute ? 1 : 2) | DR7_EXACT;
    bool stops = open_probe(kvm, &probe) && ioctl(probe.vcpu, KVM_SET_GUEST_DEBUG, &debug) == 0 &&
                 ioctl(probe.vcpu, KVM_RUN, 0) == 0 && probe.run->exit_reason == KVM_EXIT_DEBUG;
    close_probe(&probe);
    return stops;
}

/* The value of the capability is the set of supported flags. */
void kvm_debug_open(KvmAccel *kvm)
{
    int flags = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG2);
    kvm->debug.blocks_interrupts = flags > 0 ? (uint32_t)flags & KVM_GUESTDBG_BLOCKIRQ : 0;
}

static void probe_host(KvmAccel *kvm)
{
    if (!kvm->debug.probed) {
        kvm->debug.probed = true;
        kvm->debug.executes = can_stop(kvm, DEBUG_EXECUTE);
        kvm->debug.watches = can_stop(kvm, DEBUG_WRITE);
    }
}

/* ---- points ---- */

static bool is_watchable_by_steps(const DebugPoint *point)
{
    return point->kind == DEBUG_EXECUTE || (point->kind == DEBUG_WRITE && point->size <= WATCH_MAX);
}

bool kvm_debug_changed(Accel *accel, GError **error)
{
    KvmAccel *kvm = (KvmAccel *)accel;
    kvm->debug.version++;
    kvm->debug.steps = false;
    if (!accel->debug_point_count) {
        return true;
    }
    if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG) <= 0) {
        return error_refuse(error, "this host's KVM lacks KVM_CAP_SET_GUEST_DEBUG");
    }
    probe_host(kvm);
    kvm->debug.steps = !fill_slots(kvm, &kvm->debug.slots);
    for (size_t i = 0; kvm->debug.steps && i < accel->debug_point_count; i++) {
        if (!is_watchable_by_steps(&accel->debug_points[i])) {
            return error_refuse(error, "this host's KVM cannot watch such an access");
        }
    }
    return true;
}

/* ---- handlers of exceptions ---- */

static void add_handler(const KvmVcpu *kv, const CpuState *state, unsigned vector, KvmSlots *slots)
{
    uint64_t address, here = state->segment[CPU_CS].base + state->rip;
    if (kvm_find_handler(kv, state, vector, &address) && address != here) {
        add_slot(slots, DEBUG_EXECUTE, address, 1, IS_HANDLER, (uint8_t)vector);
    }
}

/* The vector of an INT instruction, or -1. */
static int software_vector(const KvmVcpu *kv, const CpuState *state)
{
    uint8_t code[2] = {0};
    uint64_t here = state->segment[CPU_CS].base + state->rip;
    translate_read(state, kv->vcpu.accel->host.memory, here, code, sizeof(code));
    return code[0] == 0xcd ? code[1] : code[0] == 0xcc ? 3 : code[0] == 0xce ? 4 : -1;
}

/* Finds the handlers that one instruction may enter, as far as there are registers for them. */
static void guard_handlers(KvmVcpu *kv, KvmSlots *slots)
{
    static const unsigned VECTORS[] = {VECTOR_GP, VECTOR_PF, VECTOR_UD, VECTOR_DE};
    CpuState state;
    *slots = (KvmSlots){0};
    if (!((KvmAccel *)kv->vcpu.accel)->debug.executes ||
        !kvm_vcpu_get_state(&kv->vcpu, &state, NULL)) {
        return;
    }
    int software = software_vector(kv, &state);
    if (kv->debug.interrupt >= 0) {
        add_handler(kv, &state, (unsigned)kv->debug.interrupt, slots);
    } else if (software >= 0) {
        add_handler(kv, &state, (unsigned)software, slots);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(VECTORS) && kv->debug.interrupt < 0; i++) {
        add_handler(kv, &state, VECTORS[i], slots);
    }
}

/* ---- before the vCPU runs ---- */

static uint64_t code_address(KvmVcpu *kv)
{
    return kvm_program_counter(&kv->vcpu.initiator);
}

static bool is_stepping(const KvmVcpu *kv)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    return kv->vcpu.step || kv->debug.passes || kvm->debug.steps;
}

/*
 * A step that takes the interrupt that ends a halt continues to its handler.
 * No other step takes an interrupt, because TF would be off in the handler.
 */
static uint32_t control_of(const KvmVcpu *kv, const KvmSlots *slots)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    uint32_t control = 0;
    bool guarded = kv->debug.interrupt >= 0 && slots->count;
    if (is_stepping(kv) && !guarded) {
        control |= KVM_GUESTDBG_SINGLESTEP;
    }
    if (kv->vcpu.step && kvm_has_apics(kvm) && !kv->debug.halted) {
        control |= kvm->debug.blocks_interrupts;
    }
    return control | (slots->count ? KVM_GUESTDBG_USE_HW_BP : 0) | kv->debug.inject;
}

static void apply(KvmVcpu *kv, const KvmSlots *slots)
{
    uint32_t control = control_of(kv, slots);
    struct kvm_guest_debug debug = {.control = control ? control | KVM_GUESTDBG_ENABLE : 0};
    memcpy(debug.arch.debugreg, slots->address, sizeof(slots->address));
    debug.arch.debugreg[7] = slots->dr7;
    ioctl(kv->fd, KVM_SET_GUEST_DEBUG, &debug);
    kv->debug.inject = 0;
    kv->debug.applied = control != 0;
    kv->debug.slots = *slots;
}

/*
 * A step takes only the interrupt that ends a halt.  Returns true if the
 * handler was entered.  KVM completes an unfinished access with the next
 * KVM_RUN, at its instruction.
 */
static bool take_interrupt(KvmVcpu *kv)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    const AccelHost *host = &kvm->accel.host;
    bool may = kv->vcpu.step ? kv->debug.halted : kvm->debug.steps;
    bool may_move = kv->run->exit_reason != KVM_EXIT_IO && kv->run->exit_reason != KVM_EXIT_MMIO;
    bool due = may && may_move && host->irqchip != IRQCHIP_KERNEL && atomic_load(&kv->vcpu.intr);
    kv->run->request_interrupt_window = due;
    if (!due || !kv->run->ready_for_interrupt_injection) {
        return false;
    }
    struct kvm_interrupt interrupt = {.irq = host->acknowledge(host->opaque, kv->vcpu.index)};
    kv->debug.halted = false;
    kv->debug.stale = true;
    kv->run->request_interrupt_window = kv->run->ready_for_interrupt_injection = 0;
    if (kvm_enter_handler(kv, interrupt.irq)) {
        return true;
    }
    kv->debug.interrupt = (int)interrupt.irq;
    ioctl(kv->fd, KVM_INTERRUPT, &interrupt);
    return false;
}

/*
 * If the vCPU resumes at the breakpoint where it stopped, nothing stops it for
 * one instruction.
 */
static void apply_points(KvmVcpu *kv)
{
    KvmAccel *kvm = (KvmAccel *)kv->vcpu.accel;
    KvmSlots slots = {0};
    if (kv->vcpu.step) {
        guard_handlers(kv, &slots);
    } else if (!kv->debug.passes && !kvm->debug.steps && kvm->accel.debug_point_count) {
        slots = kvm->debug.slots;
    }
    if (is_stepping(kv)) {
        kv->debug.from = code_address(kv);
    }
    kv->debug.version = kvm->debug.version;
    kv->debug.stale = false;
    apply(kv, &slots);
}

/* ---- stops ---- */

static const DebugPoint *find_breakpoint(const KvmVcpu *kv, uint64_t address)
{
    const Accel *accel = kv->vcpu.accel;
    for (size_t i = 0; i < accel->debug_point_count; i++) {
        if (accel->debug_points[i].kind == DEBUG_EXECUTE &&
            accel->debug_points[i].address == address) {
            return &accel->debug_points[i];
        }
    }
    return NULL;
}

static void leave(KvmVcpu *kv)
{
    kv->debug.halted = false;
    kv->debug.interrupt = -1;
    kv->debug.stale = true;
}

static VcpuStop stop_at(KvmVcpu *kv, const DebugPoint *point)
{
    leave(kv);
    kv->vcpu.debug_stop = (DebugStop){.point = *point};
    kv->debug.passes = point->kind == DEBUG_EXECUTE;
    return VCPU_DEBUG;
}

static VcpuStop stop_stepped(KvmVcpu *kv)
{
    leave(kv);
    kv->vcpu.debug_stop = (DebugStop){.stepped = true};
    kv->debug.passes = false;
    return VCPU_DEBUG;
}

/* ---- stepping in place of debug registers ---- */

static bool read_watched(KvmVcpu *kv, const DebugPoint *point, uint8_t *data)
{
    CpuState state;
    return kvm_vcpu_get_state(&kv->vcpu, &state, NULL) &&
           translate_read(&state, kv->vcpu.accel->host.memory, point->address, data, point->size) ==
               point->size;
}

/* A write that does not change the value is not detected. */
static const DebugPoint *find_change(KvmVcpu *kv)
{
    const Accel *accel = kv->vcpu.accel;
    GByteArray *seen = kv->debug.seen;
    const DebugPoint *changed = NULL;
    guint at = 0;
    for (size_t i = 0; i < accel->debug_point_count; i++) {
        const DebugPoint *point = &accel->debug_points[i];
        uint8_t now[WATCH_MAX] = {0};
        if (point->kind == DEBUG_EXECUTE) {
            continue;
        }
        read_watched(kv, point, now);
        if (at + point->size > seen->len) {
            g_byte_array_append(seen, now, (guint)point->size);
        }
        if (memcmp(seen->data + at, now, point->size) != 0) {
            memcpy(seen->data + at, now, point->size);
            changed = changed ? changed : point;
        }
        at += (guint)point->size;
    }
    return changed;
}

static VcpuStop stepped_past(KvmVcpu *kv, bool *go_on)
{
    const DebugPoint *point = find_change(kv);
    if (!point) {
        point = find_breakpoint(kv, code_address(kv));
    }
    if (point && !(kv->vcpu.step && point->kind == DEBUG_EXECUTE)) {
        return stop_at(kv, point);
    }
    *go_on = !kv->vcpu.step;
    return stop_stepped(kv);
}

/* ---- for the run loop ---- */

static bool is_halted_in_kernel(KvmVcpu *kv)
{
    struct kvm_mp_state state = {0};
    return ioctl(kv->fd, KVM_GET_MP_STATE, &state) == 0 && state.mp_state == KVM_MP_STATE_HALTED;
}

bool kvm_debug_begin(KvmVcpu *kv, VcpuStop *stop)
{
    const KvmAccel *kvm = (const KvmAccel *)kv->vcpu.accel;
    if (kv->debug.dead && !atomic_load(&kv->vcpu.nmi)) {
        *stop = kv->vcpu.step ? stop_stepped(kv) : VCPU_HALTED_DEAD;
        return false;
    }
    kv->debug.dead = false;
    kv->debug.halted &= kv->vcpu.step;
    if (kv->vcpu.step && kvm_has_apics(kvm)) {
        kv->debug.halted = is_halted_in_kernel(kv);
    }
    kv->debug.stale |= kv->vcpu.step;
    if (kvm->debug.steps && !kv->vcpu.step) {
        const DebugPoint *point = kv->debug.passes ? NULL : find_breakpoint(kv, code_address(kv));
        g_byte_array_set_size(kv->debug.seen, 0);
        find_change(kv);
        if (point) {
            *stop = stop_at(kv, point);
            return false;
        }
    }
    return true;
}

bool kvm_debug_prepare(KvmVcpu *kv, VcpuStop *stop)
{
    if (take_interrupt(kv)) {
        const DebugPoint *point = find_breakpoint(kv, code_address(kv));
        if (kv->vcpu.step || point) {
            *stop = kv->vcpu.step ? stop_stepped(kv) : stop_at(kv, point);
            return false;
        }
    }
    if (kvm_debug_is_due(kv)) {
        apply_points(kv);
    }
    return true;
}

VcpuStop kvm_debug_halted(KvmVcpu *kv, VcpuStop stop)
{
    kv->debug.passes = false;
    kv->debug.stale = true;
    if (!kv->vcpu.step) {
        kv->debug.halted = stop == VCPU_HALTED;
        return stop;
    }
    stop_stepped(kv);
    kv->debug.halted = kv->vcpu.debug_stop.halted = stop == VCPU_HALTED;
    kv->debug.dead = stop == VCPU_HALTED_DEAD;
    return VCPU_DEBUG;
}

#define OPCODE_HLT 0xf4

/* KVM may report the step and not that the instruction was HLT, so the instruction is read. */
static bool has_halted(KvmVcpu *kv, uint64_t now)
{
    CpuState state;
    uint8_t opcode;
    bool next = now == kv->debug.from + 1 && !kvm_has_apics((KvmAccel *)kv->vcpu.accel);
    return next && kvm_vcpu_get_state(&kv->vcpu, &state, NULL) &&
           translate_read(&state, kv->vcpu.accel->host.memory, kv->debug.from, &opcode, 1) == 1 &&
           opcode == OPCODE_HLT;
}

/* Handles the end of one instruction. */
static VcpuStop handle_step(KvmVcpu *kv, uint64_t now, bool *go_on)
{
    if (has_halted(kv, now)) {
        return kvm_debug_halted(kv, kv->run->if_flag ? VCPU_HALTED : VCPU_HALTED_DEAD);
    }
    kv->debug.from = now;
    if (((const KvmAccel *)kv->vcpu.accel)->debug.steps) {
        return stepped_past(kv, go_on);
    }
    *go_on = !kv->vcpu.step;
    return stop_stepped(kv);
}

static VcpuStop handle_hits(KvmVcpu *kv, unsigned hits)
{
    const KvmSlots *slots = &kv->debug.slots;
    unsigned slot = (unsigned)__builtin_ctz(hits);
    if (slots->point[slot] == IS_HANDLER) {
        kvm_clear_pushed_trap(kv, slots->vector[slot]);
        return stop_stepped(kv);
    }
    return stop_at(kv, &kv->vcpu.accel->debug_points[slots->point[slot]]);
}

VcpuStop kvm_debug_exit(KvmVcpu *kv, bool *go_on)
{
    const struct kvm_debug_exit_arch *debug = &kv->run->debug.arch;
    unsigned hits = (unsigned)debug->dr6 & ((1u << kv->debug.slots.count) - 1);
    *go_on = false;
    if (debug->exception == 1 && hits) {
        return handle_hits(kv, hits);
    }
    if (debug->exception == 1 && debug->dr6 & DR6_SINGLE_STEP && is_stepping(kv)) {
        return handle_step(kv, debug->pc, go_on);
    }
    /* The exception is the guest's own. */
    kv->debug.inject = debug->exception == 3 ? KVM_GUESTDBG_INJECT_BP : KVM_GUESTDBG_INJECT_DB;
    kv->debug.stale = *go_on = true;
    return VCPU_DEBUG;
}

VcpuStop kvm_debug_wrote(KvmVcpu *kv, bool *go_on)
{
    uint64_t now = is_stepping(kv) ? code_address(kv) : kv->debug.from;
    *go_on = true;
    if (!is_stepping(kv) || now == kv->debug.from) {
        return VCPU_DEBUG;
    }
    *go_on = false;
    return handle_step(kv, now, go_on);
}
