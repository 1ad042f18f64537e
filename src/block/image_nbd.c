/*
 * Images on an NBD server.  The user names a server, or we start a qemu-nbd of
 * our own for formats that we cannot read.  Our own server has one client and
 * ends when the client disconnects.  If setpriv(1) is installed, the server
 * gets a SIGTERM when this process dies, so that it ends even if we die before
 * we have connected.
 */
#include "src/block/image.h"

#include "src/base/error.h"
#include "src/base/module.h"
#include "src/block/nbd/driver.h"

#include <errno.h>

/* The protocol has 32 bits for a length. */
#define PIECE_MAX (UINT64_C(1) << 30)

typedef struct NbdImage {
    Image image;
    const NbdDriver *driver;
    NbdConnection *connection;
    bool flushes, trims, zeroes;
} NbdImage;

static bool nbd_read(Image *image, uint64_t sector, void *data, uint32_t count)
{
    NbdImage *nbd = (NbdImage *)image;
    return nbd->driver->read(nbd->connection, data, (size_t)count * IMAGE_SECTOR,
                             sector * IMAGE_SECTOR);
}

static bool nbd_write(Image *image, uint64_t sector, const void *data, uint32_t count)
{
    NbdImage *nbd = (NbdImage *)image;
    return nbd->driver->write(nbd->connection, data, (size_t)count * IMAGE_SECTOR,
                              sector * IMAGE_SECTOR);
}

static bool nbd_flush(Image *image)
{
    NbdImage *nbd = (NbdImage *)image;
    return !nbd->flushes || nbd->driver->flush(nbd->connection);
}

static bool nbd_discard(Image *image, uint64_t sector, uint32_t count)
{
    NbdImage *nbd = (NbdImage *)image;
    uint64_t offset = sector * IMAGE_SECTOR, end = offset + (uint64_t)count * IMAGE_SECTOR;
    for (; nbd->trims && offset < end; offset += PIECE_MAX) {
        if (!nbd->driver->trim(nbd->connection, MIN(PIECE_MAX, end - offset), offset)) {
            return false;
        }
    }
    return true;
}

static bool nbd_zero(Image *image, uint64_t sector, uint32_t count, bool unmap)
{
    NbdImage *nbd = (NbdImage *)image;
    uint64_t offset = sector * IMAGE_SECTOR, end = offset + (uint64_t)count * IMAGE_SECTOR;
    if (!nbd->zeroes) {
        errno = EOPNOTSUPP;
        return false;
    }
    for (; offset < end; offset += PIECE_MAX) {
        if (!nbd->driver->zero(nbd->connection, MIN(PIECE_MAX, end - offset), offset, unmap)) {
            return false;
        }
    }
    return true;
}

static void nbd_free(Image *image)
{
    NbdImage *nbd = (NbdImage *)image;
    nbd->driver->close(nbd->connection);
}

static const ImageClass NBD_IMAGE = {
    .read = nbd_read,
    .write = nbd_write,
    .flush = nbd_flush,
    .discard = nbd_discard,
    .zero = nbd_zero,
    .free = nbd_free,
};

/* ---- opening ---- */

static Image *open_connection(const Drive *drive, const char *uri, char **command, GError **error)
{
    NbdInfo info;
    g_autofree char *why = NULL;
    g_autoptr(GError) failure = NULL;
    const NbdDriver *driver = module_symbol("pioemu-nbd", "PIOEMU_NBD", &failure);
    if (!driver) {
        error_refuse(error, "%s: needs libnbd (package libnbd0): %s", drive->name,
                     failure->message);
        return NULL;
    }
    NbdConnection *connection = driver->open(uri, command, &info, &why);
    if (!connection) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "%s: %s", drive->name, why);
        return NULL;
    }
    NbdImage *nbd = g_new0(NbdImage, 1);
    nbd->driver = driver;
    nbd->connection = connection;
    nbd->flushes = info.flushes;
    nbd->trims = info.trims;
    nbd->zeroes = info.zeroes;
    nbd->image.class = &NBD_IMAGE;
    nbd->image.bytes = info.bytes;
    nbd->image.own = nbd->image.sectors = info.bytes / IMAGE_SECTOR;
    nbd->image.read_only = drive->read_only;
    nbd->image.unsafe = drive->unsafe;
    nbd->image.discards = drive->discards;
    if (info.read_only && !drive->read_only && !drive->snapshot) {
        error_refuse(error, "%s: the server does not let it be written (-drive's readonly=on)",
                     drive->name);
        image_free(&nbd->image);
        return NULL;
    }
    return &nbd->image;
}

Image *image_nbd_open(const Drive *drive, GError **error)
{
    return open_connection(drive, drive->file, NULL, error);
}

Image *image_nbd_serve(const Drive *drive, const char *format, GError **error)
{
    g_autofree char *program = g_find_program_in_path("qemu-nbd");
    bool reads_only = drive->read_only || drive->snapshot;
    if (!program) {
        error_refuse(error,
                     "%s: is a %s image, which needs qemu-nbd (package qemu-utils); -drive's "
                     "format=raw takes it as it is",
                     drive->name, format);
        return NULL;
    }
    g_autofree char *setpriv = g_find_program_in_path("setpriv");
    char *command[] = {setpriv,
                       (char *)"--pdeathsig=TERM",
                       program,
                       (char *)"--format",
                       (char *)format,
                       (char *)"--discard=unmap",
                       reads_only ? (char *)"--read-only" : (char *)"--cache=writeback",
                       (char *)"--",
                       drive->file,
                       NULL};
    return open_connection(drive, NULL, setpriv ? command : command + 2, error);
}
