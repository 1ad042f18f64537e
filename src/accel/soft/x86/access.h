/*
 * The fast path of data accesses: one comparison for the segment, one for the
 * translation, then the access to the host's memory.  Accesses that fail a
 * comparison go to access.c, which raises a fault, walks the page tables or
 * accesses the bus.
 *
 * A file of handlers is compiled twice: with INTERP_WIDE 0 for 16-bit and 32-bit
 * code, and with 1 for 64-bit code.  EffAddr is an offset in a segment and has 32
 * or 64 bits. 64-bit code has no limits to compare, and only FS and GS have a base.
 * reg_put32() writes a 32-bit result, which in 64-bit code clears the upper half of
 * the register.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_ACCESS_H
#define PIOEMU_ACCEL_SOFT_X86_ACCESS_H

#include "src/accel/soft/x86/cpu.h"

#ifndef INTERP_WIDE
#define INTERP_WIDE 0
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef unsigned __int128 u128;
typedef __int128 i128;

#if INTERP_WIDE
typedef u64 EffAddr;
#else
typedef u32 EffAddr;
#endif

/* Types for guest memory, which has no alignment. */
typedef uint8_t __attribute__((aligned(1), may_alias)) mem8;
typedef uint16_t __attribute__((aligned(1), may_alias)) mem16;
typedef uint32_t __attribute__((aligned(1), may_alias)) mem32;
typedef uint64_t __attribute__((aligned(1), may_alias)) mem64;

static inline u8 *reg8(Cpu *cpu, unsigned offset)
{
    return (u8 *)cpu->gpr + offset;
}

static inline u16 *reg16(Cpu *cpu, unsigned offset)
{
    return (u16 *)((u8 *)cpu->gpr + offset);
}

static inline u32 *reg32(Cpu *cpu, unsigned offset)
{
    return (u32 *)((u8 *)cpu->gpr + offset);
}

static inline u64 *reg64(Cpu *cpu, unsigned offset)
{
    return (u64 *)((u8 *)cpu->gpr + offset);
}

static inline void reg_put8(Cpu *cpu, unsigned offset, u8 value)
{
    *reg8(cpu, offset) = value;
}

static inline void reg_put16(Cpu *cpu, unsigned offset, u16 value)
{
    *reg16(cpu, offset) = value;
}

static inline void reg_put32(Cpu *cpu, unsigned offset, u32 value)
{
#if INTERP_WIDE
    *reg64(cpu, offset) = value;
#else
    *reg32(cpu, offset) = value;
#endif
}

static inline void reg_put64(Cpu *cpu, unsigned offset, u64 value)
{
    *reg64(cpu, offset) = value;
}

/* The immediate operand, as wide as the instruction's operands. */
static inline u8 imm8(const Insn *insn)
{
    return (u8)insn->imm;
}

static inline u16 imm16(const Insn *insn)
{
    return (u16)insn->imm;
}

static inline u32 imm32(const Insn *insn)
{
    return insn->imm;
}

static inline u64 imm64(const Insn *insn)
{
    return (u64)(i32)insn->imm;
}

/* A general register, by its number. */
#define GPR(cpu, n)   (*(u32 *)&(cpu)->gpr[n])
#define GPR16(cpu, n) (*(u16 *)&(cpu)->gpr[n])
#define GPR8(cpu, n)  (*(u8 *)&(cpu)->gpr[n])
#define GPR64(cpu, n) ((cpu)->gpr[n])
/* The same, as wide as an address. */
#if INTERP_WIDE
#define GPR_ADDRESS(cpu, n) GPR64(cpu, n)
#else
#define GPR_ADDRESS(cpu, n) GPR(cpu, n)
#endif
#define GPR_PUT32(cpu, n, value) reg_put32(cpu, REG_OFFSET(n), value)

/* ---- addresses ---- */

#if INTERP_WIDE
#include "src/accel/soft/x86/access_wide.h"
#else
#include "src/accel/soft/x86/access_narrow.h"
#endif

/* The offset `by` bytes after another, cut to the address size. */
static inline EffAddr offset_behind(const Insn *insn, EffAddr offset, EffAddr by)
{
    return (offset + by) & insn_mask(insn);
}

#define DEFINE_OPERAND(N)                                                                          \
    static inline u##N operand_read##N(Cpu *cpu, const Insn *insn)                                 \
    {                                                                                              \
        return mem_read##N(cpu, insn, insn->segment, insn_address(cpu, insn));                     \
    }                                                                                              \
    static inline void operand_write##N(Cpu *cpu, const Insn *insn, u##N value)                    \
    {                                                                                              \
        mem_write##N(cpu, insn, insn->segment, insn_address(cpu, insn), value);                    \
    }                                                                                              \
    static inline mem##N *operand_rmw##N(Cpu *cpu, const Insn *insn)                               \
    {                                                                                              \
        return mem_rmw##N(cpu, insn, insn->segment, insn_address(cpu, insn));                      \
    }

DEFINE_OPERAND(8)
DEFINE_OPERAND(16)
DEFINE_OPERAND(32)
DEFINE_OPERAND(64)
#undef DEFINE_OPERAND

static inline void mem_rmw_done(Cpu *cpu, void *place)
{
    if (unlikely(place == &cpu->rmw.value)) {
        mem_rmw_commit(cpu);
    }
}

/* ---- the stack ---- */

#define DEFINE_STACK(N)                                                                            \
    static inline void push##N(Cpu *cpu, const Insn *insn, u##N value)                             \
    {                                                                                              \
        EffAddr offset = stack_offset(cpu, (EffAddr) - (N / 8));                                   \
                                                                                                   \
        mem_write##N(cpu, insn, CPU_SS, offset, value);                                            \
        stack_set_pointer(cpu, offset);                                                            \
    }                                                                                              \
    /* Reads without moving the pointer, which the caller does after its last access. */           \
    static inline u##N stack_top##N(Cpu *cpu, const Insn *insn)                                    \
    {                                                                                              \
        return mem_read##N(cpu, insn, CPU_SS, stack_offset(cpu, 0));                               \
    }

DEFINE_STACK(16)
DEFINE_STACK(32)
DEFINE_STACK(64)
#undef DEFINE_STACK

/* With supervisor rights, for descriptor tables and the TSS. */
static inline uint64_t system_read(Cpu *cpu, LinearAddr linear, unsigned size)
{
    const TlbEntry *e = tlb_at(&cpu->tlbs[RIGHTS_SYSTEM], linear);

    if (likely(((linear + size - 1) & PAGE_MASK) == e->read_tag)) {
        const void *host = (const void *)(e->addend + linear);

        return size == 8   ? *(const mem64 *)host
               : size == 4 ? *(const mem32 *)host
               : size == 2 ? *(const mem16 *)host
                           : *(const mem8 *)host;
    }
    return linear_read(cpu, linear, size, RIGHTS_SYSTEM);
}

/* The same for the 8 bytes of a descriptor or gate. */
static inline uint64_t system_read_descriptor(Cpu *cpu, LinearAddr linear)
{
    return system_read(cpu, linear, 8);
}

#endif
