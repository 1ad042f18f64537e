/*
 * The list of chardev backends.
 */
#ifndef PIOEMU_CHAR_BACKENDS_H
#define PIOEMU_CHAR_BACKENDS_H

#include "src/char/char.h"

extern const ChardevClass chardev_file_class;
extern const ChardevClass chardev_null_class;
extern const ChardevClass chardev_stdio_class;
extern const ChardevClass chardev_stdout_class;

#define CHAR_BACKENDS                                                                              \
    &chardev_null_class, &chardev_stdio_class, &chardev_file_class, &chardev_stdout_class,

#endif
