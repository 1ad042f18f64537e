/* All mappings of the CPU's page tables, for tools that look at a guest. */
#ifndef PIOEMU_CPU_PAGE_WALK_H
#define PIOEMU_CPU_PAGE_WALK_H

#include "src/board/memory.h"
#include "src/cpu/address.h"
#include "src/cpu/cpu_state.h"

/* A page, of 4 KiB or larger. */
typedef struct PageMapping {
    LinearAddr linear; /* canonical */
    PhysAddr physical;
    uint64_t size;
    uint64_t entry;   /* the entry that maps the page, as it is in memory */
    bool user, write; /* the rights that all levels grant */
} PageMapping;

/*
 * Visits the pages in the order of their linear addresses.  Paging must be on.
 * Returns false if there are so many tables that it gave up.
 */
bool page_walk(const CpuState *state, const Memory *memory,
               void (*visit)(void *opaque, const PageMapping *mapping), void *opaque);

/* Appends the output of QEMU's `info tlb` or `info mem`. */
void page_walk_tlb(GString *text, const CpuState *state, const Memory *memory);
void page_walk_mem(GString *text, const CpuState *state, const Memory *memory);

#endif
