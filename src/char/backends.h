/*
 * The list of chardev backends.
 */
#ifndef PIOEMU_CHAR_BACKENDS_H
#define PIOEMU_CHAR_BACKENDS_H

#include "src/char/char.h"

extern const ChardevClass chardev_null_class;

#define CHAR_BACKENDS &chardev_null_class,

#endif
