/* Encodes host instructions; see the header. */
#include "src/accel/soft/translate/emit.h"

#include <string.h>

void emit8(Emitter *e, uint8_t value)
{
    if (e->at < e->size) {
        e->write[e->at] = value;
    }
    e->at++;
}

void emit32(Emitter *e, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        emit8(e, (uint8_t)(value >> i * 8));
    }
}

void emit64(Emitter *e, uint64_t value)
{
    emit32(e, (uint32_t)value);
    emit32(e, (uint32_t)(value >> 32));
}

void emit_align(Emitter *e, size_t to)
{
    while (e->at % to) {
        emit8(e, 0xcc);
    }
}

static void emit_opcode(Emitter *e, unsigned how, uint8_t opcode, unsigned reg, unsigned index,
                        unsigned base)
{
    uint8_t rex = (uint8_t)((how & EMIT_W ? 8 : 0) | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 |
                            (base >> 3 & 1));

    if (how & EMIT_66) {
        emit8(e, 0x66);
    }
    if (how & EMIT_F3) {
        emit8(e, 0xf3);
    }
    if (how & EMIT_F2) {
        emit8(e, 0xf2);
    }
    if (rex || how & EMIT_BYTE) {
        emit8(e, 0x40 | rex);
    }
    if (how & EMIT_0F) {
        emit8(e, 0x0f);
    }
    emit8(e, opcode);
}

static void emit_modrm(Emitter *e, unsigned mod, unsigned reg, unsigned rm)
{
    emit8(e, (uint8_t)(mod << 6 | (reg & 7) << 3 | (rm & 7)));
}

void emit_rr(Emitter *e, unsigned how, uint8_t opcode, unsigned reg, unsigned rm)
{
    emit_opcode(e, how, opcode, reg, 0, rm);
    emit_modrm(e, 3, reg, rm);
}

/*
 * A base whose low bits are 100 needs a SIB byte.  The low bits 101 without a
 * displacement would mean RIP.
 */
static void emit_place(Emitter *e, unsigned reg, const HostMemory *memory)
{
    unsigned base = (unsigned)memory->base;
    bool sib = memory->index >= 0 || (base & 7) == RSP;
    unsigned mod = memory->disp == 0 && (base & 7) != RBP                 ? 0
                   : memory->disp >= INT8_MIN && memory->disp <= INT8_MAX ? 1
                                                                          : 2;

    emit_modrm(e, mod, reg, sib ? RSP : base);
    if (sib) {
        unsigned scale = memory->scale == 8 ? 3 : memory->scale == 4 ? 2 : memory->scale == 2;
        unsigned index = memory->index >= 0 ? (unsigned)memory->index : RSP;

        emit_modrm(e, memory->index >= 0 ? scale : 0, index, base);
    }
    if (mod == 1) {
        emit8(e, (uint8_t)memory->disp);
    } else if (mod == 2) {
        emit32(e, (uint32_t)memory->disp);
    }
}

void emit_rm(Emitter *e, unsigned how, uint8_t opcode, unsigned reg, HostMemory memory,
             unsigned after)
{
    unsigned index = memory.index >= 0 ? (unsigned)memory.index : 0;

    if (memory.base >= 0) {
        emit_opcode(e, how, opcode, reg, index, (unsigned)memory.base);
        emit_place(e, reg, &memory);
        return;
    }
    emit_opcode(e, how, opcode, reg, 0, 0);
    emit_modrm(e, 0, reg, RBP);
    emit32(e, (uint32_t)((const uint8_t *)memory.target - (emit_here(e) + 4 + after)));
}

void emit_constant(Emitter *e, unsigned reg, uint64_t value)
{
    if (value <= UINT32_MAX) {
        emit_opcode(e, 0, (uint8_t)(0xb8 | (reg & 7)), 0, 0, reg);
        emit32(e, (uint32_t)value);
    } else if ((int64_t)value == (int32_t)value) {
        emit_rr(e, EMIT_W, 0xc7, 0, reg);
        emit32(e, (uint32_t)value);
    } else {
        emit_opcode(e, EMIT_W, (uint8_t)(0xb8 | (reg & 7)), 0, 0, reg);
        emit64(e, value);
    }
}

/* ---- jumps ---- */

Fixup emit_jcc(Emitter *e, unsigned condition)
{
    emit8(e, 0x0f);
    emit8(e, (uint8_t)(0x80 | condition));
    emit32(e, 0);
    return e->at - 4;
}

Fixup emit_jmp(Emitter *e)
{
    emit8(e, 0xe9);
    emit32(e, 0);
    return e->at - 4;
}

static uint32_t distance(const Emitter *e, const uint8_t *target, unsigned length)
{
    return (uint32_t)(target - (emit_here(e) + length));
}

void emit_jmp_to(Emitter *e, const uint8_t *target)
{
    uint32_t by = distance(e, target, 5);

    emit8(e, 0xe9);
    emit32(e, by);
}

void emit_jcc_to(Emitter *e, unsigned condition, const uint8_t *target)
{
    uint32_t by = distance(e, target, 6);

    emit8(e, 0x0f);
    emit8(e, (uint8_t)(0x80 | condition));
    emit32(e, by);
}

void emit_land(Emitter *e, Fixup fixup)
{
    uint32_t by = (uint32_t)(e->at - (fixup + 4));

    if (fixup + 4 <= e->size) {
        memcpy(e->write + fixup, &by, sizeof(by));
    }
}
