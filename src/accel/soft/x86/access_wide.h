/*
 * How 64-bit code addresses memory: offsets of 64 bits, no limits to compare, and
 * a base in FS and GS only.  access.h includes this file in the middle, after the
 * types and registers that it needs.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_ACCESS_WIDE_H
#define PIOEMU_ACCEL_SOFT_X86_ACCESS_WIDE_H

/* The bits of an offset that count: all, or 32 with an address-size prefix. */
static inline EffAddr insn_mask(const Insn *insn)
{
    return insn->address_mask ? UINT64_MAX : UINT32_MAX;
}

static inline EffAddr insn_address(Cpu *cpu, const Insn *insn)
{
    u64 address =
        (u64)(i32)insn->disp + *reg64(cpu, insn->base) + *reg64(cpu, insn->index) * insn->scale;

    return likely(insn->address_mask) ? address : (u32)address;
}

static inline LinearAddr segment_base(const Cpu *cpu, unsigned segment)
{
    return __builtin_constant_p(segment) && segment < CPU_FS ? 0 : cpu->wide_base[segment];
}

#define DEFINE_ACCESS(N)                                                                           \
    static inline u##N mem_read##N(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset)   \
    {                                                                                              \
        LinearAddr linear = segment_base(cpu, segment) + offset;                                   \
        const TlbEntry *e = tlb_at(cpu->tlb, linear);                                              \
                                                                                                   \
        if (likely(((linear + (N / 8 - 1)) & PAGE_MASK) == e->read_tag)) {                         \
            return *(const mem##N *)(e->addend + linear);                                          \
        }                                                                                          \
        return (u##N)mem_read_wide(cpu, insn, segment, linear, N / 8);                             \
    }                                                                                              \
    static inline void mem_write##N(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset,  \
                                    u##N value)                                                    \
    {                                                                                              \
        LinearAddr linear = segment_base(cpu, segment) + offset;                                   \
        const TlbEntry *e = tlb_at(cpu->tlb, linear);                                              \
                                                                                                   \
        if (likely(((linear + (N / 8 - 1)) & PAGE_MASK) == e->write_tag)) {                        \
            *(mem##N *)(e->addend + linear) = value;                                               \
        } else {                                                                                   \
            mem_write_wide(cpu, insn, segment, linear, N / 8, value);                              \
        }                                                                                          \
    }                                                                                              \
    static inline mem##N *mem_rmw##N(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset) \
    {                                                                                              \
        LinearAddr linear = segment_base(cpu, segment) + offset;                                   \
        const TlbEntry *e = tlb_at(cpu->tlb, linear);                                              \
                                                                                                   \
        if (likely(((linear + (N / 8 - 1)) & PAGE_MASK) == e->write_tag)) {                        \
            return (mem##N *)(e->addend + linear);                                                 \
        }                                                                                          \
        return (mem##N *)mem_rmw_wide(cpu, insn, segment, linear, N / 8);                          \
    }

DEFINE_ACCESS(8)
DEFINE_ACCESS(16)
DEFINE_ACCESS(32)
DEFINE_ACCESS(64)
#undef DEFINE_ACCESS

static inline void mem_probe(Cpu *cpu, unsigned segment, EffAddr offset, unsigned size,
                             unsigned count)
{
    mem_probe_write_wide(cpu, segment, segment_base(cpu, segment) + offset, size, count);
}

/* ---- the stack ---- */

static inline EffAddr stack_offset(Cpu *cpu, EffAddr delta)
{
    return GPR64(cpu, CPU_SP) + delta;
}

static inline void stack_set_pointer(Cpu *cpu, EffAddr offset)
{
    GPR64(cpu, CPU_SP) = offset;
}

#endif
