/* The functions of the module pioemu-png, which is the only one that needs libpng. */
#ifndef PIOEMU_DISPLAY_PNG_DRIVER_H
#define PIOEMU_DISPLAY_PNG_DRIVER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct PngDriver {
    /* Appends the picture, three bytes a pixel, as a PNG file. */
    bool (*encode)(const uint8_t *rgb, unsigned width, unsigned height, GString *to);
} PngDriver;

#define PNG_DRIVER_SYMBOL "png_driver"

#endif
