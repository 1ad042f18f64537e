/*
 * Integer instructions of MMX and SSE, up to SSE4.1, in plain C that a compiler
 * turns into vector instructions of the baseline.  `x_` names the XMM form of an
 * instruction and `m_` the MMX form.  Intel SDM, volume 2.
 */
#include "src/accel/soft/x86/vector.h"
#include "src/accel/soft/x86/vector_functions.h"

#include <string.h>

#define UNUSED __attribute__((unused))

#define DEFINE(name, bytes, ...)                                                                   \
    unsigned name(Fx *fx UNUSED, V128 *d UNUSED, const V128 *s UNUSED, unsigned imm UNUSED)        \
    {                                                                                              \
        enum {                                                                                     \
            BYTES UNUSED = bytes,                                                                  \
            WORDS UNUSED = bytes / 2,                                                              \
            DWORDS UNUSED = bytes / 4,                                                             \
            QWORDS UNUSED = bytes / 8                                                              \
        };                                                                                         \
        __VA_ARGS__                                                                                \
        return 0;                                                                                  \
    }
#define XMM(name, ...) DEFINE(x_##name, 16, __VA_ARGS__)
#define BOTH(name, ...)                                                                            \
    DEFINE(x_##name, 16, __VA_ARGS__)                                                              \
    DEFINE(m_##name, 8, __VA_ARGS__)

/* For each lane of a type. a is the destination's lane and b the source's. */
#define LANES(type, lane, expression)                                                              \
    for (unsigned i = 0; i < BYTES / sizeof(type); i++) {                                          \
        type a UNUSED = d->lane[i], b UNUSED = s->lane[i];                                         \
        d->lane[i] = (type)(expression);                                                           \
    }

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

#define SIGNED8(value)    clamp(value, INT8_MIN, INT8_MAX)
#define SIGNED16(value)   clamp(value, INT16_MIN, INT16_MAX)
#define UNSIGNED8(value)  clamp(value, 0, UINT8_MAX)
#define UNSIGNED16(value) clamp(value, 0, UINT16_MAX)

/* ---- logic, sums, comparisons ---- */

BOTH(pand, LANES(uint64_t, q, a &b))
BOTH(pandn, LANES(uint64_t, q, ~a &b))
BOTH(por, LANES(uint64_t, q, a | b))
BOTH(pxor, LANES(uint64_t, q, a ^ b))
BOTH(paddb, LANES(uint8_t, b, a + b))
BOTH(paddw, LANES(uint16_t, w, a + b))
BOTH(paddd, LANES(uint32_t, d, a + b))
BOTH(paddq, LANES(uint64_t, q, a + b))
BOTH(psubb, LANES(uint8_t, b, a - b))
BOTH(psubw, LANES(uint16_t, w, a - b))
BOTH(psubd, LANES(uint32_t, d, a - b))
BOTH(psubq, LANES(uint64_t, q, a - b))
BOTH(paddsb, LANES(int8_t, sb, SIGNED8(a + b)))
BOTH(paddsw, LANES(int16_t, sw, SIGNED16(a + b)))
BOTH(paddusb, LANES(uint8_t, b, UNSIGNED8(a + b)))
BOTH(paddusw, LANES(uint16_t, w, UNSIGNED16(a + b)))
BOTH(psubsb, LANES(int8_t, sb, SIGNED8(a - b)))
BOTH(psubsw, LANES(int16_t, sw, SIGNED16(a - b)))
BOTH(psubusb, LANES(uint8_t, b, UNSIGNED8(a - b)))
BOTH(psubusw, LANES(uint16_t, w, UNSIGNED16(a - b)))
BOTH(pcmpeqb, LANES(uint8_t, b, a == b ? UINT8_MAX : 0))
BOTH(pcmpeqw, LANES(uint16_t, w, a == b ? UINT16_MAX : 0))
BOTH(pcmpeqd, LANES(uint32_t, d, a == b ? UINT32_MAX : 0))
BOTH(pcmpgtb, LANES(int8_t, sb, a > b ? -1 : 0))
BOTH(pcmpgtw, LANES(int16_t, sw, a > b ? -1 : 0))
BOTH(pcmpgtd, LANES(int32_t, sd, a > b ? -1 : 0))
BOTH(pminub, LANES(uint8_t, b, a < b ? a : b))
BOTH(pmaxub, LANES(uint8_t, b, a > b ? a : b))
BOTH(pminsw, LANES(int16_t, sw, a < b ? a : b))
BOTH(pmaxsw, LANES(int16_t, sw, a > b ? a : b))
BOTH(pavgb, LANES(uint8_t, b, (a + b + 1) >> 1))
BOTH(pavgw, LANES(uint16_t, w, (a + b + 1) >> 1))
BOTH(pmullw, LANES(uint16_t, w, (uint32_t)a *b))
BOTH(pmulhw, LANES(int16_t, sw, a *b >> 16))
BOTH(pmulhuw, LANES(uint16_t, w, (uint32_t)a *b >> 16))
BOTH(pmulhrsw, LANES(int16_t, sw, ((a * b >> 14) + 1) >> 1))
BOTH(pabsb, LANES(int8_t, sb, b < 0 ? -b : b))
BOTH(pabsw, LANES(int16_t, sw, b < 0 ? -b : b))
BOTH(pabsd, LANES(uint32_t, d, b >> 31 ? -b : b))
BOTH(psignb, LANES(int8_t, sb, b < 0 ? -a : b ? a : 0))
BOTH(psignw, LANES(int16_t, sw, b < 0 ? -a : b ? a : 0))
BOTH(psignd, LANES(uint32_t, d, b >> 31 ? -a : b ? a : 0))
XMM(pcmpeqq, LANES(uint64_t, q, a == b ? UINT64_MAX : 0))
XMM(pcmpgtq, LANES(int64_t, sq, a > b ? -1 : 0))
XMM(pminsb, LANES(int8_t, sb, a < b ? a : b))
XMM(pmaxsb, LANES(int8_t, sb, a > b ? a : b))
XMM(pminuw, LANES(uint16_t, w, a < b ? a : b))
XMM(pmaxuw, LANES(uint16_t, w, a > b ? a : b))
XMM(pminsd, LANES(int32_t, sd, a < b ? a : b))
XMM(pmaxsd, LANES(int32_t, sd, a > b ? a : b))
XMM(pminud, LANES(uint32_t, d, a < b ? a : b))
XMM(pmaxud, LANES(uint32_t, d, a > b ? a : b))
XMM(pmulld, LANES(uint32_t, d, a *b))

BOTH(pmuludq, LANES(uint64_t, q, (uint64_t)(uint32_t)a *(uint32_t)b))
XMM(pmuldq, LANES(int64_t, sq, (int64_t)(int32_t)a *(int32_t)b))
BOTH(pmaddwd, {
    V128 a = *d, b = *s;

    for (unsigned i = 0; i < DWORDS; i++) {
        d->d[i] =
            (uint32_t)(a.sw[2 * i] * b.sw[2 * i]) + (uint32_t)(a.sw[2 * i + 1] * b.sw[2 * i + 1]);
    }
})
BOTH(pmaddubsw, {
    V128 a = *d, b = *s;

    for (unsigned i = 0; i < WORDS; i++) {
        d->sw[i] = (int16_t)SIGNED16(a.b[2 * i] * b.sb[2 * i] + a.b[2 * i + 1] * b.sb[2 * i + 1]);
    }
})
BOTH(psadbw, {
    V128 a = *d, b = *s;

    for (unsigned i = 0; i < QWORDS; i++) {
        unsigned sum = 0;

        for (unsigned j = 8 * i; j < 8 * i + 8; j++) {
            sum += a.b[j] > b.b[j] ? a.b[j] - b.b[j] : b.b[j] - a.b[j];
        }
        d->q[i] = sum;
    }
})
XMM(mpsadbw, {
    V128 a = *d, b = *s;
    unsigned first = imm & 4, second = 4 * (imm & 3);

    for (unsigned i = 0; i < 8; i++) {
        unsigned sum = 0;

        for (unsigned j = 0; j < 4; j++) {
            int difference = a.b[first + i + j] - b.b[second + j];

            sum += (unsigned)(difference < 0 ? -difference : difference);
        }
        d->w[i] = (uint16_t)sum;
    }
})
XMM(phminposuw, {
    unsigned least = 0;

    for (unsigned i = 1; i < 8; i++) {
        least = s->w[i] < s->w[least] ? i : least;
    }
    uint16_t value = s->w[least];
    *d = (V128){.w = {value, (uint16_t)least}};
})

/* ---- neighbours ---- */

/* Each lane of the result combines two neighbours of one operand. */
#define NEIGHBOURS(type, lane, expression)                                                         \
    {                                                                                              \
        V128 first = *d, second = *s;                                                              \
        const unsigned half = BYTES / sizeof(type) / 2;                                            \
                                                                                                   \
        for (unsigned i = 0; i < 2 * half; i++) {                                                  \
            const V128 *from = i < half ? &first : &second;                                        \
            type a = from->lane[2 * (i % half)], b = from->lane[2 * (i % half) + 1];               \
            d->lane[i] = (type)(expression);                                                       \
        }                                                                                          \
    }

BOTH(phaddw, NEIGHBOURS(uint16_t, w, a + b))
BOTH(phaddd, NEIGHBOURS(uint32_t, d, a + b))
BOTH(phaddsw, NEIGHBOURS(int16_t, sw, SIGNED16(a + b)))
BOTH(phsubw, NEIGHBOURS(uint16_t, w, a - b))
BOTH(phsubd, NEIGHBOURS(uint32_t, d, a - b))
BOTH(phsubsw, NEIGHBOURS(int16_t, sw, SIGNED16(a - b)))

/* ---- packing and unpacking ---- */

#define PACK(wide, narrow_type, narrow, saturate)                                                  \
    {                                                                                              \
        V128 a = *d, b = *s;                                                                       \
        const unsigned half = BYTES / sizeof(narrow_type) / 2;                                     \
                                                                                                   \
        for (unsigned i = 0; i < half; i++) {                                                      \
            d->narrow[i] = (narrow_type)saturate(a.wide[i]);                                       \
            d->narrow[half + i] = (narrow_type)saturate(b.wide[i]);                                \
        }                                                                                          \
    }

BOTH(packsswb, PACK(sw, int8_t, sb, SIGNED8))
BOTH(packuswb, PACK(sw, uint8_t, b, UNSIGNED8))
BOTH(packssdw, PACK(sd, int16_t, sw, SIGNED16))
XMM(packusdw, PACK(sd, uint16_t, w, UNSIGNED16))

/* `high` selects the half that is interleaved. */
#define UNPACK(type, lane, high)                                                                   \
    {                                                                                              \
        V128 a = *d, b = *s;                                                                       \
        const unsigned half = BYTES / sizeof(type) / 2, from = (high) ? half : 0;                  \
                                                                                                   \
        for (unsigned i = 0; i < half; i++) {                                                      \
            d->lane[2 * i] = a.lane[from + i];                                                     \
            d->lane[2 * i + 1] = b.lane[from + i];                                                 \
        }                                                                                          \
    }

BOTH(punpcklbw, UNPACK(uint8_t, b, 0))
BOTH(punpcklwd, UNPACK(uint16_t, w, 0))
BOTH(punpckldq, UNPACK(uint32_t, d, 0))
XMM(punpcklqdq, UNPACK(uint64_t, q, 0))
BOTH(punpckhbw, UNPACK(uint8_t, b, 1))
BOTH(punpckhwd, UNPACK(uint16_t, w, 1))
BOTH(punpckhdq, UNPACK(uint32_t, d, 1))
XMM(punpckhqdq, UNPACK(uint64_t, q, 1))

#define EXTEND(from_lane, to_lane, to_type, count)                                                 \
    {                                                                                              \
        V128 from = *s;                                                                            \
                                                                                                   \
        for (unsigned i = 0; i < (count); i++) {                                                   \
            d->to_lane[i] = (to_type)from.from_lane[i];                                            \
        }                                                                                          \
    }

XMM(pmovsxbw, EXTEND(sb, sw, int16_t, 8))
XMM(pmovsxbd, EXTEND(sb, sd, int32_t, 4))
XMM(pmovsxbq, EXTEND(sb, sq, int64_t, 2))
XMM(pmovsxwd, EXTEND(sw, sd, int32_t, 4))
XMM(pmovsxwq, EXTEND(sw, sq, int64_t, 2))
XMM(pmovsxdq, EXTEND(sd, sq, int64_t, 2))
XMM(pmovzxbw, EXTEND(b, w, uint16_t, 8))
XMM(pmovzxbd, EXTEND(b, d, uint32_t, 4))
XMM(pmovzxbq, EXTEND(b, q, uint64_t, 2))
XMM(pmovzxwd, EXTEND(w, d, uint32_t, 4))
XMM(pmovzxwq, EXTEND(w, q, uint64_t, 2))
XMM(pmovzxdq, EXTEND(d, q, uint64_t, 2))

/* ---- shuffles ---- */

BOTH(pshufb, {
    V128 from = *d, order = *s;

    for (unsigned i = 0; i < BYTES; i++) {
        d->b[i] = order.b[i] & 0x80 ? 0 : from.b[order.b[i] & (BYTES - 1)];
    }
})
DEFINE(m_pshufw, 8, {
    V128 from = *s;

    for (unsigned i = 0; i < 4; i++) {
        d->w[i] = from.w[imm >> 2 * i & 3];
    }
})
XMM(pshufd, {
    V128 from = *s;

    for (unsigned i = 0; i < 4; i++) {
        d->d[i] = from.d[imm >> 2 * i & 3];
    }
})
XMM(pshuflw, {
    V128 from = *s;

    for (unsigned i = 0; i < 4; i++) {
        d->w[i] = from.w[imm >> 2 * i & 3];
    }
    d->q[1] = from.q[1];
})
XMM(pshufhw, {
    V128 from = *s;

    for (unsigned i = 0; i < 4; i++) {
        d->w[4 + i] = from.w[4 + (imm >> 2 * i & 3)];
    }
    d->q[0] = from.q[0];
})
XMM(shufps, {
    V128 a = *d, b = *s;

    *d = (V128){.d = {a.d[imm & 3], a.d[imm >> 2 & 3], b.d[imm >> 4 & 3], b.d[imm >> 6 & 3]}};
})
XMM(shufpd, {
    V128 a = *d, b = *s;

    *d = (V128){.q = {a.q[imm & 1], b.q[imm >> 1 & 1]}};
})
BOTH(palignr, {
    uint8_t joined[2 * BYTES + 256] = {0};

    memcpy(joined, s, BYTES);
    memcpy(joined + BYTES, d, BYTES);
    memcpy(d, joined + (imm & 0xff), BYTES);
})

/* ---- blends ---- */

XMM(pblendw, LANES(uint16_t, w, imm >> i & 1 ? b : a))
XMM(blendps, LANES(uint32_t, d, imm >> i & 1 ? b : a))
XMM(blendpd, LANES(uint64_t, q, imm >> i & 1 ? b : a))
/* XMM0 selects the lanes.  It may also be the destination. */
#define BLEND_VARIABLE(type, lane, bit)                                                            \
    {                                                                                              \
        V128 mask = fx->xmm[0];                                                                    \
                                                                                                   \
        LANES(type, lane, mask.lane[i] >> (bit) ? b : a)                                           \
    }
XMM(pblendvb, BLEND_VARIABLE(uint8_t, b, 7))
XMM(blendvps, BLEND_VARIABLE(uint32_t, d, 31))
XMM(blendvpd, BLEND_VARIABLE(uint64_t, q, 63))

/* ---- shifts ---- */

/* The count is the source's low quadword or an immediate. */
#define SHIFT(name, type, lane, bits, expression, beyond)                                          \
    BOTH(name, {                                                                                   \
        uint64_t count = s->q[0];                                                                  \
                                                                                                   \
        LANES(type, lane, count < (bits) ? (expression) : (beyond))                                \
    })                                                                                             \
    BOTH(name##_i, {                                                                               \
        uint64_t count = imm & 0xff;                                                               \
                                                                                                   \
        for (unsigned i = 0; i < BYTES / sizeof(type); i++) {                                      \
            type a = d->lane[i];                                                                   \
            d->lane[i] = (type)(count < (bits) ? (expression) : (beyond));                         \
        }                                                                                          \
    })

SHIFT(psrlw, uint16_t, w, 16, a >> count, 0)
SHIFT(psrld, uint32_t, d, 32, a >> count, 0)
SHIFT(psrlq, uint64_t, q, 64, a >> count, 0)
SHIFT(psllw, uint16_t, w, 16, a << count, 0)
SHIFT(pslld, uint32_t, d, 32, a << count, 0)
SHIFT(psllq, uint64_t, q, 64, a << count, 0)
SHIFT(psraw, int16_t, sw, 16, a >> count, a >> 15)
SHIFT(psrad, int32_t, sd, 32, a >> count, a >> 31)

XMM(psrldq_i, {
    unsigned count = imm & 0xff;
    V128 from = *d;

    for (unsigned i = 0; i < 16; i++) {
        d->b[i] = i + count < 16 ? from.b[i + count] : 0;
    }
})
XMM(pslldq_i, {
    unsigned count = imm & 0xff;
    V128 from = *d;

    for (unsigned i = 0; i < 16; i++) {
        d->b[i] = i >= count ? from.b[i - count] : 0;
    }
})

/* ---- moves ---- */

XMM(move, { *d = *s; })
XMM(low64, { d->q[0] = s->q[0]; })
XMM(low32, { d->d[0] = s->d[0]; })
XMM(load64, {
    uint64_t value = s->q[0];

    *d = (V128){.q = {value}};
})
XMM(load32, {
    uint32_t value = s->d[0];

    *d = (V128){.d = {value}};
})
XMM(low_from_high, { d->q[0] = s->q[1]; })
XMM(high_from_low, { d->q[1] = s->q[0]; })
XMM(high_to_low, {
    uint64_t value = s->q[1];

    *d = (V128){.q = {value}};
})
XMM(movddup, {
    uint64_t value = s->q[0];

    *d = (V128){.q = {value, value}};
})
XMM(movsldup, { *d = (V128){.d = {s->d[0], s->d[0], s->d[2], s->d[2]}}; })
XMM(movshdup, { *d = (V128){.d = {s->d[1], s->d[1], s->d[3], s->d[3]}}; })
XMM(insertps, {
    uint32_t value = imm & VECTOR_INSERTPS_MEMORY ? s->d[0] : s->d[imm >> 6 & 3];

    d->d[imm >> 4 & 3] = value;
    for (unsigned i = 0; i < 4; i++) {
        d->d[i] = imm >> i & 1 ? 0 : d->d[i];
    }
})
/* With a memory operand there is only one element to select. */
unsigned x_insertps_m(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    return x_insertps(fx, d, s, imm | VECTOR_INSERTPS_MEMORY);
}

/* ---- to and from general registers: the low quadword stands for one ---- */

XMM(movmskps,
    { d->q[0] = s->d[0] >> 31 | s->d[1] >> 31 << 1 | s->d[2] >> 31 << 2 | s->d[3] >> 31 << 3; })
XMM(movmskpd, { d->q[0] = s->q[0] >> 63 | s->q[1] >> 63 << 1; })
BOTH(pmovmskb, {
    uint64_t mask = 0;

    for (unsigned i = 0; i < BYTES; i++) {
        mask |= (uint64_t)(s->b[i] >> 7) << i;
    }
    d->q[0] = mask;
})
BOTH(pextrw, { d->q[0] = s->w[imm & (WORDS - 1)]; })
BOTH(pinsrw, { d->w[imm & (WORDS - 1)] = s->w[0]; })
XMM(pextrb, { d->q[0] = s->b[imm & 15]; })
XMM(pextrd, { d->q[0] = imm & VECTOR_WIDE ? s->q[imm & 1] : s->d[imm & 3]; })
XMM(extractps, { d->q[0] = s->d[imm & 3]; })
XMM(pinsrb, { d->b[imm & 15] = s->b[0]; })
XMM(pinsrd, {
    if (imm & VECTOR_WIDE) {
        d->q[imm & 1] = s->q[0];
    } else {
        d->d[imm & 3] = s->d[0];
    }
})
XMM(from_general, {
    uint64_t value = imm & VECTOR_WIDE ? s->q[0] : s->d[0];

    *d = (V128){.q = {value}};
})
XMM(to_general, { d->q[0] = imm & VECTOR_WIDE ? s->q[0] : s->d[0]; })
/* ZF: no bit of the source is set in the destination.  CF: all bits of the source are. */
XMM(ptest, {
    bool zf = !((d->q[0] & s->q[0]) | (d->q[1] & s->q[1]));
    bool cf = !((~d->q[0] & s->q[0]) | (~d->q[1] & s->q[1]));

    d->q[0] = (zf ? 0x40u : 0) | (cf ? 1u : 0);
})
