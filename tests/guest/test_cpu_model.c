/* -cpu: what happens when a guest accesses model specific registers that do not exist. */
#include "tests/guest/guest_rig.h"

#include <string.h>

/* Linked at 0x1000.  It prints what RDMSR returns after WRMSR, or 'G' from the handler of #GP. */
static const uint8_t GUEST[] = {
    0xc7, 0x06, 0x34, 0x00, 0x23, 0x10, /* mov word [13 * 4], handler */
    0xc7, 0x06, 0x36, 0x00, 0x00, 0x00, /* mov word [13 * 4 + 2], 0 */
    0x66, 0xb9, 0x45, 0x23, 0x01, 0x00, /* mov ecx, 0x12345 */
    0x66, 0x83, 0xc8, 0xff,             /* or eax, -1 */
    0x66, 0x89, 0xc2,                   /* mov edx, eax */
    0x0f, 0x30,                         /* wrmsr */
    0x0f, 0x32,                         /* rdmsr */
    0x66, 0x09, 0xd0,                   /* or eax, edx */
    0xe6, 0x10,                         /* out 0x10, al */
    0xf4,                               /* hlt */
    0xb0, 'G',                          /* handler: mov al, 'G' */
    0xe6, 0x10,                         /* out 0x10, al */
    0xf4,                               /* hlt */
};

#define IGNORED "IO port: 10, data: 0\n"
#define FAULTED "IO port: 10, data: 47\n"

static char *write_guest(void)
{
    g_autoptr(GError) error = NULL;
    char *path = guest_path("msr.bin");
    g_file_set_contents(path, (const char *)GUEST, sizeof(GUEST), &error);
    g_assert_no_error(error);
    return path;
}

/* KVM has the necessary exits since Linux 5.10. */
static void run(const GuestTarget *target, const char *options, const char *output,
                const char *message)
{
    g_autofree char *path = write_guest();
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel %s %s", path, options);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, output);
    g_assert_cmpstr(guest_messages(guest), ==, message);
}

static void test_unknown_msrs_are_ignored(const GuestTarget *target)
{
    run(target, "", IGNORED, "");
}

static void test_unknown_msrs_are_told_once(const GuestTarget *target)
{
    run(target, "-d guest_errors", IGNORED,
        "pioemu: guest error: CPU 0: write of 0xffffffffffffffff to MSR 0x12345, which does "
        "not exist: ignored\n");
}

static void test_unknown_msrs_can_fault(const GuestTarget *target)
{
    run(target, "-cpu max,unknown-msr=fault -d guest_errors", FAULTED,
        "pioemu: guest error: CPU 0: write of 0xffffffffffffffff to MSR 0x12345, which does "
        "not exist: #GP\n");
}

static void replay(const GuestTarget *target, const char *options, int status, const char *output)
{
    g_autofree char *path = guest_path("msr.bin");
    g_autofree char *recording = guest_path("msr.rec");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel %s -replay %s %s", path, recording, options);
    g_assert_cmpint(guest_wait_exit(guest), ==, status);
    g_assert_cmpstr(guest_output(guest, GUEST_OUT)->str, ==, output);
}

static void test_a_recording_has_the_model(const GuestTarget *target)
{
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("a whole run is recorded on the software CPU only");
        return;
    }
    g_autofree char *recording = guest_path("msr.rec");
    g_autofree char *options = g_strdup_printf("-cpu max,unknown-msr=fault -record %s", recording);
    run(target, options, FAULTED, "");
    replay(target, "", 0, FAULTED);
    replay(target, "-cpu max,unknown-msr=fault", 0, FAULTED);
    replay(target, "-cpu max,kvm=off", 2, "");
}

static void assert_says(const char *options, GuestChannel channel, int status, const char *part)
{
    g_autoptr(Guest) guest = guest_start(NULL, &GUEST_ON_PIPES, "%s", options);
    g_assert_cmpint(guest_wait_exit(guest), ==, status);
    g_assert_nonnull(strstr(guest_output(guest, channel)->str, part));
}

static void test_models_are_listed(void)
{
    assert_says("-cpu help", GUEST_OUT, 0, "\n  max ");
    assert_says("-cpu help", GUEST_OUT, 0, "unknown-msr=ignore|fault");
    assert_says("-cpu Atlantis", GUEST_ERR, 2, "-cpu Atlantis: no such CPU model (-cpu help");
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("cpu/unknown_msrs_are_ignored", test_unknown_msrs_are_ignored,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpu/unknown_msrs_are_told_once", test_unknown_msrs_are_told_once,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpu/unknown_msrs_can_fault", test_unknown_msrs_can_fault,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("cpu/a_recording_has_the_model", test_a_recording_has_the_model,
                    GUEST_DEFAULT_IRQCHIP);
    g_test_add_func("/guest/cpu/models_are_listed", test_models_are_listed);
    return guest_tests_run();
}
