/*
 * The choices behind a random case: numbers, selectors and addresses that
 * reach the sandbox more often than not.
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

/* A case in the making. */
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

/* Uniform in 0 .. limit - 1. */
uint32_t maker_below(Maker *maker, uint32_t limit);
bool maker_one_in(Maker *maker, uint32_t n);
/* Anything, with a liking for the edges of the number ranges. */
uint32_t maker_any_value(Maker *maker);

/* What a selector stands for, on the host and on the software CPU. */
OracleSegment maker_segment(uint16_t selector);
uint16_t maker_pick_code(Maker *maker);
uint16_t maker_pick_data(Maker *maker);
uint16_t maker_pick_stack(Maker *maker);
/* Anything an instruction may be asked to load. */
uint16_t maker_pick_selector(Maker *maker, bool code);

/* An offset that reaches the sandbox through `selector`. */
uint32_t maker_pick_offset(Maker *maker, uint16_t selector, unsigned size);
/* A code offset that does not lead into the middle of the instruction. */
uint32_t maker_pick_target(Maker *maker);
/* `size` is 2, which leaves the upper half alone, or 4. */
void maker_set_register(Maker *maker, unsigned index, uint32_t value, unsigned size);
/* Puts a value at a linear address, if that is in the data area. */
void maker_add_patch(Maker *maker, uint32_t linear, uint32_t value, unsigned size);
uint32_t maker_data_at(const Maker *maker, uint32_t linear, unsigned size);

#endif
