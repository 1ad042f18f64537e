/*
 * How calls into devices and their calls to services are laid out in a
 * recording.
 */
#ifndef PIOEMU_RECORD_CODEC_H
#define PIOEMU_RECORD_CODEC_H

#include "src/record/format.h"

/* The names of the kinds of calls, in the order of their numbers; static. */
const char *record_call_name(DeviceCallKind kind);
/* In messages: "modem lines". */
const char *record_call_description(DeviceCallKind kind);

/* What the kind has, behind the head of a record; a timer's value is how late it was. */
void record_put_call(GByteArray *out, const DeviceCall *call);
/* `call` has its kind, size and space. */
void record_get_call(RecordReader *in, DeviceCall *call);

/* An item of something that a device asked, after it was answered if it has an answer. */
void record_put_service(GByteArray *out, const ServiceCall *call);
void record_put_nested(GByteArray *out, unsigned first_byte, const DeviceCall *call);
void record_put_return(GByteArray *out, uint64_t answer);

/* The numbers that a recording gives to what it has, by its header. */
typedef struct RecordNames {
    GPtrArray *calls, *services; /* char *: the names, in the order of their numbers */
} RecordNames;

void record_names_init(RecordNames *names);
void record_names_clear(RecordNames *names);
/* Adds the names of a line of the header, which are separated by spaces. */
void record_names_add(GPtrArray *list, const char *line);
/* CALL_KINDS: no kind of this pioemu's. */
DeviceCallKind record_find_call(const RecordNames *names, uint64_t number);

/* A recorded call to a service. */
typedef struct RecordedService {
    ServiceCall call;    /* its kind, arguments and answer */
    const uint8_t *data; /* as much as ServiceClass.data_size() says, or NULL */
    uint64_t sum;        /* of the data that the device sent */
} RecordedService;

typedef struct ReplayItem {
    RecordItem kind; /* ITEM_SERVICES: of whatever service */
    union {
        RecordedService service;
        DeviceCall nested; /* ITEM_CALL */
        uint64_t answer;   /* ITEM_RETURN */
        const char *name;  /* ITEM_UNKNOWN */
    };
} ReplayItem;

/* ITEM_END when there is no further one or `in` is over. */
ReplayItem record_get_item(RecordReader *in, const RecordNames *names);

#endif
