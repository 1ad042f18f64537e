/*
 * What the files that translate single instructions share.  Most translations
 * are the guest's own instruction with other registers, and with the host's
 * address in place of a memory operand.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_BODY_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_BODY_H

#include "src/accel/soft/translate/translation.h"

/*
 * Opcodes of the host.  If an opcode has a form for 8 bits, this is that form;
 * the other sizes have bit 0 set.
 */
#define OPCODE_MOV_LOAD  0x8a
#define OPCODE_MOV_STORE 0x88
#define OPCODE_MOV_IMM   0xc6
#define OPCODE_SETCC     0x90

static inline const Form *form_at(const Translation *t)
{
    return &t->forms[t->at];
}

static inline unsigned dst_guest(const Translation *t)
{
    return guest_register(current(t)->dst);
}

static inline unsigned src_guest(const Translation *t)
{
    return guest_register(current(t)->src);
}

/* Finds the operand in memory, see memory_operand(). */
static inline void reach(Translation *t, unsigned bytes, bool write)
{
    memory_operand(t, stub_new(t), bytes, write ? MEMORY_WRITE : MEMORY_READ);
    t->flags.host = false;
}

/*
 * Begins a destination in a register.  The old value is loaded if only a part
 * of the register changes, or if the instruction reads it.
 */
static inline unsigned begin_target(Translation *t, unsigned guest, bool reads)
{
    bool part = form_at(t)->width < 32;

    return part || reads ? use_register(t, guest, RAX) : target_register(t, guest, RAX);
}

/* ---- body_arithmetic.c ---- */

void emit_alu(Translation *t);
void emit_test(Translation *t);
void emit_unary(Translation *t);
void emit_shift(Translation *t);
void emit_imul(Translation *t);
void emit_multiply(Translation *t);
void emit_divide(Translation *t);
void emit_sign(Translation *t);
void emit_bit_test(Translation *t);
void emit_bswap(Translation *t);
/* How the flags that the current instruction set can be computed again. */
Recipe body_recipe(const Translation *t);
/* How the flags of the host differ from the guest's after the current instruction. */
FlagFix body_flag_fix(const Translation *t);

/* ---- vector.c ---- */

void emit_vector(Translation *t);
void emit_vector_store(Translation *t);
void emit_vector_shift(Translation *t);
void emit_vector_flags(Translation *t);
void emit_vector_to_general(Translation *t);
void emit_vector_from_general(Translation *t);

/* ---- body_flow.c ---- */

void emit_push(Translation *t);
void emit_pop(Translation *t);
void emit_leave(Translation *t);
void emit_jcc_insn(Translation *t);
void emit_counted_branch(Translation *t);
void emit_jmp_insn(Translation *t);
void emit_call(Translation *t);
void emit_ret(Translation *t);

#endif
