/* Which drives a PC has, and where. */
#include "src/machine/pc.h"

#include "devices/storage/floppy_media.h"
#include "src/base/error.h"
#include "src/machine/media.h"
#include "src/machine/pc_board.h"

/* The geometry that a disk reports at first, in IDENTIFY DEVICE. */
#define DISK_HEADS         16u
#define DISK_SECTORS       63u
#define DISK_CYLINDERS_MAX 16383u

void pc_drives_clear(PcDrives *drives)
{
    for (unsigned i = 0; i < DRIVE_IDE_MAX; i++) {
        g_free(drives->ide.id[i]);
        g_free(drives->floppy.id[i]);
    }
}

static PcSlots *slots_of(PcDrives *drives, const Drive *drive)
{
    switch (drive->interface) {
    case DRIVE_IDE:
        return &drives->ide;
    case DRIVE_FLOPPY:
        return &drives->floppy;
    default:
        return NULL;
    }
}

static bool find_slot(const PcSlots *slots, const Drive *drive, unsigned *slot, GError **error)
{
    unsigned index = drive->index >= 0 ? (unsigned)drive->index : 0;
    while (drive->index < 0 && index < slots->count && slots->id[index]) {
        index++;
    }
    *slot = index;
    if (index < slots->count && !slots->id[index]) {
        return true;
    }
    if (index < slots->count) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: another drive has this index",
                    drive->name);
    } else {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: the machine has only %s",
                    drive->name, slots->kind);
    }
    return false;
}

char *pc_disk_geometry(const PcSlots *slots, unsigned slot)
{
    if (!slots->port[slot] || slots->cdrom[slot]) {
        return g_strdup("");
    }
    uint64_t cylinders = pio_block_sectors(slots->port[slot]) / (DISK_HEADS * DISK_SECTORS);
    return g_strdup_printf("%u/%u/%u", (unsigned)CLAMP(cylinders, 1, DISK_CYLINDERS_MAX),
                           DISK_HEADS, DISK_SECTORS);
}

const char *pc_floppy_type(const PcSlots *slots, unsigned slot)
{
    static const char *const NAMES[FLOPPY_TYPES] = {"none", "360", "1200", "720", "1440", "2880"};
    const BlockPort *port = slots->port[slot];
    const FloppyMedia *media = port ? floppy_media_find(pio_block_sectors(port)) : NULL;
    return NAMES[media ? media->type : port ? FLOPPY_EMPTY_TYPE : FLOPPY_NONE];
}

static char *drive_id(const Drive *drive, unsigned slot)
{
    if (drive->id) {
        return g_strdup(drive->id);
    }
    return drive->interface == DRIVE_FLOPPY
               ? g_strdup_printf("floppy%u", slot)
               : g_strdup_printf("ide%u-%s%u", slot / 2, drive->cdrom ? "cd" : "hd", slot % 2);
}

static bool open_drive(Machine *machine, PcDrives *drives, const Drive *drive, GError **error)
{
    unsigned slot = 0;
    PcSlots *slots = slots_of(drives, drive);
    if (slots && !find_slot(slots, drive, &slot, error)) {
        return false;
    }
    if (!slots && !drive->id) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "%s: if=none needs a name for -device (id=NAME)", drive->name);
        return false;
    }
    g_autofree char *id = drive_id(drive, slot);
    BlockPort *port = blockset_add(machine->blocks, id, drive, media_fit, error);
    if (!port) {
        return false;
    }
    if (slots) {
        slots->id[slot] = g_steal_pointer(&id);
        slots->port[slot] = port;
        slots->cdrom[slot] = drive->cdrom;
        slots->bootindex[slot] = drive->bootindex;
    }
    return true;
}

/* Drives with an index are placed first.  The others take the places that are left. */
bool pc_drives_open(PcDrives *drives, Machine *machine, const Config *config, GError **error)
{
    *drives = (PcDrives){
        .ide = {.count = DRIVE_IDE_MAX, .kind = "four IDE drives"},
        .floppy = {.count = DRIVE_FLOPPY_MAX, .kind = "two floppy drives"},
    };
    for (unsigned pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < config->drives->len; i++) {
            Drive drive = *(const Drive *)config->drives->pdata[i];
            drive.snapshot |= config->snapshot;
            if ((drive.index < 0) == (pass == 1) && !open_drive(machine, drives, &drive, error)) {
                return false;
            }
        }
    }
    return true;
}

/* The paths are those by which QEMU names the drives of its PCs. */
static char *floppy_path(unsigned slot)
{
    return g_strdup_printf("/isa/fdc@%04x/floppy@%u", PORT_FDC, slot);
}

static char *ide_path(const Machine *machine, unsigned slot)
{
    const unsigned channel = slot / 2, port = channel ? PORT_ATA1 : PORT_ATA0;
    return machine->host.pci
               ? g_strdup_printf("/pci@i0cf8/ide@1,1/drive@%u/disk@%u", channel, slot % 2)
               : g_strdup_printf("/isa/ide@%04x/drive@0/disk@%u", port, slot % 2);
}

static void add_in_order(Machine *machine, const char *path)
{
    GString *order = machine->bootorder;
    g_string_append_printf(order, "%s%s", order->len ? "\n" : "", path);
}

static void add_floppy_paths(Machine *machine, const PcSlots *slots)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (slots->id[i]) {
            g_autofree char *path = floppy_path(i);
            add_in_order(machine, path);
        }
    }
}

static void add_ide_paths(Machine *machine, const PcSlots *slots, bool cdrom)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (slots->id[i] && slots->cdrom[i] == cdrom) {
            g_autofree char *path = ide_path(machine, i);
            add_in_order(machine, path);
        }
    }
}

static bool add_by_index(Machine *machine, const PcSlots *slots, bool ide, GError **error)
{
    for (unsigned i = 0; i < slots->count; i++) {
        g_autofree char *path = ide ? ide_path(machine, i) : floppy_path(i);
        if (slots->id[i] && slots->bootindex[i] >= 0 &&
            !machine_add_boot_path(machine, (unsigned)slots->bootindex[i], path, error)) {
            return false;
        }
    }
    return true;
}

bool pc_drives_add_boot_paths(Machine *machine, const PcDrives *drives, GError **error)
{
    for (const char *letter = machine->boot->order; *letter; letter++) {
        if (*letter == 'a') {
            add_floppy_paths(machine, &drives->floppy);
        } else if (*letter == 'c' || *letter == 'd') {
            add_ide_paths(machine, &drives->ide, *letter == 'd');
        }
    }
    return add_by_index(machine, &drives->ide, true, error) &&
           add_by_index(machine, &drives->floppy, false, error);
}
