/*
 * MUL IMUL DIV IDIV and the decimal adjustments.
 */
#include "src/accel/soft/interp/handlers.h"

/* CF and OF are set if the product does not fit the operand size. */
static void set_overflow(Cpu *cpu, bool overflow)
{
    flags_set_cf_of(cpu, overflow, overflow);
}

static void do_mul8(Cpu *cpu, u8 b)
{
    u16 product = (u16)(GPR8(cpu, CPU_AX) * b);

    GPR16(cpu, CPU_AX) = product;
    flags_logic8(cpu, (u8)product);
    set_overflow(cpu, product >> 8);
}

static void do_mul16(Cpu *cpu, u16 b)
{
    u32 product = (u32)GPR16(cpu, CPU_AX) * b;

    GPR16(cpu, CPU_AX) = (u16)product;
    GPR16(cpu, CPU_DX) = (u16)(product >> 16);
    flags_logic16(cpu, (u16)product);
    set_overflow(cpu, product >> 16);
}

static void do_mul32(Cpu *cpu, u32 b)
{
    u64 product = (u64)GPR(cpu, CPU_AX) * b;

    GPR_PUT32(cpu, CPU_AX, (u32)product);
    GPR_PUT32(cpu, CPU_DX, (u32)(product >> 32));
    flags_logic32(cpu, (u32)product);
    set_overflow(cpu, product >> 32);
}

#if INTERP_WIDE
static void do_mul64(Cpu *cpu, u64 b)
{
    u128 product = (u128)GPR64(cpu, CPU_AX) * b;

    GPR64(cpu, CPU_AX) = (u64)product;
    GPR64(cpu, CPU_DX) = (u64)(product >> 64);
    flags_logic64(cpu, (u64)product);
    set_overflow(cpu, product >> 64);
}

static void do_imul64(Cpu *cpu, u64 b)
{
    i128 product = (i128)(i64)GPR64(cpu, CPU_AX) * (i64)b;

    GPR64(cpu, CPU_AX) = (u64)product;
    GPR64(cpu, CPU_DX) = (u64)(product >> 64);
    flags_logic64(cpu, (u64)product);
    set_overflow(cpu, product != (i64)product);
}

static void do_div64(Cpu *cpu, u64 b)
{
    u128 a = (u128)GPR64(cpu, CPU_DX) << 64 | GPR64(cpu, CPU_AX);

    /* The quotient fits if and only if the upper half is below the divisor. */
    if (GPR64(cpu, CPU_DX) >= b) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR64(cpu, CPU_AX) = (u64)(a / b);
    GPR64(cpu, CPU_DX) = (u64)(a % b);
}

static void do_idiv64(Cpu *cpu, u64 b)
{
    i128 a = (i128)((u128)GPR64(cpu, CPU_DX) << 64 | GPR64(cpu, CPU_AX)), divisor = (i64)b;
    i128 least = (i128)((u128)1 << 127);

    if (divisor == 0 || (a == least && divisor == -1) || a / divisor != (i64)(a / divisor)) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR64(cpu, CPU_AX) = (u64)(a / divisor);
    GPR64(cpu, CPU_DX) = (u64)(a % divisor);
}
#endif

static void do_imul8(Cpu *cpu, u8 b)
{
    int product = (i8)GPR8(cpu, CPU_AX) * (i8)b;

    GPR16(cpu, CPU_AX) = (u16)product;
    flags_logic8(cpu, (u8)product);
    set_overflow(cpu, product != (i8)product);
}

static void do_imul16(Cpu *cpu, u16 b)
{
    i32 product = (i16)GPR16(cpu, CPU_AX) * (i16)b;

    GPR16(cpu, CPU_AX) = (u16)product;
    GPR16(cpu, CPU_DX) = (u16)(product >> 16);
    flags_logic16(cpu, (u16)product);
    set_overflow(cpu, product != (i16)product);
}

static void do_imul32(Cpu *cpu, u32 b)
{
    i64 product = (i64)(i32)GPR(cpu, CPU_AX) * (i32)b;

    GPR_PUT32(cpu, CPU_AX, (u32)product);
    GPR_PUT32(cpu, CPU_DX, (u32)(product >> 32));
    flags_logic32(cpu, (u32)product);
    set_overflow(cpu, product != (i32)product);
}

static void do_div8(Cpu *cpu, u8 b)
{
    u16 a = GPR16(cpu, CPU_AX);

    if (b == 0 || a / b > UINT8_MAX) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR16(cpu, CPU_AX) = (u16)((a % b) << 8 | a / b);
}

static void do_div16(Cpu *cpu, u16 b)
{
    u32 a = (u32)GPR16(cpu, CPU_DX) << 16 | GPR16(cpu, CPU_AX);

    if (b == 0 || a / b > UINT16_MAX) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR16(cpu, CPU_AX) = (u16)(a / b);
    GPR16(cpu, CPU_DX) = (u16)(a % b);
}

static void do_div32(Cpu *cpu, u32 b)
{
    u64 a = (u64)GPR(cpu, CPU_DX) << 32 | GPR(cpu, CPU_AX);

    if (b == 0 || a / b > UINT32_MAX) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR_PUT32(cpu, CPU_AX, (u32)(a / b));
    GPR_PUT32(cpu, CPU_DX, (u32)(a % b));
}

static void do_idiv8(Cpu *cpu, u8 b)
{
    int a = (i16)GPR16(cpu, CPU_AX), divisor = (i8)b;

    if (divisor == 0 || a / divisor != (i8)(a / divisor)) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR16(cpu, CPU_AX) = (u16)((u8)(a % divisor) << 8 | (u8)(a / divisor));
}

static void do_idiv16(Cpu *cpu, u16 b)
{
    i64 a = (i32)((u32)GPR16(cpu, CPU_DX) << 16 | GPR16(cpu, CPU_AX)), divisor = (i16)b;

    if (divisor == 0 || a / divisor != (i16)(a / divisor)) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR16(cpu, CPU_AX) = (u16)(a / divisor);
    GPR16(cpu, CPU_DX) = (u16)(a % divisor);
}

static void do_idiv32(Cpu *cpu, u32 b)
{
    i64 a = (i64)((u64)GPR(cpu, CPU_DX) << 32 | GPR(cpu, CPU_AX)), divisor = (i32)b;

    /* The host itself would fault on the second case, whose quotient does not fit into 64 bits. */
    if (divisor == 0 || (a == INT64_MIN && divisor == -1) || a / divisor != (i32)(a / divisor)) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR_PUT32(cpu, CPU_AX, (u32)(a / divisor));
    GPR_PUT32(cpu, CPU_DX, (u32)(a % divisor));
}

#define DEFINE_MULTIPLY(name, N)                                                                   \
    OP(name##N##_r)                                                                                \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        do_##name##N(cpu, *reg##N(cpu, insn->dst));                                                \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_m)                                                                                \
    {                                                                                              \
        u##N b = operand_read##N(cpu, insn);                                                       \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        do_##name##N(cpu, b);                                                                      \
        NEXT();                                                                                    \
    }

#define DEFINE_MULTIPLIES(name)                                                                    \
    DEFINE_MULTIPLY(name, 8)                                                                       \
    DEFINE_MULTIPLY(name, 16)                                                                      \
    DEFINE_MULTIPLY(name, 32)                                                                      \
    WIDE_ONLY(DEFINE_MULTIPLY(name, 64))

DEFINE_MULTIPLIES(mul)
DEFINE_MULTIPLIES(imul)
DEFINE_MULTIPLIES(div)
DEFINE_MULTIPLIES(idiv)

/* IMUL with two and three operands. */
typedef i64 product16, product32;
typedef i128 product64;

#define DEFINE_IMUL(N)                                                                             \
    static inline void imul_into##N(Cpu *cpu, unsigned dst, u##N a, u##N b)                        \
    {                                                                                              \
        product##N product = (product##N)(i##N)a * (i##N)b;                                        \
                                                                                                   \
        reg_put##N(cpu, dst, (u##N)product);                                                       \
        flags_logic##N(cpu, (u##N)product);                                                        \
        set_overflow(cpu, product != (i##N)product);                                               \
    }                                                                                              \
    OP(imul##N##_rr)                                                                               \
    {                                                                                              \
        imul_into##N(cpu, insn->dst, *reg##N(cpu, insn->dst), *reg##N(cpu, insn->src));            \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(imul##N##_rm)                                                                               \
    {                                                                                              \
        imul_into##N(cpu, insn->dst, *reg##N(cpu, insn->dst), operand_read##N(cpu, insn));         \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(imul##N##_rri)                                                                              \
    {                                                                                              \
        imul_into##N(cpu, insn->dst, *reg##N(cpu, insn->src), imm##N(insn));                       \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(imul##N##_rmi)                                                                              \
    {                                                                                              \
        imul_into##N(cpu, insn->dst, operand_read##N(cpu, insn), imm##N(insn));                    \
        NEXT();                                                                                    \
    }

DEFINE_IMUL(16)
DEFINE_IMUL(32)
WIDE_ONLY(DEFINE_IMUL(64))

#if !INTERP_WIDE
/* ---- decimal ---- */

static void decimal_done(Cpu *cpu, bool cf, bool af)
{
    flags_logic8(cpu, GPR8(cpu, CPU_AX));
    flags_set_cf_of(cpu, cf, false);
    flag_set_af(cpu, af);
}

OP(daa)
{
    u8 al = GPR8(cpu, CPU_AX);
    bool low = (al & 0xf) > 9 || flag_af(cpu);
    bool high = al > 0x99 || flag_cf(cpu);

    GPR8(cpu, CPU_AX) = (u8)(al + (low ? 6 : 0) + (high ? 0x60 : 0));
    decimal_done(cpu, high, low);
    NEXT();
}

OP(das)
{
    u8 al = GPR8(cpu, CPU_AX);
    bool low = (al & 0xf) > 9 || flag_af(cpu);
    bool high = al > 0x99 || flag_cf(cpu);
    bool borrow = low && al < 6;

    GPR8(cpu, CPU_AX) = (u8)(al - (low ? 6 : 0) - (high ? 0x60 : 0));
    decimal_done(cpu, high || borrow, low);
    NEXT();
}

OP(aaa)
{
    bool adjust = (GPR8(cpu, CPU_AX) & 0xf) > 9 || flag_af(cpu);

    if (adjust) {
        GPR16(cpu, CPU_AX) = (u16)(GPR16(cpu, CPU_AX) + 0x106);
    }
    GPR8(cpu, CPU_AX) &= 0xf;
    decimal_done(cpu, adjust, adjust);
    NEXT();
}

OP(aas)
{
    bool adjust = (GPR8(cpu, CPU_AX) & 0xf) > 9 || flag_af(cpu);

    if (adjust) {
        GPR16(cpu, CPU_AX) = (u16)(GPR16(cpu, CPU_AX) - 0x106);
    }
    GPR8(cpu, CPU_AX) &= 0xf;
    decimal_done(cpu, adjust, adjust);
    NEXT();
}

OP(aam)
{
    u8 al = GPR8(cpu, CPU_AX), base = (u8)insn->imm;

    insn_begin(cpu, insn);
    if (base == 0) {
        cpu_raise(cpu, VECTOR_DE);
    }
    GPR16(cpu, CPU_AX) = (u16)((al / base) << 8 | al % base);
    flags_logic8(cpu, GPR8(cpu, CPU_AX));
    NEXT();
}

OP(aad)
{
    u16 ax = GPR16(cpu, CPU_AX);

    GPR16(cpu, CPU_AX) = (u8)((ax >> 8) * insn->imm + ax);
    flags_logic8(cpu, GPR8(cpu, CPU_AX));
    NEXT();
}

#endif
