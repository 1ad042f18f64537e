/*
 * What device_core.c and device_state.c need of the PCI half of a device.
 */
#ifndef PIOEMU_DEVICE_PCI_INTERNAL_H
#define PIOEMU_DEVICE_PCI_INTERNAL_H

#include "src/device/device_internal.h"
#include "src/device/pci.h"

PciFunction *pci_function_new(Device *dev);
/* Also removes the function from its bus. */
void pci_function_free(PciFunction *function);
/* Adds a region to its base address register, which maps it. */
void pci_function_add_region(PciFunction *function, const DeviceRegion *region,
                             const BusClaim *claim);
/* Sets the power-on state.  Call it with the device's lock held. */
void pci_function_reset(PciFunction *function);
/* Changes the configuration space.  The device's registers_changed() is called afterwards. */
void pci_function_write(PciFunction *function, unsigned offset, uint32_t value, unsigned size);
const uint8_t *pci_function_bytes(const PciFunction *function);
/* Loads PCI_CONFIG_SIZE bytes.  Returns false if a device of another kind saved them. */
bool pci_function_load(PciFunction *function, const uint8_t *bytes);
/* The rest of the device is loaded as well: the registers' hook follows. */
void pci_function_loaded(const PciFunction *function);

#endif
