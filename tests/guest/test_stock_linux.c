/*
 * A stock 64-bit Linux on the software CPU: Debian's kernel for clouds, with
 * busybox in an initial file system in memory.  If one of the two packages is
 * not installed, the test is skipped and names the package.
 */
#include "tests/guest/guest_linux.h"

#include <stdio.h>
#include <string.h>

/* In the header of a packed kernel. */
#define LINUX_SETUP_SECTS    0x1f1
#define LINUX_PAYLOAD_OFFSET 0x248
#define LINUX_PAYLOAD_LENGTH 0x24c
#define LZ4_MAGIC            "\x02\x21\x4c\x18"

static const Need MKE2FS_NEED = {"mke2fs", "e2fsprogs"};
static const Need LZ4_NEED = {"lz4", "lz4"};
static const Need GRUB_NEED = {"/usr/lib/grub/i386-pc/boot.img", "grub-pc-bin"};
static const Need MKIMAGE_NEED = {"grub-mkimage", "grub-common"};
static const Need SEABIOS_NEED = {"/usr/share/seabios/bios-256k.bin", "seabios"};
static const Need MKRESCUE_NEED = {"grub-mkrescue", "grub-common"};
static const Need XORRISO_NEED = {"xorriso", "xorriso"};
static const Need MTOOLS_NEED = {"mformat", "mtools"};

/* Returns the output of a run that ends with status 0, or NULL if the test is skipped. */
static char *run_with(const GuestTarget *target, const char *name, const char *modules,
                      const char *init, const char *options)
{
    g_autofree char *kernel = guest_linux_kernel();
    if (!guest_linux_can_run(target, kernel)) {
        return NULL;
    }
    g_autofree char *initrd = guest_linux_initrd(name, kernel, modules, init);
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-m 256 -kernel %s -initrd %s -append 'console=ttyS0 quiet' %s",
        kernel, initrd, options);
    guest_expect(guest, GUEST_OUT, "user space");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    return g_strdup(guest_output(guest, GUEST_OUT)->str);
}

static char *run(const GuestTarget *target, const char *name, const char *init, const char *options)
{
    return run_with(target, name, "", init, options);
}

/* Quotients, products and sums that must be rounded, printed as text. */
#define FLOATING                                                                                   \
    "busybox awk 'BEGIN { x = 1; for (i = 1; i < 3000; i++) x = x * 1.000123 + 1 / i; "            \
    "printf \"%.17g\\n\", x }'"
#define INIT_POWEROFF "uname -m; nproc; sha1sum /bin/busybox; " FLOATING "; poweroff -f"

static char *floating_on_the_host(void)
{
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    g_spawn_command_line_sync(FLOATING, &output, NULL, NULL, &error);
    g_assert_no_error(error);
    return g_strchomp(output);
}

static char *sum_of_busybox(void)
{
    g_autofree char *path = g_find_program_in_path("busybox");
    g_autofree char *data = NULL;
    size_t size;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    return g_compute_checksum_for_data(G_CHECKSUM_SHA1, (const guchar *)data, size);
}

/* The results of integer and floating-point programs must be those of the host. */
static void assert_computes(const char *output, const char *cpus)
{
    g_autofree char *sum = sum_of_busybox();
    g_assert_nonnull(strstr(output, "x86_64"));
    g_assert_nonnull(strstr(output, cpus));
    g_assert_nonnull(strstr(output, sum));
    g_autofree char *number = floating_on_the_host();
    g_assert_cmpuint(strlen(number), >, 10);
    g_assert_nonnull(strstr(output, number));
}

static void test_it_boots_and_powers_off(const GuestTarget *target)
{
    g_autofree char *output = run(target, "off", INIT_POWEROFF, "");
    if (output) {
        assert_computes(output, "\n1\r\n");
    }
}

static void test_it_boots_on_4_cpus(const GuestTarget *target)
{
    g_autofree char *output = run(target, "off4", INIT_POWEROFF, "-smp 4");
    if (output) {
        assert_computes(output, "\n4\r\n");
    }
}

/* Its setup code asks our BIOS for the memory map. */
static void test_it_boots_by_the_16_bit_entry(const GuestTarget *target)
{
    g_autofree char *output = run(target, "real", "poweroff -f", "-machine pc,kernel-entry=16");
    g_assert_true(!output || strstr(output, "user space"));
}

/* Writes the kernel as it was linked to vmlinux, or skips the test. */
static bool unpack_kernel(const char *kernel)
{
    g_autofree char *data = NULL, *packed = guest_path("vmlinux.lz4");
    size_t size;
    uint32_t offset, length;
    g_assert_true(g_file_get_contents(kernel, &data, &size, NULL));
    g_assert_cmpuint(size, >, LINUX_PAYLOAD_LENGTH + sizeof(length));
    memcpy(&offset, data + LINUX_PAYLOAD_OFFSET, sizeof(offset));
    memcpy(&length, data + LINUX_PAYLOAD_LENGTH, sizeof(length));
    offset += 512 * (1u + (uint8_t)data[LINUX_SETUP_SECTS]);
    g_assert_cmpuint(offset + length, <=, size);
    if (memcmp(data + offset, LZ4_MAGIC, sizeof(LZ4_MAGIC) - 1) != 0) {
        g_test_skip("this kernel is not packed by LZ4");
        return false;
    }
    /* Behind the packed kernel, the payload has the size of the unpacked one. */
    g_assert_true(g_file_set_contents(packed, data + offset, (gssize)length - 4, NULL));
    guest_run_tool("lz4 -d -q -f vmlinux.lz4 vmlinux");
    return true;
}

static void test_it_boots_by_the_pvh_entry(const GuestTarget *target)
{
    g_autofree char *kernel = guest_linux_kernel();
    if (!guest_linux_can_run(target, kernel) || !guest_has_all(NEEDS(&LZ4_NEED)) ||
        !unpack_kernel(kernel)) {
        return;
    }
    g_autofree char *initrd = guest_linux_initrd("pvh", kernel, "", "poweroff -f");
    g_autofree char *unpacked = guest_path("vmlinux");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-m 256 -kernel %s -initrd %s -append 'console=ttyS0 quiet'", unpacked, initrd);
    guest_expect(guest, GUEST_OUT, "user space");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

#define GRUB_SERIAL "serial --unit=0 --speed=115200\nterminal_output serial\n"
#define GRUB_LINUX(place)                                                                          \
    "linux " place "/kernel console=ttyS0 quiet\ninitrd " place "/initrd\nboot\n"

/* Our BIOS reads it all from the disk. */
static void test_it_boots_from_a_disk_with_grub(const GuestTarget *target)
{
    g_autofree char *kernel = guest_linux_kernel();
    if (!guest_linux_can_run(target, kernel) ||
        !guest_has_all(NEEDS(&GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED, &MTOOLS_NEED))) {
        return;
    }
    g_autofree char *initrd = guest_linux_initrd("disk", kernel, "", "poweroff -f");
    guest_write_file("linux/boot/grub/grub.cfg", GRUB_SERIAL GRUB_LINUX(""));
    guest_run_tool("cp '%s' linux/kernel; cp '%s' linux/initrd\n"
                   "grub-mkrescue -d /usr/lib/grub/i386-pc --locales= --fonts= --themes= "
                   "-o linux.iso linux",
                   kernel, initrd);
    g_autofree char *disk = guest_path("linux.iso");
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-m 256 -hda %s -snapshot", disk);
    guest_be_patient(guest, 2);
    guest_expect(guest, GUEST_OUT, "user space");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

/*
 * A disk with GRUB behind the boot sector, and a partition with the kernel.  The
 * partition of 62 MiB begins at 1 MiB.
 */
static char *make_partitioned_disk(const char *kernel)
{
    g_autofree char *initrd = guest_linux_initrd("partition", kernel, "", "poweroff -f");
    guest_write_file("embedded.cfg", GRUB_SERIAL GRUB_LINUX("(hd0,msdos1)"));
    guest_run_tool(
        "mkdir -p tree; cp '%s' tree/kernel; cp '%s' tree/initrd\n"
        "grub-mkimage -d /usr/lib/grub/i386-pc -O i386-pc -o core.img -p '(hd0,msdos1)/' "
        "-c embedded.cfg biosdisk part_msdos ext2 linux serial terminal normal minicmd\n"
        "cat /usr/lib/grub/i386-pc/boot.img core.img >virtio.img; truncate -s 1M virtio.img\n"
        "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -d tree part.img 62M\n"
        "cat part.img >>virtio.img\n"
        "{ printf '\\200\\0\\0\\0\\203\\0\\0\\0\\0\\010\\0\\0\\0\\360\\001\\0'; head -c 48 "
        "/dev/zero; } | "
        "dd of=virtio.img bs=1 seek=446 conv=notrunc status=none",
        kernel, initrd);
    return guest_path("virtio.img");
}

static void boot_partitioned_disk(const GuestTarget *target, const char *firmware)
{
    g_autofree char *kernel = guest_linux_kernel();
    if (!guest_linux_can_run(target, kernel) ||
        !guest_has_all(NEEDS(&GRUB_NEED, &MKIMAGE_NEED, &MKE2FS_NEED, &SEABIOS_NEED))) {
        return;
    }
    g_autofree char *disk = make_partitioned_disk(kernel);
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-m 256 -boot c -drive file=%s,if=virtio,format=raw -snapshot %s",
        disk, firmware);
    guest_be_patient(guest, 2);
    guest_expect(guest, GUEST_OUT, "user space");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_it_boots_from_a_virtio_disk_with_grub(const GuestTarget *target)
{
    boot_partitioned_disk(target, "");
}

static void test_it_boots_from_a_virtio_disk_with_seabios(const GuestTarget *target)
{
    boot_partitioned_disk(target, "-bios /usr/share/seabios/bios.bin");
    boot_partitioned_disk(target, "-bios /usr/share/seabios/bios-256k.bin");
}

static void test_it_boots_by_the_64_bit_entry_and_reboots(const GuestTarget *target)
{
    g_autofree char *output =
        run(target, "again", "reboot -f", "-machine pc,kernel-entry=64 -no-reboot");
    g_assert_true(!output || strstr(output, "user space"));
}

/*
 * While the guest sleeps, its clock must advance by the time that it asked
 * for, no more and no less.
 */
static void test_its_clock_keeps_pace(const GuestTarget *target)
{
    g_autofree char *output =
        run(target, "clock",
            "a=$(cut -d. -f1 /proc/uptime); d=$(date +%s); sleep 30; "
            "echo slept $(($(date +%s) - d)) $(($(cut -d. -f1 /proc/uptime) - a)); poweroff -f",
            "");
    if (output) {
        const char *slept = strstr(output, "slept ");
        unsigned by_date = 0, by_uptime = 0;
        g_assert_nonnull(slept);
        g_assert_cmpint(sscanf(slept, "slept %u %u", &by_date, &by_uptime), ==, 2);
        g_assert_cmpuint(by_date, >=, 29);
        g_assert_cmpuint(by_date, <=, 31);
        g_assert_cmpuint(by_uptime, >=, 29);
        g_assert_cmpuint(by_uptime, <=, 31);
    }
}

/* ---- a root file system on the first hard disk ---- */

/* What runs from the disk: it writes a file and reads it again from the disk itself. */
#define DISK_INIT                                                                                  \
    "#!/bin/busybox sh\n"                                                                          \
    "/bin/busybox --install /bin\n"                                                                \
    "mount -t proc proc /proc\n"                                                                   \
    "echo user space from $(grep ' / ext4' /proc/mounts | cut -d' ' -f1)\n"                        \
    "mount -t sysfs sys /sys; cat /sys/class/ata_device/dev1.0/dma_mode 2>/dev/null\n"             \
    "cp /bin/busybox /copy; sync; echo 3 >/proc/sys/vm/drop_caches; sha1sum /copy\n"               \
    "grep -e ata_piix -e virtio /proc/interrupts\n"                                                \
    "mount -o remount,ro /; poweroff -f\n"

static void shell(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void shell(const char *format, ...)
{
    g_autoptr(GError) error = NULL;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    char *argv[] = {"/bin/sh", "-ec", command, NULL};
    int status;
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
    g_assert_true(g_spawn_check_wait_status(status, &error));
}

static char *make_root(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = guest_path(name);
    g_autofree char *init = g_build_filename(directory, "init", NULL);
    char *image = g_strconcat(directory, ".img", NULL);
    shell("mkdir -p '%s'/bin '%s'/proc '%s'/dev '%s'/sys", directory, directory, directory,
          directory);
    g_file_set_contents(init, DISK_INIT, -1, &error);
    g_assert_no_error(error);
    shell("cd '%s'; chmod +x init; cp \"$(command -v busybox)\" bin; truncate -s 32M '%s'; "
          "PATH=$PATH:/sbin:/usr/sbin; mke2fs -q -F -t ext4 -d . '%s'",
          directory, image, image);
    return image;
}

/* How the kernel finds the disk, and what it says of it. */
typedef struct RootDisk {
    const char *name, *modules, *device, *drive, *says;
} RootDisk;

static const RootDisk IDE = {"ide", "ata_piix sd_mod", "/dev/sda", "-hda", "\nXFER_MW_DMA_2"};
static const RootDisk VIRTIO = {"virtio", "virtio_pci virtio_blk", "/dev/vda",
                                "-drive if=virtio,format=raw,file=", "virtio"};

static void check_root_on_disk(const GuestTarget *target, const RootDisk *disk, const char *more)
{
    if (!guest_has_all(NEEDS(&MKE2FS_NEED))) {
        return;
    }
    g_autofree char *name = g_strdup_printf("%s%s", disk->name, more);
    g_autofree char *image = make_root(name);
    g_autofree char *initrd = g_strconcat(name, "-initrd", NULL);
    g_autofree char *options = g_strdup_printf(
        "%s %s%s%s", more, disk->drive, g_str_has_suffix(disk->drive, "=") ? "" : " ", image);
    g_autofree char *init =
        g_strdup_printf("mkdir -p /dev /mnt; mount -t devtmpfs dev /dev; sh /load; "
                        "while ! mount -t ext4 %s /mnt 2>/dev/null; do sleep 1; done; "
                        "mount --move /dev /mnt/dev; umount /proc; exec switch_root /mnt /init",
                        disk->device);
    g_autofree char *output = run_with(target, initrd, disk->modules, init, options);
    if (!output) {
        return;
    }
    g_autofree char *sum = sum_of_busybox();
    g_autofree char *from = g_strdup_printf("user space from %s", disk->device);
    g_assert_nonnull(strstr(output, "user space from /dev/root") ?: strstr(output, from));
    g_assert_nonnull(strstr(output, disk->says));
    g_assert_nonnull(strstr(output, sum));
    shell("PATH=$PATH:/sbin:/usr/sbin; e2fsck -fn '%s' >/dev/null 2>&1", image);
}

static void test_its_root_is_a_disk_with_dma(const GuestTarget *target)
{
    check_root_on_disk(target, &IDE, "");
}

static void test_it_finds_the_disk_without_acpi(const GuestTarget *target)
{
    check_root_on_disk(target, &IDE, "-no-acpi");
}

static void test_its_root_is_a_virtio_disk(const GuestTarget *target)
{
    check_root_on_disk(target, &VIRTIO, "");
}

static void test_it_finds_the_virtio_disk_without_acpi(const GuestTarget *target)
{
    check_root_on_disk(target, &VIRTIO, "-no-acpi");
}

#define STOCK(name) guest_tests_add("stock_linux/" #name, test_##name, GUEST_DEFAULT_IRQCHIP)

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    STOCK(it_boots_and_powers_off);
    STOCK(it_boots_on_4_cpus);
    STOCK(it_boots_by_the_16_bit_entry);
    STOCK(it_boots_by_the_pvh_entry);
    STOCK(it_boots_from_a_disk_with_grub);
    STOCK(it_boots_from_a_virtio_disk_with_grub);
    STOCK(it_boots_from_a_virtio_disk_with_seabios);
    STOCK(it_boots_by_the_64_bit_entry_and_reboots);
    STOCK(its_clock_keeps_pace);
    STOCK(its_root_is_a_disk_with_dma);
    STOCK(it_finds_the_disk_without_acpi);
    STOCK(its_root_is_a_virtio_disk);
    STOCK(it_finds_the_virtio_disk_without_acpi);
    return guest_tests_run();
}
