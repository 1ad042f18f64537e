#include "src/base/file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* A second collision of names is less likely than a correct guess of 64 bits. */
#define ATTEMPTS 16u

bool file_place_open(FilePlace *place, const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    place->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    place->name = place->directory < 0 ? NULL : g_path_get_basename(path);
    return place->directory >= 0;
}

void file_place_clear(FilePlace *place)
{
    if (place->name) {
        close(place->directory);
        g_clear_pointer(&place->name, g_free);
    }
}

/* ---- new files ---- */

/* The file's own name cannot be part of it, because that may have the maximum length already. */
static char *invent_name(void)
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
        return NULL;
    }
    return g_strdup_printf(".pioemu-%016" G_GINT64_MODIFIER "x", number);
}

static int make_file(const FilePlace *place, const char *name, const char *target)
{
    if (target) {
        return symlinkat(target, place->directory, name);
    }
    return openat(place->directory, name,
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0666);
}

static int make(const FilePlace *place, const char *target, char **name)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        *name = invent_name();
        int fd = *name ? make_file(place, *name, target) : -1;
        if (fd >= 0) {
            return fd;
        }
        int failure = errno;
        g_clear_pointer(name, g_free);
        errno = failure;
        if (failure != EEXIST) {
            break;
        }
    }
    return -1;
}

int file_place_make(const FilePlace *place, char **name)
{
    return make(place, NULL, name);
}

bool file_place_make_link(const FilePlace *place, const char *target, char **name)
{
    return make(place, target, name) == 0;
}

/* Some file systems cannot rename without replacing. */
bool file_place_put(const FilePlace *place, const char *name, bool replaces)
{
    int directory = place->directory;
    if (!replaces) {
        if (renameat2(directory, name, directory, place->name, RENAME_NOREPLACE) == 0) {
            return true;
        }
        if (errno != EINVAL && errno != ENOSYS) {
            return false;
        }
    }
    return renameat(directory, name, directory, place->name) == 0;
}

void file_place_discard(const FilePlace *place, const char *name)
{
    int failure = errno;
    unlinkat(place->directory, name, 0);
    errno = failure;
}

/* ---- what is there ---- */

bool file_place_holds(const FilePlace *place, int fd)
{
    struct stat there, ours;
    return fstatat(place->directory, place->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstat(fd, &ours) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

void file_place_remove(const FilePlace *place, int fd)
{
    if (file_place_holds(place, fd)) {
        unlinkat(place->directory, place->name, 0);
    }
}
