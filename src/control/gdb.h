/*
 * A session of gdb's remote serial protocol: how its packets act on a machine. lldb
 * uses the same protocol.
 *
 * Clients come and go.  While a client is connected, it is told when the machine
 * stops.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_GDB_H
#define PIOEMU_CONTROL_GDB_H

#include "src/control/gdb_registers.h"
#include "src/vm/vm_debug.h"

typedef struct Gdb Gdb;

/*
 * If `arch` is GDB_ARCH_COUNT, the CPU's mode when a client connects decides.  The
 * machine must have a CPU to debug and must outlive the session.
 */
Gdb *gdb_new(Vm *vm, GdbArch arch, void (*send)(void *opaque, const char *data, size_t size),
             void *opaque);
void gdb_free(Gdb *gdb);

/* A client has connected: the machine stops. */
void gdb_connected(Gdb *gdb);
/* The client has gone: its breakpoints are removed, and the machine stays as it is. */
void gdb_disconnected(Gdb *gdb);
void gdb_input(Gdb *gdb, const char *data, size_t size);
/* The machine has stopped. */
void gdb_stopped(Gdb *gdb, const VmStop *stop);
/* The run has ended. */
void gdb_ended(Gdb *gdb);

#endif
