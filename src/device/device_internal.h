/*
 * What the files of the device framework share: device_core.c (life cycle and
 * calls), device_properties.c and device_state.c (saved state).
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
    DeviceServices own; /* the machine's services, unless the host has others */
    void *state;
    GMutex lock;
    GHashTable *given;      /* the properties that were set: name to text */
    GPtrArray *claim_names; /* the names of claims; the bus uses them as long as the claims exist */
    GHashTable *errors;     /* kind of guest error to count */
    PciFunction *pci;       /* NULL if the device is not on PCI */
};

/* Gives a call of the device's to its services. */
static inline void serve(Device *dev, ServiceCall *call)
{
    dev->services->class->call(dev->services, call);
}

static inline void *device_field(const Device *dev, size_t offset)
{
    return (uint8_t *)dev->state + offset;
}

/* Sets the properties that were not set by the user. */
bool device_set_defaults(Device *dev, GError **error);
/* Returns a numeric property, which must exist. */
uint64_t device_property_value(const Device *dev, const char *name);

#endif
