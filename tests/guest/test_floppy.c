/*
 * Diskettes: a guest that programs the controller itself, and INT 13h of our BIOS
 * for every format.
 */
#include "tests/guest/int13.h"

#include <string.h>

#define SECTOR 512u
#define KIB    1024u

/* ---- the guest that needs no INT 13h ---- */

static void copy_fdboot(const char *path)
{
    g_autofree char *from = g_strconcat(g_getenv("PIOEMU_BUILD"), "/guests/fdboot.bin", NULL);
    g_autofree char *data = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(from, &data, &size, NULL));
    g_assert_cmpuint(size, ==, 1440 * KIB);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

static void test_fdboot(const GuestTarget *target)
{
    static const char LINE[] = "loaded from cylinder 5, side 1, by DMA\n";
    g_autofree char *path = guest_path("fdboot.img");
    copy_fdboot(path);
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-fda %s -boot a", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT, LINE);
    guest_expect(guest, GUEST_OUT, "the last sector has it too\n");
    g_autofree char *data = NULL;
    g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
    g_assert_cmpstr(data + 1440 * KIB - SECTOR, ==, LINE);
}

static void test_fdboot_read_only(const GuestTarget *target)
{
    g_autofree char *path = guest_path("fdboot.img");
    copy_fdboot(path);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-drive file=%s,if=floppy,readonly=on -boot a", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT, "the last sector could not be written\n");
}

/* ---- INT 13h ---- */

/*
 * Reads the first track, the last sector, beyond the end of a track and across a
 * boundary of 64 KiB; then writes.
 */
static void test_format(const GuestTarget *target, unsigned kib, unsigned cylinders, unsigned heads,
                        unsigned sectors, unsigned type)
{
    uint16_t last_cl = (uint16_t)((cylinders - 1) << 8 | sectors);
    uint16_t last_dx = (uint16_t)((heads - 1) << 8);
    const Int13Call calls[] = {
        {0x0201, 0x0002, 0x0000, 0x2000, 0x0000},
        {0x0201, last_cl, last_dx, 0x2000, 0x0200},
        {0x0210, 0x0103, 0x0000, 0x2000, 0xf900},
        {0x0401, last_cl, last_dx, 0, 0},
        {0x0201, 0x0000 | (uint16_t)(sectors + 1), 0, 0x2000, 0},
        {0x0301, 0x0204, 0x0000, 0x07c0, 0x0000},
        {0x0800, 0, 0, 0, 0},
        INT13_CALLS_END,
    };
    Int13Image image = int13_new("int13.img", kib, calls, G_N_ELEMENTS(calls));
    unsigned track1 = heads * sectors;
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-fda %s -boot a", image.path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    int13_expect_line(guest, 0x0001, &calls[0], 0x0000, '.');
    int13_expect_sum(guest, int13_sum_of(&image, 1, 1));
    int13_expect_line(guest, 0x0001, &calls[1], 0x0200, '.');
    int13_expect_sum(guest, int13_sum_of(&image, (unsigned)(image.size / SECTOR) - 1, 1));
    int13_expect_line(guest, 0x0010, &calls[2], 0xf900, '.');
    int13_expect_sum(guest, int13_sum_of(&image, track1 + 2, 16));
    int13_expect_line(guest, 0x0001, &calls[3], 0, '.');
    int13_expect_line(guest, 0x0400, &calls[4], 0, 'C');
    int13_expect_line(guest, 0x0001, &calls[5], 0, '.');
    g_autofree char *type_text = g_strdup_printf("0000 %04x ", type);
    guest_expect(guest, GUEST_OUT, type_text);
    memcpy(image.data + (2 * track1 + 3) * SECTOR, image.data, SECTOR);
    int13_expect_file(&image);
    int13_free(&image);
}

/* `cat boot kernel`: after the file the 1440 KiB are zeros that cannot be written. */
static void test_odd_size(const GuestTarget *target)
{
    static const Int13Call calls[] = {
        {0x0212, 0x0001, 0x0000, 0x2000, 0}, {0x0205, 0x0001, 0x0100, 0x2000, 0},
        {0x0201, 0x0006, 0x0100, 0x2000, 0}, {0x0201, 0x4f12, 0x0100, 0x2000, 0},
        {0x0201, 0x4f13, 0x0100, 0x2000, 0}, {0x0301, 0x0006, 0x0100, 0x07c0, 0},
        {0x0301, 0x0004, 0x0100, 0x07c0, 0}, INT13_CALLS_END,
    };
    Int13Image image = int13_new("int13.img", 12, calls, G_N_ELEMENTS(calls));
    image.size = 11381;
    memset(image.data + image.size, 0, 12 * KIB - image.size);
    g_assert_true(
        g_file_set_contents(image.path, (const char *)image.data, (gssize)image.size, NULL));
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-fda %s -boot a", image.path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    int13_expect_line(guest, 0x0012, &calls[0], 0, '.');
    int13_expect_sum(guest, int13_sum_of(&image, 0, 18));
    int13_expect_line(guest, 0x0005, &calls[1], 0, '.');
    int13_expect_sum(guest, int13_sum_of(&image, 18, 5));
    int13_expect_line(guest, 0x0001, &calls[2], 0, '.');
    int13_expect_sum(guest, 0);
    int13_expect_line(guest, 0x0001, &calls[3], 0, '.');
    int13_expect_sum(guest, 0);
    int13_expect_line(guest, 0x0400, &calls[4], 0, 'C');
    g_free(guest_expect_match(guest, GUEST_OUT, "^[0-9a-f]{4} 0000 0006 0100 C"));
    int13_expect_line(guest, 0x0001, &calls[6], 0, '.');
    guest_expect(guest, GUEST_ERR, "the file ends before it");
    memcpy(image.data + 21 * SECTOR, image.data, SECTOR);
    int13_expect_file(&image);
    int13_free(&image);
}

static void test_formats(const GuestTarget *target)
{
    static const struct {
        unsigned kib, cylinders, heads, sectors, type;
    } FORMATS[] = {
        {160, 40, 1, 8, 1},  {180, 40, 1, 9, 1},   {320, 40, 2, 8, 1},   {360, 40, 2, 9, 1},
        {720, 80, 2, 9, 3},  {1200, 80, 2, 15, 2}, {1440, 80, 2, 18, 4}, {2880, 80, 2, 36, 5},
        {800, 80, 2, 10, 3}, {1680, 80, 2, 21, 4}, {1743, 83, 2, 21, 4}, {3200, 80, 2, 40, 5},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        test_format(target, FORMATS[i].kib, FORMATS[i].cylinders, FORMATS[i].heads,
                    FORMATS[i].sectors, FORMATS[i].type);
    }
}

/* Status, type, change line, the results of AH = 17h and 18h, and a drive that does not exist. */
static void test_others(const GuestTarget *target)
{
    static const Int13Call calls[] = {
        {0x0201, 0x0000, 0x0000, 0x2000, 0}, {0x0100, 0, 0x0000, 0, 0},
        {0x1500, 0, 0x0000, 0, 0},           {0x1600, 0, 0x0000, 0, 0},
        {0x1800, 0x4f12, 0x0000, 0, 0},      {0x1800, 0x4f09, 0x0000, 0, 0},
        {0x1703, 0, 0x0000, 0, 0},           {0x0301, 0x0001, 0x0000, 0x2000, 0},
        {0x0000, 0, 0x0000, 0, 0},           {0x1500, 0, 0x0001, 0, 0},
        {0x0201, 0x0001, 0x0001, 0x2000, 0}, INT13_CALLS_END,
    };
    static const struct {
        uint16_t ax;
        char carry;
    } ANSWERS[] = {
        {0x0100, 'C'}, {0x0100, 'C'}, {0x0200, '.'}, {0x0000, '.'}, {0x0000, '.'}, {0x0c00, 'C'},
        {0x0103, 'C'}, {0x0300, 'C'}, {0x0000, '.'}, {0x0000, '.'}, {0x0101, 'C'},
    };
    Int13Image image = int13_new("int13.img", 1440, calls, G_N_ELEMENTS(calls));
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-drive file=%s,if=floppy,readonly=on -boot a", image.path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(ANSWERS); i++) {
        int13_expect_line(guest, ANSWERS[i].ax, &calls[i], calls[i].bx, ANSWERS[i].carry);
    }
    int13_free(&image);
}

/* AH = 05h with a list of sectors from the image itself. */
static void test_format_track(const GuestTarget *target)
{
    static const Int13Call calls[] = {
        {0x0201, 0x0003, 0x0000, 0x0000, 0x8000},
        {0x0512, 0x0700, 0x0100, 0x0000, 0x8000},
        INT13_CALLS_END,
    };
    Int13Image image = int13_new("int13.img", 1440, calls, G_N_ELEMENTS(calls));
    for (unsigned i = 0; i < 18; i++) {
        const uint8_t id[] = {7, 1, (uint8_t)(i + 1), 2};
        memcpy(image.data + 2 * SECTOR + i * sizeof(id), id, sizeof(id));
    }
    g_assert_true(
        g_file_set_contents(image.path, (const char *)image.data, (gssize)image.size, NULL));
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-fda %s -boot a", image.path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    int13_expect_line(guest, 0x0012, &calls[1], 0x8000, '.');
    memset(image.data + 15 * 18 * SECTOR, 0xf6, 18 * SECTOR);
    int13_expect_file(&image);
    int13_free(&image);
}

/* ---- what does not boot ---- */

static void test_no_signature(const GuestTarget *target)
{
    g_autofree char *path = guest_path("blank.img");
    g_autofree char *blank = g_malloc0(360 * KIB);
    g_assert_true(g_file_set_contents(path, blank, 360 * KIB, NULL));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-fda %s -boot a -device exit-port", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
    guest_expect(guest, GUEST_OUT,
                 "Not booted from floppy: no boot signature (55h AAh) in its first sector");
}

static void test_refusals(const GuestTarget *target)
{
    g_autofree char *path = guest_path("odd.img");
    g_autofree char *blank = g_malloc0(3000 * KIB + 1);
    g_assert_true(g_file_set_contents(path, blank, 3000 * KIB + 1, NULL));
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-fda %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 2);
    guest_expect(guest, GUEST_ERR, "3072001 bytes are too many for a diskette");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("floppy/loader_programs_the_controller", test_fdboot, GUEST_EVERY_IRQCHIP);
    guest_tests_add("floppy/loader_on_a_read_only_diskette", test_fdboot_read_only,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("floppy/image_of_odd_size", test_odd_size, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("floppy/int13_knows_every_format", test_formats, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("floppy/int13_answers", test_others, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("floppy/int13_formats_a_track", test_format_track, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("floppy/without_a_signature_nothing_boots", test_no_signature,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("floppy/odd_sizes_are_refused", test_refusals, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
