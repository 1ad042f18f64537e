/*
 * The operands of an instruction: what each letter of the opcode map takes from the
 * instruction's bytes.
 */
#include "src/accel/soft/x86/decoder.h"

/* ---- memory ---- */

static void set_address(Decoded *d, unsigned base, unsigned index, unsigned scale, uint32_t disp)
{
    d->base = (uint8_t)base;
    d->index = (uint8_t)index;
    d->scale = (uint8_t)scale;
    d->disp = disp;
}

static uint32_t take_displacement(Decoder *r, unsigned mod, bool wide)
{
    if (mod == 1) {
        return (uint32_t)(int8_t)take8(r);
    }
    return mod == 2 ? (wide ? take32(r) : take16(r)) : 0;
}

static void take_address16(Decoder *r, unsigned mod, unsigned rm)
{
    static const struct {
        uint8_t base, index;
    } PAIRS[8] = {
        {CPU_BX, CPU_SI},
        {CPU_BX, CPU_DI},
        {CPU_BP, CPU_SI},
        {CPU_BP, CPU_DI},
        {CPU_SI, DECODED_NO_REGISTER},
        {CPU_DI, DECODED_NO_REGISTER},
        {CPU_BP, DECODED_NO_REGISTER},
        {CPU_BX, DECODED_NO_REGISTER},
    };

    if (mod == 0 && rm == 6) {
        set_address(r->d, DECODED_NO_REGISTER, DECODED_NO_REGISTER, 0, take16(r));
        return;
    }
    if (PAIRS[rm].base == CPU_BP) {
        r->d->segment = CPU_SS;
    }
    set_address(r->d, PAIRS[rm].base, PAIRS[rm].index, 1, take_displacement(r, mod, false));
}

/* Addresses of 32 and 64 bits, which differ only in the registers. */
static void take_address32(Decoder *r, unsigned mod, unsigned rm)
{
    Decoded *d = r->d;
    unsigned base = rm, index = CPU_SP, scale = 0;
    bool sib = rm == 4;

    if (sib) {
        uint8_t byte = take8(r);

        base = byte & 7;
        index = (byte >> 3 & 7u) | (d->rex & REX_X ? 8u : 0);
        scale = byte >> 6;
    }
    index = index == CPU_SP ? DECODED_NO_REGISTER : index;
    if (mod == 0 && base == CPU_BP) {
        base = d->mode == 64 && !sib ? DECODED_RIP : DECODED_NO_REGISTER;
        set_address(d, base, index, 1u << scale, take32(r));
        return;
    }
    base |= d->rex & REX_B ? 8u : 0;
    if (base == CPU_SP || base == CPU_BP) {
        d->segment = CPU_SS;
    }
    set_address(d, base, index, 1u << scale, take_displacement(r, mod, true));
}

void decode_memory(Decoder *r)
{
    unsigned mod = r->d->modrm >> 6, rm = r->d->modrm & 7;

    r->d->prefix |= INSN_MEMORY;
    if (r->d->address_size == 1) {
        take_address16(r, mod, rm);
    } else {
        take_address32(r, mod, rm);
    }
}

/* In 64-bit code an offset has 64 bits, which are stored in place of the immediate. */
static void take_absolute(Decoder *r)
{
    Decoded *d = r->d;

    d->prefix |= INSN_MEMORY;
    set_address(d, DECODED_NO_REGISTER, DECODED_NO_REGISTER, 0, 0);
    if (d->mode == 64) {
        d->imm = d->address_size == 3 ? take64(r) : take32(r);
    } else {
        d->disp = d->address_size == 2 ? take32(r) : take16(r);
    }
}

/* ---- registers ---- */

static uint8_t register_place(const Decoded *d, unsigned n, bool byte)
{
    if (byte && !d->rex && n >= 4) {
        return (uint8_t)(REG_OFFSET(n - 4) + 1);
    }
    return REG_OFFSET(n);
}

static void put_place(Decoder *r, unsigned place)
{
    if (r->places++ == 0) {
        r->d->dst = (uint8_t)place;
    } else {
        r->d->src = (uint8_t)place;
    }
}

static unsigned reg_number(const Decoded *d)
{
    return (d->modrm >> 3 & 7u) | (d->rex & REX_R ? 8u : 0);
}

static unsigned rm_number(const Decoded *d)
{
    return (d->modrm & 7u) | (d->rex & REX_B ? 8u : 0);
}
/* The r/m operand.  `place` is used if it is a register. */
static void take_rm(Decoder *r, unsigned place)
{
    r->rm_taken = true;
    if (modrm_is_register(r->d)) {
        put_place(r, place);
    } else {
        r->places++;
        decode_memory(r);
    }
}

static void take_general_rm(Decoder *r, bool byte)
{
    take_rm(r, register_place(r->d, rm_number(r->d), byte));
}

/* XMM registers are 16 bytes apart, and so are MMX registers in an FXSAVE image. */
#define VECTOR_PLACE(n) ((n)*16u)

/* ---- immediates ---- */

static void put_immediate(Decoder *r, uint64_t value, unsigned how)
{
    if (r->immediates++ == 0) {
        r->d->imm = value;
        r->d->immediate = (uint8_t)how;
    } else {
        r->d->second = (uint32_t)value;
        r->d->immediate = 0;
    }
}

static void take_count(Decoder *r)
{
    bool wide = r->d->operand_size == 3 && r->d->opcode->operand[0] != Eb;

    put_immediate(r, take8(r) & (wide ? 63u : 31u), 0);
}

/* The letter z: at most 32 bits. */
static void take_z(Decoder *r, unsigned sign)
{
    if (r->d->operand_size == 1) {
        uint16_t value = take16(r);

        put_immediate(r, sign ? (uint32_t)(int16_t)value : value, 2 | sign);
    } else {
        put_immediate(r, take32(r), 4 | sign);
    }
}

static void take_far(Decoder *r)
{
    r->d->imm = r->d->operand_size == 1 ? take16(r) : take32(r);
    r->d->second = take16(r);
}

/* ---- operands ---- */

static void take_immediate(Decoder *r, Operand operand)
{
    switch (operand) {
    case Ib:
        if (r->d->opcode->flags & OPCODE_COUNT) {
            take_count(r);
        } else {
            put_immediate(r, take8(r), 1);
        }
        break;
    case Isb:
    case Jb:
        put_immediate(r, (uint32_t)(int8_t)take8(r), 1 | IMMEDIATE_SIGNED);
        break;
    case Iw:
        put_immediate(r, take16(r), 0);
        break;
    case Iv:
        if (r->d->operand_size == 3) {
            put_immediate(r, take64(r), 0);
        } else {
            take_z(r, 0);
        }
        break;
    case Jz:
        take_z(r, IMMEDIATE_SIGNED);
        break;
    default:
        take_z(r, 0);
        break;
    }
}

/* Operands that the opcode itself implies. */
static void take_implied(Decoder *r, Operand operand)
{
    Decoded *d = r->d;
    unsigned low = (d->byte & 7u) | (d->rex & REX_B ? 8u : 0);

    switch (operand) {
    case Zb:
        put_place(r, register_place(d, low, true));
        break;
    case Zv:
        put_place(r, register_place(d, low, false));
        break;
    case AL:
    case rAX:
        put_place(r, REG_OFFSET(CPU_AX));
        break;
    case ONE:
        d->imm = 1;
        break;
    case ES:
    case CS:
    case SS:
    case DS:
    case FS:
    case GS:
        put_place(r, operand - ES);
        break;
    default: /* memory and registers that the handlers know without a number */
        break;
    }
}

/* Registers that ModRM.reg or the VEX prefix names. */
static void take_register(Decoder *r, Operand operand)
{
    Decoded *d = r->d;

    switch (operand) {
    case Gb:
        put_place(r, register_place(d, reg_number(d), true));
        break;
    case Gw:
    case Gv:
    case Gy:
        put_place(r, register_place(d, reg_number(d), false));
        break;
    case Sw:
        put_place(r, d->modrm >> 3 & 7u);
        break;
    case Cy:
    case Dy:
        d->imm = reg_number(d);
        break;
    case V:
        put_place(r, VECTOR_PLACE(reg_number(d)));
        break;
    case P:
        put_place(r, VECTOR_PLACE(d->modrm >> 3 & 7u));
        break;
    case By:
        if (r->places == 0) {
            put_place(r, REG_OFFSET(d->vvvv));
        } else {
            d->imm = REG_OFFSET(d->vvvv);
        }
        break;
    default:
        take_implied(r, operand);
        break;
    }
}

void decode_operand(Decoder *r, Operand operand)
{
    Decoded *d = r->d;

    switch (operand) {
    case Eb:
        take_general_rm(r, true);
        break;
    case Ew:
    case Ev:
    case Ey:
        take_general_rm(r, false);
        break;
    case M:
        take_general_rm(r, false);
        d->undefined |= modrm_is_register(d);
        break;
    case Ry:
        /* Always a register, whatever ModRM.mod says. */
        r->rm_taken = true;
        put_place(r, register_place(d, rm_number(d), false));
        break;
    case W:
        take_rm(r, VECTOR_PLACE(rm_number(d)));
        break;
    case Q:
        take_rm(r, VECTOR_PLACE(d->modrm & 7u));
        break;
    case Ob:
    case Ov:
        r->places++;
        take_absolute(r);
        break;
    case Ap:
        take_far(r);
        break;
    case Ib:
    case Isb:
    case Iw:
    case Iz:
    case Iv:
    case Jb:
    case Jz:
        take_immediate(r, operand);
        break;
    default:
        take_register(r, operand);
        break;
    }
}

bool operand_needs_modrm(Operand operand)
{
    switch (operand) {
    case Eb:
    case Ew:
    case Ev:
    case Ey:
    case M:
    case Ry:
    case Gb:
    case Gw:
    case Gv:
    case Gy:
    case Sw:
    case Cy:
    case Dy:
    case V:
    case W:
    case P:
    case Q:
    case By:
        return true;
    default:
        return false;
    }
}
