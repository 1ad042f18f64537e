#include "src/accel/soft/x86/x87.h"

#define DEFINE_QUICK(name, expression)                                                             \
    static bool quick_##name(Fx *fx, const F80 *a, const F80 *b, F80 *result)                      \
    {                                                                                              \
        return expression;                                                                         \
    }

DEFINE_QUICK(add, quick_sum(fx, a, b, 0, result))
DEFINE_QUICK(mul, quick_product(fx, a, b, result))
DEFINE_QUICK(sub, quick_sum(fx, a, b, F80_SIGN, result))
DEFINE_QUICK(subr, quick_sum(fx, b, a, F80_SIGN, result))
DEFINE_QUICK(div, quick_quotient(fx, a, b, result))
DEFINE_QUICK(divr, quick_quotient(fx, b, a, result))

X87Quick *const X87_QUICK[8] = {quick_add, quick_mul,  NULL,      NULL,
                                quick_sub, quick_subr, quick_div, quick_divr};
