/*
 * The functions of a PCI bus and their configuration spaces.
 *
 * The bus holds no references: a device leaves it when it is freed.  One lock
 * guards the configuration spaces of all functions.  It is taken after a
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

/*
 * `memory` is guest memory, over which base address registers are not mapped;
 * NULL if there is none.
 */
PciBus *pci_bus_new(Bus *bus, Memory *memory);
void pci_bus_free(PciBus *pci);

/* Adds a device that has a PCI identity.  Fails if the place is taken. */
bool pci_bus_add(PciBus *pci, Device *dev, unsigned function, GError **error);
/* Returns the device at a place, or NULL. */
Device *pci_bus_device(PciBus *pci, unsigned function);

/* Perform the host bridge's configuration cycles.  Call them without the lock of any function. */
uint32_t pci_config_read(PciBus *pci, unsigned function, unsigned offset, unsigned size);
void pci_config_write(PciBus *pci, unsigned function, unsigned offset, uint32_t value,
                      unsigned size);

/* Access a function's own configuration space, without the bus.  They take the device's lock. */
uint32_t device_pci_read(Device *dev, unsigned offset, unsigned size);
void device_pci_write(Device *dev, unsigned offset, uint32_t value, unsigned size);

/*
 * Finds the address at which a base address register is mapped.  Returns false
 * if it is mapped nowhere.
 */
bool device_pci_bar(Device *dev, unsigned number, uint64_t *base);
/*
 * Gives a device on a bus its option ROM.  `image` has at most 16 MiB.  Call it once,
 * before the first reset.
 */
bool device_pci_set_rom(Device *dev, GBytes *image, GError **error);
/* The size of the ROM's range.  0: it has no ROM. */
uint64_t device_pci_rom_size(const Device *dev);
/* Like device_pci_bar(), for the ROM, which must be there. */
bool device_pci_rom(Device *dev, uint64_t *base);
/* Connects the output "intx", gated by the guest's disable bit, to `to`. */
void device_pci_connect_intx(Device *dev, IrqLine *to);

#endif
