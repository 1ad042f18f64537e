/*
 * A disk image.
 *
 * A sector has 512 bytes.  If the size of an image is not a multiple of that, the
 * last sector reads as if zeros followed.  An image that was padded has more
 * sectors.  They read as zeros and cannot be written (ENXIO).
 *
 * Functions that read, write or change an image block, so they are for a thread of
 * their own.
 */
#ifndef PIOEMU_BLOCK_IMAGE_H
#define PIOEMU_BLOCK_IMAGE_H

#include "src/block/drive.h"

#include <stdint.h>

#define IMAGE_SECTOR 512u

typedef struct Image Image;

/*
 * A kind of image.  The sectors are always those of the image itself, never the
 * padding.  On failure errno says why.
 */
typedef struct ImageClass {
    bool (*read)(Image *image, uint64_t sector, void *data, uint32_t count);
    bool (*write)(Image *image, uint64_t sector, const void *data, uint32_t count);
    bool (*flush)(Image *image);
    /* The contents may be lost.  NULL: they are kept. */
    bool (*discard)(Image *image, uint64_t sector, uint32_t count);
    /*
     * Fails with EOPNOTSUPP, or is NULL, if zeros must be written instead.
     * `unmap`: the space may be given back.
     */
    bool (*zero)(Image *image, uint64_t sector, uint32_t count, bool unmap);
    void (*free)(Image *image); /* everything but the struct */
} ImageClass;

/* Every image begins with this. g_free() frees its memory. */
struct Image {
    const ImageClass *class;
    uint64_t bytes;   /* size of its file, which a write to the last sector may enlarge; 0: there
                         is no file */
    uint64_t own;     /* in sectors: `bytes` rounded up */
    uint64_t sectors; /* `own` and the padding */
    bool read_only;
    bool unsafe;   /* a flush does nothing */
    bool discards; /* space may be given back to the host */
    /* The file was taken for a raw image because it begins like no other, and shall not later. */
    bool probed_raw;
};

/* Returns NULL with `error` if the image cannot be opened or is not what `drive` says. */
Image *image_open(const Drive *drive, GError **error);
/* An image without a file: it reads as zeros, and what is written is lost. */
Image *image_new_blank(uint64_t sectors, bool read_only);
void image_free(Image *image);
/* The format that the beginning of a file looks like; "raw" if it is none that we know. */
const char *image_probe(const char *path);

/* Pads the image to so many sectors, if it has fewer. */
void image_pad(Image *image, uint64_t sectors);

/* The caller must stay within the image's sectors.  On failure errno says why. */
bool image_read(Image *image, uint64_t sector, void *data, uint32_t count);
bool image_write(Image *image, uint64_t sector, const void *data, uint32_t count);
bool image_flush(Image *image);
bool image_discard(Image *image, uint64_t sector, uint32_t count);
bool image_zero(Image *image, uint64_t sector, uint32_t count, bool unmap);

/* ---- the kinds of image, for image_open() ---- */

/* A file or a block device of the host whose bytes are the disk's. */
Image *image_raw_open(const Drive *drive, GError **error);
/* What an NBD server has; the drive's file is a URI. */
Image *image_nbd_open(const Drive *drive, GError **error);
/* A file in a format that qemu-nbd knows, which is started for it. */
Image *image_nbd_serve(const Drive *drive, const char *format, GError **error);
/* Takes the image `base`, which stays unchanged: writes go to a temporary file. */
Image *image_overlay_new(Image *base, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Image, image_free)

#endif
