/* SSE to SSE4.2, AES, PCLMULQDQ and SHA: moves operands to and from the functions of vector.h. */
#include "src/accel/soft/interp/fpu_handlers.h"

#define DST xmm_at(cpu, insn->dst)
#define SRC xmm_at(cpu, insn->src)

/* A memory operand of 16 bytes must be aligned; otherwise this raises #GP. */
#define READ_SOURCE(bytes)    fpu_read(cpu, insn, &cpu->fx.source, bytes, (bytes) == 16 ? 16 : 1)
#define READ_UNALIGNED(bytes) fpu_read(cpu, insn, &cpu->fx.source, bytes, 1)

/* ---- one register and another, or memory ---- */

#define DEFINE_INTEGER(name, bytes)                                                                \
    OP(x_##name##_r)                                                                               \
    {                                                                                              \
        NEED_SSE();                                                                                \
        x_##name(&cpu->fx, DST, SRC, insn->imm);                                                   \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(x_##name##_m)                                                                               \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_SOURCE(bytes);                                                                        \
        x_##name(&cpu->fx, DST, &cpu->fx.source, insn->imm);                                       \
        NEXT();                                                                                    \
    }
#define DEFINE_OF_BOTH(name, bytes) DEFINE_INTEGER(name, 16)

#define DEFINE_FLOAT(name, bytes)                                                                  \
    OP(x_##name##_r)                                                                               \
    {                                                                                              \
        NEED_SSE();                                                                                \
        if (unlikely(x_##name(&cpu->fx, DST, SRC, insn->imm))) {                                   \
            insn_begin(cpu, insn);                                                                 \
            fpu_raise_simd(cpu);                                                                   \
        }                                                                                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(x_##name##_m)                                                                               \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_SOURCE(bytes);                                                                        \
        if (unlikely(x_##name(&cpu->fx, DST, &cpu->fx.source, insn->imm))) {                       \
            insn_begin(cpu, insn);                                                                 \
            fpu_raise_simd(cpu);                                                                   \
        }                                                                                          \
        NEXT();                                                                                    \
    }

FPU_BOTH_LIST(DEFINE_OF_BOTH)
FPU_XMM_LIST(DEFINE_INTEGER)
FPU_FLOAT_LIST(DEFINE_FLOAT)

#define DEFINE_SHIFT(name)                                                                         \
    OP(x_##name)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        x_##name(&cpu->fx, DST, NULL, insn->imm);                                                  \
        NEXT();                                                                                    \
    }

FPU_SHIFT_LIST(DEFINE_SHIFT)

OP(psrldq)
{
    NEED_SSE();
    x_psrldq_i(&cpu->fx, DST, NULL, insn->imm);
    NEXT();
}

OP(pslldq)
{
    NEED_SSE();
    x_pslldq_i(&cpu->fx, DST, NULL, insn->imm);
    NEXT();
}

/* ---- moves ---- */

/* A move between registers. */
#define DEFINE_MOVE(name, function)                                                                \
    OP(name)                                                                                       \
    {                                                                                              \
        NEED_SSE();                                                                                \
        function(&cpu->fx, DST, SRC, 0);                                                           \
        NEXT();                                                                                    \
    }

/*
 * The register form uses `of_register`. The memory form reads `bytes` bytes and
 * uses `of_memory`.
 */
#define DEFINE_LOAD(name, bytes, of_register, of_memory)                                           \
    DEFINE_MOVE(name##_r, of_register)                                                             \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_UNALIGNED(bytes);                                                                     \
        of_memory(&cpu->fx, DST, &cpu->fx.source, 0);                                              \
        NEXT();                                                                                    \
    }

DEFINE_LOAD(movups_load, 16, x_move, x_move)
DEFINE_LOAD(movss_load, 4, x_low32, x_load32)
DEFINE_LOAD(movsd_load, 8, x_low64, x_load64)
DEFINE_LOAD(movq_load, 8, x_load64, x_load64)
/* The register forms, MOVHLPS and MOVLHPS, move between the halves. */
DEFINE_LOAD(movlps_load, 8, x_low_from_high, x_low64)
DEFINE_LOAD(movhps_load, 8, x_high_from_low, x_high_from_low)

#define DEFINE_STORE(name, bytes, alignment, of_register, from)                                    \
    DEFINE_MOVE(name##_r, of_register)                                                             \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        fpu_write(cpu, insn, from, bytes, alignment);                                              \
        NEXT();                                                                                    \
    }

DEFINE_STORE(movups_store, 16, 1, x_move, SRC)
DEFINE_STORE(movaps_store, 16, 16, x_move, SRC)
DEFINE_STORE(movss_store, 4, 1, x_low32, SRC)
DEFINE_STORE(movsd_store, 8, 1, x_low64, SRC)
DEFINE_STORE(movq_store, 8, 1, x_load64, SRC)
DEFINE_STORE(movlps_store, 8, 1, x_low64, SRC)
DEFINE_STORE(movhps_store, 8, 1, x_high_to_low, &SRC->q[1])

OP(insertps_r)
{
    NEED_SSE();
    x_insertps(&cpu->fx, DST, SRC, insn->imm);
    NEXT();
}

OP(insertps_m)
{
    NEED_SSE();
    READ_UNALIGNED(4);
    x_insertps_m(&cpu->fx, DST, &cpu->fx.source, insn->imm);
    NEXT();
}

/* MASKMOVDQU: writes the bytes of dst whose byte in src has the sign bit set to memory at rDI. */
OP(maskmovdqu)
{
    NEED_SSE();
    insn_begin(cpu, insn);
    store_masked(cpu, insn, DST->b, SRC->b, 16);
    NEXT();
}

/* ---- general registers ---- */

/* From a general register or memory to an XMM register.  The value is in Fx.source. */
#define DEFINE_FROM_GENERAL(name, N, function, imm_)                                               \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        cpu->fx.source.q[0] = *reg##N(cpu, insn->src);                                             \
        function(&cpu->fx, DST, &cpu->fx.source, imm_);                                            \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_UNALIGNED(N / 8);                                                                     \
        function(&cpu->fx, DST, &cpu->fx.source, imm_);                                            \
        NEXT();                                                                                    \
    }

DEFINE_FROM_GENERAL(movd_xg, 32, x_from_general, 0)
DEFINE_FROM_GENERAL(movq_xg, 64, x_from_general, VECTOR_WIDE)
DEFINE_FROM_GENERAL(pinsrw_xg, 16, x_pinsrw, insn->imm)
DEFINE_FROM_GENERAL(pinsrb_xg, 8, x_pinsrb, insn->imm)
DEFINE_FROM_GENERAL(pinsrd_xg, 32, x_pinsrd, insn->imm)
DEFINE_FROM_GENERAL(pinsrq_xg, 64, x_pinsrd, insn->imm | VECTOR_WIDE)

/* From an XMM register to a general register or memory.  The value is in Fx.work. */
#define DEFINE_TO_GENERAL(name, bytes, put, function, imm_)                                        \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        function(&cpu->fx, &cpu->fx.work, SRC, imm_);                                              \
        put(cpu, insn->dst, cpu->fx.work.q[0]);                                                    \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        function(&cpu->fx, &cpu->fx.work, SRC, imm_);                                              \
        fpu_write(cpu, insn, &cpu->fx.work, bytes, 1);                                             \
        NEXT();                                                                                    \
    }

DEFINE_TO_GENERAL(movd_gx, 4, put_32, x_to_general, 0)
DEFINE_TO_GENERAL(movq_gx, 8, put_64, x_to_general, VECTOR_WIDE)
DEFINE_TO_GENERAL(pextrb_gx, 1, put_32, x_pextrb, insn->imm)
DEFINE_TO_GENERAL(pextrw_gx, 2, put_32, x_pextrw, insn->imm)
DEFINE_TO_GENERAL(pextrd_gx, 4, put_32, x_pextrd, insn->imm)
DEFINE_TO_GENERAL(pextrq_gx, 8, put_64, x_pextrd, insn->imm | VECTOR_WIDE)
DEFINE_TO_GENERAL(extractps_gx, 4, put_32, x_extractps, insn->imm)

/* The source can only be a register. */
#define DEFINE_MASK(name, function)                                                                \
    OP(name)                                                                                       \
    {                                                                                              \
        NEED_SSE();                                                                                \
        function(&cpu->fx, &cpu->fx.work, SRC, insn->imm);                                         \
        put_32(cpu, insn->dst, cpu->fx.work.q[0]);                                                 \
        NEXT();                                                                                    \
    }

DEFINE_MASK(movmskps, x_movmskps)
DEFINE_MASK(movmskpd, x_movmskpd)
DEFINE_MASK(pmovmskb_x, x_pmovmskb)
DEFINE_MASK(pextrw_x, x_pextrw)

OP(movnti_32)
{
    fpu_write(cpu, insn, reg32(cpu, insn->src), 4, 1);
    NEXT();
}

OP(movnti_64)
{
    fpu_write(cpu, insn, reg64(cpu, insn->src), 8, 1);
    NEXT();
}

/* ---- conversions ---- */

#define RAISE_IF(unmasked)                                                                         \
    do {                                                                                           \
        if (unlikely(unmasked)) {                                                                  \
            insn_begin(cpu, insn);                                                                 \
            fpu_raise_simd(cpu);                                                                   \
        }                                                                                          \
    } while (0)

#define DEFINE_FROM_INTEGER(name, N, function, wide)                                               \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        cpu->fx.source.q[0] = *reg##N(cpu, insn->src);                                             \
        RAISE_IF(function(&cpu->fx, DST, &cpu->fx.source, wide));                                  \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_UNALIGNED(N / 8);                                                                     \
        RAISE_IF(function(&cpu->fx, DST, &cpu->fx.source, wide));                                  \
        NEXT();                                                                                    \
    }

DEFINE_FROM_INTEGER(cvtsi2ss_32, 32, x_cvtsi2ss, 0)
DEFINE_FROM_INTEGER(cvtsi2ss_64, 64, x_cvtsi2ss, VECTOR_WIDE)
DEFINE_FROM_INTEGER(cvtsi2sd_32, 32, x_cvtsi2sd, 0)
DEFINE_FROM_INTEGER(cvtsi2sd_64, 64, x_cvtsi2sd, VECTOR_WIDE)

#define DEFINE_TO_INTEGER(name, bytes, put, function, wide)                                        \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        RAISE_IF(function(&cpu->fx, &cpu->fx.work, SRC, wide));                                    \
        put(cpu, insn->dst, cpu->fx.work.q[0]);                                                    \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_UNALIGNED(bytes);                                                                     \
        RAISE_IF(function(&cpu->fx, &cpu->fx.work, &cpu->fx.source, wide));                        \
        put(cpu, insn->dst, cpu->fx.work.q[0]);                                                    \
        NEXT();                                                                                    \
    }

DEFINE_TO_INTEGER(cvtss2si_32, 4, put_32, x_cvtss2si, 0)
DEFINE_TO_INTEGER(cvtss2si_64, 4, put_64, x_cvtss2si, VECTOR_WIDE)
DEFINE_TO_INTEGER(cvttss2si_32, 4, put_32, x_cvttss2si, 0)
DEFINE_TO_INTEGER(cvttss2si_64, 4, put_64, x_cvttss2si, VECTOR_WIDE)
DEFINE_TO_INTEGER(cvtsd2si_32, 8, put_32, x_cvtsd2si, 0)
DEFINE_TO_INTEGER(cvtsd2si_64, 8, put_64, x_cvtsd2si, VECTOR_WIDE)
DEFINE_TO_INTEGER(cvttsd2si_32, 8, put_32, x_cvttsd2si, 0)
DEFINE_TO_INTEGER(cvttsd2si_64, 8, put_64, x_cvttsd2si, VECTOR_WIDE)

/* ---- flags ---- */

#define DEFINE_FLAGS(name, bytes)                                                                  \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        cpu->fx.work = *DST;                                                                       \
        RAISE_IF(x_##name(&cpu->fx, &cpu->fx.work, SRC, 0));                                       \
        flags_load_arithmetic(cpu, cpu->fx.work.d[0]);                                             \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_SOURCE(bytes);                                                                        \
        cpu->fx.work = *DST;                                                                       \
        RAISE_IF(x_##name(&cpu->fx, &cpu->fx.work, &cpu->fx.source, 0));                           \
        flags_load_arithmetic(cpu, cpu->fx.work.d[0]);                                             \
        NEXT();                                                                                    \
    }

DEFINE_FLAGS(comiss, 4)
DEFINE_FLAGS(ucomiss, 4)
DEFINE_FLAGS(comisd, 8)
DEFINE_FLAGS(ucomisd, 8)
DEFINE_FLAGS(ptest, 16)

/* The lengths for PCMPESTRx are in EAX and EDX.  With REX.W they are in RAX and RDX. */
static void take_lengths(Cpu *cpu, const Insn *insn)
{
    bool wide = insn->prefix & INSN_OP64;

    cpu->fx.lengths[0] = wide ? (i64)cpu->gpr[CPU_AX] : (i32)cpu->gpr[CPU_AX];
    cpu->fx.lengths[1] = wide ? (i64)cpu->gpr[CPU_DX] : (i32)cpu->gpr[CPU_DX];
}

static void take_nothing(Cpu *cpu, const Insn *insn)
{
    (void)cpu;
    (void)insn;
}

static void give_index(Cpu *cpu)
{
    put_32(cpu, REG_OFFSET(CPU_CX), cpu->fx.work.d[1]);
}

static void give_mask(Cpu *cpu)
{
    cpu->fx.xmm[0] = cpu->fx.result;
}

#define DEFINE_TEXT(name, take, function, give)                                                    \
    OP(name##_r)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        take(cpu, insn);                                                                           \
        cpu->fx.work = *DST;                                                                       \
        function(&cpu->fx, &cpu->fx.work, SRC, insn->imm);                                         \
        flags_load_arithmetic(cpu, cpu->fx.work.d[0]);                                             \
        give(cpu);                                                                                 \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(name##_m)                                                                                   \
    {                                                                                              \
        NEED_SSE();                                                                                \
        READ_UNALIGNED(16);                                                                        \
        take(cpu, insn);                                                                           \
        cpu->fx.work = *DST;                                                                       \
        function(&cpu->fx, &cpu->fx.work, &cpu->fx.source, insn->imm);                             \
        flags_load_arithmetic(cpu, cpu->fx.work.d[0]);                                             \
        give(cpu);                                                                                 \
        NEXT();                                                                                    \
    }

DEFINE_TEXT(pcmpestri, take_lengths, x_pcmpestr, give_index)
DEFINE_TEXT(pcmpestrm, take_lengths, x_pcmpestr, give_mask)
DEFINE_TEXT(pcmpistri, take_nothing, x_pcmpistr, give_index)
DEFINE_TEXT(pcmpistrm, take_nothing, x_pcmpistr, give_mask)
