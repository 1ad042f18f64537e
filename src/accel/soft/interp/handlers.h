/*
 * How handlers are written: the dispatch, the ends of blocks, and the
 * declarations of all handlers for the opcode map.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_HANDLERS_H
#define PIOEMU_ACCEL_SOFT_INTERP_HANDLERS_H

#include "src/accel/soft/x86/access.h"
#include "src/accel/soft/x86/flags.h"

/*
 * The build sets INTERP_TAIL.  With it, a handler calls the next one by a tail
 * call.  Without it, a handler returns to a loop that calls the next one.
 */
#if INTERP_TAIL && defined(__clang__)
#define INTERP_MUSTTAIL __attribute__((musttail))
#else
#define INTERP_MUSTTAIL
#endif

#if INTERP_TAIL
#define GOTO(insn_)                                                                                \
    do {                                                                                           \
        const Insn *goto_ = (insn_);                                                               \
        INTERP_MUSTTAIL return goto_->handler(cpu, goto_);                                         \
    } while (0)
#else
#define GOTO(insn_) return (insn_)
#endif

#define NEXT() GOTO(insn + 1)

/*
 * The name of a handler.  Each is compiled once for 16-bit and 32-bit code and
 * once for 64-bit code.
 */
#if INTERP_WIDE
#define OP_NAME(name) op64_##name
#else
#define OP_NAME(name) op_##name
#endif

/* For what only 64-bit code has. */
#if INTERP_WIDE
#define WIDE_ONLY(...) __VA_ARGS__
#else
#define WIDE_ONLY(...)
#endif
/* For what 64-bit code does not have. */
#if INTERP_WIDE
#define NARROW_ONLY(...)
#else
#define NARROW_ONLY(...) __VA_ARGS__
#endif

#define OP(name) const Insn *OP_NAME(name)(Cpu * cpu G_GNUC_UNUSED, const Insn *insn)

/*
 * A handler with a memory operand is compiled twice.  The first copy makes no
 * calls and needs no stack frame.  When READ, WRITE or CHANGE misses, it
 * tail-calls the second copy, which starts again from the beginning and calls
 * access.c.  So a handler must not commit anything before the last access.
 */
#define OP_MEMORY(name, ...)                                                                       \
    static __attribute__((noinline, cold)) const Insn *slow_##name(Cpu *cpu, const Insn *insn)     \
    {                                                                                              \
        Handler *const slow = NULL;                                                                \
        __VA_ARGS__                                                                                \
    }                                                                                              \
    OP(name)                                                                                       \
    {                                                                                              \
        Handler *const slow = slow_##name;                                                         \
        __VA_ARGS__                                                                                \
    }

/* Finds the address of an operand.  name##_hit says whether the fast path may be used. */
#if INTERP_WIDE
#define LOCATE(N, name, segment_, offset_, end, tag)                                               \
    unsigned name##_segment = (segment_);                                                          \
    EffAddr name##_offset = (offset_);                                                             \
    LinearAddr name##_linear = segment_base(cpu, name##_segment) + name##_offset;                  \
    const TlbEntry *name##_e = tlb_at(cpu->tlb, name##_linear);                                    \
    bool name##_hit = slow && ((name##_linear + (N / 8 - 1)) & PAGE_MASK) == name##_e->tag;        \
    if (unlikely(!name##_hit) && slow) {                                                           \
        INTERP_MUSTTAIL return slow(cpu, insn);                                                    \
    }
#else
#define LOCATE(N, name, segment_, offset_, end, tag)                                               \
    unsigned name##_segment = (segment_);                                                          \
    EffAddr name##_offset = (offset_);                                                             \
    const Segment *name##_s = &cpu->segment[name##_segment];                                       \
    u32 name##_linear = (u32)name##_s->base + name##_offset;                                       \
    const TlbEntry *name##_e = tlb_at(cpu->tlb, name##_linear);                                    \
    bool name##_hit = slow && (u64)name##_offset + N / 8 <= name##_s->end &&                       \
                      ((name##_linear + (N / 8 - 1)) & PAGE_MASK) == name##_e->tag;                \
    if (unlikely(!name##_hit) && slow) {                                                           \
        INTERP_MUSTTAIL return slow(cpu, insn);                                                    \
    }
#endif

#define READ(N, name, segment_, offset_)                                                           \
    LOCATE(N, name, segment_, offset_, read_end, read_tag)                                         \
    u##N name = name##_hit ? *(const mem##N *)(name##_e->addend + name##_linear)                   \
                           : mem_read##N(cpu, insn, name##_segment, name##_offset)

#define WRITE(N, name, segment_, offset_, value)                                                   \
    LOCATE(N, name, segment_, offset_, write_end, write_tag)                                       \
    if (name##_hit) {                                                                              \
        *(mem##N *)(name##_e->addend + name##_linear) = (value);                                   \
    } else {                                                                                       \
        mem_write##N(cpu, insn, name##_segment, name##_offset, (value));                           \
    }

/* Finds an operand to read and then write.  CHANGED ends the access. */
#define CHANGE(N, name, segment_, offset_)                                                         \
    LOCATE(N, name, segment_, offset_, write_end, write_tag)                                       \
    mem##N *name = name##_hit ? (mem##N *)(name##_e->addend + name##_linear)                       \
                              : mem_rmw##N(cpu, insn, name##_segment, name##_offset)
#define CHANGED(name)                                                                              \
    do {                                                                                           \
        if (!slow) {                                                                               \
            mem_rmw_done(cpu, name);                                                               \
        }                                                                                          \
    } while (0)

#define READ_OPERAND(N, name)         READ(N, name, insn->segment, insn_address(cpu, insn))
#define WRITE_OPERAND(N, name, value) WRITE(N, name, insn->segment, insn_address(cpu, insn), value)
#define CHANGE_OPERAND(N, name)       CHANGE(N, name, insn->segment, insn_address(cpu, insn))

/* Needed before anything that can raise an exception or reads Cpu.current. */
static inline void insn_begin(Cpu *cpu, const Insn *insn)
{
    cpu->current = insn;
}

Handler op_stale;

/*
 * Whether a repetition must leave before its next step, whose fuel is already
 * paid. If a repetition has overwritten its own code, the new instruction
 * continues from there, so that the result does not depend on where a slice of
 * the run loop ends.
 */
static inline bool rep_pauses(const Cpu *cpu, const Insn *insn)
{
    return cpu_attention(cpu) || insn->handler == op_stale || cpu_accel(cpu)->looks <= 0 ||
           cpu_fuel_left(cpu) < 0;
}

/* Leaves a repetition that will be entered again. */
static inline const Insn *rep_leave(Cpu *cpu, const Insn *insn)
{
    cpu->rip += insn->start;
    cpu->repeating = !cpu->single_step;
    return NULL;
}

/* Returns the address of the next instruction, as wide as addresses are in this mode. */
static inline EffAddr insn_next_rip(const Cpu *cpu, const Insn *insn)
{
    return (EffAddr)cpu->rip + insn->end;
}

/*
 * A block can be entered if it belongs to this linear address and generation,
 * lies within the segment, and there is enough fuel for all of it.
 */
static inline bool block_enterable(const Cpu *cpu, const Block *block, LinearAddr linear)
{
    return block->linear == linear && block->generation == cpu->generation &&
           (INTERP_WIDE || cpu->rip + block->length <= cpu->cs_end) && cpu->fuel >= block->count;
}

static inline LinearAddr code_linear(const Cpu *cpu)
{
    return INTERP_WIDE ? cpu->rip : (u32)(cpu->segment[CPU_CS].base + cpu->rip);
}

static inline unsigned jump_index(LinearAddr linear)
{
    return (unsigned)(linear ^ linear >> JUMP_BITS) & (JUMP_SIZE - 1);
}

static inline Block *block_at_jump(Cpu *cpu, LinearAddr linear)
{
    return cpu->jump[jump_index(linear)];
}

/*
 * Goes to the block at CS:EIP and pays for all of it, or returns NULL if the
 * run loop must act first.  `slot` is the link of this block to the next. The
 * slow half has the form of a handler, so that it is a tail call as well.
 */
#define CHAIN_FROM(tail_, slot)                                                                    \
    do {                                                                                           \
        const Insn *chain_tail_ = (tail_);                                                         \
        Block *chain_ = ((const BlockTail *)chain_tail_)->link[slot];                              \
        if (unlikely(!block_enterable(cpu, chain_, code_linear(cpu)))) {                           \
            INTERP_MUSTTAIL return block_chain_slow##slot(cpu, chain_tail_);                       \
        }                                                                                          \
        cpu->fuel -= chain_->count;                                                                \
        GOTO(chain_->insns);                                                                       \
    } while (0)
#define CHAIN(slot) CHAIN_FROM(insn + 1, slot)

/* Does the same for a target that is not constant. */
#define JUMP()                                                                                     \
    do {                                                                                           \
        LinearAddr jump_linear_ = code_linear(cpu);                                                \
        Block *jump_ = block_at_jump(cpu, jump_linear_);                                           \
        if (unlikely(!block_enterable(cpu, jump_, jump_linear_))) {                                \
            INTERP_MUSTTAIL return block_jump_slow(cpu, insn);                                     \
        }                                                                                          \
        cpu->fuel -= jump_->count;                                                                 \
        GOTO(jump_->insns);                                                                        \
    } while (0)

/* Used after an instruction that may have enabled interrupts or single-stepping. */
#define JUMP_ATTENTIVE()                                                                           \
    do {                                                                                           \
        if (cpu_attention(cpu)) {                                                                  \
            return NULL;                                                                           \
        }                                                                                          \
        JUMP();                                                                                    \
    } while (0)

/* Ends the block after this instruction. */
#define FINISH()                                                                                   \
    do {                                                                                           \
        cpu->rip = insn_next_rip(cpu, insn);                                                       \
        if (cpu_attention(cpu)) {                                                                  \
            return NULL;                                                                           \
        }                                                                                          \
        CHAIN(0);                                                                                  \
    } while (0)

/* ---- all handlers ---- */

#define HANDLER(name) Handler OP_NAME(name);
#include "src/accel/soft/interp/handler_list.inc"

Handler block_chain_slow0, block_chain_slow1, block_jump_slow;
/* These handlers are the same in every mode. */
Handler op_stale, op_undefined, op_too_long, op_count;
/* The handlers of both builds; see Block.mode. */
Handler op_block_end, op64_block_end;

#endif
