/*
 * The outside of a device during a replay: answers its questions from the
 * recording and compares what it does.
 */
#ifndef PIOEMU_RECORD_REPLAY_TAP_H
#define PIOEMU_RECORD_REPLAY_TAP_H

#include "src/record/format.h"

typedef struct ReplayItem {
    RecordItem kind;
    uint64_t number, second;
    const uint8_t *data;
} ReplayItem;

typedef struct ReplayDevice {
    DeviceTap tap;
    struct Replay *replay;
    unsigned number;
    uint64_t now;
    bool receiving;
} ReplayDevice;

/* What is read of the file, and the record in hand. */
typedef struct Replay {
    TapSource source;
    void (*dispatch)(struct Replay *replay); /* makes the call that is in hand */
    RecordReader in;
    GPtrArray *devices; /* ReplayDevice */
    uint64_t records, time, unclaimed_time;

    bool waiting; /* it was read, and its device was not called yet */
    unsigned kind, number;
    bool has_items;
    TapEvent event;            /* as it was recorded */
    const char *register_name; /* of the access, or NULL */
    ReplayItem item;           /* the next */

    ReplayDevice *active; /* is being called */
    unsigned depth;
    char *difference, *damage; /* the first of each, or NULL */
} Replay;

/* Reads the next record.  Damage is noted, not returned. */
void replay_read(Replay *replay);
void replay_damaged(Replay *replay, const char *what);
/* Notes the first difference: "COM1 read LSR (port 0x3fd): " goes before it. */
void replay_differs(Replay *replay, const char *format, ...) G_GNUC_PRINTF(2, 3);

static inline bool replay_stopped(const Replay *replay)
{
    return replay->difference || replay->damage;
}

/* TapSource.make, and the end of what it made. */
DeviceTap *replay_make_tap(TapSource *source, Device *dev, const DeviceHost *host);
void replay_free_tap(gpointer device);

/* Input may be more than the device has room for only in a recording that does not fit. */
bool replay_has_room(Replay *replay, ReplayDevice *device, uint64_t size);

#endif
