/*
 * The contents of the module pioemu-nbd: connections to NBD servers.  It is a
 * module because it needs libnbd, which most runs do not need.
 */
#ifndef PIOEMU_BLOCK_NBD_DRIVER_H
#define PIOEMU_BLOCK_NBD_DRIVER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct NbdConnection NbdConnection;

typedef struct NbdInfo {
    uint64_t bytes;
    bool read_only, flushes, trims, zeroes;
} NbdInfo;

/* If a function returns false, errno says why. */
typedef struct NbdDriver {
    /*
     * Connects to the URI.  If `uri` is NULL, starts the command, which serves
     * on a socket that it inherits.  Returns NULL with a text in `why`, which
     * the caller frees.
     */
    NbdConnection *(*open)(const char *uri, char **command, NbdInfo *info, char **why);
    bool (*read)(NbdConnection *nbd, void *data, size_t size, uint64_t offset);
    bool (*write)(NbdConnection *nbd, const void *data, size_t size, uint64_t offset);
    bool (*flush)(NbdConnection *nbd);
    bool (*trim)(NbdConnection *nbd, uint64_t size, uint64_t offset);
    bool (*zero)(NbdConnection *nbd, uint64_t size, uint64_t offset, bool unmap);
    void (*close)(NbdConnection *nbd);
} NbdDriver;

extern const NbdDriver PIOEMU_NBD;

#endif
