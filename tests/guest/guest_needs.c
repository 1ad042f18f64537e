#include "tests/guest/guest_needs.h"

#include <string.h>

static bool is_module(const Need *need)
{
    return g_str_has_prefix(need->what, "pioemu-");
}

static bool is_there(const Need *need)
{
    if (is_module(need)) {
        g_autofree char *module =
            g_build_filename(g_getenv("PIOEMU_BUILD"), "src", need->what, NULL);
        return g_file_test(module, G_FILE_TEST_EXISTS);
    }
    g_autofree char *program = g_find_program_in_path(need->what);
    return program || g_file_test(need->what, G_FILE_TEST_EXISTS);
}

bool guest_has_all(const Need *const *needs)
{
    for (; *needs; needs++) {
        if (!is_there(*needs)) {
            g_autofree char *why =
                g_strdup_printf("%s is not %s (package %s)", (*needs)->what,
                                is_module(*needs) ? "built" : "installed", (*needs)->package);
            g_test_skip(why);
            return false;
        }
    }
    return true;
}

bool guest_can_boot(const GuestTarget *target, const Need *const *needs)
{
    if (strcmp(target->accel, "soft") != 0) {
        g_test_skip("only on the software CPU: KVM without help for real mode needs minutes");
        return false;
    }
    return guest_has_all(needs);
}

void guest_run_tool(const char *format, ...)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = NULL, *errors = NULL;
    va_list args;
    va_start(args, format);
    g_autofree char *command = g_strdup_vprintf(format, args);
    va_end(args);
    char *argv[] = {"/bin/sh", "-ec", command, NULL};
    int status;
    g_assert_true(g_spawn_sync(guest_directory(), argv, NULL, G_SPAWN_STDIN_FROM_DEV_NULL, NULL,
                               NULL, &output, &errors, &status, &error));
    if (!g_spawn_check_wait_status(status, NULL)) {
        g_error("%s\n%s%s", command, output, errors);
    }
}

void guest_write_file(const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = guest_path(name);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

char *guest_image(const char *name, void (*make)(void))
{
    char *path = guest_path(name);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        make();
    }
    return path;
}
