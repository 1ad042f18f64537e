/*
 * Moves, conversions, the stack, and single flags.
 */
#include "src/accel/soft/interp/handlers.h"

OP(nop)
{
    NEXT();
}

#define DEFINE_MOVE(N)                                                                             \
    OP(mov##N##_rr)                                                                                \
    {                                                                                              \
        *reg##N(cpu, insn->dst) = *reg##N(cpu, insn->src);                                         \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(mov##N##_rm, {                                                                       \
        READ_OPERAND(N, value);                                                                    \
        *reg##N(cpu, insn->dst) = value;                                                           \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(mov##N##_mr, {                                                                       \
        WRITE_OPERAND(N, to, *reg##N(cpu, insn->src));                                             \
        NEXT();                                                                                    \
    })                                                                                             \
    OP(mov##N##_ri)                                                                                \
    {                                                                                              \
        *reg##N(cpu, insn->dst) = (u##N)insn->imm;                                                 \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(mov##N##_mi, {                                                                       \
        WRITE_OPERAND(N, to, (u##N)insn->imm);                                                     \
        NEXT();                                                                                    \
    })                                                                                             \
    OP(xchg##N##_rr)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
                                                                                                   \
        *reg##N(cpu, insn->dst) = *reg##N(cpu, insn->src);                                         \
        *reg##N(cpu, insn->src) = a;                                                               \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(xchg##N##_mr)                                                                               \
    {                                                                                              \
        mem##N *place = operand_rmw##N(cpu, insn);                                                 \
        u##N a = *place;                                                                           \
                                                                                                   \
        *place = *reg##N(cpu, insn->src);                                                          \
        mem_rmw_done(cpu, place);                                                                  \
        *reg##N(cpu, insn->src) = a;                                                               \
        NEXT();                                                                                    \
    }

DEFINE_MOVE(8)
DEFINE_MOVE(16)
DEFINE_MOVE(32)

#define DEFINE_EXTEND(name, T, F, N)                                                               \
    OP(name##_rr)                                                                                  \
    {                                                                                              \
        *reg##N(cpu, insn->dst) = (u##N)(T)*reg##F(cpu, insn->src);                                \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(name##_rm, {                                                                         \
        READ_OPERAND(F, value);                                                                    \
        *reg##N(cpu, insn->dst) = (u##N)(T)value;                                                  \
        NEXT();                                                                                    \
    })

DEFINE_EXTEND(movzx8to16, u8, 8, 16)
DEFINE_EXTEND(movzx8to32, u8, 8, 32)
DEFINE_EXTEND(movzx16to16, u16, 16, 16)
DEFINE_EXTEND(movzx16to32, u16, 16, 32)
DEFINE_EXTEND(movsx8to16, i8, 8, 16)
DEFINE_EXTEND(movsx8to32, i8, 8, 32)
DEFINE_EXTEND(movsx16to16, i16, 16, 16)
DEFINE_EXTEND(movsx16to32, i16, 16, 32)

OP(lea16)
{
    *reg16(cpu, insn->dst) = (u16)insn_address(cpu, insn);
    NEXT();
}

OP(lea32)
{
    *reg32(cpu, insn->dst) = insn_address(cpu, insn);
    NEXT();
}

/* imm is the condition; a memory source is read whether it holds or not. */
#define DEFINE_CMOV(N)                                                                             \
    OP(cmov##N##_rr)                                                                               \
    {                                                                                              \
        if (flags_condition(cpu, insn->imm)) {                                                     \
            *reg##N(cpu, insn->dst) = *reg##N(cpu, insn->src);                                     \
        }                                                                                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(cmov##N##_rm)                                                                               \
    {                                                                                              \
        u##N value = operand_read##N(cpu, insn);                                                   \
                                                                                                   \
        if (flags_condition(cpu, insn->imm)) {                                                     \
            *reg##N(cpu, insn->dst) = value;                                                       \
        }                                                                                          \
        NEXT();                                                                                    \
    }

DEFINE_CMOV(16)
DEFINE_CMOV(32)

OP(setcc_r)
{
    *reg8(cpu, insn->dst) = flags_condition(cpu, insn->imm);
    NEXT();
}

OP(setcc_m)
{
    operand_write8(cpu, insn, flags_condition(cpu, insn->imm));
    NEXT();
}

OP(bswap32)
{
    *reg32(cpu, insn->dst) = __builtin_bswap32(*reg32(cpu, insn->dst));
    NEXT();
}

/* Undefined; the silicon clears the register. */
OP(bswap16)
{
    *reg16(cpu, insn->dst) = 0;
    NEXT();
}

OP(cbw)
{
    GPR16(cpu, CPU_AX) = (u16)(i8)GPR8(cpu, CPU_AX);
    NEXT();
}

OP(cwde)
{
    GPR(cpu, CPU_AX) = (u32)(i16)GPR16(cpu, CPU_AX);
    NEXT();
}

OP(cwd)
{
    GPR16(cpu, CPU_DX) = (u16)((i16)GPR16(cpu, CPU_AX) >> 15);
    NEXT();
}

OP(cdq)
{
    GPR(cpu, CPU_DX) = (u32)((i32)GPR(cpu, CPU_AX) >> 31);
    NEXT();
}

OP(xlat)
{
    u32 offset = (GPR(cpu, CPU_BX) + GPR8(cpu, CPU_AX)) & insn->address_mask;

    GPR8(cpu, CPU_AX) = mem_read8(cpu, insn, insn->segment, offset);
    NEXT();
}

OP(salc)
{
    GPR8(cpu, CPU_AX) = flag_cf(cpu) ? 0xff : 0;
    NEXT();
}

OP(lahf)
{
    *reg8(cpu, REG_OFFSET(CPU_AX) + 1) = (u8)flags_get(cpu);
    NEXT();
}

OP(sahf)
{
    u32 keep = flags_arithmetic(cpu) & CPU_FLAG_OF;

    flags_load_arithmetic(cpu, keep | *reg8(cpu, REG_OFFSET(CPU_AX) + 1));
    NEXT();
}

OP(cmc)
{
    flag_set_cf(cpu, !flag_cf(cpu));
    NEXT();
}

OP(clc)
{
    flag_set_cf(cpu, false);
    NEXT();
}

OP(stc)
{
    flag_set_cf(cpu, true);
    NEXT();
}

OP(cld)
{
    cpu->eflags &= ~CPU_FLAG_DF;
    NEXT();
}

OP(std)
{
    cpu->eflags |= CPU_FLAG_DF;
    NEXT();
}

/* ---- the stack ---------------------------------------------------------- */

#define DEFINE_PUSH_POP(N)                                                                         \
    OP_MEMORY(push##N##_r, {                                                                       \
        WRITE(N, top, CPU_SS, stack_offset(cpu, (u32) - (N / 8)), *reg##N(cpu, insn->dst));        \
        stack_set_pointer(cpu, top_offset);                                                        \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(push##N##_m, {                                                                       \
        READ_OPERAND(N, value);                                                                    \
        WRITE(N, top, CPU_SS, stack_offset(cpu, (u32) - (N / 8)), value);                          \
        stack_set_pointer(cpu, top_offset);                                                        \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(push##N##_i, {                                                                       \
        WRITE(N, top, CPU_SS, stack_offset(cpu, (u32) - (N / 8)), (u##N)insn->imm);                \
        stack_set_pointer(cpu, top_offset);                                                        \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(pop##N##_r, {                                                                        \
        READ(N, value, CPU_SS, stack_offset(cpu, 0));                                              \
        stack_set_pointer(cpu, value_offset + N / 8);                                              \
        *reg##N(cpu, insn->dst) = value;                                                           \
        NEXT();                                                                                    \
    })                                                                                             \
    /* An address with ESP counts from the popped stack. */                                        \
    OP(pop##N##_m)                                                                                 \
    {                                                                                              \
        u##N value = stack_top##N(cpu, insn);                                                      \
        u32 was = GPR(cpu, CPU_SP), offset;                                                        \
                                                                                                   \
        stack_set_pointer(cpu, stack_offset(cpu, N / 8));                                          \
        offset = insn_address(cpu, insn);                                                          \
        GPR(cpu, CPU_SP) = was;                                                                    \
        mem_write##N(cpu, insn, insn->segment, offset, value);                                     \
        stack_set_pointer(cpu, stack_offset(cpu, N / 8));                                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(pusha##N)                                                                                   \
    {                                                                                              \
        for (unsigned i = 0; i < 8; i++) {                                                         \
            mem_write##N(cpu, insn, CPU_SS, stack_offset(cpu, (u32) - ((i + 1) * (N / 8))),        \
                         *reg##N(cpu, i * 8));                                                     \
        }                                                                                          \
        stack_set_pointer(cpu, stack_offset(cpu, (u32) - (8 * (N / 8))));                          \
        NEXT();                                                                                    \
    }                                                                                              \
    /* Registers are loaded one by one even if a later access faults. */                           \
    OP(popa##N)                                                                                    \
    {                                                                                              \
        for (unsigned i = 0; i < 8; i++) {                                                         \
            u##N value = mem_read##N(cpu, insn, CPU_SS, stack_offset(cpu, i * (N / 8)));           \
                                                                                                   \
            if (7 - i != CPU_SP) {                                                                 \
                *reg##N(cpu, (7 - i) * 8) = value;                                                 \
            }                                                                                      \
        }                                                                                          \
        stack_set_pointer(cpu, stack_offset(cpu, 8 * (N / 8)));                                    \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(leave##N, {                                                                          \
        READ(N, value, CPU_SS, GPR(cpu, CPU_BP) & cpu->stack_mask);                                \
        stack_set_pointer(cpu, value_offset + N / 8);                                              \
        *reg##N(cpu, REG_OFFSET(CPU_BP)) = value;                                                  \
        NEXT();                                                                                    \
    })

DEFINE_PUSH_POP(16)
DEFINE_PUSH_POP(32)

/*
 * ENTER: imm bytes of locals, nesting level disp.  Registers change only after
 * the last access; the final stack pointer has to be writable too.
 */
#define DEFINE_ENTER(N)                                                                            \
    OP(enter##N)                                                                                   \
    {                                                                                              \
        unsigned level = insn->disp & 31;                                                          \
        u32 offset = stack_offset(cpu, (u32) - (N / 8));                                           \
        u32 frame = (GPR(cpu, CPU_SP) & ~cpu->stack_mask) | offset;                                \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        mem_write##N(cpu, insn, CPU_SS, offset, *reg##N(cpu, REG_OFFSET(CPU_BP)));                 \
        for (unsigned i = 1; i < level; i++) {                                                     \
            u32 outer = (GPR(cpu, CPU_BP) - i * (N / 8)) & cpu->stack_mask;                        \
            u##N value = mem_read##N(cpu, insn, CPU_SS, outer);                                    \
                                                                                                   \
            offset = (offset - N / 8) & cpu->stack_mask;                                           \
            mem_write##N(cpu, insn, CPU_SS, offset, value);                                        \
        }                                                                                          \
        if (level) {                                                                               \
            offset = (offset - N / 8) & cpu->stack_mask;                                           \
            mem_write##N(cpu, insn, CPU_SS, offset, (u##N)frame);                                  \
        }                                                                                          \
        offset = (offset - insn->imm) & cpu->stack_mask;                                           \
        mem_probe_write(cpu, CPU_SS, offset, N / 8, 1);                                            \
        stack_set_pointer(cpu, offset);                                                            \
        *reg##N(cpu, REG_OFFSET(CPU_BP)) = (u##N)frame;                                            \
        NEXT();                                                                                    \
    }

DEFINE_ENTER(16)
DEFINE_ENTER(32)

/* ---- segment registers: dst and src are their numbers ------------------- */

OP(push16_segment)
{
    push16(cpu, insn, cpu->segment[insn->dst].selector);
    NEXT();
}

/* Recent parts write 16 bits and leave the upper half of the slot alone. */
OP(push32_segment)
{
    u32 offset = stack_offset(cpu, (u32)-4);

    mem_write16(cpu, insn, CPU_SS, offset, cpu->segment[insn->dst].selector);
    stack_set_pointer(cpu, offset);
    NEXT();
}

OP(mov16_r_segment)
{
    *reg16(cpu, insn->dst) = cpu->segment[insn->src].selector;
    NEXT();
}

OP(mov32_r_segment)
{
    *reg32(cpu, insn->dst) = cpu->segment[insn->src].selector;
    NEXT();
}

OP(mov_m_segment)
{
    operand_write16(cpu, insn, cpu->segment[insn->src].selector);
    NEXT();
}

static void load_segment(Cpu *cpu, const Insn *insn, u16 selector)
{
    insn_begin(cpu, insn);
    segment_load(cpu, insn->dst, selector);
}

/* The instruction after a load of SS is not interrupted. */
static void shadow_ss(Cpu *cpu)
{
    cpu->shadow = true;
    cpu->shadow_debug = true;
}

OP(mov_segment_r)
{
    load_segment(cpu, insn, *reg16(cpu, insn->src));
    NEXT();
}

OP(mov_segment_m)
{
    load_segment(cpu, insn, operand_read16(cpu, insn));
    NEXT();
}

OP(mov_ss_r)
{
    load_segment(cpu, insn, *reg16(cpu, insn->src));
    shadow_ss(cpu);
    FINISH();
}

OP(mov_ss_m)
{
    load_segment(cpu, insn, operand_read16(cpu, insn));
    shadow_ss(cpu);
    FINISH();
}

#define DEFINE_POP_SEGMENT(N)                                                                      \
    OP(pop##N##_segment)                                                                           \
    {                                                                                              \
        u16 selector = mem_read16(cpu, insn, CPU_SS, stack_offset(cpu, 0));                        \
                                                                                                   \
        load_segment(cpu, insn, selector);                                                         \
        stack_set_pointer(cpu, stack_offset(cpu, N / 8));                                          \
        NEXT();                                                                                    \
    }                                                                                              \
    /* The pointer moves by the old stack's size. */                                               \
    OP(pop##N##_ss)                                                                                \
    {                                                                                              \
        u16 selector = mem_read16(cpu, insn, CPU_SS, stack_offset(cpu, 0));                        \
        u32 mask = cpu->stack_mask, was = GPR(cpu, CPU_SP);                                        \
                                                                                                   \
        load_segment(cpu, insn, selector);                                                         \
        GPR(cpu, CPU_SP) = (was & ~mask) | ((was + N / 8) & mask);                                 \
        shadow_ss(cpu);                                                                            \
        FINISH();                                                                                  \
    }

DEFINE_POP_SEGMENT(16)
DEFINE_POP_SEGMENT(32)

/* LES LDS LSS LFS LGS: the selector is behind the offset; imm is the segment register. */
#define DEFINE_LOAD_POINTER(N)                                                                     \
    OP(load_pointer##N)                                                                            \
    {                                                                                              \
        u32 address = insn_address(cpu, insn);                                                     \
        u##N offset = mem_read##N(cpu, insn, insn->segment, address);                              \
        u16 selector =                                                                             \
            mem_read16(cpu, insn, insn->segment, (address + N / 8) & insn->address_mask);          \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        segment_load(cpu, insn->imm, selector);                                                    \
        *reg##N(cpu, insn->dst) = offset;                                                          \
        NEXT();                                                                                    \
    }

DEFINE_LOAD_POINTER(16)
DEFINE_LOAD_POINTER(32)

/* BOUND: the upper bound is looked at if the lower one is kept. */
#define DEFINE_BOUND(N)                                                                            \
    OP(bound##N)                                                                                   \
    {                                                                                              \
        u32 address = insn_address(cpu, insn);                                                     \
        i##N index = (i##N) * reg##N(cpu, insn->dst);                                              \
                                                                                                   \
        if (index < (i##N)mem_read##N(cpu, insn, insn->segment, address) ||                        \
            index > (i##N)mem_read##N(cpu, insn, insn->segment,                                    \
                                      (address + N / 8) & insn->address_mask)) {                   \
            insn_begin(cpu, insn);                                                                 \
            cpu_raise(cpu, VECTOR_BR);                                                             \
        }                                                                                          \
        NEXT();                                                                                    \
    }

DEFINE_BOUND(16)
DEFINE_BOUND(32)
