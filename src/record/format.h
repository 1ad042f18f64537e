/*
 * The form of a recording; docs/record-replay.md describes it.
 *
 * Lines of text say what machine it is of, an empty line ends them, and
 * records follow.  Those at first name the devices; most others are calls: a
 * byte of kind and flags, the device's number, the machine time since the
 * device's last record, and what the kind has.  Whole numbers are variable:
 * seven bits a byte, lowest first, bit 7 set in all but the last.
 *
 * The header names the kinds of calls and of services in the order of their
 * numbers, so that a recording with one that this pioemu does not know is
 * refused by that name.
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
/* Devices are numbered from 0 in the order in which they were made. */
#define RECORD_DEVICES_MAX 256u
#define RECORD_NAME_MAX    255u
/* A byte of input or output, and an item of a block, has to be in the file. */
#define RECORD_ITEMS_MAX (1u << 24)

#define RECORD_DEFAULT "default"

/* What a whole run begins with, by the options' names. */
#define RECORD_FILES 3u
static const char *const RECORD_FILE_NAMES[RECORD_FILES] = {"kernel", "initrd", "bios"};

/* By MachineStart. */
static const char *const RECORD_STARTS[] = {NULL, "flat", "bios"};

/* The first byte of an access: what, where and how wide; of anything else: its kind. */
#define RECORD_ITEMS       0x80u /* what the device did meanwhile follows */
#define RECORD_ACCESS      0x40u
#define RECORD_ACCESS_MASK 0x07u
#define RECORD_MEMORY      0x08u
#define RECORD_SIZE_SHIFT  4u
#define RECORD_SIZE_MASK   0x30u
#define RECORD_KIND_MASK   0x3fu

typedef enum RecordKind {
    RECORD_END,
    RECORD_DEVICE, /* one was made: its number, id and class */
    RECORD_BUILT,  /* all were made */
    RECORD_HOST,   /* the host did something: RecordHost, instructions since the last; ... */
    /* Calls into a device: the number of the kind is added. */
    RECORD_CALL = 16,
    /* Accesses are told apart by these, and are calls but for the last two. */
    RECORD_UNCLAIMED_READ = 60,
    RECORD_UNCLAIMED_WRITE
} RecordKind;

/* What enters the machine of a software CPU from outside; all between two instructions. */
typedef enum RecordHost {
    HOST_CALL,  /* of the device of this number, which follows */
    HOST_SKIP,  /* time went on by so many ns while the CPU slept */
    HOST_RESET, /* asked for by the user */
    HOST_NMI,
    HOST_END, /* of the run: VmEndedBy, status, reason */
    HOST_KINDS
} RecordHost;

/*
 * What a device did and asked during a call: a number, the length of what
 * follows, and that.
 */
typedef enum RecordItem {
    ITEM_END,              /* has no length */
    ITEM_CALL,             /* the device was called meanwhile: kind, first byte, as in a record */
    ITEM_RETURN,           /* the answer to that */
    ITEM_SERVICES,         /* the number of the service is added: arguments, answer, data */
    ITEM_UNKNOWN = INT_MAX /* not in a file: one of a service that this pioemu does not know */
} RecordItem;

static inline void record_put_byte(GByteArray *out, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    g_byte_array_append(out, &byte, 1);
}

#define RECORD_NUMBER_MAX 10u /* bytes */

/* Returns the end of what was written. */
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

/* Accesses have a number of three bits. */
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

/* FNV-1a: enough to see that data differ. */
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

/* Reads what the functions above wrote; once it is over, everything is 0. */
typedef struct RecordReader {
    const uint8_t *data;
    size_t size, at;
    bool over; /* something was read past the end */
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

/* Without an end of its own; the caller frees it. */
static inline char *record_get_text(RecordReader *in)
{
    uint64_t size = record_get(in);
    in->over |= size > RECORD_NAME_MAX;
    const uint8_t *bytes = record_get_bytes(in, size);
    return bytes ? g_strndup((const char *)bytes, size) : NULL;
}

#endif
