/*
 * Segment registers and descriptors, and what uses them: far jumps, calls and
 * returns, and the stacks that those change.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_SEGMENT_H
#define PIOEMU_ACCEL_SOFT_X86_SEGMENT_H

#include "src/accel/soft/x86/tlb.h"

/* read_end and write_end are 0 if every access must take the slow path. */
typedef struct Segment {
    uint64_t read_end, write_end; /* limit + 1 */
    LinearAddr base;
    uint32_t limit;
    uint16_t attributes; /* as in CpuSegment, except for SEGMENT_UNUSABLE */
    uint16_t selector;
} Segment;
_Static_assert(sizeof(Segment) == 32, "the index is a shift");

/*
 * Takes the place of CPU_SEGMENT_UNUSABLE in Segment.attributes, in a bit that
 * descriptors do not use there.
 */
#define SEGMENT_UNUSABLE 0x100u

typedef struct Descriptor {
    uint32_t low, high;
    LinearAddr address; /* linear address of the descriptor */
} Descriptor;

/* Types of system descriptors. */
enum {
    TYPE_TSS16 = 1,
    TYPE_LDT = 2,
    TYPE_TSS16_BUSY = 3,
    TYPE_CALL16 = 4,
    TYPE_TASK_GATE = 5,
    TYPE_INTERRUPT16 = 6,
    TYPE_TRAP16 = 7,
    TYPE_TSS32 = 9,
    TYPE_TSS32_BUSY = 11,
    TYPE_CALL32 = 12,
    TYPE_INTERRUPT32 = 14,
    TYPE_TRAP32 = 15,
};

/* In long mode these types have the 64-bit form, and the other types do not exist. */
#define TYPE_TSS64       TYPE_TSS32
#define TYPE_TSS64_BUSY  TYPE_TSS32_BUSY
#define TYPE_CALL64      TYPE_CALL32
#define TYPE_INTERRUPT64 TYPE_INTERRUPT32
#define TYPE_TRAP64      TYPE_TRAP32

/* ---- segment.c ---- */

/* Recomputes what is derived from a segment register. */
void segment_changed(Cpu *cpu, unsigned segment);
void segment_set_real(Cpu *cpu, unsigned segment, uint16_t selector);
/* Loads ES, SS, DS, FS or GS with all checks. */
void segment_load(Cpu *cpu, unsigned segment, uint16_t selector);
/* Returns false if the selector is outside of its table. */
bool descriptor_read(Cpu *cpu, uint16_t selector, Descriptor *descriptor);
/* Likewise, but raises `vector` with the selector. */
void descriptor_need(Cpu *cpu, uint16_t selector, uint8_t vector, Descriptor *descriptor);
void descriptor_set_accessed(Cpu *cpu, Descriptor *descriptor);
Segment descriptor_segment(const Descriptor *descriptor, uint16_t selector);
/* Checks a selector for SS at privilege level `cpl`. Raises `vector`. */
void segment_need_stack(Cpu *cpu, uint16_t selector, unsigned cpl, uint8_t vector,
                        Descriptor *descriptor);
/* Checks CS:EIP for a far return or IRET. */
void segment_need_return_code(Cpu *cpu, uint16_t selector, uint64_t offset, Descriptor *code);
/* Whether a code segment has a valid combination of mode bits. */
bool descriptor_mode_is_valid(const Cpu *cpu, const Descriptor *code);
/*
 * Raises #GP unless the offset is in the code segment, or canonical if the segment
 * has 64-bit code.
 */
void segment_need_offset(Cpu *cpu, const Descriptor *code, uint64_t offset, uint32_t error);
/*
 * Whether a return to level `cpl` may leave SS null.  This is allowed for 64-bit
 * code below level 3.
 */
bool segment_null_stack_allowed(const Cpu *cpu, uint16_t selector, unsigned cpl,
                                const Descriptor *code);
void segment_set_null_ss(Cpu *cpu, uint16_t selector, unsigned cpl);
/* The upper half of the base from a system descriptor of long mode, which has 16 bytes. */
uint32_t descriptor_upper(Cpu *cpu, uint16_t selector, const Descriptor *descriptor,
                          uint8_t vector);
/*
 * Sets CS or SS to a flat segment of 4 GiB at 0, for 32-bit or 64-bit code, without
 * a descriptor.
 */
void segment_set_flat(Cpu *cpu, unsigned segment, uint16_t selector, unsigned dpl, bool wide);
/* Sets the base of FS or GS for 64-bit code. */
void segment_set_base(Cpu *cpu, unsigned segment, LinearAddr base);
void segment_set_cs(Cpu *cpu, Descriptor *descriptor, uint16_t selector, unsigned cpl);
/* Whether CS is `selector` and its descriptor has not changed since CS was loaded. */
bool segment_is_cs(Cpu *cpu, uint32_t selector);
void segment_set_ss(Cpu *cpu, Descriptor *descriptor, uint16_t selector);
/* After a return to an outer level: drops the segments that this level may not have. */
void segment_drop_inner(Cpu *cpu);
void segment_load_ldtr(Cpu *cpu, uint16_t selector, uint8_t vector);
void segment_load_tr(Cpu *cpu, uint16_t selector);
uint32_t selector_error(const Cpu *cpu, uint16_t selector);

static inline bool segment_expands_down(const Segment *s)
{
    return (s->attributes & (CPU_SEGMENT_S | 0xc)) == (CPU_SEGMENT_S | 4);
}

/* Whether an access is within the limit. */
static inline bool segment_holds(const Segment *s, uint32_t offset, unsigned size)
{
    uint64_t last = (uint64_t)offset + size - 1;

    if (s->attributes & SEGMENT_UNUSABLE) {
        return false;
    }
    if (segment_expands_down(s)) {
        return offset > s->limit && last <= (s->attributes & CPU_SEGMENT_DB ? UINT32_MAX : 0xffff);
    }
    /* A segment of 4 GiB wraps around. */
    return s->limit == UINT32_MAX || last <= s->limit;
}

static inline unsigned descriptor_type(const Descriptor *d)
{
    return d->high >> 8 & 0xf;
}

static inline bool descriptor_is_system(const Descriptor *d)
{
    return !(d->high & 1u << 12);
}

static inline unsigned descriptor_dpl(const Descriptor *d)
{
    return d->high >> 13 & 3;
}

static inline bool descriptor_present(const Descriptor *d)
{
    return d->high & 1u << 15;
}

static inline bool descriptor_is_code(const Descriptor *d)
{
    return (d->high & 0x1800) == 0x1800;
}

/* The bit L: 64-bit code, in long mode. */
static inline bool descriptor_is_long(const Descriptor *d)
{
    return d->high & 1u << 21;
}

static inline bool descriptor_is_conforming(const Descriptor *d)
{
    return d->high & 1u << 10;
}

static inline bool selector_is_null(uint16_t selector)
{
    return !(selector & ~3u);
}

/* ---- far.c ---- */

/*
 * These all set RIP.  On call, Cpu.rip is still the address of the block's start.
 * `size` is the operand size in bytes.
 */
void far_jump(Cpu *cpu, uint16_t selector, uint64_t offset, unsigned size);
void far_call(Cpu *cpu, uint16_t selector, uint64_t offset, unsigned size, uint64_t return_rip);
void far_return(Cpu *cpu, unsigned size, uint32_t release);

/* ---- stack.c ---- */

/* A stack that is written before SS:rSP is committed.  Sizes are in bytes. */
typedef struct Stack {
    Segment segment;
    uint64_t pointer, mask;
    uint16_t selector;
    Rights rights;
    bool wide;      /* the stack of 64-bit code, for which the segment does not matter */
    uint8_t vector; /* raised if an access does not fit */
    uint32_t error;
} Stack;

Stack stack_current(Cpu *cpu);
Stack stack_for(const Descriptor *descriptor, uint16_t selector, uint32_t esp, bool user);
Stack stack_wide(uint64_t rsp, bool user);
/* Raises the vector unless `bytes` fit below the pointer. */
void stack_need(Cpu *cpu, const Stack *stack, unsigned bytes);
void stack_push(Cpu *cpu, Stack *stack, unsigned size, uint64_t value);
uint64_t stack_pop(Cpu *cpu, Stack *stack, unsigned size);
/* Reads item number `item` from the top.  The pointer stays. */
uint64_t stack_at(Cpu *cpu, const Stack *stack, unsigned item, unsigned size);
/* The same for a selector.  The upper half of its slot is not read. */
uint16_t stack_selector_at(Cpu *cpu, const Stack *stack, unsigned item, unsigned size);
void stack_move(Stack *stack, uint64_t delta);
void stack_commit_pointer(Cpu *cpu, const Stack *stack);
/* Sets rSP, with as many bits as the mode and SS determine. */
void stack_set_current(Cpu *cpu, uint64_t pointer);
/* The stack pointer and selector for `level` in the TSS. */
void tss_stack(Cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp);
/* RSP from a 64-bit TSS: entry `ist` (1 to 7) of its table, or the entry for `level`. */
uint64_t tss_stack_wide(Cpu *cpu, unsigned level, unsigned ist);
/*
 * Takes SS:rSP of a frame whose return address was taken off `stack`, and loads it
 * and CS.  They belong to the outer level of the selector.  Then increases rSP by
 * `release`.
 */
void stack_return_outer(Cpu *cpu, Stack *stack, Descriptor *code, uint16_t selector, unsigned size,
                        uint32_t release);

#endif
