/*
 * The numbers of the handlers.  The opcode maps contain numbers instead of
 * addresses, so that they are constant data, which the loader need not change.
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
