/*
 * The pc machine: the wiring of an ISA PC.
 */
#include "src/machine/pc.h"

#include "src/base/error.h"
#include "src/base/number.h"
#include "src/machine/pc_board.h"
#include "src/machine/rtc_date.h"

#include <string.h>

static const struct {
    const char *id;
    uint16_t iobase, control;
    uint8_t irq;
} IDE_CHANNELS[] = {
    {"IDE0", PORT_ATA0, PORT_ATA0_CTL, IRQ_ATA0},
    {"IDE1", PORT_ATA1, PORT_ATA1_CTL, IRQ_ATA1},
};

static const struct {
    const char *name;
    uint16_t iobase;
    uint8_t irq;
} SERIAL_PORTS[PC_SERIAL_MAX] = {
    {"COM1", PORT_COM1, IRQ_COM1},
    {"COM2", PORT_COM2, IRQ_COM2},
    {"COM3", PORT_COM3, IRQ_COM1},
    {"COM4", PORT_COM4, IRQ_COM2},
};

/* ---- character lines ---- */

static bool add_on_line(Machine *machine, const char *class_name, const char *id,
                        const char *properties, const PcLine *line, GError **error)
{
    bool added = machine_add(machine, class_name, id, properties, error);
    if (!added && line->spec) {
        g_prefix_error(error, "%s %s: ", line->option, line->spec);
    }
    return added;
}

static bool add_serials(Machine *machine, const PcLines *lines, GError **error)
{
    for (unsigned i = 0; i < PC_SERIAL_MAX; i++) {
        const char *chardev = lines->line[LINE_SERIAL + i].chardev;
        g_autofree char *properties = g_strdup_printf(
            "iobase=0x%x,irq=%u,chardev=%s", SERIAL_PORTS[i].iobase, SERIAL_PORTS[i].irq, chardev);
        machine->serial_ports |= chardev ? 1u << i : 0;
        if (chardev && !add_on_line(machine, "isa-serial", SERIAL_PORTS[i].name, properties,
                                    &lines->line[LINE_SERIAL + i], error)) {
            return false;
        }
    }
    return true;
}

static bool add_with_char(Machine *machine, const char *class_name, const char *id,
                          const PcLine *line, GError **error)
{
    g_autofree char *properties =
        line->chardev ? g_strdup_printf("chardev=%s", line->chardev) : NULL;
    return add_on_line(machine, class_name, id, properties, line, error);
}

/* ---- drives ---- */

/*
 * The channels of a board without PCI, which exist with and without drives.  If a
 * kernel is started without firmware, its CD-ROM drives are in the state in which
 * firmware leaves them.
 */
static bool add_ide(Machine *machine, const PcSlots *slots, GError **error)
{
    const bool from_kernel = machine->started_by != MACHINE_COLD;
    for (size_t i = 0; !machine->host.pci && i < G_N_ELEMENTS(IDE_CHANNELS); i++) {
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

static bool add_floppy(Machine *machine, const PcSlots *slots, GError **error)
{
    g_autofree char *properties = g_strdup_printf(
        "drive0=%s,drive1=%s", slots->id[0] ? slots->id[0] : "", slots->id[1] ? slots->id[1] : "");
    machine->dma = machine_add(machine, "isa-dma", "DMA", NULL, error);
    return machine->dma && machine_add(machine, "isa-fdc", "FDC", properties, error);
}

/* ---- the board ---- */

/* Returns the CMOS bytes that only firmware reads. */
static char *firmware_bytes(const Machine *machine)
{
    const BootOrder *boot = machine->boot;
    return g_strdup_printf(",boot-order=%s,boot-once=%s,cpus=%u", boot->order, boot->once,
                           machine->config->cpus);
}

/* The base is a date in local time or UTC, and the clock follows the host or the machine. */
static bool add_rtc(Machine *machine, const Config *config, const PcDrives *drives, GError **error)
{
    RtcOptions rtc;
    if (!rtc_options_parse(config->rtc, &rtc, error)) {
        return false;
    }
    g_autofree char *disk0 = pc_disk_geometry(&drives->ide, 0);
    g_autofree char *disk1 = pc_disk_geometry(&drives->ide, 1);
    g_autofree char *more = firmware_bytes(machine);
    g_autofree char *properties = g_strdup_printf(
        "base=%" G_GINT64_FORMAT ",ram-size=%" G_GUINT64_FORMAT
        ",disk0=%s,disk1=%s,floppy0=%s,floppy1=%s%s",
        rtc.base, memory_ram_size(machine->host.memory), disk0, disk1,
        pc_floppy_type(&drives->floppy, 0), pc_floppy_type(&drives->floppy, 1), more);
    const MachineWire wires[] = {{"nmi-mask", machine->nmi_mask}, MACHINE_WIRE_END};
    return machine_add_wired(machine, rtc.follows_host ? &machine->host_timed : &machine->host,
                             "mc146818rtc", "RTC", properties, wires, error);
}

/* There are two A20 gates.  The address line passes if one of them is open. */
static bool add_a20_gate(Machine *machine, const char *class_name, const char *id,
                         const char *properties, GError **error)
{
    const MachineWire wires[] = {{"a20", irq_router_line(machine->a20, 0)}, MACHINE_WIRE_END};
    return machine_add_wired(machine, &machine->host, class_name, id, properties, wires, error);
}

static bool add_lapic(Machine *machine, unsigned cpu, GError **error)
{
    const MachineWire wires[] = {{"intr", machine_intr(machine, cpu)},
                                 {"nmi", machine_nmi_pin(machine, cpu)},
                                 MACHINE_WIRE_END};
    g_autofree char *id = cpu ? g_strdup_printf("LAPIC%u", cpu) : g_strdup("LAPIC");
    const BootBoard board = machine_board(machine);
    g_autofree char *properties =
        g_strdup_printf("cpu=%u,apic-id=%u", cpu, cpu_topology_apic_id(&board.topology, cpu));
    Device *lapic =
        machine_add_wired(machine, &machine->host, "lapic", id, properties, wires, error);
    if (lapic) {
        g_ptr_array_add(machine->lapics, lapic);
    }
    return lapic != NULL;
}

/* The local APICs may be in the kernel.  The I/O APIC is modelled where the PIC is. */
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

/*
 * Returns the property for a chip that a BIOS has already set up when the
 * first instruction runs.
 */
static const char *bios_did(bool it)
{
    return it ? "after-bios=on" : NULL;
}

/* A kernel without a firmware before it also finds the PCI interrupts set up as levels. */
static char *pic_properties(const Machine *machine)
{
    const unsigned levels = 1u << IRQ_PIRQA | 1u << IRQ_PIRQB | 1u << IRQ_PIRQC | 1u << IRQ_PIRQD;
    const bool set_up = machine->host.pci && machine->started_by != MACHINE_COLD;
    return g_strdup_printf("after-bios=%s,levels=%u",
                           machine->started_by == MACHINE_AFTER_BIOS ? "on" : "off",
                           set_up ? levels : 0);
}

/* Where there are local APICs the PIC goes through LINT0 of the first. */
static bool add_controllers(Machine *machine, const Config *config, GError **error)
{
    bool wanted = machine->cpu.has_apics || machine->cpu.has_local_apics;
    if (wanted && !add_apics(machine, config, error)) {
        return false;
    }
    IrqLine *output = machine->cpu.has_apics ? machine_pin(machine, machine->lapics->pdata[0], 0)
                                             : machine_intr(machine, 0);
    const MachineWire wires[] = {{"intr", output}, MACHINE_WIRE_END};
    g_autofree char *properties = pic_properties(machine);
    machine->pic =
        machine_add_wired(machine, &machine->host, "isa-pic", "PIC", properties, wires, error);
    return machine->pic != NULL;
}

/* Without ACPI, only the power-off ports for older guests remain. */
static bool add_acpi(Machine *machine, const Config *config, GError **error)
{
    return machine_add(machine, "acpi-pm", "ACPI", config->no_acpi ? "iobase=0" : NULL, error);
}

bool pc_has_user_device(const Config *config, const char *class_name)
{
    for (guint i = 0; i < config->devices->len; i++) {
        g_auto(GStrv) words = g_strsplit(config->devices->pdata[i], ",", 2);
        if (!g_strcmp0(words[0], class_name)) {
            return true;
        }
    }
    return false;
}

/* Kernels look for fw_cfg, and firmware does, too.  A fw_cfg of -device takes its place. */
static bool add_fw_cfg(Machine *machine, const Config *config, const PcDrives *drives,
                       GError **error)
{
    return pc_drives_add_boot_paths(machine, drives, error) &&
           (pc_has_user_device(config, "fw_cfg") ||
            machine_add(machine, "fw_cfg", "fw_cfg", NULL, error));
}

/*
 * Our own BIOS writes to this port when it finds nothing to boot.  The port is
 * next to those of fw_cfg, where guests probe for no devices.
 */
static bool add_bios_exit(Machine *machine, GError **error)
{
    return !machine->own_bios || machine_add(machine, "exit-port", "BIOS-exit",
                                             "iobase=" G_STRINGIFY(PORT_BIOS_EXIT), error);
}

/* Devices are reset in the order in which they are added to the board. */
static bool pc_build(Machine *machine, const Config *config, GError **error)
{
    g_auto(PcLines) lines = {0};
    g_auto(PcDrives) drives = {0};
    bool in_kernel = machine->cpu.has_controllers;
    bool after_bios = machine->started_by != MACHINE_COLD;
    return pc_drives_open(&drives, machine, config, error) &&
           pc_lines_open(&lines, machine, config, error) &&
           (in_kernel || add_controllers(machine, config, error)) &&
           machine_add(machine, "isa-pit", "PIT", bios_did(after_bios), error) &&
           add_rtc(machine, config, &drives, error) && add_acpi(machine, config, error) &&
           add_with_char(machine, "debug-port", "debug-port", &lines.line[LINE_DEBUGPORT], error) &&
           add_a20_gate(machine, "i8042", "KBC", bios_did(after_bios), error) &&
           add_a20_gate(machine, "port92", "port92", NULL, error) &&
           machine_add(machine, "reset-control", "RCR", NULL, error) &&
           machine_add(machine, "post-port", "POST", NULL, error) &&
           add_ide(machine, &drives.ide, error) && add_floppy(machine, &drives.floppy, error) &&
           add_serials(machine, &lines, error) &&
           (!config->debugcon || add_with_char(machine, "isa-debugcon", "debugcon",
                                               &lines.line[LINE_DEBUGCON], error)) &&
           add_fw_cfg(machine, config, &drives, error) && add_bios_exit(machine, error) &&
           pc_add_pci(machine, &drives.ide, error) && pc_add_vga(machine, config, error);
}

/* Chooses the place of a -device isa-serial: index=N, or the first free one, as in QEMU. */
static bool fit_serial(Machine *machine, GHashTable *properties, GError **error)
{
    const char *index = g_hash_table_lookup(properties, "index");
    uint64_t place = 0;
    if (index && !number_parse("isa-serial: index", index, PC_SERIAL_MAX - 1, &place, error)) {
        return false;
    }
    while (!index && place < PC_SERIAL_MAX && machine->serial_ports >> place & 1) {
        place++;
    }
    if (place == PC_SERIAL_MAX) {
        return error_refuse(error, "-device isa-serial: COM1 to COM4 are taken (iobase=N,irq=N is "
                                   "another place)");
    }
    machine->serial_ports |= 1u << place;
    if (!g_hash_table_contains(properties, "irq")) {
        g_hash_table_insert(properties, g_strdup("irq"),
                            g_strdup_printf("%u", SERIAL_PORTS[place].irq));
    }
    g_hash_table_insert(properties, g_strdup("iobase"),
                        g_strdup_printf("%u", SERIAL_PORTS[place].iobase));
    return g_hash_table_remove(properties, "index") || !index;
}

static bool pc_fit_device(Machine *machine, const char *driver, GHashTable *properties,
                          GError **error)
{
    bool placed = g_hash_table_contains(properties, "iobase");
    pc_fit_vga(machine, driver, properties);
    return strcmp(driver, "isa-serial") != 0 || placed || fit_serial(machine, properties, error);
}

#define PC_TABLES                                                                                  \
    {                                                                                              \
        .lapic_base = LAPIC_BASE, .ioapic_base = IOAPIC_BASE, .acpi_port = PORT_ACPI_PM,           \
        .acpi_irq = IRQ_ACPI, .reset_port = PORT_RESET,                                            \
        .pirq_irq = {IRQ_PIRQA, IRQ_PIRQB, IRQ_PIRQC, IRQ_PIRQD},                                  \
    }

const MachineClass machine_pc_class = {
    .name = "pc",
    .description = "PC with an ISA bus and a PCI bus (default)",
    .has_pci = true,
    .assign_pci = pc_assign_pci,
    .tables = PC_TABLES,
    .timer_pin = IOAPIC_PIN_PIT,
    .console_port = PORT_COM1,
    .defaults = PC_DEFAULTS,
    .fit_device = pc_fit_device,
    .build = pc_build,
};

const MachineClass machine_isapc_class = {
    .name = "isapc",
    .description = "PC with an ISA bus alone",
    .tables = PC_TABLES,
    .timer_pin = IOAPIC_PIN_PIT,
    .console_port = PORT_COM1,
    .defaults = PC_DEFAULTS,
    .fit_device = pc_fit_device,
    .build = pc_build,
};
