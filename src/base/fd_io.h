/*
 * Non-blocking reads and writes on descriptors that we share with other processes.
 *
 * O_NONBLOCK belongs to the open file description, which the shell shares with us,
 * so it is never set there.  Terminals and pipes are opened a second time through
 * /proc/self/fd.  Sockets are used with MSG_DONTWAIT.  Regular files never block.
 * For everything else, poll() comes before each small piece.
 *
 * Callers ignore SIGPIPE.  Used in the loop's thread.
 */
#ifndef PIOEMU_BASE_FD_IO_H
#define PIOEMU_BASE_FD_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum FdDirection { FD_IO_READ, FD_IO_WRITE } FdDirection;

typedef struct FdIo FdIo;

/*
 * For one direction of `fd`, which remains the caller's.  Returns NULL with errno
 * EBADF if `fd` is not open in that direction.
 */
FdIo *fd_io_new(int fd, FdDirection direction);
/* Takes over a descriptor that only we use and that has O_NONBLOCK already. */
FdIo *fd_io_adopt(int fd);
void fd_io_free(FdIo *io);

/* The descriptor to watch for readiness. */
int fd_io_fd(const FdIo *io);

/*
 * Returns the number of bytes read, 0 at the end of input, -EAGAIN if there is
 * nothing yet, or another negative errno.
 */
ssize_t fd_io_read(FdIo *io, uint8_t *data, size_t size);
/*
 * Writes as much as is possible now.  Returns the number of bytes written, -EAGAIN
 * if there are none, or another negative errno.
 */
ssize_t fd_io_write(FdIo *io, const uint8_t *data, size_t size);

/*
 * A program calls this first.  It opens a place-holder, which cannot be read or
 * written, for each standard descriptor that is closed.  So no file that is opened
 * later gets the number of a standard descriptor.
 */
void fd_io_keep_standard(void);

#endif
