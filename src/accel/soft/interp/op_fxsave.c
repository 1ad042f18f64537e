/*
 * FXSAVE, FXRSTOR, LDMXCSR, STMXCSR, CLFLUSH.
 */
#include "src/accel/soft/interp/fpu_handlers.h"

/* The registers of 64-bit code are stored there alone. */
#define XMM_COUNT  (INTERP_WIDE ? 16u : 8u)
#define IMAGE_SIZE (160u + 16u * XMM_COUNT)
#define AT_MXCSR   24u

static bool has_wide_pointers(const Insn *insn)
{
    return insn->prefix & INSN_OP64;
}

static __attribute__((noinline)) void save(Cpu *cpu, const Insn *insn)
{
    uint8_t image[FXSAVE_SIZE];

    fx_store_image(&cpu->fx, image, has_wide_pointers(insn), XMM_COUNT);
    fpu_write(cpu, insn, image, IMAGE_SIZE, 16);
}

static __attribute__((noinline)) void restore(Cpu *cpu, const Insn *insn)
{
    uint8_t image[FXSAVE_SIZE];
    u32 mxcsr;

    fpu_read(cpu, insn, image, IMAGE_SIZE, 16);
    memcpy(&mxcsr, image + AT_MXCSR, sizeof(mxcsr));
    if (mxcsr & ~MXCSR_VALID) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    fx_load_image(&cpu->fx, image, has_wide_pointers(insn), XMM_COUNT);
}

OP(fxsave)
{
    NEED_CONTROL();
    save(cpu, insn);
    NEXT();
}

OP(fxrstor)
{
    NEED_CONTROL();
    restore(cpu, insn);
    NEXT();
}

OP(ldmxcsr)
{
    NEED_SSE();
    insn_begin(cpu, insn);
    fpu_read(cpu, insn, &cpu->fx.source, 4, 1);
    if (cpu->fx.source.d[0] & ~MXCSR_VALID) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    cpu->fx.mxcsr = cpu->fx.source.d[0];
    NEXT();
}

OP(stmxcsr)
{
    NEED_SSE();
    fpu_write(cpu, insn, &cpu->fx.mxcsr, 4, 1);
    NEXT();
}

/* There is no cache, but the address has to be one that may be read. */
OP(clflush)
{
    fpu_read(cpu, insn, &cpu->fx.source, 1, 1);
    NEXT();
}
