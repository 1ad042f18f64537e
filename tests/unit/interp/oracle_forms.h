/*
 * The instruction forms that the oracle runs, and which of their results the manual
 * leaves undefined.
 */
#ifndef PIOEMU_ORACLE_FORMS_H
#define PIOEMU_ORACLE_FORMS_H

#include <stdint.h>

/* Which bytes follow the opcode. */
#define FORM_MODRM  (1u << 0)
#define FORM_MEMORY (1u << 1) /* never a register operand */
#define FORM_IMM8   (1u << 2)
#define FORM_IMM16  (1u << 3)
#define FORM_IMMZ   (1u << 4) /* 16 or 32 bits, as the operand size says */
#define FORM_REL8   (1u << 5)
#define FORM_RELZ   (1u << 6)
#define FORM_MOFFS  (1u << 7) /* an offset as wide as the address size */
#define FORM_FAR    (1u << 8) /* an offset and a selector */
/* Which values the operands should often have. */
#define FORM_LOCKABLE     (1u << 9)  /* LOCK is legal with a memory operand */
#define FORM_STRING       (1u << 10) /* repeats, with a small count */
#define FORM_SHIFT        (1u << 11)
#define FORM_DIVIDE       (1u << 12)
#define FORM_BITS         (1u << 13) /* the register is a bit offset */
#define FORM_SELECTOR     (1u << 14) /* the operand is a selector */
#define FORM_FAR_POINTER  (1u << 15) /* the operand is a far pointer */
#define FORM_TARGET       (1u << 16) /* the operand is a code offset */
#define FORM_POP_SELECTOR (1u << 17) /* the top of the stack is a selector */
#define FORM_POP_FAR      (1u << 18) /* the top of the stack is a far pointer */
#define FORM_POP_TARGET   (1u << 19) /* the top of the stack is a code offset */
#define FORM_COMPARE      (1u << 20) /* the accumulator often equals the operand */
#define FORM_INTERRUPT    (1u << 21) /* the immediate is a vector */
#define FORM_NOT_NESTED   (1u << 22) /* NT is clear: there is no task to return to */
#define FORM_BYTE_COUNT   (1u << 23) /* with FORM_SHIFT: the operand is a byte */
#define FORM_DOUBLE       (1u << 24) /* a double shift, whose count may exceed the size */
#define FORM_OPERAND_8    (1u << 25) /* the memory operand has 8 bytes */
/* What the manual leaves undefined if the instruction faults. */
#define FORM_SEVERAL (1u << 26) /* several accesses or checks, in any order */
#define FORM_PUSHES  (1u << 27) /* some of its pushes may have happened */

typedef enum OracleUndefined {
    UNDEFINED_NONE,
    UNDEFINED_LOGIC,
    UNDEFINED_SHIFT,
    UNDEFINED_SHIFT_SIGNED,
    UNDEFINED_ROTATE,
    UNDEFINED_DOUBLE_SHIFT,
    UNDEFINED_MULTIPLY,
    UNDEFINED_DIVIDE,
    UNDEFINED_DECIMAL,
    UNDEFINED_ASCII_ADD,
    UNDEFINED_ASCII_MULTIPLY,
    UNDEFINED_BIT_TEST,
    UNDEFINED_BIT_SCAN,
    UNDEFINED_SWAP
} OracleUndefined;

/* Opcodes `first` to `last`; 0x0fXX is in the second map.  `reg` -1 stands for any. */
typedef struct OracleForm {
    const char *name;
    uint16_t first, last;
    int8_t reg;
    uint8_t undefined; /* OracleUndefined */
    uint32_t shape;
} OracleForm;

extern const OracleForm ORACLE_FORMS[];
extern const unsigned ORACLE_FORM_COUNT;

/*
 * The flags that are undefined for `undefined` with a masked shift count and an
 * operand of `bits` bits.  Only shifts use the count.
 */
uint32_t oracle_undefined_flags(OracleUndefined undefined, unsigned count, unsigned bits);
/* The section and statement of the manual that justify the mask. */
const char *oracle_undefined_reference(OracleUndefined undefined);

#endif
