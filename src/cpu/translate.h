/*
 * Translates linear to physical addresses with the CPU's page tables, for tools
 * that look at a stopped guest.
 */
#ifndef PIOEMU_CPU_TRANSLATE_H
#define PIOEMU_CPU_TRANSLATE_H

#include "src/board/memory.h"
#include "src/cpu/cpu_state.h"

/* Returns false if the address is not mapped or the tables are not in memory. */
bool translate_linear(const CpuState *state, const Memory *memory, uint64_t linear,
                      uint64_t *physical);

/*
 * Reads up to `size` bytes at a linear address.  Returns how many bytes precede the
 * first one that is not mapped.
 */
size_t translate_read(const CpuState *state, const Memory *memory, uint64_t linear, void *data,
                      size_t size);

#endif
