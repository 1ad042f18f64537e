/*
 * The block layer: devices on one side, disk images on the other.
 *
 *   device ── BlockPort ──► queue ──► the drive's worker thread ──► image
 *   device ◄── done() ◄── loop, or machine time ◄──┘
 *
 * A thread for each drive carries out its requests in their order, so neither a
 * vCPU nor the loop waits for the host's disk.  The loop's thread tells the device
 * about each finished request, with the device's lock held.
 *
 * If machine time counts the machine's own work, a request is done at a moment of
 * machine time that depends on the request alone.  The machine waits for the host
 * at that moment.  The run is therefore repeatable, and a slow disk cannot cause a
 * time-out in the guest.
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
 * `clock` is the machine's clock if requests are to be done at moments of machine
 * time, or NULL.  `message` gets a line for the user, or is NULL.  Any thread
 * can call it.
 */
BlockSet *blockset_new(Loop *loop, Clock *clock, void (*message)(void *opaque, const char *text),
                       void *opaque);
typedef struct BlockFailure {
    const char *drive;
    const char *reason; /* the host's words */
    bool write;         /* a write, a flush or another change */
    bool no_space;
    DriveError action; /* DRIVE_REPORT, DRIVE_IGNORE or DRIVE_STOP */
} BlockFailure;

/*
 * Sets the function that is told about each failure of the host, in the loop's
 * thread.  After DRIVE_STOP the drive does nothing until blockset_retry().
 */
void blockset_set_failed(BlockSet *set, void (*failed)(void *opaque, const BlockFailure *failure));
/* Tries the requests again that failed and wait. */
void blockset_retry(BlockSet *set);

/* Carries out all writes first.  Devices make no request after this. */
void blockset_free(BlockSet *set);

/*
 * The drive `id` gets no file.  It reads as zeros, and what is written is lost when
 * the drive closes.
 */
void blockset_blank(BlockSet *set, const char *id, uint64_t sectors);

/*
 * Whether the image can be the drive's medium.  Pads the image if necessary.  NULL:
 * any image can.
 */
typedef bool BlockFit(const Drive *drive, Image *image, GError **error);

/* Opens the image under this id.  Copies the drive. */
BlockPort *blockset_add(BlockSet *set, const char *id, const Drive *drive, BlockFit *fit,
                        GError **error);
typedef enum BlockMode { BLOCK_MODE_RETAIN, BLOCK_MODE_READ_ONLY, BLOCK_MODE_READ_WRITE } BlockMode;

typedef struct BlockChange {
    const char *file;
    const char *format; /* NULL: found out from the file */
    BlockMode mode;
    bool force; /* even if the guest has locked the drive */
} BlockChange;

/*
 * Puts another image into the drive.  The device is told when its earlier requests
 * have been carried out.  Returns false if the image cannot be opened, there is no
 * such drive, its medium cannot change, or the guest has locked it.
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

/* Describes the drive that was added as number `n`. Returns false if there are not so many. */
bool blockset_info(const BlockSet *set, unsigned n, BlockInfo *info);

/* Implements DeviceHost.block_port: refuses an id that does not exist or is in use. */
BlockPort *blockset_connect(BlockSet *set, Device *dev, const char *id, GError **error);
/*
 * The sectors of the drive that was added as number `n`, and the result of
 * drive_placeholder() for it.  NULL: there is no such drive.
 */
const char *blockset_placeholder(const BlockSet *set, unsigned n, uint64_t *sectors);

/* The size of the buffers of all its requests. */
size_t block_port_backlog(BlockPort *port);

#endif
