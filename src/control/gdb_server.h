/*
 * Where a debugger connects: what -s, -gdb and the command gdbserver open.
 */
#ifndef PIOEMU_CONTROL_GDB_SERVER_H
#define PIOEMU_CONTROL_GDB_SERVER_H

#include "src/vm/vm.h"

/* The address for -s, and for gdbserver without an address. */
#define GDB_SERVER_DEFAULT "tcp::1234"

/*
 * Listens at `spec`, which has the syntax of -gdb, and closes the server that was
 * there.  "none" only closes it.  `what` names the option or command.
 */
bool gdb_server_open(Vm *vm, const char *what, const char *spec, GError **error);
/* Tells a client how the run ended. */
void gdb_server_close(Vm *vm);

#endif
