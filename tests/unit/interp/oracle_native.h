/*
 * The host CPU as an oracle: runs guest code natively in this process, in a
 * 16 or 32-bit code segment of its own, until it faults.
 *
 * The code sees the two areas below and nothing else under 4 GiB; the signal
 * that its fault raises carries the whole state out again.  There can be one
 * such environment in a process.
 */
#ifndef PIOEMU_ORACLE_NATIVE_H
#define PIOEMU_ORACLE_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

/* Read and execute; the page after it is absent. */
#define ORACLE_CODE       0x10000000u
#define ORACLE_CODE_PAGES 2u
/* Pages of data, of which the last is read-only; absent pages around them. */
#define ORACLE_DATA       0x20000000u
#define ORACLE_DATA_PAGES 3u
#define ORACLE_PAGE       4096u
#define ORACLE_CODE_SIZE  (ORACLE_CODE_PAGES * ORACLE_PAGE)
#define ORACLE_DATA_SIZE  (ORACLE_DATA_PAGES * ORACLE_PAGE)

/* The local descriptor table: `type` 0 data, 1 expand-down, 2 code, 3 conforming. */
typedef struct OracleSegment {
    uint32_t base, limit; /* limit in bytes, or pages */
    uint8_t type;
    bool wide;     /* D/B */
    bool sealed;   /* no write for data, no read for code */
    bool in_pages; /* G */
    bool present;
} OracleSegment;

/* Selectors in the order of the encoding: ES CS SS DS FS GS. */
typedef struct OracleState {
    uint32_t gpr[8];
    uint32_t eip, eflags;
    uint16_t segment[6];
} OracleState;

typedef struct OracleFault {
    uint8_t vector;
    uint32_t error; /* 0 where the vector has none */
    uint32_t cr2;   /* of vector 14 */
    bool hung;      /* it did not fault: nothing else is valid */
} OracleFault;

/* NULL, or why this host cannot do it.  Entry i of `segments` is selector i * 8 + 7. */
const char *oracle_native_open(const OracleSegment *segments, unsigned count);
/* The code area, writable here; the data area is at its own address. */
uint8_t *oracle_native_code(void);
uint8_t *oracle_native_data(void);

/* Runs from `before` until a fault.  `before` has valid segments and IF set. */
OracleFault oracle_native_run(const OracleState *before, OracleState *after);

#endif
