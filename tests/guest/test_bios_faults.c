/*
 * The BIOS when the CPU raises an exception, and with NMIs: it prints the address,
 * and continues or ends the run.
 */
#include "tests/guest/boot_disk.h"
#include "tests/guest/guest_rig.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BANNER "pioemu BIOS " PIOEMU_VERSION ": "

/* ---- exceptions ---- */

static void expect_end(const GuestTarget *target, const void *code, size_t size, int status,
                       const char *message)
{
    g_autofree char *disk = boot_disk_make(code, size);
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-hda %s -device exit-port", disk);
    guest_expect(guest, GUEST_OUT, BANNER);
    guest_expect(guest, GUEST_OUT, message);
    g_assert_cmpint(guest_wait_exit(guest), ==, status);
}

static void test_faults(const GuestTarget *target)
{
    static const uint8_t DIVIDE[] = {0x90, 0x31, 0xc9, 0xf7, 0xf1};
    static const uint8_t OPCODE[] = {0x0f, 0x0b};
    static const uint8_t BOUND[] = {0xb8, 0xff, 0x7f, 0x62, 0x06, 0x00, 0x7c};
    static const uint8_t LIMIT[] = {0x66, 0xbb, 0x00, 0x00, 0x01, 0x00, 0x67, 0x8a, 0x03};
    expect_end(target, DIVIDE, sizeof(DIVIDE), 1,
               "\nBIOS: division by zero or overflow at 0:7c03\r\n");
    expect_end(target, OPCODE, sizeof(OPCODE), 1, "\nBIOS: invalid opcode at 0:7c00\r\n");
    if (!strcmp(target->accel, "soft")) { /* the interpreter in KVM does not know BOUND */
        expect_end(target, BOUND, sizeof(BOUND), 1, "\nBIOS: index out of bounds at 0:7c03\r\n");
    }
    expect_end(target, LIMIT, sizeof(LIMIT), 1, "\nBIOS: general protection fault at 0:7c06\r\n");
}

/* INT3, INTO after an overflow, and a single step: the program continues. */
static void test_traps(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0xcc, 0xb0, 0x7f, 0x04, 0x01, 0xce, 0xcd, 0x05, 0x9c, 0x58,
                                   0x80, 0xcc, 0x01, 0x50, 0x9d, 0x90, 0xb0, 0x05, 0xe6, 0xf4};
    expect_end(target, CODE, sizeof(CODE), 5,
               "\nBIOS: breakpoint at 0:7c01\r\n\nBIOS: overflow at 0:7c06\r\n"
               "\nBIOS: single step at 0:7c10\r\n");
}

/* If EM of CR0 is set, an instruction of the coprocessor raises INT 7: FNINIT at 7C09h. */
static void test_no_coprocessor(const GuestTarget *target)
{
    static const uint8_t CODE[] = {0x0f, 0x20, 0xc0, 0x0c, 0x04, 0x0f, 0x22, 0xc0,
                                   0x90, 0xdb, 0xe3, 0xb0, 0x05, 0xe6, 0xf4};
    expect_end(target, CODE, sizeof(CODE), 1,
               "\nBIOS: no coprocessor for the instruction at 0:7c09\r\n");
}

/* ---- NMI ---- */

/* The answers are not read, because they fit in the socket's buffer. */
static void execute(int qmp, const char *command)
{
    g_autofree char *line = g_strdup_printf("{\"execute\":\"%s\"}\n", command);
    g_assert_cmpint(write(qmp, line, strlen(line)), ==, strlen(line));
}

/* Starts a machine that listens at a socket for QMP, and connects when it runs. */
static Guest *start_with_qmp(const GuestTarget *target, const char *disk, int *qmp)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *path = guest_path("qmp");
    Guest *guest = guest_start(
        target, &GUEST_ON_PIPES,
        "-hda %s -snapshot -device exit-port -qmp unix:%s,server=on,wait=off", disk, path);
    guest_expect(guest, GUEST_OUT, BANNER);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    *qmp = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(*qmp, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    execute(*qmp, "qmp_capabilities");
    return guest;
}

/*
 * The program turns interrupts off, so that the NMI hits the program and not the
 * BIOS.  It waits for the cursor to move, because then the BIOS has printed.
 */
static void test_nmi_in_a_program(const GuestTarget *target)
{
    static const uint8_t CODE[] = {
        0xfa, 0xa1, 0x50, 0x04,                         /* cli; the cursor's place */
        0xba, 0xf8, 0x03, 0x50, 0xb0, 0x52, 0xee, 0x58, /* R to COM1 */
        0x3b, 0x06, 0x50, 0x04, 0x74, 0xfa,             /* again: as long as it is there */
        0xb0, 0x06, 0xe6, 0xf4,                         /* exit status 6 */
    };
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    int qmp;
    g_autoptr(Guest) guest = start_with_qmp(target, disk, &qmp);
    guest_expect(guest, GUEST_OUT, "memory\r\nR");
    execute(qmp, "inject-nmi");
    guest_expect(guest, GUEST_OUT, "\nBIOS: NMI at 0:7c");
    g_assert_cmpint(guest_wait_exit(guest), ==, 6);
    close(qmp);
}

/* The BIOS waits for a key before the NMI and gets the key after it. */
static void test_nmi_in_the_bios(const GuestTarget *target)
{
    int qmp;
    g_autoptr(Guest) guest = start_with_qmp(target, "bootsect.img", &qmp);
    guest_expect(guest, GUEST_OUT, "q to end.\r\n");
    g_autofree char *segment = NULL;
    while (g_strcmp0(segment, "f000") != 0) { /* the first one may come before the wait */
        g_free(segment);
        execute(qmp, "inject-nmi");
        segment = guest_expect_match(guest, GUEST_OUT, "\nBIOS: NMI at ([0-9a-f]+):");
    }
    guest_type(guest, "xq");
    guest_expect(guest, GUEST_OUT, "x\r\nBye.\r\n");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    close(qmp);
}

/*
 * Wherever the NMIs hit, in the BIOS or outside, reads of the boot sector still
 * give its first and its last word.  A key ends the program.
 */
static void test_nmis_break_nothing(const GuestTarget *target)
{
    static const uint8_t CODE[] = {
        0xeb, 0x00,                                     /* to the next */
        0xbb, 0x00, 0x80, 0xb9, 0x01, 0x00, 0xba, 0x80, /* next: to 8000h, sector 1 */
        0x00, 0xb8, 0x01, 0x02, 0xcd, 0x13, 0x72, 0x1a, /* read it; carry: fail */
        0x81, 0x3e, 0x00, 0x80, 0xeb, 0x00, 0x75, 0x12, /* the first word; else fail */
        0x81, 0x3e, 0xfe, 0x81, 0x55, 0xaa, 0x75, 0x0a, /* the last word; else fail */
        0xb4, 0x01, 0xcd, 0x16, 0x74, 0xda,             /* no key: next */
        0xb0, 0x05, 0xe6, 0xf4,                         /* exit status 5 */
        0xb0, 0x09, 0xe6, 0xf4,                         /* fail: 9 */
    };
    g_autofree char *disk = boot_disk_make(CODE, sizeof(CODE));
    int qmp;
    g_autoptr(Guest) guest = start_with_qmp(target, disk, &qmp);
    for (unsigned i = 0; i < 40; i++) {
        execute(qmp, "inject-nmi");
        guest_expect(guest, GUEST_OUT, "\nBIOS: NMI at ");
    }
    guest_type(guest, "x");
    g_assert_cmpint(guest_wait_exit(guest), ==, 5);
    close(qmp);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("bios/faults_end_with_one_line", test_faults, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/traps_are_reported_and_passed", test_traps, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/no_coprocessor_ends_with_one_line", test_no_coprocessor,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/an_nmi_is_reported_and_passed", test_nmi_in_a_program,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/an_nmi_in_the_bios_is_reported_and_passed", test_nmi_in_the_bios,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("bios/nmis_break_nothing", test_nmis_break_nothing, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
