/*
 * Configuration space of the functions on PCI bus 0.
 */
#ifndef PIOEMU_BIOS_PCI_H
#define PIOEMU_BIOS_PCI_H

#include "bios/bios.h"

/*
 * `function` is the slot << 3 and the function in it.  The offset is a multiple of
 * the size.  Functions that do not exist read as ones.
 */
uint8_t pci_read8(unsigned function, uint8_t offset);
uint16_t pci_read16(unsigned function, uint8_t offset);
uint32_t pci_read32(unsigned function, uint8_t offset);
void pci_write8(unsigned function, uint8_t offset, uint8_t value);
void pci_write16(unsigned function, uint8_t offset, uint16_t value);
void pci_write32(unsigned function, uint8_t offset, uint32_t value);

/* Looks for the functions.  Without a PCI bus there are none. */
void pci_setup(void);
unsigned pci_count(void);
/* Their numbers, in rising order. */
unsigned pci_function(unsigned index);

#endif
