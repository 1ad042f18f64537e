/*
 * Files that are no kernels: the message names the format and what makes the file
 * bootable, and -flat runs the file anyway.
 */
#include "tests/unit/boot_rig.h"

typedef struct Foreign {
    const char *name;
    guint offset, size;
    const char *mark;
    const char *part; /* a part of the message */
} Foreign;

#define MARK(name, offset, mark, part)                                                             \
    {                                                                                              \
        name, offset, sizeof(mark) - 1, mark, part                                                 \
    }

static const Foreign FOREIGN[] = {
    MARK("gzip", 0, "\x1f\x8b\x08\0", "a gzip file: unpack it: gunzip -c /"),
    MARK("xz", 0, "\xfd\x37zXZ\0", "an xz file: unpack it: xz -dc /"),
    MARK("zstd", 0, "\x28\xb5\x2f\xfd", "a zstd file: unpack it: zstd -dc /"),
    MARK("bzip2", 0, "BZh9", "a bzip2 file: unpack it: bunzip2 -c /"),
    MARK("lz4", 0, "\x04\x22\x4d\x18", "an lz4 file: unpack it: lz4 -dc /"),
    MARK("lz4_legacy", 0, "\x02\x21\x4c\x18", "an lz4 file (old format): unpack it: lz4 -dc /"),
    MARK("lzma", 0, "\x5d\0\0\x80", "an lzma file: unpack it: xz --format=lzma -dc /"),
    MARK("lzop", 0, "\x89LZO\0\r\n\x1a\n", "an lzop file: unpack it: lzop -dc /"),
    MARK("zip", 0, "PK\3\4", "a zip archive: unpack it: unzip /"),
    MARK("tar", 257, "ustar\0", "a tar archive: unpack it: tar -xf /"),
    MARK("cpio", 0, "070701", "a cpio archive: give it as -initrd /"),
    MARK("iso", 0x8001, "CD001", "an ISO 9660 image: boot it with -cdrom /"),
    MARK("qcow2", 0, "QFI\xfb", "a qcow image: make a raw image of it: qemu-img convert -O raw /"),
    MARK("gpt", 512, "EFI PART", "a disk image with a GUID partition table: boot it with -hda /"),
    MARK("uimage", 0, "\x27\x05\x19\x56",
         "(uImage): cut off its header of 64 bytes: tail -c +65 /"),
    MARK("arm64", 56, "ARM\x64", "a kernel for 64-bit ARM: build it for x86"),
    MARK("riscv", 56, "RSC\5", "a kernel for RISC-V: build it for x86"),
    MARK("dos", 0, "MZ\x90\0\3", "a DOS program (MZ): "),
    MARK("zboot", 0, "MZ\0\0zimg", "an EFI zboot image"),
    MARK("uefi", 40, "_FVH", "a UEFI firmware volume: start it with -bios /"),
    MARK("text", 0, "int main(void) { return 0; }\n", "a text file: a source has to be assembled"),
    MARK("umlauts", 0, "section .text ; f\xc3\xbcr alle, die es lesen", "a text file: "),
    MARK("utf16", 0, "\xff\xfe\x41\0", "a text file (UTF-16): "),
    MARK("script", 0, "#!/bin/sh\n", "a script: run it in the host's shell"),
    MARK("ihex", 0, ":020000040000FA\n", "an Intel HEX file: make a binary of it with objcopy"),
    MARK("zeros", 0, "\0\0\0\0", "has nothing but bytes of 0x00"),
    MARK("erased", 0, "\xff\xff\xff", "has nothing but bytes of 0xff"),
};

/* If a mark is not at the beginning, there is some code before it. */
static void make(BootRig *rig, const Foreign *foreign)
{
    g_byte_array_set_size(rig->file, 0);
    if (foreign->offset) {
        boot_rig_bytes(rig, 0, "\xfa\xf4", 2);
    }
    boot_rig_bytes(rig, foreign->offset, foreign->mark, foreign->size);
}

static void assert_named(BootRig *rig, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(boot_rig_try(rig, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_true(g_str_has_suffix(error->message, BOOT_RIG_FLAT_HINT));
}

static void test_named(BootRig *rig, gconstpointer data)
{
    make(rig, data);
    assert_named(rig, ((const Foreign *)data)->part);
    rig->options.flat = "addr=0x1000";
    boot_rig_load(rig);
    g_assert_cmphex(rig->state.rip, ==, 0x1000);
}

static void test_larger_than_memory_is_named_too(BootRig *rig, gconstpointer data)
{
    (void)data;
    boot_rig_bytes(rig, 0x8001, "CD001", 5);
    boot_rig_grow(rig, BOOT_RIG_MEMORY + 1);
    g_autoptr(GError) error = NULL;
    g_assert_false(boot_rig_try(rig, &error));
    g_assert_nonnull(strstr(error->message, "an ISO 9660 image: boot it with -cdrom /"));
    g_clear_error(&error);
    memset(rig->file->data, 0x90, 0x9000);
    g_assert_false(boot_rig_try(rig, &error));
    g_assert_nonnull(strstr(error->message, "give it more with -m"));
}

/* ---- programs of other systems ---- */

static void make_pe(BootRig *rig, uint16_t machine, uint16_t subsystem)
{
    boot_rig_bytes(rig, 0, "MZ\x90", 3);
    boot_rig_set(rig, 0x3c, 0x80, 4);
    boot_rig_bytes(rig, 0x80, "PE\0\0", 4);
    boot_rig_set(rig, 0x84, machine, 2);
    boot_rig_set(rig, 0x80 + 92, subsystem, 2);
}

static void test_pe(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_pe(rig, 0x8664, 10);
    assert_named(rig, "an EFI program for x86-64 (PE, subsystem 10 at 0xdc): it needs UEFI");
    make_pe(rig, 0x14c, 3);
    assert_named(rig, "a Windows program for i386 (PE): link the kernel as ELF");
    make_pe(rig, 0xaa64, 10);
    assert_named(rig, "an EFI program for another machine (PE");
}

/* ---- disks and firmware ---- */

static void make_disk(BootRig *rig, uint8_t status, uint8_t type, uint32_t start, uint32_t count)
{
    g_byte_array_set_size(rig->file, 0);
    boot_rig_bytes(rig, 0, "\xfa\xf4", 2);
    boot_rig_set(rig, 446 + 16, status, 1);
    boot_rig_set(rig, 446 + 16 + 4, type, 1);
    boot_rig_set(rig, 446 + 16 + 8, start, 4);
    boot_rig_set(rig, 446 + 16 + 12, count, 4);
    boot_rig_set(rig, 510, 0xaa55, 2);
    boot_rig_grow(rig, 0x10000 - 512);
}

static void test_disk_has_partitions(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_disk(rig, 0x80, 0x83, 63, 100);
    assert_named(rig, "a disk image with 1 partition: boot it with -hda /");
}

/* A boot sector with code in the place of a partition table, and one without partitions. */
static void test_boot_sectors_stay_flat(BootRig *rig, gconstpointer data)
{
    (void)data;
    make_disk(rig, 0x80, 0x83, 63, 100);
    g_byte_array_set_size(rig->file, 512);
    boot_rig_load(rig);
    make_disk(rig, 0x81, 0x83, 63, 100);
    boot_rig_load(rig);
    make_disk(rig, 0, 0x83, 0, 100);
    boot_rig_load(rig);
    make_disk(rig, 0, 0, 0, 0);
    boot_rig_load(rig);
    g_assert_cmphex(rig->state.rip, ==, 0x1000);
}

static void test_bios(BootRig *rig, gconstpointer data)
{
    (void)data;
    boot_rig_bytes(rig, 0x1fff0, "\xea\x5b\xe0\0\xf0", 5);
    boot_rig_grow(rig, 0x20000);
    assert_named(rig,
                 "a BIOS image (its reset vector at 0x1fff0 jumps to F000:E05B): start it with "
                 "-bios /");
    boot_rig_set(rig, 0x1fff3, 0, 2);
    boot_rig_load(rig);
}

/* Code may begin with printable bytes, but a text is printable to its end. */
static void test_short_and_mixed_texts_stay_flat(BootRig *rig, gconstpointer data)
{
    (void)data;
    static const char *const CODE[] = {"X", "hello, world", "hello, world\n\xf4",
                                       "0123456789012345678901234567890123456789\x90"};
    for (unsigned i = 0; i < G_N_ELEMENTS(CODE); i++) {
        g_byte_array_set_size(rig->file, 0);
        boot_rig_bytes(rig, 0, CODE[i], (guint)strlen(CODE[i]));
        boot_rig_load(rig);
    }
}

#define TEST(name)                                                                                 \
    g_test_add("/boot/foreign/" #name, BootRig, NULL, boot_rig_set_up, test_##name,                \
               boot_rig_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(FOREIGN); i++) {
        g_autofree char *path = g_strdup_printf("/boot/foreign/named/%s", FOREIGN[i].name);
        g_test_add(path, BootRig, &FOREIGN[i], boot_rig_set_up, test_named, boot_rig_tear_down);
    }
    TEST(larger_than_memory_is_named_too);
    TEST(pe);
    TEST(disk_has_partitions);
    TEST(boot_sectors_stay_flat);
    TEST(bios);
    TEST(short_and_mixed_texts_stay_flat);
    return g_test_run();
}
