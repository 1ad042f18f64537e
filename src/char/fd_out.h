/*
 * The output half of a backend that writes to a descriptor: waits for the host
 * without spinning, says once when it is lost, and swallows what follows.
 */
#ifndef PIOEMU_CHAR_FD_OUT_H
#define PIOEMU_CHAR_FD_OUT_H

#include "src/char/char.h"
#include "src/char/fd_io.h"

typedef struct FdOut {
    Chardev *chardev;
    FdIo *io; /* NULL: closed */
    LoopFd *watch;
    char *name;  /* for the message: "standard output", a path */
    int failure; /* why `io` is NULL */
    bool reported;
} FdOut;

/* Takes `io` over; NULL with errno set is an output that is lost already. */
void fd_out_init(FdOut *out, Chardev *chardev, FdIo *io, const char *name);
void fd_out_clear(FdOut *out);
/* ChardevClass.write. */
size_t fd_out_write(FdOut *out, const uint8_t *data, size_t size);
/* ChardevClass.output_fd. */
int fd_out_fd(const FdOut *out);

#endif
