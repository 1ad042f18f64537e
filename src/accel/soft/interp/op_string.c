/*
 * MOVS CMPS STOS LODS SCAS and their repetition.
 *
 * The index and count registers are written after each item, so after a fault in
 * the middle the instruction restarts where it stopped.  Runs of MOVS and STOS
 * within a page access the host's memory directly.
 *
 * A repetition runs in steps.  Each step counts as an instruction.  Between two
 * steps the repetition may pause, with EIP at the instruction itself.  A step of an
 * upward MOVS or STOS has up to 64 bytes and ends where the number of bytes left is
 * a multiple of 64.  All other repetitions have a step for each item.  The steps,
 * and the time at each of them, therefore depend on the registers alone.  It makes
 * no difference to the guest where a slice of the run loop cuts a repetition.
 */
#include "src/accel/soft/interp/handlers.h"

#include <string.h>

/* The size of a step of upward MOVS and STOS. */
#define REP_STEP_BYTES 64u
/* In other repetitions: how many items pass between two checks for a pause. */
#define REP_BURST 1024u

static inline EffAddr string_offset(Cpu *cpu, const Insn *insn, unsigned reg)
{
    return GPR_ADDRESS(cpu, reg) & insn_mask(insn);
}

/*
 * In 64-bit code a 32-bit register is extended with zeros.  In other code the upper
 * bits stay unchanged.
 */
static inline void string_advance(Cpu *cpu, const Insn *insn, unsigned reg, EffAddr delta)
{
#if INTERP_WIDE
    GPR64(cpu, reg) = (GPR64(cpu, reg) + delta) & insn_mask(insn);
#else
    u32 mask = insn->address_mask;

    GPR(cpu, reg) = (GPR(cpu, reg) & ~mask) | ((GPR(cpu, reg) + delta) & mask);
#endif
}

static inline EffAddr string_delta(const Cpu *cpu, u32 size)
{
    return cpu->eflags & CPU_FLAG_DF ? -(EffAddr)size : size;
}

/* How much memory there is from an offset on, limited by the segment and by the address size. */
static inline u64 string_room(const Cpu *cpu G_GNUC_UNUSED, const Insn *insn G_GNUC_UNUSED,
                              unsigned segment G_GNUC_UNUSED, EffAddr offset G_GNUC_UNUSED,
                              MemoryAccess access G_GNUC_UNUSED)
{
#if INTERP_WIDE
    return insn_mask(insn) - offset;
#else
    const Segment *s = &cpu->segment[segment];
    u64 end = access == ACCESS_WRITE ? s->write_end : s->read_end;

    return end <= offset ? 0 : MIN((u64)insn->address_mask + 1, end) - offset;
#endif
}

static inline LinearAddr string_linear(const Cpu *cpu, unsigned segment, EffAddr offset)
{
#if INTERP_WIDE
    return segment_base(cpu, segment) + offset;
#else
    return (u32)cpu->segment[segment].base + offset;
#endif
}

/*
 * How many consecutive items of `size` bytes, from segment:offset upwards, lie in
 * host memory, at most `count`. 0 if the first one needs the slow path.
 */
static u32 string_span(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset,
                       MemoryAccess access, u32 size, EffAddr count, u8 **host)
{
    LinearAddr linear =
        string_linear(cpu, segment, offset) & (INTERP_WIDE ? UINT64_MAX : UINT32_MAX);
    const TlbEntry *e = tlb_at(cpu->tlb, linear);
    u64 room = string_room(cpu, insn, segment, offset, access);

    if ((linear & PAGE_MASK) != (access == ACCESS_WRITE ? e->write_tag : e->read_tag) || !room) {
        return 0;
    }
    room = MIN(room, PAGE_SIZE - (linear & ~PAGE_MASK));
    *host = (u8 *)(e->addend + linear);
    return (u32)MIN(count, room / size);
}

/* ---- one item ---- */

#define DEFINE_STEPS(N)                                                                            \
    static inline void movs##N(Cpu *cpu, const Insn *insn)                                         \
    {                                                                                              \
        u##N value = mem_read##N(cpu, insn, insn->segment, string_offset(cpu, insn, CPU_SI));      \
                                                                                                   \
        mem_write##N(cpu, insn, CPU_ES, string_offset(cpu, insn, CPU_DI), value);                  \
        string_advance(cpu, insn, CPU_SI, string_delta(cpu, N / 8));                               \
        string_advance(cpu, insn, CPU_DI, string_delta(cpu, N / 8));                               \
    }                                                                                              \
    static inline void stos##N(Cpu *cpu, const Insn *insn)                                         \
    {                                                                                              \
        mem_write##N(cpu, insn, CPU_ES, string_offset(cpu, insn, CPU_DI), *reg##N(cpu, CPU_AX));   \
        string_advance(cpu, insn, CPU_DI, string_delta(cpu, N / 8));                               \
    }                                                                                              \
    static inline void lods##N(Cpu *cpu, const Insn *insn)                                         \
    {                                                                                              \
        reg_put##N(cpu, CPU_AX,                                                                    \
                   mem_read##N(cpu, insn, insn->segment, string_offset(cpu, insn, CPU_SI)));       \
        string_advance(cpu, insn, CPU_SI, string_delta(cpu, N / 8));                               \
    }                                                                                              \
    static inline void compare##N(Cpu *cpu, u##N a, u##N b)                                        \
    {                                                                                              \
        flags_difference##N(cpu, a, b, (u64)a - b);                                                \
    }                                                                                              \
    /* Reads the two operands.  The caller sets the flags. */                                      \
    static inline void cmps##N##_operands(Cpu *cpu, const Insn *insn, u##N *a, u##N *b)            \
    {                                                                                              \
        *b = mem_read##N(cpu, insn, CPU_ES, string_offset(cpu, insn, CPU_DI));                     \
        *a = mem_read##N(cpu, insn, insn->segment, string_offset(cpu, insn, CPU_SI));              \
        string_advance(cpu, insn, CPU_SI, string_delta(cpu, N / 8));                               \
        string_advance(cpu, insn, CPU_DI, string_delta(cpu, N / 8));                               \
    }                                                                                              \
    static inline void scas##N##_operands(Cpu *cpu, const Insn *insn, u##N *a, u##N *b)            \
    {                                                                                              \
        *b = mem_read##N(cpu, insn, CPU_ES, string_offset(cpu, insn, CPU_DI));                     \
        *a = *reg##N(cpu, CPU_AX);                                                                 \
        string_advance(cpu, insn, CPU_DI, string_delta(cpu, N / 8));                               \
    }

DEFINE_STEPS(8)
DEFINE_STEPS(16)
DEFINE_STEPS(32)
WIDE_ONLY(DEFINE_STEPS(64))

/* ---- many at once: how many were done, or 0 ---- */

/*
 * Copies items one after another, from lower to higher addresses.  If the places
 * overlap, the first `to - from` bytes are repeated, and each turn of the loop
 * doubles what has been repeated.  If even a single item overlaps with its copy,
 * each is read as a whole before it is written.
 */
static void copy_items(u8 *to, const u8 *from, u32 size, u32 count)
{
    size_t bytes = (size_t)size * count, distance = (size_t)(to - from);

    if (to <= from || distance >= bytes) {
        memmove(to, from, bytes);
        return;
    }
    if (distance < size) {
        for (size_t i = 0; i < bytes; i += size) {
            memmove(to + i, from + i, size);
        }
        return;
    }
    for (size_t done = 0, more; done < bytes; done += more) {
        more = MIN(bytes - done, distance + done);
        memcpy(to + done, from, more);
    }
}

static u32 movs_run(Cpu *cpu, const Insn *insn, u32 size, EffAddr most)
{
    u8 *from, *to;
    u32 count;

    if (cpu->eflags & CPU_FLAG_DF) {
        return 0;
    }
    count = string_span(cpu, insn, insn->segment, string_offset(cpu, insn, CPU_SI), ACCESS_READ,
                        size, most, &from);
    count = count ? string_span(cpu, insn, CPU_ES, string_offset(cpu, insn, CPU_DI), ACCESS_WRITE,
                                size, count, &to)
                  : 0;
    if (count) {
        copy_items(to, from, size, count);
        string_advance(cpu, insn, CPU_SI, count * size);
        string_advance(cpu, insn, CPU_DI, count * size);
    }
    return count;
}

static u32 stos_run(Cpu *cpu, const Insn *insn, u32 size, EffAddr most)
{
    u8 *to;

    if (cpu->eflags & CPU_FLAG_DF) {
        return 0;
    }
    u32 count = string_span(cpu, insn, CPU_ES, string_offset(cpu, insn, CPU_DI), ACCESS_WRITE, size,
                            most, &to);
    if (count) {
        memcpy(to, cpu->gpr, size);
        copy_items(to + size, to, size, count - 1);
        string_advance(cpu, insn, CPU_DI, count * size);
    }
    return count;
}

/* ---- repetition ---- */

static inline EffAddr rep_count(Cpu *cpu, const Insn *insn)
{
    return string_offset(cpu, insn, CPU_CX);
}

static inline void rep_done(Cpu *cpu, const Insn *insn, u32 items)
{
    string_advance(cpu, insn, CPU_CX, -(EffAddr)items);
}

/* Whether an item since the last call reached a device. */
static inline bool rep_reached_bus(Cpu *cpu)
{
    bool reached = cpu->reached_bus;

    cpu->reached_bus = false;
    return reached;
}

/*
 * Called after an item that is a step and not the last one.  Uses fuel for the next
 * item, or returns true if the repetition must pause.  A device may have changed
 * the condition for that.
 */
static inline bool rep_step_ends(Cpu *cpu, const Insn *insn, u32 *room)
{
    if (likely(cpu->fuel > 0 && --*room && !cpu->reached_bus && !cpu->single_step)) {
        cpu->fuel--;
        return false;
    }
    cpu_look_sooner(cpu, *room ? 1 : REP_BURST / 64);
    *room = REP_BURST;
    cpu->reached_bus = false;
    cpu->fuel--;
    if (!rep_pauses(cpu, insn)) {
        cpu_refuel(cpu);
        return false;
    }
    cpu->fuel++;
    return true;
}

/* How many items a step of MOVS or STOS has. */
static inline u32 rep_step_items(const Cpu *cpu, u32 size)
{
    return cpu->single_step || cpu->eflags & CPU_FLAG_DF ? 1 : REP_STEP_BYTES / size;
}

/* How many steps the items need.  `per_step` is a power of two. */
static inline EffAddr rep_steps(EffAddr items, u32 per_step)
{
    return items / per_step + (items % per_step != 0);
}

/*
 * How many items to process at once: up to the end of the step, or as many steps as
 * there is fuel for.  The conditions for a pause are checked only at the end of a
 * step.
 */
static inline EffAddr rep_room(const Cpu *cpu, EffAddr count, u32 per_step)
{
    /* A step has its trap or its breakpoint before the next one. */
    u64 steps = cpu->single_step ? 1 : 1 + (u64)MAX(cpu_fuel_left(cpu), 0);

    return count % per_step ? count % per_step : (EffAddr)MIN(count, steps * per_step);
}

/*
 * Processes items until the repetition finishes or must pause.  The fuel for the
 * first step is already used.  An item that reaches a device costs one instruction
 * more than its step.
 */
#define DEFINE_REP(name, N, run)                                                                   \
    static __attribute__((noinline)) bool rep_##name##N(Cpu *cpu, const Insn *insn)                \
    {                                                                                              \
        u32 per_step = rep_step_items(cpu, N / 8);                                                 \
        EffAddr count = rep_count(cpu, insn);                                                      \
                                                                                                   \
        if (!count) {                                                                              \
            return true;                                                                           \
        }                                                                                          \
        cpu->reached_bus = false;                                                                  \
        do {                                                                                       \
            u32 items = run(cpu, insn, N / 8, rep_room(cpu, count, per_step));                     \
                                                                                                   \
            if (!items) {                                                                          \
                name##N(cpu, insn);                                                                \
                items = 1;                                                                         \
            }                                                                                      \
            rep_done(cpu, insn, items);                                                            \
            cpu->fuel -= (i64)(rep_steps(count, per_step) - rep_steps(count - items, per_step));   \
            cpu->fuel -= rep_reached_bus(cpu);                                                     \
            cpu_look_sooner(cpu, 1);                                                               \
            count -= items;                                                                        \
        } while (count && (count % per_step || !rep_pauses(cpu, insn)));                           \
        cpu->fuel++;                                                                               \
        return count == 0;                                                                         \
    }

/* The same for instructions in which each item is a step. */
#define DEFINE_REP_LOAD(name, N)                                                                   \
    static __attribute__((noinline)) bool rep_##name##N(Cpu *cpu, const Insn *insn)                \
    {                                                                                              \
        EffAddr count = rep_count(cpu, insn);                                                      \
        u32 room = REP_BURST;                                                                      \
                                                                                                   \
        while (count) {                                                                            \
            name##N(cpu, insn);                                                                    \
            rep_done(cpu, insn, 1);                                                                \
            if (!--count) {                                                                        \
                return true;                                                                       \
            }                                                                                      \
            if (rep_step_ends(cpu, insn, &room)) {                                                 \
                return false;                                                                      \
            }                                                                                      \
        }                                                                                          \
        return true;                                                                               \
    }

/*
 * The same for CMPS and SCAS, which stop at a difference or a match.  The flags are
 * those of the last comparison and are set only after it.
 */
#define DEFINE_REP_COMPARE(name, N)                                                                \
    static __attribute__((noinline)) void name##N(Cpu *cpu, const Insn *insn)                      \
    {                                                                                              \
        u##N a, b;                                                                                 \
                                                                                                   \
        name##N##_operands(cpu, insn, &a, &b);                                                     \
        compare##N(cpu, a, b);                                                                     \
    }                                                                                              \
    static __attribute__((noinline)) bool rep_##name##N(Cpu *cpu, const Insn *insn)                \
    {                                                                                              \
        EffAddr count = rep_count(cpu, insn);                                                      \
        u32 room = REP_BURST;                                                                      \
        bool wanted = !(insn->prefix & INSN_REPNE);                                                \
        u##N a = 0, b = 0;                                                                         \
                                                                                                   \
        if (!count) {                                                                              \
            return true;                                                                           \
        }                                                                                          \
        for (;;) {                                                                                 \
            name##N##_operands(cpu, insn, &a, &b);                                                 \
            rep_done(cpu, insn, 1);                                                                \
            if ((a == b) != wanted || !--count) {                                                  \
                break;                                                                             \
            }                                                                                      \
            if (rep_step_ends(cpu, insn, &room)) {                                                 \
                return false;                                                                      \
            }                                                                                      \
        }                                                                                          \
        compare##N(cpu, a, b);                                                                     \
        return true;                                                                               \
    }

#define DEFINE_STRING_OP(name, N)                                                                  \
    OP(name##N)                                                                                    \
    {                                                                                              \
        name##N(cpu, insn);                                                                        \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(rep_##name##N)                                                                              \
    {                                                                                              \
        if (!rep_##name##N(cpu, insn)) {                                                           \
            return rep_leave(cpu, insn);                                                           \
        }                                                                                          \
        FINISH();                                                                                  \
    }

#define DEFINE_STRINGS(N)                                                                          \
    DEFINE_REP(movs, N, movs_run)                                                                  \
    DEFINE_REP(stos, N, stos_run)                                                                  \
    DEFINE_REP_LOAD(lods, N)                                                                       \
    DEFINE_REP_COMPARE(cmps, N)                                                                    \
    DEFINE_REP_COMPARE(scas, N)                                                                    \
    DEFINE_STRING_OP(movs, N)                                                                      \
    DEFINE_STRING_OP(stos, N)                                                                      \
    DEFINE_STRING_OP(lods, N)                                                                      \
    DEFINE_STRING_OP(cmps, N)                                                                      \
    DEFINE_STRING_OP(scas, N)

DEFINE_STRINGS(8)
DEFINE_STRINGS(16)
DEFINE_STRINGS(32)
WIDE_ONLY(DEFINE_STRINGS(64))
