/*
 * The MMX and SSE instructions as functions of their operands.  `x_` names those on
 * XMM registers, `m_` those on MMX registers.
 *
 * A function computes *d from *d, *s and the immediate.  A function that cannot
 * fault writes *d and returns 0.  A function on floating-point values returns the
 * exceptions that occurred and that the guest has unmasked.  In this case *d is
 * unchanged, and the caller raises #XM. *d and *s may be the same object.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_VECTOR_H
#define PIOEMU_ACCEL_SOFT_X86_VECTOR_H

#include "src/accel/soft/x86/fx.h"

typedef unsigned VectorFunction(Fx *fx, V128 *d, const V128 *s, unsigned imm);

/* Added to the immediate if the general register of an operand has 64 bits. */
#define VECTOR_WIDE 0x100u
/* Marks INSERTPS from memory. */
#define VECTOR_INSERTPS_MEMORY 0x200u

#endif
