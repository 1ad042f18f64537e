/*
 * The list of all chardev backends.
 */
#ifndef PIOEMU_CHAR_BACKENDS_H
#define PIOEMU_CHAR_BACKENDS_H

#include "src/char/char.h"

extern const ChardevClass chardev_file_class;
extern const ChardevClass chardev_null_class;
extern const ChardevClass chardev_pipe_class;
extern const ChardevClass chardev_pty_class;
extern const ChardevClass chardev_ringbuf_class;
extern const ChardevClass chardev_stdio_class;
extern const ChardevClass chardev_stdout_class;
extern const ChardevClass chardev_tcp_class;
extern const ChardevClass chardev_tty_class;
extern const ChardevClass chardev_unix_class;

#define CHAR_BACKENDS                                                                              \
    &chardev_null_class, &chardev_stdio_class, &chardev_file_class, &chardev_stdout_class,         \
        &chardev_pty_class, &chardev_unix_class, &chardev_tcp_class, &chardev_pipe_class,          \
        &chardev_ringbuf_class, &chardev_tty_class,

#endif
