#include "src/cpu/translate.h"

#include "src/cpu/paging_mode.h"

bool translate_linear(const CpuState *state, const Memory *memory, uint64_t linear,
                      uint64_t *physical)
{
    if (!(state->cr0 & CPU_CR0_PG)) {
        *physical = linear;
        return true;
    }
    PagingMode paging = paging_mode(state);
    uint64_t table = paging_root(state, &paging);
    for (unsigned level = paging.levels; level-- > 0;) {
        unsigned shift = 12 + level * paging.index_bits;
        uint64_t index = linear >> shift & ((1u << paging.index_bits) - 1);
        uint64_t entry = 0;
        if (!memory_read(memory, table + index * paging.entry_size, &entry, paging.entry_size) ||
            !(entry & PAGING_ENTRY_PRESENT)) {
            return false;
        }
        uint64_t mask = (UINT64_C(1) << shift) - 1;
        if (level == 0 || paging_is_large(&paging, level, entry)) {
            *physical = paging_base(&paging, level, entry, mask) | (linear & mask);
            return true;
        }
        table = entry & PAGING_ADDRESS_MASK;
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
