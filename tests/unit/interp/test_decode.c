/*
 * The decoder: what it says about an instruction before any engine uses it.  The
 * expectations are from the Intel SDM, volume 2, "Instruction Format" and appendix A.
 */
#include "src/accel/soft/x86/decode.h"

#include <glib.h>
#include <string.h>

#define NONE DECODED_NO_REGISTER

/* Every feature, so that each instruction of the map is defined. */
static CpuFeatures all_features(void)
{
    CpuFeatures features;

    memset(&features, 0xff, sizeof(features));
    return features;
}

typedef struct Bytes {
    uint8_t byte[INSN_BYTES_MAX + 1];
    unsigned size, mode;
} Bytes;

#define BYTES(mode_, ...)                                                                          \
    {                                                                                              \
        .byte = {__VA_ARGS__}, .size = sizeof((const uint8_t[]){__VA_ARGS__}), .mode = (mode_)     \
    }

static Decoded decoded(const Bytes *bytes)
{
    CpuFeatures features = all_features();
    Decoded d;

    g_assert_true(decode(bytes->byte, bytes->size, bytes->mode, &features, &d));
    g_assert_cmpuint(d.length, ==, bytes->size);
    return d;
}

/* 1, 2 and 3 stand for 16, 32 and 64 bits. */
static void sizes_follow_mode_and_prefixes(void)
{
    static const struct {
        Bytes bytes;
        unsigned operand, address;
    } CASES[] = {
        {BYTES(16, 0x01, 0x07), 1, 1},
        {BYTES(16, 0x66, 0x01, 0x07), 2, 1},
        {BYTES(16, 0x67, 0x01, 0x07), 1, 2},
        {BYTES(32, 0x01, 0x07), 2, 2},
        {BYTES(32, 0x66, 0x67, 0x01, 0x07), 1, 1},
        {BYTES(64, 0x01, 0x07), 2, 3},
        {BYTES(64, 0x66, 0x01, 0x07), 1, 3},
        {BYTES(64, 0x48, 0x01, 0x07), 3, 3},
        {BYTES(64, 0x67, 0x66, 0x48, 0x01, 0x07), 3, 2},
        {BYTES(64, 0x50), 3, 3},                               /* PUSH is d64 */
        {BYTES(64, 0x66, 0x50), 1, 3},                         /* which 66 makes 16 bits */
        {BYTES(64, 0x66, 0xe8, 0x01, 0x00, 0x00, 0x00), 3, 3}, /* CALL is f64 */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Decoded d = decoded(&CASES[i].bytes);

        g_assert_cmpuint(d.operand_size, ==, CASES[i].operand);
        g_assert_cmpuint(d.address_size, ==, CASES[i].address);
    }
}

/* The operand of LEA: every form of ModRM and SIB. */
static void addresses_have_base_index_and_scale(void)
{
    static const struct {
        Bytes bytes;
        unsigned base, index, scale;
        uint32_t disp;
        unsigned segment;
    } CASES[] = {
        {BYTES(16, 0x8d, 0x00), CPU_BX, CPU_SI, 1, 0, CPU_DS},
        {BYTES(16, 0x8d, 0x43, 0xfe), CPU_BP, CPU_DI, 1, 0xfffffffe, CPU_SS},
        {BYTES(16, 0x8d, 0x06, 0x34, 0x12), NONE, NONE, 0, 0x1234, CPU_DS},
        {BYTES(32, 0x8d, 0x05, 4, 3, 2, 1), NONE, NONE, 1, 0x01020304, CPU_DS},
        {BYTES(32, 0x8d, 0x04, 0x24), CPU_SP, NONE, 1, 0, CPU_SS},
        {BYTES(32, 0x8d, 0x84, 0x8b, 1, 0, 0, 0), CPU_BX, CPU_CX, 4, 1, CPU_DS},
        {BYTES(32, 0x8d, 0x04, 0xcd, 8, 0, 0, 0), NONE, CPU_CX, 8, 8, CPU_DS},
        {BYTES(64, 0x8d, 0x05, 4, 0, 0, 0), DECODED_RIP, NONE, 1, 4, CPU_DS},
        {BYTES(64, 0x43, 0x8d, 0x04, 0x48), 8, 9, 2, 0, CPU_DS},
        {BYTES(64, 0x4a, 0x8d, 0x04, 0x20), CPU_AX, 12, 1, 0, CPU_DS}, /* R12 is an index */
        {BYTES(64, 0x41, 0x8d, 0x45, 0x00), 13, NONE, 1, 0, CPU_DS},   /* R13 is not RBP */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Decoded d = decoded(&CASES[i].bytes);

        g_assert_true(d.prefix & INSN_MEMORY);
        g_assert_cmpuint(d.base, ==, CASES[i].base);
        g_assert_cmpuint(d.index, ==, CASES[i].index);
        if (d.index != NONE) {
            g_assert_cmpuint(d.scale, ==, CASES[i].scale);
        }
        g_assert_cmphex(d.disp, ==, CASES[i].disp);
        g_assert_cmpuint(d.segment, ==, CASES[i].segment);
    }
}

static void immediates_are_extended(void)
{
    static const struct {
        Bytes bytes;
        uint64_t imm;
        unsigned immediate;
    } CASES[] = {
        {BYTES(32, 0x83, 0xc0, 0xff), UINT32_MAX, 1 | IMMEDIATE_SIGNED},
        {BYTES(32, 0x04, 0xff), 0xff, 1},
        {BYTES(32, 0x66, 0x05, 0xff, 0xff), 0xffff, 2},
        {BYTES(32, 0x05, 4, 3, 2, 0xf1), 0xf1020304, 4},
        {BYTES(32, 0xc1, 0xe0, 0x3f), 31, 0}, /* a count of 5 bits */
        {BYTES(64, 0x48, 0xc1, 0xe0, 0x7f), 63, 0},
        {BYTES(64, 0x48, 0xb8, 8, 7, 6, 5, 4, 3, 2, 1), UINT64_C(0x0102030405060708), 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Decoded d = decoded(&CASES[i].bytes);

        g_assert_cmphex(d.imm, ==, CASES[i].imm);
        g_assert_cmphex(d.immediate, ==, CASES[i].immediate);
    }
}

/* Without REX, the numbers 4 to 7 of bytes are AH to BH, the second bytes of registers. */
static void registers_are_places(void)
{
    static const struct {
        Bytes bytes;
        unsigned dst, src;
    } CASES[] = {
        {BYTES(32, 0x88, 0xe0), REG_OFFSET(CPU_AX), REG_OFFSET(CPU_AX) + 1},
        {BYTES(64, 0x40, 0x88, 0xe0), REG_OFFSET(CPU_AX), REG_OFFSET(CPU_SP)},
        {BYTES(64, 0x4d, 0x89, 0xf8), REG_OFFSET(8), REG_OFFSET(15)},
        {BYTES(64, 0x41, 0x57), REG_OFFSET(15), 0},
        {BYTES(64, 0x66, 0x45, 0x0f, 0xef, 0xc1), 8 * 16, 9 * 16}, /* PXOR XMM8, XMM9 */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Decoded d = decoded(&CASES[i].bytes);

        g_assert_cmpuint(d.dst, ==, CASES[i].dst);
        g_assert_cmpuint(d.src, ==, CASES[i].src);
    }
}

/* The last one of F2 and F3 counts; a REX prefix counts only directly before the opcode. */
static void prefixes_are_noted(void)
{
    Decoded d = decoded(&(const Bytes)BYTES(32, 0xf2, 0xf3, 0x26, 0x65, 0xa4));

    g_assert_cmphex(d.prefix & (INSN_REP | INSN_REPNE), ==, INSN_REP);
    g_assert_cmpint(d.override, ==, CPU_GS);
    d = decoded(&(const Bytes)BYTES(64, 0x48, 0x66, 0x01, 0xc0));
    g_assert_cmphex(d.rex, ==, 0);
    g_assert_cmpuint(d.operand_size, ==, 1);
    d = decoded(&(const Bytes)BYTES(64, 0x26, 0x8b, 0x00));
    g_assert_cmpuint(d.segment, ==, CPU_DS);
    d = decoded(&(const Bytes)BYTES(64, 0xc4, 0xe2, 0xf0, 0xf2, 0xc2)); /* ANDN RAX, RCX, RDX */
    g_assert_true(d.vex && !d.undefined);
    g_assert_cmpuint(d.vvvv, ==, CPU_CX);
    g_assert_cmpuint(d.operand_size, ==, 3);
}

static void a_missing_feature_makes_it_undefined(void)
{
    static const uint8_t POPCNT[] = {0xf3, 0x0f, 0xb8, 0xc1};
    CpuFeatures features = all_features();
    Decoded d;

    g_assert_true(decode(POPCNT, sizeof(POPCNT), 32, &features, &d));
    g_assert_false(d.undefined);
    cpu_features_put(&features, CPU_FEATURE_POPCNT, false);
    g_assert_true(decode(POPCNT, sizeof(POPCNT), 32, &features, &d));
    g_assert_true(d.undefined);
    g_assert_cmpuint(d.length, ==, sizeof(POPCNT));
}

static void more_bytes_are_asked_for_up_to_fifteen(void)
{
    uint8_t bytes[INSN_BYTES_MAX + 1];
    CpuFeatures features = all_features();
    Decoded d;

    memset(bytes, 0x66, sizeof(bytes));
    for (size_t size = 0; size < INSN_BYTES_MAX; size++) {
        g_assert_false(decode(bytes, size, 32, &features, &d));
    }
    g_assert_true(decode(bytes, sizeof(bytes), 32, &features, &d));
    g_assert_true(d.too_long);
    bytes[INSN_BYTES_MAX - 1] = 0x90;
    g_assert_true(decode(bytes, sizeof(bytes), 32, &features, &d));
    g_assert_false(d.too_long);
    g_assert_cmpuint(d.length, ==, INSN_BYTES_MAX);
}

#define TEST(name) g_test_add_func("/decode/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(sizes_follow_mode_and_prefixes);
    TEST(addresses_have_base_index_and_scale);
    TEST(immediates_are_extended);
    TEST(registers_are_places);
    TEST(prefixes_are_noted);
    TEST(a_missing_feature_makes_it_undefined);
    TEST(more_bytes_are_asked_for_up_to_fifteen);
    return g_test_run();
}
