/* The format of calls into devices, and of their calls to services, in a recording. */
#ifndef PIOEMU_RECORD_CODEC_H
#define PIOEMU_RECORD_CODEC_H

#include "src/record/format.h"

/* The name of a kind of call; a static string. */
const char *record_call_name(DeviceCallKind kind);
/* The same for messages: "modem lines". */
const char *record_call_description(DeviceCallKind kind);

/* Writes what follows the head of a record.  The value of a timer's call is how late it was. */
void record_put_call(GByteArray *out, const DeviceCall *call);
/* Reads the same.  The caller has set kind, size and space of `call`. */
void record_get_call(RecordReader *in, DeviceCall *call);

/* Writes an item for a call to a service.  If the call has an answer, it has been answered. */
void record_put_service(GByteArray *out, const ServiceCall *call);
void record_put_nested(GByteArray *out, unsigned first_byte, const DeviceCall *call);
void record_put_return(GByteArray *out, uint64_t answer);

/*
 * The names of calls and services in the recording's header.  Their places are the
 * numbers in the recording.
 */
typedef struct RecordNames {
    GPtrArray *calls, *services; /* char *: the names, in the order of their numbers */
} RecordNames;

void record_names_init(RecordNames *names);
void record_names_clear(RecordNames *names);
/* Adds the names of a header line, which are separated by spaces. */
void record_names_add(GPtrArray *list, const char *line);
/* CALL_KINDS: this version of pioemu does not have the call. */
DeviceCallKind record_find_call(const RecordNames *names, uint64_t number);

/* A recorded call to a service. */
typedef struct RecordedService {
    ServiceCall call;    /* the kind, arguments and answer */
    const uint8_t *data; /* ServiceClass.data_size() bytes, or NULL */
    uint64_t sum;        /* a checksum of the data that the device sent */
} RecordedService;

typedef struct ReplayItem {
    RecordItem kind; /* ITEM_SERVICES for every service */
    union {
        RecordedService service;
        DeviceCall nested; /* ITEM_CALL */
        uint64_t answer;   /* ITEM_RETURN */
        const char *name;  /* ITEM_UNKNOWN */
    };
} ReplayItem;

/* Reads the next item.  ITEM_END: there is none, or `in` is over. */
ReplayItem record_get_item(RecordReader *in, const RecordNames *names);

#endif
