/* The control sockets of a machine: what -qtest, -qmp, -mon and -chardev request. */
#ifndef PIOEMU_CONTROL_CONTROL_H
#define PIOEMU_CONTROL_CONTROL_H

#include "src/vm/vm.h"

typedef struct Control Control;

/* Opens every socket and listens for events of the machine, which must outlive it. */
Control *control_new(Vm *vm, GError **error);
/* The run begins: -qtest-log now replaces the old file. */
void control_begin(Control *control);
/*
 * Call it after the run.  It waits until the clients have taken their output, but
 * no longer than the machine's patience.
 */
void control_drain(Control *control);
void control_free(Control *control);

#endif
