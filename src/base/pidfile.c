#include "src/base/pidfile.h"

#include "src/base/error.h"
#include "src/base/file_io.h"
#include "src/base/file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct Pidfile {
    char *path;
    FilePlace place;
    bool plain; /* it is not a pipe or a terminal, which are only written to */
    int stale;  /* the locked file of a process that has ended; -1: there was none */
    int fd;     /* our locked file; -1: not written yet */
};

static bool fail(const Pidfile *file, GError **error, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "-pidfile %s: %s", file->path, why);
    return false;
}

static bool is_used(const Pidfile *file, GError **error)
{
    return fail(file, error, "another process has it (name another file, or end that one)");
}

/* The lock belongs to the open file, so it ends with our process, however that ends. */
static bool lock(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    /* A file system without locks cannot tell us about other processes. */
    return fcntl(fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES);
}

/* A symbolic link is replaced, wherever it leads. */
static bool lock_stale(Pidfile *file, GError **error)
{
    file->stale = openat(file->place.directory, file->place.name,
                         O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (file->stale < 0) {
        return errno == ENOENT || errno == ELOOP || fail(file, error, g_strerror(errno));
    }
    return (lock(file->stale) && file_place_holds(&file->place, file->stale)) ||
           is_used(file, error);
}

Pidfile *pidfile_claim(const char *path, GError **error)
{
    if (!file_io_check_replace("-pidfile", path, error)) {
        return NULL;
    }
    struct stat st;
    g_autoptr(Pidfile) file = g_new0(Pidfile, 1);
    file->path = g_strdup(path);
    file->plain = stat(path, &st) < 0 || S_ISREG(st.st_mode);
    file->stale = file->fd = -1;
    if (!file_place_open(&file->place, path)) {
        fail(file, error, g_strerror(errno));
        return NULL;
    }
    return !file->plain || lock_stale(file, error) ? g_steal_pointer(&file) : NULL;
}

static bool is_link(const Pidfile *file)
{
    struct stat st;
    return fstatat(file->place.directory, file->place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(st.st_mode);
}

/* The file is locked before it gets its name, so no process can find it unlocked. */
static bool put_new(Pidfile *file, const char *text, GError **error)
{
    g_autofree char *name = NULL;
    int fd = file_place_make(&file->place, &name);
    if (fd < 0) {
        return fail(file, error, g_strerror(errno));
    }
    bool replaces = file->stale >= 0 ? file_place_holds(&file->place, file->stale) : is_link(file);
    if (!lock(fd) || !file_io_write(fd, text, strlen(text)) ||
        !file_place_put(&file->place, name, replaces)) {
        int why = errno;
        file_place_discard(&file->place, name);
        close(fd);
        return why == EEXIST ? is_used(file, error) : fail(file, error, g_strerror(why));
    }
    file->fd = fd;
    return true;
}

bool pidfile_write(Pidfile *file, GError **error)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());
    return file->plain ? put_new(file, text, error)
                       : file_io_replace("-pidfile", file->path, text, error);
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void pidfile_free(Pidfile *file)
{
    if (file) {
        if (file->fd >= 0) {
            file_place_remove(&file->place, file->fd);
        }
        close_fd(file->fd);
        close_fd(file->stale);
        file_place_clear(&file->place);
        g_free(file->path);
        g_free(file);
    }
}
