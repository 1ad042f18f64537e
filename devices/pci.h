/*
 * What the class of a PCI device says of itself.
 *
 * The framework has the configuration space of each device: it answers reads,
 * sizes and moves the base address registers, maps the regions that they hold,
 * gates the interrupt line, and resets, saves and loads all of it.  A device
 * names its identity, its registers of its own and the regions behind each base
 * address register.  It never learns an address, or that the guest moved it.
 *
 * PCI Local Bus Specification 2.1, chapter 6.
 *
 * This header is installed; it needs nothing but device.h.
 */
#ifndef PIOEMU_PCI_H
#define PIOEMU_PCI_H

#include "devices/device.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCI_CONFIG_SIZE 256u
#define PCI_BARS        6u

/* What a base address register decodes: a power of two, 4 or more of ports, 16 or more of memory.
 */
typedef struct PciBar {
    uint8_t number; /* 0 to 5; a wide one has the next one's place as well */
    bool ports;     /* else it is memory */
    bool prefetch;
    bool wide; /* 64 bits */
    uint64_t size;
} PciBar;

#define PCI_BAR_END                                                                                \
    {                                                                                              \
        0                                                                                          \
    }

/* A byte of configuration space above the header that is the device's own. */
typedef struct PciRegister {
    uint8_t offset;   /* 0x40 or above */
    uint8_t value;    /* after a reset */
    uint8_t writable; /* bits that a write changes */
} PciRegister;

#define PCI_REGISTER_END                                                                           \
    {                                                                                              \
        0                                                                                          \
    }

struct PciIdentity {
    uint32_t struct_size; /* of PciIdentity */
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* 24 bits: class, subclass, programming interface */
    uint8_t revision;
    uint8_t pin;                  /* 1 to 4: the output "intx" is INTA to INTD; 0: it has none */
    bool multi_function;          /* function 0 of a device with several */
    bool bus_master;              /* its bus-master bit can be set */
    bool always_on;               /* it decodes from the reset on, as a bridge does */
    const PciBar *bars;           /* ends with size 0; NULL: none */
    const PciRegister *registers; /* ends with offset 0; NULL: none */
    /* Some of `registers` were written, or reset, or loaded; NULL: nothing follows from them. */
    void (*registers_changed)(void *state);
};

/* A byte of the device's own configuration space, as it is now.  In any callback. */
uint8_t pio_pci_register(const Device *dev, unsigned offset);
/* Whether the device may read and write memory: the bus-master bit.  In any callback. */
bool pio_pci_is_master(const Device *dev);

/*
 * For a host bridge: the access to the configuration space of a function (bus
 * 0; slot << 3 | function) that its ports ask for.  `size` is 1, 2 or 4 at a
 * multiple of it; what is not there reads as all ones.
 */
uint32_t pio_pci_config_read(Device *dev, unsigned function, unsigned offset, unsigned size);
void pio_pci_config_write(Device *dev, unsigned function, unsigned offset, uint32_t value,
                          unsigned size);

/*
 * For a host bridge: what the CPUs find at addresses below 1 MiB that have both
 * RAM and something else.
 */
typedef enum ShadowMode {
    SHADOW_OFF,       /* what the board has there */
    SHADOW_READ_ONLY, /* the RAM, which writes do not change */
    SHADOW_ON         /* the RAM */
} ShadowMode;

void pio_shadow(Device *dev, uint32_t address, uint32_t size, ShadowMode mode);

#ifdef __cplusplus
}
#endif

#endif
