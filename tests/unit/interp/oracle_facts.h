/*
 * What one host did with one case, as a line of text: facts of one vendor that
 * prove its rules on every host.
 */
#ifndef PIOEMU_ORACLE_FACTS_H
#define PIOEMU_ORACLE_FACTS_H

#include "tests/unit/interp/oracle_compare.h"

#include <glib.h>

typedef struct OracleFact {
    char vendor[16];
    OracleCase item;
    uint64_t data_seed; /* of oracle_fill_data() */
    OracleOutcome host; /* `data` points to `after` */
    uint8_t before[ORACLE_DATA_SIZE], after[ORACLE_DATA_SIZE];
} OracleFact;

/*
 * Tab-separated: vendor, instruction bytes, operand bits, offset in the code
 * area, seed of the data, state before, patches (offset:value:size), state
 * after, vector:error:CR2, bytes of the data area that changed (offset:value).
 * A state is EAX ECX EDX EBX ESP EBP ESI EDI EIP EFLAGS ES CS SS DS FS GS; all
 * numbers are hexadecimal.  The caller frees the line, which has no end.
 */
char *oracle_fact_line(const char *vendor, const OracleCase *item, uint64_t data_seed,
                       const uint8_t *before, const OracleOutcome *host);
/* False: the line is not one of those. */
bool oracle_fact_parse(const char *line, OracleFact *fact);

#endif
