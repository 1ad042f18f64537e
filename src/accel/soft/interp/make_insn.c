/*
 * Makes the interpreter's record of a decoded instruction: its handler, and its
 * operands as places in the Cpu.
 */
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/x86/decode.h"

static bool is_repeated(const Decoded *d)
{
    return d->opcode->flags & OPCODE_REPEAT && d->prefix & (INSN_REP | INSN_REPNE);
}

static Handler *choose_handler(const Decoded *d)
{
    const Opcode *opcode = d->opcode;
    bool in_memory = d->prefix & INSN_MEMORY;

    if (d->too_long) {
        return op_too_long;
    }
    if (d->undefined || (d->prefix & INSN_LOCK && !(opcode->flags & OPCODE_LOCK && in_memory))) {
        return op_undefined;
    }
    unsigned id = in_memory || is_repeated(d) ? opcode->of_memory[d->operand_size]
                                              : opcode->of_register[d->operand_size];
    Handler *handler = (d->mode == 64 ? opcode_handlers64 : opcode_handlers)[id];
    return handler ? handler : op_undefined;
}

static uint8_t address_place(unsigned n)
{
    return n == DECODED_NO_REGISTER ? REG_ZERO : REG_OFFSET(n);
}

/*
 * Returns a mask of all address bits.  In 64-bit code only an address-size
 * prefix limits it; see insn_mask().
 */
static uint32_t address_mask(const Decoded *d)
{
    if (d->mode == 64) {
        return d->address_size == 3 ? UINT32_MAX : 0;
    }
    return d->address_size == 1 ? 0xffff : UINT32_MAX;
}

/*
 * Makes a displacement from RIP, which is relative to the end of the
 * instruction, relative to the block.
 */
static void count_from_block(Insn *insn)
{
    int64_t disp = (int64_t)(int32_t)insn->disp + insn->end;

    if (disp > INT32_MAX) {
        disp -= (int64_t)FAR_DISPLACEMENT;
        insn->index = REG_FAR;
        insn->scale = 1;
    }
    insn->disp = (uint32_t)disp;
}

bool make_insn(const Decoded *d, uint16_t start, Insn *insn)
{
    Handler *handler = choose_handler(d);

    *insn = (Insn){
        .handler = handler,
        .imm = (uint32_t)d->imm,
        .disp = d->disp | d->second | (uint32_t)(d->imm >> 32),
        .address_mask = address_mask(d),
        .start = start,
        .end = (uint16_t)(start + d->length),
        .dst = d->dst,
        .src = d->src,
        .base = address_place(d->base),
        .index = address_place(d->index),
        .scale = d->scale,
        .segment = d->segment,
        .prefix = (uint8_t)(d->prefix | (d->operand_size >= 2 ? INSN_OP32 : 0) |
                            (d->operand_size == 3 ? INSN_OP64 : 0)),
    };
    if (d->base == DECODED_RIP) {
        count_from_block(insn);
    }
    /*
     * A repetition pays for its steps one by one, so the instructions after it
     * must not be paid yet.
     */
    return handler == op_undefined || handler == op_too_long || d->opcode->flags & OPCODE_END ||
           is_repeated(d);
}

DecodeResult decode_insn(const uint8_t *bytes, size_t size, unsigned mode,
                         const CpuFeatures *features, uint16_t start, Insn *insn,
                         uint8_t *immediate)
{
    Decoded decoded;

    if (!decode(bytes, size, mode, features, &decoded)) {
        return DECODE_NEEDS_MORE;
    }
    *immediate = decoded.immediate;
    return make_insn(&decoded, start, insn) ? DECODE_ENDS_BLOCK : DECODE_OK;
}
