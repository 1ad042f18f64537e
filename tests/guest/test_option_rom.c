/*
 * The option ROMs of PCI devices: our BIOS copies them below 1 MiB, initializes them
 * and boots by them.
 */
#include "tests/guest/guest_rig.h"

#include <string.h>

#define ROM_SIZE     3072u
#define ROM_CHECKSUM 6u
#define ROM_DEVICE   0x22u /* the device's number in the data structure */

#define GREETING "pioemu BIOS 0.1.0: 639 KiB low and 130048 KiB extended memory\n"
#define NOTHING  "Not booted from test ROM: it found nothing\n"
#define THE_END  "Nothing to boot\n"

/* Returns the path of the ROM, with a sum of its bytes that is `sum` (free). */
static char *make_rom(unsigned device, uint8_t sum)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *built =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "tests/guest/option_rom.bin", NULL);
    g_autofree char *rom = NULL;
    gsize size;
    g_file_get_contents(built, &rom, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, ROM_SIZE);
    memcpy(rom + ROM_DEVICE, &device, 2);
    for (unsigned i = 0; i < ROM_SIZE; i++) {
        sum = (uint8_t)(sum - (uint8_t)rom[i]);
    }
    rom[ROM_CHECKSUM] = (char)sum;
    char *path = guest_path("option.rom");
    g_file_set_contents(path, rom, ROM_SIZE, &error);
    g_assert_no_error(error);
    return path;
}

#define VIRTIO_RNG 0x1044u

static void assert_prints(const GuestTarget *target, const char *options, const char *text)
{
    g_autofree char *rom = make_rom(VIRTIO_RNG, 0);
    g_auto(GStrv) parts = g_strsplit(options, "ROM", -1);
    g_autofree char *command = g_strjoinv(rom, parts);
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "%s", command);
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
    g_autofree char *output = g_strdup(guest_output(guest, GUEST_OUT)->str);
    g_auto(GStrv) lines = g_strsplit(output, "\r", -1);
    g_autofree char *plain = g_strjoinv("", lines);
    g_assert_cmpstr(plain, ==, text);
}

/* AX is the function's number: slot 4 is 20h.  The ROM is told of a Plug and Play BIOS. */
static void test_order(const GuestTarget *target)
{
    assert_prints(target, "-boot n -device virtio-rng-pci,addr=4,romfile=ROM",
                  GREETING "I 0020 c000P\nB 0020 c000P\n" NOTHING THE_END);
}

static void test_last(const GuestTarget *target)
{
    assert_prints(target, "-boot cad -device virtio-rng-pci,addr=4,romfile=ROM",
                  GREETING
                  "I 0020 c000P\nNot booted from hard disk: there is none\nNot booted from "
                  "floppy: there is none\nNot booted from CD-ROM: there is none\n"
                  "B 0020 c000P\n" NOTHING THE_END);
}

static void test_bootindex(const GuestTarget *target)
{
    assert_prints(target, "-boot ca -device virtio-rng-pci,addr=4,romfile=ROM,bootindex=5",
                  GREETING "I 0020 c000P\nB 0020 c000P\n" NOTHING
                           "Not booted from hard disk: there is none\nNot booted from "
                           "floppy: there is none\n" THE_END);
}

/* Each made itself 512 bytes long, so the next one is 2 KiB later. */
static void test_several(const GuestTarget *target)
{
    assert_prints(target,
                  "-boot n -device virtio-rng-pci,addr=5,romfile=ROM "
                  "-device virtio-rng-pci,addr=4,romfile=ROM -device virtio-rng-pci",
                  GREETING "I 0020 c000P\nI 0028 c080P\nB 0020 c000P\n" NOTHING "B 0028 c080P\n"
                           "\nNot booted from test ROM: its program gave up (INT 18h)\n" THE_END);
}

/* The copies of before the reset are not run. */
static void test_reset(const GuestTarget *target)
{
    assert_prints(target,
                  "-boot n -device virtio-rng-pci,addr=4,romfile=ROM "
                  "-device virtio-rng-pci,addr=6,romfile=ROM",
                  GREETING "I 0020 c000P\nI 0030 c080P\nB 0020 c000P\n" NOTHING
                           "B 0030 c080P\n" GREETING
                           "I 0020 c000P\nI 0030 c080P\nB 0020 c000P\n" NOTHING
                           "B 0030 c080P\n" NOTHING THE_END);
}

static void test_none(const GuestTarget *target)
{
    assert_prints(target, "-boot n -device virtio-rng-pci,addr=4,romfile=ROM,rombar=0",
                  GREETING THE_END);
    assert_prints(target, "-boot n -device virtio-rng-pci,addr=4,romfile=", GREETING THE_END);
}

static void assert_not_run(const GuestTarget *target, unsigned device, uint8_t sum)
{
    g_autofree char *rom = make_rom(device, sum);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-boot n -device virtio-rng-pci,romfile=%s", rom);
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==,
                    "pioemu BIOS 0.1.0: 639 KiB low and 130048 KiB extended memory\r\n"
                    "Nothing to boot\r\n");
}

static void test_unfit(const GuestTarget *target)
{
    assert_not_run(target, VIRTIO_RNG, 1);
    assert_not_run(target, VIRTIO_RNG + 1, 0);
}

static void test_refusals(const GuestTarget *target)
{
    g_autoptr(Guest) missing = guest_start(target, &GUEST_ON_PIPES,
                                           "-boot n -device virtio-rng-pci,romfile=/nowhere/x.rom");
    g_assert_cmpint(guest_wait_exit(missing), ==, 2);
    guest_expect(missing, GUEST_ERR, "romfile /nowhere/x.rom: ");
    g_autoptr(Guest) bar =
        guest_start(target, &GUEST_ON_PIPES, "-boot n -device virtio-rng-pci,rombar=2");
    g_assert_cmpint(guest_wait_exit(bar), ==, 2);
    guest_expect(bar, GUEST_ERR, "rombar");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("option_rom/initializes_and_boots", test_order, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("option_rom/boots_after_the_drives", test_last, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("option_rom/boots_first_by_bootindex", test_bootindex, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("option_rom/several_follow_each_other", test_several, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("option_rom/is_copied_again_after_a_reset", test_reset, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("option_rom/can_be_left_out", test_none, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("option_rom/of_another_card_or_with_a_wrong_sum_does_not_run", test_unfit,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("option_rom/wrong_files_are_refused", test_refusals, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
