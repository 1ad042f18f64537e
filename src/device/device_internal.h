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

/* The bytes of a DeviceRam. */
typedef struct RamBytes {
    MemoryBlock *block; /* NULL if the host has no memory */
    uint8_t *own;       /* the bytes in that case; otherwise NULL */
} RamBytes;

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
    RamBytes *rams;         /* one for each DeviceRam of the class, or NULL */
    MemoryBlock **views;    /* what each region shows; NULL if it has never shown anything */
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

/* device_ram.c: makes the memory of the device's own, and frees what it has allocated. */
bool device_rams_make(Device *dev, GError **error);
void device_rams_free(Device *dev);
/* Hides the machine's RAM in a region at `base` if its class says so. */
void device_ram_hide(Device *dev, const DeviceRegion *region, uint64_t base);
/* Places the memory behind a base address register.  `place` is false if it is mapped nowhere. */
void device_ram_map(Device *dev, unsigned bar, bool place, uint64_t base);

/* Sets the properties that were not set by the user. */
bool device_set_defaults(Device *dev, GError **error);
/* Returns a numeric property, which must exist. */
uint64_t device_property_value(const Device *dev, const char *name);

#endif
