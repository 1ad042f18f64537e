/*
 * Software from other projects boots, with other firmware and with our own.  If it
 * is not installed, the test is skipped and names the package.
 *
 * It runs on the software CPU, because without support for real mode it takes
 * minutes on KVM.
 */
#include "tests/guest/guest_needs.h"

#define SEABIOS       "/usr/share/seabios/bios.bin"
#define SEABIOS_LARGE "/usr/share/seabios/bios-256k.bin"
#define GRUB_MODULES  "/usr/lib/grub/i386-pc"
#define GRUB_BOOT     GRUB_MODULES "/boot.img"
#define ISOLINUX      "/usr/lib/ISOLINUX/isolinux.bin"
#define LDLINUX       "/usr/lib/syslinux/modules/bios/ldlinux.c32"
#define MEMTEST       "/boot/memtest86+ia32.bin"

#define GRUB_SERIAL                                                                                \
    "serial --unit=0 --speed=115200\nterminal_input serial\nterminal_output serial\n"
#define LINUX_SERIAL "SERIAL 0 115200\nPROMPT 1\nSAY a prompt follows\nDEFAULT none\n"

/* ---- what is needed ---- */

static const Need SEABIOS_NEED = {SEABIOS, "seabios"};
static const Need SEABIOS_LARGE_NEED = {SEABIOS_LARGE, "seabios"};
static const Need GRUB_NEED = {GRUB_BOOT, "grub-pc-bin"};
static const Need MKIMAGE_NEED = {"grub-mkimage", "grub-common"};
static const Need MKRESCUE_NEED = {"grub-mkrescue", "grub-common"};
static const Need XORRISO_NEED = {"xorriso", "xorriso"};
static const Need MTOOLS_NEED = {"mformat", "mtools"};
static const Need ISOLINUX_NEED = {ISOLINUX, "isolinux"};
static const Need LDLINUX_NEED = {LDLINUX, "syslinux-common"};
static const Need SYSLINUX_NEED = {"syslinux", "syslinux"};
static const Need MEMTEST_NEED = {MEMTEST, "memtest86+"};

/* ---- making images ---- */

static void make_record(void)
{
    guest_run_tool("cp \"$PIOEMU_BUILD/tests/guest/boot_record.bin\" record.img; truncate -s 64K "
                   "record.img");
}

/* Installs GRUB in the sectors after its boot sector, without a file system. */
static void make_grub_disk(void)
{
    guest_write_file("embedded.cfg", GRUB_SERIAL);
    guest_run_tool("grub-mkimage -d " GRUB_MODULES " -O i386-pc -o core.img -p '(hd0)/boot/grub' "
                   "-c embedded.cfg biosdisk serial terminal ls normal minicmd part_msdos\n"
                   "cat " GRUB_BOOT " core.img >grub.img; truncate -s 4M grub.img");
}

static void make_grub_disc(void)
{
    guest_write_file("grub/boot/grub/grub.cfg", GRUB_SERIAL);
    guest_run_tool("if [ -e " MEMTEST " ]; then cp " MEMTEST " grub/memtest; fi\n"
                   "cp \"$PIOEMU_BUILD/guests/acpi-off.elf\" grub\n"
                   "grub-mkrescue -d " GRUB_MODULES
                   " --locales= --fonts= --themes= -o grub.iso grub");
}

static void make_isolinux_disc(void)
{
    guest_write_file("isolinux/isolinux.cfg", LINUX_SERIAL);
    guest_run_tool("cp " ISOLINUX " " LDLINUX " isolinux\n"
                   "xorriso -as mkisofs -quiet -o isolinux.iso -b isolinux.bin -c boot.cat "
                   "-no-emul-boot -boot-load-size 4 -boot-info-table isolinux");
}

static void make_syslinux_disk(void)
{
    guest_write_file("syslinux.cfg", LINUX_SERIAL);
    guest_run_tool("truncate -s 1440K syslinux.img; mformat -i syslinux.img -f 1440 ::\n"
                   "syslinux -i syslinux.img; mcopy -i syslinux.img syslinux.cfg ::");
}

/* ---- dialogues ---- */

static Guest *start(const GuestTarget *target, const char *firmware, const char *drive,
                    const char *path)
{
    return guest_start(target, &GUEST_ON_PIPES, "%s %s %s -snapshot", firmware, drive, path);
}

static void expect_seabios(Guest *guest)
{
    guest_expect(guest, GUEST_OUT, "SeaBIOS (version ");
}

static void talk_to_grub(Guest *guest, const char *listed)
{
    guest_expect(guest, GUEST_OUT, "Welcome to GRUB");
    guest_expect(guest, GUEST_OUT, "grub> ");
    guest_type(guest, "ls\r");
    guest_expect(guest, GUEST_OUT, listed);
    guest_expect(guest, GUEST_OUT, "grub> ");
}

static void boot_memtest_from_grub(Guest *guest)
{
    guest_expect(guest, GUEST_OUT, "grub> ");
    guest_type(guest, "linux /memtest console=ttyS0,115200\r");
    guest_expect(guest, GUEST_OUT, "grub> ");
    guest_type(guest, "boot\r");
    guest_expect(guest, GUEST_OUT, "Memtest86+ v");
    guest_expect(guest, GUEST_OUT, "Memory  :  128MB");
}

/* The firmware has put the tables elsewhere. */
static void power_off_from_grub(Guest *guest)
{
    guest_expect(guest, GUEST_OUT, "grub> ");
    guest_type(guest, "multiboot /acpi-off.elf\r");
    guest_expect(guest, GUEST_OUT, "grub> ");
    guest_type(guest, "boot\r");
    guest_expect(guest, GUEST_OUT, "PM1a_CNT is at port 0x0604, _S5_ is 0\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_acpi(const GuestTarget *target, const char *firmware)
{
    if (guest_can_boot(target, NEEDS(&GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED, &MTOOLS_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, firmware, "-cdrom", path);
        power_off_from_grub(guest);
    }
}

static void talk_to_linux_loader(Guest *guest)
{
    guest_expect(guest, GUEST_OUT, "a prompt follows");
    guest_expect(guest, GUEST_OUT, "boot: ");
    guest_type(guest, "nothing\r");
    guest_expect(guest, GUEST_OUT, "nothing");
    guest_expect(guest, GUEST_OUT, "boot: ");
}

#define OVER_SEABIOS "-bios " SEABIOS
#define OVER_OURS    ""

/* ---- SeaBIOS ---- */

static void test_seabios_record(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED))) {
        g_autofree char *path = guest_image("record.img", make_record);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS, "-hda", path);
        expect_seabios(guest);
        guest_expect(guest, GUEST_OUT, "Booting from Hard Disk...");
        guest_expect(guest, GUEST_OUT, "boot record of drive class 8\r\n");
    }
}

/* It is too large for the BIOS area, and copies itself to the RAM that the host bridge shows. */
static void test_seabios_large(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_LARGE_NEED))) {
        g_autofree char *path = guest_image("record.img", make_record);
        g_autoptr(Guest) guest = start(target, "-bios " SEABIOS_LARGE, "-hda", path);
        expect_seabios(guest);
        guest_expect(guest, GUEST_OUT, "boot record of drive class 8\r\n");
    }
}

/* The functions that QEMU's pc has at these places. */
static void test_seabios_lspci(const GuestTarget *target)
{
    static const char *const FUNCTIONS[] = {"00:00.0 8086:1237", "00:01.0 8086:7000",
                                            "00:01.1 8086:7010", "00:01.3 8086:7113"};
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED, &GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED,
                                     &MTOOLS_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS, "-cdrom", path);
        guest_expect(guest, GUEST_OUT, "grub> ");
        guest_type(guest, "lspci\r");
        for (size_t i = 0; i < G_N_ELEMENTS(FUNCTIONS); i++) {
            guest_expect(guest, GUEST_OUT, FUNCTIONS[i]);
        }
        guest_expect(guest, GUEST_OUT, "grub> ");
    }
}

/* The disc has no boot catalog.  The order is in CMOS 0x3d. */
static void test_seabios_order(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED))) {
        g_autofree char *path = guest_image("record.img", make_record);
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES,
                        OVER_SEABIOS " -boot order=dc -hda %s -cdrom %s -snapshot", path, path);
        expect_seabios(guest);
        guest_expect(guest, GUEST_OUT, "Booting from DVD/CD...");
        guest_expect(guest, GUEST_OUT, "Boot failed");
        guest_expect(guest, GUEST_OUT, "Booting from Hard Disk...");
    }
}

static void test_seabios_menu(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED))) {
        g_autofree char *path = guest_image("record.img", make_record);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS " -boot menu=on", "-hda", path);
        guest_expect(guest, GUEST_OUT, "Press ESC for boot menu.");
        guest_expect(guest, GUEST_OUT, "boot record of drive class 8\r\n");
    }
}

/* Machine time follows the host's, so that the keys come in time. */
static void test_seabios_choice(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED))) {
        g_autofree char *path = guest_image("record.img", make_record);
        g_autoptr(Guest) guest =
            guest_start(NULL, &GUEST_ON_PIPES,
                        OVER_SEABIOS " -accel soft,realtime=on -hda %s -cdrom %s -snapshot "
                                     "-boot menu=on,splash-time=65535",
                        path, path);
        guest_expect(guest, GUEST_OUT, "Press ESC for boot menu.");
        guest_type(guest, "\033");
        guest_expect(guest, GUEST_OUT, "Select boot device:");
        guest_expect(guest, GUEST_OUT, "2. DVD/CD [ata1-0:");
        guest_type(guest, "2");
        guest_expect(guest, GUEST_OUT, "Booting from DVD/CD...");
    }
}

static void test_seabios_grub_disk(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED, &GRUB_NEED, &MKIMAGE_NEED))) {
        g_autofree char *path = guest_image("grub.img", make_grub_disk);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS, "-hda", path);
        talk_to_grub(guest, "(hd0)");
    }
}

static void test_seabios_grub_disc(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED, &GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED,
                                     &MTOOLS_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS, "-cdrom", path);
        talk_to_grub(guest, "(cd)");
    }
}

static void test_seabios_memtest(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED, &GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED,
                                     &MTOOLS_NEED, &MEMTEST_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS, "-cdrom", path);
        boot_memtest_from_grub(guest);
    }
}

static void test_seabios_isolinux(const GuestTarget *target)
{
    if (guest_can_boot(target,
                       NEEDS(&SEABIOS_NEED, &ISOLINUX_NEED, &LDLINUX_NEED, &XORRISO_NEED))) {
        g_autofree char *path = guest_image("isolinux.iso", make_isolinux_disc);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS, "-cdrom", path);
        guest_expect(guest, GUEST_OUT, "ISOLINUX ");
        talk_to_linux_loader(guest);
    }
}

/* `drive` is -hda or -fda. */
static void boot_syslinux(const GuestTarget *target, const char *firmware, const char *drive)
{
    g_autofree char *path = guest_image("syslinux.img", make_syslinux_disk);
    g_autoptr(Guest) guest = start(target, firmware, drive, path);
    guest_expect(guest, GUEST_OUT, "SYSLINUX ");
    talk_to_linux_loader(guest);
}

static void test_seabios_syslinux(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED, &SYSLINUX_NEED, &MTOOLS_NEED))) {
        boot_syslinux(target, OVER_SEABIOS, "-hda");
    }
}

static void test_seabios_syslinux_floppy(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED, &SYSLINUX_NEED, &MTOOLS_NEED))) {
        boot_syslinux(target, OVER_SEABIOS, "-fda");
    }
}

/*
 * The CPUs wait for the firmware's SIPI, and it waits for as many CPUs as fw_cfg
 * and CMOS report.
 */
static void test_seabios_cpus(const GuestTarget *target)
{
    if (guest_has_all(NEEDS(&SEABIOS_NEED))) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES,
                        OVER_SEABIOS " -smp 3 -serial null -chardev stdio,id=log "
                                     "-device isa-debugcon,iobase=0x402,chardev=log");
        guest_expect(guest, GUEST_OUT, "Found 3 cpu(s) max supported 3 cpu(s)");
    }
}

/* Starts the kernel through the option ROM among the items. */
static void test_seabios_kernel(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED))) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, OVER_SEABIOS " -kernel bzimage.bin -append 'a b'");
        expect_seabios(guest);
        guest_expect(guest, GUEST_OUT, "Booting from ROM");
        guest_expect(guest, GUEST_OUT, "16-bit entry\ncommand line: a b\n");
    }
}

static void test_seabios_acpi(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED))) {
        test_acpi(target, OVER_SEABIOS);
    }
}

/* ---- several CPUs ---- */

static void test_seabios_grub_cpus(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SEABIOS_NEED, &GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED,
                                     &MTOOLS_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, OVER_SEABIOS " -smp 4", "-cdrom", path);
        talk_to_grub(guest, "(cd)");
    }
}

static void test_ours_grub_cpus(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED, &MTOOLS_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, OVER_OURS "-smp 4", "-cdrom", path);
        power_off_from_grub(guest);
    }
}

/* It finds and starts the CPUs, and they test together. */
static void test_memtest_cpus(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&MEMTEST_NEED))) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES,
                        "-kernel " MEMTEST " -append console=ttyS0,115200 -m 16 -smp 4");
        guest_expect(guest, GUEST_OUT, "Memtest86+ v");
        guest_expect(guest, GUEST_OUT, "SMP: 4T (PAR)");
        guest_expect(guest, GUEST_OUT, "Testing");
    }
}

/* ---- our BIOS ---- */

static void test_ours_acpi(const GuestTarget *target)
{
    test_acpi(target, OVER_OURS);
}

static void test_ours_record(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(NULL))) {
        g_autofree char *path = guest_image("record.img", make_record);
        g_autoptr(Guest) guest = start(target, OVER_OURS, "-hda", path);
        guest_expect(guest, GUEST_OUT, "boot record of drive class 8\r\n");
    }
}

static void test_ours_grub_disk(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&GRUB_NEED, &MKIMAGE_NEED))) {
        g_autofree char *path = guest_image("grub.img", make_grub_disk);
        g_autoptr(Guest) guest = start(target, OVER_OURS, "-hda", path);
        talk_to_grub(guest, "(hd0)");
    }
}

static void test_ours_grub_disc(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED, &MTOOLS_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, OVER_OURS, "-cdrom", path);
        talk_to_grub(guest, "(cd)");
    }
}

static void test_ours_grub_memtest(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&GRUB_NEED, &MKRESCUE_NEED, &XORRISO_NEED, &MTOOLS_NEED,
                                     &MEMTEST_NEED))) {
        g_autofree char *path = guest_image("grub.iso", make_grub_disc);
        g_autoptr(Guest) guest = start(target, OVER_OURS, "-cdrom", path);
        boot_memtest_from_grub(guest);
    }
}

static void test_ours_isolinux(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&ISOLINUX_NEED, &LDLINUX_NEED, &XORRISO_NEED))) {
        g_autofree char *path = guest_image("isolinux.iso", make_isolinux_disc);
        g_autoptr(Guest) guest = start(target, OVER_OURS, "-cdrom", path);
        guest_expect(guest, GUEST_OUT, "ISOLINUX ");
        talk_to_linux_loader(guest);
    }
}

static void test_ours_syslinux(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SYSLINUX_NEED, &MTOOLS_NEED))) {
        boot_syslinux(target, OVER_OURS, "-hda");
    }
}

static void test_ours_syslinux_floppy(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&SYSLINUX_NEED, &MTOOLS_NEED))) {
        boot_syslinux(target, OVER_OURS, "-fda");
    }
}

/* Its setup code asks the BIOS for the memory map. */
static void test_ours_memtest(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&MEMTEST_NEED))) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES,
                        "-kernel " MEMTEST " -append console=ttyS0,115200 -m 16 "
                        "-machine pc,kernel-entry=16");
        guest_expect(guest, GUEST_OUT, "pioemu BIOS ");
        guest_expect(guest, GUEST_OUT, "Memtest86+ v");
        guest_expect(guest, GUEST_OUT, "Memory  :   16MB");
    }
}

/* ---- no firmware ---- */

static void test_memtest_kernel(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&MEMTEST_NEED))) {
        g_autoptr(Guest) guest = guest_start(
            target, &GUEST_ON_PIPES, "-kernel " MEMTEST " -append console=ttyS0,115200 -m 16");
        guest_expect(guest, GUEST_OUT, "Memtest86+ v");
        guest_expect(guest, GUEST_OUT, "Memory  :   16MB");
    }
}

#define SOFTWARE(name, test) guest_tests_add("software/" name, test, GUEST_DEFAULT_IRQCHIP)

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    SOFTWARE("seabios_boots_a_boot_record", test_seabios_record);
    SOFTWARE("seabios_of_256_kib_boots_a_boot_record", test_seabios_large);
    SOFTWARE("seabios_and_grub_list_the_pci_bus", test_seabios_lspci);
    SOFTWARE("seabios_tries_what_boot_names", test_seabios_order);
    SOFTWARE("seabios_offers_a_menu", test_seabios_menu);
    SOFTWARE("seabios_boots_what_is_chosen", test_seabios_choice);
    SOFTWARE("seabios_starts_the_other_cpus", test_seabios_cpus);
    SOFTWARE("seabios_boots_grub_from_a_disk", test_seabios_grub_disk);
    SOFTWARE("seabios_boots_grub_from_a_disc", test_seabios_grub_disc);
    SOFTWARE("seabios_and_grub_boot_memtest86", test_seabios_memtest);
    SOFTWARE("seabios_boots_isolinux", test_seabios_isolinux);
    SOFTWARE("seabios_boots_syslinux", test_seabios_syslinux);
    SOFTWARE("seabios_boots_syslinux_from_a_floppy", test_seabios_syslinux_floppy);
    SOFTWARE("seabios_starts_a_linux_kernel", test_seabios_kernel);
    SOFTWARE("seabios_and_grub_pass_on_the_acpi_tables", test_seabios_acpi);
    SOFTWARE("our_bios_and_grub_pass_on_the_acpi_tables", test_ours_acpi);
    SOFTWARE("our_bios_boots_a_boot_record", test_ours_record);
    SOFTWARE("our_bios_boots_grub_from_a_disk", test_ours_grub_disk);
    SOFTWARE("our_bios_boots_grub_from_a_disc", test_ours_grub_disc);
    SOFTWARE("our_bios_and_grub_boot_memtest86", test_ours_grub_memtest);
    SOFTWARE("our_bios_boots_isolinux", test_ours_isolinux);
    SOFTWARE("our_bios_boots_syslinux", test_ours_syslinux);
    SOFTWARE("our_bios_boots_syslinux_from_a_floppy", test_ours_syslinux_floppy);
    SOFTWARE("our_bios_starts_memtest86", test_ours_memtest);
    SOFTWARE("memtest86_is_a_kernel", test_memtest_kernel);
    SOFTWARE("seabios_and_grub_with_4_cpus", test_seabios_grub_cpus);
    SOFTWARE("our_bios_and_grub_with_4_cpus", test_ours_grub_cpus);
    SOFTWARE("memtest86_with_4_cpus", test_memtest_cpus);
    return guest_tests_run();
}
