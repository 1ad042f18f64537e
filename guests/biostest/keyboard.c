#include "guests/biostest/biostest.h"

#define KBC_DATA    0x60
#define KBC_COMMAND 0x64
#define KBC_IBF     0x02
#define KBC_TYPE    0xd2 /* puts a byte as if the keyboard had sent it */

static void await_input(void)
{
    while (in8(KBC_COMMAND) & KBC_IBF) {
    }
}

static void press(const uint8_t *codes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t before = key_calls;
        await_input();
        out8(KBC_COMMAND, KBC_TYPE);
        await_input();
        out8(KBC_DATA, codes[i]);
        while (key_calls == before) {
        }
    }
}

#define PRESS(...) press((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Returns the next key, or 0xffff if there is none. */
static uint16_t key(void)
{
    Regs regs = interrupt_ax(0x16, 0x1100);
    return zero(&regs) ? 0xffff : interrupt_ax(0x16, 0x1000).ax;
}

static uint16_t old_key(void)
{
    Regs regs = interrupt_ax(0x16, 0x0100);
    return zero(&regs) ? 0xffff : interrupt_ax(0x16, 0x0000).ax;
}

static uint8_t shift(void)
{
    return interrupt_ax(0x16, 0x0200).al;
}

static void test_keys(void)
{
    about("INT 16h, keys");
    check_is(key(), 0xffff);
    PRESS(0x1e, 0x9e, 0x1c, 0x9c);
    check_is(key(), 0x1e61);
    check_is(key(), 0x1c0d);
    check_is(key(), 0xffff);
    PRESS(0x2a, 0x1e, 0x03, 0xaa, 0x1e);
    check_is(key(), 0x1e41);
    check_is(key(), 0x0340);
    check_is(key(), 0x1e61);
    PRESS(0x1d, 0x2e, 0x9d, 0x38, 0x10, 0xb8);
    check_is(key(), 0x2e03);
    check_is(key(), 0x1000);
    PRESS(0x3b, 0x01, 0x39);
    check_is(key(), 0x3b00);
    check_is(key(), 0x011b);
    check_is(key(), 0x3920);
    PRESS(0x38, 0x4f, 0x4d, 0xb8);
    check_is(key(), 0x0010);
    PRESS(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e);
    check_is(key(), 0x1e61);
    check_is(shift(), 0);
}

static void test_enhanced(void)
{
    about("INT 16h, keys of the enhanced keyboard");
    PRESS(0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x1c);
    check_is(key(), 0x48e0);
    check_is(key(), 0xe00d);
    PRESS(0xe0, 0x48, 0xe0, 0x1c, 0xe0, 0x35);
    check_is(old_key(), 0x4800);
    check_is(old_key(), 0x1c0d);
    check_is(old_key(), 0x352f);
    PRESS(0x57, 0x1e);
    check_is(old_key(), 0x1e61);
    check_is(old_key(), 0xffff);
    PRESS(0x57, 0x2a, 0x58, 0xaa, 0x1d, 0xe0, 0x4d, 0x9d);
    check_is(key(), 0x8500);
    check_is(key(), 0x8800);
    check_is(key(), 0x74e0);
}

static void test_shift(void)
{
    about("INT 16h, shift states");
    PRESS(0x2a);
    check_is(shift(), 0x02);
    PRESS(0x36, 0xaa);
    check_is(shift(), 0x01);
    PRESS(0xb6, 0x1d, 0x38);
    check_is(shift(), 0x0c);
    PRESS(0x9d, 0xb8, 0xe0, 0x1d);
    check_is(interrupt_ax(0x16, 0x1200).ax, 0x0404);
    PRESS(0xe0, 0x9d, 0x3a, 0x3a);
    check_is(interrupt_ax(0x16, 0x1200).ax, 0x4040);
    PRESS(0xba, 0x1e, 0x02, 0x2a, 0x1e, 0xaa);
    check_is(key(), 0x1e41);
    check_is(key(), 0x0231);
    check_is(key(), 0x1e61);
    PRESS(0x3a, 0xba, 0x45, 0xc5, 0x47);
    check_is(key(), 0x4737);
    check_is(shift(), 0x20);
    PRESS(0x45, 0xc5, 0x47);
    check_is(key(), 0x4700);
    check_is(shift(), 0);
}

static void test_buffer(void)
{
    about("INT 16h, AH = 05h");
    unsigned stored = 0;
    while (stored < 20 && interrupt_abcd(0x16, 0x0500, 0, (uint16_t)(0x1230 + stored), 0).al == 0) {
        stored++;
    }
    check_is(stored, 15);
    check_is(interrupt_ax(0x16, 0x1100).ax, 0x1230);
    for (unsigned i = 0; i < 14; i++) {
        key();
    }
    check_is(key(), 0x123e);
    check_is(key(), 0xffff);
}

static void test_hook(void)
{
    about("INT 15h, AH = 4Fh");
    system_vector.offset = IVT[0x15].offset;
    system_vector.segment = IVT[0x15].segment;
    set_handler(0x15, 0, (uint16_t)(uint32_t)key_hook);
    PRESS(0x30, 0x20, 0x1e);
    check_is(key(), 0x2e63);
    check_is(key(), 0x1e61);
    check_is(key(), 0xffff);
    set_handler(0x15, system_vector.segment, system_vector.offset);
}

void test_keyboard(void)
{
    key_vector.offset = IVT[0x09].offset;
    key_vector.segment = IVT[0x09].segment;
    set_handler(0x09, 0, (uint16_t)(uint32_t)key_handler);
    test_keys();
    test_enhanced();
    test_shift();
    test_buffer();
    test_hook();
    set_handler(0x09, key_vector.segment, key_vector.offset);
}
