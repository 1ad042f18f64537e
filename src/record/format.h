/*
 * The format of a recording; docs/record-replay.md describes it.
 *
 * A recording begins with lines of text about its machine; an empty line ends them.
 * Records follow.  The first ones name the devices.  Most others are calls: a byte
 * with kind and flags, the device's number, the machine time since the device's
 * last record, and the contents of the kind.  Whole numbers have a variable length:
 * seven bits in each byte, the lowest first, with bit 7 set in all bytes except the
 * last.
 *
 * The header names the kinds of calls and services in the order of their numbers.
 * So a recording with a kind that this version of pioemu does not know is refused
 * by that name.
 */
#ifndef PIOEMU_RECORD_FORMAT_H
#define PIOEMU_RECORD_FORMAT_H

#include "src/device/device_services.h"

#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define RECORD_MAGIC   "pioemu recording "
#define RECORD_VERSION 4u
/* Devices are numbered from 0, in the order of their creation. */
#define RECORD_DEVICES_MAX 256u
#define RECORD_NAME_MAX    255u
/* A limit for the count of a block.  Each of its bytes or items is in the file. */
#define RECORD_ITEMS_MAX (1u << 24)

#define RECORD_DEFAULT "default"

/* The files that a whole run starts with, under the names of their options. */
#define RECORD_FILES 3u
static const char *const RECORD_FILE_NAMES[RECORD_FILES] = {"kernel", "initrd", "bios"};

/* Indexed by MachineStart. */
static const char *const RECORD_STARTS[] = {NULL, "flat", "bios"};

/*
 * The first byte of an access has its kind, space and width.  For every other
 * record it is the kind.
 */
#define RECORD_ITEMS       0x80u /* what the device did during the call follows */
#define RECORD_ACCESS      0x40u
#define RECORD_ACCESS_MASK 0x07u
#define RECORD_MEMORY      0x08u
#define RECORD_SIZE_SHIFT  4u
#define RECORD_SIZE_MASK   0x30u
#define RECORD_KIND_MASK   0x3fu

typedef enum RecordKind {
    RECORD_END,
    RECORD_DEVICE, /* a device was created: its number, id and class */
    RECORD_BUILT,  /* all devices were created */
    RECORD_HOST,   /* the host did something: RecordHost, the instructions since the last one;
                      ... */
    /* A call into a device: this plus the number of its kind. */
    RECORD_CALL = 16,
    /* Accesses have these kinds.  The last two reached no device; the others are calls. */
    RECORD_UNCLAIMED_READ = 60,
    RECORD_UNCLAIMED_WRITE
} RecordKind;

/*
 * What enters the machine of a software CPU from outside.  It always happens
 * between two instructions.
 */
typedef enum RecordHost {
    HOST_CALL,  /* into the device with this number; its record follows */
    HOST_SKIP,  /* the CPU slept, and time advanced by this number of ns */
    HOST_RESET, /* requested by the user */
    HOST_NMI,
    HOST_END, /* the end of the run: VmEndedBy, status, reason */
    HOST_KINDS
} RecordHost;

/*
 * What a device did and asked for during a call.  An item is a number, the length
 * of what follows, and that.
 */
typedef enum RecordItem {
    ITEM_END,              /* the only item without a length */
    ITEM_CALL,             /* the device was called during the call: kind, first byte, as in a
                              record */
    ITEM_RETURN,           /* the answer of such a call */
    ITEM_SERVICES,         /* this plus the number of the service: arguments, answer, data */
    ITEM_UNKNOWN = INT_MAX /* never in a file: a service that this version of pioemu does not
                              know */
} RecordItem;

static inline void record_put_byte(GByteArray *out, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    g_byte_array_append(out, &byte, 1);
}

#define RECORD_NUMBER_MAX 10u /* bytes */

/* Returns the position after the written bytes. */
static inline uint8_t *record_write(uint8_t *at, uint64_t value)
{
    for (; value > 0x7f; value >>= 7) {
        *at++ = (uint8_t)(value | 0x80);
    }
    *at++ = (uint8_t)value;
    return at;
}

static inline void record_put(GByteArray *out, uint64_t value)
{
    uint8_t bytes[RECORD_NUMBER_MAX];
    g_byte_array_append(out, bytes, (guint)(record_write(bytes, value) - bytes));
}

static inline unsigned record_size_code(unsigned size)
{
    return (size >= 8 ? 3u : size / 2) << RECORD_SIZE_SHIFT;
}

static inline unsigned record_size(unsigned first_byte)
{
    return 1u << ((first_byte & RECORD_SIZE_MASK) >> RECORD_SIZE_SHIFT);
}

/* The code of an access has three bits. */
static inline unsigned record_access_code(RecordKind kind)
{
    return kind >= RECORD_UNCLAIMED_READ ? kind - RECORD_UNCLAIMED_READ + 4u
                                         : kind - RECORD_CALL - CALL_READ;
}

static inline RecordKind record_kind(unsigned first_byte)
{
    if (!(first_byte & RECORD_ACCESS)) {
        return (RecordKind)(first_byte & RECORD_KIND_MASK);
    }
    unsigned code = first_byte & RECORD_ACCESS_MASK;
    return (RecordKind)(code < 4 ? RECORD_CALL + CALL_READ + code
                                 : RECORD_UNCLAIMED_READ + (code & 1));
}

static inline bool record_is_access(RecordKind kind)
{
    return kind >= RECORD_UNCLAIMED_READ ||
           (kind >= RECORD_CALL + CALL_READ && kind <= RECORD_CALL + CALL_WRITE_BLOCK);
}

static inline unsigned record_first_byte(RecordKind kind, unsigned size, bool memory, bool items)
{
    unsigned access = RECORD_ACCESS | record_access_code(kind) | record_size_code(size) |
                      (memory ? RECORD_MEMORY : 0);
    return (record_is_access(kind) ? access : kind) | (items ? RECORD_ITEMS : 0);
}

/* FNV-1a, which is good enough to notice different data. */
static inline uint64_t record_sum(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static inline void record_put_text(GByteArray *out, const char *text)
{
    size_t size = MIN(strlen(text), RECORD_NAME_MAX);
    record_put(out, size);
    g_byte_array_append(out, (const uint8_t *)text, (guint)size);
}

/* Reads what the functions above wrote.  After the end of the data every number is 0. */
typedef struct RecordReader {
    const uint8_t *data;
    size_t size, at;
    bool over; /* a function read past the end */
} RecordReader;

static inline uint8_t record_get_byte(RecordReader *in)
{
    if (in->at >= in->size) {
        in->over = true;
        return 0;
    }
    return in->data[in->at++];
}

static inline uint64_t record_get(RecordReader *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = record_get_byte(in);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return in->over ? 0 : value;
        }
    }
    in->over = true;
    return 0;
}

static inline const uint8_t *record_get_bytes(RecordReader *in, uint64_t size)
{
    if (in->over || size > in->size - in->at) {
        in->over = true;
        return NULL;
    }
    const uint8_t *bytes = in->data + in->at;
    in->at += size;
    return bytes;
}

/* The text in the file has no final NUL.  The caller frees the result. */
static inline char *record_get_text(RecordReader *in)
{
    uint64_t size = record_get(in);
    in->over |= size > RECORD_NAME_MAX;
    const uint8_t *bytes = record_get_bytes(in, size);
    return bytes ? g_strndup((const char *)bytes, size) : NULL;
}

#endif
