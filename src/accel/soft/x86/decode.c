#include "src/accel/soft/x86/decode.h"

#include "src/accel/soft/interp/handlers.h"
#include "src/accel/soft/x86/opcode_map_fpu.h"

typedef struct Decoder {
    const uint8_t *bytes;
    size_t size, at;
    bool short_of_bytes; /* more were wanted than there are */
    bool rm_taken;
    unsigned places;     /* operands so far that name a register or memory */
    unsigned immediates; /* the same for immediates */
    Decoded *d;
} Decoder;

/* ---- bytes ---- */

static uint8_t take8(Decoder *r)
{
    if (r->at >= r->size) {
        r->short_of_bytes = true;
        return 0;
    }
    return r->bytes[r->at++];
}

static uint16_t take16(Decoder *r)
{
    uint16_t low = take8(r);

    return (uint16_t)(low | take8(r) << 8);
}

static uint32_t take32(Decoder *r)
{
    uint32_t low = take16(r);

    return low | (uint32_t)take16(r) << 16;
}

static uint64_t take64(Decoder *r)
{
    uint64_t low = take32(r);

    return low | (uint64_t)take32(r) << 32;
}

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

/* Addresses of 32 and of 64 bits, which differ in the registers alone. */
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

static void take_memory(Decoder *r)
{
    unsigned mod = r->d->modrm >> 6, rm = r->d->modrm & 7;

    r->d->prefix |= INSN_MEMORY;
    if (r->d->address_size == 1) {
        take_address16(r, mod, rm);
    } else {
        take_address32(r, mod, rm);
    }
}

/* In 64-bit code an offset has 64 bits, which take the immediate's place. */
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

static bool modrm_is_register(const Decoded *d)
{
    return d->modrm >> 6 == 3;
}

/* The r/m operand; `place` is its register's. */
static void take_rm(Decoder *r, unsigned place)
{
    r->rm_taken = true;
    if (modrm_is_register(r->d)) {
        put_place(r, place);
    } else {
        r->places++;
        take_memory(r);
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

/* z: not above 32 bits. */
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

/* Registers that the opcode or ModRM.reg names, and memory that neither does. */
static void take_register(Decoder *r, Operand operand)
{
    Decoded *d = r->d;
    unsigned low = (d->byte & 7u) | (d->rex & REX_B ? 8u : 0);

    switch (operand) {
    case Gb:
        put_place(r, register_place(d, reg_number(d), true));
        break;
    case Zb:
        put_place(r, register_place(d, low, true));
        break;
    case Zv:
        put_place(r, register_place(d, low, false));
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
    case CL:
    case DX:
    case Xb:
    case Xv:
    case Yb:
    case Yv:
        break;
    default:
        put_place(r, register_place(d, reg_number(d), false));
        break;
    }
}

static void take_operand(Decoder *r, Operand operand)
{
    Decoded *d = r->d;

    switch (operand) {
    case OPERAND_NONE:
        break;
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

/* ---- prefixes and opcode ---- */

/* True if `byte` is a prefix of every mode. */
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

static void take_modrm(Decoder *r)
{
    if (!r->d->has_modrm) {
        r->d->has_modrm = true;
        r->d->modrm = take8(r);
    }
}

/* The entry for a mandatory prefix: F2 and F3 go before 66. */
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

static bool operand_needs_modrm(Operand operand)
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

/* ---- VEX (Intel SDM volume 2, "The VEX Prefix") ---- */

#define VEX_3 0xc4
#define VEX_2 0xc5

/* Outside 64-bit code these are LES and LDS, which have no register operand. */
static bool is_vex(const Decoder *r, uint8_t byte)
{
    if (byte != VEX_2 && byte != VEX_3) {
        return false;
    }
    return r->d->mode == 64 || (r->at < r->size && r->bytes[r->at] >= 0xc0);
}

/* The bits are inverted; registers 8 to 15 are of 64-bit code alone. */
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

/* Of 128-bit length, with no prefix before it that would say the same. */
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

/* ---- the whole ---- */

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

/* In 64-bit code only FS and GS override anything. */
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
        take_operand(&r, opcode->operand[i]);
    }
    /* What means nothing takes the bytes of its operand all the same. */
    if (decoded->has_modrm && !r.rm_taken && !modrm_is_register(decoded)) {
        take_memory(&r);
    }
    apply_override(decoded);
    decoded->length = (uint8_t)r.at;
    decoded->too_long = r.short_of_bytes && r.size == INSN_BYTES_MAX;
    return !r.short_of_bytes || decoded->too_long;
}

/* ---- what the interpreter makes of it ---- */

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
    Handler *handler = in_memory || is_repeated(d) ? opcode->of_memory[d->operand_size]
                                                   : opcode->of_register[d->operand_size];
    return handler ? handler : op_undefined;
}

static uint8_t address_place(unsigned n)
{
    return n == DECODED_NO_REGISTER ? REG_ZERO : REG_OFFSET(n);
}

/* In 64-bit code every bit but with an address-size prefix; see insn_mask(). */
static uint32_t address_mask(const Decoded *d)
{
    if (d->mode == 64) {
        return d->address_size == 3 ? UINT32_MAX : 0;
    }
    return d->address_size == 1 ? 0xffff : UINT32_MAX;
}

/* A displacement from RIP, which counts from the end of the instruction. */
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
    /* A repetition is paid for as it goes, so no instruction behind it may have been. */
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
