/*
 * Stock firmware reaches its prompt or starts a disk: UEFI, U-Boot, Bochs' BIOSes
 * and iPXE.  What is not installed is skipped.
 */
#include "tests/guest/guest_needs.h"

#define U_BOOT "/usr/lib/u-boot/"

static const Need OVMF_NEED = {"/usr/share/ovmf/OVMF.fd", "ovmf"};
static const Need U_BOOT_NEED = {U_BOOT "qemu-x86/u-boot.rom", "u-boot-qemu"};
static const Need U_BOOT_64_NEED = {U_BOOT "qemu-x86_64/u-boot.rom", "u-boot-qemu"};
static const Need BOCHS_NEED = {"/usr/share/bochs/BIOS-bochs-latest", "bochsbios"};
static const Need BOCHS_LEGACY_NEED = {"/usr/share/bochs/BIOS-bochs-legacy", "bochsbios"};
static const Need IPXE_NEED = {"/usr/lib/ipxe/ipxe.lkrn", "ipxe"};
static const Need IPXE_ISO_NEED = {"/usr/lib/ipxe/ipxe.iso", "ipxe"};

/* ---- UEFI and U-Boot: to the prompt, and a command ---- */

static void test_ovmf(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&OVMF_NEED))) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, "-bios %s -m 256", OVMF_NEED.what);
        guest_expect(guest, GUEST_OUT, "UEFI Interactive Shell v2.2");
        guest_expect(guest, GUEST_OUT, "Shell> ");
        guest_type(guest, "ver\r");
        guest_expect(guest, GUEST_OUT, "EDK II");
        guest_type(guest, "reset -s\r");
        g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    }
}

/* It waits for half a minute of its own for an IDE channel, which a sanitizer makes long. */
#define PATIENCE 8

static void talk_to_u_boot(const GuestTarget *target, const Need *rom)
{
    if (guest_can_boot(target, NEEDS(rom))) {
        g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-bios %s", rom->what);
        guest_be_patient(guest, PATIENCE);
        guest_expect(guest, GUEST_OUT, "DRAM:  128 MiB");
        guest_expect(guest, GUEST_OUT, "=> ");
        guest_type(guest, "echo $arch\r");
        guest_expect(guest, GUEST_OUT, "x86\r\n=> ");
    }
}

static void test_u_boot(const GuestTarget *target)
{
    talk_to_u_boot(target, &U_BOOT_NEED);
}

static void test_u_boot_64(const GuestTarget *target)
{
    talk_to_u_boot(target, &U_BOOT_64_NEED);
}

/* ---- BIOSes: to a boot sector ---- */

static void boot_demo(const GuestTarget *target, const Need *bios)
{
    if (guest_can_boot(target, NEEDS(bios))) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, "-bios %s -hda demo.img -snapshot", bios->what);
        guest_expect(guest, GUEST_OUT, "pioemu> ");
        guest_type(guest, "add 2 2\r");
        guest_expect(guest, GUEST_OUT, "4\r\n");
    }
}

static void test_bochs(const GuestTarget *target)
{
    boot_demo(target, &BOCHS_NEED);
}

static void test_bochs_legacy(const GuestTarget *target)
{
    boot_demo(target, &BOCHS_LEGACY_NEED);
}

/* ---- iPXE ---- */

/* It waits for a key for two seconds of machine time, so the key is typed before. */
static void talk_to_ipxe(Guest *guest)
{
    guest_type(guest, "\002");
    guest_expect(guest, GUEST_OUT, "Ctrl-B");
    guest_expect(guest, GUEST_OUT, "iPXE> ");
    guest_type(guest, "echo ${version}\r");
    guest_expect(guest, GUEST_OUT, "1.");
    guest_expect(guest, GUEST_OUT, "iPXE> ");
}

static void test_ipxe_kernel(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&IPXE_NEED))) {
        g_autoptr(Guest) guest = guest_start(
            target, &GUEST_ON_PIPES, "-machine pc,kernel-entry=16 -kernel %s", IPXE_NEED.what);
        talk_to_ipxe(guest);
    }
}

static void test_ipxe_disc(const GuestTarget *target)
{
    if (guest_can_boot(target, NEEDS(&IPXE_ISO_NEED))) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, "-cdrom %s", IPXE_ISO_NEED.what);
        talk_to_ipxe(guest);
    }
}

#define FIRMWARES(name) guest_tests_add("firmwares/" #name, test_##name, GUEST_DEFAULT_IRQCHIP)

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    FIRMWARES(ovmf);
    FIRMWARES(u_boot);
    FIRMWARES(u_boot_64);
    FIRMWARES(bochs);
    FIRMWARES(bochs_legacy);
    FIRMWARES(ipxe_kernel);
    FIRMWARES(ipxe_disc);
    return guest_tests_run();
}
