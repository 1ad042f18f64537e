#include "src/machine/machine.h"

#include "devices/intc/ioapic_regs.h"
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/device/device_module.h"
#include "src/device/device_services.h"
#include "src/device/dma.h"
#include "src/device/pci.h"
#include "src/machine/pc.h"

#include <string.h>

/* The end of the address of the first network card that is given none. */
#define NET_ADDRESS_FIRST 0x3456u

/* ---- what the board provides to devices ---- */

static const char *board_default(void *opaque, const DeviceClass *class, const char *property)
{
    const Machine *machine = opaque;
    return machine_default(machine->class, class, property);
}

static IrqLine *isa_irq_line(void *opaque, unsigned irq)
{
    Machine *machine = opaque;
    return irq_router_line(machine->irqs, irq);
}

static CharPort *connect_char(void *opaque, Device *dev, const char *id, GError **error)
{
    Machine *machine = opaque;
    return chardev_set_connect(machine->chars, dev, id, error);
}

static BlockPort *connect_drive(void *opaque, Device *dev, const char *id, GError **error)
{
    Machine *machine = opaque;
    return blockset_connect(machine->blocks, dev, id, error);
}

static NetPort *connect_net(void *opaque, Device *dev, const char *id, GError **error)
{
    Machine *machine = opaque;
    return net_set_connect(machine->nets, dev, id, error);
}

static DmaLine *connect_dma(void *opaque, unsigned channel)
{
    Machine *machine = opaque;
    DmaLine *line = machine->dma ? dma_line_new(machine->dma, channel) : NULL;
    if (line) {
        g_ptr_array_add(machine->dma_lines, line);
    }
    return line;
}

static const DataTable *find_data(void *opaque, const char *id, GError **error)
{
    if (strcmp(id, "fw_cfg") != 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: no such data (there is fw_cfg)",
                    id);
        return NULL;
    }
    return machine_fw_items(opaque, error);
}

static void forward_request(void *opaque, const DeviceRequest *request)
{
    Machine *machine = opaque;
    if (machine->cpu.request) {
        machine->cpu.request(machine->cpu.opaque, request);
    }
}

static void forward_guest_error(void *opaque, const Device *dev, const char *message)
{
    Machine *machine = opaque;
    if (machine->cpu.guest_error) {
        machine->cpu.guest_error(machine->cpu.opaque, dev, message);
    }
}

/* Passes the new level of an ISA IRQ to the kernel's interrupt controllers or to ours. */
static void isa_irq_changed(void *opaque, unsigned irq, bool level)
{
    Machine *machine = opaque;
    if (machine->cpu.has_controllers) {
        if (machine->cpu.set_irq) {
            machine->cpu.set_irq(machine->cpu.opaque, irq, level);
        }
        return;
    }
    if (machine->pic) {
        device_set_input(machine->pic, irq, level);
    }
    if (machine->ioapic) {
        device_set_input(machine->ioapic, irq == 0 ? machine->class->timer_pin : irq, level);
    }
}

static bool isa_irq_pending(void *opaque, unsigned irq)
{
    Machine *machine = opaque;
    if (machine->cpu.irq_pending) {
        return machine->cpu.irq_pending(machine->cpu.opaque, irq);
    }
    return machine->pic && device_input_pending(machine->pic, irq);
}

static void intr_changed(void *opaque, unsigned cpu, bool level)
{
    Machine *machine = opaque;
    if (machine->cpu.set_intr) {
        machine->cpu.set_intr(machine->cpu.opaque, cpu, level);
    }
    if (machine->intr_observer) {
        machine->intr_observer(machine->intr_opaque, cpu, level);
    }
}

void machine_set_intr_observer(Machine *machine, IrqSink *observer, void *opaque)
{
    machine->intr_observer = observer;
    machine->intr_opaque = opaque;
}

/* The NMI output of a local APIC. The NMI gate of the board does not apply to it. */
static void nmi_changed(void *opaque, unsigned cpu, bool level)
{
    Machine *machine = opaque;
    if (level && machine->cpu.nmi) {
        machine->cpu.nmi(machine->cpu.opaque, cpu);
    }
}

/* Does nothing: machine_nmi() reads the level of the gate when it needs it. */
static void nmi_mask_changed(void *opaque, unsigned irq, bool level)
{
    (void)opaque;
    (void)irq;
    (void)level;
}

void machine_nmi(Machine *machine)
{
    if (machine->cpu.nmi && !irq_line_level(machine->nmi_mask)) {
        machine->cpu.nmi(machine->cpu.opaque, 0);
    }
}

static void pin_changed(void *opaque, unsigned pin, bool level)
{
    device_set_input(opaque, pin, level);
}

static IrqLine *new_pin(Machine *machine, IrqSink *sink, void *opaque, unsigned number)
{
    IrqLine *line = irq_line_new(sink, opaque, number);
    g_ptr_array_add(machine->pins, line);
    return line;
}

IrqLine *machine_pin(Machine *machine, Device *dev, unsigned pin)
{
    return new_pin(machine, pin_changed, dev, pin);
}

IrqLine *machine_intr(Machine *machine, unsigned cpu)
{
    return new_pin(machine, intr_changed, machine, cpu);
}

IrqLine *machine_nmi_pin(Machine *machine, unsigned cpu)
{
    return new_pin(machine, nmi_changed, machine, cpu);
}

static void pirq_changed(void *opaque, unsigned pirq, bool level)
{
    Machine *machine = opaque;
    if (machine->isa_bridge) {
        device_set_input(machine->isa_bridge, pirq, level);
    }
}

static void a20_changed(void *opaque, unsigned line, bool level)
{
    (void)line;
    Machine *machine = opaque;
    if (machine->cpu.set_a20) {
        machine->cpu.set_a20(machine->cpu.opaque, level);
    }
}

/* Vector 0 from a local APIC means that the PIC has the vector (ExtINT). */
uint8_t machine_acknowledge(Machine *machine, unsigned cpu)
{
    uint8_t vector =
        cpu < machine->lapics->len ? device_acknowledge(machine->lapics->pdata[cpu]) : 0;
    return vector ? vector : device_acknowledge(machine->pic);
}

/* Writes to the EOI register of the I/O APIC, as a local APIC does on the bus. */
void machine_end_of_interrupt(Machine *machine, BusInitiator *by, uint8_t vector)
{
    uint8_t data[4] = {vector};
    bus_memory_access(machine->host.bus, by, machine->class->tables.ioapic_base + IOAPIC_EOI, true,
                      sizeof(data), data);
}

static void forward_message(void *opaque, uint64_t address, uint32_t data)
{
    Machine *machine = opaque;
    if (machine->cpu.message) {
        machine->cpu.message(machine->cpu.opaque, address, data);
    }
}

static void forward_shadow(void *opaque, uint32_t address, uint32_t size, ShadowMode mode)
{
    pc_shadow(opaque, address, size, mode);
}

/* ---- the board ---- */

static const BootOrder DEFAULT_ORDER = {
    .order = BOOT_ORDER_DEFAULT, .splash_ms = BOOT_SPLASH_DEFAULT, .fail_wait_ms = BOOT_WAIT_NEVER};

Machine *machine_new(const MachineClass *class, const Config *config, const MachineParts *parts,
                     const MachineCpu *cpu)
{
    Machine *machine = g_new0(Machine, 1);
    machine->class = class;
    machine->config = config;
    machine->chars = parts->chars;
    machine->blocks = parts->blocks;
    machine->nets = parts->nets;
    machine->boot = parts->boot ? parts->boot : &DEFAULT_ORDER;
    machine->started_by = parts->started_by;
    machine->kernel = parts->kernel;
    machine->own_bios = parts->own_bios;
    machine->cpu = *cpu;
    machine->host = (DeviceHost){
        .bus = parts->bus,
        .clock = parts->clock,
        .memory = parts->memory,
        .opaque = machine,
        .irq_line = isa_irq_line,
        .char_port = connect_char,
        .block_port = connect_drive,
        .net_port = parts->nets ? connect_net : NULL,
        .dma_line = connect_dma,
        .data_table = find_data,
        .request = forward_request,
        .message = cpu->has_controllers || cpu->has_local_apics ? forward_message : NULL,
        .guest_error = forward_guest_error,
        .board_default = board_default,
        .services = parts->services,
        .shadow = class->has_pci ? forward_shadow : NULL,
    };
    machine->host.pci = class->has_pci ? pci_bus_new(parts->bus, parts->memory) : NULL;
    machine->host_timed = machine->host;
    machine->host_timed.clock = parts->host_clock;
    machine->irqs = irq_router_new(isa_irq_changed, machine);
    irq_router_set_pending(machine->irqs, isa_irq_pending);
    machine->nmi_mask = irq_line_new(nmi_mask_changed, machine, 0);
    machine->pins = g_ptr_array_new_with_free_func((GDestroyNotify)irq_line_free);
    machine->lapics = g_ptr_array_new();
    machine->dma_lines = g_ptr_array_new_with_free_func((GDestroyNotify)dma_line_free);
    machine->a20 = irq_router_new(a20_changed, machine);
    machine->pirqs = irq_router_new(pirq_changed, machine);
    machine->devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
    machine->bootorder = g_string_new(NULL);
    machine->boot_paths = machine_boot_paths_new();
    return machine;
}

void machine_free(Machine *machine)
{
    g_ptr_array_unref(machine->devices);
    irq_router_free(machine->irqs);
    irq_router_free(machine->a20);
    irq_router_free(machine->pirqs);
    g_clear_pointer(&machine->host.pci, pci_bus_free);
    irq_line_free(machine->nmi_mask);
    g_ptr_array_unref(machine->pins);
    g_ptr_array_unref(machine->dma_lines);
    g_ptr_array_unref(machine->lapics);
    g_clear_pointer(&machine->items, fw_items_free);
    g_string_free(machine->bootorder, true);
    g_ptr_array_unref(machine->boot_paths);
    g_free(machine);
}

void machine_reset(Machine *machine)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        device_reset(machine->devices->pdata[i]);
    }
    if (machine->class->assign_pci && (machine->own_bios || machine->started_by != MACHINE_COLD)) {
        machine->class->assign_pci(machine);
    }
}

/*
 * The timer is wired to another pin of our I/O APIC than its IRQ number says.
 * In KVM's it is wired to the pin of that number.
 */
BootBoard machine_board(const Machine *machine)
{
    bool in_kernel = machine->cpu.has_controllers;
    BootBoard board = machine->class->tables;
    board.topology = machine->config->topology;
    if (!board.topology.cpus) {
        board.topology = cpu_topology_flat(machine->config->cpus);
    }
    board.apic = in_kernel || machine->ioapic;
    if (machine->config->no_acpi) {
        board.acpi_port = 0;
    }
    board.timer_input = in_kernel ? 0 : machine->class->timer_pin;
    board.has_pci = machine->host.pci != NULL;
    machine_note_pci_pins(machine, &board);
    return board;
}

bool machine_busy(Machine *machine)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        if (device_busy(machine->devices->pdata[i])) {
            return true;
        }
    }
    return false;
}

/* Applies each -global class.property=value to an instance of its class. */
static bool apply_globals(Machine *machine, Device *dev, GError **error)
{
    const char *name = device_class(dev)->head.name;
    for (guint i = 0; i < machine->config->globals->len; i++) {
        const char *global = machine->config->globals->pdata[i];
        const char *dot = strchr(global, '.');
        const char *equals = strchr(dot, '=');
        g_autofree char *class_name = g_strndup(global, (gsize)(dot - global));
        g_autofree char *property = g_strndup(dot + 1, (gsize)(equals - dot - 1));
        if (!strcmp(class_name, name) && !device_set_property(dev, property, equals + 1, error)) {
            g_prefix_error(error, "-global %s: ", global);
            return false;
        }
    }
    return true;
}

/* Returns NULL if this program cannot use the class. */
static Device *new_device(Machine *machine, const DeviceHost *host, const DeviceClass *class,
                          const char *id, GError **error)
{
    if (!device_class_check(class, error)) {
        return NULL;
    }
    Device *dev = device_new(class, id, host);
    g_ptr_array_add(machine->devices, dev);
    return dev;
}

static bool finish_device(Machine *machine, Device *dev, const char *properties, GError **error)
{
    return apply_globals(machine, dev, error) && device_set_properties(dev, properties, error) &&
           device_realize(dev, error);
}

Device *machine_add_wired(Machine *machine, const DeviceHost *host, const char *class_name,
                          const char *id, const char *properties, const MachineWire *wires,
                          GError **error)
{
    const DeviceClass *class = machine_find_device_class("-machine", class_name, error);
    Device *dev = class ? new_device(machine, host, class, id, error) : NULL;
    for (const MachineWire *wire = wires; dev && wire && wire->output; wire++) {
        if (!device_connect(dev, wire->output, wire->line, error)) {
            return NULL;
        }
    }
    return dev && finish_device(machine, dev, properties, error) ? dev : NULL;
}

Device *machine_add_on(Machine *machine, const DeviceHost *host, const char *class_name,
                       const char *id, const char *properties, GError **error)
{
    return machine_add_wired(machine, host, class_name, id, properties, NULL, error);
}

Device *machine_add(Machine *machine, const char *class_name, const char *id,
                    const char *properties, GError **error)
{
    return machine_add_on(machine, &machine->host, class_name, id, properties, error);
}

bool machine_has_device(const Machine *machine, const char *id)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        if (!strcmp(device_id(machine->devices->pdata[i]), id)) {
            return true;
        }
    }
    return false;
}

static char *free_id(const Machine *machine, const char *name)
{
    char *id = g_strdup(name);
    for (unsigned n = 1; machine_has_device(machine, id); n++) {
        g_free(id);
        id = g_strdup_printf("%s%u", name, n);
    }
    return id;
}

static bool check_id(const Machine *machine, const char *what, const char *id, GError **error)
{
    return !id || (keyval_check_id(what, id, error) &&
                   (!machine_has_device(machine, id) ||
                    error_refuse(error, "%s: there is a device '%s' already", what, id)));
}

static bool set_from_table(Device *dev, GHashTable *properties, GError **error)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, properties);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (!device_set_property(dev, key, value, error)) {
            return false;
        }
    }
    return true;
}

/* QEMU's addresses, in the order of the cards. */
static void add_mac(Machine *machine, const DeviceClass *class, GHashTable *properties)
{
    const DeviceProperty *p = class->properties;
    while (p && p->name && p->kind != PROPERTY_MAC) {
        p++;
    }
    if (p && p->name && !g_hash_table_contains(properties, p->name)) {
        unsigned number = NET_ADDRESS_FIRST + machine->net_cards++;
        g_hash_table_insert(
            properties, g_strdup(p->name),
            g_strdup_printf("52:54:00:12:%02x:%02x", number >> 8 & 0xff, number & 0xff));
    }
}

/* Parses "CLASS,id=ID,property=value". */
static bool add_user_device(Machine *machine, const char *text, GError **error)
{
    g_autofree char *what = g_strdup_printf("-device %s", text);
    g_autoptr(GHashTable) properties = keyval_parse(what, text, "driver", NULL, error);
    if (!properties) {
        return false;
    }
    const char *driver = g_hash_table_lookup(properties, "driver");
    const DeviceClass *class = machine_find_device_class("-device", driver ? driver : "", error);
    if (!class) {
        return false;
    }
    const char *id = g_hash_table_lookup(properties, "id");
    if (!check_id(machine, what, id, error)) {
        return false;
    }
    if (machine->class->fit_device &&
        !machine->class->fit_device(machine, class->head.name, properties, error)) {
        return false;
    }
    g_autofree char *chosen = id ? g_strdup(id) : free_id(machine, class->head.name);
    g_hash_table_remove(properties, "driver");
    g_hash_table_remove(properties, "id");
    add_mac(machine, class, properties);
    g_autoptr(GError) failure = NULL;
    Device *dev = new_device(machine, &machine->host, class, chosen, &failure);
    if (dev && machine_plug_pci(machine, dev, properties, &failure) &&
        apply_globals(machine, dev, &failure) && set_from_table(dev, properties, &failure) &&
        device_realize(dev, &failure)) {
        return true;
    }
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "-device ");
    return false;
}

/* Finds a class among the files that are given to -device, or among the others. */
static const DeviceClass *global_class(const Machine *machine, const char *name, GError **error)
{
    for (guint i = 0; i < machine->config->devices->len; i++) {
        const char *text = machine->config->devices->pdata[i];
        g_autofree char *driver = g_strndup(text, strcspn(text, ","));
        const DeviceClass *class =
            device_module_is_file(driver) ? device_module_find(driver, NULL) : NULL;
        if (class && !strcmp(class->head.name, name)) {
            return class;
        }
    }
    return machine_find_device_class("-global", name, error);
}

/* Checks a -global.  Its class must exist, even if the machine has no device of it. */
static bool check_global(const Machine *machine, const char *global, GError **error)
{
    const char *dot = strchr(global, '.');
    const char *equals = dot ? strchr(dot, '=') : NULL;
    if (!equals || dot == global) {
        return error_refuse(error, "-global %s: write CLASS.PROPERTY=VALUE", global);
    }
    g_autofree char *name = g_strndup(global, (gsize)(dot - global));
    g_autofree char *property = g_strndup(dot + 1, (gsize)(equals - dot - 1));
    const DeviceClass *class = global_class(machine, name, error);
    return class &&
           (device_class_has_property(class, property) ||
            error_refuse(error, "-global %s: no property '%s' (-device %s,help lists them)", global,
                         property, name));
}

static bool check_globals(const Machine *machine, GError **error)
{
    for (guint i = 0; i < machine->config->globals->len; i++) {
        if (!check_global(machine, machine->config->globals->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

/* Adds each -chardev, except those that the control protocols open themselves. */
static bool add_chardevs(Machine *machine, GError **error)
{
    for (guint i = 0; i < machine->config->chardevs->len; i++) {
        const char *text = machine->config->chardevs->pdata[i];
        g_autoptr(GHashTable) keys = keyval_parse("-chardev", text, "backend", NULL, NULL);
        const char *id = keys ? g_hash_table_lookup(keys, "id") : NULL;
        bool control = id && config_is_monitor_chardev(machine->config, id);
        if (!control && !chardev_set_add_option(machine->chars, text, error)) {
            return false;
        }
    }
    return true;
}

/*
 * Adds the chardevs of -monitor and -qmp, except those that the control
 * protocols open themselves.
 */
static bool add_monitor_lines(Machine *machine, const char *what, const GPtrArray *specs, bool qmp,
                              GError **error)
{
    guint first = qmp ? machine->config->hmps->len : 0;
    for (guint i = 0; i < specs->len; i++) {
        const char *spec = specs->pdata[i];
        if (config_monitor_place(spec, qmp) != MONITOR_CHARDEV) {
            continue;
        }
        /* As in QEMU, Ctrl-C ends the program if only the monitor uses the terminal. */
        const char *full = strcmp(spec, "stdio") ? spec : "stdio,signal=on";
        g_autofree char *label = config_monitor_id("", first + i);
        g_autofree char *id = chardev_set_use(machine->chars, what, label, full, error);
        if (!id) {
            return false;
        }
    }
    return true;
}

static bool add_networks(const Machine *machine, GError **error)
{
    for (guint i = 0; machine->nets && i < machine->config->netdevs->len; i++) {
        if (!net_set_add(machine->nets, machine->config->netdevs->pdata[i], error)) {
            return false;
        }
    }
    for (guint i = 0; machine->nets && i < machine->config->filters->len; i++) {
        if (!net_set_add_filter(machine->nets, machine->config->filters->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

bool machine_build(Machine *machine, GError **error)
{
    const Config *config = machine->config;
    if (!add_chardevs(machine, error) ||
        !add_monitor_lines(machine, "-monitor", config->hmps, false, error) ||
        !add_monitor_lines(machine, "-qmp", config->qmps, true, error) ||
        !add_networks(machine, error) || !check_globals(machine, error) ||
        !machine->class->build(machine, machine->config, error)) {
        return false;
    }
    for (guint i = 0; i < machine->config->devices->len; i++) {
        if (!add_user_device(machine, machine->config->devices->pdata[i], error)) {
            return false;
        }
    }
    machine_fw_finish(machine);
    ServicesSource *services = machine->host.services;
    if (services && services->built) {
        services->built(services);
    }
    return true;
}
