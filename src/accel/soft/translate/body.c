/*
 * Translates moves, and calls the translation of every other instruction.
 */
#include "src/accel/soft/translate/body.h"

#define OPCODE_CMOV 0x40

/* ---- moves ---- */

static void emit_mov(Translation *t)
{
    const Insn *insn = current(t);
    unsigned width = form_at(t)->width, bytes = width / 8;
    FormShape shape = form_at(t)->shape;
    unsigned dst;

    switch (shape) {
    case SHAPE_RR:
        dst = begin_target(t, dst_guest(t), false);
        emit_sized_rr(t, width, OPCODE_MOV_LOAD, dst, use_register(t, src_guest(t), RCX));
        store_register(t, dst_guest(t), dst);
        break;
    case SHAPE_RM:
        reach(t, bytes, false);
        dst = begin_target(t, dst_guest(t), false);
        emit_sized_rm(t, width, OPCODE_MOV_LOAD, dst, t->operand, 0);
        store_register(t, dst_guest(t), dst);
        break;
    case SHAPE_MR:
        reach(t, bytes, true);
        emit_sized_rm(t, width, OPCODE_MOV_STORE, use_register(t, src_guest(t), RCX), t->operand,
                      0);
        break;
    case SHAPE_RI:
        dst = begin_target(t, dst_guest(t), false);
        emit_sized_rr(t, width, OPCODE_MOV_IMM, 0, dst);
        emit_immediate(t, width, insn->imm);
        store_register(t, dst_guest(t), dst);
        break;
    default:
        reach(t, bytes, true);
        emit_sized_rm(t, width, OPCODE_MOV_IMM, 0, t->operand, immediate_size(width));
        emit_immediate(t, width, insn->imm);
        break;
    }
}

static void emit_mov_whole(Translation *t)
{
    const Insn *insn = current(t);
    unsigned dst = target_register(t, dst_guest(t), RAX);

    emit_constant(&t->e, dst, insn->imm | (uint64_t)insn->disp << 32);
    store_register(t, dst_guest(t), dst);
}

static void emit_lea(Translation *t)
{
    unsigned width = form_at(t)->width;

    memory_address(t);
    unsigned dst = begin_target(t, dst_guest(t), false);
    emit_sized_rr(t, width, OPCODE_MOV_LOAD, dst, HOST_AT);
    store_register(t, dst_guest(t), dst);
}

/* MOVZX and MOVSX from `op` bits; MOVSXD has an opcode of its own. */
static void emit_extend(Translation *t)
{
    const Form *form = form_at(t);
    bool sign = form->kind == KIND_MOVSX;
    unsigned how = width_prefixes(form->width);
    uint8_t opcode = (uint8_t)((sign ? 0xbe : 0xb6) | (form->op == 16));

    if (form->op == 32) {
        opcode = 0x63;
    } else {
        how |= EMIT_0F;
    }
    if (form->shape == SHAPE_RM) {
        reach(t, form->op / 8u, false);
        unsigned dst = begin_target(t, dst_guest(t), false);
        emit_rm(&t->e, how, opcode, dst, t->operand, 0);
        store_register(t, dst_guest(t), dst);
        return;
    }
    unsigned src = use_register(t, src_guest(t), RCX);
    unsigned dst = begin_target(t, dst_guest(t), false);
    emit_rr(&t->e, how | (form->op == 8 ? EMIT_BYTE : 0), opcode, dst, src);
    store_register(t, dst_guest(t), dst);
}

static void emit_cmov(Translation *t)
{
    const Form *form = form_at(t);
    unsigned how = width_prefixes(form->width) | EMIT_0F;
    uint8_t opcode = (uint8_t)(OPCODE_CMOV | current(t)->imm);
    bool in_memory = form->shape == SHAPE_RM;

    if (in_memory) {
        reach(t, form->width / 8u, false);
    }
    flags_need_host(t, true);
    unsigned dst = use_register(t, dst_guest(t), RAX);
    if (in_memory) {
        emit_rm(&t->e, how, opcode, dst, t->operand, 0);
    } else {
        emit_rr(&t->e, how, opcode, dst, use_register(t, src_guest(t), RCX));
    }
    store_register(t, dst_guest(t), dst);
}

static void emit_setcc(Translation *t)
{
    flags_need_host(t, true);
    unsigned dst = use_register(t, dst_guest(t), RAX);
    emit_rr(&t->e, EMIT_0F | EMIT_BYTE, (uint8_t)(OPCODE_SETCC | current(t)->imm), 0, dst);
    store_register(t, dst_guest(t), dst);
}

static void emit_xchg(Translation *t)
{
    unsigned width = form_at(t)->width;
    unsigned a = use_register(t, dst_guest(t), RAX), b = use_register(t, src_guest(t), RCX);

    emit_sized_rr(t, width, 0x86, a, b);
    store_register(t, dst_guest(t), a);
    store_register(t, src_guest(t), b);
}

/* ---- all of them ---- */

static void emit_nothing(Translation *t)
{
    (void)t;
}

static void (*const EMIT[])(Translation *t) = {
    [KIND_NONE] = emit_nothing,
    [KIND_NOP] = emit_nothing,
    [KIND_MOV] = emit_mov,
    [KIND_MOV_WHOLE] = emit_mov_whole,
    [KIND_ALU] = emit_alu,
    [KIND_TEST] = emit_test,
    [KIND_INC] = emit_unary,
    [KIND_DEC] = emit_unary,
    [KIND_NOT] = emit_unary,
    [KIND_NEG] = emit_unary,
    [KIND_LEA] = emit_lea,
    [KIND_MOVZX] = emit_extend,
    [KIND_MOVSX] = emit_extend,
    [KIND_CMOV] = emit_cmov,
    [KIND_SETCC] = emit_setcc,
    [KIND_SHIFT] = emit_shift,
    [KIND_IMUL] = emit_imul,
    [KIND_MULTIPLY] = emit_multiply,
    [KIND_DIVIDE] = emit_divide,
    [KIND_EXTEND_A] = emit_sign,
    [KIND_SIGN_D] = emit_sign,
    [KIND_XCHG] = emit_xchg,
    [KIND_BIT_TEST] = emit_bit_test,
    [KIND_BSWAP] = emit_bswap,
    [KIND_PUSH] = emit_push,
    [KIND_POP] = emit_pop,
    [KIND_LEAVE] = emit_leave,
    [KIND_EVENT] = emit_nothing,
    [KIND_LOOP] = emit_counted_branch,
    [KIND_JCXZ] = emit_counted_branch,
    [KIND_JCC] = emit_jcc_insn,
    [KIND_JMP] = emit_jmp_insn,
    [KIND_CALL] = emit_call,
    [KIND_RET] = emit_ret,
    [KIND_VECTOR] = emit_vector,
    [KIND_VECTOR_STORE] = emit_vector_store,
    [KIND_VECTOR_SHIFT] = emit_vector_shift,
    [KIND_VECTOR_FLAGS] = emit_vector_flags,
    [KIND_VECTOR_TO_GENERAL] = emit_vector_to_general,
    [KIND_VECTOR_FROM_GENERAL] = emit_vector_from_general,
};

/* Whether its translation saves the flags if they are live. */
static bool saves_flags(const Form *form)
{
    return form->kind == KIND_IMUL || form->kind == KIND_MULTIPLY || plan_rotates(form);
}

void body_emit(Translation *t)
{
    const Form *form = form_at(t);

    flags_prepare(t);
    EMIT[form->kind](t);
    Recipe recipe = body_recipe(t);
    flags_after(t, body_flag_fix(t), &recipe);
    if (saves_flags(form)) {
        bool live = t->live[t->at + 1];

        t->flags = (FlagState){.saved = live, .carry_saved = live};
    }
}
