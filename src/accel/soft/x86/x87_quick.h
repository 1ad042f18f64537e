/*
 * Computes the common case of x87 arithmetic with integers: normal numbers,
 * rounding to nearest with 64 bits, all exceptions masked, and a result in
 * range.  The result is that of the host's unit, without the wait for the
 * unit's status.  All other cases are left to the host.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_X87_QUICK_H
#define PIOEMU_ACCEL_SOFT_X86_X87_QUICK_H

#include "src/accel/soft/x86/fx.h"

/* Returns false, without any change, if it is not such a case. */
typedef bool X87Quick(Fx *fx, const F80 *a, const F80 *b, F80 *result);

#define QUICK_CONTROL_MASK 0xf3fu
#define QUICK_CONTROL      0x33fu

static inline bool quick_control(const Fx *fx)
{
    return (fx->control & QUICK_CONTROL_MASK) == QUICK_CONTROL;
}

static inline bool quick_normal(const F80 *value)
{
    unsigned exponent = value->exponent & F80_EXPONENT;

    return exponent - 1 < F80_EXPONENT - 1 && value->fraction & F80_INTEGER;
}

static inline void f80_copy(F80 *to, const F80 *from)
{
    to->fraction = from->fraction;
    to->exponent = from->exponent;
}

/* `dropped` contains the bits after the last bit of the fraction. */
static inline bool quick_round(Fx *fx, uint64_t fraction, uint64_t dropped, int exponent,
                               uint16_t sign, F80 *result)
{
    bool up = dropped > F80_INTEGER || (dropped == F80_INTEGER && fraction & 1);

    if (exponent < 1 || exponent >= (int)F80_EXPONENT - 1) {
        return false;
    }
    fraction += up;
    if (fraction == 0) {
        fraction = F80_INTEGER;
        exponent++;
    }
    fx->status = (uint16_t)((fx->status & ~FSW_C1) | (up ? FSW_C1 : 0) | (dropped ? FSW_PE : 0));
    result->fraction = fraction;
    result->exponent = (uint16_t)(exponent | sign);
    return true;
}

/* Computes a + b with the given signs. */
static inline bool quick_sum(Fx *fx, const F80 *a, const F80 *b, uint16_t b_flip, F80 *result)
{
    unsigned __int128 x, y, sum;
    uint16_t a_sign = a->exponent & F80_SIGN, b_sign = (b->exponent ^ b_flip) & F80_SIGN;
    int a_exponent = a->exponent & F80_EXPONENT, b_exponent = b->exponent & F80_EXPONENT;
    int distance = a_exponent - b_exponent, exponent = a_exponent;
    uint16_t sign = a_sign;

    if (distance < 0 || (distance == 0 && a->fraction < b->fraction)) {
        x = (unsigned __int128)b->fraction << 63;
        y = (unsigned __int128)a->fraction << 63;
        distance = -distance;
        exponent = b_exponent;
        sign = b_sign;
    } else {
        x = (unsigned __int128)a->fraction << 63;
        y = (unsigned __int128)b->fraction << 63;
    }
    if (distance > 120) {
        y = 1;
    } else if (distance) {
        unsigned __int128 lost = y << (128 - distance);
        y = y >> distance | (lost != 0);
    }
    sum = a_sign == b_sign ? x + y : x - y;
    if (sum == 0) {
        return false;
    }
    uint64_t high = (uint64_t)(sum >> 64);
    int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)sum);
    sum <<= shift;
    return quick_round(fx, (uint64_t)(sum >> 64), (uint64_t)sum, exponent + 1 - shift, sign,
                       result);
}

static inline bool quick_product(Fx *fx, const F80 *a, const F80 *b, F80 *result)
{
    unsigned __int128 product = (unsigned __int128)a->fraction * b->fraction;
    int exponent = (a->exponent & F80_EXPONENT) + (b->exponent & F80_EXPONENT) - (int)F80_BIAS + 1;

    if (!(product >> 127)) {
        product <<= 1;
        exponent--;
    }
    return quick_round(fx, (uint64_t)(product >> 64), (uint64_t)product, exponent,
                       (a->exponent ^ b->exponent) & F80_SIGN, result);
}

static inline bool quick_quotient(Fx *fx, const F80 *a, const F80 *b, F80 *result)
{
    /*
     * The dividend is a's fraction, shifted left by 63 or 64 bits so that the
     * quotient has 64 bits.
     */
    bool less = a->fraction < b->fraction;
    uint64_t high = less ? a->fraction : a->fraction >> 1, low = less ? 0 : a->fraction << 63;
    uint64_t quotient, rest;
    __asm__("divq %[divisor]"
            : "=a"(quotient), "=d"(rest)
            : "a"(low), "d"(high), [divisor] "r"(b->fraction)
            : "cc");
    int exponent = (a->exponent & F80_EXPONENT) - (b->exponent & F80_EXPONENT) + (int)F80_BIAS;
    /* The remainder is compared with half of the divisor.  A quotient is never exactly halfway. */
    uint64_t dropped = rest == 0 ? 0 : rest >= b->fraction - rest ? UINT64_MAX : 1;

    return quick_round(fx, quotient, dropped, exponent - less,
                       (a->exponent ^ b->exponent) & F80_SIGN, result);
}

/* Convert normal numbers in memory, which are exact in 80 bits. */
static inline bool quick_of_single(const uint8_t *from, F80 *to)
{
    uint32_t value;

    __builtin_memcpy(&value, from, sizeof(value));
    unsigned exponent = value >> 23 & 0xff;
    to->fraction = F80_INTEGER | (uint64_t)(value & 0x7fffff) << 40;
    to->exponent = (uint16_t)((exponent + F80_BIAS - 127) | (value >> 16 & F80_SIGN));
    return exponent - 1 < 254;
}

static inline bool quick_of_double(const uint8_t *from, F80 *to)
{
    uint64_t value;

    __builtin_memcpy(&value, from, sizeof(value));
    unsigned exponent = value >> 52 & 0x7ff;
    to->fraction = F80_INTEGER | (value & UINT64_C(0xfffffffffffff)) << 11;
    to->exponent = (uint16_t)((exponent + F80_BIAS - 1023) | (value >> 48 & F80_SIGN));
    return exponent - 1 < 2046;
}

/*
 * Converts a number to memory, with `bits` after the binary point and an
 * exponent up to `last`.  Returns false if the value is not normal in that
 * format.
 */
static inline bool quick_narrow(const F80 *value, unsigned bits, int last, uint64_t *narrow,
                                bool *up, bool *inexact)
{
    unsigned below = 63 - bits;
    uint64_t dropped = value->fraction << (64 - below), fraction = value->fraction >> below;
    int exponent = (value->exponent & F80_EXPONENT) - (int)F80_BIAS + last / 2;

    *up = dropped > F80_INTEGER || (dropped == F80_INTEGER && fraction & 1);
    *inexact = dropped;
    if (exponent < 1 || exponent >= last) {
        return false;
    }
    /* The leading one and a carry are added to the exponent. */
    *narrow = ((uint64_t)(exponent - 1) << bits) + fraction + *up;
    return true;
}

/* The condition codes for a comparison of normal numbers. */
static inline unsigned quick_compare(const F80 *a, const F80 *b)
{
    bool negative = a->exponent & F80_SIGN;
    unsigned a_exponent = a->exponent & F80_EXPONENT, b_exponent = b->exponent & F80_EXPONENT;

    if ((a->exponent ^ b->exponent) & F80_SIGN) {
        return negative ? FSW_C0 : 0;
    }
    if (a_exponent == b_exponent && a->fraction == b->fraction) {
        return FSW_C3;
    }
    bool less = a_exponent != b_exponent ? a_exponent < b_exponent : a->fraction < b->fraction;
    return less != negative ? FSW_C0 : 0;
}

#endif
