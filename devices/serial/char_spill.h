/*
 * Output of a device that cannot make its guest wait, such as a debug port.
 *
 * What a full line does not take is kept here, up to a bound; after that
 * whole records are dropped and counted, and the count is written in their
 * place: "[3 lines dropped]".
 */
#ifndef PIOEMU_DEVICES_SERIAL_CHAR_SPILL_H
#define PIOEMU_DEVICES_SERIAL_CHAR_SPILL_H

#include "devices/device.h"

#define CHAR_SPILL_SIZE 256u

typedef struct CharSpill {
    uint8_t data[CHAR_SPILL_SIZE];
    uint16_t count;
    uint32_t dropped; /* records, not yet reported */
} CharSpill;

/* `unit` names a record in the plural.  A record has at most CHAR_SPILL_SIZE bytes. */
void char_spill_put(CharSpill *spill, CharPort *port, const char *unit, const void *record,
                    size_t size);
/* For tx_room. */
void char_spill_flush(CharSpill *spill, CharPort *port, const char *unit);

static inline bool char_spill_is_empty(const CharSpill *spill)
{
    return spill->count == 0 && spill->dropped == 0;
}

/* For post_load. */
static inline bool char_spill_is_possible(const CharSpill *spill)
{
    return spill->count <= CHAR_SPILL_SIZE;
}

#define CHAR_SPILL_FIELDS(type, member)                                                            \
    DEVICE_FIELD_ARRAY(type, member.data), DEVICE_FIELD(type, member.count),                       \
        DEVICE_FIELD(type, member.dropped)

#endif
