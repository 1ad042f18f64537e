/*
 * Reals with a fraction of 128 bits, for transcendental.c, and their rounding
 * to the x87 unit's format.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_REAL_H
#define PIOEMU_ACCEL_SOFT_X86_REAL_H

#include "src/accel/soft/x86/fx.h"

typedef unsigned __int128 u128;
typedef __int128 i128;

/* fraction * 2^(exponent - 128); the top bit of the fraction is set, or it is 0. */
typedef struct Real {
    u128 fraction;
    int exponent;
    bool negative;
} Real;

/* Normalizes. */
Real real_of(u128 fraction, int exponent, bool negative);
Real real_of_f80(const F80 *value);
/* The last bits are dropped. */
Real real_multiply(Real a, Real b);
Real real_divide(Real a, Real b);
/* The upper half of a product. */
u128 real_multiply_high(u128 a, u128 b);
/* As a number of 2^-bits; what is below is dropped. */
u128 real_fixed(const Real *r, int bits);
/* Rounds by the control word and raises; `exact` says that nothing was lost so far. */
F80 real_round(Fx *fx, const Real *r, bool exact);

#endif
