/*
 * When the system allows the x87, MMX and SSE instructions, and how they access
 * memory.  Intel SDM, volume 3, chapters "System Programming for Instruction Set
 * Extensions" and "Processor Management and Initialization" (table 9-3 for CR0.EM,
 * MP and TS).
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_FPU_H
#define PIOEMU_ACCEL_SOFT_X86_FPU_H

#include "src/accel/soft/x86/access.h"

#include <string.h>

/* Whether x87, MMX or SSE instructions may be forbidden, so that the slow check must run. */
static inline bool x87_is_off(const Cpu *cpu)
{
    return (cpu->cr0 & (CPU_CR0_EM | CPU_CR0_TS)) || fx_pending(&cpu->fx);
}

static inline bool sse_is_off(const Cpu *cpu)
{
    return (cpu->cr0 & (CPU_CR0_EM | CPU_CR0_TS)) | (~cpu->cr4 & CR4_OSFXSR);
}

/* Raise the exception that forbids the instruction, or return if there is none. */
void fpu_refuse_x87(Cpu *cpu);
void fpu_refuse_mmx(Cpu *cpu);
void fpu_refuse_sse(Cpu *cpu);
/* Raises only #NM, for instructions that do not wait for exceptions. */
void fpu_refuse_control(Cpu *cpu);
/* An unmasked exception is pending: raises #MF, or asserts FERR# and waits for its interrupt. */
void fpu_pending(Cpu *cpu);
/* An unmasked exception of SSE has occurred. */
G_NORETURN void fpu_raise_simd(Cpu *cpu);

/* ---- memory ---- */

/*
 * Accesses up to a page.  Raises #GP if the address lacks the `alignment`, which is
 * a power of two.
 */
void fpu_read_slow(Cpu *cpu, const Insn *insn, uint64_t offset, void *to, unsigned size,
                   unsigned alignment);
void fpu_write_slow(Cpu *cpu, const Insn *insn, uint64_t offset, const void *from, unsigned size,
                    unsigned alignment);

#define FPU_INLINE static inline __attribute__((always_inline))

/* The linear address of an operand, and whether the segment contains the operand. */
#if INTERP_WIDE
FPU_INLINE LinearAddr fpu_linear(const Cpu *cpu, const Insn *insn, EffAddr offset)
{
    return segment_base(cpu, insn->segment) + offset;
}

FPU_INLINE bool fpu_within(EffAddr offset, unsigned size, uint64_t end)
{
    (void)offset;
    (void)size;
    (void)end;
    return true;
}
#else
FPU_INLINE LinearAddr fpu_linear(const Cpu *cpu, const Insn *insn, EffAddr offset)
{
    return (u32)cpu->segment[insn->segment].base + offset;
}

FPU_INLINE bool fpu_within(EffAddr offset, unsigned size, uint64_t end)
{
    return (uint64_t)offset + size <= end;
}
#endif

/* Moves the memory operand of an instruction to or from host memory. */
FPU_INLINE void fpu_read(Cpu *cpu, const Insn *insn, void *to, unsigned size, unsigned alignment)
{
    EffAddr offset = insn_address(cpu, insn);
    LinearAddr linear = fpu_linear(cpu, insn, offset);
    const TlbEntry *e = tlb_at(cpu->tlb, linear);

    if (likely(fpu_within(offset, size, cpu->segment[insn->segment].read_end) &&
               ((linear + (size - 1)) & PAGE_MASK) == e->read_tag && !(linear & (alignment - 1)))) {
        memcpy(to, (const void *)(e->addend + linear), size);
    } else {
        fpu_read_slow(cpu, insn, offset, to, size, alignment);
    }
}

FPU_INLINE void fpu_write(Cpu *cpu, const Insn *insn, const void *from, unsigned size,
                          unsigned alignment)
{
    EffAddr offset = insn_address(cpu, insn);
    LinearAddr linear = fpu_linear(cpu, insn, offset);
    const TlbEntry *e = tlb_at(cpu->tlb, linear);

    if (likely(fpu_within(offset, size, cpu->segment[insn->segment].write_end) &&
               ((linear + (size - 1)) & PAGE_MASK) == e->write_tag &&
               !(linear & (alignment - 1)))) {
        memcpy((void *)(e->addend + linear), from, size);
    } else {
        fpu_write_slow(cpu, insn, offset, from, size, alignment);
    }
}

#endif
