/*
 * What the machine tells firmware through the fw_cfg device.  The items are
 * those of QEMU's PC.
 */
#include "devices/misc/fw_cfg_regs.h"
#include "src/boot/acpi_loader.h"
#include "src/machine/machine.h"

#include <string.h>

#define UUID_SIZE   16u
#define E820_RAM    1u
#define MAP_ENTRIES 2u

typedef struct __attribute__((packed)) MapEntry {
    uint64_t base, size;
    uint32_t type;
} MapEntry;

/* Describes the RAM only.  Firmware reserves its own parts of it itself. */
static void add_map(FwItems *items, uint64_t ram)
{
    uint64_t low = MIN(ram, MEMORY_HOLE_START);
    const MapEntry map[MAP_ENTRIES] = {
        {0, low, E820_RAM},
        {MEMORY_HOLE_END, ram - low, E820_RAM},
    };
    fw_items_add_file(items, "etc/e820", g_bytes_new(map, ram > low ? sizeof(map) : sizeof(*map)));
}

/* The bytes are in the order of the text, as QEMU has them. */
static void read_uuid(const char *text, uint8_t *uuid)
{
    for (unsigned i = 0; text && *text && i < UUID_SIZE; text++) {
        if (g_ascii_isxdigit(*text)) {
            uuid[i++] =
                (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
            text++;
        }
    }
}

static void add_numbers(const Machine *machine, FwItems *items)
{
    uint8_t uuid[UUID_SIZE] = {0};
    read_uuid(machine->config->uuid, uuid);
    const BootBoard board = machine_board(machine);
    /* As in QEMU this is a bound of the APICs' IDs. */
    unsigned last_id =
        cpu_topology_apic_id(&board.topology, cpu_topology_places(&board.topology) - 1);
    fw_items_add(items, FW_CFG_UUID, g_bytes_new(uuid, sizeof(uuid)));
    fw_items_add_number(items, FW_CFG_RAM_SIZE, memory_ram_size(machine->host.memory), 8);
    fw_items_add_number(items, FW_CFG_NOGRAPHIC, 1, 2);
    fw_items_add_number(items, FW_CFG_NB_CPUS, board.topology.cpus, 2);
    fw_items_add_number(items, FW_CFG_MAX_CPUS, last_id + 1, 2);
    fw_items_add_number(items, FW_CFG_BOOT_MENU, machine->boot->menu, 2);
    fw_items_add_number(items, FW_CFG_IRQ0_OVERRIDE, board.timer_input != 0, 1);
}

static void set_order(const Machine *machine, FwItems *items)
{
    g_autofree char *order = machine_boot_order(machine);
    if (*order) {
        fw_items_set_file(items, "bootorder", g_bytes_new(order, strlen(order) + 1));
    }
}

static void add_files(const Machine *machine, FwItems *items)
{
    const BootBoard board = machine_board(machine);
    set_order(machine, items);
    add_map(items, memory_ram_size(machine->host.memory));
    fw_items_add_number_file(items, "etc/boot-fail-wait", (uint32_t)machine->boot->fail_wait_ms, 4);
    if (machine->boot->splash_ms != BOOT_SPLASH_DEFAULT) {
        fw_items_add_number_file(items, "etc/boot-menu-wait", (uint64_t)machine->boot->splash_ms,
                                 2);
    }
    acpi_loader_add(items, &board);
    /* With a viewer of the screen, COM1 belongs to the guest. */
    const Config *config = machine->config;
    const bool viewed = config->curses || (config->vnc && strcmp(config->vnc, "none") != 0);
    if (machine_has_device(machine, "COM1") && !viewed) {
        fw_items_add_number_file(items, "etc/sercon-port", machine->class->console_port, 2);
    }
}

const DataTable *machine_fw_items(Machine *machine, GError **error)
{
    if (!machine->items) {
        g_autoptr(FwItems) items = fw_items_new();
        for (guint i = 0; i < machine->config->fw_cfgs->len; i++) {
            if (!fw_items_add_option(items, machine->config->fw_cfgs->pdata[i], error)) {
                return NULL;
            }
        }
        if (machine->kernel &&
            !boot_image_offer(machine->kernel, machine->host.memory, items, error)) {
            return NULL;
        }
        add_numbers(machine, items);
        add_files(machine, items);
        machine->items = g_steal_pointer(&items);
    }
    return fw_items_table(machine->items);
}

void machine_fw_finish(Machine *machine)
{
    if (machine->items && machine->boot_paths->len) {
        set_order(machine, machine->items);
        fw_items_table(machine->items);
    }
}
