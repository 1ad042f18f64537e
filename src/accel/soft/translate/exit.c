/*
 * Where a run ends: at another block, which is entered with the registers in
 * place, or by a stub in the interpreter.
 *
 * The next block is found as the interpreter finds it, by the link of this block
 * or in the table of jumps, and by the same conditions: its address, its
 * generation, and enough fuel for all of it.  If one does not hold, the
 * interpreter does the branch.
 */
#include "src/accel/soft/translate/translation.h"

/* ---- stubs ---- */

Stub *stub_new(Translation *t)
{
    Stub *stub = &t->stubs[t->stub_count++];

    *stub = (Stub){.at = t->at, .flags = t->flags};
    stub->flags.host = false;
    return stub;
}

void stub_add(Stub *stub, Fixup fixup)
{
    g_assert(stub->fixup_count < STUB_FIXUPS);
    stub->fixups[stub->fixup_count++] = fixup;
}

static bool is_signed32(uint64_t value)
{
    return (int64_t)value == (int32_t)value;
}

static void emit_store_rip(Translation *t)
{
    HostMemory rip = cpu_field(offsetof(Cpu, rip));

    if (is_signed32(block_rip(t))) {
        emit_rm(&t->e, EMIT_W, 0xc7, 0, rip, 4);
        emit32(&t->e, (uint32_t)block_rip(t));
    } else {
        emit_constant(&t->e, RAX, block_rip(t));
        emit_rm(&t->e, EMIT_W, 0x89, RAX, rip, 0);
    }
}

/* RCX is the instruction. */
static void emit_leave(Translation *t, unsigned at)
{
    emit_store_rip(t);
    emit_rm(&t->e, EMIT_W, 0x8d, RCX, at_address(&t->block->insns[at]), 0);
}

void stubs_emit(Translation *t)
{
    for (unsigned i = 0; i < t->stub_count; i++) {
        Stub *stub = &t->stubs[i];

        for (unsigned j = 0; j < stub->fixup_count; j++) {
            emit_land(&t->e, stub->fixups[j]);
        }
        if (stub->fuel) {
            emit_rm(&t->e, EMIT_W, 0x8d, HOST_FUEL, at_base(HOST_FUEL, stub->fuel), 0);
        }
        flags_rebuild(t, &stub->flags);
        emit_leave(t, stub->at);
        emit_constant(&t->e, RAX, (uintptr_t)t->block->insns[stub->at].handler);
        emit_jmp_to(&t->e, translator_exit(t));
    }
    t->stub_count = 0;
}

void exit_to_interpreter(Translation *t)
{
    flags_need_saved(t);
    emit_leave(t, t->at);
    emit_rm(&t->e, EMIT_W, 0x8b, RAX, at_base(RCX, offsetof(Insn, handler)), 0);
    emit_jmp_to(&t->e, translator_exit(t));
}

/* ---- the next block ---- */

/* RAX is the block: whether it may be entered. */
static void emit_check(Translation *t, Stub *stub)
{
    Emitter *e = &t->e;

    emit_rm(e, EMIT_W, 0x8b, RCX, cpu_field(offsetof(Cpu, generation)), 0);
    emit_rm(e, EMIT_W, 0x3b, RCX, at_base(RAX, offsetof(Block, generation)), 0);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    emit_rm(e, EMIT_0F, 0xb7, RCX, at_base(RAX, offsetof(Block, count)), 0); /* movzx */
    emit_rr(e, EMIT_W, 0x3b, HOST_FUEL, RCX);
    stub_add(stub, emit_jcc(e, CONDITION_L));
}

void exit_find(Translation *t, Stub *stub, unsigned slot, uint64_t rip)
{
    Emitter *e = &t->e;
    const BlockTail *tail = (const BlockTail *)&t->block->insns[t->block->count];

    emit_rm(e, EMIT_W, 0x8b, RAX, at_address(&tail->link[slot]), 0);
    if (is_signed32(rip)) {
        emit_rm(e, EMIT_W, 0x81, 7, at_base(RAX, offsetof(Block, linear)), 4); /* cmp */
        emit32(e, (uint32_t)rip);
    } else {
        emit_constant(e, RCX, rip);
        emit_rm(e, EMIT_W, 0x3b, RCX, at_base(RAX, offsetof(Block, linear)), 0);
    }
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    emit_check(t, stub);
}

/* RCX is the address. */
void exit_find_indirect(Translation *t, Stub *stub)
{
    Emitter *e = &t->e;
    HostMemory jump = {.base = HOST_CPU, .index = RAX, .scale = 8, .disp = offsetof(Cpu, jump)};

    emit_rr(e, EMIT_W, 0x8b, RAX, RCX);
    emit_rr(e, EMIT_W, 0xc1, 5, RAX); /* shr */
    emit8(e, JUMP_BITS);
    emit_rr(e, EMIT_W, 0x33, RAX, RCX);
    emit_rr(e, 0, 0x81, 4, RAX); /* and */
    emit32(e, JUMP_SIZE - 1);
    emit_rm(e, EMIT_W, 0x8b, RAX, jump, 0);
    emit_rm(e, EMIT_W, 0x3b, RCX, at_base(RAX, offsetof(Block, linear)), 0);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    emit_check(t, stub);
}

void exit_enter(Translation *t)
{
    emit_rm(&t->e, EMIT_0F, 0xb7, RCX, at_base(RAX, offsetof(Block, count)), 0);
    emit_rr(&t->e, EMIT_W, 0x2b, HOST_FUEL, RCX);
    emit_rm(&t->e, 0, 0xff, 4, at_base(RAX, offsetof(Block, native)), 0);
}

/* Back to the start of this run, which is the whole block. */
static void emit_loop(Translation *t, Stub *stub)
{
    unsigned needed = t->live_at_start;
    bool carry_only = needed == FLAGS_CARRY && t->flags.carry_saved;

    if (needed && !carry_only) {
        flags_need_saved(t);
        stub->flags = t->flags;
    }
    emit_rr(&t->e, EMIT_W, 0x83, 5, HOST_FUEL); /* sub */
    emit8(&t->e, (uint8_t)t->block->count);
    emit_jcc_to(&t->e, CONDITION_NS, t->start);
    stub->fuel = t->block->count;
    stub_add(stub, emit_jmp(&t->e));
}

void exit_to(Translation *t, unsigned slot, uint64_t rip)
{
    FlagState before = t->flags;

    if (rip == block_rip(t) && t->first == 0) {
        Stub *stub = stub_new(t);

        emit_loop(t, stub);
        stub->flags.host = false;
    } else {
        flags_need_saved(t);
        Stub *stub = stub_new(t);

        exit_find(t, stub, slot, rip);
        exit_enter(t);
    }
    t->flags = before;
}
