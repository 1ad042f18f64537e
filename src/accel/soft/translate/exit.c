/*
 * The ends of a run: either another block is entered with the registers in
 * place, or a stub returns to the interpreter.
 *
 * The next block is found as in the interpreter, by the link of this block or
 * in the table of jumps.  The conditions are the same, too: its address, its
 * generation, and enough fuel for all of it.  If one of them does not hold,
 * the interpreter executes the branch.
 */
#include "src/accel/soft/translate/translation.h"

/* ---- stubs ---- */

Stub *stub_new(Translation *t)
{
    Stub *stub = &t->stubs[t->stub_count++];

    *stub = (Stub){
        .at = t->at,
        .flags = t->flags,
        .reason = plan_reaches_memory(t, t->at) ? TRANSLATE_EXIT_ACCESS : TRANSLATE_EXIT_OTHER,
    };
    stub->flags.host = false;
    return stub;
}

Stub *stub_for_next(Translation *t)
{
    Stub *stub = stub_new(t);

    stub->reason = TRANSLATE_EXIT_NEXT;
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

/* RCX holds the instruction. */
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
        emit_jmp_to(&t->e, translator_exit(t, stub->reason));
    }
    t->stub_count = 0;
}

void exit_to_interpreter(Translation *t)
{
    flags_need_saved(t);
    emit_leave(t, t->at);
    emit_rm(&t->e, EMIT_W, 0x8b, RAX, at_base(RCX, offsetof(Insn, handler)), 0);
    emit_jmp_to(&t->e, translator_exit(t, TRANSLATE_EXIT_FORM));
}

/* ---- the next block ---- */

static const Block *known_block(const Translation *t, LinearAddr linear)
{
    const Block *block = block_near(t->cpu, t->block, linear);
    bool entered = block && block->context == t->context_number && block->linear == linear;

    return entered ? block : NULL;
}

/* Takes the fuel for a block with a constant number of instructions. */
static void emit_take_fuel(Translation *t, Stub *stub, unsigned count)
{
    emit_rr(&t->e, EMIT_W, 0x83, 5, HOST_FUEL); /* sub */
    emit8(&t->e, (uint8_t)count);
    stub_add(stub, emit_jcc(&t->e, CONDITION_C));
}

/* RAX holds the block.  Checks whether it may be entered, except for its address. */
static void emit_check(Translation *t, Stub *stub)
{
    Emitter *e = &t->e;

    emit_rm(e, EMIT_W, 0x8b, RCX, cpu_field(offsetof(Cpu, generation)), 0);
    emit_rm(e, EMIT_W, 0x3b, RCX, at_base(RAX, offsetof(Block, generation)), 0);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    emit_rm(e, 0, 0x80, 7, at_base(RAX, offsetof(Block, context)), 1); /* cmp */
    emit8(e, t->context_number);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    emit_rm(e, EMIT_0F, 0xb7, RCX, at_base(RAX, offsetof(Block, count)), 0); /* movzx */
    emit_rr(e, EMIT_W, 0x3b, HOST_FUEL, RCX);
    stub_add(stub, emit_jcc(e, CONDITION_L));
}

/*
 * Checks whether a block that was translated before still is.  It is in the same
 * page as the block under translation and has the same context, so it may be
 * entered in the same generations.
 */
static void emit_check_known(Translation *t, Stub *stub, const Block *block)
{
    Emitter *e = &t->e;

    emit_rm(e, 0, 0x81, 7, at_address(&block->native), 4); /* cmp */
    emit32(e, (uint32_t)(uintptr_t)block->native);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
}

const Block *exit_find(Translation *t, Stub *stub, unsigned slot, uint64_t rip)
{
    Emitter *e = &t->e;
    const BlockTail *tail = (const BlockTail *)&t->block->insns[t->block->count];
    LinearAddr linear = linear_of(t, rip);
    const Block *known = known_block(t, linear);

    if (known) {
        emit_check_known(t, stub, known);
        emit_rr(e, EMIT_W, 0x83, 7, HOST_FUEL); /* cmp */
        emit8(e, (uint8_t)known->count);
        stub_add(stub, emit_jcc(e, CONDITION_C));
        return known;
    }
    emit_rm(e, EMIT_W, 0x8b, RAX, at_address(&tail->link[slot]), 0);
    if (is_signed32(linear)) {
        emit_rm(e, EMIT_W, 0x81, 7, at_base(RAX, offsetof(Block, linear)), 4); /* cmp */
        emit32(e, (uint32_t)linear);
    } else {
        emit_constant(e, RCX, linear);
        emit_rm(e, EMIT_W, 0x3b, RCX, at_base(RAX, offsetof(Block, linear)), 0);
    }
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    emit_check(t, stub);
    return NULL;
}

void exit_find_indirect(Translation *t, Stub *stub)
{
    Emitter *e = &t->e;
    HostMemory jump = {.base = HOST_CPU, .index = RAX, .scale = 8, .disp = offsetof(Cpu, jump)};

    if (!t->wide && t->context.cs_base) {
        emit_rr(e, 0, 0x81, 0, RCX); /* add */
        emit32(e, (uint32_t)t->context.cs_base);
    }
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

static void emit_commit_counter(Translation *t)
{
    if (t->counts) {
        emit_rr(&t->e, t->wide ? EMIT_W : 0, 0x8b, (unsigned)host_home(t->wide, CPU_CX), HOST_AT);
    }
}

void exit_enter(Translation *t, const Block *known)
{
    emit_commit_counter(t);
    if (known) {
        emit_rr(&t->e, EMIT_W, 0x83, 5, HOST_FUEL); /* sub */
        emit8(&t->e, (uint8_t)known->count);
        emit_jmp_to(&t->e, known->native);
        return;
    }
    emit_rm(&t->e, EMIT_0F, 0xb7, RCX, at_base(RAX, offsetof(Block, count)), 0);
    emit_rr(&t->e, EMIT_W, 0x2b, HOST_FUEL, RCX);
    emit_rm(&t->e, 0, 0xff, 4, at_base(RAX, offsetof(Block, native)), 0);
}

/* Provides the flags that the code at the target expects in Cpu.native_flags. */
static void flags_for(Translation *t, unsigned live)
{
    bool carry_only = live == FLAGS_CARRY && t->flags.carry_saved;

    if (live && !carry_only) {
        flags_need_saved(t);
    }
}

/* Jumps back to the start of this run, which is the whole block. */
static void emit_loop(Translation *t)
{
    flags_for(t, t->live_at_start);
    Stub *stub = stub_for_next(t);
    stub->fuel = t->block->count;
    if (t->counts) {
        emit_take_fuel(t, stub, t->block->count);
        emit_commit_counter(t);
        emit_jmp_to(&t->e, t->start);
        return;
    }
    emit_rr(&t->e, EMIT_W, 0x83, 5, HOST_FUEL); /* sub */
    emit8(&t->e, (uint8_t)t->block->count);
    emit_jcc_to(&t->e, CONDITION_NC, t->start);
    stub_add(stub, emit_jmp(&t->e));
}

/* Enters the known block without a look-up, which saves a comparison. */
static void emit_to_known(Translation *t, const Block *known)
{
    flags_for(t, known->live);
    Stub *stub = stub_for_next(t), *late = stub_for_next(t);
    emit_check_known(t, stub, known);
    late->fuel = known->count;
    emit_take_fuel(t, late, known->count);
    emit_commit_counter(t);
    emit_jmp_to(&t->e, known->native);
}

void exit_to(Translation *t, unsigned slot, uint64_t rip)
{
    FlagState before = t->flags;
    LinearAddr linear = linear_of(t, rip);
    const Block *known = known_block(t, linear);

    if (!t->wide && rip >= t->context.cs_end) {
        stub_add(stub_for_next(t), emit_jmp(&t->e));
    } else if (linear == t->block->linear && t->first == 0) {
        emit_loop(t);
    } else if (known) {
        emit_to_known(t, known);
    } else {
        flags_need_saved(t);
        Stub *stub = stub_for_next(t);
        exit_find(t, stub, slot, rip);
        exit_enter(t, NULL);
    }
    t->flags = before;
}
