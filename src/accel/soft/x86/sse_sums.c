/*
 * The sums of SSE3 and the dot products of SSE4.1, made of single operations.
 */
#include "src/accel/soft/x86/vector.h"
#include "src/accel/soft/x86/vector_functions.h"

/* Return the even and the odd lanes of both operands, which are neighbours in the sums. */
static V128 even_singles(const V128 *d, const V128 *s)
{
    return (V128){.d = {d->d[0], d->d[2], s->d[0], s->d[2]}};
}

static V128 odd_singles(const V128 *d, const V128 *s)
{
    return (V128){.d = {d->d[1], d->d[3], s->d[1], s->d[3]}};
}

static unsigned horizontal_ps(Fx *fx, V128 *d, const V128 *s, VectorFunction *function)
{
    V128 even = even_singles(d, s), odd = odd_singles(d, s);
    unsigned unmasked = function(fx, &even, &odd, 0);

    *d = unmasked ? *d : even;
    return unmasked;
}

static unsigned horizontal_pd(Fx *fx, V128 *d, const V128 *s, VectorFunction *function)
{
    V128 even = {.q = {d->q[0], s->q[0]}}, odd = {.q = {d->q[1], s->q[1]}};
    unsigned unmasked = function(fx, &even, &odd, 0);

    *d = unmasked ? *d : even;
    return unmasked;
}

#define HORIZONTAL(name, function, whole)                                                          \
    unsigned x_##name(Fx *fx, V128 *d, const V128 *s, unsigned imm)                                \
    {                                                                                              \
        (void)imm;                                                                                 \
        return function(fx, d, s, whole);                                                          \
    }

HORIZONTAL(haddps, horizontal_ps, x_addps)
HORIZONTAL(hsubps, horizontal_ps, x_subps)
HORIZONTAL(haddpd, horizontal_pd, x_addpd)
HORIZONTAL(hsubpd, horizontal_pd, x_subpd)

/* A difference is a sum with the sign inverted, except that a NaN keeps its sign. */
unsigned x_addsubps(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    V128 turned = *s;

    for (unsigned i = 0; i < 4; i += 2) {
        turned.d[i] ^= s->d[i] << 1 > 0xff000000u ? 0 : 0x80000000u;
    }
    return x_addps(fx, d, &turned, imm);
}

unsigned x_addsubpd(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    V128 turned = *s;

    turned.q[0] ^= s->q[0] << 1 > UINT64_C(0xffe0000000000000) ? 0 : UINT64_C(1) << 63;
    return x_addpd(fx, d, &turned, imm);
}

/* The lanes whose bit in `mask` is set; the others are +0. */
static V128 lanes32(const V128 *v, unsigned mask)
{
    V128 kept = {0};

    for (unsigned i = 0; i < 4; i++) {
        kept.d[i] = mask >> i & 1 ? v->d[i] : 0;
    }
    return kept;
}

static V128 lanes64(const V128 *v, unsigned mask)
{
    return (V128){.q = {mask & 1 ? v->q[0] : 0, mask & 2 ? v->q[1] : 0}};
}

/*
 * Products are added in pairs, and then the pairs are added.  Lanes that are
 * not selected count as +0.  An unmasked exception of a step ends the
 * instruction there.
 */
unsigned x_dpps(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    V128 a = lanes32(d, imm >> 4), b = lanes32(s, imm >> 4);

    unsigned unmasked = x_mulps(fx, &a, &b, 0);
    if (unmasked) {
        return unmasked;
    }
    V128 even = {.d = {a.d[0], a.d[2]}}, odd = {.d = {a.d[1], a.d[3]}};
    unmasked = x_addps(fx, &even, &odd, 0);
    if (unmasked) {
        return unmasked;
    }
    V128 first = {.d = {even.d[0]}}, second = {.d = {even.d[1]}};
    unmasked = x_addss(fx, &first, &second, 0);
    V128 sum = {.d = {first.d[0], first.d[0], first.d[0], first.d[0]}};
    *d = unmasked ? *d : lanes32(&sum, imm);
    return unmasked;
}

unsigned x_dppd(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    V128 a = lanes64(d, imm >> 4), b = lanes64(s, imm >> 4);

    unsigned unmasked = x_mulpd(fx, &a, &b, 0);
    if (unmasked) {
        return unmasked;
    }
    V128 second = {.q = {a.q[1]}};
    a.q[1] = 0;
    unmasked = x_addsd(fx, &a, &second, 0);
    V128 sum = {.q = {a.q[0], a.q[0]}};
    *d = unmasked ? *d : lanes64(&sum, imm);
    return unmasked;
}
