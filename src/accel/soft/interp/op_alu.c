/*
 * ADD OR ADC SBB AND SUB XOR CMP, TEST, INC DEC NEG NOT, XADD, CMPXCHG: the
 * instructions whose flags follow from the carries of one addition.
 */
#include "src/accel/soft/interp/handlers.h"

/*
 * Each operation is a macro of the width and the operands a and b (unsigned,
 * of that width).  It sets the flags and yields the result.
 */
#define DO_ADD(N, a, b)                                                                            \
    u64 r_ = (u64)(a) + (b);                                                                       \
    flags_sum##N(cpu, a, b, r_)
#define DO_SUB(N, a, b)                                                                            \
    u64 r_ = (u64)(a) - (b);                                                                       \
    flags_difference##N(cpu, a, b, r_)
#define DO_ADC(N, a, b)                                                                            \
    u64 r_ = (u64)(a) + (b) + flag_cf(cpu);                                                        \
    flags_sum##N(cpu, a, b, r_)
#define DO_SBB(N, a, b)                                                                            \
    u64 r_ = (u64)(a) - (b)-flag_cf(cpu);                                                          \
    flags_difference##N(cpu, a, b, r_)
#define DO_AND(N, a, b)                                                                            \
    u##N r_ = (u##N)((a) & (b));                                                                   \
    flags_logic##N(cpu, r_)
#define DO_OR(N, a, b)                                                                             \
    u##N r_ = (u##N)((a) | (b));                                                                   \
    flags_logic##N(cpu, r_)
#define DO_XOR(N, a, b)                                                                            \
    u##N r_ = (u##N)((a) ^ (b));                                                                   \
    flags_logic##N(cpu, r_)

/* Defines the forms: register and register, register and memory, and so on. */
#define DEFINE_ALU(name, DO, N)                                                                    \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst), b = *reg##N(cpu, insn->src);                             \
        DO(N, a, b);                                                                               \
        reg_put##N(cpu, insn->dst, (u##N)r_);                                                      \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(name##N##_rm, {                                                                      \
        READ_OPERAND(N, b);                                                                        \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
        DO(N, a, b);                                                                               \
        reg_put##N(cpu, insn->dst, (u##N)r_);                                                      \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(name##N##_mr, {                                                                      \
        CHANGE_OPERAND(N, place);                                                                  \
        u##N a = *place, b = *reg##N(cpu, insn->src);                                              \
        DO(N, a, b);                                                                               \
        *place = (u##N)r_;                                                                         \
        CHANGED(place);                                                                            \
        NEXT();                                                                                    \
    })                                                                                             \
    OP(name##N##_ri)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst), b = imm##N(insn);                                        \
        DO(N, a, b);                                                                               \
        reg_put##N(cpu, insn->dst, (u##N)r_);                                                      \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(name##N##_mi, {                                                                      \
        CHANGE_OPERAND(N, place);                                                                  \
        u##N a = *place, b = imm##N(insn);                                                         \
        DO(N, a, b);                                                                               \
        *place = (u##N)r_;                                                                         \
        CHANGED(place);                                                                            \
        NEXT();                                                                                    \
    })

/* CMP and TEST store no result. */
#define DEFINE_COMPARE(name, DO, N)                                                                \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst), b = *reg##N(cpu, insn->src);                             \
        DO(N, a, b);                                                                               \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(name##N##_rm, {                                                                      \
        READ_OPERAND(N, b);                                                                        \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
        DO(N, a, b);                                                                               \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(name##N##_mr, {                                                                      \
        READ_OPERAND(N, a);                                                                        \
        u##N b = *reg##N(cpu, insn->src);                                                          \
        DO(N, a, b);                                                                               \
        NEXT();                                                                                    \
    })                                                                                             \
    OP(name##N##_ri)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst), b = imm##N(insn);                                        \
        DO(N, a, b);                                                                               \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(name##N##_mi, {                                                                      \
        READ_OPERAND(N, a);                                                                        \
        u##N b = imm##N(insn);                                                                     \
        DO(N, a, b);                                                                               \
        NEXT();                                                                                    \
    })

#define ALL_WIDTHS(DEFINE, name, DO)                                                               \
    DEFINE(name, DO, 8)                                                                            \
    DEFINE(name, DO, 16)                                                                           \
    DEFINE(name, DO, 32)                                                                           \
    WIDE_ONLY(DEFINE(name, DO, 64))

ALL_WIDTHS(DEFINE_ALU, add, DO_ADD)
ALL_WIDTHS(DEFINE_ALU, or, DO_OR)
ALL_WIDTHS(DEFINE_ALU, adc, DO_ADC)
ALL_WIDTHS(DEFINE_ALU, sbb, DO_SBB)
ALL_WIDTHS(DEFINE_ALU, and, DO_AND)
ALL_WIDTHS(DEFINE_ALU, sub, DO_SUB)
ALL_WIDTHS(DEFINE_ALU, xor, DO_XOR)
ALL_WIDTHS(DEFINE_COMPARE, cmp, DO_SUB)
ALL_WIDTHS(DEFINE_COMPARE, test, DO_AND)

/* INC and DEC keep CF.  OF is still the difference of the two carries at the sign bit. */
static inline u64 keep_cf(const Cpu *cpu, u64 carries, unsigned width)
{
    u64 was = (u64)flag_cf(cpu) << width;
    u64 flip = (carries ^ was) & UINT64_C(1) << width;

    return carries ^ flip ^ flip >> 1;
}

/* `out` is the carry out of bit 63, for which `carries` has no bit. */
#define DEFINE_FLAGS_BUT_CF(N)                                                                     \
    static inline void flags_but_cf##N(Cpu *cpu, u##N result, u64 carries, bool out G_GNUC_UNUSED) \
    {                                                                                              \
        flags_set##N(cpu, result, keep_cf(cpu, carries, N));                                       \
    }

DEFINE_FLAGS_BUT_CF(8)
DEFINE_FLAGS_BUT_CF(16)
DEFINE_FLAGS_BUT_CF(32)

#if INTERP_WIDE
static inline void flags_but_cf64(Cpu *cpu, u64 result, u64 carries, bool out)
{
    bool cf = flag_cf(cpu);

    flags_set64(cpu, result, carries ^ (u64)(out ^ cf) << 63, cf);
}
#endif

#define DO_INC(N, a)                                                                               \
    u64 r_ = (u64)(a) + 1;                                                                         \
    flags_but_cf##N(cpu, (u##N)r_, (a) ^ 1 ^ r_, r_ == 0)
#define DO_DEC(N, a)                                                                               \
    u64 r_ = (u64)(a)-1;                                                                           \
    flags_but_cf##N(cpu, (u##N)r_, (a) ^ 1 ^ r_, (a) == 0)
#define DO_NEG(N, a)                                                                               \
    u64 r_ = (u64)0 - (a);                                                                         \
    flags_difference##N(cpu, 0, a, r_)
#define DO_NOT(N, a) u##N r_ = (u##N) ~(a)

#define DEFINE_UNARY(name, DO, N)                                                                  \
    OP(name##N##_r)                                                                                \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
        DO(N, a);                                                                                  \
        reg_put##N(cpu, insn->dst, (u##N)r_);                                                      \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(name##N##_m, {                                                                       \
        CHANGE_OPERAND(N, place);                                                                  \
        u##N a = *place;                                                                           \
        DO(N, a);                                                                                  \
        *place = (u##N)r_;                                                                         \
        CHANGED(place);                                                                            \
        NEXT();                                                                                    \
    })

ALL_WIDTHS(DEFINE_UNARY, inc, DO_INC)
ALL_WIDTHS(DEFINE_UNARY, dec, DO_DEC)
ALL_WIDTHS(DEFINE_UNARY, neg, DO_NEG)
ALL_WIDTHS(DEFINE_UNARY, not, DO_NOT)

#define DEFINE_XADD(name, DO, N)                                                                   \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst), b = *reg##N(cpu, insn->src);                             \
        DO(N, a, b);                                                                               \
        reg_put##N(cpu, insn->src, a);                                                             \
        reg_put##N(cpu, insn->dst, (u##N)r_);                                                      \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_mr)                                                                               \
    {                                                                                              \
        mem##N *place = operand_rmw##N(cpu, insn);                                                 \
        u##N a = *place, b = *reg##N(cpu, insn->src);                                              \
        DO(N, a, b);                                                                               \
        *place = (u##N)r_;                                                                         \
        mem_rmw_done(cpu, place);                                                                  \
        reg_put##N(cpu, insn->src, a);                                                             \
        NEXT();                                                                                    \
    }

ALL_WIDTHS(DEFINE_XADD, xadd, DO_ADD)

/* The destination is always written, as by real CPUs. */
#define DEFINE_CMPXCHG(name, DO, N)                                                                \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, CPU_AX), b = *reg##N(cpu, insn->dst);                                \
        DO(N, a, b);                                                                               \
        if ((u##N)r_ == 0) {                                                                       \
            reg_put##N(cpu, insn->dst, *reg##N(cpu, insn->src));                                   \
        } else {                                                                                   \
            reg_put##N(cpu, CPU_AX, b);                                                            \
        }                                                                                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_mr)                                                                               \
    {                                                                                              \
        mem##N *place = operand_rmw##N(cpu, insn);                                                 \
        u##N a = *reg##N(cpu, CPU_AX), b = *place;                                                 \
        DO(N, a, b);                                                                               \
        *place = (u##N)r_ == 0 ? *reg##N(cpu, insn->src) : b;                                      \
        mem_rmw_done(cpu, place);                                                                  \
        if ((u##N)r_ != 0) {                                                                       \
            reg_put##N(cpu, CPU_AX, b);                                                            \
        }                                                                                          \
        NEXT();                                                                                    \
    }

ALL_WIDTHS(DEFINE_CMPXCHG, cmpxchg, DO_SUB)

OP(cmpxchg8b)
{
    EffAddr offset = insn_address(cpu, insn);

    insn_begin(cpu, insn);
    mem_probe(cpu, insn->segment, offset, 8, 1);
    uint32_t low = mem_read32(cpu, insn, insn->segment, offset);
    uint32_t high = mem_read32(cpu, insn, insn->segment, offset_behind(insn, offset, 4));
    bool equal = low == GPR(cpu, CPU_AX) && high == GPR(cpu, CPU_DX);

    mem_write32(cpu, insn, insn->segment, offset, equal ? GPR(cpu, CPU_BX) : low);
    mem_write32(cpu, insn, insn->segment, offset_behind(insn, offset, 4),
                equal ? GPR(cpu, CPU_CX) : high);
    if (!equal) {
        GPR_PUT32(cpu, CPU_AX, low);
        GPR_PUT32(cpu, CPU_DX, high);
    }
    flag_set_zf(cpu, equal);
    NEXT();
}

#if INTERP_WIDE
OP(cmpxchg16b)
{
    EffAddr offset = insn_address(cpu, insn);

    insn_begin(cpu, insn);
    if ((segment_base(cpu, insn->segment) + offset) & 15) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    mem_probe(cpu, insn->segment, offset, 16, 1);
    u64 low = mem_read64(cpu, insn, insn->segment, offset);
    u64 high = mem_read64(cpu, insn, insn->segment, offset_behind(insn, offset, 8));
    bool equal = low == GPR64(cpu, CPU_AX) && high == GPR64(cpu, CPU_DX);

    mem_write64(cpu, insn, insn->segment, offset, equal ? GPR64(cpu, CPU_BX) : low);
    mem_write64(cpu, insn, insn->segment, offset_behind(insn, offset, 8),
                equal ? GPR64(cpu, CPU_CX) : high);
    if (!equal) {
        GPR64(cpu, CPU_AX) = low;
        GPR64(cpu, CPU_DX) = high;
    }
    flag_set_zf(cpu, equal);
    NEXT();
}
#endif
