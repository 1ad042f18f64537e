/*
 * ROL ROR RCL RCR SHL SHR SAR, SHLD SHRD, BT BTS BTR BTC, BSF BSR.
 *
 * Flags that the manual leaves undefined are set as recent Intel CPUs set
 * them, so that a comparison with such a CPU needs few exceptions.
 */
#include "src/accel/soft/interp/handlers.h"

/* Types with room for an operand and the bits that are shifted out of it. */
typedef u64 double8, double16, double32;
typedef u128 double64;

/* The count is first reduced to 5 or 6 bits.  A count of zero changes nothing, not even flags. */
#define COUNT_MASK(N) ((N) == 64 ? 63u : 31u)

#define DEFINE_SHIFTS(N)                                                                           \
    static u##N do_rol##N(Cpu *cpu, u##N a, unsigned count)                                        \
    {                                                                                              \
        unsigned n = count & (N - 1);                                                              \
        u##N r = (u##N)((double##N)a << n | (double##N)a >> (N - n));                              \
                                                                                                   \
        flags_set_cf_of(cpu, r & 1, (r & 1) ^ r >> (N - 1));                                       \
        return r;                                                                                  \
    }                                                                                              \
    static u##N do_ror##N(Cpu *cpu, u##N a, unsigned count)                                        \
    {                                                                                              \
        unsigned n = count & (N - 1);                                                              \
        u##N r = (u##N)((double##N)a >> n | (double##N)a << (N - n));                              \
                                                                                                   \
        flags_set_cf_of(cpu, r >> (N - 1), (r >> (N - 1) ^ r >> (N - 2)) & 1);                     \
        return r;                                                                                  \
    }                                                                                              \
    static u##N do_rcl##N(Cpu *cpu, u##N a, unsigned count)                                        \
    {                                                                                              \
        unsigned n = count % (N + 1);                                                              \
        double##N wide = (double##N)flag_cf(cpu) << N | a;                                         \
                                                                                                   \
        if (n) {                                                                                   \
            wide = wide << n | wide >> (N + 1 - n);                                                \
        }                                                                                          \
        flags_set_cf_of(cpu, wide >> N & 1, (wide >> N ^ wide >> (N - 1)) & 1);                    \
        return (u##N)wide;                                                                         \
    }                                                                                              \
    static u##N do_rcr##N(Cpu *cpu, u##N a, unsigned count)                                        \
    {                                                                                              \
        unsigned n = count % (N + 1);                                                              \
        double##N wide = (double##N)flag_cf(cpu) << N | a;                                         \
                                                                                                   \
        if (n) {                                                                                   \
            wide = wide >> n | wide << (N + 1 - n);                                                \
        }                                                                                          \
        flags_set_cf_of(cpu, wide >> N & 1, (wide >> (N - 1) ^ wide >> (N - 2)) & 1);              \
        return (u##N)wide;                                                                         \
    }                                                                                              \
    static u##N do_shl##N(Cpu *cpu, u##N a, unsigned count)                                        \
    {                                                                                              \
        double##N wide = (double##N)a << count;                                                    \
        bool cf = wide >> N & 1;                                                                   \
                                                                                                   \
        flags_logic##N(cpu, (u##N)wide);                                                           \
        flags_set_cf_of(cpu, cf, cf ^ (wide >> (N - 1) & 1));                                      \
        return (u##N)wide;                                                                         \
    }                                                                                              \
    static u##N do_shr##N(Cpu *cpu, u##N a, unsigned count)                                        \
    {                                                                                              \
        u##N r = (u##N)((u64)a >> count);                                                          \
                                                                                                   \
        flags_logic##N(cpu, r);                                                                    \
        flags_set_cf_of(cpu, (u64)a >> (count - 1) & 1, count == 1 && a >> (N - 1));               \
        return r;                                                                                  \
    }                                                                                              \
    static u##N do_sar##N(Cpu *cpu, u##N a, unsigned count)                                        \
    {                                                                                              \
        u##N r = (u##N)((i64)(i##N)a >> count);                                                    \
                                                                                                   \
        flags_logic##N(cpu, r);                                                                    \
        flags_set_cf_of(cpu, (i64)(i##N)a >> (count - 1) & 1, false);                              \
        return r;                                                                                  \
    }

DEFINE_SHIFTS(8)
DEFINE_SHIFTS(16)
DEFINE_SHIFTS(32)
WIDE_ONLY(DEFINE_SHIFTS(64))

/*
 * The count is insn->imm or CL.  In 64-bit code a 32-bit shift clears the
 * upper half even if the count is 0.
 */
#define DEFINE_SHIFT_OP(name, N)                                                                   \
    static inline void name##N##_register(Cpu *cpu, const Insn *insn, unsigned count)              \
    {                                                                                              \
        if (count) {                                                                               \
            reg_put##N(cpu, insn->dst, do_##name##N(cpu, *reg##N(cpu, insn->dst), count));         \
        } else if (INTERP_WIDE) {                                                                  \
            reg_put##N(cpu, insn->dst, *reg##N(cpu, insn->dst));                                   \
        }                                                                                          \
    }                                                                                              \
    static inline void name##N##_memory(Cpu *cpu, const Insn *insn, unsigned count)                \
    {                                                                                              \
        mem##N *place = operand_rmw##N(cpu, insn);                                                 \
                                                                                                   \
        if (count) {                                                                               \
            *place = do_##name##N(cpu, *place, count);                                             \
        }                                                                                          \
        mem_rmw_done(cpu, place);                                                                  \
    }                                                                                              \
    OP(name##N##_ri)                                                                               \
    {                                                                                              \
        name##N##_register(cpu, insn, insn->imm);                                                  \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_mi)                                                                               \
    {                                                                                              \
        name##N##_memory(cpu, insn, insn->imm);                                                    \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_rc)                                                                               \
    {                                                                                              \
        name##N##_register(cpu, insn, GPR8(cpu, CPU_CX) & COUNT_MASK(N));                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_mc)                                                                               \
    {                                                                                              \
        name##N##_memory(cpu, insn, GPR8(cpu, CPU_CX) & COUNT_MASK(N));                            \
        NEXT();                                                                                    \
    }

#define DEFINE_SHIFT_OPS(name)                                                                     \
    DEFINE_SHIFT_OP(name, 8)                                                                       \
    DEFINE_SHIFT_OP(name, 16)                                                                      \
    DEFINE_SHIFT_OP(name, 32)                                                                      \
    WIDE_ONLY(DEFINE_SHIFT_OP(name, 64))

DEFINE_SHIFT_OPS(rol)
DEFINE_SHIFT_OPS(ror)
DEFINE_SHIFT_OPS(rcl)
DEFINE_SHIFT_OPS(rcr)
DEFINE_SHIFT_OPS(shl)
DEFINE_SHIFT_OPS(shr)
DEFINE_SHIFT_OPS(sar)

/*
 * A 16-bit double shift by more than 16 is undefined.  Real CPUs continue with
 * the destination's own bits, as if the operand were a:b:a.
 */
static u16 do_shld16(Cpu *cpu, u16 a, u16 b, unsigned count)
{
    u64 wide = (u64)a << 32 | (u64)b << 16 | a;
    u16 r = (u16)(wide << count >> 32);
    bool cf = wide >> (48 - count) & 1;

    flags_logic16(cpu, r);
    flags_set_cf_of(cpu, cf, (a ^ r) >> 15);
    return r;
}

static u16 do_shrd16(Cpu *cpu, u16 a, u16 b, unsigned count)
{
    u64 wide = (u64)a << 32 | (u64)b << 16 | a;
    u16 r = (u16)(wide >> count);
    bool cf = wide >> (count - 1) & 1;

    flags_logic16(cpu, r);
    flags_set_cf_of(cpu, cf, (a ^ r) >> 15);
    return r;
}

static u32 do_shld32(Cpu *cpu, u32 a, u32 b, unsigned count)
{
    u32 r = a << count | b >> (32 - count);

    flags_logic32(cpu, r);
    flags_set_cf_of(cpu, a >> (32 - count) & 1, (a ^ r) >> 31);
    return r;
}

static u32 do_shrd32(Cpu *cpu, u32 a, u32 b, unsigned count)
{
    u32 r = a >> count | b << (32 - count);

    flags_logic32(cpu, r);
    flags_set_cf_of(cpu, a >> (count - 1) & 1, (a ^ r) >> 31);
    return r;
}

#if INTERP_WIDE
static u64 do_shld64(Cpu *cpu, u64 a, u64 b, unsigned count)
{
    u64 r = a << count | b >> (64 - count);

    flags_logic64(cpu, r);
    flags_set_cf_of(cpu, a >> (64 - count) & 1, (a ^ r) >> 63);
    return r;
}

static u64 do_shrd64(Cpu *cpu, u64 a, u64 b, unsigned count)
{
    u64 r = a >> count | b << (64 - count);

    flags_logic64(cpu, r);
    flags_set_cf_of(cpu, a >> (count - 1) & 1, (a ^ r) >> 63);
    return r;
}
#endif

#define DEFINE_DOUBLE(name, N)                                                                     \
    static void name##N##_register(Cpu *cpu, const Insn *insn, unsigned count)                     \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
                                                                                                   \
        if (count) {                                                                               \
            reg_put##N(cpu, insn->dst, do_##name##N(cpu, a, *reg##N(cpu, insn->src), count));      \
        } else if (INTERP_WIDE) {                                                                  \
            reg_put##N(cpu, insn->dst, a);                                                         \
        }                                                                                          \
    }                                                                                              \
    static void name##N##_memory(Cpu *cpu, const Insn *insn, unsigned count)                       \
    {                                                                                              \
        mem##N *place = operand_rmw##N(cpu, insn);                                                 \
                                                                                                   \
        if (count) {                                                                               \
            *place = do_##name##N(cpu, *place, *reg##N(cpu, insn->src), count);                    \
        }                                                                                          \
        mem_rmw_done(cpu, place);                                                                  \
    }                                                                                              \
    OP(name##N##_rri)                                                                              \
    {                                                                                              \
        name##N##_register(cpu, insn, insn->imm);                                                  \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_mri)                                                                              \
    {                                                                                              \
        name##N##_memory(cpu, insn, insn->imm);                                                    \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_rrc)                                                                              \
    {                                                                                              \
        name##N##_register(cpu, insn, GPR8(cpu, CPU_CX) & COUNT_MASK(N));                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_mrc)                                                                              \
    {                                                                                              \
        name##N##_memory(cpu, insn, GPR8(cpu, CPU_CX) & COUNT_MASK(N));                            \
        NEXT();                                                                                    \
    }

DEFINE_DOUBLE(shld, 16)
DEFINE_DOUBLE(shld, 32)
WIDE_ONLY(DEFINE_DOUBLE(shld, 64))
DEFINE_DOUBLE(shrd, 16)
DEFINE_DOUBLE(shrd, 32)
WIDE_ONLY(DEFINE_DOUBLE(shrd, 64))

/* ---- single bits ---- */

#define BIT_SET(a, m)   ((a) | (m))
#define BIT_RESET(a, m) ((a) & ~(m))
#define BIT_FLIP(a, m)  ((a) ^ (m))

/* A bit number in a register can address memory on both sides of the operand. */
#define BIT_ADDRESS(N)                                                                             \
    offset_behind(insn, insn_address(cpu, insn),                                                   \
                  (EffAddr)((i##N) * reg##N(cpu, insn->src) >> (N == 16   ? 4                      \
                                                                : N == 32 ? 5                      \
                                                                          : 6)) *                  \
                      (N / 8))

#define DEFINE_BIT(name, CHANGE, N)                                                                \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        unsigned bit = (unsigned)*reg##N(cpu, insn->src) & (N - 1);                                \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
                                                                                                   \
        flag_set_cf(cpu, a >> bit & 1);                                                            \
        reg_put##N(cpu, insn->dst, (u##N)CHANGE(a, (u##N)1 << bit));                               \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_ri)                                                                               \
    {                                                                                              \
        unsigned bit = insn->imm & (N - 1);                                                        \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
                                                                                                   \
        flag_set_cf(cpu, a >> bit & 1);                                                            \
        reg_put##N(cpu, insn->dst, (u##N)CHANGE(a, (u##N)1 << bit));                               \
        NEXT();                                                                                    \
    }

#define DEFINE_BIT_MEMORY(name, CHANGE, N)                                                         \
    OP(name##N##_mr)                                                                               \
    {                                                                                              \
        unsigned bit = (unsigned)*reg##N(cpu, insn->src) & (N - 1);                                \
        mem##N *place = mem_rmw##N(cpu, insn, insn->segment, BIT_ADDRESS(N));                      \
        u##N a = *place;                                                                           \
                                                                                                   \
        *place = (u##N)CHANGE(a, (u##N)1 << bit);                                                  \
        mem_rmw_done(cpu, place);                                                                  \
        flag_set_cf(cpu, a >> bit & 1);                                                            \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_mi)                                                                               \
    {                                                                                              \
        unsigned bit = insn->imm & (N - 1);                                                        \
        mem##N *place = operand_rmw##N(cpu, insn);                                                 \
        u##N a = *place;                                                                           \
                                                                                                   \
        *place = (u##N)CHANGE(a, (u##N)1 << bit);                                                  \
        mem_rmw_done(cpu, place);                                                                  \
        flag_set_cf(cpu, a >> bit & 1);                                                            \
        NEXT();                                                                                    \
    }

#define DEFINE_BIT_TEST(N)                                                                         \
    OP(bt##N##_rr)                                                                                 \
    {                                                                                              \
        unsigned bit = (unsigned)*reg##N(cpu, insn->src) & (N - 1);                                \
                                                                                                   \
        flag_set_cf(cpu, *reg##N(cpu, insn->dst) >> bit & 1);                                      \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(bt##N##_ri)                                                                                 \
    {                                                                                              \
        flag_set_cf(cpu, *reg##N(cpu, insn->dst) >> (insn->imm & (N - 1)) & 1);                    \
        NEXT();                                                                                    \
    }

#define DEFINE_BIT_TEST_MEMORY(N)                                                                  \
    OP(bt##N##_mr)                                                                                 \
    {                                                                                              \
        unsigned bit = (unsigned)*reg##N(cpu, insn->src) & (N - 1);                                \
                                                                                                   \
        flag_set_cf(cpu, mem_read##N(cpu, insn, insn->segment, BIT_ADDRESS(N)) >> bit & 1);        \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(bt##N##_mi)                                                                                 \
    {                                                                                              \
        flag_set_cf(cpu, operand_read##N(cpu, insn) >> (insn->imm & (N - 1)) & 1);                 \
        NEXT();                                                                                    \
    }

#define DEFINE_BITS(N)                                                                             \
    DEFINE_BIT_TEST(N)                                                                             \
    DEFINE_BIT(bts, BIT_SET, N)                                                                    \
    DEFINE_BIT(btr, BIT_RESET, N)                                                                  \
    DEFINE_BIT(btc, BIT_FLIP, N)                                                                   \
    DEFINE_BIT_TEST_MEMORY(N)                                                                      \
    DEFINE_BIT_MEMORY(bts, BIT_SET, N)                                                             \
    DEFINE_BIT_MEMORY(btr, BIT_RESET, N)                                                           \
    DEFINE_BIT_MEMORY(btc, BIT_FLIP, N)

DEFINE_BITS(16)
DEFINE_BITS(32)
WIDE_ONLY(DEFINE_BITS(64))

/* If the source is zero, the destination keeps its value. */
static unsigned scan_forward(u64 source)
{
    return (unsigned)__builtin_ctzll(source);
}

static unsigned scan_reverse(u64 source)
{
    return 63u - (unsigned)__builtin_clzll(source);
}

#define DEFINE_SCAN(name, scan, N)                                                                 \
    static void name##N(Cpu *cpu, const Insn *insn, u##N source)                                   \
    {                                                                                              \
        if (source) {                                                                              \
            reg_put##N(cpu, insn->dst, (u##N)scan(source));                                        \
        }                                                                                          \
        flag_set_zf(cpu, source == 0);                                                             \
    }                                                                                              \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        name##N(cpu, insn, *reg##N(cpu, insn->src));                                               \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_rm)                                                                               \
    {                                                                                              \
        name##N(cpu, insn, operand_read##N(cpu, insn));                                            \
        NEXT();                                                                                    \
    }

DEFINE_SCAN(bsf, scan_forward, 16)
DEFINE_SCAN(bsf, scan_forward, 32)
WIDE_ONLY(DEFINE_SCAN(bsf, scan_forward, 64))
DEFINE_SCAN(bsr, scan_reverse, 16)
DEFINE_SCAN(bsr, scan_reverse, 32)
WIDE_ONLY(DEFINE_SCAN(bsr, scan_reverse, 64))
