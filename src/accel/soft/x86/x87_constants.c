/*
 * FLD1 FLDL2T FLDL2E FLDPI FLDLG2 FLDLN2 FLDZ.
 */
#include "src/accel/soft/x86/x87.h"

#define RM(opcode) ((opcode)&7)

/*
 * The bits after the 64th decide each rounding: they are at least half of the
 * last place, or less.
 */
typedef struct Constant {
    uint64_t fraction; /* the fraction, rounded down */
    uint16_t exponent;
    bool exact, more;
} Constant;

static const Constant CONSTANTS[7] = {
    {F80_INTEGER, F80_BIAS, true, false},                       /* 1 */
    {UINT64_C(0xd49a784bcd1b8afe), F80_BIAS + 1, false, false}, /* log2(10) */
    {UINT64_C(0xb8aa3b295c17f0bb), F80_BIAS, false, true},      /* log2(e) */
    {UINT64_C(0xc90fdaa22168c234), F80_BIAS + 1, false, true},  /* pi */
    {UINT64_C(0x9a209a84fbcff798), F80_BIAS - 2, false, true},  /* log10(2) */
    {UINT64_C(0xb17217f7d1cf79ab), F80_BIAS - 1, false, true},  /* ln(2) */
    {0, 0, true, false},                                        /* 0 */
};

enum { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_ZERO };

/* The rounding of a constant raises no exception. */
void x87_load_constant(Fx *fx, unsigned opcode)
{
    const Constant *constant = &CONSTANTS[RM(opcode)];
    unsigned rounding = fx->control >> FCW_RC_SHIFT & 3;
    bool up =
        !constant->exact && (rounding == ROUND_UP || (rounding == ROUND_NEAREST && constant->more));
    F80 value = {.fraction = constant->fraction + up, .exponent = constant->exponent};

    x87_load(fx, &value);
}
