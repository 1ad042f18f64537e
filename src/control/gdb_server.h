/*
 * Where a debugger connects: what -s, -gdb and the command gdbserver open.
 */
#ifndef PIOEMU_CONTROL_GDB_SERVER_H
#define PIOEMU_CONTROL_GDB_SERVER_H

#include "src/vm/vm.h"

/* What -s stands for, and gdbserver without a place. */
#define GDB_SERVER_DEFAULT "tcp::1234"

/*
 * Opens it at `spec`, which is as after -gdb, in the place of the one there
 * was; "none" only closes that.  `what` names the option or command.
 */
bool gdb_server_open(Vm *vm, const char *what, const char *spec, GError **error);
/* A client is told how the run ended. */
void gdb_server_close(Vm *vm);

#endif
