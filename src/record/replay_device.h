/*
 * The outside of a device during a replay.  It answers the device from the
 * recording and compares what the device does.
 *
 * Each device has its own stream of records.  The recording is read once, from
 * start to end.  Records that come before the wanted one wait in the streams of
 * their devices.
 */
#ifndef PIOEMU_RECORD_REPLAY_DEVICE_H
#define PIOEMU_RECORD_REPLAY_DEVICE_H

#include "src/record/codec.h"

/* A record of the file. */
typedef struct ReplayRecord {
    RecordKind kind;
    unsigned number;    /* of its device */
    uint64_t later;     /* the time since the record before it in its stream */
    DeviceCall event;   /* the value of a timer's call is how late it was */
    RecordReader items; /* begins at what the device did during the call */
    bool has_items;
} ReplayRecord;

/* What the recording contains about one device. */
typedef struct ReplayStream {
    char *id, *class_name;
    struct ReplayDevice *device; /* NULL: not created yet */
    GQueue waiting;              /* ReplayRecord; records that have been read but not replayed */
} ReplayStream;

/* A request to a drive that is not finished. */
typedef struct ReplayAsked {
    unsigned port; /* which of the device's drives */
    uint64_t tag;
    void *buffer; /* the buffer of a read; NULL: it goes to guest memory, which a replay lacks */
    size_t size;  /* the size of a read */
} ReplayAsked;

typedef struct ReplayDevice {
    DeviceServices services;
    struct Replay *replay;
    ReplayStream *stream; /* NULL: the recorded machine did not have this device */
    bool recorded;        /* without a CPU: the recorded machine had it, and of the same class */
    uint64_t now;
    bool receiving; /* the device gets recorded input during a call */
    unsigned asks;  /* how often the device has asked for input in the outermost call */
    bool injecting; /* the host calls the device */
    unsigned depth; /* how many calls into it are in progress */
    /* The current record. */
    bool waiting; /* it was taken, but the device has not been called yet */
    DeviceCall event;
    RecordReader items;
    bool has_items;
    ReplayItem item; /* the next item */
    GQueue asked;    /* ReplayAsked; requests to its drives */
    /* With a CPU: output that the line accepted in the recorded run, but cannot take yet. */
    GByteArray *backlog; /* NULL: there has been none */
    CharPort *port;      /* the line of `backlog` */
} ReplayDevice;

/* A recording that is being read. */
typedef struct Replay {
    ServicesSource source;
    /* Makes the call `event`, which came during another call of the device. */
    void (*call)(struct Replay *replay, ReplayDevice *device, const DeviceCall *event);
    /* Called when the first difference or damage has been found; may be NULL. */
    void (*stopped)(struct Replay *replay);
    const Bus *bus;     /* for the names of registers */
    const Clock *clock; /* with a CPU: the clock of machine time */
    bool whole;         /* true with a CPU */
    bool over;          /* nothing is compared any more */
    const RecordNames *names;
    GArray *host_counts; /* if not NULL, gets the instruction count of each record of the host */
    RecordReader in;
    GPtrArray *streams; /* ReplayStream, by number */
    GPtrArray *devices; /* ReplayDevice; the devices of the machine, in the order of their
                           creation */
    GQueue unclaimed;   /* ReplayRecord; accesses without a device that have been read but not
                           replayed */
    uint64_t records, time, unclaimed_time;
    char *difference, *damage; /* the first difference and the first damage, or NULL */
} Replay;

void replay_init(Replay *replay, const void *data, size_t size);
void replay_clear(Replay *replay);

/* Reads the records that name the devices, and returns to the first record. */
void replay_read_devices(Replay *replay);
/*
 * Reads the next record of any device; the caller frees it.  NULL: the end, or
 * damage, which is noted.
 */
ReplayRecord *replay_read(Replay *replay);
/*
 * Finds the next record of one device, or of no device (NULL).  NULL: there is none
 * before the end or before the host's next action.
 */
ReplayRecord *replay_find(Replay *replay, ReplayStream *stream);
/* Makes it the current record of its device.  Frees the record. */
void replay_take(Replay *replay, ReplayRecord *record);
void replay_take_unclaimed(Replay *replay, const ReplayRecord *record);
void replay_read_item(ReplayDevice *device);

void replay_damaged(Replay *replay, const char *what);
/* Notes the first difference, with "COM1 read LSR (port 0x3fd): " before the text. */
void replay_differs(const ReplayDevice *device, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same with only the time before the text. */
void replay_differs_at(Replay *replay, const char *format, ...) G_GNUC_PRINTF(2, 3);

static inline bool replay_stopped(const Replay *replay)
{
    return replay->difference || replay->damage || replay->over;
}

/* An action of the host in the recording of a whole run. */
typedef struct ReplayHost {
    RecordHost what;
    uint64_t count;  /* the instructions since the action before */
    uint64_t number; /* with HOST_END: VmEndedBy */
    int status;
    char *reason; /* the caller frees it; NULL: there is none */
} ReplayHost;

/*
 * True if the next record is an action of the host.  It remains the next until
 * replay_skip_host().
 */
bool replay_peek_host(Replay *replay, ReplayHost *host);
void replay_skip_host(Replay *replay);
/* The first record that has been read but not taken; NULL: there is none. */
const ReplayRecord *replay_first_waiting(const Replay *replay);

/* The recorded device with this name, if it has not been created yet, or NULL. */
ReplayStream *replay_find_stream(const Replay *replay, const char *id);
/* `stream` may be NULL. */
ReplayDevice *replay_add_device(Replay *replay, Device *dev, ReplayStream *stream,
                                const DeviceServicesClass *class);
/* Makes the call of the current record, which is some kind of input. */
void replay_bring_input(ReplayDevice *device);

/* See ServicesSource.make.  For a replay without a CPU. */
DeviceServices *replay_make_services(ServicesSource *source, Device *dev, const DeviceHost *host);
/* True if every device of the recording has been created with the same class. */
bool replay_has_all(const Replay *replay, GError **error);

/*
 * The current record says that a drive has finished a request.  False: there was no
 * such request.
 */
bool replay_take_asked(ReplayDevice *device, BlockResult *result);

/*
 * Checks that the device has room for recorded input.  It may lack room only if it
 * differs from the recorded device.
 */
bool replay_has_room(ReplayDevice *device, uint64_t port, uint64_t size);

#endif
