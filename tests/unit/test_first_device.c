/*
 * The example of docs/first-device.md: a register, a timer, an interrupt, a saved state.
 */
#include "tests/examples/first_device_regs.h"
#include "tests/unit/rig.h"

#define BASE    0x300
#define COUNT   (BASE + EGG_COUNT)
#define CONTROL (BASE + EGG_CONTROL)
#define IRQ     5u
#define MS      (NS_PER_SECOND / 1000)

extern const DeviceClass first_device_class;

static Device *make_egg_timer(Rig *rig)
{
    Device *dev = rig_device_of(rig, &first_device_class);
    g_assert_true(rig_realize(rig, dev, "iobase=0x300,irq=5"));
    return dev;
}

static void start(Rig *rig, uint8_t ms)
{
    rig_outb(rig, COUNT, ms);
    rig_outb(rig, CONTROL, EGG_START | EGG_IE);
}

static void count_is_read_back(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_egg_timer(rig);
    rig_outb(rig, COUNT, 0xa5);
    g_assert_cmphex(rig_inb(rig, COUNT), ==, 0xa5);
    g_assert_cmphex(rig_inb(rig, CONTROL), ==, 0);
}

static void interrupts_after_count_milliseconds(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_egg_timer(rig);
    start(rig, 3);
    rig_step(rig, 3 * MS - 1);
    g_assert_false(rig_irq(rig, IRQ));
    g_assert_cmphex(rig_inb(rig, CONTROL), ==, EGG_START | EGG_IE);
    rig_step(rig, 1);
    g_assert_true(rig_irq(rig, IRQ));
    g_assert_cmphex(rig_inb(rig, CONTROL), ==, EGG_EXPIRED | EGG_IE);
}

static void expired_is_cleared_by_writing_1(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_egg_timer(rig);
    start(rig, 1);
    rig_step(rig, MS);
    rig_outb(rig, CONTROL, EGG_IE);
    g_assert_true(rig_irq(rig, IRQ));
    rig_outb(rig, CONTROL, EGG_IE | EGG_EXPIRED);
    g_assert_false(rig_irq(rig, IRQ));
    g_assert_cmphex(rig_inb(rig, CONTROL), ==, EGG_IE);
}

static void without_ie_there_is_no_interrupt(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_egg_timer(rig);
    rig_outb(rig, COUNT, 1);
    rig_outb(rig, CONTROL, EGG_START);
    rig_step(rig, MS);
    g_assert_false(rig_irq(rig, IRQ));
    g_assert_cmphex(rig_inb(rig, CONTROL), ==, EGG_EXPIRED);
    rig_outb(rig, CONTROL, EGG_IE);
    g_assert_true(rig_irq(rig, IRQ));
}

static void a_run_that_was_stopped_does_not_end(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_egg_timer(rig);
    start(rig, 2);
    rig_step(rig, MS);
    rig_outb(rig, CONTROL, EGG_IE);
    rig_step(rig, 10 * MS);
    g_assert_false(rig_irq(rig, IRQ));
}

static void start_again_changes_nothing_while_it_runs(void)
{
    g_autoptr(Rig) rig = rig_new();
    make_egg_timer(rig);
    start(rig, 2);
    rig_step(rig, MS);
    rig_outb(rig, CONTROL, EGG_START | EGG_IE);
    rig_step(rig, MS);
    g_assert_true(rig_irq(rig, IRQ));
}

static void a_run_goes_on_after_a_load(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = make_egg_timer(rig);
    start(rig, 5);
    rig_step(rig, MS);
    g_autoptr(GBytes) saved = device_save(dev);
    device_reset(dev);
    g_assert_cmphex(rig_inb(rig, COUNT), ==, 0);
    rig_step(rig, MS);
    g_assert_true(rig_load(dev, saved));
    g_assert_cmphex(rig_inb(rig, COUNT), ==, 5);
    rig_step(rig, 3 * MS - 1);
    g_assert_false(rig_irq(rig, IRQ));
    rig_step(rig, 1);
    g_assert_true(rig_irq(rig, IRQ));
}

static void impossible_states_are_refused(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = make_egg_timer(rig);
    g_autoptr(GBytes) saved = device_save(dev);
    g_autoptr(GBytes) bits = rig_patch(saved, "control", 0, 0x04);
    g_autoptr(GBytes) far = rig_patch(saved, "deadline", 0, NS_PER_SECOND);
    g_assert_false(rig_load(dev, bits));
    g_assert_false(rig_load(dev, far));
    g_assert_true(rig_load(dev, saved));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/first_device/count_is_read_back", count_is_read_back);
    g_test_add_func("/first_device/interrupts_after_count_milliseconds",
                    interrupts_after_count_milliseconds);
    g_test_add_func("/first_device/expired_is_cleared_by_writing_1",
                    expired_is_cleared_by_writing_1);
    g_test_add_func("/first_device/without_ie_there_is_no_interrupt",
                    without_ie_there_is_no_interrupt);
    g_test_add_func("/first_device/a_run_that_was_stopped_does_not_end",
                    a_run_that_was_stopped_does_not_end);
    g_test_add_func("/first_device/start_again_changes_nothing_while_it_runs",
                    start_again_changes_nothing_while_it_runs);
    g_test_add_func("/first_device/a_run_goes_on_after_a_load", a_run_goes_on_after_a_load);
    g_test_add_func("/first_device/impossible_states_are_refused", impossible_states_are_refused);
    return g_test_run();
}
