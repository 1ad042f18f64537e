/*
 * Places the devices of -device on the PCI bus.
 */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/device/pci.h"
#include "src/machine/machine.h"

#include <string.h>

#define BUS_NAME   "pci.0"
#define FIRST_SLOT 2u
#define SLOTS      32u
#define PIRQS      4u

static bool slot_is_free(PciBus *pci, unsigned slot)
{
    bool is_free = true;
    for (unsigned function = 0; function < 8; function++) {
        is_free = is_free && !pci_bus_device(pci, PCI_FUNCTION(slot, function));
    }
    return is_free;
}

static bool find_slot(PciBus *pci, unsigned *function, GError **error)
{
    for (unsigned slot = FIRST_SLOT; slot < SLOTS; slot++) {
        if (slot_is_free(pci, slot)) {
            *function = PCI_FUNCTION(slot, 0);
            return true;
        }
    }
    return error_refuse(error, "all %u slots of " BUS_NAME " are taken", SLOTS);
}

/* Parses "SLOT" or "SLOT.FUNCTION". The slot is hexadecimal, as in QEMU. */
static bool parse_address(const char *text, unsigned *function, GError **error)
{
    char *end;
    unsigned slot = (unsigned)MIN(g_ascii_strtoull(text, &end, 16), SLOTS), number = 0;
    bool good = end != text && slot < SLOTS;
    if (good && *end == '.') {
        number = end[1] >= '0' && end[1] <= '7' ? (unsigned)(end[1] - 0x30) : 8;
        end += number < 8 ? 2 : 0;
    }
    *function = PCI_FUNCTION(slot, number);
    return (good && number < 8 && !*end) ||
           error_refuse(error, "addr=%s: write SLOT.FUNCTION, as 4 or 1f.7", text);
}

/* The pins of each slot are turned by one, so that the first pins do not all share one line. */
unsigned machine_pirq(unsigned function, unsigned pin)
{
    return ((function >> 3) + 3 + pin - 1) % PIRQS;
}

/* Functions come in the order of slots, and several of a slot may share a pin. */
void machine_note_pci_pins(const Machine *machine, BootBoard *board)
{
    unsigned known = 0; /* the pins of this slot that are noted, a bit for each */
    for (unsigned function = 0; machine->host.pci && function < PCI_FUNCTIONS; function++) {
        Device *dev = pci_bus_device(machine->host.pci, function);
        const unsigned pin = dev ? device_class(dev)->pci->pin : 0;
        known = function & 7 ? known : 0;
        if (!pin || known >> pin & 1 || board->pci_pin_count == BOOT_PCI_PINS_MAX) {
            continue;
        }
        known |= 1u << pin;
        board->pci_pins[board->pci_pin_count++] = (BootPciPin){
            (uint8_t)(function >> 3), (uint8_t)pin, (uint8_t)machine_pirq(function, pin)};
    }
}

/* The unit of a disk, and so on, that QEMU adds to the names of such cards. */
static const struct {
    unsigned class; /* the base class */
    const char *name, *rest;
} BOOT_NAMES[] = {{0x01, "scsi", "/disk@0,0"}, {0x02, "ethernet", "/ethernet-phy@0"}};

static char *boot_path(const PciIdentity *identity, unsigned function)
{
    const char *name = "device", *rest = "";
    char in_slot[4] = "";
    for (size_t i = 0; i < G_N_ELEMENTS(BOOT_NAMES); i++) {
        if (BOOT_NAMES[i].class == identity->class_code >> 16) {
            name = BOOT_NAMES[i].name;
            rest = BOOT_NAMES[i].rest;
        }
    }
    if (function & 7) {
        g_snprintf(in_slot, sizeof(in_slot), ",%x", function & 7);
    }
    return g_strdup_printf("/pci@i0cf8/%s@%x%s%s", name, function >> 3, in_slot, rest);
}

static bool take_bootindex(Machine *machine, const PciIdentity *identity, unsigned function,
                           GHashTable *properties, GError **error)
{
    const char *text = g_hash_table_lookup(properties, "bootindex");
    g_autofree char *path = boot_path(identity, function);
    uint64_t index;
    if (text && (!number_parse("bootindex", text, INT32_MAX, &index, error) ||
                 !machine_add_boot_path(machine, (unsigned)index, path, error))) {
        return false;
    }
    g_hash_table_remove(properties, "bootindex");
    return true;
}

bool machine_plug_pci(Machine *machine, Device *dev, GHashTable *properties, GError **error)
{
    const PciIdentity *identity = device_class(dev)->pci;
    if (!identity) {
        return true;
    }
    PciBus *pci = machine->host.pci;
    const char *bus = g_hash_table_lookup(properties, "bus");
    const char *address = g_hash_table_lookup(properties, "addr");
    unsigned function = 0;
    if (!pci) {
        return error_refuse(error, "%s: machine %s has no PCI bus (use -machine pc)",
                            device_id(dev), machine->class->name);
    }
    if (identity->always_on) {
        return error_refuse(error, "%s: it is a part of the board", device_id(dev));
    }
    if (bus && strcmp(bus, BUS_NAME)) {
        return error_refuse(error, "bus=%s: the machine has " BUS_NAME " only", bus);
    }
    if (!(address ? parse_address(address, &function, error) : find_slot(pci, &function, error)) ||
        !pci_bus_add(pci, dev, function, error)) {
        return false;
    }
    if (identity->pin) {
        unsigned pirq = machine_pirq(function, identity->pin);
        device_pci_connect_intx(dev, irq_router_line(machine->pirqs, pirq));
    }
    g_hash_table_remove(properties, "bus");
    g_hash_table_remove(properties, "addr");
    return take_bootindex(machine, identity, function, properties, error) &&
           machine_plug_rom(dev, properties, error);
}
