/*
 * ACPI's fixed hardware: timer, status, interrupt, power-off.
 */
#include "devices/misc/acpi_pm_regs.h"
#include "tests/unit/rig.h"

#define BASE 0x600u
#define SCI  9u
#define HALF (1u << 23)
/* The counts of the timer in a second. */
#define HZ ACPI_PM_TMR_HZ

static uint32_t reg(Rig *rig, unsigned offset, unsigned size)
{
    return rig_in(rig, (uint16_t)(BASE + offset), size);
}

static void set(Rig *rig, unsigned offset, uint32_t value, unsigned size)
{
    rig_out(rig, (uint16_t)(BASE + offset), value, size);
}

/* The nanoseconds that the timer needs for `count`, rounded up. */
static uint64_t ticks(uint64_t count)
{
    return (count * NS_PER_SECOND + HZ - 1) / HZ;
}

static void timer_counts_3579545_in_a_second(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    uint32_t before = reg(rig, ACPI_PM_TMR, 4);
    rig_step(rig, NS_PER_SECOND);
    g_assert_cmpuint((reg(rig, ACPI_PM_TMR, 4) - before) & 0xffffff, ==, HZ);
    rig_step(rig, 1000 * NS_PER_SECOND);
    g_assert_cmpuint((reg(rig, ACPI_PM_TMR, 4) - before) & 0xffffff, ==,
                     UINT64_C(1001) * HZ % (1 << 24));
}

static void timer_is_the_same_in_parts(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    rig_step(rig, 3 * NS_PER_SECOND / 2);
    uint32_t whole = reg(rig, ACPI_PM_TMR, 4);
    g_assert_cmphex(reg(rig, ACPI_PM_TMR, 2), ==, whole & 0xffff);
    g_assert_cmphex(reg(rig, ACPI_PM_TMR + 2, 2), ==, whole >> 16);
    g_assert_cmphex(reg(rig, ACPI_PM_TMR + 1, 1), ==, (whole >> 8 & 0xff));
}

static void timer_cannot_be_written(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    uint32_t before = reg(rig, ACPI_PM_TMR, 4);
    set(rig, ACPI_PM_TMR, 0x123456, 4);
    g_assert_cmphex(reg(rig, ACPI_PM_TMR, 4), ==, before);
}

static void status_is_set_when_the_highest_bit_changes(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    rig_step(rig, ticks(HALF) - rig_now(rig) - 1);
    g_assert_cmphex(reg(rig, ACPI_PM1_STS, 2), ==, 0);
    rig_step(rig, 1);
    g_assert_cmphex(reg(rig, ACPI_PM1_STS, 2), ==, ACPI_PM1_TMR);
    set(rig, ACPI_PM1_STS, ACPI_PM1_TMR, 2);
    g_assert_cmphex(reg(rig, ACPI_PM1_STS, 2), ==, 0);
    rig_step(rig, ticks(2 * HALF) - rig_now(rig));
    g_assert_cmphex(reg(rig, ACPI_PM1_STS, 2), ==, ACPI_PM1_TMR);
    g_assert_false(rig_irq(rig, SCI));
}

static void writing_0_clears_no_status(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    rig_step(rig, ticks(HALF));
    set(rig, ACPI_PM1_STS, 0xfffe, 2);
    g_assert_cmphex(reg(rig, ACPI_PM1_STS, 2), ==, ACPI_PM1_TMR);
}

static void enabled_status_interrupts_until_it_is_cleared(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_EN, ACPI_PM1_TMR, 2);
    for (unsigned i = 1; i <= 3; i++) {
        rig_step(rig, ticks((uint64_t)i * HALF) - rig_now(rig) - 1);
        g_assert_false(rig_irq(rig, SCI));
        rig_step(rig, 1);
        g_assert_true(rig_irq(rig, SCI));
        set(rig, ACPI_PM1_STS, ACPI_PM1_TMR, 2);
        g_assert_false(rig_irq(rig, SCI));
    }
    rig_step(rig, ticks(HALF));
    g_assert_true(rig_irq(rig, SCI));
    set(rig, ACPI_PM1_EN, 0, 2);
    g_assert_false(rig_irq(rig, SCI));
    set(rig, ACPI_PM1_EN, ACPI_PM1_TMR, 2);
    g_assert_true(rig_irq(rig, SCI));
}

static void enables_and_control_keep_their_defined_bits(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_EN, 0xffff, 2);
    g_assert_cmphex(reg(rig, ACPI_PM1_EN, 2), ==, 0x0721);
    g_assert_cmphex(reg(rig, ACPI_PM1_CNT, 2), ==, ACPI_PM1_SCI_EN);
    set(rig, ACPI_PM1_CNT, 0xdffe, 2);
    g_assert_cmphex(reg(rig, ACPI_PM1_CNT, 2), ==, 0x1c03);
    set(rig, ACPI_PM1_CNT + 1, 0x14, 1);
    g_assert_cmphex(reg(rig, ACPI_PM1_CNT, 2), ==, 0x1403);
    set(rig, ACPI_PM1_CNT, 0, 1);
    g_assert_cmphex(reg(rig, ACPI_PM1_CNT, 2), ==, 0x1401);
}

/* 0 is the value of QEMU and of the DSDT, 5 that of other machines. */
static void sleep_type_of_qemu_powers_off(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_CNT, 0x2000, 2);
    g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, 1);
    set(rig, ACPI_PM1_CNT, 0x3400, 2);
    g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, 2);
    g_assert_cmpuint(rig_guest_error_count(rig), ==, 0);
}

static void ports_of_other_machines_power_off(void)
{
    static const uint16_t PORTS[] = {0xb004, 0x4004};
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(PORTS); i++) {
        unsigned before = rig_requests(rig, DEVICE_POWEROFF);
        rig_out(rig, PORTS[i], 0x1400, 2);
        rig_out(rig, PORTS[i] + 1, 0x20, 1);
        g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, before);
        rig_out(rig, PORTS[i], 0x2000, 2);
        rig_out(rig, PORTS[i], 0x3400, 2);
        g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, before + 2);
        /* What is read can be written with SLP_EN. */
        set(rig, ACPI_PM1_CNT, ACPI_SLP_TYP_S5_OTHER << ACPI_PM1_SLP_TYP_SHIFT, 2);
        g_assert_cmphex(rig_in(rig, PORTS[i], 2), ==, reg(rig, ACPI_PM1_CNT, 2));
        g_assert_cmphex(rig_in(rig, PORTS[i] + 1, 1), ==, reg(rig, ACPI_PM1_CNT, 2) >> 8);
    }
}

static void ports_of_other_machines_can_be_off(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", "old-ports=off");
    rig_out(rig, 0xb004, 0x2000, 2);
    rig_out(rig, 0x4004, 0x3400, 2);
    g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, 0);
    g_assert_null(bus_find(rig_bus(rig), IO_PORTS, 0xb004));
    g_assert_null(bus_find(rig_bus(rig), IO_PORTS, 0x4004));
}

static void sleep_type_5_powers_off(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_CNT, ACPI_SLP_TYP_S5_OTHER << ACPI_PM1_SLP_TYP_SHIFT, 2);
    g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, 0);
    set(rig, ACPI_PM1_CNT, ACPI_SLP_TYP_S5_OTHER << ACPI_PM1_SLP_TYP_SHIFT | ACPI_PM1_SLP_EN, 2);
    g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, 1);
    g_assert_cmphex(reg(rig, ACPI_PM1_CNT, 2) & ACPI_PM1_SLP_EN, ==, 0);
    set(rig, ACPI_PM1_CNT + 1, 0x34, 1);
    g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, 2);
}

static void other_sleep_types_are_complained_about(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_CNT, 1 << ACPI_PM1_SLP_TYP_SHIFT | ACPI_PM1_SLP_EN, 2);
    g_assert_cmpuint(rig_requests(rig, DEVICE_POWEROFF), ==, 0);
    g_assert_cmpuint(rig_guest_error_count(rig), ==, 1);
}

static void reset_clears_everything(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_EN, 0xffff, 2);
    set(rig, ACPI_PM1_CNT, 0x1402, 2);
    rig_step(rig, ticks(HALF));
    g_assert_true(rig_irq(rig, SCI));
    device_reset(dev);
    g_assert_false(rig_irq(rig, SCI));
    g_assert_cmphex(reg(rig, ACPI_PM1_STS, 4), ==, 0);
    g_assert_cmphex(reg(rig, ACPI_PM1_CNT, 2), ==, ACPI_PM1_SCI_EN);
    rig_step(rig, ticks(HALF));
    g_assert_false(rig_irq(rig, SCI));
}

static void saved_state_continues(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_EN, ACPI_PM1_TMR, 2);
    set(rig, ACPI_PM1_CNT, 0x1400, 2);
    rig_step(rig, ticks(HALF));
    g_autoptr(GBytes) saved = device_save(dev);
    device_reset(dev);
    g_assert_true(rig_load(dev, saved));
    g_assert_true(rig_irq(rig, SCI));
    g_assert_cmphex(reg(rig, ACPI_PM1_CNT, 2), ==, 0x1401);
    g_autoptr(GBytes) bad = rig_patch(saved, "enable", 0, 0x8000);
    g_assert_false(rig_load(dev, bad));
    g_autoptr(GBytes) future = rig_patch(saved, "seen", 0, 1000);
    g_assert_false(rig_load(dev, future));
}

/* ACPI 6.5, 4.8.3: the registers' names. */
static void registers_have_the_specifications_names(void)
{
    static const char *const NAMES[ACPI_PM_SIZE] = {
        [ACPI_PM1_STS] = "PM1_STS",
        [ACPI_PM1_EN] = "PM1_EN",
        [ACPI_PM1_CNT] = "PM1_CNT",
        [ACPI_PM_TMR] = "PM_TMR",
    };
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "acpi-pm", NULL);
    const BusMapping *mapping = bus_find(rig_bus(rig), IO_PORTS, BASE);
    for (unsigned offset = 0; offset < ACPI_PM_SIZE; offset++) {
        g_assert_cmpstr(mapping->claim->register_name(mapping->state, offset, false), ==,
                        NAMES[offset]);
        g_assert_cmpstr(mapping->claim->register_name(mapping->state, offset, true), ==,
                        NAMES[offset]);
    }
    g_assert_null(mapping->claim->register_name(mapping->state, ACPI_PM_SIZE, false));
}

static void report_shows_the_registers(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "acpi-pm", NULL);
    set(rig, ACPI_PM1_EN, 1, 2);
    rig_step(rig, ticks(HALF));
    g_autofree char *text = device_describe(dev);
    g_assert_cmpstr(text, ==, "PM1_STS=0x0001 PM1_EN=0x0001 PM1_CNT=0x0001");
}

#define TEST(name) g_test_add_func("/acpi_pm/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(timer_counts_3579545_in_a_second);
    TEST(timer_is_the_same_in_parts);
    TEST(timer_cannot_be_written);
    TEST(status_is_set_when_the_highest_bit_changes);
    TEST(writing_0_clears_no_status);
    TEST(enabled_status_interrupts_until_it_is_cleared);
    TEST(enables_and_control_keep_their_defined_bits);
    TEST(sleep_type_of_qemu_powers_off);
    TEST(ports_of_other_machines_power_off);
    TEST(ports_of_other_machines_can_be_off);
    TEST(sleep_type_5_powers_off);
    TEST(other_sleep_types_are_complained_about);
    TEST(reset_clears_everything);
    TEST(saved_state_continues);
    TEST(registers_have_the_specifications_names);
    TEST(report_shows_the_registers);
    return g_test_run();
}
