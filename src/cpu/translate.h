/*
 * Linear to physical addresses, as the CPU's page tables say: for whoever
 * looks at a stopped guest.
 */
#ifndef PIOEMU_CPU_TRANSLATE_H
#define PIOEMU_CPU_TRANSLATE_H

#include "src/board/memory.h"
#include "src/cpu/cpu_state.h"

/* False: not mapped, or the tables are not in memory. */
bool translate_linear(const CpuState *state, const Memory *memory, uint64_t linear,
                      uint64_t *physical);

/*
 * Reads up to `size` bytes at a linear address; returns how many there were
 * before the first that is not mapped.
 */
size_t translate_read(const CpuState *state, const Memory *memory, uint64_t linear, void *data,
                      size_t size);

#endif
