/*
 * Delivery of interrupts and exceptions, and IRET.
 */
#include "src/accel/soft/trace.h"
#include "src/accel/soft/x86/access.h"
#include "src/accel/soft/x86/interrupt_flags.h"

/* ---- delivery ---- */

/* Pushes on the current stack.  The pointer moves when all values are written. */
static inline void put16(Cpu *cpu, unsigned item, uint32_t value)
{
    mem_write16(cpu, cpu->current, CPU_SS, stack_offset(cpu, -2 * item), (uint16_t)value);
}

static inline void put32(Cpu *cpu, unsigned item, uint32_t value)
{
    mem_write32(cpu, cpu->current, CPU_SS, stack_offset(cpu, -4 * item), value);
}

/*
 * The host address of `bytes` of the current stack from `offset` on, if they are in
 * one page.  NULL: use the slow path.
 */
static inline void *frame_at(Cpu *cpu, uint32_t offset, unsigned bytes, MemoryAccess access)
{
    const Segment *s = &cpu->segment[CPU_SS];
    uint32_t linear = (uint32_t)s->base + offset;
    const TlbEntry *e = tlb_at(cpu->tlb, linear);
    bool write = access == ACCESS_WRITE;

    if (unlikely((uint64_t)offset + bytes > (write ? s->write_end : s->read_end) ||
                 (uint64_t)offset + bytes > (uint64_t)cpu->stack_mask + 1 ||
                 ((linear + bytes - 1) & PAGE_MASK) != (write ? e->write_tag : e->read_tag))) {
        return NULL;
    }
    return (void *)(e->addend + linear);
}

static inline void push_three16(Cpu *cpu, uint32_t flags, uint32_t cs, uint32_t eip)
{
    mem16 *frame = frame_at(cpu, stack_offset(cpu, (uint32_t)-6), 6, ACCESS_WRITE);

    if (frame) {
        frame[2] = (uint16_t)flags;
        frame[1] = (uint16_t)cs;
        frame[0] = (uint16_t)eip;
        return;
    }
    put16(cpu, 1, flags);
    put16(cpu, 2, cs);
    put16(cpu, 3, eip);
}

static inline void push_three32(Cpu *cpu, uint32_t flags, uint32_t cs, uint32_t eip)
{
    mem32 *frame = frame_at(cpu, stack_offset(cpu, (uint32_t)-12), 12, ACCESS_WRITE);

    if (frame) {
        frame[2] = flags;
        frame[1] = cs;
        frame[0] = eip;
        return;
    }
    put32(cpu, 1, flags);
    put32(cpu, 2, cs);
    put32(cpu, 3, eip);
}

static void deliver_real(Cpu *cpu, const Event *event)
{
    uint32_t entry = event->vector * 4u;

    if (entry + 3 > cpu->idtr.limit) {
        cpu_raise_error(cpu, VECTOR_GP, entry * 2 + 2 + cpu->external);
    }
    uint32_t target = (uint32_t)system_read(cpu, cpu->idtr.base + entry, 4);
    push_three16(cpu, flags_get(cpu), cpu->segment[CPU_CS].selector, (uint32_t)event->return_rip);
    if ((target & 0xffff) >= cpu->cs_end) {
        cpu_raise_error(cpu, VECTOR_GP, cpu->external);
    }
    stack_set_pointer(cpu, stack_offset(cpu, (uint32_t)-6));
    segment_set_real(cpu, CPU_CS, (uint16_t)(target >> 16));
    cpu->rip = target & 0xffff;
    interrupt_clear_flags(cpu, CPU_FLAG_IF | CPU_FLAG_TF | CPU_FLAG_AC | CPU_FLAG_RF);
}

static uint32_t idt_error(const Cpu *cpu, const Event *event)
{
    return event->vector * 8u + 2 + cpu->external;
}

static void read_idt(Cpu *cpu, const Event *event, Descriptor *gate)
{
    if (event->vector * 8u + 7 > cpu->idtr.limit) {
        cpu_raise_error(cpu, VECTOR_GP, idt_error(cpu, event));
    }
    gate->address = linear_wrap(cpu, cpu->idtr.base + event->vector * 8u);
    uint64_t raw = system_read_descriptor(cpu, gate->address);
    gate->low = (uint32_t)raw;
    gate->high = (uint32_t)(raw >> 32);

    switch (descriptor_is_system(gate) ? descriptor_type(gate) : 0) {
    case TYPE_TASK_GATE:
    case TYPE_INTERRUPT16:
    case TYPE_TRAP16:
    case TYPE_INTERRUPT32:
    case TYPE_TRAP32:
        break;
    default:
        cpu_raise_error(cpu, VECTOR_GP, idt_error(cpu, event));
    }
    if (event->kind == EVENT_SOFTWARE && descriptor_dpl(gate) < cpu->cpl) {
        cpu_raise_error(cpu, VECTOR_GP, idt_error(cpu, event));
    }
    if (!descriptor_present(gate)) {
        cpu_raise_error(cpu, VECTOR_NP, idt_error(cpu, event));
    }
}

static void deliver_to_task(Cpu *cpu, const Event *event, const Descriptor *gate)
{
    uint16_t selector = (uint16_t)(gate->low >> 16);
    Descriptor tss;

    task_need_tss(cpu, selector, VECTOR_GP, false, &tss);
    task_switch(cpu, selector, &tss, TASK_CALL, (uint32_t)event->return_rip);
    if (event->has_error) {
        Stack stack = stack_current(cpu);

        stack_push(cpu, &stack, cpu->segment[CPU_TR].attributes & 8 ? 4 : 2, event->error);
        stack_commit_pointer(cpu, &stack);
    }
}

static void push_frame(Cpu *cpu, Stack *stack, const Event *event, unsigned size)
{
    stack_push(cpu, stack, size, interrupt_pushed_flags(cpu, event));
    stack_push(cpu, stack, size, cpu->segment[CPU_CS].selector);
    stack_push(cpu, stack, size, event->return_rip);
    if (event->has_error) {
        stack_push(cpu, stack, size, event->error);
    }
}

static void enter_handler(Cpu *cpu, const Descriptor *gate, uint32_t offset)
{
    bool interrupt = !(descriptor_type(gate) & 1);

    cpu->rip = offset;
    interrupt_clear_flags(cpu, CPU_FLAG_TF | CPU_FLAG_NT | CPU_FLAG_RF | CPU_FLAG_VM |
                                   (interrupt ? CPU_FLAG_IF : 0));
}

/* In virtual-8086 mode the data segments are also saved and cleared. */
static void push_v86_segments(Cpu *cpu, Stack *stack, unsigned size)
{
    static const uint8_t SAVED[] = {CPU_GS, CPU_FS, CPU_DS, CPU_ES};

    for (unsigned i = 0; i < G_N_ELEMENTS(SAVED); i++) {
        stack_push(cpu, stack, size, cpu->segment[SAVED[i]].selector);
    }
}

static void empty_v86_segments(Cpu *cpu)
{
    static const uint8_t EMPTIED[] = {CPU_GS, CPU_FS, CPU_DS, CPU_ES};

    for (unsigned i = 0; i < G_N_ELEMENTS(EMPTIED); i++) {
        cpu->segment[EMPTIED[i]].selector = 0;
        cpu->segment[EMPTIED[i]].attributes |= SEGMENT_UNUSABLE;
        segment_changed(cpu, EMPTIED[i]);
    }
}

static void deliver_inner(Cpu *cpu, const Event *event, const Descriptor *gate, Descriptor *code,
                          uint32_t offset)
{
    unsigned size = descriptor_type(gate) & 8 ? 4 : 2;
    bool v86 = cpu_v86(cpu);
    uint16_t selector = (uint16_t)(gate->low >> 16), ss;
    unsigned cpl = descriptor_dpl(code);
    Descriptor descriptor;
    uint32_t esp;

    tss_stack(cpu, cpl, &ss, &esp);
    segment_need_stack(cpu, ss, cpl, VECTOR_TS, &descriptor);
    Stack stack = stack_for(&descriptor, ss, esp, cpl == 3);
    stack.error |= cpu->external;
    stack_need(cpu, &stack, (5 + event->has_error + (v86 ? 4 : 0)) * size);
    if (offset > descriptor_segment(code, 0).limit) {
        cpu_raise_error(cpu, VECTOR_GP, cpu->external);
    }
    if (v86) {
        push_v86_segments(cpu, &stack, size);
    }
    stack_push(cpu, &stack, size, cpu->segment[CPU_SS].selector);
    stack_push(cpu, &stack, size, GPR(cpu, CPU_SP));
    push_frame(cpu, &stack, event, size);

    descriptor_set_accessed(cpu, &descriptor);
    descriptor_set_accessed(cpu, code);
    cpu->eflags &= ~CPU_FLAG_VM;
    segment_set_ss(cpu, &descriptor, ss);
    segment_set_cs(cpu, code, selector, cpl);
    stack_commit_pointer(cpu, &stack);
    if (v86) {
        empty_v86_segments(cpu);
    }
    enter_handler(cpu, gate, offset);
}

static void push_frame_here(Cpu *cpu, const Event *event, bool op32)
{
    uint32_t flags = interrupt_pushed_flags(cpu, event), cs = cpu->segment[CPU_CS].selector;

    if (op32) {
        push_three32(cpu, flags, cs, (uint32_t)event->return_rip);
    } else {
        push_three16(cpu, flags, cs, (uint32_t)event->return_rip);
    }
    if (event->has_error && op32) {
        put32(cpu, 4, event->error);
    } else if (event->has_error) {
        put16(cpu, 4, event->error);
    }
}

/* `code` is NULL if CS already contains what would be loaded. */
static void deliver_same(Cpu *cpu, const Event *event, const Descriptor *gate, Descriptor *code,
                         uint32_t offset)
{
    bool op32 = descriptor_type(gate) & 8;
    uint32_t limit = code ? descriptor_segment(code, 0).limit : cpu->segment[CPU_CS].limit;

    push_frame_here(cpu, event, op32);
    if (offset > limit) {
        cpu_raise_error(cpu, VECTOR_GP, cpu->external);
    }
    if (code) {
        segment_set_cs(cpu, code, (uint16_t)(gate->low >> 16), cpu->cpl);
    }
    stack_set_pointer(cpu, stack_offset(cpu, -(3u + event->has_error) * (op32 ? 4 : 2)));
    enter_handler(cpu, gate, offset);
}

static void deliver_protected(Cpu *cpu, const Event *event)
{
    Descriptor gate, code;

    read_idt(cpu, event, &gate);
    if (descriptor_type(&gate) == TYPE_TASK_GATE) {
        deliver_to_task(cpu, event, &gate);
        return;
    }
    uint16_t selector = (uint16_t)(gate.low >> 16);
    uint32_t error = selector_error(cpu, selector);
    uint32_t offset = gate.low & 0xffff;
    if (descriptor_type(&gate) & 8) {
        offset |= gate.high & 0xffff0000;
    }
    if (segment_is_cs(cpu, (selector & ~3u) | cpu->cpl)) {
        deliver_same(cpu, event, &gate, NULL, offset);
        return;
    }
    if (selector_is_null(selector)) {
        cpu_raise_error(cpu, VECTOR_GP, cpu->external);
    }
    descriptor_need(cpu, selector, VECTOR_GP, &code);
    if (!descriptor_is_code(&code) || descriptor_dpl(&code) > cpu->cpl) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (!descriptor_present(&code)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
    bool inner = !descriptor_is_conforming(&code) && descriptor_dpl(&code) < cpu->cpl;
    if (cpu_v86(cpu) && (!inner || descriptor_dpl(&code) != 0)) {
        cpu_raise_error(cpu, VECTOR_GP, error);
    }
    if (inner) {
        deliver_inner(cpu, event, &gate, &code, offset);
    } else {
        deliver_same(cpu, event, &gate, &code, offset);
    }
}

static void deliver(Cpu *cpu, const Event *event)
{
    if (!(cpu->cr0 & CPU_CR0_PE)) {
        deliver_real(cpu, event);
    } else if (cpu_long_mode(cpu)) {
        interrupt_deliver_long(cpu, event);
    } else {
        deliver_protected(cpu, event);
    }
}

static __attribute__((noinline)) void deliver_traced(Cpu *cpu, const Event *event)
{
    const Fault what = {event->vector, event->has_error, event->error};
    TracedInterrupt taken = trace_interrupt_begin(cpu, event->kind, &what);

    deliver(cpu, event);
    trace_interrupt_end(cpu, &taken);
}

void interrupt_deliver(Cpu *cpu, uint8_t vector, EventKind kind, bool has_error, uint32_t error,
                       uint64_t return_rip)
{
    Event event = {vector, kind, has_error, error, return_rip};

    cpu->external = kind != EVENT_SOFTWARE;
    cpu->stepping = false;
    if (unlikely(cpu->trace_interrupts)) {
        deliver_traced(cpu, &event);
    } else {
        deliver(cpu, &event);
    }
    cpu->external = false;
}

/* ---- IRET ---- */

/* The three values in a frame on the current stack. */
typedef struct Frame {
    uint32_t eip, eflags;
    uint16_t cs;
} Frame;

static Frame read_frame_slowly(Cpu *cpu, bool op32)
{
    const Insn *insn = cpu->current;
    Frame frame;

    if (op32) {
        frame.eflags = mem_read32(cpu, insn, CPU_SS, stack_offset(cpu, 8));
        frame.cs = mem_read16(cpu, insn, CPU_SS, stack_offset(cpu, 4));
        frame.eip = mem_read32(cpu, insn, CPU_SS, stack_offset(cpu, 0));
    } else {
        frame.eflags = mem_read16(cpu, insn, CPU_SS, stack_offset(cpu, 4));
        frame.cs = mem_read16(cpu, insn, CPU_SS, stack_offset(cpu, 2));
        frame.eip = mem_read16(cpu, insn, CPU_SS, stack_offset(cpu, 0));
    }
    return frame;
}

static inline Frame read_frame(Cpu *cpu, bool op32)
{
    const void *host = frame_at(cpu, stack_offset(cpu, 0), op32 ? 12 : 6, ACCESS_READ);
    const mem32 *wide = host;
    const mem16 *narrow = host;

    if (unlikely(!host)) {
        return read_frame_slowly(cpu, op32);
    }
    if (op32) {
        return (Frame){.eip = wide[0], .cs = (uint16_t)wide[1], .eflags = wide[2]};
    }
    return (Frame){.eip = narrow[0], .cs = narrow[1], .eflags = narrow[2]};
}

static void return_real_or_v86(Cpu *cpu, bool op32)
{
    uint32_t mask = interrupt_changeable_flags(cpu, op32 ? 4 : 2);

    if (cpu_v86(cpu) && cpu_iopl(cpu) < 3) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    Frame frame = read_frame(cpu, op32);
    if (frame.eip >= cpu->cs_end) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    segment_set_real(cpu, CPU_CS, frame.cs);
    stack_set_pointer(cpu, stack_offset(cpu, op32 ? 12 : 6));
    cpu->rip = frame.eip;
    interrupt_merge_flags(cpu, frame.eflags, mask);
}

static void return_to_v86(Cpu *cpu, const Frame *frame)
{
    static const uint8_t ORDER[] = {CPU_ES, CPU_DS, CPU_FS, CPU_GS};
    uint16_t data[G_N_ELEMENTS(ORDER)];
    Stack stack = stack_current(cpu);

    stack_move(&stack, 12);
    uint32_t esp = (uint32_t)stack_pop(cpu, &stack, 4);
    uint16_t ss = (uint16_t)stack_pop(cpu, &stack, 4);

    for (unsigned i = 0; i < G_N_ELEMENTS(ORDER); i++) {
        data[i] = (uint16_t)stack_pop(cpu, &stack, 4);
    }
    /* An EIP above 64 KiB faults at the fetch, in the new mode. */
    flags_put(cpu, (frame->eflags &
                    (FLAGS_ARITHMETIC | CPU_FLAG_TF | CPU_FLAG_IF | CPU_FLAG_DF | CPU_FLAG_IOPL |
                     CPU_FLAG_NT | CPU_FLAG_RF | CPU_FLAG_VM | CPU_FLAG_AC | CPU_FLAG_ID)));
    cpu->cpl = 3;
    segment_set_real(cpu, CPU_CS, frame->cs);
    segment_set_real(cpu, CPU_SS, ss);
    for (unsigned i = 0; i < G_N_ELEMENTS(ORDER); i++) {
        segment_set_real(cpu, ORDER[i], data[i]);
    }
    GPR(cpu, CPU_SP) = esp;
    cpu->rip = frame->eip & 0xffff;
    cpu_mode_changed(cpu);
}

static void return_from_task(Cpu *cpu)
{
    uint16_t selector = (uint16_t)system_read(cpu, cpu->segment[CPU_TR].base, 2);
    Descriptor tss;

    task_need_tss(cpu, selector, VECTOR_TS, true, &tss);
    task_switch(cpu, selector, &tss, TASK_RETURN, (uint32_t)cpu->rip + cpu->current->end);
}

static void return_protected(Cpu *cpu, bool op32)
{
    uint32_t mask = interrupt_changeable_flags(cpu, op32 ? 4 : 2);
    Frame frame = read_frame(cpu, op32);
    Descriptor code;

    if (op32 && frame.eflags & CPU_FLAG_VM && cpu->cpl == 0) {
        return_to_v86(cpu, &frame);
        return;
    }
    if (segment_is_cs(cpu, frame.cs) && frame.eip < cpu->cs_end) {
        stack_set_pointer(cpu, stack_offset(cpu, op32 ? 12 : 6));
    } else {
        segment_need_return_code(cpu, frame.cs, frame.eip, &code);
        if ((frame.cs & 3u) == cpu->cpl) {
            segment_set_cs(cpu, &code, frame.cs, cpu->cpl);
            stack_set_pointer(cpu, stack_offset(cpu, op32 ? 12 : 6));
        } else {
            Stack stack = stack_current(cpu);

            stack_move(&stack, op32 ? 12 : 6);
            stack_return_outer(cpu, &stack, &code, frame.cs, op32 ? 4 : 2, 0);
        }
    }
    cpu->rip = frame.eip;
    interrupt_merge_flags(cpu, frame.eflags, mask);
}

void interrupt_return(Cpu *cpu, unsigned size)
{
    if (!cpu_protected(cpu)) {
        return_real_or_v86(cpu, size == 4);
    } else if (cpu_long_mode(cpu)) {
        interrupt_return_long(cpu, size);
    } else if (cpu->eflags & CPU_FLAG_NT) {
        return_from_task(cpu);
    } else {
        return_protected(cpu, size == 4);
    }
    cpu->nmi_masked = false;
}
