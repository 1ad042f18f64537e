/*
 * What the machine watches while it runs: halts that only the kernel sees, posted
 * writes, the time limit, and every access.
 */
#include "src/vm/vm_internal.h"

#include "src/cpu/disasm.h"

#include <inttypes.h>

/* How late a posted write may be: little after another one, more after a silence. */
#define POSTED_MIN_NS (NS_PER_SECOND / 100)
#define POSTED_MAX_NS (NS_PER_SECOND / 4)
/* How often a silent machine with in-kernel controllers is checked for a halt. */
#define HALT_WATCH_MIN_NS  (NS_PER_SECOND / 100)
#define HALT_WATCH_BUSY_NS (NS_PER_SECOND / 10)
#define HALT_WATCH_MAX_NS  (2 * NS_PER_SECOND)
/* How many lines of -d may be in memory before they are flushed. */
#define TRACED_LINES_MAX 64u

/* ---- halts that only the kernel sees ---- */

static uint32_t count_accesses(const Vm *vm)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < scheduler_count(vm->scheduler); i++) {
        count += scheduler_vcpu(vm->scheduler, i)->initiator.access_count;
    }
    return count;
}

static bool all_dead(Vm *vm)
{
    for (unsigned i = 0; i < scheduler_count(vm->scheduler); i++) {
        if (!vm->accel->class->is_dead(scheduler_vcpu(vm->scheduler, i))) {
            return false;
        }
    }
    return true;
}

/* The checks are frequent at the start and after a silence, and then become rarer. */
static uint64_t next_watch(const Vm *vm, bool silent)
{
    if (silent) {
        return MIN(vm->halt_period * 2, HALT_WATCH_MAX_NS);
    }
    return vm->halt_period > HALT_WATCH_BUSY_NS ? HALT_WATCH_MIN_NS
                                                : MIN(vm->halt_period * 2, HALT_WATCH_BUSY_NS);
}

/*
 * With in-kernel local APICs KVM does not report a HLT.  So a machine that has made
 * no access for a while is paused for a moment, and its CPUs are examined.
 */
static void look_for_halt(void *opaque)
{
    Vm *vm = opaque;
    uint32_t accesses = count_accesses(vm);
    bool silent = accesses == vm->watched_accesses;
    vm->watched_accesses = accesses;
    vm->halt_period = next_watch(vm, silent);
    if (silent && vm->state == VM_RUNNING) {
        vm_hold(vm);
        bool dead = all_dead(vm);
        vm_release(vm);
        if (dead && vm->state == VM_RUNNING) {
            vm_halted_for_good(vm);
        }
    }
    loop_timer_start(vm->halt_timer, vm->halt_period);
}

/* ---- posted writes ---- */

static void look_for_posted(void *opaque)
{
    Vm *vm = opaque;
    if (vm->accel->class->posted_waiting(vm->accel)) {
        vm->posted_period = POSTED_MIN_NS;
        vm->accel->class->kick(scheduler_vcpu(vm->scheduler, 0));
    } else {
        vm->posted_period = MIN(vm->posted_period * 2, POSTED_MAX_NS);
    }
    loop_timer_start(vm->posted_timer, vm->posted_period);
}

/* ---- tracing ---- */

static void trace_access(Vm *vm, const BusAccess *access)
{
    g_autofree char *address = g_strdup_printf("0x%04" PRIx64, access->address);
    log_line(vm->log, "%s %s %s=0x%0*" PRIx64, access->device ? access->device : "no device",
             access->write ? "write" : "read",
             access->register_name ? access->register_name : address, access->size * 2,
             access->value);
}

static void access_made(void *opaque, const BusAccess *access)
{
    Vm *vm = opaque;
    if (vm->log_items & LOG_IO) {
        trace_access(vm, access);
    }
    if (vm->recorder && !access->device) {
        recorder_unclaimed(vm->recorder, access);
    }
    if (vm->replay && !access->device) {
        replay_run_unclaimed(vm->replay, access);
    }
    if (vm->debug.ports->len) {
        vm_port_accessed(vm, access);
    }
}

/* The CPU runs in the loop's thread, which would write nothing before the end of a slice. */
static void traced(void *opaque, const char *text)
{
    Vm *vm = opaque;
    if (!(vm->log_items & LOG_OF_CPU)) {
        return;
    }
    log_line(vm->log, "%s", text);
    if (++vm->traced_lines == TRACED_LINES_MAX) {
        vm->traced_lines = 0;
        log_flush(vm->log);
    }
}

bool vm_open_trace(Vm *vm, const AccelClass *accel, GError **error)
{
    unsigned items = vm->log_items & LOG_OF_CPU;
    if (!accel->traces && !items) {
        return true;
    }
    if (!accel->traces) {
        log_line(vm->log,
                 "pioemu: -d in_asm, int, exec, cpu, mmu, nochain: -accel %s does not see the "
                 "guest's instructions, so none is logged (use -accel soft)",
                 accel->name);
        return true;
    }
    if (items & LOG_IN_ASM && !disasm_available()) {
        log_line(vm->log, "pioemu: -d in_asm: no disassembler was built in, only bytes are shown");
    }
    vm->trace = cpu_trace_new(items, vm->config->log_filter, traced, vm, error);
    return vm->trace != NULL;
}

/* ---- the time limit ---- */

/* A machine that -no-shutdown keeps for inspection is not kept longer than this. */
static void timed_out(void *opaque)
{
    Vm *vm = opaque;
    if (vm->ended) {
        if (!vm->draining) {
            loop_quit(vm->loop);
        }
        return;
    }
    g_autofree char *reason = g_strdup_printf("-timeout: the guest ran for %g s",
                                              (double)vm->config->timeout / (double)NS_PER_SECOND);
    log_line(vm->log, "pioemu: %s", reason);
    vm_post_mortem(vm);
    vm_end(vm, VM_ENDED_BY_TIMEOUT, VM_EXIT_TIMEOUT, "host-error", reason);
}

static bool has_posted(const Vm *vm)
{
    return vm->accel->class->posted_waiting != NULL;
}

void vm_observe(Vm *vm)
{
    bool names = vm->log_items & LOG_IO || vm->debug.ports->len;
    bool wanted = names || vm->recorder || vm->replay;
    bus_set_observer(vm->bus, wanted ? access_made : NULL, names, vm);
}

void vm_start_watching(Vm *vm)
{
    vm_observe(vm);
    if (has_posted(vm)) {
        vm->posted_timer = loop_timer_new(vm->loop, look_for_posted, vm);
        vm->posted_period = POSTED_MIN_NS;
        loop_timer_start(vm->posted_timer, vm->posted_period);
    }
    if (vm->irqchip != IRQCHIP_USER) {
        vm->halt_timer = loop_timer_new(vm->loop, look_for_halt, vm);
        vm->halt_period = HALT_WATCH_MIN_NS;
        loop_timer_start(vm->halt_timer, vm->halt_period);
    }
    if (vm->config->timeout) {
        vm->timeout_timer = loop_timer_new(vm->loop, timed_out, vm);
        loop_timer_start(vm->timeout_timer, vm->config->timeout);
    }
}
