/*
 * Configuration space of the functions on PCI bus 0.
 */
#ifndef PIOEMU_BIOS_PCI_H
#define PIOEMU_BIOS_PCI_H

#include "bios/bios.h"

#define PCI_FUNCTIONS 256u /* slot << 3 | function */

/* The offset is a multiple of the size.  Functions that do not exist read as ones. */
uint8_t pci_read8(unsigned function, uint8_t offset);
uint16_t pci_read16(unsigned function, uint8_t offset);
uint32_t pci_read32(unsigned function, uint8_t offset);
void pci_write8(unsigned function, uint8_t offset, uint8_t value);
void pci_write16(unsigned function, uint8_t offset, uint16_t value);
void pci_write32(unsigned function, uint8_t offset, uint32_t value);

/* Whether there is a PCI bus: function 0 of slot 0 is its host bridge. */
bool pci_is_there(void);
/*
 * Returns the first function from this one on that exists, or PCI_FUNCTIONS.  Of a
 * device that is not one of several functions, only function 0 is looked at.
 */
unsigned pci_next(unsigned function);

#endif
