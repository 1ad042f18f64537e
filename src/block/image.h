/*
 * A raw disk image in a file or on a block device of the host.
 *
 * Sectors have 512 bytes.  A file whose size is no multiple of that has a last
 * sector that reads as if zeros followed; writing it makes the file longer.
 * One that was padded has more sectors, which read as zeros and cannot be
 * written (ENXIO).
 *
 * While an image is open for writing no other program that asks for the lock
 * can open it, and nobody writes one that is open for reading.
 *
 * Reading, writing and flushing block: they are for a thread of their own.
 */
#ifndef PIOEMU_BLOCK_IMAGE_H
#define PIOEMU_BLOCK_IMAGE_H

#include "src/block/drive.h"

#include <stdint.h>

#define IMAGE_SECTOR 512u

typedef struct Image Image;

Image *image_open(const Drive *drive, GError **error);
/* No file: reads as zeros, and what is written is forgotten. */
Image *image_new_blank(uint64_t sectors, bool read_only);
void image_free(Image *image);

/* Makes it one of so many sectors, if it has fewer. */
void image_pad(Image *image, uint64_t sectors);
uint64_t image_sectors(const Image *image);
/* Of its file; 0: there is none. */
uint64_t image_bytes(const Image *image);
bool image_is_read_only(const Image *image);

/* The caller keeps within the sectors there are.  On failure errno says why. */
bool image_read(Image *image, uint64_t sector, void *data, uint32_t count);
bool image_write(Image *image, uint64_t sector, const void *data, uint32_t count);
bool image_flush(Image *image);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Image, image_free)

#endif
