#include "src/base/inherited.h"

#include "src/base/file_io.h"

#include <glib.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* A shell's <(command) is /dev/fd/63, alone or inside a longer word. */
static void note_named(GArray *named, const char *word)
{
    for (const char *at = word; (at = strstr(at, "/fd/"));) {
        at += strlen("/fd/");
        guint64 number = g_ascii_isdigit(*at) ? g_ascii_strtoull(at, NULL, 10) : G_MAXUINT64;
        if (number <= INT_MAX) {
            unsigned fd = (unsigned)number;
            g_array_append_val(named, fd);
        }
    }
}

static gint compare(gconstpointer a, gconstpointer b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

void inherited_close(int argc, char *const *argv)
{
    g_autoptr(GArray) named = g_array_new(false, false, sizeof(unsigned));
    unsigned next = STDERR_FILENO + 1;
    for (int i = 1; i < argc; i++) {
        note_named(named, argv[i]);
    }
    g_array_sort(named, compare);
    for (guint i = 0; i < named->len; i++) {
        unsigned fd = g_array_index(named, unsigned, i);
        if (fd > next) {
            file_io_close_range(next, fd - 1);
        }
        next = MAX(next, fd + 1);
    }
    file_io_close_range(next, UINT_MAX);
}
