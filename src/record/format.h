/*
 * The form of a recording; docs/record-replay.md describes it.
 *
 * Lines of text say what machine it is of, an empty line ends them, and
 * records follow: each a byte of kind and flags, the device's number, the
 * machine time since the device's last record, and what the kind has.  Whole
 * numbers are variable: seven bits a byte, lowest first, bit 7 set in all but
 * the last.
 */
#ifndef PIOEMU_RECORD_FORMAT_H
#define PIOEMU_RECORD_FORMAT_H

#include "src/device_tap.h"

#include <glib.h>
#include <string.h>

#define RECORD_MAGIC   "pioemu recording "
#define RECORD_VERSION 1u
/* Devices are numbered from 0 in the order in which they were made. */
#define RECORD_DEVICES_MAX 256u
/* A byte of input or output, and an item of a block, has to be in the file. */
#define RECORD_ITEMS_MAX (1u << 24)

/* The first byte: kind, size of an access, and two flags. */
#define RECORD_KIND_MASK  0x0fu
#define RECORD_SIZE_SHIFT 4u
#define RECORD_SIZE_MASK  0x30u
#define RECORD_MEMORY     0x40u
#define RECORD_ITEMS      0x80u

#define RECORD_END             0u
#define RECORD_OF_TAP(kind)    ((unsigned)(kind) + 1u)
#define RECORD_UNCLAIMED_READ  14u
#define RECORD_UNCLAIMED_WRITE 15u
_Static_assert(TAP_KINDS < RECORD_UNCLAIMED_READ, "kinds have four bits");

/* What a device did and asked during a call: kind in three bits, a number above them. */
typedef enum RecordItem {
    ITEM_END,
    ITEM_IRQ,     /* line << 1 | level */
    ITEM_PENDING, /* the answer */
    ITEM_OUTPUT,  /* bytes taken; bytes refused; those taken */
    ITEM_RECEIVE, /* bytes; those */
    ITEM_LINES,   /* the modem lines */
    ITEM_REQUEST, /* which; status */
    ITEM_MEMORY   /* 0: refused; bytes; those */
} RecordItem;

#define ITEM_KIND_MASK    0x07u
#define ITEM_NUMBER_SHIFT 3u
#define ITEM_NUMBER_MORE  31u /* and the rest follows */

static inline void record_put_byte(GByteArray *out, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    g_byte_array_append(out, &byte, 1);
}

static inline void record_put(GByteArray *out, uint64_t value)
{
    uint8_t bytes[10];
    guint size = 0;
    for (; value > 0x7f; value >>= 7) {
        bytes[size++] = (uint8_t)(value | 0x80);
    }
    bytes[size++] = (uint8_t)value;
    g_byte_array_append(out, bytes, size);
}

static inline void record_put_item(GByteArray *out, RecordItem kind, uint64_t number)
{
    uint64_t low = MIN(number, ITEM_NUMBER_MORE);
    record_put_byte(out, (unsigned)(low << ITEM_NUMBER_SHIFT) | kind);
    if (low == ITEM_NUMBER_MORE) {
        record_put(out, number - low);
    }
}

static inline unsigned record_size_code(unsigned size)
{
    return (size >= 8 ? 3u : size / 2) << RECORD_SIZE_SHIFT;
}

static inline unsigned record_size(unsigned first_byte)
{
    return 1u << ((first_byte & RECORD_SIZE_MASK) >> RECORD_SIZE_SHIFT);
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

static inline RecordItem record_get_item(RecordReader *in, uint64_t *number)
{
    uint8_t byte = record_get_byte(in);
    *number = byte >> ITEM_NUMBER_SHIFT;
    if (*number == ITEM_NUMBER_MORE) {
        *number += record_get(in);
    }
    return (RecordItem)(byte & ITEM_KIND_MASK);
}

#endif
