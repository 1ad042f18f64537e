/*
 * The order of booting by bootindex: disks of IDE and virtio and an option ROM, for
 * our BIOS and for SeaBIOS.
 */
#include "tests/guest/boot_disk.h"
#include "tests/guest/guest_needs.h"

#include <glib/gstdio.h>
#include <string.h>

#define LETTER_AT 1u

/* A disk that prints the letter and the last digit of its number, and gives up. */
static char *make_disk(char letter)
{
    char code[] = {'\xb0', 0,      '\xb4', '\x0e', '\xcd', '\x10', '\x88', '\xd0',
                   '\x2c', '\x50', '\xb4', '\x0e', '\xcd', '\x10', '\xcd', '\x18'};
    code[LETTER_AT] = letter;
    g_autofree char *made = boot_disk_make(code, sizeof(code));
    char name[] = "x.img";
    name[0] = letter;
    char *path = guest_path(name);
    g_assert_cmpint(g_rename(made, path), ==, 0);
    return path;
}

#define GAVE_UP "\nNot booted from hard disk: its program gave up (INT 18h)\n"

/* The drives A of IDE, B of IDE and C of virtio. */
static char *run(const GuestTarget *target, const char *options)
{
    g_autofree char *a = make_disk('A'), *b = make_disk('B'), *c = make_disk('C');
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-hda %s -drive file=%s,if=none,id=b,format=raw -drive "
                                         "file=%s,if=none,id=c,format=raw %s",
                                         a, b, c, options);
    int status = guest_wait_exit(guest);
    g_assert_cmpint(status, ==, 1);
    const char *output = strchr(guest_output(guest, GUEST_OUT)->str, '\n');
    g_auto(GStrv) lines = g_strsplit(output ? output + 1 : "", "\r", -1);
    return g_strjoinv("", lines);
}

/* A disk without a bootindex comes after the others, and as the last one. */
static void test_order(const GuestTarget *target)
{
    g_autofree char *output = run(target, "-boot c -device ide-hd,drive=b,bootindex=7 "
                                          "-device virtio-blk-pci,drive=c,bootindex=3");
    g_assert_cmpstr(output, ==, "C0" GAVE_UP "B1" GAVE_UP "A2" GAVE_UP "Nothing to boot\n");
}

static void test_kinds(const GuestTarget *target)
{
    g_autofree char *output =
        run(target, "-boot dc -device ide-hd,drive=b -device virtio-blk-pci,drive=c,bootindex=0");
    g_assert_cmpstr(output, ==,
                    "C0" GAVE_UP "Not booted from CD-ROM: there is none\nA1" GAVE_UP
                    "Nothing to boot\n");
}

static void test_strict(const GuestTarget *target)
{
    g_autofree char *output =
        run(target, "-boot c,strict=on -device ide-hd,drive=b,bootindex=0 -device "
                    "virtio-blk-pci,drive=c");
    g_assert_cmpstr(output, ==, "B0" GAVE_UP "Nothing to boot\n");
}

static void test_twice(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES,
        "-boot c -device virtio-rng-pci,bootindex=1 -device virtio-rng-pci,bootindex=1");
    g_assert_cmpint(guest_wait_exit(guest), ==, 2);
    guest_expect(guest, GUEST_ERR, "bootindex=1: another device has it");
}

static const Need SEABIOS = {"/usr/share/seabios/bios.bin", "seabios"};

/* SeaBIOS numbers the disks in the same order. */
static void test_seabios(const GuestTarget *target)
{
    if (!guest_can_boot(target, NEEDS(&SEABIOS))) {
        return;
    }
    g_autofree char *a = make_disk('A'), *c = make_disk('C');
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-bios /usr/share/seabios/bios.bin -hda %s -drive "
                    "file=%s,if=none,id=c,format=raw -device virtio-blk-pci,drive=c,bootindex=1",
                    a, c);
    guest_be_patient(guest, 2);
    guest_expect(guest, GUEST_OUT, "C0");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("boot_index/is_the_order_and_numbers_the_disks", test_order,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot_index/comes_before_the_kinds_of_boot", test_kinds, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot_index/is_all_with_strict", test_strict, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot_index/is_given_once", test_twice, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot_index/holds_for_seabios", test_seabios, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
