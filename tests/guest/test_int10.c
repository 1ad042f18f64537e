/* INT 10h of our BIOS on a VGA, and what the terminal shows of it. */
#include "tests/guest/boot_disk.h"
#include "tests/guest/guest_rig.h"

#include <string.h>

#define SECTOR     512u
#define SECTOR_END 508u /* the number at this offset is that of the list */

typedef struct Call {
    uint16_t ax, bx, cx, dx, di;
} Call;

static char *make_disk(const Call *calls, size_t size)
{
    g_autofree char *built =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "tests/guest/int10_sector.bin", NULL);
    g_autofree char *sector = NULL;
    gsize length;
    uint16_t at;
    g_assert_true(g_file_get_contents(built, &sector, &length, NULL) && length == SECTOR);
    memcpy(&at, sector + SECTOR_END, sizeof(at));
    g_assert_cmpuint(at + size + 2, <=, SECTOR_END);
    memcpy(sector + at, calls, size);
    memset(sector + at + size, 0xff, 2);
    return boot_disk_make_of(sector, SECTOR, BOOT_DISK_SIZE);
}

/* Makes the calls, and compares what is printed. */
static void assert_calls(const GuestTarget *target, const char *options, const Call *calls,
                         size_t size, const char *text)
{
    g_autofree char *disk = make_disk(calls, size);
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "%s -boot c -hda %s -debugcon stdio -serial null -debugport none",
        options, disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_auto(GStrv) lines = g_strsplit(guest_output(guest, GUEST_OUT)->str, " \n", -1);
    g_autofree char *plain = g_strjoinv("\n", lines);
    g_assert_cmpstr(plain, ==, text);
}

#define CALLS(target, options, text, ...)                                                          \
    do {                                                                                           \
        static const Call calls[] = {__VA_ARGS__};                                                 \
        assert_calls(target, options, calls, sizeof(calls), text);                                 \
    } while (0)

/* AX, BX, CX, DX, and the word at B800:DI. */
static void test_text(const GuestTarget *target)
{
    CALLS(target, "-vga std",
          "0030 0000 0000 0000 0720\n" /* mode 3 */
          "5003 0000 0000 0000 0720\n" /* it is set, with 80 columns */
          "0200 0000 0000 0105 0720\n"
          "0958 001E 0002 0000 1E58\n" /* two characters, at row 1, column 5 */
          "0E59 0007 0000 0000 1E59\n" /* the teletype keeps the attribute */
          "0E0A 0000 0000 0000 1E58\n"
          "0300 0000 0607 0206 1E58\n"
          "1301 001F 0002 1800 1F62\n" /* "ab" in the last row */
          "0601 0700 0000 184F 1F61\n" /* scrolls by a line */
          "0200 0000 0000 1701 0720\n"
          "1F62 0000 0000 0000 0720\n",
          {0x0003, 0, 0, 0, 0}, {0x0f00, 0, 0, 0, 0}, {0x0200, 0, 0, 0x0105, 0},
          {0x0958, 0x001e, 2, 0, 172}, {0x0e59, 7, 0, 0, 170}, {0x0e0a, 0, 0, 0, 172},
          {0x0300, 0, 0, 0, 172}, {0x1301, 0x1f, 2, 0x1800, 3842},
          {0x0601, 0x0700, 0, 0x184f, 3680}, {0x0200, 0, 0, 0x1701, 3840}, {0x0800, 0, 0, 0, 3840});
}

/* Runs a script of -expect beside calls that write XX at row 1, column 5. */
static void assert_script(const GuestTarget *target, const char *script, int status,
                          const char *reason)
{
    static const Call CALLS[] = {
        {0x0003, 0, 0, 0, 0}, {0x0200, 0, 0, 0x0105, 0}, {0x0958, 0x001e, 2, 0, 0}};
    g_autofree char *disk = make_disk(CALLS, sizeof(CALLS));
    g_autofree char *file = guest_path("screen.expect"), *result = guest_path("screen.json");
    g_autofree char *json = NULL;
    g_assert_true(g_file_set_contents(file, script, -1, NULL));
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-vga std -boot c -hda %s -serial null -debugcon null "
                                         "-debugport none -expect %s -result %s",
                                         disk, file, result);
    g_assert_cmpint(guest_wait_exit(guest), ==, status);
    g_assert_nonnull(strstr(guest_output(guest, GUEST_ERR)->str, reason));
    g_assert_true(g_file_get_contents(result, &json, NULL, NULL));
    g_assert_nonnull(strstr(json, ",\"screen\":\"\\n     XX\\n\"}"));
}

static void test_a_script_sees_the_screen(const GuestTarget *target)
{
    assert_script(target,
                  "screen \"XX\" 30\nscreen-at 1 5 \"XX$\"\nscreen-at 1 0 \" {5}X\"\nexit 7\n", 7,
                  "");
    assert_script(target, "screen \"XX\" 30\nscreen-at 1 4 \"X\"\nexit 7\n", 1,
                  "-expect, line 2: the guest ended before the script, at \"X\"");
}

static void test_fonts(const GuestTarget *target)
{
    CALLS(target, "-vga std",
          /* The first cell has the p of the greeting. */
          "1112 0000 0000 0000 0770\n"
          "1130 0600 0008 0031 0770\n" /* characters of 8 lines, and 50 rows */
          "1210 0003 0009 0000 0770\n"
          "1A1A 0008 0000 0000 0770\n",
          {0x1112, 0, 0, 0, 0}, {0x1130, 0x0600, 0, 0, 0}, {0x1210, 0x0010, 0, 0, 0},
          {0x1a00, 0, 0, 0, 0});
}

static void assert_pixel(const GuestTarget *target, uint16_t mode, uint16_t colour,
                         const char *text)
{
    const Call calls[] = {{mode, 0, 0, 0, 0},
                          {(uint16_t)(0x0c00 | colour), 0, 319, 199, 0},
                          {0x0d00, 0, 319, 199, 0},
                          {0x0d00, 0, 318, 199, 0}};
    assert_calls(target, "-vga std", calls, sizeof(calls), text);
}

static void test_graphics(const GuestTarget *target)
{
    assert_pixel(target, 0x13, 0xc8,
                 "0020 0000 0000 0000 FFFF\n0CC8 0000 013F 00C7 FFFF\n0DC8 0000 013F 00C7 FFFF\n"
                 "0D00 0000 013E 00C7 FFFF\n");
    assert_pixel(target, 0x12, 0x0e,
                 "0020 0000 0000 0000 FFFF\n0C0E 0000 013F 00C7 FFFF\n0D0E 0000 013F 00C7 FFFF\n"
                 "0D00 0000 013E 00C7 FFFF\n");
    assert_pixel(target, 0x04, 0x02,
                 "0030 0000 0000 0000 0000\n0C02 0000 013F 00C7 0000\n0D02 0000 013F 00C7 0000\n"
                 "0D00 0000 013E 00C7 0000\n");
}

/* VBE 3.0 has 16 MiB, sets a linear mode, and says no to what there is not. */
static void test_vbe(const GuestTarget *target)
{
    CALLS(target, "-vga std",
          "004F 0000 0000 0000 0720\n"
          "004F 0000 0118 0000 0720\n"
          "004F 4118 0000 0000 FFFF\n"
          "004F 4118 0000 0000 FFFF\n"
          "004F 0C00 0400 1555 FFFF\n"
          "014F 0999 0000 0000 FFFF\n"
          "0100 0000 0000 0000 FFFF\n"
          "004F 0003 0000 0000 0720\n",
          {0x4f00, 0, 0, 0, 0x3000}, {0x4f01, 0, 0x118, 0, 0x3000}, {0x4f02, 0x4118, 0, 0, 0},
          {0x4f03, 0, 0, 0, 0}, {0x4f06, 0x0001, 0, 0, 0}, {0x4f02, 0x0999, 0, 0, 0},
          {0x4f0a, 0, 0, 0, 0}, {0x4f02, 0x0003, 0, 0, 0});
}

static void test_isapc(const GuestTarget *target)
{
    CALLS(target, "-M isapc -vga std", "0030 0000 0000 0000 0720\n004F 0000 0000 0000 0720\n",
          {0x0003, 0, 0, 0, 0}, {0x4f00, 0, 0, 0, 0x3000});
}

/* Without a viewer of the screen, the terminal shows the text as well. */
static void test_mirror(const GuestTarget *target)
{
    static const Call CALLS_[] = {{0x0e51, 0, 0, 0, 0}, {0x0e52, 0, 0, 0, 0}};
    g_autofree char *disk = make_disk(CALLS_, sizeof(CALLS_));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-vga std -boot c -hda %s -debugport none", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_nonnull(strstr(guest_output(guest, GUEST_OUT)->str, "memory\r\nQR"));
}

/* Prints a letter, and dies of a triple fault: its table of interrupts is empty. */
static void test_death(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0xb8, 0x51, 0x0e,             /* mov $0x0e51, %ax */
                                   0xcd, 0x10,                   /* int $0x10 */
                                   0x0f, 0x01, 0x1e, 0x00, 0x7d, /* lidt 0x7d00 */
                                   0xcc};                        /* int3 */
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("not every host ends a guest in real mode that has no vectors");
        return;
    }
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-vga std -boot c -hda %s -serial null -debugport none -no-reboot", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 4);
    const char *screen = strstr(guest_output(guest, GUEST_ERR)->str, "The screen:\n");
    g_assert_nonnull(screen);
    g_assert_nonnull(strstr(screen, "memory\nQ\n"));
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("int10/text_goes_to_the_screen", test_text, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("int10/a_script_sees_the_screen", test_a_script_sees_the_screen,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("int10/fonts_change_the_rows", test_fonts, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("int10/pixels_are_drawn_and_read", test_graphics, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("int10/vbe_sets_modes", test_vbe, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("int10/a_vga_on_the_isa_bus_is_the_same", test_isapc, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("int10/the_terminal_shows_the_text_too", test_mirror, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("int10/the_report_of_a_death_has_the_screen", test_death,
                    GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
