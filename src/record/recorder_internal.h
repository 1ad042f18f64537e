/* Shared by the files of the recorder. */
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
    bool started;       /* the file's old contents are gone, and records are written */
    GPtrArray *devices; /* Recorded; one for each device */
    const BlockSet *drives;
    GByteArray *header; /* the header, until the machine is built */
    LoopTask task;
    LoopTimer *timer;
    GByteArray *writing; /* used by the loop only */
    guint written;       /* how much of `writing` the file has */
    LoopFd *room;        /* watched while a pipe is full */
    GMutex lock;
    /* Everything below is protected by the lock. */
    GByteArray *buffer;
    uint64_t last_unclaimed;
    uint64_t last_count; /* the instruction count when the host last did something */
    bool failed;         /* nothing more is recorded */
    bool overrun;        /* the reader of a pipe has fallen behind too far */
};

/* The caller holds the lock, or the machine is being built. */
void recorder_append(Recorder *recorder, const uint8_t *data, size_t size);

/* See ServicesSource.make; and the function that frees its result. */
DeviceServices *recorder_make_services(ServicesSource *source, Device *dev, const DeviceHost *host);
void recorder_free_services(gpointer services);

#endif
