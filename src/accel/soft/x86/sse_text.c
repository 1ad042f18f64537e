/*
 * PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM.  Intel SDM, volume 1, section
 * "String and Text Processing Instructions"; volume 2, section 4.1.
 */
#include "src/accel/soft/x86/vector.h"
#include "src/accel/soft/x86/vector_functions.h"

#define IMM_WORDS  0x01u
#define IMM_SIGNED 0x02u
#define IMM_NEGATE 0x10u
#define IMM_VALID  0x20u /* only the valid elements are negated */
#define IMM_LAST   0x40u /* index: of the last hit; mask: whole elements */

enum { ANY_EQUAL, IN_RANGES, EQUAL_EACH, EQUAL_ORDERED };

typedef struct Text {
    const V128 *value;
    unsigned length;
} Text;

static int element(const V128 *value, unsigned i, unsigned imm)
{
    switch (imm & (IMM_WORDS | IMM_SIGNED)) {
    case 0:
        return value->b[i];
    case IMM_WORDS:
        return value->w[i];
    case IMM_SIGNED:
        return value->sb[i];
    default:
        return value->sw[i];
    }
}

static unsigned implicit_length(const V128 *value, unsigned count, unsigned imm)
{
    unsigned length = 0;

    while (length < count && element(value, length, imm)) {
        length++;
    }
    return length;
}

static unsigned explicit_length(int64_t length, unsigned count)
{
    uint64_t magnitude = length < 0 ? -(uint64_t)length : (uint64_t)length;

    return magnitude < count ? (unsigned)magnitude : count;
}

static bool is_any(const Text *set, int c, unsigned imm)
{
    for (unsigned i = 0; i < set->length; i++) {
        if (element(set->value, i, imm) == c) {
            return true;
        }
    }
    return false;
}

static bool is_in_ranges(const Text *set, int c, unsigned imm)
{
    for (unsigned i = 0; i + 1 < set->length; i += 2) {
        if (element(set->value, i, imm) <= c && c <= element(set->value, i + 1, imm)) {
            return true;
        }
    }
    return false;
}

/* Two elements beyond the ends of both texts count as equal. */
static bool is_equal(const Text *first, const Text *second, unsigned i, unsigned imm)
{
    if (i >= first->length || i >= second->length) {
        return i >= first->length && i >= second->length;
    }
    return element(first->value, i, imm) == element(second->value, i, imm);
}

/* Whether the first text is at this place of the second, as far as the register shows. */
static bool is_found(const Text *what, const Text *where, unsigned at, unsigned count, unsigned imm)
{
    for (unsigned i = 0; i < what->length && at + i < count; i++) {
        if (at + i >= where->length ||
            element(what->value, i, imm) != element(where->value, at + i, imm)) {
            return false;
        }
    }
    return true;
}

static unsigned aggregate(const Text *first, const Text *second, unsigned count, unsigned imm)
{
    unsigned result = 0;

    for (unsigned j = 0; j < count; j++) {
        int c = element(second->value, j, imm);
        bool bit = false;

        switch (imm >> 2 & 3) {
        case ANY_EQUAL:
            bit = j < second->length && is_any(first, c, imm);
            break;
        case IN_RANGES:
            bit = j < second->length && is_in_ranges(first, c, imm);
            break;
        case EQUAL_EACH:
            bit = is_equal(first, second, j, imm);
            break;
        default:
            bit = is_found(first, second, j, count, imm);
            break;
        }
        result |= (unsigned)bit << j;
    }
    return result;
}

static unsigned negate(unsigned result, const Text *second, unsigned count, unsigned imm)
{
    if (!(imm & IMM_NEGATE)) {
        return result;
    }
    return result ^ ((1u << (imm & IMM_VALID ? second->length : count)) - 1);
}

static V128 mask_of(unsigned result, unsigned count, unsigned imm)
{
    V128 mask = {.d = {result}};

    if (imm & IMM_LAST) {
        for (unsigned i = 0; i < 16; i++) {
            mask.b[i] = result >> (i * count / 16) & 1 ? 0xff : 0;
        }
    }
    return mask;
}

#define FLAG_CF 0x001u
#define FLAG_ZF 0x040u
#define FLAG_SF 0x080u
#define FLAG_OF 0x800u

/* Leaves the flags and the index in *d and the mask in Fx.result. */
static unsigned compare(Fx *fx, V128 *d, Text *first, Text *second, unsigned count, unsigned imm)
{
    unsigned result = negate(aggregate(first, second, count, imm), second, count, imm);
    unsigned index = !result          ? count
                     : imm & IMM_LAST ? 31 - (unsigned)__builtin_clz(result)
                                      : (unsigned)__builtin_ctz(result);
    uint32_t flags = (result ? FLAG_CF : 0) | (second->length < count ? FLAG_ZF : 0) |
                     (first->length < count ? FLAG_SF : 0) | (result & 1 ? FLAG_OF : 0);

    fx->result = mask_of(result, count, imm);
    *d = (V128){.d = {flags, index}};
    return 0;
}

unsigned x_pcmpistr(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    unsigned count = imm & IMM_WORDS ? 8 : 16;
    V128 a = *d, b = *s;
    Text first = {&a, implicit_length(&a, count, imm)};
    Text second = {&b, implicit_length(&b, count, imm)};

    return compare(fx, d, &first, &second, count, imm);
}

unsigned x_pcmpestr(Fx *fx, V128 *d, const V128 *s, unsigned imm)
{
    unsigned count = imm & IMM_WORDS ? 8 : 16;
    V128 a = *d, b = *s;
    Text first = {&a, explicit_length(fx->lengths[0], count)};
    Text second = {&b, explicit_length(fx->lengths[1], count)};

    return compare(fx, d, &first, &second, count, imm);
}
