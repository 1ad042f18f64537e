/*
 * The oracle's machine on the software CPU: the same segments and pages as on the
 * host, at ring 3 of a machine of its own.
 */
#ifndef PIOEMU_ORACLE_EMULATED_H
#define PIOEMU_ORACLE_EMULATED_H

#include "tests/unit/interp/oracle_native.h"

typedef struct OracleMachine OracleMachine;

typedef enum OracleEnd {
    END_FAULT,   /* the host must end in the same way */
    END_IN_DATA, /* it continues in the data area, where the host cannot */
    END_IN_ITSELF,
    END_IN_LONG_MODE,
    END_IN_SYSTEM, /* it touched pages that exist only here */
    END_BROKEN     /* it neither finished nor faulted: `detail` says how */
} OracleEnd;

typedef struct OracleRun {
    OracleEnd end;
    OracleFault fault;
    OracleState after;
    const char *detail;
    uint32_t stack_top; /* the linear address of SS:ESP before the case */
} OracleRun;

OracleMachine *oracle_machine_new(const OracleSegment *segments, unsigned count);
void oracle_machine_free(OracleMachine *machine);

/* These write the two areas as the CPU sees them.  The CPU is told. */
void oracle_machine_write_code(OracleMachine *machine, uint32_t offset, const void *bytes,
                               unsigned size);
void oracle_machine_write_data(OracleMachine *machine, uint32_t offset, const void *bytes,
                               unsigned size);
const uint8_t *oracle_machine_data(const OracleMachine *machine);

/*
 * Runs the instruction of `length` bytes at the start of `before`, and the code
 * after it until an exception.
 */
OracleRun oracle_machine_run(OracleMachine *machine, const OracleState *before, unsigned length);

#endif
