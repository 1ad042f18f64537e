/*
 * A CPU's state as text, for reports and traces.
 */
#ifndef PIOEMU_CPU_CPU_TEXT_H
#define PIOEMU_CPU_CPU_TEXT_H

#include "src/board/memory.h"
#include "src/cpu/cpu_state.h"

#include <glib.h>

/* Appends the general registers, flags, segments with their hidden parts, and control registers. */
void cpu_text_registers(GString *text, const CpuState *state);
/* The same, followed by the code at the instruction pointer. */
void cpu_text(GString *text, const CpuState *state, const Memory *memory);

/* The size of the code that the CPU runs: 16, 32 or 64. */
unsigned cpu_text_code_bits(const CpuState *state);

#endif
