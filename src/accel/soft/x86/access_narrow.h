/*
 * How 16-bit and 32-bit code addresses memory: offsets of 32 bits in segments that
 * have a base and a limit.  access.h includes this file in the middle, after the
 * types and registers that it needs.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_ACCESS_NARROW_H
#define PIOEMU_ACCEL_SOFT_X86_ACCESS_NARROW_H

static inline EffAddr insn_mask(const Insn *insn)
{
    return insn->address_mask;
}

static inline EffAddr insn_address(Cpu *cpu, const Insn *insn)
{
    u32 address = insn->disp + *reg32(cpu, insn->base) + *reg32(cpu, insn->index) * insn->scale;

    return address & insn->address_mask;
}

/*
 * The fast path looks up the entry for the first byte and compares it with the
 * page of the last byte.  An access that crosses a page therefore misses, like
 * any other access that needs the slow path.
 */
#define DEFINE_ACCESS(N)                                                                           \
    static inline u##N mem_read##N(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset)   \
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
    static inline void mem_write##N(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset,  \
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
    /* Returns the place where the operand is read and then written.  mem_rmw_done() ends the      \
     * access. */                                                                                  \
    static inline mem##N *mem_rmw##N(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset) \
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
    }

DEFINE_ACCESS(8)
DEFINE_ACCESS(16)
DEFINE_ACCESS(32)
DEFINE_ACCESS(64)
#undef DEFINE_ACCESS

static inline void mem_probe(Cpu *cpu, unsigned segment, EffAddr offset, unsigned size,
                             unsigned count)
{
    mem_probe_write(cpu, segment, offset, size, count);
}

/* ---- the stack ---- */

static inline EffAddr stack_offset(Cpu *cpu, EffAddr delta)
{
    return (GPR(cpu, CPU_SP) + delta) & cpu->stack_mask;
}

static inline void stack_set_pointer(Cpu *cpu, EffAddr offset)
{
    GPR(cpu, CPU_SP) = (GPR(cpu, CPU_SP) & ~cpu->stack_mask) | (offset & cpu->stack_mask);
}

#endif
