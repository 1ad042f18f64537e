/*
 * Memory accesses: the address, the check of a segment that is not flat, and
 * the look-up in the TLB.  If it misses, a stub leaves the run.
 */
#include "src/accel/soft/translate/translation.h"

static bool is_far(const Insn *insn)
{
    return insn->index == REG_FAR;
}

/* The part of the address that is not in a register: 0, or the start of the block. */
static uint64_t constant_part(const Translation *t, const Insn *insn)
{
    uint64_t constant = t->wide ? (uint64_t)(int64_t)(int32_t)insn->disp : insn->disp;

    if (insn->base == REG_IP) {
        constant += block_rip(t);
    }
    return is_far(insn) ? constant + FAR_DISPLACEMENT : constant;
}

static void emit_address(Translation *t)
{
    const Insn *insn = current(t);
    unsigned how = t->wide ? EMIT_W : 0;
    bool has_base = insn->base < REG_ZERO, has_index = insn->index < REG_ZERO;
    HostMemory place = {.base = -1, .index = -1, .scale = insn->scale, .disp = (int32_t)insn->disp};

    if (has_base) {
        place.base = (int8_t)use_register(t, guest_register(insn->base), HOST_AT);
    }
    if (has_index) {
        place.index = (int8_t)use_register(t, guest_register(insn->index), RCX);
    }
    if (!has_base) {
        uint64_t constant = constant_part(t, insn);

        emit_constant(&t->e, HOST_AT, t->wide ? constant : (uint32_t)constant);
        if (!has_index) {
            return;
        }
        place.base = HOST_AT;
        place.disp = 0;
    }
    if (has_base && !has_index && !place.disp) {
        if ((unsigned)place.base != HOST_AT) {
            emit_move(t, HOST_AT, (unsigned)place.base);
        }
        return;
    }
    emit_rm(&t->e, how, 0x8d, HOST_AT, place, 0);
}

void memory_address(Translation *t)
{
    emit_address(t);
    if (current(t)->address_mask == UINT16_MAX) {
        emit_cut_address(t);
    }
}

static bool is_checked(const Translation *t, unsigned segment)
{
    return segment >= CPU_FS || (!t->wide && (!t->context.flat || segment == CPU_CS));
}

/* Adds the base and, outside 64-bit code, checks the limit. */
static void emit_segment(Translation *t, Stub *stub, unsigned segment, unsigned bytes, bool write)
{
    size_t end = write ? offsetof(Segment, write_end) : offsetof(Segment, read_end);

    if (t->wide) {
        emit_rm(&t->e, EMIT_W, 0x03, HOST_AT,
                cpu_field(offsetof(Cpu, wide_base) + segment * sizeof(LinearAddr)), 0);
        return;
    }
    emit_rm(&t->e, EMIT_W, 0x8d, RCX, at_base(HOST_AT, (int32_t)bytes), 0);
    emit_rm(&t->e, EMIT_W, 0x3b, RCX, cpu_field(segment_field(segment, end)), 0);
    stub_add(stub, emit_jcc(&t->e, CONDITION_A));
    emit_rm(&t->e, 0, 0x03, HOST_AT, cpu_field(segment_field(segment, offsetof(Segment, base))), 0);
}

#define ENTRY_SHIFT 5u /* log2 of the size of a TlbEntry */

/* Loads the sum of a register and a constant, or only copies the register. */
static void emit_sum(Translation *t, unsigned how, unsigned to, HostMemory sum)
{
    if (sum.disp) {
        emit_rm(&t->e, how, 0x8d, to, sum, 0); /* lea */
    } else {
        emit_rr(&t->e, how, 0x8b, to, (unsigned)sum.base);
    }
}

/*
 * Looks up the guest's address in the TLB, and sets t->operand.  The end of the
 * access is compared in 64 bits, so an address that exceeds 4 GiB never hits.
 */
static void look_up(Translation *t, Stub *stub, HostMemory at, unsigned bytes, MemoryNeeds needs)
{
    Emitter *e = &t->e;
    unsigned how = t->wide ? EMIT_W : 0;
    size_t tag =
        needs & MEMORY_WRITE ? offsetof(TlbEntry, write_tag) : offsetof(TlbEntry, read_tag);
    HostMemory entry = {.base = HOST_CPU, .index = RAX, .scale = 1};
    HostMemory end = at_base((unsigned)at.base, at.disp + (int32_t)bytes - 1);

    emit_sum(t, how, RAX, at);
    if (needs & MEMORY_ALIGNED) {
        emit8(e, 0xa8); /* test al */
        emit8(e, (uint8_t)(bytes - 1));
        stub_add(stub, emit_jcc(e, CONDITION_NZ));
    }
    emit_rr(e, how, 0xc1, 5, RAX); /* shr */
    emit8(e, 12 - ENTRY_SHIFT);
    emit_rr(e, 0, 0x81, 4, RAX); /* and */
    emit32(e, (TLB_SIZE - 1) << ENTRY_SHIFT);
    emit_sum(t, EMIT_W, RCX, end);
    emit_rr(e, EMIT_W, 0x81, 4, RCX);
    emit32(e, (uint32_t)PAGE_MASK);
    entry.disp = (int32_t)(t->context.tlb + tag);
    emit_rm(e, EMIT_W, 0x3b, RCX, entry, 0);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    entry.disp = (int32_t)(t->context.tlb + offsetof(TlbEntry, addend));
    if (at.base == HOST_AT) {
        emit_rm(e, EMIT_W, 0x03, HOST_AT, entry, 0);
        t->operand = at_base(HOST_AT, at.disp);
    } else {
        emit_rm(e, EMIT_W, 0x8b, HOST_AT, entry, 0);
        t->operand = (HostMemory){.base = HOST_AT, .index = at.base, .scale = 1, .disp = at.disp};
    }
}

void memory_at(Translation *t, Stub *stub, unsigned segment, unsigned bytes, MemoryNeeds needs)
{
    if (is_checked(t, segment)) {
        emit_segment(t, stub, segment, bytes, needs & MEMORY_WRITE);
    }
    look_up(t, stub, at_base(HOST_AT, 0), bytes, needs);
}

/*
 * Only displacements of this size are added by the look-up.  A sum with a larger one
 * often exceeds 4 GiB and must wrap.
 */
#define NEAR_DISPLACEMENT 0x10000

bool memory_near(Translation *t, Stub *stub, unsigned segment, unsigned base, int32_t disp,
                 unsigned bytes, MemoryNeeds needs)
{
    if (is_checked(t, segment) || disp < -NEAR_DISPLACEMENT || disp > NEAR_DISPLACEMENT) {
        return false;
    }
    look_up(t, stub, at_base(base, disp), bytes, needs);
    return true;
}

/* Does all for an operand that is a register with a home and a small displacement. */
static bool operand_near(Translation *t, Stub *stub, unsigned bytes, MemoryNeeds needs)
{
    const Insn *insn = current(t);
    int home = insn->base < REG_ZERO ? host_home(t->wide, guest_register(insn->base)) : -1;

    return home >= 0 && insn->index >= REG_ZERO && !is_far(insn) &&
           insn->address_mask == UINT32_MAX &&
           memory_near(t, stub, insn->segment, (unsigned)home, (int32_t)insn->disp, bytes, needs);
}

void memory_operand(Translation *t, Stub *stub, unsigned bytes, MemoryNeeds needs)
{
    if (!operand_near(t, stub, bytes, needs)) {
        memory_address(t);
        memory_at(t, stub, current(t)->segment, bytes, needs);
    }
}
