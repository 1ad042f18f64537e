/*
 * file and stdout: output only, to a file or to descriptor 1.
 */
#include "src/base/error.h"
#include "src/base/output_file.h"
#include "src/char/backends.h"
#include "src/char/fd_out.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct FileOut {
    Chardev parent;
    OutputFile file; /* used until the run begins */
    FdOut out;
} FileOut;

static void file_begin(Chardev *chardev)
{
    OutputFile *file = &((FileOut *)chardev)->file;
    if (file->path && !output_file_begin(file)) {
        chardev_report(chardev, "%s cannot be truncated: %s", file->path, g_strerror(errno));
    }
    output_file_close(file);
}

static size_t file_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    file_begin(chardev);
    return fd_out_write(&((FileOut *)chardev)->out, data, size);
}

static int file_output_fd(const Chardev *chardev)
{
    return fd_out_fd(&((const FileOut *)chardev)->out);
}

static void file_close(Chardev *chardev)
{
    output_file_close(&((FileOut *)chardev)->file);
    fd_out_clear(&((FileOut *)chardev)->out);
}

static bool fail(const char *path, GError **error)
{
    const char *why =
        errno == ENXIO ? "a FIFO without a reader (start the reader first)" : g_strerror(errno);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "cannot write to '%s': %s", path, why);
    return false;
}

/* Always with O_APPEND, because two lines may write to the same file. */
static bool file_open(Chardev *chardev, GError **error)
{
    FileOut *file = (FileOut *)chardev;
    const char *path = chardev_option(chardev, "path");
    bool append = false;
    if (!chardev_option_bool(chardev, "append", &append, error)) {
        return false;
    }
    if (!output_file_open(&file->file, path, O_APPEND, append)) {
        return fail(path, error);
    }
    int fd = fcntl(file->file.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return fail(path, error);
    }
    fd_out_init(&file->out, chardev, fd_io_adopt(fd), path);
    return true;
}

static const char *const FILE_OPTIONS[] = {"append", NULL};

const ChardevClass chardev_file_class = {
    .name = "file",
    .usage = "file:PATH[,append=on]",
    .help = "output goes to a file, which is truncated first unless append=on",
    .argument = "path",
    .options = FILE_OPTIONS,
    .size = sizeof(FileOut),
    .open = file_open,
    .begin = file_begin,
    .write = file_write,
    .output_fd = file_output_fd,
    .close = file_close,
};

static bool stdout_open(Chardev *chardev, GError **error)
{
    (void)error;
    fd_out_init(&((FileOut *)chardev)->out, chardev, fd_io_new(STDOUT_FILENO, FD_IO_WRITE),
                "standard output");
    return true;
}

const ChardevClass chardev_stdout_class = {
    .name = "stdout",
    .usage = "stdout",
    .help = "output goes to standard output; there is no input",
    .size = sizeof(FileOut),
    .open = stdout_open,
    .write = file_write,
    .output_fd = file_output_fd,
    .close = file_close,
};
