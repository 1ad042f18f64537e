/*
 * Random cases for the oracle.  Each is one instruction, with registers and memory
 * that make it do something.  A case depends only on its seed and on the contents
 * of the memory.
 */
#ifndef PIOEMU_ORACLE_CASE_H
#define PIOEMU_ORACLE_CASE_H

#include "tests/unit/interp/oracle_forms.h"
#include "tests/unit/interp/oracle_native.h"

#define ORACLE_BYTES_MAX   24u
#define ORACLE_PATCH_MAX   4u
#define ORACLE_LDT_ENTRIES 20u

/* A value that the case needs at an address in the data area. */
typedef struct OraclePatch {
    uint32_t offset; /* from ORACLE_DATA */
    uint32_t value;
    uint8_t size;
} OraclePatch;

typedef struct OracleCase {
    uint64_t seed;
    const OracleForm *form;
    OracleState before;
    uint32_t code_offset; /* offset of the instruction from ORACLE_CODE */
    uint8_t bytes[ORACLE_BYTES_MAX];
    unsigned length;
    unsigned operand_bits;
    unsigned shift_count; /* masked to 5 bits */
    uint8_t modrm;
    OraclePatch patch[ORACLE_PATCH_MAX];
    unsigned patch_count;
} OracleCase;

extern const OracleSegment ORACLE_LDT[ORACLE_LDT_ENTRIES];

/* Returns the next random number for a seed.  All random choices use it. */
uint64_t oracle_random(uint64_t *state);
/* Fills the data area.  It contains runs of equal bytes, for the string instructions. */
void oracle_fill_data(uint64_t seed, uint8_t *data);
/* `data` is the contents of the data area before the case's own patches. */
void oracle_case_make(uint64_t seed, const uint8_t *data, OracleCase *made);
/* Applies the case's patches to a copy of the data area. */
void oracle_case_patch(const OracleCase *item, uint8_t *data);
/* The index of the opcode, which follows the prefixes. */
unsigned oracle_case_opcode(const OracleCase *item);

#endif
