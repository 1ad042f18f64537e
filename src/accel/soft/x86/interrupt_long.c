/*
 * Delivery of interrupts and exceptions in long mode, and IRET there: gates of 16
 * bytes, the interrupt stack table, and frames that always contain SS:RSP (Intel
 * SDM volume 3, section "Exception and Interrupt Handling in 64-bit Mode").
 */
#include "src/accel/soft/x86/access.h"
#include "src/accel/soft/x86/interrupt_flags.h"

/* ---- delivery ---- */

typedef struct Gate {
    uint16_t selector;
    uint64_t offset;
    unsigned ist;
    bool interrupt; /* an interrupt gate, which clears IF */
} Gate;

static uint32_t idt_error(const Cpu *cpu, const Event *event)
{
    return event->vector * 8u + 2 + cpu->external;
}

static void read_gate(Cpu *cpu, const Event *event, Gate *gate)
{
    uint32_t error = idt_error(cpu, event), at = event->vector * 16u;

    if (at + 15 > cpu->idtr.limit) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    uint64_t raw = system_read(cpu, cpu->idtr.base + at, 8);
    Descriptor d = {.low = (uint32_t)raw, .high = (uint32_t)(raw >> 32)};
    unsigned type = descriptor_is_system(&d) ? descriptor_type(&d) : 0;
    if (type != TYPE_INTERRUPT64 && type != TYPE_TRAP64) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (event->kind == EVENT_SOFTWARE && descriptor_dpl(&d) < cpu->cpl) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(&d)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
    uint64_t upper = system_read(cpu, cpu->idtr.base + at + 8, 4);
    *gate = (Gate){
        .selector = (uint16_t)(d.low >> 16),
        .offset = upper << 32 | (d.high & 0xffff0000) | (d.low & 0xffff),
        .ist = d.high & 7,
        .interrupt = type == TYPE_INTERRUPT64,
    };
}

static void need_handler_code(Cpu *cpu, uint16_t selector, Descriptor *code)
{
    uint32_t error = selector_error(cpu, selector);

    if (selector_is_null(selector)) {
        cpu_raise_error(cpu, VECTOR_GP, cpu->external);
    }
    descriptor_need(cpu, selector, VECTOR_GP, code);
    if (!descriptor_is_code(code) || descriptor_dpl(code) > cpu->cpl || !descriptor_is_long(code) ||
        !descriptor_mode_is_valid(cpu, code)) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(code)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
}

/* The stack pointer of the interrupted code, as wide as in its mode. */
static uint64_t old_pointer(const Cpu *cpu)
{
    return cpu->mode == 64 ? cpu->gpr[CPU_SP] : (uint32_t)cpu->gpr[CPU_SP];
}

static void push_frame(Cpu *cpu, Stack *stack, const Event *event)
{
    stack_push(cpu, stack, 8, cpu->segment[CPU_SS].selector);
    stack_push(cpu, stack, 8, old_pointer(cpu));
    stack_push(cpu, stack, 8, interrupt_pushed_flags(cpu, event));
    stack_push(cpu, stack, 8, cpu->segment[CPU_CS].selector);
    stack_push(cpu, stack, 8, event->return_rip);
    if (event->has_error) {
        stack_push(cpu, stack, 8, event->error);
    }
}

void interrupt_deliver_long(Cpu *cpu, const Event *event)
{
    Descriptor code;
    Gate gate;

    read_gate(cpu, event, &gate);
    need_handler_code(cpu, gate.selector, &code);
    bool inner = !descriptor_is_conforming(&code) && descriptor_dpl(&code) < cpu->cpl;
    unsigned cpl = inner ? descriptor_dpl(&code) : cpu->cpl;
    uint64_t rsp = inner || gate.ist ? tss_stack_wide(cpu, cpl, gate.ist) : old_pointer(cpu);
    Stack stack = stack_wide(rsp & ~UINT64_C(15), cpl == 3);

    stack.error = cpu->external;
    segment_need_offset(cpu, &code, gate.offset, cpu->external);
    push_frame(cpu, &stack, event);
    segment_set_cs(cpu, &code, gate.selector, cpl);
    if (inner) {
        segment_set_null_ss(cpu, (uint16_t)cpl, cpl);
    }
    stack_commit_pointer(cpu, &stack);
    cpu->rip = gate.offset;
    interrupt_clear_flags(cpu, CPU_FLAG_TF | CPU_FLAG_NT | CPU_FLAG_RF | CPU_FLAG_VM |
                                   (gate.interrupt ? CPU_FLAG_IF : 0));
}

/* ---- IRET ---- */

void interrupt_return_long(Cpu *cpu, unsigned size)
{
    uint32_t mask = interrupt_changeable_flags(cpu, size);
    Stack stack = stack_current(cpu);
    Descriptor code;

    if (cpu->eflags & CPU_FLAG_NT) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    uint64_t rip = stack_at(cpu, &stack, 0, size);
    uint16_t selector = (uint16_t)stack_at(cpu, &stack, 1, size);
    uint32_t flags = (uint32_t)stack_at(cpu, &stack, 2, size);
    stack_move(&stack, size * 3u);
    segment_need_return_code(cpu, selector, rip, &code);
    /* 64-bit code takes SS:RSP from the frame at every level. */
    if (cpu->mode == 64 || (selector & 3u) > cpu->cpl) {
        stack_return_outer(cpu, &stack, &code, selector, size, 0);
    } else {
        segment_set_cs(cpu, &code, selector, cpu->cpl);
        stack_commit_pointer(cpu, &stack);
    }
    cpu->rip = rip;
    interrupt_merge_flags(cpu, flags, mask);
}
