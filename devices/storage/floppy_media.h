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

/* With the numbers of CMOS. */
typedef enum FloppyType {
    FLOPPY_NONE,
    FLOPPY_360,
    FLOPPY_1200,
    FLOPPY_720,
    FLOPPY_1440,
    FLOPPY_2880,
    FLOPPY_TYPES
} FloppyType;

/* The type of a drive without a diskette when the machine starts. */
#define FLOPPY_EMPTY_TYPE FLOPPY_1440

typedef struct FloppyMedia {
    uint16_t sectors; /* in total, of 512 bytes */
    uint8_t cylinders, heads, per_track;
    FloppyType type; /* the type of drive that was made for it */
} FloppyMedia;

/* NULL: no format has this number of sectors. */
const FloppyMedia *floppy_media_find(uint64_t sectors);
/*
 * The same, or else the smaller of the 1440 and 2880 KiB formats into which the
 * sectors fit.  NULL: they do not fit.
 */
const FloppyMedia *floppy_media_holding(uint64_t sectors);
bool floppy_media_fits(const FloppyMedia *media, FloppyType type);
/* The data rate at which this drive reads the medium, as a value of the controller's registers. */
uint8_t floppy_media_rate(const FloppyMedia *media, FloppyType type);
/* How many steps this drive makes from one cylinder of the medium to the next: 1 or 2. */
unsigned floppy_media_steps(const FloppyMedia *media, FloppyType type);

#endif
