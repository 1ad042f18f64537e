/*
 * SSE floating point, computed by the host's unit under the guest's rounding
 * mode, DAZ and FZ. The results of x86-64's baseline instructions are the same
 * on every CPU.  ROUND, which is newer, is computed here; sse_sums.c has the sums,
 * and sse_reciprocal.c has RCP and RSQRT.  Exceptions are masked while
 * the host computes, and MXCSR then shows those that the guest has not masked.
 * See Intel SDM, volume 1, "SSE and SSE2 SIMD Floating-Point Exceptions".
 */
#include "src/accel/soft/x86/vector.h"
#include "src/accel/soft/x86/vector_functions.h"
#include "src/accel/soft/x86/x87_host.h"

#include <string.h>

typedef float Lanes __attribute__((vector_size(16), may_alias));

static const uint32_t HOST_MXCSR = MXCSR_INIT;

#define MXCSR_CONTROL  (MXCSR_RC | MXCSR_DAZ | MXCSR_FZ)
#define BEFORE_RESULT  0x07u /* IE, DE and ZE, which are detected before there is a result */
#define UNDERFLOW_FLAG 0x10u

static bool all_masked(const Fx *fx)
{
    return (fx->mxcsr & MXCSR_MASKS) == MXCSR_MASKS;
}

/*
 * Returns the host's MXCSR for the computation.  Flags that the guest has
 * already set may stay unless an exception is unmasked.  Then the new flags
 * must be known, and results that are too small must be visible although FZ
 * would hide them.
 */
static uint32_t control_of(const Fx *fx)
{
    uint32_t control = (fx->mxcsr & MXCSR_CONTROL) | MXCSR_MASKS;

    if (all_masked(fx)) {
        return fx->mxcsr;
    }
    return fx->mxcsr & MXCSR_UM ? control : control & ~MXCSR_FZ;
}

/* The number and width of the results that must be checked. */
typedef enum Results { RESULTS_NONE, RESULTS_PS, RESULTS_PD, RESULTS_SS, RESULTS_SD } Results;

static bool is_tiny32(uint32_t value)
{
    return value << 1 && !(value & 0x7f800000);
}

static bool is_tiny64(uint64_t value)
{
    return value << 1 && !(value & UINT64_C(0x7ff0000000000000));
}

static unsigned result_count(Results results)
{
    return results == RESULTS_PS ? 4 : results == RESULTS_PD ? 2 : results != RESULTS_NONE;
}

static bool any_tiny(const V128 *r, Results results)
{
    for (unsigned i = 0; i < result_count(results); i++) {
        if (results == RESULTS_PS || results == RESULTS_SS ? is_tiny32(r->d[i])
                                                           : is_tiny64(r->q[i])) {
            return true;
        }
    }
    return false;
}

/* The operation that computes a result.  Results gives the exact size of its operands. */
typedef enum Operation { NOT_ARITHMETIC, ADD, SUBTRACT, MULTIPLY, DIVIDE, NARROW } Operation;

static long double operand_of(const Fx *fx, const V128 *v, unsigned i, bool single)
{
    float f;
    double d;

    if (fx->mxcsr & MXCSR_DAZ && (single ? is_tiny32(v->d[i]) : is_tiny64(v->q[i]))) {
        return 0;
    }
    memcpy(&f, &v->d[single ? i : 0], sizeof(f));
    memcpy(&d, &v->q[single ? 0 : i], sizeof(d));
    return single ? (long double)f : (long double)d;
}

/* Whether a result is inexact even if its exponent is unlimited, as in the x87 unit. */
static bool is_inexact(const Fx *fx, long double a, long double b, Operation operation,
                       bool to_single)
{
    unsigned rounding = fx->mxcsr >> MXCSR_RC_SHIFT & 3;
    X87Host host;

    memset(&host.st0, 0, sizeof(host.st0));
    memset(&host.st1, 0, sizeof(host.st1));
    memcpy(&host.st0, &a, 10);
    memcpy(&host.st1, &b, 10);
    host.control =
        (uint16_t)(FSW_EXCEPTIONS | FCW_ONE | (to_single ? 0 : 0x200) | rounding << FCW_RC_SHIFT);
    host.a = &host.st0;
    host.b = &host.st1;
    host.result = &host.st0;
    __asm__ volatile("fnclex");
    switch (operation) {
    case SUBTRACT:
        X87_HOST_BINARY(&host, "fsub %%st(1), %%st");
        break;
    case MULTIPLY:
        X87_HOST_BINARY(&host, "fmul %%st(1), %%st");
        break;
    case DIVIDE:
        X87_HOST_BINARY(&host, "fdiv %%st(1), %%st");
        break;
    default:
        X87_HOST_BINARY(&host, "fadd %%st(1), %%st");
        break;
    }
    return host.status & FSW_PE;
}

static bool any_inexact(const Fx *fx, const V128 *d, const V128 *s, Operation operation,
                        Results results)
{
    bool to_single = results == RESULTS_PS || results == RESULTS_SS;
    unsigned count = operation == NARROW && results == RESULTS_PS ? 2 : result_count(results);

    for (unsigned i = 0; i < count; i++) {
        bool single = to_single && operation != NARROW;
        long double a = operand_of(fx, operation == NARROW ? s : d, i, single);
        long double b = operation == NARROW ? 0 : operand_of(fx, s, i, single);

        if (is_inexact(fx, a, b, operation, to_single)) {
            return true;
        }
    }
    return false;
}

#define OVERFLOW_FLAG 0x08u
#define INEXACT_FLAG  0x20u
#define BEYOND_RANGE  (OVERFLOW_FLAG | UNDERFLOW_FLAG)

/* Sets the flags if some exceptions are unmasked, and returns those that raise #XM. */
static __attribute__((noinline)) unsigned finish_unmasked(Fx *fx, const V128 *r, uint32_t status,
                                                          Results results, Operation operation,
                                                          const V128 *d, const V128 *s)
{
    unsigned raised = status & MXCSR_EXCEPTIONS;
    unsigned unmasked = ~fx->mxcsr >> MXCSR_MASKS_SHIFT & MXCSR_EXCEPTIONS;

    if (unmasked & UNDERFLOW_FLAG && any_tiny(r, results)) {
        raised |= UNDERFLOW_FLAG;
    }
    if (raised & unmasked & BEFORE_RESULT) {
        raised &= BEFORE_RESULT;
    } else if (raised & unmasked & BEYOND_RANGE && operation != NOT_ARITHMETIC &&
               !(raised & ~unmasked & BEYOND_RANGE) && !any_inexact(fx, d, s, operation, results)) {
        /* The precision that the masked response lost does not count. */
        raised &= ~INEXACT_FLAG;
    }
    fx->mxcsr |= raised;
    return raised & unmasked;
}

static inline unsigned finish(Fx *fx, V128 *d, const Lanes *r, uint32_t status, Results results,
                              Operation operation, const V128 *s)
{
    if (all_masked(fx)) {
        fx->mxcsr = status;
        memcpy(d, r, sizeof(*d));
        return 0;
    }
    V128 result;
    memcpy(&result, r, sizeof(result));
    unsigned unmasked = finish_unmasked(fx, &result, status, results, operation, d, s);
    if (!unmasked) {
        *d = result;
    }
    return unmasked;
}

/* The flags may stay, because nothing of ours reads them. */
static inline void restore_host(uint32_t control)
{
    if (control & MXCSR_CONTROL) {
        __asm__ volatile("ldmxcsr %0" ::"m"(HOST_MXCSR));
    }
}

/* Executes one instruction on r and *s, with the guest's MXCSR in force. */
#define RUN(text, r, s, status)                                                                    \
    do {                                                                                           \
        uint32_t control_ = control_of(fx);                                                        \
        __asm__ volatile("ldmxcsr %[control]\n\t" text "\n\tstmxcsr %[status_]"                    \
                         : [r_] "+x"(r), [status_] "=m"(status)                                    \
                         : [s_] "m"(*(s)), [control] "m"(control_));                               \
        restore_host(control_);                                                                    \
    } while (0)

#define ARITHMETIC(name, text, results, operation)                                                 \
    unsigned x_##name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                \
    {                                                                                              \
        Lanes r;                                                                                   \
        uint32_t status;                                                                           \
                                                                                                   \
        (void)imm;                                                                                 \
        memcpy(&r, d, sizeof(r));                                                                  \
        RUN(text " %[s_], %[r_]", r, s, status);                                                   \
        return finish(fx, d, &r, status, results, operation, s);                                   \
    }

#define FLOAT(name, text, results) ARITHMETIC(name, text, results, NOT_ARITHMETIC)

#define FOUR(name, operation)                                                                      \
    ARITHMETIC(name##ps, #name "ps", RESULTS_PS, operation)                                        \
    ARITHMETIC(name##pd, #name "pd", RESULTS_PD, operation)                                        \
    ARITHMETIC(name##ss, #name "ss", RESULTS_SS, operation)                                        \
    ARITHMETIC(name##sd, #name "sd", RESULTS_SD, operation)

FOUR(add, ADD)
FOUR(sub, SUBTRACT)
FOUR(mul, MULTIPLY)
FOUR(div, DIVIDE)
/* A minimum may be a denormal operand, which is not an underflow. */
FLOAT(minps, "minps", RESULTS_NONE)
FLOAT(minpd, "minpd", RESULTS_NONE)
FLOAT(minss, "minss", RESULTS_NONE)
FLOAT(minsd, "minsd", RESULTS_NONE)
FLOAT(maxps, "maxps", RESULTS_NONE)
FLOAT(maxpd, "maxpd", RESULTS_NONE)
FLOAT(maxss, "maxss", RESULTS_NONE)
FLOAT(maxsd, "maxsd", RESULTS_NONE)
FLOAT(sqrtps, "sqrtps", RESULTS_NONE)
FLOAT(sqrtpd, "sqrtpd", RESULTS_NONE)
FLOAT(sqrtss, "sqrtss", RESULTS_NONE)
FLOAT(sqrtsd, "sqrtsd", RESULTS_NONE)
FLOAT(cvtps2pd, "cvtps2pd", RESULTS_NONE)
ARITHMETIC(cvtpd2ps, "cvtpd2ps", RESULTS_PS, NARROW)
FLOAT(cvtss2sd, "cvtss2sd", RESULTS_NONE)
ARITHMETIC(cvtsd2ss, "cvtsd2ss", RESULTS_SS, NARROW)
FLOAT(cvtdq2ps, "cvtdq2ps", RESULTS_NONE)
FLOAT(cvtps2dq, "cvtps2dq", RESULTS_NONE)
FLOAT(cvttps2dq, "cvttps2dq", RESULTS_NONE)
FLOAT(cvtdq2pd, "cvtdq2pd", RESULTS_NONE)
FLOAT(cvtpd2dq, "cvtpd2dq", RESULTS_NONE)
FLOAT(cvttpd2dq, "cvttpd2dq", RESULTS_NONE)

/* ---- comparisons ---- */

#define COMPARE(name)                                                                                                                                                      \
    static VectorFunction x_##name##_0, x_##name##_1, x_##name##_2, x_##name##_3, x_##name##_4,                                                                            \
        x_##name##_5, x_##name##_6, x_##name##_7;                                                                                                                          \
    static FLOAT(name##_0, #name " $0,", RESULTS_NONE) static FLOAT(name##_1, #name " $1,", RESULTS_NONE) static FLOAT(name##_2, #name " $2,", RESULTS_NONE) static FLOAT( \
        name##_3, #name " $3,",                                                                                                                                            \
        RESULTS_NONE) static FLOAT(name##_4, #name " $4,",                                                                                                                 \
                                   RESULTS_NONE) static FLOAT(name##_5, #name " $5,",                                                                                      \
                                                              RESULTS_NONE) static FLOAT(name##_6,                                                                         \
                                                                                         #name                                                                             \
                                                                                         " $6,",                                                                           \
                                                                                         RESULTS_NONE) static FLOAT(name##_7,                                              \
                                                                                                                    #name                                                  \
                                                                                                                    " $7,",                                                \
                                                                                                                    RESULTS_NONE) unsigned                                 \
        x_##name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                                                                                             \
    {                                                                                                                                                                      \
        static VectorFunction *const BY_PREDICATE[8] = {                                                                                                                   \
            x_##name##_0, x_##name##_1, x_##name##_2, x_##name##_3,                                                                                                        \
            x_##name##_4, x_##name##_5, x_##name##_6, x_##name##_7,                                                                                                        \
        };                                                                                                                                                                 \
                                                                                                                                                                           \
        return BY_PREDICATE[imm & 7](fx, d, s, imm);                                                                                                                       \
    }

COMPARE(cmpps)
COMPARE(cmppd)
COMPARE(cmpss)
COMPARE(cmpsd)

#define COMPARE_FLAGS(name)                                                                        \
    unsigned x_##name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                \
    {                                                                                              \
        Lanes r;                                                                                   \
        uint32_t status, control = control_of(fx);                                                 \
        uint8_t cf, pf, zf;                                                                        \
                                                                                                   \
        (void)imm;                                                                                 \
        memcpy(&r, d, sizeof(r));                                                                  \
        __asm__ volatile("ldmxcsr %[control]\n\t" #name " %[s], %[r]\n\t"                          \
                         "setc %[cf]\n\tsetp %[pf]\n\tsetz %[zf]\n\tstmxcsr %[status]"             \
                         : [cf] "=&q"(cf), [pf] "=&q"(pf), [zf] "=&q"(zf), [status] "=m"(status)   \
                         : [r] "x"(r), [s] "m"(*s), [control] "m"(control)                         \
                         : "cc");                                                                  \
        restore_host(control);                                                                     \
        V128 flags = {.d = {cf | (uint32_t)pf << 2 | (uint32_t)zf << 6}};                          \
        memcpy(&r, &flags, sizeof(r));                                                             \
        return finish(fx, d, &r, status, RESULTS_NONE, NOT_ARITHMETIC, s);                         \
    }

COMPARE_FLAGS(comiss)
COMPARE_FLAGS(ucomiss)
COMPARE_FLAGS(comisd)
COMPARE_FLAGS(ucomisd)

/* ---- to and from integers ---- */

/* An integer operand replaces *s.  The result goes to the low lane of *d. */
#define FROM_INTEGER(name)                                                                         \
    unsigned x_##name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                \
    {                                                                                              \
        Lanes r;                                                                                   \
        uint32_t status;                                                                           \
                                                                                                   \
        memcpy(&r, d, sizeof(r));                                                                  \
        if (imm & VECTOR_WIDE) {                                                                   \
            RUN(#name "q %[s_], %[r_]", r, &s->q[0], status);                                      \
        } else {                                                                                   \
            RUN(#name "l %[s_], %[r_]", r, &s->d[0], status);                                      \
        }                                                                                          \
        return finish(fx, d, &r, status, RESULTS_NONE, NOT_ARITHMETIC, s);                         \
    }

FROM_INTEGER(cvtsi2ss)
FROM_INTEGER(cvtsi2sd)

#define TO_INTEGER(name)                                                                           \
    unsigned x_##name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                \
    {                                                                                              \
        uint32_t status, control = control_of(fx);                                                 \
        V128 value = {0};                                                                          \
        Lanes r;                                                                                   \
                                                                                                   \
        if (imm & VECTOR_WIDE) {                                                                   \
            __asm__ volatile("ldmxcsr %[control]\n\t" #name "q %[s], %[r]\n\tstmxcsr %[status]"    \
                             : [r] "=r"(value.q[0]), [status] "=m"(status)                         \
                             : [s] "m"(*s), [control] "m"(control));                               \
        } else {                                                                                   \
            __asm__ volatile("ldmxcsr %[control]\n\t" #name "l %[s], %[r]\n\tstmxcsr %[status]"    \
                             : [r] "=r"(value.d[0]), [status] "=m"(status)                         \
                             : [s] "m"(*s), [control] "m"(control));                               \
        }                                                                                          \
        restore_host(control);                                                                     \
        memcpy(&r, &value, sizeof(r));                                                             \
        return finish(fx, d, &r, status, RESULTS_NONE, NOT_ARITHMETIC, s);                         \
    }

TO_INTEGER(cvtss2si)
TO_INTEGER(cvttss2si)
TO_INTEGER(cvtsd2si)
TO_INTEGER(cvttsd2si)

/* With MMX the upper half is not used.  Zeros in it raise no exceptions. */
static unsigned half_of(VectorFunction *function, Fx *fx, V128 *d, const V128 *s)
{
    V128 low = {.q = {s->q[0]}}, result = {0};
    unsigned unmasked = function(fx, &result, &low, 0);

    if (!unmasked) {
        d->q[0] = result.q[0];
    }
    return unmasked;
}

#define HALF(name, whole)                                                                          \
    unsigned name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                    \
    {                                                                                              \
        (void)imm;                                                                                 \
        return half_of(whole, fx, d, s);                                                           \
    }

HALF(x_cvtpi2ps, x_cvtdq2ps)
HALF(m_cvtps2pi, x_cvtps2dq)
HALF(m_cvttps2pi, x_cvttps2dq)

unsigned m_cvtpd2pi(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    return x_cvtpd2dq(fx, d, s, imm);
}

unsigned m_cvttpd2pi(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    return x_cvttpd2dq(fx, d, s, imm);
}

/* ---- rounding to integers, of SSE4.1 ---- */

#define ROUND_BY_MXCSR 4u
#define ROUND_QUIETLY  8u
#define FLAG_IE        0x01u
#define FLAG_PE        0x20u

/* Rounds a value with `fraction_bits` after the binary point, and adds exceptions to `*raised`. */
static uint64_t round_bits(uint64_t magnitude, bool negative, unsigned fraction_bits, unsigned mode,
                           unsigned *raised)
{
    uint64_t unit = UINT64_C(1) << fraction_bits, rest = magnitude & (unit - 1);
    uint64_t whole = magnitude - rest;
    bool up = mode == 0   ? rest > unit / 2 || (rest == unit / 2 && whole & unit)
              : mode == 1 ? negative && rest
              : mode == 2 ? !negative && rest
                          : false;

    *raised |= rest ? FLAG_PE : 0;
    return whole + (up ? unit : 0);
}

/* The format of a value: the number of mantissa bits, and the bias of the exponent. */
typedef struct Format {
    unsigned mantissa, bias;
    uint64_t sign, infinity, quiet, one;
} Format;

static const Format SINGLE = {23, 127, 0x80000000, 0x7f800000, 0x400000, 0x3f800000};
static const Format DOUBLE = {
    52,
    1023,
    UINT64_C(1) << 63,
    UINT64_C(0x7ff0000000000000),
    UINT64_C(0x8000000000000),
    UINT64_C(0x3ff0000000000000),
};

/* Rounds a magnitude below 1. */
static uint64_t round_small(uint64_t magnitude, const Format *f, bool negative, unsigned mode,
                            unsigned *raised)
{
    uint64_t half = f->one - (UINT64_C(1) << f->mantissa);
    bool up = mode == 0 ? magnitude > half : mode == 1 ? negative : mode == 2 ? !negative : false;

    *raised |= FLAG_PE;
    return up ? f->one : 0;
}

static uint64_t round_value(uint64_t value, const Format *f, unsigned mode, bool daz,
                            unsigned *raised)
{
    uint64_t sign = value & f->sign, magnitude = value ^ sign;
    unsigned exponent = (unsigned)(magnitude >> f->mantissa);

    if (magnitude > f->infinity) {
        *raised |= value & f->quiet ? 0 : FLAG_IE;
        return value | f->quiet;
    }
    if (magnitude == 0 || exponent >= f->bias + f->mantissa) {
        return value;
    }
    if (exponent == 0 && daz) {
        return sign;
    }
    if (exponent < f->bias) {
        return sign | round_small(magnitude, f, sign, mode, raised);
    }
    /* A carry out of the mantissa correctly increments the exponent. */
    return sign | round_bits(magnitude, sign, f->bias + f->mantissa - exponent, mode, raised);
}

static unsigned round_lanes(Fx *fx, V128 *d, const V128 *s, unsigned imm, const Format *f,
                            unsigned count)
{
    unsigned mode = imm & ROUND_BY_MXCSR ? fx->mxcsr >> MXCSR_RC_SHIFT & 3 : imm & 3, raised = 0;
    bool daz = fx->mxcsr & MXCSR_DAZ;
    V128 r = *d;

    for (unsigned i = 0; i < count; i++) {
        if (f == &SINGLE) {
            r.d[i] = (uint32_t)round_value(s->d[i], f, mode, daz, &raised);
        } else {
            r.q[i] = round_value(s->q[i], f, mode, daz, &raised);
        }
    }
    if (imm & ROUND_QUIETLY) {
        raised &= ~FLAG_PE;
    }
    unsigned unmasked = finish_unmasked(fx, &r, raised, RESULTS_NONE, NOT_ARITHMETIC, d, s);
    *d = unmasked ? *d : r;
    return unmasked;
}

#define ROUND(name, format, count)                                                                 \
    unsigned x_##name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                \
    {                                                                                              \
        return round_lanes(fx, d, s, imm, &format, count);                                         \
    }

ROUND(roundps, SINGLE, 4)
ROUND(roundpd, DOUBLE, 2)
ROUND(roundss, SINGLE, 1)
ROUND(roundsd, DOUBLE, 1)
