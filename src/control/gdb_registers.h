/* The registers of a CPU in gdb's form: the target description, and the values in its order. */
#ifndef PIOEMU_CONTROL_GDB_REGISTERS_H
#define PIOEMU_CONTROL_GDB_REGISTERS_H

#include "src/cpu/cpu_state.h"

#include <glib.h>

/*
 * The first two have the same registers. gdb disassembles 16-bit code for the
 * first, unless it knows a 32-bit program or gets "set architecture i386".
 */
typedef enum GdbArch { GDB_I8086, GDB_I386, GDB_X86_64, GDB_ARCH_COUNT } GdbArch;

/* gdb's name for it: "i8086", "i386" or "i386:x86-64". */
const char *gdb_arch_name(GdbArch arch);
/* Also knows "x86-64".  Returns GDB_ARCH_COUNT if there is no such name. */
GdbArch gdb_arch_find(const char *name);
/* The architecture that fits the mode of a CPU. */
GdbArch gdb_arch_of(const CpuState *state);

/* The target description, in XML. */
void gdb_describe(GdbArch arch, GString *xml);

unsigned gdb_register_count(GdbArch arch);
/* In bytes. */
unsigned gdb_register_size(GdbArch arch, unsigned number);
void gdb_register_get(GdbArch arch, unsigned number, const CpuState *state, uint8_t *value);
/*
 * Bits that the description has no room for keep their values.  In real and
 * virtual-8086 mode a selector also sets the segment's base.  In protected mode it
 * sets only the number, without loading the descriptor.
 */
void gdb_register_set(GdbArch arch, unsigned number, CpuState *state, const uint8_t *value);

#endif
