/*
 * INT 15h, EAX = E820h: the memory map.
 */
#include "bios/services.h"

#include "devices/timer/mc146818_regs.h"

#define SMAP       0x534d4150u
#define ENTRY_SIZE 20u

#define MEMORY_RAM      1u
#define MEMORY_RESERVED 2u

#define KIB(count)      ((uint32_t)(count) << 10)
#define LOW_END         KIB(640)
#define HIGH_START      0x100000u
#define START_16M       0x1000000u
#define ROM_START       0xfffc0000u
#define END_4G          UINT64_C(0x100000000)
#define CMOS_UNIT_SHIFT 16

typedef struct Range {
    uint64_t base, size;
    uint32_t type;
} Range;

/* The end of the memory that begins at 1 MiB. */
static uint32_t high_end(void)
{
    uint32_t above_16m = cmos_read16(CMOS_ABOVE_16M);
    return above_16m ? START_16M + (above_16m << CMOS_UNIT_SHIFT)
                     : HIGH_START + KIB(cmos_read16(CMOS_EXTENDED_KB));
}

static uint64_t size_above_4g(void)
{
    uint32_t units = cmos_read16(CMOS_ABOVE_4G) | (uint32_t)cmos_read(CMOS_ABOVE_4G + 2) << 16;
    return (uint64_t)units << CMOS_UNIT_SHIFT;
}

/* Returns false if there are not so many ranges. */
static bool find_range(uint32_t index, Range *range)
{
    uint32_t low = KIB(BDA->base_memory);
    const Range ranges[] = {
        {0, low, MEMORY_RAM},
        {low, LOW_END - low, MEMORY_RESERVED},
        {linear_address(NULL), HIGH_START - linear_address(NULL), MEMORY_RESERVED},
        {HIGH_START, high_end() - HIGH_START, MEMORY_RAM},
        {ROM_START, (uint32_t)END_4G - ROM_START, MEMORY_RESERVED},
        {END_4G, size_above_4g(), MEMORY_RAM},
    };
    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].size && !index--) {
            *range = ranges[i];
            return true;
        }
    }
    return false;
}

static void put64(uint16_t segment, uint16_t offset, uint64_t value)
{
    far_write32(segment, offset, (uint32_t)value);
    far_write32(segment, offset + 4, (uint32_t)(value >> 32));
}

bool memory_map_service(Regs *regs)
{
    Range range, next;
    if (regs->edx != SMAP || regs->ecx < ENTRY_SIZE || !find_range(regs->ebx, &range)) {
        return false;
    }
    put64(regs->es, regs->di, range.base);
    put64(regs->es, regs->di + 8, range.size);
    far_write32(regs->es, regs->di + 16, range.type);
    regs->ebx = find_range(regs->ebx + 1, &next) ? regs->ebx + 1 : 0;
    regs->eax = SMAP;
    regs->ecx = ENTRY_SIZE;
    return true;
}
