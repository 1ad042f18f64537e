/*
 * Firmware: the CPU starts in the image of -bios, after every kind of reset.
 */
#include "devices/misc/fw_cfg_regs.h"
#include "tests/guest/guest_rig.h"

#include <string.h>

#define ROM "../tests/guest/firmware_rom.bin"

/*
 * Bits: the ROM is unchanged, the copy is as in the ROM, the copy can be written;
 * and CMOS 0x3d and 0x38.
 */
static void test_resets(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-bios " ROM);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==,
                    "RRW1230\nRRW1230\nRRW1230\nRRW1230\n");
}

static void test_boot_once(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-bios " ROM " -m 640K -boot order=cd,once=dac");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==,
                    "RRW1320\nRRW3200\nRRW3200\nRRW3200\n");
}

static void test_no_reboot(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-bios " ROM " -boot order=cn -no-reboot");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, "RRW4200\n");
}

static void test_refusals(const GuestTarget *target)
{
    g_autoptr(Guest) flat = guest_start(target, &GUEST_ON_PIPES, "-bios " ROM " -kernel hello.bin");
    g_assert_cmpint(guest_wait_exit(flat), ==, 2);
    guest_expect(flat, GUEST_ERR,
                 "-kernel hello.bin: a flat binary cannot be started by a firmware (-bios)");
    g_autoptr(Guest) entry = guest_start(
        target, &GUEST_ON_PIPES, "-bios " ROM " -kernel bzimage.bin -machine pc,kernel-entry=32");
    g_assert_cmpint(guest_wait_exit(entry), ==, 2);
    guest_expect(entry, GUEST_ERR, "-kernel bzimage.bin: a firmware starts it at its 16-bit entry");
    g_autoptr(Guest) size = guest_start(target, &GUEST_ON_PIPES, "-bios hello.bin");
    g_assert_cmpint(guest_wait_exit(size), ==, 2);
    guest_expect(size, GUEST_ERR, "-bios hello.bin: has ");
}

/* ---- what firmware is told, examined without a CPU ---- */

static uint8_t next_byte(Guest *guest)
{
    guest_type(guest, "inb 0x511\n");
    g_autofree char *digits = guest_expect_match(guest, GUEST_OUT, "OK 0x00([0-9a-f]{2})\n");
    return (uint8_t)g_ascii_strtoull(digits, NULL, 16);
}

static void select_item(Guest *guest, unsigned key)
{
    g_autofree char *command = g_strdup_printf("outw 0x510 0x%x\n", key);
    guest_type(guest, command);
    guest_expect(guest, GUEST_OUT, "OK\n");
}

static void expect_item(Guest *guest, unsigned key, uint64_t value, unsigned size)
{
    uint64_t got = 0;
    select_item(guest, key);
    for (unsigned i = 0; i < size; i++) {
        got |= (uint64_t)next_byte(guest) << (8 * i);
    }
    g_assert_cmphex(got, ==, value);
}

static unsigned find_file(Guest *guest, const char *name)
{
    uint8_t entry[FW_CFG_DIR_ENTRY_SIZE];
    select_item(guest, FW_CFG_FILE_DIR);
    for (unsigned i = 0; i < FW_CFG_DIR_COUNT_SIZE; i++) {
        entry[i] = next_byte(guest);
    }
    for (unsigned count = entry[FW_CFG_DIR_COUNT_SIZE - 1]; count; count--) {
        for (unsigned i = 0; i < sizeof(entry); i++) {
            entry[i] = next_byte(guest);
        }
        if (!strcmp((const char *)entry + FW_CFG_DIR_NAME, name)) {
            return (unsigned)entry[FW_CFG_DIR_KEY] << 8 | entry[FW_CFG_DIR_KEY + 1];
        }
    }
    g_error("no file %s", name);
}

static void expect_text(Guest *guest, const char *name, const char *text)
{
    g_autoptr(GString) got = g_string_new(NULL);
    unsigned key = find_file(guest, name);
    select_item(guest, key);
    for (size_t i = 0; i < strlen(text); i++) {
        g_string_append_c(got, (char)next_byte(guest));
    }
    g_assert_cmpstr(got->str, ==, text);
    g_assert_cmphex(next_byte(guest), ==, 0);
}

/* Any file can be a disk, and so can the ROM. */
static void test_items(void)
{
    g_autoptr(Guest) guest = guest_start(
        NULL, &GUEST_ON_PIPES,
        "-accel qtest -qtest stdio -nodefaults -m 64 -bios " ROM " -hda " ROM
        " -snapshot -boot order=dc,menu=on,splash-time=1234 -fw_cfg opt/x,string=hello");
    expect_item(guest, FW_CFG_RAM_SIZE, 64 << 20, 8);
    expect_item(guest, FW_CFG_NB_CPUS, 1, 2);
    expect_item(guest, FW_CFG_MAX_CPUS, 1, 2);
    expect_item(guest, FW_CFG_NOGRAPHIC, 1, 2);
    expect_item(guest, FW_CFG_BOOT_MENU, 1, 2);
    expect_item(guest, FW_CFG_KERNEL_SIZE, 0, 4);
    expect_text(guest, "bootorder", "/pci@i0cf8/ide@1,1/drive@0/disk@0");
    expect_text(guest, "opt/x", "hello");
    expect_item(guest, find_file(guest, "etc/boot-fail-wait"), UINT32_MAX, 4);
    expect_item(guest, find_file(guest, "etc/boot-menu-wait"), 1234, 2);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("firmware/every_reset_starts_in_a_fresh_copy", test_resets,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("firmware/boot_once_holds_until_the_first_reset", test_boot_once,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("firmware/no_reboot_ends_at_the_first_reset", test_no_reboot,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("firmware/what_cannot_be_started_in_is_refused", test_refusals,
                    GUEST_DEFAULT_IRQCHIP);
    g_test_add_func("/guest/firmware/gets_the_description_of_the_machine", test_items);
    return guest_tests_run();
}
