#include "src/block/nbd/driver.h"

#include <errno.h>
#include <libnbd.h>

static struct nbd_handle *handle(NbdConnection *nbd)
{
    return (struct nbd_handle *)nbd;
}

/* Converts libnbd's result to ours. */
static bool check(int result)
{
    if (result < 0) {
        errno = nbd_get_errno() ? nbd_get_errno() : EIO;
    }
    return result >= 0;
}

static bool find_info(struct nbd_handle *nbd, NbdInfo *info)
{
    int64_t bytes = nbd_get_size(nbd);
    *info = (NbdInfo){
        .bytes = bytes > 0 ? (uint64_t)bytes : 0,
        .read_only = nbd_is_read_only(nbd) > 0,
        .flushes = nbd_can_flush(nbd) > 0,
        .trims = nbd_can_trim(nbd) > 0,
        .zeroes = nbd_can_zero(nbd) > 0,
    };
    return bytes >= 0;
}

static NbdConnection *driver_open(const char *uri, char **command, NbdInfo *info, char **why)
{
    struct nbd_handle *nbd = nbd_create();
    bool connected = nbd && (uri ? nbd_connect_uri(nbd, uri) == 0
                                 : nbd_connect_systemd_socket_activation(nbd, command) == 0);
    if (connected && find_info(nbd, info)) {
        return (NbdConnection *)nbd;
    }
    *why = g_strdup(nbd_get_error() ? nbd_get_error() : "libnbd failed");
    nbd_close(nbd);
    return NULL;
}

static bool driver_read(NbdConnection *nbd, void *data, size_t size, uint64_t offset)
{
    return check(nbd_pread(handle(nbd), data, size, offset, 0));
}

static bool driver_write(NbdConnection *nbd, const void *data, size_t size, uint64_t offset)
{
    return check(nbd_pwrite(handle(nbd), data, size, offset, 0));
}

static bool driver_flush(NbdConnection *nbd)
{
    return check(nbd_flush(handle(nbd), 0));
}

static bool driver_trim(NbdConnection *nbd, uint64_t size, uint64_t offset)
{
    return check(nbd_trim(handle(nbd), size, offset, 0));
}

static bool driver_zero(NbdConnection *nbd, uint64_t size, uint64_t offset, bool unmap)
{
    return check(nbd_zero(handle(nbd), size, offset, unmap ? 0 : LIBNBD_CMD_FLAG_NO_HOLE));
}

/* A server that we have started ends when its only client disconnects. */
static void driver_close(NbdConnection *nbd)
{
    nbd_shutdown(handle(nbd), 0);
    nbd_close(handle(nbd));
}

const NbdDriver PIOEMU_NBD = {
    .open = driver_open,
    .read = driver_read,
    .write = driver_write,
    .flush = driver_flush,
    .trim = driver_trim,
    .zero = driver_zero,
    .close = driver_close,
};
