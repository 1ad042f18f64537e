#include "src/base/output_file.h"

#include "src/base/file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_file_open(OutputFile *file, const char *path, int flags, bool keeps)
{
    flags |= O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    *file = (OutputFile){.keeps = keeps};
    file->fd = open(path, flags | O_EXCL, 0666);
    file->made = file->fd >= 0;
    if (file->fd < 0 && errno == EEXIST) {
        file->fd = open(path, flags, 0666);
    }
    if (file->fd < 0) {
        return false;
    }
    file->path = g_strdup(path);
    return true;
}

bool output_file_begin(OutputFile *file)
{
    struct stat st;
    file->begun = true;
    bool plain = fstat(file->fd, &st) == 0 && S_ISREG(st.st_mode);
    return file->keeps || !plain || ftruncate(file->fd, 0) == 0;
}

static void take_back(const OutputFile *file)
{
    FilePlace place;
    if (file_place_open(&place, file->path)) {
        file_place_remove(&place, file->fd);
        file_place_clear(&place);
    }
}

bool output_file_close(OutputFile *file)
{
    if (!file->path) {
        return true;
    }
    if (file->made && !file->begun) {
        take_back(file);
    }
    g_clear_pointer(&file->path, g_free);
    return close(file->fd) == 0;
}
