/*
 * Translates pushes, pops and branches.
 */
#include "src/accel/soft/translate/body.h"

/* ---- the stack ---- */

static unsigned stack_pointer(const Translation *t)
{
    return (unsigned)host_home(t->wide, CPU_SP);
}

static bool has_small_stack(const Translation *t)
{
    return !t->wide && t->context.stack_mask == UINT16_MAX;
}

static unsigned stack_bytes(const Translation *t)
{
    return form_at(t)->width / 8u;
}

/* Sets the stack pointer to the sum, in as many bits as the stack pointer has. */
static void set_stack_pointer(Translation *t, unsigned from, int32_t by)
{
    unsigned how = t->wide ? EMIT_W : has_small_stack(t) ? EMIT_66 : 0;

    emit_rm(&t->e, how, 0x8d, stack_pointer(t), at_base(from, by), 0);
}

static void add_to_stack_pointer(Translation *t, int32_t by)
{
    set_stack_pointer(t, stack_pointer(t), by);
}

/* Finds the place in the stack that is `by` bytes from a register; see memory_operand(). */
static void reach_stack(Translation *t, Stub *stub, unsigned pointer, int32_t by, MemoryNeeds needs)
{
    t->flags.host = false;
    if (!has_small_stack(t) && memory_near(t, stub, CPU_SS, pointer, by, stack_bytes(t), needs)) {
        return;
    }
    if (by) {
        emit_rm(&t->e, t->wide ? EMIT_W : 0, 0x8d, HOST_AT, at_base(pointer, by), 0);
    } else {
        emit_move(t, HOST_AT, pointer);
    }
    if (has_small_stack(t)) {
        emit_cut_address(t);
    }
    memory_at(t, stub, CPU_SS, stack_bytes(t), needs);
}

/* Does the same for the place below the top of the stack. */
static void reach_push(Translation *t, Stub *stub)
{
    reach_stack(t, stub, stack_pointer(t), -(int32_t)stack_bytes(t), MEMORY_WRITE);
}

static void reach_pop(Translation *t, Stub *stub)
{
    reach_stack(t, stub, stack_pointer(t), 0, MEMORY_READ);
}

void emit_push(Translation *t)
{
    unsigned width = form_at(t)->width;
    Stub *stub = stub_new(t);
    unsigned value = RCX;

    if (form_at(t)->shape == SHAPE_M) {
        memory_operand(t, stub, stack_bytes(t), MEMORY_READ);
        emit_sized_rm(t, width, OPCODE_MOV_LOAD, RCX, t->operand, 0);
        emit_rm(&t->e, EMIT_W, 0x89, RCX, cpu_field(offsetof(Cpu, native_value)), 0);
    }
    reach_push(t, stub);
    if (form_at(t)->shape == SHAPE_I) {
        emit_sized_rm(t, width, OPCODE_MOV_IMM, 0, t->operand, immediate_size(width));
        emit_immediate(t, width, current(t)->imm);
    } else {
        if (form_at(t)->shape == SHAPE_M) {
            emit_rm(&t->e, EMIT_W, 0x8b, RCX, cpu_field(offsetof(Cpu, native_value)), 0);
        } else {
            value = use_register(t, dst_guest(t), RCX);
        }
        emit_sized_rm(t, width, OPCODE_MOV_STORE, value, t->operand, 0);
    }
    add_to_stack_pointer(t, -(int32_t)stack_bytes(t));
}

void emit_pop(Translation *t)
{
    unsigned width = form_at(t)->width;

    reach_pop(t, stub_new(t));
    if (dst_guest(t) == CPU_SP) {
        /* The value replaces the sum, or a part of it. */
        emit_sized_rm(t, width, OPCODE_MOV_LOAD, RCX, t->operand, 0);
        add_to_stack_pointer(t, (int32_t)stack_bytes(t));
        emit_sized_rr(t, width, OPCODE_MOV_LOAD, stack_pointer(t), RCX);
        return;
    }
    unsigned dst = begin_target(t, dst_guest(t), false);
    emit_sized_rm(t, width, OPCODE_MOV_LOAD, dst, t->operand, 0);
    store_register(t, dst_guest(t), dst);
    add_to_stack_pointer(t, (int32_t)stack_bytes(t));
}

void emit_leave(Translation *t)
{
    unsigned frame = (unsigned)host_home(t->wide, CPU_BP);

    reach_stack(t, stub_new(t), frame, 0, MEMORY_READ);
    set_stack_pointer(t, frame, (int32_t)stack_bytes(t));
    emit_sized_rm(t, form_at(t)->width, OPCODE_MOV_LOAD, frame, t->operand, 0);
}

/* ---- branches ---- */

void emit_jcc_insn(Translation *t)
{
    flags_need_host(t, true);
    Fixup not_taken = emit_jcc(&t->e, form_at(t)->op ^ 1u);
    exit_to(t, 1, branch_target(t, t->at));
    emit_land(&t->e, not_taken);
    exit_to(t, 0, next_rip(t));
}

/*
 * LOOP and JCXZ: the counter, as wide as addresses, is computed in HOST_AT.
 * It goes to its register when the run leaves for another block.
 */
void emit_counted_branch(Translation *t)
{
    bool loops = form_at(t)->kind == KIND_LOOP;
    unsigned counter = (unsigned)host_home(t->wide, CPU_CX);
    unsigned how = t->wide ? EMIT_W : 0;

    flags_need_saved(t);
    t->flags.host = false;
    emit_move(t, HOST_AT, counter);
    if (loops) {
        unsigned part = current(t)->address_mask == UINT16_MAX ? EMIT_66 : how;
        emit_rr(&t->e, part, 0x83, 5, HOST_AT); /* sub */
        emit8(&t->e, 1);
    }
    if (current(t)->address_mask == UINT16_MAX) {
        emit_rr(&t->e, EMIT_66, 0x85, HOST_AT, HOST_AT);
    } else {
        emit_rr(&t->e, how, 0x85, HOST_AT, HOST_AT);
    }
    t->counts = loops;
    Fixup not_taken = emit_jcc(&t->e, loops ? CONDITION_NZ ^ 1u : CONDITION_NZ);
    exit_to(t, 1, branch_target(t, t->at));
    emit_land(&t->e, not_taken);
    exit_to(t, 0, next_rip(t));
    t->counts = false;
}

/* Loads an address of code from memory into RCX. */
static void emit_load_target(Translation *t, HostMemory from)
{
    if (form_at(t)->width == 16) {
        emit_rm(&t->e, EMIT_0F, 0xb7, RCX, from, 0); /* movzx */
    } else {
        emit_sized_rm(t, form_at(t)->width, OPCODE_MOV_LOAD, RCX, from, 0);
    }
}

/* Loads the target of an indirect branch into RCX. */
static void load_target(Translation *t, Stub *stub)
{
    unsigned width = form_at(t)->width;

    if (form_at(t)->shape == SHAPE_M) {
        memory_operand(t, stub, stack_bytes(t), MEMORY_READ);
        emit_load_target(t, t->operand);
    } else {
        emit_move(t, RCX, use_register(t, dst_guest(t), RCX));
        if (width == 16) {
            emit_rr(&t->e, EMIT_0F, 0xb7, RCX, RCX);
        }
    }
}

void emit_jmp_insn(Translation *t)
{
    if (form_at(t)->shape == SHAPE_I) {
        exit_to(t, 1, branch_target(t, t->at));
        return;
    }
    flags_need_saved(t);
    Stub *stub = stub_new(t), *found = stub_for_next(t);
    load_target(t, stub);
    exit_find_indirect(t, found);
    exit_enter(t, NULL);
}

static void store_return_address(Translation *t)
{
    uint64_t rip = next_rip(t);
    unsigned width = form_at(t)->width;
    bool fits = !t->wide || (int64_t)rip == (int32_t)rip;

    if (fits) {
        emit_sized_rm(t, width, OPCODE_MOV_IMM, 0, t->operand, immediate_size(width));
        emit_immediate(t, width, (uint32_t)rip);
    } else {
        emit_constant(&t->e, RCX, rip);
        emit_sized_rm(t, 64, OPCODE_MOV_STORE, RCX, t->operand, 0);
    }
    add_to_stack_pointer(t, -(int32_t)stack_bytes(t));
}

void emit_call(Translation *t)
{
    bool direct = form_at(t)->shape == SHAPE_I;
    HostMemory value = cpu_field(offsetof(Cpu, native_value));
    const Block *known = NULL;

    flags_need_saved(t);
    Stub *stub = stub_new(t), *found = stub_for_next(t);
    if (direct && !t->wide && branch_target(t, t->at) >= t->context.cs_end) {
        stub_add(stub, emit_jmp(&t->e));
        return;
    }
    if (!direct) {
        load_target(t, stub);
        emit_rm(&t->e, EMIT_W, 0x89, RCX, value, 0);
    }
    reach_push(t, stub);
    if (direct) {
        known = exit_find(t, found, 1, branch_target(t, t->at));
    } else {
        emit_rm(&t->e, EMIT_W, 0x8b, RCX, value, 0);
        exit_find_indirect(t, found);
    }
    store_return_address(t);
    exit_enter(t, known);
}

void emit_ret(Translation *t)
{
    flags_need_saved(t);
    Stub *stub = stub_new(t), *found = stub_for_next(t);
    reach_pop(t, stub);
    emit_load_target(t, t->operand);
    exit_find_indirect(t, found);
    add_to_stack_pointer(t, (int32_t)(stack_bytes(t) + current(t)->imm));
    exit_enter(t, NULL);
}
