/* MMX, and the instructions that move data between MMX and other registers. */
#include "src/accel/soft/interp/fpu_handlers.h"

/* An MMX register in the form that the functions of vector.h take.  They touch 8 bytes of it. */
static V128 *lanes(Cpu *cpu, unsigned place)
{
    return (V128 *)mmx_at(cpu, place);
}

#define DST lanes(cpu, insn->dst)
#define SRC lanes(cpu, insn->src)

#define READ_SOURCE(bytes) fpu_read(cpu, insn, &cpu->fx.source, bytes, 1)

/* Called after dst has been written. */
static void written(Cpu *cpu, const Insn *insn)
{
    fx_enter_mmx(&cpu->fx);
    mmx_at(cpu, insn->dst)->exponent = UINT16_MAX;
}

#define DEFINE_MMX(name, bytes)                                                                    \
    OP(m_##name##_r)                                                                               \
    {                                                                                              \
        NEED_MMX();                                                                                \
        m_##name(&cpu->fx, DST, SRC, insn->imm);                                                   \
        written(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(m_##name##_m)                                                                               \
    {                                                                                              \
        NEED_MMX();                                                                                \
        READ_SOURCE(bytes);                                                                        \
        m_##name(&cpu->fx, DST, &cpu->fx.source, insn->imm);                                       \
        written(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }

FPU_BOTH_LIST(DEFINE_MMX)

OP(pshufw_r)
{
    NEED_MMX();
    m_pshufw(&cpu->fx, DST, SRC, insn->imm);
    written(cpu, insn);
    NEXT();
}

OP(pshufw_m)
{
    NEED_MMX();
    READ_SOURCE(8);
    m_pshufw(&cpu->fx, DST, &cpu->fx.source, insn->imm);
    written(cpu, insn);
    NEXT();
}

#define DEFINE_SHIFT(name)                                                                         \
    OP(m_##name)                                                                                   \
    {                                                                                              \
        NEED_MMX();                                                                                \
        m_##name(&cpu->fx, DST, NULL, insn->imm);                                                  \
        written(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }

FPU_SHIFT_LIST(DEFINE_SHIFT)

OP(emms)
{
    NEED_MMX();
    cpu->fx.full = 0;
    NEXT();
}

/* ---- moves ---- */

OP(mmx_load_r)
{
    NEED_MMX();
    DST->q[0] = SRC->q[0];
    written(cpu, insn);
    NEXT();
}

OP(mmx_load_m)
{
    NEED_MMX();
    READ_SOURCE(8);
    DST->q[0] = cpu->fx.source.q[0];
    written(cpu, insn);
    NEXT();
}

OP(mmx_store_r)
{
    NEED_MMX();
    DST->q[0] = SRC->q[0];
    written(cpu, insn);
    NEXT();
}

OP(mmx_store_m)
{
    NEED_MMX();
    fpu_write(cpu, insn, SRC, 8, 1);
    fx_enter_mmx(&cpu->fx);
    NEXT();
}

/* MASKMOVQ: writes the bytes of dst whose byte in src has the sign bit set to memory at rDI. */
OP(maskmovq)
{
    NEED_MMX();
    insn_begin(cpu, insn);
    store_masked(cpu, insn, DST->b, SRC->b, 8);
    fx_enter_mmx(&cpu->fx);
    NEXT();
}

/* ---- general registers ---- */

#define DEFINE_FROM_GENERAL(name, N)                                                               \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_MMX();                                                                                \
        DST->q[0] = *reg##N(cpu, insn->src);                                                       \
        written(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_MMX();                                                                                \
        cpu->fx.source.q[0] = 0;                                                                   \
        READ_SOURCE(N / 8);                                                                        \
        DST->q[0] = cpu->fx.source.q[0];                                                           \
        written(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }

DEFINE_FROM_GENERAL(movd_mg, 32)
DEFINE_FROM_GENERAL(movq_mg, 64)

#define DEFINE_TO_GENERAL(name, bytes, put)                                                        \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_MMX();                                                                                \
        fx_enter_mmx(&cpu->fx);                                                                    \
        put(cpu, insn->dst, SRC->q[0]);                                                            \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_MMX();                                                                                \
        fpu_write(cpu, insn, SRC, bytes, 1);                                                       \
        fx_enter_mmx(&cpu->fx);                                                                    \
        NEXT();                                                                                    \
    }

DEFINE_TO_GENERAL(movd_gm, 4, put_32)
DEFINE_TO_GENERAL(movq_gm, 8, put_64)

OP(pinsrw_mg_r)
{
    NEED_MMX();
    DST->w[insn->imm & 3] = *reg16(cpu, insn->src);
    written(cpu, insn);
    NEXT();
}

OP(pinsrw_mg_m)
{
    NEED_MMX();
    READ_SOURCE(2);
    DST->w[insn->imm & 3] = cpu->fx.source.w[0];
    written(cpu, insn);
    NEXT();
}

OP(pextrw_m)
{
    NEED_MMX();
    fx_enter_mmx(&cpu->fx);
    put_32(cpu, insn->dst, SRC->w[insn->imm & 3]);
    NEXT();
}

OP(pmovmskb_m)
{
    NEED_MMX();
    fx_enter_mmx(&cpu->fx);
    m_pmovmskb(&cpu->fx, &cpu->fx.work, SRC, 0);
    put_32(cpu, insn->dst, cpu->fx.work.q[0]);
    NEXT();
}

/* ---- XMM registers: what SSE refuses, and then what MMX does ---- */

OP(movq2dq)
{
    NEED_SSE();
    NEED_MMX();
    fx_enter_mmx(&cpu->fx);
    *xmm_at(cpu, insn->dst) = (V128){.q = {SRC->q[0]}};
    NEXT();
}

OP(movdq2q)
{
    NEED_SSE();
    NEED_MMX();
    DST->q[0] = xmm_at(cpu, insn->src)->q[0];
    written(cpu, insn);
    NEXT();
}

#define RAISE_IF(unmasked)                                                                         \
    do {                                                                                           \
        if (unlikely(unmasked)) {                                                                  \
            insn_begin(cpu, insn);                                                                 \
            fpu_raise_simd(cpu);                                                                   \
        }                                                                                          \
    } while (0)

/* The form with a memory operand uses no MMX register, so it is an instruction of SSE only. */
#define DEFINE_FROM_MMX(name, function)                                                            \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        NEED_MMX();                                                                                \
        fx_enter_mmx(&cpu->fx);                                                                    \
        RAISE_IF(function(&cpu->fx, xmm_at(cpu, insn->dst), SRC, 0));                              \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_SOURCE(8);                                                                            \
        RAISE_IF(function(&cpu->fx, xmm_at(cpu, insn->dst), &cpu->fx.source, 0));                  \
        NEXT();                                                                                    \
    }

DEFINE_FROM_MMX(cvtpi2ps, x_cvtpi2ps)
DEFINE_FROM_MMX(cvtpi2pd, x_cvtdq2pd)

#define DEFINE_TO_MMX(name, bytes)                                                                 \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        NEED_MMX();                                                                                \
        fx_enter_mmx(&cpu->fx);                                                                    \
        RAISE_IF(m_##name(&cpu->fx, &cpu->fx.work, xmm_at(cpu, insn->src), 0));                    \
        DST->q[0] = cpu->fx.work.q[0];                                                             \
        written(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        NEED_MMX();                                                                                \
        READ_SOURCE(bytes);                                                                        \
        fx_enter_mmx(&cpu->fx);                                                                    \
        RAISE_IF(m_##name(&cpu->fx, &cpu->fx.work, &cpu->fx.source, 0));                           \
        DST->q[0] = cpu->fx.work.q[0];                                                             \
        written(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }

DEFINE_TO_MMX(cvtps2pi, 8)
DEFINE_TO_MMX(cvttps2pi, 8)
DEFINE_TO_MMX(cvtpd2pi, 16)
DEFINE_TO_MMX(cvttpd2pi, 16)
