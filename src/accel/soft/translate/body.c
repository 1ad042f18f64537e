/*
 * Translates single instructions.  Most are the guest's own with other registers,
 * and with the host's address in place of a memory operand.
 */
#include "src/accel/soft/translate/translation.h"

/* Opcodes of the host, as those of 8 bits where there are two. */
#define OPCODE_MOV_LOAD   0x8a
#define OPCODE_MOV_STORE  0x88
#define OPCODE_MOV_IMM    0xc6
#define OPCODE_TEST       0x84
#define OPCODE_GROUP1_IMM 0x80
#define OPCODE_GROUP2_IMM 0xc0
#define OPCODE_GROUP2_CL  0xd2
#define OPCODE_GROUP3     0xf6
#define OPCODE_GROUP4     0xfe
#define OPCODE_IMUL       0xaf
#define OPCODE_CMOV       0x40
#define OPCODE_SETCC      0x90

#define ALU_ADC 2u
#define ALU_SBB 3u
#define ALU_CMP 7u

static const Form *form_at(const Translation *t)
{
    return &t->forms[t->at];
}

static unsigned dst_guest(const Translation *t)
{
    return guest_register(current(t)->dst);
}

static unsigned src_guest(const Translation *t)
{
    return guest_register(current(t)->src);
}

/* Leaves the operand's address in HOST_AT. */
static void reach(Translation *t, unsigned bytes, bool write)
{
    memory_operand(t, stub_new(t), bytes, write);
    t->flags.host = false;
}

static HostMemory operand(void)
{
    return at_base(HOST_AT, 0);
}

/*
 * A destination in a register: the old value is loaded if only a part of the
 * register changes, or if the instruction reads it.
 */
static unsigned begin_target(Translation *t, unsigned guest, bool reads)
{
    bool part = form_at(t)->width < 32;

    return part || reads ? use_register(t, guest, RAX) : target_register(t, guest, RAX);
}

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
        emit_sized_rm(t, width, OPCODE_MOV_LOAD, dst, operand(), 0);
        store_register(t, dst_guest(t), dst);
        break;
    case SHAPE_MR:
        reach(t, bytes, true);
        emit_sized_rm(t, width, OPCODE_MOV_STORE, use_register(t, src_guest(t), RCX), operand(), 0);
        break;
    case SHAPE_RI:
        dst = begin_target(t, dst_guest(t), false);
        emit_sized_rr(t, width, OPCODE_MOV_IMM, 0, dst);
        emit_immediate(t, width, insn->imm);
        store_register(t, dst_guest(t), dst);
        break;
    default:
        reach(t, bytes, true);
        emit_sized_rm(t, width, OPCODE_MOV_IMM, 0, operand(), immediate_size(width));
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
        emit_rm(&t->e, how, opcode, dst, operand(), 0);
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
        emit_rm(&t->e, how, opcode, dst, operand(), 0);
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

/* ---- arithmetic ---- */

static Recipe recipe_of(const Translation *t, RecipeKind kind)
{
    const Insn *insn = current(t);
    bool immediate = form_at(t)->shape == SHAPE_RI;

    return (Recipe){
        .kind = (uint8_t)kind,
        .width = form_at(t)->width,
        .dst = (uint8_t)dst_guest(t),
        .src = immediate ? RECIPE_IMMEDIATE : (uint8_t)src_guest(t),
        .imm = insn->imm,
    };
}

/* How the flags of an operation on registers can be computed again. */
static Recipe alu_recipe(const Translation *t)
{
    static const uint8_t KINDS[] = {RECIPE_ADD,  RECIPE_TEST, RECIPE_NONE, RECIPE_NONE,
                                    RECIPE_TEST, RECIPE_SUB,  RECIPE_TEST, RECIPE_CMP};
    const Form *form = form_at(t);
    Recipe recipe = recipe_of(t, KINDS[form->op]);

    if (form->shape == SHAPE_RM || form->shape == SHAPE_MR || form->shape == SHAPE_MI) {
        return (Recipe){.kind = RECIPE_NONE};
    }
    if (recipe.kind == RECIPE_TEST) {
        recipe.src = recipe.dst;
    }
    if (recipe.src == recipe.dst && recipe.kind == RECIPE_ADD) {
        recipe.kind = RECIPE_NONE;
    }
    /* The result of a register minus itself is 0. */
    if (recipe.src == recipe.dst && recipe.kind == RECIPE_SUB) {
        recipe.kind = RECIPE_TEST;
    }
    return recipe;
}

static void emit_alu(Translation *t)
{
    const Insn *insn = current(t);
    const Form *form = form_at(t);
    unsigned width = form->width, bytes = width / 8, dst;
    bool compares = form->op == ALU_CMP, carries = form->op == ALU_ADC || form->op == ALU_SBB;
    bool in_memory = plan_reaches_memory(t, t->at);

    if (in_memory) {
        reach(t, bytes, form->shape != SHAPE_RM && !compares);
    }
    if (carries) {
        flags_need_host_carry(t);
    }
    switch ((FormShape)form->shape) {
    case SHAPE_RR:
        dst = use_register(t, dst_guest(t), RAX);
        emit_sized_rr(t, width, (uint8_t)(form->op << 3 | 2), dst,
                      use_register(t, src_guest(t), RCX));
        break;
    case SHAPE_RM:
        dst = use_register(t, dst_guest(t), RAX);
        emit_sized_rm(t, width, (uint8_t)(form->op << 3 | 2), dst, operand(), 0);
        break;
    case SHAPE_RI:
        dst = use_register(t, dst_guest(t), RAX);
        emit_sized_rr(t, width, OPCODE_GROUP1_IMM, form->op, dst);
        emit_immediate(t, width, insn->imm);
        break;
    case SHAPE_MR:
        emit_sized_rm(t, width, (uint8_t)(form->op << 3), use_register(t, src_guest(t), RCX),
                      operand(), 0);
        return;
    default:
        emit_sized_rm(t, width, OPCODE_GROUP1_IMM, form->op, operand(), immediate_size(width));
        emit_immediate(t, width, insn->imm);
        return;
    }
    if (!compares) {
        store_register(t, dst_guest(t), dst);
    }
}

static void emit_test(Translation *t)
{
    const Form *form = form_at(t);
    unsigned width = form->width;

    switch ((FormShape)form->shape) {
    case SHAPE_RR:
        emit_sized_rr(t, width, OPCODE_TEST, use_register(t, src_guest(t), RCX),
                      use_register(t, dst_guest(t), RAX));
        return;
    case SHAPE_RI:
        emit_sized_rr(t, width, OPCODE_GROUP3, 0, use_register(t, dst_guest(t), RAX));
        break;
    case SHAPE_MI:
        reach(t, width / 8, false);
        emit_sized_rm(t, width, OPCODE_GROUP3, 0, operand(), immediate_size(width));
        break;
    default: {
        bool to_register = form->shape == SHAPE_RM;

        reach(t, width / 8, false);
        unsigned guest = to_register ? dst_guest(t) : src_guest(t);
        emit_sized_rm(t, width, OPCODE_TEST, use_register(t, guest, RCX), operand(), 0);
        return;
    }
    }
    emit_immediate(t, width, current(t)->imm);
}

/* INC, DEC, NOT and NEG: `op` is the opcode's extension. */
static void emit_unary(Translation *t)
{
    const Form *form = form_at(t);
    bool counts = form->kind == KIND_INC || form->kind == KIND_DEC;
    uint8_t opcode = counts ? OPCODE_GROUP4 : OPCODE_GROUP3;

    if (form->shape == SHAPE_M) {
        reach(t, form->width / 8u, true);
    }
    if (counts && t->live[t->at + 1] & FLAGS_CARRY) {
        flags_need_host_carry(t);
    }
    if (form->shape == SHAPE_M) {
        emit_sized_rm(t, form->width, opcode, form->op, operand(), 0);
        return;
    }
    unsigned dst = use_register(t, dst_guest(t), RAX);
    emit_sized_rr(t, form->width, opcode, form->op, dst);
    store_register(t, dst_guest(t), dst);
}

static void emit_shift(Translation *t)
{
    const Form *form = form_at(t);
    unsigned dst = use_register(t, dst_guest(t), RAX);

    if (form->shape == SHAPE_RC) {
        emit_move(t, RCX, use_register(t, CPU_CX, RCX));
        emit_sized_rr(t, form->width, OPCODE_GROUP2_CL, form->op, dst);
    } else {
        emit_sized_rr(t, form->width, OPCODE_GROUP2_IMM, form->op, dst);
        emit8(&t->e, (uint8_t)current(t)->imm);
    }
    store_register(t, dst_guest(t), dst);
}

static FlagFix shift_fix(const Translation *t)
{
    const Form *form = form_at(t);

    return current(t)->imm == 1 ? FIX_BY_ONE : form->op == 4 ? FIX_LEFT : FIX_RIGHT;
}

/*
 * The flags of a product: CF and OF as the host has them, and those of its low
 * half, which hosts leave undefined.
 */
static void save_product_flags(Translation *t, unsigned result)
{
    Emitter *e = &t->e;

    if (!t->live[t->at + 1]) {
        return;
    }
    emit_rr(e, EMIT_0F | EMIT_BYTE, OPCODE_SETCC, 0, RAX); /* seto al */
    emit_sized_rr(t, form_at(t)->width, OPCODE_TEST, result, result);
    emit8(e, 0x9f);            /* lahf */
    emit_rr(e, 0, 0x08, 0, 4); /* or ah, al: OF is CF, too */
    emit_rm(e, EMIT_66, 0x89, RAX, cpu_field(offsetof(Cpu, native_flags)), 0);
}

static void emit_imul(Translation *t)
{
    const Form *form = form_at(t);
    unsigned how = width_prefixes(form->width), dst;
    bool in_memory = plan_reaches_memory(t, t->at);
    bool three = form->shape == SHAPE_RRI || form->shape == SHAPE_RMI;

    if (in_memory) {
        reach(t, form->width / 8u, false);
    }
    /* Not RAX, which the flags will need. */
    dst = three ? target_register(t, dst_guest(t), HOST_AT) : use_register(t, dst_guest(t), RCX);
    if (three) {
        if (in_memory) {
            emit_rm(&t->e, how, 0x69, dst, operand(), 4);
        } else {
            emit_rr(&t->e, how, 0x69, dst, use_register(t, src_guest(t), RCX));
        }
        emit32(&t->e, current(t)->imm);
    } else if (in_memory) {
        emit_rm(&t->e, how | EMIT_0F, OPCODE_IMUL, dst, operand(), 0);
    } else {
        emit_rr(&t->e, how | EMIT_0F, OPCODE_IMUL, dst, use_register(t, src_guest(t), RAX));
    }
    store_register(t, dst_guest(t), dst);
    save_product_flags(t, dst);
}

/* RDX is a register of the guest that has the same number. */
static void emit_multiply(Translation *t)
{
    const Form *form = form_at(t);
    unsigned src = use_register(t, dst_guest(t), RCX);
    unsigned accumulator = (unsigned)host_home(t->wide, CPU_AX);

    emit_move(t, RAX, accumulator);
    emit_sized_rr(t, form->width, OPCODE_GROUP3, form->op, src);
    emit_move(t, accumulator, RAX);
    save_product_flags(t, accumulator);
}

/* A quotient that fits; any other is the interpreter's. */
static void emit_divide(Translation *t)
{
    const Form *form = form_at(t);
    Stub *stub = stub_new(t);
    unsigned src = use_register(t, dst_guest(t), RCX);
    unsigned accumulator = (unsigned)host_home(t->wide, CPU_AX);

    emit_sized_rr(t, form->width, 0x3a, RDX, src); /* cmp */
    stub_add(stub, emit_jcc(&t->e, CONDITION_NC));
    emit_move(t, RAX, accumulator);
    emit_sized_rr(t, form->width, OPCODE_GROUP3, form->op, src);
    emit_move(t, accumulator, RAX);
}

/* The sign of the accumulator, in itself or in rDX. */
static void emit_sign(Translation *t)
{
    unsigned how = width_prefixes(form_at(t)->width);
    unsigned accumulator = (unsigned)host_home(t->wide, CPU_AX);

    emit_move(t, RAX, accumulator);
    if (how & EMIT_W) {
        emit8(&t->e, 0x48);
    }
    emit8(&t->e, form_at(t)->kind == KIND_EXTEND_A ? 0x98 : 0x99);
    if (form_at(t)->kind == KIND_EXTEND_A) {
        emit_move(t, accumulator, RAX);
    }
}

static void emit_bit_test(Translation *t)
{
    const Form *form = form_at(t);

    flags_need_host(t, true);
    emit_rr(&t->e, width_prefixes(form->width) | EMIT_0F, 0xba, form->op,
            use_register(t, dst_guest(t), RAX));
    emit8(&t->e, (uint8_t)current(t)->imm);
}

static void emit_bswap(Translation *t)
{
    unsigned dst = use_register(t, dst_guest(t), RAX);
    uint8_t rex = (uint8_t)((form_at(t)->width == 64 ? 0x48 : 0x40) | dst >> 3);

    emit8(&t->e, rex);
    emit8(&t->e, 0x0f);
    emit8(&t->e, (uint8_t)(0xc8 | (dst & 7)));
    store_register(t, dst_guest(t), dst);
}

/* ---- the stack ---- */

static unsigned stack_pointer(const Translation *t)
{
    return (unsigned)host_home(t->wide, CPU_SP);
}

static unsigned stack_bytes(const Translation *t)
{
    return t->wide ? 8 : 4;
}

static void add_to_stack_pointer(Translation *t, int32_t by)
{
    emit_rm(&t->e, t->wide ? EMIT_W : 0, 0x8d, stack_pointer(t), at_base(stack_pointer(t), by), 0);
}

/* The place below the top of the stack. */
static void reach_push(Translation *t, Stub *stub)
{
    int32_t bytes = (int32_t)stack_bytes(t);

    emit_rm(&t->e, t->wide ? EMIT_W : 0, 0x8d, HOST_AT, at_base(stack_pointer(t), -bytes), 0);
    memory_at(t, stub, CPU_SS, stack_bytes(t), true);
    t->flags.host = false;
}

static void reach_stack(Translation *t, Stub *stub, unsigned pointer)
{
    emit_move(t, HOST_AT, pointer);
    memory_at(t, stub, CPU_SS, stack_bytes(t), false);
    t->flags.host = false;
}

static void emit_push(Translation *t)
{
    unsigned width = t->wide ? 64 : 32;
    Stub *stub = stub_new(t);
    unsigned value = RCX;

    if (form_at(t)->shape == SHAPE_M) {
        memory_operand(t, stub, stack_bytes(t), false);
        emit_sized_rm(t, width, OPCODE_MOV_LOAD, RCX, operand(), 0);
        emit_rm(&t->e, EMIT_W, 0x89, RCX, cpu_field(offsetof(Cpu, native_value)), 0);
    }
    reach_push(t, stub);
    if (form_at(t)->shape == SHAPE_I) {
        emit_sized_rm(t, width, OPCODE_MOV_IMM, 0, operand(), 4);
        emit32(&t->e, current(t)->imm);
    } else {
        if (form_at(t)->shape == SHAPE_M) {
            emit_rm(&t->e, EMIT_W, 0x8b, RCX, cpu_field(offsetof(Cpu, native_value)), 0);
        } else {
            value = use_register(t, dst_guest(t), RCX);
        }
        emit_sized_rm(t, width, OPCODE_MOV_STORE, value, operand(), 0);
    }
    add_to_stack_pointer(t, -(int32_t)stack_bytes(t));
}

static void emit_pop(Translation *t)
{
    unsigned width = t->wide ? 64 : 32;

    reach_stack(t, stub_new(t), stack_pointer(t));
    add_to_stack_pointer(t, (int32_t)stack_bytes(t));
    unsigned dst = target_register(t, dst_guest(t), RAX);
    emit_sized_rm(t, width, OPCODE_MOV_LOAD, dst, operand(), 0);
    store_register(t, dst_guest(t), dst);
}

static void emit_leave(Translation *t)
{
    unsigned frame = (unsigned)host_home(t->wide, CPU_BP);

    reach_stack(t, stub_new(t), frame);
    emit_rm(&t->e, t->wide ? EMIT_W : 0, 0x8d, stack_pointer(t),
            at_base(frame, (int32_t)stack_bytes(t)), 0);
    emit_sized_rm(t, t->wide ? 64 : 32, OPCODE_MOV_LOAD, frame, operand(), 0);
}

/* ---- branches ---- */

static uint64_t branch_target(const Translation *t)
{
    uint64_t rip = next_rip(t) + (uint64_t)(int64_t)(int32_t)current(t)->imm;

    return t->wide ? rip : (uint32_t)rip;
}

static void emit_jcc_insn(Translation *t)
{
    unsigned condition = form_at(t)->op;

    flags_need_host(t, true);
    Fixup not_taken = emit_jcc(&t->e, condition ^ 1);
    exit_to(t, 1, branch_target(t));
    emit_land(&t->e, not_taken);
    exit_to(t, 0, next_rip(t));
}

/* The target of an indirect branch into RCX. */
static void load_target(Translation *t, Stub *stub)
{
    unsigned width = t->wide ? 64 : 32;

    if (form_at(t)->shape == SHAPE_M) {
        memory_operand(t, stub, stack_bytes(t), false);
        emit_sized_rm(t, width, OPCODE_MOV_LOAD, RCX, operand(), 0);
    } else {
        emit_move(t, RCX, use_register(t, dst_guest(t), RCX));
    }
}

static void emit_jmp_insn(Translation *t)
{
    if (form_at(t)->shape == SHAPE_I) {
        exit_to(t, 1, branch_target(t));
        return;
    }
    flags_need_saved(t);
    Stub *stub = stub_new(t);
    load_target(t, stub);
    exit_find_indirect(t, stub);
    exit_enter(t);
}

static void store_return_address(Translation *t)
{
    uint64_t rip = next_rip(t);
    bool fits = !t->wide || (int64_t)rip == (int32_t)rip;

    if (fits) {
        emit_sized_rm(t, t->wide ? 64 : 32, OPCODE_MOV_IMM, 0, operand(), 4);
        emit32(&t->e, (uint32_t)rip);
    } else {
        emit_constant(&t->e, RCX, rip);
        emit_sized_rm(t, 64, OPCODE_MOV_STORE, RCX, operand(), 0);
    }
    add_to_stack_pointer(t, -(int32_t)stack_bytes(t));
}

static void emit_call(Translation *t)
{
    bool direct = form_at(t)->shape == SHAPE_I;
    HostMemory value = cpu_field(offsetof(Cpu, native_value));

    flags_need_saved(t);
    Stub *stub = stub_new(t), *found = stub_new(t);
    if (!direct) {
        load_target(t, stub);
        emit_rm(&t->e, EMIT_W, 0x89, RCX, value, 0);
    }
    reach_push(t, stub);
    if (direct) {
        exit_find(t, found, 1, branch_target(t));
    } else {
        emit_rm(&t->e, EMIT_W, 0x8b, RCX, value, 0);
        exit_find_indirect(t, found);
    }
    store_return_address(t);
    exit_enter(t);
}

static void emit_ret(Translation *t)
{
    flags_need_saved(t);
    Stub *stub = stub_new(t), *found = stub_new(t);
    reach_stack(t, stub, stack_pointer(t));
    emit_sized_rm(t, t->wide ? 64 : 32, OPCODE_MOV_LOAD, RCX, operand(), 0);
    exit_find_indirect(t, found);
    add_to_stack_pointer(t, (int32_t)(stack_bytes(t) + current(t)->imm));
    exit_enter(t);
}

/* ---- all of them ---- */

static void emit_nothing(Translation *t)
{
    (void)t;
}

static void (*const EMIT[])(Translation *t) = {
    [KIND_NONE] = emit_nothing,      [KIND_NOP] = emit_nothing,
    [KIND_MOV] = emit_mov,           [KIND_MOV_WHOLE] = emit_mov_whole,
    [KIND_ALU] = emit_alu,           [KIND_TEST] = emit_test,
    [KIND_INC] = emit_unary,         [KIND_DEC] = emit_unary,
    [KIND_NOT] = emit_unary,         [KIND_NEG] = emit_unary,
    [KIND_LEA] = emit_lea,           [KIND_MOVZX] = emit_extend,
    [KIND_MOVSX] = emit_extend,      [KIND_CMOV] = emit_cmov,
    [KIND_SETCC] = emit_setcc,       [KIND_SHIFT] = emit_shift,
    [KIND_IMUL] = emit_imul,         [KIND_MULTIPLY] = emit_multiply,
    [KIND_DIVIDE] = emit_divide,     [KIND_EXTEND_A] = emit_sign,
    [KIND_SIGN_D] = emit_sign,       [KIND_XCHG] = emit_xchg,
    [KIND_BIT_TEST] = emit_bit_test, [KIND_BSWAP] = emit_bswap,
    [KIND_PUSH] = emit_push,         [KIND_POP] = emit_pop,
    [KIND_LEAVE] = emit_leave,       [KIND_JCC] = emit_jcc_insn,
    [KIND_JMP] = emit_jmp_insn,      [KIND_CALL] = emit_call,
    [KIND_RET] = emit_ret,
};

/* How the flags that an instruction set can be computed again. */
static Recipe recipe_at(const Translation *t)
{
    const Form *form = form_at(t);
    bool in_memory = plan_reaches_memory(t, t->at);

    switch ((FormKind)form->kind) {
    case KIND_ALU:
        return alu_recipe(t);
    case KIND_TEST:
        return recipe_of(t, in_memory ? RECIPE_NONE : RECIPE_TEST);
    case KIND_INC:
    case KIND_DEC: {
        Recipe recipe = recipe_of(t, form->kind == KIND_INC ? RECIPE_INC : RECIPE_DEC);

        recipe.src = RECIPE_IMMEDIATE;
        recipe.kind = in_memory || !t->flags.carry_saved ? RECIPE_NONE : recipe.kind;
        return recipe;
    }
    default:
        return (Recipe){.kind = RECIPE_NONE};
    }
}

/* BT leaves AF as a shift before it has left it. */
static FlagFix fix_at(const Translation *t)
{
    FormKind kind = form_at(t)->kind;

    return kind == KIND_SHIFT      ? shift_fix(t)
           : kind == KIND_BIT_TEST ? (FlagFix)t->flags.fix
                                   : FIX_NONE;
}

static bool is_product(const Form *form)
{
    return form->kind == KIND_IMUL || form->kind == KIND_MULTIPLY;
}

void body_emit(Translation *t)
{
    const Form *form = form_at(t);

    flags_prepare(t);
    EMIT[form->kind](t);
    Recipe recipe = recipe_at(t);
    flags_after(t, fix_at(t), &recipe);
    if (is_product(form)) {
        bool live = t->live[t->at + 1];

        t->flags = (FlagState){.saved = live, .carry_saved = live};
    }
}
