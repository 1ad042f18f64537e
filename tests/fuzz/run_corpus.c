/*
 * Passes every input of a corpus to a fuzz target, instead of libFuzzer.
 *
 * An argument names a pack (corpus.py describes the format) or a directory with a
 * file for each input.  Each input is a test with its name.  A line of comment
 * prints the name before the target gets the input.  If the program ends
 * unexpectedly, the last such line names the input that caused it.
 */
#include "tests/fuzz/fuzz.h"

#define MAGIC "pioemu fuzz corpus\n"

typedef struct Input {
    char *from; /* the pack, or the directory */
    char *name;
    uint8_t *data;
    size_t size;
} Input;

static void free_input(Input *input)
{
    g_free(input->from);
    g_free(input->name);
    g_free(input->data);
    g_free(input);
}

static void run_input(gconstpointer data)
{
    const Input *input = data;
    printf("# input %s of %s\n", input->name, input->from);
    fflush(stdout);
    g_assert_cmpint(LLVMFuzzerTestOneInput(input->data, input->size), ==, 0);
}

static void run_none(gconstpointer path)
{
    (void)path;
    static const uint8_t NOTHING[1];
    g_assert_cmpint(LLVMFuzzerTestOneInput(NOTHING, 0), ==, 0);
}

static void add_input(GPtrArray *inputs, const char *from, const char *name, const char *data,
                      size_t size)
{
    Input *input = g_new0(Input, 1);
    input->from = g_strdup(from);
    input->name = g_strdup(name);
    /* A copy of the exact size, so that a sanitizer detects reads beyond the end. */
    input->data = g_malloc(size ? size : 1);
    memcpy(input->data, data, size);
    input->size = size;
    g_ptr_array_add(inputs, input);
    g_autofree char *test = g_strdup_printf("/fuzz/corpus/%s", name);
    g_test_add_data_func(test, input, run_input);
}

static void read_file(const char *path, char **data, size_t *size)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, data, size, &error)) {
        g_error("%s", error->message);
    }
}

/* Takes a line `name size` off the index, and that many bytes off the rest. */
static void add_packed(GPtrArray *inputs, const char *pack, const char *line, const char **data,
                       size_t *left)
{
    char name[65];
    size_t size;
    if (sscanf(line, "%64s %zu", name, &size) != 2 || size > *left) {
        g_error("%s: wrong line in its index: %s", pack, line);
    }
    add_input(inputs, pack, name, *data, size);
    *data += size;
    *left -= size;
}

static void add_pack(GPtrArray *inputs, const char *path)
{
    g_autofree char *text = NULL;
    size_t size;
    read_file(path, &text, &size);
    const char *end = g_strstr_len(text, (gssize)size, "\n\n");
    if (!g_str_has_prefix(text, MAGIC) || !end) {
        g_error("%s: not a pack", path);
    }
    const char *index = text + strlen(MAGIC);
    g_autofree char *names = g_strndup(index, end > index ? (size_t)(end - index) : 0);
    g_auto(GStrv) lines = g_strsplit(names, "\n", -1);
    const char *data = end + 2;
    size_t left = size - (size_t)(data - text);
    for (char **line = lines; *line; line++) {
        add_packed(inputs, path, *line, &data, &left);
    }
    if (left) {
        g_error("%s: %zu bytes that its index does not name", path, left);
    }
}

static void add_directory(GPtrArray *inputs, const char *path)
{
    g_autoptr(GError) error = NULL;
    GDir *dir = g_dir_open(path, 0, &error);
    g_assert_no_error(error);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *data = NULL;
        size_t size;
        read_file(file, &data, &size);
        add_input(inputs, path, name, data, size);
    }
    g_dir_close(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func((GDestroyNotify)free_input);
    g_test_add_data_func("/fuzz/no_bytes", NULL, run_none);
    for (int i = 1; i < argc; i++) {
        if (g_file_test(argv[i], G_FILE_TEST_IS_DIR)) {
            add_directory(inputs, argv[i]);
        } else {
            add_pack(inputs, argv[i]);
        }
    }
    return g_test_run();
}
