/*
 * The registers of a CPU as gdb is told of them: the target description, and
 * the values in its order.
 */
#ifndef PIOEMU_CONTROL_GDB_REGISTERS_H
#define PIOEMU_CONTROL_GDB_REGISTERS_H

#include "src/cpu/cpu_state.h"

#include <glib.h>

/*
 * The first two have the same registers.  gdb disassembles 16-bit code for the
 * first, until it knows a 32-bit program or is told "set architecture i386".
 */
typedef enum GdbArch { GDB_I8086, GDB_I386, GDB_X86_64, GDB_ARCH_COUNT } GdbArch;

/* "i8086", "i386", "i386:x86-64", as gdb calls it. */
const char *gdb_arch_name(GdbArch arch);
/* Also "x86-64"; GDB_ARCH_COUNT: there is no such name. */
GdbArch gdb_arch_find(const char *name);
/* What fits the mode that a CPU is in. */
GdbArch gdb_arch_of(const CpuState *state);

/* The target description, in XML. */
void gdb_describe(GdbArch arch, GString *xml);

unsigned gdb_register_count(GdbArch arch);
/* In bytes. */
unsigned gdb_register_size(GdbArch arch, unsigned number);
void gdb_register_get(GdbArch arch, unsigned number, const CpuState *state, uint8_t *value);
/*
 * What the description has no room for keeps its value.  A selector takes its
 * base along in real and virtual-8086 mode; in protected mode it is only a
 * number, the descriptor is not loaded.
 */
void gdb_register_set(GdbArch arch, unsigned number, CpuState *state, const uint8_t *value);

#endif
