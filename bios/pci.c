/* PCI configuration mechanism 1. */
#include "bios/pci.h"

#include "devices/pci/pci_regs.h"
#include "src/machine/pc_board.h"

#define NO_VENDOR 0xffff
#define IN_SLOT   7u /* the bits of a function's number in its slot */

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

bool pci_is_there(void)
{
    return exists(0);
}

static bool has_several(unsigned function)
{
    unsigned first = function & ~IN_SLOT;
    return exists(first) && pci_read8(first, PCI_HEADER_TYPE) & PCI_MULTI_FUNCTION;
}

unsigned pci_next(unsigned function)
{
    while (function < PCI_FUNCTIONS) {
        if (function & IN_SLOT && !has_several(function)) {
            function = (function | IN_SLOT) + 1;
        } else if (exists(function)) {
            return function;
        } else {
            function++;
        }
    }
    return function;
}
