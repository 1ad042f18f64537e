/*
 * FSIN FCOS FSINCOS FPTAN FPATAN F2XM1 FYL2X FYL2XP1.
 *
 * Processors differ in the last bits of these results.  Therefore they are computed
 * here with integers of 128 bits, which gives the same result on every host.  An
 * intermediate value is a Real: a fraction of 128 bits and an exponent.  A result
 * has about 110 correct bits and is then rounded as the control word says.  Angles
 * are reduced with the 66-bit pi that processors use, so the sine of a large angle
 * agrees with theirs.  Intel SDM, volume 1, section "Transcendental Instruction
 * Accuracy"; volume 2 for the tables of special operands.
 */
#include "src/accel/soft/x86/real.h"
#include "src/accel/soft/x86/x87_host.h"

#define C128(high, low) ((u128)UINT64_C(high) << 64 | UINT64_C(low))

/* ---- results ---- */

static F80 zero_of(bool negative)
{
    return (F80){.exponent = negative ? F80_SIGN : 0};
}

static F80 infinity_of(bool negative)
{
    return (F80){.fraction = F80_INTEGER,
                 .exponent = (uint16_t)(F80_EXPONENT | (negative ? F80_SIGN : 0))};
}

/* ---- operands ---- */

typedef enum Class { CLASS_ZERO, CLASS_FINITE, CLASS_INFINITE, CLASS_OTHER } Class;

static Class class_of(const F80 *value)
{
    unsigned exponent = value->exponent & F80_EXPONENT;

    if (value->fraction == 0 && exponent == 0) {
        return CLASS_ZERO;
    }
    if (exponent && !(value->fraction & F80_INTEGER)) {
        return CLASS_OTHER;
    }
    if (exponent == F80_EXPONENT) {
        return value->fraction == F80_INTEGER ? CLASS_INFINITE : CLASS_OTHER;
    }
    return CLASS_FINITE;
}

static bool is_denormal(const F80 *value)
{
    return !(value->exponent & F80_EXPONENT) && value->fraction;
}

static bool is_negative(const F80 *value)
{
    return value->exponent & F80_SIGN;
}

/*
 * NaNs and invalid encodings yield what an addition makes of them.  Returns false
 * if an exception stops it.
 */
static bool propagate(Fx *fx, const F80 *a, const F80 *b, F80 *result)
{
    X87Host host = {.st0 = *a, .st1 = *b};

    x87_host_begin(&host, fx);
    X87_HOST_BINARY(&host, "fadd %%st(1), %%st");
    x87_raise(fx, host.status & FSW_EXCEPTIONS);
    *result = host.st0;
    return !x87_stops(fx, host.status & FSW_EXCEPTIONS);
}

static bool invalid(Fx *fx, F80 *result)
{
    x87_raise(fx, FSW_IE);
    *result = X87_INDEFINITE;
    return !x87_stops(fx, FSW_IE);
}

static bool denormal(Fx *fx, bool is)
{
    if (is) {
        x87_raise(fx, FSW_DE);
    }
    return !is || !x87_stops(fx, FSW_DE);
}

static void replace_st0(Fx *fx, const F80 *value)
{
    F80 *st0 = fx_st(fx, 0);

    st0->fraction = value->fraction;
    st0->exponent = value->exponent;
    fx->full |= (uint8_t)(1u << fx->top);
}

/* ---- series: arguments and results are fractions ---- */

#define ONE ((u128)1 << 127)

/* The square of r < 1, with 128 bits after the point. */
static u128 square(const Real *r)
{
    int shift = -2 * r->exponent;
    u128 z = real_multiply_high(r->fraction, r->fraction);

    return shift >= 128 ? 0 : z >> shift;
}

/* 1 - z/(n(n+1)) (1 - z/((n+2)(n+3)) (...)): the cosine for n = 1, and sin(r)/r for n = 2. */
static u128 alternating(u128 z, unsigned n)
{
    u128 sum = ONE;

    for (unsigned terms = 18; terms--;) {
        unsigned k = n + 2 * terms;

        sum = ONE - real_multiply_high(z, sum) / (k * (k + 1));
    }
    return sum;
}

/* 1 - z/3 + z^2/5 - ..., for z up to 2^-10: atan(r)/r. */
static u128 arctangent_series(u128 z)
{
    u128 sum = 0;

    for (int k = 27; k >= 1; k -= 2) {
        sum = ONE / (unsigned)k - real_multiply_high(z, sum);
    }
    return sum;
}

/* 1 + z/3 + z^2/5 + ..., for z up to 2^-12: atanh(r)/r.  The sum is halved to be below 1. */
static u128 inverse_series(u128 z)
{
    u128 sum = 0;

    for (int k = 25; k >= 1; k -= 2) {
        sum = ONE / 2 / (unsigned)k + real_multiply_high(z, sum);
    }
    return sum;
}

/* (e^t - 1) / t for |t| < 0.7, halved. */
static u128 exponential_series(u128 t, bool negative)
{
    u128 half = ONE / 2, sum = half;

    for (unsigned k = 34; k >= 2; k--) {
        u128 term = real_multiply_high(t, sum) / k;

        sum = negative ? half - term : half + term;
    }
    return sum;
}

/* ---- sine and cosine ---- */

/* Half of pi in units of 2^-67: the 66 bits that processors have, followed by two zeros. */
#define HALF_PI_66 ((u128)0xc90fdaa2 << 36 | (u128)UINT64_C(0x2168c234c))
#define UNIT       67

typedef struct Angle {
    Real rest; /* at most a quarter of pi in magnitude */
    unsigned quadrant;
} Angle;

static Angle reduce(const F80 *value)
{
    Real x = real_of_f80(value);
    Angle angle = {.rest = x};

    if (x.exponent <= -3) {
        return angle;
    }
    /* x is the 64 bits of its fraction shifted left by `shift`, in the unit of HALF_PI_66. */
    int shift = x.exponent - 64 + UNIT;
    u128 rest = (u128)(uint64_t)(x.fraction >> 64);
    unsigned quadrant = 0;

    for (; shift > 0; shift--) {
        rest <<= 1;
        quadrant <<= 1;
        if (rest >= HALF_PI_66) {
            rest -= HALF_PI_66;
            quadrant++;
        }
    }
    bool above = rest > HALF_PI_66 / 2;
    if (above) {
        rest = HALF_PI_66 - rest;
        quadrant++;
    }
    angle.rest = real_of(rest, 128 - UNIT, x.negative != above);
    angle.quadrant = x.negative ? -quadrant & 3 : quadrant & 3;
    return angle;
}

static Real sine_of(const Angle *angle, unsigned quadrant)
{
    u128 z = square(&angle->rest);
    Real r;

    quadrant = (angle->quadrant + quadrant) & 3;
    if (quadrant & 1) {
        r = real_of(alternating(z, 1), 1, false);
    } else {
        r = real_multiply(angle->rest, real_of(alternating(z, 2), 1, false));
    }
    r.negative ^= quadrant >> 1;
    return r;
}

typedef enum Function { SINE, COSINE, TANGENT, BOTH } Function;

static Real tangent_of(const Angle *angle)
{
    return real_divide(sine_of(angle, 0), sine_of(angle, 1));
}

static const F80 F80_ONE = {.fraction = F80_INTEGER, .exponent = F80_BIAS};

/*
 * Handles operands that are not numbers or not within range.  Returns false if
 * there is a result to compute.
 */
static bool angle_is_special(Fx *fx, const F80 *value, Function function, F80 *result, bool *stop)
{
    *stop = false;
    fx->status &= (uint16_t)~FSW_C2;
    switch (class_of(value)) {
    case CLASS_ZERO:
        *result = function == COSINE ? F80_ONE : *value;
        return true;
    case CLASS_INFINITE:
        *stop = !invalid(fx, result);
        return true;
    case CLASS_OTHER:
        *stop = !propagate(fx, value, value, result);
        return true;
    default:
        break;
    }
    if ((value->exponent & F80_EXPONENT) >= F80_BIAS + 63) {
        fx->status |= FSW_C2;
        *stop = true;
        return true;
    }
    *stop = !denormal(fx, is_denormal(value));
    return *stop;
}

/* The value to push for a special operand. */
static F80 second_of_special(const F80 *operand, Function function, const F80 *result)
{
    return class_of(operand) == CLASS_ZERO ||
                   (function == TANGENT && class_of(result) != CLASS_OTHER)
               ? F80_ONE
               : *result;
}

static void of_angle(Fx *fx, Function function)
{
    bool pushes = function == TANGENT || function == BOTH, stop;
    F80 operand = *fx_st(fx, 0), result, second;

    if (x87_underflows(fx, !fx_st_full(fx, 0), &stop) || (pushes && x87_overflows(fx, &stop))) {
        result = second = X87_INDEFINITE;
    } else if (angle_is_special(fx, &operand, function, &result, &stop)) {
        second = second_of_special(&operand, function, &result);
    } else {
        Angle angle = reduce(&operand);
        Real r = function == TANGENT ? tangent_of(&angle) : sine_of(&angle, function == COSINE);
        Real cosine = sine_of(&angle, 1);

        second = function == BOTH ? real_round(fx, &cosine, false) : F80_ONE;
        result = real_round(fx, &r, false);
    }
    if (stop) {
        return;
    }
    replace_st0(fx, &result);
    if (pushes) {
        x87_push(fx, &second);
    }
}

#define DEFINE_OF_ANGLE(name, function)                                                            \
    void name(Fx *fx, unsigned opcode)                                                             \
    {                                                                                              \
        (void)opcode;                                                                              \
        of_angle(fx, function);                                                                    \
    }

DEFINE_OF_ANGLE(x87_fsin, SINE)
DEFINE_OF_ANGLE(x87_fcos, COSINE)
DEFINE_OF_ANGLE(x87_fptan, TANGENT)
DEFINE_OF_ANGLE(x87_fsincos, BOTH)

/* ---- arctangent ---- */

/* Pi, and the arctangents of multiples of 1/16, with 126 bits after the point. */
#define PI_126 C128(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1)

static const u128 ARCTANGENTS[17] = {
    C128(0x0000000000000000, 0x0000000000000000), C128(0x03feab76e59fbd38, 0xdb2c9e4b7038b835),
    C128(0x07f56ea6ab0bdb71, 0x9644bcc4f9f44478), C128(0x0bdcbda5e72d8113, 0x47b0b4f881c9c748),
    C128(0x0fadbafc96406eb1, 0x56dc79ef5f7a217e), C128(0x1362773707ebcbcd, 0x38b576931a4f5e65),
    C128(0x16f61941e4def08e, 0x715464245b9fc890), C128(0x1a64eec3cc23fcb6, 0xc84f92bd2003ce27),
    C128(0x1dac670561bb4f68, 0xadfc88bd978751a0), C128(0x20cafd29b6619f8a, 0x92da8272d8694570),
    C128(0x23c01757bdfd67e6, 0xd720d78599710dd2), C128(0x268be0399c6f7688, 0x1089be388813fcef),
    C128(0x292f1f464d3dc249, 0x066a1fca915f6b28), C128(0x2bab130e2d363020, 0x051c978bcf9481c3),
    C128(0x2e014f8af08c679c, 0xf2cb69548429110f), C128(0x3033a16e2b149990, 0x227758b11ba4be89),
    C128(0x3243f6a8885a308d, 0x313198a2e0370734),
};

/* The arctangent of low / high, for 0 < low <= high. */
static Real arctangent_of_ratio(const Real *low, const Real *high)
{
    int distance = high->exponent - low->exponent;
    u128 h = high->fraction >> 8, l = distance < 8 ? low->fraction >> (8 + distance) : 0;
    unsigned sixteenths = (unsigned)((l * 32 / h + 1) / 2);

    if (sixteenths == 0) {
        Real r = real_divide(*low, *high);
        return real_multiply(r, real_of(arctangent_series(square(&r)), 1, false));
    }
    /* atan(t) = atan(c) + atan((t - c) / (1 + t c)).  The sums lose no bits. */
    i128 difference = (i128)(l * 16) - (i128)(h * sixteenths);
    u128 sum = h * 16 + l * sixteenths;
    Real r = real_divide(real_of((u128)(difference < 0 ? -difference : difference), 0, false),
                         real_of(sum, 0, false));
    u128 small = 0;
    if (r.fraction) {
        Real angle = real_multiply(r, real_of(arctangent_series(square(&r)), 1, false));
        small = real_fixed(&angle, 126);
    }
    u128 table = ARCTANGENTS[sixteenths];
    return real_of(difference < 0 ? table - small : table + small, 2, false);
}

/* The angle in the whole circle. y and x may be anything but special values. */
static Real arctangent_of(const Real *y, const Real *x)
{
    bool steep =
        y->exponent > x->exponent || (y->exponent == x->exponent && y->fraction > x->fraction);
    Real angle = steep ? arctangent_of_ratio(x, y) : arctangent_of_ratio(y, x);

    if (steep || x->negative) {
        u128 fixed = real_fixed(&angle, 126);

        if (steep) {
            fixed = PI_126 / 2 - fixed;
        }
        angle = real_of(x->negative ? PI_126 - fixed : fixed, 2, false);
    }
    angle.negative = y->negative;
    return angle;
}

/* The angle in eighths of the circle for zeros and infinities, or 8 for values to compute. */
static unsigned special_angle(const F80 *y, const F80 *x)
{
    Class y_class = class_of(y), x_class = class_of(x);

    if (y_class == CLASS_INFINITE) {
        return x_class != CLASS_INFINITE ? 2 : is_negative(x) ? 3 : 1;
    }
    if (y_class == CLASS_ZERO || x_class == CLASS_INFINITE) {
        return is_negative(x) ? 4 : 0;
    }
    return x_class == CLASS_ZERO ? 2 : 8;
}

static bool arctangent(Fx *fx, const F80 *y, const F80 *x, F80 *result)
{
    if (class_of(x) == CLASS_OTHER || class_of(y) == CLASS_OTHER) {
        return propagate(fx, x, y, result);
    }
    if (!denormal(fx, is_denormal(x) || is_denormal(y))) {
        return false;
    }
    unsigned eighths = special_angle(y, x);
    if (eighths == 0) {
        *result = zero_of(is_negative(y));
        return true;
    }
    Real real_y = real_of_f80(y), real_x = real_of_f80(x);
    Real angle = eighths == 8 ? arctangent_of(&real_y, &real_x)
                              : real_of(PI_126 / 4 * eighths, 2, is_negative(y));
    *result = real_round(fx, &angle, false);
    return true;
}

/* ---- logarithms ---- */

/* 2 / ln(2), with 126 bits after the point. */
#define TWO_BY_LN2 C128(0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89)

/* Magnitudes of log2(n / 32) for n from 22, with 112 bits after the point. */
#define LOG_BITS  112
#define LOG_FIRST 22
static const u128 LOGARITHMS[] = {
    C128(0x00008a62b07f3457, 0xc407050799beaaab), /* -22/32 */
    C128(0x000079f7d7f94e2a, 0xcd3bed456b24ed11), /* -23/32 */
    C128(0x00006a3fe5c60429, 0x78605ff4edf5f974), /* -24/32 */
    C128(0x00005b2c3da19723, 0xa80db6a048059281), /* -25/32 */
    C128(0x00004caffb8dc3b9, 0xa1968925e378d67d), /* -26/32 */
    C128(0x00003ebfb1520c7c, 0x69211fdec9e1ec5d), /* -27/32 */
    C128(0x0000315130157f7a, 0x64ccd536fc5bec1a), /* -28/32 */
    C128(0x0000245b5b855669, 0x2da5a475e64e39c9), /* -29/32 */
    C128(0x000017d60496cfbb, 0x4c673b4511f8c2b5), /* -30/32 */
    C128(0x00000bb9ca64ecac, 0x6aaef2e1c07f0439), /* -31/32 */
    C128(0x0000000000000000, 0x0000000000000000), /* 32/32 */
    C128(0x00000b5d69bac77e, 0xc3989b03784b5be1), /* 33/32 */
    C128(0x00001663f6fac913, 0x167ccc5382614457), /* 34/32 */
    C128(0x00002118b119b4f3, 0xc72c4f78dfa14aa5), /* 35/32 */
    C128(0x00002b803473f7ad, 0x0f3f401624140d17), /* 36/32 */
    C128(0x0000359ebc5b69d9, 0x27dfc23d9780306c), /* 37/32 */
    C128(0x00003f782d7204d0, 0x144751b3314f09de), /* 38/32 */
    C128(0x000049101eac381c, 0xe60916e52e91300f), /* 39/32 */
    C128(0x00005269e12f346e, 0x2bf924afdbfd36bf), /* 40/32 */
    C128(0x00005b8887367433, 0x795e35482d13dc0f), /* 41/32 */
    C128(0x0000646eea247c5c, 0x22d2cad415ae1a71), /* 42/32 */
    C128(0x00006d1fafdce20a, 0x829051bbe3f6289e), /* 43/32 */
    C128(0x0000759d4f80cba8, 0x3bf8faf866415555), /* 44/32 */
    C128(0x00007dea15a32c1b, 0x3b3864c6001143d7), /* 45/32 */
    C128(0x000086082806b1d5, 0x32c412ba94db12ef), /* 46/32 */
};

/*
 * log2(m / c). m is a mantissa from 0.7 to 1.5 with 99 bits after the point, and c
 * is in units of 1/32.
 */
static Real logarithm_near(u128 m, unsigned c)
{
    u128 scaled = m << 5, centre = (u128)c << 99;
    bool negative = scaled < centre;
    Real r = real_divide(real_of(negative ? centre - scaled : scaled - centre, 0, negative),
                         real_of(scaled + centre, 0, false));

    if (!r.fraction) {
        return r;
    }
    r = real_multiply(r, real_of(inverse_series(square(&r)), 2, false));
    return real_multiply(r, real_of(TWO_BY_LN2, 2, false));
}

/* log2 of x > 0, which has at most 100 bits. */
static Real logarithm_of(const Real *x)
{
    u128 m = x->fraction >> 28; /* 1 to 2 */
    int exponent = x->exponent - 1;

    if (m >> 92 > 0xb5) { /* above the square root of 2 */
        m >>= 1;
        exponent++;
    }
    unsigned c = (unsigned)((m + ((u128)1 << 93)) >> 94);
    Real near = logarithm_near(m, c);
    if (exponent == 0 && c == 32) {
        return near;
    }
    i128 table = (i128)LOGARITHMS[c - LOG_FIRST], small = (i128)real_fixed(&near, LOG_BITS);
    i128 sum = (c < 32 ? -table : table) + (near.negative ? -small : small) +
               (i128)exponent * ((i128)1 << LOG_BITS);
    return real_of((u128)(sum < 0 ? -sum : sum), 128 - LOG_BITS, sum < 0);
}

/* Whether x is a power of two: its logarithm is a whole number. */
static bool is_power_of_two(const Real *x)
{
    return x->fraction << 1 == 0;
}

/* Handles the case that x is infinite, 0 or 1, or that y is infinite or 0. */
static bool logarithm_of_special(Fx *fx, const F80 *y, const F80 *x, F80 *result, bool *special)
{
    Class x_class = class_of(x), y_class = class_of(y);
    bool x_is_one = x->fraction == F80_INTEGER && x->exponent == F80_BIAS;
    bool below_one = (x->exponent & F80_EXPONENT) < F80_BIAS;
    bool negative = is_negative(y) != below_one;

    *special = true;
    if (x_class == CLASS_ZERO) {
        if (y_class == CLASS_ZERO) {
            return invalid(fx, result);
        }
        *result = infinity_of(!is_negative(y));
        if (y_class == CLASS_INFINITE) {
            return true;
        }
        x87_raise(fx, FSW_ZE);
        return !x87_stops(fx, FSW_ZE);
    }
    if (is_negative(x) || (x_is_one && y_class == CLASS_INFINITE) ||
        (x_class == CLASS_INFINITE && y_class == CLASS_ZERO)) {
        return invalid(fx, result);
    }
    if (x_class == CLASS_INFINITE || y_class == CLASS_INFINITE) {
        *result = infinity_of(negative);
    } else if (x_is_one || y_class == CLASS_ZERO) {
        *result = zero_of(negative);
    } else {
        *special = false;
    }
    return true;
}

static bool logarithm(Fx *fx, const F80 *y, const F80 *x, F80 *result)
{
    bool special;

    if (class_of(x) == CLASS_OTHER || class_of(y) == CLASS_OTHER) {
        return propagate(fx, x, y, result);
    }
    bool is_invalid = class_of(x) != CLASS_ZERO && is_negative(x);
    if (!is_invalid && !denormal(fx, is_denormal(x) || is_denormal(y))) {
        return false;
    }
    bool completed = logarithm_of_special(fx, y, x, result, &special);
    if (special) {
        return completed;
    }
    Real real_y = real_of_f80(y), real_x = real_of_f80(x), log = logarithm_of(&real_x);
    Real product = real_multiply(real_y, log);
    *result = real_round(fx, &product, is_power_of_two(&real_x));
    return true;
}

/* log2(1 + x) for x > -1. */
static Real logarithm_plus_one(const Real *x)
{
    if (x->exponent <= -6) {
        /* x / (2 + x) = x / 2 / (1 + x / 2) */
        Real half = *x, r;
        half.exponent--;
        u128 part = real_fixed(&half, 120), sum = (u128)1 << 120;
        r = real_divide(half, real_of(x->negative ? sum - part : sum + part, 8, false));
        r = real_multiply(r, real_of(inverse_series(square(&r)), 2, false));
        return real_multiply(r, real_of(TWO_BY_LN2, 2, false));
    }
    if (x->exponent > 64) {
        return logarithm_of(x);
    }
    /* In units of the last bit of x. */
    u128 one = (u128)1 << (64 - x->exponent), value = (uint64_t)(x->fraction >> 64);
    Real sum = real_of(x->negative ? one - value : one + value, x->exponent + 64, false);
    return logarithm_of(&sum);
}

static bool logarithm_plus(Fx *fx, const F80 *y, const F80 *x, F80 *result)
{
    Class x_class = class_of(x), y_class = class_of(y);
    bool negative = is_negative(x) != is_negative(y);

    if (x_class == CLASS_OTHER || y_class == CLASS_OTHER) {
        return propagate(fx, x, y, result);
    }
    if ((x_class == CLASS_INFINITE && (is_negative(x) || y_class == CLASS_ZERO)) ||
        (x_class == CLASS_ZERO && y_class == CLASS_INFINITE)) {
        return invalid(fx, result);
    }
    if (!denormal(fx, is_denormal(x) || is_denormal(y))) {
        return false;
    }
    if (x_class == CLASS_INFINITE || y_class == CLASS_INFINITE) {
        *result = infinity_of(negative);
    } else if (x_class == CLASS_ZERO || y_class == CLASS_ZERO) {
        *result = zero_of(negative);
    } else if (is_negative(x) && (x->exponent & F80_EXPONENT) >= F80_BIAS) {
        /* The operand is out of range.  A processor then returns x. */
        *result = *x;
        x87_raise(fx, FSW_PE);
    } else {
        Real real_y = real_of_f80(y), real_x = real_of_f80(x), log = logarithm_plus_one(&real_x);
        Real product = real_multiply(real_y, log);
        *result = real_round(fx, &product, false);
    }
    return true;
}

/* ---- two operands, one result, one popped ---- */

typedef bool OfTwo(Fx *fx, const F80 *st1, const F80 *st0, F80 *result);

static void of_two(Fx *fx, OfTwo *function)
{
    F80 st0 = *fx_st(fx, 0), st1 = *fx_st(fx, 1), result;
    bool stop;

    if (x87_underflows(fx, !fx_st_full(fx, 0) || !fx_st_full(fx, 1), &stop)) {
        result = X87_INDEFINITE;
    } else {
        stop = !function(fx, &st1, &st0, &result);
    }
    if (!stop) {
        x87_pop(fx);
        replace_st0(fx, &result);
    }
}

#define DEFINE_OF_TWO(name, function)                                                              \
    void name(Fx *fx, unsigned opcode)                                                             \
    {                                                                                              \
        (void)opcode;                                                                              \
        of_two(fx, function);                                                                      \
    }

DEFINE_OF_TWO(x87_fpatan, arctangent)
DEFINE_OF_TWO(x87_fyl2x, logarithm)
DEFINE_OF_TWO(x87_fyl2xp1, logarithm_plus)

/* ---- 2^x - 1 ---- */

#define LN2_128 C128(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af)

static Real exponential_of(const Real *x)
{
    Real t = real_multiply(*x, real_of(LN2_128, 0, false));
    u128 sum = exponential_series(real_fixed(&t, 128), t.negative);

    return real_multiply(t, real_of(sum, 2, false));
}

static bool exponential(Fx *fx, const F80 *x, F80 *result)
{
    switch (class_of(x)) {
    case CLASS_ZERO:
        *result = *x;
        return true;
    case CLASS_INFINITE:
        *result =
            is_negative(x) ? (F80){.fraction = F80_INTEGER, .exponent = F80_SIGN | F80_BIAS} : *x;
        return true;
    case CLASS_OTHER:
        return propagate(fx, x, x, result);
    default:
        break;
    }
    if (!denormal(fx, is_denormal(x))) {
        return false;
    }
    Real real_x = real_of_f80(x);
    if (real_x.exponent > 1 || (real_x.exponent == 1 && !is_power_of_two(&real_x))) {
        /* The operand is out of range.  A processor then leaves it unchanged. */
        *result = *x;
        x87_raise(fx, FSW_PE);
    } else if (real_x.exponent == 1) {
        *result =
            (F80){.fraction = F80_INTEGER,
                  .exponent = (uint16_t)(real_x.negative ? F80_SIGN | (F80_BIAS - 1) : F80_BIAS)};
    } else {
        Real r = exponential_of(&real_x);
        *result = real_round(fx, &r, false);
    }
    return true;
}

void x87_f2xm1(Fx *fx, unsigned opcode)
{
    F80 operand = *fx_st(fx, 0), result;
    bool stop;

    (void)opcode;
    if (x87_underflows(fx, !fx_st_full(fx, 0), &stop)) {
        result = X87_INDEFINITE;
    } else {
        stop = !exponential(fx, &operand, &result);
    }
    if (!stop) {
        replace_st0(fx, &result);
    }
}
