/*
 * Decodes the prefixes and the opcode, and what they say about the operands.
 */
#include "src/accel/soft/x86/decoder.h"
#include "src/accel/soft/x86/opcode_map_fpu.h"

/* ---- prefixes and opcode ---- */

/* Returns true if `byte` is a prefix in every mode. */
static bool take_prefix(Decoded *d, uint8_t byte)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        d->override = (int8_t)(byte >> 3 & 3);
        return true;
    case 0x64:
    case 0x65:
        d->override = (int8_t)(byte & 7);
        return true;
    case 0x66:
        d->operand_prefix = true;
        return true;
    case 0x67:
        d->address_prefix = true;
        return true;
    case 0xf0:
        d->prefix |= INSN_LOCK;
        return true;
    case 0xf2:
        d->prefix = (uint8_t)((d->prefix & ~INSN_REP) | INSN_REPNE);
        return true;
    case 0xf3:
        d->prefix = (uint8_t)((d->prefix & ~INSN_REPNE) | INSN_REP);
        return true;
    default:
        return false;
    }
}

/* A REX prefix counts only if it is the last one. */
static uint8_t take_prefixes(Decoder *r)
{
    Decoded *d = r->d;
    uint8_t byte = take8(r);

    while (!r->short_of_bytes) {
        bool rex = d->mode == 64 && (byte & 0xf0) == 0x40;

        if (!rex && !take_prefix(d, byte)) {
            break;
        }
        d->rex = rex ? byte : 0;
        byte = take8(r);
    }
    return byte;
}

/* Finds the entry for a mandatory prefix.  F2 and F3 take precedence over 66. */
static unsigned prefix_entry(Decoded *d)
{
    if (d->prefix & INSN_REPNE) {
        return 3;
    }
    if (d->prefix & INSN_REP) {
        return 2;
    }
    bool operand_prefix = d->operand_prefix;
    d->operand_prefix = false;
    return operand_prefix;
}

static const Opcode *select_entry(Decoder *r, const Opcode *opcode)
{
    Decoded *d = r->d;

    switch ((Select)opcode->select) {
    case SELECT_PREFIX:
        return &opcode->table[prefix_entry(d)];
    case SELECT_REPEAT:
        return &opcode->table[d->prefix & INSN_REP ? 1 : d->prefix & INSN_REPNE ? 2 : 0];
    case SELECT_BYTE:
        d->byte = take8(r);
        return &opcode->table[d->byte];
    case SELECT_REG:
        take_modrm(r);
        return &opcode->table[d->modrm >> 3 & 7];
    case SELECT_RM:
        take_modrm(r);
        return &opcode->table[d->modrm & 7];
    default:
        take_modrm(r);
        return &opcode->table[modrm_is_register(d)];
    }
}

/* ---- VEX (Intel SDM volume 2, "The VEX Prefix") ---- */

#define VEX_3 0xc4
#define VEX_2 0xc5

/* Outside 64-bit code, C4 and C5 with a memory operand are LES and LDS. */
static bool is_vex(const Decoder *r, uint8_t byte)
{
    if (byte != VEX_2 && byte != VEX_3) {
        return false;
    }
    return r->d->mode == 64 || (r->at < r->size && r->bytes[r->at] >= 0xc0);
}

/* The bits are inverted.  Only 64-bit code has the registers 8 to 15. */
static void take_vex_registers(Decoded *d, unsigned rxb, uint8_t last, bool wide)
{
    d->vex = true;
    d->vvvv = ~last >> 3 & 0xf;
    d->rex = (uint8_t)(0x40 | (~rxb & 7u) | (wide ? REX_W : 0));
    if (d->mode != 64) {
        d->rex = 0;
        d->vvvv &= 7;
    }
}

/* The length must be 128 bits, and no legacy prefix with the same meaning may precede VEX. */
static bool vex_is_defined(const Decoded *d, uint8_t last)
{
    return !(last & 4) && !(d->prefix & (INSN_LOCK | INSN_REP | INSN_REPNE)) && !d->operand_prefix;
}

static const Opcode *take_vex(Decoder *r, uint8_t byte)
{
    static const Opcode NOTHING = {.select = SELECT_NOTHING};
    Decoded *d = r->d;
    uint8_t first = take8(r), last = byte == VEX_3 ? take8(r) : first;
    unsigned map = byte == VEX_3 ? first & 0x1f : 1;
    bool defined = vex_is_defined(d, last) && !d->rex;

    if (byte == VEX_3) {
        take_vex_registers(d, first >> 5, last, last & 0x80);
    } else {
        take_vex_registers(d, (first >> 5 & 4) | 3, last, false);
    }
    d->byte = take8(r);
    if (!defined) {
        return &NOTHING;
    }
    return d->mode == 64 ? opcode_vex64(map, d->byte, last & 3)
                         : opcode_vex(map, d->byte, last & 3);
}

/* ---- the opcode ---- */

static void take_opcode(Decoder *r)
{
    Decoded *d = r->d;

    d->byte = take_prefixes(r);
    const Opcode *opcode = is_vex(r, d->byte)
                               ? take_vex(r, d->byte)
                               : &(d->mode == 64 ? opcode_map64 : opcode_map)[d->byte];
    while (opcode->select != SELECT_NOTHING) {
        opcode = select_entry(r, opcode);
    }
    for (unsigned i = 0; i < OPERANDS_MAX; i++) {
        if (operand_needs_modrm(opcode->operand[i])) {
            take_modrm(r);
        }
    }
    d->opcode = opcode;
}

/* ---- the whole instruction ---- */

static void set_sizes(Decoded *d)
{
    bool code32 = d->mode != 16;

    if (d->mode == 64) {
        d->address_size = d->address_prefix ? 2 : 3;
        d->operand_size = d->rex & REX_W ? 3 : d->operand_prefix ? 1 : 2;
        if (d->opcode->flags & OPCODE_F64 ||
            (d->opcode->flags & OPCODE_D64 && d->operand_size == 2)) {
            d->operand_size = 3;
        }
        return;
    }
    d->address_size = code32 != d->address_prefix ? 2 : 1;
    d->operand_size = code32 != d->operand_prefix ? 2 : 1;
}

/* In 64-bit code only FS and GS overrides have an effect. */
static void apply_override(Decoded *d)
{
    if (d->override >= 0 && (d->mode != 64 || d->override >= CPU_FS)) {
        d->segment = (uint8_t)d->override;
    }
}

static uint64_t implied_immediate(const Decoded *d)
{
    if (d->opcode->flags & OPCODE_CONDITION) {
        return d->byte & 0xf;
    }
    if (d->opcode->flags & OPCODE_FOP) {
        return (d->byte & 7u) << 8 | d->modrm;
    }
    return d->opcode->argument;
}

bool decode(const uint8_t *bytes, size_t size, unsigned mode, const CpuFeatures *features,
            Decoded *decoded)
{
    Decoder r = {.bytes = bytes, .size = MIN(size, INSN_BYTES_MAX), .d = decoded};

    *decoded = (Decoded){
        .mode = (uint8_t)mode,
        .override = -1,
        .segment = CPU_DS,
        .base = DECODED_NO_REGISTER,
        .index = DECODED_NO_REGISTER,
    };
    take_opcode(&r);
    set_sizes(decoded);
    const Opcode *opcode = decoded->opcode;
    decoded->imm = implied_immediate(decoded);
    decoded->undefined = !cpu_features_have(features, opcode->feature);
    for (unsigned i = 0; i < OPERANDS_MAX; i++) {
        decode_operand(&r, opcode->operand[i]);
    }
    /* An undefined opcode still takes the bytes of its operand. */
    if (decoded->has_modrm && !r.rm_taken && !modrm_is_register(decoded)) {
        decode_memory(&r);
    }
    apply_override(decoded);
    decoded->length = (uint8_t)r.at;
    decoded->too_long = r.short_of_bytes && r.size == INSN_BYTES_MAX;
    return !r.short_of_bytes || decoded->too_long;
}
