/*
 * What the translator knows about instructions: the interpreter's handlers for
 * which it has a translation, with what each of them does.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_FORMS_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_FORMS_H

#include "src/accel/soft/x86/insn.h"

typedef enum FormKind {
    KIND_NONE, /* left to the interpreter */
    KIND_NOP,
    KIND_MOV,
    KIND_MOV_WHOLE, /* an immediate of 64 bits */
    KIND_ALU,       /* `op` is the number of ADD OR ADC SBB AND SUB XOR CMP */
    KIND_TEST,
    KIND_INC,
    KIND_DEC,
    KIND_NOT,
    KIND_NEG,
    KIND_LEA,
    KIND_MOVZX, /* from `op` bits */
    KIND_MOVSX,
    KIND_CMOV,
    KIND_SETCC,
    KIND_SHIFT, /* `op` is the number of SHL, SHR or SAR, or of ROL and ROR */
    KIND_IMUL,
    KIND_MULTIPLY, /* `op` is the number of MUL or IMUL */
    KIND_DIVIDE,
    KIND_EXTEND_A, /* CBW CWDE CDQE */
    KIND_SIGN_D,   /* CWD CDQ CQO */
    KIND_XCHG,
    KIND_BIT_TEST,
    KIND_BSWAP,
    KIND_PUSH,
    KIND_POP,
    KIND_LEAVE,
    KIND_EVENT, /* a port access or a software interrupt, which is not translated */
    KIND_LOOP,
    KIND_JCXZ,
    KIND_JCC, /* `op` is the condition */
    KIND_JMP,
    KIND_CALL,
    KIND_RET,
    /* SSE; `how` says more, see forms_vector.h. */
    KIND_VECTOR, /* a register from a register or memory */
    KIND_VECTOR_STORE,
    KIND_VECTOR_SHIFT, /* by an immediate */
    KIND_VECTOR_FLAGS,
    KIND_VECTOR_TO_GENERAL,
    KIND_VECTOR_FROM_GENERAL,
} FormKind;

/* The kinds of the operands: registers, memory, immediates. */
typedef enum FormShape {
    SHAPE_NONE,
    SHAPE_R,
    SHAPE_M,
    SHAPE_I,
    SHAPE_RR,
    SHAPE_RM, /* from memory to a register */
    SHAPE_MR,
    SHAPE_RI,
    SHAPE_MI,
    SHAPE_RC, /* by CL */
    SHAPE_MC,
    SHAPE_RRI,
    SHAPE_RMI,
} FormShape;

typedef struct Form {
    uint8_t kind, shape;
    uint8_t width; /* the size of the operands in bits */
    uint8_t op;
    uint16_t how; /* of SSE: the encoding, and what else matters */
} Form;

static inline bool form_is_vector(const Form *form)
{
    return form->kind >= KIND_VECTOR;
}

/* `handler` is the number of a handler in its build; see handler_ids.h. */
typedef struct HandlerForm {
    uint16_t handler;
    Form form;
} HandlerForm;

extern const HandlerForm translate_forms[], translate_forms64[];
extern const size_t translate_form_count, translate_form_count64;

#endif
