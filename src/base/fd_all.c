#include "src/base/fd_all.h"

#include <errno.h>
#include <unistd.h>

ssize_t fd_read_all(int fd, void *data, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, (uint8_t *)data + done, size - done, (off_t)(offset + done));
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)done;
}

bool fd_write_all(int fd, const void *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = write(fd, (const uint8_t *)data + done, size - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* An older kernel has no close_range(). */
void fd_close_range(unsigned first, unsigned last)
{
    if (close_range(first, last, 0) < 0) {
        long end = sysconf(_SC_OPEN_MAX);
        for (unsigned fd = first; fd <= last && fd < end; fd++) {
            close((int)fd);
        }
    }
}
