/*
 * The engine's half of a device: properties, regions, lines, calls, saved state.
 */
#include "tests/unit/toy_device.h"

/* ---- properties ---- */

static void test_defaults_are_as_a_user_would_write_them(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_assert_true(f->toy->flag);
    g_assert_cmpuint(f->toy->byte, ==, 7);
    g_assert_cmphex(f->toy->word, ==, 0x1234);
    g_assert_cmpuint(f->toy->number, ==, 0);
    g_assert_cmpuint(f->toy->size, ==, 65536);
    g_assert_cmpstr(f->toy->text, ==, "plain");
    g_assert_cmpuint(f->toy->colour, ==, COLOUR_GREEN);
    g_assert_true(f->toy->irq == f->irq);
    g_assert_cmpuint(f->irq_asked, ==, 5);
    g_assert_null(f->toy->line);
}

static void test_every_kind_can_be_set(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "flag=off,byte=255,word=65535,number=0xffffffff,size=3G,text=a=b,colour=red,irq=15");
    g_assert_false(f->toy->flag);
    g_assert_cmpuint(f->toy->byte, ==, 255);
    g_assert_cmpuint(f->toy->word, ==, 65535);
    g_assert_cmphex(f->toy->number, ==, 0xffffffff);
    g_assert_cmphex(f->toy->size, ==, UINT64_C(3) << 30);
    g_assert_cmpstr(f->toy->text, ==, "a=b");
    g_assert_cmpuint(f->toy->colour, ==, COLOUR_RED);
    g_assert_cmpuint(f->irq_asked, ==, 15);
}

static void test_irq_none_is_not_connected(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "irq=none");
    g_assert_null(f->toy->irq);
    g_assert_cmpuint(f->irq_asked, ==, 0);
}

static void test_later_value_wins(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "byte=1,text=one,byte=2,text=two");
    g_assert_cmpuint(f->toy->byte, ==, 2);
    g_assert_cmpstr(f->toy->text, ==, "two");
}

static void test_bad_values_give_the_correct_form(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(f, "flag=maybe", "toy0: flag maybe: neither on nor off");
    assert_refused(f, "byte=256", "toy0: byte 256: too large (at most 255)");
    assert_refused(f, "byte=-1", "toy0: byte -1: not a number (decimal or 0x...)");
    assert_refused(f, "word=65536", "toy0: word 65536: too large (at most 65535)");
    assert_refused(f, "word=12q", "toy0: word 12q: 'q' after the number (decimal or 0x...)");
    assert_refused(f, "number=4294967296",
                   "toy0: number 4294967296: too large (at most 4294967295)");
    assert_refused(f, "number=1K", "toy0: number 1K: 'K' after the number (decimal or 0x...)");
    assert_refused(f, "size=5Q", "toy0: size 5Q: unknown suffix 'Q' (use K, M or G)");
    assert_refused(f, "size=99999999999999999999",
                   "toy0: size 99999999999999999999: number too large");
    assert_refused(f, "colour=blue", "toy0: colour blue: not one of red, green");
    assert_refused(f, "irq=16", "toy0: irq 16: too large (at most 15)");
    assert_refused(f, "chardev=nope", "toy0: no chardev 'nope'");
}

static void test_unknown_property_lists_those_there_are(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(
        f, "bite=1",
        "toy0: no property 'bite' (it has: flag, byte, word, number, size, text, colour, "
        "irq, chardev, iobase, other)");
    assert_refused(f, "byte", "toy0: 'byte' is not name=value");
    Device *stub = device_new(&STUB, "stub0", &f->host);
    g_autoptr(GError) error = NULL;
    g_assert_false(device_set_property(stub, "x", "1", &error));
    g_assert_cmpstr(error->message, ==, "stub0: no property 'x' (it has: none)");
    device_free(stub);
}

static void test_help_has_every_property_with_its_default(Fixture *f, gconstpointer data)
{
    (void)f;
    (void)data;
    g_autofree char *help = device_class_help(&TOY, NULL, NULL);
    static const char *const LINES[] = {
        "toy: a device of every kind\n",
        "  flag=<on|off>  a flag (default on)\n",
        "  byte=<0..255>  a byte (default 7)\n",
        "  word=<0..65535>  a word (default 0x1234)\n",
        "  number=<number>  a number (default none)\n",
        "  size=<number/size>  a size (default 64K)\n",
        "  text=<text>  a text (default plain)\n",
        "  colour=<red|green>  a colour (default green)\n",
        "  irq=<0..15|none>  a line (default 5)\n",
        "  chardev=<chardev id>  a character line (default none)\n",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(LINES); i++) {
        g_assert_nonnull(strstr(help, LINES[i]));
    }
}

/* ---- realize ---- */

static void test_regions_are_claimed_where_the_properties_say(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "iobase=0x300,other=0x310");
    const BusMapping *first = bus_find(f->host.bus, IO_PORTS, 0x303);
    const BusMapping *second = bus_find(f->host.bus, IO_PORTS, 0x311);
    g_assert_cmpstr(first->name, ==, "toy0 first");
    g_assert_true(first->claim->posted);
    g_assert_cmpstr(second->name, ==, "toy0 second");
    g_assert_false(second->claim->posted);
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0x200));
    g_assert_cmphex(inb(f, 0x302), ==, 0x42);
}

static void test_base_of_zero_leaves_a_region_out(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "iobase=0");
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0));
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0x200));
}

static void assert_not_realized(Fixture *f, Device *dev, const char *message)
{
    (void)f;
    g_autoptr(GError) error = NULL;
    g_assert_false(device_realize(dev, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_two_devices_at_one_port_are_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    Device *other = new_toy(f, "toy1");
    assert_not_realized(f, other,
                        "toy1 first: port range 0x200+0x4 overlaps toy0 first at 0x200+0x4 "
                        "(choose another base)");
    device_free(other);
}

static void test_device_may_refuse_its_properties(Fixture *f, gconstpointer data)
{
    (void)data;
    set(f, "byte=13");
    assert_not_realized(f, f->dev, "toy0: byte=13 brings bad luck (use 12 or 14)");
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0x200));
}

static void test_realize_ends_with_a_reset(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_assert_cmpuint(f->toy->realizes, ==, 1);
    g_assert_cmpuint(f->toy->resets, ==, 1);
    g_assert_cmphex(f->toy->latch, ==, 0x40);
}

/* ---- calls and services ---- */

static void test_calls_reach_the_device(Fixture *f, gconstpointer data)
{
    (void)data;
    device_connect(f->dev, "wire", f->wire, NULL);
    realize(f, NULL);
    device_set_input(f->dev, 1, true);
    device_set_input(f->dev, 0, false);
    g_assert_cmphex(f->toy->inputs, ==, 0x30);
    g_assert_cmphex(device_acknowledge(f->dev), ==, 0x40);
    g_autofree char *text = device_describe(f->dev);
    g_assert_cmpstr(text, ==, "latch=40");
    pio_irq_set(f->toy->wire, true);
    g_assert_cmpuint(f->wire_level, ==, 1);
    pio_irq_set(f->toy->irq, true);
    device_reset(f->dev);
    g_assert_cmpuint(f->irq_level, ==, 0);
}

static void test_device_without_callbacks_is_fine(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    Device *stub = device_new(&STUB, "stub0", &f->host);
    g_assert_true(device_set_properties(stub, "", &error));
    g_assert_true(device_realize(stub, &error));
    device_reset(stub);
    g_autofree char *text = device_describe(stub);
    g_assert_cmpstr(text, ==, "");
    g_autoptr(GBytes) saved = device_save(stub);
    g_assert_true(device_load(stub, saved, &error));
    device_free(stub);
}

static void test_timer_fires_with_the_lock_held(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    clock_step(f->host.clock, 100);
    g_assert_cmpuint(pio_now(f->dev), ==, 100);
    pio_timer_arm(f->toy->timer, 150);
    clock_step(f->host.clock, 100);
    g_assert_cmpuint(f->toy->fired_for, ==, 150);
}

static void test_memory_is_bounded(Fixture *f, gconstpointer data)
{
    (void)data;
    uint8_t bytes[2] = {1, 2}, read[2];
    g_assert_true(pio_memory_write(f->dev, 65534, bytes, 2));
    g_assert_false(pio_memory_write(f->dev, 65535, bytes, 2));
    g_assert_true(pio_memory_read(f->dev, 65534, read, 2));
    g_assert_cmpmem(read, 2, bytes, 2);
    DeviceHost bare = f->host;
    bare.memory = NULL;
    Device *stub = device_new(&STUB, "stub0", &bare);
    g_assert_false(pio_memory_read(stub, 0, read, 1));
    g_assert_false(pio_memory_write(stub, 0, read, 1));
    device_free(stub);
}

static void test_requests_go_to_the_machine(Fixture *f, gconstpointer data)
{
    (void)data;
    pio_request_exit(f->dev, 42);
    pio_request_poweroff(f->dev);
    pio_request_reset(f->dev);
    g_assert_cmpstr(f->log->str, ==, "0/42 1/0 2/0 ");
}

static void test_guest_error_is_reported_once_and_counted(Fixture *f, gconstpointer data)
{
    (void)data;
    char *none = device_guest_errors(f->dev);
    g_assert_null(none);
    for (int i = 0; i < 3; i++) {
        pio_guest_error(f->dev, "bad mode", "mode %d", i);
    }
    g_assert_cmpstr(f->log->str, ==, "toy0: mode 0; ");
    g_autofree char *all = device_guest_errors(f->dev);
    g_assert_cmpstr(all, ==, "bad mode: 3");
}

#define TEST(name) g_test_add("/device_core/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(defaults_are_as_a_user_would_write_them);
    TEST(every_kind_can_be_set);
    TEST(irq_none_is_not_connected);
    TEST(later_value_wins);
    TEST(bad_values_give_the_correct_form);
    TEST(unknown_property_lists_those_there_are);
    TEST(help_has_every_property_with_its_default);
    TEST(regions_are_claimed_where_the_properties_say);
    TEST(base_of_zero_leaves_a_region_out);
    TEST(two_devices_at_one_port_are_refused);
    TEST(device_may_refuse_its_properties);
    TEST(realize_ends_with_a_reset);
    TEST(calls_reach_the_device);
    TEST(device_without_callbacks_is_fine);
    TEST(timer_fires_with_the_lock_held);
    TEST(memory_is_bounded);
    TEST(requests_go_to_the_machine);
    TEST(guest_error_is_reported_once_and_counted);
    return g_test_run();
}
