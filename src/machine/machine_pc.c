/*
 * The pc machine: an ISA PC.
 */
#include "src/machine/machine.h"

#include "devices/storage/floppy_media.h"
#include "src/base/error.h"
#include "src/machine/rtc_date.h"

#include <string.h>

#define SERIAL_MAX     4u
#define ACPI_PORT      0x600u
#define ACPI_IRQ       9u
#define RESET_PORT     0xcf9
#define FLOPPY_PORT    0x3f0u
#define BIOS_EXIT_PORT 0x51c

/* Of a CD-ROM with one sector of its own size. */
#define CDROM_SECTORS 4u

/* The geometry that a disk shows at first, as its IDENTIFY DEVICE has it. */
#define DISK_HEADS         16u
#define DISK_SECTORS       63u
#define DISK_CYLINDERS_MAX 16383u

static const struct {
    const char *id;
    uint16_t iobase, control;
    uint8_t irq;
} IDE_CHANNELS[] = {
    {"IDE0", 0x1f0, 0x3f6, 14},
    {"IDE1", 0x170, 0x376, 15},
};

static const struct {
    const char *name;
    uint16_t iobase;
    uint8_t irq;
} SERIAL_PORTS[SERIAL_MAX] = {
    {"COM1", 0x3f8, 4},
    {"COM2", 0x2f8, 3},
    {"COM3", 0x3e8, 4},
    {"COM4", 0x2e8, 3},
};

/* ---- character lines ---- */

enum { LINE_DEBUGPORT, LINE_SERIAL, LINE_DEBUGCON = LINE_SERIAL + SERIAL_MAX, LINE_COUNT };

/* What -serial and its like ask for. */
typedef struct Line {
    const char *option, *spec; /* spec NULL: nothing, which for -serial is no port either */
    char *chardev;             /* for chardev_set_connect() */
} Line;

typedef struct Lines {
    Line line[LINE_COUNT];
} Lines;

static void clear_lines(Lines *lines)
{
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        g_free(lines->line[i].chardev);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lines, clear_lines)

/* COM1 is on the terminal, and what the debug port prints too, unless something else was said. */
static bool plan_lines(Lines *lines, const Config *config, GError **error)
{
    bool silent = config->no_defaults || config->stdio_taken;
    const GPtrArray *serials = config->serials;
    if (serials->len > SERIAL_MAX) {
        return error_refuse(error, "-serial %s: the machine has only COM1 to COM4",
                            (char *)serials->pdata[SERIAL_MAX]);
    }
    *lines = (Lines){.line = {
                         [LINE_DEBUGPORT] = {"-debugport", silent ? NULL : "stdout", NULL},
                         [LINE_DEBUGCON] = {"-debugcon", config->debugcon, NULL},
                     }};
    if (config->debugport) {
        lines->line[LINE_DEBUGPORT].spec = config->debugport;
    }
    for (unsigned i = 0; i < SERIAL_MAX; i++) {
        const char *usual = i || serials->len || config->no_defaults ? NULL
                            : config->stdio_taken                    ? "null"
                                                                     : "stdio";
        const char *spec = i < serials->len ? serials->pdata[i] : usual;
        lines->line[LINE_SERIAL + i] = (Line){"-serial", spec, NULL};
    }
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        Line *line = &lines->line[i];
        line->spec = g_strcmp0(line->spec, "none") ? line->spec : NULL;
    }
    return true;
}

/* All chardevs are made before the first name of one is looked up: each line may name any other. */
static bool open_lines(Machine *machine, Lines *lines, GError **error)
{
    static const char *const LABELS[LINE_COUNT] = {"debugport0", "serial0", "serial1",
                                                   "serial2",    "serial3", "debugcon0"};
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < LINE_COUNT; i++) {
            Line *line = &lines->line[i];
            if (!line->spec || chardev_set_spec_names(line->spec) != (pass == 1)) {
                continue;
            }
            line->chardev =
                chardev_set_use(machine->chars, line->option, LABELS[i], line->spec, error);
            if (!line->chardev) {
                return false;
            }
        }
    }
    return true;
}

static bool add_on_line(Machine *machine, const char *class_name, const char *id,
                        const char *properties, const Line *line, GError **error)
{
    bool added = machine_add(machine, class_name, id, properties, error);
    if (!added && line->spec) {
        g_prefix_error(error, "%s %s: ", line->option, line->spec);
    }
    return added;
}

static bool add_serials(Machine *machine, const Lines *lines, GError **error)
{
    for (unsigned i = 0; i < SERIAL_MAX; i++) {
        const char *chardev = lines->line[LINE_SERIAL + i].chardev;
        g_autofree char *properties = g_strdup_printf(
            "iobase=0x%x,irq=%u,chardev=%s", SERIAL_PORTS[i].iobase, SERIAL_PORTS[i].irq, chardev);
        if (chardev && !add_on_line(machine, "isa-serial", SERIAL_PORTS[i].name, properties,
                                    &lines->line[LINE_SERIAL + i], error)) {
            return false;
        }
    }
    return true;
}

static bool add_with_char(Machine *machine, const char *class_name, const char *id,
                          const Line *line, GError **error)
{
    g_autofree char *properties =
        line->chardev ? g_strdup_printf("chardev=%s", line->chardev) : NULL;
    return add_on_line(machine, class_name, id, properties, line, error);
}

/* ---- drives ---- */

/* A place for drives that the board has. */
typedef struct Slots {
    unsigned count;
    const char *kind;        /* for messages */
    char *id[DRIVE_IDE_MAX]; /* of the drive in each; NULL: none */
    const BlockPort *port[DRIVE_IDE_MAX];
    bool cdrom[DRIVE_IDE_MAX];
} Slots;

typedef struct Drives {
    Slots ide, floppy;
} Drives;

static void clear_drives(Drives *drives)
{
    for (unsigned i = 0; i < DRIVE_IDE_MAX; i++) {
        g_free(drives->ide.id[i]);
        g_free(drives->floppy.id[i]);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Drives, clear_drives)

static Slots *slots_of(Drives *drives, const Drive *drive)
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

static bool find_slot(const Slots *slots, const Drive *drive, unsigned *slot, GError **error)
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

/* Empty for what is no hard disk. */
static char *disk_geometry(const Slots *slots, unsigned slot)
{
    if (!slots->port[slot] || slots->cdrom[slot]) {
        return g_strdup("");
    }
    uint64_t cylinders = pio_block_sectors(slots->port[slot]) / (DISK_HEADS * DISK_SECTORS);
    return g_strdup_printf("%u/%u/%u", (unsigned)CLAMP(cylinders, 1, DISK_CYLINDERS_MAX),
                           DISK_HEADS, DISK_SECTORS);
}

/* The drive that is made for the diskette, as the clock chip's properties name it. */
static const char *floppy_type(const Slots *slots, unsigned slot)
{
    static const char *const NAMES[FLOPPY_TYPES] = {"none", "360", "1200", "720", "1440", "2880"};
    const BlockPort *port = slots->port[slot];
    return NAMES[port ? floppy_media_find(pio_block_sectors(port))->type : FLOPPY_NONE];
}

/* The image lies at the beginning of a diskette that may have more sectors. */
static bool fit_diskette(const Drive *drive, BlockPort *port, GError **error)
{
    const FloppyMedia *media = floppy_media_holding(pio_block_sectors(port));
    if (!media) {
        return error_refuse(error,
                            "%s: %" G_GUINT64_FORMAT " bytes are too many for a diskette, which "
                            "has 2880 KiB or what a format of its own has (" FLOPPY_SIZES ")",
                            drive->name, block_port_file_size(port));
    }
    block_port_pad(port, media->sectors);
    return true;
}

/* The devices would refuse it too, but do not know by what option it came. */
static bool check_size(const Drive *drive, BlockPort *port, GError **error)
{
    if (drive->interface == DRIVE_FLOPPY) {
        return fit_diskette(drive, port, error);
    }
    return !drive->cdrom || pio_block_sectors(port) >= CDROM_SECTORS ||
           error_refuse(error, "%s: a CD-ROM has at least 2048 bytes", drive->name);
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

static bool open_drive(Machine *machine, Drives *drives, const Drive *drive, GError **error)
{
    unsigned slot = 0;
    Slots *slots = slots_of(drives, drive);
    if (slots && !find_slot(slots, drive, &slot, error)) {
        return false;
    }
    if (!slots && !drive->id) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "%s: if=none needs a name for -device (id=NAME)", drive->name);
        return false;
    }
    g_autofree char *id = drive_id(drive, slot);
    BlockPort *port = blockset_add(machine->blocks, id, drive, error);
    if (!port || !check_size(drive, port, error)) {
        return false;
    }
    if (slots) {
        slots->id[slot] = g_steal_pointer(&id);
        slots->port[slot] = port;
        slots->cdrom[slot] = drive->cdrom;
    }
    return true;
}

/* Those with an index first: the others take what is left. */
static bool open_drives(Machine *machine, const Config *config, Drives *drives, GError **error)
{
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

/* As QEMU names the drives of its ISA PC. */
static void add_boot_path(Machine *machine, const char *path)
{
    GString *order = machine->bootorder;
    g_string_append_printf(order, "%s%s", order->len ? "\n" : "", path);
}

static void add_floppy_paths(Machine *machine, const Slots *slots)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (slots->id[i]) {
            g_autofree char *path = g_strdup_printf("/isa/fdc@%04x/floppy@%u", FLOPPY_PORT, i);
            add_boot_path(machine, path);
        }
    }
}

static void add_ide_paths(Machine *machine, const Slots *slots, bool cdrom)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (slots->id[i] && slots->cdrom[i] == cdrom) {
            g_autofree char *path =
                g_strdup_printf("/isa/ide@%04x/drive@0/disk@%u", IDE_CHANNELS[i / 2].iobase, i % 2);
            add_boot_path(machine, path);
        }
    }
}

static void add_boot_paths(Machine *machine, const Drives *drives)
{
    for (const char *letter = machine->boot->order; *letter; letter++) {
        if (*letter == 'a') {
            add_floppy_paths(machine, &drives->floppy);
        } else if (*letter == 'c' || *letter == 'd') {
            add_ide_paths(machine, &drives->ide, *letter == 'd');
        }
    }
}

/*
 * The channels are there with and without drives.  A kernel that no firmware
 * starts finds CD-ROM drives as one would have left them.
 */
static bool add_ide(Machine *machine, const Slots *slots, GError **error)
{
    const bool from_kernel = machine->started_by != MACHINE_COLD;
    for (size_t i = 0; i < G_N_ELEMENTS(IDE_CHANNELS); i++) {
        const char *drive0 = slots->id[2 * i], *drive1 = slots->id[2 * i + 1];
        g_autofree char *properties =
            g_strdup_printf("iobase=0x%x,control-port=0x%x,irq=%u,drive0=%s,drive1=%s,"
                            "power-on-attention=%s",
                            IDE_CHANNELS[i].iobase, IDE_CHANNELS[i].control, IDE_CHANNELS[i].irq,
                            drive0 ? drive0 : "", drive1 ? drive1 : "", from_kernel ? "off" : "on");
        if (!machine_add(machine, "isa-ide", IDE_CHANNELS[i].id, properties, error)) {
            return false;
        }
    }
    return true;
}

static bool add_floppy(Machine *machine, const Slots *slots, GError **error)
{
    g_autofree char *properties =
        g_strdup_printf("iobase=0x%x,drive0=%s,drive1=%s", FLOPPY_PORT,
                        slots->id[0] ? slots->id[0] : "", slots->id[1] ? slots->id[1] : "");
    machine->dma = machine_add(machine, "isa-dma", "DMA", NULL, error);
    return machine->dma && machine_add(machine, "isa-fdc", "FDC", properties, error);
}

/* ---- the board ---- */

/* The CMOS bytes that only a firmware reads. */
static char *firmware_bytes(const Machine *machine)
{
    const BootOrder *boot = machine->boot;
    return g_strdup_printf(",boot-order=%s,boot-once=%s,cpus=%u", boot->order, boot->once,
                           machine->config->cpus);
}

/* The base is a local or universal date; the clock follows the host or the machine. */
static bool add_rtc(Machine *machine, const Config *config, const Drives *drives, GError **error)
{
    RtcOptions rtc;
    if (!rtc_options_parse(config->rtc, &rtc, error)) {
        return false;
    }
    g_autofree char *disk0 = disk_geometry(&drives->ide, 0);
    g_autofree char *disk1 = disk_geometry(&drives->ide, 1);
    g_autofree char *more = firmware_bytes(machine);
    g_autofree char *properties =
        g_strdup_printf("base=%" G_GINT64_FORMAT ",ram-size=%" G_GUINT64_FORMAT
                        ",disk0=%s,disk1=%s,floppy0=%s,floppy1=%s%s",
                        rtc.base, memory_ram_size(machine->host.memory), disk0, disk1,
                        floppy_type(&drives->floppy, 0), floppy_type(&drives->floppy, 1), more);
    const MachineWire wires[] = {{"nmi-mask", machine->nmi_mask}, {0}};
    return machine_add_wired(machine, rtc.follows_host ? &machine->host_timed : &machine->host,
                             "mc146818rtc", "RTC", properties, wires, error);
}

/* The line passes if one of the gates is open. */
static bool add_a20_gate(Machine *machine, const char *class_name, const char *id,
                         const char *properties, GError **error)
{
    const MachineWire wires[] = {{"a20", irq_router_line(machine->a20, 0)}, {0}};
    return machine_add_wired(machine, &machine->host, class_name, id, properties, wires, error);
}

static bool add_lapic(Machine *machine, unsigned cpu, GError **error)
{
    const MachineWire wires[] = {
        {"intr", machine_intr(machine, cpu)}, {"nmi", machine_nmi_pin(machine, cpu)}, {0}};
    g_autofree char *id = cpu ? g_strdup_printf("LAPIC%u", cpu) : g_strdup("LAPIC");
    g_autofree char *properties = g_strdup_printf("cpu=%u", cpu);
    Device *lapic =
        machine_add_wired(machine, &machine->host, "lapic", id, properties, wires, error);
    if (lapic) {
        g_ptr_array_add(machine->lapics, lapic);
    }
    return lapic != NULL;
}

/* The local APICs may be elsewhere, the I/O APIC is with the PIC. */
static bool add_apics(Machine *machine, const Config *config, GError **error)
{
    for (unsigned cpu = 0; machine->cpu.has_apics && cpu < config->cpus; cpu++) {
        if (!add_lapic(machine, cpu, error)) {
            return false;
        }
    }
    machine->ioapic = machine_add(machine, "ioapic", "IOAPIC", NULL, error);
    return machine->ioapic != NULL;
}

/* What a BIOS did before the first instruction that is not its own. */
static const char *bios_did(bool it)
{
    return it ? "after-bios=on" : NULL;
}

/* Where there are local APICs the PIC goes through LINT0 of the first. */
static bool add_controllers(Machine *machine, const Config *config, GError **error)
{
    bool wanted = machine->cpu.has_apics || machine->cpu.message;
    if (wanted && !add_apics(machine, config, error)) {
        return false;
    }
    IrqLine *output = machine->cpu.has_apics ? machine_pin(machine, machine->lapics->pdata[0], 0)
                                             : machine_intr(machine, 0);
    const MachineWire wires[] = {{"intr", output}, {0}};
    machine->pic =
        machine_add_wired(machine, &machine->host, "isa-pic", "PIC",
                          bios_did(machine->started_by == MACHINE_AFTER_BIOS), wires, error);
    return machine->pic != NULL;
}

static bool add_acpi(Machine *machine, GError **error)
{
    g_autofree char *properties = g_strdup_printf("iobase=0x%x,irq=%u", ACPI_PORT, ACPI_IRQ);
    return machine_add(machine, "acpi-pm", "ACPI", properties, error);
}

static bool has_device(const Config *config, const char *class_name)
{
    for (guint i = 0; i < config->devices->len; i++) {
        g_auto(GStrv) words = g_strsplit(config->devices->pdata[i], ",", 2);
        if (!g_strcmp0(words[0], class_name)) {
            return true;
        }
    }
    return false;
}

/* Kernels look for it as a firmware does.  One of -device takes its place. */
static bool add_fw_cfg(Machine *machine, const Config *config, const Drives *drives, GError **error)
{
    add_boot_paths(machine, drives);
    return has_device(config, "fw_cfg") || machine_add(machine, "fw_cfg", "fw_cfg", NULL, error);
}

/* By which our own BIOS says that nothing booted; beside fw_cfg, where nobody looks for devices. */
static bool add_bios_exit(Machine *machine, GError **error)
{
    return !machine->own_bios || machine_add(machine, "exit-port", "BIOS-exit",
                                             "iobase=" G_STRINGIFY(BIOS_EXIT_PORT), error);
}

/* The first devices on the board are the first to be reset. */
static bool pc_build(Machine *machine, const Config *config, GError **error)
{
    g_auto(Lines) lines = {0};
    g_auto(Drives) drives = {
        .ide = {.count = DRIVE_IDE_MAX, .kind = "four IDE drives"},
        .floppy = {.count = DRIVE_FLOPPY_MAX, .kind = "two floppy drives"},
    };
    bool in_kernel = machine->cpu.set_irq != NULL;
    bool after_bios = machine->started_by != MACHINE_COLD;
    return open_drives(machine, config, &drives, error) && plan_lines(&lines, config, error) &&
           open_lines(machine, &lines, error) &&
           (in_kernel || add_controllers(machine, config, error)) &&
           machine_add(machine, "isa-pit", "PIT", bios_did(after_bios), error) &&
           add_rtc(machine, config, &drives, error) && add_acpi(machine, error) &&
           add_with_char(machine, "debug-port", "debug-port", &lines.line[LINE_DEBUGPORT], error) &&
           add_a20_gate(machine, "i8042", "KBC", bios_did(after_bios), error) &&
           add_a20_gate(machine, "port92", "port92", NULL, error) &&
           machine_add(machine, "reset-control", "RCR", "iobase=" G_STRINGIFY(RESET_PORT), error) &&
           machine_add(machine, "post-port", "POST", NULL, error) &&
           machine_add(machine, "crtc", "CRTC", NULL, error) &&
           add_ide(machine, &drives.ide, error) && add_floppy(machine, &drives.floppy, error) &&
           add_serials(machine, &lines, error) &&
           (!config->debugcon || add_with_char(machine, "isa-debugcon", "debugcon",
                                               &lines.line[LINE_DEBUGCON], error)) &&
           add_fw_cfg(machine, config, &drives, error) && add_bios_exit(machine, error);
}

const MachineClass machine_pc_class = {
    .name = "pc",
    .alias = "isapc", /* QEMU's name for such a board */
    .description = "ISA PC (default)",
    .acpi_port = ACPI_PORT,
    .acpi_irq = ACPI_IRQ,
    .reset_port = RESET_PORT,
    .build = pc_build,
};
