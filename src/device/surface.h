/*
 * Reads the screens of devices (devices/surface.h).
 *
 * A picture is a copy of what a device's screen shows at one moment.  It is
 * taken with the device's lock held, from any thread.
 */
#ifndef PIOEMU_DEVICE_SURFACE_H
#define PIOEMU_DEVICE_SURFACE_H

#include "devices/surface.h"
#include "src/device/device_core.h"

typedef struct SurfacePicture {
    SurfaceShape shape;
    SurfaceCell *cells; /* rows * columns; for SURFACE_TEXT only */
    uint32_t *pixels;   /* width * height, 0xRRGGBB; valid if they were asked for */
    size_t cell_room, pixel_room;
} SurfacePicture;

bool device_has_surface(const Device *dev);
/*
 * Takes the picture, and draws the pixels if the kind is SURFACE_PIXELS or if
 * `pixels` asks for those of other kinds, too.  The picture begins as zeroes;
 * its memory is used again by the next call.
 */
void device_take_picture(Device *dev, bool pixels, SurfacePicture *picture);
void surface_picture_clear(SurfacePicture *picture);

/* The character of code page 437 as a code point: what a font of a PC shows for it. */
uint32_t surface_unicode(uint8_t character);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SurfacePicture, surface_picture_clear)

#endif
