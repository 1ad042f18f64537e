/*
 * The output half of a backend that writes to a descriptor.  It waits for the host
 * without a busy loop.  After an error it says so once and discards what follows.
 */
#ifndef PIOEMU_CHAR_FD_OUT_H
#define PIOEMU_CHAR_FD_OUT_H

#include "src/base/fd_io.h"
#include "src/char/char.h"

typedef struct FdOut {
    Chardev *chardev;
    FdIo *io; /* NULL: closed */
    LoopFd *watch;
    char *name;  /* the name in messages: "standard output", a path */
    int failure; /* the errno that closed `io` */
    bool reported;
} FdOut;

/* Takes ownership of `io`.  NULL with errno set means that the output is already lost. */
void fd_out_init(FdOut *out, Chardev *chardev, FdIo *io, const char *name);
void fd_out_clear(FdOut *out);
/* See ChardevClass.write. */
size_t fd_out_write(FdOut *out, const uint8_t *data, size_t size);
/* See ChardevClass.output_fd. */
int fd_out_fd(const FdOut *out);

#endif
