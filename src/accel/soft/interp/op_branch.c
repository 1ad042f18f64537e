/*
 * Jumps, calls, returns and loops.  The far ones check their operand here, and
 * far.c does the rest.
 */
#include "src/accel/soft/interp/handlers.h"

/* A branch to a target outside the segment faults at the branch. */
static const Insn *branch_outside(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    cpu_raise_error(cpu, VECTOR_GP, 0);
}

/* In 64-bit code the target must be canonical.  In other code it must be within the segment. */
#if INTERP_WIDE
#define IS_OUTSIDE(target) (!linear_is_canonical(target))
#else
#define IS_OUTSIDE(target) ((target) >= cpu->cs_end)
#endif

#define BRANCH_CHECK(target)                                                                       \
    do {                                                                                           \
        if (unlikely(IS_OUTSIDE(target))) {                                                        \
            INTERP_MUSTTAIL return branch_outside(cpu, insn);                                      \
        }                                                                                          \
    } while (0)

#define TARGET32 (insn_next_rip(cpu, insn) + insn->imm)
#define TARGET16 (TARGET32 & 0xffff)
#define TARGET64 (insn_next_rip(cpu, insn) + (u64)(i32)insn->imm)

#define BRANCH(N, condition)                                                                       \
    do {                                                                                           \
        if (condition) {                                                                           \
            EffAddr target_ = TARGET##N;                                                           \
            BRANCH_CHECK(target_);                                                                 \
            cpu->rip = target_;                                                                    \
            CHAIN(1);                                                                              \
        }                                                                                          \
        cpu->rip = insn_next_rip(cpu, insn);                                                       \
        CHAIN(0);                                                                                  \
    } while (0)

#define DEFINE_CONDITION_OF(name, N, condition)                                                    \
    OP(name##N)                                                                                    \
    {                                                                                              \
        BRANCH(N, condition);                                                                      \
    }
#define DEFINE_CONDITION(name, condition)                                                          \
    NARROW_ONLY(DEFINE_CONDITION_OF(name, 16, condition))                                          \
    NARROW_ONLY(DEFINE_CONDITION_OF(name, 32, condition))                                          \
    WIDE_ONLY(DEFINE_CONDITION_OF(name, 64, condition))

DEFINE_CONDITION(jo, flag_of(cpu))
DEFINE_CONDITION(jno, !flag_of(cpu))
DEFINE_CONDITION(jc, flag_cf(cpu))
DEFINE_CONDITION(jnc, !flag_cf(cpu))
DEFINE_CONDITION(jz, flag_zf(cpu))
DEFINE_CONDITION(jnz, !flag_zf(cpu))
DEFINE_CONDITION(jbe, flag_cf(cpu) || flag_zf(cpu))
DEFINE_CONDITION(ja, !(flag_cf(cpu) || flag_zf(cpu)))
DEFINE_CONDITION(js, flag_sf(cpu))
DEFINE_CONDITION(jns, !flag_sf(cpu))
DEFINE_CONDITION(jp, flag_pf(cpu))
DEFINE_CONDITION(jnp, !flag_pf(cpu))
DEFINE_CONDITION(jl, flag_sf(cpu) ^ flag_of(cpu))
DEFINE_CONDITION(jge, !(flag_sf(cpu) ^ flag_of(cpu)))
DEFINE_CONDITION(jle, (flag_sf(cpu) ^ flag_of(cpu)) || flag_zf(cpu))
DEFINE_CONDITION(jg, !((flag_sf(cpu) ^ flag_of(cpu)) || flag_zf(cpu)))

/* The counter is CX, ECX or RCX, depending on the address size. */
static inline EffAddr counter(Cpu *cpu, const Insn *insn)
{
    return GPR_ADDRESS(cpu, CPU_CX) & insn_mask(insn);
}

static inline void set_counter(Cpu *cpu, const Insn *insn G_GNUC_UNUSED, EffAddr value)
{
#if INTERP_WIDE
    GPR64(cpu, CPU_CX) = value;
#else
    GPR(cpu, CPU_CX) = (GPR(cpu, CPU_CX) & ~insn->address_mask) | value;
#endif
}

DEFINE_CONDITION(jcxz, counter(cpu, insn) == 0)

/* The counter is written only after the check that the target is within the segment. */
#define DEFINE_LOOP(name, N, condition)                                                            \
    OP(name##N)                                                                                    \
    {                                                                                              \
        EffAddr count = (counter(cpu, insn) - 1) & insn_mask(insn);                                \
                                                                                                   \
        if (count && (condition)) {                                                                \
            BRANCH_CHECK(TARGET##N);                                                               \
        }                                                                                          \
        set_counter(cpu, insn, count);                                                             \
        BRANCH(N, count && (condition));                                                           \
    }

#define DEFINE_LOOPS(name, condition)                                                              \
    NARROW_ONLY(DEFINE_LOOP(name, 16, condition))                                                  \
    NARROW_ONLY(DEFINE_LOOP(name, 32, condition))                                                  \
    WIDE_ONLY(DEFINE_LOOP(name, 64, condition))

DEFINE_LOOPS(loop, true)
DEFINE_LOOPS(loopz, flag_zf(cpu))
DEFINE_LOOPS(loopnz, !flag_zf(cpu))

/* The return address is written before the target is checked, except in 64-bit code. */
#if INTERP_WIDE
#define CHECK_BEFORE_PUSH(target) BRANCH_CHECK(target);
#else
#define CHECK_BEFORE_PUSH(target)
#endif

#define CALL_PUSH(N, target)                                                                       \
    CHECK_BEFORE_PUSH(target)                                                                      \
    WRITE(N, top, CPU_SS, stack_offset(cpu, (EffAddr) - (N / 8)), (u##N)insn_next_rip(cpu, insn)); \
    BRANCH_CHECK(target);                                                                          \
    stack_set_pointer(cpu, top_offset);                                                            \
    cpu->rip = target

#define DEFINE_NEAR(N)                                                                             \
    OP(jmp##N)                                                                                     \
    {                                                                                              \
        EffAddr target = TARGET##N;                                                                \
                                                                                                   \
        BRANCH_CHECK(target);                                                                      \
        cpu->rip = target;                                                                         \
        CHAIN(1);                                                                                  \
    }                                                                                              \
    OP_MEMORY(call##N, {                                                                           \
        EffAddr target = TARGET##N;                                                                \
        CALL_PUSH(N, target);                                                                      \
        CHAIN(1);                                                                                  \
    })                                                                                             \
    OP(jmp##N##_r)                                                                                 \
    {                                                                                              \
        EffAddr target = *reg##N(cpu, insn->dst);                                                  \
        BRANCH_CHECK(target);                                                                      \
        cpu->rip = target;                                                                         \
        JUMP();                                                                                    \
    }                                                                                              \
    OP_MEMORY(jmp##N##_m, {                                                                        \
        READ_OPERAND(N, target);                                                                   \
        BRANCH_CHECK(target);                                                                      \
        cpu->rip = target;                                                                         \
        JUMP();                                                                                    \
    })                                                                                             \
    OP_MEMORY(call##N##_r, {                                                                       \
        EffAddr target = *reg##N(cpu, insn->dst);                                                  \
        CALL_PUSH(N, target);                                                                      \
        JUMP();                                                                                    \
    })                                                                                             \
    OP_MEMORY(call##N##_m, {                                                                       \
        READ_OPERAND(N, target);                                                                   \
        CALL_PUSH(N, target);                                                                      \
        JUMP();                                                                                    \
    })                                                                                             \
    /* imm is the number of further bytes that are popped after the return address. */             \
    OP_MEMORY(ret##N, {                                                                            \
        READ(N, target, CPU_SS, stack_offset(cpu, 0));                                             \
        BRANCH_CHECK(target);                                                                      \
        stack_set_pointer(cpu, target_offset + N / 8 + insn->imm);                                 \
        cpu->rip = target;                                                                         \
        JUMP();                                                                                    \
    })

NARROW_ONLY(DEFINE_NEAR(16))
NARROW_ONLY(DEFINE_NEAR(32))
WIDE_ONLY(DEFINE_NEAR(64))

/* ---- far ---- */

#if !INTERP_WIDE
#define DEFINE_FAR_DIRECT(N)                                                                       \
    /* imm:disp is the offset and the selector. */                                                 \
    OP(jmp_far##N)                                                                                 \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        far_jump(cpu, (u16)insn->disp, insn->imm, N / 8);                                          \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(call_far##N)                                                                                \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        far_call(cpu, (u16)insn->disp, insn->imm, N / 8, insn_next_rip(cpu, insn));                \
        JUMP_ATTENTIVE();                                                                          \
    }

DEFINE_FAR_DIRECT(16)
DEFINE_FAR_DIRECT(32)
#endif

#define DEFINE_FAR(N)                                                                              \
    OP(jmp_far##N##_m)                                                                             \
    {                                                                                              \
        EffAddr address = insn_address(cpu, insn);                                                 \
        EffAddr offset = mem_read##N(cpu, insn, insn->segment, address);                           \
        u16 selector = mem_read16(cpu, insn, insn->segment, offset_behind(insn, address, N / 8));  \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        far_jump(cpu, selector, offset, N / 8);                                                    \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(call_far##N##_m)                                                                            \
    {                                                                                              \
        EffAddr address = insn_address(cpu, insn);                                                 \
        EffAddr offset = mem_read##N(cpu, insn, insn->segment, address);                           \
        u16 selector = mem_read16(cpu, insn, insn->segment, offset_behind(insn, address, N / 8));  \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        far_call(cpu, selector, offset, N / 8, insn_next_rip(cpu, insn));                          \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(ret_far##N)                                                                                 \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        far_return(cpu, N / 8, insn->imm);                                                         \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(iret##N)                                                                                    \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        interrupt_return(cpu, N / 8);                                                              \
        JUMP_ATTENTIVE();                                                                          \
    }

DEFINE_FAR(16)
DEFINE_FAR(32)
WIDE_ONLY(DEFINE_FAR(64))

OP(int)
{
    EffAddr next = insn_next_rip(cpu, insn);

    insn_begin(cpu, insn);
    if (cpu_v86(cpu) && cpu_iopl(cpu) < 3) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    interrupt_deliver(cpu, (u8)insn->imm, EVENT_SOFTWARE, false, 0, next);
    JUMP_ATTENTIVE();
}

static void count_trap(Cpu *cpu, u8 vector)
{
    cpu->last_exception = (InterpException){
        .count = cpu->last_exception.count + 1, .vector = vector, .cr2 = cpu->cr2};
}

/* INT3 (imm is 3) and INTO (4) are traps that do not depend on IOPL. */
OP(trap)
{
    EffAddr next = insn_next_rip(cpu, insn);

    insn_begin(cpu, insn);
    if (insn->imm == VECTOR_OF && !flag_of(cpu)) {
        FINISH();
    }
    interrupt_deliver(cpu, (u8)insn->imm, EVENT_SOFTWARE, false, 0, next);
    count_trap(cpu, (u8)insn->imm);
    JUMP_ATTENTIVE();
}

/* INT1 (F1) is a debug trap that needs no privilege. */
OP(int1)
{
    EffAddr next = insn_next_rip(cpu, insn);

    insn_begin(cpu, insn);
    /* What MOV SS has delayed is told by the same exception. */
    cpu->dr[6] |= cpu->debug_pending;
    interrupt_deliver(cpu, VECTOR_DB, EVENT_EXCEPTION, false, 0, next);
    cpu->debug_pending = 0;
    count_trap(cpu, VECTOR_DB);
    JUMP_ATTENTIVE();
}

/* ---- pseudo-instructions ---- */

/* Runs after the last instruction of a block that does not end with a branch. */
OP(block_end)
{
    cpu->rip += ((const BlockTail *)insn)->end;
    CHAIN_FROM(insn, 0);
}

#if !INTERP_WIDE

/* Replaces the instructions of a block whose bytes have changed. */
OP(stale)
{
    cpu->fuel += insn->after + 1;
    cpu->rip += insn->start;
    return NULL;
}

OP(undefined)
{
    insn_begin(cpu, insn);
    cpu_raise(cpu, VECTOR_UD);
}

OP(too_long)
{
    insn_begin(cpu, insn);
    cpu_raise_error(cpu, VECTOR_GP, 0);
}

#endif
