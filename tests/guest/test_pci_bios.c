/*
 * The PCI BIOS of our BIOS: the same calls by INT 1Ah in real mode, and through the
 * BIOS32 directory in protected mode.
 */
#include "tests/guest/boot_disk.h"
#include "tests/guest/guest_needs.h"

#include <string.h>

#define SECTOR     512u
#define SECTOR_END 508u /* the number at this offset is that of the list */

typedef struct __attribute__((packed)) Call {
    uint16_t bits;
    uint32_t eax, ebx, ecx, edx, esi, edi;
} Call;

#define SECTOR_AT 0x7c00u
/*
 * The buffer for the routing table.  Its far pointer has an offset of 16 or of 32
 * bits, so that both kinds of calls can read it.  It is where a list of more than
 * three calls would be.
 */
#define BUFFER_AT 464u

typedef struct __attribute__((packed)) Buffer {
    uint16_t size, offset, zero, selector;
} Buffer;

/* The slots come to EBX and so on of the third call. */
static void put_buffer(char *sector, uint16_t list)
{
    size_t slots = SECTOR_AT + list + 2 * sizeof(Call) + offsetof(Call, ebx);
    const Buffer buffer = {.offset = (uint16_t)slots, .selector = 0x10};
    memcpy(sector + BUFFER_AT, &buffer, sizeof(buffer));
}

/* Makes the calls with 16 bits and with 32, and compares what is printed. */
static void assert_calls(const GuestTarget *target, const char *options, const Call *calls,
                         unsigned count, const char *text)
{
    g_autofree char *built =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "tests/guest/pci_bios_sector.bin", NULL);
    for (uint16_t bits = 16; bits <= 32; bits += 16) {
        g_autofree char *sector = NULL;
        gsize size;
        g_assert_true(g_file_get_contents(built, &sector, &size, NULL) && size == SECTOR);
        uint16_t at;
        memcpy(&at, sector + SECTOR_END, sizeof(at));
        g_assert_cmpuint(at + (count * sizeof(Call)) + 2, <=, SECTOR_END);
        put_buffer(sector, at);
        for (unsigned i = 0; i < count; i++, at = (uint16_t)(at + sizeof(Call))) {
            Call call = calls[i];
            call.bits = bits;
            memcpy(sector + at, &call, sizeof(call));
        }
        g_autofree char *disk = boot_disk_make_of(sector, SECTOR, BOOT_DISK_SIZE);
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, "%s -boot c -hda %s", options, disk);
        g_assert_cmpint(guest_wait_exit(guest), ==, 0);
        const char *output = strchr(guest_output(guest, GUEST_OUT)->str, '\n');
        g_auto(GStrv) lines = g_strsplit(output ? output + 1 : "", "\r", -1);
        g_autofree char *plain = g_strjoinv("", lines);
        g_assert_cmpstr(plain, ==, text);
    }
}

#define CALLS(target, options, text, ...)                                                          \
    do {                                                                                           \
        static const Call calls[] = {__VA_ARGS__};                                                 \
        assert_calls(target, options, calls, G_N_ELEMENTS(calls), text);                           \
    } while (0)

static void test_presence(const GuestTarget *target)
{
    CALLS(target, "",
          "0001 0210 aaaaaa00 20494350 .\n"
          "8106 1111 22222222 33333333 C\n"
          "8100 1111 22222222 33333333 C\n"
          "810f 1111 22222222 33333333 C\n",
          {0, 0xb101, 0x1111, 0xaaaaaaaa, 0x33333333, 0, 0},
          {0, 0xb106, 0x1111, 0x22222222, 0x33333333, 0, 0},
          {0, 0xb100, 0x1111, 0x22222222, 0x33333333, 0, 0},
          {0, 0xb10f, 0x1111, 0x22222222, 0x33333333, 0, 0});
}

static void test_find_device(const GuestTarget *target)
{
    CALLS(target, "-device virtio-rng-pci,addr=4 -device virtio-rng-pci,addr=1f.0",
          "0002 0009 00007010 00008086 .\n"
          "0002 0020 00001044 00001af4 .\n"
          "0002 00f8 00001044 00001af4 .\n"
          "8602 7777 00001044 00001af4 C\n"
          "8302 7777 00001044 0000ffff C\n",
          {0, 0xb102, 0x7777, 0x7010, 0x8086, 0, 0}, {0, 0xb102, 0x7777, 0x1044, 0x1af4, 0, 0},
          {0, 0xb102, 0x7777, 0x1044, 0x1af4, 1, 0}, {0, 0xb102, 0x7777, 0x1044, 0x1af4, 2, 0},
          {0, 0xb102, 0x7777, 0x1044, 0xffff, 0, 0});
}

static void test_find_class(const GuestTarget *target)
{
    CALLS(target, "",
          "0003 0009 00010180 00005555 .\n"
          "0003 0000 00060000 00005555 .\n"
          "8603 7777 00060000 00005555 C\n"
          "8603 7777 00ffffff 00005555 C\n",
          {0, 0xb103, 0x7777, 0x010180, 0x5555, 0, 0}, {0, 0xb103, 0x7777, 0x060000, 0x5555, 0, 0},
          {0, 0xb103, 0x7777, 0x060000, 0x5555, 1, 0}, {0, 0xb103, 0x7777, 0xffffff, 0x5555, 0, 0});
}

static void test_read(const GuestTarget *target)
{
    CALLS(target, "",
          "0008 0009 aaaaaa01 00005555 .\n"
          "0009 0009 aaaa7010 00005555 .\n"
          "000a 0009 70108086 00005555 .\n"
          "000a 0050 ffffffff 00005555 .\n"
          "000a 0109 ffffffff 00005555 .\n",
          {0, 0xb108, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x0b},
          {0, 0xb109, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x02},
          {0, 0xb10a, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x00},
          {0, 0xb10a, 0x0050, 0xaaaaaaaa, 0x5555, 0, 0x00},
          {0, 0xb10a, 0x0109, 0xaaaaaaaa, 0x5555, 0, 0x00});
}

static void test_bad_register(const GuestTarget *target)
{
    CALLS(target, "",
          "8709 0009 aaaaaaaa 00005555 C\n"
          "870a 0009 aaaaaaaa 00005555 C\n"
          "8708 0009 aaaaaaaa 00005555 C\n"
          "870c 0009 aaaaaaaa 00005555 C\n"
          "870d 0009 aaaaaaaa 00005555 C\n",
          {0, 0xb109, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x01},
          {0, 0xb10a, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x02},
          {0, 0xb108, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x100},
          {0, 0xb10c, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x11},
          {0, 0xb10d, 0x0009, 0xaaaaaaaa, 0x5555, 0, 0x11});
}

/* The bytes are written into a register of 32 bits, and it is read after each. */
static void test_write(const GuestTarget *target)
{
    CALLS(target, "-device virtio-rng-pci,addr=4",
          "000d 0020 fea00000 00005555 .\n"
          "000c 0020 1234feb0 00005555 .\n"
          "000a 0020 feb0000c 00005555 .\n"
          "000b 0020 123456ef 00005555 .\n"
          "000a 0020 000001ef 00005555 .\n",
          {0, 0xb10d, 0x0020, 0xfea00000, 0x5555, 0, 0x20},
          {0, 0xb10c, 0x0020, 0x1234feb0, 0x5555, 0, 0x22}, {0, 0xb10a, 0x0020, 0, 0x5555, 0, 0x20},
          {0, 0xb10b, 0x0020, 0x123456ef, 0x5555, 0, 0x3c},
          {0, 0xb10a, 0x0020, 0, 0x5555, 0, 0x3c});
}

/*
 * The first call learns the size of the table, because the buffer says that it has 0
 * bytes.  The second one gets it.  The third one shows it: pin A of slot 2 leads to
 * register 61h of the bridge, and IRQs 5, 10 and 11.
 */
static void test_routing(const GuestTarget *target)
{
    CALLS(target, "-device virtio-rng-pci",
          "890e 7777 00002222 00005555 C\n"
          "000e 0000 00002222 00005555 .\n"
          "8100 1000 0000000c 00000000 C\n",
          {0, 0xb10e, 0x7777, 0x2222, 0x5555, 0, SECTOR_AT + BUFFER_AT},
          {0, 0xb10e, 0x7777, 0x2222, 0x5555, 0, SECTOR_AT + BUFFER_AT},
          {0, 0xb100, 0x7777, 0x2222, 0x5555, 0, 0});
}

static void test_isapc(const GuestTarget *target)
{
    CALLS(target, "-M isapc", "8101 1111 22222222 33333333 C\n",
          {0, 0xb101, 0x1111, 0x22222222, 0x33333333, 0, 0});
}

/* ---- other projects' software ---- */

static const Need LINUX_386 = {
    "/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/linux",
    "debian-installer-12-netboot-i386"};
static const Need GRUB = {"/usr/lib/grub/i386-pc/boot.img", "grub-pc-bin"};
static const Need MKIMAGE = {"grub-mkimage", "grub-common"};

/* With pci=bios a 32-bit Linux makes all its accesses by the 32-bit entry. */
static void test_linux(const GuestTarget *target)
{
    if (!guest_can_boot(target, NEEDS(&LINUX_386))) {
        return;
    }
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES,
        "-m 256 -kernel %s -append 'console=ttyS0 pci=bios' -machine pc,kernel-entry=16",
        LINUX_386.what);
    guest_be_patient(guest, 2);
    guest_expect(guest, GUEST_OUT, "PCI: PCI BIOS revision 2.10 entry at 0xf");
    guest_expect(guest, GUEST_OUT, "pci 0000:00:01.1: [8086:7010]");
}

/* The list of QEMU's pc, where the same devices are there. */
static void test_grub(const GuestTarget *target)
{
    static const char *const LINES[] = {"00:00.0 8086:1237 [0600] Host Bridge",
                                        "00:01.0 8086:7000 [0601] ISA Bridge",
                                        "00:01.1 8086:7010 [0101] IDE Controller",
                                        "00:01.3 8086:7113 [0680]", "00:02.0 1af4:1044 [00ff]"};
    if (!guest_can_boot(target, NEEDS(&GRUB, &MKIMAGE))) {
        return;
    }
    guest_write_file("lspci.cfg", "serial\nterminal_output serial\nlspci\nhalt\n");
    guest_run_tool(
        "grub-mkimage -d /usr/lib/grub/i386-pc -O i386-pc -o core.img -p '(hd0)/' -c "
        "lspci.cfg biosdisk serial terminal normal minicmd lspci halt\n"
        "cat /usr/lib/grub/i386-pc/boot.img core.img >lspci.img; truncate -s 4M lspci.img");
    g_autofree char *disk = guest_path("lspci.img");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-drive file=%s,if=ide,format=raw -snapshot -device virtio-rng-pci", disk);
    for (size_t i = 0; i < G_N_ELEMENTS(LINES); i++) {
        guest_expect(guest, GUEST_OUT, LINES[i]);
    }
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("pci_bios/tells_its_version", test_presence, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/finds_devices", test_find_device, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/finds_classes", test_find_class, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/reads_configuration_space", test_read, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/writes_configuration_space", test_write, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/refuses_registers_that_do_not_exist", test_bad_register,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/gives_the_routing_of_interrupts", test_routing,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/is_not_there_without_a_bus", test_isapc, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/serves_a_32_bit_linux", test_linux, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("pci_bios/beside_grubs_lspci", test_grub, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
