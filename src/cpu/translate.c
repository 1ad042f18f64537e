#include "src/cpu/translate.h"

#define ENTRY_PRESENT 0x01u
#define ENTRY_LARGE   0x80u
#define CR4_PSE       0x10u
#define CR4_PAE       0x20u
#define CR4_LA57      0x1000u
#define ADDRESS_MASK  UINT64_C(0x000ffffffffff000)

/* One way of paging: how many levels, how wide an entry is. */
typedef struct Paging {
    unsigned levels, index_bits, entry_size;
    bool large_at_second; /* 2 MiB or 4 MiB pages */
    bool large_at_third;  /* 1 GiB pages */
} Paging;

static Paging paging_of(const CpuState *state)
{
    bool long_mode = state->msr.efer & CPU_EFER_LMA;
    if (long_mode) {
        return (Paging){state->cr4 & CR4_LA57 ? 5 : 4, 9, 8, true, true};
    }
    if (state->cr4 & CR4_PAE) {
        return (Paging){3, 9, 8, true, false};
    }
    return (Paging){2, 10, 4, (state->cr4 & CR4_PSE) != 0, false};
}

static bool is_large(const Paging *paging, unsigned level, uint64_t entry)
{
    bool possible =
        (level == 1 && paging->large_at_second) || (level == 2 && paging->large_at_third);
    return possible && entry & ENTRY_LARGE;
}

static uint64_t page_base(const Paging *paging, unsigned level, uint64_t entry, uint64_t mask)
{
    uint64_t base = entry & ADDRESS_MASK & ~mask;
    if (paging->entry_size == 4 && level == 1) {
        base |= (entry >> 13 & 0xff) << 32; /* PSE-36 */
    }
    return base;
}

bool translate_linear(const CpuState *state, const Memory *memory, uint64_t linear,
                      uint64_t *physical)
{
    if (!(state->cr0 & CPU_CR0_PG)) {
        *physical = linear;
        return true;
    }
    Paging paging = paging_of(state);
    uint64_t table = state->cr3 & ADDRESS_MASK;
    if (paging.levels == 3) {
        table = state->cr3 & UINT32_MAX & ~UINT64_C(31);
    }
    for (unsigned level = paging.levels; level-- > 0;) {
        unsigned shift = 12 + level * paging.index_bits;
        uint64_t index = linear >> shift & ((1u << paging.index_bits) - 1);
        uint64_t entry = 0;
        if (!memory_read(memory, table + index * paging.entry_size, &entry, paging.entry_size) ||
            !(entry & ENTRY_PRESENT)) {
            return false;
        }
        uint64_t mask = (UINT64_C(1) << shift) - 1;
        if (level == 0 || is_large(&paging, level, entry)) {
            *physical = page_base(&paging, level, entry, mask) | (linear & mask);
            return true;
        }
        table = entry & ADDRESS_MASK;
    }
    return false;
}

size_t translate_read(const CpuState *state, const Memory *memory, uint64_t linear, void *data,
                      size_t size)
{
    uint8_t *bytes = data;
    uint64_t physical;
    size_t count = 0;
    while (count < size && translate_linear(state, memory, linear + count, &physical) &&
           memory_read(memory, physical, &bytes[count], 1)) {
        count++;
    }
    return count;
}
