/*
 * QEMU's pc-testdev, as its users (kvm-unit-tests) rely on it.
 */
#include "tests/unit/rig.h"

#define DATA   0xe0
#define FLUSH  0xe4
#define BYTES  0xe8
#define LINES  0x2000
#define MEMORY UINT64_C(0xff000000)

static void data_keeps_each_width(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "pc-testdev", NULL);
    rig_out(rig, DATA, 0x12345678, 4);
    g_assert_cmphex(rig_in(rig, DATA, 4), ==, 0x12345678);
    rig_out(rig, DATA, 0xabcd, 2);
    g_assert_cmphex(rig_in(rig, DATA, 4), ==, 0x1234abcd);
    rig_out(rig, DATA + 3, 0x9a, 1);
    g_assert_cmphex(rig_in(rig, DATA, 4), ==, 0x9a34abcd);
    g_assert_cmphex(rig_in(rig, DATA + 2, 2), ==, 0x9a34);
    g_assert_cmphex(rig_in(rig, DATA + 1, 1), ==, 0xab);
}

static void bytes_are_the_same_latch(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "pc-testdev", NULL);
    rig_out(rig, BYTES, 0x89abcdef, 4);
    g_assert_cmphex(rig_in(rig, DATA, 4), ==, 0x89abcdef);
    rig_out(rig, DATA, 0x01020304, 4);
    g_assert_cmphex(rig_in(rig, BYTES, 4), ==, 0x01020304);
    g_assert_cmphex(rig_in(rig, BYTES + 2, 1), ==, 0x02);
}

/* A port after the last line is a guest error. */
static void each_port_is_a_line(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "pc-testdev", NULL);
    for (unsigned i = 0; i < ISA_IRQ_COUNT; i++) {
        rig_outb(rig, (uint16_t)(LINES + i), 1);
        for (unsigned j = 0; j < ISA_IRQ_COUNT; j++) {
            g_assert_cmpint(rig_irq(rig, j), ==, i == j);
        }
        rig_outb(rig, (uint16_t)(LINES + i), 0);
        g_assert_false(rig_irq(rig, i));
    }
    rig_outb(rig, LINES + 5, 0x80);
    g_assert_true(rig_irq(rig, 5));
    g_assert_cmpuint(rig_guest_error_count(rig), ==, 0);
    rig_outb(rig, LINES + ISA_IRQ_COUNT, 1);
    g_assert_cmpuint(rig_guest_error_count(rig), ==, 1);
}

static void memory_is_memory(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "pc-testdev", NULL);
    g_assert_cmphex(rig_read32(rig, MEMORY), ==, 0);
    rig_write32(rig, MEMORY + 0xfffc, 0x11223344);
    rig_write32(rig, MEMORY + 1, 0xaabbccdd);
    g_assert_cmphex(rig_read32(rig, MEMORY + 0xfffc), ==, 0x11223344);
    g_assert_cmphex(rig_read32(rig, MEMORY), ==, 0xbbccdd00);
    g_assert_cmphex(rig_read32(rig, MEMORY + 4), ==, 0xaa);
}

static void flush_changes_nothing(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "pc-testdev", NULL);
    rig_out(rig, DATA, 0x12345678, 4);
    rig_out(rig, FLUSH, 0xff000000, 4);
    g_assert_cmphex(rig_in(rig, FLUSH, 4), ==, 0xffffffff);
    g_assert_cmphex(rig_in(rig, DATA, 4), ==, 0x12345678);
}

static void reset_clears_it(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "pc-testdev", NULL);
    rig_out(rig, DATA, 1, 4);
    rig_outb(rig, LINES + 7, 1);
    rig_write32(rig, MEMORY, 1);
    device_reset(dev);
    g_assert_cmphex(rig_in(rig, DATA, 4), ==, 0);
    g_assert_false(rig_irq(rig, 7));
    g_assert_cmphex(rig_read32(rig, MEMORY), ==, 0);
}

static void lines_come_back_with_the_state(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "pc-testdev", NULL);
    rig_outb(rig, LINES + 7, 1);
    rig_write32(rig, MEMORY + 8, 5);
    g_autoptr(GBytes) saved = device_save(dev);
    device_reset(dev);
    g_assert_true(rig_load(dev, saved));
    g_assert_true(rig_irq(rig, 7));
    g_assert_cmphex(rig_read32(rig, MEMORY + 8), ==, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pc_testdev/data_keeps_each_width", data_keeps_each_width);
    g_test_add_func("/pc_testdev/bytes_are_the_same_latch", bytes_are_the_same_latch);
    g_test_add_func("/pc_testdev/each_port_is_a_line", each_port_is_a_line);
    g_test_add_func("/pc_testdev/memory_is_memory", memory_is_memory);
    g_test_add_func("/pc_testdev/flush_changes_nothing", flush_changes_nothing);
    g_test_add_func("/pc_testdev/reset_clears_it", reset_clears_it);
    g_test_add_func("/pc_testdev/lines_come_back_with_the_state", lines_come_back_with_the_state);
    return g_test_run();
}
