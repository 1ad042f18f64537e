/*
 * The mouse behind the 8042: its commands and its packets.
 */
#include "tests/unit/kbc_rig.h"

static void mouse_reset_answers_fa_aa_00(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_mouse(t, PS2_RESET, "fa aa 0");
    kbc_mouse(t, PS2_GET_ID, "fa 0");
}

static void mouse_bytes_raise_irq_12(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_set_command_byte(t, I8042_CB_INT | I8042_CB_AUX_INT);
    kbc_command2(t, I8042_CMD_WRITE_AUX, PS2_ENABLE);
    rig_step(t->rig, BYTE_NS);
    g_assert_true(rig_irq(t->rig, IRQ_MOUSE));
    g_assert_false(rig_irq(t->rig, IRQ_KEYBOARD));
    g_assert_cmphex(kbc_status(t) & I8042_ST_AUXB, ==, I8042_ST_AUXB);
    kbc_expect(t, "fa");
}

static void mouse_moves_are_packets(Kbc *t, gconstpointer data)
{
    (void)data;
    device_pointer(t->dev, 5, 5, 0);
    kbc_expect_empty(t);
    kbc_mouse(t, PS2_ENABLE, "fa");
    device_pointer(t->dev, 3, -2, POINTER_LEFT);
    kbc_expect(t, "29 3 fe");
    device_pointer(t->dev, -300, 300, POINTER_RIGHT | POINTER_MIDDLE);
    kbc_expect(t, "1e 0 ff 1e d4 2d");
    device_pointer(t->dev, 0, 0, POINTER_RIGHT | POINTER_MIDDLE);
    kbc_expect_empty(t);
    device_pointer(t->dev, 0, 0, 0);
    kbc_expect(t, "8 0 0");
}

static void mouse_in_remote_mode_waits_to_be_asked(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_mouse(t, PS2_ENABLE, "fa");
    kbc_mouse(t, MOUSE_REMOTE, "fa");
    device_pointer(t->dev, 7, 8, 0);
    kbc_expect_empty(t);
    kbc_mouse(t, MOUSE_READ, "fa 8 7 8");
    kbc_mouse(t, MOUSE_READ, "fa 8 0 0");
    kbc_mouse(t, MOUSE_STREAM, "fa");
    device_pointer(t->dev, 1, 0, 0);
    kbc_expect(t, "8 1 0");
}

static void mouse_in_wrap_mode_echoes(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_mouse(t, MOUSE_WRAP, "fa");
    kbc_mouse(t, PS2_ENABLE, "f4");
    kbc_mouse(t, MOUSE_WRAP_END, "fa");
    kbc_mouse(t, PS2_ENABLE, "fa");
}

static void mouse_status_tells_the_settings(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_mouse(t, MOUSE_STATUS, "fa 0 2 64");
    kbc_mouse(t, MOUSE_SET_RESOLUTION, "fa");
    kbc_mouse(t, 3, "fa");
    kbc_mouse(t, PS2_SET_RATE, "fa");
    kbc_mouse(t, 200, "fa");
    kbc_mouse(t, MOUSE_SCALING_2_1, "fa");
    kbc_mouse(t, PS2_ENABLE, "fa");
    kbc_mouse(t, MOUSE_STATUS, "fa 30 3 c8");
    device_pointer(t->dev, 4, -6, 0);
    kbc_expect(t, "28 6 f4");
    kbc_mouse(t, MOUSE_SCALING_1_1, "fa");
    kbc_mouse(t, MOUSE_SET_RESOLUTION, "fa");
    kbc_mouse(t, 4, "fe");
    kbc_mouse(t, PS2_SET_DEFAULTS, "fa");
    kbc_mouse(t, MOUSE_STATUS, "fa 0 2 64");
    kbc_mouse(t, 0x00, "fe");
}

static void set_rates(Kbc *t, const uint8_t *rates, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        kbc_mouse(t, PS2_SET_RATE, "fa");
        kbc_mouse(t, rates[i], "fa");
    }
}

static void mouse_has_a_wheel_for_who_knocks(Kbc *t, gconstpointer data)
{
    (void)data;
    /* The rates come in the wrong order, and the first one is sent twice. */
    set_rates(t, (const uint8_t[]){200, 80, 100, 200, 100}, 5);
    kbc_mouse(t, PS2_GET_ID, "fa 0");
    set_rates(t, (const uint8_t[]){200, 200, 100, 80}, 4);
    kbc_mouse(t, PS2_GET_ID, "fa 3");
    kbc_mouse(t, PS2_ENABLE, "fa");
    device_pointer(t->dev, 3, -2, POINTER_LEFT);
    kbc_expect(t, "29 3 fe 0");
    device_pointer(t->dev, 0, 0, POINTER_LEFT | POINTER_WHEEL_UP);
    kbc_expect(t, "9 0 0 ff");
    device_pointer(t->dev, 0, 0, POINTER_WHEEL_DOWN);
    kbc_expect(t, "8 0 0 1");
    kbc_mouse(t, PS2_SET_DEFAULTS, "fa");
    kbc_mouse(t, PS2_GET_ID, "fa 3");
    kbc_mouse(t, PS2_RESET, "fa aa 0");
    kbc_mouse(t, PS2_GET_ID, "fa 0");
}

static void mouse_keeps_notches_that_do_not_fit(Kbc *t, gconstpointer data)
{
    (void)data;
    set_rates(t, (const uint8_t[]){200, 100, 80}, 3);
    kbc_mouse(t, MOUSE_REMOTE, "fa");
    for (unsigned i = 0; i < 10; i++) {
        device_pointer(t->dev, 0, 0, POINTER_WHEEL_DOWN);
    }
    g_autoptr(GBytes) saved = device_save(t->dev);
    kbc_mouse(t, MOUSE_READ, "fa 8 0 0 7");
    kbc_mouse(t, MOUSE_READ, "fa 8 0 0 3");
    g_assert_true(rig_load(t->dev, saved));
    kbc_mouse(t, MOUSE_READ, "fa 8 0 0 7");
    for (unsigned i = 0; i < 12; i++) {
        device_pointer(t->dev, 0, 0, POINTER_WHEEL_UP);
    }
    kbc_mouse(t, MOUSE_READ, "fa 8 0 0 f8");
    kbc_mouse(t, MOUSE_READ, "fa 8 0 0 ff");
    g_autoptr(GBytes) far = rig_patch(saved, "mouse.knocks", 0, 3);
    g_autoptr(GBytes) wheelless = rig_patch(saved, "mouse.wheel", 0, 0);
    g_assert_false(rig_load(t->dev, far));
    g_assert_false(rig_load(t->dev, wheelless));
}

static void mouse_without_a_wheel_forgets_its_notches(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_mouse(t, PS2_ENABLE, "fa");
    device_pointer(t->dev, 0, 0, POINTER_WHEEL_DOWN);
    kbc_expect_empty(t);
    set_rates(t, (const uint8_t[]){200, 100, 80}, 3);
    kbc_expect_empty(t);
}

static void absent_mouse_times_out(Kbc *t, gconstpointer data)
{
    (void)data;
    kbc_command2(t, I8042_CMD_WRITE_AUX, PS2_RESET);
    rig_step(t->rig, BYTE_NS);
    g_assert_cmphex(kbc_status(t) & (I8042_ST_TO | I8042_ST_AUXB), ==, I8042_ST_TO | I8042_ST_AUXB);
    kbc_expect(t, "fe");
    g_assert_cmphex(kbc_status(t) & (I8042_ST_TO | I8042_ST_AUXB), ==, 0);
    g_assert_false(device_pointer(t->dev, 1, 1, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    KBC_SENTENCE("mouse", mouse_reset_answers_fa_aa_00, NULL);
    KBC_SENTENCE("mouse", mouse_bytes_raise_irq_12, NULL);
    KBC_SENTENCE("mouse", mouse_moves_are_packets, NULL);
    KBC_SENTENCE("mouse", mouse_in_remote_mode_waits_to_be_asked, NULL);
    KBC_SENTENCE("mouse", mouse_in_wrap_mode_echoes, NULL);
    KBC_SENTENCE("mouse", mouse_status_tells_the_settings, NULL);
    KBC_SENTENCE("mouse", mouse_has_a_wheel_for_who_knocks, NULL);
    KBC_SENTENCE("mouse", mouse_keeps_notches_that_do_not_fit, NULL);
    KBC_SENTENCE("mouse", mouse_without_a_wheel_forgets_its_notches, NULL);
    KBC_SENTENCE("mouse", absent_mouse_times_out, "mouse=off");
    return g_test_run();
}
