/*
 * A CPU's registers as QEMU's monitor shows and names them.
 */
#ifndef PIOEMU_CPU_CPU_DUMP_H
#define PIOEMU_CPU_CPU_DUMP_H

#include "src/cpu/cpu_state.h"

#include <glib.h>

/* Appends what `info registers` shows of a CPU. */
void cpu_dump(GString *text, const CpuState *state);
/* The value of "eax", "pc", "cs.base" ...; false: there is no such register. */
bool cpu_dump_value(const CpuState *state, const char *name, uint64_t *value);
/* All of those names, added to `names`, which frees them. */
void cpu_dump_names(GPtrArray *names);

#endif
