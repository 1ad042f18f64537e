/*
 * What the files of the recorder share.
 */
#ifndef PIOEMU_RECORD_RECORDER_INTERNAL_H
#define PIOEMU_RECORD_RECORDER_INTERNAL_H

#include "src/base/output_file.h"
#include "src/record/codec.h"
#include "src/record/recorder.h"

struct Recorder {
    ServicesSource source;
    RecorderHost host;
    char *path;
    OutputFile file;
    bool started;       /* what it held before is gone, and things are written */
    GPtrArray *devices; /* what is recorded of each */
    const BlockSet *drives;
    GByteArray *header; /* until the machine is built */
    LoopTask task;
    LoopTimer *timer;
    GByteArray *writing; /* the loop's */
    GMutex lock;
    /* All below belong to the lock. */
    GByteArray *buffer;
    uint64_t last_unclaimed;
    uint64_t last_count; /* instructions at the last thing that the host did */
    bool failed;
};

/* With the lock held, or while the machine is built. */
void recorder_append(Recorder *recorder, const uint8_t *data, size_t size);

/* ServicesSource.make, and the end of what it made. */
DeviceServices *recorder_make_services(ServicesSource *source, Device *dev, const DeviceHost *host);
void recorder_free_services(gpointer services);

#endif
