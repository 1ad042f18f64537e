/*
 * Raw images: a file or a block device of the host.
 *
 * While pioemu has an image open for writing, no other program that asks for the
 * lock can open it.  While it is open for reading, no such program can write it.
 * The lock belongs to the open file, so it ends with pioemu in every case.
 */
#include "src/block/image.h"

#include "src/base/error.h"
#include "src/base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest block of a host's disk.  Direct access moves whole blocks. */
#define DIRECT_ALIGN 4096u

typedef struct RawImage {
    Image image;
    int fd;
    int direct; /* the same file without the host's page cache; -1: not requested, or not
                   possible */
} RawImage;

static bool is_aligned(uintptr_t address, uint64_t offset, size_t size)
{
    return ((address | offset | size) & (DIRECT_ALIGN - 1)) == 0;
}

/* The kernel keeps both ways to the file coherent. */
static int way(const RawImage *raw, const void *data, uint64_t offset, size_t size)
{
    return raw->direct >= 0 && is_aligned((uintptr_t)data, offset, size) ? raw->direct : raw->fd;
}

/*
 * What is missing after the original end of the file is zeros.  If something is
 * missing before it, the file has shrunk.
 */
static bool raw_read(Image *image, uint64_t sector, void *data, uint32_t count)
{
    const RawImage *raw = (RawImage *)image;
    uint64_t offset = sector * IMAGE_SECTOR;
    size_t size = (size_t)count * IMAGE_SECTOR;
    ssize_t got = file_io_read_at(way(raw, data, offset, size), data, size, offset);
    if (got < 0) {
        return false;
    }
    if ((size_t)got < size && offset + (size_t)got < image->bytes) {
        errno = ENODATA;
        return false;
    }
    memset((uint8_t *)data + got, 0, size - (size_t)got);
    return true;
}

static bool raw_write(Image *image, uint64_t sector, const void *data, uint32_t count)
{
    const RawImage *raw = (RawImage *)image;
    uint64_t offset = sector * IMAGE_SECTOR;
    size_t size = (size_t)count * IMAGE_SECTOR;
    if (!file_io_write_at(way(raw, data, offset, size), data, size, offset)) {
        return false;
    }
    image->bytes = MAX(image->bytes, offset + size);
    return true;
}

static bool raw_flush(Image *image)
{
    return fdatasync(((RawImage *)image)->fd) == 0;
}

static bool allocate(const Image *image, int mode, uint64_t sector, uint32_t count)
{
    return fallocate(((const RawImage *)image)->fd, mode | FALLOC_FL_KEEP_SIZE,
                     (off_t)(sector * IMAGE_SECTOR), (off_t)count * IMAGE_SECTOR) == 0;
}

static bool raw_discard(Image *image, uint64_t sector, uint32_t count)
{
    return allocate(image, FALLOC_FL_PUNCH_HOLE, sector, count);
}

static bool raw_zero(Image *image, uint64_t sector, uint32_t count, bool unmap)
{
    return allocate(image, unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE, sector, count);
}

static void raw_free(Image *image)
{
    const RawImage *raw = (RawImage *)image;
    if (raw->direct >= 0) {
        close(raw->direct);
    }
    if (raw->fd >= 0) {
        close(raw->fd);
    }
}

static const ImageClass RAW_IMAGE = {
    .read = raw_read,
    .write = raw_write,
    .flush = raw_flush,
    .discard = raw_discard,
    .zero = raw_zero,
    .free = raw_free,
};

/* ---- opening ---- */

static bool fail(GError **error, const Drive *drive, int code, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, code, "%s: %s", drive->name, why);
    return false;
}

/* Refuses a pipe or a terminal, on which open() would wait. */
static bool open_file(RawImage *raw, const Drive *drive, bool writable, GError **error)
{
    int flags =
        (writable ? O_RDWR : O_RDONLY) | (drive->sync ? O_DSYNC : 0) | O_CLOEXEC | O_NONBLOCK;
    raw->fd = open(drive->file, flags);
    if (raw->fd >= 0) {
        return true;
    }
    bool hint = writable && (errno == EACCES || errno == EROFS || errno == EPERM);
    g_autofree char *why = g_strdup_printf("%s%s", g_strerror(errno),
                                           hint ? " (-drive's readonly=on needs less)" : "");
    return fail(error, drive, PIOEMU_ERROR_HOST, why);
}

static bool find_size(RawImage *raw, const Drive *drive, GError **error)
{
    struct stat info;
    if (fstat(raw->fd, &info) < 0) {
        return fail(error, drive, PIOEMU_ERROR_HOST, g_strerror(errno));
    }
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
        return fail(error, drive, PIOEMU_ERROR_CONFIG, "neither a file nor a block device");
    }
    off_t end = lseek(raw->fd, 0, SEEK_END);
    if (end < 0) {
        return fail(error, drive, PIOEMU_ERROR_HOST, g_strerror(errno));
    }
    if (end == 0) {
        return fail(error, drive, PIOEMU_ERROR_CONFIG, "empty: a disk has at least one sector");
    }
    raw->image.bytes = (uint64_t)end;
    raw->image.sectors = raw->image.own = (raw->image.bytes + IMAGE_SECTOR - 1) / IMAGE_SECTOR;
    return true;
}

/* On a file system without locks the file is used unlocked. */
static bool lock_file(const RawImage *raw, const Drive *drive, bool writable, GError **error)
{
    struct flock lock = {.l_type = writable ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(raw->fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES)) {
        return true;
    }
    return fail(error, drive, PIOEMU_ERROR_HOST,
                writable ? "in use by another program or drive (-snapshot, or -drive's "
                           "readonly=on, shares it with readers)"
                         : "another program or drive writes it");
}

/* The same file again; a file system that cannot do it is used as usual. */
static void open_direct(RawImage *raw, const Drive *drive, bool writable)
{
    if (drive->direct) {
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", raw->fd);
        raw->direct = open(path, (writable ? O_RDWR : O_RDONLY) | (drive->sync ? O_DSYNC : 0) |
                                     O_DIRECT | O_CLOEXEC);
    }
}

Image *image_raw_open(const Drive *drive, GError **error)
{
    RawImage *raw = g_new0(RawImage, 1);
    g_autoptr(Image) image = &raw->image;
    bool writable = !drive->read_only && !drive->snapshot;
    image->class = &RAW_IMAGE;
    image->read_only = drive->read_only;
    image->unsafe = drive->unsafe;
    image->discards = drive->discards;
    raw->fd = raw->direct = -1;
    if (!open_file(raw, drive, writable, error) || !find_size(raw, drive, error) ||
        !lock_file(raw, drive, writable, error)) {
        return NULL;
    }
    open_direct(raw, drive, writable);
    return g_steal_pointer(&image);
}
