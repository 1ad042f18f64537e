/*
 * A machine as QEMU's monitor shows it: devices, address spaces and interrupt
 * controllers.  The functions append to `text`.  The vCPUs may run meanwhile.
 */
#ifndef PIOEMU_VM_MACHINE_TEXT_H
#define PIOEMU_VM_MACHINE_TEXT_H

#include "src/machine/machine.h"

/* Lists the devices with their properties. */
void machine_text_qtree(GString *text, const Machine *machine);
/* Lists what answers at each address and at each port. */
void machine_text_mtree(GString *text, const Memory *memory, const Bus *bus);
/* Lists the memory that the guest cannot write. */
void machine_text_roms(GString *text, const Memory *memory);
void machine_text_pic(GString *text, const Machine *machine);
/* Shows the local APIC of a CPU.  Returns false if the CPU has none, or one in the kernel. */
bool machine_text_lapic(GString *text, const Machine *machine, unsigned cpu);

#endif
