/*
 * A program comes over the network: iPXE, from the option ROM of the card, fetches it
 * by TFTP from the network behind the host.
 */
#include "tests/guest/guest_needs.h"

static const Need SLIRP = NEED_OF_USER_NETWORK;
static const Need IPXE = {"/usr/lib/ipxe/qemu/efi-e1000.rom", "ipxe-qemu"};
static const Need SEABIOS = {"/usr/share/seabios/bios.bin", "seabios"};
static const Need SEABIOS_256K = {"/usr/share/seabios/bios-256k.bin", "seabios"};

/* Prints at 0:7C00h, where a program of PXE begins, and stops. */
static void make_program(void)
{
    static const char CODE[] =
        "\x31\xc0\x8e\xd8\xfc\xbe\x1c\x7c\xac\x84\xc0\x74\x09\xb4\x0e\xbb\x07\x00\xcd\x10\xeb"
        "\xf2\xfa\xf4\xeb\xfc\x90\x90"
        "The program came by TFTP\r\n";
    g_autofree char *directory = g_build_filename(guest_directory(), "tftp", NULL);
    g_autofree char *path = g_build_filename(directory, "program.pxe", NULL);
    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, CODE, sizeof(CODE), NULL));
}

static void boot(const GuestTarget *target, const Need *const *needs, const char *options)
{
    if (!guest_can_boot(target, needs)) {
        return;
    }
    make_program();
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-m 64 -boot n -nic user,tftp=%s/tftp,bootfile="
                                         "program.pxe,%s",
                                         guest_directory(), options);
    guest_be_patient(guest, 4);
    /* SeaBIOS keeps the last character. */
    guest_expect(guest, GUEST_OUT, "The program came by TFT");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_e1000(const GuestTarget *target)
{
    boot(target, NEEDS(&SLIRP, &IPXE), "model=e1000");
}

static void test_virtio(const GuestTarget *target)
{
    boot(target, NEEDS(&SLIRP, &IPXE), "model=virtio");
}

static void test_seabios(const GuestTarget *target)
{
    boot(target, NEEDS(&SLIRP, &IPXE, &SEABIOS), "model=e1000 -bios /usr/share/seabios/bios.bin");
    boot(target, NEEDS(&SLIRP, &IPXE, &SEABIOS_256K),
         "model=virtio -bios /usr/share/seabios/bios-256k.bin");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("network_boot/e1000", test_e1000, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("network_boot/virtio", test_virtio, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("network_boot/seabios", test_seabios, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
