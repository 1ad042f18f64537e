/*
 * The PCI bus of a PC: the bridges, the wiring of the interrupt lines, and the
 * RAM from 0xc0000 to 0xfffff, which the host bridge shows or hides.
 */
#include "src/device/pci.h"
#include "src/machine/pc.h"
#include "src/machine/pc_board.h"

#define SHADOW_FIRST 0xc0000u
#define SHADOW_END   0x100000u

/*
 * Cuts the memory at the ends of the shadowed range.  A change of one of its
 * segments then does not touch the memory slots around it.
 */
static void cut_memory(Memory *memory)
{
    memory_cut(memory, SHADOW_FIRST);
    memory_cut(memory, SHADOW_END);
}

static unsigned segment_of(uint32_t address)
{
    return (address - SHADOW_FIRST) / PC_SHADOW_SIZE;
}

void pc_shadow(Machine *machine, uint32_t address, uint32_t size, ShadowMode mode)
{
    Memory *memory = machine->host.memory;
    g_assert(address >= SHADOW_FIRST && address + size <= SHADOW_END);
    for (uint32_t at = address; memory && at < address + size; at += PC_SHADOW_SIZE) {
        MemoryBlock **window = &machine->shadow[segment_of(at)];
        if (mode == SHADOW_OFF) {
            if (*window) {
                memory_unplace(memory, *window);
            }
            continue;
        }
        if (!*window) {
            *window = memory_add_window(memory, "shadow", at, PC_SHADOW_SIZE);
        }
        if (*window) {
            memory_place(memory, *window, at, mode == SHADOW_READ_ONLY);
        }
    }
}

static Device *add_function(Machine *machine, const char *class_name, unsigned function,
                            const char *properties, const MachineWire *wires, GError **error)
{
    Device *dev = machine_add_wired(machine, &machine->host, class_name, class_name, properties,
                                    wires, error);
    return dev && pci_bus_add(machine->host.pci, dev, function, error) ? dev : NULL;
}

/* The outputs of the bridge share the lines of the ISA bus. */
static bool add_isa_bridge(Machine *machine, GError **error)
{
    static const struct {
        const char *output;
        unsigned irq;
    } OUTPUTS[] = {{"irq3", 3},   {"irq4", 4},   {"irq5", 5},   {"irq6", 6},
                   {"irq7", 7},   {"irq9", 9},   {"irq10", 10}, {"irq11", 11},
                   {"irq12", 12}, {"irq14", 14}, {"irq15", 15}};
    MachineWire wires[G_N_ELEMENTS(OUTPUTS) + 1] = {{0}};
    for (size_t i = 0; i < G_N_ELEMENTS(OUTPUTS); i++) {
        wires[i].output = OUTPUTS[i].output;
        wires[i].line = irq_router_line(machine->irqs, OUTPUTS[i].irq);
    }
    machine->isa_bridge = add_function(machine, "PIIX3", PCI_FUNCTION(1, 0), NULL, wires, error);
    return machine->isa_bridge != NULL;
}

/* Both channels are there with and without drives. */
static bool add_ide(Machine *machine, const PcSlots *slots, GError **error)
{
    const bool from_kernel = machine->started_by != MACHINE_COLD;
    g_autoptr(GString) properties = g_string_new(NULL);
    g_string_append_printf(properties, "power-on-attention=%s", from_kernel ? "off" : "on");
    for (unsigned i = 0; i < slots->count; i++) {
        g_string_append_printf(properties, ",drive%u=%s", i, slots->id[i] ? slots->id[i] : "");
    }
    return add_function(machine, "piix3-ide", PCI_FUNCTION(1, 1), properties->str, NULL, error);
}

bool pc_add_pci(Machine *machine, const PcSlots *ide, GError **error)
{
    if (!machine->host.pci) {
        return true;
    }
    if (machine->host.memory) {
        cut_memory(machine->host.memory);
    }
    return machine_add(machine, "pci-host", "PCI", NULL, error) &&
           add_function(machine, "i440FX", PCI_FUNCTION(0, 0), NULL, NULL, error) &&
           add_isa_bridge(machine, error) && add_ide(machine, ide, error) &&
           add_function(machine, "PIIX4_PM", PCI_FUNCTION(1, 3), NULL, NULL, error);
}
