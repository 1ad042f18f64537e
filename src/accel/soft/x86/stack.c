/*
 * Stacks of 16 and 32 bits that are written or read before SS:ESP is
 * committed, so that an instruction that faults leaves them as they were.
 */
#include "src/accel/soft/x86/access.h"

Stack stack_current(Cpu *cpu)
{
    return (Stack){
        .segment = cpu->segment[CPU_SS],
        .pointer = GPR(cpu, CPU_SP),
        .mask = cpu->stack_mask,
        .selector = cpu->segment[CPU_SS].selector,
        .rights = cpu_rights(cpu),
        .vector = VECTOR_SS,
        .error = cpu->external,
    };
}

Stack stack_for(const Descriptor *descriptor, uint16_t selector, uint32_t esp, bool user)
{
    Segment segment = descriptor_segment(descriptor, selector);

    return (Stack){
        .segment = segment,
        .pointer = esp,
        .mask = segment.attributes & CPU_SEGMENT_DB ? UINT32_MAX : 0xffff,
        .selector = selector,
        .rights = user ? RIGHTS_USER : RIGHTS_SYSTEM,
        .vector = VECTOR_SS,
        .error = selector & ~3u,
    };
}

static LinearAddr stack_linear(Cpu *cpu, const Stack *stack, uint32_t offset, unsigned size,
                               MemoryAccess access)
{
    if (!segment_holds(&stack->segment, offset, size)) {
        cpu_raise_error(cpu, stack->vector, stack->error);
    }
    LinearAddr linear = (uint32_t)(stack->segment.base + offset);
    if (cpu->checks && stack->rights == cpu_rights(cpu)) {
        linear_check(cpu, linear, size, access);
    }
    return linear;
}

void stack_move(Stack *stack, uint32_t delta)
{
    stack->pointer = (stack->pointer & ~stack->mask) | ((stack->pointer + delta) & stack->mask);
}

void stack_need(Cpu *cpu, const Stack *stack, unsigned bytes)
{
    for (unsigned down = 2; down <= bytes; down += 2) {
        if (!segment_holds(&stack->segment, (stack->pointer - down) & stack->mask, 2)) {
            cpu_raise_error(cpu, stack->vector, stack->error);
        }
    }
}

void stack_push(Cpu *cpu, Stack *stack, bool op32, uint32_t value)
{
    unsigned size = op32 ? 4 : 2;
    uint32_t offset = (stack->pointer - size) & stack->mask;
    LinearAddr linear = stack_linear(cpu, stack, offset, size, ACCESS_WRITE);
    const TlbEntry *e = tlb_at(&cpu->tlbs[stack->rights], linear);
    if (op32 && likely(((linear + 3) & PAGE_MASK) == e->write_tag)) {
        *(mem32 *)(e->addend + linear) = value;
    } else {
        linear_write(cpu, linear, size, value, stack->rights);
    }
    stack_move(stack, -size);
}

static uint32_t stack_peek(Cpu *cpu, const Stack *stack, uint32_t delta, unsigned size)
{
    uint32_t offset = (stack->pointer + delta) & stack->mask;
    LinearAddr linear = stack_linear(cpu, stack, offset, size, ACCESS_READ);

    return (uint32_t)linear_read(cpu, linear, size, stack->rights);
}

uint32_t stack_at(Cpu *cpu, const Stack *stack, unsigned item, bool op32)
{
    return stack_peek(cpu, stack, item * (op32 ? 4 : 2), op32 ? 4 : 2);
}

uint16_t stack_selector_at(Cpu *cpu, const Stack *stack, unsigned item, bool op32)
{
    return (uint16_t)stack_peek(cpu, stack, item * (op32 ? 4 : 2), 2);
}

uint32_t stack_pop(Cpu *cpu, Stack *stack, bool op32)
{
    uint32_t value = stack_peek(cpu, stack, 0, op32 ? 4 : 2);

    stack_move(stack, op32 ? 4 : 2);
    return value;
}

void stack_commit_pointer(Cpu *cpu, const Stack *stack)
{
    GPR(cpu, CPU_SP) = stack->pointer;
}

void tss_stack(Cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp)
{
    const Segment *tr = &cpu->segment[CPU_TR];
    bool tss32 = tr->attributes & 8;
    uint32_t offset = tss32 ? 4 + level * 8 : 2 + level * 4;
    unsigned size = tss32 ? 4 : 2;

    if (offset + size + 1 > tr->limit) {
        cpu_raise_error(cpu, VECTOR_TS, selector_error(cpu, tr->selector));
    }
    *esp = (uint32_t)system_read(cpu, tr->base + offset, size);
    *ss = (uint16_t)system_read(cpu, tr->base + offset + size, 2);
}

/* ESP is what the frame holds, with what the callee releases on this stack too. */
void stack_return_outer(Cpu *cpu, Stack *stack, Descriptor *code, uint16_t selector, bool op32,
                        uint32_t release)
{
    unsigned cpl = selector & 3;
    Descriptor descriptor;

    uint16_t ss = stack_selector_at(cpu, stack, 1, op32);
    uint32_t esp = stack_at(cpu, stack, 0, op32) + release;
    segment_need_stack(cpu, ss, cpl, VECTOR_GP, &descriptor);
    descriptor_set_accessed(cpu, code);
    segment_set_ss(cpu, &descriptor, ss);
    segment_set_cs(cpu, code, selector, cpl);
    stack_set_pointer(cpu, esp);
    segment_drop_inner(cpu);
}
