/*
 * The demo disk: the BIOS starts its boot sector, this starts the shell, and the
 * shell starts the other guests.
 */
#include "guests/disk/layout.h"
#include "tests/guest/guest_shell.h"

#include <string.h>

#define ON_DISK "-hda %s -snapshot -serial stdio -device exit-port -debugport null"

static Guest *start_demo(const GuestTarget *target)
{
    Guest *guest = guest_start(target, &GUEST_ON_PIPES, ON_DISK, "demo.img");
    guest_expect(guest, GUEST_OUT, "pioemu BIOS");
    guest_expect(guest, GUEST_OUT, "A guest on pioemu.");
    guest_shell_prompt(guest);
    return guest;
}

static void test_boot(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_demo(target);
    guest_shell_say(guest, "add 2 3", "5\r\n");
    guest_shell_last(guest, "boot");
    guest_expect(guest, GUEST_OUT, "\r\nshell\r\n");
    guest_expect(guest, GUEST_OUT, "\r\nhello\r\n");
    guest_expect(guest, GUEST_OUT, "\r\nuart-irq\r\n");
    guest_shell_prompt(guest);
    guest_shell_say(guest, "boot bzimage", "bzimage: no such guest; boot alone lists them\r\n");
    guest_shell_say(
        guest, "boot hello x",
        "usage: boot [NAME [CX [DX]]] - start a guest of the disk; alone: list them\r\n");
    guest_shell_last(guest, "boot hello");
    guest_expect(guest, GUEST_OUT, "\r\n4\nHello\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* The input comes before the BIOS has set up the line.  Later the shell reads the line itself. */
static void test_what_is_typed_early_arrives(const GuestTarget *target)
{
    for (unsigned i = 0; i < 3; i++) {
        g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, ON_DISK, "demo.img");
        guest_type(guest, "exit 42\r");
        g_assert_cmpint(guest_wait_exit(guest), ==, 42);
    }
}

/*
 * The guest has the timer and the input interrupt of the shell on.  The number of
 * ticks depends on the host.
 */
static void test_boot_of_a_guest_with_interrupts(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_demo(target);
    guest_shell_say(guest, "sleep 20", "");
    guest_shell_last(guest, "boot timer 50 0x1");
    g_autofree char *ticks =
        guest_expect_match(guest, GUEST_OUT, "^(\\d+) ticks in 1 seconds, 50 a second asked for$");
    g_assert_cmpstr(ticks, !=, "0");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_boot_of_what_changes_modes(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_demo(target);
    guest_shell_last(guest, "boot long");
    guest_expect(guest, GUEST_OUT, "\r\nreal\n");
    guest_wait_exit(guest);
}

/* The shell starts itself again from its disk, and a status comes from there. */
static void test_boot_of_the_shell(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start_demo(target);
    guest_shell_last(guest, "boot shell");
    guest_expect(guest, GUEST_OUT, "A guest on pioemu.");
    guest_shell_prompt(guest);
    guest_shell_last(guest, "exit 7");
    g_assert_cmpint(guest_wait_exit(guest), ==, 7);
}

/*
 * The boot sector reads by cylinder, head and sector.  The shell's own driver knows
 * only hard disks.
 */
static void test_boot_from_a_diskette(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-boot a -fda %s " ON_DISK, "demo.img", "demo.img");
    guest_expect(guest, GUEST_OUT, "A guest on pioemu.");
    guest_shell_prompt(guest);
    guest_shell_last(guest, "boot add");
    guest_expect(guest, GUEST_OUT, "\r\n4");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* The shell starts without a BIOS, and without such a disk. */
static void test_boot_of_any_shell(const GuestTarget *target)
{
    g_autoptr(Guest) with =
        guest_shell_start(target, &GUEST_ON_PIPES, "-hda demo.img -snapshot -serial stdio");
    guest_shell_last(with, "boot add");
    guest_expect(with, GUEST_OUT, "\r\n4");
    g_assert_cmpint(guest_wait_exit(with), ==, 0);
    g_autoptr(Guest) without = guest_shell_start(target, &GUEST_ON_PIPES, "");
    guest_shell_say(without, "boot", "no disk with guests\r\n");
    guest_shell_say(without, "boot add", "no disk with guests\r\n");
}

/* ---- damaged disks ---- */

static void expect_boot_failure(const GuestTarget *target, const char *data, size_t size,
                                const char *message)
{
    g_autofree char *path = guest_path("damaged.img");
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, ON_DISK, path);
    guest_expect(guest, GUEST_OUT, message);
    guest_expect(guest, GUEST_OUT, "Nothing to boot");
}

static void test_damaged_disks(const GuestTarget *target)
{
    g_autofree char *demo = g_build_filename(g_getenv("PIOEMU_BUILD"), "guests/demo.img", NULL);
    g_autofree char *data = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(demo, &data, &size, NULL));
    expect_boot_failure(target, data, 2 * DISK_SECTOR, "The disk cannot be read\r\n");
    memset(data + DISK_DIRECTORY * DISK_SECTOR, 0, DISK_ENTRY_NAME_SIZE);
    expect_boot_failure(target, data, size, "No guests on this disk\r\n");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("demo/the_shell_boots_another_guest", test_boot, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("demo/what_is_typed_early_arrives", test_what_is_typed_early_arrives,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("demo/a_guest_with_interrupts", test_boot_of_a_guest_with_interrupts,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("demo/a_guest_that_changes_modes", test_boot_of_what_changes_modes,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("demo/the_shell_boots_itself", test_boot_of_the_shell, GUEST_EVERY_IRQCHIP);
    guest_tests_add("demo/the_disk_is_a_diskette_too", test_boot_from_a_diskette,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("demo/boot_needs_the_disk_and_no_bios", test_boot_of_any_shell,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("demo/damaged_disks_say_so", test_damaged_disks, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
