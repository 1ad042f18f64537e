/*
 * Sets up the PCI bus at a reset as firmware does, if no firmware will: our
 * own BIOS and kernels of -kernel find every base address register placed and
 * decoded, and the interrupts routed.  Any other firmware does all this
 * itself.
 *
 * The settings are written to configuration space, as firmware writes them.
 */
#include "devices/pci/i440fx_regs.h"
#include "devices/pci/pci_regs.h"
#include "src/device/pci.h"
#include "src/machine/pc.h"
#include "src/machine/pc_board.h"

#define ISA_BRIDGE PCI_FUNCTION(1, 0)
#define CLASS_IDE  0x0101u /* class and subclass */
#define SMALLEST   16u     /* the smallest range of memory or ports */

/* Where the next range of each kind may begin. */
typedef struct Room {
    uint64_t ports, memory;
} Room;

/* Takes a range that is aligned to its size.  Returns 0 if no room is left. */
static uint64_t take(uint64_t *next, uint64_t end, uint64_t size)
{
    uint64_t base = (*next + size - 1) & ~(size - 1);
    if (base >= end || size > end - base) {
        return 0;
    }
    *next = base + MAX(size, SMALLEST);
    return base;
}

static void place_bar(PciBus *pci, unsigned function, const PciBar *bar, Room *room)
{
    const unsigned offset = PCI_BAR0 + 4u * bar->number;
    uint64_t base = bar->ports ? take(&room->ports, PCI_PORTS_END, bar->size)
                               : take(&room->memory, PCI_MEMORY_END, bar->size);
    pci_config_write(pci, function, offset, (uint32_t)base, 4);
    if (bar->wide) {
        pci_config_write(pci, function, offset + 4, (uint32_t)(base >> 32), 4);
    }
}

static void set_up_function(const Machine *machine, unsigned function, const PciIdentity *identity,
                            Room *room)
{
    PciBus *pci = machine->host.pci;
    for (const PciBar *bar = identity->bars; bar && bar->size; bar++) {
        place_bar(pci, function, bar, room);
    }
    const uint64_t rom = device_pci_rom_size(pci_bus_device(pci, function));
    if (rom) {
        uint64_t base = take(&room->memory, PCI_MEMORY_END, rom);
        pci_config_write(pci, function, PCI_ROM_BASE, (uint32_t)base, 4);
    }
    if (identity->pin) {
        uint8_t irq = machine->class->tables.pirq_irq[machine_pirq(function, identity->pin)];
        pci_config_write(pci, function, PCI_INTERRUPT_LINE, irq, 1);
    }
    /* The boot disk uses DMA, so its controller is already enabled as a bus master. */
    unsigned command = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_SERR;
    if (identity->class_code >> 8 == CLASS_IDE) {
        command |= PCI_COMMAND_MASTER;
        pci_config_write(pci, function, PIIX3_IDETIM0 + 1, IDETIM_DECODE, 1);
        pci_config_write(pci, function, PIIX3_IDETIM1 + 1, IDETIM_DECODE, 1);
    }
    pci_config_write(pci, function, PCI_COMMAND, command, 2);
}

void pc_assign_pci(Machine *machine)
{
    PciBus *pci = machine->host.pci;
    Room room = {PCI_PORTS_BASE, PCI_MEMORY_BASE};
    for (unsigned pirq = 0; pirq < BOOT_PIRQS; pirq++) {
        pci_config_write(pci, ISA_BRIDGE, PIIX3_PIRQA + pirq, machine->class->tables.pirq_irq[pirq],
                         1);
    }
    for (unsigned function = 0; function < PCI_FUNCTIONS; function++) {
        Device *dev = pci_bus_device(pci, function);
        if (dev) {
            set_up_function(machine, function, device_class(dev)->pci, &room);
        }
    }
}
