/*
 * Encodes x86-64 instructions for the host: prefixes, REX, ModRM, SIB and
 * displacements (Intel SDM volume 2, chapter 2).
 *
 * Registers have the numbers of the encoding: 0 is rAX, 1 rCX, 2 rDX, 3 rBX, 4 rSP,
 * 5 rBP, 6 rSI, 7 rDI, and 8 to 15 are R8 to R15.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_EMIT_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/*
 * The output.  It is written through one mapping of the code; `run` is the
 * address at which the same bytes will run.  If bytes do not fit, `at` counts
 * them, but they are not written.
 */
typedef struct Emitter {
    uint8_t *write;
    const uint8_t *run;
    size_t at, size;
} Emitter;

/* How an instruction is encoded, in addition to its opcode. */
#define EMIT_W    0x01u /* operands of 64 bits */
#define EMIT_66   0x02u /* operands of 16 bits */
#define EMIT_BYTE 0x04u /* a register operand of 8 bits; 4 to 7 are SPL, BPL, SIL, DIL */
#define EMIT_0F   0x08u /* the opcode follows 0F */
#define EMIT_F3   0x10u
#define EMIT_F2   0x20u
#define EMIT_HOW  0xffu /* all of them */

/* A memory operand of the host: base + index * scale + disp. */
typedef struct HostMemory {
    int8_t base;  /* -1 if the address is relative to RIP, with `target` */
    int8_t index; /* -1 if there is none */
    uint8_t scale;
    int32_t disp;
    const void *target;
} HostMemory;

/* Whether all bytes have fit. */
static inline bool emit_fits(const Emitter *e)
{
    return e->at <= e->size;
}

/* Returns the address at which the next instruction will run. */
static inline const uint8_t *emit_here(const Emitter *e)
{
    return e->run + e->at;
}

void emit8(Emitter *e, uint8_t value);
void emit32(Emitter *e, uint32_t value);
void emit64(Emitter *e, uint64_t value);
void emit_align(Emitter *e, size_t to);

/* `reg` is a register or the extension of the opcode, and `rm` is a register. */
void emit_rr(Emitter *e, unsigned how, uint8_t opcode, unsigned reg, unsigned rm);
/* `after` is the number of bytes of an immediate that follows, for addresses relative to RIP. */
void emit_rm(Emitter *e, unsigned how, uint8_t opcode, unsigned reg, HostMemory memory,
             unsigned after);

static inline HostMemory at_base(unsigned base, int32_t disp)
{
    return (HostMemory){.base = (int8_t)base, .index = -1, .disp = disp};
}

static inline HostMemory at_address(const void *target)
{
    return (HostMemory){.base = -1, .index = -1, .target = target};
}

/* Moves a constant into a register, in the shortest form.  Keeps the flags. */
void emit_constant(Emitter *e, unsigned reg, uint64_t value);

/* ---- jumps ---- */

/* The position of a displacement that is not known yet. */
typedef size_t Fixup;

/* `condition` is the condition code of Jcc. */
Fixup emit_jcc(Emitter *e, unsigned condition);
Fixup emit_jmp(Emitter *e);
void emit_jmp_to(Emitter *e, const uint8_t *target);
void emit_jcc_to(Emitter *e, unsigned condition, const uint8_t *target);
/* Lets the jump go to the next instruction. */
void emit_land(Emitter *e, Fixup fixup);

#endif
