/* PCI configuration mechanism 1. */
#include "bios/pci.h"

#include "devices/pci/pci_regs.h"
#include "src/machine/pc_board.h"

#define NO_VENDOR 0xffff
#define SLOTS     32u
#define IN_SLOT   8u
#define FOUND_MAX 64u

static struct {
    uint8_t functions[FOUND_MAX], count;
} found;

/* Returns the port of the byte. */
static uint16_t address(unsigned function, uint8_t offset)
{
    out32(PORT_PCI_ADDRESS, PCI_CONFIG_ENABLE | (uint32_t)function << 8 | (offset & 0xfcu));
    return PORT_PCI_DATA + (offset & 3);
}

uint8_t pci_read8(unsigned function, uint8_t offset)
{
    return in8(address(function, offset));
}

uint16_t pci_read16(unsigned function, uint8_t offset)
{
    return in16(address(function, offset));
}

uint32_t pci_read32(unsigned function, uint8_t offset)
{
    return in32(address(function, offset));
}

void pci_write8(unsigned function, uint8_t offset, uint8_t value)
{
    out8(address(function, offset), value);
}

void pci_write16(unsigned function, uint8_t offset, uint16_t value)
{
    out16(address(function, offset), value);
}

void pci_write32(unsigned function, uint8_t offset, uint32_t value)
{
    out32(address(function, offset), value);
}

static bool exists(unsigned function)
{
    return pci_read16(function, PCI_VENDOR_ID) != NO_VENDOR;
}

/* Of a device that is not one of several functions, only function 0 is looked at. */
void pci_setup(void)
{
    found.count = 0;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        unsigned first = slot * IN_SLOT;
        if (!exists(first)) {
            if (!slot) {
                return; /* no host bridge, so there is no bus */
            }
            continue;
        }
        bool several = pci_read8(first, PCI_HEADER_TYPE) & PCI_MULTI_FUNCTION;
        for (unsigned i = first; i < first + (several ? IN_SLOT : 1) && found.count < FOUND_MAX;
             i++) {
            if (exists(i)) {
                found.functions[found.count++] = (uint8_t)i;
            }
        }
    }
}

unsigned pci_count(void)
{
    return found.count;
}

unsigned pci_function(unsigned index)
{
    return found.functions[index];
}
