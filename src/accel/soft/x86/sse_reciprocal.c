/*
 * RCP and RSQRT.  Their results are not exact, and differ between CPUs, so they are
 * computed here without the host's instructions.
 */
#include "src/accel/soft/x86/vector.h"
#include "src/accel/soft/x86/vector_functions.h"

/*
 * The reciprocal of the middle of an interval, as in a table of 2,048 entries
 * of 12 bits. Denormals count as zero, and results that would be denormal are
 * zero.
 */
static uint32_t reciprocal(uint32_t value)
{
    uint32_t sign = value & 0x80000000, magnitude = value ^ sign, exponent = magnitude >> 23;

    if (magnitude > 0x7f800000) {
        return value | 0x400000;
    }
    if (exponent == 0) {
        return sign | 0x7f800000;
    }
    if (exponent == 255 || exponent > 252) {
        return sign;
    }
    /* 1 / (1 + (2 i + 1) / 4096), in units of 2^-13, between 1/2 and 1. */
    uint32_t middle = 4096 + 2 * (magnitude >> 12 & 0x7ff) + 1;
    uint32_t quotient = ((1u << 25) + middle / 2) / middle; /* 4096 to 8192 */
    return sign | (((252 - exponent + (quotient >> 12)) << 23) + ((quotient & 0xfff) << 11));
}

/* Returns the square root, rounded down. */
static uint64_t root(uint64_t n)
{
    uint64_t r = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1) {
        if ((r | bit) * (r | bit) <= n) {
            r |= bit;
        }
    }
    return r;
}

static uint32_t reciprocal_root(uint32_t value)
{
    uint32_t sign = value & 0x80000000, magnitude = value ^ sign, exponent = magnitude >> 23;

    if (magnitude > 0x7f800000) {
        return value | 0x400000;
    }
    if (exponent == 0) {
        return sign | 0x7f800000;
    }
    if (sign) {
        return 0xffc00000;
    }
    if (exponent == 255) {
        return 0;
    }
    /* value = m 2^e with an even e and 1 <= m < 4; m is in 2^-12, and 1/sqrt(m) in 2^-13. */
    unsigned odd = !(exponent & 1);
    uint64_t middle = (uint64_t)(4096 + 2 * (magnitude >> 12 & 0x7ff) + 1) << odd;
    uint32_t result = (uint32_t)((root((UINT64_C(1) << 40) / middle) + 1) / 2); /* 4096 to 8192 */
    uint32_t below = 125u - (uint32_t)(((int)exponent - (int)odd - 127) / 2);
    return ((below + (result >> 12)) << 23) + ((result & 0xfff) << 11);
}

#define APPROXIMATE(name, function)                                                                \
    unsigned x_##name##ps(Fx *fx, V128 *d, const V128 *s, unsigned imm)                            \
    {                                                                                              \
        (void)fx;                                                                                  \
        (void)imm;                                                                                 \
        for (unsigned i = 0; i < 4; i++) {                                                         \
            d->d[i] = function(s->d[i]);                                                           \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    unsigned x_##name##ss(Fx *fx, V128 *d, const V128 *s, unsigned imm)                            \
    {                                                                                              \
        (void)fx;                                                                                  \
        (void)imm;                                                                                 \
        d->d[0] = function(s->d[0]);                                                               \
        return 0;                                                                                  \
    }

APPROXIMATE(rcp, reciprocal)
APPROXIMATE(rsqrt, reciprocal_root)
