/*
 * The slow half of data accesses: segment limits and rights, alignment checks,
 * data breakpoints, page crossings, pages of code, ROM, and the bus.
 */
#include "src/accel/soft/x86/access.h"

#include "src/accel/soft/interp/patch.h"

/* ---- segments ----------------------------------------------------------- */

static bool segment_allows(const Cpu *cpu, const Segment *s, MemoryAccess access)
{
    if (s->attributes & CPU_SEGMENT_UNUSABLE) {
        return false;
    }
    if (!cpu_protected(cpu)) {
        return true;
    }
    bool code = s->attributes & 8, bit1 = s->attributes & 2;
    return access == ACCESS_READ ? !code || bit1 : !code && bit1;
}

uint32_t segment_check(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size,
                       MemoryAccess access)
{
    const Segment *s = &cpu->segment[segment];

    if (!segment_allows(cpu, s, access) || !segment_holds(s, offset, size)) {
        cpu_raise_error(cpu, segment == CPU_SS ? VECTOR_SS : VECTOR_GP, cpu->external);
    }
    return s->base + offset;
}

/* ---- linear addresses --------------------------------------------------- */

static bool crosses_page(uint32_t linear, unsigned size)
{
    return (linear & ~PAGE_MASK) + size > PAGE_SIZE;
}

static inline uint32_t load(const void *host, unsigned size)
{
    return size == 4   ? *(const mem32 *)host
           : size == 2 ? *(const mem16 *)host
                       : *(const mem8 *)host;
}

static inline void store(void *host, unsigned size, uint32_t value)
{
    if (size == 4) {
        *(mem32 *)host = value;
    } else if (size == 2) {
        *(mem16 *)host = (uint16_t)value;
    } else {
        *(mem8 *)host = (uint8_t)value;
    }
}

/* Whether blocks were made of any of the bytes; true if in doubt. */
static inline bool may_be_code(const CodePage *page, uint32_t linear, unsigned size)
{
    uint32_t at = linear & ~PAGE_MASK, bit = at & 63;

    return bit + size > 64 || page->bytes[at >> 6] >> bit & ((1u << size) - 1);
}

static uint32_t read_in_page(Cpu *cpu, uint32_t linear, unsigned size, bool user)
{
    const TlbEntry *entry = tlb_entry(cpu, linear, ACCESS_READ, user);

    if (entry->read_tag & TLB_BUS) {
        return (uint32_t)physical_read(cpu, entry->physical | (linear & ~PAGE_MASK), size);
    }
    return load((const void *)(entry->addend + linear), size);
}

static void write_in_page(Cpu *cpu, uint32_t linear, unsigned size, uint32_t value, bool user)
{
    const TlbEntry *entry = tlb_entry(cpu, linear, ACCESS_WRITE, user);
    uint64_t physical = entry->physical | (linear & ~PAGE_MASK);

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
        code_written(*entry->code, physical, host, size, cpu->current);
    }
}

void linear_probe(Cpu *cpu, uint32_t linear, unsigned size, MemoryAccess access, bool user)
{
    tlb_entry(cpu, linear, access, user);
    if (crosses_page(linear, size)) {
        tlb_entry(cpu, (linear + size - 1) & PAGE_MASK, access, user);
    }
}

uint32_t linear_read(Cpu *cpu, uint32_t linear, unsigned size, bool user)
{
    uint32_t value = 0;

    if (!crosses_page(linear, size)) {
        return read_in_page(cpu, linear, size, user);
    }
    linear_probe(cpu, linear, size, ACCESS_READ, user);
    for (unsigned i = 0; i < size; i++) {
        value |= read_in_page(cpu, linear + i, 1, user) << i * 8;
    }
    return value;
}

void linear_write(Cpu *cpu, uint32_t linear, unsigned size, uint32_t value, bool user)
{
    if (!crosses_page(linear, size)) {
        write_in_page(cpu, linear, size, value, user);
        return;
    }
    linear_probe(cpu, linear, size, ACCESS_WRITE, user);
    for (unsigned i = 0; i < size; i++) {
        write_in_page(cpu, linear + i, 1, value >> i * 8 & 0xff, user);
    }
}

/* ---- checks that are rarely on ------------------------------------------ */

/* DR7: length and condition of breakpoint `n`. */
static bool breakpoint_hit(const Cpu *cpu, unsigned n, uint32_t linear, unsigned size,
                           MemoryAccess access)
{
    unsigned control = cpu->dr[7] >> (16 + n * 4) & 0xf, condition = control & 3;
    unsigned length = (control >> 2) == 2 ? 8 : (control >> 2) + 1;
    uint32_t start = cpu->dr[n] & ~(length - 1);

    if (!(cpu->dr[7] >> n * 2 & 3) || !(condition & 1)) {
        return false;
    }
    if (condition == 1 && access == ACCESS_READ) {
        return false;
    }
    return linear - start < length || start - linear < size;
}

void linear_check(Cpu *cpu, uint32_t linear, unsigned size, MemoryAccess access)
{
    if (cpu->checks & CHECK_ALIGNMENT && linear & (size - 1)) {
        cpu_raise_error(cpu, VECTOR_AC, 0);
    }
    if (!(cpu->checks & CHECK_BREAKPOINTS)) {
        return;
    }
    linear_probe(cpu, linear, size, access, cpu->cpl == 3);
    for (unsigned n = 0; n < 4; n++) {
        if (breakpoint_hit(cpu, n, linear, size, access)) {
            cpu->debug_pending |= 1u << n;
        }
    }
}

/* ---- what access.h falls back to ---------------------------------------- */

__attribute__((noinline)) uint32_t mem_read_slow(Cpu *cpu, const Insn *insn, uint32_t linear,
                                                 unsigned size)
{
    cpu->current = insn;
    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_READ);
    }
    return linear_read(cpu, linear, size, cpu->cpl == 3);
}

__attribute__((noinline)) void mem_write_slow(Cpu *cpu, const Insn *insn, uint32_t linear,
                                              unsigned size, uint32_t value)
{
    const TlbEntry *entry = tlb_at(cpu->tlb, linear);

    /* Data on a page of code. */
    if (((linear + size - 1) & PAGE_MASK) == (entry->write_tag ^ TLB_CODE)) {
        uint8_t *host = (uint8_t *)(entry->addend + linear);

        store(host, size, value);
        CodePage *page = *entry->code;
        if (may_be_code(page, linear, size) &&
            !patch_again(&page->patched, linear, host, size, insn)) {
            code_written(page, entry->physical | (linear & ~PAGE_MASK), host, size, insn);
        }
        return;
    }
    cpu->current = insn;
    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_WRITE);
    }
    linear_write(cpu, linear, size, value, cpu->cpl == 3);
}

__attribute__((noinline)) uint32_t mem_read_outside(Cpu *cpu, const Insn *insn, unsigned segment,
                                                    uint32_t offset, unsigned size)
{
    cpu->current = insn;
    return mem_read_slow(cpu, insn, segment_check(cpu, segment, offset, size, ACCESS_READ), size);
}

__attribute__((noinline)) void mem_write_outside(Cpu *cpu, const Insn *insn, unsigned segment,
                                                 uint32_t offset, unsigned size, uint32_t value)
{
    cpu->current = insn;
    mem_write_slow(cpu, insn, segment_check(cpu, segment, offset, size, ACCESS_WRITE), size, value);
}

__attribute__((noinline)) void *mem_rmw_slow(Cpu *cpu, const Insn *insn, unsigned segment,
                                             uint32_t offset, unsigned size)
{
    bool user = cpu->cpl == 3;

    cpu->current = insn;
    uint32_t linear = segment_check(cpu, segment, offset, size, ACCESS_WRITE);
    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_WRITE);
    }
    linear_probe(cpu, linear, size, ACCESS_WRITE, user);
    cpu->rmw.linear = linear;
    cpu->rmw.size = (uint8_t)size;
    cpu->rmw.value = linear_read(cpu, linear, size, user);
    return &cpu->rmw.value;
}

__attribute__((noinline)) void mem_rmw_commit(Cpu *cpu)
{
    linear_write(cpu, cpu->rmw.linear, cpu->rmw.size, (uint32_t)cpu->rmw.value, cpu->cpl == 3);
}

void mem_probe_write(Cpu *cpu, unsigned segment, uint32_t offset, unsigned size, unsigned count)
{
    uint32_t linear = segment_check(cpu, segment, offset, size * count, ACCESS_WRITE);

    if (cpu->checks) {
        linear_check(cpu, linear, size, ACCESS_WRITE);
    }
    linear_probe(cpu, linear, size * count, ACCESS_WRITE, cpu->cpl == 3);
}
