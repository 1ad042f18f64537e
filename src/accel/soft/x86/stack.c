/*
 * Stacks that are written or read before SS:rSP is committed.  An instruction that
 * faults leaves the registers unchanged.
 */
#include "src/accel/soft/x86/access.h"

Stack stack_current(Cpu *cpu)
{
    bool wide = cpu->mode == 64;

    return (Stack){
        .segment = cpu->segment[CPU_SS],
        .pointer = wide ? GPR64(cpu, CPU_SP) : GPR(cpu, CPU_SP),
        .mask = wide ? UINT64_MAX : cpu->stack_mask,
        .selector = cpu->segment[CPU_SS].selector,
        .rights = cpu_rights(cpu),
        .wide = wide,
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

Stack stack_wide(uint64_t rsp, bool user)
{
    return (Stack){
        .pointer = rsp,
        .mask = UINT64_MAX,
        .rights = user ? RIGHTS_USER : RIGHTS_SYSTEM,
        .wide = true,
        .vector = VECTOR_SS,
    };
}

static bool stack_holds(const Stack *stack, uint64_t offset, unsigned size)
{
    if (stack->wide) {
        return linear_is_canonical(offset) && linear_is_canonical(offset + size - 1);
    }
    return segment_holds(&stack->segment, (uint32_t)offset, size);
}

static LinearAddr stack_linear(Cpu *cpu, const Stack *stack, uint64_t offset, unsigned size,
                               MemoryAccess access)
{
    if (!stack_holds(stack, offset, size)) {
        cpu_raise_error(cpu, stack->vector, stack->error);
    }
    LinearAddr linear = stack->wide ? offset : (uint32_t)(stack->segment.base + offset);
    if (cpu->checks && stack->rights == cpu_rights(cpu)) {
        linear_check(cpu, linear, size, access);
    }
    return linear;
}

void stack_move(Stack *stack, uint64_t delta)
{
    stack->pointer = (stack->pointer & ~stack->mask) | ((stack->pointer + delta) & stack->mask);
}

void stack_need(Cpu *cpu, const Stack *stack, unsigned bytes)
{
    for (unsigned down = 2; down <= bytes; down += 2) {
        if (!stack_holds(stack, (stack->pointer - down) & stack->mask, 2)) {
            cpu_raise_error(cpu, stack->vector, stack->error);
        }
    }
}

void stack_push(Cpu *cpu, Stack *stack, unsigned size, uint64_t value)
{
    uint64_t offset = (stack->pointer - size) & stack->mask;

    LinearAddr linear = stack_linear(cpu, stack, offset, size, ACCESS_WRITE);
    const TlbEntry *e = tlb_at(&cpu->tlbs[stack->rights], linear);
    if (size == 4 && likely(((linear + 3) & PAGE_MASK) == e->write_tag)) {
        *(mem32 *)(e->addend + linear) = (uint32_t)value;
    } else {
        linear_write(cpu, linear, size, value, stack->rights);
    }
    stack_move(stack, -(uint64_t)size);
}

static uint64_t stack_peek(Cpu *cpu, const Stack *stack, uint64_t delta, unsigned size)
{
    uint64_t offset = (stack->pointer + delta) & stack->mask;
    LinearAddr linear = stack_linear(cpu, stack, offset, size, ACCESS_READ);

    return linear_read(cpu, linear, size, stack->rights);
}

uint64_t stack_at(Cpu *cpu, const Stack *stack, unsigned item, unsigned size)
{
    return stack_peek(cpu, stack, item * size, size);
}

uint16_t stack_selector_at(Cpu *cpu, const Stack *stack, unsigned item, unsigned size)
{
    return (uint16_t)stack_peek(cpu, stack, item * size, 2);
}

uint64_t stack_pop(Cpu *cpu, Stack *stack, unsigned size)
{
    uint64_t value = stack_peek(cpu, stack, 0, size);

    stack_move(stack, size);
    return value;
}

void stack_commit_pointer(Cpu *cpu, const Stack *stack)
{
    if (stack->wide) {
        GPR64(cpu, CPU_SP) = stack->pointer;
    } else {
        GPR(cpu, CPU_SP) = (uint32_t)stack->pointer;
    }
}

void stack_set_current(Cpu *cpu, uint64_t pointer)
{
    if (cpu->mode == 64) {
        GPR64(cpu, CPU_SP) = pointer;
    } else {
        stack_set_pointer(cpu, (uint32_t)pointer);
    }
}

static void need_in_tss(Cpu *cpu, uint32_t last)
{
    const Segment *tr = &cpu->segment[CPU_TR];

    if (last > tr->limit) {
        cpu_raise_error(cpu, VECTOR_TS, selector_error(cpu, tr->selector));
    }
}

void tss_stack(Cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp)
{
    const Segment *tr = &cpu->segment[CPU_TR];
    bool tss32 = tr->attributes & 8;
    uint32_t offset = tss32 ? 4 + level * 8 : 2 + level * 4;
    unsigned size = tss32 ? 4 : 2;

    need_in_tss(cpu, offset + size + 1);
    *esp = (uint32_t)system_read(cpu, tr->base + offset, size);
    *ss = (uint16_t)system_read(cpu, tr->base + offset + size, 2);
}

#define TSS_RSP(level) (4 + (level)*8)
#define TSS_IST(index) (0x24 + ((index)-1) * 8)

uint64_t tss_stack_wide(Cpu *cpu, unsigned level, unsigned ist)
{
    uint32_t offset = ist ? TSS_IST(ist) : TSS_RSP(level);

    need_in_tss(cpu, offset + 7);
    uint64_t rsp = system_read(cpu, cpu->segment[CPU_TR].base + offset, 8);
    if (!linear_is_canonical(rsp)) {
        cpu_raise_error(cpu, VECTOR_SS, cpu->external);
    }
    return rsp;
}

/*
 * The new ESP is the value in the frame plus what the callee releases, which
 * applies to this stack too.
 */
void stack_return_outer(Cpu *cpu, Stack *stack, Descriptor *code, uint16_t selector, unsigned size,
                        uint32_t release)
{
    unsigned cpl = selector & 3;
    Descriptor descriptor;

    uint16_t ss = stack_selector_at(cpu, stack, 1, size);
    uint64_t rsp = stack_at(cpu, stack, 0, size) + release;
    bool null = segment_null_stack_allowed(cpu, ss, cpl, code);
    if (!null) {
        segment_need_stack(cpu, ss, cpl, VECTOR_GP, &descriptor);
    }
    descriptor_set_accessed(cpu, code);
    if (null) {
        segment_set_null_ss(cpu, ss, cpl);
    } else {
        segment_set_ss(cpu, &descriptor, ss);
    }
    segment_set_cs(cpu, code, selector, cpl);
    stack_set_current(cpu, rsp);
    segment_drop_inner(cpu);
}
