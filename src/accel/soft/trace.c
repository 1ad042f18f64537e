#include "src/accel/soft/trace.h"

static CpuTrace *trace_of(const Cpu *cpu)
{
    return cpu_host(cpu)->trace;
}

void trace_init(Cpu *cpu)
{
    const CpuTrace *trace = trace_of(cpu);

    cpu->trace_code = cpu_trace_wants(trace, LOG_IN_ASM);
    cpu->trace_entries = cpu_trace_wants(trace, LOG_EXEC | LOG_CPU);
    cpu->trace_interrupts = cpu_trace_wants(trace, LOG_INT);
    cpu->trace_mmu = cpu_trace_wants(trace, LOG_MMU);
    cpu->unlinked =
        cpu_accel(cpu)->paranoid || cpu->trace_entries || cpu_trace_wants(trace, LOG_NOCHAIN);
}

/* Whether a block logs its entry, and is linked to the next, is part of the block. */
void trace_changed(Accel *accel)
{
    InterpAccel *interp = (InterpAccel *)accel;

    for (guint i = 0; i < interp->cpus->len; i++) {
        trace_init(g_ptr_array_index(interp->cpus, i));
    }
    if (interp->cpus->len) {
        code_cache_flush(g_ptr_array_index(interp->cpus, 0));
    }
}

static TracedCpu traced_cpu(const Cpu *cpu)
{
    return (TracedCpu){.has_others = cpu_host(cpu)->cpu_count > 1, .number = cpu->vcpu.index};
}

static unsigned code_bits(const Cpu *cpu)
{
    return cpu->mode;
}

void trace_decoded(Cpu *cpu, const Block *block, LinearAddr linear, const uint8_t *bytes)
{
    uint8_t lengths[BLOCK_MAX];

    if (!cpu_trace_covers(trace_of(cpu), linear, (uint64_t)linear + block->length - 1)) {
        return;
    }
    for (unsigned i = 0; i < block->count; i++) {
        lengths[i] = (uint8_t)(block->insns[i].end - block->insns[i].start);
    }
    cpu_trace_decoded(trace_of(cpu), &(TracedCode){.cpu = traced_cpu(cpu),
                                                   .address = linear,
                                                   .cs = cpu->segment[CPU_CS].selector,
                                                   .ip = cpu->rip,
                                                   .bits = code_bits(cpu),
                                                   .count = block->count,
                                                   .bytes = bytes,
                                                   .lengths = lengths});
}

void trace_entered(Cpu *cpu, const Block *block)
{
    LinearAddr linear = cpu_code_linear(cpu);
    bool registers = cpu_trace_wants(trace_of(cpu), LOG_CPU);
    TracedEntry entry = {
        .cpu = traced_cpu(cpu),
        .address = linear,
        .last = (uint64_t)linear + block->length - 1,
        .done = accel_instructions(cpu_accel(cpu)),
        .bits = code_bits(cpu),
        .count = block->count,
        .cpl = cpu->cpl,
    };
    CpuState state;

    if (!cpu_trace_covers(trace_of(cpu), entry.address, entry.last)) {
        return;
    }
    if (registers) {
        state_get(&cpu->vcpu, &state, NULL);
    }
    cpu_trace_entered(trace_of(cpu), &entry, registers ? &state : NULL);
}

void trace_control(const Cpu *cpu, const char *name, uint64_t value)
{
    cpu_trace_control(trace_of(cpu), traced_cpu(cpu), name, value);
}

static TracedPlace place(const Cpu *cpu, uint64_t rip)
{
    return (TracedPlace){.cs = cpu->segment[CPU_CS].selector, .ip = rip, .cpl = cpu->cpl};
}

TracedInterrupt trace_interrupt_begin(const Cpu *cpu, EventKind kind, const Fault *event)
{
    static const TracedCause CAUSES[] = {
        [EVENT_EXCEPTION] = TRACED_EXCEPTION,
        [EVENT_SOFTWARE] = TRACED_SOFTWARE,
        [EVENT_EXTERNAL] = TRACED_HARDWARE,
    };

    return (TracedInterrupt){
        .cpu = traced_cpu(cpu),
        .vector = event->vector,
        .cause = CAUSES[kind],
        .has_error = event->has_error,
        .error = event->error,
        .cr2 = cpu->cr2,
        .from = place(cpu, cpu->rip + cpu->current->start),
    };
}

void trace_interrupt_end(Cpu *cpu, TracedInterrupt *taken)
{
    taken->to = place(cpu, cpu->rip);
    cpu_trace_interrupt(trace_of(cpu), taken);
}

void trace_shutdown(Cpu *cpu, const Fault *fault)
{
    TracedInterrupt lost = trace_interrupt_begin(cpu, EVENT_EXCEPTION, fault);

    cpu_trace_shutdown(trace_of(cpu), &lost, (uint8_t)cpu->delivering);
}
