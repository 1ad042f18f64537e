/*
 * The state of the CPU when a kernel starts: the segments and page tables that its
 * protocol requires, both in memory and in the hidden parts of the registers.
 */
#include "src/boot/load.h"

#include <inttypes.h>

#define SEGMENT_TYPE_CODE 0xbu /* execute/read, accessed */
#define SEGMENT_TYPE_DATA 0x3u /* read/write, accessed */
#define SEGMENT_TYPE_TSS  0xbu /* busy */
#define SEGMENT_RING0     (CPU_SEGMENT_P | CPU_SEGMENT_S | CPU_SEGMENT_G)
#define CODE32            (SEGMENT_RING0 | CPU_SEGMENT_DB | SEGMENT_TYPE_CODE)
#define CODE64            (SEGMENT_RING0 | CPU_SEGMENT_L | SEGMENT_TYPE_CODE)
#define DATA32            (SEGMENT_RING0 | CPU_SEGMENT_DB | SEGMENT_TYPE_DATA)
/* The smallest limit that a task register can have. */
#define TSS_LIMIT 0x67u

#define CR4_PAE      (UINT64_C(1) << 5)
#define PAGE_PRESENT 0x01u
#define PAGE_WRITE   0x02u
#define PAGE_LARGE   0x80u
#define PAGE_ENTRIES 512u
#define LARGE_PAGE   (UINT64_C(2) << 20)
#define GIGABYTE     (UINT64_C(1) << 30)

/* ---- segments ---- */

/* The descriptor of a flat segment: base 0, limit 4 GiB. */
static uint64_t descriptor(uint32_t attributes)
{
    uint64_t limit_high = UINT64_C(0xf) << 48;
    return 0xffff | limit_high | (uint64_t)(attributes & 0xff) << 40 |
           (uint64_t)(attributes >> 12 & 0xf) << 52;
}

static CpuSegment segment(uint16_t selector, uint32_t attributes)
{
    return (CpuSegment){.selector = selector, .attributes = attributes, .limit = UINT32_MAX};
}

/* A code segment of the other size is at selector 8, for a kernel that changes its mode. */
static bool set_segments(BootLoad *load, uint32_t code, uint32_t other_code, GError **error)
{
    const uint64_t gdt[] = {0, descriptor(other_code), descriptor(code), descriptor(DATA32)};
    static const BootArea AREA = {.min = BOOT_LOW_START, .max = BOOT_4GB, .align = 8};
    uint64_t address = boot_place(load, gdt, sizeof(gdt), &AREA, "the segment table", error);
    if (!address) {
        return false;
    }
    CpuState *state = load->state;
    state->gdtr = (CpuTable){.base = address, .limit = sizeof(gdt) - 1};
    state->idtr = (CpuTable){0};
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state->segment[i] = segment(BOOT_DS, DATA32);
    }
    state->segment[CPU_CS] = segment(BOOT_CS, code);
    state->segment[CPU_TR] =
        (CpuSegment){.attributes = CPU_SEGMENT_P | SEGMENT_TYPE_TSS, .limit = TSS_LIMIT};
    return true;
}

/* By now the kernel and its parts are in memory. */
static bool check_entry(const BootLoad *load, uint64_t entry, GError **error)
{
    for (guint i = 0; i < load->used->len; i++) {
        const BootRange *range = &g_array_index(load->used, BootRange, i);
        if (entry - range->start < range->end - range->start) {
            return true;
        }
    }
    return boot_refuse(load->request, error,
                       "its entry 0x%" PRIx64 " is in nothing that the file loads", entry);
}

static void set_registers(CpuState *state, uint64_t entry)
{
    memset(state->gpr, 0, sizeof(state->gpr));
    state->rip = entry;
    state->rflags = CPU_FLAG_ONE;
    state->cr0 = CPU_CR0_PE | CPU_CR0_ET;
}

bool boot_start_protected(BootLoad *load, uint64_t entry, GError **error)
{
    set_registers(load->state, entry);
    return check_entry(load, entry, error) && set_segments(load, CODE32, CODE64, error);
}

/* ---- page tables ---- */

/*
 * The number of GiB to map: enough for the RAM, and at least the 4 that contain the
 * devices.  The page directory pointer table has 512 entries.
 */
static unsigned gigabytes_to_map(const BootLoad *load)
{
    const BootMapEntry *last = &load->map.entries[load->map.count - 1];
    uint64_t end = MAX(last->base + last->size, BOOT_4GB);
    return (unsigned)MIN((end + GIGABYTE - 1) / GIGABYTE, PAGE_ENTRIES);
}

/*
 * The top-level table, the directory pointer table, and a directory of large pages
 * for each GiB, one after another.
 */
static bool set_paging(BootLoad *load, GError **error)
{
    static const BootArea AREA = {.min = BOOT_LOW_START, .max = BOOT_4GB, .align = PAGE_SIZE};
    unsigned count = gigabytes_to_map(load);
    uint64_t size = (uint64_t)(2 + count) * PAGE_SIZE;
    uint64_t at = boot_place(load, NULL, size, &AREA, "the page tables", error);
    if (!at) {
        return false;
    }
    g_autofree uint64_t *tables = g_malloc0(size);
    uint64_t *pointers = tables + PAGE_ENTRIES, *pages = pointers + PAGE_ENTRIES;
    tables[0] = (at + PAGE_SIZE) | PAGE_WRITE | PAGE_PRESENT;
    for (unsigned i = 0; i < count; i++) {
        pointers[i] = (at + (2 + i) * (uint64_t)PAGE_SIZE) | PAGE_WRITE | PAGE_PRESENT;
    }
    for (uint64_t i = 0; i < (uint64_t)count * PAGE_ENTRIES; i++) {
        pages[i] = i * LARGE_PAGE | PAGE_LARGE | PAGE_WRITE | PAGE_PRESENT;
    }
    load->state->cr3 = at;
    return boot_patch(load, at, tables, size);
}

bool boot_start_long(BootLoad *load, uint64_t entry, GError **error)
{
    CpuState *state = load->state;
    set_registers(state, entry);
    state->cr0 |= CPU_CR0_PG;
    state->cr4 = CR4_PAE;
    state->msr.efer = CPU_EFER_LME | CPU_EFER_LMA;
    return check_entry(load, entry, error) && set_segments(load, CODE64, CODE32, error) &&
           set_paging(load, error);
}

/* ---- real mode ---- */

void boot_start_real(BootLoad *load, uint16_t code, uint16_t ip, uint16_t data, uint16_t sp)
{
    CpuState *state = load->state;
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        uint16_t selector = i == CPU_CS ? code : data;
        state->segment[i].selector = selector;
        state->segment[i].base = (uint64_t)selector << 4;
    }
    memset(state->gpr, 0, sizeof(state->gpr));
    state->gpr[CPU_SP] = sp;
    state->rip = ip;
}
