/* Text about a guest that died or hangs. */
#ifndef PIOEMU_VM_REPORT_H
#define PIOEMU_VM_REPORT_H

#include "src/accel/accel.h"
#include "src/board/bus.h"
#include "src/board/memory.h"
#include "src/cpu/cpu_state.h"
#include "src/machine/machine.h"

#include <glib.h>

/* For a CPU that died when the host did not keep its registers. */
void report_remains(GString *text, const VcpuRemains *remains, const Memory *memory);
/* The last accesses of one initiator, the oldest first. */
void report_accesses(GString *text, const BusInitiator *by);
/* A line for each device that describes itself. */
void report_devices(GString *text, const Machine *machine);
/* The ports and addresses that no device answered. */
void report_unclaimed(GString *text, const Bus *bus);

#endif
