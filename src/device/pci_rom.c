#include "src/device/pci_rom.h"

#include <string.h>

struct PciRom {
    Bus *bus;
    Memory *memory;
    MemoryBlock *block;    /* NULL without a memory */
    const BusClaim *claim; /* never mapped; for finding what is in the way */
    uint64_t size, base;
};

static const char NAME[] = "option ROM";

static uint64_t range_of(uint64_t bytes)
{
    uint64_t size = PAGE_SIZE;
    while (size < bytes) {
        size *= 2;
    }
    return size;
}

PciRom *pci_rom_new(Bus *bus, Memory *memory, GBytes *image, GError **error)
{
    static const IoOps NOTHING = {.max_size = 1};
    const uint64_t size = range_of(g_bytes_get_size(image));
    MemoryBlock *block = memory ? memory_add_block(memory, NAME, size, error) : NULL;
    if (memory && !block) {
        return NULL;
    }
    if (block) {
        memcpy(memory_block_host(block), g_bytes_get_data(image, NULL), g_bytes_get_size(image));
    }
    const BusClaim claim = {.name = NAME, .space = IO_MEMORY, .size = size, .ops = &NOTHING};
    PciRom *rom = g_new0(PciRom, 1);
    *rom = (PciRom){bus, memory, block, bus_add(bus, &claim), size, PCI_ROM_NOWHERE};
    return rom;
}

void pci_rom_free(PciRom *rom)
{
    g_free(rom);
}

uint64_t pci_rom_size(const PciRom *rom)
{
    return rom->size;
}

uint64_t pci_rom_base(const PciRom *rom)
{
    return rom->base;
}

bool pci_rom_move(PciRom *rom, uint64_t base)
{
    if (base == rom->base) {
        return true;
    }
    if (rom->base != PCI_ROM_NOWHERE) {
        memory_unplace(rom->memory, rom->block);
        rom->base = PCI_ROM_NOWHERE;
    }
    if (base == PCI_ROM_NOWHERE) {
        return true;
    }
    if (!rom->block || memory_overlaps(rom->memory, base, rom->size) ||
        bus_obstacle(rom->bus, rom->claim, base)) {
        return false;
    }
    memory_place(rom->memory, rom->block, base, true);
    rom->base = base;
    return true;
}
