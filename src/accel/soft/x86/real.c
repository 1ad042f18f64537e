#include "src/accel/soft/x86/real.h"

#include "src/accel/soft/x86/x87.h"

Real real_of(u128 fraction, int exponent, bool negative)
{
    Real r = {.fraction = fraction, .exponent = exponent, .negative = negative};

    if (fraction) {
        uint64_t high = (uint64_t)(fraction >> 64);
        int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)fraction);

        r.fraction = fraction << shift;
        r.exponent = exponent - shift;
    }
    return r;
}

u128 real_multiply_high(u128 a, u128 b)
{
    uint64_t a1 = (uint64_t)(a >> 64), a0 = (uint64_t)a, b1 = (uint64_t)(b >> 64), b0 = (uint64_t)b;
    u128 low = (u128)a0 * b0, cross1 = (u128)a1 * b0, cross2 = (u128)a0 * b1;
    u128 middle = (low >> 64) + (uint64_t)cross1 + (uint64_t)cross2;

    return (u128)a1 * b1 + (cross1 >> 64) + (cross2 >> 64) + (middle >> 64);
}

Real real_multiply(Real a, Real b)
{
    return real_of(real_multiply_high(a.fraction, b.fraction), a.exponent + b.exponent,
                   a.negative != b.negative);
}

/* Returns a / b as a fraction of 128 bits, for a < b. */
static u128 divide_fractions(u128 a, u128 b)
{
    u128 quotient = 0;

    for (unsigned i = 0; i < 128; i++) {
        bool carry = a >> 127;

        a <<= 1;
        quotient <<= 1;
        if (carry || a >= b) {
            a -= b;
            quotient |= 1;
        }
    }
    return quotient;
}

Real real_divide(Real a, Real b)
{
    bool negative = a.negative != b.negative;

    if (a.fraction == 0) {
        return real_of(0, 0, negative);
    }
    if (a.fraction >= b.fraction) {
        return real_of(divide_fractions(a.fraction >> 1, b.fraction), a.exponent - b.exponent + 1,
                       negative);
    }
    return real_of(divide_fractions(a.fraction, b.fraction), a.exponent - b.exponent, negative);
}

u128 real_fixed(const Real *r, int bits)
{
    int shift = 128 - bits - r->exponent;

    return shift >= 128 ? 0 : r->fraction >> shift;
}

Real real_of_f80(const F80 *value)
{
    int exponent = value->exponent & F80_EXPONENT;

    return real_of((u128)value->fraction << 64, (exponent ? exponent : 1) - (int)F80_BIAS + 1,
                   value->exponent & F80_SIGN);
}

/* ---- results ---- */

enum { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_ZERO };

#define EXPONENT_MAX  0x7ffe
#define BIAS_ADJUST   0x6000
#define HALF_FRACTION (UINT64_C(1) << 63)

/* Whether rounding away the dropped bits increases the magnitude. */
static bool rounds_up(const Fx *fx, bool negative, uint64_t kept, uint64_t dropped)
{
    switch (fx->control >> FCW_RC_SHIFT & 3) {
    case ROUND_NEAREST:
        return dropped > HALF_FRACTION || (dropped == HALF_FRACTION && kept & 1);
    case ROUND_DOWN:
        return negative && dropped;
    case ROUND_UP:
        return !negative && dropped;
    default:
        return false;
    }
}

/*
 * The result of a masked overflow: infinity, or the greatest number if the rounding
 * mode says so.
 */
static void overflow(Fx *fx, F80 *value, bool negative)
{
    bool infinite = rounds_up(fx, negative, 1, HALF_FRACTION);

    value->fraction = infinite ? F80_INTEGER : UINT64_MAX;
    value->exponent = (uint16_t)(EXPONENT_MAX + infinite);
    x87_raise(fx, FSW_OE | FSW_PE);
    x87_set_c1(fx, infinite);
}

F80 real_round(Fx *fx, const Real *r, bool exact)
{
    F80 value = {0};
    int exponent = r->exponent + (int)F80_BIAS - 1;
    u128 fraction = r->fraction;
    bool tiny = exponent < 1, lost = !exact;

    if (tiny && !(fx->control & FSW_UE)) {
        x87_raise(fx, FSW_UE);
        exponent += BIAS_ADJUST;
    } else if (tiny) {
        int shift = 1 - exponent;

        lost |= shift >= 128 ? fraction != 0 : (fraction << (128 - shift)) != 0;
        fraction = shift >= 128 ? 0 : fraction >> shift;
        exponent = 0;
    }
    uint64_t kept = (uint64_t)(fraction >> 64), dropped = (uint64_t)fraction;
    lost |= dropped != 0;
    bool up = rounds_up(fx, r->negative, kept, dropped);
    kept += up;
    if (up && kept == 0) {
        kept = F80_INTEGER;
        exponent++;
    } else if (exponent == 0 && kept & F80_INTEGER) {
        exponent = 1;
    }
    x87_set_c1(fx, up);
    x87_raise(fx, (lost ? FSW_PE : 0) | (tiny && lost ? FSW_UE : 0));
    if (exponent > EXPONENT_MAX && fx->control & FSW_OE) {
        overflow(fx, &value, r->negative);
    } else {
        if (exponent > EXPONENT_MAX) {
            x87_raise(fx, FSW_OE);
            exponent -= BIAS_ADJUST;
        }
        value.fraction = kept;
        value.exponent = (uint16_t)exponent;
    }
    value.exponent |= r->negative ? F80_SIGN : 0;
    return value;
}
