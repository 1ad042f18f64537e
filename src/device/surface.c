#include "src/device/surface.h"

#include "src/device/device_internal.h"

#include <string.h>

bool device_has_surface(const Device *dev)
{
    return dev->class->surface_client != NULL;
}

static void make_room(void **memory, size_t *room, size_t size)
{
    if (size > *room) {
        g_free(*memory);
        *memory = g_malloc0(size);
        *room = size;
    }
}

/* A device may show less than it said, but never more than a picture has room for. */
static void check(const SurfaceShape *shape)
{
    g_assert(shape->width && shape->width <= SURFACE_SIDE_MAX);
    g_assert(shape->height && shape->height <= SURFACE_SIDE_MAX);
    g_assert(shape->columns * shape->rows <= SURFACE_CELLS_MAX);
}

static void draw(const Device *dev, uint64_t now, SurfacePicture *picture)
{
    const SurfaceShape *shape = &picture->shape;
    size_t size = sizeof(*picture->pixels) * shape->width * shape->height;
    make_room((void **)&picture->pixels, &picture->pixel_room, size);
    if (shape->kind == SURFACE_BLANK) {
        memset(picture->pixels, 0, size);
    } else {
        dev->class->surface_client->pixels(dev->state, now, shape, picture->pixels);
    }
}

/* The time is the clock's own: a recording contains no looks at the screen. */
void device_take_picture(Device *dev, bool pixels, SurfacePicture *picture)
{
    const SurfaceClient *client = dev->class->surface_client;
    SurfaceShape *shape = &picture->shape;
    uint64_t now = clock_now(dev->host->clock);
    g_mutex_lock(&dev->lock);
    memset(shape, 0, sizeof(*shape));
    client->shape(dev->state, now, shape);
    check(shape);
    if (shape->kind == SURFACE_TEXT) {
        size_t size = sizeof(*picture->cells) * shape->rows * shape->columns;
        make_room((void **)&picture->cells, &picture->cell_room, size);
        client->cells(dev->state, shape, picture->cells);
    }
    if (pixels || shape->kind == SURFACE_PIXELS) {
        draw(dev, now, picture);
    }
    g_mutex_unlock(&dev->lock);
}

void surface_picture_clear(SurfacePicture *picture)
{
    g_free(picture->cells);
    g_free(picture->pixels);
    *picture = (SurfacePicture){0};
}

/* ---- code page 437 ---- */

static const uint16_t LOW[32] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9,
    0x2642, 0x2640, 0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7,
    0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t HIGH[129] = {
    0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
    0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb,
    0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3,
    0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab,
    0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551,
    0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e,
    0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565,
    0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590,
    0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9,
    0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7,
    0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

uint32_t surface_unicode(uint8_t character)
{
    return character < 0x20   ? LOW[character]
           : character < 0x7f ? character
                              : HIGH[character - 0x7f];
}
