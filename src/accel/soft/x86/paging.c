/*
 * Paging: the tables, their accessed and dirty bits, page faults, and the
 * translation cache.
 *
 * DEVIATION: bits that select a memory type (PAT, PCD, PWT) are ignored in
 * every entry, since there are no memory types to select.
 */
#include "src/accel/soft/x86/access.h"
#include "src/accel/soft/x86/debug.h"

#define ENTRY_P  UINT64_C(0x01)
#define ENTRY_RW UINT64_C(0x02)
#define ENTRY_US UINT64_C(0x04)
#define ENTRY_A  UINT64_C(0x20)
#define ENTRY_D  UINT64_C(0x40)
#define ENTRY_PS UINT64_C(0x80)

#define PF_P    0x1u
#define PF_W    0x2u
#define PF_U    0x4u
#define PF_RSVD 0x8u

/* Bits of PAE entries that must be 0: no NX, 36 address bits. */
#define PAE_RESERVED       (~PHYSICAL_MASK)
#define PAE_LARGE_RESERVED (PAE_RESERVED | UINT64_C(0x1fe000))
#define PDPTE_RESERVED     (PAE_RESERVED | UINT64_C(0x1e6))
#define LARGE_RESERVED     UINT64_C(0x3fe000) /* no PSE-36 */

/* A flush takes as long as so many turns of the run loop. */
#define FLUSH_LOOKS 16

/* ---- physical memory ---------------------------------------------------- */

static PhysAddr mask_address(const Cpu *cpu, PhysAddr address)
{
    return address & cpu->physical_mask;
}

/*
 * A device may have raised an interrupt, which is looked at behind the
 * instruction, wherever its block would have ended.
 */
static void reached_bus(Cpu *cpu)
{
    cpu->in_bus_access = false;
    cpu->reached_bus = true;
    block_end_here(cpu);
    cpu_leave_soon(cpu);
}

static uint64_t bus_read(Cpu *cpu, PhysAddr address, unsigned size)
{
    uint64_t value = 0;

    cpu->in_bus_access = true;
    bus_memory_access(cpu_host(cpu)->bus, &cpu->vcpu.initiator, address, false, size, &value);
    reached_bus(cpu);
    return value;
}

static void bus_write(Cpu *cpu, PhysAddr address, unsigned size, uint64_t value)
{
    cpu->in_bus_access = true;
    bus_memory_access(cpu_host(cpu)->bus, &cpu->vcpu.initiator, address, true, size, &value);
    reached_bus(cpu);
}

/* The access is within one page. */
uint64_t physical_read(Cpu *cpu, PhysAddr address, unsigned size)
{
    const MemoryRegion *region;
    uint64_t value = 0;

    address = mask_address(cpu, address);
    region = memory_find(cpu_host(cpu)->memory, address);
    if (!region) {
        return bus_read(cpu, address, size);
    }
    __builtin_memcpy(&value, region->host + (address - region->base), size);
    return value;
}

void physical_write(Cpu *cpu, PhysAddr address, unsigned size, uint64_t value)
{
    const MemoryRegion *region;

    address = mask_address(cpu, address);
    region = memory_find(cpu_host(cpu)->memory, address);
    if (!region) {
        bus_write(cpu, address, size, value);
    } else if (!region->read_only) {
        CodePage *page = *code_page_slot(cpu_accel(cpu), address);
        uint8_t *host = region->host + (address - region->base);

        __builtin_memcpy(host, &value, size);
        if (page) {
            code_written(page, address, host, size, cpu->current);
        }
    }
}

/* ---- the translation cache ---------------------------------------------- */

static void invalidate(TlbEntry *entry)
{
    entry->read_tag = entry->write_tag = entry->exec_tag = TLB_INVALID;
}

void tlb_flush(Cpu *cpu)
{
    for (unsigned i = 0; i < RIGHTS_COUNT * TLB_SIZE; i++) {
        invalidate(&cpu->tlbs[i / TLB_SIZE].entry[i % TLB_SIZE]);
    }
    cpu->large_first = UINT64_MAX;
    cpu->large_last = 0;
    cpu->generation += GENERATION_STEP;
    cpu_look_sooner(cpu, FLUSH_LOOKS);
}

/* Entries of a large page are kept 4 KiB at a time, so all of them go. */
void tlb_flush_page(Cpu *cpu, LinearAddr linear)
{
    linear = linear_wrap(cpu, linear);
    if (linear >= cpu->large_first && linear <= cpu->large_last) {
        tlb_flush(cpu);
        return;
    }
    for (unsigned i = 0; i < RIGHTS_COUNT; i++) {
        invalidate(tlb_at(&cpu->tlbs[i], linear));
    }
    cpu->generation += GENERATION_STEP;
}

/* From here on tlb_flush_page() knows that a large page is in the cache. */
static void note_large(Cpu *cpu, LinearAddr linear, uint64_t offset_mask)
{
    cpu->large_first = MIN(cpu->large_first, linear & ~offset_mask);
    cpu->large_last = MAX(cpu->large_last, linear | offset_mask);
}

void tlb_mark_code(Cpu *cpu, PhysAddr physical)
{
    for (unsigned i = 0; i < RIGHTS_COUNT * TLB_SIZE; i++) {
        Tlb *tlb = &cpu->tlbs[i / TLB_SIZE];
        TlbEntry *entry = &tlb->entry[i % TLB_SIZE];

        if (tlb->cold[i % TLB_SIZE].physical == physical && !(entry->write_tag & TLB_INVALID)) {
            entry->write_tag |= TLB_CODE;
        }
    }
}

/* ---- the walk ----------------------------------------------------------- */

typedef struct Walk {
    LinearAddr linear;
    uint32_t error; /* W and U of the access */
    bool write, user;
    bool writable; /* for this privilege, once dirty */
    bool dirty;
    PhysAddr physical; /* of the page */
} Walk;

static G_NORETURN void page_fault(Cpu *cpu, const Walk *walk, uint32_t bits)
{
    cpu->cr2 = walk->linear;
    cpu_raise_error(cpu, VECTOR_PF, walk->error | bits);
}

/* Checks the rights that all levels together give. */
static void check_rights(Cpu *cpu, Walk *walk, uint64_t rights)
{
    if (walk->user && !(rights & ENTRY_US)) {
        page_fault(cpu, walk, PF_P);
    }
    walk->writable = (rights & ENTRY_RW) || (!walk->user && !(cpu->cr0 & CPU_CR0_WP));
    if (walk->write && !walk->writable) {
        page_fault(cpu, walk, PF_P);
    }
}

/* Sets A, and D in the last level of a write; the entry was `value`. */
static uint64_t mark_entry(Cpu *cpu, PhysAddr address, unsigned size, uint64_t value, uint64_t bits)
{
    if ((value & bits) != bits) {
        value |= bits;
        physical_write(cpu, address, size, value);
    }
    return value;
}

static void walk_leaf(Cpu *cpu, Walk *walk, PhysAddr address, unsigned size, uint64_t entry)
{
    entry = mark_entry(cpu, address, size, entry, ENTRY_A | (walk->write ? ENTRY_D : 0));
    walk->dirty = entry & ENTRY_D;
}

/* The lower two levels, which differ only in the width of an entry. */
static void walk_directory(Cpu *cpu, Walk *walk, PhysAddr directory, unsigned size)
{
    unsigned index_bits = size == 8 ? 9 : 10;
    unsigned large_shift = 12 + index_bits;
    uint32_t index_mask = (1u << index_bits) - 1;
    uint64_t reserved = size == 8 ? PAE_RESERVED : 0;
    bool large_pages = size == 8 || (cpu->cr4 & CR4_PSE);

    uint64_t pde_address = directory + (walk->linear >> large_shift & index_mask) * size;
    uint64_t pde = physical_read(cpu, pde_address, size);
    if (!(pde & ENTRY_P)) {
        page_fault(cpu, walk, 0);
    }
    if (large_pages && (pde & ENTRY_PS)) {
        if (pde & (size == 8 ? PAE_LARGE_RESERVED : LARGE_RESERVED)) {
            page_fault(cpu, walk, PF_P | PF_RSVD);
        }
        check_rights(cpu, walk, pde);
        walk_leaf(cpu, walk, pde_address, size, pde);
        uint64_t offset_mask = (UINT64_C(1) << large_shift) - 1;
        note_large(cpu, walk->linear, offset_mask);
        walk->physical =
            (pde & PHYSICAL_MASK & ~offset_mask) | (walk->linear & offset_mask & PAGE_MASK);
        return;
    }
    if (pde & reserved) {
        page_fault(cpu, walk, PF_P | PF_RSVD);
    }

    uint64_t pte_address =
        (pde & PHYSICAL_MASK & ~UINT64_C(0xfff)) + (walk->linear >> 12 & index_mask) * size;
    uint64_t pte = physical_read(cpu, pte_address, size);
    if (!(pte & ENTRY_P)) {
        page_fault(cpu, walk, 0);
    }
    if (pte & reserved) {
        page_fault(cpu, walk, PF_P | PF_RSVD);
    }
    check_rights(cpu, walk, pde & pte);
    mark_entry(cpu, pde_address, size, pde, ENTRY_A);
    walk_leaf(cpu, walk, pte_address, size, pte);
    walk->physical = pte & PHYSICAL_MASK & ~UINT64_C(0xfff);
}

static void walk_tables(Cpu *cpu, Walk *walk)
{
    if (!(cpu->cr4 & CR4_PAE)) {
        walk_directory(cpu, walk, cpu->cr3 & PAGE_MASK, 4);
        return;
    }
    uint64_t pdpte = cpu->pdpte[walk->linear >> 30];
    if (!(pdpte & ENTRY_P)) {
        page_fault(cpu, walk, 0);
    }
    walk_directory(cpu, walk, pdpte & PHYSICAL_MASK & ~UINT64_C(0xfff), 8);
}

bool paging_load_pdptes(Cpu *cpu, uint64_t pdpte[4])
{
    for (unsigned i = 0; i < 4; i++) {
        pdpte[i] = physical_read(cpu, (cpu->cr3 & ~UINT64_C(0x1f)) + i * 8, 8);
        if ((pdpte[i] & ENTRY_P) && (pdpte[i] & PDPTE_RESERVED)) {
            return false;
        }
    }
    return true;
}

/* ---- filling ------------------------------------------------------------ */

/* Accesses of watched pages take the slow path. */
static void mark_watched(const Cpu *cpu, TlbEntry *entry, LinearAddr page)
{
    if (unlikely(cpu->debug.watches) && debug_watches_page(cpu, page)) {
        entry->read_tag |= TLB_WATCH;
        entry->write_tag |= TLB_WATCH;
    }
}

static void fill_entry(Cpu *cpu, Tlb *tlb, const Walk *walk)
{
    TlbEntry *entry = tlb_at(tlb, walk->linear);
    TlbCold *cold = tlb_cold_at(tlb, walk->linear);
    LinearAddr page = walk->linear & PAGE_MASK;
    PhysAddr physical = mask_address(cpu, walk->physical);
    const MemoryRegion *region = memory_find(cpu_host(cpu)->memory, physical);

    *cold = (TlbCold){.physical = physical};
    entry->read_tag = entry->exec_tag = page;
    entry->write_tag = walk->writable && walk->dirty ? page : TLB_INVALID;
    mark_watched(cpu, entry, page);
    if (!region) {
        entry->read_tag |= TLB_BUS;
        entry->write_tag |= TLB_BUS;
        entry->exec_tag |= TLB_BUS;
        return;
    }
    entry->addend = (uintptr_t)region->host + (uintptr_t)(physical - region->base) - page;
    cold->code = code_page_slot(cpu_accel(cpu), physical);
    if (region->read_only) {
        entry->write_tag |= TLB_ROM;
    }
    if (*cold->code) {
        entry->write_tag |= TLB_CODE;
    }
}

static void fill(Cpu *cpu, LinearAddr linear, MemoryAccess access, Rights rights)
{
    bool user = rights == RIGHTS_USER;
    Walk walk = {
        .linear = linear,
        .write = access == ACCESS_WRITE,
        .user = user,
        .error = (access == ACCESS_WRITE ? PF_W : 0) | (user ? PF_U : 0),
        .writable = true,
        .dirty = true,
        .physical = linear & PAGE_MASK,
    };

    if (cpu->cr0 & CPU_CR0_PG) {
        walk_tables(cpu, &walk);
    }
    fill_entry(cpu, &cpu->tlbs[rights], &walk);
}

TlbEntry *tlb_entry(Cpu *cpu, LinearAddr linear, MemoryAccess access, Rights rights)
{
    TlbEntry *entry = tlb_at(&cpu->tlbs[rights], linear);
    LinearAddr tag = access == ACCESS_WRITE  ? entry->write_tag
                     : access == ACCESS_READ ? entry->read_tag
                                             : entry->exec_tag;

    if ((tag & (PAGE_MASK | TLB_INVALID)) != (linear & PAGE_MASK)) {
        fill(cpu, linear, access, rights);
    }
    return entry;
}
