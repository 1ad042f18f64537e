/* The x87 and SSE part of a CpuState, for tests: offsets in the FXSAVE image. */
#ifndef PIOEMU_FPU_IMAGE_H
#define PIOEMU_FPU_IMAGE_H

#include "src/cpu/cpu_state.h"

#include <string.h>

enum {
    FPU_CONTROL = 0,
    FPU_STATUS = 2,
    FPU_TAGS = 4, /* a bit for each register; 1: not empty */
    FPU_OPCODE = 6,
    FPU_INSTRUCTION = 8,
    FPU_INSTRUCTION_SELECTOR = 12,
    FPU_OPERAND = 16,
    FPU_OPERAND_SELECTOR = 20,
    FPU_MXCSR = 24,
    FPU_ST = 32, /* every 16 bytes, from ST(0) */
    FPU_XMM = 160,
};

#define FPU_CR4_OSFXSR     (1u << 9)
#define FPU_CR4_OSXMMEXCPT (1u << 10)
#define FPU_VECTOR_MF      16u
#define FPU_VECTOR_XM      19u

static inline uint16_t fpu_get16(const CpuState *state, unsigned at)
{
    uint16_t value;

    memcpy(&value, state->fxsave + at, sizeof(value));
    return value;
}

static inline uint32_t fpu_get32(const CpuState *state, unsigned at)
{
    uint32_t value;

    memcpy(&value, state->fxsave + at, sizeof(value));
    return value;
}

static inline void fpu_put16(CpuState *state, unsigned at, uint16_t value)
{
    memcpy(state->fxsave + at, &value, sizeof(value));
}

static inline void fpu_put32(CpuState *state, unsigned at, uint32_t value)
{
    memcpy(state->fxsave + at, &value, sizeof(value));
}

static inline uint8_t *fpu_st(CpuState *state, unsigned i)
{
    return state->fxsave + FPU_ST + 16 * i;
}

static inline uint8_t *fpu_xmm(CpuState *state, unsigned i)
{
    return state->fxsave + FPU_XMM + 16 * i;
}

static inline unsigned fpu_top(const CpuState *state)
{
    return fpu_get16(state, FPU_STATUS) >> 11 & 7;
}

/* Whether ST(i) has a value.  The tags are in the order of the registers' own numbers. */
static inline bool fpu_full(const CpuState *state, unsigned i)
{
    return state->fxsave[FPU_TAGS] >> ((fpu_top(state) + i) & 7) & 1;
}

#endif
