#include "src/base/input_file.h"

#include "src/base/error.h"
#include "src/base/fd_all.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What /proc and /sys say of the size of their files is not true. */
#define KERNEL_MADE 65536u

bool input_file_refuse(const InputFile *file, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    return error_refuse(error, "%s %s: %s", file->what, file->path, why);
}

bool input_file_open(InputFile *file, const char *what, const char *path, GError **error)
{
    struct stat st;
    *file = (InputFile){.what = what, .path = path};
    file->fd = -1;
    if (!*path) {
        return error_refuse(error, "%s: names no file", what);
    }
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &st) < 0) {
        return input_file_refuse(file, error, "%s", g_strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return input_file_refuse(file, error, "is a directory (name a file)");
    }
    if (!S_ISREG(st.st_mode)) {
        return input_file_refuse(file, error, "is not a regular file");
    }
    file->size = (uint64_t)st.st_size;
    return true;
}

GBytes *input_file_read(const InputFile *file, GError **error)
{
    size_t room = MAX(file->size, KERNEL_MADE) + 1;
    g_autofree uint8_t *data = g_try_malloc(room);
    if (!data) {
        input_file_refuse(file, error, "has %" G_GUINT64_FORMAT " MiB, too much for the host",
                          file->size >> 20);
        return NULL;
    }
    ssize_t got = fd_read_all(file->fd, data, room, 0);
    if (got < 0 || (size_t)got == room) {
        input_file_refuse(file, error, "%s", got < 0 ? g_strerror(errno) : "grows all the time");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&data), (gsize)got);
}

void input_file_close(InputFile *file)
{
    if (file->fd >= 0) {
        close(file->fd);
        file->fd = -1;
    }
}
