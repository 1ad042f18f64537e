/* The firmware that is built into the program: the BIOS of bios/. */
#include "src/boot/firmware.h"

#include "bios/bios_image.h"

bool firmware_builtin(const uint8_t **image, size_t *size)
{
    *image = BIOS_IMAGE;
    *size = sizeof(BIOS_IMAGE);
    return true;
}
