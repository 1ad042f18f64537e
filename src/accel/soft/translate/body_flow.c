/*
 * Translates pushes, pops and branches.
 */
#include "src/accel/soft/translate/body.h"

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

void emit_push(Translation *t)
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

void emit_pop(Translation *t)
{
    unsigned width = t->wide ? 64 : 32;

    reach_stack(t, stub_new(t), stack_pointer(t));
    add_to_stack_pointer(t, (int32_t)stack_bytes(t));
    unsigned dst = target_register(t, dst_guest(t), RAX);
    emit_sized_rm(t, width, OPCODE_MOV_LOAD, dst, operand(), 0);
    store_register(t, dst_guest(t), dst);
}

void emit_leave(Translation *t)
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

void emit_jcc_insn(Translation *t)
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

void emit_jmp_insn(Translation *t)
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

void emit_call(Translation *t)
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

void emit_ret(Translation *t)
{
    flags_need_saved(t);
    Stub *stub = stub_new(t), *found = stub_new(t);
    reach_stack(t, stub, stack_pointer(t));
    emit_sized_rm(t, t->wide ? 64 : 32, OPCODE_MOV_LOAD, RCX, operand(), 0);
    exit_find_indirect(t, found);
    add_to_stack_pointer(t, (int32_t)(stack_bytes(t) + current(t)->imm));
    exit_enter(t);
}
