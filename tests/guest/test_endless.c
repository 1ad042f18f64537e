/*
 * The loop always has its turn: each long and endless operation of a guest can be
 * ended by everything that ends a run.
 */
#include "tests/guest/guest_rig.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIMED_OUT = 5 };

/* In the order of `states` in endless.S. */
typedef struct State {
    const char *name;
    const char *options;
    bool threaded; /* it takes long even with threads for the vCPUs */
} State;

static const State STATES[] = {
    {"outs", "", true},
    {"ins", "", true},
    {"movs", "", false},
    {"movs_askew", "", false},
    {"movs_down", "", false},
    {"scas", "", false},
    {"stos_io_apic", "", false},
    {"clear_bss", "", false},
    {"stos_64k", "", false},
    {"dma_memory", "", true},
    {"dma_fw_cfg", "-device fw_cfg", true},
    {"srst_read", "-hda", true},
    {"load_cr3", "", false},
    {"fault_in_fetch", "", false},
    {"toggle_a20", "-smp 255", false},
    {"broadcast_ipi", "-smp 255", false},
};

static bool is_for(const State *state, const GuestTarget *target)
{
    return state->threaded || !strcmp(target->accel, "soft");
}

/* Starts the guest in this state, and waits for the text that it prints first. */
static Guest *start(const GuestTarget *target, size_t number, const char *more,
                    GuestChannel channel)
{
    const State *state = &STATES[number];
    g_autofree char *options = g_strdup(state->options);
    if (!strcmp(options, "-hda")) {
        g_autofree char *path = guest_path("disk");
        g_autofree char *data = g_malloc0(1 << 20);
        g_assert_true(g_file_set_contents(path, data, 1 << 20, NULL));
        g_free(options);
        options = g_strdup_printf("-hda %s -snapshot", path);
    }
    g_test_message("%s %s", state->name, more);
    Guest *guest = guest_start(target, &GUEST_ON_PIPES,
                               "-kernel %s/tests/guest/endless.bin -flat cx=%zu %s %s",
                               g_getenv("PIOEMU_BUILD"), number, options, more);
    guest_expect(guest, channel, "!");
    return guest;
}

static void test_signal(const GuestTarget *target)
{
    for (size_t i = 0; i < G_N_ELEMENTS(STATES); i++) {
        if (is_for(&STATES[i], target)) {
            g_autoptr(Guest) guest = start(target, i, "", GUEST_OUT);
            guest_signal(guest, SIGTERM);
            g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
        }
    }
}

static void test_key(const GuestTarget *target)
{
    for (size_t i = 0; i < G_N_ELEMENTS(STATES); i++) {
        if (is_for(&STATES[i], target)) {
            g_autoptr(Guest) guest = start(target, i, "-serial mon:stdio", GUEST_OUT);
            guest_type(guest, "\001x");
            g_assert_cmpint(guest_wait_exit(guest), ==, 0);
        }
    }
}

static void test_qmp(const GuestTarget *target)
{
    for (size_t i = 0; i < G_N_ELEMENTS(STATES); i++) {
        if (is_for(&STATES[i], target)) {
            g_autoptr(Guest) guest =
                start(target, i, "-qmp stdio -serial file:/dev/stderr", GUEST_ERR);
            guest_type(guest, "{'execute':'qmp_capabilities'}{'execute':'quit'}");
            g_assert_cmpint(guest_wait_exit(guest), ==, 0);
        }
    }
}

/* A pipe that is full, and whose reader does not read. */
static int make_full_pipe(const char *path)
{
    static const char BYTES[4096];
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    while (write(fd, BYTES, sizeof(BYTES)) > 0) {
    }
    return fd;
}

static void test_pipe_that_nobody_reads(const GuestTarget *target)
{
    static const char *const OUTPUTS[] = {
        "-record %s",
        "-d io -D %s",
        "-result %s",
        "-debugcon file:%s",
        "-chardev null,id=log,logfile=%s -debugcon chardev:log",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(OUTPUTS); i++) {
        g_autofree char *name = g_strdup_printf("pipe%zu", i);
        g_autofree char *path = guest_path(name);
        g_auto(GStrv) parts = g_strsplit(OUTPUTS[i], "%s", 2);
        g_autofree char *options = g_strconcat(parts[0], path, parts[1], NULL);
        int fd = make_full_pipe(path);
        g_autoptr(Guest) guest = start(target, 0, options, GUEST_OUT);
        guest_signal(guest, SIGTERM);
        g_assert_cmpint(guest_wait_killed(guest), ==, SIGTERM);
        close(fd);
        g_unlink(path);
    }
}

/* All at once, because each takes a second. */
static void test_timeout(const GuestTarget *target)
{
    static const size_t SOME[] = {0, 3, 7, 10};
    g_autoptr(GPtrArray) guests = g_ptr_array_new_with_free_func((GDestroyNotify)guest_free);
    for (size_t i = 0; i < G_N_ELEMENTS(SOME); i++) {
        if (is_for(&STATES[SOME[i]], target)) {
            g_ptr_array_add(guests, start(target, SOME[i], "-timeout 1", GUEST_OUT));
        }
    }
    for (guint i = 0; i < guests->len; i++) {
        g_assert_cmpint(guest_wait_exit(guests->pdata[i]), ==, TIMED_OUT);
    }
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("endless/signal", test_signal, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("endless/key", test_key, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("endless/qmp", test_qmp, GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("endless/pipe_that_nobody_reads", test_pipe_that_nobody_reads,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("endless/timeout", test_timeout, GUEST_DEFAULT_IRQCHIP);
    return guest_tests_run();
}
