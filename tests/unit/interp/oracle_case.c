/*
 * Makes random cases.  See the header.
 *
 * First all registers get random values.  Then the registers that the instruction
 * uses as addresses, counts, selectors or targets are changed so that they mostly
 * lie in the sandbox.  Some stay random, so that faults occur too.
 */
#include "tests/unit/interp/oracle_maker.h"

#include "src/cpu/cpu_state.h"

#include <glib.h>
#include <string.h>

#define INT_SYSTEM_CALL 0x80
#define OPCODE_XCHG     0x86

/* ---- bytes ---- */

static void emit(Maker *maker, uint32_t value, unsigned size)
{
    OracleCase *made = maker->made;
    for (unsigned i = 0; i < size && made->length < ORACLE_BYTES_MAX; i++) {
        made->bytes[made->length++] = (uint8_t)(value >> (8 * i));
    }
}

static bool may_repeat(const OracleForm *form)
{
    /* In the second opcode map these prefixes select other instructions. */
    return form->first < 0x0f00;
}

static void make_prefixes(Maker *maker)
{
    static const uint8_t SEGMENT[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    const OracleForm *form = maker->made->form;
    bool operand = maker_one_in(maker, 3), address = maker_one_in(maker, 5);
    bool repeat = maker_one_in(maker, form->shape & FORM_STRING ? 2 : 40) && may_repeat(form);
    bool locked = maker_one_in(maker, form->shape & FORM_LOCKABLE ? 4 : 60);
    maker->aligned = locked || form->first == OPCODE_XCHG;
    maker->override = maker_one_in(maker, 6) ? (int)maker_below(maker, 6) : -1;
    if (repeat) {
        emit(maker, maker_one_in(maker, 2) ? 0xf2 : 0xf3, 1);
    }
    if (maker->override >= 0) {
        if (maker_one_in(maker, 10)) {
            emit(maker, SEGMENT[maker_below(maker, 6)], 1); /* only the last prefix counts */
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
    if (maker_one_in(maker, 400)) {
        unsigned extra = 8 + maker_below(maker, 7);
        while (extra-- > 0) {
            emit(maker, address ? 0x67 : 0xf2, may_repeat(form) || address ? 1 : 0);
        }
    }
}

static unsigned default_segment(const Maker *maker, bool stack)
{
    return maker->override >= 0 ? (unsigned)maker->override : stack ? CPU_SS : CPU_DS;
}

/* An effective address as an instruction encodes it. */
typedef struct Address {
    int base, index;
    unsigned scale; /* as a shift */
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

/*
 * Makes the address become `offset`: changes the base register, or returns the
 * displacement that is needed.
 */
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
        maker_set_register(maker, (unsigned)address->base, moved, maker->address_size);
    }
    return displacement;
}

static unsigned memory_size(const Maker *maker)
{
    return maker->made->form->shape & FORM_OPERAND_8 ? 8 : 4;
}

/* Returns the most likely linear address of the operand. */
static uint32_t make_address(Maker *maker, uint8_t modrm)
{
    uint8_t sib = (uint8_t)maker_below(maker, 256);
    Address address =
        maker->address_size == 2 ? decode_address16(modrm) : decode_address32(modrm, sib);
    uint16_t selector = maker->made->before.segment[default_segment(maker, address.stack)];
    uint32_t displacement = maker_any_value(maker);
    if (address.displacement_size <= 1) {
        displacement = address.displacement_size == 0 ? 0 : (uint32_t)(int32_t)(int8_t)displacement;
    }
    uint32_t offset = maker_pick_offset(maker, selector, memory_size(maker));
    if (maker->aligned || !maker_one_in(maker, 12)) {
        displacement = aim(maker, &address, offset, displacement);
    }
    emit(maker, modrm, 1);
    emit(maker, sib, address.has_sib ? 1 : 0);
    emit(maker, displacement, address.displacement_size);
    return offset + maker_segment(selector).base;
}

/* ---- operands ---- */

static void make_selector_operand(Maker *maker, bool memory, uint8_t modrm, uint32_t linear)
{
    uint16_t selector = maker_pick_selector(maker, false);
    if (memory) {
        maker_add_patch(maker, linear, selector, 2);
    } else {
        maker_set_register(maker, modrm & 7, selector, 2);
    }
}

static void make_far_pointer(Maker *maker, uint32_t linear, unsigned size, bool code)
{
    if (code) {
        maker_add_patch(maker, linear, maker_pick_target(maker), size);
    }
    maker_add_patch(maker, linear + size, maker_pick_selector(maker, code), 2);
}

static void make_target_operand(Maker *maker, bool memory, uint8_t modrm, uint32_t linear)
{
    uint32_t target = maker_pick_target(maker);
    if (maker_one_in(maker, 4)) {
        return;
    }
    if (memory) {
        maker_add_patch(maker, linear, target, maker->operand_size);
    } else {
        maker_set_register(maker, modrm & 7, target, maker->operand_size);
    }
}

static void make_compare_operand(Maker *maker, bool memory, uint8_t modrm, uint32_t linear)
{
    uint32_t *gpr = maker->made->before.gpr;
    if (maker_one_in(maker, 2)) {
        return;
    }
    gpr[CPU_AX] = memory ? maker_data_at(maker, linear, 4) : gpr[modrm & 7];
    if (maker->made->form->shape & FORM_OPERAND_8) {
        gpr[CPU_DX] = maker_data_at(maker, linear + 4, 4);
    }
}

static void make_divide_operand(Maker *maker)
{
    uint32_t *gpr = maker->made->before.gpr;
    switch (maker_below(maker, 4)) {
    case 0:
        gpr[CPU_DX] = (uint32_t)((int32_t)gpr[CPU_AX] >> 31);
        break;
    case 1:
        gpr[CPU_DX] = maker_below(maker, 256);
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
    uint8_t modrm = (uint8_t)maker_below(maker, 256);
    if (form->shape & FORM_MEMORY && modrm >= 0xc0) {
        modrm = (uint8_t)(modrm - 0x40 * (1 + maker_below(maker, 3)));
    }
    if (form->reg >= 0) {
        modrm = (uint8_t)((modrm & 0xc7) | form->reg << 3);
    }
    maker->made->modrm = modrm;
    if (form->shape & FORM_DIVIDE) {
        make_divide_operand(maker);
    }
    if (form->shape & FORM_BITS && !maker_one_in(maker, 4)) {
        uint32_t bit = maker_below(maker, 512) - 256;
        maker_set_register(maker, modrm >> 3 & 7, bit, 4);
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
    uint32_t displacement =
        maker_one_in(maker, 5) ? maker_any_value(maker) : maker_pick_target(maker) - end;
    if (size == 1) {
        /* The target must not be inside the instruction itself. */
        displacement = maker_below(maker, 256);
        displacement = displacement >= 256 - ORACLE_BYTES_MAX ? 0x40 : displacement;
    }
    emit(maker, displacement, size);
}

static uint32_t pick_interrupt(Maker *maker)
{
    uint32_t vector = maker_one_in(maker, 3) ? maker_below(maker, 6) : maker_below(maker, 256);
    return vector == INT_SYSTEM_CALL ? INT_SYSTEM_CALL + 1 : vector;
}

static void make_immediates(Maker *maker)
{
    uint32_t shape = maker->made->form->shape;
    OracleCase *made = maker->made;
    if (shape & FORM_IMM16) {
        emit(maker, maker_one_in(maker, 4) ? maker_any_value(maker) : maker_below(maker, 64), 2);
    }
    if (shape & FORM_IMM8) {
        uint32_t value = maker_one_in(maker, 2) ? maker_below(maker, 36) : maker_any_value(maker);
        if (shape & FORM_IMM16 && !maker_one_in(maker, 4)) {
            value &= 3; /* the nesting level of ENTER */
        }
        emit(maker, value, 1);
        made->shift_count = value & 31;
    }
    if (shape & FORM_IMMZ) {
        emit(maker, maker_any_value(maker), maker->operand_size);
    }
    if (shape & FORM_INTERRUPT) {
        emit(maker, pick_interrupt(maker), 1);
    }
    if (shape & FORM_MOFFS) {
        uint16_t selector = made->before.segment[default_segment(maker, false)];
        emit(maker,
             maker_one_in(maker, 10) ? maker_any_value(maker)
                                     : maker_pick_offset(maker, selector, 4),
             maker->address_size);
    }
    if (shape & FORM_FAR) {
        emit(maker, maker_one_in(maker, 6) ? maker_any_value(maker) : maker_pick_target(maker),
             maker->operand_size);
        emit(maker, maker_pick_selector(maker, true), 2);
    }
    if (shape & (FORM_REL8 | FORM_RELZ)) {
        make_branch(maker, shape & FORM_REL8 ? 1 : maker->operand_size);
    }
}

/* ---- the case ---- */

static void make_segments(Maker *maker)
{
    OracleState *before = &maker->made->before;
    static const uint8_t MODE[] = {LDT_CODE_FLAT, LDT_CODE_FLAT,   LDT_CODE_FLAT,
                                   LDT_CODE32,    LDT_CODE16_LONG, LDT_CODE16};
    unsigned code = MODE[maker_below(maker, G_N_ELEMENTS(MODE))];
    maker->wide_code = ORACLE_LDT[code].wide;
    before->segment[CPU_CS] = SELECTOR(code);
    before->segment[CPU_SS] = maker_pick_stack(maker);
    before->segment[CPU_DS] = maker_pick_data(maker);
    before->segment[CPU_ES] = maker_pick_data(maker);
    before->segment[CPU_FS] = maker_pick_data(maker);
    before->segment[CPU_GS] = maker_pick_data(maker);
    maker->stack_size = maker_segment(before->segment[CPU_SS]).wide ? 4 : 2;
}

static void make_flags(Maker *maker)
{
    const uint32_t ARITHMETIC_FLAGS =
        CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_OF;
    uint32_t flags = (uint32_t)oracle_random(&maker->random) & (ARITHMETIC_FLAGS | CPU_FLAG_ID);
    flags |= CPU_FLAG_ONE | CPU_FLAG_IF;
    flags |= maker_one_in(maker, 3) ? CPU_FLAG_DF : 0;
    flags |= maker_one_in(maker, 16) ? CPU_FLAG_AC : 0;
    flags |= maker->stack_size == 4 && maker_one_in(maker, 24) ? CPU_FLAG_TF : 0;
    if (!(maker->made->form->shape & FORM_NOT_NESTED)) {
        flags |= maker_one_in(maker, 24) ? CPU_FLAG_NT : 0;
    }
    maker->made->before.eflags = flags;
}

static void make_registers(Maker *maker)
{
    OracleState *before = &maker->made->before;
    for (unsigned i = 0; i < 8; i++) {
        before->gpr[i] = maker_any_value(maker);
    }
    uint32_t stack = maker_pick_offset(maker, before->segment[CPU_SS], 4);
    if (!maker_one_in(maker, 20)) {
        maker_set_register(maker, CPU_SP, maker_one_in(maker, 6) ? stack : stack & ~3u,
                           maker->stack_size);
    }
    if (!maker_one_in(maker, 3)) {
        maker_set_register(maker, CPU_BP, maker_pick_offset(maker, before->segment[CPU_SS], 4),
                           maker->stack_size);
    }
    if (!maker_one_in(maker, 3)) {
        before->gpr[CPU_BX] = maker_pick_offset(maker, before->segment[CPU_DS], 4);
    }
}

static void make_string_registers(Maker *maker)
{
    OracleState *before = &maker->made->before;
    unsigned source = default_segment(maker, false);
    if (!maker_one_in(maker, 10)) {
        maker_set_register(maker, CPU_SI, maker_pick_offset(maker, before->segment[source], 4),
                           maker->address_size);
    }
    if (!maker_one_in(maker, 10)) {
        maker_set_register(maker, CPU_DI, maker_pick_offset(maker, before->segment[CPU_ES], 4),
                           maker->address_size);
    }
    if (!maker_one_in(maker, 10)) {
        maker_set_register(maker, CPU_CX, maker_below(maker, 40), maker->address_size);
    }
    if (maker_one_in(maker, 3)) {
        before->gpr[CPU_AX] = 0;
    }
}

static void make_shift_count(Maker *maker)
{
    OracleCase *made = maker->made;
    uint32_t count = maker_one_in(maker, 3) ? maker_below(maker, 256) : maker_below(maker, 34);
    made->before.gpr[CPU_CX] = (made->before.gpr[CPU_CX] & ~0xffu) | count;
    made->shift_count = count & 31;
    maker->registers_fixed |= 1u << CPU_CX;
}

static uint32_t stack_top(const Maker *maker)
{
    const OracleState *before = &maker->made->before;
    uint32_t offset = before->gpr[CPU_SP];
    return (maker->stack_size == 2 ? offset & 0xffff : offset) +
           maker_segment(before->segment[CPU_SS]).base;
}

static void make_stack_contents(Maker *maker)
{
    const OracleForm *form = maker->made->form;
    uint32_t top = stack_top(maker);
    if (form->shape & FORM_POP_SELECTOR) {
        maker_add_patch(maker, top, maker_pick_selector(maker, false), 2);
    }
    if (form->shape & FORM_POP_TARGET && !maker_one_in(maker, 4)) {
        maker_add_patch(maker, top, maker_pick_target(maker), maker->operand_size);
    }
    if (form->shape & FORM_POP_FAR && !maker_one_in(maker, 8)) {
        make_far_pointer(maker, top, maker->operand_size, true);
    }
}

/* Mostly in the middle of a page, and sometimes at its end or across it. */
static void place_code(Maker *maker)
{
    OracleCase *made = maker->made;
    made->code_offset = PAGE_SIZE / 2 + maker_below(maker, PAGE_SIZE);
    if (maker_one_in(maker, 20)) {
        uint32_t edge = maker_one_in(maker, 2) ? ORACLE_CODE_SIZE : PAGE_SIZE;
        made->code_offset = edge - 1 - maker_below(maker, 12);
    }
    made->before.eip =
        ORACLE_CODE + made->code_offset - maker_segment(made->before.segment[CPU_CS]).base;
}

static void make_opcode(Maker *maker)
{
    const OracleForm *form = maker->made->form;
    uint32_t opcode = form->first + maker_below(maker, form->last - form->first + 1u);
    if (form->first >= 0x0f00) {
        emit(maker, 0x0f, 1);
    }
    emit(maker, opcode & 0xff, 1);
    maker->made->operand_bits = 8 * maker->operand_size;
    if (form->shape & FORM_BYTE_COUNT || ((opcode & 0xfe) == 0xd0 && !(opcode & 1))) {
        maker->made->operand_bits = 8;
    }
}

/* Whether the code contains SYSCALL, SYSENTER or INT 0x80 at any offset, which must not happen. */
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
    made->form = &ORACLE_FORMS[maker_below(maker, ORACLE_FORM_COUNT)];
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

void oracle_case_patch(const OracleCase *item, uint8_t *data)
{
    for (unsigned i = 0; i < item->patch_count; i++) {
        memcpy(data + item->patch[i].offset, &item->patch[i].value, item->patch[i].size);
    }
}

static bool is_prefix(uint8_t byte)
{
    static const uint8_t PREFIXES[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                       0x66, 0x67, 0xf0, 0xf2, 0xf3};
    return memchr(PREFIXES, byte, sizeof(PREFIXES)) != NULL;
}

unsigned oracle_case_opcode(const OracleCase *item)
{
    unsigned at = 0;
    while (at < item->length && is_prefix(item->bytes[at])) {
        at++;
    }
    return at;
}
