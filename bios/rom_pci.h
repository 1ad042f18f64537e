/*
 * The option ROMs of PCI functions.
 */
#ifndef PIOEMU_BIOS_ROM_PCI_H
#define PIOEMU_BIOS_ROM_PCI_H

#include "bios/bios.h"

/*
 * Finds the first function from index `*from` on that has a ROM, among displays or
 * among all others.  Then `*from` is its index.
 */
bool rom_pci_find(unsigned *from, bool displays, uint8_t *function);
/*
 * Copies its image for a PC to a segment, and lets RAM be there.  If it has none,
 * nothing is copied.  False: it does not fit before the segment `end`.
 */
bool rom_pci_copy(uint8_t function, uint16_t segment, uint16_t end);

#endif
