/*
 * The outside of a device during a replay: answers its questions from the
 * recording and compares what it does.
 *
 * Each device has a stream of records of its own.  The recording is read once,
 * from the start; what comes before the record that is looked for waits in the
 * streams of the others.
 */
#ifndef PIOEMU_RECORD_REPLAY_DEVICE_H
#define PIOEMU_RECORD_REPLAY_DEVICE_H

#include "src/record/codec.h"

/* One record as it is in the file. */
typedef struct ReplayRecord {
    RecordKind kind;
    unsigned number;    /* of the device */
    uint64_t later;     /* since the one before it in its stream */
    DeviceCall event;   /* a timer's value is how late it was */
    RecordReader items; /* at what the device did meanwhile */
    bool has_items;
} ReplayRecord;

/* What the recording has of one device. */
typedef struct ReplayStream {
    char *id, *class_name;
    struct ReplayDevice *device; /* NULL: not made yet */
    GQueue waiting;              /* ReplayRecord: read, and not its turn yet */
} ReplayStream;

/* What a drive was asked for and has not done yet. */
typedef struct ReplayAsked {
    unsigned port; /* which of the device's drives */
    uint64_t tag;
    void *buffer; /* of a read */
    size_t size;  /* of that */
} ReplayAsked;

typedef struct ReplayDevice {
    DeviceServices services;
    struct Replay *replay;
    ReplayStream *stream; /* NULL: the recording is of a machine without this device */
    uint64_t now;
    bool receiving; /* input from the recording, in a call */
    unsigned asks;  /* for input, so far in the outermost call */
    bool injecting; /* a call of the host's */
    unsigned depth; /* of calls into it */
    /* The record in hand. */
    bool waiting; /* it was taken, and the device was not called yet */
    DeviceCall event;
    RecordReader items;
    bool has_items;
    ReplayItem item; /* the next */
    GQueue asked;    /* ReplayAsked: of its drives, in their order */
    /* With a CPU: output that the line took then and has no room for now. */
    GByteArray *backlog; /* NULL: there was never any */
    CharPort *port;      /* whose */
} ReplayDevice;

/* What is read of the file. */
typedef struct Replay {
    ServicesSource source;
    /* Makes the call `event`, which came while the device was being called. */
    void (*call)(struct Replay *replay, ReplayDevice *device, const DeviceCall *event);
    /* The first difference or damage was noted; NULL: nobody wants to know. */
    void (*stopped)(struct Replay *replay);
    const Bus *bus;     /* has names of registers */
    const Clock *clock; /* with a CPU: machine time */
    bool whole;         /* with a CPU */
    bool over;          /* nothing is compared any more */
    const RecordNames *names;
    GArray *host_counts; /* gets the count of each record of the host's that is read; or NULL */
    RecordReader in;
    GPtrArray *streams; /* ReplayStream, by number */
    GPtrArray *devices; /* ReplayDevice: of the machine, in the order of their making */
    GQueue unclaimed;   /* ReplayRecord: read, and not their turn yet */
    uint64_t records, time, unclaimed_time;
    char *difference, *damage; /* the first of each, or NULL */
} Replay;

void replay_init(Replay *replay, const void *data, size_t size);
void replay_clear(Replay *replay);

/* Reads which devices there are; the next record is the first again. */
void replay_read_devices(Replay *replay);
/* The next record of all, which the caller frees; NULL: the end, or damage, which is noted. */
ReplayRecord *replay_read(Replay *replay);
/* The next of one device, or of none's; NULL: there is none before the end or the host's turn. */
ReplayRecord *replay_find(Replay *replay, ReplayStream *stream);
/* Its turn has come.  Frees the record. */
void replay_take(Replay *replay, ReplayRecord *record);
void replay_take_unclaimed(Replay *replay, const ReplayRecord *record);
void replay_read_item(ReplayDevice *device);

void replay_damaged(Replay *replay, const char *what);
/* Notes the first difference: "COM1 read LSR (port 0x3fd): " goes before it. */
void replay_differs(const ReplayDevice *device, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same with only the time before it. */
void replay_differs_at(Replay *replay, const char *format, ...) G_GNUC_PRINTF(2, 3);

static inline bool replay_stopped(const Replay *replay)
{
    return replay->difference || replay->damage || replay->over;
}

/* What the host did, as a recording of a whole run has it. */
typedef struct ReplayHost {
    RecordHost what;
    uint64_t count;  /* instructions since the last of these */
    uint64_t number; /* END: VmEndedBy */
    int status;
    char *reason; /* the caller's; NULL: it has none */
} ReplayHost;

/* Whether that comes next in the file, and what: it stays there until replay_skip_host(). */
bool replay_peek_host(Replay *replay, ReplayHost *host);
void replay_skip_host(Replay *replay);
/* The first record that was read and is not taken; NULL: there is none. */
const ReplayRecord *replay_first_waiting(const Replay *replay);

/* The recording's device of this name that is not made yet, or NULL. */
ReplayStream *replay_find_stream(const Replay *replay, const char *id);
/* `stream` may be NULL. */
ReplayDevice *replay_add_device(Replay *replay, Device *dev, ReplayStream *stream,
                                const DeviceServicesClass *class);
/* Makes the call in hand, which is input of some kind. */
void replay_bring_input(ReplayDevice *device);

/* ServicesSource.make, of a replay with no CPU. */
DeviceServices *replay_make_services(ServicesSource *source, Device *dev, const DeviceHost *host);
/* Whether every device of the recording was made, and of its class. */
bool replay_has_all(const Replay *replay, GError **error);

/* The record in hand says that a drive is done: with what; false: it was not asked. */
bool replay_take_asked(ReplayDevice *device, BlockResult *result);

/* Input may be more than the device has room for only in a recording that does not fit. */
bool replay_has_room(ReplayDevice *device, uint64_t port, uint64_t size);

#endif
