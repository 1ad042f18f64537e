/*
 * Booting from CD-ROM with our BIOS: every kind of El Torito image, the messages
 * for discs that do not boot, and a disc that another program made.
 */
#include "tests/guest/guest_rig.h"

#include <string.h>

#define BLOCK   2048u
#define SECTOR  512u
#define RECORD  17u
#define CATALOG 19u
#define IMAGE   20u
#define BLOCKS  800u

#define BOOT_IMAGE "/tests/guest/eltorito_sector.bin"

typedef enum Kind { KIND_NONE, KIND_1200, KIND_1440, KIND_2880, KIND_DISK } Kind;

typedef struct Disc {
    uint8_t *data;
    char *path;
} Disc;

static void put16(uint8_t *bytes, unsigned value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

/* "The sum of all its words is 0." */
static void put_validation(uint8_t *entry, uint8_t platform)
{
    unsigned sum = 0;
    memset(entry, 0, 32);
    entry[0] = 1;
    entry[1] = platform;
    put16(entry + 30, 0xaa55);
    for (unsigned i = 0; i < 32; i += 2) {
        sum += entry[i] | (unsigned)entry[i + 1] << 8;
    }
    put16(entry + 28, 0x10000 - (sum & 0xffff));
}

static void put_entry(uint8_t *entry, Kind kind, unsigned sectors)
{
    entry[0] = 0x88;
    entry[1] = (uint8_t)kind;
    put16(entry + 6, sectors);
    put16(entry + 8, IMAGE);
}

static char *read_boot_image(gsize *size)
{
    g_autofree char *from = g_strconcat(g_getenv("PIOEMU_BUILD"), BOOT_IMAGE, NULL);
    char *code;
    g_assert_true(g_file_get_contents(from, &code, size, NULL));
    return code;
}

/*
 * Makes a disc with the minimum for a boot.  The geometry of a hard disk is 40
 * cylinders, 4 heads, 17 sectors.
 */
static Disc disc_new(Kind kind)
{
    Disc disc = {.data = g_malloc0(BLOCKS * BLOCK), .path = guest_path("disc.iso")};
    gsize size;
    g_autofree char *code = read_boot_image(&size);
    uint8_t *image = disc.data + IMAGE * BLOCK;
    memcpy(image, code, size);
    memcpy(image + 446, (const uint8_t[]){0x80, 1, 1, 0, 6, 3, 17, 39}, 8);
    memcpy(disc.data + 16 * BLOCK, "\1CD001", 6);
    uint8_t *record = disc.data + RECORD * BLOCK;
    memcpy(record + 1, "CD001\1EL TORITO SPECIFICATION", 29);
    put16(record + 0x47, CATALOG);
    put_validation(disc.data + CATALOG * BLOCK, 0);
    put_entry(disc.data + CATALOG * BLOCK + 32, kind, kind == KIND_NONE ? 4 : 1);
    return disc;
}

static void disc_free(Disc *disc)
{
    g_free(disc->data);
    g_free(disc->path);
}

static Guest *boot_disc(const GuestTarget *target, const Disc *disc, const char *more)
{
    g_assert_true(g_file_set_contents(disc->path, (const char *)disc->data, BLOCKS * BLOCK, NULL));
    return guest_start(target, &GUEST_ON_PIPES, "-cdrom %s -boot d -device exit-port %s",
                       disc->path, more);
}

static void expect_boot(const GuestTarget *target, Kind kind, const char *text)
{
    Disc disc = disc_new(kind);
    g_autoptr(Guest) guest = boot_disc(target, &disc, "");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT, text);
    disc_free(&disc);
}

/* The drive is the CD-ROM itself, and cannot be read by cylinder, head and sector. */
static void test_no_emulation(const GuestTarget *target)
{
    expect_boot(target, KIND_NONE,
                "drive e0 30 00 CD001 booted 00 00 e0 14 sector 01 01 01 00 e0 ended 00 01 ");
}

/*
 * It is drive A, has no extensions and cannot be written.  After the emulation
 * there is no drive A.
 */
static void test_floppy_emulation(const GuestTarget *target)
{
    expect_boot(target, KIND_1440,
                "drive 00 01 01  booted 00 02 00 14 sector 00 two 03 00 04 01 ended 00 01 ");
    expect_boot(target, KIND_1200, " booted 00 01 00 14 sector 00 two 03 00 02 01 ended 00 01 ");
    expect_boot(target, KIND_2880, " booted 00 03 00 14 sector 00 two 03 00 05 01 ended 00 01 ");
}

static void test_disk_emulation(const GuestTarget *target)
{
    expect_boot(target, KIND_DISK, " booted 00 04 80 14 sector 00 two 03 00 00 01 ended 00 01 ");
}

/* The numbers of a disk and a diskette move up, and back after the emulation. */
static void test_others_move_up(const GuestTarget *target)
{
    static const struct {
        Kind kind;
        const char *option, *text;
    } CASES[] = {{KIND_DISK, "-hda", "sector 00 two 03 00 00 02 ended 00 00 "},
                 {KIND_1440, "-fda", "sector 00 two 03 00 04 02 ended 00 00 "}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *path = guest_path("other.img");
        g_autofree char *other = g_malloc0(1440 * 1024);
        g_assert_true(g_file_set_contents(path, other, 1440 * 1024, NULL));
        g_autofree char *more = g_strdup_printf("%s %s", CASES[i].option, path);
        Disc disc = disc_new(CASES[i].kind);
        g_autoptr(Guest) guest = boot_disc(target, &disc, more);
        g_assert_cmpint(guest_wait_exit(guest), ==, 0);
        guest_expect(guest, GUEST_OUT, CASES[i].text);
        disc_free(&disc);
    }
}

/* A catalog that begins with an entry for another machine and has the PC's entry in a section. */
static void test_section(const GuestTarget *target)
{
    Disc disc = disc_new(KIND_NONE);
    uint8_t *catalog = disc.data + CATALOG * BLOCK;
    put_validation(catalog, 2);
    memcpy(catalog + 64, (const uint8_t[]){0x90, 0xef, 2, 0}, 4);
    memcpy(catalog + 160, (const uint8_t[]){0x91, 0, 2, 0}, 4);
    put_entry(catalog + 224, KIND_NONE, 4);
    g_autoptr(Guest) guest = boot_disc(target, &disc, "");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT, "drive e0");
    disc_free(&disc);
}

/* ---- what does not boot ---- */

static void expect_failure(const GuestTarget *target, unsigned at, uint8_t value, const char *why)
{
    Disc disc = disc_new(KIND_NONE);
    g_autofree char *line = g_strconcat("Not booted from CD-ROM: ", why, "\r\n", NULL);
    disc.data[at] = value;
    if (at == CATALOG * BLOCK + 1) {
        put_validation(disc.data + CATALOG * BLOCK, value);
    }
    g_autoptr(Guest) guest = boot_disc(target, &disc, "");
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
    guest_expect(guest, GUEST_OUT, line);
    disc_free(&disc);
}

static void test_bad_discs(const GuestTarget *target)
{
    const unsigned catalog = CATALOG * BLOCK;
    expect_failure(target, RECORD * BLOCK + 8, 'X', "the disc has no boot record");
    expect_failure(target, RECORD * BLOCK + 0x4a, 1, "its boot catalog cannot be read");
    expect_failure(target, catalog + 4, 1, "its boot catalog is damaged");
    expect_failure(target, catalog + 1, 0xef, "its boot catalog has nothing for a PC");
    expect_failure(target, catalog + 32, 0, "its boot catalog has nothing for a PC");
    expect_failure(target, catalog + 33, 5, "its boot image is of an unknown kind");
    expect_failure(target, catalog + 35, 0xa0, "its boot image does not fit into memory");
    expect_failure(target, catalog + 39, 0x7f, "its boot image does not fit into memory");
    expect_failure(target, catalog + 42, 1, "its boot image cannot be read");
}

static void test_no_drive(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-boot d -device exit-port");
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
    guest_expect(guest, GUEST_OUT, "Not booted from CD-ROM: there is none\r\n");
}

/* ---- a disc of xorriso's ---- */

static void test_xorriso(const GuestTarget *target)
{
    gsize size;
    g_autofree char *code = read_boot_image(&size);
    g_autofree char *tree = guest_path("tree");
    g_autofree char *image = g_build_filename(tree, "boot.bin", NULL);
    g_autofree char *disc = guest_path("xorriso.iso");
    g_autofree char *tool = g_find_program_in_path("xorriso");
    if (!tool) {
        g_test_skip("xorriso is not installed");
        return;
    }
    g_assert_cmpint(g_mkdir_with_parents(tree, 0700), ==, 0);
    g_assert_true(g_file_set_contents(image, code, (gssize)size, NULL));
    const char *const arguments[] = {
        tool, "-as",      "mkisofs",       "-quiet",          "-o", disc, "-b", "boot.bin",
        "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4",  tree, NULL};
    int status;
    g_assert_true(g_spawn_sync(NULL, (char **)arguments, NULL,
                               G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                               NULL, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-cdrom %s -boot d", disc);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT, "drive e0 30 00 CD001 booted 00 00 e0 ");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("cdrom/no_emulation", test_no_emulation, GUEST_EVERY_IRQCHIP);
    guest_tests_add("cdrom/diskette_emulation", test_floppy_emulation, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cdrom/disk_emulation", test_disk_emulation, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cdrom/other_drives_move_up", test_others_move_up, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cdrom/section_of_the_catalog", test_section, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cdrom/what_does_not_boot_is_said", test_bad_discs, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cdrom/no_drive", test_no_drive, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cdrom/disc_of_xorriso", test_xorriso, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
