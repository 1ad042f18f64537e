/*
 * Real numbers with a fraction of 128 bits, for transcendental.c, and how they are
 * rounded to the x87 unit's format.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_REAL_H
#define PIOEMU_ACCEL_SOFT_X86_REAL_H

#include "src/accel/soft/x86/fx.h"

typedef unsigned __int128 u128;
typedef __int128 i128;

/*
 * The value fraction * 2^(exponent - 128).  The top bit of the fraction is set
 * unless the value is 0.
 */
typedef struct Real {
    u128 fraction;
    int exponent;
    bool negative;
} Real;

/* These return a normalized value. */
Real real_of(u128 fraction, int exponent, bool negative);
Real real_of_f80(const F80 *value);
/* These drop the bits that do not fit. */
Real real_multiply(Real a, Real b);
Real real_divide(Real a, Real b);
/* The upper half of a product. */
u128 real_multiply_high(u128 a, u128 b);
/* The value in units of 2^-bits.  Lower bits are dropped. */
u128 real_fixed(const Real *r, int bits);
/*
 * Rounds as the control word says, and raises exceptions.  `exact` says that no
 * bits were lost before.
 */
F80 real_round(Fx *fx, const Real *r, bool exact);

#endif
