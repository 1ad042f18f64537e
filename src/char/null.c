/*
 * null: a line with nobody at the other end.
 */
#include "src/char/backends.h"

static size_t null_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    (void)chardev;
    (void)data;
    return size;
}

const ChardevClass chardev_null_class = {
    .name = "null",
    .usage = "null",
    .help = "output is thrown away, input never comes",
    .size = sizeof(Chardev),
    .write = null_write,
};
