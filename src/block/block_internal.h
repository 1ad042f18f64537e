/*
 * What the files of the block layer share: block.c (the drives of a machine),
 * block_port.c (a drive's requests).
 */
#ifndef PIOEMU_BLOCK_BLOCK_INTERNAL_H
#define PIOEMU_BLOCK_BLOCK_INTERNAL_H

#include "src/block/block.h"
#include "src/block/image.h"
#include "src/device/device_services.h"

struct BlockSet {
    Loop *loop;
    Clock *clock;
    void (*message)(void *opaque, const char *text);
    void (*failed)(void *opaque, const BlockFailure *failure);
    void *opaque;
    GPtrArray *ports;
    GHashTable *blanks; /* id to sectors */
};

/*
 * A buffer that a request has left.  The host's memory for a new one would cost more
 * than the request.
 */
typedef struct BlockSpare {
    uint8_t *data; /* NULL if there is none */
    size_t size;
} BlockSpare;

#define BLOCK_SPARES    4u
#define BLOCK_SPARE_MAX ((size_t)1 << 20)

struct BlockPort {
    BlockPortEnd end;
    BlockSet *set;
    char *id, *placeholder;
    char *file; /* for messages, the worker's */
    DriveError write_error, read_error;
    Drive *drive; /* the user's last settings; for the loop only */
    Image *image; /* NULL: the drive is empty; only the worker uses it, once there is one */
    GThread *worker;
    GMutex lock; /* taken after the device's lock */
    GCond work, finished;
    GQueue requests;                /* in their order, until the device is told; protected by the
                                       lock */
    GQueue todo;                    /* those that the worker has not begun; protected by the lock */
    size_t bytes;                   /* of all buffers; protected by the lock */
    BlockSpare spare[BLOCK_SPARES]; /* buffers for later requests; protected by the lock */
    bool stop;                      /* protected by the lock */
    bool stalled;    /* a request failed and waits for a retry; protected by the lock */
    GQueue failures; /* Failure; those that were not reported yet; protected by
                        the lock */
    LoopTask failed;
    bool reported[BLOCK_KINDS]; /* by kind; for the worker only */
    LoopTask told;
    Timer *timer; /* for repeatable runs; else NULL */
    uint64_t last_due;
    unsigned medium_known; /* how many changes of the medium the device was told about; protected
                              by its lock */
    unsigned medium_held;  /* how many changes there were; for the worker only */
};

/* Takes the image.  The caller fills in the drive's id and names. */
BlockPort *block_port_new(BlockSet *set, Image *image);
/* Returns false if the host refuses a thread. */
/* Gives the user a line. */
void blockset_say(const BlockSet *set, const char *text);
bool block_port_start(BlockPort *port, const char *name, GError **error);
void block_port_free(BlockPort *port);
/* Puts another image in after the requests so far.  NULL means no image, and no file. */
void block_port_insert(BlockPort *port, Image *image, const char *file);
/* Tries the request again that failed and waits. */
void block_port_retry(BlockPort *port);
/* Whether the device lets the medium go. */
bool block_port_ask(BlockPort *port);

#endif
