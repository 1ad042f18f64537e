/*
 * The arithmetic flags.  An operation leaves its result and its carries here, and
 * the flags are computed when they are needed.
 *
 * flag_result is the result, sign-extended to 64 bits.  ZF means that the low 32
 * bits are zero.  SF is bit 63.  PF is the parity of bits 0-7 exclusive-or bits
 * 32-39.  The sign extension fills bits 32-39 with an even number of ones, so PF
 * can be loaded independently of the rest by changing one of these bits.
 *
 * flag_carry holds the carries between bits, a ^ b ^ (a + b + carry) or a ^ b ^ (a
 * - b - borrow), aligned so that CF is bit 32 and the carry into the sign is bit
 * 31.  AF stays in bit 4 at every operand size.  Results and carries of 64 bits are
 * folded into the same form.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_FLAGS_H
#define PIOEMU_ACCEL_SOFT_X86_FLAGS_H

#include "src/accel/soft/x86/cpu.h"

#define CARRY_CF_SHIFT 32
#define CARRY_CF       (UINT64_C(1) << 32)
#define CARRY_IN       (UINT64_C(1) << 31)
#define CARRY_AF       UINT64_C(0x10)

static inline void flags_set8(Cpu *cpu, uint8_t result, uint64_t carries)
{
    cpu->flag_result = (int8_t)result;
    cpu->flag_carry = carries << 24 | (carries & CARRY_AF);
}

static inline void flags_set16(Cpu *cpu, uint16_t result, uint64_t carries)
{
    cpu->flag_result = (int16_t)result;
    cpu->flag_carry = carries << 16 | (carries & CARRY_AF);
}

static inline void flags_set32(Cpu *cpu, uint32_t result, uint64_t carries)
{
    cpu->flag_result = (int32_t)result;
    cpu->flag_carry = carries;
}

static inline void flags_logic8(Cpu *cpu, uint8_t result)
{
    cpu->flag_result = (int8_t)result;
    cpu->flag_carry = 0;
}

static inline void flags_logic16(Cpu *cpu, uint16_t result)
{
    cpu->flag_result = (int16_t)result;
    cpu->flag_carry = 0;
}

static inline void flags_logic32(Cpu *cpu, uint32_t result)
{
    cpu->flag_result = (int32_t)result;
    cpu->flag_carry = 0;
}

/* The upper half is reduced to its sign, and to a bit that does not count for PF. */
static inline int64_t flags_fold64(uint64_t result)
{
    uint64_t sign = (uint64_t)((int64_t)result >> 63) << 32;

    return (int64_t)(sign | (uint32_t)result | (uint64_t)(result >> 32 != 0) << 8);
}

/* `carries` contains the carries into the sign bit and into bit 4.  `cf` is the carry out. */
static inline void flags_set64(Cpu *cpu, uint64_t result, uint64_t carries, bool cf)
{
    cpu->flag_result = flags_fold64(result);
    cpu->flag_carry =
        (uint64_t)cf << CARRY_CF_SHIFT | (carries >> 32 & CARRY_IN) | (carries & CARRY_AF);
}

static inline void flags_logic64(Cpu *cpu, uint64_t result)
{
    cpu->flag_result = flags_fold64(result);
    cpu->flag_carry = 0;
}

/* For r = a + b with any carry, and for r = a - b with any borrow. */
#define DEFINE_FLAGS_OF_SUM(N)                                                                     \
    static inline void flags_sum##N(Cpu *cpu, uint64_t a, uint64_t b, uint64_t r)                  \
    {                                                                                              \
        flags_set##N(cpu, (uint##N##_t)r, a ^ b ^ r);                                              \
    }                                                                                              \
    static inline void flags_difference##N(Cpu *cpu, uint64_t a, uint64_t b, uint64_t r)           \
    {                                                                                              \
        flags_set##N(cpu, (uint##N##_t)r, a ^ b ^ r);                                              \
    }

DEFINE_FLAGS_OF_SUM(8)
DEFINE_FLAGS_OF_SUM(16)
DEFINE_FLAGS_OF_SUM(32)
#undef DEFINE_FLAGS_OF_SUM

static inline void flags_sum64(Cpu *cpu, uint64_t a, uint64_t b, uint64_t r)
{
    flags_set64(cpu, r, a ^ b ^ r, ((a & b) | ((a | b) & ~r)) >> 63);
}

static inline void flags_difference64(Cpu *cpu, uint64_t a, uint64_t b, uint64_t r)
{
    flags_set64(cpu, r, a ^ b ^ r, ((~a & b) | ((~a | b) & r)) >> 63);
}

static inline bool flag_cf(const Cpu *cpu)
{
    return cpu->flag_carry >> CARRY_CF_SHIFT & 1;
}

static inline bool flag_zf(const Cpu *cpu)
{
    return (uint32_t)cpu->flag_result == 0;
}

static inline bool flag_sf(const Cpu *cpu)
{
    return cpu->flag_result < 0;
}

static inline bool flag_of(const Cpu *cpu)
{
    return (cpu->flag_carry >> 32 ^ cpu->flag_carry >> 31) & 1;
}

static inline bool flag_pf(const Cpu *cpu)
{
    uint64_t result = (uint64_t)cpu->flag_result;

    return !__builtin_parity((uint8_t)(result ^ result >> 32));
}

static inline bool flag_af(const Cpu *cpu)
{
    return cpu->flag_carry >> 4 & 1;
}

/* Replaces only CF. */
static inline void flag_set_cf(Cpu *cpu, bool cf)
{
    uint64_t flip = (uint64_t)(cf ^ flag_cf(cpu)) << 31;

    cpu->flag_carry ^= flip | flip << 1;
}

/* Replaces only OF. */
static inline void flag_set_of(Cpu *cpu, bool of)
{
    cpu->flag_carry ^= (uint64_t)(of ^ flag_of(cpu)) << 31;
}

static inline void flag_set_af(Cpu *cpu, bool af)
{
    cpu->flag_carry = (cpu->flag_carry & ~CARRY_AF) | (uint64_t)af << 4;
}

/* Replaces CF and OF together. */
static inline void flags_set_cf_of(Cpu *cpu, bool cf, bool of)
{
    cpu->flag_carry = (cpu->flag_carry & CARRY_AF) | (uint64_t)cf << 32 | (uint64_t)(cf ^ of) << 31;
}

/* Replaces ZF, keeping SF and PF. */
static inline void flag_set_zf(Cpu *cpu, bool zf)
{
    uint64_t sign = cpu->flag_result < 0 ? UINT64_MAX << 32 : 0;
    uint64_t parity = flag_pf(cpu) ? 0 : UINT64_C(1) << 32;

    cpu->flag_result = (int64_t)((sign ^ parity) | (zf ? 0 : 0x100));
}

static inline void flags_load_arithmetic(Cpu *cpu, uint32_t flags)
{
    uint64_t cf = flags & CPU_FLAG_CF ? 1 : 0;
    uint64_t of = flags & CPU_FLAG_OF ? 1 : 0;
    uint64_t sign = flags & CPU_FLAG_SF ? UINT64_MAX << 32 : 0;
    uint64_t parity = flags & CPU_FLAG_PF ? 0 : UINT64_C(1) << 32;

    cpu->flag_carry = cf << 32 | (cf ^ of) << 31 | (flags & CPU_FLAG_AF);
    cpu->flag_result = (int64_t)((sign ^ parity) | (flags & CPU_FLAG_ZF ? 0 : 0x100));
}

static inline uint32_t flags_arithmetic(const Cpu *cpu)
{
    return (flag_cf(cpu) ? CPU_FLAG_CF : 0) | (flag_pf(cpu) ? CPU_FLAG_PF : 0) |
           (flag_af(cpu) ? CPU_FLAG_AF : 0) | (flag_zf(cpu) ? CPU_FLAG_ZF : 0) |
           (flag_sf(cpu) ? CPU_FLAG_SF : 0) | (flag_of(cpu) ? CPU_FLAG_OF : 0);
}

/* EFLAGS as PUSHF stores it, but with VM and RF. */
static inline uint32_t flags_get(const Cpu *cpu)
{
    return cpu->eflags | CPU_FLAG_ONE | flags_arithmetic(cpu);
}

/* Replaces all of EFLAGS.  Call cpu_mode_changed() afterwards. */
static inline void flags_put(Cpu *cpu, uint32_t flags)
{
    flags_load_arithmetic(cpu, flags);
    cpu->eflags = flags & ~FLAGS_ARITHMETIC;
}

static inline bool flags_condition(const Cpu *cpu, unsigned code)
{
    bool value;

    switch (code >> 1 & 7) {
    case 0:
        value = flag_of(cpu);
        break;
    case 1:
        value = flag_cf(cpu);
        break;
    case 2:
        value = flag_zf(cpu);
        break;
    case 3:
        value = flag_cf(cpu) || flag_zf(cpu);
        break;
    case 4:
        value = flag_sf(cpu);
        break;
    case 5:
        value = flag_pf(cpu);
        break;
    case 6:
        value = flag_sf(cpu) ^ flag_of(cpu);
        break;
    default:
        value = (flag_sf(cpu) ^ flag_of(cpu)) || flag_zf(cpu);
        break;
    }
    return value ^ (code & 1);
}

#endif
