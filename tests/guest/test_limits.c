/*
 * A host without enough address space or threads.  Wherever the start fails, the
 * status is 3 and a line says what is missing.
 */
#include "tests/guest/guest_rig.h"

#include <string.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define NO_LIBRARIES 127 /* the loader's status if it never reached the program */
#define MIB          ((rlim_t)1 << 20)

/* ---- starting under a limit ---- */

typedef struct Ending {
    int status; /* -1: a signal ended it */
    char *errors;
} Ending;

static void limit_addresses(gpointer bytes)
{
    struct rlimit limit = {*(rlim_t *)bytes, *(rlim_t *)bytes};
    setrlimit(RLIMIT_AS, &limit);
}

static void ending_clear(Ending *ending)
{
    g_free(ending->errors);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ending, ending_clear)

static Ending start(const char *arguments, rlim_t addresses, char **environment)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *command =
        g_strdup_printf("%s/src/pioemu %s", g_getenv("PIOEMU_BUILD"), arguments);
    g_auto(GStrv) argv = NULL;
    g_autofree char *output = NULL;
    Ending ending = {0};
    int status;
    g_assert_true(g_shell_parse_argv(command, NULL, &argv, NULL));
    g_spawn_sync(guest_directory(), argv, environment, G_SPAWN_STDIN_FROM_DEV_NULL,
                 addresses ? limit_addresses : NULL, &addresses, &output, &ending.errors, &status,
                 &error);
    g_assert_no_error(error);
    ending.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ending;
}

/* The guest is HLT with interrupts disabled, so the run ends by itself. */
static char *make_files(void)
{
    g_autofree char *guest = guest_path("halt.bin"), *disk = guest_path("disk.img");
    g_autofree char *sectors = g_malloc0(MIB);
    g_assert_true(g_file_set_contents(guest, "\xfa\xf4", 2, NULL));
    g_assert_true(g_file_set_contents(disk, sectors, MIB, NULL));
    return g_steal_pointer(&guest);
}

static void assert_refused(const Ending *ending)
{
    g_assert_cmpint(ending->status, ==, 3);
    g_assert_true(g_str_has_prefix(ending->errors, "pioemu: "));
    g_assert_true(g_str_has_suffix(ending->errors, "\n"));
}

/* ---- address space ---- */

/*
 * GLib needs memory before the program's main() is called, and aborts if there is none.  Once the
 * program has said something, more memory does not lead back to that.
 */
static bool ended_before_main(const Ending *ending, const GString *heard)
{
    return ending->status == -1 && heard->len == 0 &&
           g_str_has_prefix(ending->errors, "GLib (gthread-posix.c): ");
}

/*
 * Raises the limit in steps, from too little for the libraries to enough.  Returns
 * the latter in MiB.
 */
static unsigned sweep(const char *arguments, rlim_t step, const char *const *messages)
{
    g_autoptr(GString) heard = g_string_new(NULL);
    rlim_t size = 4 * MIB;
    int status;
    do {
        g_auto(Ending) ending = start(arguments, size, NULL);
        status = ending.status;
        if (status != 0 && status != NO_LIBRARIES && !ended_before_main(&ending, heard)) {
            assert_refused(&ending);
            g_string_append(heard, ending.errors);
        }
        size += step;
        g_assert_cmpuint(size, <, 1024 * MIB);
    } while (status != 0);
    for (; *messages; messages++) {
        if (!strstr(heard->str, *messages)) {
            g_error("'%s' is not in:\n%s", *messages, heard->str);
        }
    }
    return (unsigned)(size / MIB);
}

static bool can_limit(void)
{
    if (SANITIZED) {
        g_test_skip("a sanitizer needs more addresses than there are in a limit");
    }
    return !SANITIZED;
}

static void test_little_address_space(const GuestTarget *target)
{
    static const char *const MESSAGES[] = {"the host has no more memory",
                                           "-m: the host has no 64 MiB of address space", NULL};
    if (!can_limit()) {
        return;
    }
    g_autofree char *guest = make_files();
    g_autofree char *arguments =
        g_strdup_printf("-accel %s -m 64 -hda disk.img -kernel %s", target->accel, guest);
    sweep(arguments, 3 * MIB / 4, MESSAGES);
}

/* There is one arena of code for all, and not one for each. */
static void test_many_software_cpus(void)
{
    static const char *const MESSAGES[] = {
        "-accel soft: the host has no 16 MiB of address space for decoded code",
        "-smp: the host has no memory for CPU", NULL};
    if (!can_limit()) {
        return;
    }
    g_autofree char *guest = make_files();
    g_autofree char *arguments = g_strdup_printf("-accel soft -m 1 -smp 255 -kernel %s", guest);
    g_assert_cmpuint(sweep(arguments, 2 * MIB, MESSAGES), <, 600);
}

/* ---- threads ---- */

/* Makes the creation of each thread of the start fail once. */
static unsigned refuse_threads(const char *arguments)
{
    for (unsigned n = 0;; n++) {
        g_autofree char *number = g_strdup_printf("%u", n);
        g_auto(GStrv) environment = g_get_environ();
        environment = g_environ_setenv(environment, "LD_PRELOAD", FAILING_HOST, TRUE);
        environment = g_environ_setenv(environment, "PIOEMU_FAIL_THREAD", number, TRUE);
        g_auto(Ending) ending = start(arguments, 0, environment);
        if (ending.status == 0) {
            return n;
        }
        assert_refused(&ending);
        g_assert_true(strstr(ending.errors, "thread") || strstr(ending.errors, "process"));
    }
}

static void test_no_threads(const GuestTarget *target)
{
    if (SANITIZED) {
        g_test_skip("a sanitizer has threads of its own");
        return;
    }
    bool threaded = !strcmp(target->accel, "kvm");
    g_autofree char *guest = make_files();
    g_autofree char *arguments =
        g_strdup_printf("-accel %s -smp 3 -hda disk.img -kernel %s", target->accel, guest);
    g_assert_cmpuint(refuse_threads(arguments), ==, threaded ? 4 : 1);
}

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    guest_tests_add("limits/little_address_space", test_little_address_space,
                    GUEST_DEFAULT_IRQCHIP);
    guest_tests_add("limits/no_threads", test_no_threads, GUEST_DEFAULT_IRQCHIP);
    g_test_add_func("/guest/limits/many_software_cpus", test_many_software_cpus);
    return guest_tests_run();
}
