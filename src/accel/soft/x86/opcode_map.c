/*
 * The opcode map.  To add an instruction, give its opcode its operands and its
 * handlers here, add the handlers to interp/handler_list.inc, and write them in the
 * op_*.c file of their subject.
 */
#include "src/accel/soft/x86/opcode_map.h"

#include "src/accel/soft/interp/handler_ids.h"
#include "src/accel/soft/x86/opcode_map_fpu.h"

/* ---- handlers by operand size ---- */

/* One handler for all sizes. */
#define ANY(name)                                                                                  \
    {                                                                                              \
        HANDLER_ID(name), HANDLER_ID(name), HANDLER_ID(name), HANDLER_ID(name)                     \
    }
/* An operand of 8 bits, whatever the operand size is. */
#define BYTE(name, form) ANY(name##8##form)
#if INTERP_WIDE
/* Handlers by the operand size. */
#define SIZED(name, form)                                                                          \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(name##16##form), HANDLER_ID(name##32##form),                      \
            HANDLER_ID(name##64##form)                                                             \
    }
/* Handlers by the operand size for pushes and pops, which cannot have 32 bits in 64-bit code. */
#define STACK(name, form)                                                                          \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(name##16##form), HANDLER_NONE, HANDLER_ID(name##64##form)         \
    }
/* Handlers for near branches, which always have 64 bits in 64-bit code. */
#define NEAR(name, form)                                                                           \
    {                                                                                              \
        HANDLER_NONE, HANDLER_NONE, HANDLER_NONE, HANDLER_ID(name##64##form)                       \
    }
/* Handlers for 32 and 64 bits only. */
#define SIZED32(name, form)                                                                        \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(name##32##form), HANDLER_ID(name##32##form),                      \
            HANDLER_ID(name##64##form)                                                             \
    }
/* An entry that does not exist in 64-bit code. */
#define NARROW(...)                                                                                \
    {                                                                                              \
        .select = SELECT_NOTHING                                                                   \
    }
#else
#define SIZED(name, form)                                                                          \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(name##16##form), HANDLER_ID(name##32##form)                       \
    }
#define STACK(name, form) SIZED(name, form)
#define NEAR(name, form)  SIZED(name, form)
#define SIZED32(name, form)                                                                        \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(name##32##form), HANDLER_ID(name##32##form)                       \
    }
#define NARROW(...) __VA_ARGS__
#endif

#define LOCK OPCODE_LOCK
#define END  OPCODE_END
#define D64  OPCODE_D64
#define F64  OPCODE_F64

/* ---- entries ---- */

#define FEATURE_OF(name) .feature = CPU_FEATURE_##name

/* Entries with handlers for register operands or none, for memory operands, or for both. */
#define REGISTER(handlers, flags_, ...)                                                            \
    {                                                                                              \
        .operand = {__VA_ARGS__}, .flags = flags_, .of_register = handlers                         \
    }
#define MEMORY(handlers, flags_, ...)                                                              \
    {                                                                                              \
        .operand = {__VA_ARGS__}, .flags = flags_, .of_memory = handlers                           \
    }
#define BOTH(register_, memory_, flags_, ...)                                                      \
    {                                                                                              \
        .operand = {__VA_ARGS__}, .flags = flags_, .of_register = register_, .of_memory = memory_  \
    }
/* An entry with no operands except those that the opcode implies. */
#define PLAIN(handlers, flags_)                                                                    \
    {                                                                                              \
        .flags = flags_, .of_register = handlers                                                   \
    }
#define PLAIN_OF(feature_, handlers, flags_)                                                       \
    {                                                                                              \
        .flags = flags_, .of_register = handlers, FEATURE_OF(feature_)                             \
    }
/* An undefined opcode whose operand bytes still belong to it. */
#define UNDEFINED(...)                                                                             \
    {                                                                                              \
        .operand = { __VA_ARGS__ }                                                                 \
    }
#define GROUP(table_) OPCODE_SELECT(SELECT_REG, table_)

#define EIGHT(base, entry)                                                                         \
    [(base)] = entry, [(base) + 1] = entry, [(base) + 2] = entry, [(base) + 3] = entry,            \
    [(base) + 4] = entry, [(base) + 5] = entry, [(base) + 6] = entry, [(base) + 7] = entry

/* An operation on r/m and register in both directions, and on the accumulator. */
#define ALU(base, name, lock)                                                                      \
    [(base) + 0] = BOTH(BYTE(name, _rr), BYTE(name, _mr), lock, Eb, Gb),                           \
              [(base) + 1] = BOTH(SIZED(name, _rr), SIZED(name, _mr), lock, Ev, Gv),               \
              [(base) + 2] = BOTH(BYTE(name, _rr), BYTE(name, _rm), 0, Gb, Eb),                    \
              [(base) + 3] = BOTH(SIZED(name, _rr), SIZED(name, _rm), 0, Gv, Ev),                  \
              [(base) + 4] = REGISTER(BYTE(name, _ri), 0, AL, Ib),                                 \
              [(base) + 5] = REGISTER(SIZED(name, _ri), 0, rAX, Iz)

#define CONDITIONS(base, displacement)                                                             \
    [(base) + 0x0] = REGISTER(NEAR(jo, ), END | F64, displacement),                                \
              [(base) + 0x1] = REGISTER(NEAR(jno, ), END | F64, displacement),                     \
              [(base) + 0x2] = REGISTER(NEAR(jc, ), END | F64, displacement),                      \
              [(base) + 0x3] = REGISTER(NEAR(jnc, ), END | F64, displacement),                     \
              [(base) + 0x4] = REGISTER(NEAR(jz, ), END | F64, displacement),                      \
              [(base) + 0x5] = REGISTER(NEAR(jnz, ), END | F64, displacement),                     \
              [(base) + 0x6] = REGISTER(NEAR(jbe, ), END | F64, displacement),                     \
              [(base) + 0x7] = REGISTER(NEAR(ja, ), END | F64, displacement),                      \
              [(base) + 0x8] = REGISTER(NEAR(js, ), END | F64, displacement),                      \
              [(base) + 0x9] = REGISTER(NEAR(jns, ), END | F64, displacement),                     \
              [(base) + 0xa] = REGISTER(NEAR(jp, ), END | F64, displacement),                      \
              [(base) + 0xb] = REGISTER(NEAR(jnp, ), END | F64, displacement),                     \
              [(base) + 0xc] = REGISTER(NEAR(jl, ), END | F64, displacement),                      \
              [(base) + 0xd] = REGISTER(NEAR(jge, ), END | F64, displacement),                     \
              [(base) + 0xe] = REGISTER(NEAR(jle, ), END | F64, displacement),                     \
              [(base) + 0xf] = REGISTER(NEAR(jg, ), END | F64, displacement)

#define STRING(base, name, bytes, words)                                                           \
    [(base) + 0] = BOTH(BYTE(name, ), BYTE(rep_##name, ), OPCODE_REPEAT, bytes),                   \
              [(base) + 1] = BOTH(SIZED(name, ), SIZED(rep_##name, ), OPCODE_REPEAT, words)

/* ---- groups, whose entry ModRM.reg selects ---- */

/* The forms of one instruction for a register and for memory. */
#define FORMS(HANDLERS, name, r, m, ...) BOTH(HANDLERS(name, r), HANDLERS(name, m), __VA_ARGS__)

#define ALU_GROUP(group_name, HANDLERS, operand, immediate)                                        \
    static const Opcode group_name[8] = {                                                          \
        FORMS(HANDLERS, add, _ri, _mi, LOCK, operand, immediate),                                  \
        FORMS(HANDLERS, or, _ri, _mi, LOCK, operand, immediate),                                   \
        FORMS(HANDLERS, adc, _ri, _mi, LOCK, operand, immediate),                                  \
        FORMS(HANDLERS, sbb, _ri, _mi, LOCK, operand, immediate),                                  \
        FORMS(HANDLERS, and, _ri, _mi, LOCK, operand, immediate),                                  \
        FORMS(HANDLERS, sub, _ri, _mi, LOCK, operand, immediate),                                  \
        FORMS(HANDLERS, xor, _ri, _mi, LOCK, operand, immediate),                                  \
        FORMS(HANDLERS, cmp, _ri, _mi, 0, operand, immediate),                                     \
    }

ALU_GROUP(GROUP_80, BYTE, Eb, Ib);
ALU_GROUP(GROUP_81, SIZED, Ev, Iz);
ALU_GROUP(GROUP_83, SIZED, Ev, Isb);

#define SHIFT_GROUP(group_name, HANDLERS, r, m, operand, count)                                    \
    static const Opcode group_name[8] = {                                                          \
        FORMS(HANDLERS, rol, r, m, OPCODE_COUNT, operand, count),                                  \
        FORMS(HANDLERS, ror, r, m, OPCODE_COUNT, operand, count),                                  \
        FORMS(HANDLERS, rcl, r, m, OPCODE_COUNT, operand, count),                                  \
        FORMS(HANDLERS, rcr, r, m, OPCODE_COUNT, operand, count),                                  \
        FORMS(HANDLERS, shl, r, m, OPCODE_COUNT, operand, count),                                  \
        FORMS(HANDLERS, shr, r, m, OPCODE_COUNT, operand, count),                                  \
        FORMS(HANDLERS, shl, r, m, OPCODE_COUNT, operand, count),                                  \
        FORMS(HANDLERS, sar, r, m, OPCODE_COUNT, operand, count),                                  \
    }

SHIFT_GROUP(GROUP_C0, BYTE, _ri, _mi, Eb, Ib);
SHIFT_GROUP(GROUP_C1, SIZED, _ri, _mi, Ev, Ib);
SHIFT_GROUP(GROUP_D0, BYTE, _ri, _mi, Eb, ONE);
SHIFT_GROUP(GROUP_D1, SIZED, _ri, _mi, Ev, ONE);
SHIFT_GROUP(GROUP_D2, BYTE, _rc, _mc, Eb, CL);
SHIFT_GROUP(GROUP_D3, SIZED, _rc, _mc, Ev, CL);

#define UNARY_GROUP(group_name, HANDLERS, operand, immediate)                                      \
    static const Opcode group_name[8] = {                                                          \
        FORMS(HANDLERS, test, _ri, _mi, 0, operand, immediate),                                    \
        FORMS(HANDLERS, test, _ri, _mi, 0, operand, immediate),                                    \
        FORMS(HANDLERS, not, _r, _m, LOCK, operand),                                               \
        FORMS(HANDLERS, neg, _r, _m, LOCK, operand),                                               \
        FORMS(HANDLERS, mul, _r, _m, 0, operand),                                                  \
        FORMS(HANDLERS, imul, _r, _m, 0, operand),                                                 \
        FORMS(HANDLERS, div, _r, _m, 0, operand),                                                  \
        FORMS(HANDLERS, idiv, _r, _m, 0, operand),                                                 \
    }

UNARY_GROUP(GROUP_F6, BYTE, Eb, Ib);
UNARY_GROUP(GROUP_F7, SIZED, Ev, Iz);

static const Opcode GROUP_8F[8] = {BOTH(STACK(pop, _r), STACK(pop, _m), D64, Ev)};
static const Opcode GROUP_C6[8] = {BOTH(BYTE(mov, _ri), BYTE(mov, _mi), 0, Eb, Ib)};
static const Opcode GROUP_C7[8] = {BOTH(SIZED(mov, _ri), SIZED(mov, _mi), 0, Ev, Iz)};

#define STORE_SEGMENT BOTH(SIZED(mov, _r_segment), ANY(mov_m_segment), 0, Ev, Sw)
#define LOAD_SEGMENT  BOTH(ANY(mov_segment_r), ANY(mov_segment_m), 0, Sw, Ew)

static const Opcode GROUP_8C[8] = {
    STORE_SEGMENT, STORE_SEGMENT, STORE_SEGMENT, STORE_SEGMENT, STORE_SEGMENT, STORE_SEGMENT,
};

/* ES SS DS FS GS.  There is no move to CS. */
static const Opcode GROUP_8E[8] = {
    LOAD_SEGMENT, UNDEFINED(Ew), BOTH(ANY(mov_ss_r), ANY(mov_ss_m), END, Sw, Ew),
    LOAD_SEGMENT, LOAD_SEGMENT,  LOAD_SEGMENT,
};

static const Opcode GROUP_FE[8] = {
    BOTH(BYTE(inc, _r), BYTE(inc, _m), LOCK, Eb),
    BOTH(BYTE(dec, _r), BYTE(dec, _m), LOCK, Eb),
};

static const Opcode GROUP_FF[8] = {
    BOTH(SIZED(inc, _r), SIZED(inc, _m), LOCK, Ev),
    BOTH(SIZED(dec, _r), SIZED(dec, _m), LOCK, Ev),
    BOTH(NEAR(call, _r), NEAR(call, _m), END | F64, Ev),
    MEMORY(SIZED(call_far, _m), END, M),
    BOTH(NEAR(jmp, _r), NEAR(jmp, _m), END | F64, Ev),
    MEMORY(SIZED(jmp_far, _m), END, M),
    BOTH(STACK(push, _r), STACK(push, _m), D64, Ev),
};

#define STORE_SYSTEM(segment)                                                                      \
    {                                                                                              \
        .operand = {Ev}, .argument = segment, .of_register = SIZED(store_system_r, ),              \
        .of_memory = ANY(store_system_m)                                                           \
    }
/*
 * Instructions that examine a selector.  They have no operand Gv; the handlers
 * do not use its place.
 */
#define SELECTOR(name) BOTH(ANY(name), ANY(name), 0, Gv, Ew)

static const Opcode GROUP_0F00[8] = {
    STORE_SYSTEM(CPU_LDTR), STORE_SYSTEM(CPU_TR), SELECTOR(lldt),
    SELECTOR(ltr),          SELECTOR(verr),       SELECTOR(verw),
};

/* 0F 01 with a register operand stands for other instructions. */
static const Opcode OPCODES_0F01_C8[8] = {
    [2] = PLAIN_OF(SMAP, ANY(clac), 0),
    [3] = PLAIN_OF(SMAP, ANY(stac), 0),
};
static const Opcode OPCODES_0F01_F8[8] = {
#if INTERP_WIDE
    [0] = PLAIN_OF(LM, ANY(swapgs), 0),
#endif
    [1] = PLAIN_OF(RDTSCP, ANY(rdtscp), END),
};

#define SMSW BOTH(SIZED(smsw_r, ), ANY(smsw_m), 0, Ev)
#define LMSW BOTH(ANY(lmsw_r), ANY(lmsw_m), END, Ew)

static const Opcode GROUP_0F01_MEMORY[8] = {
    MEMORY(ANY(sgdt), 0, M),
    MEMORY(ANY(sidt), 0, M),
    MEMORY(ANY(lgdt), 0, M),
    MEMORY(ANY(lidt), 0, M),
    SMSW,
    UNDEFINED(),
    LMSW,
    MEMORY(ANY(invlpg), END, M),
};
static const Opcode OPCODES_0F01_D0[8] = {
    [0] = PLAIN_OF(XSAVE, ANY(xgetbv), 0),
    [1] = PLAIN_OF(XSAVE, ANY(xsetbv), END),
};
static const Opcode GROUP_0F01_REGISTER[8] = {
    [1] = OPCODE_SELECT(SELECT_RM, OPCODES_0F01_C8),
    [2] = OPCODE_SELECT(SELECT_RM, OPCODES_0F01_D0),
    [4] = SMSW,
    [6] = LMSW,
    [7] = OPCODE_SELECT(SELECT_RM, OPCODES_0F01_F8),
};
static const Opcode OPCODES_0F01[2] = {
    OPCODE_SELECT(SELECT_REG, GROUP_0F01_MEMORY),
    OPCODE_SELECT(SELECT_REG, GROUP_0F01_REGISTER),
};

/* Fences, and with F3 the bases of FS and GS. */
static const Opcode GROUP_0FAE_REGISTER[8] = {
    [5] = PLAIN_OF(SSE2, ANY(nop), 0),
    [6] = PLAIN_OF(SSE2, ANY(nop), 0),
    [7] = PLAIN_OF(SSE, ANY(nop), 0),
};
#if INTERP_WIDE
#define SEGMENT_BASE(name)                                                                         \
    {                                                                                              \
        .operand = {Ry}, .of_register = SIZED32(name, ), FEATURE_OF(FSGSBASE)                      \
    }
static const Opcode GROUP_F3_0FAE_REGISTER[8] = {
    SEGMENT_BASE(rdfsbase),
    SEGMENT_BASE(rdgsbase),
    SEGMENT_BASE(wrfsbase),
    SEGMENT_BASE(wrgsbase),
};
#else
static const Opcode GROUP_F3_0FAE_REGISTER[8] = {UNDEFINED()};
#endif
/* There are no caches: these write what is already in memory. */
static const Opcode GROUP_0FAE_MEMORY[8] = {
    [6] = {.operand = {M}, .of_memory = ANY(clflush), FEATURE_OF(CLWB)},
    [7] = {.operand = {M}, .of_memory = ANY(clflush), FEATURE_OF(CLFLUSH)},
};
static const Opcode GROUP_NONE[8] = {UNDEFINED()};
static const Opcode GROUP_66_0FAE_REGISTER[8] = {
    [7] = PLAIN_OF(PCOMMIT, ANY(nop), 0),
};
static const Opcode OPCODES_0FAE_REGISTER[4] = {
    GROUP(GROUP_0FAE_REGISTER),
    GROUP(GROUP_66_0FAE_REGISTER),
    GROUP(GROUP_F3_0FAE_REGISTER),
    GROUP(GROUP_NONE),
};
static const Opcode OPCODES_0FAE_MEMORY[4] = {
    GROUP(MAP_NAME(opcodes_fpu_0fae)),
    GROUP(GROUP_0FAE_MEMORY),
    GROUP(GROUP_NONE),
    GROUP(GROUP_NONE),
};
static const Opcode OPCODES_0FAE[2] = {
    OPCODE_SELECT(SELECT_PREFIX, OPCODES_0FAE_MEMORY),
    OPCODE_SELECT(SELECT_PREFIX, OPCODES_0FAE_REGISTER),
};

static const Opcode GROUP_0FBA[8] = {
    UNDEFINED(Ev, Ib),
    UNDEFINED(Ev, Ib),
    UNDEFINED(Ev, Ib),
    UNDEFINED(Ev, Ib),
    [4] = BOTH(SIZED(bt, _ri), SIZED(bt, _mi), 0, Ev, Ib),
    [5] = BOTH(SIZED(bts, _ri), SIZED(bts, _mi), LOCK, Ev, Ib),
    [6] = BOTH(SIZED(btr, _ri), SIZED(btr, _mi), LOCK, Ev, Ib),
    [7] = BOTH(SIZED(btc, _ri), SIZED(btc, _mi), LOCK, Ev, Ib),
};

#if INTERP_WIDE
#define CMPXCHG_PAIR                                                                               \
    {                                                                                              \
        HANDLER_ID(cmpxchg8b), HANDLER_ID(cmpxchg8b), HANDLER_ID(cmpxchg8b),                       \
            HANDLER_ID(cmpxchg16b)                                                                 \
    }
#else
#define CMPXCHG_PAIR ANY(cmpxchg8b)
#endif

#define RANDOM(feature_)                                                                           \
    {                                                                                              \
        .operand = {Ry}, .flags = END, .of_register = SIZED(rdrand, ), FEATURE_OF(feature_)        \
    }

/* With memory or a register.  RDPID has the prefix F3. */
static const Opcode OPCODES_0FC7_6[2] = {UNDEFINED(), RANDOM(RDRAND)};
static const Opcode OPCODES_0FC7_7_REGISTER[3] = {
    RANDOM(RDSEED),
    {.operand = {Ry}, .of_register = ANY(rdpid), FEATURE_OF(RDPID)},
    UNDEFINED(),
};
static const Opcode OPCODES_0FC7_7[2] = {
    UNDEFINED(),
    OPCODE_SELECT(SELECT_REPEAT, OPCODES_0FC7_7_REGISTER),
};

static const Opcode GROUP_0FC7[8] = {
    [1] = {.operand = {M}, .flags = LOCK, .of_memory = CMPXCHG_PAIR, FEATURE_OF(CX8)},
    [6] = OPCODE_SELECT(SELECT_MOD, OPCODES_0FC7_6),
    [7] = OPCODE_SELECT(SELECT_MOD, OPCODES_0FC7_7),
};

/* ---- 0F and another byte ---- */

#define PUSH_SEGMENT(segment) REGISTER(STACK(push, _segment), D64, segment)
#define POP_SEGMENT(segment)  REGISTER(STACK(pop, _segment), D64, segment)
#define LOAD_POINTER(segment)                                                                      \
    {                                                                                              \
        .operand = {Gv, M}, .argument = segment, .of_memory = SIZED(load_pointer, )                \
    }
#define HINT BOTH(ANY(nop), ANY(nop), 0, Ev)
#define CMOV                                                                                       \
    {                                                                                              \
        .operand = {Gv, Ev}, .flags = OPCODE_CONDITION, .of_register = SIZED(cmov, _rr),           \
        .of_memory = SIZED(cmov, _rm), FEATURE_OF(CMOV)                                            \
    }
#define SETCC BOTH(ANY(setcc_r), ANY(setcc_m), OPCODE_CONDITION, Eb)
#define BSWAP REGISTER(SIZED(bswap, ), 0, Zv)

static const Opcode OPCODES_0F38[256] = {
    FPU_OPCODES_0F38,
    [0xf0] = OPCODE_SELECT(SELECT_REPEAT, MAP_NAME(opcodes_0f38f0)[0]),
    [0xf1] = OPCODE_SELECT(SELECT_REPEAT, MAP_NAME(opcodes_0f38f0)[1]),
    [0xf6] = OPCODE_SELECT(SELECT_PREFIX, MAP_NAME(opcodes_0f38f6)),
};
static const Opcode OPCODES_0F3A[256] = {FPU_OPCODES_0F3A};

static const Opcode OPCODES_0F[256] = {
    FPU_OPCODES_0F,
    [0x38] = OPCODE_SELECT(SELECT_BYTE, OPCODES_0F38),
    [0x3a] = OPCODE_SELECT(SELECT_BYTE, OPCODES_0F3A),
    [0x00] = GROUP(GROUP_0F00),
    [0x01] = OPCODE_SELECT(SELECT_MOD, OPCODES_0F01),
    [0x02] = SELECTOR(lar),
    [0x03] = SELECTOR(lsl),
    [0x05] = PLAIN_OF(SYSCALL, ANY(syscall), END),
#if INTERP_WIDE
    [0x07] = PLAIN_OF(SYSCALL, SIZED32(sysret, ), END),
#else
    [0x07] = PLAIN_OF(SYSCALL, ANY(sysret32), END),
#endif
    [0x06] = PLAIN(ANY(clts), 0),
    [0x08] = PLAIN(ANY(wbinvd), 0),
    [0x09] = PLAIN(ANY(wbinvd), 0),
    [0x0b] = UNDEFINED(),
    [0x0d] = HINT,
    EIGHT(0x18, HINT),
    [0x20] = REGISTER(ANY(mov_r_control), END | F64, Ry, Cy),
    [0x21] = REGISTER(ANY(mov_r_debug), F64, Ry, Dy),
    [0x22] = REGISTER(ANY(mov_control_r), END | F64, Cy, Ry),
    [0x23] = REGISTER(ANY(mov_debug_r), END | F64, Dy, Ry),
    [0x30] = PLAIN_OF(MSR, ANY(wrmsr), END),
    [0x31] = PLAIN_OF(TSC, ANY(rdtsc), END),
    [0x32] = PLAIN_OF(MSR, ANY(rdmsr), END),
    [0x34] = PLAIN_OF(SEP, ANY(sysenter), END),
    [0x35] = PLAIN_OF(SEP, SIZED32(sysexit, ), END),
    EIGHT(0x40, CMOV),
    EIGHT(0x48, CMOV),
    CONDITIONS(0x80, Jz),
    EIGHT(0x90, SETCC),
    EIGHT(0x98, SETCC),
    [0xa0] = PUSH_SEGMENT(FS),
    [0xa1] = POP_SEGMENT(FS),
    [0xa2] = PLAIN(ANY(cpuid), 0),
    [0xa3] = BOTH(SIZED(bt, _rr), SIZED(bt, _mr), 0, Ev, Gv),
    [0xa4] = BOTH(SIZED(shld, _rri), SIZED(shld, _mri), OPCODE_COUNT, Ev, Gv, Ib),
    [0xa5] = BOTH(SIZED(shld, _rrc), SIZED(shld, _mrc), 0, Ev, Gv, CL),
    [0xa8] = PUSH_SEGMENT(GS),
    [0xa9] = POP_SEGMENT(GS),
    [0xab] = BOTH(SIZED(bts, _rr), SIZED(bts, _mr), LOCK, Ev, Gv),
    [0xac] = BOTH(SIZED(shrd, _rri), SIZED(shrd, _mri), OPCODE_COUNT, Ev, Gv, Ib),
    [0xad] = BOTH(SIZED(shrd, _rrc), SIZED(shrd, _mrc), 0, Ev, Gv, CL),
    [0xae] = OPCODE_SELECT(SELECT_MOD, OPCODES_0FAE),
    [0xaf] = BOTH(SIZED(imul, _rr), SIZED(imul, _rm), 0, Gv, Ev),
    [0xb0] = BOTH(BYTE(cmpxchg, _rr), BYTE(cmpxchg, _mr), LOCK, Eb, Gb),
    [0xb1] = BOTH(SIZED(cmpxchg, _rr), SIZED(cmpxchg, _mr), LOCK, Ev, Gv),
    [0xb2] = LOAD_POINTER(CPU_SS),
    [0xb3] = BOTH(SIZED(btr, _rr), SIZED(btr, _mr), LOCK, Ev, Gv),
    [0xb4] = LOAD_POINTER(CPU_FS),
    [0xb5] = LOAD_POINTER(CPU_GS),
    [0xb6] = BOTH(SIZED(movzx8to, _rr), SIZED(movzx8to, _rm), 0, Gv, Eb),
    [0xb7] = BOTH(SIZED(movzx16to, _rr), SIZED(movzx16to, _rm), 0, Gv, Ew),
    [0xb8] = OPCODE_SELECT(SELECT_REPEAT, MAP_NAME(opcodes_0fb8)),
    [0xb9] = UNDEFINED(Gv, Ev),
    [0xba] = GROUP(GROUP_0FBA),
    [0xbb] = BOTH(SIZED(btc, _rr), SIZED(btc, _mr), LOCK, Ev, Gv),
    [0xbc] = OPCODE_SELECT(SELECT_REPEAT, MAP_NAME(opcodes_0fbc)),
    [0xbd] = OPCODE_SELECT(SELECT_REPEAT, MAP_NAME(opcodes_0fbd)),
    [0xbe] = BOTH(SIZED(movsx8to, _rr), SIZED(movsx8to, _rm), 0, Gv, Eb),
    [0xbf] = BOTH(SIZED(movsx16to, _rr), SIZED(movsx16to, _rm), 0, Gv, Ew),
    [0xc0] = BOTH(BYTE(xadd, _rr), BYTE(xadd, _mr), LOCK, Eb, Gb),
    [0xc1] = BOTH(SIZED(xadd, _rr), SIZED(xadd, _mr), LOCK, Ev, Gv),
    [0xc7] = GROUP(GROUP_0FC7),
    EIGHT(0xc8, BSWAP),
    [0xff] = UNDEFINED(Gv, Ev),
};

/* A port access has at most 32 bits. */

/* A port has no more than 32 bits. */
#define PORT(name, form)                                                                           \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(name##16##form), HANDLER_ID(name##32##form),                      \
            HANDLER_ID(name##32##form)                                                             \
    }
/* Each item ends its block, with or without repetition. */
#define IN_OUT(HANDLERS, name, ...)                                                                \
    BOTH(HANDLERS(name, ), HANDLERS(name, ), END | OPCODE_REPEAT, __VA_ARGS__)
#define TRAP(vector)                                                                               \
    {                                                                                              \
        .flags = END, .argument = vector, .of_register = ANY(trap)                                 \
    }
#define XCHG_A REGISTER(SIZED(xchg, _rr), 0, Zv, rAX)

/* An offset of 64 bits needs handlers of its own, and so does an immediate of 64 bits. */
#if INTERP_WIDE
#define ABSOLUTE_LOAD8  BYTE(mov, _load)
#define ABSOLUTE_LOAD   SIZED(mov, _load)
#define ABSOLUTE_STORE8 BYTE(mov, _store)
#define ABSOLUTE_STORE  SIZED(mov, _store)
#define MOVE_WHOLE                                                                                 \
    {                                                                                              \
        HANDLER_NONE, HANDLER_ID(mov16_ri), HANDLER_ID(mov32_ri), HANDLER_ID(mov64_whole)          \
    }
#else
#define ABSOLUTE_LOAD8  BYTE(mov, _rm)
#define ABSOLUTE_LOAD   SIZED(mov, _rm)
#define ABSOLUTE_STORE8 BYTE(mov, _mr)
#define ABSOLUTE_STORE  SIZED(mov, _mr)
#define MOVE_WHOLE      SIZED(mov, _ri)
#endif

/* XCHG with R8, NOP (which keeps the upper half of RAX), or PAUSE. */
#if INTERP_WIDE
#define NOP_OR_XCHG REGISTER(SIZED(nop_or_xchg, ), 0, Zv, rAX)
#else
#define NOP_OR_XCHG PLAIN(ANY(nop), 0)
#endif
static const Opcode OPCODES_90[3] = {NOP_OR_XCHG, PLAIN(ANY(pause), END), NOP_OR_XCHG};

const Opcode MAP_NAME(opcode_map)[256] = {
    ALU(0x00, add, LOCK),
    [0x06] = NARROW(PUSH_SEGMENT(ES)),
    [0x07] = NARROW(POP_SEGMENT(ES)),
    ALU(0x08, or, LOCK),
    [0x0e] = NARROW(PUSH_SEGMENT(CS)),
    [0x0f] = OPCODE_SELECT(SELECT_BYTE, OPCODES_0F),
    ALU(0x10, adc, LOCK),
    [0x16] = NARROW(PUSH_SEGMENT(SS)),
    [0x17] = NARROW(REGISTER(STACK(pop, _ss), END, SS)),
    ALU(0x18, sbb, LOCK),
    [0x1e] = NARROW(PUSH_SEGMENT(DS)),
    [0x1f] = NARROW(POP_SEGMENT(DS)),
    ALU(0x20, and, LOCK),
    [0x27] = NARROW(PLAIN(ANY(daa), 0)),
    ALU(0x28, sub, LOCK),
    [0x2f] = NARROW(PLAIN(ANY(das), 0)),
    ALU(0x30, xor, LOCK),
    [0x37] = NARROW(PLAIN(ANY(aaa), 0)),
    ALU(0x38, cmp, 0),
    [0x3f] = NARROW(PLAIN(ANY(aas), 0)),
#if !INTERP_WIDE
    EIGHT(0x40, REGISTER(SIZED(inc, _r), 0, Zv)),
    EIGHT(0x48, REGISTER(SIZED(dec, _r), 0, Zv)),
#endif
    EIGHT(0x50, REGISTER(STACK(push, _r), D64, Zv)),
    EIGHT(0x58, REGISTER(STACK(pop, _r), D64, Zv)),
    [0x60] = NARROW(PLAIN(SIZED(pusha, ), 0)),
    [0x61] = NARROW(PLAIN(SIZED(popa, ), 0)),
    [0x62] = NARROW(MEMORY(SIZED(bound, ), 0, Gv, M)),
#if INTERP_WIDE
    [0x63] = BOTH(SIZED(movsx32to, _rr), SIZED(movsx32to, _rm), 0, Gv, Ev),
#else
    [0x63] = BOTH(ANY(arpl_r), ANY(arpl_m), 0, Ew, Gw),
#endif
    [0x68] = REGISTER(STACK(push, _i), D64, Iz),
    [0x69] = BOTH(SIZED(imul, _rri), SIZED(imul, _rmi), 0, Gv, Ev, Iz),
    [0x6a] = REGISTER(STACK(push, _i), D64, Isb),
    [0x6b] = BOTH(SIZED(imul, _rri), SIZED(imul, _rmi), 0, Gv, Ev, Isb),
    [0x6c] = IN_OUT(BYTE, ins, Yb, DX),
    [0x6d] = IN_OUT(PORT, ins, Yv, DX),
    [0x6e] = IN_OUT(BYTE, outs, DX, Xb),
    [0x6f] = IN_OUT(PORT, outs, DX, Xv),
    CONDITIONS(0x70, Jb),
    [0x80] = GROUP(GROUP_80),
    [0x81] = GROUP(GROUP_81),
    [0x82] = NARROW(GROUP(GROUP_80)),
    [0x83] = GROUP(GROUP_83),
    [0x84] = BOTH(BYTE(test, _rr), BYTE(test, _mr), 0, Eb, Gb),
    [0x85] = BOTH(SIZED(test, _rr), SIZED(test, _mr), 0, Ev, Gv),
    [0x86] = BOTH(BYTE(xchg, _rr), BYTE(xchg, _mr), LOCK, Eb, Gb),
    [0x87] = BOTH(SIZED(xchg, _rr), SIZED(xchg, _mr), LOCK, Ev, Gv),
    [0x88] = BOTH(BYTE(mov, _rr), BYTE(mov, _mr), 0, Eb, Gb),
    [0x89] = BOTH(SIZED(mov, _rr), SIZED(mov, _mr), 0, Ev, Gv),
    [0x8a] = BOTH(BYTE(mov, _rr), BYTE(mov, _rm), 0, Gb, Eb),
    [0x8b] = BOTH(SIZED(mov, _rr), SIZED(mov, _rm), 0, Gv, Ev),
    [0x8c] = GROUP(GROUP_8C),
    [0x8d] = MEMORY(SIZED(lea, ), 0, Gv, M),
    [0x8e] = GROUP(GROUP_8E),
    [0x8f] = GROUP(GROUP_8F),
    [0x90] = OPCODE_SELECT(SELECT_REPEAT, OPCODES_90),
    [0x91] = XCHG_A,
    [0x92] = XCHG_A,
    [0x93] = XCHG_A,
    [0x94] = XCHG_A,
    [0x95] = XCHG_A,
    [0x96] = XCHG_A,
    [0x97] = XCHG_A,
    [0x98] = {.of_register = {HANDLER_NONE, HANDLER_ID(cbw), HANDLER_ID(cwde),
                              WIDE_ONLY(HANDLER_ID(cdqe))}},
    [0x99] = {.of_register = {HANDLER_NONE, HANDLER_ID(cwd), HANDLER_ID(cdq),
                              WIDE_ONLY(HANDLER_ID(cqo))}},
    [0x9a] = NARROW(REGISTER(SIZED(call_far, ), END, Ap)),
    [0x9b] = PLAIN(ANY(fwait), 0),
    [0x9c] = PLAIN(STACK(pushf, ), D64),
    [0x9d] = PLAIN(STACK(popf, ), END | D64),
    [0x9e] = PLAIN(ANY(sahf), 0),
    [0x9f] = PLAIN(ANY(lahf), 0),
    [0xa0] = MEMORY(ABSOLUTE_LOAD8, 0, AL, Ob),
    [0xa1] = MEMORY(ABSOLUTE_LOAD, 0, rAX, Ov),
    [0xa2] = MEMORY(ABSOLUTE_STORE8, 0, Ob, AL),
    [0xa3] = MEMORY(ABSOLUTE_STORE, 0, Ov, rAX),
    STRING(0xa4, movs, Yb, Yv),
    STRING(0xa6, cmps, Xb, Xv),
    [0xa8] = REGISTER(BYTE(test, _ri), 0, AL, Ib),
    [0xa9] = REGISTER(SIZED(test, _ri), 0, rAX, Iz),
    STRING(0xaa, stos, Yb, Yv),
    STRING(0xac, lods, Xb, Xv),
    STRING(0xae, scas, Yb, Yv),
    EIGHT(0xb0, REGISTER(BYTE(mov, _ri), 0, Zb, Ib)),
    EIGHT(0xb8, REGISTER(MOVE_WHOLE, 0, Zv, Iv)),
    [0xc0] = GROUP(GROUP_C0),
    [0xc1] = GROUP(GROUP_C1),
    [0xc2] = REGISTER(NEAR(ret, ), END | F64, Iw),
    [0xc3] = PLAIN(NEAR(ret, ), END | F64),
    [0xc4] = NARROW(LOAD_POINTER(CPU_ES)),
    [0xc5] = NARROW(LOAD_POINTER(CPU_DS)),
    [0xc6] = GROUP(GROUP_C6),
    [0xc7] = GROUP(GROUP_C7),
    [0xc8] = REGISTER(STACK(enter, ), D64, Iw, Ib),
    [0xc9] = PLAIN(STACK(leave, ), D64),
    [0xca] = REGISTER(SIZED(ret_far, ), END, Iw),
    [0xcb] = PLAIN(SIZED(ret_far, ), END),
    [0xcc] = TRAP(VECTOR_BP),
    [0xcd] = REGISTER(ANY(int), END, Ib),
    [0xce] = NARROW(TRAP(VECTOR_OF)),
    [0xcf] = PLAIN(SIZED(iret, ), END),
    [0xd0] = GROUP(GROUP_D0),
    [0xd1] = GROUP(GROUP_D1),
    [0xd2] = GROUP(GROUP_D2),
    [0xd3] = GROUP(GROUP_D3),
    [0xd4] = NARROW(REGISTER(ANY(aam), 0, Ib)),
    [0xd5] = NARROW(REGISTER(ANY(aad), 0, Ib)),
    [0xd6] = NARROW(PLAIN(ANY(salc), 0)),
    [0xd7] = PLAIN(ANY(xlat), 0),
    [0xd8] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[0]),
    [0xd9] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[1]),
    [0xda] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[2]),
    [0xdb] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[3]),
    [0xdc] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[4]),
    [0xdd] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[5]),
    [0xde] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[6]),
    [0xdf] = OPCODE_SELECT(SELECT_MOD, MAP_NAME(opcodes_x87)[7]),
    [0xe0] = REGISTER(NEAR(loopnz, ), END | F64, Jb),
    [0xe1] = REGISTER(NEAR(loopz, ), END | F64, Jb),
    [0xe2] = REGISTER(NEAR(loop, ), END | F64, Jb),
    [0xe3] = REGISTER(NEAR(jcxz, ), END | F64, Jb),
    [0xe4] = REGISTER(BYTE(in, _i), END, AL, Ib),
    [0xe5] = REGISTER(PORT(in, _i), END, rAX, Ib),
    [0xe6] = REGISTER(BYTE(out, _i), END, Ib, AL),
    [0xe7] = REGISTER(PORT(out, _i), END, Ib, rAX),
    [0xe8] = REGISTER(NEAR(call, ), END | F64, Jz),
    [0xe9] = REGISTER(NEAR(jmp, ), END | F64, Jz),
    [0xea] = NARROW(REGISTER(SIZED(jmp_far, ), END, Ap)),
    [0xeb] = REGISTER(NEAR(jmp, ), END | F64, Jb),
    [0xec] = REGISTER(BYTE(in, _dx), END, AL, DX),
    [0xed] = REGISTER(PORT(in, _dx), END, rAX, DX),
    [0xee] = REGISTER(BYTE(out, _dx), END, DX, AL),
    [0xef] = REGISTER(PORT(out, _dx), END, DX, rAX),
    [0xf1] = PLAIN(ANY(int1), END),
    [0xf4] = PLAIN(ANY(hlt), END),
    [0xf5] = PLAIN(ANY(cmc), 0),
    [0xf6] = GROUP(GROUP_F6),
    [0xf7] = GROUP(GROUP_F7),
    [0xf8] = PLAIN(ANY(clc), 0),
    [0xf9] = PLAIN(ANY(stc), 0),
    [0xfa] = PLAIN(ANY(cli), 0),
    [0xfb] = PLAIN(ANY(sti), END),
    [0xfc] = PLAIN(ANY(cld), 0),
    [0xfd] = PLAIN(ANY(std), 0),
    [0xfe] = GROUP(GROUP_FE),
    [0xff] = GROUP(GROUP_FF),
};
