/*
 * The opcode maps.  For each opcode they give its operands in the manual's
 * letters, the feature and prefixes that it needs, and the handlers by operand
 * kind and size (Intel SDM volume 2, appendix A, "Key to Abbreviations").
 *
 * opcode_map.c is compiled twice, as the handlers are.  The map of 16-bit and
 * 32-bit code has handlers named op_*, and that of 64-bit code has op64_*.  An
 * instruction set in a file of its own names its tables by MAP_NAME().
 * OPCODE_SELECT() puts them into the maps of opcode_map.c.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_OPCODE_MAP_H
#define PIOEMU_ACCEL_SOFT_X86_OPCODE_MAP_H

#include "src/accel/soft/x86/insn.h"
#include "src/cpu/cpu_feature.h"

/*
 * The operands.  The first operand that names a register or memory fills
 * Insn.dst if it is a register, and the second fills Insn.src.  An immediate
 * fills Insn.imm, and a second immediate fills Insn.disp.
 *
 * E: the r/m operand; M: the same, memory only; R: the same, a register only;
 * G: a general register by ModRM.reg; Z: by the low bits of the opcode; I: an
 * immediate; J: the displacement of a branch; O: memory at an absolute offset;
 * A: a far pointer; S: a segment register by ModRM.reg; C and D: a control or
 * debug register, whose number goes into Insn.imm; X and Y: memory at rSI and
 * at rDI; V: an XMM register by ModRM.reg; W: the r/m operand, an XMM
 * register; P and Q: the same with MMX registers; B: a general register by
 * VEX.vvvv, whose place goes into Insn.imm unless it is the first operand.
 *
 * b: 8 bits; w: 16; v: the operand size; z: the operand size, but at most 32
 * bits; y: 32 or 64 bits; sb: 8 bits that are sign-extended.
 */
typedef enum Operand {
    OPERAND_NONE,
    Eb,
    Ew,
    Ev,
    Ey,
    M,
    Ry,
    Gb,
    Gw,
    Gv,
    Gy,
    Zb,
    Zv,
    Ib,
    Isb,
    Iw,
    Iz,
    Iv,
    Jb,
    Jz,
    Ob,
    Ov,
    Ap,
    Sw,
    Cy,
    Dy,
    Xb,
    Xv,
    Yb,
    Yv,
    V,
    W,
    P,
    Q,
    By,
    AL,
    rAX,
    CL,
    DX,
    ONE, /* the number 1, in Insn.imm */
    ES,
    CS,
    SS,
    DS,
    FS,
    GS,
} Operand;

/* LOCK is allowed if the first operand is in memory.  Otherwise it raises #UD. */
#define OPCODE_LOCK 0x01u
/* The instruction ends its block. */
#define OPCODE_END 0x02u
/* Insn.imm is the low half of the opcode, which is the condition. */
#define OPCODE_CONDITION 0x04u
/* The immediate is a shift count, which is reduced to the bits that the operand size allows. */
#define OPCODE_COUNT 0x08u
/* F2 and F3 repeat the instruction, with the handlers for memory.  A repetition ends its block. */
#define OPCODE_REPEAT 0x10u
/* In 64-bit code the operand size is 64 bits, always (f64) or unless 66 makes it 16 (d64). */
#define OPCODE_D64 0x20u
#define OPCODE_F64 0x40u
/* Insn.imm is the low bits of the opcode and ModRM, in the form of the x87 unit's last opcode. */
#define OPCODE_FOP 0x80u

/* What selects an entry of Opcode.table. */
typedef enum Select {
    SELECT_NOTHING,
    SELECT_REG,    /* ModRM.reg: 8 entries */
    SELECT_RM,     /* ModRM.rm: 8 entries */
    SELECT_MOD,    /* 2 entries: memory, register */
    SELECT_PREFIX, /* 4 entries: none, 66, F3, F2; 66 then does not change the operand size */
    SELECT_REPEAT, /* 3 entries: none, F3, F2; 66 changes the operand size */
    SELECT_BYTE,   /* another byte of the opcode: 256 entries */
} Select;

#define OPERANDS_MAX 3u

typedef struct Opcode {
    uint8_t operand[OPERANDS_MAX]; /* Operand */
    uint8_t flags;
    uint8_t feature;  /* a CpuFeature, without which the instruction is undefined */
    uint8_t argument; /* Insn.imm if no operand fills it */
    uint8_t select;
    const struct Opcode *table;
    /* The HandlerId for 8, 16, 32 and 64 bits.  0 means undefined. */
    uint16_t of_register[4];
    uint16_t of_memory[4];
} Opcode;

#define OPCODE_SELECT(how, table_)                                                                 \
    {                                                                                              \
        .select = (how), .table = (table_)                                                         \
    }

/* The maps of one-byte opcodes, for 16-bit and 32-bit code and for 64-bit code. */
extern const Opcode opcode_map[256], opcode_map64[256];
/* The handlers of the same code by HandlerId. */
extern Handler *const opcode_handlers[], *const opcode_handlers64[];

/* The name of a table of which each build has its own. */
#if INTERP_WIDE
#define MAP_NAME(name) name##64
#else
#define MAP_NAME(name) name
#endif

#endif
