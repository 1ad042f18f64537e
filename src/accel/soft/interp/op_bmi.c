/*
 * BMI1 and BMI2: bit operations with three registers, which have a VEX prefix.
 * Insn.imm is the place of the register that the prefix names, unless that
 * register is the destination.
 */
#include "src/accel/soft/interp/fpu_handlers.h"

/* VEX prefixes do not exist in real and virtual-8086 mode. */
#define NEED_PROTECTED()                                                                           \
    do {                                                                                           \
        if (!INTERP_WIDE && unlikely(!cpu_protected(cpu))) {                                       \
            insn_begin(cpu, insn);                                                                 \
            cpu_raise(cpu, VECTOR_UD);                                                             \
        }                                                                                          \
    } while (0)

/* Computes the destination from a, the r/m operand, and v, the register that VEX.vvvv names. */
#define DEFINE_OPERATION(name, N, statements)                                                      \
    static u##N name##N(Cpu *cpu G_GNUC_UNUSED, const Insn *insn G_GNUC_UNUSED, u##N a,            \
                        u##N v G_GNUC_UNUSED)                                                      \
    {                                                                                              \
        const unsigned bits G_GNUC_UNUSED = N;                                                     \
        u##N result;                                                                               \
                                                                                                   \
        statements return result;                                                                  \
    }                                                                                              \
    OP(name##N##_r)                                                                                \
    {                                                                                              \
        NEED_PROTECTED();                                                                          \
        put_##N(cpu, insn->dst,                                                                    \
                name##N(cpu, insn, *reg##N(cpu, insn->src),                                        \
                        *reg##N(cpu, insn->imm &REGISTER_PLACES)));                                \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_m)                                                                                \
    {                                                                                              \
        NEED_PROTECTED();                                                                          \
        u##N a = operand_read##N(cpu, insn);                                                       \
                                                                                                   \
        put_##N(cpu, insn->dst, name##N(cpu, insn, a, *reg##N(cpu, insn->imm &REGISTER_PLACES)));  \
        NEXT();                                                                                    \
    }

/* For RORX, Insn.imm is a count and does not name a register. */
#define REGISTER_PLACES (15u * 8u)

#define SET_FLAGS(N, carry)                                                                        \
    flags_logic##N(cpu, result);                                                                   \
    flag_set_cf(cpu, carry)

static u64 deposit(u64 bits, u64 mask)
{
    u64 result = 0;

    for (; mask; mask &= mask - 1, bits >>= 1) {
        result |= bits & 1 ? mask & -mask : 0;
    }
    return result;
}

static u64 extract(u64 bits, u64 mask)
{
    u64 result = 0;

    for (unsigned i = 0; mask; mask &= mask - 1, i++) {
        result |= (u64)((bits & mask & -mask) != 0) << i;
    }
    return result;
}

/* Extracts `length` bits of a from bit `start` on. */
static u64 field(u64 a, unsigned start, unsigned length)
{
    u64 shifted = start < 64 ? a >> start : 0;

    return length < 64 ? shifted & ((UINT64_C(1) << length) - 1) : shifted;
}

#define DEFINE_BMI(N)                                                                              \
    DEFINE_OPERATION(andn, N, {                                                                    \
        result = ~v & a;                                                                           \
        SET_FLAGS(N, false);                                                                       \
    })                                                                                             \
    DEFINE_OPERATION(bextr, N, {                                                                   \
        result = (u##N)field(a, v & 0xff, v >> 8 & 0xff);                                          \
        SET_FLAGS(N, false);                                                                       \
    })                                                                                             \
    DEFINE_OPERATION(blsr, N, {                                                                    \
        result = a & (a - 1);                                                                      \
        SET_FLAGS(N, a == 0);                                                                      \
    })                                                                                             \
    DEFINE_OPERATION(blsmsk, N, {                                                                  \
        result = a ^ (a - 1);                                                                      \
        SET_FLAGS(N, a == 0);                                                                      \
    })                                                                                             \
    DEFINE_OPERATION(blsi, N, {                                                                    \
        result = a & -a;                                                                           \
        SET_FLAGS(N, a != 0);                                                                      \
    })                                                                                             \
    DEFINE_OPERATION(bzhi, N, {                                                                    \
        unsigned index = v & 0xff;                                                                 \
                                                                                                   \
        result = (u##N)field(a, 0, index);                                                         \
        SET_FLAGS(N, index >= bits);                                                               \
    })                                                                                             \
    DEFINE_OPERATION(pdep, N, { result = (u##N)deposit(v, a); })                                   \
    DEFINE_OPERATION(pext, N, { result = (u##N)extract(v, a); })                                   \
    DEFINE_OPERATION(shlx, N, { result = a << (v & (bits - 1)); })                                 \
    DEFINE_OPERATION(shrx, N, { result = a >> (v & (bits - 1)); })                                 \
    DEFINE_OPERATION(sarx, N, { result = (u##N)((i##N)a >> (v & (bits - 1))); })                   \
    DEFINE_OPERATION(rorx, N, {                                                                    \
        unsigned count = insn->imm & (bits - 1);                                                   \
                                                                                                   \
        result = count ? (u##N)(a >> count | a << (bits - count)) : a;                             \
    })                                                                                             \
    /* The upper half is written last: it is the result if both destinations are the same          \
     * register. */                                                                                \
    DEFINE_OPERATION(mulx, N, {                                                                    \
        u128 product = (u128)a * *reg##N(cpu, REG_OFFSET(CPU_DX));                                 \
                                                                                                   \
        put_##N(cpu, insn->imm &REGISTER_PLACES, (u64)product);                                    \
        result = (u##N)(product >> bits);                                                          \
    })

DEFINE_BMI(32)
#if INTERP_WIDE
DEFINE_BMI(64)
#endif
