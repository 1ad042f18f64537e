/*
 * The guest's arithmetic flags under translation.  The host's own instructions
 * set them in the host's flags.  They are saved in Cpu.native_flags, in the
 * form of LAHF and SETO, only if they are needed after an instruction of ours
 * has destroyed them, and only if they cannot be computed again.
 */
#include "src/accel/soft/translate/translation.h"

/* SF and CF in the result of LAHF, and CF as a bit of Cpu.native_flags. */
#define AH_NOT_AF 0xefu
#define CARRY_BIT 8u

static HostMemory saved_place(void)
{
    return cpu_field(offsetof(Cpu, native_flags));
}

/* AH holds the result of LAHF.  AL becomes SF xor CF. */
static void emit_overflow_of_left(Emitter *e)
{
    emit_rr(e, EMIT_BYTE & 0, 0x8a, 0, 4); /* mov al, ah */
    emit_rr(e, EMIT_BYTE, 0xc0, 5, RAX);   /* shr al, 7 */
    emit8(e, 7);
    emit_rr(e, 0, 0x32, 0, 4);           /* xor al, ah */
    emit_rr(e, EMIT_BYTE, 0x80, 4, RAX); /* and al, 1 */
    emit8(e, 1);
}

static void emit_save(Translation *t, FlagState *flags)
{
    Emitter *e = &t->e;

    emit8(e, 0x9f); /* lahf */
    if (flags->fix == FIX_NONE || flags->fix == FIX_BY_ONE) {
        emit_rr(e, EMIT_0F | EMIT_BYTE, 0x90, 0, RAX); /* seto al */
    } else if (flags->fix == FIX_RIGHT) {
        emit8(e, 0xb0); /* mov al, 0 */
        emit8(e, 0);
    }
    if (flags->fix != FIX_NONE) {
        emit_rr(e, 0, 0x80, 4, 4); /* and ah, ~AF */
        emit8(e, AH_NOT_AF);
        flags->host = false;
    }
    if (flags->fix == FIX_LEFT) {
        emit_overflow_of_left(e);
    }
    emit_rm(e, EMIT_66, 0x89, RAX, saved_place(), 0);
    flags->saved = flags->carry_saved = true;
    flags->fix = FIX_NONE;
}

static void emit_restore(Translation *t)
{
    Emitter *e = &t->e;

    emit_rm(e, EMIT_0F, 0xb7, RAX, saved_place(), 0); /* movzx */
    emit8(e, 0x04);                                   /* add al, 7f: sets OF if AL is 1 */
    emit8(e, 0x7f);
    emit8(e, 0x9e); /* sahf */
}

static void emit_restore_carry(Translation *t)
{
    /* As wide as the flags were stored: the host waits for a store that is narrower. */
    emit_rm(&t->e, EMIT_0F | EMIT_66, 0xba, 4, cpu_field(offsetof(Cpu, native_flags)), 1); /* bt */
    emit8(&t->e, CARRY_BIT);
}

/* Left: CF is the lowest bit.  Right: CF is the highest.  OF is CF xor a bit at the top. */
void flags_save_rotation(Translation *t, unsigned width, bool left)
{
    Emitter *e = &t->e;

    if (!left) {
        emit_rr(e, EMIT_W, 0xc1, 5, RCX); /* shr */
        emit8(e, (uint8_t)(width - 2));
    }
    emit_rr(e, EMIT_W, 0x8b, HOST_AT, RCX);
    if (left) {
        emit_rr(e, EMIT_W, 0xc1, 5, HOST_AT);
        emit8(e, (uint8_t)(width - 1));
        emit_rr(e, 0, 0x83, 4, RCX); /* and */
        emit8(e, 1);
    } else {
        emit_rr(e, 0, 0xd1, 5, RCX);
    }
    emit_rr(e, 0, 0x33, HOST_AT, RCX);
    emit_rr(e, 0, 0x83, 4, HOST_AT);
    emit8(e, 1);
    emit_rr(e, 0, 0xc1, 4, RCX); /* shl */
    emit8(e, CARRY_BIT);
    emit_rr(e, 0, 0x0b, RCX, HOST_AT);
    emit_rm(e, EMIT_0F, 0xb7, RAX, saved_place(), 0); /* movzx */
    emit_rr(e, 0, 0x81, 4, RAX);
    emit32(e, ~(1u << CARRY_BIT) & 0xff00);
    emit_rr(e, 0, 0x0b, RAX, RCX);
    emit_rm(e, EMIT_66, 0x89, RAX, saved_place(), 0);
}

/* `op` is the number of ADD, SUB and so on.  RAX is one operand, and the recipe has the other. */
static void emit_recipe_operation(Translation *t, const Recipe *recipe, unsigned op)
{
    if (recipe->src == RECIPE_IMMEDIATE) {
        emit_sized_rr(t, recipe->width, 0x80, op, RAX);
        emit_immediate(t, recipe->width, recipe->imm);
    } else {
        unsigned src = use_register(t, recipe->src, RCX);

        emit_sized_rr(t, recipe->width, (uint8_t)(op << 3 | 2), RAX, src);
    }
}

static void emit_recipe(Translation *t, const Recipe *recipe)
{
    Emitter *e = &t->e;
    unsigned dst = use_register(t, recipe->dst, RAX);

    if (dst != RAX) {
        emit_move(t, RAX, dst);
    }
    switch ((RecipeKind)recipe->kind) {
    case RECIPE_ADD:
        emit_recipe_operation(t, recipe, 5);
        emit_recipe_operation(t, recipe, 0);
        break;
    case RECIPE_SUB:
        emit_recipe_operation(t, recipe, 0);
        emit_recipe_operation(t, recipe, 5);
        break;
    case RECIPE_CMP:
        emit_recipe_operation(t, recipe, 7);
        break;
    case RECIPE_TEST:
        emit_recipe_operation(t, recipe, 4);
        break;
    default:
        emit_restore_carry(t);
        emit_rm(e, EMIT_W, 0x8d, RAX, at_base(RAX, recipe->kind == RECIPE_INC ? -1 : 1), 0);
        emit_sized_rr(t, recipe->width, 0xfe, recipe->kind == RECIPE_INC ? 0 : 1, RAX);
        break;
    }
}

/* Whether the flags are nowhere.  They will be set again before anything reads them. */
static bool is_lost(const FlagState *flags)
{
    return !flags->host && !flags->saved && flags->recipe.kind == RECIPE_NONE;
}

void flags_need_saved(Translation *t)
{
    FlagState *flags = &t->flags;

    if (flags->saved || is_lost(flags)) {
        return;
    }
    if (!flags->host) {
        emit_recipe(t, &flags->recipe);
        flags->host = true;
        flags->fix = FIX_NONE;
    }
    emit_save(t, flags);
}

void flags_need_outside_host(Translation *t)
{
    if (t->flags.recipe.kind == RECIPE_NONE) {
        flags_need_saved(t);
    }
}

void flags_rebuild(Translation *t, FlagState *flags)
{
    if (!flags->saved && flags->recipe.kind != RECIPE_NONE) {
        emit_recipe(t, &flags->recipe);
        flags->fix = FIX_NONE;
        emit_save(t, flags);
    }
}

void flags_need_host(Translation *t, bool overflow)
{
    FlagState *flags = &t->flags;

    if (overflow && flags->host && flags->fix > FIX_BY_ONE) {
        flags_need_saved(t);
    }
    if (!flags->host && !is_lost(flags)) {
        if (flags->saved) {
            emit_restore(t);
        } else {
            emit_recipe(t, &flags->recipe);
        }
        flags->host = true;
        flags->fix = FIX_NONE;
    }
}

void flags_need_host_carry(Translation *t)
{
    if (t->flags.host || is_lost(&t->flags)) {
        return;
    }
    if (t->flags.carry_saved) {
        emit_restore_carry(t);
    } else {
        emit_recipe(t, &t->flags.recipe);
    }
}

static bool recipe_survives(const Recipe *recipe, uint32_t changes)
{
    return recipe->kind != RECIPE_NONE && !(changes >> recipe->dst & 1) &&
           (recipe->src == RECIPE_IMMEDIATE || !(changes >> recipe->src & 1));
}

void flags_prepare(Translation *t)
{
    const FlagState *flags = &t->flags;
    unsigned passing = t->live[t->at + 1] & ~plan_sets(t, t->at);
    FormKind kind = t->forms[t->at].kind;
    bool stays = flags->saved || recipe_survives(&flags->recipe, plan_changes(t, t->at)) ||
                 (flags->host && plan_keeps_host_flags(t, t->at));
    bool can_leave = flags->saved || flags->recipe.kind != RECIPE_NONE;

    if (!t->live[t->at]) {
        return;
    }
    if (kind == KIND_INC || kind == KIND_DEC || kind == KIND_BIT_TEST) {
        passing = 0; /* The host's own instruction keeps these flags. */
    }
    if ((plan_may_leave(t, t->at) && !can_leave) || (passing && !stays)) {
        flags_need_saved(t);
    }
}

void flags_after(Translation *t, FlagFix fix, const Recipe *recipe)
{
    FlagState *flags = &t->flags;
    unsigned sets = plan_sets(t, t->at);

    if (!recipe_survives(&flags->recipe, plan_changes(t, t->at))) {
        flags->recipe.kind = RECIPE_NONE;
    }
    if (!plan_keeps_host_flags(t, t->at)) {
        flags->host = false;
    }
    if (!sets) {
        return;
    }
    bool carry_saved = !(sets & FLAGS_CARRY) && flags->carry_saved;

    *flags = (FlagState){.host = true, .carry_saved = carry_saved, .fix = (uint8_t)fix};
    if (recipe) {
        flags->recipe = *recipe;
    }
}
