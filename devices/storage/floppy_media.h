/*
 * Formats of diskettes, by their size, and the drives that take them.
 */
#ifndef PIOEMU_DEVICES_STORAGE_FLOPPY_MEDIA_H
#define PIOEMU_DEVICES_STORAGE_FLOPPY_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#define FLOPPY_SIZES                                                                               \
    "160, 180, 320, 360, 720, 800, 820, 830, 1200, 1440, 1600, 1680, 1722, 1743, 1760, 1840, "     \
    "1920, 2880, 3120, 3200, 3520, 3840 KiB"

/* Numbered as in CMOS. */
typedef enum FloppyType {
    FLOPPY_NONE,
    FLOPPY_360,
    FLOPPY_1200,
    FLOPPY_720,
    FLOPPY_1440,
    FLOPPY_2880,
    FLOPPY_TYPES
} FloppyType;

/* The drive that has no diskette when the machine starts. */
#define FLOPPY_EMPTY_TYPE FLOPPY_1440

typedef struct FloppyMedia {
    uint16_t sectors; /* of 512 bytes, in all */
    uint8_t cylinders, heads, per_track;
    FloppyType type; /* the drive made for it */
} FloppyMedia;

/* NULL: no diskette has so many sectors. */
const FloppyMedia *floppy_media_find(uint64_t sectors);
/* The same, or the next of 1440 and 2880 KiB; NULL: it does not fit on these either. */
const FloppyMedia *floppy_media_holding(uint64_t sectors);
bool floppy_media_fits(const FloppyMedia *media, FloppyType type);
/* The data rate, as the controller's registers have it, at which this drive reads it. */
uint8_t floppy_media_rate(const FloppyMedia *media, FloppyType type);
/* Steps of this drive from one cylinder of the medium to the next: 1 or 2. */
unsigned floppy_media_steps(const FloppyMedia *media, FloppyType type);

#endif
