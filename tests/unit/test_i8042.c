/*
 * The 8042: its commands, its interrupts, its state.
 */
#include "tests/unit/kbc_rig.h"

/* ---- controller ---- */

static void self_test_answers_55_and_sets_the_system_flag(Kbc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(kbc_status(t) & I8042_ST_SYS, ==, 0);
    kbc_command(t, I8042_CMD_SELF_TEST);
    kbc_expect(t, "55");
    g_assert_cmphex(kbc_status(t) & I8042_ST_SYS, ==, I8042_ST_SYS);
}

static void port_tests_answer_0(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command(t, I8042_CMD_KBD_TEST);
    kbc_expect(t, "0");
    kbc_command(t, I8042_CMD_AUX_TEST);
    kbc_expect(t, "0");
}

static void command_byte_reads_back_without_reserved_bits(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_set_command_byte(t, 0xff);
    kbc_command(t, I8042_CMD_READ_RAM);
    kbc_expect(t, "77");
    kbc_command2(t, I8042_CMD_WRITE_RAM + 5, 0xa5);
    kbc_command(t, I8042_CMD_READ_RAM + 5);
    kbc_expect(t, "a5");
}

static void status_tells_command_from_data(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command(t, I8042_CMD_KBD_ENABLE);
    g_assert_cmphex(kbc_status(t) & I8042_ST_A2, ==, I8042_ST_A2);
    rig_outb(t->rig, I8042_DATA, KBD_ECHO);
    g_assert_cmphex(kbc_status(t) & I8042_ST_A2, ==, 0);
    g_assert_cmphex(kbc_status(t) & I8042_ST_INH, ==, I8042_ST_INH);
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
        kbc_command(t, CASES[i].command);
        kbc_command(t, I8042_CMD_READ_RAM);
        g_assert_cmpint(!!(kbc_take(t) & CASES[i].bit), ==, CASES[i].set);
    }
}

static void disabled_keyboard_keeps_its_keys(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command(t, I8042_CMD_KBD_DISABLE);
    kbc_press(t, 0x1e);
    kbc_expect_empty(t);
    kbc_command(t, I8042_CMD_KBD_ENABLE);
    kbc_expect(t, "1e 9e");
}

static void data_enables_the_keyboard(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command(t, I8042_CMD_KBD_DISABLE);
    kbc_keyboard(t, KBD_ECHO, "ee");
}

static void output_port_has_a20_and_buffer_state(Kbc *t, gconstpointer data)
{
    (void)data;
    g_assert_true(rig_irq(t->rig, A20_LINE));
    kbc_command2(t, I8042_CMD_WRITE_OUTPUT, I8042_OUT_RESET);
    g_assert_false(rig_irq(t->rig, A20_LINE));
    kbc_command(t, I8042_CMD_READ_OUTPUT);
    kbc_expect(t, "c1");
    kbc_command2(t, I8042_CMD_WRITE_OUTPUT, I8042_OUT_RESET | I8042_OUT_A20);
    g_assert_true(rig_irq(t->rig, A20_LINE));
    kbc_command(t, I8042_CMD_READ_OUTPUT);
    kbc_expect(t, "c3");
    g_assert_cmpuint(rig_requests(t->rig, DEVICE_RESET), ==, 0);
}

static void output_port_bit_0_low_resets(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command2(t, I8042_CMD_WRITE_OUTPUT, I8042_OUT_A20);
    g_assert_cmpuint(rig_requests(t->rig, DEVICE_RESET), ==, 1);
}

static void fe_pulses_reset_and_odd_pulses_do_not(Kbc *t, gconstpointer data)
{
    (void)data;
    for (unsigned value = I8042_CMD_PULSE; value <= 0xff; value++) {
        unsigned before = rig_requests(t->rig, DEVICE_RESET);
        kbc_command(t, (uint8_t)value);
        g_assert_cmpuint(rig_requests(t->rig, DEVICE_RESET) - before, ==, !(value & 1));
    }
}

static void input_and_test_port(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command(t, I8042_CMD_READ_INPUT);
    kbc_expect(t, "a0");
    kbc_command(t, I8042_CMD_READ_TEST);
    kbc_expect(t, "0");
    kbc_command(t, I8042_CMD_TEST_PASSWD);
    kbc_expect(t, "f1");
    kbc_command(t, I8042_CMD_POLL_LOW);
    kbc_expect_empty(t);
}

static void d2_and_d3_put_a_byte_as_if_from_a_device(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_set_command_byte(t, I8042_CB_INT | I8042_CB_AUX_INT);
    kbc_command2(t, I8042_CMD_WRITE_KBD_OB, 0x42);
    g_assert_true(rig_irq(t->rig, IRQ_KEYBOARD));
    g_assert_false(rig_irq(t->rig, IRQ_MOUSE));
    kbc_expect(t, "42");
    kbc_command2(t, I8042_CMD_WRITE_AUX_OB, 0x43);
    rig_step(t->rig, BYTE_NS);
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    g_assert_true(rig_irq(t->rig, IRQ_MOUSE));
    g_assert_cmphex(kbc_status(t) & I8042_ST_AUXB, ==, I8042_ST_AUXB);
    kbc_expect(t, "43");
}

static void unknown_command_is_told_once(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command(t, 0xb7);
    kbc_command(t, 0xb7);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
    kbc_expect_empty(t);
}

static void empty_buffer_reads_the_last_byte(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_keyboard(t, KBD_ECHO, "ee");
    g_assert_cmphex(rig_inb(t->rig, I8042_DATA), ==, 0xee);
}

/* ---- interrupts ---- */

static void irq_1_is_an_edge_per_byte(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_press(t, 0x1e);
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
    kbc_set_command_byte(t, I8042_CB_XLATE);
    kbc_press(t, 0x1e);
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    kbc_set_command_byte(t, I8042_CB_XLATE | I8042_CB_INT);
    g_assert_true(rig_irq(t->rig, IRQ_KEYBOARD));
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
        kbc_setup(&a, NULL);
        kbc_setup(&b, NULL);
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
        kbc_teardown(&a, NULL);
        kbc_teardown(&b, NULL);
    }
}

static void reset_from_any_state_leaves_no_trace(void)
{
    Kbc fresh;
    kbc_setup(&fresh, NULL);
    g_autoptr(GBytes) expected = device_save(fresh.dev);
    for (guint32 seed = 0; seed < 60; seed++) {
        Kbc t;
        kbc_setup(&t, NULL);
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
        kbc_teardown(&t, NULL);
    }
    kbc_teardown(&fresh, NULL);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    KBC_SENTENCE("controller", self_test_answers_55_and_sets_the_system_flag, NULL);
    KBC_SENTENCE("controller", port_tests_answer_0, NULL);
    KBC_SENTENCE("controller", command_byte_reads_back_without_reserved_bits, NULL);
    KBC_SENTENCE("controller", status_tells_command_from_data, NULL);
    KBC_SENTENCE("controller", interfaces_are_disabled_and_enabled, NULL);
    KBC_SENTENCE("controller", disabled_keyboard_keeps_its_keys, NULL);
    KBC_SENTENCE("controller", data_enables_the_keyboard, NULL);
    KBC_SENTENCE("controller", output_port_has_a20_and_buffer_state, NULL);
    KBC_SENTENCE("controller", output_port_bit_0_low_resets, NULL);
    KBC_SENTENCE("controller", fe_pulses_reset_and_odd_pulses_do_not, NULL);
    KBC_SENTENCE("controller", input_and_test_port, NULL);
    KBC_SENTENCE("controller", d2_and_d3_put_a_byte_as_if_from_a_device, NULL);
    KBC_SENTENCE("controller", unknown_command_is_told_once, NULL);
    KBC_SENTENCE("controller", empty_buffer_reads_the_last_byte, NULL);
    KBC_SENTENCE("interrupts", irq_1_is_an_edge_per_byte, NULL);
    KBC_SENTENCE("interrupts", command_byte_masks_irq_1, NULL);
    g_test_add_func("/i8042/state/saved_state_equals_the_uninterrupted_run",
                    saved_state_equals_the_uninterrupted_run);
    g_test_add_func("/i8042/state/reset_from_any_state_leaves_no_trace",
                    reset_from_any_state_leaves_no_trace);
    KBC_SENTENCE("state", impossible_state_is_refused, NULL);
    return g_test_run();
}
