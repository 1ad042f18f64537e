/*
 * Virtio disks in INT 13h of our BIOS: by cylinder, head and sector, beside IDE
 * disks, and when they fail.
 */
#include "tests/guest/int13.h"

#include <string.h>

#define SECTOR 512u
/* 63 sectors a track and 16 heads. */
#define SECTORS_CYLINDER 1008u

static void test_transfers(const GuestTarget *target)
{
    const Int13Call calls[] = {
        {0x0201, 0x0002, 0x0080, 0x2000, 0x0000},
        {0x0210, 0x013f, 0x0f80, 0x2000, 0xf900}, /* across cylinders and 64 KiB */
        {0x0401, 0x0001, 0x0080, 0x0000, 0x0000},
        {0x0201, 0x0101, 0x1080, 0x2000, 0x0000},
        {0x0301, 0x0204, 0x0080, 0x07c0, 0x0000},
        {0x0800, 0x0000, 0x0080, 0x0000, 0x0000},
        INT13_CALLS_END,
    };
    Int13Image image = int13_new("int13.img", 4096, calls, G_N_ELEMENTS(calls));
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-boot c -drive file=%s,if=virtio,format=raw", image.path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    int13_expect_line(guest, 0x0001, &calls[0], 0x0000, '.');
    int13_expect_sum(guest, int13_sum_of(&image, 1, 1));
    int13_expect_line(guest, 0x0010, &calls[1], 0xf900, '.');
    int13_expect_sum(guest, int13_sum_of(&image, 2 * SECTORS_CYLINDER - 1, 16));
    int13_expect_line(guest, 0x0001, &calls[2], 0x0000, '.');
    int13_expect_line(guest, 0x0400, &calls[3], 0x0000, 'C');
    int13_expect_line(guest, 0x0001, &calls[4], 0x0000, '.');
    guest_expect(guest, GUEST_OUT, "0000 0000 073f 0f01 .");
    memcpy(image.data + (2 * SECTORS_CYLINDER + 3) * SECTOR, image.data, SECTOR);
    int13_expect_file(&image);
    int13_free(&image);
}

/* The IDE disk is 80h, and the virtio disks follow in the order of their slots. */
static void test_numbers(const GuestTarget *target)
{
    const Int13Call calls[] = {
        {0x0201, 0x0002, 0x0081, 0x2000, 0},
        {0x0201, 0x0002, 0x0082, 0x2000, 0},
        {0x0201, 0x0002, 0x0083, 0x2000, 0},
        {0x0301, 0x0002, 0x0081, 0x2000, 0},
        INT13_CALLS_END,
    };
    const Int13Call none[] = {INT13_CALLS_END};
    Int13Image ide = int13_new("ide.img", 2048, calls, G_N_ELEMENTS(calls));
    Int13Image first = int13_new("first.img", 1024, calls, 1);
    Int13Image second = int13_new("second.img", 4096, none, 1);
    second.data[SECTOR]++;
    g_assert_true(
        g_file_set_contents(second.path, (const char *)second.data, (gssize)second.size, NULL));
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES,
        "-boot c -hda %s -drive file=%s,if=none,id=b,format=raw -drive "
        "file=%s,if=none,id=a,format=raw,readonly=on -device virtio-blk-pci,drive=b,addr=9 "
        "-device virtio-blk-pci,drive=a,addr=8",
        ide.path, second.path, first.path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    int13_expect_line(guest, 0x0001, &calls[0], 0, '.');
    int13_expect_sum(guest, int13_sum_of(&first, 1, 1));
    int13_expect_line(guest, 0x0001, &calls[1], 0, '.');
    int13_expect_sum(guest, int13_sum_of(&second, 1, 1));
    int13_expect_line(guest, 0x0101, &calls[2], 0, 'C');
    int13_expect_line(guest, 0x0300, &calls[3], 0, 'C');
    int13_free(&ide);
    int13_free(&first);
    int13_free(&second);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("virtio_boot/int_13h_reads_and_writes", test_transfers, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("virtio_boot/disks_follow_those_of_ide", test_numbers, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
