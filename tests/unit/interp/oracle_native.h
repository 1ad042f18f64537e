/*
 * The host CPU as an oracle: runs guest code natively in this process, in a 16-bit
 * or 32-bit code segment of its own, until it faults.
 *
 * Below 4 GiB the code sees only the two areas defined here.  The signal of its
 * fault delivers the whole state.  A process can have only one such environment.
 */
#ifndef PIOEMU_ORACLE_NATIVE_H
#define PIOEMU_ORACLE_NATIVE_H

#include "src/base/page.h"

#include <stdbool.h>
#include <stdint.h>

/* For reading and executing.  The page after it is absent. */
#define ORACLE_CODE       0x10000000u
#define ORACLE_CODE_PAGES 2u
/* Pages of data, the last of which is read-only.  The pages around them are absent. */
#define ORACLE_DATA       0x20000000u
#define ORACLE_DATA_PAGES 3u
#define ORACLE_CODE_SIZE  (ORACLE_CODE_PAGES * PAGE_SIZE)
#define ORACLE_DATA_SIZE  (ORACLE_DATA_PAGES * PAGE_SIZE)

/*
 * An entry of the local descriptor table.  `type` is 0 for data, 1 for expand-down,
 * 2 for code and 3 for conforming code.
 */
typedef struct OracleSegment {
    uint32_t base, limit; /* the limit is in bytes or pages */
    uint8_t type;
    bool wide;     /* D/B */
    bool sealed;   /* no write for data, or no read for code */
    bool in_pages; /* G */
    bool present;
} OracleSegment;

/* Selectors are in the order in which instructions encode them: ES CS SS DS FS GS. */
typedef struct OracleState {
    uint32_t gpr[8];
    uint32_t eip, eflags;
    uint16_t segment[6];
} OracleState;

typedef struct OracleFault {
    uint8_t vector;
    uint32_t error; /* 0 if the vector has no error code */
    uint32_t cr2;   /* for vector 14 */
    bool hung;      /* it did not fault; nothing else is valid */
} OracleFault;

/*
 * Returns NULL, or why this host cannot do it.  Entry i of `segments` has the
 * selector i * 8 + 7.
 */
const char *oracle_native_open(const OracleSegment *segments, unsigned count);
/* The code area at an address where it can be written.  The data area is at its own address. */
uint8_t *oracle_native_code(void);
uint8_t *oracle_native_data(void);

/* Runs from `before` until a fault.  `before` must have valid segments and IF set. */
OracleFault oracle_native_run(const OracleState *before, OracleState *after);

#endif
