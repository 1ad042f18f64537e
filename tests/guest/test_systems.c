/*
 * Whole systems that take the software CPU some seconds: a pass of memtest86+, and
 * the installers of Debian.  What is not installed is skipped.
 */
#include "tests/guest/guest_needs.h"

#define INSTALLERS "/usr/lib/debian-installer/images/12/"
#define PATIENCE   8u

static const Need MEMTEST_NEED = {"/boot/memtest86+x64.bin", "memtest86+"};
static const Need MEMTEST_32_NEED = {"/boot/memtest86+ia32.bin", "memtest86+"};
static const Need INSTALLER_NEED = {INSTALLERS "amd64/text/debian-installer/amd64/linux",
                                    "debian-installer-12-netboot-amd64"};
static const Need INSTALLER_32_NEED = {INSTALLERS "i386/text/debian-installer/i386/linux",
                                       "debian-installer-12-netboot-i386"};

/* A sanitizer makes minutes of them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static bool can_boot(const GuestTarget *target, const Need *need)
{
    if (SANITIZED) {
        g_test_skip("not under a sanitizer: it would take many minutes");
        return false;
    }
    return guest_can_boot(target, NEEDS(need));
}

/* ---- memtest86+: a whole pass ---- */

static void pass_memtest(const GuestTarget *target, const Need *memtest)
{
    if (can_boot(target, memtest)) {
        g_autoptr(Guest) guest =
            guest_start(target, &GUEST_ON_PIPES, "-kernel %s -append console=ttyS0,115200 -m 16",
                        memtest->what);
        guest_be_patient(guest, PATIENCE);
        guest_expect(guest, GUEST_OUT, "Memory  :   16MB");
        guest_expect(guest, GUEST_OUT, "Pass:  1        Errors: 0");
    }
}

static void test_memtest(const GuestTarget *target)
{
    pass_memtest(target, &MEMTEST_NEED);
}

static void test_memtest_32(const GuestTarget *target)
{
    pass_memtest(target, &MEMTEST_32_NEED);
}

/* ---- Debian's installers: to the first dialog ---- */

static void install(const GuestTarget *target, const Need *kernel)
{
    if (can_boot(target, kernel)) {
        g_autofree char *directory = g_path_get_dirname(kernel->what);
        g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES,
                                             "-m 1024 -kernel %s -initrd %s/initrd.gz "
                                             "-append 'console=ttyS0 quiet'",
                                             kernel->what, directory);
        guest_be_patient(guest, PATIENCE);
        guest_expect(guest, GUEST_OUT, "Select a language");
    }
}

static void test_installer(const GuestTarget *target)
{
    install(target, &INSTALLER_NEED);
}

static void test_installer_32(const GuestTarget *target)
{
    install(target, &INSTALLER_32_NEED);
}

#define SYSTEMS(name) guest_tests_add("systems/" #name, test_##name, GUEST_DEFAULT_IRQCHIP)

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    SYSTEMS(memtest);
    SYSTEMS(memtest_32);
    SYSTEMS(installer);
    SYSTEMS(installer_32);
    return guest_tests_run();
}
