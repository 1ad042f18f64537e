/* Kernels of every format boot and get the right information. */
#include "tests/guest/guest_rig.h"

#include <string.h>

#define MODULE "hello module"
#define ROM    "../tests/guest/firmware_rom.bin"

#define MODULE_SUM "1210"

#define MEMORY_32M                                                                                 \
    "memory: 000000000-00009fbff RAM\n"                                                            \
    "memory: 00009fc00-00009ffff reserved\n"                                                       \
    "memory: 0000f0000-0000fffff reserved\n"                                                       \
    "memory: 000100000-001ffffff RAM\n"

static char *module_path(void)
{
    g_autoptr(GError) error = NULL;
    char *path = guest_path("module");
    g_file_set_contents(path, MODULE, -1, &error);
    g_assert_no_error(error);
    return path;
}

static void assert_prints(Guest *guest, const char *output)
{
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, output);
}

/*
 * If the CPU has no support for a mode, KVM interprets its code, and does not know
 * the IRET of protected mode.
 */
static bool kvm_gave_up(Guest *guest)
{
    bool gave_up = guest_wait_exit(guest) == 4 &&
                   strstr(guest_messages(guest), "KVM cannot emulate the guest's");
    if (gave_up) {
        g_test_skip("this KVM cannot run an interrupt handler in protected mode");
    }
    return gave_up;
}

static void check_kernel(const GuestTarget *target, const char *kernel, const char *output)
{
    g_autofree char *module = module_path();
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-m 32 -kernel %s -append 'one two' -initrd '%s x=1 y,%s'",
                                         kernel, module, module);
    guest_expect(guest, GUEST_OUT, output);
    if (!kvm_gave_up(guest)) {
        g_autofree char *all = g_strdup_printf("%stick\ntick\ntick\n", output);
        assert_prints(guest, all);
    }
}

static void test_multiboot(const GuestTarget *target)
{
    g_autofree char *module = module_path();
    g_autofree char *output =
        g_strdup_printf("multiboot 1\ncommand line: multiboot.elf one two\n" MEMORY_32M
                        "module: 12 bytes, sum " MODULE_SUM ", %s x=1 y\n"
                        "module: 12 bytes, sum " MODULE_SUM ", %s\n",
                        module, module);
    check_kernel(target, "multiboot.elf", output);
}

static void test_multiboot2(const GuestTarget *target)
{
    check_kernel(target, "multiboot2.elf",
                 "multiboot 2\ncommand line: one two\n"
                 "module: 12 bytes, sum " MODULE_SUM ", x=1 y\n"
                 "module: 12 bytes, sum " MODULE_SUM ", \n" MEMORY_32M);
}

static void test_pvh(const GuestTarget *target)
{
    check_kernel(target, "pvh.elf",
                 "PVH\ncommand line: one two\n" MEMORY_32M "module: 12 bytes, sum " MODULE_SUM
                 ", x=1 y\n"
                 "module: 12 bytes, sum " MODULE_SUM ", \n");
}

static void test_elf(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel elf.elf -append 'one two'");
    assert_prints(guest, "protected mode: one two\n");
}

static void test_elf64(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel elf64.elf -append 'one two'");
    assert_prints(guest, "long mode: one two\n");
}

/* ---- Linux ---- */

static void test_linux(const GuestTarget *target)
{
    g_autofree char *module = module_path();
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-kernel bzimage.bin -append 'one two' -initrd %s", module);
    assert_prints(guest,
                  "32-bit entry\ncommand line: one two\ninitrd: 12 bytes, sum " MODULE_SUM "\n");
}

static void test_linux_16(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-kernel bzimage.bin -append 'one two' -machine pc,kernel-entry=16");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_OUT, "pioemu BIOS ");
    guest_expect(guest, GUEST_OUT, "\r\n16-bit entry\ncommand line: one two\n");
}

static void test_linux_64(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES,
                    "-kernel bzimage64.bin -append 'one two' -machine pc,kernel-entry=64");
    assert_prints(guest, "64-bit entry\ncommand line: one two\n");
}

/* A 64-bit Linux at its other entries. */
static void test_linux_for_64_bits(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel bzimage64.bin -append 'one two'");
    assert_prints(guest, "32-bit entry\ncommand line: one two\ninitrd: 0 bytes, sum 0\n");
    g_autoptr(Guest) setup = guest_start(
        target, &GUEST_ON_PIPES, "-kernel bzimage64.bin -machine pc,kernel-entry=16 -S -timeout 1");
    g_assert_cmpint(guest_wait_exit(setup), ==, 5);
}

/* ---- power-off ---- */

static void test_acpi_off(const GuestTarget *target)
{
    g_autofree char *path = guest_path("result.json");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel acpi-off.elf -result %s", path);
    assert_prints(guest, "PM1a_CNT is at port 0x0604, _S5_ is 0\n");
    g_autofree char *result = guest_read_file(path);
    g_assert_nonnull(strstr(result, "the guest powered off"));
}

/* A report lists our own controllers, but not those in KVM. */
static bool has_controller(const GuestTarget *target, const char *arguments, const char *name)
{
    enum { TIMED_OUT = 5 };
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "%s -S -timeout 1", arguments);
    g_assert_cmpint(guest_wait_exit(guest), ==, TIMED_OUT);
    guest_expect(guest, GUEST_ERR, "\nDevices:\n");
    g_autofree char *line = g_strdup_printf("\n  %s: ", name);
    return strstr(guest_messages(guest), line);
}

static bool is_kvm(const GuestTarget *target)
{
    return !strcmp(target->accel, "kvm");
}

/* What `auto` chooses on a KVM that supports everything. */
static bool splits(const GuestTarget *target)
{
    return is_kvm(target) &&
           has_controller(target, "-kernel add.bin -machine irqchip=auto", "IOAPIC");
}

static void test_irqchip(const GuestTarget *target)
{
    bool split = splits(target), software = !is_kvm(target);
    const struct {
        const char *arguments;
        bool pic, io_apic;
    } CASES[] = {
        {"-kernel bzimage.bin", software || split, software || split},
        {"-kernel bzimage.bin -machine irqchip=auto", software || split, software || split},
        {"-kernel bzimage.bin -machine irqchip=user", true, software},
        {"-kernel hello.bin", true, software || split},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_assert_cmpint(has_controller(target, CASES[i].arguments, "PIC"), ==, CASES[i].pic);
        g_assert_cmpint(has_controller(target, CASES[i].arguments, "IOAPIC"), ==, CASES[i].io_apic);
    }
    if (!software) {
        g_assert_false(has_controller(target, "-kernel hello.bin -machine irqchip=kernel", "PIC"));
    }
}

/* If the only CPU has no local APIC, CPUID says so to the guest. */
static void test_level_interrupts(const GuestTarget *target)
{
    bool split = splits(target);
    if (!g_strcmp0(target->irqchip, "split") && !split) {
        g_test_skip("this host's KVM may lose the end of an interrupt");
        return;
    }
    bool none = is_kvm(target) && (target->irqchip ? !strcmp(target->irqchip, "user") : !split);
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                         "-kernel ioapic.bin -device pc-testdev -device exit-port");
    g_assert_cmpint(guest_wait_exit(guest), ==, none);
    guest_expect(guest, GUEST_OUT, none ? "no local APIC\n" : "3 level interrupts\n");
}

static void test_hypervisor(const GuestTarget *target)
{
    g_autoptr(Guest) shown = guest_start(target, &GUEST_ON_PIPES, "-kernel hypervisor.bin");
    assert_prints(shown, is_kvm(target) ? "KVMKVMKVM with a clock\n" : "no hypervisor\n");
    g_autoptr(Guest) hidden =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hypervisor.bin -cpu max,kvm=off");
    assert_prints(hidden, "no hypervisor\n");
}

/* ---- what a BIOS would have left, examined without a CPU ---- */

static unsigned ask_port(Guest *guest, const char *commands)
{
    guest_type(guest, commands);
    g_autofree char *digits = guest_expect_match(guest, GUEST_OUT, "OK 0x([0-9a-f]+)\n");
    return (unsigned)g_ascii_strtoull(digits, NULL, 16);
}

static void check_chips(const char *options, bool after_bios, unsigned mask)
{
    g_autoptr(Guest) guest =
        guest_start(NULL, &GUEST_ON_PIPES, "-accel qtest -qtest stdio -nodefaults %s", options);
    g_assert_cmphex(ask_port(guest, "inb 0x64\n") & 0x04, ==, after_bios ? 0x04 : 0);
    g_assert_cmphex(ask_port(guest, "inb 0x21\n"), ==, mask);
    g_assert_cmphex(ask_port(guest, "inb 0xa1\n"), ==, 0xff);
    guest_type(guest, "clock_step 1000000\n");
    guest_expect(guest, GUEST_OUT, "OK 1000000\n");
    /* The status of counter 0 without OUT: both bytes, mode 3, a count has been loaded. */
    unsigned status = ask_port(guest, "outb 0x43 0xe2\ninb 0x40\n");
    g_assert_cmpint((status & 0x7f) == 0x36, ==, after_bios);
}

static void test_chips_are_as_a_bios_leaves_them(void)
{
    check_chips("-bios " ROM, false, 0xff);
    check_chips("-kernel hello.bin", true, 0xff);
    check_chips("-kernel multiboot.elf", true, 0xb8);
    check_chips("-kernel bzimage.bin", true, 0xb8);
}

static void test_firmware_items_are_always_there(void)
{
    static const char *const OPTIONS[] = {"-kernel multiboot.elf", "-kernel pvh.elf -device fw_cfg",
                                          "-kernel hello.bin"};
    for (unsigned i = 0; i < G_N_ELEMENTS(OPTIONS); i++) {
        g_autoptr(Guest) guest = guest_start(
            NULL, &GUEST_ON_PIPES, "-accel qtest -qtest stdio -nodefaults %s -boot dc", OPTIONS[i]);
        g_assert_cmphex(ask_port(guest, "outw 0x510 0\ninb 0x511\n"), ==, 'Q');
        g_assert_cmphex(ask_port(guest, "outb 0x70 0x3d\ninb 0x71\n"), ==, 0x23);
    }
}

static void test_refusals(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel elf.elf -m 1");
    g_assert_cmpint(guest_wait_exit(guest), ==, 2);
    guest_expect(guest, GUEST_ERR, "pioemu: -kernel elf.elf: ELF segment 0: ");
    guest_expect(guest, GUEST_ERR, "do not fit into 1024 KiB of memory (-m)\n");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("boot/multiboot", test_multiboot, GUEST_EVERY_IRQCHIP);
    guest_tests_add("boot/multiboot2", test_multiboot2, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot/pvh", test_pvh, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot/elf", test_elf, GUEST_EVERY_IRQCHIP);
    guest_tests_add("boot/elf64", test_elf64, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot/linux", test_linux, GUEST_EVERY_IRQCHIP);
    guest_tests_add("boot/linux_enters_its_setup_if_asked", test_linux_16, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot/linux_starts_in_long_mode_if_asked", test_linux_64,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot/linux_for_64_bits_needs_such_a_cpu", test_linux_for_64_bits,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot/controllers_are_where_they_should_be", test_irqchip,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("boot/level_interrupts_come_until_the_line_falls", test_level_interrupts,
                    GUEST_EVERY_IRQCHIP);
    guest_tests_add("boot/kvm_shows_unless_it_is_hidden", test_hypervisor, GUEST_EVERY_IRQCHIP);
    guest_tests_add("boot/acpi_powers_off", test_acpi_off, GUEST_EVERY_IRQCHIP);
    guest_tests_add("boot/kernels_that_do_not_fit_are_refused", test_refusals,
                    GUEST_DEFAULT_IRQCHIP);
    g_test_add_func("/guest/boot/chips_are_as_a_bios_leaves_them",
                    test_chips_are_as_a_bios_leaves_them);
    g_test_add_func("/guest/boot/firmware_items_are_always_there",
                    test_firmware_items_are_always_there);
    return guest_tests_run();
}
