/*
 * Descriptors that the user's program has opened for a network.
 */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/net/net_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

void net_set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int net_take_descriptor(const char *text, int type, GError **error)
{
    uint64_t number;
    int found = 0;
    socklen_t size = sizeof(found);
    if (!text) {
        error_refuse(error, "the number of the descriptor is missing");
        return -1;
    }
    if (!number_parse("the descriptor", text, INT32_MAX, &number, error)) {
        return -1;
    }
    int fd = (int)number;
    if (fcntl(fd, F_GETFD) < 0) {
        error_refuse(error, "descriptor %d: %s", fd, g_strerror(errno));
        return -1;
    }
    if (type && (getsockopt(fd, SOL_SOCKET, SO_TYPE, &found, &size) < 0 || found != type)) {
        error_refuse(error, "descriptor %d: no socket of the right type", fd);
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    net_set_nonblocking(fd);
    return fd;
}
