/*
 * The decisions before code is made: which instructions are translated, and
 * where the flags may be read.  An instruction that may leave the run, because
 * it can fault or because the block ends with it, needs all flags.
 */
#include "src/accel/soft/translate/translation.h"

/* ---- facts about an instruction ---- */

static bool has_memory_shape(const Form *form)
{
    switch ((FormShape)form->shape) {
    case SHAPE_M:
    case SHAPE_RM:
    case SHAPE_MR:
    case SHAPE_MI:
    case SHAPE_MC:
    case SHAPE_RMI:
        return form->kind != KIND_LEA;
    default:
        return false;
    }
}

static bool uses_stack(const Form *form)
{
    return form->kind == KIND_PUSH || form->kind == KIND_POP || form->kind == KIND_CALL ||
           form->kind == KIND_RET || form->kind == KIND_LEAVE;
}

static bool is_branch(const Form *form)
{
    return form->kind == KIND_JCC || form->kind == KIND_JMP || form->kind == KIND_CALL ||
           form->kind == KIND_RET || form->kind == KIND_LOOP || form->kind == KIND_JCXZ;
}

bool plan_branches(const Translation *t, unsigned i)
{
    return is_branch(&t->forms[i]);
}

unsigned plan_targets(const Translation *t, uint64_t rip[2])
{
    unsigned last = t->block->count - 1u;
    const Form *form = &t->forms[last];
    bool falls = form->kind == KIND_JCC || form->kind == KIND_LOOP || form->kind == KIND_JCXZ;
    unsigned count = 0;

    if (is_branch(form) && form->shape == SHAPE_I) {
        rip[count++] = branch_target(t, last);
    }
    if (falls || (form->kind != KIND_NONE && !is_branch(form))) {
        rip[count++] = rip_after(t, &t->block->insns[last]);
    }
    return count;
}

bool plan_reaches_memory(const Translation *t, unsigned i)
{
    return has_memory_shape(&t->forms[i]) || uses_stack(&t->forms[i]);
}

bool plan_may_leave(const Translation *t, unsigned i)
{
    const Form *form = &t->forms[i];

    return form->kind == KIND_NONE || plan_reaches_memory(t, i) || is_branch(form) ||
           form->kind == KIND_DIVIDE || form_is_vector(form);
}

bool plan_rotates(const Form *form)
{
    return form->kind == KIND_SHIFT && form->op < 4;
}

/* Whether a shift is by an immediate and not by CL. */
static bool has_constant_count(const Form *form)
{
    return form->shape == SHAPE_RI || form->shape == SHAPE_MI;
}

unsigned plan_sets(const Translation *t, unsigned i)
{
    const Form *form = &t->forms[i];

    switch ((FormKind)form->kind) {
    case KIND_ALU:
    case KIND_TEST:
    case KIND_NEG:
    case KIND_IMUL:
    case KIND_MULTIPLY:
    case KIND_VECTOR_FLAGS:
        return FLAGS_ALL;
    case KIND_SHIFT:
        /* Rotations keep some flags, and so does a shift whose count is 0. */
        return has_constant_count(form) && !plan_rotates(form) ? FLAGS_ALL : 0;
    case KIND_INC:
    case KIND_DEC:
        return FLAGS_REST;
    case KIND_BIT_TEST:
        return FLAGS_CARRY;
    default:
        return 0;
    }
}

static unsigned reads(const Form *form, unsigned live_after)
{
    switch ((FormKind)form->kind) {
    case KIND_ALU:
        return form->op == 2 || form->op == 3 ? FLAGS_CARRY : 0;
    case KIND_CMOV:
    case KIND_SETCC:
    case KIND_JCC:
        return FLAGS_ALL;
    case KIND_INC:
    case KIND_DEC:
        return live_after & FLAGS_CARRY;
    default:
        return 0;
    }
}

bool plan_keeps_host_flags(const Translation *t, unsigned i)
{
    switch ((FormKind)t->forms[i].kind) {
    case KIND_NOP:
    case KIND_MOV:
    case KIND_MOV_WHOLE:
    case KIND_NOT:
    case KIND_LEA:
    case KIND_MOVZX:
    case KIND_MOVSX:
    case KIND_CMOV:
    case KIND_SETCC:
    case KIND_EXTEND_A:
    case KIND_SIGN_D:
    case KIND_XCHG:
    case KIND_BSWAP:
    case KIND_JCC:
        return !plan_reaches_memory(t, i);
    default:
        return false;
    }
}

static uint32_t bit(unsigned guest)
{
    return UINT32_C(1) << guest;
}

uint32_t plan_changes(const Translation *t, unsigned i)
{
    const Insn *insn = &t->block->insns[i];
    const Form *form = &t->forms[i];
    uint32_t dst = bit(guest_register(insn->dst));
    bool to_register = form->shape == SHAPE_R || form->shape == SHAPE_RR ||
                       form->shape == SHAPE_RM || form->shape == SHAPE_RI ||
                       form->shape == SHAPE_RC || form->shape == SHAPE_RRI ||
                       form->shape == SHAPE_RMI;

    if (form_is_vector(form)) {
        return form->kind == KIND_VECTOR_TO_GENERAL ? dst : 0;
    }
    switch ((FormKind)form->kind) {
    case KIND_NONE:
        return UINT32_MAX;
    case KIND_ALU:
        return form->op != 7 && to_register ? dst : 0;
    case KIND_NOP:
    case KIND_TEST:
    case KIND_BIT_TEST:
    case KIND_JCC:
    case KIND_JMP:
    case KIND_JCXZ:
        return 0;
    case KIND_LOOP:
        return bit(CPU_CX);
    case KIND_LEA:
        return dst;
    case KIND_XCHG:
        return dst | bit(guest_register(insn->src));
    case KIND_MULTIPLY:
    case KIND_DIVIDE:
        return bit(CPU_AX) | bit(CPU_DX);
    case KIND_EXTEND_A:
        return bit(CPU_AX);
    case KIND_SIGN_D:
        return bit(CPU_DX);
    case KIND_PUSH:
    case KIND_CALL:
    case KIND_RET:
        return bit(CPU_SP);
    case KIND_POP:
        return bit(CPU_SP) | dst;
    case KIND_LEAVE:
        return bit(CPU_SP) | bit(CPU_BP);
    default:
        return to_register ? dst : 0;
    }
}

/* ---- what is translated ---- */

/* AH, CH, DH and BH cannot be used as registers in the host's 64-bit code with REX. */
static bool is_high_byte(uint8_t place)
{
    return place & 7;
}

static bool has_high_byte(const Insn *insn, const Form *form)
{
    bool source8 = form->width == 8 || form->op == 8;

    if (form_is_vector(form)) {
        return false;
    }
    switch ((FormShape)form->shape) {
    case SHAPE_RR:
        return (form->width == 8 && is_high_byte(insn->dst)) ||
               (source8 && is_high_byte(insn->src));
    case SHAPE_MR:
        return form->width == 8 && is_high_byte(insn->src);
    case SHAPE_R:
    case SHAPE_RM:
    case SHAPE_RI:
    case SHAPE_RC:
        return form->width == 8 && is_high_byte(insn->dst);
    default:
        return false;
    }
}

/* An address-size prefix in 64-bit code is not translated. */
static bool can_address(const Translation *t, const Insn *insn)
{
    return insn->address_mask == UINT32_MAX || !t->wide;
}

static bool is_translated(const Translation *t, unsigned i, const Form *form, unsigned live_after)
{
    const Insn *insn = &t->block->insns[i];
    bool addresses = has_memory_shape(form) || form->kind == KIND_LEA;

    if (has_high_byte(insn, form) || (addresses && !can_address(t, insn))) {
        return false;
    }
    switch ((FormKind)form->kind) {
    case KIND_SHIFT:
        if (has_constant_count(form)) {
            return insn->imm && insn->imm < form->width;
        }
        return !live_after && form->width >= 32;
    case KIND_IMUL:
        return form->width >= 32;
    case KIND_MULTIPLY:
    case KIND_DIVIDE:
        return form->width >= 32;
    case KIND_PUSH:
    case KIND_POP:
    case KIND_LEAVE:
        return !t->wide || form->width == 64;
    case KIND_BIT_TEST:
        return form->width >= 32;
    case KIND_LOOP:
    case KIND_JCXZ:
        return can_address(t, insn);
    case KIND_EVENT:
        return false;
    default:
        return true;
    }
}

static Form form_of(const Translation *t, unsigned i)
{
    return translator_form(t->translator, t->block->insns[i].handler);
}

void plan_block(Translation *t)
{
    unsigned live = FLAGS_ALL;

    t->live[t->block->count] = FLAGS_ALL;
    for (unsigned i = t->block->count; i-- > 0;) {
        Form form = form_of(t, i);

        if (form.kind != KIND_NONE && !is_translated(t, i, &form, live)) {
            form = (Form){.kind = KIND_NONE};
        }
        t->forms[i] = form;
        live = (live & ~plan_sets(t, i)) | reads(&form, live);
        if (plan_may_leave(t, i)) {
            live = FLAGS_ALL;
        }
        t->live[i] = (uint8_t)live;
    }
}
