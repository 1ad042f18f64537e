/* Runs a port script on an emulator, through the emulator's qtest socket. */
#ifndef PIOEMU_PORT_RUN_H
#define PIOEMU_PORT_RUN_H

#include "tests/conformance/port_script.h"
#include "tests/control/control_rig.h"

typedef struct PortEmulator {
    const char *name, *program;
    const char *const *options; /* NULL-terminated; the script's come after them */
    bool stepped;               /* its clock can be stepped */
    bool is_qemu;               /* its controllers are found through QMP */
} PortEmulator;

typedef enum PortVerdict {
    PORT_AGREES,
    PORT_DIFFERS,
    PORT_NOT_ASKED /* it needs something that this emulator cannot do from outside */
} PortVerdict;

typedef struct PortOutcome {
    PortVerdict verdict;
    char *note; /* PORT_DIFFERS: the step and the answer; the caller frees it */
} PortOutcome;

/* Gives one outcome for each sentence.  Returns false if the emulator does not start. */
bool port_run_section(const PortEmulator *emulator, const PortScript *script,
                      const PortSection *section, PortOutcome *outcomes);

#endif
