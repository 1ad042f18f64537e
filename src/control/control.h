/*
 * The control sockets of a machine: what -qtest, -qmp, -mon and -chardev ask
 * for.
 */
#ifndef PIOEMU_CONTROL_CONTROL_H
#define PIOEMU_CONTROL_CONTROL_H

#include "src/vm.h"

typedef struct Control Control;

/* The machine is built; opens every socket. */
Control *control_new(Vm *vm, GError **error);
void control_free(Control *control);
/* Returns when those that wait for a client have one, or the run has ended. */
void control_wait(Control *control);

#endif
