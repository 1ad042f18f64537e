/*
 * The keyboard behind the 8042: its commands and its codes.
 */
#include "tests/unit/kbc_rig.h"

static void keyboard_reset_answers_fa_aa(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_keyboard(t, PS2_RESET, "fa aa");
}

static void keyboard_identifies_itself(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_no_translation(t);
    kbc_keyboard(t, PS2_GET_ID, "fa ab 83");
    kbc_set_command_byte(t, I8042_CB_XLATE);
    kbc_keyboard(t, PS2_GET_ID, "fa ab 41");
}

static void keyboard_takes_leds_and_typematic(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_keyboard(t, KBD_SET_LEDS, "fa");
    kbc_keyboard(t, KBD_LED_CAPS, "fa");
    kbc_keyboard(t, PS2_SET_RATE, "fa");
    kbc_keyboard(t, 0x20, "fa");
    kbc_keyboard(t, PS2_SET_RATE, "fa");
    kbc_keyboard(t, 0x80, "fe");
    /* A command that comes instead of a parameter is executed. */
    kbc_keyboard(t, KBD_SET_LEDS, "fa");
    kbc_keyboard(t, KBD_ECHO, "ee");
    kbc_keyboard(t, 0x07, "fe");
}

static void keyboard_selects_code_sets(Kbc *t, gconstpointer data)
{
    (void)data;
    static const char *const CODES[] = {"1e 9e", "1c f0 1c", "1c f0 1c"};
    static const char *const CTRL[] = {"e0 1d e0 9d", "e0 14 e0 f0 14", "58 f0 58"};
    kbc_no_translation(t);
    for (uint8_t set = 1; set <= 3; set++) {
        g_autofree char *current = g_strdup_printf("fa %u", set);
        kbc_keyboard(t, KBD_SET_CODES, "fa");
        kbc_keyboard(t, set, "fa");
        kbc_keyboard(t, KBD_SET_CODES, "fa");
        kbc_keyboard(t, 0, current);
        kbc_press(t, 0x1e);
        kbc_expect(t, CODES[set - 1]);
        kbc_press(t, KEY_EXTENDED + 0x1d);
        kbc_expect(t, CTRL[set - 1]);
    }
    kbc_keyboard(t, KBD_SET_CODES, "fa");
    kbc_keyboard(t, 4, "fe");
}

static void keyboard_is_enabled_and_disabled(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_keyboard(t, PS2_DISABLE, "fa");
    g_assert_false(device_key(t->dev, 0x1e, true));
    kbc_expect_empty(t);
    kbc_keyboard(t, PS2_SET_DEFAULTS, "fa");
    g_assert_false(device_key(t->dev, 0x1e, true));
    kbc_keyboard(t, PS2_ENABLE, "fa");
    kbc_press(t, 0x1e);
    kbc_expect(t, "1e 9e");
}

static void keyboard_resends_the_last_byte(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_press(t, 0x01);
    kbc_expect(t, "1 81");
    kbc_no_translation(t);
    kbc_keyboard(t, PS2_RESEND, "76");
}

static void keyboard_refuses_what_it_does_not_know(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_keyboard(t, 0xef, "fe");
    kbc_keyboard(t, 0xfa, "fa");
    kbc_keyboard(t, 0xfb, "fa");
    kbc_keyboard(t, 0x1c, "fa");
}

/* Translation turns the code of set 2 into that of set 1 for every key. */
static void translation_of_every_key_yields_set_1(Kbc *t, gconstpointer data)
{
    (void)data;
    unsigned keys = 0;
    for (unsigned code = 1; code < 0x80; code++) {
        if (device_key(t->dev, code, true)) {
            g_autofree char *bytes = g_strdup_printf("%x %x", code, code | 0x80);
            g_assert_true(device_key(t->dev, code, false));
            kbc_expect(t, bytes);
            keys++;
        }
        if (code == 0x37 || code == 0x46 || !device_key(t->dev, KEY_EXTENDED + code, true)) {
            continue;
        }
        g_autofree char *bytes = g_strdup_printf("e0 %x e0 %x", code, code | 0x80);
        g_assert_true(device_key(t->dev, KEY_EXTENDED + code, false));
        kbc_expect(t, bytes);
        keys++;
    }
    g_assert_cmpuint(keys, ==, 87 + 17);
}

static void print_screen_and_pause_have_their_own_codes(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_press(t, KEY_EXTENDED + 0x37);
    kbc_expect(t, "e0 2a e0 37 e0 b7 e0 aa");
    kbc_press(t, KEY_PAUSE);
    kbc_expect(t, "e1 1d 45 e1 9d c5");
    kbc_no_translation(t);
    kbc_press(t, KEY_EXTENDED + 0x37);
    kbc_expect(t, "e0 12 e0 7c e0 f0 7c e0 f0 12");
    kbc_press(t, KEY_PAUSE);
    kbc_expect(t, "e1 14 77 e1 f0 14 f0 77");
}

static void no_such_key_is_refused(Kbc *t, gconstpointer data)
{
    (void)data;
    g_assert_false(device_key(t->dev, 0, true));
    g_assert_false(device_key(t->dev, 0x55, true));
    g_assert_false(device_key(t->dev, 0x7f, true));
    g_assert_false(device_key(t->dev, 0xe0ff, true));
    g_assert_false(device_key(t->dev, 0xffffffff, true));
    kbc_expect_empty(t);
}

static void overrun_puts_one_code_behind_the_last(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_no_translation(t);
    kbc_command(t, I8042_CMD_KBD_DISABLE);
    for (unsigned i = 0; i < 40; i++) {
        device_key(t->dev, 0x1e, true);
    }
    kbc_command(t, I8042_CMD_KBD_ENABLE);
    kbc_expect(t, "1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 0");
    kbc_press(t, 0x1e);
    kbc_expect(t, "1c f0 1c");
}

static void held_key_repeats_after_500_ms_at_10_9_a_second(Kbc *t, gconstpointer data)
{
    (void)data;
    static const uint64_t PERIOD = 11 * 2 * UINT64_C(4170000);
    g_assert_true(device_key(t->dev, 0x1e, true));
    kbc_expect(t, "1e");
    rig_step(t->rig, NS_PER_SECOND / 2 - 2 * BYTE_NS - 1);
    g_assert_cmphex(kbc_status(t) & I8042_ST_OBF, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0x1e);
    rig_step(t->rig, PERIOD * 2 - 1);
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0x1e);
    g_assert_cmphex(kbc_status(t) & I8042_ST_OBF, ==, 0);
    g_assert_true(device_key(t->dev, 0x1e, false));
    kbc_expect(t, "9e");
    rig_step(t->rig, NS_PER_SECOND);
    kbc_expect_empty(t);
}

static void answers_come_before_codes(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command(t, I8042_CMD_KBD_DISABLE);
    kbc_press(t, 0x1e);
    kbc_keyboard(t, KBD_ECHO, "ee 1e 9e");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    KBC_SENTENCE("keyboard", keyboard_reset_answers_fa_aa, NULL);
    KBC_SENTENCE("keyboard", keyboard_identifies_itself, NULL);
    KBC_SENTENCE("keyboard", keyboard_takes_leds_and_typematic, NULL);
    KBC_SENTENCE("keyboard", keyboard_selects_code_sets, NULL);
    KBC_SENTENCE("keyboard", keyboard_is_enabled_and_disabled, NULL);
    KBC_SENTENCE("keyboard", keyboard_resends_the_last_byte, NULL);
    KBC_SENTENCE("keyboard", keyboard_refuses_what_it_does_not_know, NULL);
    KBC_SENTENCE("keyboard", translation_of_every_key_yields_set_1, NULL);
    KBC_SENTENCE("keyboard", print_screen_and_pause_have_their_own_codes, NULL);
    KBC_SENTENCE("keyboard", no_such_key_is_refused, NULL);
    KBC_SENTENCE("keyboard", overrun_puts_one_code_behind_the_last, NULL);
    KBC_SENTENCE("keyboard", held_key_repeats_after_500_ms_at_10_9_a_second, NULL);
    KBC_SENTENCE("keyboard", answers_come_before_codes, NULL);
    return g_test_run();
}
