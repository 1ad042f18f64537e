/*
 * The opcode map: for each opcode the form of its operands and the handlers
 * by operand kind and size.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_OPCODE_MAP_H
#define PIOEMU_ACCEL_SOFT_X86_OPCODE_MAP_H

#include "src/accel/soft/x86/cpu.h"

/* What follows the opcode and which fields of Insn it fills. */
typedef enum Form {
    FORM_UNDEFINED,
    FORM_NONE,
    FORM_E_G,         /* dst or memory: r/m; src: reg */
    FORM_G_E,         /* dst: reg; src or memory: r/m */
    FORM_E,           /* dst or memory: r/m */
    FORM_E_CONDITION, /* FORM_E; imm: low bits of the opcode */
    FORM_G_E_CONDITION,
    FORM_E_I,       /* FORM_E and an immediate of the operand size */
    FORM_E_IB,      /* FORM_E and a byte, sign-extended */
    FORM_E_IB_BARE, /* FORM_E and a byte */
    FORM_E_COUNT,   /* FORM_E and a shift count */
    FORM_E_ONE,     /* FORM_E; imm: 1 */
    FORM_E_G_COUNT, /* FORM_E_G and a shift count */
    FORM_G_E_I,
    FORM_G_E_IB,
    FORM_G_M,       /* dst: reg; memory only; src: Opcode.argument */
    FORM_M,         /* memory only */
    FORM_E_SEGMENT, /* dst or memory: r/m; src: segment register */
    FORM_SEGMENT_E, /* dst: segment register; src or memory: r/m */
    FORM_CONTROL,   /* dst: r/m, always a register; imm: reg */
    FORM_A_I,       /* dst: accumulator; an immediate */
    FORM_R,         /* dst: low bits of the opcode */
    FORM_R_I,
    FORM_R_A,     /* dst: low bits of the opcode; src: accumulator */
    FORM_I,       /* an immediate of the operand size */
    FORM_IB,      /* a byte, sign-extended */
    FORM_IB_BARE, /* a byte */
    FORM_IW,      /* two bytes */
    FORM_IMPLIED, /* dst and src: Opcode.argument */
    FORM_REL8,    /* imm: displacement of a branch */
    FORM_REL,
    FORM_FAR,   /* imm, disp: offset and selector */
    FORM_LOAD,  /* dst: accumulator; memory at an absolute offset */
    FORM_STORE, /* src: accumulator; memory at an absolute offset */
    FORM_ENTER, /* imm, disp: two bytes and one */
    FORM_STRING /* memory: DS by default; repeated: the memory handlers */
} Form;

#define OPCODE_BYTE      0x1u /* operand size is 8 bits */
#define OPCODE_LOCK      0x2u /* LOCK is allowed when it writes memory */
#define OPCODE_END       0x4u /* ends its block */
#define OPCODE_FROM_BYTE 0x8u /* the r/m operand has 8 bits */

typedef struct Opcode {
    uint8_t form, flags;
    uint8_t argument;           /* imm, unless the form says something else */
    const struct Opcode *group; /* by ModRM.reg, when not NULL */
    Handler *of_register[3];    /* 8, 16, 32 bits */
    Handler *of_memory[3];
} Opcode;

extern const Opcode opcode_map[256];
extern const Opcode opcode_map_0f[256];

#endif
