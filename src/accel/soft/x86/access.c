/*
 * The slow path of data accesses: segment limits and rights, alignment checks, data
 * breakpoints, accesses across pages, pages of code, ROM, and the bus.
 */
#include "src/accel/soft/x86/access.h"
#include "src/accel/soft/x86/debug.h"

#include "src/accel/soft/interp/patch.h"

/* ---- segments ---- */

static bool segment_allows(const Cpu *cpu, const Segment *s, MemoryAccess access)
{
    if (s->attributes & SEGMENT_UNUSABLE) {
        return false;
    }
    if (!cpu_protected(cpu)) {
        return true;
    }
    bool code = s->attributes & 8, bit1 = s->attributes & 2;
    return access == ACCESS_READ ? !code || bit1 : !code && bit1;
}

LinearAddr segment_check(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size,
                         MemoryAccess access)
{
    const Segment *s = &cpu->segment[segment];

    if (!segment_allows(cpu, s, access) || !segment_holds(s, offset, size)) {
        cpu_raise_error(cpu, segment == CPU_SS ? VECTOR_SS : VECTOR_GP, cpu->external);
    }
    return (uint32_t)(s->base + offset);
}

/* ---- linear addresses ---- */

static bool crosses_page(LinearAddr linear, unsigned size)
{
    return (linear & ~PAGE_MASK) + size > PAGE_SIZE;
}

static inline uint64_t load(const void *host, unsigned size)
{
    return size == 8   ? *(const mem64 *)host
           : size == 4 ? *(const mem32 *)host
           : size == 2 ? *(const mem16 *)host
                       : *(const mem8 *)host;
}

static inline void store(void *host, unsigned size, uint64_t value)
{
    if (size == 8) {
        *(mem64 *)host = value;
    } else if (size == 4) {
        *(mem32 *)host = (uint32_t)value;
    } else if (size == 2) {
        *(mem16 *)host = (uint16_t)value;
    } else {
        *(mem8 *)host = (uint8_t)value;
    }
}

/* Whether any of the bytes belongs to a block.  Returns true if in doubt. */
static inline bool may_be_code(const CodePage *page, LinearAddr linear, unsigned size)
{
    unsigned at = linear & ~PAGE_MASK, bit = at & 63;

    return bit + size > 64 || page->bytes[at >> 6] >> bit & ((1u << size) - 1);
}

/* The physical address of a linear address that tlb_entry() has translated. */
static inline PhysAddr physical_of(Cpu *cpu, LinearAddr linear, Rights rights)
{
    return tlb_cold_at(&cpu->tlbs[rights], linear)->physical | (linear & ~PAGE_MASK);
}

static uint64_t read_in_page(Cpu *cpu, LinearAddr linear, unsigned size, Rights rights)
{
    const TlbEntry *entry = tlb_entry(cpu, linear, ACCESS_READ, rights);

    if (unlikely(entry->read_tag & TLB_WATCH)) {
        debug_access(cpu, linear, size, ACCESS_READ);
    }
    if (entry->read_tag & TLB_BUS) {
        return physical_read(cpu, physical_of(cpu, linear, rights), size);
    }
    return load((const void *)(entry->addend + linear), size);
}

static void write_in_page(Cpu *cpu, LinearAddr linear, unsigned size, uint64_t value, Rights rights)
{
    const TlbEntry *entry = tlb_entry(cpu, linear, ACCESS_WRITE, rights);
    PhysAddr physical = physical_of(cpu, linear, rights);

    if (unlikely(entry->write_tag & TLB_WATCH)) {
        debug_access(cpu, linear, size, ACCESS_WRITE);
    }
    if (entry->write_tag & TLB_BUS) {
        physical_write(cpu, physical, size, value);
        return;
    }
    if (entry->write_tag & TLB_ROM) {
        return;
    }
    uint8_t *host = (uint8_t *)(entry->addend + linear);
    store(host, size, value);
    if (entry->write_tag & TLB_CODE) {
        CodePage *page = *tlb_cold_at(&cpu->tlbs[rights], linear)->code;

        code_written(cpu_accel(cpu), page, physical, host, size, cpu->current);
    }
}

void linear_probe(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access, Rights rights)
{
    linear = linear_wrap(cpu, linear);
    tlb_entry(cpu, linear, access, rights);
    if (crosses_page(linear, size)) {
        tlb_entry(cpu, linear_wrap(cpu, linear + size - 1) & PAGE_MASK, access, rights);
    }
}

uint64_t linear_read(Cpu *cpu, LinearAddr linear, unsigned size, Rights rights)
{
    uint64_t value = 0;

    linear = linear_wrap(cpu, linear);
    if (!crosses_page(linear, size)) {
        return read_in_page(cpu, linear, size, rights);
    }
    linear_probe(cpu, linear, size, ACCESS_READ, rights);
    for (unsigned i = 0; i < size; i++) {
        value |= read_in_page(cpu, linear_wrap(cpu, linear + i), 1, rights) << i * 8;
    }
    return value;
}

void linear_write(Cpu *cpu, LinearAddr linear, unsigned size, uint64_t value, Rights rights)
{
    linear = linear_wrap(cpu, linear);
    if (!crosses_page(linear, size)) {
        write_in_page(cpu, linear, size, value, rights);
        return;
    }
    linear_probe(cpu, linear, size, ACCESS_WRITE, rights);
    for (unsigned i = 0; i < size; i++) {
        write_in_page(cpu, linear_wrap(cpu, linear + i), 1, value >> i * 8 & 0xff, rights);
    }
}

/* ---- checks that are rarely on ---- */

/* The length and condition of breakpoint `n` in DR7. */
static bool breakpoint_hit(const Cpu *cpu, unsigned n, LinearAddr linear, unsigned size,
                           MemoryAccess access)
{
    unsigned control = cpu->dr[7] >> (16 + n * 4) & 0xf, condition = control & 3;
    unsigned length = (control >> 2) == 2 ? 8 : (control >> 2) + 1;
    LinearAddr start = cpu->dr[n] & ~(LinearAddr)(length - 1);

    if (!(cpu->dr[7] >> n * 2 & 3) || !(condition & 1)) {
        return false;
    }
    if (condition == 1 && access == ACCESS_READ) {
        return false;
    }
    return linear - start < length || start - linear < size;
}

void linear_check(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access)
{
    if (cpu->checks & CHECK_ALIGNMENT && linear & (size - 1)) {
        cpu_raise_error(cpu, VECTOR_AC, 0);
    }
    if (!(cpu->checks & CHECK_BREAKPOINTS)) {
        return;
    }
    linear_probe(cpu, linear, size, access, cpu_rights(cpu));
    for (unsigned n = 0; n < 4; n++) {
        if (breakpoint_hit(cpu, n, linear, size, access)) {
            cpu->debug_pending |= 1u << n;
        }
    }
}

/* ---- what access.h falls back to ---- */

__attribute__((noinline)) uint64_t mem_read_slow(Cpu *cpu, const Insn *insn, LinearAddr linear,
                                                 unsigned size)
{
    cpu->current = insn;
    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_READ);
    }
    return linear_read(cpu, linear, size, cpu_rights(cpu));
}

/* Writes data on a page of code.  Returns false if this access needs more than that. */
static inline bool write_beside_code(Cpu *cpu, const Insn *insn, LinearAddr linear, unsigned size,
                                     uint64_t value)
{
    const TlbEntry *entry = tlb_at(cpu->tlb, linear);

    if (((linear + size - 1) & PAGE_MASK) != (entry->write_tag ^ TLB_CODE)) {
        return false;
    }
    const TlbCold *cold = tlb_cold_at(cpu->tlb, linear);
    CodePage *page = *cold->code;
    uint8_t *host = (uint8_t *)(entry->addend + linear);

    store(host, size, value);
    if (unlikely(++page->data_writes % CODE_PAGE_DATA_WRITES == 0)) {
        block_writes_beside_code(cpu, insn);
    }
    if (may_be_code(page, linear, size) && !patch_again(&page->patched, linear, host, size, insn)) {
        code_written(cpu_accel(cpu), page, cold->physical | (linear & ~PAGE_MASK), host, size,
                     insn);
    }
    return true;
}

__attribute__((noinline)) void mem_write_slow(Cpu *cpu, const Insn *insn, LinearAddr linear,
                                              unsigned size, uint64_t value)
{
    if (write_beside_code(cpu, insn, linear, size, value)) {
        return;
    }
    cpu->current = insn;
    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_WRITE);
    }
    linear_write(cpu, linear, size, value, cpu_rights(cpu));
}

__attribute__((noinline)) uint64_t mem_read_outside(Cpu *cpu, const Insn *insn, unsigned segment,
                                                    uint32_t offset, unsigned size)
{
    cpu->current = insn;
    return mem_read_slow(cpu, insn, segment_check(cpu, segment, offset, size, ACCESS_READ), size);
}

__attribute__((noinline)) void mem_write_outside(Cpu *cpu, const Insn *insn, unsigned segment,
                                                 uint32_t offset, unsigned size, uint64_t value)
{
    cpu->current = insn;
    mem_write_slow(cpu, insn, segment_check(cpu, segment, offset, size, ACCESS_WRITE), size, value);
}

static void *begin_rmw(Cpu *cpu, LinearAddr linear, unsigned size)
{
    Rights rights = cpu_rights(cpu);

    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_WRITE);
    }
    linear_probe(cpu, linear, size, ACCESS_WRITE, rights);
    cpu->rmw.linear = linear;
    cpu->rmw.size = (uint8_t)size;
    cpu->rmw.value = linear_read(cpu, linear, size, rights);
    return &cpu->rmw.value;
}

__attribute__((noinline)) void *mem_rmw_slow(Cpu *cpu, const Insn *insn, unsigned segment,
                                             uint32_t offset, unsigned size)
{
    cpu->current = insn;
    return begin_rmw(cpu, segment_check(cpu, segment, offset, size, ACCESS_WRITE), size);
}

__attribute__((noinline)) void mem_rmw_commit(Cpu *cpu)
{
    linear_write(cpu, cpu->rmw.linear, cpu->rmw.size, cpu->rmw.value, cpu_rights(cpu));
}

void mem_probe_write(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size, unsigned count)
{
    LinearAddr linear = segment_check(cpu, segment, offset, size * count, ACCESS_WRITE);

    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_WRITE);
    }
    linear_probe(cpu, linear, size * count, ACCESS_WRITE, cpu_rights(cpu));
}

/* ---- the same in 64-bit code ---- */

static void need_canonical(Cpu *cpu, unsigned segment, LinearAddr linear, unsigned size)
{
    if (unlikely(!linear_is_canonical(linear) || !linear_is_canonical(linear + size - 1))) {
        cpu_raise_error(cpu, segment == CPU_SS ? VECTOR_SS : VECTOR_GP, 0);
    }
}

__attribute__((noinline)) uint64_t mem_read_wide(Cpu *cpu, const Insn *insn, unsigned segment,
                                                 LinearAddr linear, unsigned size)
{
    cpu->current = insn;
    need_canonical(cpu, segment, linear, size);
    return mem_read_slow(cpu, insn, linear, size);
}

__attribute__((noinline)) void mem_write_wide(Cpu *cpu, const Insn *insn, unsigned segment,
                                              LinearAddr linear, unsigned size, uint64_t value)
{
    if (write_beside_code(cpu, insn, linear, size, value)) {
        return;
    }
    cpu->current = insn;
    need_canonical(cpu, segment, linear, size);
    mem_write_slow(cpu, insn, linear, size, value);
}

__attribute__((noinline)) void *mem_rmw_wide(Cpu *cpu, const Insn *insn, unsigned segment,
                                             LinearAddr linear, unsigned size)
{
    cpu->current = insn;
    need_canonical(cpu, segment, linear, size);
    return begin_rmw(cpu, linear, size);
}

void mem_probe_write_wide(Cpu *cpu, unsigned segment, LinearAddr linear, unsigned size,
                          unsigned count)
{
    need_canonical(cpu, segment, linear, size * count);
    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_WRITE);
    }
    linear_probe(cpu, linear, size * count, ACCESS_WRITE, cpu_rights(cpu));
}
