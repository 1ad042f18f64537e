/*
 * The opcode map.  To add an instruction, give its opcode a form and handlers
 * here and write the handlers in the op_*.c file of its subject.
 */
#include "src/accel/soft/x86/opcode_map.h"

#include "src/accel/soft/interp/handlers.h"

/* Handlers for 8, 16 and 32 bits; for 16 and 32; one for all. */
#define W(name, form)                                                                              \
    {                                                                                              \
        op_##name##8##form, op_##name##16##form, op_##name##32##form                               \
    }
#define V(name, form)                                                                              \
    {                                                                                              \
        NULL, op_##name##16##form, op_##name##32##form                                             \
    }
#define ANY(name)                                                                                  \
    {                                                                                              \
        op_##name, op_##name, op_##name                                                            \
    }

#define B OPCODE_BYTE
#define L OPCODE_LOCK
#define E OPCODE_END

#define PLAIN(name)                                                                                \
    {                                                                                              \
        .form = FORM_NONE, .of_register = ANY(name)                                                \
    }
#define PLAIN_END(name)                                                                            \
    {                                                                                              \
        .form = FORM_NONE, .flags = E, .of_register = ANY(name)                                    \
    }
#define PLAIN_V(name, flags_)                                                                      \
    {                                                                                              \
        .form = FORM_NONE, .flags = flags_, .of_register = V(name, )                               \
    }
#define IMPLIED(name, argument_, flags_)                                                           \
    {                                                                                              \
        .form = FORM_IMPLIED, .flags = flags_, .argument = argument_, .of_register = name          \
    }
#define BRANCH(form_, name)                                                                        \
    {                                                                                              \
        .form = form_, .flags = E, .of_register = V(name, )                                        \
    }
#define RM(form_, flags_, register_, memory_)                                                      \
    {                                                                                              \
        .form = form_, .flags = flags_, .of_register = register_, .of_memory = memory_             \
    }

#define ALU(base, name, lock)                                                                      \
    [(base) + 0] = RM(FORM_E_G, B | (lock), W(name, _rr), W(name, _mr)),                           \
              [(base) + 1] = RM(FORM_E_G, lock, W(name, _rr), W(name, _mr)),                       \
              [(base) + 2] = RM(FORM_G_E, B, W(name, _rr), W(name, _rm)),                          \
              [(base) + 3] = RM(FORM_G_E, 0, W(name, _rr), W(name, _rm)),                          \
              [(base) + 4] = {.form = FORM_A_I, .flags = B, .of_register = W(name, _ri)},          \
              [(base) + 5] = {.form = FORM_A_I, .of_register = W(name, _ri)}

#define EIGHT(base, entry)                                                                         \
    [(base)] = entry, [(base) + 1] = entry, [(base) + 2] = entry, [(base) + 3] = entry,            \
    [(base) + 4] = entry, [(base) + 5] = entry, [(base) + 6] = entry, [(base) + 7] = entry

#define CONDITIONS(base, form_)                                                                    \
    [(base) + 0x0] = BRANCH(form_, jo), [(base) + 0x1] = BRANCH(form_, jno),                       \
              [(base) + 0x2] = BRANCH(form_, jc), [(base) + 0x3] = BRANCH(form_, jnc),             \
              [(base) + 0x4] = BRANCH(form_, jz), [(base) + 0x5] = BRANCH(form_, jnz),             \
              [(base) + 0x6] = BRANCH(form_, jbe), [(base) + 0x7] = BRANCH(form_, ja),             \
              [(base) + 0x8] = BRANCH(form_, js), [(base) + 0x9] = BRANCH(form_, jns),             \
              [(base) + 0xa] = BRANCH(form_, jp), [(base) + 0xb] = BRANCH(form_, jnp),             \
              [(base) + 0xc] = BRANCH(form_, jl), [(base) + 0xd] = BRANCH(form_, jge),             \
              [(base) + 0xe] = BRANCH(form_, jle), [(base) + 0xf] = BRANCH(form_, jg)

#define STRING(base, name)                                                                         \
    [(base) + 0] = RM(FORM_STRING, B, W(name, ), W(rep_##name, )),                                 \
              [(base) + 1] = RM(FORM_STRING, 0, W(name, ), W(rep_##name, ))

#define GROUP(name)                                                                                \
    {                                                                                              \
        .group = name                                                                              \
    }

/* ---- groups ------------------------------------------------------------- */

#define ALU_GROUP(group_name, form_, byte)                                                         \
    static const Opcode group_name[8] = {                                                          \
        RM(form_, (byte) | L, W(add, _ri), W(add, _mi)),                                           \
        RM(form_, (byte) | L, W(or, _ri), W(or, _mi)),                                             \
        RM(form_, (byte) | L, W(adc, _ri), W(adc, _mi)),                                           \
        RM(form_, (byte) | L, W(sbb, _ri), W(sbb, _mi)),                                           \
        RM(form_, (byte) | L, W(and, _ri), W(and, _mi)),                                           \
        RM(form_, (byte) | L, W(sub, _ri), W(sub, _mi)),                                           \
        RM(form_, (byte) | L, W(xor, _ri), W(xor, _mi)),                                           \
        RM(form_, byte, W(cmp, _ri), W(cmp, _mi)),                                                 \
    }

ALU_GROUP(GROUP_80, FORM_E_I, B);
ALU_GROUP(GROUP_81, FORM_E_I, 0);
ALU_GROUP(GROUP_83, FORM_E_IB, 0);

#define SHIFT_GROUP(group_name, form_, byte, r, m)                                                 \
    static const Opcode group_name[8] = {                                                          \
        RM(form_, byte, W(rol, r), W(rol, m)), RM(form_, byte, W(ror, r), W(ror, m)),              \
        RM(form_, byte, W(rcl, r), W(rcl, m)), RM(form_, byte, W(rcr, r), W(rcr, m)),              \
        RM(form_, byte, W(shl, r), W(shl, m)), RM(form_, byte, W(shr, r), W(shr, m)),              \
        RM(form_, byte, W(shl, r), W(shl, m)), RM(form_, byte, W(sar, r), W(sar, m)),              \
    }

SHIFT_GROUP(GROUP_C0, FORM_E_COUNT, B, _ri, _mi);
SHIFT_GROUP(GROUP_C1, FORM_E_COUNT, 0, _ri, _mi);
SHIFT_GROUP(GROUP_D0, FORM_E_ONE, B, _ri, _mi);
SHIFT_GROUP(GROUP_D1, FORM_E_ONE, 0, _ri, _mi);
SHIFT_GROUP(GROUP_D2, FORM_E, B, _rc, _mc);
SHIFT_GROUP(GROUP_D3, FORM_E, 0, _rc, _mc);

#define UNARY_GROUP(group_name, byte)                                                              \
    static const Opcode group_name[8] = {                                                          \
        RM(FORM_E_I, byte, W(test, _ri), W(test, _mi)),                                            \
        RM(FORM_E_I, byte, W(test, _ri), W(test, _mi)),                                            \
        RM(FORM_E, (byte) | L, W(not, _r), W(not, _m)),                                            \
        RM(FORM_E, (byte) | L, W(neg, _r), W(neg, _m)),                                            \
        RM(FORM_E, byte, W(mul, _r), W(mul, _m)),                                                  \
        RM(FORM_E, byte, W(imul, _r), W(imul, _m)),                                                \
        RM(FORM_E, byte, W(div, _r), W(div, _m)),                                                  \
        RM(FORM_E, byte, W(idiv, _r), W(idiv, _m)),                                                \
    }

UNARY_GROUP(GROUP_F6, B);
UNARY_GROUP(GROUP_F7, 0);

static const Opcode GROUP_8F[8] = {RM(FORM_E, 0, V(pop, _r), V(pop, _m))};
static const Opcode GROUP_C6[8] = {RM(FORM_E_I, B, W(mov, _ri), W(mov, _mi))};
static const Opcode GROUP_C7[8] = {RM(FORM_E_I, 0, W(mov, _ri), W(mov, _mi))};

static const Opcode GROUP_FE[8] = {
    RM(FORM_E, B | L, W(inc, _r), W(inc, _m)),
    RM(FORM_E, B | L, W(dec, _r), W(dec, _m)),
};

static const Opcode GROUP_FF[8] = {
    RM(FORM_E, L, W(inc, _r), W(inc, _m)),
    RM(FORM_E, L, W(dec, _r), W(dec, _m)),
    RM(FORM_E, E, V(call, _r), V(call, _m)),
    {.form = FORM_M, .flags = E, .of_memory = V(call_far, _m)},
    RM(FORM_E, E, V(jmp, _r), V(jmp, _m)),
    {.form = FORM_M, .flags = E, .of_memory = V(jmp_far, _m)},
    RM(FORM_E, 0, V(push, _r), V(push, _m)),
};

#define STORE_SYSTEM(argument_)                                                                    \
    {                                                                                              \
        .form = FORM_E, .argument = argument_, .of_register = V(store_system_r, ),                 \
        .of_memory = ANY(store_system_m)                                                           \
    }
#define OPERAND16(name, flags_) RM(FORM_G_E, flags_, ANY(name), ANY(name))

static const Opcode GROUP_0F00[8] = {
    STORE_SYSTEM(CPU_LDTR), STORE_SYSTEM(CPU_TR), OPERAND16(lldt, 0),
    OPERAND16(ltr, 0),      OPERAND16(verr, 0),   OPERAND16(verw, 0),
};

static const Opcode GROUP_0F01[8] = {
    {.form = FORM_M, .of_memory = ANY(sgdt)},
    {.form = FORM_M, .of_memory = ANY(sidt)},
    {.form = FORM_M, .of_memory = ANY(lgdt)},
    {.form = FORM_M, .of_memory = ANY(lidt)},
    RM(FORM_E, 0, V(smsw_r, ), ANY(smsw_m)),
    {.form = FORM_UNDEFINED},
    RM(FORM_E, E, ANY(lmsw_r), ANY(lmsw_m)),
    {.form = FORM_M, .flags = E, .of_memory = ANY(invlpg)},
};

#define TAKES_BYTE                                                                                 \
    {                                                                                              \
        .form = FORM_E_IB_BARE                                                                     \
    }

static const Opcode GROUP_0FBA[8] = {
    TAKES_BYTE,
    TAKES_BYTE,
    TAKES_BYTE,
    TAKES_BYTE,
    [4] = RM(FORM_E_IB_BARE, 0, V(bt, _ri), V(bt, _mi)),
    [5] = RM(FORM_E_IB_BARE, L, V(bts, _ri), V(bts, _mi)),
    [6] = RM(FORM_E_IB_BARE, L, V(btr, _ri), V(btr, _mi)),
    [7] = RM(FORM_E_IB_BARE, L, V(btc, _ri), V(btc, _mi)),
};

static const Opcode GROUP_0FC7[8] = {
    [1] = {.form = FORM_M, .flags = L, .of_memory = ANY(cmpxchg8b)},
};

/* ---- one byte ----------------------------------------------------------- */

#define PUSH_SEGMENT(n) IMPLIED(V(push, _segment), n, 0)
#define POP_SEGMENT(n)  IMPLIED(V(pop, _segment), n, 0)
#define LOAD_POINTER(n)                                                                            \
    {                                                                                              \
        .form = FORM_G_M, .argument = n, .of_memory = V(load_pointer, )                            \
    }
#define INC_R                                                                                      \
    {                                                                                              \
        .form = FORM_R, .of_register = W(inc, _r)                                                  \
    }
#define DEC_R                                                                                      \
    {                                                                                              \
        .form = FORM_R, .of_register = W(dec, _r)                                                  \
    }
#define PUSH_R                                                                                     \
    {                                                                                              \
        .form = FORM_R, .of_register = V(push, _r)                                                 \
    }
#define POP_R                                                                                      \
    {                                                                                              \
        .form = FORM_R, .of_register = V(pop, _r)                                                  \
    }
#define XCHG_A                                                                                     \
    {                                                                                              \
        .form = FORM_R_A, .of_register = W(xchg, _rr)                                              \
    }
#define MOV_R8                                                                                     \
    {                                                                                              \
        .form = FORM_R_I, .flags = B, .of_register = W(mov, _ri)                                   \
    }
#define MOV_R                                                                                      \
    {                                                                                              \
        .form = FORM_R_I, .of_register = W(mov, _ri)                                               \
    }
#define ESCAPE RM(FORM_E, 0, ANY(escape), ANY(escape))
#define INPUT(name, flags_)                                                                        \
    {                                                                                              \
        .form = FORM_STRING, .flags = E | (flags_), .of_register = W(name, ),                      \
        .of_memory = W(name, )                                                                     \
    }

const Opcode opcode_map[256] = {
    ALU(0x00, add, L),
    [0x06] = PUSH_SEGMENT(CPU_ES),
    [0x07] = POP_SEGMENT(CPU_ES),
    ALU(0x08, or, L),
    [0x0e] = PUSH_SEGMENT(CPU_CS),
    ALU(0x10, adc, L),
    [0x16] = PUSH_SEGMENT(CPU_SS),
    [0x17] = IMPLIED(V(pop, _ss), CPU_SS, E),
    ALU(0x18, sbb, L),
    [0x1e] = PUSH_SEGMENT(CPU_DS),
    [0x1f] = POP_SEGMENT(CPU_DS),
    ALU(0x20, and, L),
    [0x27] = PLAIN(daa),
    ALU(0x28, sub, L),
    [0x2f] = PLAIN(das),
    ALU(0x30, xor, L),
    [0x37] = PLAIN(aaa),
    ALU(0x38, cmp, 0),
    [0x3f] = PLAIN(aas),
    EIGHT(0x40, INC_R),
    EIGHT(0x48, DEC_R),
    EIGHT(0x50, PUSH_R),
    EIGHT(0x58, POP_R),
    [0x60] = PLAIN_V(pusha, 0),
    [0x61] = PLAIN_V(popa, 0),
    [0x62] = {.form = FORM_G_M, .of_memory = V(bound, )},
    [0x63] = RM(FORM_E_G, 0, ANY(arpl_r), ANY(arpl_m)),
    [0x68] = {.form = FORM_I, .of_register = V(push, _i)},
    [0x69] = RM(FORM_G_E_I, 0, V(imul, _rri), V(imul, _rmi)),
    [0x6a] = {.form = FORM_IB, .of_register = V(push, _i)},
    [0x6b] = RM(FORM_G_E_IB, 0, V(imul, _rri), V(imul, _rmi)),
    [0x6c] = INPUT(ins, B),
    [0x6d] = INPUT(ins, 0),
    [0x6e] = INPUT(outs, B),
    [0x6f] = INPUT(outs, 0),
    CONDITIONS(0x70, FORM_REL8),
    [0x80] = GROUP(GROUP_80),
    [0x81] = GROUP(GROUP_81),
    [0x82] = GROUP(GROUP_80),
    [0x83] = GROUP(GROUP_83),
    [0x84] = RM(FORM_E_G, B, W(test, _rr), W(test, _mr)),
    [0x85] = RM(FORM_E_G, 0, W(test, _rr), W(test, _mr)),
    [0x86] = RM(FORM_E_G, B | L, W(xchg, _rr), W(xchg, _mr)),
    [0x87] = RM(FORM_E_G, L, W(xchg, _rr), W(xchg, _mr)),
    [0x88] = RM(FORM_E_G, B, W(mov, _rr), W(mov, _mr)),
    [0x89] = RM(FORM_E_G, 0, W(mov, _rr), W(mov, _mr)),
    [0x8a] = RM(FORM_G_E, B, W(mov, _rr), W(mov, _rm)),
    [0x8b] = RM(FORM_G_E, 0, W(mov, _rr), W(mov, _rm)),
    [0x8c] = {.form = FORM_E_SEGMENT,
              .of_register = {NULL, op_mov16_r_segment, op_mov32_r_segment},
              .of_memory = ANY(mov_m_segment)},
    [0x8d] = {.form = FORM_G_M, .of_memory = V(lea, )},
    /* By segment: any but SS, SS. */
    [0x8e] = {.form = FORM_SEGMENT_E,
              .of_register = {op_mov_segment_r, op_mov_ss_r},
              .of_memory = {op_mov_segment_m, op_mov_ss_m}},
    [0x8f] = GROUP(GROUP_8F),
    EIGHT(0x90, XCHG_A),
    [0x98] = {.form = FORM_NONE, .of_register = {NULL, op_cbw, op_cwde}},
    [0x99] = {.form = FORM_NONE, .of_register = {NULL, op_cwd, op_cdq}},
    [0x9a] = BRANCH(FORM_FAR, call_far),
    [0x9b] = PLAIN(wait),
    [0x9c] = PLAIN_V(pushf, 0),
    [0x9d] = PLAIN_V(popf, E),
    [0x9e] = PLAIN(sahf),
    [0x9f] = PLAIN(lahf),
    [0xa0] = {.form = FORM_LOAD, .flags = B, .of_memory = W(mov, _rm)},
    [0xa1] = {.form = FORM_LOAD, .of_memory = W(mov, _rm)},
    [0xa2] = {.form = FORM_STORE, .flags = B, .of_memory = W(mov, _mr)},
    [0xa3] = {.form = FORM_STORE, .of_memory = W(mov, _mr)},
    STRING(0xa4, movs),
    STRING(0xa6, cmps),
    [0xa8] = {.form = FORM_A_I, .flags = B, .of_register = W(test, _ri)},
    [0xa9] = {.form = FORM_A_I, .of_register = W(test, _ri)},
    STRING(0xaa, stos),
    STRING(0xac, lods),
    STRING(0xae, scas),
    EIGHT(0xb0, MOV_R8),
    EIGHT(0xb8, MOV_R),
    [0xc0] = GROUP(GROUP_C0),
    [0xc1] = GROUP(GROUP_C1),
    [0xc2] = BRANCH(FORM_IW, ret),
    [0xc3] = BRANCH(FORM_NONE, ret),
    [0xc4] = LOAD_POINTER(CPU_ES),
    [0xc5] = LOAD_POINTER(CPU_DS),
    [0xc6] = GROUP(GROUP_C6),
    [0xc7] = GROUP(GROUP_C7),
    [0xc8] = {.form = FORM_ENTER, .of_register = V(enter, )},
    [0xc9] = PLAIN_V(leave, 0),
    [0xca] = BRANCH(FORM_IW, ret_far),
    [0xcb] = BRANCH(FORM_NONE, ret_far),
    [0xcc] = IMPLIED(ANY(trap), VECTOR_BP, E),
    [0xcd] = {.form = FORM_IB_BARE, .flags = E, .of_register = ANY(int)},
    [0xce] = IMPLIED(ANY(trap), VECTOR_OF, E),
    [0xcf] = PLAIN_V(iret, E),
    [0xd0] = GROUP(GROUP_D0),
    [0xd1] = GROUP(GROUP_D1),
    [0xd2] = GROUP(GROUP_D2),
    [0xd3] = GROUP(GROUP_D3),
    [0xd4] = {.form = FORM_IB_BARE, .of_register = ANY(aam)},
    [0xd5] = {.form = FORM_IB_BARE, .of_register = ANY(aad)},
    [0xd6] = PLAIN(salc),
    [0xd7] = RM(FORM_STRING, B, ANY(xlat), ANY(xlat)),
    EIGHT(0xd8, ESCAPE),
    [0xe0] = BRANCH(FORM_REL8, loopnz),
    [0xe1] = BRANCH(FORM_REL8, loopz),
    [0xe2] = BRANCH(FORM_REL8, loop),
    [0xe3] = BRANCH(FORM_REL8, jcxz),
    [0xe4] = {.form = FORM_IB_BARE, .flags = B | E, .of_register = W(in, _i)},
    [0xe5] = {.form = FORM_IB_BARE, .flags = E, .of_register = W(in, _i)},
    [0xe6] = {.form = FORM_IB_BARE, .flags = B | E, .of_register = W(out, _i)},
    [0xe7] = {.form = FORM_IB_BARE, .flags = E, .of_register = W(out, _i)},
    [0xe8] = BRANCH(FORM_REL, call),
    [0xe9] = BRANCH(FORM_REL, jmp),
    [0xea] = BRANCH(FORM_FAR, jmp_far),
    [0xeb] = BRANCH(FORM_REL8, jmp),
    [0xec] = {.form = FORM_NONE, .flags = B | E, .of_register = W(in, _dx)},
    [0xed] = {.form = FORM_NONE, .flags = E, .of_register = W(in, _dx)},
    [0xee] = {.form = FORM_NONE, .flags = B | E, .of_register = W(out, _dx)},
    [0xef] = {.form = FORM_NONE, .flags = E, .of_register = W(out, _dx)},
    [0xf1] = PLAIN_END(int1),
    [0xf4] = PLAIN_END(hlt),
    [0xf5] = PLAIN(cmc),
    [0xf6] = GROUP(GROUP_F6),
    [0xf7] = GROUP(GROUP_F7),
    [0xf8] = PLAIN(clc),
    [0xf9] = PLAIN(stc),
    [0xfa] = PLAIN(cli),
    [0xfb] = PLAIN_END(sti),
    [0xfc] = PLAIN(cld),
    [0xfd] = PLAIN(std),
    [0xfe] = GROUP(GROUP_FE),
    [0xff] = GROUP(GROUP_FF),
};

/* ---- 0F and a byte ------------------------------------------------------ */

#define HINT  RM(FORM_E, 0, ANY(nop), ANY(nop))
#define CMOV  RM(FORM_G_E_CONDITION, 0, V(cmov, _rr), V(cmov, _rm))
#define SETCC RM(FORM_E_CONDITION, B, ANY(setcc_r), ANY(setcc_m))
#define BSWAP                                                                                      \
    {                                                                                              \
        .form = FORM_R, .of_register = V(bswap, )                                                  \
    }
#define CONTROL(name, flags_)                                                                      \
    {                                                                                              \
        .form = FORM_CONTROL, .flags = flags_, .of_register = ANY(name)                            \
    }

const Opcode opcode_map_0f[256] = {
    [0x00] = GROUP(GROUP_0F00),
    [0x01] = GROUP(GROUP_0F01),
    [0x02] = OPERAND16(lar, 0),
    [0x03] = OPERAND16(lsl, 0),
    [0x06] = PLAIN(clts),
    [0x08] = PLAIN(wbinvd),
    [0x09] = PLAIN(wbinvd),
    EIGHT(0x18, HINT),
    [0x20] = CONTROL(mov_r_control, 0),
    [0x21] = CONTROL(mov_r_debug, 0),
    [0x22] = CONTROL(mov_control_r, E),
    [0x23] = CONTROL(mov_debug_r, E),
    [0x30] = PLAIN_END(wrmsr),
    [0x31] = PLAIN_END(rdtsc),
    [0x32] = PLAIN_END(rdmsr),
    EIGHT(0x40, CMOV),
    EIGHT(0x48, CMOV),
    CONDITIONS(0x80, FORM_REL),
    EIGHT(0x90, SETCC),
    EIGHT(0x98, SETCC),
    [0xa0] = PUSH_SEGMENT(CPU_FS),
    [0xa1] = POP_SEGMENT(CPU_FS),
    [0xa2] = PLAIN(cpuid),
    [0xa3] = RM(FORM_E_G, 0, V(bt, _rr), V(bt, _mr)),
    [0xa4] = RM(FORM_E_G_COUNT, 0, V(shld, _rri), V(shld, _mri)),
    [0xa5] = RM(FORM_E_G, 0, V(shld, _rrc), V(shld, _mrc)),
    [0xa8] = PUSH_SEGMENT(CPU_GS),
    [0xa9] = POP_SEGMENT(CPU_GS),
    [0xab] = RM(FORM_E_G, L, V(bts, _rr), V(bts, _mr)),
    [0xac] = RM(FORM_E_G_COUNT, 0, V(shrd, _rri), V(shrd, _mri)),
    [0xad] = RM(FORM_E_G, 0, V(shrd, _rrc), V(shrd, _mrc)),
    [0xaf] = RM(FORM_G_E, 0, V(imul, _rr), V(imul, _rm)),
    [0xb0] = RM(FORM_E_G, B | L, W(cmpxchg, _rr), W(cmpxchg, _mr)),
    [0xb1] = RM(FORM_E_G, L, W(cmpxchg, _rr), W(cmpxchg, _mr)),
    [0xb2] = LOAD_POINTER(CPU_SS),
    [0xb3] = RM(FORM_E_G, L, V(btr, _rr), V(btr, _mr)),
    [0xb4] = LOAD_POINTER(CPU_FS),
    [0xb5] = LOAD_POINTER(CPU_GS),
    [0xb6] = RM(FORM_G_E, OPCODE_FROM_BYTE, V(movzx8to, _rr), V(movzx8to, _rm)),
    [0xb7] = {.form = FORM_G_E,
              .of_register = {NULL, op_mov16_rr, op_movzx16to32_rr},
              .of_memory = {NULL, op_mov16_rm, op_movzx16to32_rm}},
    [0xb9] = RM(FORM_E, 0, ANY(undefined), ANY(undefined)),
    [0xba] = GROUP(GROUP_0FBA),
    [0xbb] = RM(FORM_E_G, L, V(btc, _rr), V(btc, _mr)),
    [0xbc] = RM(FORM_G_E, 0, V(bsf, _rr), V(bsf, _rm)),
    [0xbd] = RM(FORM_G_E, 0, V(bsr, _rr), V(bsr, _rm)),
    [0xbe] = RM(FORM_G_E, OPCODE_FROM_BYTE, V(movsx8to, _rr), V(movsx8to, _rm)),
    [0xbf] = {.form = FORM_G_E,
              .of_register = {NULL, op_mov16_rr, op_movsx16to32_rr},
              .of_memory = {NULL, op_mov16_rm, op_movsx16to32_rm}},
    [0xc0] = RM(FORM_E_G, B | L, W(xadd, _rr), W(xadd, _mr)),
    [0xc1] = RM(FORM_E_G, L, W(xadd, _rr), W(xadd, _mr)),
    [0xc7] = GROUP(GROUP_0FC7),
    EIGHT(0xc8, BSWAP),
};
