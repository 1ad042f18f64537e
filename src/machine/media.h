/*
 * Which images can be a drive's medium, and media that are changed while the
 * machine runs.
 */
#ifndef PIOEMU_MACHINE_MEDIA_H
#define PIOEMU_MACHINE_MEDIA_H

#include "src/block/block.h"

/*
 * A diskette's image is padded to a format that there is.  Refuses what has too
 * many bytes for a diskette, or too few for a CD-ROM.
 */
bool media_fit(const Drive *drive, Image *image, GError **error);

#endif
