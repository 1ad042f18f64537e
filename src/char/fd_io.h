/*
 * Non-blocking reads and writes on descriptors that are not ours alone.
 *
 * O_NONBLOCK belongs to the open file description, which the shell shares with
 * us, so it is never set there.  Terminals and pipes are opened a second time
 * through /proc/self/fd; sockets have MSG_DONTWAIT; files never block; for
 * what is left, poll() comes before each small piece.
 *
 * Callers ignore SIGPIPE.  Used in the loop's thread.
 */
#ifndef PIOEMU_CHAR_FD_IO_H
#define PIOEMU_CHAR_FD_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum FdDirection { FD_IO_READ, FD_IO_WRITE } FdDirection;

typedef struct FdIo FdIo;

/*
 * For one direction of `fd`, which stays the caller's.  NULL with errno
 * EBADF when it is not open in that direction.
 */
FdIo *fd_io_new(int fd, FdDirection direction);
/* Takes over a descriptor of our own that has O_NONBLOCK already. */
FdIo *fd_io_adopt(int fd);
void fd_io_free(FdIo *io);

/* What to watch for readiness. */
int fd_io_fd(const FdIo *io);

/*
 * Bytes read, 0 at the end of input, -EAGAIN when there is nothing yet, or
 * another negative errno.
 */
ssize_t fd_io_read(FdIo *io, uint8_t *data, size_t size);
/*
 * Writes as much as goes now.  Bytes written, -EAGAIN when none, or another
 * negative errno.
 */
ssize_t fd_io_write(FdIo *io, const uint8_t *data, size_t size);

/*
 * The first thing in a program: puts a place-holder that can be neither read
 * nor written under each standard descriptor that is closed, so that no file
 * opened later is taken for it.
 */
void fd_io_keep_standard(void);

#endif
