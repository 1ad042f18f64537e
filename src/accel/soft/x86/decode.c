/*
 * The decoder: prefixes, opcode, ModRM, SIB, displacement and immediates of
 * one instruction, by the opcode map.
 */
#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/x86/opcode_map.h"

typedef struct Decoder {
    const uint8_t *bytes;
    size_t size, at;
    bool short_of_bytes; /* more were wanted than there are */
    bool op32, address32;
    int segment; /* override, or -1 */
    Insn *insn;
    uint8_t opcode, modrm;
    uint8_t immediate; /* IMMEDIATE_SIZE and IMMEDIATE_SIGNED */
} Decoder;

/* ---- bytes -------------------------------------------------------------- */

static uint8_t take8(Decoder *d)
{
    if (d->at >= d->size) {
        d->short_of_bytes = true;
        return 0;
    }
    return d->bytes[d->at++];
}

static uint16_t take16(Decoder *d)
{
    uint16_t low = take8(d);

    return (uint16_t)(low | take8(d) << 8);
}

static uint32_t take32(Decoder *d)
{
    uint32_t low = take16(d);

    return low | (uint32_t)take16(d) << 16;
}

static uint32_t take_signed8(Decoder *d)
{
    return (uint32_t)(int8_t)take8(d);
}

/* An immediate of the operand size: index 0, 1, 2 for 8, 16, 32 bits. */
static uint32_t take_immediate(Decoder *d, unsigned size)
{
    return size == 0 ? take8(d) : size == 1 ? take16(d) : take32(d);
}

/* A branch displacement, sign-extended. */
static uint32_t take_relative(Decoder *d, unsigned size)
{
    return size == 1 ? (uint32_t)(int16_t)take16(d) : take32(d);
}

/* ---- operands ----------------------------------------------------------- */

static uint8_t register_offset(unsigned n, bool byte)
{
    if (byte && n >= 4) {
        return (uint8_t)(REG_OFFSET(n - 4) + 1);
    }
    return REG_OFFSET(n);
}

static void set_address(Insn *insn, unsigned base, unsigned index, unsigned scale, uint32_t disp)
{
    insn->base = (uint8_t)base;
    insn->index = (uint8_t)index;
    insn->scale = (uint8_t)scale;
    insn->disp = disp;
}

static uint32_t take_displacement(Decoder *d, unsigned mod, bool wide)
{
    if (mod == 1) {
        return take_signed8(d);
    }
    return mod == 2 ? (wide ? take32(d) : take16(d)) : 0;
}

static void take_address16(Decoder *d, unsigned mod, unsigned rm)
{
    static const struct {
        uint8_t base, index;
    } PAIRS[8] = {
        {REG_OFFSET(CPU_BX), REG_OFFSET(CPU_SI)}, {REG_OFFSET(CPU_BX), REG_OFFSET(CPU_DI)},
        {REG_OFFSET(CPU_BP), REG_OFFSET(CPU_SI)}, {REG_OFFSET(CPU_BP), REG_OFFSET(CPU_DI)},
        {REG_OFFSET(CPU_SI), REG_ZERO},           {REG_OFFSET(CPU_DI), REG_ZERO},
        {REG_OFFSET(CPU_BP), REG_ZERO},           {REG_OFFSET(CPU_BX), REG_ZERO},
    };

    if (mod == 0 && rm == 6) {
        set_address(d->insn, REG_ZERO, REG_ZERO, 0, take16(d));
        return;
    }
    if (PAIRS[rm].base == REG_OFFSET(CPU_BP)) {
        d->insn->segment = CPU_SS;
    }
    set_address(d->insn, PAIRS[rm].base, PAIRS[rm].index, 1, take_displacement(d, mod, false));
}

static void take_address32(Decoder *d, unsigned mod, unsigned rm)
{
    unsigned base = rm, index = CPU_SP, scale = 0;

    if (rm == 4) {
        uint8_t sib = take8(d);

        base = sib & 7;
        index = sib >> 3 & 7;
        scale = sib >> 6;
    }
    unsigned index_offset = index == CPU_SP ? REG_ZERO : REG_OFFSET(index);
    if (mod == 0 && base == CPU_BP) {
        set_address(d->insn, REG_ZERO, index_offset, 1u << scale, take32(d));
        return;
    }
    if (base == CPU_SP || base == CPU_BP) {
        d->insn->segment = CPU_SS;
    }
    set_address(d->insn, REG_OFFSET(base), index_offset, 1u << scale,
                take_displacement(d, mod, true));
}

/* The r/m operand, into `field` (dst or src) if it is a register. */
static void take_rm(Decoder *d, bool byte, uint8_t *field)
{
    unsigned mod = d->modrm >> 6, rm = d->modrm & 7;

    if (mod == 3) {
        *field = register_offset(rm, byte);
        return;
    }
    d->insn->prefix |= INSN_MEMORY;
    if (d->address32) {
        take_address32(d, mod, rm);
    } else {
        take_address16(d, mod, rm);
    }
}

static bool in_memory(const Decoder *d)
{
    return d->insn->prefix & INSN_MEMORY;
}

/* ---- forms -------------------------------------------------------------- */

static bool has_modrm(Form form)
{
    return form >= FORM_E_G && form <= FORM_CONTROL;
}

static void absolute(Decoder *d)
{
    d->insn->prefix |= INSN_MEMORY;
    set_address(d->insn, REG_ZERO, REG_ZERO, 0, d->address32 ? take32(d) : take16(d));
}

/* The forms with a ModRM byte; false if it does not allow this one. */
static bool take_modrm_form(Decoder *d, const Opcode *opcode, unsigned size)
{
    Insn *insn = d->insn;
    bool byte = size == 0;
    unsigned reg = d->modrm >> 3 & 7;

    switch ((Form)opcode->form) {
    case FORM_E_G:
    case FORM_E_G_COUNT:
        insn->src = register_offset(reg, byte);
        take_rm(d, byte, &insn->dst);
        break;
    case FORM_G_E:
    case FORM_G_E_CONDITION:
    case FORM_G_E_I:
    case FORM_G_E_IB:
        insn->dst = register_offset(reg, byte);
        take_rm(d, byte || opcode->flags & OPCODE_FROM_BYTE, &insn->src);
        break;
    case FORM_G_M:
        insn->dst = register_offset(reg, false);
        insn->src = opcode->argument;
        take_rm(d, false, &insn->dst);
        return in_memory(d);
    case FORM_M:
        take_rm(d, false, &insn->dst);
        return in_memory(d);
    case FORM_E_SEGMENT:
        insn->src = (uint8_t)reg;
        take_rm(d, false, &insn->dst);
        return reg <= CPU_GS;
    case FORM_SEGMENT_E:
        insn->dst = (uint8_t)reg;
        take_rm(d, false, &insn->src);
        return reg <= CPU_GS && reg != CPU_CS;
    case FORM_CONTROL:
        insn->dst = REG_OFFSET(d->modrm & 7);
        insn->imm = reg;
        break;
    default:
        take_rm(d, byte, &insn->dst);
        break;
    }
    return true;
}

static void take_immediates(Decoder *d, const Opcode *opcode, unsigned size)
{
    Insn *insn = d->insn;

    switch ((Form)opcode->form) {
    case FORM_E_I:
    case FORM_G_E_I:
    case FORM_A_I:
    case FORM_R_I:
    case FORM_I:
        insn->imm = take_immediate(d, size);
        d->immediate = (uint8_t)(1u << size);
        break;
    case FORM_E_IB:
    case FORM_G_E_IB:
    case FORM_IB:
    case FORM_REL8:
        insn->imm = take_signed8(d);
        d->immediate = 1 | IMMEDIATE_SIGNED;
        break;
    case FORM_E_IB_BARE:
    case FORM_IB_BARE:
        insn->imm = take8(d);
        d->immediate = 1;
        break;
    case FORM_E_COUNT:
    case FORM_E_G_COUNT:
        insn->imm = take8(d) & 31;
        break;
    case FORM_E_ONE:
        insn->imm = 1;
        break;
    case FORM_E_CONDITION:
    case FORM_G_E_CONDITION:
        insn->imm = d->opcode & 0xf;
        break;
    case FORM_IW:
        insn->imm = take16(d);
        break;
    case FORM_REL:
        insn->imm = take_relative(d, size);
        d->immediate = (uint8_t)(1u << size) | IMMEDIATE_SIGNED;
        break;
    case FORM_FAR:
        insn->imm = take_immediate(d, size);
        insn->disp = take16(d);
        break;
    case FORM_ENTER:
        insn->imm = take16(d);
        insn->disp = take8(d);
        break;
    default:
        break;
    }
}

/* The registers that the opcode implies. */
static void take_implied(Decoder *d, const Opcode *opcode, unsigned size)
{
    Insn *insn = d->insn;

    switch ((Form)opcode->form) {
    case FORM_R:
    case FORM_R_I:
    case FORM_R_A:
        insn->dst = register_offset(d->opcode & 7, size == 0);
        insn->src = REG_OFFSET(CPU_AX);
        break;
    case FORM_IMPLIED:
        insn->dst = insn->src = opcode->argument;
        break;
    case FORM_LOAD:
    case FORM_STORE:
        absolute(d);
        break;
    default:
        break;
    }
}

/* ---- the whole ---------------------------------------------------------- */

/* True if `byte` is a prefix. */
static bool take_prefix(Decoder *d, uint8_t byte, bool code32)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        d->segment = byte >> 3 & 3;
        return true;
    case 0x64:
    case 0x65:
        d->segment = byte & 7;
        return true;
    case 0x66:
        d->op32 = !code32;
        return true;
    case 0x67:
        d->address32 = !code32;
        return true;
    case 0xf0:
        d->insn->prefix |= INSN_LOCK;
        return true;
    case 0xf2:
        d->insn->prefix = (uint8_t)((d->insn->prefix & ~INSN_REP) | INSN_REPNE);
        return true;
    case 0xf3:
        d->insn->prefix = (uint8_t)((d->insn->prefix & ~INSN_REPNE) | INSN_REP);
        return true;
    default:
        return false;
    }
}

/* An empty place in a group takes the bytes of its operand all the same. */
static const Opcode *opcode_of_group(const Opcode *group, uint8_t modrm)
{
    static const Opcode NOTHING = {.form = FORM_E};
    const Opcode *member = &group[modrm >> 3 & 7];

    return member->form == FORM_UNDEFINED ? &NOTHING : member;
}

static const Opcode *take_opcode(Decoder *d, bool code32)
{
    const Opcode *map = opcode_map;
    uint8_t byte = take8(d);

    while (!d->short_of_bytes && take_prefix(d, byte, code32)) {
        byte = take8(d);
    }
    if (byte == 0x0f) {
        map = opcode_map_0f;
        byte = take8(d);
    }
    d->opcode = byte;
    if (!map[byte].group) {
        if (has_modrm(map[byte].form)) {
            d->modrm = take8(d);
        }
        return &map[byte];
    }
    d->modrm = take8(d);
    return opcode_of_group(map[byte].group, d->modrm);
}

static bool is_repeated(const Insn *insn, const Opcode *opcode)
{
    return opcode->form == FORM_STRING && insn->prefix & (INSN_REP | INSN_REPNE);
}

/* A repetition is paid for as it goes, so no instruction behind it may have been. */
static bool ends_block(const Insn *insn, const Opcode *opcode, Handler *handler)
{
    return handler == op_undefined || handler == op_pause || opcode->flags & OPCODE_END ||
           is_repeated(insn, opcode) || (opcode->form == FORM_SEGMENT_E && insn->dst == CPU_SS);
}

static Handler *choose_handler(const Decoder *d, const Opcode *opcode, unsigned size)
{
    const Insn *insn = d->insn;
    bool memory = in_memory(d) || is_repeated(insn, opcode);

    if (opcode->form == FORM_SEGMENT_E) {
        size = insn->dst == CPU_SS;
    }
    if (insn->prefix & INSN_LOCK && !(opcode->flags & OPCODE_LOCK && in_memory(d))) {
        return op_undefined;
    }
    if (opcode == &opcode_map[0x90] && insn->prefix & INSN_REP) {
        return op_pause;
    }
    Handler *handler = memory ? opcode->of_memory[size] : opcode->of_register[size];
    return handler ? handler : op_undefined;
}

static DecodeResult finish(Decoder *d, Handler *handler, uint16_t start, bool ends)
{
    Insn *insn = d->insn;

    if (d->short_of_bytes) {
        if (d->size < INSN_BYTES_MAX) {
            return DECODE_NEEDS_MORE;
        }
        handler = op_too_long;
        ends = true;
    }
    insn->handler = handler;
    insn->start = start;
    insn->end = (uint16_t)(start + d->at);
    return ends ? DECODE_ENDS_BLOCK : DECODE_OK;
}

DecodeResult decode_insn(const uint8_t *bytes, size_t size, unsigned mode, uint16_t start,
                         Insn *insn, uint8_t *immediate)
{
    bool code32 = mode == 32;
    Decoder d = {
        .bytes = bytes,
        .size = MIN(size, INSN_BYTES_MAX),
        .op32 = code32,
        .address32 = code32,
        .segment = -1,
        .insn = insn,
    };

    *insn = (Insn){.base = REG_ZERO, .index = REG_ZERO, .segment = CPU_DS};
    const Opcode *opcode = take_opcode(&d, code32);
    unsigned operand_size = opcode->flags & OPCODE_BYTE ? 0 : d.op32 ? 2 : 1;

    insn->imm = opcode->argument;
    insn->address_mask = d.address32 ? UINT32_MAX : 0xffff;
    insn->prefix |= d.op32 ? INSN_OP32 : 0;
    bool valid = opcode->form != FORM_UNDEFINED;
    if (has_modrm(opcode->form)) {
        valid = take_modrm_form(&d, opcode, operand_size);
    }
    take_implied(&d, opcode, operand_size);
    take_immediates(&d, opcode, operand_size);
    *immediate = d.immediate;
    if (d.segment >= 0) {
        insn->segment = (uint8_t)d.segment;
    }
    Handler *handler = valid ? choose_handler(&d, opcode, operand_size) : op_undefined;
    return finish(&d, handler, start, ends_block(insn, opcode, handler));
}
