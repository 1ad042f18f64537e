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

#define DECLARE(name) Handler OP_NAME(name);
#define DECLARE_V(name, form)                                                                      \
    Handler OP_NAME(name##16##form), OP_NAME(name##32##form), OP_NAME(name##64##form);
#define DECLARE_W(name, form)                                                                      \
    Handler OP_NAME(name##8##form);                                                                \
    DECLARE_V(name, form)

#define DECLARE_ALU(name)                                                                          \
    DECLARE_W(name, _rr)                                                                           \
    DECLARE_W(name, _rm)                                                                           \
    DECLARE_W(name, _mr)                                                                           \
    DECLARE_W(name, _ri)                                                                           \
    DECLARE_W(name, _mi)
#define DECLARE_UNARY(name)                                                                        \
    DECLARE_W(name, _r)                                                                            \
    DECLARE_W(name, _m)
#define DECLARE_SHIFT(name)                                                                        \
    DECLARE_W(name, _ri)                                                                           \
    DECLARE_W(name, _mi)                                                                           \
    DECLARE_W(name, _rc)                                                                           \
    DECLARE_W(name, _mc)
#define DECLARE_DOUBLE(name)                                                                       \
    DECLARE_V(name, _rri)                                                                          \
    DECLARE_V(name, _mri)                                                                          \
    DECLARE_V(name, _rrc)                                                                          \
    DECLARE_V(name, _mrc)
#define DECLARE_BIT(name)                                                                          \
    DECLARE_V(name, _rr)                                                                           \
    DECLARE_V(name, _mr)                                                                           \
    DECLARE_V(name, _ri)                                                                           \
    DECLARE_V(name, _mi)

DECLARE_ALU(add)
DECLARE_ALU(or)
DECLARE_ALU(adc)
DECLARE_ALU(sbb)
DECLARE_ALU(and)
DECLARE_ALU(sub)
DECLARE_ALU(xor)
DECLARE_ALU(cmp)
DECLARE_ALU(test)
DECLARE_ALU(mov)
DECLARE_UNARY(inc)
DECLARE_UNARY(dec)
DECLARE_UNARY(neg)
DECLARE_UNARY(not )
DECLARE_UNARY(mul)
DECLARE_UNARY(imul)
DECLARE_UNARY(div)
DECLARE_UNARY(idiv)
DECLARE_SHIFT(rol)
DECLARE_SHIFT(ror)
DECLARE_SHIFT(rcl)
DECLARE_SHIFT(rcr)
DECLARE_SHIFT(shl)
DECLARE_SHIFT(shr)
DECLARE_SHIFT(sar)
DECLARE_DOUBLE(shld)
DECLARE_DOUBLE(shrd)
DECLARE_BIT(bt)
DECLARE_BIT(bts)
DECLARE_BIT(btr)
DECLARE_BIT(btc)
DECLARE_V(bsf, _rr)
DECLARE_V(bsf, _rm)
DECLARE_V(bsr, _rr)
DECLARE_V(bsr, _rm)
DECLARE_V(imul, _rr)
DECLARE_V(imul, _rm)
DECLARE_V(imul, _rri)
DECLARE_V(imul, _rmi)
DECLARE_W(xadd, _rr)
DECLARE_W(xadd, _mr)
DECLARE_W(cmpxchg, _rr)
DECLARE_W(cmpxchg, _mr)
DECLARE_W(xchg, _rr)
DECLARE_W(xchg, _mr)
DECLARE_V(cmov, _rr)
DECLARE_V(cmov, _rm)
DECLARE_V(movzx8to, _rr)
DECLARE_V(movzx8to, _rm)
DECLARE_V(movsx8to, _rr)
DECLARE_V(movsx8to, _rm)
DECLARE_V(movzx16to, _rr)
DECLARE_V(movzx16to, _rm)
DECLARE_V(movsx16to, _rr)
DECLARE_V(movsx16to, _rm)
DECLARE_V(lea, )
DECLARE_W(mov, _load)
DECLARE_W(mov, _store)
DECLARE(mov64_whole)
DECLARE(mov64_r_segment)
DECLARE_V(movsx32to, _rr)
DECLARE_V(movsx32to, _rm)
DECLARE(cdqe)
DECLARE_V(nop_or_xchg, )
DECLARE(cqo)
DECLARE(cmpxchg16b)
DECLARE(smsw_r64)
DECLARE(store_system_r64)
DECLARE(syscall)
DECLARE_V(sysret, )
DECLARE(sysenter)
DECLARE_V(sysexit, )
DECLARE(swapgs)
DECLARE_V(rdfsbase, )
DECLARE_V(rdgsbase, )
DECLARE_V(wrfsbase, )
DECLARE_V(wrgsbase, )
DECLARE(clac)
DECLARE(stac)
DECLARE_V(bswap, )
DECLARE_V(push, _r)
DECLARE_V(push, _m)
DECLARE_V(push, _i)
DECLARE_V(pop, _r)
DECLARE_V(pop, _m)
DECLARE_V(pusha, )
DECLARE_V(popa, )
DECLARE_V(enter, )
DECLARE_V(leave, )
DECLARE_V(pushf, )
DECLARE_V(popf, )
DECLARE_V(push, _segment)
DECLARE_V(pop, _segment)
DECLARE_V(pop, _ss)
DECLARE_V(load_pointer, )
DECLARE_V(bound, )
DECLARE_V(jmp, )
DECLARE_V(call, )
DECLARE_V(jmp, _r)
DECLARE_V(jmp, _m)
DECLARE_V(call, _r)
DECLARE_V(call, _m)
DECLARE_V(ret, )
DECLARE_V(jmp_far, )
DECLARE_V(call_far, )
DECLARE_V(jmp_far, _m)
DECLARE_V(call_far, _m)
DECLARE_V(ret_far, )
DECLARE_V(iret, )
DECLARE_V(jo, )
DECLARE_V(jno, )
DECLARE_V(jc, )
DECLARE_V(jnc, )
DECLARE_V(jz, )
DECLARE_V(jnz, )
DECLARE_V(jbe, )
DECLARE_V(ja, )
DECLARE_V(js, )
DECLARE_V(jns, )
DECLARE_V(jp, )
DECLARE_V(jnp, )
DECLARE_V(jl, )
DECLARE_V(jge, )
DECLARE_V(jle, )
DECLARE_V(jg, )
DECLARE_V(jcxz, )
DECLARE_V(loop, )
DECLARE_V(loopz, )
DECLARE_V(loopnz, )
DECLARE_W(movs, )
DECLARE_W(stos, )
DECLARE_W(lods, )
DECLARE_W(cmps, )
DECLARE_W(scas, )
DECLARE_W(rep_movs, )
DECLARE_W(rep_stos, )
DECLARE_W(rep_lods, )
DECLARE_W(rep_cmps, )
DECLARE_W(rep_scas, )
DECLARE_W(ins, )
DECLARE_W(outs, )
DECLARE_W(in, _i)
DECLARE_W(in, _dx)
DECLARE_W(out, _i)
DECLARE_W(out, _dx)
Handler block_chain_slow0, block_chain_slow1, block_jump_slow;
/* These handlers are the same in every mode. */
Handler op_stale, op_undefined, op_too_long;
/* The handlers of both builds; see Block.mode. */
Handler op_block_end, op64_block_end;
DECLARE(cmpxchg8b)
DECLARE(nop)
DECLARE(pause)
DECLARE(setcc_r)
DECLARE(setcc_m)
DECLARE(cbw)
DECLARE(cwde)
DECLARE(cwd)
DECLARE(cdq)
DECLARE(xlat)
DECLARE(salc)
DECLARE(lahf)
DECLARE(sahf)
DECLARE(cmc)
DECLARE(clc)
DECLARE(stc)
DECLARE(cld)
DECLARE(std)
DECLARE(daa)
DECLARE(das)
DECLARE(aaa)
DECLARE(aas)
DECLARE(aam)
DECLARE(aad)
DECLARE(mov16_r_segment)
DECLARE(mov32_r_segment)
DECLARE(mov_m_segment)
DECLARE(mov_segment_r)
DECLARE(mov_segment_m)
DECLARE(mov_ss_r)
DECLARE(mov_ss_m)
DECLARE(int)
DECLARE(trap)
DECLARE(int1)
DECLARE(cli)
DECLARE(sti)
DECLARE(hlt)
DECLARE(mov_r_control)
DECLARE(mov_control_r)
DECLARE(mov_r_debug)
DECLARE(mov_debug_r)
DECLARE(clts)
DECLARE(smsw_r16)
DECLARE(smsw_r32)
DECLARE(smsw_m)
DECLARE(lmsw_r)
DECLARE(lmsw_m)
DECLARE(invlpg)
DECLARE(wbinvd)
DECLARE(sgdt)
DECLARE(sidt)
DECLARE(lgdt)
DECLARE(lidt)
DECLARE(store_system_r16)
DECLARE(store_system_r32)
DECLARE(store_system_m)
DECLARE(lldt)
DECLARE(ltr)
DECLARE(verr)
DECLARE(verw)
DECLARE(lar)
DECLARE(lsl)
DECLARE(arpl_r)
DECLARE(arpl_m)
DECLARE(cpuid)
DECLARE(rdtscp)
DECLARE(rdpid)
DECLARE(rdtsc)
DECLARE(rdmsr)
DECLARE(wrmsr)
DECLARE(fwait)

#endif
