/* Firmware: where an image is mapped, what is refused, and the effect of -boot. */
#include "src/base/error.h"
#include "src/boot/boot_order.h"
#include "src/boot/firmware.h"

#include <glib/gstdio.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)

typedef struct Rig {
    char *path;
    Memory *memory;
    Firmware *firmware;
} Rig;

/* Makes an image in which each 4 KiB begin with their number. */
static void write_image(const char *path, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *image = g_malloc0(size + 1);
    for (size_t i = 0; i * PAGE_SIZE < size; i++) {
        image[i * PAGE_SIZE] = (uint8_t)i;
    }
    g_file_set_contents(path, (const char *)image, (gssize)size, &error);
    g_assert_no_error(error);
}

static char *temporary(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("pioemu-firmware-XXXXXX", &error);
    g_assert_no_error(error);
    return g_build_filename(directory, "bios.bin", NULL);
}

static void remove_file(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_unlink(path);
    g_rmdir(directory);
}

static void setup(Rig *rig, size_t size, uint64_t ram)
{
    g_autoptr(GError) error = NULL;
    rig->path = temporary();
    write_image(rig->path, size);
    rig->firmware = firmware_new(rig->path, &error);
    g_assert_no_error(error);
    rig->memory = memory_new(ram, &error);
    g_assert_no_error(error);
    g_assert_true(firmware_map(rig->firmware, rig->memory, &error));
    firmware_restore(rig->firmware, rig->memory);
}

static void teardown(Rig *rig)
{
    firmware_free(rig->firmware);
    memory_free(rig->memory);
    remove_file(rig->path);
    g_free(rig->path);
}

static unsigned byte_at(const Rig *rig, uint64_t address)
{
    uint8_t byte;
    g_assert_true(memory_read(rig->memory, address, &byte, 1));
    return byte;
}

/* ---- where it goes ---- */

static void ends_at_4_gib_and_cannot_be_written_to(void)
{
    Rig rig;
    setup(&rig, 256 * KIB, 16 * MIB);
    const MemoryRegion *rom = memory_find(rig.memory, UINT32_MAX);
    g_assert_cmphex(rom->base, ==, 0xfffc0000);
    g_assert_cmphex(rom->size, ==, 256 * KIB);
    g_assert_true(rom->read_only);
    g_assert_cmphex(byte_at(&rig, 0xfffc1000), ==, 1);
    g_assert_cmphex(byte_at(&rig, 0xfffff000), ==, 63);
    teardown(&rig);
}

static void its_last_128_kib_are_below_1_mib(void)
{
    Rig rig;
    setup(&rig, 256 * KIB, 16 * MIB);
    g_assert_cmphex(byte_at(&rig, 0xe0000), ==, 32);
    g_assert_cmphex(byte_at(&rig, 0xff000), ==, 63);
    g_assert_cmphex(byte_at(&rig, 0xdf000), ==, 0);
    teardown(&rig);
}

static void a_smaller_one_is_below_1_mib_as_a_whole(void)
{
    Rig rig;
    setup(&rig, 64 * KIB, 16 * MIB);
    g_assert_cmphex(byte_at(&rig, 0xf1000), ==, 1);
    g_assert_cmphex(byte_at(&rig, 0xff000), ==, 15);
    g_assert_true(memory_write(rig.memory, 0xeffff, "xy", 2));
    teardown(&rig);
}

static void the_copy_is_there_with_less_than_1_mib_of_ram(void)
{
    Rig rig;
    setup(&rig, 128 * KIB, 512 * KIB);
    g_assert_cmphex(byte_at(&rig, 0xe1000), ==, 1);
    g_assert_cmphex(byte_at(&rig, 0xff000), ==, 31);
    g_assert_null(memory_find(rig.memory, 0xdffff));
    g_assert_cmpuint(memory_ram_size(rig.memory), ==, 512 * KIB);
    teardown(&rig);
}

static void the_copy_can_be_written_to_until_a_reset_restores_it(void)
{
    Rig rig;
    setup(&rig, 128 * KIB, 16 * MIB);
    g_assert_true(memory_write(rig.memory, 0xff000, "\xaa", 1));
    g_assert_cmphex(byte_at(&rig, 0xff000), ==, 0xaa);
    g_assert_cmphex(byte_at(&rig, 0xfffff000), ==, 31);
    firmware_restore(rig.firmware, rig.memory);
    g_assert_cmphex(byte_at(&rig, 0xff000), ==, 31);
    teardown(&rig);
}

/* ---- what is refused ---- */

static void expect_refusal(const char *path, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(firmware_new(path, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_autofree char *start = g_strdup_printf("-bios %s: ", path);
    g_assert_true(g_str_has_prefix(error->message, start));
    if (!strstr(error->message, why)) {
        g_error("\"%s\" does not say \"%s\"", error->message, why);
    }
}

static void odd_sizes_are_refused_with_the_value(void)
{
    g_autofree char *path = temporary();
    static const struct {
        size_t size;
        const char *why;
    } SIZES[] = {
        {0, "has 0 bytes"},
        {4095, "has 4095 bytes (a multiple of 4 KiB up to 16 MiB is right)"},
        {65537, "has 65537 bytes"},
        {16 * MIB + 4096, "has 16781312 bytes"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(SIZES); i++) {
        write_image(path, SIZES[i].size);
        expect_refusal(path, SIZES[i].why);
    }
    remove_file(path);
}

static void only_a_regular_file_is_accepted(void)
{
    expect_refusal("/dev/null", "is not a regular file");
    expect_refusal("no-such-file", "No such file or directory");
}

/* ---- -boot ---- */

static BootOrder parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    BootOrder order;
    g_assert_true(boot_order_parse(text, &order, &error));
    g_assert_no_error(error);
    return order;
}

static void letters_are_an_order_with_and_without_its_name(void)
{
    g_assert_cmpstr(parse(NULL).order, ==, "cad");
    g_assert_cmpstr(parse("d").order, ==, "d");
    g_assert_cmpstr(parse("order=dc").order, ==, "dc");
    g_assert_cmpstr(parse("menu=on").order, ==, "cad");
    g_assert_cmpstr(parse("dca,menu=off").order, ==, "dca");
}

static void once_and_menu_are_parsed(void)
{
    BootOrder order = parse("once=d,menu=on");
    g_assert_cmpstr(order.order, ==, "cad");
    g_assert_cmpstr(order.once, ==, "d");
    g_assert_true(order.menu);
    g_assert_cmpstr(parse("c").once, ==, "");
    g_assert_false(parse("c").menu);
}

static void splash_time_is_in_ms_and_has_a_default(void)
{
    g_assert_cmpint(parse(NULL).splash_ms, ==, BOOT_SPLASH_DEFAULT);
    g_assert_cmpint(parse("menu=on").splash_ms, ==, BOOT_SPLASH_DEFAULT);
    g_assert_cmpint(parse("menu=on,splash-time=0").splash_ms, ==, 0);
    g_assert_cmpint(parse(NULL).fail_wait_ms, ==, BOOT_WAIT_NEVER);
    g_assert_cmpint(parse("reboot-timeout=-1").fail_wait_ms, ==, BOOT_WAIT_NEVER);
    g_assert_cmpint(parse("reboot-timeout=5000").fail_wait_ms, ==, 5000);
    g_assert_true(parse("order=c,strict=on").strict);
    g_assert_false(parse("c").strict);
    g_assert_cmpint(parse("c,splash-time=65535").splash_ms, ==, 65535);
}

static void network_is_left_out_after_three_others(void)
{
    g_assert_cmpstr(parse("order=cadn").order, ==, "cad");
    g_assert_cmpstr(parse("order=cnd").order, ==, "cnd");
    g_assert_cmpstr(parse("n").order, ==, "n");
}

static void bad_orders_are_refused_with_the_value(void)
{
    static const struct {
        const char *text, *why;
    } BAD[] = {
        {"order=x", "-boot order=x: letters are"},
        {"once=cc", "-boot once=cc: a letter comes twice"},
        {"abcd", "-boot order=abcd: at most three letters"},
        {"order=", "-boot order=: no letter"},
        {"menu=maybe", "-boot menu"},
        {"splash-time=65536", "-boot splash-time"},
        {"splash-time=-1", "-boot splash-time"},
        {"reboot-timeout=65536", "-boot reboot-timeout"},
        {"strict=maybe", "-boot strict"},
        {"stict=on", "unknown key 'stict'"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        BootOrder order;
        g_assert_false(boot_order_parse(BAD[i].text, &order, &error));
        g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
        g_assert_nonnull(strstr(error->message, BAD[i].why));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/firmware/ends_at_4_gib_and_cannot_be_written_to",
                    ends_at_4_gib_and_cannot_be_written_to);
    g_test_add_func("/firmware/its_last_128_kib_are_below_1_mib", its_last_128_kib_are_below_1_mib);
    g_test_add_func("/firmware/a_smaller_one_is_below_1_mib_as_a_whole",
                    a_smaller_one_is_below_1_mib_as_a_whole);
    g_test_add_func("/firmware/the_copy_is_there_with_less_than_1_mib_of_ram",
                    the_copy_is_there_with_less_than_1_mib_of_ram);
    g_test_add_func("/firmware/the_copy_can_be_written_to_until_a_reset_restores_it",
                    the_copy_can_be_written_to_until_a_reset_restores_it);
    g_test_add_func("/firmware/odd_sizes_are_refused_with_the_value",
                    odd_sizes_are_refused_with_the_value);
    g_test_add_func("/firmware/only_a_regular_file_is_accepted", only_a_regular_file_is_accepted);
    g_test_add_func("/boot_order/letters_are_an_order_with_and_without_its_name",
                    letters_are_an_order_with_and_without_its_name);
    g_test_add_func("/boot_order/once_and_menu_are_parsed", once_and_menu_are_parsed);
    g_test_add_func("/boot_order/splash_time_is_in_ms_and_has_a_default",
                    splash_time_is_in_ms_and_has_a_default);
    g_test_add_func("/boot_order/network_is_left_out_after_three_others",
                    network_is_left_out_after_three_others);
    g_test_add_func("/boot_order/bad_orders_are_refused_with_the_value",
                    bad_orders_are_refused_with_the_value);
    return g_test_run();
}
