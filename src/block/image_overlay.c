/*
 * The overlay of snapshot=on: writes go to a temporary file without a name, and the
 * image below stays unchanged.
 *
 * The temporary file is as long as the image and has holes.  A table says which
 * sectors are in it.
 */
#include "src/block/image.h"

#include "src/base/error.h"
#include "src/base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* How many sectors a piece of the table covers. */
#define CHUNK_SECTORS 64u

typedef struct OverlayImage {
    Image image;
    Image *base;
    int fd;
    GHashTable *chunks; /* number of a chunk to the set of its sectors that are in the file */
} OverlayImage;

static uint64_t chunk_map(const OverlayImage *overlay, uint64_t chunk)
{
    const uint64_t *map = g_hash_table_lookup(overlay->chunks, &chunk);
    return map ? *map : 0;
}

static bool is_written(const OverlayImage *overlay, uint64_t sector)
{
    return chunk_map(overlay, sector / CHUNK_SECTORS) >> (sector % CHUNK_SECTORS) & 1;
}

static void mark_written(OverlayImage *overlay, uint64_t sector)
{
    uint64_t chunk = sector / CHUNK_SECTORS;
    uint64_t *map = g_hash_table_lookup(overlay->chunks, &chunk);
    if (!map) {
        map = g_new0(uint64_t, 1);
        g_hash_table_insert(overlay->chunks, g_memdup2(&chunk, sizeof(chunk)), map);
    }
    *map |= UINT64_C(1) << (sector % CHUNK_SECTORS);
}

static bool read_own(const OverlayImage *overlay, uint64_t sector, uint8_t *data, uint32_t count)
{
    ssize_t size = (ssize_t)count * IMAGE_SECTOR;
    ssize_t got = file_io_read_at(overlay->fd, data, (size_t)size, sector * IMAGE_SECTOR);
    if (got >= 0 && got < size) {
        errno = ENODATA;
    }
    return got == size;
}

/* Reads in runs that are entirely in the overlay or entirely not. */
static bool overlay_read(Image *image, uint64_t sector, void *data, uint32_t count)
{
    const OverlayImage *overlay = (OverlayImage *)image;
    uint8_t *to = data;
    while (count) {
        bool written = is_written(overlay, sector);
        uint32_t run = 1;
        while (run < count && is_written(overlay, sector + run) == written) {
            run++;
        }
        if (!(written ? read_own(overlay, sector, to, run)
                      : image_read(overlay->base, sector, to, run))) {
            return false;
        }
        sector += run;
        to += (size_t)run * IMAGE_SECTOR;
        count -= run;
    }
    return true;
}

static bool overlay_write(Image *image, uint64_t sector, const void *data, uint32_t count)
{
    OverlayImage *overlay = (OverlayImage *)image;
    if (!file_io_write_at(overlay->fd, data, (size_t)count * IMAGE_SECTOR, sector * IMAGE_SECTOR)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        mark_written(overlay, sector + i);
    }
    return true;
}

/* What is deleted at the end need not be made safe before. */
static bool overlay_flush(Image *image)
{
    (void)image;
    return true;
}

static void overlay_free(Image *image)
{
    OverlayImage *overlay = (OverlayImage *)image;
    if (overlay->fd >= 0) {
        close(overlay->fd);
    }
    g_hash_table_unref(overlay->chunks);
    image_free(overlay->base);
}

static const ImageClass OVERLAY_IMAGE = {
    .read = overlay_read,
    .write = overlay_write,
    .flush = overlay_flush,
    .free = overlay_free,
};

static int open_temporary(const char *name, GError **error)
{
    const char *directory = g_getenv("TMPDIR") ? g_getenv("TMPDIR") : "/var/tmp";
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
        return fd;
    }
    g_autofree char *path = g_build_filename(directory, "pioemu-snapshot-XXXXXX", NULL);
    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
        unlink(path);
        return fd;
    }
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                "%s: its snapshot: no temporary file in %s: %s", name, directory,
                g_strerror(errno));
    return -1;
}

Image *image_overlay_new(Image *base, const char *name, GError **error)
{
    OverlayImage *overlay = g_new0(OverlayImage, 1);
    g_autoptr(Image) image = &overlay->image;
    image->class = &OVERLAY_IMAGE;
    image->bytes = base->bytes;
    image->own = image->sectors = base->sectors;
    overlay->base = base;
    overlay->chunks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    overlay->fd = open_temporary(name, error);
    return overlay->fd < 0 ? NULL : g_steal_pointer(&image);
}
