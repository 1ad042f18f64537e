/* Chooses values for random cases.  See the header. */
#include "tests/unit/interp/oracle_maker.h"

#include "src/cpu/cpu_state.h"

#include <glib.h>
#include <string.h>

#define FLAT_USER_CODE      0x23
#define FLAT_USER_DATA      0x2b
#define HOST_LONG_MODE_CODE 0x30
#define HOST_CPU_NUMBER     0x78
#define QUASI_FLAT_PAGES    0x7ffefu /* below a sanitizer's shadow memory */
#define GUARD               16u      /* space around the instruction without targets */
#define EDGE                12u

#define CODE_TOP (ORACLE_CODE / PAGE_SIZE + ORACLE_CODE_PAGES)

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

uint64_t oracle_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t maker_below(Maker *maker, uint32_t limit)
{
    return (uint32_t)((oracle_random(&maker->random) >> 32) * limit >> 32);
}

bool maker_one_in(Maker *maker, uint32_t n)
{
    return maker_below(maker, n) == 0;
}

/*
 * Replaces two selectors that mean something else on the host: its 64-bit code
 * segment, which would leave compatibility mode, and the segment that contains the
 * CPU's number.
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
        size_t run = 1 + maker_below(&maker, 64);
        size_t size = run < ORACLE_DATA_SIZE - at ? run : ORACLE_DATA_SIZE - at;
        if (maker_one_in(&maker, 3)) {
            memset(&data[at], maker_one_in(&maker, 2) ? 0 : (int)maker_below(&maker, 256), size);
        } else {
            for (size_t i = 0; i < size; i++) {
                data[at + i] = (uint8_t)maker_below(&maker, 256);
            }
        }
        at += size;
    }
    hide_host_selectors(data, ORACLE_DATA_SIZE);
}

uint32_t maker_any_value(Maker *maker)
{
    static const uint32_t EDGES[] = {0,          1,          2,          0x7f,       0x80,
                                     0xff,       0x100,      0x7fff,     0x8000,     0xffff,
                                     0x10000,    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
                                     0xffff8000, 0xffffff80, 0x55555555, 0x0f0f0f0f, 0x99999999};
    uint32_t value = (uint32_t)oracle_random(&maker->random);
    switch (maker_below(maker, 6)) {
    case 0:
        return EDGES[maker_below(maker, G_N_ELEMENTS(EDGES))];
    case 1:
        return value & 0xff;
    case 2:
        return (uint32_t)(int32_t)(int8_t)value;
    default:
        return value;
    }
}

/* ---- segments ---- */

OracleSegment maker_segment(uint16_t selector)
{
    static const OracleSegment FLAT = {0, 0xfffff, 0, true, false, true, true};
    static const OracleSegment NONE = {0};
    if (selector & 4) {
        return selector >> 3 < ORACLE_LDT_ENTRIES ? ORACLE_LDT[selector >> 3] : NONE;
    }
    return selector > 3 ? FLAT : NONE;
}

uint16_t maker_pick_code(Maker *maker)
{
    static const uint8_t CODE[] = {LDT_CODE_FLAT,   LDT_CODE_FLAT,    LDT_CODE32,
                                   LDT_CODE16,      LDT_CODE16,       LDT_CODE16_LONG,
                                   LDT_CODE16_LONG, LDT_EXECUTE_ONLY, LDT_CODE_FLAT};
    return SELECTOR(CODE[maker_below(maker, G_N_ELEMENTS(CODE))]);
}

uint16_t maker_pick_data(Maker *maker)
{
    static const uint8_t DATA[] = {LDT_DATA16,    LDT_DATA16_LONG, LDT_DATA16, LDT_DATA16_LONG,
                                   LDT_DATA_FLAT, LDT_DATA32,      LDT_DOWN32, LDT_DOWN16,
                                   LDT_READ_ONLY, LDT_CODE32,      LDT_ODD,    LDT_EXECUTE_ONLY};
    if (maker->wide_code && !maker_one_in(maker, 4)) {
        return SELECTOR(maker_one_in(maker, 3) ? LDT_DATA32 : LDT_DATA_FLAT);
    }
    if (maker_one_in(maker, 40)) {
        return (uint16_t)maker_below(maker, 4);
    }
    /* The last entry cannot be read, so no data register can contain it. */
    return SELECTOR(DATA[maker_below(maker, G_N_ELEMENTS(DATA) - 1)]);
}

uint16_t maker_pick_stack(Maker *maker)
{
    static const uint8_t STACK[] = {LDT_DATA16, LDT_DATA16_LONG, LDT_DATA_FLAT, LDT_DATA32,
                                    LDT_DOWN32, LDT_DOWN16,      LDT_ODD};
    if (maker->wide_code && !maker_one_in(maker, 5)) {
        return SELECTOR(maker_one_in(maker, 3) ? LDT_DATA32 : LDT_DATA_FLAT);
    }
    return SELECTOR(STACK[maker_below(maker, G_N_ELEMENTS(STACK))]);
}

/* Any selector that an instruction may be told to load. */
uint16_t maker_pick_selector(Maker *maker, bool code)
{
    static const uint16_t OTHERS[] = {
        0,    1,    3,    0x08, 0x0b,   0x10,   0x13,   0x18, 0x1b, FLAT_USER_CODE, FLAT_USER_DATA,
        0x20, 0x28, 0x43, 0x83, 0x1003, 0xfffb, 0xffff, 0x147};
    switch (maker_below(maker, 4)) {
    case 0:
        return OTHERS[maker_below(maker, G_N_ELEMENTS(OTHERS))];
    case 1: {
        uint16_t selector = SELECTOR(maker_below(maker, ORACLE_LDT_ENTRIES));
        return maker_one_in(maker, 4) ? (uint16_t)(selector & ~maker_below(maker, 4)) : selector;
    }
    default:
        return code ? maker_pick_code(maker) : maker_pick_data(maker);
    }
}

/* ---- addresses ---- */

/* A linear address in the sandbox, often near the end of a page. */
static uint32_t pick_linear(Maker *maker, unsigned size)
{
    uint32_t offset;
    if (maker_one_in(maker, 5)) {
        uint32_t edge = PAGE_SIZE * maker_below(maker, ORACLE_DATA_PAGES + 1);
        offset = edge - EDGE + maker_below(maker, 2 * EDGE);
    } else {
        offset = maker_below(maker, ORACLE_DATA_SIZE - PAGE_SIZE / 2);
    }
    if (maker->aligned || maker_one_in(maker, 3)) {
        offset &= ~(size - 1);
    }
    return ORACLE_DATA + offset;
}

uint32_t maker_pick_offset(Maker *maker, uint16_t selector, unsigned size)
{
    OracleSegment segment = maker_segment(selector);
    uint32_t limit = segment.limit;
    if (segment.type != 1 && !segment.in_pages && limit < ORACLE_DATA_SIZE &&
        maker_one_in(maker, 8)) {
        return limit - 6 + maker_below(maker, 8);
    }
    if (!segment.in_pages && segment.type == 0 && limit < PAGE_SIZE) {
        return maker_below(maker, limit);
    }
    if (selector == SELECTOR(LDT_CODE32)) {
        return maker_below(maker, ORACLE_CODE_SIZE);
    }
    return pick_linear(maker, size) - segment.base;
}

void maker_set_register(Maker *maker, unsigned index, uint32_t value, unsigned size)
{
    uint32_t *gpr = &maker->made->before.gpr[index];
    *gpr = size == 2 ? (*gpr & 0xffff0000) | (value & 0xffff) : value;
}

/* A code offset that does not lead into the middle of the instruction. */
uint32_t maker_pick_target(Maker *maker)
{
    uint32_t offset = maker_below(maker, ORACLE_CODE_SIZE);
    uint32_t start = maker->made->code_offset;
    if (offset + GUARD >= start && offset <= start + GUARD) {
        offset = start >= ORACLE_CODE_SIZE / 2 ? start - 2 * GUARD : start + 2 * GUARD;
    }
    if (maker_one_in(maker, 12)) {
        offset = ORACLE_CODE_SIZE - 2 + maker_below(maker, 4);
    }
    return ORACLE_CODE + offset - maker_segment(maker->made->before.segment[CPU_CS]).base;
}

void maker_add_patch(Maker *maker, uint32_t linear, uint32_t value, unsigned size)
{
    OracleCase *made = maker->made;
    uint32_t offset = linear - ORACLE_DATA;
    if (offset < ORACLE_DATA_SIZE && offset + size <= ORACLE_DATA_SIZE) {
        made->patch[made->patch_count++] = (OraclePatch){offset, value, (uint8_t)size};
    }
}

uint32_t maker_data_at(const Maker *maker, uint32_t linear, unsigned size)
{
    uint32_t value = 0;
    uint32_t offset = linear - ORACLE_DATA;
    if (offset < ORACLE_DATA_SIZE && offset + size <= ORACLE_DATA_SIZE) {
        memcpy(&value, &maker->data[offset], size);
    }
    return value;
}
