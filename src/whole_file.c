#include "src/whole_file.h"

#include "src/error.h"
#include "src/fd_all.h"

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

/* 0 or the error's number. */
static int write_to(const char *path, int flags, const char *text)
{
    int fd = open(path, flags | O_WRONLY | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0) {
        return errno;
    }
    int why = fd_write_all(fd, text, strlen(text)) ? 0 : errno;
    return close(fd) < 0 && !why ? errno : why;
}

/*
 * The name beside it holds our process id, so that two runs keep out of each
 * other's way, and not the file's own, which may be as long as a name can be.
 */
static int replace(const char *path, const char *text)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *beside = g_strdup_printf("%s/.pioemu-%ld", directory, (long)getpid());
    int why = write_to(beside, O_CREAT | O_TRUNC, text);
    if (!why && rename(beside, path) < 0) {
        why = errno;
    }
    if (why) {
        unlink(beside);
    }
    return why;
}

bool whole_file_write(const char *what, const char *path, const char *text, GError **error)
{
    int why = is_replaced(path) ? replace(path, text) : write_to(path, O_NONBLOCK, text);
    return !why || fail(what, path, why, PIOEMU_ERROR_HOST, error);
}

void whole_file_remove(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        unlink(path);
    }
}
