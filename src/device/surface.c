#include "src/device/surface.h"

#include "devices/display/cp437.h"
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

uint32_t surface_unicode(uint8_t character)
{
    return cp437_unicode(character);
}
