/*
 * The output of a device that cannot make its guest wait, such as a debug port.
 *
 * A spill keeps what a full line does not accept, up to CHAR_SPILL_SIZE bytes.
 * After that it drops whole records and counts them.  When there is room again it
 * writes the count in their place: "[3 lines dropped]".
 */
#ifndef PIOEMU_DEVICES_SERIAL_CHAR_SPILL_H
#define PIOEMU_DEVICES_SERIAL_CHAR_SPILL_H

#include "devices/device.h"

#define CHAR_SPILL_SIZE 256u

typedef struct CharSpill {
    uint8_t data[CHAR_SPILL_SIZE];
    uint16_t count;
    uint32_t dropped; /* records not yet reported */
} CharSpill;

/* `unit` names the records, in the plural.  A record has at most CHAR_SPILL_SIZE bytes. */
void char_spill_put(CharSpill *spill, CharPort *port, const char *unit, const void *record,
                    size_t size);
/* A device calls this from its tx_room callback. */
void char_spill_flush(CharSpill *spill, CharPort *port, const char *unit);

static inline bool char_spill_is_empty(const CharSpill *spill)
{
    return spill->count == 0 && spill->dropped == 0;
}

/* A device calls this from its post_load callback: false if no run can lead to this state. */
static inline bool char_spill_is_possible(const CharSpill *spill)
{
    return spill->count <= CHAR_SPILL_SIZE;
}

#define CHAR_SPILL_FIELDS(type, member)                                                            \
    DEVICE_FIELD_ARRAY(type, member.data), DEVICE_FIELD(type, member.count),                       \
        DEVICE_FIELD(type, member.dropped)

#endif
