/*
 * Moves, conversions, the stack, and instructions for single flags.
 */
#include "src/accel/soft/interp/handlers.h"

OP(nop)
{
    NEXT();
}

#define DEFINE_MOVE(N)                                                                             \
    OP(mov##N##_rr)                                                                                \
    {                                                                                              \
        reg_put##N(cpu, insn->dst, *reg##N(cpu, insn->src));                                       \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(mov##N##_rm, {                                                                       \
        READ_OPERAND(N, value);                                                                    \
        reg_put##N(cpu, insn->dst, value);                                                         \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(mov##N##_mr, {                                                                       \
        WRITE_OPERAND(N, to, *reg##N(cpu, insn->src));                                             \
        NEXT();                                                                                    \
    })                                                                                             \
    OP(mov##N##_ri)                                                                                \
    {                                                                                              \
        reg_put##N(cpu, insn->dst, imm##N(insn));                                                  \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(mov##N##_mi, {                                                                       \
        WRITE_OPERAND(N, to, imm##N(insn));                                                        \
        NEXT();                                                                                    \
    })                                                                                             \
    OP(xchg##N##_rr)                                                                               \
    {                                                                                              \
        u##N a = *reg##N(cpu, insn->dst);                                                          \
                                                                                                   \
        reg_put##N(cpu, insn->dst, *reg##N(cpu, insn->src));                                       \
        reg_put##N(cpu, insn->src, a);                                                             \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(xchg##N##_mr)                                                                               \
    {                                                                                              \
        mem##N *place = operand_rmw##N(cpu, insn);                                                 \
        u##N a = *place;                                                                           \
                                                                                                   \
        *place = *reg##N(cpu, insn->src);                                                          \
        mem_rmw_done(cpu, place);                                                                  \
        reg_put##N(cpu, insn->src, a);                                                             \
        NEXT();                                                                                    \
    }

DEFINE_MOVE(8)
DEFINE_MOVE(16)
DEFINE_MOVE(32)
WIDE_ONLY(DEFINE_MOVE(64))

#if INTERP_WIDE
#define DEFINE_NOP_OR_XCHG(N)                                                                      \
    OP(nop_or_xchg##N)                                                                             \
    {                                                                                              \
        if (insn->dst != insn->src) {                                                              \
            INTERP_MUSTTAIL return OP_NAME(xchg##N##_rr)(cpu, insn);                               \
        }                                                                                          \
        NEXT();                                                                                    \
    }

DEFINE_NOP_OR_XCHG(16)
DEFINE_NOP_OR_XCHG(32)
DEFINE_NOP_OR_XCHG(64)
#endif

#define DEFINE_EXTEND(name, T, F, N)                                                               \
    OP(name##_rr)                                                                                  \
    {                                                                                              \
        reg_put##N(cpu, insn->dst, (u##N)(T)*reg##F(cpu, insn->src));                              \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(name##_rm, {                                                                         \
        READ_OPERAND(F, value);                                                                    \
        reg_put##N(cpu, insn->dst, (u##N)(T)value);                                                \
        NEXT();                                                                                    \
    })

DEFINE_EXTEND(movzx8to16, u8, 8, 16)
DEFINE_EXTEND(movzx8to32, u8, 8, 32)
DEFINE_EXTEND(movzx16to16, u16, 16, 16)
DEFINE_EXTEND(movzx16to32, u16, 16, 32)
WIDE_ONLY(DEFINE_EXTEND(movzx8to64, u8, 8, 64))
WIDE_ONLY(DEFINE_EXTEND(movzx16to64, u16, 16, 64))
DEFINE_EXTEND(movsx8to16, i8, 8, 16)
DEFINE_EXTEND(movsx8to32, i8, 8, 32)
DEFINE_EXTEND(movsx16to16, i16, 16, 16)
DEFINE_EXTEND(movsx16to32, i16, 16, 32)
WIDE_ONLY(DEFINE_EXTEND(movsx8to64, i8, 8, 64))
WIDE_ONLY(DEFINE_EXTEND(movsx16to64, i16, 16, 64))
/* MOVSXD, which moves no more bits than the operand size has. */
WIDE_ONLY(DEFINE_EXTEND(movsx32to16, u16, 16, 16))
WIDE_ONLY(DEFINE_EXTEND(movsx32to32, u32, 32, 32))
WIDE_ONLY(DEFINE_EXTEND(movsx32to64, i32, 32, 64))

OP(lea16)
{
    reg_put16(cpu, insn->dst, (u16)insn_address(cpu, insn));
    NEXT();
}

OP(lea32)
{
    reg_put32(cpu, insn->dst, (u32)insn_address(cpu, insn));
    NEXT();
}

#if INTERP_WIDE
OP(lea64)
{
    reg_put64(cpu, insn->dst, insn_address(cpu, insn));
    NEXT();
}

/* imm and disp together are the immediate, or the address in memory. */
static inline u64 imm_whole(const Insn *insn)
{
    return insn->imm | (u64)insn->disp << 32;
}

OP(mov64_whole)
{
    reg_put64(cpu, insn->dst, imm_whole(insn));
    NEXT();
}

#define DEFINE_MOVE_ABSOLUTE(N)                                                                    \
    OP_MEMORY(mov##N##_load, {                                                                     \
        READ(N, value, insn->segment, imm_whole(insn));                                            \
        reg_put##N(cpu, REG_OFFSET(CPU_AX), value);                                                \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(mov##N##_store, {                                                                    \
        WRITE(N, to, insn->segment, imm_whole(insn), *reg##N(cpu, REG_OFFSET(CPU_AX)));            \
        NEXT();                                                                                    \
    })

DEFINE_MOVE_ABSOLUTE(8)
DEFINE_MOVE_ABSOLUTE(16)
DEFINE_MOVE_ABSOLUTE(32)
DEFINE_MOVE_ABSOLUTE(64)
#endif

/*
 * imm is the condition.  A memory source is always read, and 64-bit code
 * always clears the upper half of a 32-bit destination, whether the condition
 * holds or not.
 */
#define DEFINE_CMOV(N)                                                                             \
    static inline void cmov##N(Cpu *cpu, const Insn *insn, u##N value)                             \
    {                                                                                              \
        if (flags_condition(cpu, insn->imm)) {                                                     \
            reg_put##N(cpu, insn->dst, value);                                                     \
        } else if (INTERP_WIDE) {                                                                  \
            reg_put##N(cpu, insn->dst, *reg##N(cpu, insn->dst));                                   \
        }                                                                                          \
    }                                                                                              \
    OP(cmov##N##_rr)                                                                               \
    {                                                                                              \
        cmov##N(cpu, insn, *reg##N(cpu, insn->src));                                               \
        NEXT();                                                                                    \
    }                                                                                              \
    OP(cmov##N##_rm)                                                                               \
    {                                                                                              \
        cmov##N(cpu, insn, operand_read##N(cpu, insn));                                            \
        NEXT();                                                                                    \
    }

DEFINE_CMOV(16)
DEFINE_CMOV(32)
WIDE_ONLY(DEFINE_CMOV(64))

OP(setcc_r)
{
    reg_put8(cpu, insn->dst, flags_condition(cpu, insn->imm));
    NEXT();
}

OP(setcc_m)
{
    operand_write8(cpu, insn, flags_condition(cpu, insn->imm));
    NEXT();
}

OP(bswap32)
{
    reg_put32(cpu, insn->dst, __builtin_bswap32(*reg32(cpu, insn->dst)));
    NEXT();
}

/* The manual leaves this undefined.  Real CPUs clear the register. */
OP(bswap16)
{
    reg_put16(cpu, insn->dst, 0);
    NEXT();
}

OP(cbw)
{
    GPR16(cpu, CPU_AX) = (u16)(i8)GPR8(cpu, CPU_AX);
    NEXT();
}

OP(cwde)
{
    GPR_PUT32(cpu, CPU_AX, (u32)(i16)GPR16(cpu, CPU_AX));
    NEXT();
}

OP(cwd)
{
    GPR16(cpu, CPU_DX) = (u16)((i16)GPR16(cpu, CPU_AX) >> 15);
    NEXT();
}

OP(cdq)
{
    GPR_PUT32(cpu, CPU_DX, (u32)((i32)GPR(cpu, CPU_AX) >> 31));
    NEXT();
}

#if INTERP_WIDE
OP(bswap64)
{
    reg_put64(cpu, insn->dst, __builtin_bswap64(*reg64(cpu, insn->dst)));
    NEXT();
}

OP(cdqe)
{
    GPR64(cpu, CPU_AX) = (u64)(i32)GPR(cpu, CPU_AX);
    NEXT();
}

OP(cqo)
{
    GPR64(cpu, CPU_DX) = (u64)((i64)GPR64(cpu, CPU_AX) >> 63);
    NEXT();
}
#endif

OP(xlat)
{
    EffAddr offset = offset_behind(insn, GPR_ADDRESS(cpu, CPU_BX), GPR8(cpu, CPU_AX));

    GPR8(cpu, CPU_AX) = mem_read8(cpu, insn, insn->segment, offset);
    NEXT();
}

#if !INTERP_WIDE
OP(salc)
{
    GPR8(cpu, CPU_AX) = flag_cf(cpu) ? 0xff : 0;
    NEXT();
}
#endif

OP(lahf)
{
    reg_put8(cpu, REG_OFFSET(CPU_AX) + 1, (u8)flags_get(cpu));
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

/* ---- the stack ---- */

/* Returns the address in the stack that is `down` bytes below rBP. */
static inline EffAddr frame_offset(Cpu *cpu, EffAddr down)
{
#if INTERP_WIDE
    return GPR64(cpu, CPU_BP) - down;
#else
    return (GPR(cpu, CPU_BP) - down) & cpu->stack_mask;
#endif
}

/* Returns the offset in the stack that is `down` bytes below another one. */
static inline EffAddr stack_below(const Cpu *cpu G_GNUC_UNUSED, EffAddr offset, EffAddr down)
{
#if INTERP_WIDE
    return offset - down;
#else
    return (offset - down) & cpu->stack_mask;
#endif
}

#define DEFINE_PUSH_POP(N)                                                                         \
    OP_MEMORY(push##N##_r, {                                                                       \
        WRITE(N, top, CPU_SS, stack_offset(cpu, (EffAddr) - (N / 8)), *reg##N(cpu, insn->dst));    \
        stack_set_pointer(cpu, top_offset);                                                        \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(push##N##_m, {                                                                       \
        READ_OPERAND(N, value);                                                                    \
        WRITE(N, top, CPU_SS, stack_offset(cpu, (EffAddr) - (N / 8)), value);                      \
        stack_set_pointer(cpu, top_offset);                                                        \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(push##N##_i, {                                                                       \
        WRITE(N, top, CPU_SS, stack_offset(cpu, (EffAddr) - (N / 8)), imm##N(insn));               \
        stack_set_pointer(cpu, top_offset);                                                        \
        NEXT();                                                                                    \
    })                                                                                             \
    OP_MEMORY(pop##N##_r, {                                                                        \
        READ(N, value, CPU_SS, stack_offset(cpu, 0));                                              \
        stack_set_pointer(cpu, value_offset + N / 8);                                              \
        reg_put##N(cpu, insn->dst, value);                                                         \
        NEXT();                                                                                    \
    })                                                                                             \
    /* An address with ESP uses the value after the pop. */                                        \
    OP(pop##N##_m)                                                                                 \
    {                                                                                              \
        u##N value = stack_top##N(cpu, insn);                                                      \
        EffAddr was = GPR_ADDRESS(cpu, CPU_SP), offset;                                            \
                                                                                                   \
        stack_set_pointer(cpu, stack_offset(cpu, N / 8));                                          \
        offset = insn_address(cpu, insn);                                                          \
        GPR_ADDRESS(cpu, CPU_SP) = was;                                                            \
        mem_write##N(cpu, insn, insn->segment, offset, value);                                     \
        stack_set_pointer(cpu, stack_offset(cpu, N / 8));                                          \
        NEXT();                                                                                    \
    }                                                                                              \
    OP_MEMORY(leave##N, {                                                                          \
        READ(N, value, CPU_SS, frame_offset(cpu, 0));                                              \
        stack_set_pointer(cpu, value_offset + N / 8);                                              \
        reg_put##N(cpu, REG_OFFSET(CPU_BP), value);                                                \
        NEXT();                                                                                    \
    })

DEFINE_PUSH_POP(16)
NARROW_ONLY(DEFINE_PUSH_POP(32))
WIDE_ONLY(DEFINE_PUSH_POP(64))

#if !INTERP_WIDE
#define DEFINE_PUSH_ALL(N)                                                                         \
    OP(pusha##N)                                                                                   \
    {                                                                                              \
        for (unsigned i = 0; i < 8; i++) {                                                         \
            mem_write##N(cpu, insn, CPU_SS, stack_offset(cpu, (EffAddr) - ((i + 1) * (N / 8))),    \
                         *reg##N(cpu, i * 8));                                                     \
        }                                                                                          \
        stack_set_pointer(cpu, stack_offset(cpu, (EffAddr) - (8 * (N / 8))));                      \
        NEXT();                                                                                    \
    }                                                                                              \
    /* The registers that were loaded stay loaded if a later access faults. */                     \
    OP(popa##N)                                                                                    \
    {                                                                                              \
        for (unsigned i = 0; i < 8; i++) {                                                         \
            u##N value = mem_read##N(cpu, insn, CPU_SS, stack_offset(cpu, i * (N / 8)));           \
                                                                                                   \
            if (7 - i != CPU_SP) {                                                                 \
                reg_put##N(cpu, (7 - i) * 8, value);                                               \
            }                                                                                      \
        }                                                                                          \
        stack_set_pointer(cpu, stack_offset(cpu, 8 * (N / 8)));                                    \
        NEXT();                                                                                    \
    }

DEFINE_PUSH_ALL(16)
DEFINE_PUSH_ALL(32)
#endif

/* Returns the new rBP: rSP with `offset` in as many bits as the stack pointer has. */
static inline EffAddr frame_pointer(Cpu *cpu G_GNUC_UNUSED, EffAddr offset)
{
#if INTERP_WIDE
    return offset;
#else
    return (GPR(cpu, CPU_SP) & ~cpu->stack_mask) | offset;
#endif
}

/*
 * ENTER has imm bytes of locals and nesting level disp.  Registers change only
 * after the last access.  The memory at the final stack pointer must be
 * writable, too.
 */
#define DEFINE_ENTER(N)                                                                            \
    OP(enter##N)                                                                                   \
    {                                                                                              \
        unsigned level = insn->disp & 31;                                                          \
        EffAddr offset = stack_offset(cpu, (EffAddr) - (N / 8));                                   \
        EffAddr frame = frame_pointer(cpu, offset);                                                \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        mem_write##N(cpu, insn, CPU_SS, offset, *reg##N(cpu, REG_OFFSET(CPU_BP)));                 \
        for (unsigned i = 1; i < level; i++) {                                                     \
            EffAddr outer = frame_offset(cpu, i * (N / 8));                                        \
            u##N value = mem_read##N(cpu, insn, CPU_SS, outer);                                    \
                                                                                                   \
            offset = stack_below(cpu, offset, N / 8);                                              \
            mem_write##N(cpu, insn, CPU_SS, offset, value);                                        \
        }                                                                                          \
        if (level) {                                                                               \
            offset = stack_below(cpu, offset, N / 8);                                              \
            mem_write##N(cpu, insn, CPU_SS, offset, (u##N)frame);                                  \
        }                                                                                          \
        offset = stack_below(cpu, offset, insn->imm);                                              \
        mem_probe(cpu, CPU_SS, offset, N / 8, 1);                                                  \
        stack_set_pointer(cpu, offset);                                                            \
        reg_put##N(cpu, REG_OFFSET(CPU_BP), (u##N)frame);                                          \
        NEXT();                                                                                    \
    }

DEFINE_ENTER(16)
NARROW_ONLY(DEFINE_ENTER(32))
WIDE_ONLY(DEFINE_ENTER(64))

/* ---- segment registers: dst and src are their numbers ---- */

OP(push16_segment)
{
    push16(cpu, insn, cpu->segment[insn->dst].selector);
    NEXT();
}

/* Recent CPUs write 16 bits and leave the upper half of the slot unchanged. */
OP(push32_segment)
{
    EffAddr offset = stack_offset(cpu, (EffAddr)-4);

    mem_write16(cpu, insn, CPU_SS, offset, cpu->segment[insn->dst].selector);
    stack_set_pointer(cpu, offset);
    NEXT();
}

#if INTERP_WIDE
OP(push64_segment)
{
    push64(cpu, insn, cpu->segment[insn->dst].selector);
    NEXT();
}

OP(mov64_r_segment)
{
    reg_put64(cpu, insn->dst, cpu->segment[insn->src].selector);
    NEXT();
}
#endif

OP(mov16_r_segment)
{
    reg_put16(cpu, insn->dst, cpu->segment[insn->src].selector);
    NEXT();
}

OP(mov32_r_segment)
{
    reg_put32(cpu, insn->dst, cpu->segment[insn->src].selector);
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

/* No interrupt is taken between a load of SS and the next instruction. */
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
    }

DEFINE_POP_SEGMENT(16)
NARROW_ONLY(DEFINE_POP_SEGMENT(32))
WIDE_ONLY(DEFINE_POP_SEGMENT(64))

#if !INTERP_WIDE
/* The stack pointer moves by the size of the old stack segment. */
#define DEFINE_POP_SS(N)                                                                           \
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

DEFINE_POP_SS(16)
DEFINE_POP_SS(32)
#endif

/* LES LDS LSS LFS LGS: the selector follows the offset in memory.  imm is the segment register. */
#define DEFINE_LOAD_POINTER(N)                                                                     \
    OP(load_pointer##N)                                                                            \
    {                                                                                              \
        EffAddr address = insn_address(cpu, insn);                                                 \
        u##N offset = mem_read##N(cpu, insn, insn->segment, address);                              \
        u16 selector = mem_read16(cpu, insn, insn->segment, offset_behind(insn, address, N / 8));  \
                                                                                                   \
        insn_begin(cpu, insn);                                                                     \
        segment_load(cpu, insn->imm, selector);                                                    \
        reg_put##N(cpu, insn->dst, offset);                                                        \
        NEXT();                                                                                    \
    }

DEFINE_LOAD_POINTER(16)
DEFINE_LOAD_POINTER(32)
WIDE_ONLY(DEFINE_LOAD_POINTER(64))

#if !INTERP_WIDE
/* BOUND reads the upper bound only if the index is not below the lower one. */
#define DEFINE_BOUND(N)                                                                            \
    OP(bound##N)                                                                                   \
    {                                                                                              \
        EffAddr address = insn_address(cpu, insn);                                                 \
        i##N index = (i##N) * reg##N(cpu, insn->dst);                                              \
                                                                                                   \
        if (index < (i##N)mem_read##N(cpu, insn, insn->segment, address) ||                        \
            index > (i##N)mem_read##N(cpu, insn, insn->segment,                                    \
                                      offset_behind(insn, address, N / 8))) {                      \
            insn_begin(cpu, insn);                                                                 \
            cpu_raise(cpu, VECTOR_BR);                                                             \
        }                                                                                          \
        NEXT();                                                                                    \
    }

DEFINE_BOUND(16)
DEFINE_BOUND(32)
#endif
