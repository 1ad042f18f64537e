/*
 * The human monitor's commands, as QMP's human-monitor-command has them.
 */
#ifndef PIOEMU_CONTROL_HMP_H
#define PIOEMU_CONTROL_HMP_H

#include "src/vm.h"

/* The text to show, with \r\n at the end of each line; the caller frees it. */
char *hmp_run(Vm *vm, const char *line);

/* QEMU's word for a state: "running", "paused" ... */
const char *hmp_state_name(VmState state);

#endif
