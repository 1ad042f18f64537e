/*
 * The layouts of the x87, MMX and SSE state in memory.  Intel SDM, volume 1,
 * "x87 FPU State Image Formats" (figures 8-9 to 8-12) and "FXSAVE Area".
 */
#include "src/accel/soft/x86/fx.h"

#include <string.h>

static uint16_t get16(const uint8_t *from)
{
    return (uint16_t)(from[0] | from[1] << 8);
}

static uint32_t get32(const uint8_t *from)
{
    return get16(from) | (uint32_t)get16(from + 2) << 16;
}

static uint64_t get64(const uint8_t *from)
{
    return get32(from) | (uint64_t)get32(from + 4) << 32;
}

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, value);
    put16(to + 2, value >> 16);
}

static void put64(uint8_t *to, uint64_t value)
{
    put32(to, (uint32_t)value);
    put32(to + 4, (uint32_t)(value >> 32));
}

void fx_init(Fx *fx)
{
    fx->control = FCW_INIT;
    fx->status = 0;
    fx->top = 0;
    fx->full = 0;
    fx->opcode = 0;
    fx->instruction = fx->operand = 0;
    fx->instruction_selector = fx->operand_selector = 0;
}

/* ---- tags ---- */

enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static unsigned tag_of(const F80 *value)
{
    unsigned exponent = value->exponent & F80_EXPONENT;

    if (exponent == 0 && value->fraction == 0) {
        return TAG_ZERO;
    }
    if (exponent == 0 || exponent == F80_EXPONENT || !(value->fraction & F80_INTEGER)) {
        return TAG_SPECIAL;
    }
    return TAG_VALID;
}

uint16_t fx_tag_word(const Fx *fx)
{
    unsigned tags = 0;

    for (unsigned i = 0; i < 8; i++) {
        tags |= (fx->full >> i & 1 ? tag_of(&fx->reg[i]) : TAG_EMPTY) << 2 * i;
    }
    return (uint16_t)tags;
}

void fx_set_tag_word(Fx *fx, uint16_t tags)
{
    fx->full = 0;
    for (unsigned i = 0; i < 8; i++) {
        fx->full |= (uint8_t)(((tags >> 2 * i & 3) != TAG_EMPTY) << i);
    }
}

/* ---- FXSAVE ---- */

enum {
    AT_CONTROL = 0,
    AT_STATUS = 2,
    AT_TAGS = 4,
    AT_OPCODE = 6,
    AT_INSTRUCTION = 8,
    AT_INSTRUCTION_SELECTOR = 12,
    AT_OPERAND = 16,
    AT_OPERAND_SELECTOR = 20,
    AT_MXCSR = 24,
    AT_MXCSR_MASK = 28,
    AT_REGISTERS = 32,
    AT_XMM = 160,
};

void fx_store_x87(const Fx *fx, uint8_t *image, bool wide)
{
    put16(image + AT_CONTROL, fx->control);
    put16(image + AT_STATUS, fx_status_word(fx));
    image[AT_TAGS] = fx->full;
    image[AT_TAGS + 1] = 0;
    put16(image + AT_OPCODE, fx->opcode);
    if (wide) {
        put64(image + AT_INSTRUCTION, fx->instruction);
        put64(image + AT_OPERAND, fx->operand);
    } else {
        put32(image + AT_INSTRUCTION, (uint32_t)fx->instruction);
        put32(image + AT_INSTRUCTION_SELECTOR, fx->instruction_selector);
        put32(image + AT_OPERAND, (uint32_t)fx->operand);
        put32(image + AT_OPERAND_SELECTOR, fx->operand_selector);
    }
    for (unsigned i = 0; i < 8; i++) {
        memset(image + AT_REGISTERS + 16 * i, 0, 16);
        memcpy(image + AT_REGISTERS + 16 * i, &fx->reg[(fx->top + i) & 7], 10);
    }
}

void fx_load_x87(Fx *fx, const uint8_t *image, bool wide)
{
    fx_set_control(fx, get16(image + AT_CONTROL));
    fx_set_status(fx, get16(image + AT_STATUS));
    fx->full = image[AT_TAGS];
    fx->opcode = get16(image + AT_OPCODE) & 0x7ff;
    if (wide) {
        fx->instruction = get64(image + AT_INSTRUCTION);
        fx->operand = get64(image + AT_OPERAND);
        fx->instruction_selector = fx->operand_selector = 0;
    } else {
        fx->instruction = get32(image + AT_INSTRUCTION);
        fx->instruction_selector = get16(image + AT_INSTRUCTION_SELECTOR);
        fx->operand = get32(image + AT_OPERAND);
        fx->operand_selector = get16(image + AT_OPERAND_SELECTOR);
    }
    for (unsigned i = 0; i < 8; i++) {
        memcpy(&fx->reg[(fx->top + i) & 7], image + AT_REGISTERS + 16 * i, 10);
    }
}

void fx_store_xmm(const Fx *fx, uint8_t *image, unsigned xmm_count)
{
    memcpy(image + AT_XMM, fx->xmm, sizeof(V128) * xmm_count);
}

void fx_load_xmm(Fx *fx, const uint8_t *image, unsigned xmm_count)
{
    memcpy(fx->xmm, image + AT_XMM, sizeof(V128) * xmm_count);
}

void fx_store_image(const Fx *fx, uint8_t *image, bool wide, unsigned xmm_count)
{
    fx_store_x87(fx, image, wide);
    put32(image + AT_MXCSR, fx->mxcsr);
    put32(image + AT_MXCSR_MASK, MXCSR_VALID);
    fx_store_xmm(fx, image, xmm_count);
}

void fx_load_image(Fx *fx, const uint8_t *image, bool wide, unsigned xmm_count)
{
    fx_load_x87(fx, image, wide);
    fx->mxcsr = get32(image + AT_MXCSR) & MXCSR_VALID;
    fx_load_xmm(fx, image, xmm_count);
}

/* The mark is in bytes that FXSAVE leaves to software. */
#define AT_MARK     464
#define MARK_NARROW 1

void fx_store_state(const Fx *fx, uint8_t image[FXSAVE_SIZE])
{
    bool narrow = fx->instruction_selector || fx->operand_selector;

    memset(image, 0, FXSAVE_SIZE);
    fx_store_image(fx, image, !narrow, 16);
    image[AT_MARK] = narrow ? MARK_NARROW : 0;
}

void fx_load_state(Fx *fx, const uint8_t image[FXSAVE_SIZE])
{
    fx_load_image(fx, image, image[AT_MARK] != MARK_NARROW, 16);
}

/* ---- FSAVE and FSTENV ---- */

unsigned fx_environment_size(FxEnvironment layout)
{
    return layout == FX_REAL32 || layout == FX_PROTECTED32 ? 28 : 14;
}

/* In real mode a pointer is a linear address, the sum of selector and offset. */
static uint32_t linear_of(uint16_t selector, uint64_t offset)
{
    return (uint32_t)offset + ((uint32_t)selector << 4);
}

static void store16(const Fx *fx, uint8_t *to, bool real)
{
    uint32_t instruction = linear_of(fx->instruction_selector, fx->instruction);
    uint32_t operand = linear_of(fx->operand_selector, fx->operand);

    put16(to, fx->control);
    put16(to + 2, fx_status_word(fx));
    put16(to + 4, fx_tag_word(fx));
    if (real) {
        put16(to + 6, instruction);
        put16(to + 8, (instruction >> 4 & 0xf000) | fx->opcode);
        put16(to + 10, operand);
        put16(to + 12, operand >> 4 & 0xf000);
    } else {
        put16(to + 6, (uint32_t)fx->instruction);
        put16(to + 8, fx->instruction_selector);
        put16(to + 10, (uint32_t)fx->operand);
        put16(to + 12, fx->operand_selector);
    }
}

#define RESERVED 0xffff0000u

static void store32(const Fx *fx, uint8_t *to, bool real)
{
    uint32_t instruction = linear_of(fx->instruction_selector, fx->instruction);
    uint32_t operand = linear_of(fx->operand_selector, fx->operand);

    put32(to, fx->control | RESERVED);
    put32(to + 4, fx_status_word(fx) | RESERVED);
    put32(to + 8, fx_tag_word(fx) | RESERVED);
    if (real) {
        put32(to + 12, (instruction & 0xffff) | RESERVED);
        put32(to + 16, (instruction >> 4 & 0x0ffff000) | fx->opcode);
        put32(to + 20, (operand & 0xffff) | RESERVED);
        put32(to + 24, operand >> 4 & 0x0ffff000);
    } else {
        put32(to + 12, (uint32_t)fx->instruction);
        put32(to + 16, fx->instruction_selector | (uint32_t)fx->opcode << 16);
        put32(to + 20, (uint32_t)fx->operand);
        put32(to + 24, fx->operand_selector | RESERVED);
    }
}

void fx_store_environment(const Fx *fx, uint8_t *to, FxEnvironment layout)
{
    if (fx_environment_size(layout) == 28) {
        store32(fx, to, layout == FX_REAL32);
    } else {
        store16(fx, to, layout == FX_REAL16);
    }
}

static void load_pointers16(Fx *fx, const uint8_t *from, bool real)
{
    uint16_t high = get16(from + 8), operand_high = get16(from + 12);

    fx->instruction = get16(from + 6);
    fx->operand = get16(from + 10);
    if (real) {
        fx->instruction |= (uint32_t)(high & 0xf000) << 4;
        fx->operand |= (uint32_t)(operand_high & 0xf000) << 4;
        fx->opcode = high & 0x7ff;
        fx->instruction_selector = fx->operand_selector = 0;
    } else {
        fx->instruction_selector = high;
        fx->operand_selector = operand_high;
        fx->opcode = 0;
    }
}

static void load_pointers32(Fx *fx, const uint8_t *from, bool real)
{
    uint32_t high = get32(from + 16), operand_high = get32(from + 24);

    if (real) {
        fx->instruction = get16(from + 12) | (uint64_t)(high & 0x0ffff000) << 4;
        fx->operand = get16(from + 20) | (uint64_t)(operand_high & 0x0ffff000) << 4;
        fx->opcode = high & 0x7ff;
        fx->instruction_selector = fx->operand_selector = 0;
    } else {
        fx->instruction = get32(from + 12);
        fx->operand = get32(from + 20);
        fx->opcode = high >> 16 & 0x7ff;
        fx->instruction_selector = (uint16_t)high;
        fx->operand_selector = (uint16_t)operand_high;
    }
}

void fx_load_environment(Fx *fx, const uint8_t *from, FxEnvironment layout)
{
    bool is32 = fx_environment_size(layout) == 28;
    unsigned step = is32 ? 4 : 2;

    fx_set_control(fx, get16(from));
    fx_set_status(fx, get16(from + step));
    fx_set_tag_word(fx, get16(from + 2 * step));
    if (is32) {
        load_pointers32(fx, from, layout == FX_REAL32);
    } else {
        load_pointers16(fx, from, layout == FX_REAL16);
    }
}

void fx_store_registers(const Fx *fx, uint8_t *to)
{
    for (unsigned i = 0; i < 8; i++) {
        memcpy(to + 10 * i, &fx->reg[(fx->top + i) & 7], 10);
    }
}

void fx_load_registers(Fx *fx, const uint8_t *from)
{
    for (unsigned i = 0; i < 8; i++) {
        memcpy(&fx->reg[(fx->top + i) & 7], from + 10 * i, 10);
    }
}
