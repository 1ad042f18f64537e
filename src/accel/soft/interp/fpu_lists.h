/* The handlers of x87, MMX and SSE by kind, as lists for macros. */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_FPU_LISTS_H
#define PIOEMU_ACCEL_SOFT_INTERP_FPU_LISTS_H

/* The lists have one shape. */
/* clang-format off */

/* ---- lists: name, bytes of a memory operand ---- */

/*
 * Instructions for both MMX and XMM registers, without floating point.  The
 * sizes are those of MMX.
 */
#define FPU_BOTH_LIST(X)                                                                           \
    X(pand, 8) X(pandn, 8) X(por, 8) X(pxor, 8) X(paddb, 8) X(paddw, 8) X(paddd, 8) X(paddq, 8)    \
    X(psubb, 8) X(psubw, 8) X(psubd, 8) X(psubq, 8) X(paddsb, 8) X(paddsw, 8) X(paddusb, 8)        \
    X(paddusw, 8) X(psubsb, 8) X(psubsw, 8) X(psubusb, 8) X(psubusw, 8) X(pcmpeqb, 8)              \
    X(pcmpeqw, 8) X(pcmpeqd, 8) X(pcmpgtb, 8) X(pcmpgtw, 8) X(pcmpgtd, 8) X(pminub, 8)             \
    X(pmaxub, 8) X(pminsw, 8) X(pmaxsw, 8) X(pavgb, 8) X(pavgw, 8) X(pmullw, 8) X(pmulhw, 8)       \
    X(pmulhuw, 8) X(pmulhrsw, 8) X(pabsb, 8) X(pabsw, 8) X(pabsd, 8) X(psignb, 8) X(psignw, 8)     \
    X(psignd, 8) X(pmuludq, 8) X(pmaddwd, 8) X(pmaddubsw, 8) X(psadbw, 8) X(phaddw, 8)             \
    X(phaddd, 8) X(phaddsw, 8) X(phsubw, 8) X(phsubd, 8) X(phsubsw, 8) X(packsswb, 8)              \
    X(packuswb, 8) X(packssdw, 8) X(punpcklbw, 4) X(punpcklwd, 4) X(punpckldq, 4) X(punpckhbw, 8)  \
    X(punpckhwd, 8) X(punpckhdq, 8) X(pshufb, 8) X(palignr, 8) X(psrlw, 8) X(psrld, 8)             \
    X(psrlq, 8) X(psllw, 8) X(pslld, 8) X(psllq, 8) X(psraw, 8) X(psrad, 8)

/* Instructions for XMM registers only. */
#define FPU_XMM_LIST(X)                                                                            \
    X(pcmpeqq, 16) X(pcmpgtq, 16) X(pminsb, 16) X(pmaxsb, 16) X(pminuw, 16) X(pmaxuw, 16)          \
    X(pminsd, 16) X(pmaxsd, 16) X(pminud, 16) X(pmaxud, 16) X(pmulld, 16) X(pmuldq, 16)            \
    X(mpsadbw, 16) X(phminposuw, 16) X(packusdw, 16) X(punpcklqdq, 16) X(punpckhqdq, 16)           \
    X(pshufd, 16) X(pshuflw, 16) X(pshufhw, 16) X(shufps, 16) X(shufpd, 16) X(pblendw, 16)         \
    X(blendps, 16) X(blendpd, 16) X(pblendvb, 16) X(blendvps, 16) X(blendvpd, 16) X(move, 16)      \
    X(movsldup, 16) X(movshdup, 16) X(aesenc, 16) X(aesenclast, 16) X(aesdec, 16)                  \
    X(aesdeclast, 16) X(aesimc, 16) X(aeskeygenassist, 16) X(pclmulqdq, 16) X(sha1rnds4, 16)       \
    X(sha1nexte, 16) X(sha1msg1, 16) X(sha1msg2, 16) X(sha256rnds2, 16) X(sha256msg1, 16)          \
    X(sha256msg2, 16) X(rcpps, 16) X(rsqrtps, 16) X(pmovsxbw, 8) X(pmovsxbd, 4) X(pmovsxbq, 2)     \
    X(pmovsxwd, 8) X(pmovsxwq, 4) X(pmovsxdq, 8) X(pmovzxbw, 8) X(pmovzxbd, 4) X(pmovzxbq, 2)      \
    X(pmovzxwd, 8) X(pmovzxwq, 4) X(pmovzxdq, 8) X(movddup, 8) X(rcpss, 4) X(rsqrtss, 4)

/* Instructions for XMM registers that can raise #XM. */
#define FPU_FLOAT_LIST(X)                                                                          \
    X(addps, 16) X(addpd, 16) X(addss, 4) X(addsd, 8) X(subps, 16) X(subpd, 16) X(subss, 4)        \
    X(subsd, 8) X(mulps, 16) X(mulpd, 16) X(mulss, 4) X(mulsd, 8) X(divps, 16) X(divpd, 16)        \
    X(divss, 4) X(divsd, 8) X(minps, 16) X(minpd, 16) X(minss, 4) X(minsd, 8) X(maxps, 16)         \
    X(maxpd, 16) X(maxss, 4) X(maxsd, 8) X(sqrtps, 16) X(sqrtpd, 16) X(sqrtss, 4) X(sqrtsd, 8)     \
    X(cmpps, 16) X(cmppd, 16) X(cmpss, 4) X(cmpsd, 8) X(cvtps2pd, 8) X(cvtpd2ps, 16)               \
    X(cvtss2sd, 4) X(cvtsd2ss, 8) X(cvtdq2ps, 16) X(cvtps2dq, 16) X(cvttps2dq, 16) X(cvtdq2pd, 8)  \
    X(cvtpd2dq, 16) X(cvttpd2dq, 16) X(haddps, 16) X(haddpd, 16) X(hsubps, 16) X(hsubpd, 16)       \
    X(addsubps, 16) X(addsubpd, 16) X(dpps, 16) X(dppd, 16) X(roundps, 16) X(roundpd, 16)          \
    X(roundss, 4) X(roundsd, 8)

/* Shifts by an immediate. */
#define FPU_SHIFT_LIST(X)                                                                          \
    X(psrlw_i) X(psrld_i) X(psrlq_i) X(psllw_i) X(pslld_i) X(psllq_i) X(psraw_i) X(psrad_i)


/* These have one form for a register and one for memory. */
#define FPU_PAIR_LIST(X)                                                                           \
    X(movups_load) X(movups_store) X(movaps_store) X(movlps_load) X(movlps_store) X(movhps_load)   \
    X(movhps_store) X(movss_load) X(movss_store) X(movsd_load) X(movsd_store) X(movd_xg)           \
    X(movq_xg) X(movd_gx) X(movq_gx) X(movd_mg) X(movq_mg) X(movd_gm) X(movq_gm) X(movq_load)      \
    X(movq_store) X(mmx_store) X(mmx_load) X(pextrw_gx) X(pextrb_gx) X(pextrd_gx) X(pextrq_gx)     \
    X(extractps_gx) X(pinsrw_xg) X(pinsrw_mg) X(pinsrb_xg) X(pinsrd_xg) X(pinsrq_xg) X(insertps)   \
    X(cvtpi2ps) X(cvtpi2pd) X(cvtps2pi) X(cvttps2pi) X(cvtpd2pi) X(cvttpd2pi) X(cvtsi2ss_32)       \
    X(cvtsi2ss_64) X(cvtsi2sd_32) X(cvtsi2sd_64) X(cvtss2si_32) X(cvtss2si_64) X(cvttss2si_32)     \
    X(cvttss2si_64) X(cvtsd2si_32) X(cvtsd2si_64) X(cvttsd2si_32) X(cvttsd2si_64) X(comiss)        \
    X(ucomiss) X(comisd) X(ucomisd) X(ptest) X(pcmpestri) X(pcmpestrm) X(pcmpistri) X(pcmpistrm)   \
    X(pshufw)

/* These have a single form. */
#define FPU_SINGLE_LIST(X)                                                                         \
    X(x87_load2) X(x87_load4) X(x87_load8) X(x87_load10) X(x87_store2) X(x87_store4) X(x87_store8) \
    X(x87_store10) X(x87_register) X(x87_flags) X(x87_control) X(fldcw) X(fnstcw) X(fnstsw_m)      \
    X(fnstsw_ax) X(fldenv) X(fnstenv) X(frstor) X(fnsave) X(fwait) X(emms) X(movmskps) X(movmskpd) \
    X(pmovmskb_x) X(pmovmskb_m) X(pextrw_x) X(pextrw_m) X(movq2dq) X(movdq2q) X(maskmovdqu)        \
    X(maskmovq) X(psrldq) X(pslldq) X(fxsave) X(fxrstor) X(xsave) X(xrstor) X(xgetbv) X(xsetbv)    \
    X(ldmxcsr) X(stmxcsr) X(movnti_32) X(movnti_64) X(clflush)

/* clang-format on */

#endif
