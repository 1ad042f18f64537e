/*
 * What the handlers of x87, MMX and SSE share, and their declarations for the
 * opcode map.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_FPU_HANDLERS_H
#define PIOEMU_ACCEL_SOFT_INTERP_FPU_HANDLERS_H

#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/x86/fpu.h"
#include "src/accel/soft/x86/vector_functions.h"

/* Stores the result of a general register. */
static inline void put_32(Cpu *cpu, unsigned offset, u64 value)
{
    reg_put32(cpu, offset, (u32)value);
}

static inline void put_16(Cpu *cpu, unsigned offset, u64 value)
{
    reg_put16(cpu, offset, (u16)value);
}

static inline void put_64(Cpu *cpu, unsigned offset, u64 value)
{
    reg_put64(cpu, offset, value);
}

/* Returns the address of byte `i` of the operand at rDI. */
static inline EffAddr string_address(Cpu *cpu, const Insn *insn, unsigned i)
{
    return (EffAddr)(cpu->gpr[CPU_DI] + i) & insn_mask(insn);
}

/* The first statement of a handler: exceptions of the system come before all others. */
#define NEED_X87()                                                                                 \
    do {                                                                                           \
        if (unlikely(x87_is_off(cpu))) {                                                           \
            insn_begin(cpu, insn);                                                                 \
            fpu_refuse_x87(cpu);                                                                   \
        }                                                                                          \
    } while (0)
#define NEED_CONTROL()                                                                             \
    do {                                                                                           \
        insn_begin(cpu, insn);                                                                     \
        fpu_refuse_control(cpu);                                                                   \
    } while (0)
#define NEED_MMX()                                                                                 \
    do {                                                                                           \
        if (unlikely(x87_is_off(cpu))) {                                                           \
            insn_begin(cpu, insn);                                                                 \
            fpu_refuse_mmx(cpu);                                                                   \
        }                                                                                          \
    } while (0)
#define NEED_SSE()                                                                                 \
    do {                                                                                           \
        if (unlikely(sse_is_off(cpu))) {                                                           \
            insn_begin(cpu, insn);                                                                 \
            fpu_refuse_sse(cpu);                                                                   \
        }                                                                                          \
    } while (0)

static inline V128 *xmm_at(Cpu *cpu, unsigned place)
{
    return (V128 *)((uint8_t *)cpu->fx.xmm + place);
}

/* An MMX register is the fraction of an x87 register. */
static inline F80 *mmx_at(Cpu *cpu, unsigned place)
{
    return (F80 *)((uint8_t *)cpu->fx.reg + place);
}

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

/* clang-format on */

/* ---- declarations ---- */

#define DECLARE_FPU(name)      Handler OP_NAME(name);
#define DECLARE_X(name, bytes) Handler OP_NAME(x_##name##_r), OP_NAME(x_##name##_m);
#define DECLARE_M(name, bytes) Handler OP_NAME(m_##name##_r), OP_NAME(m_##name##_m);
#define DECLARE_SHIFT_I(name)  Handler OP_NAME(x_##name), OP_NAME(m_##name);

FPU_BOTH_LIST(DECLARE_X)
FPU_BOTH_LIST(DECLARE_M)
FPU_XMM_LIST(DECLARE_X)
FPU_FLOAT_LIST(DECLARE_X)
FPU_SHIFT_LIST(DECLARE_SHIFT_I)

/* clang-format off */
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
/* clang-format on */
#define DECLARE_PAIR(name) Handler OP_NAME(name##_r), OP_NAME(name##_m);
FPU_PAIR_LIST(DECLARE_PAIR)

/* clang-format off */
#define FPU_SINGLE_LIST(X)                                                                         \
    X(x87_load2) X(x87_load4) X(x87_load8) X(x87_load10) X(x87_store2) X(x87_store4)               \
    X(x87_store8) X(x87_store10) X(x87_register) X(x87_flags) X(x87_control) X(fldcw) X(fnstcw)    \
    X(fnstsw_m) X(fnstsw_ax) X(fldenv) X(fnstenv) X(frstor) X(fnsave) X(fwait) X(emms) X(movhlps)  \
    X(movlhps) X(movmskps) X(movmskpd) X(pmovmskb_x) X(pmovmskb_m) X(pextrw_x) X(pextrw_m)         \
    X(movq2dq) X(movdq2q) X(maskmovdqu) X(maskmovq) X(psrldq) X(pslldq) X(fxsave) X(fxrstor) X(xsave) X(xrstor) X(xgetbv) X(xsetbv)       \
    X(ldmxcsr) X(stmxcsr) X(movnti_32) X(movnti_64) X(clflush)
/* clang-format on */
FPU_SINGLE_LIST(DECLARE_FPU)

/* Instructions for general registers, by operand size. */
#define DECLARE_BITS(N)                                                                            \
    Handler OP_NAME(popcnt##N##_rr), OP_NAME(popcnt##N##_rm), OP_NAME(lzcnt##N##_rr),              \
        OP_NAME(lzcnt##N##_rm), OP_NAME(tzcnt##N##_rr), OP_NAME(tzcnt##N##_rm),                    \
        OP_NAME(movbe##N##_rm), OP_NAME(movbe##N##_mr), OP_NAME(rdrand##N);                        \
    Handler OP_NAME(crc32_##N##_r), OP_NAME(crc32_##N##_m), OP_NAME(adcx##N##_rr),                 \
        OP_NAME(adcx##N##_rm), OP_NAME(adox##N##_rr), OP_NAME(adox##N##_rm);
#define DECLARE_BMI_PAIR(name)                                                                     \
    Handler OP_NAME(name##32_r), OP_NAME(name##32_m), OP_NAME(name##64_r), OP_NAME(name##64_m);
DECLARE_BMI_PAIR(andn)
DECLARE_BMI_PAIR(bextr)
DECLARE_BMI_PAIR(blsr)
DECLARE_BMI_PAIR(blsmsk)
DECLARE_BMI_PAIR(blsi)
DECLARE_BMI_PAIR(bzhi)
DECLARE_BMI_PAIR(pdep)
DECLARE_BMI_PAIR(pext)
DECLARE_BMI_PAIR(shlx)
DECLARE_BMI_PAIR(shrx)
DECLARE_BMI_PAIR(sarx)
DECLARE_BMI_PAIR(rorx)
DECLARE_BMI_PAIR(mulx)
DECLARE_BITS(8)
DECLARE_BITS(16)
DECLARE_BITS(32)
DECLARE_BITS(64)

#endif
