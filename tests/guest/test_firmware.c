/*
 * Firmware: the CPU starts in the image of -bios, after every kind of reset.
 */
#include "tests/guest/guest_rig.h"

#define ROM "../tests/guest/firmware_rom.bin"

/* The ROM as it was, the copy as it is in the ROM, the copy written to; 0x3d and 0x38. */
static void test_resets(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-bios " ROM);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==,
                    "RRW1230\nRRW1230\nRRW1230\nRRW1230\n");
}

static void test_boot_once(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-bios " ROM " -m 640K -boot order=cd,once=dac");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==,
                    "RRW1320\nRRW3200\nRRW3200\nRRW3200\n");
}

static void test_no_reboot(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-bios " ROM " -boot order=cn -no-reboot");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "RRW0200\n");
    guest_expect(guest, GUEST_ERR, "-boot order=cn: the machine has no network, n is left out");
}

static void test_refusals(const GuestTarget *target)
{
    g_autoptr(Guest) flat = guest_start(target, &GUEST_ON_PIPES, "-bios " ROM " -kernel hello.bin");
    g_assert_cmpint(guest_wait_exit(flat), ==, 2);
    guest_expect(flat, GUEST_ERR,
                 "-kernel hello.bin: a flat binary cannot be started by a firmware (-bios)");
    g_autoptr(Guest) entry = guest_start(
        target, &GUEST_ON_PIPES, "-bios " ROM " -kernel bzimage.bin -machine pc,kernel-entry=32");
    g_assert_cmpint(guest_wait_exit(entry), ==, 2);
    guest_expect(entry, GUEST_ERR, "-kernel bzimage.bin: a firmware starts it at its 16-bit entry");
    g_autoptr(Guest) size = guest_start(target, &GUEST_ON_PIPES, "-bios hello.bin");
    g_assert_cmpint(guest_wait_exit(size), ==, 2);
    guest_expect(size, GUEST_ERR, "-bios hello.bin: has ");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("firmware/every_reset_starts_in_a_fresh_copy", test_resets,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("firmware/boot_once_holds_until_the_first_reset", test_boot_once,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("firmware/no_reboot_ends_at_the_first_reset", test_no_reboot,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("firmware/what_cannot_be_started_in_is_refused", test_refusals,
                    GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
