/*
 * The expansion ROM of a PCI device (PCI Local Bus Specification 2.1, sections
 * 6.2.5.2 and 6.3).
 */
#ifndef PIOEMU_DEVICE_PCI_ROM_H
#define PIOEMU_DEVICE_PCI_ROM_H

#include "src/board/bus.h"
#include "src/board/memory.h"

#define PCI_ROM_SIZE_MAX (UINT64_C(16) << 20)
#define PCI_ROM_NOWHERE  UINT64_MAX

typedef struct PciRom PciRom;

/*
 * Keeps the bytes, which are not empty and not more than PCI_ROM_SIZE_MAX.  Without
 * a memory the ROM is mapped nowhere.  Returns NULL if the host has no memory.
 */
PciRom *pci_rom_new(Bus *bus, Memory *memory, GBytes *image, GError **error);
void pci_rom_free(PciRom *rom);
/* The size of its range, a power of two. */
uint64_t pci_rom_size(const PciRom *rom);
/* The address at which it is mapped, or PCI_ROM_NOWHERE. */
uint64_t pci_rom_base(const PciRom *rom);
/*
 * Moves it, or removes it with PCI_ROM_NOWHERE.  If there is something else at the
 * base, it is removed, too, and the result is false.
 */
bool pci_rom_move(PciRom *rom, uint64_t base);

#endif
