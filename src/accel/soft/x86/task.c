/* The hardware task switch, for 16-bit and 32-bit task state segments. */
#include "src/accel/soft/x86/access.h"
#include "src/accel/soft/x86/flags.h"

/* Offsets in the two kinds of TSS.  The registers are in the order of their encoding. */
typedef struct TssLayout {
    uint8_t cr3; /* 0 if none */
    uint8_t eip, eflags, registers, segments, ldt;
    uint8_t size;          /* size of EIP, EFLAGS and each register */
    uint8_t segment_count; /* ES, CS, SS, DS; with 32 bits also FS and GS */
    uint8_t minimum;       /* the smallest limit */
} TssLayout;

static const TssLayout TSS16 = {
    .eip = 14,
    .eflags = 16,
    .registers = 18,
    .segments = 34,
    .ldt = 42,
    .size = 2,
    .segment_count = 4,
    .minimum = 0x2b,
};

static const TssLayout TSS32 = {
    .cr3 = 28,
    .eip = 32,
    .eflags = 36,
    .registers = 40,
    .segments = 72,
    .ldt = 96,
    .size = 4,
    .segment_count = 6,
    .minimum = 0x67,
};

#define TSS_LINK 0
#define TSS_TRAP 100 /* bit 0: debug trap on entry; 32-bit only */

/* What is read from the new task before anything changes. */
typedef struct NewTask {
    uint32_t cr3, eip, eflags, registers[8];
    uint16_t segments[6], ldt;
    bool trap;
} NewTask;

static const TssLayout *layout_of(uint32_t type)
{
    return type & 8 ? &TSS32 : &TSS16;
}

static void probe_range(Cpu *cpu, LinearAddr linear, uint32_t bytes, MemoryAccess access)
{
    linear_probe(cpu, linear, bytes, access, RIGHTS_SYSTEM);
}

static uint32_t read_field(Cpu *cpu, LinearAddr base, unsigned offset, unsigned size)
{
    return (uint32_t)system_read(cpu, base + offset, size);
}

static void read_task(Cpu *cpu, LinearAddr base, const TssLayout *l, NewTask *task)
{
    probe_range(cpu, base, l->minimum + 1u, ACCESS_READ);
    task->cr3 = l->cr3 ? read_field(cpu, base, l->cr3, 4) : 0;
    task->eip = read_field(cpu, base, l->eip, l->size);
    task->eflags = read_field(cpu, base, l->eflags, l->size);
    for (unsigned i = 0; i < 8; i++) {
        task->registers[i] = read_field(cpu, base, l->registers + i * l->size, l->size);
        if (l->size == 2) {
            task->registers[i] |= 0xffff0000;
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        task->segments[i] = i < l->segment_count
                                ? (uint16_t)read_field(cpu, base, l->segments + i * l->size, 2)
                                : 0;
    }
    task->ldt = (uint16_t)read_field(cpu, base, l->ldt, 2);
    task->trap = l->size == 4 && (read_field(cpu, base, TSS_TRAP, 1) & 1);
}

static void save_task(Cpu *cpu, const TssLayout *l, uint32_t next_eip, uint32_t eflags)
{
    LinearAddr base = cpu->segment[CPU_TR].base;

    linear_write(cpu, base + l->eip, l->size, next_eip, RIGHTS_SYSTEM);
    linear_write(cpu, base + l->eflags, l->size, eflags, RIGHTS_SYSTEM);
    for (unsigned i = 0; i < 8; i++) {
        linear_write(cpu, base + l->registers + i * l->size, l->size, GPR(cpu, i), RIGHTS_SYSTEM);
    }
    for (unsigned i = 0; i < l->segment_count; i++) {
        linear_write(cpu, base + l->segments + i * l->size, 2, cpu->segment[i].selector,
                     RIGHTS_SYSTEM);
    }
}

static void set_busy(Cpu *cpu, LinearAddr descriptor, bool busy)
{
    uint32_t high = (uint32_t)linear_read(cpu, descriptor + 4, 4, RIGHTS_SYSTEM);

    linear_write(cpu, descriptor + 4, 4, busy ? high | 0x200 : high & ~0x200u, RIGHTS_SYSTEM);
}

/* ---- the new task's segments, whose faults are in the new task ---- */

static void load_code(Cpu *cpu, uint16_t selector)
{
    uint32_t error = selector_error(cpu, selector);
    unsigned rpl = selector & 3;
    Descriptor code;

    if (selector_is_null(selector)) {
        cpu_raise_error(cpu, VECTOR_TS, error);
    }
    descriptor_need(cpu, selector, VECTOR_TS, &code);
    bool dpl_fits = descriptor_is_conforming(&code) ? descriptor_dpl(&code) <= rpl
                                                    : descriptor_dpl(&code) == rpl;
    if (!descriptor_is_code(&code) || !dpl_fits) {
        cpu_raise_error(cpu, VECTOR_TS, error);
    }
    if (!descriptor_present(&code)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
    segment_set_cs(cpu, &code, selector, rpl);
}

static void load_stack(Cpu *cpu, uint16_t selector)
{
    Descriptor descriptor;

    segment_need_stack(cpu, selector, cpu->cpl, VECTOR_TS, &descriptor);
    segment_set_ss(cpu, &descriptor, selector);
}

static void load_data(Cpu *cpu, unsigned segment, uint16_t selector)
{
    uint32_t error = selector_error(cpu, selector);
    Descriptor d;

    if (selector_is_null(selector)) {
        return;
    }
    descriptor_need(cpu, selector, VECTOR_TS, &d);
    bool code = descriptor_is_code(&d);
    bool conforming = code && descriptor_is_conforming(&d);
    if (descriptor_is_system(&d) || (code && !(descriptor_type(&d) & 2)) ||
        (!conforming && ((selector & 3u) > descriptor_dpl(&d) || cpu->cpl > descriptor_dpl(&d)))) {
        cpu_raise_error(cpu, VECTOR_TS, error);
    }
    if (!descriptor_present(&d)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
    descriptor_set_accessed(cpu, &d);
    cpu->segment[segment] = descriptor_segment(&d, selector);
    segment_changed(cpu, segment);
}

/* Stores all selectors, as unusable segments, before the first one is checked. */
static void load_selectors(Cpu *cpu, const NewTask *task)
{
    for (unsigned i = 0; i < 6; i++) {
        cpu->segment[i].selector = task->segments[i];
        cpu->segment[i].attributes |= SEGMENT_UNUSABLE;
        segment_changed(cpu, i);
    }
    cpu->segment[CPU_LDTR].selector = task->ldt;
    cpu->segment[CPU_LDTR].attributes |= SEGMENT_UNUSABLE;
}

static void load_segments(Cpu *cpu, const NewTask *task)
{
    segment_load_ldtr(cpu, task->ldt, VECTOR_TS);
    if (cpu_v86(cpu)) {
        cpu->cpl = 3;
        for (unsigned i = 0; i < 6; i++) {
            segment_set_real(cpu, i, task->segments[i]);
        }
        return;
    }
    load_code(cpu, task->segments[CPU_CS]);
    load_stack(cpu, task->segments[CPU_SS]);
    load_data(cpu, CPU_ES, task->segments[CPU_ES]);
    load_data(cpu, CPU_DS, task->segments[CPU_DS]);
    load_data(cpu, CPU_FS, task->segments[CPU_FS]);
    load_data(cpu, CPU_GS, task->segments[CPU_GS]);
}

/* Leaves the old task: from here on faults belong to the new one. */
static void enter_task(Cpu *cpu, const NewTask *task, const TssLayout *l)
{
    static const Insn BETWEEN;

    cpu->current = &BETWEEN;
    cpu->rip = task->eip;
    cpu->cr0 |= CPU_CR0_TS;
    for (unsigned i = 0; i < 8; i++) {
        GPR(cpu, i) = task->registers[i];
    }
    flags_put(cpu, task->eflags &
                       (FLAGS_ARITHMETIC | CPU_FLAG_TF | CPU_FLAG_IF | CPU_FLAG_DF | CPU_FLAG_IOPL |
                        CPU_FLAG_NT | CPU_FLAG_RF | CPU_FLAG_VM | CPU_FLAG_AC | CPU_FLAG_ID));
    load_selectors(cpu, task);
    if (l->cr3 && cpu->cr0 & CPU_CR0_PG) {
        control_set_cr3(cpu, task->cr3);
    }
    cpu->dr[7] &= ~UINT64_C(0x155);
    load_segments(cpu, task);
    cpu_mode_changed(cpu);
    if (task->trap) {
        cpu->debug_pending |= 1u << 15;
    }
    if (cpu->rip > cpu->segment[CPU_CS].limit) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

void task_need_tss(Cpu *cpu, uint16_t selector, uint8_t vector, bool busy, Descriptor *tss)
{
    uint32_t error = selector_error(cpu, selector);
    unsigned type = busy ? TYPE_TSS16_BUSY : TYPE_TSS16;

    if (selector & 4 || (vector == VECTOR_GP && selector_is_null(selector))) {
        cpu_raise_error(cpu, vector, error);
    }
    descriptor_need(cpu, selector, vector, tss);
    if (!descriptor_is_system(tss) || (descriptor_type(tss) & 7) != type) {
        cpu_raise_error(cpu, vector, error);
    }
    if (!descriptor_present(tss)) {
        cpu_raise_error(cpu, VECTOR_NP, error);
    }
}

void task_switch(Cpu *cpu, uint16_t selector, Descriptor *descriptor, TaskSource source,
                 uint32_t next_eip)
{
    Segment *tr = &cpu->segment[CPU_TR];
    const TssLayout *old = layout_of(tr->attributes);
    const TssLayout *new = layout_of(descriptor_type(descriptor));
    Segment tss = descriptor_segment(descriptor, selector);
    uint32_t old_flags = flags_get(cpu) & ~(source == TASK_RETURN ? CPU_FLAG_NT : 0);
    LinearAddr old_descriptor = cpu->gdtr.base + (tr->selector & ~7u);
    NewTask task;

    if (tss.limit < new->minimum) {
        cpu_raise_error(cpu, VECTOR_TS, selector_error(cpu, selector));
    }
    read_task(cpu, tss.base, new, &task);
    probe_range(cpu, tr->base, old->minimum + 1u, ACCESS_WRITE);
    if (source == TASK_CALL) {
        probe_range(cpu, tss.base, 4, ACCESS_WRITE);
    }
    if (source != TASK_CALL) {
        set_busy(cpu, old_descriptor, RIGHTS_SYSTEM);
    }
    save_task(cpu, old, next_eip, old_flags);
    if (source == TASK_CALL) {
        linear_write(cpu, tss.base + TSS_LINK, 2, tr->selector, RIGHTS_SYSTEM);
        task.eflags |= CPU_FLAG_NT;
    }
    if (source != TASK_RETURN) {
        set_busy(cpu, descriptor->address, true);
    }
    tss.attributes |= 2u;
    *tr = tss;
    enter_task(cpu, &task, new);
}
