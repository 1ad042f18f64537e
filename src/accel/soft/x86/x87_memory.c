/*
 * The x87 instructions with an operand in memory.
 */
#include "src/accel/soft/x86/x87.h"
#include "src/accel/soft/x86/x87_host.h"

#include <string.h>

/* ---- the host's operations ---- */

/* Operates on ST(0) and memory, with only ST(0) on the host's stack. */
#define DEFINE_WITH_MEMORY(name, text)                                                             \
    static void host_##name(X87Host *host)                                                         \
    {                                                                                              \
        X87_HOST_UNARY(host, text " %[memory]");                                                   \
    }

#define DEFINE_MEMORY_ARITHMETIC(size, prefix, suffix)                                             \
    DEFINE_WITH_MEMORY(add_##size, prefix "add" suffix)                                            \
    DEFINE_WITH_MEMORY(mul_##size, prefix "mul" suffix)                                            \
    DEFINE_WITH_MEMORY(com_##size, prefix "com" suffix)                                            \
    DEFINE_WITH_MEMORY(sub_##size, prefix "sub" suffix)                                            \
    DEFINE_WITH_MEMORY(subr_##size, prefix "subr" suffix)                                          \
    DEFINE_WITH_MEMORY(div_##size, prefix "div" suffix)                                            \
    DEFINE_WITH_MEMORY(divr_##size, prefix "divr" suffix)

DEFINE_MEMORY_ARITHMETIC(m32, "f", "s")
DEFINE_MEMORY_ARITHMETIC(m64, "f", "l")
DEFINE_MEMORY_ARITHMETIC(i16, "fi", "s")
DEFINE_MEMORY_ARITHMETIC(i32, "fi", "l")

static void with_memory(Fx *fx, X87Operation *operation, const uint8_t *operand, unsigned size)
{
    X87Host host;
    bool stop;

    if (x87_underflows(fx, !fx_st_full(fx, 0), &stop)) {
        if (!stop) {
            x87_set_st(fx, 0, &X87_INDEFINITE);
        }
        return;
    }
    memcpy(host.memory, operand, size);
    x87_host_begin(&host, fx);
    host.a = host.result = fx_st(fx, 0);
    operation(&host);
    x87_take_exceptions(fx, &host);
}

static void compare_memory(Fx *fx, X87Operation *operation, const uint8_t *operand, unsigned size,
                           unsigned pops)
{
    unsigned conditions;
    bool completed =
        x87_compare(fx, operation, fx_st(fx, 0), !fx_st_full(fx, 0), operand, size, &conditions);

    x87_set_conditions(fx, conditions);
    if (completed) {
        x87_pop_times(fx, pops);
    }
}

/* ---- forms with memory: loads and arithmetic ---- */

static inline bool memory_quickly(Fx *fx, X87Quick *quick, bool normal, const F80 *operand)
{
    F80 *st0 = fx_st(fx, 0);

    return normal && quick_control(fx) && fx_st_full(fx, 0) && quick_normal(st0) &&
           quick(fx, st0, operand, st0);
}

/* Integers are left to the host. */
static inline bool quick_of_integer(const uint8_t *from, F80 *to)
{
    (void)from;
    (void)to;
    return false;
}

#define DEFINE_MEMORY_FORM(name, reg, convert, size)                                               \
    static void m_##name(Fx *fx, const uint8_t *operand)                                           \
    {                                                                                              \
        F80 value;                                                                                 \
                                                                                                   \
        if (!memory_quickly(fx, X87_QUICK[reg], convert(operand, &value), &value)) {               \
            with_memory(fx, host_##name, operand, size);                                           \
        }                                                                                          \
    }
#define DEFINE_MEMORY_FORMS(kind, convert, size)                                                   \
    DEFINE_MEMORY_FORM(add_##kind, 0, convert, size)                                               \
    DEFINE_MEMORY_FORM(mul_##kind, 1, convert, size)                                               \
    DEFINE_MEMORY_FORM(sub_##kind, 4, convert, size)                                               \
    DEFINE_MEMORY_FORM(subr_##kind, 5, convert, size)                                              \
    DEFINE_MEMORY_FORM(div_##kind, 6, convert, size)                                               \
    DEFINE_MEMORY_FORM(divr_##kind, 7, convert, size)                                              \
    static void m_com_##kind(Fx *fx, const uint8_t *operand)                                       \
    {                                                                                              \
        compare_memory(fx, host_com_##kind, operand, size, 0);                                     \
    }                                                                                              \
    static void m_comp_##kind(Fx *fx, const uint8_t *operand)                                      \
    {                                                                                              \
        compare_memory(fx, host_com_##kind, operand, size, 1);                                     \
    }

DEFINE_MEMORY_FORMS(m32, quick_of_single, 4)
DEFINE_MEMORY_FORMS(m64, quick_of_double, 8)
DEFINE_MEMORY_FORMS(i16, quick_of_integer, 2)
DEFINE_MEMORY_FORMS(i32, quick_of_integer, 4)

/*
 * A full stack is detected before the operand is examined.  An unmasked
 * signalling NaN is not loaded.  An unmasked denormal is loaded, as AMD's
 * processors do.
 */
#define DEFINE_LOAD(name, size, text, convert)                                                     \
    static void name(Fx *fx, const uint8_t *operand)                                               \
    {                                                                                              \
        F80 value;                                                                                 \
        X87Host host;                                                                              \
                                                                                                   \
        if (convert(operand, &value)) {                                                            \
            x87_load(fx, &value);                                                                  \
            return;                                                                                \
        }                                                                                          \
        host.st0 = X87_INDEFINITE;                                                                 \
        if (!fx_st_full(fx, 7)) {                                                                  \
            memcpy(host.memory, operand, size);                                                    \
            x87_host_begin(&host, fx);                                                             \
            host.control |= FSW_EXCEPTIONS;                                                        \
            X87_HOST_LOAD(&host, text " %[memory]");                                               \
            x87_raise(fx, host.status &FSW_EXCEPTIONS);                                            \
            if (host.status & ~fx->control & FSW_IE) {                                             \
                x87_set_c1(fx, false);                                                             \
                return;                                                                            \
            }                                                                                      \
        }                                                                                          \
        x87_load(fx, &host.st0);                                                                   \
    }

DEFINE_LOAD(fld_m32, 4, "flds", quick_of_single)
DEFINE_LOAD(fld_m64, 8, "fldl", quick_of_double)
DEFINE_LOAD(fbld, 10, "fbld", quick_of_integer)

/* Every integer is exact in 80 bits. */
static void load_integer(Fx *fx, int64_t value)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    unsigned shift = value ? (unsigned)__builtin_clzll(magnitude) : 0;
    F80 loaded = {.fraction = magnitude << shift};

    if (value) {
        loaded.exponent = (uint16_t)((F80_BIAS + 63 - shift) | (value < 0 ? F80_SIGN : 0));
    }
    x87_load(fx, &loaded);
}

#define DEFINE_LOAD_INTEGER(name, type)                                                            \
    static void name(Fx *fx, const uint8_t *operand)                                               \
    {                                                                                              \
        type value;                                                                                \
                                                                                                   \
        memcpy(&value, operand, sizeof(value));                                                    \
        load_integer(fx, value);                                                                   \
    }

DEFINE_LOAD_INTEGER(fild_i16, int16_t)
DEFINE_LOAD_INTEGER(fild_i32, int32_t)
DEFINE_LOAD_INTEGER(fild_i64, int64_t)

static void fld_m80(Fx *fx, const uint8_t *operand)
{
    F80 value = {0};

    memcpy(&value, operand, 10);
    x87_load(fx, &value);
}

/* ---- forms with memory: stores ---- */

/*
 * The bits of the control word for rounding and masks, and the number of bits
 * after the binary point.
 */
#define QUICK_STORE_MASK (3u << FCW_RC_SHIFT | FSW_EXCEPTIONS)
#define SINGLE_BITS      23u
#define DOUBLE_BITS      52u

#define STOPS_STORE (FSW_IE | FSW_DE | FSW_OE | FSW_UE)

/*
 * Finds what is stored: ST(0), or the indefinite value if it is empty.
 * Returns false if the fault prevents the store.
 */
static bool begin_store(Fx *fx, X87Host *host, X87Result *result)
{
    *result = (X87Result){.stored = true};
    x87_host_begin(host, fx);
    host->a = fx_st(fx, 0);
    if (!fx_st_full(fx, 0)) {
        result->raised = FSW_IE | FSW_SF;
        result->stored = fx->control & FSW_IE;
        host->a = &X87_INDEFINITE;
    }
    return result->stored;
}

static void end_store(const Fx *fx, const X87Host *host, X87Result *result)
{
    if (!result->raised) {
        result->c1 = host->status & FSW_C1;
    }
    result->raised |= host->status & FSW_EXCEPTIONS;
    result->stored = !(host->status & FSW_ES && result->raised & ~fx->control & STOPS_STORE);
    memcpy(result->bytes, host->memory, sizeof(result->bytes));
}

/* Handles normal numbers with rounding to nearest and all exceptions masked. */
static inline bool store_quickly(const Fx *fx, X87Result *result, unsigned bits, int last)
{
    const F80 *value = &fx->reg[fx->top];
    uint64_t narrow;
    bool up, inexact;

    if ((fx->control & QUICK_STORE_MASK) != FSW_EXCEPTIONS || !fx_st_full(fx, 0) ||
        !quick_normal(value) || !quick_narrow(value, bits, last, &narrow, &up, &inexact)) {
        return false;
    }
    *result = (X87Result){.stored = true, .c1 = up, .raised = inexact ? FSW_PE : 0};
    if (bits == SINGLE_BITS) {
        uint32_t word = (uint32_t)narrow | (uint32_t)(value->exponent & F80_SIGN) << 16;
        memcpy(result->bytes, &word, sizeof(word));
    } else {
        narrow |= (uint64_t)(value->exponent & F80_SIGN) << 48;
        memcpy(result->bytes, &narrow, sizeof(narrow));
    }
    return true;
}

#define DEFINE_STORE(name, text, control_)                                                         \
    static void name(Fx *fx, X87Result *result)                                                    \
    {                                                                                              \
        X87Host host;                                                                              \
                                                                                                   \
        if (begin_store(fx, &host, result)) {                                                      \
            host.control |= control_;                                                              \
            X87_HOST_STORE(&host, text " %[memory]");                                              \
            end_store(fx, &host, result);                                                          \
        }                                                                                          \
    }

#define CHOP (3u << FCW_RC_SHIFT)

DEFINE_STORE(fst_m32_by_host, "fstps", 0)
DEFINE_STORE(fst_m64_by_host, "fstpl", 0)

static void fst_m32(Fx *fx, X87Result *result)
{
    if (!store_quickly(fx, result, SINGLE_BITS, 2 * 127)) {
        fst_m32_by_host(fx, result);
    }
}

static void fst_m64(Fx *fx, X87Result *result)
{
    if (!store_quickly(fx, result, DOUBLE_BITS, 2 * 1023)) {
        fst_m64_by_host(fx, result);
    }
}

DEFINE_STORE(fst_m80, "fstpt", 0)
DEFINE_STORE(fist_i16, "fistps", 0)
DEFINE_STORE(fist_i32, "fistpl", 0)
DEFINE_STORE(fist_i64, "fistpll", 0)
DEFINE_STORE(fistt_i16, "fistps", CHOP)
DEFINE_STORE(fistt_i32, "fistpl", CHOP)
DEFINE_STORE(fistt_i64, "fistpll", CHOP)
DEFINE_STORE(fbst, "fbstp", 0)

void x87_commit_store(Fx *fx, const X87Memory *memory, const X87Result *result)
{
    x87_raise(fx, result->raised);
    x87_set_c1(fx, result->c1);
    if (result->stored && memory->pops) {
        x87_pop(fx);
    }
}

/* ---- the map of memory forms ---- */

#define LOADS(size_, function)                                                                     \
    {                                                                                              \
        .kind = X87_LOADS, .size = size_, .load = function                                         \
    }
#define STORES(size_, function)                                                                    \
    {                                                                                              \
        .kind = X87_STORES, .size = size_, .store = function                                       \
    }
#define STORES_POPS(size_, function)                                                               \
    {                                                                                              \
        .kind = X87_STORES, .size = size_, .pops = true, .store = function                         \
    }
#define CONTROLS                                                                                   \
    {                                                                                              \
        .kind = X87_CONTROL                                                                        \
    }
#define ARITHMETIC_OF(size, kind)                                                                  \
    {                                                                                              \
        LOADS(size, m_add_##kind), LOADS(size, m_mul_##kind), LOADS(size, m_com_##kind),           \
            LOADS(size, m_comp_##kind), LOADS(size, m_sub_##kind), LOADS(size, m_subr_##kind),     \
            LOADS(size, m_div_##kind), LOADS(size, m_divr_##kind)                                  \
    }

const X87Memory X87_MEMORY[8][8] = {
    ARITHMETIC_OF(4, m32),
    {LOADS(4, fld_m32),
     {0},
     STORES(4, fst_m32),
     STORES_POPS(4, fst_m32),
     CONTROLS,
     CONTROLS,
     CONTROLS,
     CONTROLS},
    ARITHMETIC_OF(4, i32),
    {LOADS(4, fild_i32),
     STORES_POPS(4, fistt_i32),
     STORES(4, fist_i32),
     STORES_POPS(4, fist_i32),
     {0},
     LOADS(10, fld_m80),
     {0},
     STORES_POPS(10, fst_m80)},
    ARITHMETIC_OF(8, m64),
    {LOADS(8, fld_m64),
     STORES_POPS(8, fistt_i64),
     STORES(8, fst_m64),
     STORES_POPS(8, fst_m64),
     CONTROLS,
     {0},
     CONTROLS,
     CONTROLS},
    ARITHMETIC_OF(2, i16),
    {LOADS(2, fild_i16), STORES_POPS(2, fistt_i16), STORES(2, fist_i16), STORES_POPS(2, fist_i16),
     LOADS(10, fbld), LOADS(8, fild_i64), STORES_POPS(10, fbst), STORES_POPS(8, fist_i64)},
};
