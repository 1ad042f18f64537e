/*
 * A disk image.
 *
 * Sectors have 512 bytes.  An image whose size is no multiple of that has a
 * last sector that reads as if zeros followed.  One that was padded has more
 * sectors, which read as zeros and cannot be written (ENXIO).
 *
 * Reading, writing and what changes an image block: they are for a thread of
 * their own.
 */
#ifndef PIOEMU_BLOCK_IMAGE_H
#define PIOEMU_BLOCK_IMAGE_H

#include "src/block/drive.h"

#include <stdint.h>

#define IMAGE_SECTOR 512u

typedef struct Image Image;

/*
 * A kind of image.  The sectors are those of the image itself, never of the
 * padding.  On failure errno says why.
 */
typedef struct ImageClass {
    bool (*read)(Image *image, uint64_t sector, void *data, uint32_t count);
    bool (*write)(Image *image, uint64_t sector, const void *data, uint32_t count);
    bool (*flush)(Image *image);
    /* The contents may be forgotten.  NULL: they are kept. */
    bool (*discard)(Image *image, uint64_t sector, uint32_t count);
    /* EOPNOTSUPP, or NULL: zeros are written instead.  `unmap`: the space may be given up. */
    bool (*zero)(Image *image, uint64_t sector, uint32_t count, bool unmap);
    void (*free)(Image *image); /* but for the struct */
} ImageClass;

/* Every image begins with this, in memory of g_free(). */
struct Image {
    const ImageClass *class;
    uint64_t bytes;   /* of its file; a write of the last sector may add to it; 0: there is none */
    uint64_t own;     /* sectors: bytes rounded up */
    uint64_t sectors; /* those, and the padding */
    bool read_only;
    bool unsafe;   /* a flush does nothing */
    bool discards; /* the host may be given space back */
};

/* NULL and `error`: it cannot be had, or is not what `drive` says. */
Image *image_open(const Drive *drive, GError **error);
/* No file: reads as zeros, and what is written is forgotten. */
Image *image_new_blank(uint64_t sectors, bool read_only);
void image_free(Image *image);

/* Makes it one of so many sectors, if it has fewer. */
void image_pad(Image *image, uint64_t sectors);

/* The caller keeps within the sectors there are.  On failure errno says why. */
bool image_read(Image *image, uint64_t sector, void *data, uint32_t count);
bool image_write(Image *image, uint64_t sector, const void *data, uint32_t count);
bool image_flush(Image *image);
bool image_discard(Image *image, uint64_t sector, uint32_t count);
bool image_zero(Image *image, uint64_t sector, uint32_t count, bool unmap);

/* ---- the kinds of image, for image_open() ---- */

/* A file or a block device of the host whose bytes are the disk's. */
Image *image_raw_open(const Drive *drive, GError **error);
/* What is written goes to a temporary file; the image below, which becomes this one's, stays. */
Image *image_overlay_new(Image *base, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Image, image_free)

#endif
