#include "src/block/image.h"

#include "src/base/error.h"
#include "src/base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The overlay of snapshot=on is kept in pieces of so many sectors. */
#define CHUNK_SECTORS 64u

struct Image {
    char *name; /* for messages */
    int fd;
    uint64_t bytes;   /* of the file; a write of its last sector may add to it */
    uint64_t sectors; /* bytes rounded up, or more: the rest cannot be written */
    uint64_t own;     /* bytes rounded up */
    bool read_only, unsafe;
    int overlay;        /* the file that a snapshot writes; -1: none */
    GHashTable *chunks; /* snapshot: number to which of its sectors are in the overlay */
};

static bool fail(GError **error, const Image *image, int code, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, code, "%s: %s", image->name, why);
    return false;
}

/* ---- opening ---- */

/* A pipe or a terminal would make open() wait. */
static bool open_file(Image *image, const char *path, bool writable, GError **error)
{
    image->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (image->fd >= 0) {
        return true;
    }
    bool hint = writable && (errno == EACCES || errno == EROFS || errno == EPERM);
    g_autofree char *why = g_strdup_printf("%s%s", g_strerror(errno),
                                           hint ? " (-drive's readonly=on needs less)" : "");
    return fail(error, image, PIOEMU_ERROR_HOST, why);
}

static bool find_size(Image *image, GError **error)
{
    struct stat info;
    if (fstat(image->fd, &info) < 0) {
        return fail(error, image, PIOEMU_ERROR_HOST, g_strerror(errno));
    }
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
        return fail(error, image, PIOEMU_ERROR_CONFIG, "neither a file nor a block device");
    }
    off_t end = lseek(image->fd, 0, SEEK_END);
    if (end < 0) {
        return fail(error, image, PIOEMU_ERROR_HOST, g_strerror(errno));
    }
    if (end == 0) {
        return fail(error, image, PIOEMU_ERROR_CONFIG, "empty: a disk has at least one sector");
    }
    image->bytes = (uint64_t)end;
    image->sectors = image->own = (image->bytes + IMAGE_SECTOR - 1) / IMAGE_SECTOR;
    return true;
}

/* A disk of zeros to a guest that expects a file system helps nobody. */
static bool check_format(const Image *image, GError **error)
{
    static const struct {
        const char *magic, *name;
    } FORMATS[] = {{"QFI\xfb", "qcow2"}, {"KDMV", "vmdk"}, {"vhdxfile", "vhdx"}, {"<<< ", "vdi"}};
    char start[8] = "";
    if (pread(image->fd, start, sizeof(start), 0) < 0) {
        return fail(error, image, PIOEMU_ERROR_HOST, g_strerror(errno));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        if (!memcmp(start, FORMATS[i].magic, strlen(FORMATS[i].magic))) {
            g_autofree char *why = g_strdup_printf(
                "looks like a %s image, and only raw ones can be used (-drive's format=raw "
                "takes it as it is)",
                FORMATS[i].name);
            return fail(error, image, PIOEMU_ERROR_CONFIG, why);
        }
    }
    return true;
}

/* Belongs to the open file: it ends with us, however that is. */
static bool lock_file(const Image *image, bool writable, GError **error)
{
    struct flock lock = {.l_type = writable ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(image->fd, F_OFD_SETLK, &lock) == 0) {
        return true;
    }
    if (errno == EAGAIN || errno == EACCES) {
        return fail(error, image, PIOEMU_ERROR_HOST,
                    writable ? "in use by another program or drive (-snapshot, or -drive's "
                               "readonly=on, shares it with readers)"
                             : "another program or drive writes it");
    }
    /* A file system without locks: there is nobody to ask. */
    return true;
}

static bool make_overlay(Image *image, GError **error)
{
    const char *directory = g_getenv("TMPDIR") ? g_getenv("TMPDIR") : "/var/tmp";
    image->overlay = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (image->overlay < 0) {
        g_autofree char *path = g_build_filename(directory, "pioemu-snapshot-XXXXXX", NULL);
        image->overlay = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
        if (image->overlay < 0) {
            g_autofree char *why = g_strdup_printf("its snapshot: no temporary file in %s: %s",
                                                   directory, g_strerror(errno));
            return fail(error, image, PIOEMU_ERROR_HOST, why);
        }
        unlink(path);
    }
    image->chunks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return true;
}

Image *image_open(const Drive *drive, GError **error)
{
    g_autoptr(Image) image = g_new0(Image, 1);
    bool writable = !drive->read_only && !drive->snapshot;
    image->name = g_strdup(drive->name);
    image->read_only = drive->read_only;
    image->unsafe = drive->unsafe || drive->snapshot;
    image->fd = image->overlay = -1;
    if (!open_file(image, drive->file, writable, error) || !find_size(image, error) ||
        (!drive->raw_asked && !check_format(image, error)) || !lock_file(image, writable, error) ||
        (drive->snapshot && !drive->read_only && !make_overlay(image, error))) {
        return NULL;
    }
    return g_steal_pointer(&image);
}

Image *image_new_blank(uint64_t sectors, bool read_only)
{
    Image *image = g_new0(Image, 1);
    image->fd = image->overlay = -1;
    image->sectors = image->own = sectors;
    image->read_only = read_only;
    return image;
}

void image_free(Image *image)
{
    const int descriptors[] = {image->fd, image->overlay};
    for (size_t i = 0; i < G_N_ELEMENTS(descriptors); i++) {
        if (descriptors[i] >= 0) {
            close(descriptors[i]);
        }
    }
    g_clear_pointer(&image->chunks, g_hash_table_unref);
    g_free(image->name);
    g_free(image);
}

void image_pad(Image *image, uint64_t sectors)
{
    image->sectors = MAX(image->sectors, sectors);
}

uint64_t image_bytes(const Image *image)
{
    return image->bytes;
}

uint64_t image_sectors(const Image *image)
{
    return image->sectors;
}

bool image_is_read_only(const Image *image)
{
    return image->read_only;
}

/* ---- the host's files ---- */

/* What is missing behind the file's end as it was opened is zeros; before it, the file shrank. */
static bool read_base(const Image *image, uint64_t sector, uint8_t *data, uint32_t count)
{
    uint64_t offset = sector * IMAGE_SECTOR;
    size_t size = (size_t)count * IMAGE_SECTOR;
    ssize_t got = file_io_read_at(image->fd, data, size, offset);
    if (got < 0) {
        return false;
    }
    if ((size_t)got < size && offset + (size_t)got < image->bytes) {
        errno = ENODATA;
        return false;
    }
    memset(data + got, 0, size - (size_t)got);
    return true;
}

/* ---- the overlay ---- */

static uint64_t chunk_map(const Image *image, uint64_t chunk)
{
    const uint64_t *map = g_hash_table_lookup(image->chunks, &chunk);
    return map ? *map : 0;
}

static bool in_overlay(const Image *image, uint64_t sector)
{
    return chunk_map(image, sector / CHUNK_SECTORS) >> (sector % CHUNK_SECTORS) & 1;
}

static void mark_overlay(Image *image, uint64_t sector)
{
    uint64_t chunk = sector / CHUNK_SECTORS;
    uint64_t *map = g_hash_table_lookup(image->chunks, &chunk);
    if (!map) {
        map = g_new0(uint64_t, 1);
        g_hash_table_insert(image->chunks, g_memdup2(&chunk, sizeof(chunk)), map);
    }
    *map |= UINT64_C(1) << (sector % CHUNK_SECTORS);
}

static bool read_overlay(const Image *image, uint64_t sector, uint8_t *data, uint32_t count)
{
    ssize_t size = (ssize_t)count * IMAGE_SECTOR;
    ssize_t got = file_io_read_at(image->overlay, data, (size_t)size, sector * IMAGE_SECTOR);
    if (got >= 0 && got < size) {
        errno = ENODATA;
    }
    return got == size;
}

/* In runs that are all in the overlay, or all not. */
static bool read_snapshot(const Image *image, uint64_t sector, uint8_t *data, uint32_t count)
{
    while (count) {
        bool written = in_overlay(image, sector);
        uint32_t run = 1;
        while (run < count && in_overlay(image, sector + run) == written) {
            run++;
        }
        if (!(written ? read_overlay(image, sector, data, run)
                      : read_base(image, sector, data, run))) {
            return false;
        }
        sector += run;
        data += (size_t)run * IMAGE_SECTOR;
        count -= run;
    }
    return true;
}

static bool write_snapshot(Image *image, uint64_t sector, const uint8_t *data, uint32_t count)
{
    if (!file_io_write_at(image->overlay, data, (size_t)count * IMAGE_SECTOR,
                          sector * IMAGE_SECTOR)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        mark_overlay(image, sector + i);
    }
    return true;
}

/* ---- the image ---- */

bool image_read(Image *image, uint64_t sector, void *data, uint32_t count)
{
    if (image->fd < 0) {
        memset(data, 0, (size_t)count * IMAGE_SECTOR);
        return true;
    }
    return image->chunks ? read_snapshot(image, sector, data, count)
                         : read_base(image, sector, data, count);
}

bool image_write(Image *image, uint64_t sector, const void *data, uint32_t count)
{
    if (image->read_only) {
        errno = EROFS;
        return false;
    }
    if (sector + count > image->own) {
        errno = ENXIO;
        return false;
    }
    if (image->fd < 0) {
        return true;
    }
    if (image->chunks) {
        return write_snapshot(image, sector, data, count);
    }
    uint64_t end = (sector + count) * IMAGE_SECTOR;
    if (!file_io_write_at(image->fd, data, (size_t)count * IMAGE_SECTOR, sector * IMAGE_SECTOR)) {
        return false;
    }
    image->bytes = MAX(image->bytes, end);
    return true;
}

bool image_flush(Image *image)
{
    return image->unsafe || image->read_only || image->fd < 0 || fdatasync(image->fd) == 0;
}
