/*
 * Guests at the devices of the board: a disk reads as its image, the keyboard
 * answers, the gates of address line 20 close and open.
 */
#include "tests/guest/guest_shell.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECTOR  512u
#define SECTORS 100u

static void make_image(const char *path, size_t size)
{
    g_autofree uint8_t *data = g_malloc(size);
    uint32_t state = 7;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
    }
    g_assert_true(g_file_set_contents(path, (const char *)data, (gssize)size, NULL));
}

static uint32_t checksum(const char *path, unsigned sector)
{
    g_autofree char *data = NULL;
    g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
    uint32_t sum = 0;
    for (unsigned i = 0; i < SECTOR; i += 4) {
        uint32_t word;
        memcpy(&word, data + sector * SECTOR + i, sizeof(word));
        sum += word;
    }
    return sum;
}

static void expect_checksums(Guest *guest, const char *path, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *line = g_strdup_printf("sector %u: %08x\n", i, checksum(path, i));
        guest_expect(guest, GUEST_OUT, line);
    }
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_diskread(const GuestTarget *target)
{
    g_autofree char *path = guest_path("disk.img");
    make_image(path, SECTORS * SECTOR);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel diskread.bin -hda %s", path);
    guest_expect(guest, GUEST_OUT, "disk: 100 sectors\n");
    expect_checksums(guest, path, 4);
}

static void test_many_sectors(const GuestTarget *target)
{
    g_autofree char *path = guest_path("disk.img");
    make_image(path, SECTORS * SECTOR);
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-kernel diskread.bin -flat cx=100 -hda %s -snapshot", path);
    expect_checksums(guest, path, SECTORS);
}

static void test_no_disk(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel diskread.bin");
    guest_expect(guest, GUEST_OUT, "no disk (-hda FILE)\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_end_of_disk(const GuestTarget *target)
{
    g_autofree char *path = guest_path("short.img");
    make_image(path, 3 * SECTOR);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel diskread.bin -hda %s", path);
    guest_expect(guest, GUEST_OUT, "sector 2: ");
    guest_expect(guest, GUEST_OUT, "disk error, status 51\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void expect_refusal(const GuestTarget *target, const char *arguments, int status,
                           const char *message)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel diskread.bin %s", arguments);
    g_assert_cmpint(guest_wait_exit(guest), ==, status);
    guest_expect(guest, GUEST_ERR, message);
}

static void test_refusals(const GuestTarget *target)
{
    g_autofree char *path = guest_path("disk.img");
    make_image(path, SECTORS * SECTOR);
    g_autofree char *twice = g_strdup_printf("-hda %s -hdb %s", path, path);
    g_autofree char *same = g_strdup_printf("-hdc %s -cdrom %s", path, path);
    g_autofree char *nameless = g_strdup_printf("-drive file=%s,if=none", path);
    expect_refusal(target, twice, 3, "in use by another program or drive");
    expect_refusal(target, same, 2, "another drive has this index");
    expect_refusal(target, nameless, 2, "needs a name for -device");
    expect_refusal(target, "-hda /nowhere/disk", 3, "/nowhere/disk: No such file");
}

static void test_second_writer(const GuestTarget *target)
{
    g_autofree char *path = guest_path("disk.img");
    make_image(path, SECTORS * SECTOR);
    g_autofree char *drive = g_strdup_printf("-hda %s", path);
    g_autoptr(Guest) writer = guest_shell_start(target, &GUEST_ON_PIPES, drive);
    expect_refusal(target, drive, 3, "in use by another program or drive");
    guest_shell_last(writer, "halt");
    g_assert_cmpint(guest_wait_exit(writer), ==, 0);
    g_autoptr(Guest) next = guest_start(target, &GUEST_ON_PIPES, "-kernel diskread.bin %s", drive);
    expect_checksums(next, path, 4);
}

/* Checks that this is everything on stderr. */
static void expect_one_line(Guest *guest, const char *part)
{
    guest_expect(guest, GUEST_ERR, part);
    guest_assert_one_line(guest);
}

/* A limit of the file's size acts on a write like a full disk, with another reason. */
static void test_full_disk(const GuestTarget *target)
{
    g_autofree char *path = guest_path("disk.img");
    make_image(path, SECTORS * SECTOR);
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){.rlim_cur = SECTORS / 2 * SECTOR, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel diskwrite.bin -flat cx=10 -hda %s", path);
    setrlimit(RLIMIT_FSIZE, &before);
    guest_expect(guest, GUEST_OUT, "command 1: disk error, status 71 error 04\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    expect_one_line(guest, "disk.img, sector 70: File too large; the guest sees an error\n");
}

/* Checks the status when the drive has finished. */
static void expect_status(Guest *guest, const char *status)
{
    g_autofree char *now = NULL;
    do {
        g_clear_pointer(&now, g_free);
        guest_shell_last(guest, "in 0x3f6");
        now = guest_expect_match(guest, GUEST_OUT, "^0x(..)\\r$");
        guest_shell_prompt(guest);
    } while (g_ascii_xdigit_value(now[0]) & 8);
    g_assert_cmpstr(now, ==, status);
}

static void read_sector(Guest *guest, unsigned sector, const char *status)
{
    g_autofree char *address = g_strdup_printf("out 0x1f3 %u", sector);
    guest_shell_say(guest, "out 0x1f2 1", "");
    guest_shell_say(guest, address, "");
    guest_shell_say(guest, "out 0x1f7 0x20", "");
    expect_status(guest, status);
}

static void test_file_that_shrinks(const GuestTarget *target)
{
    g_autofree char *path = guest_path("disk.img");
    g_autofree char *drive = g_strdup_printf("-hda %s", path);
    make_image(path, SECTORS * SECTOR);
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, drive);
    g_assert_cmpint(truncate(path, 50 * SECTOR), ==, 0);
    guest_shell_say(guest, "out 0x1f6 0xe0", "");
    read_sector(guest, 50, "51");
    guest_shell_say(guest, "in 0x1f1", "0x40\r\n");
    read_sector(guest, 51, "51");
    read_sector(guest, 49, "58");
    expect_one_line(guest,
                    "disk.img, sector 50: the file has become shorter; the guest sees an error\n");
}

/* No key is pressed.  The controller and the keyboard answer commands. */
static void test_keyboard(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel keyboard.bin -timeout 20");
    guest_expect(guest, GUEST_OUT, "self-test: 55\nlights: fa fa\nkeys:");
}

/* Only if both gates are closed, 0x120000 is the same address as 0x20000. */
static void test_a20(const GuestTarget *target)
{
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("this accelerator's address line 20 always passes");
        return;
    }
    g_autoptr(Guest) guest = guest_shell_start(target, &GUEST_ON_PIPES, "-debugport null");
    guest_shell_say(guest, "out 0x92 0", "");
    guest_shell_say(guest, "poke 0x20000 0x41", "");
    guest_shell_say(guest, "poke 0x120000 0x42", "");
    guest_shell_say(guest, "peek 0x20000 1",
                    "00020000 41                                               A\r\n");
    guest_shell_say(guest, "out 0x64 0xd1", "");
    guest_shell_say(guest, "out 0x60 0xdd", "");
    guest_shell_say(guest, "peek 0x120000 1",
                    "00120000 41                                               A\r\n");
    guest_shell_say(guest, "out 0x92 2", "");
    guest_shell_say(guest, "peek 0x120000 1",
                    "00120000 42                                               B\r\n");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("disk/diskread", test_diskread, GUEST_EVERY_IRQCHIP);
    guest_tests_add("disk/a_hundred_sectors_with_one_command", test_many_sectors,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("keyboard/answers_come_by_interrupt", test_keyboard, GUEST_EVERY_IRQCHIP);
    guest_tests_add("a20/line_passes_if_one_gate_is_open", test_a20, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("disk/no_disk_is_seen_as_none", test_no_disk, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("disk/the_end_of_the_disk_is_an_error", test_end_of_disk,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("disk/wrong_drives_are_refused", test_refusals, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("disk/a_second_writer_is_refused_until_the_first_ends", test_second_writer,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("disk/a_full_host_is_a_device_fault_and_one_line", test_full_disk,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("disk/a_file_that_shrinks_is_a_read_error_and_one_line", test_file_that_shrinks,
                    GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
