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
    void *opaque;
    GPtrArray *ports;
    GHashTable *blanks; /* id to sectors */
};

struct BlockPort {
    BlockPortEnd end;
    BlockSet *set;
    char *id, *placeholder;
    char *file;   /* for messages, the worker's */
    Drive *drive; /* what the user said of it last, the loop's */
    Image *image; /* NULL: the drive is empty; the worker's, once there is one */
    GThread *worker;
    GMutex lock; /* taken after the device's */
    GCond work, finished;
    GQueue requests;            /* in their order until they are told, under the lock */
    GQueue todo;                /* those that the worker has not begun, under the lock */
    size_t bytes;               /* of all buffers, under the lock */
    bool stop;                  /* under the lock */
    bool reported[BLOCK_KINDS]; /* by kind, the worker's */
    LoopTask told;
    Timer *timer; /* repeatable runs; else NULL */
    uint64_t last_due;
    unsigned medium_known; /* how many changes of medium the device was told of, under its lock */
    unsigned medium_held;  /* how many there were, the worker's */
};

/* Takes the image; the drive's id and names are the caller's to fill in. */
BlockPort *block_port_new(BlockSet *set, Image *image);
/* False: the host gives no thread. */
bool block_port_start(BlockPort *port, const char *name, GError **error);
void block_port_free(BlockPort *port);
/* Puts another image in, behind what was asked for so far; NULL: none, and no file. */
void block_port_insert(BlockPort *port, Image *image, const char *file);
/* Whether the device gives the medium away. */
bool block_port_ask(BlockPort *port);

#endif
