/*
 * The BIOS: how its services answer programs, what it shows on the terminal and
 * takes from it, and what it prints about devices that it cannot boot.
 */
#include "tests/guest/boot_disk.h"
#include "tests/guest/guest_rig.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BANNER "pioemu BIOS " PIOEMU_VERSION ": "

/* The limit for the way from the reset to the boot sector. */
#define INSTRUCTIONS_MAX 30000u

#define NO_SIGNATURE                                                                               \
    "Not booted from hard disk: no boot signature (55h AAh) in its first sector\r\n"

static char *make_test_disk(const char *name)
{
    g_autofree char *image =
        g_strdup_printf("%s/guests/biostest/%s.img", g_getenv("PIOEMU_BUILD"), name);
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;
    g_file_get_contents(image, &data, &size, &error);
    g_assert_no_error(error);
    return boot_disk_make_of(data, size, BOOT_DISK_SIZE);
}

/* ---- services ---- */

/* Every line that the guest prints must report a success. */
static void assert_all_ok(const char *output, unsigned at_least)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    unsigned passed = 0, planned = 0;
    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "not ok")) {
            g_test_message("%s (%s)", *line, line[1] ? line[1] : "");
            g_test_fail();
        }
        passed += g_str_has_prefix(*line, "ok ");
        planned = g_str_has_prefix(*line, "1..") ? (unsigned)atoi(*line + 3) : planned;
    }
    g_assert_cmpuint(passed, ==, planned);
    g_assert_cmpuint(planned, >=, at_least);
}

static void run_checks(const GuestTarget *target, const char *name, const char *drives,
                       unsigned at_least)
{
    g_autofree char *disk = make_test_disk(name);
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-hda %s %s -serial null -serial null -debugcon stdio "
                                         "-device exit-port -boot c -timeout 60",
                                         disk, drives);
    int status = guest_wait_exit(guest);
    assert_all_ok(guest_output(guest, GUEST_OUT)->str, at_least);
    g_assert_cmpint(status, ==, 0);
}

static void test_services(const GuestTarget *target)
{
    run_checks(target, "biostest", "", 270);
}

/* Makes a disc whose 16-bit words are the numbers of their blocks. */
static char *make_numbered_disc(void)
{
    enum { BLOCK = 2048, BLOCKS = 200 };
    g_autoptr(GError) error = NULL;
    g_autofree uint16_t *words = g_malloc(BLOCK * BLOCKS);
    char *path = guest_path("numbered.iso");
    for (unsigned i = 0; i < BLOCK / 2 * BLOCKS; i++) {
        words[i] = (uint16_t)(i / (BLOCK / 2));
    }
    g_file_set_contents(path, (const char *)words, BLOCK * BLOCKS, &error);
    g_assert_no_error(error);
    return path;
}

static void test_devices(const GuestTarget *target)
{
    g_autofree char *disc = make_numbered_disc();
    g_autofree char *drives = g_strdup_printf("-cdrom %s", disc);
    run_checks(target, "biosdevices", drives, 140);
}

/* The status is AH of INT 15h, AX = C205h; bit 6 is set if INT 11h reports a mouse. */
static void test_mouse_or_none(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0xb8, 0x05, 0xc2, 0xb7, 0x03, 0xcd, 0x15, 0x88, 0xe3, 0xcd,
                                   0x11, 0x24, 0x04, 0xc0, 0xe0, 0x04, 0x08, 0xd8, 0xe6, 0xf4};
    static const struct {
        const char *mouse;
        int status;
    } CASES[] = {{"on", 0x40}, {"off", 0x03}};
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port -global i8042.mouse=%s",
                        disk, CASES[i].mouse);
        g_assert_cmpint(guest_wait_exit(guest), ==, CASES[i].status);
    }
}

static void test_memory_above_4g(const GuestTarget *target)
{
    g_autofree char *disk = make_test_disk("biostest");
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-hda %s -serial null -debugcon stdio -timeout 60 -m 5G", disk);
    guest_expect(guest, GUEST_OUT, "# base is 0x100000\n");
    guest_expect(guest, GUEST_OUT, "# size is 0xbff00000\n");
    guest_expect(guest, GUEST_OUT,
                 "# base_high is 0x1\n# size is 0x80000000\n"
                 "# size_high is 0x0\n# type is 0x1\n");
}

/* ---- the boot ---- */

static void expect_boots(const GuestTarget *target, const char *arguments, int status,
                         const char *text)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "%s", arguments);
    guest_expect(guest, GUEST_OUT, BANNER);
    guest_expect(guest, GUEST_OUT, text);
    g_assert_cmpint(guest_wait_exit(guest), ==, status);
}

static void test_nothing_to_boot(const GuestTarget *target)
{
    g_autofree char *empty = boot_disk_make_of("", 1, BOOT_DISK_SIZE);
    g_autofree char *unsigned_disk = g_strdup_printf("-hda %s -boot c", empty);
    expect_boots(target, "-boot dc", 1,
                 "Not booted from CD-ROM: there is none\r\n"
                 "Not booted from hard disk: there is none\r\n"
                 "Nothing to boot\r\n");
    expect_boots(target, unsigned_disk, 1, NO_SIGNATURE "Nothing to boot\r\n");
}

static void test_giving_up(const GuestTarget *target)
{
    static const uint8_t INT18[] = {0xcd, 0x18};
    g_autofree char *disk = boot_disk_make(INT18, sizeof(INT18));
    g_autofree char *arguments = g_strdup_printf("-hda %s -boot cd", disk);
    expect_boots(target, arguments, 1,
                 "Not booted from hard disk: its program gave up (INT 18h)\r\n"
                 "Not booted from CD-ROM: there is none\r\nNothing to boot\r\n");
}

/* The program ends when it runs for the second time: the byte at 0:500h is kept. */
static void test_again(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0xf6, 0x16, 0x00, 0x05,                   /* not byte [500h] */
                                   0x80, 0x3e, 0x00, 0x05, 0x00, 0x74, 0x02, /* zero: skip */
                                   0xcd, 0x19, 0xb0, 0x07, 0xe6, 0xf4};
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 7);
}

/*
 * Shutdown code 0Ah in the CMOS, 0:7C22h at 40:67h, and a reset by the keyboard
 * controller.  In this way programs for the 80286 return to real mode.
 */
static void test_shutdown(const GuestTarget *target)
{
    static const uint8_t CODE[] = {
        0xb0, 0x0f, 0xe6, 0x70, 0xb0, 0x0a, 0xe6, 0x71, /* cmos[0Fh] = 0Ah */
        0xc7, 0x06, 0x67, 0x04, 0x1c, 0x7c,             /* [467h] = 7C1Ch */
        0xc7, 0x06, 0x69, 0x04, 0x00, 0x00,             /* [469h] = 0 */
        0xb0, 0xfe, 0xe6, 0x64,                         /* reset */
        0xf4, 0xeb, 0xfd, 0x90,                         /* wait for it */
        0xb0, 0x09, 0xe6, 0xf4,                         /* exit status 9 */
    };
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 9);
}

/* Ctrl, Alt and Del, which the controller passes on as if the keyboard had sent them. */
static void test_ctrl_alt_del(const GuestTarget *target)
{
    static const uint8_t CODE[] = {
        0xbe, 0x13, 0x7c,             /* si: the codes */
        0xb0, 0xd2, 0xe6, 0x64, 0xac, /* next: the command, lodsb */
        0xe6, 0x60, 0xb9, 0x00, 0x10, /* the code */
        0xe2, 0xfe, 0xeb, 0xf2, 0x90, /* some time to serve it, next */
        0x90, 0x1d, 0x38, 0x53,       /* the codes */
    };
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autofree char *arguments = g_strdup_printf("-hda %s -no-reboot -timeout 20", disk);
    expect_boots(target, arguments, 0, "memory\r\n");
}

/* INT 15h, AX = 5301h and 5307h.  If the call returns, the status is 7. */
static void test_apm_power_off(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0xb8, 0x01, 0x53, 0x31, 0xdb, 0xcd, 0x15, 0xb8,
                                   0x07, 0x53, 0xbb, 0x01, 0x00, 0xb9, 0x03, 0x00,
                                   0xcd, 0x15, 0xb0, 0x07, 0xe6, 0xf4};
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* INT 15h, AX = 2400h, and then 2402h, whose result is the status. */
static void test_a20(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0xb8, 0x00, 0x24, 0xcd, 0x15, 0xb8,
                                   0x02, 0x24, 0xcd, 0x15, 0xe6, 0xf4};
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("this accelerator's address line 20 always passes");
        return;
    }
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* The status tells whether RDTSC, which counts instructions on the software CPU, is too high. */
static void test_instructions(const GuestTarget *target)
{
    static const uint8_t CODE[] = {
        0x0f,
        0x31, /* rdtsc */
        0x66,
        0x3d,
        INSTRUCTIONS_MAX & 0xff,
        INSTRUCTIONS_MAX >> 8,
        0x00,
        0x00, /* cmp eax */
        0x0f,
        0x97,
        0xc0, /* seta al */
        0xe6,
        0xf4,
    };
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("this accelerator's time stamp counter counts no instructions");
        return;
    }
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* ---- the terminal ---- */

static void test_boot_sector(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda bootsect.img -snapshot -device exit-port");
    guest_expect(guest, GUEST_OUT, BANNER "639 KiB low and 130048 KiB extended memory\r\n");
    guest_expect(guest, GUEST_OUT,
                 "Hello from the boot sector.\r\n"
                 "Hello from the second sector. Type, and q to end.\r\n");
    guest_type(guest, "aZ1~\r\033[A\033[1;5C\033OP\033[24~\n\303\251q");
    guest_expect(guest, GUEST_OUT, "aZ1~\r\n<48><74><3B><86>\r\n\303\251\r\nBye.\r\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* More than the FIFO and the keyboard's buffer hold. */
static void test_pasting(const GuestTarget *target)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < 400; i++) {
        g_string_append_c(text, (char)('A' + i % 26));
    }
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda bootsect.img -snapshot -device exit-port");
    guest_type(guest, text->str);
    guest_type(guest, "q");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_autoptr(GString) shown = g_string_new(guest_output(guest, GUEST_OUT)->str);
    g_string_replace(shown, "\r\n", "", 0);
    g_assert_nonnull(strstr(shown->str, text->str));
}

/* Esc is a key if nothing follows it. */
static void test_escape(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda bootsect.img -snapshot -device exit-port");
    guest_expect(guest, GUEST_OUT, "q to end.\r\n");
    guest_type(guest, "\033");
    guest_expect(guest, GUEST_OUT, "\342\206\220"); /* how the screen shows it */
    guest_type(guest, "\033x");
    guest_expect(guest, GUEST_OUT, "<2D>");
    guest_type(guest, "q");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/* INT 10h with AX, BX, CX, DX. */
static void call_10h(GByteArray *code, uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx)
{
    const uint16_t values[] = {ax, bx, cx, dx};
    static const uint8_t MOVES[] = {0xb8, 0xbb, 0xb9, 0xba}, INT[] = {0xcd, 0x10};
    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        g_byte_array_append(code, &MOVES[i], 1);
        g_byte_array_append(code, (const uint8_t *)&values[i], sizeof(values[i]));
    }
    g_byte_array_append(code, INT, sizeof(INT));
}

static void test_screen(const GuestTarget *target)
{
    static const uint8_t END[] = {0x30, 0xc0, 0xe6, 0xf4};
    g_autoptr(GByteArray) code = g_byte_array_new();
    call_10h(code, 0x0003, 0, 0, 0);                /* clear */
    call_10h(code, 0x0200, 0, 0, 0x0205);           /* cursor to row 2, column 5 */
    call_10h(code, 0x0941, 0x001e, 2, 0);           /* AA, yellow on blue */
    call_10h(code, 0x0200, 0, 0, 0x0207);           /* after them */
    call_10h(code, 0x0ec4, 0x0007, 0, 0);           /* a line */
    call_10h(code, 0x0200, 0, 0, 0x0000);           /* home */
    call_10h(code, 0x0100, 0, 0x2000, 0);           /* cursor off */
    call_10h(code, 0x0601, 0x0700, 0x0500, 0x094f); /* rows 5 to 9 go up */
    call_10h(code, 0x0200, 0, 0, 0x184f);           /* the last place, */
    call_10h(code, 0x0e5a, 0x0007, 0, 0);           /* which scrolls */
    g_byte_array_append(code, END, sizeof(END));
    g_autofree char *disk = boot_disk_make(code->data, code->len);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port", disk);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT,
                 "extended memory\r\n\033[H\033[2J"
                 "\n\n\033[5C"
                 "\033[0;93;44mAA"
                 "\033[0m\342\224\200"
                 "\033[2A\r"
                 "\033[?25l"
                 "\n\n\n\n\n\033[M\n\n\n\n\033[L\033[9A"
                 "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\033[79C"
                 "Z\r\n");
}

/* ---- big disks ---- */

/* The status is the number of heads less one, from INT 13h, AH = 08h. */
static void expect_heads(const GuestTarget *target, uint64_t size, int heads)
{
    static const uint8_t CODE[] = {0xb2, 0x81, 0xb4, 0x08, 0xcd, 0x13, 0x88, 0xf0, 0xe6, 0xf4};
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    g_autofree char *big = guest_path("big.img");
    int fd = g_open(big, O_RDWR | O_CREAT | O_TRUNC, 0600);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    close(fd);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -hdb %s -device exit-port", disk, big);
    g_assert_cmpint(guest_wait_exit(guest), ==, heads - 1);
}

static void test_geometry(const GuestTarget *target)
{
    expect_heads(target, UINT64_C(500) << 20, 16);
    expect_heads(target, UINT64_C(600) << 20, 32);
    expect_heads(target, UINT64_C(3) << 30, 128);
    expect_heads(target, UINT64_C(300) << 30, 255);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("bios/services_answer_as_the_pc_s_do", test_services, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/services_answer_for_devices", test_devices, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/a_mouse_that_is_not_there_is_not_told_of", test_mouse_or_none,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/memory_above_4g_is_in_the_map", test_memory_above_4g,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/a_boot_sector_prints_reads_and_hears_keys", test_boot_sector,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("bios/no_key_is_lost_in_a_paste", test_pasting, GUEST_EVERY_IRQCHIP);
    guest_tests_add("bios/escape_alone_is_a_key", test_escape, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/what_cannot_be_booted_is_said_with_the_reason", test_nothing_to_boot,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/int_18h_goes_on_to_the_next_device", test_giving_up,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/int_19h_boots_again", test_again, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/shutdown_code_0ah_jumps_to_40_67", test_shutdown, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/apm_switches_off", test_apm_power_off, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/address_line_20_is_switched_off", test_a20, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/ctrl_alt_del_resets", test_ctrl_alt_del, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/boot_sector_is_reached_in_30000_instructions", test_instructions,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/screen_is_shown_with_relative_movements", test_screen,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/geometry_grows_with_the_disk", test_geometry, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
