/*
 * All functions of vector.h: sse_integer.c, sse_float.c, sse_text.c, sse_crypto.c.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_VECTOR_FUNCTIONS_H
#define PIOEMU_ACCEL_SOFT_X86_VECTOR_FUNCTIONS_H

#include "src/accel/soft/x86/vector.h"

VectorFunction x_pand, x_pandn, x_por, x_pxor, x_paddb, x_paddw, x_paddd, x_paddq, x_psubb, x_psubw,
    x_psubd, x_psubq, x_paddsb, x_paddsw, x_paddusb, x_paddusw, x_psubsb, x_psubsw, x_psubusb,
    x_psubusw, x_pcmpeqb, x_pcmpeqw, x_pcmpeqd, x_pcmpgtb, x_pcmpgtw, x_pcmpgtd, x_pminub, x_pmaxub,
    x_pminsw, x_pmaxsw, x_pavgb, x_pavgw, x_pmullw, x_pmulhw, x_pmulhuw, x_pmulhrsw, x_pabsb,
    x_pabsw, x_pabsd, x_psignb, x_psignw, x_psignd, x_pmuludq, x_pmaddwd, x_pmaddubsw, x_psadbw,
    x_phaddw, x_phaddd, x_phaddsw, x_phsubw, x_phsubd, x_phsubsw, x_packsswb, x_packuswb,
    x_packssdw, x_punpcklbw, x_punpcklwd, x_punpckldq, x_punpckhbw, x_punpckhwd, x_punpckhdq,
    x_pshufb, x_palignr, x_pmovmskb, x_pextrw, x_pinsrw, x_psrlw, x_psrlw_i, x_psrld, x_psrld_i,
    x_psrlq, x_psrlq_i, x_psllw, x_psllw_i, x_pslld, x_pslld_i, x_psllq, x_psllq_i, x_psraw,
    x_psraw_i, x_psrad, x_psrad_i, x_pcmpeqq, x_pcmpgtq, x_pminsb, x_pmaxsb, x_pminuw, x_pmaxuw,
    x_pminsd, x_pmaxsd, x_pminud, x_pmaxud, x_pmulld, x_pmuldq, x_mpsadbw, x_phminposuw, x_packusdw,
    x_punpcklqdq, x_punpckhqdq, x_pmovsxbw, x_pmovsxbd, x_pmovsxbq, x_pmovsxwd, x_pmovsxwq,
    x_pmovsxdq, x_pmovzxbw, x_pmovzxbd, x_pmovzxbq, x_pmovzxwd, x_pmovzxwq, x_pmovzxdq, x_pshufd,
    x_pshuflw, x_pshufhw, x_shufps, x_shufpd, x_pblendw, x_blendps, x_blendpd, x_pblendvb,
    x_blendvps, x_blendvpd, x_psrldq_i, x_pslldq_i, x_move, x_low64, x_low32, x_load64, x_load32,
    x_low_from_high, x_high_from_low, x_high_to_low, x_movddup, x_movsldup, x_movshdup, x_insertps,
    x_movmskps, x_movmskpd, x_pextrb, x_pextrd, x_extractps, x_pinsrb, x_pinsrd, x_from_general,
    x_to_general, x_ptest, x_minps, x_minpd, x_minss, x_minsd, x_maxps, x_maxpd, x_maxss, x_maxsd,
    x_sqrtps, x_sqrtpd, x_sqrtss, x_sqrtsd, x_cvtps2pd, x_cvtpd2ps, x_cvtss2sd, x_cvtsd2ss,
    x_cvtdq2ps, x_cvtps2dq, x_cvttps2dq, x_cvtdq2pd, x_cvtpd2dq, x_cvttpd2dq, x_addps, x_addpd,
    x_addss, x_addsd, x_subps, x_subpd, x_subss, x_subsd, x_mulps, x_mulpd, x_mulss, x_mulsd,
    x_divps, x_divpd, x_divss, x_divsd, x_cmpps, x_cmppd, x_cmpss, x_cmpsd, x_comiss, x_ucomiss,
    x_comisd, x_ucomisd, x_cvtsi2ss, x_cvtsi2sd, x_cvtss2si, x_cvttss2si, x_cvtsd2si, x_cvttsd2si,
    x_haddps, x_hsubps, x_haddpd, x_hsubpd, x_roundps, x_roundpd, x_roundss, x_roundsd, x_addsubps,
    x_addsubpd, x_dpps, x_dppd, x_rcpps, x_rcpss, x_rsqrtps, x_rsqrtss, x_cvtpi2ps, x_aesenc,
    x_aesenclast, x_aesdec, x_aesdeclast, x_aesimc, x_aeskeygenassist, x_pclmulqdq, x_sha1rnds4,
    x_sha1nexte, x_sha1msg1, x_sha1msg2, x_sha256rnds2, x_sha256msg1, x_sha256msg2, x_pcmpistr,
    x_pcmpestr, x_insertps_m;
VectorFunction m_pand, m_pandn, m_por, m_pxor, m_paddb, m_paddw, m_paddd, m_paddq, m_psubb, m_psubw,
    m_psubd, m_psubq, m_paddsb, m_paddsw, m_paddusb, m_paddusw, m_psubsb, m_psubsw, m_psubusb,
    m_psubusw, m_pcmpeqb, m_pcmpeqw, m_pcmpeqd, m_pcmpgtb, m_pcmpgtw, m_pcmpgtd, m_pminub, m_pmaxub,
    m_pminsw, m_pmaxsw, m_pavgb, m_pavgw, m_pmullw, m_pmulhw, m_pmulhuw, m_pmulhrsw, m_pabsb,
    m_pabsw, m_pabsd, m_psignb, m_psignw, m_psignd, m_pmuludq, m_pmaddwd, m_pmaddubsw, m_psadbw,
    m_phaddw, m_phaddd, m_phaddsw, m_phsubw, m_phsubd, m_phsubsw, m_packsswb, m_packuswb,
    m_packssdw, m_punpcklbw, m_punpcklwd, m_punpckldq, m_punpckhbw, m_punpckhwd, m_punpckhdq,
    m_pshufb, m_palignr, m_pmovmskb, m_pextrw, m_pinsrw, m_psrlw, m_psrlw_i, m_psrld, m_psrld_i,
    m_psrlq, m_psrlq_i, m_psllw, m_psllw_i, m_pslld, m_pslld_i, m_psllq, m_psllq_i, m_psraw,
    m_psraw_i, m_psrad, m_psrad_i, m_pshufw, m_cvtps2pi, m_cvttps2pi, m_cvtpd2pi, m_cvttpd2pi;

#endif
