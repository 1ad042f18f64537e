/* The forms of SSE and SSE2, which every host has, as lists for forms.c. */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_FORMS_VECTOR_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_FORMS_VECTOR_H

#include "src/accel/soft/translate/emit.h"

/* How a vector instruction differs from others of its kind, beside the encoding. */
#define VECTOR_FLOAT   0x100u /* it depends on MXCSR and sets flags there */
#define VECTOR_READS   0x200u /* the destination is an operand, too, or keeps a part */
#define VECTOR_ALIGNED 0x400u /* an operand in memory must be aligned */

/* Prefixes of the opcode, which choose the type of the elements. */
#define VECTOR_NP EMIT_0F
#define VECTOR_66 (EMIT_0F | EMIT_66)
#define VECTOR_F3 (EMIT_0F | EMIT_F3)
#define VECTOR_F2 (EMIT_0F | EMIT_F2)

#define VECTOR_FORM(name, kind, shape, width, op, how)                                             \
    {                                                                                              \
        HANDLER_ID(name),                                                                          \
        {                                                                                          \
            KIND_##kind, SHAPE_##shape, width, op, how                                             \
        }                                                                                          \
    }

/* A register from another, or from `bits` bits of memory. */
#define VECTOR_PAIR(name, bits, op, how)                                                           \
    VECTOR_FORM(x_##name##_r, VECTOR, RR, bits, op, how),                                          \
        VECTOR_FORM(x_##name##_m, VECTOR, RM, bits, op,                                            \
                    (how) | ((bits) == 128 ? VECTOR_ALIGNED : 0))
/* The same with an immediate. */
#define VECTOR_PAIR_I(name, bits, op, how)                                                         \
    VECTOR_FORM(x_##name##_r, VECTOR, RRI, bits, op, how),                                         \
        VECTOR_FORM(x_##name##_m, VECTOR, RMI, bits, op,                                           \
                    (how) | ((bits) == 128 ? VECTOR_ALIGNED : 0))
#define VECTOR_INTEGER(name, op) VECTOR_PAIR(name, 128, op, VECTOR_66 | VECTOR_READS)
/* A shift by an immediate: `extension` is a part of the opcode. */
#define VECTOR_SHIFT(name, op, extension)                                                          \
    VECTOR_FORM(name, VECTOR_SHIFT, RI, extension, op, VECTOR_66 | VECTOR_READS)

#define VECTOR_FOUR(name, op, reads)                                                               \
    VECTOR_PAIR(name##ps, 128, op, VECTOR_NP | VECTOR_FLOAT | (reads)),                            \
        VECTOR_PAIR(name##pd, 128, op, VECTOR_66 | VECTOR_FLOAT | (reads)),                        \
        VECTOR_PAIR(name##ss, 32, op, VECTOR_F3 | VECTOR_FLOAT | VECTOR_READS),                    \
        VECTOR_PAIR(name##sd, 64, op, VECTOR_F2 | VECTOR_FLOAT | VECTOR_READS)
#define VECTOR_COMPARE(name, bits, how)                                                            \
    VECTOR_PAIR_I(name, bits, 0xc2, (how) | VECTOR_FLOAT | VECTOR_READS)

#define VECTOR_STORE(name, bits, op, how) VECTOR_FORM(name##_m, VECTOR_STORE, MR, bits, op, how)
#define VECTOR_LOAD(name, bits, op, how)  VECTOR_FORM(name##_m, VECTOR, RM, bits, op, how)
#define VECTOR_MERGE(name, op, how)       VECTOR_FORM(name##_r, VECTOR, RR, 128, op, how | VECTOR_READS)
#define VECTOR_COPY(name)                 VECTOR_FORM(name##_r, VECTOR, RR, 128, 0x28, VECTOR_NP)

/* Comparisons that set the flags. */
#define VECTOR_FLAGS(name, bits, op, how)                                                          \
    VECTOR_FORM(name##_r, VECTOR_FLAGS, RR, bits, op, (how) | VECTOR_FLOAT),                       \
        VECTOR_FORM(name##_m, VECTOR_FLAGS, RM, bits, op, (how) | VECTOR_FLOAT)

/* To and from general registers. */
#define VECTOR_MASK(name, op, how) VECTOR_FORM(name, VECTOR_TO_GENERAL, RR, 32, op, how)
#define VECTOR_TO_INTEGER(name, bits, op, how)                                                     \
    VECTOR_FORM(name##_r, VECTOR_TO_GENERAL, RR, bits, op, (how) | VECTOR_FLOAT),                  \
        VECTOR_FORM(name##_m, VECTOR_TO_GENERAL, RM, bits, op, (how) | VECTOR_FLOAT)
#define VECTOR_FROM_INTEGER(name, bits, how)                                                       \
    VECTOR_FORM(name##_r, VECTOR_FROM_GENERAL, RR, bits, 0x2a,                                     \
                (how) | VECTOR_FLOAT | VECTOR_READS),                                              \
        VECTOR_FORM(name##_m, VECTOR, RM, bits, 0x2a, (how) | VECTOR_FLOAT | VECTOR_READS)
#define VECTOR_FROM_GENERAL(name, bits, how)                                                       \
    VECTOR_FORM(name##_r, VECTOR_FROM_GENERAL, RR, bits, 0x6e, how),                               \
        VECTOR_FORM(name##_m, VECTOR, RM, bits, 0x6e, how)
#define VECTOR_TO_MEMORY(name, bits, how)                                                          \
    VECTOR_FORM(name##_r, VECTOR_TO_GENERAL, RR, bits, 0x7e, how),                                 \
        VECTOR_FORM(name##_m, VECTOR_STORE, MR, bits, 0x7e, how)

/* ---- the lists ---- */

#define VECTOR_INTEGERS                                                                            \
    VECTOR_INTEGER(pand, 0xdb), VECTOR_INTEGER(pandn, 0xdf), VECTOR_INTEGER(por, 0xeb),            \
        VECTOR_INTEGER(pxor, 0xef), VECTOR_INTEGER(paddb, 0xfc), VECTOR_INTEGER(paddw, 0xfd),      \
        VECTOR_INTEGER(paddd, 0xfe), VECTOR_INTEGER(paddq, 0xd4), VECTOR_INTEGER(psubb, 0xf8),     \
        VECTOR_INTEGER(psubw, 0xf9), VECTOR_INTEGER(psubd, 0xfa), VECTOR_INTEGER(psubq, 0xfb),     \
        VECTOR_INTEGER(paddsb, 0xec), VECTOR_INTEGER(paddsw, 0xed), VECTOR_INTEGER(paddusb, 0xdc), \
        VECTOR_INTEGER(paddusw, 0xdd), VECTOR_INTEGER(psubsb, 0xe8), VECTOR_INTEGER(psubsw, 0xe9), \
        VECTOR_INTEGER(psubusb, 0xd8), VECTOR_INTEGER(psubusw, 0xd9),                              \
        VECTOR_INTEGER(pcmpeqb, 0x74), VECTOR_INTEGER(pcmpeqw, 0x75),                              \
        VECTOR_INTEGER(pcmpeqd, 0x76), VECTOR_INTEGER(pcmpgtb, 0x64),                              \
        VECTOR_INTEGER(pcmpgtw, 0x65), VECTOR_INTEGER(pcmpgtd, 0x66),                              \
        VECTOR_INTEGER(pminub, 0xda), VECTOR_INTEGER(pmaxub, 0xde), VECTOR_INTEGER(pminsw, 0xea),  \
        VECTOR_INTEGER(pmaxsw, 0xee), VECTOR_INTEGER(pavgb, 0xe0), VECTOR_INTEGER(pavgw, 0xe3),    \
        VECTOR_INTEGER(pmullw, 0xd5), VECTOR_INTEGER(pmulhw, 0xe5), VECTOR_INTEGER(pmulhuw, 0xe4), \
        VECTOR_INTEGER(pmuludq, 0xf4), VECTOR_INTEGER(pmaddwd, 0xf5),                              \
        VECTOR_INTEGER(psadbw, 0xf6), VECTOR_INTEGER(packsswb, 0x63),                              \
        VECTOR_INTEGER(packuswb, 0x67), VECTOR_INTEGER(packssdw, 0x6b),                            \
        VECTOR_INTEGER(punpcklqdq, 0x6c), VECTOR_INTEGER(punpckhqdq, 0x6d),                        \
        VECTOR_INTEGER(punpckhbw, 0x68), VECTOR_INTEGER(punpckhwd, 0x69),                          \
        VECTOR_INTEGER(punpckhdq, 0x6a), VECTOR_INTEGER(psrlw, 0xd1), VECTOR_INTEGER(psrld, 0xd2), \
        VECTOR_INTEGER(psrlq, 0xd3), VECTOR_INTEGER(psllw, 0xf1), VECTOR_INTEGER(pslld, 0xf2),     \
        VECTOR_INTEGER(psllq, 0xf3), VECTOR_INTEGER(psraw, 0xe1), VECTOR_INTEGER(psrad, 0xe2),     \
        VECTOR_INTEGER(punpcklbw, 0x60), VECTOR_INTEGER(punpcklwd, 0x61),                          \
        VECTOR_INTEGER(punpckldq, 0x62), VECTOR_PAIR_I(pshufd, 128, 0x70, VECTOR_66),              \
        VECTOR_PAIR_I(pshuflw, 128, 0x70, VECTOR_F2),                                              \
        VECTOR_PAIR_I(pshufhw, 128, 0x70, VECTOR_F3),                                              \
        VECTOR_PAIR_I(shufps, 128, 0xc6, VECTOR_NP | VECTOR_READS),                                \
        VECTOR_PAIR_I(shufpd, 128, 0xc6, VECTOR_66 | VECTOR_READS),                                \
        VECTOR_SHIFT(x_psrlw_i, 0x71, 2), VECTOR_SHIFT(x_psraw_i, 0x71, 4),                        \
        VECTOR_SHIFT(x_psllw_i, 0x71, 6), VECTOR_SHIFT(x_psrld_i, 0x72, 2),                        \
        VECTOR_SHIFT(x_psrad_i, 0x72, 4), VECTOR_SHIFT(x_pslld_i, 0x72, 6),                        \
        VECTOR_SHIFT(x_psrlq_i, 0x73, 2), VECTOR_SHIFT(x_psllq_i, 0x73, 6),                        \
        VECTOR_SHIFT(psrldq, 0x73, 3), VECTOR_SHIFT(pslldq, 0x73, 7)

#define VECTOR_MOVES                                                                               \
    VECTOR_PAIR(move, 128, 0x28, VECTOR_NP), VECTOR_LOAD(movups_load, 128, 0x10, VECTOR_NP),       \
        VECTOR_LOAD(movss_load, 32, 0x10, VECTOR_F3),                                              \
        VECTOR_LOAD(movsd_load, 64, 0x10, VECTOR_F2), VECTOR_LOAD(movq_load, 64, 0x7e, VECTOR_F3), \
        VECTOR_LOAD(movlps_load, 64, 0x12, VECTOR_NP | VECTOR_READS),                              \
        VECTOR_LOAD(movhps_load, 64, 0x16, VECTOR_NP | VECTOR_READS), VECTOR_COPY(movups_load),    \
        VECTOR_COPY(movups_store), VECTOR_COPY(movaps_store),                                      \
        VECTOR_MERGE(movss_load, 0x10, VECTOR_F3), VECTOR_MERGE(movsd_load, 0x10, VECTOR_F2),      \
        VECTOR_MERGE(movss_store, 0x10, VECTOR_F3), VECTOR_MERGE(movsd_store, 0x10, VECTOR_F2),    \
        VECTOR_MERGE(movlps_load, 0x12, VECTOR_NP), VECTOR_MERGE(movhps_load, 0x16, VECTOR_NP),    \
        VECTOR_FORM(movq_load_r, VECTOR, RR, 128, 0x7e, VECTOR_F3),                                \
        VECTOR_FORM(movq_store_r, VECTOR, RR, 128, 0x7e, VECTOR_F3),                               \
        VECTOR_STORE(movups_store, 128, 0x11, VECTOR_NP),                                          \
        VECTOR_STORE(movaps_store, 128, 0x29, VECTOR_NP | VECTOR_ALIGNED),                         \
        VECTOR_STORE(movss_store, 32, 0x11, VECTOR_F3),                                            \
        VECTOR_STORE(movsd_store, 64, 0x11, VECTOR_F2),                                            \
        VECTOR_STORE(movq_store, 64, 0xd6, VECTOR_66),                                             \
        VECTOR_STORE(movlps_store, 64, 0x13, VECTOR_NP),                                           \
        VECTOR_STORE(movhps_store, 64, 0x17, VECTOR_NP),                                           \
        VECTOR_FROM_GENERAL(movd_xg, 32, VECTOR_66), VECTOR_TO_MEMORY(movd_gx, 32, VECTOR_66),     \
        VECTOR_MASK(pmovmskb_x, 0xd7, VECTOR_66), VECTOR_MASK(movmskps, 0x50, VECTOR_NP),          \
        VECTOR_MASK(movmskpd, 0x50, VECTOR_66)

#define VECTOR_FLOATS                                                                              \
    VECTOR_FOUR(add, 0x58, VECTOR_READS), VECTOR_FOUR(mul, 0x59, VECTOR_READS),                    \
        VECTOR_FOUR(sub, 0x5c, VECTOR_READS), VECTOR_FOUR(min, 0x5d, VECTOR_READS),                \
        VECTOR_FOUR(div, 0x5e, VECTOR_READS), VECTOR_FOUR(max, 0x5f, VECTOR_READS),                \
        VECTOR_FOUR(sqrt, 0x51, 0), VECTOR_COMPARE(cmpps, 128, VECTOR_NP),                         \
        VECTOR_COMPARE(cmppd, 128, VECTOR_66), VECTOR_COMPARE(cmpss, 32, VECTOR_F3),               \
        VECTOR_COMPARE(cmpsd, 64, VECTOR_F2),                                                      \
        VECTOR_PAIR(cvtps2pd, 64, 0x5a, VECTOR_NP | VECTOR_FLOAT),                                 \
        VECTOR_PAIR(cvtpd2ps, 128, 0x5a, VECTOR_66 | VECTOR_FLOAT),                                \
        VECTOR_PAIR(cvtss2sd, 32, 0x5a, VECTOR_F3 | VECTOR_FLOAT | VECTOR_READS),                  \
        VECTOR_PAIR(cvtsd2ss, 64, 0x5a, VECTOR_F2 | VECTOR_FLOAT | VECTOR_READS),                  \
        VECTOR_PAIR(cvtdq2ps, 128, 0x5b, VECTOR_NP | VECTOR_FLOAT),                                \
        VECTOR_PAIR(cvtps2dq, 128, 0x5b, VECTOR_66 | VECTOR_FLOAT),                                \
        VECTOR_PAIR(cvttps2dq, 128, 0x5b, VECTOR_F3 | VECTOR_FLOAT),                               \
        VECTOR_PAIR(cvtdq2pd, 64, 0xe6, VECTOR_F3 | VECTOR_FLOAT),                                 \
        VECTOR_PAIR(cvtpd2dq, 128, 0xe6, VECTOR_F2 | VECTOR_FLOAT),                                \
        VECTOR_PAIR(cvttpd2dq, 128, 0xe6, VECTOR_66 | VECTOR_FLOAT),                               \
        VECTOR_FLAGS(ucomiss, 32, 0x2e, VECTOR_NP), VECTOR_FLAGS(ucomisd, 64, 0x2e, VECTOR_66),    \
        VECTOR_FLAGS(comiss, 32, 0x2f, VECTOR_NP), VECTOR_FLAGS(comisd, 64, 0x2f, VECTOR_66),      \
        VECTOR_FROM_INTEGER(cvtsi2ss_32, 32, VECTOR_F3),                                           \
        VECTOR_FROM_INTEGER(cvtsi2sd_32, 32, VECTOR_F2),                                           \
        VECTOR_TO_INTEGER(cvtss2si_32, 32, 0x2d, VECTOR_F3),                                       \
        VECTOR_TO_INTEGER(cvttss2si_32, 32, 0x2c, VECTOR_F3),                                      \
        VECTOR_TO_INTEGER(cvtsd2si_32, 64, 0x2d, VECTOR_F2),                                       \
        VECTOR_TO_INTEGER(cvttsd2si_32, 64, 0x2c, VECTOR_F2)

/* Those with general registers of 64 bits. */
#define VECTOR_WIDE_ONLY                                                                           \
    VECTOR_FROM_GENERAL(movq_xg, 64, VECTOR_66 | EMIT_W),                                          \
        VECTOR_TO_MEMORY(movq_gx, 64, VECTOR_66 | EMIT_W),                                         \
        VECTOR_FROM_INTEGER(cvtsi2ss_64, 64, VECTOR_F3 | EMIT_W),                                  \
        VECTOR_FROM_INTEGER(cvtsi2sd_64, 64, VECTOR_F2 | EMIT_W),                                  \
        VECTOR_TO_INTEGER(cvtss2si_64, 32, 0x2d, VECTOR_F3 | EMIT_W),                              \
        VECTOR_TO_INTEGER(cvttss2si_64, 32, 0x2c, VECTOR_F3 | EMIT_W),                             \
        VECTOR_TO_INTEGER(cvtsd2si_64, 64, 0x2d, VECTOR_F2 | EMIT_W),                              \
        VECTOR_TO_INTEGER(cvttsd2si_64, 64, 0x2c, VECTOR_F2 | EMIT_W)

#endif
