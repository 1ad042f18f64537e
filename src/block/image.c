#include "src/block/image.h"

#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* How many sectors of zeros one write contains. */
#define ZERO_SECTORS 128u

/* ---- an image without a file ---- */

static bool blank_read(Image *image, uint64_t sector, void *data, uint32_t count)
{
    (void)image, (void)sector;
    memset(data, 0, (size_t)count * IMAGE_SECTOR);
    return true;
}

static bool blank_write(Image *image, uint64_t sector, const void *data, uint32_t count)
{
    (void)image, (void)sector, (void)data, (void)count;
    return true;
}

static bool blank_flush(Image *image)
{
    (void)image;
    return true;
}

static void blank_free(Image *image)
{
    (void)image;
}

static const ImageClass BLANK_IMAGE = {
    .read = blank_read,
    .write = blank_write,
    .flush = blank_flush,
    .free = blank_free,
};

Image *image_new_blank(uint64_t sectors, bool read_only)
{
    Image *image = g_new0(Image, 1);
    image->class = &BLANK_IMAGE;
    image->own = image->sectors = sectors;
    image->read_only = read_only;
    return image;
}

/* ---- any image ---- */

/* The format that `size` bytes at the beginning of a file look like. */
static const char *format_of(const char *start, size_t size)
{
    static const struct {
        const char *magic, *name;
    } FORMATS[] = {{"QFI\xfb", "qcow2"}, {"KDMV", "vmdk"}, {"vhdxfile", "vhdx"}, {"<<< ", "vdi"}};
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        size_t length = strlen(FORMATS[i].magic);
        if (size >= length && !memcmp(start, FORMATS[i].magic, length)) {
            return FORMATS[i].name;
        }
    }
    return "raw";
}

const char *image_probe(const char *path)
{
    char start[8] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t size = fd < 0 ? 0 : pread(fd, start, sizeof(start), 0);
    if (fd >= 0) {
        close(fd);
    }
    return format_of(start, size > 0 ? (size_t)size : 0);
}

static bool is_uri(const char *file)
{
    return g_str_has_prefix(file, "nbd://") || g_str_has_prefix(file, "nbd+unix://") ||
           g_str_has_prefix(file, "nbds://") || g_str_has_prefix(file, "nbds+unix://");
}

/* QEMU makes a disk of a directory that is named so. */
static bool is_directory(const char *file)
{
    return g_str_has_prefix(file, "fat:");
}

static Image *open_base(const Drive *drive, GError **error)
{
    if (is_directory(drive->file)) {
        error_refuse(error,
                     "%s: a directory cannot be a disk; make an image of it (mformat and mcopy -s "
                     "of package mtools)",
                     drive->name);
        return NULL;
    }
    if (is_uri(drive->file)) {
        return image_nbd_open(drive, error);
    }
    const char *format = drive->format ? drive->format : image_probe(drive->file);
    Image *image = strcmp(format, "raw") ? image_nbd_serve(drive, format, error)
                                         : image_raw_open(drive, error);
    if (image) {
        image->probed_raw = !drive->format && !strcmp(format, "raw");
    }
    return image;
}

Image *image_open(const Drive *drive, GError **error)
{
    Image *image = open_base(drive, error);
    if (!image || !drive->snapshot || drive->read_only) {
        return image;
    }
    return image_overlay_new(image, drive->name, error);
}

void image_free(Image *image)
{
    if (image) {
        image->class->free(image);
        g_free(image);
    }
}

void image_pad(Image *image, uint64_t sectors)
{
    image->sectors = MAX(image->sectors, sectors);
}

/* How many of the sectors the image itself has.  The rest is padding. */
static uint32_t own_part(const Image *image, uint64_t sector, uint32_t count)
{
    return sector < image->own ? (uint32_t)MIN(count, image->own - sector) : 0;
}

bool image_read(Image *image, uint64_t sector, void *data, uint32_t count)
{
    uint32_t own = own_part(image, sector, count);
    memset((uint8_t *)data + (size_t)own * IMAGE_SECTOR, 0, (size_t)(count - own) * IMAGE_SECTOR);
    return own == 0 || image->class->read(image, sector, data, own);
}

/* If not, errno says why. */
static bool may_change(const Image *image, uint64_t sector, uint32_t count)
{
    if (image->read_only) {
        errno = EROFS;
    } else if (own_part(image, sector, count) < count) {
        errno = ENXIO;
    } else {
        return true;
    }
    return false;
}

/*
 * The next run would take the file for one of another format, whose header the
 * guest has made, and which may name any file of the host.
 */
static bool disguises(const Image *image, uint64_t sector, const void *data, uint32_t count)
{
    bool it_does =
        image->probed_raw && !sector && count && strcmp(format_of(data, IMAGE_SECTOR), "raw") != 0;
    errno = it_does ? EPERM : errno;
    return it_does;
}

bool image_write(Image *image, uint64_t sector, const void *data, uint32_t count)
{
    return may_change(image, sector, count) && !disguises(image, sector, data, count) &&
           image->class->write(image, sector, data, count);
}

bool image_flush(Image *image)
{
    return image->unsafe || image->read_only || image->class->flush(image);
}

bool image_discard(Image *image, uint64_t sector, uint32_t count)
{
    return may_change(image, sector, count) &&
           (!image->discards || !image->class->discard ||
            image->class->discard(image, sector, count) || errno == EOPNOTSUPP);
}

static bool write_zeros(Image *image, uint64_t sector, uint32_t count)
{
    static const uint8_t ZEROS[ZERO_SECTORS * IMAGE_SECTOR];
    while (count) {
        uint32_t part = MIN(count, ZERO_SECTORS);
        if (!image->class->write(image, sector, ZEROS, part)) {
            return false;
        }
        sector += part;
        count -= part;
    }
    return true;
}

bool image_zero(Image *image, uint64_t sector, uint32_t count, bool unmap)
{
    if (!may_change(image, sector, count)) {
        return false;
    }
    if (image->class->zero) {
        if (image->class->zero(image, sector, count, unmap && image->discards)) {
            return true;
        }
        if (errno != EOPNOTSUPP) {
            return false;
        }
    }
    return write_zeros(image, sector, count);
}
