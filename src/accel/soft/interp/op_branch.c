/*
 * Jumps, calls, returns and loops; the far ones check the operand and leave
 * the rest to far.c.
 */
#include "src/accel/soft/interp/handlers.h"

/* A branch that leaves the segment faults at the branch. */
static const Insn *branch_outside(Cpu *cpu, const Insn *insn)
{
    insn_begin(cpu, insn);
    cpu_raise_error(cpu, VECTOR_GP, 0);
}

#define BRANCH_CHECK(target)                                                                       \
    do {                                                                                           \
        if (unlikely((target) >= cpu->cs_end)) {                                                   \
            INTERP_MUSTTAIL return branch_outside(cpu, insn);                                      \
        }                                                                                          \
    } while (0)

#define TARGET32 (insn_next_rip(cpu, insn) + insn->imm)
#define TARGET16 (TARGET32 & 0xffff)

#define BRANCH(N, condition)                                                                       \
    do {                                                                                           \
        if (condition) {                                                                           \
            u32 target_ = TARGET##N;                                                               \
            BRANCH_CHECK(target_);                                                                 \
            cpu->rip = target_;                                                                    \
            CHAIN(1);                                                                              \
        }                                                                                          \
        cpu->rip = insn_next_rip(cpu, insn);                                                       \
        CHAIN(0);                                                                                  \
    } while (0)

#define DEFINE_CONDITION(name, condition)                                                          \
    OP(name##16)                                                                                   \
    {                                                                                              \
        BRANCH(16, condition);                                                                     \
    }                                                                                              \
    OP(name##32)                                                                                   \
    {                                                                                              \
        BRANCH(32, condition);                                                                     \
    }

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

/* The counter is CX or ECX by the address size. */
static inline u32 counter(Cpu *cpu, const Insn *insn)
{
    return GPR(cpu, CPU_CX) & insn->address_mask;
}

static inline void set_counter(Cpu *cpu, const Insn *insn, u32 value)
{
    GPR(cpu, CPU_CX) = (GPR(cpu, CPU_CX) & ~insn->address_mask) | value;
}

DEFINE_CONDITION(jcxz, counter(cpu, insn) == 0)

/* The counter is written after the target was found to be in the segment. */
#define DEFINE_LOOP(name, N, condition)                                                            \
    OP(name##N)                                                                                    \
    {                                                                                              \
        u32 count = (counter(cpu, insn) - 1) & insn->address_mask;                                 \
                                                                                                   \
        if (count && (condition)) {                                                                \
            BRANCH_CHECK(TARGET##N);                                                               \
        }                                                                                          \
        set_counter(cpu, insn, count);                                                             \
        BRANCH(N, count && (condition));                                                           \
    }

DEFINE_LOOP(loop, 16, true)
DEFINE_LOOP(loop, 32, true)
DEFINE_LOOP(loopz, 16, flag_zf(cpu))
DEFINE_LOOP(loopz, 32, flag_zf(cpu))
DEFINE_LOOP(loopnz, 16, !flag_zf(cpu))
DEFINE_LOOP(loopnz, 32, !flag_zf(cpu))

/* The return address is written before the target is checked. */
#define CALL_PUSH(N, target)                                                                       \
    WRITE(N, top, CPU_SS, stack_offset(cpu, (u32) - (N / 8)), (u##N)insn_next_rip(cpu, insn));     \
    BRANCH_CHECK(target);                                                                          \
    stack_set_pointer(cpu, top_offset);                                                            \
    cpu->rip = target

#define DEFINE_NEAR(N)                                                                             \
    OP(jmp##N)                                                                                     \
    {                                                                                              \
        u32 target = TARGET##N;                                                                    \
                                                                                                   \
        BRANCH_CHECK(target);                                                                      \
        cpu->rip = target;                                                                         \
        CHAIN(1);                                                                                  \
    }                                                                                              \
    OP_MEMORY(call##N, {                                                                           \
        u32 target = TARGET##N;                                                                    \
        CALL_PUSH(N, target);                                                                      \
        CHAIN(1);                                                                                  \
    })                                                                                             \
    OP(jmp##N##_r)                                                                                 \
    {                                                                                              \
        u32 target = *reg##N(cpu, insn->dst);                                                      \
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
        u32 target = *reg##N(cpu, insn->dst);                                                      \
        CALL_PUSH(N, target);                                                                      \
        JUMP();                                                                                    \
    })                                                                                             \
    OP_MEMORY(call##N##_m, {                                                                       \
        READ_OPERAND(N, target);                                                                   \
        CALL_PUSH(N, target);                                                                      \
        JUMP();                                                                                    \
    })                                                                                             \
    /* imm is what is released beyond the return address. */                                       \
    OP_MEMORY(ret##N, {                                                                            \
        READ(N, target, CPU_SS, stack_offset(cpu, 0));                                             \
        BRANCH_CHECK(target);                                                                      \
        stack_set_pointer(cpu, target_offset + N / 8 + insn->imm);                                 \
        cpu->rip = target;                                                                         \
        JUMP();                                                                                    \
    })                                                                                             \
    /* imm:disp is offset and selector. */                                                         \
    OP(jmp_far##N)                                                                                 \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        far_jump(cpu, (u16)insn->disp, insn->imm, N == 32);                                        \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(call_far##N)                                                                                \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        far_call(cpu, (u16)insn->disp, insn->imm, N == 32, insn_next_rip(cpu, insn));              \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(jmp_far##N##_m)                                                                             \
    {                                                                                              \
        u32 address = insn_address(cpu, insn);                                                     \
        u32 offset = mem_read##N(cpu, insn, insn->segment, address);                               \
        u16 selector =                                                                             \
            mem_read16(cpu, insn, insn->segment, (address + N / 8) & insn->address_mask);          \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        far_jump(cpu, selector, offset, N == 32);                                                  \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(call_far##N##_m)                                                                            \
    {                                                                                              \
        u32 address = insn_address(cpu, insn);                                                     \
        u32 offset = mem_read##N(cpu, insn, insn->segment, address);                               \
        u16 selector =                                                                             \
            mem_read16(cpu, insn, insn->segment, (address + N / 8) & insn->address_mask);          \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        far_call(cpu, selector, offset, N == 32, insn_next_rip(cpu, insn));                        \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(ret_far##N)                                                                                 \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        far_return(cpu, N == 32, insn->imm);                                                       \
        JUMP_ATTENTIVE();                                                                          \
    }                                                                                              \
    OP(iret##N)                                                                                    \
    {                                                                                              \
        insn_begin(cpu, insn);                                                                     \
        interrupt_return(cpu, N == 32);                                                            \
        JUMP_ATTENTIVE();                                                                          \
    }

DEFINE_NEAR(16)
DEFINE_NEAR(32)

OP(int)
{
    u32 next = insn_next_rip(cpu, insn);

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

/* INT3 (imm is 3) and INTO (4): traps that need no IOPL. */
OP(trap)
{
    u32 next = insn_next_rip(cpu, insn);

    insn_begin(cpu, insn);
    if (insn->imm == VECTOR_OF && !flag_of(cpu)) {
        FINISH();
    }
    interrupt_deliver(cpu, (u8)insn->imm, EVENT_SOFTWARE, false, 0, next);
    count_trap(cpu, (u8)insn->imm);
    JUMP_ATTENTIVE();
}

/* INT1 (F1): a debug trap that needs no rights at all. */
OP(int1)
{
    u32 next = insn_next_rip(cpu, insn);

    insn_begin(cpu, insn);
    interrupt_deliver(cpu, VECTOR_DB, EVENT_EXCEPTION, false, 0, next);
    count_trap(cpu, VECTOR_DB);
    JUMP_ATTENTIVE();
}

/* ---- pseudo-instructions ------------------------------------------------ */

/* Behind the last instruction of a block that did not branch. */
OP(block_end)
{
    cpu->rip += ((const BlockTail *)insn)->end;
    CHAIN_FROM(insn, 0);
}

/* In place of the instructions of a block whose bytes changed. */
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
