/*
 * What the class of a PCI device declares.
 *
 * The framework has the configuration space of each device.  It answers reads,
 * sizes and moves the base address registers, maps the regions behind them,
 * gates the interrupt line, and resets, saves and loads all of it.  A device
 * declares its identity, its own registers and the regions behind each base
 * address register.  It never learns an address, or that the guest moved a
 * region.
 *
 * See the PCI Local Bus Specification 2.1, chapter 6.
 *
 * This header is installed.  It needs only device.h.
 */
#ifndef PIOEMU_PCI_H
#define PIOEMU_PCI_H

#include "devices/device.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCI_CONFIG_SIZE 256u
#define PCI_BARS        6u

/*
 * The range of a base address register.  Its size is a power of two: at least
 * 4 ports, or at least 16 bytes of memory.
 */
typedef struct PciBar {
    uint8_t number; /* 0 to 5; a wide one also takes the place of the next one */
    bool ports;     /* ports; otherwise memory */
    bool prefetch;
    bool wide; /* a 64-bit register */
    uint64_t size;
} PciBar;

#define PCI_BAR_END                                                                                \
    {                                                                                              \
        0                                                                                          \
    }

/* A byte of configuration space above the header, which belongs to the device. */
typedef struct PciRegister {
    uint8_t offset;   /* 0x40 or above */
    uint8_t value;    /* the value after a reset */
    uint8_t writable; /* the bits that a write changes */
} PciRegister;

#define PCI_REGISTER_END                                                                           \
    {                                                                                              \
        0                                                                                          \
    }

struct PciIdentity {
    uint32_t struct_size; /* size of PciIdentity */
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* 24 bits: class, subclass and programming interface */
    uint8_t revision;
    uint8_t pin;          /* 1 to 4 if the output "intx" is INTA to INTD; 0 if there is none */
    bool multi_function;  /* this is function 0 of a device with several */
    bool bus_master;      /* the bus-master bit can be set */
    uint8_t capabilities; /* offset of the first capability in `registers`; 0: there are none */
    bool always_on;       /* it decodes its ranges from the reset on, as a bridge does */
    const PciBar *bars;   /* the last entry has the size 0; NULL if there are none */
    const PciRegister *registers; /* the last entry has the offset 0; NULL if there are none */
    /*
     * Called after some of `registers` were written, reset or loaded.  NULL if
     * the device need not know.
     */
    void (*registers_changed)(void *state);
    /*
     * The file of the option ROM that the card has, if it is installed and the user
     * names no other.  NULL: it has none.
     */
    const char *rom;
};

/*
 * Returns the current value of a byte of the device's own configuration space.
 * Any callback may call it.
 */
uint8_t pio_pci_register(const Device *dev, unsigned offset);
/* Whether the bus-master bit lets the device read and write memory.  Any callback may call it. */
bool pio_pci_is_master(const Device *dev);

/*
 * For a host bridge: accesses the configuration space of a function on bus 0
 * for the guest (`function` is slot << 3 | function).  `size` is 1, 2 or 4,
 * and the offset is a multiple of it.  A function that does not exist reads as
 * all ones.
 */
uint32_t pio_pci_config_read(Device *dev, unsigned function, unsigned offset, unsigned size);
void pio_pci_config_write(Device *dev, unsigned function, unsigned offset, uint32_t value,
                          unsigned size);

/*
 * For a host bridge: what the CPUs see at addresses below 1 MiB where both RAM
 * and something else, such as ROM, could answer.
 */
typedef enum ShadowMode {
    SHADOW_OFF,       /* what the board has there */
    SHADOW_READ_ONLY, /* the RAM, which cannot be written */
    SHADOW_ON         /* the RAM */
} ShadowMode;

void pio_shadow(Device *dev, uint32_t address, uint32_t size, ShadowMode mode);

#ifdef __cplusplus
}
#endif

#endif
