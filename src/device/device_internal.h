/*
 * What the files of the device framework share: device_core.c (life and
 * calls), device_properties.c, device_state.c (saved state).
 */
#ifndef PIOEMU_DEVICE_DEVICE_INTERNAL_H
#define PIOEMU_DEVICE_DEVICE_INTERNAL_H

#include "src/device/device_core.h"
#include "src/device/device_services.h"

/* src/device/pci_internal.h */
typedef struct PciFunction PciFunction;

struct Device {
    const DeviceClass *class;
    char *id;
    const DeviceHost *host;
    DeviceServices *services;
    DeviceServices own; /* the machine's, where the host has no others */
    void *state;
    GMutex lock;
    GHashTable *given;      /* properties that were set: name to text */
    GPtrArray *claim_names; /* outlive the bus's use of them */
    GHashTable *errors;     /* kind to how often */
    PciFunction *pci;       /* NULL: the device is not on PCI */
};

static inline void *device_field(const Device *dev, size_t offset)
{
    return (uint8_t *)dev->state + offset;
}

/* Those that were not set. */
bool device_set_defaults(Device *dev, GError **error);
/* Of a numeric one that the class has. */
uint64_t device_property_value(const Device *dev, const char *name);

#endif
