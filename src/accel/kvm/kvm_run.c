/* The kvm accelerator: runs a vCPU until its caller must act. */
#include "src/accel/kvm/kvm.h"

#include "src/base/likely.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* run() continues with the guest. */
#define CONTINUE ((VcpuStop)-1)

static VcpuStop fail(Vcpu *vcpu, const char *format, ...) G_GNUC_PRINTF(2, 3);

static VcpuStop fail(Vcpu *vcpu, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(vcpu->failure);
    vcpu->failure = g_strdup_vprintf(format, args);
    va_end(args);
    return VCPU_FAILED;
}

/* ---- kicking ---- */

/*
 * immediate_exit stops a vCPU that is about to enter the guest, and the signal
 * stops one that is in it.  Both are allowed in a signal handler.
 */
void kvm_vcpu_kick(Vcpu *vcpu)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    __atomic_store_n(&kv->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    pid_t tid = atomic_load(&kv->tid);
    if (tid) {
        syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
    }
}

/* The vCPU's own thread looks at the pin anyway before it enters the guest. */
void kvm_vcpu_interrupt_changed(Vcpu *vcpu)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    if (atomic_load(&kv->tid) != (int)gettid()) {
        kvm_vcpu_kick(vcpu);
    }
}

/* ---- posted writes ---- */

bool kvm_posted_waiting(Accel *accel)
{
    struct kvm_coalesced_mmio_ring *ring = ((KvmAccel *)accel)->posted;
    return ring && __atomic_load_n(&ring->first, __ATOMIC_ACQUIRE) !=
                       __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);
}

static void deliver_posted(Vcpu *vcpu)
{
    KvmAccel *kvm = (KvmAccel *)vcpu->accel;
    Bus *bus = kvm->accel.host.bus;
    struct kvm_coalesced_mmio_ring *ring = kvm->posted;
    g_mutex_lock(&kvm->posted_lock);
    vcpu->initiator.never_collects = true;
    uint32_t first = ring->first;
    while (first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE)) {
        struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[first];
        if (entry->pio) {
            bus_port_access(bus, &vcpu->initiator, (uint16_t)entry->phys_addr, true, entry->len,
                            entry->data, 1);
        } else {
            bus_memory_access(bus, &vcpu->initiator, entry->phys_addr, true, entry->len,
                              entry->data);
        }
        first = (first + 1) % (uint32_t)KVM_POSTED_ENTRIES;
        __atomic_store_n(&ring->first, first, __ATOMIC_RELEASE);
    }
    vcpu->initiator.never_collects = false;
    g_mutex_unlock(&kvm->posted_lock);
}

/* ---- interrupts through our own controllers ---- */

static void inject_nmi(KvmVcpu *kv)
{
    if (atomic_exchange(&kv->vcpu.nmi, false)) {
        ioctl(kv->fd, KVM_NMI);
    }
}

/* Injects the interrupt if the guest can take it.  Otherwise KVM exits as soon as it can. */
static void inject_interrupt(KvmVcpu *kv)
{
    const AccelHost *host = &kv->vcpu.accel->host;
    struct kvm_run *run = kv->run;
    if (atomic_load(&kv->vcpu.intr) && run->ready_for_interrupt_injection) {
        struct kvm_interrupt interrupt = {.irq = host->acknowledge(host->opaque, kv->vcpu.index)};
        ioctl(kv->fd, KVM_INTERRUPT, &interrupt);
        run->ready_for_interrupt_injection = 0;
    }
    run->request_interrupt_window = atomic_load(&kv->vcpu.intr);
}

/* ---- exits ---- */

/*
 * An operation that a write started is done in pieces, and later writes to the port
 * wait for it.  Between the pieces the vCPU checks whether it must pause.
 */
static bool is_held(const KvmVcpu *kv)
{
    return kv->vcpu.initiator.unfinished || kv->slow.at != kv->slow.end;
}

static void go_on(KvmVcpu *kv)
{
    Bus *bus = kv->vcpu.accel->host.bus;
    if (kv->vcpu.initiator.unfinished) {
        bus_go_on(bus, &kv->vcpu.initiator);
    } else {
        bus_port_access(bus, &kv->vcpu.initiator, kv->slow.port, true, kv->slow.size,
                        kv->slow.data + kv->slow.at, 1);
        kv->slow.at += kv->slow.size;
    }
}

static void begin_slow(KvmVcpu *kv)
{
    const struct kvm_run *run = kv->run;
    size_t size = MIN((size_t)run->io.count * run->io.size, sizeof(kv->slow.data));
    memcpy(kv->slow.data, (const uint8_t *)run + run->io.data_offset, size);
    kv->slow.at = 0;
    kv->slow.end = size;
    kv->slow.port = run->io.port;
    kv->slow.size = run->io.size;
}

/* KVM reports no step over an instruction that it emulated up to its write. */
static VcpuStop after_access(KvmVcpu *kv, bool write)
{
    bool go_on = true;
    VcpuStop stop = CONTINUE;
    if (unlikely(write && kv->debug.applied)) {
        stop = kvm_debug_wrote(kv, &go_on);
    }
    return go_on ? CONTINUE : stop;
}

static VcpuStop handle_io(KvmVcpu *kv)
{
    struct kvm_run *run = kv->run;
    if (run->io.direction == KVM_EXIT_IO_OUT && run->io.count > 1 &&
        bus_is_slow(kv->vcpu.accel->host.bus, run->io.port)) {
        begin_slow(kv);
        return CONTINUE;
    }
    bus_port_access(kv->vcpu.accel->host.bus, &kv->vcpu.initiator, run->io.port,
                    run->io.direction == KVM_EXIT_IO_OUT, run->io.size,
                    (uint8_t *)run + run->io.data_offset, run->io.count);
    return after_access(kv, run->io.direction == KVM_EXIT_IO_OUT);
}

/* KVM has no slot for a region for a moment while another CPU changes the memory. */
static bool is_memory(Memory *memory, const struct kvm_run *run)
{
    uint8_t *data = (uint8_t *)run->mmio.data;
    return run->mmio.is_write ? memory_write(memory, run->mmio.phys_addr, data, run->mmio.len)
                              : memory_read(memory, run->mmio.phys_addr, data, run->mmio.len);
}

static VcpuStop handle_mmio(KvmVcpu *kv)
{
    struct kvm_run *run = kv->run;
    const AccelHost *host = &kv->vcpu.accel->host;
    if (!is_memory(host->memory, run)) {
        bus_memory_access(host->bus, &kv->vcpu.initiator, run->mmio.phys_addr, run->mmio.is_write,
                          run->mmio.len, run->mmio.data);
    }
    return after_access(kv, run->mmio.is_write);
}

/* Handles an MSR that KVM does not know.  With `error` set, KVM raises #GP. */
static VcpuStop handle_msr(KvmVcpu *kv, bool write)
{
    struct kvm_run *run = kv->run;
    accel_unknown_msr(&kv->vcpu, run->msr.index, write, run->msr.data);
    run->msr.error = kv->vcpu.accel->host.model.unknown_msr_faults;
    if (!write) {
        run->msr.data = 0;
    }
    return CONTINUE;
}

/* IRQCHIP_SPLIT: the guest has ended the interrupt of a level message. */
static VcpuStop handle_end_of_interrupt(KvmVcpu *kv)
{
    const AccelHost *host = &kv->vcpu.accel->host;
    host->end_of_interrupt(host->opaque, &kv->vcpu.initiator, kv->run->eoi.vector);
    return CONTINUE;
}

static VcpuStop handle_halt(KvmVcpu *kv)
{
    bool wakes = atomic_load(&kv->vcpu.nmi) || kv->run->if_flag;
    return kvm_debug_halted(kv, wakes ? VCPU_HALTED : VCPU_HALTED_DEAD);
}

static VcpuStop handle_debug(KvmVcpu *kv)
{
    bool go_on;
    VcpuStop stop = kvm_debug_exit(kv, &go_on);
    return go_on ? CONTINUE : stop;
}

static VcpuStop handle_system_event(KvmVcpu *kv)
{
    uint32_t type = kv->run->system_event.type;
    switch (type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        return VCPU_POWEROFF;
    case KVM_SYSTEM_EVENT_RESET:
        return VCPU_RESET;
    case KVM_SYSTEM_EVENT_CRASH:
        return fail(&kv->vcpu, "the guest reported its own crash (KVM_SYSTEM_EVENT_CRASH)");
    default:
        return fail(&kv->vcpu, "KVM_EXIT_SYSTEM_EVENT of unknown type %u", type);
    }
}

static VcpuStop handle_internal_error(KvmVcpu *kv)
{
    static const char *const NAMES[] = {
        [KVM_INTERNAL_ERROR_EMULATION] = "KVM cannot emulate the guest's instruction",
        [KVM_INTERNAL_ERROR_SIMUL_EX] = "exceptions while another was being delivered",
        [KVM_INTERNAL_ERROR_DELIVERY_EV] = "the exit came while an event was being delivered",
        [KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an exit that KVM does not know",
    };
    uint32_t suberror = kv->run->internal.suberror;
    const char *name = suberror < G_N_ELEMENTS(NAMES) ? NAMES[suberror] : NULL;
    GString *data = g_string_new(NULL);
    for (unsigned i = 0; i < MIN(kv->run->internal.ndata, 16u); i++) {
        g_string_append_printf(data, "%s0x%llx", i ? " " : ", data ", kv->run->internal.data[i]);
    }
    VcpuStop stop = fail(&kv->vcpu, "KVM internal error %u: %s%s", suberror,
                         name ? name : "unknown suberror", data->str);
    g_string_free(data, true);
    return stop;
}

static VcpuStop handle_shutdown(KvmVcpu *kv)
{
    kv->shut_down = true;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &kv->end);
    return VCPU_TRIPLE_FAULT;
}

static VcpuStop handle_exit(KvmVcpu *kv)
{
    struct kvm_run *run = kv->run;
    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        return handle_io(kv);
    case KVM_EXIT_MMIO:
        return handle_mmio(kv);
    case KVM_EXIT_X86_RDMSR:
    case KVM_EXIT_X86_WRMSR:
        return handle_msr(kv, run->exit_reason == KVM_EXIT_X86_WRMSR);
    case KVM_EXIT_IOAPIC_EOI:
        return handle_end_of_interrupt(kv);
    case KVM_EXIT_HLT:
        return handle_halt(kv);
    case KVM_EXIT_DEBUG:
        return handle_debug(kv);
    case KVM_EXIT_IRQ_WINDOW_OPEN:
    case KVM_EXIT_INTR:
    case KVM_EXIT_NMI:
        return CONTINUE;
    case KVM_EXIT_SHUTDOWN:
        return handle_shutdown(kv);
    case KVM_EXIT_SYSTEM_EVENT:
        return handle_system_event(kv);
    case KVM_EXIT_INTERNAL_ERROR:
        return handle_internal_error(kv);
    case KVM_EXIT_FAIL_ENTRY:
        return fail(&kv->vcpu,
                    "the processor refused the guest's state (KVM_EXIT_FAIL_ENTRY, reason 0x%llx)",
                    run->fail_entry.hardware_entry_failure_reason);
    case KVM_EXIT_UNKNOWN:
        return fail(&kv->vcpu, "KVM does not know why the guest stopped (hardware reason 0x%llx)",
                    run->hw.hardware_exit_reason);
    default:
        return fail(&kv->vcpu, "KVM exit %u is unexpected", run->exit_reason);
    }
}

/* KVM_RUN itself failed.  EAGAIN means that the vCPU waits for its start-up IPI. */
static VcpuStop run_failed(KvmVcpu *kv, int error_number)
{
    if (error_number == EINTR || error_number == EAGAIN) {
        __atomic_store_n(&kv->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        return VCPU_KICKED;
    }
    return fail(&kv->vcpu, "KVM_RUN: %s", g_strerror(error_number));
}

/*
 * Keeps the registers, because the next exit may be the guest's death, and the host
 * may lose them then.
 */
static void remember_exit(KvmVcpu *kv)
{
    const struct kvm_sync_regs *now = &kv->run->s.regs;
    kv->last.seen = true;
    kv->last.regs = now->regs;
    kv->last.sregs = now->sregs;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &kv->last.time);
}

static VcpuStop run_until_stop(Vcpu *vcpu)
{
    KvmVcpu *kv = (KvmVcpu *)vcpu;
    KvmAccel *kvm = (KvmAccel *)vcpu->accel;
    VcpuStop stop;
    if (!atomic_load(&kv->tid)) {
        atomic_store(&kv->tid, (int)gettid());
    }
    if (!kvm_debug_begin(kv, &stop)) {
        return stop;
    }
    do {
        if (unlikely(is_held(kv))) {
            if (__atomic_exchange_n(&kv->run->immediate_exit, 0, __ATOMIC_SEQ_CST)) {
                return VCPU_KICKED;
            }
            go_on(kv);
            stop = CONTINUE;
            continue;
        }
        bool steps = kvm_debug_steps(kv);
        if (unlikely(steps || kvm_debug_is_due(kv)) && !kvm_debug_prepare(kv, &stop)) {
            return stop;
        }
        inject_nmi(kv);
        if (kvm->accel.host.irqchip != IRQCHIP_KERNEL && !unlikely(steps)) {
            inject_interrupt(kv);
        }
        int result = ioctl(kv->fd, KVM_RUN, 0);
        int error_number = errno;
        if (kv->run->kvm_valid_regs && (result < 0 || kv->run->exit_reason != KVM_EXIT_SHUTDOWN)) {
            remember_exit(kv);
        }
        if (unlikely(kvm_posted_waiting(vcpu->accel))) {
            deliver_posted(vcpu);
        }
        stop = result < 0 ? run_failed(kv, error_number) : handle_exit(kv);
        if (unlikely(atomic_load_explicit(&kvm->memory_failed, memory_order_acquire))) {
            return fail(vcpu, "%s", kvm->memory_failure);
        }
    } while (stop == CONTINUE);
    return stop;
}

VcpuStop kvm_vcpu_run(Vcpu *vcpu)
{
    bus_enter(&vcpu->initiator);
    VcpuStop stop = run_until_stop(vcpu);
    bus_leave(&vcpu->initiator);
    return stop;
}
