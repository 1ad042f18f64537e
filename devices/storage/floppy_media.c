/*
 * Formats of diskettes, by their size, and the drives that take them.
 */
#include "devices/storage/floppy_media.h"

#include "devices/storage/i82077aa_regs.h"

#include <stddef.h>

static const FloppyMedia MEDIA[] = {
    {320, 40, 1, 8, FLOPPY_360},
    {360, 40, 1, 9, FLOPPY_360},
    {640, 40, 2, 8, FLOPPY_360},
    {720, 40, 2, 9, FLOPPY_360},
    {1440, 80, 2, 9, FLOPPY_720},
    {2400, 80, 2, 15, FLOPPY_1200},
    {2880, 80, 2, 18, FLOPPY_1440},
    {5760, 80, 2, 36, FLOPPY_2880},
    /* Formats with more sectors or tracks than the drive was made for. */
    {1600, 80, 2, 10, FLOPPY_720},
    {1640, 82, 2, 10, FLOPPY_720},
    {1660, 83, 2, 10, FLOPPY_720},
    {3200, 80, 2, 20, FLOPPY_1440},
    {3360, 80, 2, 21, FLOPPY_1440},
    {3444, 82, 2, 21, FLOPPY_1440},
    {3486, 83, 2, 21, FLOPPY_1440},
    {3520, 80, 2, 22, FLOPPY_1440},
    {3680, 80, 2, 23, FLOPPY_1440},
    {3840, 80, 2, 24, FLOPPY_1440},
    {6240, 80, 2, 39, FLOPPY_2880},
    {6400, 80, 2, 40, FLOPPY_2880},
    {7040, 80, 2, 44, FLOPPY_2880},
    {7680, 80, 2, 48, FLOPPY_2880},
};

/* For images of an unknown size.  Boot loaders without padding assume 18 sectors per track. */
static const uint16_t USUAL[] = {2880, 5760};

const FloppyMedia *floppy_media_find(uint64_t sectors)
{
    for (size_t i = 0; i < sizeof(MEDIA) / sizeof(MEDIA[0]); i++) {
        if (MEDIA[i].sectors == sectors) {
            return &MEDIA[i];
        }
    }
    return NULL;
}

const FloppyMedia *floppy_media_holding(uint64_t sectors)
{
    const FloppyMedia *media = floppy_media_find(sectors);
    for (size_t i = 0; !media && i < sizeof(USUAL) / sizeof(USUAL[0]); i++) {
        if (sectors <= USUAL[i]) {
            media = floppy_media_find(USUAL[i]);
        }
    }
    return media;
}

bool floppy_media_fits(const FloppyMedia *media, FloppyType type)
{
    switch (type) {
    case FLOPPY_360:
    case FLOPPY_720:
        return media->type == type;
    case FLOPPY_1200:
        return media->type == FLOPPY_360 || media->type == FLOPPY_1200;
    case FLOPPY_1440:
        return media->type == FLOPPY_720 || media->type == FLOPPY_1440;
    case FLOPPY_2880:
        return media->type == FLOPPY_720 || media->type == FLOPPY_1440 || media->type == type;
    default:
        return false;
    }
}

/* A drive for 1.2 MB turns at 360 rpm. */
uint8_t floppy_media_rate(const FloppyMedia *media, FloppyType type)
{
    switch (media->type) {
    case FLOPPY_360:
        return type == FLOPPY_1200 ? FDC_RATE_300 : FDC_RATE_250;
    case FLOPPY_720:
        return FDC_RATE_250;
    case FLOPPY_2880:
        return FDC_RATE_1000;
    default:
        return FDC_RATE_500;
    }
}

unsigned floppy_media_steps(const FloppyMedia *media, FloppyType type)
{
    return media->cylinders == 40 && type == FLOPPY_1200 ? 2 : 1;
}
