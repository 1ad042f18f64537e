/*
 * Far jumps, calls and returns: in real mode, to code segments, through call gates
 * and task gates, and to task state segments.  The CPU's state changes only after
 * the last check and the last access.
 */
#include "src/accel/soft/x86/access.h"

/* ---- targets ---- */

/* Without a gate, a jump to a code segment keeps the privilege level. */
static void need_direct_code(Cpu *cpu, const Descriptor *code, uint16_t selector)
{
    uint32_t error = selector_error(cpu, selector);
    unsigned dpl = descriptor_dpl(code);
    bool allowed = descriptor_is_conforming(code) ? dpl <= cpu->cpl
                                                  : (selector & 3u) <= cpu->cpl && dpl == cpu->cpl;

    if (!allowed || !descriptor_mode_is_valid(cpu, code)) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(code)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
}

/* Raises a fault unless the gate or TSS may be used from the current level. */
static void need_gate(Cpu *cpu, const Descriptor *gate, uint16_t selector)
{
    uint32_t error = selector_error(cpu, selector);

    if (descriptor_dpl(gate) < cpu->cpl || descriptor_dpl(gate) < (selector & 3u)) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(gate)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
}

static void switch_to_tss(Cpu *cpu, uint16_t selector, TaskSource source, uint32_t next_eip)
{
    Descriptor tss;

    task_need_tss(cpu, selector, VECTOR_GP, false, &tss);
    task_switch(cpu, selector, &tss, source, next_eip);
}

/* ---- call gates ---- */

typedef struct GateTarget {
    Descriptor code;
    uint16_t selector;
    uint64_t offset;
    unsigned size; /* size in bytes of each pushed value */
    unsigned parameters;
} GateTarget;

static void need_call_target(Cpu *cpu, GateTarget *target)
{
    uint32_t error = selector_error(cpu, target->selector);

    if (selector_is_null(target->selector)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    descriptor_need(cpu, target->selector, VECTOR_GP, &target->code);
    if (!descriptor_is_code(&target->code) || descriptor_dpl(&target->code) > cpu->cpl) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    /* In long mode a gate can lead only to 64-bit code. */
    if (cpu_long_mode(cpu) &&
        (!descriptor_is_long(&target->code) || !descriptor_mode_is_valid(cpu, &target->code))) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
}

static void read_call_gate(Cpu *cpu, uint16_t selector, const Descriptor *gate, GateTarget *target)
{
    bool gate32 = descriptor_type(gate) == TYPE_CALL32;

    target->selector = (uint16_t)(gate->low >> 16);
    target->size = gate32 ? 4 : 2;
    target->offset = (gate->low & 0xffff) | (gate32 ? gate->high & 0xffff0000 : 0);
    target->parameters = gate->high & 31;
    if (cpu_long_mode(cpu)) {
        target->size = 8;
        target->offset |= (uint64_t)descriptor_upper(cpu, selector, gate, VECTOR_GP) << 32;
        target->parameters = 0;
    }
    need_call_target(cpu, target);
}

static void jump_through_gate(Cpu *cpu, uint16_t selector, const Descriptor *gate)
{
    GateTarget target;

    read_call_gate(cpu, selector, gate, &target);
    if (!descriptor_is_conforming(&target.code) && descriptor_dpl(&target.code) != cpu->cpl) {
        cpu_raise_error(cpu, VECTOR_GP, selector_error(cpu, target.selector));
    }
    if (!descriptor_present(&target.code)) {
        cpu_raise_error(cpu, VECTOR_NP, selector_error(cpu, target.selector));
    }
    segment_need_offset(cpu, &target.code, target.offset, 0);
    segment_set_cs(cpu, &target.code, target.selector, cpu->cpl);
    cpu->rip = target.offset;
}

/* After a call to an inner level of 64-bit code, SS is null. */
static void call_inner_wide(Cpu *cpu, GateTarget *target, uint64_t return_rip)
{
    unsigned cpl = descriptor_dpl(&target->code);
    uint64_t rsp = cpu->mode == 64 ? GPR64(cpu, CPU_SP) : GPR(cpu, CPU_SP);
    Stack stack = stack_wide(tss_stack_wide(cpu, cpl, 0), false);

    segment_need_offset(cpu, &target->code, target->offset, 0);
    stack_push(cpu, &stack, 8, cpu->segment[CPU_SS].selector);
    stack_push(cpu, &stack, 8, rsp);
    stack_push(cpu, &stack, 8, cpu->segment[CPU_CS].selector);
    stack_push(cpu, &stack, 8, return_rip);
    segment_set_cs(cpu, &target->code, target->selector, cpl);
    segment_set_null_ss(cpu, (uint16_t)cpl, cpl);
    stack_commit_pointer(cpu, &stack);
    cpu->rip = target->offset;
}

static void call_inner(Cpu *cpu, GateTarget *target, uint64_t return_rip)
{
    unsigned cpl = descriptor_dpl(&target->code), size = target->size;
    Stack old = stack_current(cpu);
    Descriptor descriptor;
    uint16_t ss;
    uint32_t esp;

    if (cpu_long_mode(cpu)) {
        call_inner_wide(cpu, target, return_rip);
        return;
    }
    tss_stack(cpu, cpl, &ss, &esp);
    segment_need_stack(cpu, ss, cpl, VECTOR_TS, &descriptor);
    Stack stack = stack_for(&descriptor, ss, esp, cpl == 3);
    stack_need(cpu, &stack, (4 + target->parameters) * size);
    segment_need_offset(cpu, &target->code, target->offset, 0);

    stack_push(cpu, &stack, size, old.selector);
    stack_push(cpu, &stack, size, old.pointer);
    for (unsigned i = target->parameters; i-- > 0;) {
        uint64_t value = stack_at(cpu, &old, i, size);

        stack_push(cpu, &stack, size, value);
    }
    stack_push(cpu, &stack, size, cpu->segment[CPU_CS].selector);
    stack_push(cpu, &stack, size, return_rip);

    descriptor_set_accessed(cpu, &target->code);
    segment_set_ss(cpu, &descriptor, ss);
    stack_commit_pointer(cpu, &stack);
    segment_set_cs(cpu, &target->code, target->selector, cpl);
    cpu->rip = target->offset;
}

static void push_return_and_go(Cpu *cpu, GateTarget *target, uint64_t return_rip)
{
    Stack stack = stack_current(cpu);

    stack_push(cpu, &stack, target->size, cpu->segment[CPU_CS].selector);
    stack_push(cpu, &stack, target->size, return_rip);
    segment_need_offset(cpu, &target->code, target->offset, 0);
    segment_set_cs(cpu, &target->code, target->selector, cpu->cpl);
    stack_commit_pointer(cpu, &stack);
    cpu->rip = target->offset;
}

static void call_through_gate(Cpu *cpu, uint16_t selector, const Descriptor *gate,
                              uint64_t return_rip)
{
    GateTarget target;

    read_call_gate(cpu, selector, gate, &target);
    if (!descriptor_present(&target.code)) {
        cpu_raise_error(cpu, VECTOR_NP, selector_error(cpu, target.selector));
    }
    if (!descriptor_is_conforming(&target.code) && descriptor_dpl(&target.code) < cpu->cpl) {
        call_inner(cpu, &target, return_rip);
    } else {
        push_return_and_go(cpu, &target, return_rip);
    }
}

/* ---- jumps and calls ---- */

/* Handles the system descriptors that a far jump or call may name. */
static void go_through_system(Cpu *cpu, uint16_t selector, const Descriptor *d, TaskSource source,
                              uint64_t next_rip)
{
    bool wide = cpu_long_mode(cpu);

    if (wide && descriptor_type(d) != TYPE_CALL64) {
        cpu_raise_error(cpu, VECTOR_GP, selector_error(cpu, selector));
    }
    switch (descriptor_type(d)) {
    case TYPE_CALL16:
    case TYPE_CALL32:
        need_gate(cpu, d, selector);
        if (source == TASK_JUMP) {
            jump_through_gate(cpu, selector, d);
        } else {
            call_through_gate(cpu, selector, d, next_rip);
        }
        return;
    case TYPE_TASK_GATE:
        need_gate(cpu, d, selector);
        switch_to_tss(cpu, (uint16_t)(d->low >> 16), source, (uint32_t)next_rip);
        return;
    case TYPE_TSS16:
    case TYPE_TSS32:
        need_gate(cpu, d, selector);
        switch_to_tss(cpu, selector, source, (uint32_t)next_rip);
        return;
    default:
        cpu_raise_error(cpu, VECTOR_GP, selector_error(cpu, selector));
    }
}

static void need_target(Cpu *cpu, uint16_t selector, Descriptor *descriptor)
{
    if (selector_is_null(selector)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    descriptor_need(cpu, selector, VECTOR_GP, descriptor);
    if (!descriptor_is_system(descriptor) && !descriptor_is_code(descriptor)) {
        cpu_raise_error(cpu, VECTOR_GP, selector_error(cpu, selector));
    }
}

static void need_in_real_limit(Cpu *cpu, uint64_t offset)
{
    if (offset > cpu->segment[CPU_CS].limit) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

void far_jump(Cpu *cpu, uint16_t selector, uint64_t offset, unsigned size G_GNUC_UNUSED)
{
    Descriptor descriptor;

    if (!cpu_protected(cpu)) {
        need_in_real_limit(cpu, offset);
        segment_set_real(cpu, CPU_CS, selector);
        cpu->rip = offset;
        return;
    }
    need_target(cpu, selector, &descriptor);
    if (descriptor_is_system(&descriptor)) {
        go_through_system(cpu, selector, &descriptor, TASK_JUMP, cpu->rip + cpu->current->end);
        return;
    }
    need_direct_code(cpu, &descriptor, selector);
    segment_need_offset(cpu, &descriptor, offset, 0);
    segment_set_cs(cpu, &descriptor, selector, cpu->cpl);
    cpu->rip = offset;
}

static void call_real(Cpu *cpu, uint16_t selector, uint64_t offset, unsigned size,
                      uint64_t return_rip)
{
    Stack stack = stack_current(cpu);

    stack_push(cpu, &stack, size, cpu->segment[CPU_CS].selector);
    stack_push(cpu, &stack, size, return_rip);
    need_in_real_limit(cpu, offset);
    segment_set_real(cpu, CPU_CS, selector);
    stack_commit_pointer(cpu, &stack);
    cpu->rip = offset;
}

void far_call(Cpu *cpu, uint16_t selector, uint64_t offset, unsigned size, uint64_t return_rip)
{
    GateTarget target = {.selector = selector, .offset = offset, .size = size};

    if (!cpu_protected(cpu)) {
        call_real(cpu, selector, offset, size, return_rip);
        return;
    }
    need_target(cpu, selector, &target.code);
    if (descriptor_is_system(&target.code)) {
        go_through_system(cpu, selector, &target.code, TASK_CALL, return_rip);
        return;
    }
    need_direct_code(cpu, &target.code, selector);
    push_return_and_go(cpu, &target, return_rip);
}

/* ---- returns ---- */

static void return_real(Cpu *cpu, Stack *stack, unsigned size, uint32_t release)
{
    uint16_t selector = stack_selector_at(cpu, stack, 1, size);
    uint64_t offset = stack_pop(cpu, stack, size);

    stack_move(stack, size);
    need_in_real_limit(cpu, offset);
    segment_set_real(cpu, CPU_CS, selector);
    stack_move(stack, release);
    stack_commit_pointer(cpu, stack);
    cpu->rip = offset;
}

void far_return(Cpu *cpu, unsigned size, uint32_t release)
{
    Stack stack = stack_current(cpu);
    Descriptor code;

    if (!cpu_protected(cpu)) {
        return_real(cpu, &stack, size, release);
        return;
    }
    uint16_t selector = stack_selector_at(cpu, &stack, 1, size);
    uint64_t offset = stack_pop(cpu, &stack, size);
    stack_move(&stack, size);
    segment_need_return_code(cpu, selector, offset, &code);
    if ((selector & 3u) > cpu->cpl) {
        stack_move(&stack, release);
        stack_return_outer(cpu, &stack, &code, selector, size, release);
        cpu->rip = offset;
        return;
    }
    segment_set_cs(cpu, &code, selector, cpu->cpl);
    stack_move(&stack, release);
    stack_commit_pointer(cpu, &stack);
    cpu->rip = offset;
}
