/*
 * Gives every file of the directories in the arguments to a fuzz target, in
 * place of libFuzzer.  Its tests are named for the files.
 */
#include "tests/fuzz/fuzz.h"

static void run_file(gconstpointer path)
{
    g_autofree char *data = NULL;
    gsize size;
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_get_contents(path, &data, &size, &error));
    /* A copy of its exact size: a sanitizer sees what reads past the end. */
    g_autofree uint8_t *exact = g_malloc(size ? size : 1);
    memcpy(exact, data, size);
    g_assert_cmpint(LLVMFuzzerTestOneInput(exact, size), ==, 0);
}

static void run_none(gconstpointer path)
{
    (void)path;
    static const uint8_t NOTHING[1];
    g_assert_cmpint(LLVMFuzzerTestOneInput(NOTHING, 0), ==, 0);
}

static void add_directory(const char *path, GPtrArray *paths)
{
    g_autoptr(GError) error = NULL;
    GDir *dir = g_dir_open(path, 0, &error);
    g_assert_no_error(error);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        char *file = g_build_filename(path, name, NULL);
        g_autofree char *test = g_strdup_printf("/fuzz/corpus/%s", name);
        g_ptr_array_add(paths, file);
        g_test_add_data_func(test, file, run_file);
    }
    g_dir_close(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_test_add_data_func("/fuzz/no_bytes", NULL, run_none);
    for (int i = 1; i < argc; i++) {
        add_directory(argv[i], paths);
    }
    return g_test_run();
}
