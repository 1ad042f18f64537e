/*
 * Far jumps, calls and returns: real mode, code segments, call gates, task
 * gates and task state segments.  Nothing of the CPU changes before the last
 * check and the last access are done.
 */
#include "src/accel/soft/x86/access.h"

/* ---- targets ------------------------------------------------------------ */

static void need_in_limit(Cpu *cpu, const Descriptor *code, uint32_t offset)
{
    if (offset > descriptor_segment(code, 0).limit) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

/* A code segment reached without a gate keeps the privilege level. */
static void need_direct_code(Cpu *cpu, const Descriptor *code, uint16_t selector)
{
    uint32_t error = selector_error(cpu, selector);
    unsigned dpl = descriptor_dpl(code);
    bool allowed = descriptor_is_conforming(code) ? dpl <= cpu->cpl
                                                  : (selector & 3u) <= cpu->cpl && dpl == cpu->cpl;

    if (!allowed) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(code)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
}

/* Raises unless a gate or TSS may be used from here. */
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

/* ---- call gates --------------------------------------------------------- */

typedef struct GateTarget {
    Descriptor code;
    uint16_t selector;
    uint32_t offset;
    bool gate32;
    unsigned parameters;
} GateTarget;

static void read_call_gate(Cpu *cpu, const Descriptor *gate, GateTarget *target)
{
    target->selector = (uint16_t)(gate->low >> 16);
    target->gate32 = descriptor_type(gate) == TYPE_CALL32;
    target->offset = (gate->low & 0xffff) | (target->gate32 ? gate->high & 0xffff0000 : 0);
    target->parameters = gate->high & 31;

    uint32_t error = selector_error(cpu, target->selector);
    if (selector_is_null(target->selector)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    descriptor_need(cpu, target->selector, VECTOR_GP, &target->code);
    if (!descriptor_is_code(&target->code) || descriptor_dpl(&target->code) > cpu->cpl) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
}

static void jump_through_gate(Cpu *cpu, const Descriptor *gate)
{
    GateTarget target;

    read_call_gate(cpu, gate, &target);
    if (!descriptor_is_conforming(&target.code) && descriptor_dpl(&target.code) != cpu->cpl) {
        cpu_raise_error(cpu, VECTOR_GP, selector_error(cpu, target.selector));
    }
    if (!descriptor_present(&target.code)) {
        cpu_raise_error(cpu, VECTOR_NP, selector_error(cpu, target.selector));
    }
    need_in_limit(cpu, &target.code, target.offset);
    segment_set_cs(cpu, &target.code, target.selector, cpu->cpl);
    cpu->rip = target.offset;
}

static void call_inner(Cpu *cpu, GateTarget *target, uint32_t return_eip)
{
    unsigned cpl = descriptor_dpl(&target->code);
    Stack old = stack_current(cpu);
    Descriptor descriptor;
    uint16_t ss;
    uint32_t esp;

    tss_stack(cpu, cpl, &ss, &esp);
    segment_need_stack(cpu, ss, cpl, VECTOR_TS, &descriptor);
    Stack stack = stack_for(&descriptor, ss, esp, cpl == 3);
    stack_need(cpu, &stack, (4 + target->parameters) * (target->gate32 ? 4 : 2));
    need_in_limit(cpu, &target->code, target->offset);

    stack_push(cpu, &stack, target->gate32, old.selector);
    stack_push(cpu, &stack, target->gate32, old.pointer);
    for (unsigned i = target->parameters; i-- > 0;) {
        uint32_t value = stack_at(cpu, &old, i, target->gate32);

        stack_push(cpu, &stack, target->gate32, value);
    }
    stack_push(cpu, &stack, target->gate32, cpu->segment[CPU_CS].selector);
    stack_push(cpu, &stack, target->gate32, return_eip);

    descriptor_set_accessed(cpu, &target->code);
    segment_set_ss(cpu, &descriptor, ss);
    stack_commit_pointer(cpu, &stack);
    segment_set_cs(cpu, &target->code, target->selector, cpl);
    cpu->rip = target->offset;
}

static void push_return_and_go(Cpu *cpu, GateTarget *target, uint32_t return_eip)
{
    Stack stack = stack_current(cpu);

    stack_push(cpu, &stack, target->gate32, cpu->segment[CPU_CS].selector);
    stack_push(cpu, &stack, target->gate32, return_eip);
    need_in_limit(cpu, &target->code, target->offset);
    segment_set_cs(cpu, &target->code, target->selector, cpu->cpl);
    stack_commit_pointer(cpu, &stack);
    cpu->rip = target->offset;
}

static void call_through_gate(Cpu *cpu, const Descriptor *gate, uint32_t return_eip)
{
    GateTarget target;

    read_call_gate(cpu, gate, &target);
    if (!descriptor_present(&target.code)) {
        cpu_raise_error(cpu, VECTOR_NP, selector_error(cpu, target.selector));
    }
    if (!descriptor_is_conforming(&target.code) && descriptor_dpl(&target.code) < cpu->cpl) {
        call_inner(cpu, &target, return_eip);
    } else {
        push_return_and_go(cpu, &target, return_eip);
    }
}

/* ---- jumps and calls ---------------------------------------------------- */

/* The system descriptors that a far jump or call may name. */
static void go_through_system(Cpu *cpu, uint16_t selector, const Descriptor *d, TaskSource source,
                              uint32_t next_eip)
{
    switch (descriptor_type(d)) {
    case TYPE_CALL16:
    case TYPE_CALL32:
        need_gate(cpu, d, selector);
        if (source == TASK_JUMP) {
            jump_through_gate(cpu, d);
        } else {
            call_through_gate(cpu, d, next_eip);
        }
        return;
    case TYPE_TASK_GATE:
        need_gate(cpu, d, selector);
        switch_to_tss(cpu, (uint16_t)(d->low >> 16), source, next_eip);
        return;
    case TYPE_TSS16:
    case TYPE_TSS32:
        need_gate(cpu, d, selector);
        switch_to_tss(cpu, selector, source, next_eip);
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

static void need_in_real_limit(Cpu *cpu, uint32_t offset)
{
    if (offset > cpu->segment[CPU_CS].limit) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

void far_jump(Cpu *cpu, uint16_t selector, uint32_t offset, bool op32 G_GNUC_UNUSED)
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
        go_through_system(cpu, selector, &descriptor, TASK_JUMP,
                          (uint32_t)cpu->rip + cpu->current->end);
        return;
    }
    need_direct_code(cpu, &descriptor, selector);
    need_in_limit(cpu, &descriptor, offset);
    segment_set_cs(cpu, &descriptor, selector, cpu->cpl);
    cpu->rip = offset;
}

static void call_real(Cpu *cpu, uint16_t selector, uint32_t offset, bool op32, uint32_t return_eip)
{
    Stack stack = stack_current(cpu);

    stack_push(cpu, &stack, op32, cpu->segment[CPU_CS].selector);
    stack_push(cpu, &stack, op32, return_eip);
    need_in_real_limit(cpu, offset);
    segment_set_real(cpu, CPU_CS, selector);
    stack_commit_pointer(cpu, &stack);
    cpu->rip = offset;
}

void far_call(Cpu *cpu, uint16_t selector, uint32_t offset, bool op32, uint32_t return_eip)
{
    GateTarget target = {.selector = selector, .offset = offset, .gate32 = op32};

    if (!cpu_protected(cpu)) {
        call_real(cpu, selector, offset, op32, return_eip);
        return;
    }
    need_target(cpu, selector, &target.code);
    if (descriptor_is_system(&target.code)) {
        go_through_system(cpu, selector, &target.code, TASK_CALL, return_eip);
        return;
    }
    need_direct_code(cpu, &target.code, selector);
    push_return_and_go(cpu, &target, return_eip);
}

/* ---- returns ------------------------------------------------------------ */

static void return_real(Cpu *cpu, Stack *stack, bool op32, uint32_t release)
{
    uint16_t selector = stack_selector_at(cpu, stack, 1, op32);
    uint32_t offset = stack_pop(cpu, stack, op32);

    stack_move(stack, op32 ? 4 : 2);
    need_in_real_limit(cpu, offset);
    segment_set_real(cpu, CPU_CS, selector);
    stack_move(stack, release);
    stack_commit_pointer(cpu, stack);
    cpu->rip = offset;
}

void far_return(Cpu *cpu, bool op32, uint32_t release)
{
    Stack stack = stack_current(cpu);
    Descriptor code;

    if (!cpu_protected(cpu)) {
        return_real(cpu, &stack, op32, release);
        return;
    }
    uint16_t selector = stack_selector_at(cpu, &stack, 1, op32);
    uint32_t offset = stack_pop(cpu, &stack, op32);
    stack_move(&stack, op32 ? 4 : 2);
    segment_need_return_code(cpu, selector, offset, &code);
    if ((selector & 3u) > cpu->cpl) {
        stack_move(&stack, release);
        stack_return_outer(cpu, &stack, &code, selector, op32, release);
        cpu->rip = offset;
        return;
    }
    segment_set_cs(cpu, &code, selector, cpu->cpl);
    stack_move(&stack, release);
    stack_commit_pointer(cpu, &stack);
    cpu->rip = offset;
}
