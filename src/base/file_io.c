#include "src/base/file_io.h"

#include "src/base/error.h"
#include "src/base/file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The sizes that /proc and /sys give for their files are not true. */
#define KERNEL_MADE 65536u

/* ---- descriptors ---- */

ssize_t file_io_read_at(int fd, void *data, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, (uint8_t *)data + done, size - done, (off_t)(offset + done));
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)done;
}

bool file_io_write_at(int fd, const void *data, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = pwrite(fd, (const uint8_t *)data + done, size - done, (off_t)(offset + done));
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool file_io_write(int fd, const void *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = write(fd, (const uint8_t *)data + done, size - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* An older kernel has no close_range(). */
void file_io_close_range(unsigned first, unsigned last)
{
    if (close_range(first, last, 0) < 0) {
        long end = sysconf(_SC_OPEN_MAX);
        for (unsigned fd = first; fd <= last && fd < end; fd++) {
            close((int)fd);
        }
    }
}

/* ---- files to read ---- */

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
    ssize_t got = file_io_read_at(file->fd, data, room, 0);
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

/* ---- small files to write ---- */

static bool fail(const char *what, const char *path, int error_number, int code, GError **error)
{
    const char *why = error_number == EAGAIN ? "a full pipe, whose reader does not read"
                                             : g_strerror(error_number);
    g_set_error(error, PIOEMU_ERROR, code, "%s %s: %s", what, path, why);
    return false;
}

/* If the file does not exist yet, or is replaced, only the directory must be writable. */
static bool is_replaced(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 || S_ISREG(st.st_mode);
}

/* Returns 0, or the errno for what is wrong with the name. */
static int check_name(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return errno == ENOENT ? 0 : errno;
    }
    return S_ISDIR(st.st_mode) ? EISDIR : 0;
}

bool file_io_check_replace(const char *what, const char *path, GError **error)
{
    int why = check_name(path);
    g_autofree char *directory = g_path_get_dirname(path);
    bool replaced = is_replaced(path);
    if (!why && access(replaced ? directory : path, replaced ? W_OK | X_OK : W_OK) < 0) {
        why = errno;
    }
    return !why || fail(what, path, why, PIOEMU_ERROR_CONFIG, error);
}

/* Writes the text and closes `fd`.  Returns 0 or the errno. */
static int write_out(int fd, const char *text)
{
    int why = file_io_write(fd, text, strlen(text)) ? 0 : errno;
    return close(fd) < 0 && !why ? errno : why;
}

/* Does not write to a file that has been put in its place since the check. */
static int write_to(const char *path, const char *text)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        return errno;
    }
    if (S_ISREG(st.st_mode)) {
        close(fd);
        return EEXIST;
    }
    return write_out(fd, text);
}

static int replace_at(const FilePlace *place, const char *text)
{
    g_autofree char *beside = NULL;
    int fd = file_place_make(place, &beside);
    if (fd < 0) {
        return errno;
    }
    int why = write_out(fd, text);
    if (!why && !file_place_put(place, beside, true)) {
        why = errno;
    }
    if (why) {
        file_place_discard(place, beside);
    }
    return why;
}

static int replace(const char *path, const char *text)
{
    FilePlace place;
    if (!file_place_open(&place, path)) {
        return errno;
    }
    int why = replace_at(&place, text);
    file_place_clear(&place);
    return why;
}

bool file_io_replace(const char *what, const char *path, const char *text, GError **error)
{
    int why = is_replaced(path) ? replace(path, text) : write_to(path, text);
    return !why || fail(what, path, why, PIOEMU_ERROR_HOST, error);
}
