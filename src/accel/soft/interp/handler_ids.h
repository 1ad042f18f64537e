/*
 * The handlers by number.  The opcode maps hold numbers instead of addresses, so that
 * they are constant data that the loader does not touch.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_HANDLER_IDS_H
#define PIOEMU_ACCEL_SOFT_INTERP_HANDLER_IDS_H

#include "src/accel/soft/interp/handlers.h"

/* Each build has numbers of its own. */
typedef enum HandlerId {
    HANDLER_NONE, /* undefined */
#define HANDLER(name) ID_##name,
#include "src/accel/soft/interp/handler_list.inc"
    HANDLER_IDS
} HandlerId;

#define HANDLER_ID(name) ID_##name

_Static_assert(HANDLER_IDS <= UINT16_MAX, "a number fits into an entry of the opcode map");

#endif
