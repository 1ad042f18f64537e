/*
 * FXSAVE, FXRSTOR, XSAVE, XRSTOR, XGETBV, XSETBV, LDMXCSR, STMXCSR, CLFLUSH.
 */
#include "src/accel/soft/interp/fpu_handlers.h"

/* Only 64-bit code stores all sixteen registers. */
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

/* ---- XSAVE (Intel SDM volume 1, chapter "Managing State Using the XSAVE Feature Set") ---- */

#define COMPONENT_X87   1u
#define COMPONENT_SSE   2u
#define COMPONENTS      (COMPONENT_X87 | COMPONENT_SSE)
#define AT_MXCSR_MASK   28u
#define AT_HEADER       512u
#define HEADER_SIZE     64u
#define HEADER_RESERVED 24u /* bytes that XRSTOR checks */
#define XSAVE_SIZE      (AT_HEADER + HEADER_SIZE)
#define XSAVE_ALIGNMENT 64u

static void need_xsave(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (!(cpu->cr4 & CR4_OSXSAVE)) {
        cpu_raise(cpu, VECTOR_UD);
    }
    if (cpu->cr0 & CPU_CR0_TS) {
        cpu_raise(cpu, VECTOR_NM);
    }
}

/* Returns the components that EDX:EAX requests and XCR0 enables. */
static unsigned requested(const Cpu *cpu)
{
    return (unsigned)cpu->gpr[CPU_AX] & (unsigned)cpu->xcr0 & COMPONENTS;
}

/* Components that are not requested, and the bytes for software, are not changed. */
static __attribute__((noinline)) void save_extended(Cpu *cpu, const Insn *insn)
{
    uint8_t image[XSAVE_SIZE];
    unsigned components = requested(cpu);

    fpu_read(cpu, insn, image, XSAVE_SIZE, XSAVE_ALIGNMENT);
    if (components & COMPONENT_X87) {
        fx_store_x87(&cpu->fx, image, has_wide_pointers(insn));
    }
    if (components & COMPONENT_SSE) {
        const u32 valid = MXCSR_VALID;

        fx_store_xmm(&cpu->fx, image, XMM_COUNT);
        memcpy(image + AT_MXCSR, &cpu->fx.mxcsr, sizeof(u32));
        memcpy(image + AT_MXCSR_MASK, &valid, sizeof(u32));
    }
    image[AT_HEADER] |= (uint8_t)components;
    fpu_write(cpu, insn, image, XSAVE_SIZE, XSAVE_ALIGNMENT);
}

static bool header_is_valid(const Cpu *cpu, const uint8_t *header)
{
    u64 components;

    memcpy(&components, header, sizeof(components));
    for (unsigned i = sizeof(components); i < HEADER_RESERVED; i++) {
        if (header[i]) {
            return false;
        }
    }
    return !(components & ~cpu->xcr0);
}

static void reset_xmm(Cpu *cpu)
{
    memset(cpu->fx.xmm, 0, sizeof(V128) * XMM_COUNT);
}

static __attribute__((noinline)) void restore_extended(Cpu *cpu, const Insn *insn)
{
    uint8_t image[XSAVE_SIZE];
    unsigned components = requested(cpu);
    u32 mxcsr;

    fpu_read(cpu, insn, image, XSAVE_SIZE, XSAVE_ALIGNMENT);
    memcpy(&mxcsr, image + AT_MXCSR, sizeof(mxcsr));
    if (!header_is_valid(cpu, image + AT_HEADER) ||
        (components & COMPONENT_SSE && mxcsr & ~MXCSR_VALID)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    unsigned present = image[AT_HEADER];
    if (components & present & COMPONENT_X87) {
        fx_load_x87(&cpu->fx, image, has_wide_pointers(insn));
    } else if (components & COMPONENT_X87) {
        fx_init(&cpu->fx);
        memset(cpu->fx.reg, 0, sizeof(cpu->fx.reg));
    }
    if (components & present & COMPONENT_SSE) {
        fx_load_xmm(&cpu->fx, image, XMM_COUNT);
    } else if (components & COMPONENT_SSE) {
        reset_xmm(cpu);
    }
    if (components & COMPONENT_SSE) {
        cpu->fx.mxcsr = mxcsr;
    }
}

OP(xsave)
{
    need_xsave(cpu, insn);
    save_extended(cpu, insn);
    NEXT();
}

OP(xrstor)
{
    need_xsave(cpu, insn);
    restore_extended(cpu, insn);
    NEXT();
}

static void need_xcr(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    if (!(cpu->cr4 & CR4_OSXSAVE)) {
        cpu_raise(cpu, VECTOR_UD);
    }
    if (GPR(cpu, CPU_CX) != 0) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
}

OP(xgetbv)
{
    need_xcr(cpu, insn);
    GPR_PUT32(cpu, CPU_AX, (u32)cpu->xcr0);
    GPR_PUT32(cpu, CPU_DX, (u32)(cpu->xcr0 >> 32));
    NEXT();
}

OP(xsetbv)
{
    u64 value = (u64)GPR(cpu, CPU_DX) << 32 | GPR(cpu, CPU_AX);

    need_xcr(cpu, insn);
    if (cpu->cpl != 0 || !(value & COMPONENT_X87) || value & ~(u64)COMPONENTS) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    cpu->xcr0 = value;
    FINISH();
}

/* ---- MXCSR and the cache ---- */

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

/* There is no cache to flush, but the address must be readable. */
OP(clflush)
{
    fpu_read(cpu, insn, &cpu->fx.source, 1, 1);
    NEXT();
}
