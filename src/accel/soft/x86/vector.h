/*
 * The MMX and SSE instructions as functions of their operands: `x_` names those
 * of XMM registers, `m_` those of MMX registers.
 *
 * A function computes *d from *d, *s and the immediate.  One that cannot fault
 * writes *d and returns 0.  One of floating point returns the exceptions that
 * the guest has unmasked and that occurred; *d is then left alone, and the
 * caller raises #XM.  *d and *s may be the same place.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_VECTOR_H
#define PIOEMU_ACCEL_SOFT_X86_VECTOR_H

#include "src/accel/soft/x86/fx.h"

typedef unsigned VectorFunction(Fx *fx, V128 *d, const V128 *s, unsigned imm);

/* Added to the immediate when the general register of an operand has 64 bits. */
#define VECTOR_WIDE 0x100u
/* INSERTPS from memory. */
#define VECTOR_INSERTPS_MEMORY 0x200u

#endif
