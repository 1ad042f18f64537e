/*
 * The fast path of data accesses: one comparison for the segment, one for the
 * translation, then the host's memory.  Whatever does not pass goes to
 * access.c, which raises, walks the page tables, or asks the bus.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_ACCESS_H
#define PIOEMU_ACCEL_SOFT_X86_ACCESS_H

#include "src/accel/soft/x86/cpu.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

/* Guest memory has no alignment. */
typedef uint8_t __attribute__((aligned(1), may_alias)) mem8;
typedef uint16_t __attribute__((aligned(1), may_alias)) mem16;
typedef uint32_t __attribute__((aligned(1), may_alias)) mem32;
typedef uint64_t __attribute__((aligned(1), may_alias)) mem64;

static inline u8 *reg8(Cpu *cpu, unsigned offset)
{
    return (u8 *)cpu->gpr + offset;
}

static inline u16 *reg16(Cpu *cpu, unsigned offset)
{
    return (u16 *)((u8 *)cpu->gpr + offset);
}

static inline u32 *reg32(Cpu *cpu, unsigned offset)
{
    return (u32 *)((u8 *)cpu->gpr + offset);
}

/* A general register by its number. */
#define GPR(cpu, n)   (*(u32 *)&(cpu)->gpr[n])
#define GPR16(cpu, n) (*(u16 *)&(cpu)->gpr[n])
#define GPR8(cpu, n)  (*(u8 *)&(cpu)->gpr[n])

static inline uint32_t insn_address(Cpu *cpu, const Insn *insn)
{
    uint32_t address =
        insn->disp + *reg32(cpu, insn->base) + *reg32(cpu, insn->index) * insn->scale;

    return address & insn->address_mask;
}

/*
 * The last byte is looked up with the first one's entry, so an access that
 * crosses a page misses like any other.
 */
#define DEFINE_ACCESS(N)                                                                           \
    static inline u##N mem_read##N(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset)  \
    {                                                                                              \
        const Segment *s = &cpu->segment[segment];                                                 \
        uint32_t linear = (uint32_t)s->base + offset;                                              \
        const TlbEntry *e = tlb_at(cpu->tlb, linear);                                              \
                                                                                                   \
        if (unlikely((uint64_t)offset + N / 8 > s->read_end)) {                                    \
            return (u##N)mem_read_outside(cpu, insn, segment, offset, N / 8);                      \
        }                                                                                          \
        if (likely(((linear + (N / 8 - 1)) & PAGE_MASK) == e->read_tag)) {                         \
            return *(const mem##N *)(e->addend + linear);                                          \
        }                                                                                          \
        return (u##N)mem_read_slow(cpu, insn, linear, N / 8);                                      \
    }                                                                                              \
    static inline void mem_write##N(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset, \
                                    u##N value)                                                    \
    {                                                                                              \
        const Segment *s = &cpu->segment[segment];                                                 \
        uint32_t linear = (uint32_t)s->base + offset;                                              \
        const TlbEntry *e = tlb_at(cpu->tlb, linear);                                              \
                                                                                                   \
        if (unlikely((uint64_t)offset + N / 8 > s->write_end)) {                                   \
            mem_write_outside(cpu, insn, segment, offset, N / 8, value);                           \
        } else if (likely(((linear + (N / 8 - 1)) & PAGE_MASK) == e->write_tag)) {                 \
            *(mem##N *)(e->addend + linear) = value;                                               \
        } else {                                                                                   \
            mem_write_slow(cpu, insn, linear, N / 8, value);                                       \
        }                                                                                          \
    }                                                                                              \
    /* Where to read and then write the operand; mem_rmw_done() ends it. */                        \
    static inline mem##N *mem_rmw##N(Cpu *cpu, const Insn *insn, unsigned segment,                 \
                                     uint32_t offset)                                              \
    {                                                                                              \
        const Segment *s = &cpu->segment[segment];                                                 \
        uint32_t linear = (uint32_t)s->base + offset;                                              \
        const TlbEntry *e = tlb_at(cpu->tlb, linear);                                              \
                                                                                                   \
        if (likely((uint64_t)offset + N / 8 <= s->write_end &&                                     \
                   ((linear + (N / 8 - 1)) & PAGE_MASK) == e->write_tag)) {                        \
            return (mem##N *)(e->addend + linear);                                                 \
        }                                                                                          \
        return (mem##N *)mem_rmw_slow(cpu, insn, segment, offset, N / 8);                          \
    }                                                                                              \
    static inline u##N operand_read##N(Cpu *cpu, const Insn *insn)                                 \
    {                                                                                              \
        return mem_read##N(cpu, insn, insn->segment, insn_address(cpu, insn));                     \
    }                                                                                              \
    static inline void operand_write##N(Cpu *cpu, const Insn *insn, u##N value)                    \
    {                                                                                              \
        mem_write##N(cpu, insn, insn->segment, insn_address(cpu, insn), value);                    \
    }                                                                                              \
    static inline mem##N *operand_rmw##N(Cpu *cpu, const Insn *insn)                               \
    {                                                                                              \
        return mem_rmw##N(cpu, insn, insn->segment, insn_address(cpu, insn));                      \
    }

DEFINE_ACCESS(8)
DEFINE_ACCESS(16)
DEFINE_ACCESS(32)
#undef DEFINE_ACCESS

static inline void mem_rmw_done(Cpu *cpu, void *place)
{
    if (unlikely(place == &cpu->rmw.value)) {
        mem_rmw_commit(cpu);
    }
}

/* ---- the stack ---------------------------------------------------------- */

static inline uint32_t stack_offset(Cpu *cpu, uint32_t delta)
{
    return (GPR(cpu, CPU_SP) + delta) & cpu->stack_mask;
}

static inline void stack_set_pointer(Cpu *cpu, uint32_t offset)
{
    GPR(cpu, CPU_SP) = (GPR(cpu, CPU_SP) & ~cpu->stack_mask) | (offset & cpu->stack_mask);
}

#define DEFINE_STACK(N)                                                                            \
    static inline void push##N(Cpu *cpu, const Insn *insn, u##N value)                             \
    {                                                                                              \
        uint32_t offset = stack_offset(cpu, (uint32_t) - (N / 8));                                 \
                                                                                                   \
        mem_write##N(cpu, insn, CPU_SS, offset, value);                                            \
        stack_set_pointer(cpu, offset);                                                            \
    }                                                                                              \
    /* Leaves the pointer alone: the caller moves it after its last access. */                     \
    static inline u##N stack_top##N(Cpu *cpu, const Insn *insn)                                    \
    {                                                                                              \
        return mem_read##N(cpu, insn, CPU_SS, stack_offset(cpu, 0));                               \
    }

DEFINE_STACK(16)
DEFINE_STACK(32)
#undef DEFINE_STACK

/* With the supervisor's rights: descriptor tables, TSS. */
static inline uint64_t system_read(Cpu *cpu, LinearAddr linear, unsigned size)
{
    const TlbEntry *e = tlb_at(&cpu->tlbs[RIGHTS_SYSTEM], linear);

    if (likely(((linear + size - 1) & PAGE_MASK) == e->read_tag)) {
        const void *host = (const void *)(e->addend + linear);

        return size == 8   ? *(const mem64 *)host
               : size == 4 ? *(const mem32 *)host
               : size == 2 ? *(const mem16 *)host
                           : *(const mem8 *)host;
    }
    return linear_read(cpu, linear, size, RIGHTS_SYSTEM);
}

/* The same for the 8 bytes of a descriptor or gate. */
static inline uint64_t system_read_descriptor(Cpu *cpu, LinearAddr linear)
{
    return system_read(cpu, linear, 8);
}

#endif
