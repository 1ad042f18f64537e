/*
 * A session of gdb's remote serial protocol: what packets mean to a machine.
 * lldb speaks the same.
 *
 * Its client comes and goes; while one is there, stops of the machine are told
 * to it.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_GDB_H
#define PIOEMU_CONTROL_GDB_H

#include "src/control/gdb_registers.h"
#include "src/vm/vm_debug.h"

typedef struct Gdb Gdb;

/*
 * `arch` GDB_ARCH_COUNT: what fits the CPU's mode when a client comes.  The
 * machine has a CPU to debug, and outlives the session.
 */
Gdb *gdb_new(Vm *vm, GdbArch arch, void (*send)(void *opaque, const char *data, size_t size),
             void *opaque);
void gdb_free(Gdb *gdb);

/* A client came: the machine stands. */
void gdb_connected(Gdb *gdb);
/* It went: its breakpoints go with it, and the machine stays as it is. */
void gdb_disconnected(Gdb *gdb);
void gdb_input(Gdb *gdb, const char *data, size_t size);
/* The machine stopped. */
void gdb_stopped(Gdb *gdb, const VmStop *stop);
/* The run is over. */
void gdb_ended(Gdb *gdb);

#endif
