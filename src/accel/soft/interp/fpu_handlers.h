/*
 * What the handlers of x87, MMX and SSE share.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_FPU_HANDLERS_H
#define PIOEMU_ACCEL_SOFT_INTERP_FPU_HANDLERS_H

#include "src/accel/soft/interp/fpu_lists.h"
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

/* Writes the bytes of `data` to memory at rDI whose byte in `mask` has the sign bit set. */
static inline void store_masked(Cpu *cpu, const Insn *insn, const uint8_t *data,
                                const uint8_t *mask, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        if (mask[i] & 0x80) {
            mem_write8(cpu, insn, insn->segment, string_address(cpu, insn, i), data[i]);
        }
    }
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

#endif
