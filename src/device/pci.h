/*
 * The functions of a PCI bus and their configuration spaces.
 *
 * The bus holds no reference: a device leaves it when it is freed.  One lock
 * guards the configuration spaces of all functions; it is taken after a
 * device's lock and before the lock of the board's bus.
 */
#ifndef PIOEMU_DEVICE_PCI_H
#define PIOEMU_DEVICE_PCI_H

#include "devices/pci.h"
#include "src/board/bus.h"
#include "src/board/memory.h"
#include "src/device/device_core.h"

#define PCI_FUNCTIONS                256u
#define PCI_FUNCTION(slot, function) ((unsigned)(slot) << 3 | (function))

/* `memory`: what it has is not for base address registers; NULL: there is none. */
PciBus *pci_bus_new(Bus *bus, Memory *memory);
void pci_bus_free(PciBus *pci);

/* Puts a device that has a PCI identity on the bus; refused if the place is taken. */
bool pci_bus_add(PciBus *pci, Device *dev, unsigned function, GError **error);
/* The device at a place, or NULL. */
Device *pci_bus_device(PciBus *pci, unsigned function);

/* What the host bridge's configuration cycles do; no lock of a function is held. */
uint32_t pci_config_read(PciBus *pci, unsigned function, unsigned offset, unsigned size);
void pci_config_write(PciBus *pci, unsigned function, unsigned offset, uint32_t value,
                      unsigned size);

/* A function's own configuration space, without the bus; takes the device's lock. */
uint32_t device_pci_read(Device *dev, unsigned offset, unsigned size);
void device_pci_write(Device *dev, unsigned offset, uint32_t value, unsigned size);

/* Where a base address register is mapped now; false: nowhere. */
bool device_pci_bar(Device *dev, unsigned number, uint64_t *base);
/* The line that the output "intx" becomes, once the guest's disable bit has been looked at. */
void device_pci_connect_intx(Device *dev, IrqLine *to);

#endif
