/*
 * The BIOS's boot menu: how to ask for it, what it lists, and the effect of a
 * choice.
 *
 * In tests in which a key must come in time, machine time follows the host's.
 */
#include "tests/guest/boot_disk.h"
#include "tests/guest/guest_rig.h"

#include <stdio.h>
#include <string.h>

#define BANNER "pioemu BIOS " PIOEMU_VERSION ": 639 KiB low and 130048 KiB extended memory\r\n"
#define PROMPT "Press F12, Esc or m for the boot menu\r\n"
#define ASK    "Which one? (Esc: the usual order) "
/* A time that is long enough on any host. */
#define MENU "-boot order=cad,menu=on,splash-time=65535 "

static bool skips_time(const GuestTarget *target)
{
    return !strcmp(target->accel, "soft");
}

static Guest *start(const GuestTarget *target, const char *options)
{
    return guest_start(NULL, &GUEST_ON_PIPES, "-accel %s%s -device exit-port %s", target->accel,
                       skips_time(target) ? ",realtime=on" : "", options);
}

/*
 * Makes a disk that prints its letter and that of disk 81h, which is the third byte
 * from the end of the first sector, and ends with DL as the status.
 */
static char *make_disk(char letter)
{
    static const uint8_t CODE[] = {
        0x52, 0xa0, 0xfd, 0x7d, 0xb4, 0x0e, 0xcd, 0x10, /* push dx; print the letter */
        0xb8, 0x01, 0x02, 0xb9, 0x01, 0x00, 0xba, 0x81, /* read sector 1 of 81h */
        0x00, 0xbb, 0x00, 0x80, 0xcd, 0x13, 0xa0, 0xfd, /* to 8000h */
        0x81, 0xb4, 0x0e, 0xcd, 0x10, 0x58, 0xe6, 0xf4, /* print its letter; pop ax, exit */
    };
    uint8_t sector[510] = {0};
    g_autofree char *name = g_strdup_printf("disk-%c.img", letter);
    char *path = guest_path(name);
    memcpy(sector, CODE, sizeof(CODE));
    sector[509] = (uint8_t)letter;
    g_autofree char *made = boot_disk_make(sector, sizeof(sector));
    g_assert_cmpint(rename(made, path), ==, 0);
    return path;
}

static char *two_disks(const char *more)
{
    g_autofree char *a = make_disk('A');
    g_autofree char *b = make_disk('B');
    return g_strdup_printf(MENU "-hda %s -hdb %s %s", a, b, more);
}

static void open_menu(Guest *guest, const char *key)
{
    guest_expect(guest, GUEST_OUT, BANNER PROMPT);
    guest_type(guest, key);
    guest_expect(guest, GUEST_OUT, "Boot menu\r\n");
}

/* ---- asking for it ---- */

static void test_keys(const GuestTarget *target)
{
    static const char *const KEYS[] = {"m", "\033", "\033[24~"};
    g_autofree char *options = two_disks("");
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        g_autoptr(Guest) guest = start(target, options);
        open_menu(guest, KEYS[i]);
        guest_expect(guest, GUEST_OUT, ASK);
        guest_type(guest, "1");
        guest_expect(guest, GUEST_OUT, "1\r\nAB");
        g_assert_cmpint(guest_wait_exit(guest), ==, 0x80);
    }
}

/* The key ends the wait, and the booted program gets it. */
static void test_other_key(const GuestTarget *target)
{
    g_autoptr(Guest) guest = start(target, MENU "-hda bootsect.img -snapshot");
    guest_expect(guest, GUEST_OUT, PROMPT);
    guest_type(guest, "xq");
    guest_expect(guest, GUEST_OUT, "q to end.\r\nx\r\nBye.\r\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* Returns the upper 8 of the ACPI timer's 24 bits, which count 54 or 55 a second. */
static int boot_and_read_timer(const GuestTarget *target, const char *boot, const char *greeting)
{
    static const uint8_t CODE[] = {0xba, 0x08, 0x06, 0x66, 0xed, 0x66,
                                   0xc1, 0xe8, 0x10, 0xe6, 0xf4};
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -boot %s -device exit-port", disk, boot);
    int status = guest_wait_exit(guest);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, greeting);
    return status;
}

/* A busy host lengthens the wait, but not on the software CPU. */
static void test_wait(const GuestTarget *target)
{
    int second = boot_and_read_timer(target, "menu=on,splash-time=1000", BANNER PROMPT);
    g_assert_cmpint(second, >=, 54);
    if (skips_time(target)) {
        g_assert_cmpint(second, <, 64);
        int standard = boot_and_read_timer(target, "menu=on", BANNER PROMPT);
        g_assert_cmpint(standard, >=, 136);
        g_assert_cmpint(standard, <, 146);
        int none = boot_and_read_timer(target, "menu=on,splash-time=0", BANNER PROMPT);
        g_assert_cmpint(none, ==, 0);
    }
}

static void test_without(const GuestTarget *target)
{
    int none = boot_and_read_timer(target, "menu=off,splash-time=2000", BANNER);
    g_assert_true(!skips_time(target) || none == 0);
}

/* ---- choosing ---- */

static void test_list(const GuestTarget *target)
{
    enum { FLOPPY_SIZE = 1440 * 1024 };
    g_autofree char *floppy = guest_path("floppy.img");
    g_autofree char *disc = guest_path("disc.iso");
    g_autofree char *nothing = g_malloc0(FLOPPY_SIZE);
    g_assert_true(g_file_set_contents(floppy, nothing, FLOPPY_SIZE, NULL));
    g_assert_true(g_file_set_contents(disc, nothing, FLOPPY_SIZE, NULL));
    g_autofree char *more = g_strdup_printf(
        "-fda %s -cdrom %s -kernel bzimage.bin -machine pc,kernel-entry=16", floppy, disc);
    g_autofree char *options = two_disks(more);
    g_autoptr(Guest) guest = start(target, options);
    open_menu(guest, "m");
    guest_expect(guest, GUEST_OUT,
                 "1. Linux kernel (-kernel)\r\n"
                 "2. floppy A: 3.5\" 1.44 MB\r\n"
                 "3. hard disk 80h: pioemu disk, 4 MiB\r\n"
                 "4. hard disk 81h: pioemu disk, 4 MiB\r\n"
                 "5. CD-ROM e0h: pioemu CD-ROM\r\n");
    guest_type(guest, "x071");
    guest_expect(guest, GUEST_OUT, ASK "1\r\n16-bit entry");
}

/* The chosen disk becomes 80h, and the previous 80h becomes 81h. */
static void test_second_disk(const GuestTarget *target)
{
    g_autofree char *options = two_disks("");
    g_autoptr(Guest) guest = start(target, options);
    open_menu(guest, "m");
    guest_type(guest, "2");
    guest_expect(guest, GUEST_OUT, ASK "2\r\nBA");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0x80);
}

static void test_escape(const GuestTarget *target)
{
    g_autofree char *options = two_disks("");
    g_autoptr(Guest) guest = start(target, options);
    open_menu(guest, "m");
    guest_type(guest, "\033");
    guest_expect(guest, GUEST_OUT, ASK "\r\nAB");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0x80);
}

/* The others are tried in their order, and the chosen one is not tried again. */
static void test_what_does_not_boot(const GuestTarget *target)
{
    g_autofree char *empty = boot_disk_make_of("", 1, BOOT_DISK_SIZE);
    g_autofree char *options = g_strdup_printf(MENU "-hda %s", empty);
    g_autoptr(Guest) guest = start(target, options);
    open_menu(guest, "m");
    guest_type(guest, "1");
    guest_expect(guest, GUEST_OUT,
                 ASK "1\r\nNot booted from hard disk: no boot signature (55h AAh) in its first "
                     "sector\r\n"
                     "Not booted from floppy: there is none\r\n"
                     "Not booted from CD-ROM: there is none\r\nNothing to boot\r\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
}

/* A disk that calls INT 19h when it is booted for the first time. */
static void test_again(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0xf6, 0x16, 0x00, 0x05, 0x80, 0x3e, 0x00, 0x05, 0x00,
                                   0x74, 0x02, 0xcd, 0x19, 0xb0, 0x07, 0xe6, 0xf4};
    g_autofree char *a = make_disk('A');
    g_autofree char *b = boot_disk_make(CODE, sizeof(CODE));
    g_autofree char *options = g_strdup_printf(MENU "-hda %s -hdb %s", a, b);
    g_autoptr(Guest) guest = start(target, options);
    open_menu(guest, "m");
    guest_type(guest, "2");
    g_assert_cmpint(guest_wait_exit(guest), ==, 7);
}

#define MENU_TEST(name, test) guest_tests_add("bios/menu/" name, test, GUEST_DEFAULT_IRQCHIP)

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    MENU_TEST("f12_esc_and_m_open_it", test_keys);
    MENU_TEST("another_key_ends_the_wait_and_is_kept", test_other_key);
    MENU_TEST("the_wait_is_in_machine_time", test_wait);
    MENU_TEST("without_it_no_time_passes", test_without);
    MENU_TEST("kernel_and_drives_are_listed", test_list);
    MENU_TEST("a_chosen_disk_is_80h", test_second_disk);
    MENU_TEST("escape_boots_as_without_it", test_escape);
    MENU_TEST("what_does_not_boot_is_followed_by_the_others", test_what_does_not_boot);
    MENU_TEST("int_19h_boots_it_again", test_again);
    return guest_tests_run();
}
