/*
 * The list of handlers that are translated.  It is compiled twice, like the
 * handlers.
 */
#include "src/accel/soft/translate/forms.h"

#include "src/accel/soft/interp/handler_ids.h"
#include "src/accel/soft/translate/forms_vector.h"

#if INTERP_WIDE
#define LIST_NAME(name) name##64
#else
#define LIST_NAME(name) name
#endif

#define FORM(name_, kind_, shape_, width_, op_)                                                    \
    {                                                                                              \
        HANDLER_ID(name_),                                                                         \
        {                                                                                          \
            KIND_##kind_, SHAPE_##shape_, width_, op_, 0                                           \
        }                                                                                          \
    }

/* The five forms of an instruction with two operands. */
#define TWO_OPERANDS(name, kind, N, op)                                                            \
    FORM(name##N##_rr, kind, RR, N, op), FORM(name##N##_rm, kind, RM, N, op),                      \
        FORM(name##N##_mr, kind, MR, N, op), FORM(name##N##_ri, kind, RI, N, op),                  \
        FORM(name##N##_mi, kind, MI, N, op)
#define ONE_OPERAND(name, kind, N, op)                                                             \
    FORM(name##N##_r, kind, R, N, op), FORM(name##N##_m, kind, M, N, op)
#define SHIFTS(name, N, op)                                                                        \
    FORM(name##N##_ri, SHIFT, RI, N, op), FORM(name##N##_mi, SHIFT, MI, N, op),                    \
        FORM(name##N##_rc, SHIFT, RC, N, op), FORM(name##N##_mc, SHIFT, MC, N, op)
#define EXTENSION(name, kind, N, from)                                                             \
    FORM(name##from##to##N##_rr, kind, RR, N, from), FORM(name##from##to##N##_rm, kind, RM, N, from)

#define BY_WIDTH(N)                                                                                \
    TWO_OPERANDS(mov, MOV, N, 0), TWO_OPERANDS(add, ALU, N, 0), TWO_OPERANDS(or, ALU, N, 1),       \
        TWO_OPERANDS(adc, ALU, N, 2), TWO_OPERANDS(sbb, ALU, N, 3), TWO_OPERANDS(and, ALU, N, 4),  \
        TWO_OPERANDS(sub, ALU, N, 5), TWO_OPERANDS(xor, ALU, N, 6), TWO_OPERANDS(cmp, ALU, N, 7),  \
        TWO_OPERANDS(test, TEST, N, 0), ONE_OPERAND(inc, INC, N, 0), ONE_OPERAND(dec, DEC, N, 1),  \
        ONE_OPERAND(not, NOT, N, 2), ONE_OPERAND(neg, NEG, N, 3), SHIFTS(rol, N, 0),               \
        SHIFTS(ror, N, 1), SHIFTS(shl, N, 4), SHIFTS(shr, N, 5), SHIFTS(sar, N, 7),                \
        FORM(xchg##N##_rr, XCHG, RR, N, 0)
#define PORTS(N)                                                                                   \
    FORM(in##N##_i, EVENT, I, N, 0), FORM(in##N##_dx, EVENT, NONE, N, 0),                          \
        FORM(out##N##_i, EVENT, I, N, 0), FORM(out##N##_dx, EVENT, NONE, N, 0)
#define BY_WORD_WIDTH(N)                                                                           \
    FORM(lea##N, LEA, M, N, 0), EXTENSION(movzx, MOVZX, N, 8), EXTENSION(movsx, MOVSX, N, 8),      \
        EXTENSION(movzx, MOVZX, N, 16), EXTENSION(movsx, MOVSX, N, 16),                            \
        FORM(cmov##N##_rr, CMOV, RR, N, 0), FORM(cmov##N##_rm, CMOV, RM, N, 0),                    \
        FORM(imul##N##_rr, IMUL, RR, N, 0), FORM(imul##N##_rm, IMUL, RM, N, 0),                    \
        FORM(imul##N##_rri, IMUL, RRI, N, 0), FORM(imul##N##_rmi, IMUL, RMI, N, 0),                \
        FORM(mul##N##_r, MULTIPLY, R, N, 4), FORM(imul##N##_r, MULTIPLY, R, N, 5),                 \
        FORM(div##N##_r, DIVIDE, R, N, 6), FORM(bt##N##_ri, BIT_TEST, RI, N, 4)
#define BRANCHES(N)                                                                                \
    FORM(jo##N, JCC, I, N, 0x0), FORM(jno##N, JCC, I, N, 0x1), FORM(jc##N, JCC, I, N, 0x2),        \
        FORM(jnc##N, JCC, I, N, 0x3), FORM(jz##N, JCC, I, N, 0x4), FORM(jnz##N, JCC, I, N, 0x5),   \
        FORM(jbe##N, JCC, I, N, 0x6), FORM(ja##N, JCC, I, N, 0x7), FORM(js##N, JCC, I, N, 0x8),    \
        FORM(jns##N, JCC, I, N, 0x9), FORM(jp##N, JCC, I, N, 0xa), FORM(jnp##N, JCC, I, N, 0xb),   \
        FORM(jl##N, JCC, I, N, 0xc), FORM(jge##N, JCC, I, N, 0xd), FORM(jle##N, JCC, I, N, 0xe),   \
        FORM(jg##N, JCC, I, N, 0xf), FORM(jmp##N, JMP, I, N, 0), FORM(jmp##N##_r, JMP, R, N, 0),   \
        FORM(jmp##N##_m, JMP, M, N, 0), FORM(call##N, CALL, I, N, 0),                              \
        FORM(call##N##_r, CALL, R, N, 0), FORM(call##N##_m, CALL, M, N, 0),                        \
        FORM(ret##N, RET, NONE, N, 0), FORM(push##N##_r, PUSH, R, N, 0),                           \
        FORM(push##N##_i, PUSH, I, N, 0), FORM(push##N##_m, PUSH, M, N, 0),                        \
        FORM(pop##N##_r, POP, R, N, 0), FORM(leave##N, LEAVE, NONE, N, 0),                         \
        FORM(loop##N, LOOP, I, N, 0), FORM(jcxz##N, JCXZ, I, N, 0)

const HandlerForm LIST_NAME(translate_forms)[] = {
    BY_WIDTH(8),
    BY_WIDTH(16),
    BY_WIDTH(32),
    PORTS(8),
    PORTS(16),
    PORTS(32),
    BY_WORD_WIDTH(16),
    BY_WORD_WIDTH(32),
    FORM(nop, NOP, NONE, 32, 0),
    FORM(int, EVENT, I, 8, 0),
    FORM(setcc_r, SETCC, R, 8, 0),
    FORM(cwde, EXTEND_A, NONE, 32, 0),
    FORM(cdq, SIGN_D, NONE, 32, 0),
    FORM(bswap32, BSWAP, R, 32, 0),
    VECTOR_INTEGERS,
    VECTOR_MOVES,
    VECTOR_FLOATS,
#if INTERP_WIDE
    VECTOR_WIDE_ONLY,
    BY_WIDTH(64),
    BY_WORD_WIDTH(64),
    BRANCHES(64),
    FORM(mov64_whole, MOV_WHOLE, RI, 64, 0),
    FORM(movsx32to64_rr, MOVSX, RR, 64, 32),
    FORM(movsx32to64_rm, MOVSX, RM, 64, 32),
    FORM(cdqe, EXTEND_A, NONE, 64, 0),
    FORM(cqo, SIGN_D, NONE, 64, 0),
    FORM(bswap64, BSWAP, R, 64, 0),
#else
    BRANCHES(16),
    BRANCHES(32),
#endif
};
const size_t LIST_NAME(translate_form_count) = G_N_ELEMENTS(LIST_NAME(translate_forms));
