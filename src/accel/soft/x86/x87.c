/*
 * The x87 instructions.  The stack, tags, condition codes and exceptions are
 * handled here.  The host does the arithmetic (x87_host.h), except for the
 * transcendental functions (transcendental.c).  See Intel SDM, volume 1,
 * chapter "Programming with the x87 FPU", and volume 2 for each instruction.
 */
#include "src/accel/soft/x86/x87.h"
#include "src/accel/soft/x86/x87_host.h"
#include "src/accel/soft/x86/x87_quick.h"

#include <string.h>

const F80 X87_INDEFINITE = {
    .fraction = F80_INTEGER | F80_QUIET,
    .exponent = F80_SIGN | F80_EXPONENT,
};

/* ---- exceptions and the stack ---- */

void x87_raise(Fx *fx, unsigned exceptions)
{
    fx->status |= (uint16_t)exceptions;
}

/*
 * Raises a stack fault.  Returns true if it is masked, so that the instruction
 * continues with the indefinite value.
 */
static bool stack_fault(Fx *fx, bool overflow)
{
    x87_raise(fx, FSW_IE | FSW_SF);
    x87_set_c1(fx, overflow);
    return fx->control & FSW_IE;
}

bool x87_underflows(Fx *fx, bool empty, bool *stop)
{
    x87_set_c1(fx, false);
    *stop = empty && !stack_fault(fx, false);
    return empty;
}

bool x87_overflows(Fx *fx, bool *stop)
{
    bool full = fx_st_full(fx, 7);

    *stop = full && !stack_fault(fx, true);
    return full;
}

void x87_set_st(Fx *fx, unsigned i, const F80 *value)
{
    unsigned place = (fx->top + i) & 7;

    f80_copy(&fx->reg[place], value);
    fx->full |= (uint8_t)(1u << place);
}

void x87_pop(Fx *fx)
{
    fx->full &= (uint8_t) ~(1u << fx->top);
    fx->top = (fx->top + 1) & 7;
}

void x87_pop_times(Fx *fx, unsigned count)
{
    while (count--) {
        x87_pop(fx);
    }
}

/* Pushes to an empty register, or to one that a masked overflow overwrites. */
void x87_push(Fx *fx, const F80 *value)
{
    fx->top = (fx->top - 1) & 7;
    x87_set_st(fx, 0, value);
}

void x87_load(Fx *fx, const F80 *value)
{
    x87_set_c1(fx, false);
    if (!fx_st_full(fx, 7)) {
        x87_push(fx, value);
    } else if (stack_fault(fx, true)) {
        x87_push(fx, &X87_INDEFINITE);
    }
}

/* ---- the host's results ---- */

bool x87_take_exceptions(Fx *fx, X87Host *host)
{
    unsigned raised = host->status & FSW_EXCEPTIONS;

    if (host->status & FSW_ES) {
        F80 *result = x87_stops(fx, raised) ? &host->st0 : host->result;

        memcpy(result, host->image + 28, 10);
        memcpy(&host->st1, host->image + 38, 10);
    }
    x87_raise(fx, raised);
    x87_set_c1(fx, host->status & FSW_C1);
    return !(host->status & FSW_ES) || !x87_stops(fx, raised);
}

#define DEFINE_BINARY(name, text)                                                                  \
    static void host_##name(X87Host *host)                                                         \
    {                                                                                              \
        X87_HOST_BINARY(host, text);                                                               \
    }
#define DEFINE_UNARY(name, text)                                                                   \
    static void host_##name(X87Host *host)                                                         \
    {                                                                                              \
        X87_HOST_UNARY(host, text);                                                                \
    }

DEFINE_BINARY(add, "fadd %%st(1), %%st")
DEFINE_BINARY(mul, "fmul %%st(1), %%st")
DEFINE_BINARY(com, "fcom %%st(1)")
DEFINE_BINARY(ucom, "fucom %%st(1)")
DEFINE_BINARY(sub, "fsub %%st(1), %%st")
DEFINE_BINARY(subr, "fsubr %%st(1), %%st")
DEFINE_BINARY(div, "fdiv %%st(1), %%st")
DEFINE_BINARY(divr, "fdivr %%st(1), %%st")
DEFINE_BINARY(prem, "fprem")
DEFINE_BINARY(prem1, "fprem1")
DEFINE_BINARY(scale, "fscale")
DEFINE_UNARY(sqrt, "fsqrt")
DEFINE_UNARY(rndint, "frndint")
DEFINE_UNARY(tst, "ftst")

/* ---- arithmetic ---- */

/* ST(dst) = ST(0) operation ST(i), and then `pops` registers are popped. */
static inline bool binary_quickly(Fx *fx, X87Quick *quick, unsigned i, unsigned dst)
{
    const F80 *a = fx_st(fx, 0), *b = fx_st(fx, i);

    return quick && quick_control(fx) && fx_st_full(fx, 0) && fx_st_full(fx, i) &&
           quick_normal(a) && quick_normal(b) && quick(fx, a, b, fx_st(fx, dst));
}

/* Does the same on the host's unit. */
static void binary(Fx *fx, X87Operation *operation, unsigned i, unsigned dst, unsigned pops)
{
    X87Host host;
    bool stop;

    if (x87_underflows(fx, !fx_st_full(fx, 0) || !fx_st_full(fx, i), &stop)) {
        if (stop) {
            return;
        }
        x87_set_st(fx, dst, &X87_INDEFINITE);
    } else {
        x87_host_begin(&host, fx);
        host.a = fx_st(fx, 0);
        host.b = fx_st(fx, i);
        host.result = fx_st(fx, dst);
        operation(&host);
        if (!x87_take_exceptions(fx, &host)) {
            return;
        }
    }
    x87_pop_times(fx, pops);
}

static void unary(Fx *fx, X87Operation *operation)
{
    X87Host host;
    bool stop;

    if (x87_underflows(fx, !fx_st_full(fx, 0), &stop)) {
        if (!stop) {
            x87_set_st(fx, 0, &X87_INDEFINITE);
        }
        return;
    }
    x87_host_begin(&host, fx);
    host.a = host.result = fx_st(fx, 0);
    operation(&host);
    x87_take_exceptions(fx, &host);
}

void x87_set_conditions(Fx *fx, unsigned conditions)
{
    fx->status = (uint16_t)((fx->status & ~FSW_CONDITIONS) | (conditions & FSW_CONDITIONS));
}

#define UNORDERED (FSW_C0 | FSW_C2 | FSW_C3)

bool x87_compare(Fx *fx, X87Operation *operation, const F80 *other, bool empty,
                 const uint8_t *operand, unsigned size, unsigned *conditions)
{
    X87Host host;
    bool stop;

    if (size == 0 && !empty && quick_normal(fx_st(fx, 0)) && quick_normal(other) &&
        operation != host_tst) {
        *conditions = quick_compare(fx_st(fx, 0), other);
        x87_set_c1(fx, false);
        return true;
    }
    *conditions = UNORDERED;
    if (x87_underflows(fx, empty, &stop)) {
        return !stop;
    }
    if (size) {
        memcpy(host.memory, operand, size);
    }
    x87_host_begin(&host, fx);
    host.a = fx_st(fx, 0);
    host.b = other;
    operation(&host);
    *conditions = host.status & UNORDERED;
    bool completed = x87_take_exceptions(fx, &host);
    x87_set_c1(fx, false);
    return completed;
}

static void compare_st(Fx *fx, X87Operation *operation, unsigned i, unsigned pops)
{
    bool empty = !fx_st_full(fx, 0) || !fx_st_full(fx, i);
    unsigned conditions;
    bool completed = x87_compare(fx, operation, fx_st(fx, i), empty, NULL, 0, &conditions);

    x87_set_conditions(fx, conditions);
    if (completed) {
        x87_pop_times(fx, pops);
    }
}

#define EFLAGS_CF         0x001u
#define EFLAGS_PF         0x004u
#define EFLAGS_ZF         0x040u
#define EFLAGS_ARITHMETIC 0x8d5u

static void compare_flags(Fx *fx, X87Operation *operation, unsigned i, unsigned pops)
{
    bool empty = !fx_st_full(fx, 0) || !fx_st_full(fx, i);
    unsigned conditions;

    bool completed = x87_compare(fx, operation, fx_st(fx, i), empty, NULL, 0, &conditions);
    fx->eflags = (fx->eflags & ~EFLAGS_ARITHMETIC) | (conditions & FSW_C0 ? EFLAGS_CF : 0) |
                 (conditions & FSW_C2 ? EFLAGS_PF : 0) | (conditions & FSW_C3 ? EFLAGS_ZF : 0);
    if (completed) {
        x87_pop_times(fx, pops);
    }
}

/* ---- forms with a register: arithmetic ---- */

#define RM(opcode) ((opcode)&7)

static X87Operation *const ARITHMETIC[8] = {host_add, host_mul,  host_com, host_com,
                                            host_sub, host_subr, host_div, host_divr};

static X87Operation *operation_of(unsigned opcode)
{
    return ARITHMETIC[opcode >> 3 & 7];
}

static inline void arithmetic(Fx *fx, unsigned opcode, unsigned dst, unsigned pops)
{
    if (binary_quickly(fx, X87_QUICK[opcode >> 3 & 7], RM(opcode), dst)) {
        x87_pop_times(fx, pops);
    } else {
        binary(fx, operation_of(opcode), RM(opcode), dst, pops);
    }
}

static void arithmetic_to_st0(Fx *fx, unsigned opcode)
{
    arithmetic(fx, opcode, 0, 0);
}

static void arithmetic_to_sti(Fx *fx, unsigned opcode)
{
    arithmetic(fx, opcode, RM(opcode), 0);
}

static void arithmetic_and_pop(Fx *fx, unsigned opcode)
{
    arithmetic(fx, opcode, RM(opcode), 1);
}

static void fcom(Fx *fx, unsigned opcode)
{
    compare_st(fx, host_com, RM(opcode), 0);
}

static void fcomp(Fx *fx, unsigned opcode)
{
    compare_st(fx, host_com, RM(opcode), 1);
}

static void fcompp(Fx *fx, unsigned opcode)
{
    compare_st(fx, host_com, RM(opcode), 2);
}

static void fucom(Fx *fx, unsigned opcode)
{
    compare_st(fx, host_ucom, RM(opcode), 0);
}

static void fucomp(Fx *fx, unsigned opcode)
{
    compare_st(fx, host_ucom, RM(opcode), 1);
}

static void fucompp(Fx *fx, unsigned opcode)
{
    compare_st(fx, host_ucom, RM(opcode), 2);
}

static void fcomi(Fx *fx, unsigned opcode)
{
    compare_flags(fx, host_com, RM(opcode), 0);
}

static void fcomip(Fx *fx, unsigned opcode)
{
    compare_flags(fx, host_com, RM(opcode), 1);
}

static void fucomi(Fx *fx, unsigned opcode)
{
    compare_flags(fx, host_ucom, RM(opcode), 0);
}

static void fucomip(Fx *fx, unsigned opcode)
{
    compare_flags(fx, host_ucom, RM(opcode), 1);
}

static void ftst(Fx *fx, unsigned opcode)
{
    (void)opcode;
    compare_st(fx, host_tst, 0, 0);
}

/* The condition codes that FXAM gives. */
static unsigned class_of(const F80 *value)
{
    unsigned exponent = value->exponent & F80_EXPONENT;

    if (exponent == 0) {
        return value->fraction == 0 ? FSW_C3 : FSW_C3 | FSW_C2;
    }
    if (!(value->fraction & F80_INTEGER)) {
        return 0;
    }
    if (exponent < F80_EXPONENT) {
        return FSW_C2;
    }
    return value->fraction == F80_INTEGER ? FSW_C2 | FSW_C0 : FSW_C0;
}

static void fprem_with(Fx *fx, X87Operation *operation)
{
    X87Host host;
    bool stop;

    if (x87_underflows(fx, !fx_st_full(fx, 0) || !fx_st_full(fx, 1), &stop)) {
        if (!stop) {
            x87_set_st(fx, 0, &X87_INDEFINITE);
        }
        return;
    }
    x87_host_begin(&host, fx);
    host.a = fx_st(fx, 0);
    host.b = fx_st(fx, 1);
    operation(&host);
    if (!x87_take_exceptions(fx, &host)) {
        return;
    }
    /* The quotient's bits, if the instruction computed a quotient. */
    if (host.status & FSW_C2 || class_of(&host.st0) == FSW_C0) {
        x87_set_conditions(fx, (fx->status & (FSW_C0 | FSW_C3)) |
                                   (class_of(&host.st0) == FSW_C0 ? 0 : FSW_C2));
    } else {
        x87_set_conditions(fx, host.status);
    }
    x87_set_st(fx, 0, &host.st0);
}

static void fprem(Fx *fx, unsigned opcode)
{
    (void)opcode;
    fprem_with(fx, host_prem);
}

static void fprem1(Fx *fx, unsigned opcode)
{
    (void)opcode;
    fprem_with(fx, host_prem1);
}

static void fscale(Fx *fx, unsigned opcode)
{
    (void)opcode;
    binary(fx, host_scale, 1, 0, 0);
}

static void fsqrt(Fx *fx, unsigned opcode)
{
    (void)opcode;
    unary(fx, host_sqrt);
}

static void frndint(Fx *fx, unsigned opcode)
{
    (void)opcode;
    unary(fx, host_rndint);
}

/* ST(0) becomes the exponent, and the significand is pushed. */
static void fxtract(Fx *fx, unsigned opcode)
{
    X87Host host = {.st0 = X87_INDEFINITE, .st1 = X87_INDEFINITE};
    bool stop;

    (void)opcode;
    if (x87_underflows(fx, !fx_st_full(fx, 0), &stop)) {
        if (stop) {
            return;
        }
    } else if (x87_overflows(fx, &stop)) {
        if (stop) {
            return;
        }
    } else {
        x87_host_begin(&host, fx);
        host.a = fx_st(fx, 0);
        X87_HOST_SPLIT(&host, "fxtract");
        if (!x87_take_exceptions(fx, &host)) {
            return;
        }
    }
    x87_set_st(fx, 0, &host.st1);
    x87_push(fx, &host.st0);
}

/* ---- forms with a register: moves ---- */

static void fld_st(Fx *fx, unsigned opcode)
{
    F80 value;
    bool stop;

    f80_copy(&value, fx_st(fx, RM(opcode)));
    if (x87_underflows(fx, !fx_st_full(fx, RM(opcode)), &stop)) {
        if (!stop) {
            x87_push(fx, &X87_INDEFINITE);
        }
        return;
    }
    x87_load(fx, &value);
}

static void fxch(Fx *fx, unsigned opcode)
{
    unsigned i = RM(opcode);
    F80 st0, other;
    bool empty0 = !fx_st_full(fx, 0), empty = !fx_st_full(fx, i), stop;

    if (x87_underflows(fx, empty0 || empty, &stop) && stop) {
        return;
    }
    f80_copy(&st0, fx_st(fx, 0));
    f80_copy(&other, fx_st(fx, i));
    x87_set_st(fx, i, empty0 ? &X87_INDEFINITE : &st0);
    x87_set_st(fx, 0, empty ? &X87_INDEFINITE : &other);
}

static void store_st(Fx *fx, unsigned i, unsigned pops)
{
    bool stop;

    if (!x87_underflows(fx, !fx_st_full(fx, 0), &stop)) {
        x87_set_st(fx, i, fx_st(fx, 0));
    } else if (stop) {
        return;
    } else {
        x87_set_st(fx, i, &X87_INDEFINITE);
    }
    x87_pop_times(fx, pops);
}

static void fst_st(Fx *fx, unsigned opcode)
{
    store_st(fx, RM(opcode), 0);
}

static void fstp_st(Fx *fx, unsigned opcode)
{
    store_st(fx, RM(opcode), 1);
}

/* FSTP1 pops an empty register without a fault. */
static void fstp1(Fx *fx, unsigned opcode)
{
    if (fx_st_full(fx, 0)) {
        store_st(fx, RM(opcode), 1);
    } else {
        x87_set_c1(fx, false);
        x87_pop(fx);
    }
}

/* FCMOVcc: bits 3 and 4 of the opcode select the flags, and bit 8 inverts the condition. */
static void fcmov(Fx *fx, unsigned opcode)
{
    static const uint8_t FLAGS[4] = {EFLAGS_CF, EFLAGS_ZF, EFLAGS_CF | EFLAGS_ZF, EFLAGS_PF};
    bool set = fx->eflags & FLAGS[opcode >> 3 & 3], moves = set != (opcode >> 8 & 1);
    F80 value = *fx_st(fx, RM(opcode));
    bool stop;

    if (x87_underflows(fx, !fx_st_full(fx, 0) || !fx_st_full(fx, RM(opcode)), &stop)) {
        if (!stop) {
            x87_set_st(fx, 0, &X87_INDEFINITE);
        }
    } else if (moves) {
        x87_set_st(fx, 0, &value);
    }
}

static void set_sign(Fx *fx, uint16_t keep, uint16_t flip)
{
    F80 value = *fx_st(fx, 0);
    bool stop;

    if (x87_underflows(fx, !fx_st_full(fx, 0), &stop)) {
        if (stop) {
            return;
        }
        value = X87_INDEFINITE;
    } else {
        value.exponent = (value.exponent & keep) ^ flip;
    }
    x87_set_st(fx, 0, &value);
}

static void fchs(Fx *fx, unsigned opcode)
{
    (void)opcode;
    set_sign(fx, UINT16_MAX, F80_SIGN);
}

static void fabs_st0(Fx *fx, unsigned opcode)
{
    (void)opcode;
    set_sign(fx, F80_EXPONENT, 0);
}

static void fxam(Fx *fx, unsigned opcode)
{
    const F80 *value = fx_st(fx, 0);
    unsigned class = fx_st_full(fx, 0) ? class_of(value) : FSW_C3 | FSW_C0;

    (void)opcode;
    x87_set_conditions(fx, class | (value->exponent & F80_SIGN ? FSW_C1 : 0));
}

static void ffree(Fx *fx, unsigned opcode)
{
    fx->full &= (uint8_t) ~(1u << ((fx->top + RM(opcode)) & 7));
}

static void ffreep(Fx *fx, unsigned opcode)
{
    ffree(fx, opcode);
    x87_pop(fx);
}

static void fdecstp(Fx *fx, unsigned opcode)
{
    (void)opcode;
    x87_set_c1(fx, false);
    fx->top = (fx->top - 1) & 7;
}

static void fincstp(Fx *fx, unsigned opcode)
{
    (void)opcode;
    x87_set_c1(fx, false);
    fx->top = (fx->top + 1) & 7;
}

static void fnop(Fx *fx, unsigned opcode)
{
    (void)fx;
    (void)opcode;
}

static void fnclex(Fx *fx, unsigned opcode)
{
    (void)opcode;
    fx->status &= FSW_CONDITIONS;
}

static void fninit(Fx *fx, unsigned opcode)
{
    (void)opcode;
    fx_init(fx);
}

/* ---- the map of register forms ---- */

#define EIGHT(function)                                                                            \
    function, function, function, function, function, function, function, function
#define ARITHMETIC_ROW(function, compare_, compare_and_pop)                                        \
    {                                                                                              \
        EIGHT(function), EIGHT(function), EIGHT(compare_), EIGHT(compare_and_pop),                 \
            EIGHT(function), EIGHT(function), EIGHT(function), EIGHT(function)                     \
    }
#define NOTHING NULL

/* These undocumented forms exist on every processor: FCOM2, FCOMP3, FCOMP5, FXCH4, FXCH7, FSTP1. */
X87Register *const X87_REGISTERS[8][64] = {
    ARITHMETIC_ROW(arithmetic_to_st0, fcom, fcomp),
    {EIGHT(fld_st),
     EIGHT(fxch),
     /* D0 */ fnop,
     NOTHING,
     NOTHING,
     NOTHING,
     NOTHING,
     NOTHING,
     NOTHING,
     NOTHING,
     /* D8 */ EIGHT(fstp1),
     /* E0 */ fchs,
     fabs_st0,
     NOTHING,
     NOTHING,
     ftst,
     fxam,
     NOTHING,
     NOTHING,
     /* E8 */ x87_load_constant,
     x87_load_constant,
     x87_load_constant,
     x87_load_constant,
     x87_load_constant,
     x87_load_constant,
     x87_load_constant,
     NOTHING,
     /* F0 */ x87_f2xm1,
     x87_fyl2x,
     x87_fptan,
     x87_fpatan,
     fxtract,
     fprem1,
     fdecstp,
     fincstp,
     /* F8 */ fprem,
     x87_fyl2xp1,
     fsqrt,
     x87_fsincos,
     frndint,
     fscale,
     x87_fsin,
     x87_fcos},
    {EIGHT(fcmov), EIGHT(fcmov), EIGHT(fcmov), EIGHT(fcmov), EIGHT(NOTHING),
     /* E8 */ NOTHING, fucompp, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
     EIGHT(NOTHING), EIGHT(NOTHING)},
    {EIGHT(fcmov), EIGHT(fcmov), EIGHT(fcmov), EIGHT(fcmov),
     /* E0: FNENI, FNDISI and FNSETPM of the 8087 and the 287 do nothing */
     fnop, fnop, fnclex, fninit, fnop, NOTHING, NOTHING, NOTHING, EIGHT(fucomi), EIGHT(fcomi),
     EIGHT(NOTHING)},
    ARITHMETIC_ROW(arithmetic_to_sti, fcom, fcomp),
    {EIGHT(ffree), EIGHT(fxch), EIGHT(fst_st), EIGHT(fstp_st), EIGHT(fucom), EIGHT(fucomp),
     EIGHT(NOTHING), EIGHT(NOTHING)},
    {EIGHT(arithmetic_and_pop), EIGHT(arithmetic_and_pop), EIGHT(fcomp),
     /* D8 */ NOTHING, fcompp, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
     EIGHT(arithmetic_and_pop), EIGHT(arithmetic_and_pop), EIGHT(arithmetic_and_pop),
     EIGHT(arithmetic_and_pop)},
    {EIGHT(ffreep), EIGHT(fxch), EIGHT(fstp_st), EIGHT(fstp_st), EIGHT(NOTHING), EIGHT(fucomip),
     EIGHT(fcomip), EIGHT(NOTHING)},
};
