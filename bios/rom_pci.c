/*
 * Finds the image for a PC in a PCI function's ROM, and copies it.  The machine has
 * given the ROM's register an address.
 */
#include "bios/rom_pci.h"

#include "bios/pci.h"
#include "bios/services.h"

#include "devices/pci/i440fx_regs.h"
#include "devices/pci/pci_regs.h"

#define CLASS_BASE    (PCI_CLASS_CODE + 2u)
#define CLASS_DISPLAY 3

#define UNIT          512u /* of the sizes in the header and the data structure */
#define ROM_SIGNATURE 0xaa55
#define PC_SEGMENTS   0xc0000u
#define PAM_SEGMENT   0x4000u /* bytes for which four bits of a PAM register are */

typedef struct __attribute__((packed)) RomHeader {
    uint16_t signature;
    uint8_t size, code[21];
    uint16_t data; /* the offset of RomData */
    uint16_t expansion;
} RomHeader;

#define ROM_DATA_SIGNATURE 0x52494350u /* "PCIR" */
#define ROM_DATA_PC        0           /* a type */
#define ROM_DATA_LAST      0x80        /* an indicator */

typedef struct __attribute__((packed)) RomData {
    uint32_t signature;
    uint16_t vendor, device, products, size;
    uint8_t revision, class_code[3];
    uint16_t image_size, image_revision;
    uint8_t type, indicator;
    uint16_t reserved;
} RomData;

_Static_assert(sizeof(RomHeader) == 0x1c && sizeof(RomData) == 0x18, "headers of the ROM");

static bool is_display(unsigned function)
{
    return pci_read8(function, CLASS_BASE) == CLASS_DISPLAY;
}

bool rom_pci_find(unsigned *from, bool displays, uint8_t *function)
{
    for (; *from < pci_count(); (*from)++) {
        *function = (uint8_t)pci_function(*from);
        if (pci_read32(*function, PCI_ROM_BASE) && is_display(*function) == displays) {
            return true;
        }
    }
    return false;
}

/* Lets RAM be read and written at these addresses, whatever the board has there. */
static void show_ram(uint32_t address, uint32_t size)
{
    uint32_t end = address + size;
    for (uint32_t at = address & ~(PAM_SEGMENT - 1); at < end; at += PAM_SEGMENT) {
        unsigned number = (at - PC_SEGMENTS) / PAM_SEGMENT;
        uint8_t pam = (uint8_t)(PMC_PAM0 + 1 + number / 2), shift = number & 1 ? 4 : 0;
        pci_write8(0, pam, pci_read8(0, pam) | (uint8_t)((PAM_READ | PAM_WRITE) << shift));
    }
}

/* At most 64 KiB less a word are copied at once. */
static void copy(uint32_t to, uint32_t from, uint32_t size)
{
    while (size) {
        uint32_t part = size < 0x8000 ? size : 0x8000;
        memory_move(to, from, (uint16_t)(part / 2));
        to += part;
        from += part;
        size -= part;
    }
}

/* Looks at the images one after the other.  Returns the size of the PC's, or 0. */
static uint32_t find_image(unsigned function, uint32_t *at)
{
    static RomHeader header;
    static RomData data;
    do {
        memory_move(linear_address(&header), *at, sizeof(header) / 2);
        memory_move(linear_address(&data), *at + header.data, sizeof(data) / 2);
        if (header.signature != ROM_SIGNATURE || data.signature != ROM_DATA_SIGNATURE) {
            return 0;
        }
        if (data.type == ROM_DATA_PC && data.vendor == pci_read16(function, PCI_VENDOR_ID) &&
            data.device == pci_read16(function, PCI_DEVICE_ID)) {
            return header.size * UNIT;
        }
        *at += data.image_size * UNIT;
    } while (data.image_size && !(data.indicator & ROM_DATA_LAST));
    return 0;
}

bool rom_pci_copy(uint8_t function, uint16_t segment, uint16_t end)
{
    uint32_t base = pci_read32(function, PCI_ROM_BASE), at = base;
    pci_write32(function, PCI_ROM_BASE, base | PCI_ROM_ENABLE);
    uint32_t size = find_image(function, &at), to = (uint32_t)segment << 4;
    bool fits = size <= ((uint32_t)end << 4) - to;
    if (size && fits) {
        show_ram(to, size);
        copy(to, at, size);
    }
    pci_write32(function, PCI_ROM_BASE, base);
    return fits;
}
