/*
 * The choices for a random case: numbers, selectors and addresses that mostly lie
 * in the sandbox.
 */
#ifndef PIOEMU_ORACLE_MAKER_H
#define PIOEMU_ORACLE_MAKER_H

#include "tests/unit/interp/oracle_case.h"

#define SELECTOR(entry) ((uint16_t)((entry)*8 + 7))

/* Entries of ORACLE_LDT. */
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

/* A case that is being made. */
typedef struct Maker {
    uint64_t random;
    const uint8_t *data;
    OracleCase *made;
    unsigned operand_size, address_size, stack_size; /* 2 or 4 */
    int override;                                    /* a segment register, or -1 */
    bool wide_code;
    bool aligned;             /* for LOCK: some hosts refuse to cross a cache line */
    unsigned registers_fixed; /* a mask of the general registers whose values must not change */
} Maker;

/* A number from 0 to limit - 1, all with the same probability. */
uint32_t maker_below(Maker *maker, uint32_t limit);
bool maker_one_in(Maker *maker, uint32_t n);
/* Any value, but often one at the end of a number range. */
uint32_t maker_any_value(Maker *maker);

/* The segment of a selector, on the host and on the software CPU. */
OracleSegment maker_segment(uint16_t selector);
uint16_t maker_pick_code(Maker *maker);
uint16_t maker_pick_data(Maker *maker);
uint16_t maker_pick_stack(Maker *maker);
/* Any selector that an instruction may be told to load. */
uint16_t maker_pick_selector(Maker *maker, bool code);

/* An offset that lies in the sandbox through `selector`. */
uint32_t maker_pick_offset(Maker *maker, uint16_t selector, unsigned size);
/* A code offset that does not lead into the middle of the instruction. */
uint32_t maker_pick_target(Maker *maker);
/* `size` is 4, or 2 to keep the upper half. */
void maker_set_register(Maker *maker, unsigned index, uint32_t value, unsigned size);
/* Puts a value at a linear address if that lies in the data area. */
void maker_add_patch(Maker *maker, uint32_t linear, uint32_t value, unsigned size);
uint32_t maker_data_at(const Maker *maker, uint32_t linear, unsigned size);

#endif
