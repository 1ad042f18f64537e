/*
 * The software CPU's side of the oracle: the same segments and pages at ring
 * 3 of a machine of its own.
 */
#ifndef PIOEMU_ORACLE_EMULATED_H
#define PIOEMU_ORACLE_EMULATED_H

#include "tests/unit/interp/oracle_native.h"

typedef struct OracleMachine OracleMachine;

typedef enum OracleEnd {
    END_FAULT,   /* as the host must end */
    END_IN_DATA, /* it goes on in the data area, where the host cannot */
    END_IN_ITSELF,
    END_IN_LONG_MODE,
    END_IN_SYSTEM, /* it touched the pages that only this side has */
    END_BROKEN     /* neither finished nor faulted: `detail` says how */
} OracleEnd;

typedef struct OracleRun {
    OracleEnd end;
    OracleFault fault;
    OracleState after;
    const char *detail;
    uint32_t stack_top; /* the linear address that SS:ESP had before */
} OracleRun;

OracleMachine *oracle_machine_new(const OracleSegment *segments, unsigned count);
void oracle_machine_free(OracleMachine *machine);

/* The two areas as the CPU sees them; writes are made known to it. */
void oracle_machine_write_code(OracleMachine *machine, uint32_t offset, const void *bytes,
                               unsigned size);
void oracle_machine_write_data(OracleMachine *machine, uint32_t offset, const void *bytes,
                               unsigned size);
const uint8_t *oracle_machine_data(const OracleMachine *machine);

/*
 * Runs the instruction of `length` bytes at the start of `before` and what
 * follows it, until an exception.
 */
OracleRun oracle_machine_run(OracleMachine *machine, const OracleState *before, unsigned length);

#endif
