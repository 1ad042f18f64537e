/* Compares what two CPUs did with the same case, as far as the manual defines it. */
#ifndef PIOEMU_ORACLE_COMPARE_H
#define PIOEMU_ORACLE_COMPARE_H

#include "tests/unit/interp/oracle_case.h"

/* The pages of the data area that a case can change. */
#define ORACLE_WRITABLE_SIZE (ORACLE_DATA_SIZE - PAGE_SIZE)

/* What a CPU did with a case. */
typedef struct OracleOutcome {
    OracleState after;
    OracleFault fault;
    const uint8_t *data; /* ORACLE_DATA_SIZE bytes, as the case left them */
} OracleOutcome;

/* The instruction ended where it began: it faulted, or a repetition was cut short. */
bool oracle_unfinished(const OracleCase *item, const OracleOutcome *outcome);

/*
 * Returns NULL if the two agree, or the name of what differs.  The host's outcome
 * determines what is undefined.  `stack_top` is the linear address of SS:ESP before
 * the case.
 */
const char *oracle_compare(const OracleCase *item, uint32_t stack_top, const OracleOutcome *host,
                           const OracleOutcome *emulated);

/*
 * The flags that differ although the two outcomes agree, because the manual leaves
 * them undefined.
 */
uint32_t oracle_undefined_difference(const OracleCase *item, const OracleOutcome *host,
                                     const OracleOutcome *emulated);

#endif
