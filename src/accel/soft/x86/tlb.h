/*
 * The translation cache, the walk of the page tables that fills it, and accesses to
 * linear and physical memory.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_TLB_H
#define PIOEMU_ACCEL_SOFT_X86_TLB_H

#include "src/accel/soft/x86/insn.h"
#include "src/base/page.h"

/*
 * A translation.  A tag is the address of the linear page with flags in the low
 * bits.  The fast paths compare whole tags, so any flag sends the access to the
 * slow path.  An entry never holds an address that is not canonical.
 */
typedef struct TlbEntry {
    LinearAddr read_tag, write_tag, exec_tag;
    uintptr_t addend; /* host address minus linear address */
} TlbEntry;
_Static_assert(sizeof(TlbEntry) == 32, "the index is a shift");

/* What only the slow paths use. */
typedef struct TlbCold {
    PhysAddr physical;
    CodePage **code;
} TlbCold;

#define TLB_INVALID 0x1u
#define TLB_BUS     0x2u  /* not backed by memory */
#define TLB_ROM     0x4u  /* writes are ignored */
#define TLB_CODE    0x8u  /* parts of it belong to blocks */
#define TLB_WATCH   0x10u /* a debugger watches parts of it */

#define TLB_BITS 11u
#define TLB_SIZE (1u << TLB_BITS)

typedef struct Tlb {
    TlbEntry entry[TLB_SIZE];
    TlbCold cold[TLB_SIZE];
    uint64_t filled[TLB_SIZE / 64]; /* a bit for each entry that may be valid */
} Tlb;

/* Whose rights an access has.  Each has a table of its own. */
typedef enum Rights {
    RIGHTS_SYSTEM, /* levels 0 to 2, and accesses that the CPU makes by itself */
    RIGHTS_USER,   /* level 3 */
    RIGHTS_AC,     /* levels 0 to 2 with EFLAGS.AC set, which allows access to user pages */
    RIGHTS_COUNT
} Rights;

typedef enum MemoryAccess { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH } MemoryAccess;

static inline unsigned tlb_index(LinearAddr linear)
{
    return linear >> 12 & (TLB_SIZE - 1);
}

static inline TlbEntry *tlb_at(Tlb *tlb, LinearAddr linear)
{
    return &tlb->entry[tlb_index(linear)];
}

static inline TlbCold *tlb_cold_at(Tlb *tlb, LinearAddr linear)
{
    return &tlb->cold[tlb_index(linear)];
}

/* ---- paging.c ---- */

/* `tlb` is all zeros. */
void tlb_init(Tlb *tlb);
/* Flushes every entry.  Every block looks for its successor again. */
void tlb_flush(Cpu *cpu);
void tlb_flush_page(Cpu *cpu, LinearAddr linear);
/* The page has become a page of code. */
void tlb_mark_code(Cpu *cpu, PhysAddr physical);
/* The entry that translates `linear`. Walks the tables if necessary. */
TlbEntry *tlb_entry(Cpu *cpu, LinearAddr linear, MemoryAccess access, Rights rights);
/* Loads the PDPTEs at CR3.  Returns false if one has a reserved bit set. */
bool paging_load_pdptes(Cpu *cpu, uint64_t pdpte[4]);

uint64_t physical_read(Cpu *cpu, PhysAddr address, unsigned size);
void physical_write(Cpu *cpu, PhysAddr address, unsigned size, uint64_t value);

/* ---- access.c: the slow half of access.h ---- */

uint64_t mem_read_slow(Cpu *cpu, const Insn *insn, LinearAddr linear, unsigned size);
void mem_write_slow(Cpu *cpu, const Insn *insn, LinearAddr linear, unsigned size, uint64_t value);
uint64_t mem_read_outside(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset,
                          unsigned size);
void mem_write_outside(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset, unsigned size,
                       uint64_t value);
void *mem_rmw_slow(Cpu *cpu, const Insn *insn, unsigned segment, uint32_t offset, unsigned size);
void mem_rmw_commit(Cpu *cpu);
/* The same for 64-bit code.  The segment only determines which exception is raised. */
uint64_t mem_read_wide(Cpu *cpu, const Insn *insn, unsigned segment, LinearAddr linear,
                       unsigned size);
void mem_write_wide(Cpu *cpu, const Insn *insn, unsigned segment, LinearAddr linear, unsigned size,
                    uint64_t value);
void *mem_rmw_wide(Cpu *cpu, const Insn *insn, unsigned segment, LinearAddr linear, unsigned size);
void mem_probe_write_wide(Cpu *cpu, unsigned segment, LinearAddr linear, unsigned size,
                          unsigned count);
/* Raises #SS or #GP unless the access is within the segment and its rights allow it. */
LinearAddr segment_check(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size,
                         MemoryAccess access);
/* Raises what a write of `count` items of `size` bytes would raise. */
void mem_probe_write(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size, unsigned count);

/* At linear addresses, with the given rights. */
uint64_t linear_read(Cpu *cpu, LinearAddr linear, unsigned size, Rights rights);
void linear_write(Cpu *cpu, LinearAddr linear, unsigned size, uint64_t value, Rights rights);
void linear_probe(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access, Rights rights);
/* Checks alignment and data breakpoints, if Cpu.checks requires any of them. */
void linear_check(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access);

#endif
