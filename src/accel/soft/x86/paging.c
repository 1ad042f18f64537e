/*
 * Paging: the tables, their accessed and dirty bits, page faults, and the
 * translation cache.
 *
 * DEVIATION: bits that select a memory type (PAT, PCD, PWT) are ignored in every
 * entry, because there are no memory types.
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

#define PF_FETCH 0x10u

#define ENTRY_NX UINT64_C(0x8000000000000000)

/* Bits that must be 0. */
#define PAE_RESERVED     (~(PHYSICAL_MASK | ENTRY_NX)) /* entries of 3-level paging */
#define LONG_RESERVED    (~PHYSICAL_MASK & UINT64_C(0xfffffffffffff)) /* of 4-level paging */
#define PDPTE_RESERVED   (~PHYSICAL_MASK | UINT64_C(0x1e6))
#define LARGE_RESERVED   UINT64_C(0x3fe000) /* in an entry for 4 MiB, without PSE-36 */
#define LARGE_RESERVED36 UINT64_C(0x200000) /* with PSE-36 and addresses of 40 bits */

/* A flush takes as long as this number of turns of the run loop. */
#define FLUSH_LOOKS 16

/* ---- physical memory ---- */

static PhysAddr mask_address(const Cpu *cpu, PhysAddr address)
{
    return address & cpu->physical_mask;
}

/*
 * A device may have raised an interrupt.  The CPU looks at it after the
 * instruction, wherever the block would have ended.
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

/* The region of memory at an address, or NULL.  Most accesses are to that of the last one. */
static const MemoryRegion *region_at(Cpu *cpu, PhysAddr address)
{
    if (likely(address - cpu->region.base < cpu->region.size)) {
        return &cpu->region;
    }
    const MemoryRegion *region = memory_find(cpu_host(cpu)->memory, address);
    if (region) {
        cpu->region = *region;
    }
    return region;
}

/* The access must be within one page. */
uint64_t physical_read(Cpu *cpu, PhysAddr address, unsigned size)
{
    const MemoryRegion *region;
    uint64_t value = 0;

    address = mask_address(cpu, address);
    region = region_at(cpu, address);
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
    region = region_at(cpu, address);
    if (!region) {
        bus_write(cpu, address, size, value);
    } else if (!region->read_only) {
        CodePage *page = *code_page_slot(cpu_accel(cpu), address);
        uint8_t *host = region->host + (address - region->base);

        __builtin_memcpy(host, &value, size);
        if (page) {
            code_written(cpu_accel(cpu), page, address, host, size, cpu->current);
        }
    }
}

/* ---- the translation cache ---- */

static void invalidate(TlbEntry *entry)
{
    entry->read_tag = entry->write_tag = entry->exec_tag = TLB_INVALID;
}

/* Every block looks for its successor again. */
static void new_generation(Cpu *cpu)
{
    cpu->generation += GENERATION_STEP;
    memset(cpu->block_pages, 0, sizeof(cpu->block_pages));
}

void tlb_init(Tlb *tlb)
{
    /*
     * A tag of 0 stands for page 0.  Accesses that end there are looked up in the first
     * entry, and in the last one if they begin at the end of the address space.
     */
    invalidate(&tlb->entry[0]);
    invalidate(&tlb->entry[TLB_SIZE - 1]);
}

/* Goes through the filled entries: returns the first one from `i` on, or TLB_SIZE. */
static unsigned next_filled(const Tlb *tlb, unsigned i)
{
    while (i < TLB_SIZE) {
        uint64_t rest = tlb->filled[i / 64] >> i % 64;

        if (rest) {
            return i + (unsigned)__builtin_ctzll(rest);
        }
        i = (i | 63) + 1;
    }
    return TLB_SIZE;
}

static void flush_table(Tlb *tlb)
{
    for (unsigned i = next_filled(tlb, 0); i < TLB_SIZE; i = next_filled(tlb, i + 1)) {
        invalidate(&tlb->entry[i]);
    }
    memset(tlb->filled, 0, sizeof(tlb->filled));
}

void tlb_flush(Cpu *cpu)
{
    for (unsigned rights = 0; rights < RIGHTS_COUNT; rights++) {
        flush_table(&cpu->tlbs[rights]);
    }
    cpu->large_first = UINT64_MAX;
    cpu->large_last = 0;
    cpu->region.size = 0;
    new_generation(cpu);
    cpu_look_sooner(cpu, FLUSH_LOOKS);
}

/* The entries of a large page cover 4 KiB each, so all of them are flushed. */
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
    if (cpu_has_block_in_page(cpu, linear)) {
        new_generation(cpu);
    }
}

/* Records, for tlb_flush_page(), that the cache contains a large page. */
static void note_large(Cpu *cpu, LinearAddr linear, uint64_t offset_mask)
{
    cpu->large_first = MIN(cpu->large_first, linear & ~offset_mask);
    cpu->large_last = MAX(cpu->large_last, linear | offset_mask);
}

static void mark_code(Tlb *tlb, PhysAddr physical)
{
    for (unsigned i = next_filled(tlb, 0); i < TLB_SIZE; i = next_filled(tlb, i + 1)) {
        TlbEntry *entry = &tlb->entry[i];

        if (tlb->cold[i].physical == physical && !(entry->write_tag & TLB_INVALID)) {
            entry->write_tag |= TLB_CODE;
        }
    }
}

void tlb_mark_code(Cpu *cpu, PhysAddr physical)
{
    for (unsigned rights = 0; rights < RIGHTS_COUNT; rights++) {
        mark_code(&cpu->tlbs[rights], physical);
    }
}

/* ---- the walk ---- */

typedef struct Walk {
    LinearAddr linear;
    MemoryAccess access;
    Rights rights;
    uint32_t error;            /* the bits of the error code that the access determines */
    bool readable, executable; /* with these rights */
    bool writable;             /* likewise, when it is dirty */
    bool dirty;
    PhysAddr physical; /* address of the page */
} Walk;

static G_NORETURN void page_fault(Cpu *cpu, const Walk *walk, uint32_t bits)
{
    cpu->cr2 = walk->linear;
    cpu_raise_error(cpu, VECTOR_PF, walk->error | bits);
}

/*
 * The rights that all levels together allow.  `allow` is the AND of the entries,
 * `forbid` the OR.
 */
static void check_rights(Cpu *cpu, Walk *walk, uint64_t allow, uint64_t forbid)
{
    bool user_page = allow & ENTRY_US, user = walk->rights == RIGHTS_USER;
    bool smap = walk->rights == RIGHTS_SYSTEM && cpu->cr4 & CR4_SMAP;

    walk->readable = user ? user_page : !(user_page && smap);
    walk->writable = walk->readable && (allow & ENTRY_RW || (!user && !(cpu->cr0 & CPU_CR0_WP)));
    walk->executable = !(forbid & ENTRY_NX && cpu->msr.efer & CPU_EFER_NXE) &&
                       (user ? user_page : !(user_page && cpu->cr4 & CR4_SMEP));
    bool allowed = walk->access == ACCESS_FETCH   ? walk->executable
                   : walk->access == ACCESS_WRITE ? walk->writable
                                                  : walk->readable;
    if (!allowed) {
        page_fault(cpu, walk, PF_P);
    }
}

/* Sets A, and at the last level of a write D.  The entry's value was `value`. */
static uint64_t mark_entry(Cpu *cpu, PhysAddr address, unsigned size, uint64_t value, uint64_t bits)
{
    if ((value & bits) != bits) {
        value |= bits;
        physical_write(cpu, address, size, value);
    }
    return value;
}

/* A mode of paging. */
typedef struct Paging {
    unsigned levels, index_bits, size; /* size of an entry */
    unsigned large_levels;             /* how many levels above the last may map a large page */
    uint64_t reserved;                 /* in every entry */
    uint64_t large_reserved;           /* additionally in an entry for 4 MiB */
} Paging;

static Paging paging_of(const Cpu *cpu)
{
    const CpuFeatures *features = &cpu_accel(cpu)->features;
    uint64_t nx = cpu->msr.efer & CPU_EFER_NXE ? 0 : ENTRY_NX;

    if (cpu_long_mode(cpu)) {
        bool giant = cpu_features_have(features, CPU_FEATURE_PDPE1GB);

        return (Paging){4, 9, 8, giant ? 2 : 1, LONG_RESERVED | nx, 0};
    }
    if (cpu->cr4 & CR4_PAE) {
        return (Paging){2, 9, 8, 1, PAE_RESERVED | nx, 0};
    }
    bool pse36 = cpu_features_have(features, CPU_FEATURE_PSE36);
    return (Paging){
        2, 10, 4, cpu->cr4 & CR4_PSE ? 1 : 0, 0, pse36 ? LARGE_RESERVED36 : LARGE_RESERVED};
}

/* The entries that a walk passes, beginning at the first level. */
typedef struct Entries {
    PhysAddr at[5];
    uint64_t value[5];
    unsigned count;
} Entries;

static bool is_large(const Paging *paging, unsigned level, uint64_t entry)
{
    return level > 0 && level <= paging->large_levels && entry & ENTRY_PS;
}

/* `level` is 0 for an entry of a page of 4 KiB. */
static bool is_reserved(const Paging *paging, unsigned level, uint64_t entry)
{
    uint64_t reserved = paging->reserved;

    if (is_large(paging, level, entry)) {
        uint64_t mask = (UINT64_C(1) << (12 + level * paging->index_bits)) - 1;

        /* Bit 12 is PAT.  Without PAE, bits 13 to 20 are bits 32 to 39 of the address. */
        reserved |= paging->size == 4 ? paging->large_reserved : mask & ~UINT64_C(0x1fff);
    } else if (level >= 2) {
        /* PS is reserved at a level without large pages. */
        reserved |= ENTRY_PS;
    }
    return entry & reserved;
}

static PhysAddr page_of(const Paging *paging, unsigned level, uint64_t entry, LinearAddr linear)
{
    uint64_t mask = (UINT64_C(1) << (12 + level * paging->index_bits)) - 1;
    PhysAddr base = entry & PHYSICAL_MASK & ~mask;

    if (paging->size == 4 && level == 1) {
        base |= (entry >> 13 & 0xff) << 32;
    }
    return base | (linear & mask & PAGE_MASK);
}

/* Sets the accessed bits of the entries passed, and the dirty bit of the last. */
static void mark_entries(Cpu *cpu, Walk *walk, const Entries *met, unsigned size)
{
    unsigned last = met->count - 1;

    for (unsigned i = 0; i < last; i++) {
        mark_entry(cpu, met->at[i], size, met->value[i], ENTRY_A);
    }
    bool write = walk->access == ACCESS_WRITE;
    uint64_t leaf =
        mark_entry(cpu, met->at[last], size, met->value[last], ENTRY_A | (write ? ENTRY_D : 0));
    walk->dirty = leaf & ENTRY_D;
}

static void walk_levels(Cpu *cpu, Walk *walk, const Paging *paging, PhysAddr table)
{
    uint64_t allow = ~UINT64_C(0), forbid = 0, index_mask = (UINT64_C(1) << paging->index_bits) - 1;
    Entries met = {.count = 0};

    for (unsigned level = paging->levels; level-- > 0;) {
        uint64_t index = walk->linear >> (12 + level * paging->index_bits) & index_mask;
        PhysAddr at = table + index * paging->size;
        uint64_t entry = physical_read(cpu, at, paging->size);

        if (!(entry & ENTRY_P)) {
            page_fault(cpu, walk, 0);
        }
        if (is_reserved(paging, level, entry)) {
            page_fault(cpu, walk, PF_P | PF_RSVD);
        }
        allow &= entry;
        forbid |= entry;
        met.at[met.count] = at;
        met.value[met.count++] = entry;
        bool large = is_large(paging, level, entry);
        if (level == 0 || large) {
            check_rights(cpu, walk, allow, paging->size == 8 ? forbid : 0);
            mark_entries(cpu, walk, &met, paging->size);
            walk->physical = page_of(paging, level, entry, walk->linear);
            if (large) {
                note_large(cpu, walk->linear,
                           (UINT64_C(1) << (12 + level * paging->index_bits)) - 1);
            }
            return;
        }
        table = entry & PHYSICAL_MASK & PAGE_MASK;
    }
}

static void walk_tables(Cpu *cpu, Walk *walk)
{
    Paging paging = paging_of(cpu);
    PhysAddr table = cpu->cr3 & PHYSICAL_MASK & PAGE_MASK;

    if (paging.size == 8 && paging.levels == 2) {
        uint64_t pdpte = cpu->pdpte[walk->linear >> 30 & 3];

        if (!(pdpte & ENTRY_P)) {
            page_fault(cpu, walk, 0);
        }
        table = pdpte & PHYSICAL_MASK & PAGE_MASK;
    } else if (paging.size == 4) {
        table &= UINT32_MAX;
    }
    walk_levels(cpu, walk, &paging, table);
}

bool paging_load_pdptes(Cpu *cpu, uint64_t pdpte[4])
{
    for (unsigned i = 0; i < 4; i++) {
        pdpte[i] = physical_read(cpu, (cpu->cr3 & UINT32_MAX & ~UINT64_C(0x1f)) + i * 8, 8);
        if ((pdpte[i] & ENTRY_P) && (pdpte[i] & PDPTE_RESERVED)) {
            return false;
        }
    }
    return true;
}

/* ---- filling ---- */

/* Accesses to watched pages must take the slow path. */
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
    const MemoryRegion *region = region_at(cpu, physical);

    *cold = (TlbCold){.physical = physical};
    entry->read_tag = walk->readable ? page : TLB_INVALID;
    entry->exec_tag = walk->executable ? page : TLB_INVALID;
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

static uint32_t error_of(const Cpu *cpu, MemoryAccess access, Rights rights)
{
    bool tells_fetch = cpu->cr4 & CR4_SMEP || (cpu->cr4 & CR4_PAE && cpu->msr.efer & CPU_EFER_NXE);

    return (access == ACCESS_WRITE ? PF_W : 0) | (rights == RIGHTS_USER ? PF_U : 0) |
           (access == ACCESS_FETCH && tells_fetch ? PF_FETCH : 0);
}

static void fill(Cpu *cpu, LinearAddr linear, MemoryAccess access, Rights rights)
{
    Walk walk = {
        .linear = linear,
        .access = access,
        .rights = rights,
        .error = error_of(cpu, access, rights),
        .readable = true,
        .writable = true,
        .executable = true,
        .dirty = true,
        .physical = linear & PAGE_MASK,
    };

    if (!linear_is_canonical(linear)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    if (cpu->cr0 & CPU_CR0_PG) {
        walk_tables(cpu, &walk);
    }
    fill_entry(cpu, &cpu->tlbs[rights], &walk);
    cpu->tlbs[rights].filled[tlb_index(linear) / 64] |= UINT64_C(1) << tlb_index(linear) % 64;
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
