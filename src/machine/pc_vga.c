/* The graphics card of a PC. */
#include "src/device/pci.h"
#include "src/machine/pc.h"
#include "src/machine/pc_board.h"

#include <string.h>

#define VGA_FUNCTION PCI_FUNCTION(2, 0)
#define VIDEO_BIOS   "vgabios-stdvga.bin"

static bool is_card(const char *driver)
{
    return !strcmp(driver, "VGA") || !strcmp(driver, "isa-vga");
}

/* A kernel that starts without firmware finds the text mode that firmware sets. */
static const char *after_bios(const Machine *machine)
{
    return machine->started_by == MACHINE_COLD ? "off" : "on";
}

/* Our BIOS knows the card, and any other firmware needs the video BIOS that QEMU's card has. */
static char *video_bios(const Machine *machine)
{
    const bool needed = machine->started_by == MACHINE_COLD && !machine->own_bios;
    return needed ? machine_find_rom(VIDEO_BIOS) : NULL;
}

static bool add_rom(const Machine *machine, Device *card, GError **error)
{
    g_autoptr(GHashTable) properties = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *file = video_bios(machine);
    if (file) {
        g_hash_table_insert(properties, (gpointer) "romfile", file);
    }
    return machine_plug_rom(card, properties, error);
}

static bool add_card(Machine *machine, GError **error)
{
    g_autofree char *properties = g_strdup_printf("after-bios=%s", after_bios(machine));
    if (!machine->host.pci) {
        return machine_add(machine, "isa-vga", "isa-vga", properties, error);
    }
    Device *card = machine_add(machine, "VGA", "VGA", properties, error);
    return card && pci_bus_add(machine->host.pci, card, VGA_FUNCTION, error) &&
           add_rom(machine, card, error);
}

bool pc_add_vga(Machine *machine, const Config *config, GError **error)
{
    if (config->vga) {
        return add_card(machine, error);
    }
    return pc_has_user_device(config, "VGA") || pc_has_user_device(config, "isa-vga") ||
           machine_add(machine, "crtc", "CRTC", NULL, error);
}

static void give(GHashTable *properties, const char *name, char *value)
{
    if (value && !g_hash_table_contains(properties, name)) {
        g_hash_table_insert(properties, g_strdup(name), value);
    } else {
        g_free(value);
    }
}

void pc_fit_vga(const Machine *machine, const char *driver, GHashTable *properties)
{
    if (is_card(driver)) {
        give(properties, "after-bios", g_strdup(after_bios(machine)));
    }
    if (!strcmp(driver, "VGA")) {
        give(properties, "romfile", video_bios(machine));
    }
}
