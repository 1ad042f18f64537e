/*
 * The block layer: devices on one side, disk images on the other.
 *
 *   device ── BlockPort ──► queue ──► the drive's worker thread ──► image
 *   device ◄── done() ◄── loop, or machine time ◄──┘
 *
 * A drive's requests are carried out in their order by a thread of its own, so
 * neither a vCPU nor the loop waits for the host's disk.  What is done is told
 * to the device in the loop's thread, with the device's lock held.
 *
 * Where machine time is the machine's own work, a request is done at a moment
 * of machine time that depends on the request alone, and that moment waits for
 * the host: the run is repeatable, and a slow disk makes no guest's time-out.
 */
#ifndef PIOEMU_BLOCK_H
#define PIOEMU_BLOCK_H

#include "src/base/loop.h"
#include "src/block/image.h"
#include "src/board/clock.h"
#include "src/device/device_core.h"

#include <glib.h>

typedef struct BlockSet BlockSet;

/*
 * `clock` is the machine's where requests are to be done at moments of machine
 * time, or NULL.  `message` gets a line for the user, in any thread.
 */
BlockSet *blockset_new(Loop *loop, Clock *clock, void (*message)(void *opaque, const char *text),
                       void *opaque);
/* What was written is carried out first.  Devices make no request after this. */
void blockset_free(BlockSet *set);

/* The drive `id` will have no file: it reads as zeros and forgets what is written. */
void blockset_blank(BlockSet *set, const char *id, uint64_t sectors);

/*
 * Whether the image can be the drive's medium; pads it if that is needed.  NULL
 * where any can.
 */
typedef bool BlockFit(const Drive *drive, Image *image, GError **error);

/* Opens the image under this id.  The drive is copied. */
BlockPort *blockset_add(BlockSet *set, const char *id, const Drive *drive, BlockFit *fit,
                        GError **error);
typedef enum BlockMode { BLOCK_MODE_RETAIN, BLOCK_MODE_READ_ONLY, BLOCK_MODE_READ_WRITE } BlockMode;

typedef struct BlockChange {
    const char *file;
    const char *format; /* NULL: it is looked at */
    BlockMode mode;
    bool force; /* even if the guest has locked the drive */
} BlockChange;

/*
 * Puts another image into the drive.  The device hears of it when what it asked
 * for before is carried out.  False: the image cannot be had, there is no such
 * drive, its medium cannot change, or the guest has locked it.
 */
bool blockset_change(BlockSet *set, const char *id, const BlockChange *change, BlockFit *fit,
                     GError **error);
/* Takes the medium out. */
bool blockset_eject(BlockSet *set, const char *id, bool force, GError **error);

typedef struct BlockInfo {
    const char *id;
    const char *file; /* NULL: the drive is empty */
    uint64_t sectors;
    bool cdrom, removable, read_only;
} BlockInfo;

/* What is in the drive added as the nth; false: there are not so many. */
bool blockset_info(const BlockSet *set, unsigned n, BlockInfo *info);

/* DeviceHost.block_port: refuses an id that does not exist or is taken. */
BlockPort *blockset_connect(BlockSet *set, Device *dev, const char *id, GError **error);
/* The sectors of the drive added as the nth and what drive_placeholder() says; NULL: none. */
const char *blockset_placeholder(const BlockSet *set, unsigned n, uint64_t *sectors);

/* Bytes that the buffers of its requests have. */
size_t block_port_backlog(BlockPort *port);

#endif
