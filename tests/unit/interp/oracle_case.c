/*
 * Making random cases; see the header.
 *
 * Registers are drawn at random first, then those that the instruction uses
 * as addresses, counts, selectors or targets are bent towards values that
 * reach the sandbox, with a share left wild so that faults are met too.
 */
#include "tests/unit/interp/oracle_case.h"

#include "src/cpu_state.h"

#include <glib.h>
#include <string.h>

#define SELECTOR(entry)     ((uint16_t)((entry)*8 + 7))
#define FLAT_USER_CODE      0x23
#define FLAT_USER_DATA      0x2b
#define HOST_LONG_MODE_CODE 0x30
#define HOST_CPU_NUMBER     0x78
#define QUASI_FLAT_PAGES    0x7ffefu /* below a sanitizer's shadow memory */
#define GUARD               16u      /* around the instruction, jumped over by targets */
#define INT_SYSTEM_CALL     0x80
#define EDGE                12u
#define OPCODE_XCHG         0x86

enum {
    LDT_CODE_FLAT,
    LDT_CODE32,
    LDT_CODE16,
    LDT_CODE16_LONG,
    LDT_DATA_FLAT,
    LDT_DATA32,
    LDT_DATA16,
    LDT_DATA16_LONG,
    LDT_DOWN32,
    LDT_DOWN16,
    LDT_READ_ONLY,
    LDT_EXECUTE_ONLY,
    LDT_ABSENT_CODE,
    LDT_ABSENT_DATA,
    LDT_ABSENT_CONFORMING,
    LDT_ODD,
    LDT_EMPTY,
};

#define CODE_TOP (ORACLE_CODE / ORACLE_PAGE + ORACLE_CODE_PAGES)

const OracleSegment ORACLE_LDT[ORACLE_LDT_ENTRIES] = {
    [LDT_CODE_FLAT] = {0, CODE_TOP, 2, true, false, true, true},
    [LDT_CODE32] = {ORACLE_CODE, ORACLE_CODE_SIZE - 1, 2, true, false, false, true},
    [LDT_CODE16] = {ORACLE_CODE, ORACLE_CODE_SIZE - 1, 2, false, false, false, true},
    [LDT_CODE16_LONG] = {ORACLE_CODE, 0xffff, 2, false, false, false, true},
    [LDT_DATA_FLAT] = {0, QUASI_FLAT_PAGES, 0, true, false, true, true},
    [LDT_DATA32] = {ORACLE_DATA, ORACLE_DATA_SIZE - 1, 0, true, false, false, true},
    [LDT_DATA16] = {ORACLE_DATA, 0x1fff, 0, false, false, false, true},
    [LDT_DATA16_LONG] = {ORACLE_DATA - 0x4000, 0xffff, 0, false, false, false, true},
    [LDT_DOWN32] = {ORACLE_DATA, 0x07ff, 1, true, false, false, true},
    [LDT_DOWN16] = {ORACLE_DATA, 0x07ff, 1, false, false, false, true},
    [LDT_READ_ONLY] = {ORACLE_DATA, 0x2fff, 0, true, true, false, true},
    [LDT_EXECUTE_ONLY] = {ORACLE_CODE, 0x2fff, 2, true, true, false, true},
    [LDT_ABSENT_CODE] = {ORACLE_CODE, 0x1fff, 2, true, false, false, false},
    [LDT_ABSENT_DATA] = {ORACLE_DATA, 0x1fff, 0, true, false, false, false},
    [LDT_ABSENT_CONFORMING] = {ORACLE_CODE, 0x1fff, 3, true, false, false, false},
    [LDT_ODD] = {ORACLE_DATA + 0x0ff3, 0x0123, 0, true, false, false, true},
    [LDT_EMPTY] = {0, 0, 0, false, true, false, false},
};

typedef struct Maker {
    uint64_t random;
    const uint8_t *data;
    OracleCase *made;
    unsigned operand_size, address_size, stack_size; /* 2 or 4 */
    int override;                                    /* segment register, or -1 */
    bool wide_code;
    bool aligned;             /* locked: some hosts refuse to cross a cache line */
    unsigned registers_fixed; /* mask of general registers that hold what they must */
} Maker;

uint64_t oracle_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(Maker *maker, uint32_t limit)
{
    return (uint32_t)((oracle_random(&maker->random) >> 32) * limit >> 32);
}

static bool one_in(Maker *maker, uint32_t n)
{
    return below(maker, n) == 0;
}

/*
 * Two selectors are the host's alone: its 64-bit code segment, which would
 * leave compatibility mode, and the segment that tells which CPU this is.
 */
static void hide_host_selectors(uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        uint8_t low = data[i] & 0xfc;
        if ((low == HOST_LONG_MODE_CODE || low == HOST_CPU_NUMBER) && data[i + 1] == 0) {
            data[i + 1] = 0x5a;
        }
    }
}

void oracle_fill_data(uint64_t seed, uint8_t *data)
{
    Maker maker = {.random = seed};
    for (size_t at = 0; at < ORACLE_DATA_SIZE;) {
        size_t run = 1 + below(&maker, 64);
        size_t size = run < ORACLE_DATA_SIZE - at ? run : ORACLE_DATA_SIZE - at;
        if (one_in(&maker, 3)) {
            memset(&data[at], one_in(&maker, 2) ? 0 : (int)below(&maker, 256), size);
        } else {
            for (size_t i = 0; i < size; i++) {
                data[at + i] = (uint8_t)below(&maker, 256);
            }
        }
        at += size;
    }
    hide_host_selectors(data, ORACLE_DATA_SIZE);
}

static uint32_t any_value(Maker *maker)
{
    static const uint32_t EDGES[] = {0,          1,          2,          0x7f,       0x80,
                                     0xff,       0x100,      0x7fff,     0x8000,     0xffff,
                                     0x10000,    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
                                     0xffff8000, 0xffffff80, 0x55555555, 0x0f0f0f0f, 0x99999999};
    uint32_t value = (uint32_t)oracle_random(&maker->random);
    switch (below(maker, 6)) {
    case 0:
        return EDGES[below(maker, G_N_ELEMENTS(EDGES))];
    case 1:
        return value & 0xff;
    case 2:
        return (uint32_t)(int32_t)(int8_t)value;
    default:
        return value;
    }
}

/* ---- segments ------------------------------------------------------------ */

static OracleSegment segment_of(uint16_t selector)
{
    static const OracleSegment FLAT = {0, 0xfffff, 0, true, false, true, true};
    static const OracleSegment NONE = {0};
    if (selector & 4) {
        return selector >> 3 < ORACLE_LDT_ENTRIES ? ORACLE_LDT[selector >> 3] : NONE;
    }
    return selector > 3 ? FLAT : NONE;
}

static uint16_t pick_code(Maker *maker)
{
    static const uint8_t CODE[] = {LDT_CODE_FLAT,   LDT_CODE_FLAT,    LDT_CODE32,
                                   LDT_CODE16,      LDT_CODE16,       LDT_CODE16_LONG,
                                   LDT_CODE16_LONG, LDT_EXECUTE_ONLY, LDT_CODE_FLAT};
    return SELECTOR(CODE[below(maker, G_N_ELEMENTS(CODE))]);
}

static uint16_t pick_data(Maker *maker)
{
    static const uint8_t DATA[] = {LDT_DATA16,    LDT_DATA16_LONG, LDT_DATA16, LDT_DATA16_LONG,
                                   LDT_DATA_FLAT, LDT_DATA32,      LDT_DOWN32, LDT_DOWN16,
                                   LDT_READ_ONLY, LDT_CODE32,      LDT_ODD,    LDT_EXECUTE_ONLY};
    if (maker->wide_code && !one_in(maker, 4)) {
        return SELECTOR(one_in(maker, 3) ? LDT_DATA32 : LDT_DATA_FLAT);
    }
    if (one_in(maker, 40)) {
        return (uint16_t)below(maker, 4);
    }
    /* The last one cannot be read, so no data register can hold it. */
    return SELECTOR(DATA[below(maker, G_N_ELEMENTS(DATA) - 1)]);
}

static uint16_t pick_stack(Maker *maker)
{
    static const uint8_t STACK[] = {LDT_DATA16, LDT_DATA16_LONG, LDT_DATA_FLAT, LDT_DATA32,
                                    LDT_DOWN32, LDT_DOWN16,      LDT_ODD};
    if (maker->wide_code && !one_in(maker, 5)) {
        return SELECTOR(one_in(maker, 3) ? LDT_DATA32 : LDT_DATA_FLAT);
    }
    return SELECTOR(STACK[below(maker, G_N_ELEMENTS(STACK))]);
}

/* Anything an instruction may be asked to load. */
static uint16_t pick_selector(Maker *maker, bool code)
{
    static const uint16_t OTHERS[] = {
        0,    1,    3,    0x08, 0x0b,   0x10,   0x13,   0x18, 0x1b, FLAT_USER_CODE, FLAT_USER_DATA,
        0x20, 0x28, 0x43, 0x83, 0x1003, 0xfffb, 0xffff, 0x147};
    switch (below(maker, 4)) {
    case 0:
        return OTHERS[below(maker, G_N_ELEMENTS(OTHERS))];
    case 1: {
        uint16_t selector = SELECTOR(below(maker, ORACLE_LDT_ENTRIES));
        return one_in(maker, 4) ? (uint16_t)(selector & ~below(maker, 4)) : selector;
    }
    default:
        return code ? pick_code(maker) : pick_data(maker);
    }
}

/* ---- addresses ------------------------------------------------------------ */

/* A linear address in the sandbox, often near the edge of a page. */
static uint32_t pick_linear(Maker *maker, unsigned size)
{
    uint32_t offset;
    if (one_in(maker, 5)) {
        uint32_t edge = ORACLE_PAGE * below(maker, ORACLE_DATA_PAGES + 1);
        offset = edge - EDGE + below(maker, 2 * EDGE);
    } else {
        offset = below(maker, ORACLE_DATA_SIZE - ORACLE_PAGE / 2);
    }
    if (maker->aligned || one_in(maker, 3)) {
        offset &= ~(size - 1);
    }
    return ORACLE_DATA + offset;
}

static uint32_t pick_offset(Maker *maker, uint16_t selector, unsigned size)
{
    OracleSegment segment = segment_of(selector);
    uint32_t limit = segment.limit;
    if (segment.type != 1 && !segment.in_pages && limit < ORACLE_DATA_SIZE && one_in(maker, 8)) {
        return limit - 6 + below(maker, 8);
    }
    if (!segment.in_pages && segment.type == 0 && limit < ORACLE_PAGE) {
        return below(maker, limit);
    }
    if (selector == SELECTOR(LDT_CODE32)) {
        return below(maker, ORACLE_CODE_SIZE);
    }
    return pick_linear(maker, size) - segment.base;
}

static void set_register(Maker *maker, unsigned index, uint32_t value, unsigned size)
{
    uint32_t *gpr = &maker->made->before.gpr[index];
    *gpr = size == 2 ? (*gpr & 0xffff0000) | (value & 0xffff) : value;
}

/* A code offset that does not lead into the middle of the instruction. */
static uint32_t pick_target(Maker *maker)
{
    uint32_t offset = below(maker, ORACLE_CODE_SIZE);
    uint32_t start = maker->made->code_offset;
    if (offset + GUARD >= start && offset <= start + GUARD) {
        offset = start >= ORACLE_CODE_SIZE / 2 ? start - 2 * GUARD : start + 2 * GUARD;
    }
    if (one_in(maker, 12)) {
        offset = ORACLE_CODE_SIZE - 2 + below(maker, 4);
    }
    return ORACLE_CODE + offset - segment_of(maker->made->before.segment[CPU_CS]).base;
}

static void add_patch(Maker *maker, uint32_t linear, uint32_t value, unsigned size)
{
    OracleCase *made = maker->made;
    uint32_t offset = linear - ORACLE_DATA;
    if (offset < ORACLE_DATA_SIZE && offset + size <= ORACLE_DATA_SIZE) {
        made->patch[made->patch_count++] = (OraclePatch){offset, value, (uint8_t)size};
    }
}

static uint32_t data_at(const Maker *maker, uint32_t linear, unsigned size)
{
    uint32_t value = 0;
    uint32_t offset = linear - ORACLE_DATA;
    if (offset < ORACLE_DATA_SIZE && offset + size <= ORACLE_DATA_SIZE) {
        memcpy(&value, &maker->data[offset], size);
    }
    return value;
}

/* ---- bytes ---------------------------------------------------------------- */

static void emit(Maker *maker, uint32_t value, unsigned size)
{
    OracleCase *made = maker->made;
    for (unsigned i = 0; i < size && made->length < ORACLE_BYTES_MAX; i++) {
        made->bytes[made->length++] = (uint8_t)(value >> (8 * i));
    }
}

static bool may_repeat(const OracleForm *form)
{
    /* In the second map these prefixes choose other instructions. */
    return form->first < 0x0f00;
}

static void make_prefixes(Maker *maker)
{
    static const uint8_t SEGMENT[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    const OracleForm *form = maker->made->form;
    bool operand = one_in(maker, 3), address = one_in(maker, 5);
    bool repeat = one_in(maker, form->shape & FORM_STRING ? 2 : 40) && may_repeat(form);
    bool locked = one_in(maker, form->shape & FORM_LOCKABLE ? 4 : 60);
    maker->aligned = locked || form->first == OPCODE_XCHG;
    maker->override = one_in(maker, 6) ? (int)below(maker, 6) : -1;
    if (repeat) {
        emit(maker, one_in(maker, 2) ? 0xf2 : 0xf3, 1);
    }
    if (maker->override >= 0) {
        if (one_in(maker, 10)) {
            emit(maker, SEGMENT[below(maker, 6)], 1); /* only the last one counts */
        }
        emit(maker, SEGMENT[maker->override], 1);
    }
    if (address) {
        emit(maker, 0x67, 1);
    }
    if (locked) {
        emit(maker, 0xf0, 1);
    }
    if (operand) {
        emit(maker, 0x66, 1);
    }
    maker->operand_size = operand != maker->wide_code ? 4 : 2;
    maker->address_size = address != maker->wide_code ? 4 : 2;
    if (one_in(maker, 400)) {
        unsigned extra = 8 + below(maker, 7);
        while (extra-- > 0) {
            emit(maker, address ? 0x67 : 0xf2, may_repeat(form) || address ? 1 : 0);
        }
    }
}

static unsigned default_segment(const Maker *maker, bool stack)
{
    return maker->override >= 0 ? (unsigned)maker->override : stack ? CPU_SS : CPU_DS;
}

/* An effective address as the instruction encodes it. */
typedef struct Address {
    int base, index;
    unsigned scale; /* a shift */
    unsigned displacement_size;
    bool stack;
    uint8_t modrm, sib;
    bool has_sib;
} Address;

static Address decode_address16(uint8_t modrm)
{
    static const int8_t BASE[] = {CPU_BX, CPU_BX, CPU_BP, CPU_BP, CPU_SI, CPU_DI, CPU_BP, CPU_BX};
    static const int8_t INDEX[] = {CPU_SI, CPU_DI, CPU_SI, CPU_DI, -1, -1, -1, -1};
    unsigned mod = modrm >> 6, rm = modrm & 7;
    Address address = {.base = BASE[rm], .index = INDEX[rm], .modrm = modrm};
    address.displacement_size = mod;
    if (mod == 0 && rm == 6) {
        address.base = -1;
        address.displacement_size = 2;
    }
    address.stack = address.base == CPU_BP;
    return address;
}

static Address decode_address32(uint8_t modrm, uint8_t sib)
{
    unsigned mod = modrm >> 6, rm = modrm & 7;
    Address address = {.base = (int)rm, .index = -1, .modrm = modrm, .sib = sib};
    address.displacement_size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    if (rm == 4) {
        address.has_sib = true;
        address.base = sib & 7;
        address.index = (sib >> 3 & 7) == 4 ? -1 : (sib >> 3 & 7);
        address.scale = sib >> 6;
    }
    if (mod == 0 && address.base == CPU_BP) {
        address.base = -1;
        address.displacement_size = 4;
    }
    address.stack = address.base == CPU_BP || address.base == CPU_SP;
    return address;
}

static uint32_t index_part(const Maker *maker, const Address *address)
{
    return address->index < 0 ? 0 : maker->made->before.gpr[address->index] << address->scale;
}

/* Moves the base register, or returns the displacement, so that `offset` is met. */
static uint32_t aim(Maker *maker, const Address *address, uint32_t offset, uint32_t displacement)
{
    uint32_t *gpr = maker->made->before.gpr;
    uint32_t base = address->base < 0 ? 0 : gpr[address->base];
    if (address->displacement_size == maker->address_size) {
        return offset - base - index_part(maker, address);
    }
    if (address->base >= 0 && address->base != address->index &&
        !(maker->registers_fixed >> address->base & 1)) {
        uint32_t moved = offset - index_part(maker, address) - displacement;
        set_register(maker, (unsigned)address->base, moved, maker->address_size);
    }
    return displacement;
}

static unsigned memory_size(const Maker *maker)
{
    return maker->made->form->shape & FORM_OPERAND_8 ? 8 : 4;
}

/* Returns the linear address that the operand most likely has. */
static uint32_t make_address(Maker *maker, uint8_t modrm)
{
    uint8_t sib = (uint8_t)below(maker, 256);
    Address address =
        maker->address_size == 2 ? decode_address16(modrm) : decode_address32(modrm, sib);
    uint16_t selector = maker->made->before.segment[default_segment(maker, address.stack)];
    uint32_t displacement = any_value(maker);
    if (address.displacement_size <= 1) {
        displacement = address.displacement_size == 0 ? 0 : (uint32_t)(int32_t)(int8_t)displacement;
    }
    uint32_t offset = pick_offset(maker, selector, memory_size(maker));
    if (maker->aligned || !one_in(maker, 12)) {
        displacement = aim(maker, &address, offset, displacement);
    }
    emit(maker, modrm, 1);
    emit(maker, sib, address.has_sib ? 1 : 0);
    emit(maker, displacement, address.displacement_size);
    return offset + segment_of(selector).base;
}

/* ---- operands ------------------------------------------------------------- */

static void make_selector_operand(Maker *maker, bool memory, uint8_t modrm, uint32_t linear)
{
    uint16_t selector = pick_selector(maker, false);
    if (memory) {
        add_patch(maker, linear, selector, 2);
    } else {
        set_register(maker, modrm & 7, selector, 2);
    }
}

static void make_far_pointer(Maker *maker, uint32_t linear, unsigned size, bool code)
{
    if (code) {
        add_patch(maker, linear, pick_target(maker), size);
    }
    add_patch(maker, linear + size, pick_selector(maker, code), 2);
}

static void make_target_operand(Maker *maker, bool memory, uint8_t modrm, uint32_t linear)
{
    uint32_t target = pick_target(maker);
    if (one_in(maker, 4)) {
        return;
    }
    if (memory) {
        add_patch(maker, linear, target, maker->operand_size);
    } else {
        set_register(maker, modrm & 7, target, maker->operand_size);
    }
}

static void make_compare_operand(Maker *maker, bool memory, uint8_t modrm, uint32_t linear)
{
    uint32_t *gpr = maker->made->before.gpr;
    if (one_in(maker, 2)) {
        return;
    }
    gpr[CPU_AX] = memory ? data_at(maker, linear, 4) : gpr[modrm & 7];
    if (maker->made->form->shape & FORM_OPERAND_8) {
        gpr[CPU_DX] = data_at(maker, linear + 4, 4);
    }
}

static void make_divide_operand(Maker *maker)
{
    uint32_t *gpr = maker->made->before.gpr;
    switch (below(maker, 4)) {
    case 0:
        gpr[CPU_DX] = (uint32_t)((int32_t)gpr[CPU_AX] >> 31);
        break;
    case 1:
        gpr[CPU_DX] = below(maker, 256);
        gpr[CPU_AX] &= 0xffff;
        break;
    case 2:
        gpr[CPU_DX] = 0;
        gpr[CPU_AX] &= 0xfff;
        break;
    default:
        break;
    }
}

static void make_memory_contents(Maker *maker, bool memory, uint8_t modrm, uint32_t linear)
{
    const OracleForm *form = maker->made->form;
    if (form->shape & FORM_SELECTOR) {
        make_selector_operand(maker, memory, modrm, linear);
    }
    if (form->shape & FORM_FAR_POINTER) {
        make_far_pointer(maker, linear, maker->operand_size, form->first == 0xff);
    }
    if (form->shape & FORM_TARGET) {
        make_target_operand(maker, memory, modrm, linear);
    }
    if (form->shape & FORM_COMPARE) {
        make_compare_operand(maker, memory, modrm, linear);
    }
}

static void make_modrm(Maker *maker)
{
    const OracleForm *form = maker->made->form;
    uint8_t modrm = (uint8_t)below(maker, 256);
    if (form->shape & FORM_MEMORY && modrm >= 0xc0) {
        modrm = (uint8_t)(modrm - 0x40 * (1 + below(maker, 3)));
    }
    if (form->reg >= 0) {
        modrm = (uint8_t)((modrm & 0xc7) | form->reg << 3);
    }
    maker->made->modrm = modrm;
    if (form->shape & FORM_DIVIDE) {
        make_divide_operand(maker);
    }
    if (form->shape & FORM_BITS && !one_in(maker, 4)) {
        uint32_t bit = below(maker, 512) - 256;
        set_register(maker, modrm >> 3 & 7, bit, 4);
        maker->registers_fixed |= 1u << (modrm >> 3 & 7);
    }
    if (modrm >= 0xc0) {
        emit(maker, modrm, 1);
        make_memory_contents(maker, false, modrm, 0);
    } else {
        make_memory_contents(maker, true, modrm, make_address(maker, modrm));
    }
}

static void make_branch(Maker *maker, unsigned size)
{
    OracleCase *made = maker->made;
    uint32_t end = made->before.eip + made->length + size;
    uint32_t displacement = one_in(maker, 5) ? any_value(maker) : pick_target(maker) - end;
    if (size == 1) {
        /* Not into the instruction itself. */
        displacement = below(maker, 256);
        displacement = displacement >= 256 - ORACLE_BYTES_MAX ? 0x40 : displacement;
    }
    emit(maker, displacement, size);
}

static uint32_t pick_interrupt(Maker *maker)
{
    uint32_t vector = one_in(maker, 3) ? below(maker, 6) : below(maker, 256);
    return vector == INT_SYSTEM_CALL ? INT_SYSTEM_CALL + 1 : vector;
}

static void make_immediates(Maker *maker)
{
    uint32_t shape = maker->made->form->shape;
    OracleCase *made = maker->made;
    if (shape & FORM_IMM16) {
        emit(maker, one_in(maker, 4) ? any_value(maker) : below(maker, 64), 2);
    }
    if (shape & FORM_IMM8) {
        uint32_t value = one_in(maker, 2) ? below(maker, 36) : any_value(maker);
        if (shape & FORM_IMM16 && !one_in(maker, 4)) {
            value &= 3; /* nesting of ENTER */
        }
        emit(maker, value, 1);
        made->shift_count = value & 31;
    }
    if (shape & FORM_IMMZ) {
        emit(maker, any_value(maker), maker->operand_size);
    }
    if (shape & FORM_INTERRUPT) {
        emit(maker, pick_interrupt(maker), 1);
    }
    if (shape & FORM_MOFFS) {
        uint16_t selector = made->before.segment[default_segment(maker, false)];
        emit(maker, one_in(maker, 10) ? any_value(maker) : pick_offset(maker, selector, 4),
             maker->address_size);
    }
    if (shape & FORM_FAR) {
        emit(maker, one_in(maker, 6) ? any_value(maker) : pick_target(maker), maker->operand_size);
        emit(maker, pick_selector(maker, true), 2);
    }
    if (shape & (FORM_REL8 | FORM_RELZ)) {
        make_branch(maker, shape & FORM_REL8 ? 1 : maker->operand_size);
    }
}

/* ---- the case ------------------------------------------------------------- */

static void make_segments(Maker *maker)
{
    OracleState *before = &maker->made->before;
    static const uint8_t MODE[] = {LDT_CODE_FLAT, LDT_CODE_FLAT,   LDT_CODE_FLAT,
                                   LDT_CODE32,    LDT_CODE16_LONG, LDT_CODE16};
    unsigned code = MODE[below(maker, G_N_ELEMENTS(MODE))];
    maker->wide_code = ORACLE_LDT[code].wide;
    before->segment[CPU_CS] = SELECTOR(code);
    before->segment[CPU_SS] = pick_stack(maker);
    before->segment[CPU_DS] = pick_data(maker);
    before->segment[CPU_ES] = pick_data(maker);
    before->segment[CPU_FS] = pick_data(maker);
    before->segment[CPU_GS] = pick_data(maker);
    maker->stack_size = segment_of(before->segment[CPU_SS]).wide ? 4 : 2;
}

static void make_flags(Maker *maker)
{
    const uint32_t ARITHMETIC_FLAGS =
        CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_OF;
    uint32_t flags = (uint32_t)oracle_random(&maker->random) & (ARITHMETIC_FLAGS | CPU_FLAG_ID);
    flags |= CPU_FLAG_ONE | CPU_FLAG_IF;
    flags |= one_in(maker, 3) ? CPU_FLAG_DF : 0;
    flags |= one_in(maker, 16) ? CPU_FLAG_AC : 0;
    flags |= maker->stack_size == 4 && one_in(maker, 24) ? CPU_FLAG_TF : 0;
    if (!(maker->made->form->shape & FORM_NOT_NESTED)) {
        flags |= one_in(maker, 24) ? CPU_FLAG_NT : 0;
    }
    maker->made->before.eflags = flags;
}

static void make_registers(Maker *maker)
{
    OracleState *before = &maker->made->before;
    for (unsigned i = 0; i < 8; i++) {
        before->gpr[i] = any_value(maker);
    }
    uint32_t stack = pick_offset(maker, before->segment[CPU_SS], 4);
    if (!one_in(maker, 20)) {
        set_register(maker, CPU_SP, one_in(maker, 6) ? stack : stack & ~3u, maker->stack_size);
    }
    if (!one_in(maker, 3)) {
        set_register(maker, CPU_BP, pick_offset(maker, before->segment[CPU_SS], 4),
                     maker->stack_size);
    }
    if (!one_in(maker, 3)) {
        before->gpr[CPU_BX] = pick_offset(maker, before->segment[CPU_DS], 4);
    }
}

static void make_string_registers(Maker *maker)
{
    OracleState *before = &maker->made->before;
    unsigned source = default_segment(maker, false);
    if (!one_in(maker, 10)) {
        set_register(maker, CPU_SI, pick_offset(maker, before->segment[source], 4),
                     maker->address_size);
    }
    if (!one_in(maker, 10)) {
        set_register(maker, CPU_DI, pick_offset(maker, before->segment[CPU_ES], 4),
                     maker->address_size);
    }
    if (!one_in(maker, 10)) {
        set_register(maker, CPU_CX, below(maker, 40), maker->address_size);
    }
    if (one_in(maker, 3)) {
        before->gpr[CPU_AX] = 0;
    }
}

static void make_shift_count(Maker *maker)
{
    OracleCase *made = maker->made;
    uint32_t count = one_in(maker, 3) ? below(maker, 256) : below(maker, 34);
    made->before.gpr[CPU_CX] = (made->before.gpr[CPU_CX] & ~0xffu) | count;
    made->shift_count = count & 31;
    maker->registers_fixed |= 1u << CPU_CX;
}

static uint32_t stack_top(const Maker *maker)
{
    const OracleState *before = &maker->made->before;
    uint32_t offset = before->gpr[CPU_SP];
    return (maker->stack_size == 2 ? offset & 0xffff : offset) +
           segment_of(before->segment[CPU_SS]).base;
}

static void make_stack_contents(Maker *maker)
{
    const OracleForm *form = maker->made->form;
    uint32_t top = stack_top(maker);
    if (form->shape & FORM_POP_SELECTOR) {
        add_patch(maker, top, pick_selector(maker, false), 2);
    }
    if (form->shape & FORM_POP_TARGET && !one_in(maker, 4)) {
        add_patch(maker, top, pick_target(maker), maker->operand_size);
    }
    if (form->shape & FORM_POP_FAR && !one_in(maker, 8)) {
        make_far_pointer(maker, top, maker->operand_size, true);
    }
}

/* Mostly in the middle of a page, sometimes at or across its end. */
static void place_code(Maker *maker)
{
    OracleCase *made = maker->made;
    made->code_offset = ORACLE_PAGE / 2 + below(maker, ORACLE_PAGE);
    if (one_in(maker, 20)) {
        uint32_t edge = one_in(maker, 2) ? ORACLE_CODE_SIZE : ORACLE_PAGE;
        made->code_offset = edge - 1 - below(maker, 12);
    }
    made->before.eip =
        ORACLE_CODE + made->code_offset - segment_of(made->before.segment[CPU_CS]).base;
}

static void make_opcode(Maker *maker)
{
    const OracleForm *form = maker->made->form;
    uint32_t opcode = form->first + below(maker, form->last - form->first + 1u);
    if (form->first >= 0x0f00) {
        emit(maker, 0x0f, 1);
    }
    emit(maker, opcode & 0xff, 1);
    maker->made->operand_bits = 8 * maker->operand_size;
    if (form->shape & FORM_BYTE_COUNT || ((opcode & 0xfe) == 0xd0 && !(opcode & 1))) {
        maker->made->operand_bits = 8;
    }
}

/* SYSCALL, SYSENTER and INT 0x80 must not be there even at an odd offset. */
static bool reaches_kernel(const OracleCase *made)
{
    for (unsigned i = 0; i + 1 < made->length; i++) {
        uint8_t first = made->bytes[i], second = made->bytes[i + 1];
        if ((first == 0xcd && second == INT_SYSTEM_CALL) ||
            (first == 0x0f && (second == 0x05 || second == 0x34))) {
            return true;
        }
    }
    return false;
}

static void make_once(Maker *maker)
{
    OracleCase *made = maker->made;
    made->length = 0;
    made->patch_count = 0;
    made->shift_count = 1;
    maker->registers_fixed = 0;
    made->form = &ORACLE_FORMS[below(maker, ORACLE_FORM_COUNT)];
    make_segments(maker);
    make_flags(maker);
    place_code(maker);
    make_prefixes(maker);
    make_registers(maker);
    make_opcode(maker);
    if (made->form->shape & FORM_SHIFT) {
        make_shift_count(maker);
    }
    if (made->form->shape & FORM_STRING) {
        make_string_registers(maker);
    }
    if (made->form->shape & FORM_MODRM) {
        make_modrm(maker);
    }
    make_immediates(maker);
    make_stack_contents(maker);
}

void oracle_case_make(uint64_t seed, const uint8_t *data, OracleCase *made)
{
    Maker maker = {.random = seed, .data = data, .made = made};
    made->seed = seed;
    do {
        make_once(&maker);
    } while (reaches_kernel(made));
}
