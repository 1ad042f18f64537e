/* The accelerators that the guest tests run with, and a directory for their files. */
#include "tests/guest/guest_rig.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

typedef struct Case {
    const GuestTarget *target;
    GuestTest *test;
} Case;

/* Belong to the test program, and are set before its first test. */
static GPtrArray *targets;
static char *directory;

/* ---- what can run guests here ---- */

static void free_target(gpointer data)
{
    GuestTarget *target = data;
    g_free(target->accel);
    g_free(target->unusable);
    g_free(target);
}

/* Why the accelerator cannot start, in the program's words.  NULL: it can. */
static char *find_obstacle(const GuestTarget *target)
{
    enum { CONFIGURATION = 2, HOST = 3 };
    g_autoptr(Guest) guest = guest_start(target, &GUEST_ON_PIPES, "-kernel add.bin -timeout 1");
    int status = guest_wait_exit(guest);
    return status == CONFIGURATION || status == HOST
               ? g_strchomp(g_strdup(guest_output(guest, GUEST_ERR)->str))
               : NULL;
}

static void add_target(const char *accel, const char *irqchip)
{
    GuestTarget *target = g_new0(GuestTarget, 1);
    target->accel = g_strdup(accel);
    target->irqchip = irqchip;
    target->unusable = find_obstacle(target);
    g_ptr_array_add(targets, target);
}

/* PIOEMU_TEST_ACCEL, if set, names the only accelerator that the tests run with. */
static bool is_wanted(const char *accel)
{
    const char *only = g_getenv("PIOEMU_TEST_ACCEL");
    return !only || !strcmp(only, accel);
}

/*
 * `-accel help` has a line for each accelerator, indented by two.  qtest has no
 * CPU, so it cannot run a guest.
 */
static void find_targets(void)
{
    static const char *const IRQCHIPS[] = {NULL, "user", "split", "kernel"};
    g_autoptr(Guest) help = guest_start(NULL, &GUEST_ON_PIPES, "-accel help");
    g_assert_cmpint(guest_wait_exit(help), ==, 0);
    g_auto(GStrv) lines = g_strsplit(guest_output(help, GUEST_OUT)->str, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!g_str_has_prefix(*line, "  ") || g_str_has_prefix(*line, "  qtest")) {
            continue;
        }
        g_autofree char *name = g_strndup(*line + 2, strcspn(*line + 2, " "));
        for (size_t i = 0; is_wanted(name) && i < G_N_ELEMENTS(IRQCHIPS); i++) {
            add_target(name, IRQCHIPS[i]);
        }
    }
}

/* ---- tests ---- */

static void run_case(gconstpointer data)
{
    const Case *this = data;
    if (this->target->unusable) {
        g_test_skip(this->target->unusable);
    } else {
        this->test(this->target);
    }
}

bool guest_tests_can_run(const char *accel)
{
    bool can = false;
    for (guint i = 0; i < targets->len; i++) {
        const GuestTarget *target = targets->pdata[i];
        can |= !strcmp(target->accel, accel) && !target->unusable;
    }
    return can;
}

void guest_tests_add(const char *name, GuestTest *test, GuestIrqchips irqchips)
{
    for (guint i = 0; i < targets->len; i++) {
        const GuestTarget *target = targets->pdata[i];
        if ((irqchips == GUEST_EVERY_IRQCHIP) == (target->irqchip != NULL)) {
            g_autofree char *path = g_strdup_printf("/guest/%s%s%s/%s", target->accel,
                                                    target->irqchip ? "-irqchip-" : "",
                                                    target->irqchip ? target->irqchip : "", name);
            Case *this = g_new(Case, 1);
            *this = (Case){target, test};
            g_test_add_data_func_full(path, this, run_case, g_free);
        }
    }
}

void guest_tests_init(int *argc, char ***argv)
{
    g_autoptr(GError) error = NULL;
    g_test_init(argc, argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    directory = g_dir_make_tmp("pioemu-guest-XXXXXX", &error);
    g_assert_no_error(error);
    targets = g_ptr_array_new_with_free_func(free_target);
    find_targets();
}

static void remove_directory(void)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = guest_path(name);
        g_remove(path);
    }
    g_rmdir(directory);
    g_free(directory);
}

int guest_tests_run(void)
{
    int result = g_test_run();
    remove_directory();
    g_ptr_array_unref(targets);
    return result;
}

/* ---- files ---- */

const char *guest_directory(void)
{
    return directory;
}

char *guest_path(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

char *guest_read_file(const char *path)
{
    char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}
