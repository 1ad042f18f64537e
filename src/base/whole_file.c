#include "src/base/whole_file.h"

#include "src/base/error.h"
#include "src/base/fd_all.h"
#include "src/base/file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *what, const char *path, int error_number, int code, GError **error)
{
    g_set_error(error, PIOEMU_ERROR, code, "%s %s: %s", what, path, g_strerror(error_number));
    return false;
}

/* Of a file that is not there yet, or is replaced, only the directory matters. */
static bool is_replaced(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 || S_ISREG(st.st_mode);
}

/* 0 or the number of what is wrong with the name. */
static int check_name(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return errno == ENOENT ? 0 : errno;
    }
    return S_ISDIR(st.st_mode) ? EISDIR : 0;
}

bool whole_file_check(const char *what, const char *path, GError **error)
{
    int why = check_name(path);
    g_autofree char *directory = g_path_get_dirname(path);
    bool replaced = is_replaced(path);
    if (!why && access(replaced ? directory : path, replaced ? W_OK | X_OK : W_OK) < 0) {
        why = errno;
    }
    return !why || fail(what, path, why, PIOEMU_ERROR_CONFIG, error);
}

/* 0 or the error's number; closes it. */
static int write_out(int fd, const char *text)
{
    int why = fd_write_all(fd, text, strlen(text)) ? 0 : errno;
    return close(fd) < 0 && !why ? errno : why;
}

/* What was put in its place since it was looked at is not written to. */
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

bool whole_file_write(const char *what, const char *path, const char *text, GError **error)
{
    int why = is_replaced(path) ? replace(path, text) : write_to(path, text);
    return !why || fail(what, path, why, PIOEMU_ERROR_HOST, error);
}
