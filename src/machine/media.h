/* Which images can be a drive's medium, and how media are changed while the machine runs. */
#ifndef PIOEMU_MACHINE_MEDIA_H
#define PIOEMU_MACHINE_MEDIA_H

#include "src/block/block.h"

/*
 * Pads a diskette's image to the next known format.  Refuses an image with too many
 * bytes for a diskette, or too few for a CD-ROM.
 */
bool media_fit(const Drive *drive, Image *image, GError **error);

#endif
