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

static size_t segment_field(unsigned segment, size_t field)
{
    return offsetof(Cpu, segment) + segment * sizeof(Segment) + field;
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

void memory_at(Translation *t, Stub *stub, unsigned segment, unsigned bytes, bool write)
{
    Emitter *e = &t->e;
    unsigned how = t->wide ? EMIT_W : 0;
    size_t tag = write ? offsetof(TlbEntry, write_tag) : offsetof(TlbEntry, read_tag);
    HostMemory entry = {.base = t->wide ? RAX : HOST_TLB, .index = t->wide ? -1 : RAX, .scale = 1};

    if (is_checked(t, segment)) {
        emit_segment(t, stub, segment, bytes, write);
    }
    emit_rr(e, how, 0x8b, RAX, HOST_AT);
    emit_rr(e, how, 0xc1, 5, RAX); /* shr */
    emit8(e, 12 - ENTRY_SHIFT);
    emit_rr(e, 0, 0x81, 4, RAX); /* and */
    emit32(e, (TLB_SIZE - 1) << ENTRY_SHIFT);
    if (t->wide) {
        emit_rm(e, EMIT_W, 0x03, RAX, cpu_field(offsetof(Cpu, tlb)), 0);
    }
    if (bytes > 1) {
        emit_rm(e, how, 0x8d, RCX, at_base(HOST_AT, (int32_t)bytes - 1), 0);
    } else {
        emit_rr(e, how, 0x8b, RCX, HOST_AT);
    }
    emit_rr(e, how, 0x81, 4, RCX);
    emit32(e, (uint32_t)PAGE_MASK);
    entry.disp = (int32_t)tag;
    emit_rm(e, EMIT_W, 0x3b, RCX, entry, 0);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    entry.disp = offsetof(TlbEntry, addend);
    emit_rm(e, EMIT_W, 0x03, HOST_AT, entry, 0);
}

void memory_operand(Translation *t, Stub *stub, unsigned bytes, bool write)
{
    memory_address(t);
    memory_at(t, stub, current(t)->segment, bytes, write);
}
