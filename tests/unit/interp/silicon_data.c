#include "tests/unit/interp/silicon_data.h"

static char *find_data(const char *name)
{
    const char *folder = g_getenv("PIOEMU_CPU_TESTS");
    g_autofree char *beside = g_build_filename(SOURCE_ROOT, "..", "shared", "cpu-tests", NULL);
    g_autofree char *path = g_build_filename(folder != NULL ? folder : beside, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

GDataInputStream *silicon_open(const char *name)
{
    g_autofree char *path = find_data(name);
    g_autoptr(GError) error = NULL;

    if (path == NULL) {
        g_autofree char *reason =
            g_strdup_printf("%s is not in PIOEMU_CPU_TESTS or beside the source tree", name);
        g_test_skip(reason);
        return NULL;
    }
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileInputStream) packed = g_file_read(file, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GZlibDecompressor) gunzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GInputStream) text =
        g_converter_input_stream_new(G_INPUT_STREAM(packed), G_CONVERTER(gunzip));
    return g_data_input_stream_new(text);
}

char *silicon_line(GDataInputStream *stream)
{
    g_autoptr(GError) error = NULL;
    char *line = g_data_input_stream_read_line(stream, NULL, NULL, &error);

    g_assert_no_error(error);
    return line;
}

const char *silicon_bytes(const char *text, void *to, size_t size)
{
    uint8_t *bytes = to;

    for (size_t i = 0; i < size; i++, text += 2) {
        g_assert_true(g_ascii_isxdigit(text[0]) && g_ascii_isxdigit(text[1]));
        bytes[i] = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
    }
    return text;
}
