/*
 * The modes of paging (SDM volume 3, chapter 4): how many levels of tables there
 * are, and what an entry means.
 */
#ifndef PIOEMU_CPU_PAGING_MODE_H
#define PIOEMU_CPU_PAGING_MODE_H

#include "src/cpu/address.h"
#include "src/cpu/cpu_state.h"

#define PAGING_ENTRY_PRESENT UINT64_C(0x001)
#define PAGING_ENTRY_WRITE   UINT64_C(0x002)
#define PAGING_ENTRY_USER    UINT64_C(0x004)
#define PAGING_ENTRY_LARGE   UINT64_C(0x080)
#define PAGING_ADDRESS_MASK  UINT64_C(0x000ffffffffff000)

#define PAGING_CR4_PSE  0x10u
#define PAGING_CR4_PAE  0x20u
#define PAGING_CR4_LA57 0x1000u

/* Level 0 is the level whose entries map pages of 4 KiB. */
typedef struct PagingMode {
    unsigned levels, index_bits, entry_size;
    bool large_at_second; /* allows 2 MiB or 4 MiB pages */
    bool large_at_third;  /* allows 1 GiB pages */
} PagingMode;

static inline PagingMode paging_mode(const CpuState *state)
{
    if (state->msr.efer & CPU_EFER_LMA) {
        return (PagingMode){state->cr4 & PAGING_CR4_LA57 ? 5 : 4, 9, 8, true, true};
    }
    if (state->cr4 & PAGING_CR4_PAE) {
        return (PagingMode){3, 9, 8, true, false};
    }
    return (PagingMode){2, 10, 4, (state->cr4 & PAGING_CR4_PSE) != 0, false};
}

/* The address of the first table. */
static inline PhysAddr paging_root(const CpuState *state, const PagingMode *mode)
{
    return mode->levels == 3 ? state->cr3 & UINT32_MAX & ~UINT64_C(31)
                             : state->cr3 & PAGING_ADDRESS_MASK;
}

/* Whether the entry maps a page rather than another table. */
static inline bool paging_is_large(const PagingMode *mode, unsigned level, uint64_t entry)
{
    bool possible = (level == 1 && mode->large_at_second) || (level == 2 && mode->large_at_third);
    return possible && entry & PAGING_ENTRY_LARGE;
}

/* The address of the page.  Its size is `mask` + 1. */
static inline PhysAddr paging_base(const PagingMode *mode, unsigned level, uint64_t entry,
                                   uint64_t mask)
{
    PhysAddr base = entry & PAGING_ADDRESS_MASK & ~mask;
    if (mode->entry_size == 4 && level == 1) {
        base |= (entry >> 13 & 0xff) << 32; /* PSE-36 */
    }
    return base;
}

#endif
