/*
 * System control port A and the reset control register.
 */
#include "devices/misc/port92_regs.h"
#include "tests/unit/rig.h"

#define PORT92   0x92
#define RCR      0xcf9
#define A20_LINE 20u

static Device *make_port92(Rig *rig)
{
    Device *dev = rig_device_new(rig, "port92");
    device_connect(dev, "a20", rig_line(rig, A20_LINE), NULL);
    g_assert_true(rig_realize(rig, dev, NULL));
    return dev;
}

static void bit_1_is_a20(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_port92(rig);
    g_assert_false(rig_irq(rig, A20_LINE));
    rig_outb(rig, PORT92, PORT92_A20);
    g_assert_true(rig_irq(rig, A20_LINE));
    g_assert_cmphex(rig_inb(rig, PORT92), ==, PORT92_A20);
    rig_outb(rig, PORT92, 0);
    g_assert_false(rig_irq(rig, A20_LINE));
    g_assert_cmpuint(rig_requests(rig, DEVICE_RESET), ==, 0);
}

static void bit_0_resets_when_it_rises(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_port92(rig);
    rig_outb(rig, PORT92, PORT92_RESET);
    rig_outb(rig, PORT92, PORT92_RESET | PORT92_A20);
    g_assert_cmpuint(rig_requests(rig, DEVICE_RESET), ==, 1);
    rig_outb(rig, PORT92, 0);
    rig_outb(rig, PORT92, PORT92_RESET);
    g_assert_cmpuint(rig_requests(rig, DEVICE_RESET), ==, 2);
}

static void other_bits_read_0(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_port92(rig);
    rig_outb(rig, PORT92, 0xfe);
    g_assert_cmphex(rig_inb(rig, PORT92), ==, PORT92_A20);
}

static void report_shows_the_gate(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = make_port92(rig);
    g_autofree char *off = device_describe(dev);
    g_assert_cmpstr(off, ==, "0x00 (A20 off)");
    rig_outb(rig, PORT92, PORT92_A20);
    g_autofree char *on = device_describe(dev);
    g_assert_cmpstr(on, ==, "0x02 (A20 on)");
}

static void port92_state(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = make_port92(rig);
    rig_outb(rig, PORT92, PORT92_A20);
    g_autoptr(GBytes) saved = device_save(dev);
    g_autoptr(GBytes) bad = rig_patch(saved, "value", 0, 4);
    device_reset(dev);
    g_assert_cmphex(rig_inb(rig, PORT92), ==, 0);
    g_assert_false(rig_irq(rig, A20_LINE));
    g_assert_true(rig_load(dev, saved));
    g_assert_true(rig_irq(rig, A20_LINE));
    g_assert_false(rig_load(dev, bad));
    g_assert_false(rig_irq(rig, A20_LINE));
}

static void rcr_bit_2_resets_when_it_rises(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "reset-control", NULL);
    rig_outb(rig, RCR, RCR_HARD);
    g_assert_cmpuint(rig_requests(rig, DEVICE_RESET), ==, 0);
    rig_outb(rig, RCR, RCR_HARD | RCR_RESET);
    rig_outb(rig, RCR, RCR_HARD | RCR_RESET);
    g_assert_cmpuint(rig_requests(rig, DEVICE_RESET), ==, 1);
    g_assert_cmphex(rig_inb(rig, RCR), ==, RCR_HARD | RCR_RESET);
    rig_outb(rig, RCR, 0xf9);
    g_assert_cmphex(rig_inb(rig, RCR), ==, 0);
    rig_outb(rig, RCR, RCR_RESET);
    g_assert_cmpuint(rig_requests(rig, DEVICE_RESET), ==, 2);
}

/* A guest that looks for a PCI bus writes 32 bits to 0xcf8. */
static void rcr_takes_bytes_alone(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "reset-control", NULL);
    rig_out(rig, RCR - 1, 0x80000400, 4);
    rig_out(rig, RCR - 1, 0x0400, 2);
    rig_out(rig, RCR, 0x0006, 2);
    g_assert_cmpuint(rig_requests(rig, DEVICE_RESET), ==, 0);
    g_assert_cmphex(rig_inb(rig, RCR), ==, 0);
    g_assert_cmphex(rig_in(rig, RCR - 1, 4), ==, 0xffffffff);
    g_assert_cmphex(rig_in(rig, RCR, 2), ==, 0xffff);
}

static void rcr_state(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "reset-control", NULL);
    rig_outb(rig, RCR, RCR_HARD);
    g_autoptr(GBytes) saved = device_save(dev);
    g_autoptr(GBytes) bad = rig_patch(saved, "value", 0, 1);
    device_reset(dev);
    g_assert_cmphex(rig_inb(rig, RCR), ==, 0);
    g_assert_true(rig_load(dev, saved));
    g_assert_cmphex(rig_inb(rig, RCR), ==, RCR_HARD);
    g_assert_false(rig_load(dev, bad));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/port92/bit_1_is_a20", bit_1_is_a20);
    g_test_add_func("/port92/bit_0_resets_when_it_rises", bit_0_resets_when_it_rises);
    g_test_add_func("/port92/other_bits_read_0", other_bits_read_0);
    g_test_add_func("/port92/report_shows_the_gate", report_shows_the_gate);
    g_test_add_func("/port92/state_is_saved_loaded_and_reset", port92_state);
    g_test_add_func("/reset-control/bit_2_resets_when_it_rises", rcr_bit_2_resets_when_it_rises);
    g_test_add_func("/reset-control/takes_bytes_alone", rcr_takes_bytes_alone);
    g_test_add_func("/reset-control/state_is_saved_loaded_and_reset", rcr_state);
    return g_test_run();
}
