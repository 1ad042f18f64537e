/* A CPU's registers in the form and with the names of QEMU's monitor. */
#ifndef PIOEMU_CPU_CPU_DUMP_H
#define PIOEMU_CPU_CPU_DUMP_H

#include "src/cpu/cpu_state.h"

#include <glib.h>

/* Appends what `info registers` shows for a CPU. */
void cpu_dump(GString *text, const CpuState *state);
/*
 * Finds the value of "eax", "pc", "cs.base" and so on.  Returns false if there is
 * no such register.
 */
bool cpu_dump_value(const CpuState *state, const char *name, uint64_t *value);
/* Adds all of those names to `names`, which frees them. */
void cpu_dump_names(GPtrArray *names);

#endif
