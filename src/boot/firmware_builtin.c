/*
 * The firmware inside the program: this build has none.
 */
#include "src/boot/firmware.h"

bool firmware_builtin(const uint8_t **image, size_t *size)
{
    *image = NULL;
    *size = 0;
    return false;
}
