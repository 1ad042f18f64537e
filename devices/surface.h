/*
 * What a device with a screen declares.
 *
 * The framework asks the device what its screen shows: at a moment that a
 * viewer chooses, with the device's lock held, and only while there are viewers.
 * A device never sees a viewer, and no guest can observe that one looks.
 *
 * This header is installed.  It needs only device.h.
 */
#ifndef PIOEMU_SURFACE_H
#define PIOEMU_SURFACE_H

#include "devices/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum SurfaceKind {
    SURFACE_BLANK, /* the screen is dark */
    SURFACE_TEXT,
    SURFACE_PIXELS
} SurfaceKind;

#define SURFACE_SIDE_MAX  4096u
#define SURFACE_CELLS_MAX 65536u
#define SURFACE_COLOURS   16u

/* A character of code page 437 with the attribute of a PC's text mode. */
typedef struct SurfaceCell {
    uint8_t character, attribute;
} SurfaceCell;

/* The underline or block that shows where the next character goes. */
typedef struct SurfaceCursor {
    bool shown; /* it may blink nevertheless */
    unsigned row, column;
    unsigned first_line, last_line; /* of the cell, from its top */
} SurfaceCursor;

/* The form of a screen.  The last members are for text only. */
typedef struct SurfaceShape {
    SurfaceKind kind;
    unsigned width, height; /* in pixels, at most SURFACE_SIDE_MAX; never 0 */
    unsigned columns, rows; /* at most SURFACE_CELLS_MAX cells */
    unsigned cell_width, cell_height;
    SurfaceCursor cursor;
    bool blinks;                       /* bit 7 of an attribute means that the character blinks;
                                          otherwise it belongs to the background's colour */
    bool two_fonts;                    /* bit 3 of an attribute selects a second font */
    uint32_t palette[SURFACE_COLOURS]; /* 0xRRGGBB of each colour of an attribute */
} SurfaceShape;

/*
 * The callbacks of a device with a screen.  `now` is machine time, from which
 * the device derives what blinks.
 */
struct SurfaceClient {
    uint32_t struct_size; /* size of SurfaceClient */
    void (*shape)(const void *state, uint64_t now, SurfaceShape *shape);
    /* Fills rows * columns cells.  Called only if the kind is SURFACE_TEXT. */
    void (*cells)(const void *state, const SurfaceShape *shape, SurfaceCell *cells);
    /*
     * Draws width * height pixels, 0xRRGGBB each.  Called for text too, but
     * not for SURFACE_BLANK.
     */
    void (*pixels)(const void *state, uint64_t now, const SurfaceShape *shape, uint32_t *pixels);
};

#ifdef __cplusplus
}
#endif

#endif
