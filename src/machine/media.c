#include "src/machine/media.h"

#include "devices/storage/floppy_media.h"
#include "src/base/error.h"

/* The minimum for a CD-ROM, which has one sector of its own size: four of 512 bytes. */
#define CDROM_SECTORS 4u

/* The image lies at the beginning of a diskette, which may have more sectors. */
static bool fit_diskette(const Drive *drive, Image *image, GError **error)
{
    const FloppyMedia *media = floppy_media_holding(image->sectors);
    if (!media) {
        return error_refuse(error,
                            "%s: %" G_GUINT64_FORMAT " bytes are too many for a diskette, which "
                            "has 2880 KiB or what a format of its own has (" FLOPPY_SIZES ")",
                            drive->name, image->bytes);
    }
    image_pad(image, media->sectors);
    return true;
}

/* The devices would refuse the image too, but they do not know which option it came from. */
bool media_fit(const Drive *drive, Image *image, GError **error)
{
    if (drive->interface == DRIVE_FLOPPY) {
        return fit_diskette(drive, image, error);
    }
    return !drive->cdrom || image->sectors >= CDROM_SECTORS ||
           error_refuse(error, "%s: a CD-ROM has at least 2048 bytes", drive->name);
}
