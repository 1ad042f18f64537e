/*
 * The control sockets of a machine: what -qtest, -qmp, -mon and -chardev ask
 * for.
 */
#ifndef PIOEMU_CONTROL_CONTROL_H
#define PIOEMU_CONTROL_CONTROL_H

#include "src/vm/vm.h"

typedef struct Control Control;

/* Opens every socket, and listens to the machine, which outlives it. */
Control *control_new(Vm *vm, GError **error);
/* The run begins: what -qtest-log replaces goes now. */
void control_begin(Control *control);
/* After the run: waits for the clients to take what they were told, as long as the machine has
 * patience. */
void control_drain(Control *control);
void control_free(Control *control);

#endif
