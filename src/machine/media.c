#include "src/machine/media.h"

#include "devices/storage/floppy_media.h"
#include "src/base/error.h"

/* Of a CD-ROM with one sector of its own size. */
#define CDROM_SECTORS 4u

/* The image lies at the beginning of a diskette that may have more sectors. */
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

/* The devices would refuse it too, but do not know by what option it came. */
bool media_fit(const Drive *drive, Image *image, GError **error)
{
    if (drive->interface == DRIVE_FLOPPY) {
        return fit_diskette(drive, image, error);
    }
    return !drive->cdrom || image->sectors >= CDROM_SECTORS ||
           error_refuse(error, "%s: a CD-ROM has at least 2048 bytes", drive->name);
}
