/*
 * What a host did with a case, as a line of text.  The facts of a vendor prove its
 * rules on every host.
 */
#ifndef PIOEMU_ORACLE_FACTS_H
#define PIOEMU_ORACLE_FACTS_H

#include "tests/unit/interp/oracle_compare.h"

#include <glib.h>

typedef struct OracleFact {
    char vendor[16];
    OracleCase item;
    uint64_t data_seed; /* for oracle_fill_data() */
    OracleOutcome host; /* `data` points to `after` */
    uint8_t before[ORACLE_DATA_SIZE], after[ORACLE_DATA_SIZE];
} OracleFact;

/*
 * The fields are separated by tabs: vendor, bytes of the instruction, operand bits,
 * offset in the code area, seed of the data, state before, patches
 * (offset:value:size), state after, vector:error:CR2, changed bytes of the data
 * area (offset:value).  A state is EAX ECX EDX EBX ESP EBP ESI EDI EIP EFLAGS ES CS
 * SS DS FS GS.  All numbers are hexadecimal.  The line has no newline at its end.
 * The caller frees it.
 */
char *oracle_fact_line(const char *vendor, const OracleCase *item, uint64_t data_seed,
                       const uint8_t *before, const OracleOutcome *host);
/* Returns false if the line is not such a fact. */
bool oracle_fact_parse(const char *line, OracleFact *fact);

#endif
