/*
 * The command that lists the functions on the PCI bus, in QEMU's form.
 */
#include "src/control/command.h"

#include "devices/pci/pci_regs.h"
#include "src/device/pci.h"

#include <inttypes.h>

/* The names by which QEMU calls these classes.  Others have none. */
static const struct {
    unsigned class;
    const char *name;
} CLASSES[] = {
    {0x0100, "SCSI controller"}, {0x0101, "IDE controller"}, {0x0200, "Ethernet controller"},
    {0x0300, "VGA controller"},  {0x0600, "Host bridge"},    {0x0601, "ISA bridge"},
    {0x0680, "Bridge"},
};

static const char *class_name(unsigned class)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CLASSES); i++) {
        if (CLASSES[i].class == class) {
            return CLASSES[i].name;
        }
    }
    return NULL;
}

/* ---- as JSON ---- */

#define ROM_BAR 6 /* the number that QEMU gives to the option ROM */

/* The address of a range that is not mapped is -1. */
static JsonObject *region_of(const PciBar *bar, uint64_t base)
{
    JsonObject *region = json_object_new();
    json_object_set_int_member(region, "bar", bar->number);
    json_object_set_int_member(region, "size", (gint64)bar->size);
    json_object_set_int_member(region, "address", (gint64)base);
    json_object_set_string_member(region, "type", bar->ports ? "io" : "memory");
    if (!bar->ports) {
        json_object_set_boolean_member(region, "prefetch", bar->prefetch);
        json_object_set_boolean_member(region, "mem_type_64", bar->wide);
    }
    return region;
}

static JsonArray *regions_of(Device *dev, const PciIdentity *identity)
{
    JsonArray *regions = json_array_new();
    uint64_t base = UINT64_MAX;
    for (const PciBar *bar = identity->bars; bar && bar->size; bar++) {
        device_pci_bar(dev, bar->number, &base);
        json_array_add_object_element(regions, region_of(bar, base));
    }
    const PciBar rom = {.number = ROM_BAR, .size = device_pci_rom_size(dev)};
    if (rom.size) {
        device_pci_rom(dev, &base);
        json_array_add_object_element(regions, region_of(&rom, base));
    }
    return regions;
}

static JsonObject *class_of(unsigned class)
{
    JsonObject *info = json_object_new();
    json_object_set_int_member(info, "class", class);
    if (class_name(class)) {
        json_object_set_string_member(info, "desc", class_name(class));
    }
    return info;
}

static JsonObject *identity_of(const PciIdentity *identity)
{
    JsonObject *id = json_object_new();
    json_object_set_int_member(id, "vendor", identity->vendor);
    json_object_set_int_member(id, "device", identity->device);
    json_object_set_int_member(id, "subsystem-vendor", identity->subsystem_vendor);
    json_object_set_int_member(id, "subsystem", identity->subsystem);
    return id;
}

static JsonObject *describe(Device *dev, unsigned function)
{
    const PciIdentity *identity = device_class(dev)->pci;
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "bus", 0);
    json_object_set_int_member(object, "slot", function >> 3);
    json_object_set_int_member(object, "function", function & 7);
    json_object_set_object_member(object, "class_info", class_of(identity->class_code >> 8));
    json_object_set_object_member(object, "id", identity_of(identity));
    json_object_set_int_member(object, "irq_pin", identity->pin);
    if (identity->pin) {
        json_object_set_int_member(object, "irq", device_pci_read(dev, PCI_INTERRUPT_LINE, 1));
    }
    json_object_set_string_member(object, "qdev_id", device_id(dev));
    json_object_set_array_member(object, "regions", regions_of(dev, identity));
    return object;
}

static JsonNode *query_pci(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    PciBus *pci = vm_parts(vm).machine->host.pci;
    JsonArray *buses = json_array_new(), *devices = json_array_new();
    for (unsigned function = 0; pci && function < PCI_FUNCTIONS; function++) {
        Device *dev = pci_bus_device(pci, function);
        if (dev) {
            json_array_add_object_element(devices, describe(dev, function));
        }
    }
    if (!pci) {
        json_array_unref(devices);
        return command_array(buses);
    }
    JsonObject *bus = json_object_new();
    json_object_set_int_member(bus, "bus", 0);
    json_object_set_array_member(bus, "devices", devices);
    json_array_add_object_element(buses, bus);
    return command_array(buses);
}

/* ---- as text ---- */

static void show_region(JsonArray *list, guint index, JsonNode *element, gpointer text)
{
    (void)list, (void)index;
    JsonObject *region = json_node_get_object(element);
    const uint64_t base = (uint64_t)json_object_get_int_member(region, "address");
    const uint64_t last = base + (uint64_t)json_object_get_int_member(region, "size") - 1;
    g_string_append_printf(text, "      BAR%d: ", (int)json_object_get_int_member(region, "bar"));
    if (!strcmp(json_object_get_string_member(region, "type"), "io")) {
        g_string_append_printf(text, "I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n", base, last);
        return;
    }
    bool wide = json_object_get_boolean_member(region, "mem_type_64");
    bool prefetch = json_object_get_boolean_member(region, "prefetch");
    g_string_append_printf(text, "%u bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n",
                           wide ? 64u : 32u, prefetch ? " prefetchable" : "", base, last);
}

static unsigned number(JsonObject *object, const char *name)
{
    return (unsigned)json_object_get_int_member(object, name);
}

static void show_function(JsonArray *list, guint index, JsonNode *element, gpointer opaque)
{
    (void)list, (void)index;
    GString *text = opaque;
    JsonObject *object = json_node_get_object(element);
    JsonObject *id = json_object_get_object_member(object, "id");
    const unsigned class = number(json_object_get_object_member(object, "class_info"), "class");
    g_string_append_printf(text, "  Bus %2u, device %3u, function %u:\n    ", number(object, "bus"),
                           number(object, "slot"), number(object, "function"));
    if (class_name(class)) {
        g_string_append(text, class_name(class));
    } else {
        g_string_append_printf(text, "Class %04u", class);
    }
    g_string_append_printf(text, ": PCI device %04x:%04x\n      PCI subsystem %04x:%04x\n",
                           number(id, "vendor"), number(id, "device"),
                           number(id, "subsystem-vendor"), number(id, "subsystem"));
    if (json_object_has_member(object, "irq")) {
        g_string_append_printf(text, "      IRQ %u, pin %c\n", number(object, "irq"),
                               'A' + (char)number(object, "irq_pin") - 1);
    }
    json_array_foreach_element(json_object_get_array_member(object, "regions"), show_region, text);
    g_string_append_printf(text, "      id \"%s\"\n",
                           json_object_get_string_member(object, "qdev_id"));
}

static void show_bus(JsonArray *list, guint index, JsonNode *element, gpointer text)
{
    (void)list, (void)index;
    json_array_foreach_element(
        json_object_get_array_member(json_node_get_object(element), "devices"), show_function,
        text);
}

static void show_pci(JsonNode *value, GString *text)
{
    json_array_foreach_element(json_node_get_array(value), show_bus, text);
}

const Command COMMANDS_PCI[] = {
    {.name = "query-pci",
     .line = "info pci",
     .help = "show PCI info",
     .run = query_pci,
     .show = show_pci},
    COMMAND_END,
};
