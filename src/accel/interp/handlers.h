/*
 * How handlers are written: the dispatch, the block ends, and the declarations
 * of all of them for the opcode map.
 */
#ifndef PIOEMU_INTERP_HANDLERS_H
#define PIOEMU_INTERP_HANDLERS_H

#include "src/accel/interp/access.h"
#include "src/accel/interp/flags.h"

/*
 * INTERP_TAIL is set by the build: with it a handler calls the next one in its
 * own place; without it, it returns to a loop that does.
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

#define OP(name) const Insn *op_##name(Cpu *cpu, const Insn *insn)

/* Before anything that may raise or that looks at Cpu.current. */
static inline void insn_begin(Cpu *cpu, const Insn *insn)
{
    cpu->current = insn;
}

static inline uint32_t insn_next_eip(const Cpu *cpu, const Insn *insn)
{
    return cpu->eip + insn->end;
}

static inline Block *block_at_jump(Cpu *cpu, uint32_t linear)
{
    return cpu->jump[(linear ^ linear >> JUMP_BITS) & (JUMP_SIZE - 1)];
}

static inline bool block_enterable(const Cpu *cpu, const Block *block, uint32_t linear)
{
    return block->entry == (cpu->generation | linear) &&
           (uint64_t)cpu->eip + block->length <= cpu->cs_end && cpu->fuel >= block->count;
}

/*
 * The first instruction of the block at CS:EIP, or NULL when the run loop has
 * something to do.  Charges the whole block.
 */
static inline const Insn *block_chain(Cpu *cpu, const Insn *tail, int slot)
{
    Block *block = ((const BlockTail *)tail)->link[slot];

    if (likely(block_enterable(cpu, block, cpu->segment[CPU_CS].base + cpu->eip))) {
        cpu->fuel -= block->count;
        return block->insns;
    }
    return block_chain_slow(cpu, tail, slot);
}

/* The same for a target that is not fixed. */
static inline const Insn *block_jump(Cpu *cpu)
{
    uint32_t linear = cpu->segment[CPU_CS].base + cpu->eip;
    Block *block = block_at_jump(cpu, linear);

    if (likely(block_enterable(cpu, block, linear))) {
        cpu->fuel -= block->count;
        return block->insns;
    }
    return block_chain_slow(cpu, NULL, 0);
}

#define CHAIN(slot)                                                                                \
    do {                                                                                           \
        const Insn *chain_ = block_chain(cpu, insn + 1, slot);                                     \
        if (unlikely(!chain_)) {                                                                   \
            return NULL;                                                                           \
        }                                                                                          \
        GOTO(chain_);                                                                              \
    } while (0)

#define JUMP()                                                                                     \
    do {                                                                                           \
        const Insn *jump_ = block_jump(cpu);                                                       \
        if (unlikely(!jump_)) {                                                                    \
            return NULL;                                                                           \
        }                                                                                          \
        GOTO(jump_);                                                                               \
    } while (0)

/* After what may have let an interrupt in or begun single-stepping. */
#define JUMP_ATTENTIVE()                                                                           \
    do {                                                                                           \
        if (cpu_attention(cpu)) {                                                                  \
            return NULL;                                                                           \
        }                                                                                          \
        JUMP();                                                                                    \
    } while (0)

/* Ends the block behind this instruction. */
#define FINISH()                                                                                   \
    do {                                                                                           \
        cpu->eip = insn_next_eip(cpu, insn);                                                       \
        JUMP_ATTENTIVE();                                                                          \
    } while (0)

#define DECLARE_OP(name) Handler op_##name;

#endif
