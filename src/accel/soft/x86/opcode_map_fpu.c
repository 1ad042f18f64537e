/*
 * The opcode maps of x87, MMX, SSE and later extensions: the opcodes after D8
 * to DF, and in the maps 0F, 0F38 and 0F3A the four entries for no prefix, 66,
 * F3 and F2.
 */
#include "src/accel/soft/x86/opcode_map_fpu.h"

#include "src/accel/soft/interp/handler_ids.h"

/* ---- entries ---- */

#define ALL(name)                                                                                  \
    {                                                                                              \
        HANDLER_ID(name), HANDLER_ID(name), HANDLER_ID(name), HANDLER_ID(name)                     \
    }
/* 32 bits, or 64 with REX.W. */
#define BY_WIDTH(narrow, wide)                                                                     \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(narrow), HANDLER_ID(narrow), HANDLER_ID(wide)                     \
    }
#define FEATURE(name) .feature = CPU_FEATURE_##name

#define ENTRY(feature_, register_, memory_, ...)                                                   \
    {                                                                                              \
        .operand = {__VA_ARGS__}, FEATURE(feature_), .of_register = register_,                     \
        .of_memory = memory_                                                                       \
    }
#define PAIR(feature_, name, ...)     ENTRY(feature_, ALL(name##_r), ALL(name##_m), __VA_ARGS__)
#define X2(feature_, name)            PAIR(feature_, x_##name, V, W)
#define X3(feature_, name)            PAIR(feature_, x_##name, V, W, Ib)
#define M2(feature_, name)            PAIR(feature_, m_##name, P, Q)
#define MEMORY(feature_, name, ...)   ENTRY(feature_, {HANDLER_NONE}, ALL(name), __VA_ARGS__)
#define REGISTER(feature_, name, ...) ENTRY(feature_, ALL(name), {HANDLER_NONE}, __VA_ARGS__)
#define GENERAL(feature_, name, ...)                                                               \
    ENTRY(feature_, BY_WIDTH(name##_32_r, name##_64_r), BY_WIDTH(name##_32_m, name##_64_m),        \
          __VA_ARGS__)
#define MOVE(feature_, narrow, wide, ...)                                                          \
    ENTRY(feature_, BY_WIDTH(narrow##_r, wide##_r), BY_WIDTH(narrow##_m, wide##_m), __VA_ARGS__)
#define MOVNTI ENTRY(SSE2, {HANDLER_NONE}, BY_WIDTH(movnti_32, movnti_64), M, Gy)
#define NONE                                                                                       \
    {                                                                                              \
        .operand = { OPERAND_NONE }                                                                \
    }

/* ---- groups of shifts, whose entry ModRM.reg selects ---- */

#define SHIFT_MMX(name) REGISTER(MMX, m_##name##_i, Q, Ib)
#define SHIFT_XMM(name) REGISTER(SSE2, x_##name##_i, W, Ib)
#define SHIFTS(file)                                                                               \
    static const Opcode SHIFT_WORDS_##file[8] = {                                                  \
        [2] = SHIFT_##file(psrlw), [4] = SHIFT_##file(psraw), [6] = SHIFT_##file(psllw)};          \
    static const Opcode SHIFT_DWORDS_##file[8] = {                                                 \
        [2] = SHIFT_##file(psrld), [4] = SHIFT_##file(psrad), [6] = SHIFT_##file(pslld)}

SHIFTS(MMX);
SHIFTS(XMM);
static const Opcode SHIFT_QWORDS_MMX[8] = {[2] = SHIFT_MMX(psrlq), [6] = SHIFT_MMX(psllq)};
static const Opcode SHIFT_QWORDS_XMM[8] = {[2] = SHIFT_XMM(psrlq),
                                           [3] = REGISTER(SSE2, psrldq, W, Ib),
                                           [6] = SHIFT_XMM(psllq),
                                           [7] = REGISTER(SSE2, pslldq, W, Ib)};

/* 0F 71 to 0F 73; none, 66. */
const Opcode MAP_NAME(opcodes_fpu_shifts)[3][4] = {
    {OPCODE_SELECT(SELECT_REG, SHIFT_WORDS_MMX), OPCODE_SELECT(SELECT_REG, SHIFT_WORDS_XMM)},
    {OPCODE_SELECT(SELECT_REG, SHIFT_DWORDS_MMX), OPCODE_SELECT(SELECT_REG, SHIFT_DWORDS_XMM)},
    {OPCODE_SELECT(SELECT_REG, SHIFT_QWORDS_MMX), OPCODE_SELECT(SELECT_REG, SHIFT_QWORDS_XMM)},
};

/* ---- the maps: none, 66, F3, F2 ---- */

/* They have no pointers, and so need no work of the loader. */

const Opcode MAP_NAME(opcodes_fpu_0f)[256][4] = {
    [0x10] = {PAIR(SSE, movups_load, V, W), PAIR(SSE2, movups_load, V, W),
              PAIR(SSE, movss_load, V, W), PAIR(SSE2, movsd_load, V, W)},
    [0x11] = {PAIR(SSE, movups_store, W, V), PAIR(SSE2, movups_store, W, V),
              PAIR(SSE, movss_store, W, V), PAIR(SSE2, movsd_store, W, V)},
    [0x12] = {PAIR(SSE, movlps_load, V, W), MEMORY(SSE2, movlps_load_m, V, W), X2(SSE3, movsldup),
              X2(SSE3, movddup)},
    [0x13] = {MEMORY(SSE, movlps_store_m, W, V), MEMORY(SSE2, movlps_store_m, W, V)},
    [0x14] = {X2(SSE, punpckldq), X2(SSE2, punpcklqdq)},
    [0x15] = {X2(SSE, punpckhdq), X2(SSE2, punpckhqdq)},
    [0x16] = {PAIR(SSE, movhps_load, V, W), MEMORY(SSE2, movhps_load_m, V, W), X2(SSE3, movshdup)},
    [0x17] = {MEMORY(SSE, movhps_store_m, W, V), MEMORY(SSE2, movhps_store_m, W, V)},
    [0x28] = {X2(SSE, move), X2(SSE2, move)},
    [0x29] = {PAIR(SSE, movaps_store, W, V), PAIR(SSE2, movaps_store, W, V)},
    [0x2a] = {PAIR(SSE, cvtpi2ps, V, Q), PAIR(SSE2, cvtpi2pd, V, Q), GENERAL(SSE, cvtsi2ss, V, Ey),
              GENERAL(SSE2, cvtsi2sd, V, Ey)},
    [0x2b] = {MEMORY(SSE, movaps_store_m, W, V), MEMORY(SSE2, movaps_store_m, W, V)},
    [0x2c] = {PAIR(SSE, cvttps2pi, P, W), PAIR(SSE2, cvttpd2pi, P, W),
              GENERAL(SSE, cvttss2si, Gy, W), GENERAL(SSE2, cvttsd2si, Gy, W)},
    [0x2d] = {PAIR(SSE, cvtps2pi, P, W), PAIR(SSE2, cvtpd2pi, P, W), GENERAL(SSE, cvtss2si, Gy, W),
              GENERAL(SSE2, cvtsd2si, Gy, W)},
    [0x2e] = {PAIR(SSE, ucomiss, V, W), PAIR(SSE2, ucomisd, V, W)},
    [0x2f] = {PAIR(SSE, comiss, V, W), PAIR(SSE2, comisd, V, W)},
    [0x50] = {REGISTER(SSE, movmskps, Gy, W), REGISTER(SSE2, movmskpd, Gy, W)},
    [0x51] = {X2(SSE, sqrtps), X2(SSE2, sqrtpd), X2(SSE, sqrtss), X2(SSE2, sqrtsd)},
    [0x52] = {X2(SSE, rsqrtps), NONE, X2(SSE, rsqrtss)},
    [0x53] = {X2(SSE, rcpps), NONE, X2(SSE, rcpss)},
    [0x54] = {X2(SSE, pand), X2(SSE2, pand)},
    [0x55] = {X2(SSE, pandn), X2(SSE2, pandn)},
    [0x56] = {X2(SSE, por), X2(SSE2, por)},
    [0x57] = {X2(SSE, pxor), X2(SSE2, pxor)},
    [0x58] = {X2(SSE, addps), X2(SSE2, addpd), X2(SSE, addss), X2(SSE2, addsd)},
    [0x59] = {X2(SSE, mulps), X2(SSE2, mulpd), X2(SSE, mulss), X2(SSE2, mulsd)},
    [0x5a] = {X2(SSE2, cvtps2pd), X2(SSE2, cvtpd2ps), X2(SSE2, cvtss2sd), X2(SSE2, cvtsd2ss)},
    [0x5b] = {X2(SSE2, cvtdq2ps), X2(SSE2, cvtps2dq), X2(SSE2, cvttps2dq)},
    [0x5c] = {X2(SSE, subps), X2(SSE2, subpd), X2(SSE, subss), X2(SSE2, subsd)},
    [0x5d] = {X2(SSE, minps), X2(SSE2, minpd), X2(SSE, minss), X2(SSE2, minsd)},
    [0x5e] = {X2(SSE, divps), X2(SSE2, divpd), X2(SSE, divss), X2(SSE2, divsd)},
    [0x5f] = {X2(SSE, maxps), X2(SSE2, maxpd), X2(SSE, maxss), X2(SSE2, maxsd)},
    [0x60] = {M2(MMX, punpcklbw), X2(SSE2, punpcklbw)},
    [0x61] = {M2(MMX, punpcklwd), X2(SSE2, punpcklwd)},
    [0x62] = {M2(MMX, punpckldq), X2(SSE2, punpckldq)},
    [0x63] = {M2(MMX, packsswb), X2(SSE2, packsswb)},
    [0x64] = {M2(MMX, pcmpgtb), X2(SSE2, pcmpgtb)},
    [0x65] = {M2(MMX, pcmpgtw), X2(SSE2, pcmpgtw)},
    [0x66] = {M2(MMX, pcmpgtd), X2(SSE2, pcmpgtd)},
    [0x67] = {M2(MMX, packuswb), X2(SSE2, packuswb)},
    [0x68] = {M2(MMX, punpckhbw), X2(SSE2, punpckhbw)},
    [0x69] = {M2(MMX, punpckhwd), X2(SSE2, punpckhwd)},
    [0x6a] = {M2(MMX, punpckhdq), X2(SSE2, punpckhdq)},
    [0x6b] = {M2(MMX, packssdw), X2(SSE2, packssdw)},
    [0x6c] = {NONE, X2(SSE2, punpcklqdq)},
    [0x6d] = {NONE, X2(SSE2, punpckhqdq)},
    [0x6e] = {MOVE(MMX, movd_mg, movq_mg, P, Ey), MOVE(SSE2, movd_xg, movq_xg, V, Ey)},
    [0x6f] = {PAIR(MMX, mmx_load, P, Q), X2(SSE2, move), PAIR(SSE2, movups_load, V, W)},
    [0x70] = {PAIR(SSE, pshufw, P, Q, Ib), X3(SSE2, pshufd), X3(SSE2, pshufhw), X3(SSE2, pshuflw)},
    [0x74] = {M2(MMX, pcmpeqb), X2(SSE2, pcmpeqb)},
    [0x75] = {M2(MMX, pcmpeqw), X2(SSE2, pcmpeqw)},
    [0x76] = {M2(MMX, pcmpeqd), X2(SSE2, pcmpeqd)},
    [0x77] = {{.feature = CPU_FEATURE_MMX, .of_register = ALL(emms)}},
    [0x7c] = {NONE, X2(SSE3, haddpd), NONE, X2(SSE3, haddps)},
    [0x7d] = {NONE, X2(SSE3, hsubpd), NONE, X2(SSE3, hsubps)},
    [0x7e] = {MOVE(MMX, movd_gm, movq_gm, Ey, P), MOVE(SSE2, movd_gx, movq_gx, Ey, V),
              PAIR(SSE2, movq_load, V, W)},
    [0x7f] = {PAIR(MMX, mmx_store, Q, P), PAIR(SSE2, movaps_store, W, V),
              PAIR(SSE2, movups_store, W, V)},
    [0xc2] = {X3(SSE, cmpps), X3(SSE2, cmppd), X3(SSE, cmpss), X3(SSE2, cmpsd)},
    [0xc3] = {MOVNTI},
    [0xc4] = {PAIR(SSE, pinsrw_mg, P, Ey, Ib), PAIR(SSE2, pinsrw_xg, V, Ey, Ib)},
    [0xc5] = {REGISTER(SSE, pextrw_m, Gy, Q, Ib), REGISTER(SSE2, pextrw_x, Gy, W, Ib)},
    [0xc6] = {X3(SSE, shufps), X3(SSE2, shufpd)},
    [0xd0] = {NONE, X2(SSE3, addsubpd), NONE, X2(SSE3, addsubps)},
    [0xd1] = {M2(MMX, psrlw), X2(SSE2, psrlw)},
    [0xd2] = {M2(MMX, psrld), X2(SSE2, psrld)},
    [0xd3] = {M2(MMX, psrlq), X2(SSE2, psrlq)},
    [0xd4] = {M2(SSE2, paddq), X2(SSE2, paddq)},
    [0xd5] = {M2(MMX, pmullw), X2(SSE2, pmullw)},
    [0xd6] = {NONE, PAIR(SSE2, movq_store, W, V), REGISTER(SSE2, movq2dq, V, Q),
              REGISTER(SSE2, movdq2q, P, W)},
    [0xd7] = {REGISTER(SSE, pmovmskb_m, Gy, Q), REGISTER(SSE2, pmovmskb_x, Gy, W)},
    [0xd8] = {M2(MMX, psubusb), X2(SSE2, psubusb)},
    [0xd9] = {M2(MMX, psubusw), X2(SSE2, psubusw)},
    [0xda] = {M2(SSE, pminub), X2(SSE2, pminub)},
    [0xdb] = {M2(MMX, pand), X2(SSE2, pand)},
    [0xdc] = {M2(MMX, paddusb), X2(SSE2, paddusb)},
    [0xdd] = {M2(MMX, paddusw), X2(SSE2, paddusw)},
    [0xde] = {M2(SSE, pmaxub), X2(SSE2, pmaxub)},
    [0xdf] = {M2(MMX, pandn), X2(SSE2, pandn)},
    [0xe0] = {M2(SSE, pavgb), X2(SSE2, pavgb)},
    [0xe1] = {M2(MMX, psraw), X2(SSE2, psraw)},
    [0xe2] = {M2(MMX, psrad), X2(SSE2, psrad)},
    [0xe3] = {M2(SSE, pavgw), X2(SSE2, pavgw)},
    [0xe4] = {M2(SSE, pmulhuw), X2(SSE2, pmulhuw)},
    [0xe5] = {M2(MMX, pmulhw), X2(SSE2, pmulhw)},
    [0xe6] = {NONE, X2(SSE2, cvttpd2dq), X2(SSE2, cvtdq2pd), X2(SSE2, cvtpd2dq)},
    [0xe7] = {MEMORY(SSE, mmx_store_m, Q, P), MEMORY(SSE2, movaps_store_m, W, V)},
    [0xe8] = {M2(MMX, psubsb), X2(SSE2, psubsb)},
    [0xe9] = {M2(MMX, psubsw), X2(SSE2, psubsw)},
    [0xea] = {M2(SSE, pminsw), X2(SSE2, pminsw)},
    [0xeb] = {M2(MMX, por), X2(SSE2, por)},
    [0xec] = {M2(MMX, paddsb), X2(SSE2, paddsb)},
    [0xed] = {M2(MMX, paddsw), X2(SSE2, paddsw)},
    [0xee] = {M2(SSE, pmaxsw), X2(SSE2, pmaxsw)},
    [0xef] = {M2(MMX, pxor), X2(SSE2, pxor)},
    [0xf0] = {NONE, NONE, NONE, MEMORY(SSE3, movups_load_m, V, W)},
    [0xf1] = {M2(MMX, psllw), X2(SSE2, psllw)},
    [0xf2] = {M2(MMX, pslld), X2(SSE2, pslld)},
    [0xf3] = {M2(MMX, psllq), X2(SSE2, psllq)},
    [0xf4] = {M2(SSE2, pmuludq), X2(SSE2, pmuludq)},
    [0xf5] = {M2(MMX, pmaddwd), X2(SSE2, pmaddwd)},
    [0xf6] = {M2(SSE, psadbw), X2(SSE2, psadbw)},
    [0xf7] = {REGISTER(SSE, maskmovq, P, Q), REGISTER(SSE2, maskmovdqu, V, W)},
    [0xf8] = {M2(MMX, psubb), X2(SSE2, psubb)},
    [0xf9] = {M2(MMX, psubw), X2(SSE2, psubw)},
    [0xfa] = {M2(MMX, psubd), X2(SSE2, psubd)},
    [0xfb] = {M2(SSE2, psubq), X2(SSE2, psubq)},
    [0xfc] = {M2(MMX, paddb), X2(SSE2, paddb)},
    [0xfd] = {M2(MMX, paddw), X2(SSE2, paddw)},
    [0xfe] = {M2(MMX, paddd), X2(SSE2, paddd)},
};

const Opcode MAP_NAME(opcodes_fpu_0f38)[256][4] = {
    [0x00] = {M2(SSSE3, pshufb), X2(SSSE3, pshufb)},
    [0x01] = {M2(SSSE3, phaddw), X2(SSSE3, phaddw)},
    [0x02] = {M2(SSSE3, phaddd), X2(SSSE3, phaddd)},
    [0x03] = {M2(SSSE3, phaddsw), X2(SSSE3, phaddsw)},
    [0x04] = {M2(SSSE3, pmaddubsw), X2(SSSE3, pmaddubsw)},
    [0x05] = {M2(SSSE3, phsubw), X2(SSSE3, phsubw)},
    [0x06] = {M2(SSSE3, phsubd), X2(SSSE3, phsubd)},
    [0x07] = {M2(SSSE3, phsubsw), X2(SSSE3, phsubsw)},
    [0x08] = {M2(SSSE3, psignb), X2(SSSE3, psignb)},
    [0x09] = {M2(SSSE3, psignw), X2(SSSE3, psignw)},
    [0x0a] = {M2(SSSE3, psignd), X2(SSSE3, psignd)},
    [0x0b] = {M2(SSSE3, pmulhrsw), X2(SSSE3, pmulhrsw)},
    [0x10] = {NONE, X2(SSE4_1, pblendvb)},
    [0x14] = {NONE, X2(SSE4_1, blendvps)},
    [0x15] = {NONE, X2(SSE4_1, blendvpd)},
    [0x17] = {NONE, PAIR(SSE4_1, ptest, V, W)},
    [0x1c] = {M2(SSSE3, pabsb), X2(SSSE3, pabsb)},
    [0x1d] = {M2(SSSE3, pabsw), X2(SSSE3, pabsw)},
    [0x1e] = {M2(SSSE3, pabsd), X2(SSSE3, pabsd)},
    [0x20] = {NONE, X2(SSE4_1, pmovsxbw)},
    [0x21] = {NONE, X2(SSE4_1, pmovsxbd)},
    [0x22] = {NONE, X2(SSE4_1, pmovsxbq)},
    [0x23] = {NONE, X2(SSE4_1, pmovsxwd)},
    [0x24] = {NONE, X2(SSE4_1, pmovsxwq)},
    [0x25] = {NONE, X2(SSE4_1, pmovsxdq)},
    [0x28] = {NONE, X2(SSE4_1, pmuldq)},
    [0x29] = {NONE, X2(SSE4_1, pcmpeqq)},
    [0x2a] = {NONE, MEMORY(SSE4_1, x_move_m, V, W)},
    [0x2b] = {NONE, X2(SSE4_1, packusdw)},
    [0x30] = {NONE, X2(SSE4_1, pmovzxbw)},
    [0x31] = {NONE, X2(SSE4_1, pmovzxbd)},
    [0x32] = {NONE, X2(SSE4_1, pmovzxbq)},
    [0x33] = {NONE, X2(SSE4_1, pmovzxwd)},
    [0x34] = {NONE, X2(SSE4_1, pmovzxwq)},
    [0x35] = {NONE, X2(SSE4_1, pmovzxdq)},
    [0x37] = {NONE, X2(SSE4_2, pcmpgtq)},
    [0x38] = {NONE, X2(SSE4_1, pminsb)},
    [0x39] = {NONE, X2(SSE4_1, pminsd)},
    [0x3a] = {NONE, X2(SSE4_1, pminuw)},
    [0x3b] = {NONE, X2(SSE4_1, pminud)},
    [0x3c] = {NONE, X2(SSE4_1, pmaxsb)},
    [0x3d] = {NONE, X2(SSE4_1, pmaxsd)},
    [0x3e] = {NONE, X2(SSE4_1, pmaxuw)},
    [0x3f] = {NONE, X2(SSE4_1, pmaxud)},
    [0x40] = {NONE, X2(SSE4_1, pmulld)},
    [0x41] = {NONE, X2(SSE4_1, phminposuw)},
    [0xc8] = {X2(SHA_NI, sha1nexte)},
    [0xc9] = {X2(SHA_NI, sha1msg1)},
    [0xca] = {X2(SHA_NI, sha1msg2)},
    [0xcb] = {X2(SHA_NI, sha256rnds2)},
    [0xcc] = {X2(SHA_NI, sha256msg1)},
    [0xcd] = {X2(SHA_NI, sha256msg2)},
    [0xdb] = {NONE, X2(AES, aesimc)},
    [0xdc] = {NONE, X2(AES, aesenc)},
    [0xdd] = {NONE, X2(AES, aesenclast)},
    [0xde] = {NONE, X2(AES, aesdec)},
    [0xdf] = {NONE, X2(AES, aesdeclast)},
};

const Opcode MAP_NAME(opcodes_fpu_0f3a)[256][4] = {
    [0x08] = {NONE, X3(SSE4_1, roundps)},
    [0x09] = {NONE, X3(SSE4_1, roundpd)},
    [0x0a] = {NONE, X3(SSE4_1, roundss)},
    [0x0b] = {NONE, X3(SSE4_1, roundsd)},
    [0x0c] = {NONE, X3(SSE4_1, blendps)},
    [0x0d] = {NONE, X3(SSE4_1, blendpd)},
    [0x0e] = {NONE, X3(SSE4_1, pblendw)},
    [0x0f] = {PAIR(SSSE3, m_palignr, P, Q, Ib), X3(SSSE3, palignr)},
    [0x14] = {NONE, PAIR(SSE4_1, pextrb_gx, Ey, V, Ib)},
    [0x15] = {NONE, PAIR(SSE4_1, pextrw_gx, Ey, V, Ib)},
    [0x16] = {NONE, MOVE(SSE4_1, pextrd_gx, pextrq_gx, Ey, V, Ib)},
    [0x17] = {NONE, PAIR(SSE4_1, extractps_gx, Ey, V, Ib)},
    [0x20] = {NONE, PAIR(SSE4_1, pinsrb_xg, V, Ey, Ib)},
    [0x21] = {NONE, PAIR(SSE4_1, insertps, V, W, Ib)},
    [0x22] = {NONE, MOVE(SSE4_1, pinsrd_xg, pinsrq_xg, V, Ey, Ib)},
    [0x40] = {NONE, X3(SSE4_1, dpps)},
    [0x41] = {NONE, X3(SSE4_1, dppd)},
    [0x42] = {NONE, X3(SSE4_1, mpsadbw)},
    [0x44] = {NONE, X3(PCLMULQDQ, pclmulqdq)},
    [0x60] = {NONE, PAIR(SSE4_2, pcmpestrm, V, W, Ib)},
    [0x61] = {NONE, PAIR(SSE4_2, pcmpestri, V, W, Ib)},
    [0x62] = {NONE, PAIR(SSE4_2, pcmpistrm, V, W, Ib)},
    [0x63] = {NONE, PAIR(SSE4_2, pcmpistri, V, W, Ib)},
    [0xcc] = {X3(SHA_NI, sha1rnds4)},
    [0xdf] = {NONE, X3(AES, aeskeygenassist)},
};

/* ---- 0F AE with memory and no prefix, by ModRM.reg ---- */

#define STATE(feature_, name) ENTRY(feature_, {HANDLER_NONE}, ALL(name), M)

/* clang-format off */
const Opcode MAP_NAME(opcodes_fpu_0fae)[8] = {
    STATE(FXSR, fxsave),
    STATE(FXSR, fxrstor),
    STATE(SSE, ldmxcsr),
    STATE(SSE, stmxcsr),
    STATE(XSAVE, xsave),
    STATE(XSAVE, xrstor),
    [7] = STATE(CLFLUSH, clflush),
};
/* clang-format on */

/* ---- general registers ---- */

#if INTERP_WIDE
#define WIDE(name) HANDLER_ID(name)
#else
#define WIDE(name) HANDLER_NONE
#endif

#define BY_SIZE(before, after)                                                                     \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(before##16##after), HANDLER_ID(before##32##after),                \
            WIDE(before##64##after)                                                                \
    }
#define BY_YSIZE(before, after)                                                                    \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(before##32##after), HANDLER_ID(before##32##after),                \
            WIDE(before##64##after)                                                                \
    }
#define COUNT(feature_, name) ENTRY(feature_, BY_SIZE(name, _rr), BY_SIZE(name, _rm), Gv, Ev)

/* The entries are for no prefix, F3 and F2. */
const Opcode MAP_NAME(opcodes_0fb8)[3] = {NONE, COUNT(POPCNT, popcnt)};
const Opcode MAP_NAME(opcodes_0fbc)[3] = {COUNT(ALWAYS, bsf), COUNT(ALWAYS, tzcnt),
                                          COUNT(ALWAYS, bsf)};
const Opcode MAP_NAME(opcodes_0fbd)[3] = {COUNT(ALWAYS, bsr), COUNT(ALWAYS, lzcnt),
                                          COUNT(ALWAYS, bsr)};

/* 0F38 F0 and F1: the entries are for no prefix, F3 and F2.  66 changes the operand size. */
const Opcode MAP_NAME(opcodes_0f38f0)[2][3] = {
    {ENTRY(MOVBE, {HANDLER_NONE}, BY_SIZE(movbe, _rm), Gv, M), NONE,
     ENTRY(SSE4_2, ALL(crc32_8_r), ALL(crc32_8_m), Gy, Eb)},
    {ENTRY(MOVBE, {HANDLER_NONE}, BY_SIZE(movbe, _mr), M, Gv), NONE,
     ENTRY(SSE4_2, BY_SIZE(crc32_, _r), BY_SIZE(crc32_, _m), Gy, Ev)},
};

const Opcode MAP_NAME(opcodes_0f38f6)[4] = {
    [1] = ENTRY(ADX, BY_YSIZE(adcx, _rr), BY_YSIZE(adcx, _rm), Gy, Ey),
    [2] = ENTRY(ADX, BY_YSIZE(adox, _rr), BY_YSIZE(adox, _rm), Gy, Ey),
};

/* ---- VEX ---- */

/* 32 bits, or 64 with VEX.W, which exists only in 64-bit code. */
#define BMI(feature_, name, ...)                                                                   \
    ENTRY(feature_, BY_YSIZE(name, _r), BY_YSIZE(name, _m), __VA_ARGS__)

static const Opcode VEX_0F38F3[8] = {
    [1] = BMI(BMI1, blsr, By, Ey),
    [2] = BMI(BMI1, blsmsk, By, Ey),
    [3] = BMI(BMI1, blsi, By, Ey),
};

/* F2 to F7: the entries are for no prefix, 66, F3 and F2. */
static const Opcode VEX_0F38[6][4] = {
    {BMI(BMI1, andn, Gy, By, Ey)},
    {OPCODE_SELECT(SELECT_REG, VEX_0F38F3)},
    {NONE},
    {BMI(BMI2, bzhi, Gy, Ey, By), NONE, BMI(BMI2, pext, Gy, By, Ey), BMI(BMI2, pdep, Gy, By, Ey)},
    {NONE, NONE, NONE, BMI(BMI2, mulx, Gy, By, Ey)},
    {BMI(BMI1, bextr, Gy, Ey, By), BMI(BMI2, shlx, Gy, Ey, By), BMI(BMI2, sarx, Gy, Ey, By),
     BMI(BMI2, shrx, Gy, Ey, By)},
};

static const Opcode VEX_0F3AF0 = BMI(BMI2, rorx, Gy, Ey, Ib);
static const Opcode VEX_NOTHING = NONE;

const Opcode *MAP_NAME(opcode_vex)(unsigned map, uint8_t byte, unsigned prefix)
{
    if (map == 2 && byte >= 0xf2 && byte <= 0xf7) {
        return &VEX_0F38[byte - 0xf2][prefix];
    }
    return map == 3 && byte == 0xf0 && prefix == 3 ? &VEX_0F3AF0 : &VEX_NOTHING;
}

/* ---- x87 ---- */

#define X87_LOAD(bytes)                                                                            \
    {                                                                                              \
        .operand = {M}, .flags = OPCODE_FOP, .of_memory = ALL(x87_load##bytes)                     \
    }
#define X87_STORE(bytes)                                                                           \
    {                                                                                              \
        .operand = {M}, .flags = OPCODE_FOP, .of_memory = ALL(x87_store##bytes)                    \
    }
#define X87_CONTROL(name)                                                                          \
    {                                                                                              \
        .operand = {M}, .of_memory = ALL(name)                                                     \
    }
#define X87_NOTHING                                                                                \
    {                                                                                              \
        .operand = { M }                                                                           \
    }
#define X87_LOADS(bytes)                                                                           \
    {                                                                                              \
        X87_LOAD(bytes), X87_LOAD(bytes), X87_LOAD(bytes), X87_LOAD(bytes), X87_LOAD(bytes),       \
            X87_LOAD(bytes), X87_LOAD(bytes), X87_LOAD(bytes)                                      \
    }

static const Opcode X87_OF_MEMORY[8][8] = {
    X87_LOADS(4),
    {X87_LOAD(4), X87_NOTHING, X87_STORE(4), X87_STORE(4), X87_CONTROL(fldenv), X87_CONTROL(fldcw),
     X87_CONTROL(fnstenv), X87_CONTROL(fnstcw)},
    X87_LOADS(4),
    {X87_LOAD(4), X87_STORE(4), X87_STORE(4), X87_STORE(4), X87_NOTHING, X87_LOAD(10), X87_NOTHING,
     X87_STORE(10)},
    X87_LOADS(8),
    {X87_LOAD(8), X87_STORE(8), X87_STORE(8), X87_STORE(8), X87_CONTROL(frstor), X87_NOTHING,
     X87_CONTROL(fnsave), X87_CONTROL(fnstsw_m)},
    X87_LOADS(2),
    {X87_LOAD(2), X87_STORE(2), X87_STORE(2), X87_STORE(2), X87_LOAD(10), X87_LOAD(8),
     X87_STORE(10), X87_STORE(8)},
};

#define X87_OF(name)                                                                               \
    {                                                                                              \
        .flags = OPCODE_FOP, .of_register = ALL(name)                                              \
    }
#define X87_REGISTER X87_OF(x87_register)
#define X87_FLAGS    X87_OF(x87_flags)
#define X87_ROW                                                                                    \
    {                                                                                              \
        X87_REGISTER, X87_REGISTER, X87_REGISTER, X87_REGISTER, X87_REGISTER, X87_REGISTER,        \
            X87_REGISTER, X87_REGISTER                                                             \
    }

/* FNSTSW AX. */
static const Opcode X87_DFE0[8] = {X87_OF(fnstsw_ax)};

static const Opcode X87_OF_REGISTERS[8][8] = {
    X87_ROW,
    X87_ROW,
    {X87_FLAGS, X87_FLAGS, X87_FLAGS, X87_FLAGS, X87_REGISTER, X87_REGISTER, X87_REGISTER,
     X87_REGISTER},
    {X87_FLAGS, X87_FLAGS, X87_FLAGS, X87_FLAGS, X87_OF(x87_control), X87_FLAGS, X87_FLAGS,
     X87_REGISTER},
    X87_ROW,
    X87_ROW,
    X87_ROW,
    {X87_REGISTER, X87_REGISTER, X87_REGISTER, X87_REGISTER, OPCODE_SELECT(SELECT_RM, X87_DFE0),
     X87_FLAGS, X87_FLAGS, X87_REGISTER},
};

#define X87_OPCODE(n)                                                                              \
    {                                                                                              \
        OPCODE_SELECT(SELECT_REG, X87_OF_MEMORY[n]),                                               \
            OPCODE_SELECT(SELECT_REG, X87_OF_REGISTERS[n])                                         \
    }

const Opcode MAP_NAME(opcodes_x87)[8][2] = {
    X87_OPCODE(0), X87_OPCODE(1), X87_OPCODE(2), X87_OPCODE(3),
    X87_OPCODE(4), X87_OPCODE(5), X87_OPCODE(6), X87_OPCODE(7),
};
