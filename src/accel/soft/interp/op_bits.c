/*
 * Instructions that count and move bits in general registers: POPCNT LZCNT TZCNT
 * CRC32 MOVBE ADCX ADOX, and the random numbers.
 */
#include "src/accel/soft/interp/fpu_handlers.h"

/* ---- POPCNT, LZCNT, TZCNT ---- */

/* `bits` is the operand size. */
static u64 popcnt(Cpu *cpu, u64 value, unsigned bits)
{
    (void)bits;
    flags_load_arithmetic(cpu, value ? 0 : CPU_FLAG_ZF);
    return (u64)__builtin_popcountll(value);
}

/* Leaves the other flags unchanged.  The manual does not define them. */
static void set_zf_cf(Cpu *cpu, bool zf, bool cf)
{
    flag_set_zf(cpu, zf);
    flag_set_cf(cpu, cf);
}

static u64 lzcnt(Cpu *cpu, u64 value, unsigned bits)
{
    u64 count = value ? (u64)__builtin_clzll(value) - (64 - bits) : bits;

    set_zf_cf(cpu, count == 0, value == 0);
    return count;
}

static u64 tzcnt(Cpu *cpu, u64 value, unsigned bits)
{
    u64 count = value ? (u64)__builtin_ctzll(value) : bits;

    set_zf_cf(cpu, count == 0, value == 0);
    return count;
}

static inline bool has(const Cpu *cpu, CpuFeature feature)
{
    return cpu_features_have(&cpu_accel(cpu)->features, feature);
}

/* A CPU without the feature ignores the prefix and executes the older instruction. */
#define DEFINE_COUNT(name, feature, older, N)                                                      \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        if (unlikely(!has(cpu, feature))) {                                                        \
            INTERP_MUSTTAIL return OP_NAME(older##N##_rr)(cpu, insn);                              \
        }                                                                                          \
        put_##N(cpu, insn->dst, name(cpu, *reg##N(cpu, insn->src), N));                            \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_rm)                                                                               \
    {                                                                                              \
        if (unlikely(!has(cpu, feature))) {                                                        \
            INTERP_MUSTTAIL return OP_NAME(older##N##_rm)(cpu, insn);                              \
        }                                                                                          \
        put_##N(cpu, insn->dst, name(cpu, operand_read##N(cpu, insn), N));                         \
        NEXT();                                                                                    \
    }
#define DEFINE_POPCNT(N)                                                                           \
    OP(popcnt##N##_rr)                                                                             \
    {                                                                                              \
        put_##N(cpu, insn->dst, popcnt(cpu, *reg##N(cpu, insn->src), N));                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(popcnt##N##_rm)                                                                             \
    {                                                                                              \
        put_##N(cpu, insn->dst, popcnt(cpu, operand_read##N(cpu, insn), N));                       \
        NEXT();                                                                                    \
    }

/* ---- MOVBE ---- */

#define DEFINE_MOVBE(N)                                                                            \
    OP(movbe##N##_rm)                                                                              \
    {                                                                                              \
        put_##N(cpu, insn->dst, __builtin_bswap##N(operand_read##N(cpu, insn)));                   \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(movbe##N##_mr)                                                                              \
    {                                                                                              \
        operand_write##N(cpu, insn, __builtin_bswap##N(*reg##N(cpu, insn->src)));                  \
        NEXT();                                                                                    \
    }

/* ---- CRC32 ---- */

/* The polynomial 11EDC6F41h with its bits reflected. */
#define POLYNOMIAL 0x82f63b78u

static u32 crc32(u32 crc, u64 value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8) {
        crc ^= (u8)value;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        }
    }
    return crc;
}

#define DEFINE_CRC32(N)                                                                            \
    OP(crc32_##N##_r)                                                                              \
    {                                                                                              \
        put_32(cpu, insn->dst, crc32(*reg32(cpu, insn->dst), *reg##N(cpu, insn->src), N / 8));     \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(crc32_##N##_m)                                                                              \
    {                                                                                              \
        u64 value = operand_read##N(cpu, insn);                                                    \
                                                                                                   \
        put_32(cpu, insn->dst, crc32(*reg32(cpu, insn->dst), value, N / 8));                       \
        NEXT();                                                                                    \
    }

/* ---- ADCX, ADOX: a sum that touches one flag ---- */

#define DEFINE_ADD_FLAG(name, get, set, N)                                                         \
    static u##N name##N(Cpu *cpu, u##N a, u##N b)                                                  \
    {                                                                                              \
        u##N sum;                                                                                  \
        bool carry = __builtin_add_overflow(a, b, &sum);                                           \
                                                                                                   \
        carry |= __builtin_add_overflow(sum, (u##N)get(cpu), &sum);                                \
        set(cpu, carry);                                                                           \
        return sum;                                                                                \
    }                                                                                              \
    OP(name##N##_rr)                                                                               \
    {                                                                                              \
        put_##N(cpu, insn->dst, name##N(cpu, *reg##N(cpu, insn->dst), *reg##N(cpu, insn->src)));   \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##N##_rm)                                                                               \
    {                                                                                              \
        u##N value = operand_read##N(cpu, insn);                                                   \
                                                                                                   \
        put_##N(cpu, insn->dst, name##N(cpu, *reg##N(cpu, insn->dst), value));                     \
        NEXT();                                                                                    \
    }

/* ---- RDRAND, RDSEED ---- */

/*
 * The number depends on the instructions executed so far, so that a run can be
 * repeated.  The numbers differ each time and look random to a program, but they
 * are not secret.
 */
static u64 random_number(Cpu *cpu)
{
    u64 x = accel_instructions(cpu_accel(cpu)) + ((u64)cpu->vcpu.index << 56);

    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#define DEFINE_RANDOM(N)                                                                           \
    OP(rdrand##N)                                                                                  \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        put_##N(cpu, insn->dst, random_number(cpu));                                               \
        flags_load_arithmetic(cpu, CPU_FLAG_CF);                                                   \
        FINISH();                                                                                  \
    }

#define DEFINE_SIZE(N)                                                                             \
    DEFINE_POPCNT(N)                                                                               \
    DEFINE_COUNT(lzcnt, CPU_FEATURE_ABM, bsr, N)                                                   \
    DEFINE_COUNT(tzcnt, CPU_FEATURE_BMI1, bsf, N)                                                  \
    DEFINE_MOVBE(N)                                                                                \
    DEFINE_RANDOM(N)

DEFINE_SIZE(16)
DEFINE_SIZE(32)
DEFINE_CRC32(8)
DEFINE_CRC32(16)
DEFINE_CRC32(32)
DEFINE_ADD_FLAG(adcx, flag_cf, flag_set_cf, 32)
DEFINE_ADD_FLAG(adox, flag_of, flag_set_of, 32)
#if INTERP_WIDE
DEFINE_SIZE(64)
DEFINE_CRC32(64)
DEFINE_ADD_FLAG(adcx, flag_cf, flag_set_cf, 64)
DEFINE_ADD_FLAG(adox, flag_of, flag_set_of, 64)
#endif
