/*
 * A machine as QEMU's monitor shows it: devices, address spaces, interrupt
 * controllers.  Text is appended; the vCPUs may run.
 */
#ifndef PIOEMU_VM_MACHINE_TEXT_H
#define PIOEMU_VM_MACHINE_TEXT_H

#include "src/machine/machine.h"

/* The devices, with their properties. */
void machine_text_qtree(GString *text, const Machine *machine);
/* What answers at each address, and at each port. */
void machine_text_mtree(GString *text, const Memory *memory, const Bus *bus);
/* Memory that the guest cannot write. */
void machine_text_roms(GString *text, const Memory *memory);
void machine_text_pic(GString *text, const Machine *machine);
/* Of a CPU; false: it has none that is ours. */
bool machine_text_lapic(GString *text, const Machine *machine, unsigned cpu);

#endif
