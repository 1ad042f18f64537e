/*
 * What device_core.c and device_state.c have to know of a device's PCI half.
 */
#ifndef PIOEMU_DEVICE_PCI_INTERNAL_H
#define PIOEMU_DEVICE_PCI_INTERNAL_H

#include "src/device/device_internal.h"
#include "src/device/pci.h"

PciFunction *pci_function_new(Device *dev);
/* Leaves its bus. */
void pci_function_free(PciFunction *function);
/* The region is one of a base address register, which maps it. */
void pci_function_add_region(PciFunction *function, const DeviceRegion *region,
                             const BusClaim *claim);
/* With the device's lock held: back to power-on. */
void pci_function_reset(PciFunction *function);
/* Changes the configuration space; the registers' hook follows. */
void pci_function_write(PciFunction *function, unsigned offset, uint32_t value, unsigned size);
const uint8_t *pci_function_bytes(const PciFunction *function);
/* PCI_CONFIG_SIZE bytes; false: a device of another kind saved them. */
bool pci_function_load(PciFunction *function, const uint8_t *bytes);

#endif
