/*
 * The run loop of the software CPU: the checks between blocks, in the order of
 * priority that the architecture gives.
 *
 * The caller grants a number of instructions.  The run loop gives them to the
 * blocks in portions (Cpu.fuel, pace.c), so that a kick or an interrupt from
 * another thread is noticed after at most one portion.
 */
#include "src/accel/soft/run.h"

#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/debug.h"

/*
 * The number of turns of the run loop between two checks of the host's time:
 * they take some ten microseconds, and the check a hundredth of that.
 */
#define LOOKS          256
#define PIECE_LOOKS    64
#define PORTION_LOOKS  LOOKS
#define DEFAULT_BUDGET UINT64_C(1000000)

/* The value of Cpu.current between instructions. */
static const Insn NO_INSN;

/* ---- leaving an instruction ---- */

/*
 * The instructions of the block after the faulting one were not executed.  An
 * instruction that cannot even be fetched counts as well: otherwise a missing
 * handler could fault for ever without any time passing.
 */
static G_NORETURN void escape(Cpu *cpu)
{
    cpu->fuel -= cpu->current == &NO_INSN;
    cpu->fuel += cpu->current->after;
    cpu->rip += cpu->current->start;
    cpu->in_bus_access = false;
    longjmp(cpu->escape, 1);
}

static G_NORETURN void raise_fault(Cpu *cpu, Fault fault)
{
    cpu->fault = fault;
    cpu->fault_pending = true;
    cpu->debug_pending = 0;
    escape(cpu);
}

/* The instruction counts when it is completed. */
void cpu_do_alone(Cpu *cpu)
{
    cpu->debug.alone = true;
    cpu->fuel++;
    escape(cpu);
}

void cpu_raise(Cpu *cpu, uint8_t vector)
{
    raise_fault(cpu, (Fault){.vector = vector});
}

void cpu_raise_error(Cpu *cpu, uint8_t vector, uint32_t error)
{
    raise_fault(cpu, (Fault){.vector = vector, .has_error = true, .error = error});
}

/* ---- derived state ---- */

static bool has_breakpoints(const Cpu *cpu)
{
    return cpu->dr[7] & 0xff;
}

void cpu_mode_changed(Cpu *cpu)
{
    bool aligned = cpu->cr0 & CPU_CR0_AM && cpu->eflags & CPU_FLAG_AC && cpu->cpl == 3;

    cpu->single_step = (cpu->eflags & CPU_FLAG_TF ? SINGLE_STEP_STEP : 0) |
                       (cpu->eflags & CPU_FLAG_RF ? SINGLE_STEP_RESUME : 0) |
                       (has_breakpoints(cpu) ? SINGLE_STEP_DEBUG : 0) |
                       (cpu->vcpu.initiator.unfinished ? SINGLE_STEP_HELD : 0);
    cpu->checks = (aligned ? CHECK_ALIGNMENT : 0) | (has_breakpoints(cpu) ? CHECK_BREAKPOINTS : 0);
    cpu->tlb = cpu->checks ? &cpu->tlb_never : &cpu->tlbs[cpu_rights(cpu)];
    cpu_place_changed(cpu);
}

/* ---- exceptions ---- */

static bool is_contributory(int vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

/* Returns what a fault becomes if it occurs while `first` is being delivered. */
static bool escalate(Fault *fault, int first)
{
    int second = fault->vector;
    bool serious = is_contributory(second) || second == VECTOR_PF;

    if (first == VECTOR_DF && serious) {
        return false;
    }
    if ((is_contributory(first) && is_contributory(second)) || (first == VECTOR_PF && serious)) {
        *fault = (Fault){.vector = VECTOR_DF, .has_error = true};
    }
    return true;
}

static void deliver_exception(Cpu *cpu)
{
    Fault fault = cpu->fault;

    cpu->fault_pending = false;
    cpu->external = false;
    cpu->halted = false;
    if (cpu->delivering >= 0 && !escalate(&fault, cpu->delivering)) {
        if (cpu->trace_interrupts) {
            trace_shutdown(cpu, &fault);
        }
        cpu->shut_down = true;
        cpu->delivering = -1;
        return;
    }
    cpu->delivering = fault.vector;
    cpu->repeating = false;
    interrupt_deliver(cpu, fault.vector, EVENT_EXCEPTION, fault.has_error, fault.error, cpu->rip);
    cpu->delivering = -1;
    cpu->last_exception = (InterpException){
        .count = cpu->last_exception.count + 1,
        .vector = fault.vector,
        .has_error = fault.has_error,
        .error = fault.error,
        .cr2 = cpu->cr2,
    };
}

static void raise_debug(Cpu *cpu, uint32_t reasons)
{
    cpu->dr[6] = (cpu->dr[6] & ~(LinearAddr)DR6_BREAKPOINTS) | reasons;
    cpu->debug_pending = 0;
    cpu->fault = (Fault){.vector = VECTOR_DB};
    cpu->fault_pending = true;
}

/* ---- interrupts ---- */

static bool nmi_due(const Cpu *cpu)
{
    return atomic_load(&cpu->vcpu.nmi) && !cpu->nmi_masked;
}

static bool interrupt_due(const Cpu *cpu)
{
    return atomic_load(&cpu->vcpu.intr) && cpu->eflags & CPU_FLAG_IF;
}

/* An interrupt that is taken counts as an instruction. */
static void take_interrupt(Cpu *cpu)
{
    uint8_t vector = VECTOR_NMI;

    cpu->halted = false;
    cpu->fuel--;
    if (nmi_due(cpu)) {
        atomic_store(&cpu->vcpu.nmi, false);
        cpu->nmi_masked = true;
    } else {
        vector = cpu_host(cpu)->acknowledge(cpu_host(cpu)->opaque, cpu->vcpu.index);
    }
    cpu->repeating = false;
    interrupt_deliver(cpu, vector, EVENT_EXTERNAL, false, 0, cpu->rip);
}

/* ---- running ---- */

static void run_block(Cpu *cpu, uint64_t limit)
{
    const Insn *insn;

    Block *block = block_find(cpu, limit);
    if (cpu->trace_entries && !cpu->repeating) {
        trace_entered(cpu, block);
    }
    cpu->repeating = false;
    cpu->fuel -= block->count;
    insn = block->insns;
#if INTERP_TAIL
    insn->handler(cpu, insn);
#else
    while (insn) {
        insn = insn->handler(cpu, insn);
    }
#endif
}

static uint32_t code_breakpoints(const Cpu *cpu)
{
    LinearAddr linear = cpu_code_linear(cpu);
    uint32_t hit = 0;

    for (unsigned n = 0; n < 4; n++) {
        bool enabled = cpu->dr[7] >> n * 2 & 3, executes = !(cpu->dr[7] >> (16 + n * 4) & 3);

        if (enabled && executes && cpu->dr[n] == linear) {
            hit |= 1u << n;
        }
    }
    return hit;
}

/* Executes one instruction, with all checks before and after it. */
static void step_once(Cpu *cpu)
{
    bool resuming = cpu->single_step & SINGLE_STEP_RESUME;
    uint32_t hit = cpu->single_step & SINGLE_STEP_DEBUG && !resuming ? code_breakpoints(cpu) : 0;

    if (hit) {
        cpu->fuel--;
        raise_debug(cpu, hit);
        return;
    }
    /* RF applies to one instruction.  A fault sets it in the flags that it pushes. */
    cpu->eflags &= ~CPU_FLAG_RF;
    cpu->single_step &= (uint8_t)~SINGLE_STEP_RESUME;
    cpu->stepping = cpu->single_step & SINGLE_STEP_STEP;
    cpu->shadow = cpu->shadow_debug = false;
    cpu->debug.alone = false;
    cpu->reserve += (uint64_t)(cpu->fuel - 1);
    cpu->fuel = 1;
    run_block(cpu, 1);
    if (cpu->stepping && !cpu->shadow_debug) {
        cpu->debug_pending |= DR6_BS;
    }
}

/*
 * Performs a piece of the slow operation that an OUT started.  It counts as
 * several instructions.
 */
static void wait_for_device(Cpu *cpu)
{
    cpu->fuel -= bus_go_on(cpu_host(cpu)->bus, &cpu->vcpu.initiator);
    cpu_look_sooner(cpu, PIECE_LOOKS);
    if (!cpu->vcpu.initiator.unfinished) {
        cpu_mode_changed(cpu);
    }
}

/*
 * Whether the host's time ends the slice.  It does so between two
 * instructions, as the budget does, so that the guest cannot notice.
 */
static bool time_is_up(Cpu *cpu)
{
    InterpAccel *accel = cpu_accel(cpu);

    if (likely(--accel->looks > 0)) {
        return false;
    }
    accel->looks = LOOKS;
    return cpu_host(cpu)->time_is_up && cpu_host(cpu)->time_is_up(cpu_host(cpu)->opaque);
}

/* Whether something ends run() between two instructions, with the reason in `stop`. */
static bool ends_here(Cpu *cpu, VcpuStop *stop)
{
    if (unlikely(cpu->debug.hit)) {
        cpu->debug.hit = false;
        *stop = VCPU_DEBUG;
        return true;
    }
    if (atomic_exchange(&cpu->kicked, false)) {
        start_take(cpu);
        *stop = VCPU_KICKED;
        return true;
    }
    if (cpu->yielded) {
        cpu->yielded = false;
        *stop = VCPU_YIELDED;
        return true;
    }
    if (cpu->halted && !nmi_due(cpu) && !interrupt_due(cpu)) {
        *stop = cpu->eflags & CPU_FLAG_IF ? VCPU_HALTED : VCPU_HALTED_DEAD;
        return true;
    }
    if (cpu->fuel <= 0) {
        cpu_accel(cpu)->looks -= PORTION_LOOKS;
        cpu_refuel(cpu);
    }
    if (cpu->fuel <= 0 || time_is_up(cpu)) {
        *stop = VCPU_SLICE_DONE;
        return true;
    }
    return false;
}

/* Returns false if run() must return, with the reason in `stop`. */
static bool run_once(Cpu *cpu, VcpuStop *stop)
{
    cpu->current = &NO_INSN;
    if (cpu->shut_down) {
        *stop = VCPU_TRIPLE_FAULT;
        return false;
    }
    if (cpu->fault_pending) {
        deliver_exception(cpu);
        return true;
    }
    bool held = cpu->single_step & SINGLE_STEP_HELD;
    if (cpu->debug_pending && !cpu->shadow_debug && !held) {
        raise_debug(cpu, cpu->debug_pending);
        return true;
    }
    if (ends_here(cpu, stop)) {
        return false;
    }
    if (unlikely(held)) {
        wait_for_device(cpu);
    } else if (!cpu->shadow && (nmi_due(cpu) || interrupt_due(cpu))) {
        take_interrupt(cpu);
    } else if (unlikely(cpu->debug.breaks) && debug_stops_before(cpu)) {
        *stop = VCPU_DEBUG;
        return false;
    } else if (cpu->single_step || cpu->shadow || cpu->debug.alone) {
        step_once(cpu);
    } else {
        run_block(cpu, (uint64_t)cpu->fuel);
    }
    return true;
}

/* Every fault returns here by longjmp.  Only `cpu` keeps its value across it. */
static VcpuStop run_granted(Cpu *cpu)
{
    VcpuStop stop;

    (void)_setjmp(cpu->escape);
    while (run_once(cpu, &stop)) {
    }
    return stop;
}

static void take_turn(Cpu *cpu)
{
    InterpAccel *accel = cpu_accel(cpu);

    if (accel->running != cpu) {
        accel->others = accel_instructions(accel) - cpu_instructions(cpu);
        accel->running = cpu;
    }
}

uint64_t interp_run_instructions(Vcpu *vcpu, uint64_t count, VcpuStop *stop)
{
    Cpu *cpu = cpu_of(vcpu);
    uint64_t before = cpu_instructions(cpu);

    take_turn(cpu);
    cpu->granted += count;
    cpu->reserve += count;
    cpu_refuel(cpu);
    *stop = run_granted(cpu);
    cpu->granted -= cpu->reserve + (uint64_t)cpu->fuel;
    cpu->reserve = 0;
    cpu->fuel = 0;
    return cpu_instructions(cpu) - before;
}

uint64_t interp_instruction_count(const Vcpu *vcpu)
{
    return cpu_instructions((const Cpu *)vcpu);
}

void interp_set_budget(Vcpu *vcpu, uint64_t instructions)
{
    cpu_of(vcpu)->budget = instructions;
}

void interp_last_exception(const Vcpu *vcpu, InterpException *out)
{
    *out = ((const Cpu *)vcpu)->last_exception;
}

/* ---- for the class ---- */

void run_init(Cpu *cpu)
{
    cpu->budget = DEFAULT_BUDGET;
    cpu->yields = cpu_host(cpu)->cpu_count > 1;
    cpu->current = &NO_INSN;
}

VcpuStop run_vcpu(Vcpu *vcpu)
{
    uint64_t budget = cpu_of(vcpu)->budget;
    VcpuStop stop;
    uint64_t done = interp_run_instructions(vcpu, vcpu->step ? MIN(1, budget) : budget, &stop);

    if (vcpu->step && done &&
        (stop == VCPU_SLICE_DONE || stop == VCPU_YIELDED || stop == VCPU_HALTED ||
         stop == VCPU_HALTED_DEAD)) {
        vcpu->debug_stop = (DebugStop){.stepped = true};
        return VCPU_DEBUG;
    }
    return stop;
}

void run_kick(Vcpu *vcpu)
{
    atomic_store(&cpu_of(vcpu)->kicked, true);
}

VcpuActivity run_activity(const Vcpu *vcpu)
{
    const Cpu *cpu = (const Cpu *)vcpu;

    if (vcpu->init || vcpu->start || !cpu->halted || nmi_due(cpu) || interrupt_due(cpu)) {
        return VCPU_ACTIVE;
    }
    return cpu->eflags & CPU_FLAG_IF ? VCPU_WAITING : VCPU_DEAD;
}

/* The pins are sampled between blocks, so there is nothing to do. */
void run_interrupt_changed(Vcpu *vcpu)
{
    if (vcpu->init || vcpu->start) {
        run_kick(vcpu);
    }
}
