/*
 * What a user needs to know about a guest that died or hangs, as text.
 */
#ifndef PIOEMU_VM_REPORT_H
#define PIOEMU_VM_REPORT_H

#include "src/accel/accel.h"
#include "src/board/bus.h"
#include "src/board/memory.h"
#include "src/cpu/cpu_state.h"
#include "src/machine/machine.h"

#include <glib.h>

/* Of one that died and whose registers the host did not keep. */
void report_remains(GString *text, const VcpuRemains *remains, const Memory *memory);
/* The last accesses of one initiator, oldest first. */
void report_accesses(GString *text, const BusInitiator *by);
/* One line per device that has something to say. */
void report_devices(GString *text, const Machine *machine);
/* Ports and addresses that nobody answered. */
void report_unclaimed(GString *text, const Bus *bus);

#endif
