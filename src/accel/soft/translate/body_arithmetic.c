/*
 * Translates arithmetic, and determines how its flags can be computed again.
 */
#include "src/accel/soft/translate/body.h"

#define OPCODE_TEST       0x84
#define OPCODE_GROUP1_IMM 0x80
#define OPCODE_GROUP2_IMM 0xc0
#define OPCODE_GROUP2_CL  0xd2
#define OPCODE_GROUP3     0xf6
#define OPCODE_GROUP4     0xfe
#define OPCODE_IMUL       0xaf

#define ALU_ADC 2u
#define ALU_SBB 3u
#define ALU_CMP 7u

/* ---- recipes ---- */

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
    /* A register minus itself is 0. */
    if (recipe.src == recipe.dst && recipe.kind == RECIPE_SUB) {
        recipe.kind = RECIPE_TEST;
    }
    return recipe;
}

/* ---- sums and comparisons ---- */

void emit_alu(Translation *t)
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
        emit_sized_rm(t, width, (uint8_t)(form->op << 3 | 2), dst, t->operand, 0);
        break;
    case SHAPE_RI:
        dst = use_register(t, dst_guest(t), RAX);
        emit_sized_rr(t, width, OPCODE_GROUP1_IMM, form->op, dst);
        emit_immediate(t, width, insn->imm);
        break;
    case SHAPE_MR:
        emit_sized_rm(t, width, (uint8_t)(form->op << 3), use_register(t, src_guest(t), RCX),
                      t->operand, 0);
        return;
    default:
        emit_sized_rm(t, width, OPCODE_GROUP1_IMM, form->op, t->operand, immediate_size(width));
        emit_immediate(t, width, insn->imm);
        return;
    }
    if (!compares) {
        store_register(t, dst_guest(t), dst);
    }
}

void emit_test(Translation *t)
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
        emit_sized_rm(t, width, OPCODE_GROUP3, 0, t->operand, immediate_size(width));
        break;
    default: {
        bool to_register = form->shape == SHAPE_RM;

        reach(t, width / 8, false);
        unsigned guest = to_register ? dst_guest(t) : src_guest(t);
        emit_sized_rm(t, width, OPCODE_TEST, use_register(t, guest, RCX), t->operand, 0);
        return;
    }
    }
    emit_immediate(t, width, current(t)->imm);
}

/* INC, DEC, NOT and NEG: `op` is the opcode's extension. */
void emit_unary(Translation *t)
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
        emit_sized_rm(t, form->width, opcode, form->op, t->operand, 0);
        return;
    }
    unsigned dst = use_register(t, dst_guest(t), RAX);
    emit_sized_rr(t, form->width, opcode, form->op, dst);
    store_register(t, dst_guest(t), dst);
}

/* Loads the result of a rotation into RCX, extended with zeros. */
static void load_rotated(Translation *t, unsigned dst)
{
    const Form *form = form_at(t);
    bool narrow = form->width < 32;
    unsigned how =
        narrow ? EMIT_0F | (form->width == 8 ? EMIT_BYTE : 0) : width_prefixes(form->width);
    uint8_t opcode = (uint8_t)(!narrow ? 0x8b : form->width == 8 ? 0xb6 : 0xb7);

    if (form->shape == SHAPE_MI) {
        emit_rm(&t->e, how, opcode, RCX, t->operand, 0);
    } else {
        emit_rr(&t->e, how, opcode, RCX, dst);
    }
}

void emit_shift(Translation *t)
{
    const Form *form = form_at(t);
    bool in_memory = plan_reaches_memory(t, t->at);
    bool by_cl = form->shape == SHAPE_RC || form->shape == SHAPE_MC;
    bool rotates = plan_rotates(form) && t->live[t->at + 1];
    unsigned dst = RAX;

    if (rotates) {
        flags_need_saved(t);
    }
    if (in_memory) {
        reach(t, form->width / 8u, true);
    } else {
        dst = use_register(t, dst_guest(t), RAX);
    }
    if (by_cl) {
        emit_move(t, RCX, use_register(t, CPU_CX, RCX));
    }
    uint8_t opcode = by_cl ? OPCODE_GROUP2_CL : OPCODE_GROUP2_IMM;
    if (in_memory) {
        emit_sized_rm(t, form->width, opcode, form->op, t->operand, !by_cl);
    } else {
        emit_sized_rr(t, form->width, opcode, form->op, dst);
    }
    if (!by_cl) {
        emit8(&t->e, (uint8_t)current(t)->imm);
    }
    if (!in_memory) {
        store_register(t, dst_guest(t), dst);
    }
    if (rotates) {
        load_rotated(t, dst);
        flags_save_rotation(t, form->width, form->op == 0);
    }
}

static FlagFix shift_fix(const Translation *t)
{
    const Form *form = form_at(t);

    return current(t)->imm == 1 ? FIX_BY_ONE : form->op == 4 ? FIX_LEFT : FIX_RIGHT;
}

/*
 * The flags of a product: CF and OF are the host's, and the others, which
 * processors leave undefined, are those of its low half.
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
    emit_rr(e, 0, 0x08, 0, 4); /* or ah, al: CF is the same as OF */
    emit_rm(e, EMIT_66, 0x89, RAX, cpu_field(offsetof(Cpu, native_flags)), 0);
}

void emit_imul(Translation *t)
{
    const Form *form = form_at(t);
    unsigned how = width_prefixes(form->width), dst;
    bool in_memory = plan_reaches_memory(t, t->at);
    bool three = form->shape == SHAPE_RRI || form->shape == SHAPE_RMI;

    if (in_memory) {
        reach(t, form->width / 8u, false);
    }
    /* RAX cannot be used, because the flags will need it. */
    dst = three ? target_register(t, dst_guest(t), HOST_AT) : use_register(t, dst_guest(t), RCX);
    if (three) {
        if (in_memory) {
            emit_rm(&t->e, how, 0x69, dst, t->operand, 4);
        } else {
            emit_rr(&t->e, how, 0x69, dst, use_register(t, src_guest(t), RCX));
        }
        emit32(&t->e, current(t)->imm);
    } else if (in_memory) {
        emit_rm(&t->e, how | EMIT_0F, OPCODE_IMUL, dst, t->operand, 0);
    } else {
        emit_rr(&t->e, how | EMIT_0F, OPCODE_IMUL, dst, use_register(t, src_guest(t), RAX));
    }
    store_register(t, dst_guest(t), dst);
    save_product_flags(t, dst);
}

/* RDX holds the guest register with the same number. */
void emit_multiply(Translation *t)
{
    const Form *form = form_at(t);
    unsigned src = use_register(t, dst_guest(t), RCX);
    unsigned accumulator = (unsigned)host_home(t->wide, CPU_AX);

    emit_move(t, RAX, accumulator);
    emit_sized_rr(t, form->width, OPCODE_GROUP3, form->op, src);
    emit_move(t, accumulator, RAX);
    save_product_flags(t, accumulator);
}

/* Divides if the quotient fits.  Otherwise the interpreter executes the instruction. */
void emit_divide(Translation *t)
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

/* Extends the sign of the accumulator, within it or into rDX. */
void emit_sign(Translation *t)
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

void emit_bit_test(Translation *t)
{
    const Form *form = form_at(t);

    flags_need_host(t, true);
    emit_rr(&t->e, width_prefixes(form->width) | EMIT_0F, 0xba, form->op,
            use_register(t, dst_guest(t), RAX));
    emit8(&t->e, (uint8_t)current(t)->imm);
}

void emit_bswap(Translation *t)
{
    unsigned dst = use_register(t, dst_guest(t), RAX);
    uint8_t rex = (uint8_t)((form_at(t)->width == 64 ? 0x48 : 0x40) | dst >> 3);

    emit8(&t->e, rex);
    emit8(&t->e, 0x0f);
    emit8(&t->e, (uint8_t)(0xc8 | (dst & 7)));
    store_register(t, dst_guest(t), dst);
}

/* ---- the flags afterwards ---- */

/* How the flags that an instruction set can be computed again. */
Recipe body_recipe(const Translation *t)
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

/* BT does not change AF, so a difference that an earlier shift left in AF remains. */
FlagFix body_flag_fix(const Translation *t)
{
    FormKind kind = form_at(t)->kind;

    return kind == KIND_SHIFT      ? shift_fix(t)
           : kind == KIND_BIT_TEST ? (FlagFix)t->flags.fix
                                   : FIX_NONE;
}
