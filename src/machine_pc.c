/*
 * The pc machine: an ISA PC.
 */
#include "src/machine.h"

#include "src/error.h"
#include "src/rtc_date.h"

#include <string.h>

#define SERIAL_MAX 4u
#define ACPI_PORT  0x600u
#define ACPI_IRQ   9u

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

static bool add_serial(Machine *machine, unsigned index, const char *spec, GError **error)
{
    if (!strcmp(spec, "none")) {
        return true;
    }
    g_autofree char *label = g_strdup_printf("serial%u", index);
    g_autofree char *chardev = charset_use(machine->chars, "-serial", label, spec, error);
    if (!chardev) {
        return false;
    }
    g_autofree char *properties =
        g_strdup_printf("iobase=0x%x,irq=%u,chardev=%s", SERIAL_PORTS[index].iobase,
                        SERIAL_PORTS[index].irq, chardev);
    return machine_add(machine, "isa-serial", SERIAL_PORTS[index].name, properties, error);
}

/* COM1 is on the terminal unless something else was said. */
static bool add_serials(Machine *machine, const Config *config, GError **error)
{
    if (config->serials->len > SERIAL_MAX) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "-serial %s: the machine has only COM1 to COM4",
                    (char *)config->serials->pdata[SERIAL_MAX]);
        return false;
    }
    if (!config->serials->len && !config->no_defaults) {
        return add_serial(machine, 0, "stdio", error);
    }
    for (guint i = 0; i < config->serials->len; i++) {
        if (!add_serial(machine, i, config->serials->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

static bool add_with_char(Machine *machine, const char *option, const char *class_name,
                          const char *id, const char *label, const char *spec, GError **error)
{
    if (!spec || !strcmp(spec, "none")) {
        return machine_add(machine, class_name, id, NULL, error);
    }
    g_autofree char *chardev = charset_use(machine->chars, option, label, spec, error);
    g_autofree char *properties = g_strdup_printf("chardev=%s", chardev);
    return chardev && machine_add(machine, class_name, id, properties, error);
}

static bool add_debug_port(Machine *machine, const Config *config, GError **error)
{
    const char *spec = config->debugport     ? config->debugport
                       : config->no_defaults ? NULL
                                             : "stdout";
    return add_with_char(machine, "-debugport", "debug-port", "debug-port", "debugport0", spec,
                         error);
}

/* The base is a local or universal date; the clock follows the host or the machine. */
static bool add_rtc(Machine *machine, const Config *config, GError **error)
{
    RtcOptions rtc;
    if (!rtc_options_parse(config->rtc, &rtc, error)) {
        return false;
    }
    g_autofree char *properties =
        g_strdup_printf("base=%" G_GINT64_FORMAT ",ram-size=%" G_GUINT64_FORMAT, rtc.base,
                        memory_ram_size(machine->host.memory));
    const MachineWire wires[] = {{"nmi-mask", machine->nmi_mask}, {0}};
    return machine_add_wired(machine, rtc.follows_host ? &machine->host_timed : &machine->host,
                             "mc146818rtc", "RTC", properties, wires, error);
}

/* The line passes if one of the gates is open. */
static bool add_a20_gate(Machine *machine, const char *class_name, const char *id, GError **error)
{
    const MachineWire wires[] = {{"a20", irq_router_line(machine->a20, 0)}, {0}};
    return machine_add_wired(machine, &machine->host, class_name, id, NULL, wires, error);
}

/* The PIC goes through LINT0 of the local APIC where there is one. */
static bool add_controllers(Machine *machine, GError **error)
{
    IrqLine *pic_output = machine->intr;
    if (machine->cpu.has_apics) {
        const MachineWire lapic_wires[] = {{"intr", machine->intr}, {"nmi", machine->nmi}, {0}};
        machine->lapic =
            machine_add_wired(machine, &machine->host, "lapic", "LAPIC", NULL, lapic_wires, error);
        machine->ioapic =
            machine->lapic ? machine_add(machine, "ioapic", "IOAPIC", NULL, error) : NULL;
        if (!machine->ioapic) {
            return false;
        }
        pic_output = machine_pin(machine, machine->lapic, 0);
    }
    const MachineWire pic_wires[] = {{"intr", pic_output}, {0}};
    machine->controller =
        machine_add_wired(machine, &machine->host, "isa-pic", "PIC", NULL, pic_wires, error);
    return machine->controller != NULL;
}

static bool add_acpi(Machine *machine, GError **error)
{
    g_autofree char *properties = g_strdup_printf("iobase=0x%x,irq=%u", ACPI_PORT, ACPI_IRQ);
    return machine_add(machine, "acpi-pm", "ACPI", properties, error);
}

/* The first devices on the board are the first to be reset. */
static bool pc_build(Machine *machine, const Config *config, GError **error)
{
    bool in_kernel = machine->cpu.set_irq != NULL;
    return (in_kernel || add_controllers(machine, error)) &&
           machine_add(machine, "isa-pit", "PIT", NULL, error) && add_rtc(machine, config, error) &&
           add_acpi(machine, error) && add_debug_port(machine, config, error) &&
           add_a20_gate(machine, "i8042", "KBC", error) &&
           add_a20_gate(machine, "port92", "port92", error) &&
           machine_add(machine, "reset-control", "RCR", NULL, error) &&
           machine_add(machine, "post-port", "POST", NULL, error) &&
           add_serials(machine, config, error) &&
           (!config->debugcon || add_with_char(machine, "-debugcon", "isa-debugcon", "debugcon",
                                               "debugcon0", config->debugcon, error));
}

const MachineClass machine_pc_class = {
    .name = "pc",
    .description = "ISA PC (default)",
    .acpi_port = ACPI_PORT,
    .acpi_irq = ACPI_IRQ,
    .build = pc_build,
};
