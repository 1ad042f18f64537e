/*
 * The 8042 with its keyboard and mouse, through its two ports.
 */
#include "devices/i8042_regs.h"
#include "tests/unit/rig.h"

#include <string.h>

#define IRQ_KEYBOARD 1u
#define IRQ_MOUSE    12u
#define A20_LINE     20u
#define BYTE_NS      UINT64_C(20000)

typedef struct Kbc {
    Rig *rig;
    Device *dev;
} Kbc;

static void setup(Kbc *t, gconstpointer data)
{
    t->rig = rig_new();
    t->dev = rig_device_new(t->rig, "i8042");
    device_connect(t->dev, "a20", rig_line(t->rig, A20_LINE));
    g_assert_true(rig_realize(t->rig, t->dev, data));
}

static void teardown(Kbc *t, gconstpointer data)
{
    (void)data;
    rig_free(t->rig);
}

static uint8_t status(Kbc *t)
{
    return rig_inb(t->rig, I8042_STATUS);
}

static void command(Kbc *t, uint8_t value)
{
    rig_outb(t->rig, I8042_COMMAND, value);
}

static void command2(Kbc *t, uint8_t value, uint8_t parameter)
{
    command(t, value);
    rig_outb(t->rig, I8042_DATA, parameter);
}

/* The next byte, which has to be there after one byte's time. */
static uint8_t take(Kbc *t)
{
    rig_step(t->rig, BYTE_NS);
    g_assert_cmphex(status(t) & I8042_ST_OBF, ==, I8042_ST_OBF);
    return rig_inb(t->rig, I8042_DATA);
}

static void expect_empty(Kbc *t)
{
    rig_step(t->rig, BYTE_NS);
    g_assert_cmphex(status(t) & I8042_ST_OBF, ==, 0);
}

/* "1c f0 1c": these bytes and no more. */
static void expect(Kbc *t, const char *bytes)
{
    g_auto(GStrv) words = g_strsplit(bytes, " ", -1);
    for (char **word = words; *word && **word; word++) {
        g_assert_cmphex(take(t), ==, g_ascii_strtoull(*word, NULL, 16));
    }
    expect_empty(t);
}

static void set_command_byte(Kbc *t, uint8_t value)
{
    command2(t, I8042_CMD_WRITE_RAM, value);
}

static void keyboard(Kbc *t, uint8_t byte, const char *answer)
{
    rig_outb(t->rig, I8042_DATA, byte);
    expect(t, answer);
}

static void mouse(Kbc *t, uint8_t byte, const char *answer)
{
    command2(t, I8042_CMD_WRITE_AUX, byte);
    expect(t, answer);
}

static void press(Kbc *t, unsigned code)
{
    g_assert_true(device_key(t->dev, code, true));
    g_assert_true(device_key(t->dev, code, false));
}

static void no_translation(Kbc *t)
{
    set_command_byte(t, I8042_CB_INT);
}

/* ---- controller ---- */

static void self_test_answers_55_and_sets_the_system_flag(Kbc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(status(t) & I8042_ST_SYS, ==, 0);
    command(t, I8042_CMD_SELF_TEST);
    expect(t, "55");
    g_assert_cmphex(status(t) & I8042_ST_SYS, ==, I8042_ST_SYS);
}

static void port_tests_answer_0(Kbc *t, gconstpointer data)
{
    (void)data;
    command(t, I8042_CMD_KBD_TEST);
    expect(t, "0");
    command(t, I8042_CMD_AUX_TEST);
    expect(t, "0");
}

static void command_byte_reads_back_without_reserved_bits(Kbc *t, gconstpointer data)
{
    (void)data;
    set_command_byte(t, 0xff);
    command(t, I8042_CMD_READ_RAM);
    expect(t, "77");
    command2(t, I8042_CMD_WRITE_RAM + 5, 0xa5);
    command(t, I8042_CMD_READ_RAM + 5);
    expect(t, "a5");
}

static void status_tells_command_from_data(Kbc *t, gconstpointer data)
{
    (void)data;
    command(t, I8042_CMD_KBD_ENABLE);
    g_assert_cmphex(status(t) & I8042_ST_A2, ==, I8042_ST_A2);
    rig_outb(t->rig, I8042_DATA, KBD_ECHO);
    g_assert_cmphex(status(t) & I8042_ST_A2, ==, 0);
    g_assert_cmphex(status(t) & I8042_ST_INH, ==, I8042_ST_INH);
}

static void interfaces_are_disabled_and_enabled(Kbc *t, gconstpointer data)
{
    (void)data;
    static const struct {
        uint8_t command, bit;
        bool set;
    } CASES[] = {
        {I8042_CMD_KBD_DISABLE, I8042_CB_KBD_OFF, true},
        {I8042_CMD_KBD_ENABLE, I8042_CB_KBD_OFF, false},
        {I8042_CMD_AUX_ENABLE, I8042_CB_AUX_OFF, false},
        {I8042_CMD_AUX_DISABLE, I8042_CB_AUX_OFF, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        command(t, CASES[i].command);
        command(t, I8042_CMD_READ_RAM);
        g_assert_cmpint(!!(take(t) & CASES[i].bit), ==, CASES[i].set);
    }
}

static void disabled_keyboard_keeps_its_keys(Kbc *t, gconstpointer data)
{
    (void)data;
    command(t, I8042_CMD_KBD_DISABLE);
    press(t, 0x1e);
    expect_empty(t);
    command(t, I8042_CMD_KBD_ENABLE);
    expect(t, "1e 9e");
}

static void data_enables_the_keyboard(Kbc *t, gconstpointer data)
{
    (void)data;
    command(t, I8042_CMD_KBD_DISABLE);
    keyboard(t, KBD_ECHO, "ee");
}

static void output_port_has_a20_and_buffer_state(Kbc *t, gconstpointer data)
{
    (void)data;
    g_assert_true(rig_irq(t->rig, A20_LINE));
    command2(t, I8042_CMD_WRITE_OUTPUT, I8042_OUT_RESET);
    g_assert_false(rig_irq(t->rig, A20_LINE));
    command(t, I8042_CMD_READ_OUTPUT);
    expect(t, "c1");
    command2(t, I8042_CMD_WRITE_OUTPUT, I8042_OUT_RESET | I8042_OUT_A20);
    g_assert_true(rig_irq(t->rig, A20_LINE));
    command(t, I8042_CMD_READ_OUTPUT);
    expect(t, "c3");
    g_assert_cmpuint(rig_requests(t->rig, DEVICE_RESET), ==, 0);
}

static void output_port_bit_0_low_resets(Kbc *t, gconstpointer data)
{
    (void)data;
    command2(t, I8042_CMD_WRITE_OUTPUT, I8042_OUT_A20);
    g_assert_cmpuint(rig_requests(t->rig, DEVICE_RESET), ==, 1);
}

static void fe_pulses_reset_and_odd_pulses_do_not(Kbc *t, gconstpointer data)
{
    (void)data;
    for (unsigned value = I8042_CMD_PULSE; value <= 0xff; value++) {
        unsigned before = rig_requests(t->rig, DEVICE_RESET);
        command(t, (uint8_t)value);
        g_assert_cmpuint(rig_requests(t->rig, DEVICE_RESET) - before, ==, !(value & 1));
    }
}

static void input_and_test_port(Kbc *t, gconstpointer data)
{
    (void)data;
    command(t, I8042_CMD_READ_INPUT);
    expect(t, "a0");
    command(t, I8042_CMD_READ_TEST);
    expect(t, "0");
    command(t, I8042_CMD_TEST_PASSWD);
    expect(t, "f1");
    command(t, I8042_CMD_POLL_LOW);
    expect_empty(t);
}

static void d2_and_d3_put_a_byte_as_if_from_a_device(Kbc *t, gconstpointer data)
{
    (void)data;
    set_command_byte(t, I8042_CB_INT | I8042_CB_AUX_INT);
    command2(t, I8042_CMD_WRITE_KBD_OB, 0x42);
    g_assert_true(rig_irq(t->rig, IRQ_KEYBOARD));
    g_assert_false(rig_irq(t->rig, IRQ_MOUSE));
    expect(t, "42");
    command2(t, I8042_CMD_WRITE_AUX_OB, 0x43);
    rig_step(t->rig, BYTE_NS);
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    g_assert_true(rig_irq(t->rig, IRQ_MOUSE));
    g_assert_cmphex(status(t) & I8042_ST_AUXB, ==, I8042_ST_AUXB);
    expect(t, "43");
}

static void unknown_command_is_told_once(Kbc *t, gconstpointer data)
{
    (void)data;
    command(t, 0xb7);
    command(t, 0xb7);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
    expect_empty(t);
}

static void empty_buffer_reads_the_last_byte(Kbc *t, gconstpointer data)
{
    (void)data;
    keyboard(t, KBD_ECHO, "ee");
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0xee);
}

/* ---- interrupts ---- */

static void irq_1_is_an_edge_per_byte(Kbc *t, gconstpointer data)
{
    (void)data;
    press(t, 0x1e);
    g_assert_cmpuint(rig_irq_edges(t->rig, IRQ_KEYBOARD), ==, 1);
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0x1e);
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    rig_step(t->rig, BYTE_NS - 1);
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    rig_step(t->rig, 1);
    g_assert_cmpuint(rig_irq_edges(t->rig, IRQ_KEYBOARD), ==, 2);
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0x9e);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmpuint(rig_irq_edges(t->rig, IRQ_KEYBOARD), ==, 2);
}

static void command_byte_masks_irq_1(Kbc *t, gconstpointer data)
{
    (void)data;
    set_command_byte(t, I8042_CB_XLATE);
    press(t, 0x1e);
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    set_command_byte(t, I8042_CB_XLATE | I8042_CB_INT);
    g_assert_true(rig_irq(t->rig, IRQ_KEYBOARD));
}

/* ---- keyboard ---- */

static void keyboard_reset_answers_fa_aa(Kbc *t, gconstpointer data)
{
    (void)data;
    keyboard(t, PS2_RESET, "fa aa");
}

static void keyboard_identifies_itself(Kbc *t, gconstpointer data)
{
    (void)data;
    no_translation(t);
    keyboard(t, PS2_GET_ID, "fa ab 83");
    set_command_byte(t, I8042_CB_XLATE);
    keyboard(t, PS2_GET_ID, "fa ab 41");
}

static void keyboard_takes_leds_and_typematic(Kbc *t, gconstpointer data)
{
    (void)data;
    keyboard(t, KBD_SET_LEDS, "fa");
    keyboard(t, KBD_LED_CAPS, "fa");
    keyboard(t, PS2_SET_RATE, "fa");
    keyboard(t, 0x20, "fa");
    keyboard(t, PS2_SET_RATE, "fa");
    keyboard(t, 0x80, "fe");
    /* A command where a parameter was awaited is a command. */
    keyboard(t, KBD_SET_LEDS, "fa");
    keyboard(t, KBD_ECHO, "ee");
    keyboard(t, 0x07, "fe");
}

static void keyboard_selects_code_sets(Kbc *t, gconstpointer data)
{
    (void)data;
    static const char *const CODES[] = {"1e 9e", "1c f0 1c", "1c f0 1c"};
    static const char *const CTRL[] = {"e0 1d e0 9d", "e0 14 e0 f0 14", "58 f0 58"};
    no_translation(t);
    for (uint8_t set = 1; set <= 3; set++) {
        g_autofree char *current = g_strdup_printf("fa %u", set);
        keyboard(t, KBD_SET_CODES, "fa");
        keyboard(t, set, "fa");
        keyboard(t, KBD_SET_CODES, "fa");
        keyboard(t, 0, current);
        press(t, 0x1e);
        expect(t, CODES[set - 1]);
        press(t, KEY_EXTENDED + 0x1d);
        expect(t, CTRL[set - 1]);
    }
    keyboard(t, KBD_SET_CODES, "fa");
    keyboard(t, 4, "fe");
}

static void keyboard_is_enabled_and_disabled(Kbc *t, gconstpointer data)
{
    (void)data;
    keyboard(t, PS2_DISABLE, "fa");
    g_assert_false(device_key(t->dev, 0x1e, true));
    expect_empty(t);
    keyboard(t, PS2_SET_DEFAULTS, "fa");
    g_assert_false(device_key(t->dev, 0x1e, true));
    keyboard(t, PS2_ENABLE, "fa");
    press(t, 0x1e);
    expect(t, "1e 9e");
}

static void keyboard_resends_the_last_byte(Kbc *t, gconstpointer data)
{
    (void)data;
    press(t, 0x01);
    expect(t, "1 81");
    no_translation(t);
    keyboard(t, PS2_RESEND, "76");
}

static void keyboard_refuses_what_it_does_not_know(Kbc *t, gconstpointer data)
{
    (void)data;
    keyboard(t, 0xef, "fe");
    keyboard(t, 0xfa, "fa");
    keyboard(t, 0xfb, "fa");
    keyboard(t, 0x1c, "fa");
}

/* Set 2 through the translation is set 1, for every key. */
static void translation_of_every_key_yields_set_1(Kbc *t, gconstpointer data)
{
    (void)data;
    unsigned keys = 0;
    for (unsigned code = 1; code < 0x80; code++) {
        if (device_key(t->dev, code, true)) {
            g_autofree char *bytes = g_strdup_printf("%x %x", code, code | 0x80);
            g_assert_true(device_key(t->dev, code, false));
            expect(t, bytes);
            keys++;
        }
        if (code == 0x37 || code == 0x46 || !device_key(t->dev, KEY_EXTENDED + code, true)) {
            continue;
        }
        g_autofree char *bytes = g_strdup_printf("e0 %x e0 %x", code, code | 0x80);
        g_assert_true(device_key(t->dev, KEY_EXTENDED + code, false));
        expect(t, bytes);
        keys++;
    }
    g_assert_cmpuint(keys, ==, 87 + 17);
}

static void print_screen_and_pause_have_their_own_codes(Kbc *t, gconstpointer data)
{
    (void)data;
    press(t, KEY_EXTENDED + 0x37);
    expect(t, "e0 2a e0 37 e0 b7 e0 aa");
    press(t, KEY_PAUSE);
    expect(t, "e1 1d 45 e1 9d c5");
    no_translation(t);
    press(t, KEY_EXTENDED + 0x37);
    expect(t, "e0 12 e0 7c e0 f0 7c e0 f0 12");
    press(t, KEY_PAUSE);
    expect(t, "e1 14 77 e1 f0 14 f0 77");
}

static void no_such_key_is_refused(Kbc *t, gconstpointer data)
{
    (void)data;
    g_assert_false(device_key(t->dev, 0, true));
    g_assert_false(device_key(t->dev, 0x55, true));
    g_assert_false(device_key(t->dev, 0x7f, true));
    g_assert_false(device_key(t->dev, 0xe0ff, true));
    g_assert_false(device_key(t->dev, 0xffffffff, true));
    expect_empty(t);
}

static void overrun_puts_one_code_behind_the_last(Kbc *t, gconstpointer data)
{
    (void)data;
    no_translation(t);
    command(t, I8042_CMD_KBD_DISABLE);
    for (unsigned i = 0; i < 40; i++) {
        device_key(t->dev, 0x1e, true);
    }
    command(t, I8042_CMD_KBD_ENABLE);
    expect(t, "1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 1c 0");
    press(t, 0x1e);
    expect(t, "1c f0 1c");
}

static void held_key_repeats_after_500_ms_at_10_9_a_second(Kbc *t, gconstpointer data)
{
    (void)data;
    static const uint64_t PERIOD = 11 * 2 * UINT64_C(4170000);
    g_assert_true(device_key(t->dev, 0x1e, true));
    expect(t, "1e");
    rig_step(t->rig, NS_PER_SECOND / 2 - 2 * BYTE_NS - 1);
    g_assert_cmphex(status(t) & I8042_ST_OBF, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0x1e);
    rig_step(t->rig, PERIOD * 2 - 1);
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0x1e);
    g_assert_cmphex(status(t) & I8042_ST_OBF, ==, 0);
    g_assert_true(device_key(t->dev, 0x1e, false));
    expect(t, "9e");
    rig_step(t->rig, NS_PER_SECOND);
    expect_empty(t);
}

static void answers_come_before_codes(Kbc *t, gconstpointer data)
{
    (void)data;
    command(t, I8042_CMD_KBD_DISABLE);
    press(t, 0x1e);
    keyboard(t, KBD_ECHO, "ee 1e 9e");
}

/* ---- mouse ---- */

static void mouse_reset_answers_fa_aa_00(Kbc *t, gconstpointer data)
{
    (void)data;
    mouse(t, PS2_RESET, "fa aa 0");
    mouse(t, PS2_GET_ID, "fa 0");
}

static void mouse_bytes_raise_irq_12(Kbc *t, gconstpointer data)
{
    (void)data;
    set_command_byte(t, I8042_CB_INT | I8042_CB_AUX_INT);
    command2(t, I8042_CMD_WRITE_AUX, PS2_ENABLE);
    rig_step(t->rig, BYTE_NS);
    g_assert_true(rig_irq(t->rig, IRQ_MOUSE));
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    g_assert_cmphex(status(t) & I8042_ST_AUXB, ==, I8042_ST_AUXB);
    expect(t, "fa");
}

static void mouse_moves_are_packets(Kbc *t, gconstpointer data)
{
    (void)data;
    device_pointer(t->dev, 5, 5, 0);
    expect_empty(t);
    mouse(t, PS2_ENABLE, "fa");
    device_pointer(t->dev, 3, -2, POINTER_LEFT);
    expect(t, "29 3 fe");
    device_pointer(t->dev, -300, 300, POINTER_RIGHT | POINTER_MIDDLE);
    expect(t, "1e 0 ff 1e d4 2d");
    device_pointer(t->dev, 0, 0, POINTER_RIGHT | POINTER_MIDDLE);
    expect_empty(t);
    device_pointer(t->dev, 0, 0, 0);
    expect(t, "8 0 0");
}

static void mouse_in_remote_mode_waits_to_be_asked(Kbc *t, gconstpointer data)
{
    (void)data;
    mouse(t, PS2_ENABLE, "fa");
    mouse(t, MOUSE_REMOTE, "fa");
    device_pointer(t->dev, 7, 8, 0);
    expect_empty(t);
    mouse(t, MOUSE_READ, "fa 8 7 8");
    mouse(t, MOUSE_READ, "fa 8 0 0");
    mouse(t, MOUSE_STREAM, "fa");
    device_pointer(t->dev, 1, 0, 0);
    expect(t, "8 1 0");
}

static void mouse_in_wrap_mode_echoes(Kbc *t, gconstpointer data)
{
    (void)data;
    mouse(t, MOUSE_WRAP, "fa");
    mouse(t, PS2_ENABLE, "f4");
    mouse(t, MOUSE_WRAP_END, "fa");
    mouse(t, PS2_ENABLE, "fa");
}

static void mouse_status_tells_the_settings(Kbc *t, gconstpointer data)
{
    (void)data;
    mouse(t, MOUSE_STATUS, "fa 0 2 64");
    mouse(t, MOUSE_SET_RESOLUTION, "fa");
    mouse(t, 3, "fa");
    mouse(t, PS2_SET_RATE, "fa");
    mouse(t, 200, "fa");
    mouse(t, MOUSE_SCALING_2_1, "fa");
    mouse(t, PS2_ENABLE, "fa");
    mouse(t, MOUSE_STATUS, "fa 30 3 c8");
    device_pointer(t->dev, 4, -6, 0);
    expect(t, "28 6 f4");
    mouse(t, MOUSE_SCALING_1_1, "fa");
    mouse(t, MOUSE_SET_RESOLUTION, "fa");
    mouse(t, 4, "fe");
    mouse(t, PS2_SET_DEFAULTS, "fa");
    mouse(t, MOUSE_STATUS, "fa 0 2 64");
    mouse(t, 0x00, "fe");
}

static void absent_mouse_times_out(Kbc *t, gconstpointer data)
{
    (void)data;
    command2(t, I8042_CMD_WRITE_AUX, PS2_RESET);
    rig_step(t->rig, BYTE_NS);
    g_assert_cmphex(status(t) & (I8042_ST_TO | I8042_ST_AUXB), ==, I8042_ST_TO | I8042_ST_AUXB);
    expect(t, "fe");
    g_assert_cmphex(status(t) & (I8042_ST_TO | I8042_ST_AUXB), ==, 0);
    g_assert_false(device_pointer(t->dev, 1, 1, 0));
}

/* ---- state ---- */

static void random_event(Kbc *t, GRand *rand)
{
    switch (g_rand_int_range(rand, 0, 6)) {
    case 0:
        rig_outb(t->rig, I8042_COMMAND, (uint8_t)g_rand_int(rand));
        break;
    case 1:
        rig_outb(t->rig, I8042_DATA, (uint8_t)g_rand_int(rand));
        break;
    case 2:
        rig_inb(t->rig, I8042_DATA);
        break;
    case 3:
        device_key(t->dev, g_rand_int(rand) & 0xe07f, g_rand_boolean(rand));
        break;
    case 4:
        device_pointer(t->dev, g_rand_int_range(rand, -999, 999), g_rand_int_range(rand, -9, 9),
                       g_rand_int(rand));
        break;
    default:
        rig_step(t->rig, (uint64_t)g_rand_int_range(rand, 0, 1000) * BYTE_NS);
    }
}

static bool matches(const char *expected, Device *dev)
{
    g_autofree char *now = device_describe(dev);
    return !strcmp(expected, now);
}

static void saved_state_equals_the_uninterrupted_run(void)
{
    for (guint32 seed = 0; seed < 60; seed++) {
        Kbc a, b;
        setup(&a, NULL);
        setup(&b, NULL);
        GRand *first = g_rand_new_with_seed(seed);
        for (unsigned i = 0; i < 200; i++) {
            random_event(&a, first);
        }
        clock_step(rig_clock(b.rig), rig_now(a.rig));
        g_autoptr(GBytes) saved = device_save(a.dev);
        g_assert_true(rig_load(b.dev, saved));
        GRand *second = g_rand_copy(first);
        for (unsigned i = 0; i < 200; i++) {
            random_event(&a, first);
            random_event(&b, second);
            g_autofree char *expected = device_describe(a.dev);
            g_assert_true(matches(expected, b.dev));
            g_assert_cmpint(rig_irq(a.rig, IRQ_KEYBOARD), ==, rig_irq(b.rig, IRQ_KEYBOARD));
            g_assert_cmpint(rig_irq(a.rig, IRQ_MOUSE), ==, rig_irq(b.rig, IRQ_MOUSE));
            g_assert_cmpint(rig_irq(a.rig, A20_LINE), ==, rig_irq(b.rig, A20_LINE));
        }
        g_autoptr(GBytes) end_a = device_save(a.dev);
        g_autoptr(GBytes) end_b = device_save(b.dev);
        g_assert_true(g_bytes_equal(end_a, end_b));
        g_rand_free(first);
        g_rand_free(second);
        teardown(&a, NULL);
        teardown(&b, NULL);
    }
}

static void reset_from_any_state_leaves_no_trace(void)
{
    Kbc fresh;
    setup(&fresh, NULL);
    g_autoptr(GBytes) expected = device_save(fresh.dev);
    for (guint32 seed = 0; seed < 60; seed++) {
        Kbc t;
        setup(&t, NULL);
        GRand *rand = g_rand_new_with_seed(seed);
        for (unsigned i = 0; i < 200; i++) {
            random_event(&t, rand);
        }
        device_reset(t.dev);
        g_autoptr(GBytes) saved = device_save(t.dev);
        g_assert_true(g_bytes_equal(saved, expected));
        g_assert_true(rig_irq(t.rig, A20_LINE));
        g_assert_false(rig_irq(t.rig, IRQ_KEYBOARD) || rig_irq(t.rig, IRQ_MOUSE));
        g_rand_free(rand);
        teardown(&t, NULL);
    }
    teardown(&fresh, NULL);
}

static void impossible_state_is_refused(Kbc *t, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *field;
        uint64_t value;
    } BAD[] = {
        {"ram", 0x80},
        {"output_port", 4},
        {"command", 0x20},
        {"ready_at", UINT64_MAX},
        {"keyboard.code_set", 0},
        {"keyboard.leds", 8},
        {"keyboard.command", 1},
        {"keyboard.codes.count", 33},
        {"keyboard.answers.count", 33},
        {"keyboard.held", 0x7f},
        {"mouse.resolution", 4},
        {"mouse.out.count", 33},
        {"mouse.buttons", 8},
        {"mouse.dx", 0x10000},
    };
    g_autoptr(GBytes) saved = device_save(t->dev);
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, BAD[i].field, 0, BAD[i].value);
        g_assert_false(rig_load(t->dev, bad));
    }
    g_assert_true(rig_load(t->dev, saved));
}

#define SENTENCE(group, name, properties)                                                          \
    g_test_add("/i8042/" group "/" #name, Kbc, properties, setup, name, teardown)

static void add_keyboard_sentences(void)
{
    SENTENCE("keyboard", keyboard_reset_answers_fa_aa, NULL);
    SENTENCE("keyboard", keyboard_identifies_itself, NULL);
    SENTENCE("keyboard", keyboard_takes_leds_and_typematic, NULL);
    SENTENCE("keyboard", keyboard_selects_code_sets, NULL);
    SENTENCE("keyboard", keyboard_is_enabled_and_disabled, NULL);
    SENTENCE("keyboard", keyboard_resends_the_last_byte, NULL);
    SENTENCE("keyboard", keyboard_refuses_what_it_does_not_know, NULL);
    SENTENCE("keyboard", translation_of_every_key_yields_set_1, NULL);
    SENTENCE("keyboard", print_screen_and_pause_have_their_own_codes, NULL);
    SENTENCE("keyboard", no_such_key_is_refused, NULL);
    SENTENCE("keyboard", overrun_puts_one_code_behind_the_last, NULL);
    SENTENCE("keyboard", held_key_repeats_after_500_ms_at_10_9_a_second, NULL);
    SENTENCE("keyboard", answers_come_before_codes, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE("controller", self_test_answers_55_and_sets_the_system_flag, NULL);
    SENTENCE("controller", port_tests_answer_0, NULL);
    SENTENCE("controller", command_byte_reads_back_without_reserved_bits, NULL);
    SENTENCE("controller", status_tells_command_from_data, NULL);
    SENTENCE("controller", interfaces_are_disabled_and_enabled, NULL);
    SENTENCE("controller", disabled_keyboard_keeps_its_keys, NULL);
    SENTENCE("controller", data_enables_the_keyboard, NULL);
    SENTENCE("controller", output_port_has_a20_and_buffer_state, NULL);
    SENTENCE("controller", output_port_bit_0_low_resets, NULL);
    SENTENCE("controller", fe_pulses_reset_and_odd_pulses_do_not, NULL);
    SENTENCE("controller", input_and_test_port, NULL);
    SENTENCE("controller", d2_and_d3_put_a_byte_as_if_from_a_device, NULL);
    SENTENCE("controller", unknown_command_is_told_once, NULL);
    SENTENCE("controller", empty_buffer_reads_the_last_byte, NULL);
    SENTENCE("interrupts", irq_1_is_an_edge_per_byte, NULL);
    SENTENCE("interrupts", command_byte_masks_irq_1, NULL);
    add_keyboard_sentences();
    SENTENCE("mouse", mouse_reset_answers_fa_aa_00, NULL);
    SENTENCE("mouse", mouse_bytes_raise_irq_12, NULL);
    SENTENCE("mouse", mouse_moves_are_packets, NULL);
    SENTENCE("mouse", mouse_in_remote_mode_waits_to_be_asked, NULL);
    SENTENCE("mouse", mouse_in_wrap_mode_echoes, NULL);
    SENTENCE("mouse", mouse_status_tells_the_settings, NULL);
    SENTENCE("mouse", absent_mouse_times_out, "mouse=off");
    g_test_add_func("/i8042/state/saved_state_equals_the_uninterrupted_run",
                    saved_state_equals_the_uninterrupted_run);
    g_test_add_func("/i8042/state/reset_from_any_state_leaves_no_trace",
                    reset_from_any_state_leaves_no_trace);
    SENTENCE("state", impossible_state_is_refused, NULL);
    return g_test_run();
}
