/* The graphics card of a PC. */
#include "src/device/pci.h"
#include "src/machine/pc.h"
#include "src/machine/pc_board.h"

#include <string.h>

#define VGA_FUNCTION PCI_FUNCTION(2, 0)

static bool is_card(const char *driver)
{
    return !strcmp(driver, "VGA") || !strcmp(driver, "isa-vga");
}

/* A kernel that starts without firmware finds the text mode that firmware sets. */
static const char *after_bios(const Machine *machine)
{
    return machine->started_by == MACHINE_COLD ? "off" : "on";
}

static bool add_card(Machine *machine, GError **error)
{
    g_autofree char *properties = g_strdup_printf("after-bios=%s", after_bios(machine));
    if (!machine->host.pci) {
        return machine_add(machine, "isa-vga", "isa-vga", properties, error);
    }
    Device *card = machine_add(machine, "VGA", "VGA", properties, error);
    return card && pci_bus_add(machine->host.pci, card, VGA_FUNCTION, error);
}

bool pc_add_vga(Machine *machine, const Config *config, GError **error)
{
    if (config->vga) {
        return add_card(machine, error);
    }
    return pc_has_user_device(config, "VGA") || pc_has_user_device(config, "isa-vga") ||
           machine_add(machine, "crtc", "CRTC", NULL, error);
}

void pc_fit_vga(const Machine *machine, const char *driver, GHashTable *properties)
{
    if (is_card(driver) && !g_hash_table_contains(properties, "after-bios")) {
        g_hash_table_insert(properties, g_strdup("after-bios"), g_strdup(after_bios(machine)));
    }
}
