#include "src/display/png/driver.h"

#include <png.h>
#include <string.h>

static bool encode(const uint8_t *rgb, unsigned width, unsigned height, GString *to)
{
    png_image image;
    memset(&image, 0, sizeof(image));
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    g_autofree uint8_t *file = g_malloc(size);
    if (!png_image_write_to_memory(&image, file, &size, 0, rgb, 0, NULL)) {
        return false;
    }
    g_string_append_len(to, (const char *)file, (gssize)size);
    return true;
}

const PngDriver png_driver;
const PngDriver png_driver = {.encode = encode};
