#include "tests/unit/rig.h"

#include "src/device/dma.h"
#include "src/machine/machine.h"

#include "devices/device_table.h"

#include <string.h>

typedef struct RecordedLine {
    unsigned drivers; /* the number of drivers that are high now */
    unsigned edges;
    uint64_t changed_at;
    bool pending;
} RecordedLine;

struct Rig {
    DeviceHost host;
    BusInitiator initiator;
    GPtrArray *devices;
    GPtrArray *lines;   /* IrqLine */
    GHashTable *nets;   /* from id to RigNet */
    GHashTable *chars;  /* from id to RigChar */
    GHashTable *drives; /* from id to RigDrive */
    Device *dma;
    GPtrArray *dma_lines;
    RecordedLine recorded[RIG_LINES];
    Device *controller; /* NULL: the lines are only recorded */
    unsigned requests[DEVICE_REQUESTS];
    DeviceRequest last[DEVICE_REQUESTS];
    const DataTable *data;
    int exit_status;
    unsigned guest_errors;
    GError *error;
};

/* ---- the host's callbacks ---- */

static void line_changed(void *opaque, unsigned line, bool level)
{
    Rig *rig = opaque;
    RecordedLine *r = &rig->recorded[line];
    bool before = r->drivers > 0;
    r->drivers = level ? r->drivers + 1 : r->drivers - 1;
    if (before != (r->drivers > 0)) {
        r->edges += level;
        r->changed_at = rig_now(rig);
        if (rig->controller && line < ISA_IRQ_COUNT) {
            device_set_input(rig->controller, line, r->drivers > 0);
        }
    }
}

static bool line_pending(void *opaque, unsigned line)
{
    Rig *rig = opaque;
    if (rig->controller && line < ISA_IRQ_COUNT) {
        return device_input_pending(rig->controller, line);
    }
    return rig->recorded[line].pending;
}

void rig_wire_irqs(Rig *rig, Device *controller)
{
    rig->controller = controller;
}

void rig_set_pending(Rig *rig, unsigned line, bool pending)
{
    rig->recorded[line].pending = pending;
}

IrqLine *rig_line(Rig *rig, unsigned line)
{
    g_assert_cmpuint(line, <, RIG_LINES);
    IrqLine *made = irq_line_new(line_changed, rig, line);
    irq_line_set_pending(made, line_pending);
    g_ptr_array_add(rig->lines, made);
    return made;
}

static IrqLine *host_irq_line(void *opaque, unsigned irq)
{
    return rig_line(opaque, irq);
}

static CharPort *host_char_port(void *opaque, Device *dev, const char *id, GError **error)
{
    (void)error;
    return rig_char_connect(rig_char(opaque, id), dev);
}

static BlockPort *host_block_port(void *opaque, Device *dev, const char *id, GError **error)
{
    (void)error;
    Rig *rig = opaque;
    return rig_drive_connect(g_hash_table_lookup(rig->drives, id), dev);
}

RigNet *rig_net(Rig *rig, const char *id)
{
    RigNet *net = g_hash_table_lookup(rig->nets, id);
    if (!net) {
        net = rig_net_new();
        g_hash_table_insert(rig->nets, g_strdup(id), net);
    }
    return net;
}

static NetPort *host_net_port(void *opaque, Device *dev, const char *id, GError **error)
{
    (void)error;
    return rig_net_connect(rig_net(opaque, id), dev);
}

Memory *rig_memory(Rig *rig)
{
    if (!rig->host.memory) {
        rig->host.memory = memory_new(RIG_MEMORY_SIZE, NULL);
        g_assert_nonnull(rig->host.memory);
    }
    return rig->host.memory;
}

Device *rig_dma(Rig *rig)
{
    if (!rig->dma) {
        rig_memory(rig);
        rig->dma = rig_device(rig, "isa-dma", NULL);
    }
    return rig->dma;
}

static DmaLine *host_dma_line(void *opaque, unsigned channel)
{
    Rig *rig = opaque;
    DmaLine *line = dma_line_new(rig_dma(rig), channel);
    g_ptr_array_add(rig->dma_lines, line);
    return line;
}

RigDrive *rig_drive_sparse(Rig *rig, const char *id, uint64_t sectors, uint64_t stored)
{
    RigDrive *drive = rig_drive_new(sectors, stored);
    g_hash_table_insert(rig->drives, g_strdup(id), drive);
    return drive;
}

static const DataTable *host_data_table(void *opaque, const char *id, GError **error)
{
    (void)id, (void)error;
    Rig *rig = opaque;
    return rig->data;
}

void rig_set_data(Rig *rig, const DataTable *data)
{
    rig->data = data;
    rig->host.data_table = host_data_table;
}

RigDrive *rig_drive(Rig *rig, const char *id, uint64_t sectors)
{
    return rig_drive_sparse(rig, id, sectors, RIG_DRIVE_STORED);
}

/* Devices are where a PC has them. */
static const char *host_default(void *opaque, const DeviceClass *class, const char *property)
{
    (void)opaque;
    return machine_default(&machine_pc_class, class, property);
}

static void host_request(void *opaque, const DeviceRequest *request)
{
    Rig *rig = opaque;
    if (request->kind == DEVICE_EXIT && rig->requests[DEVICE_EXIT] == 0) {
        rig->exit_status = request->status;
    }
    rig->requests[request->kind]++;
    rig->last[request->kind] = *request;
}

static void host_guest_error(void *opaque, const Device *dev, const char *message)
{
    Rig *rig = opaque;
    g_test_message("%s: %s", device_id(dev), message);
    rig->guest_errors++;
}

/* ---- the rig ---- */

static Rig *new_rig(bool locked)
{
    Rig *rig = g_new0(Rig, 1);
    rig->host = (DeviceHost){
        .board_default = host_default,
        .bus = bus_new(locked),
        .clock = clock_new_stepped(),
        .opaque = rig,
        .irq_line = host_irq_line,
        .char_port = host_char_port,
        .block_port = host_block_port,
        .net_port = host_net_port,
        .dma_line = host_dma_line,
        .request = host_request,
        .guest_error = host_guest_error,
    };
    rig->devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
    rig->lines = g_ptr_array_new_with_free_func((GDestroyNotify)irq_line_free);
    rig->dma_lines = g_ptr_array_new_with_free_func((GDestroyNotify)dma_line_free);
    rig->chars =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_char_free);
    rig->drives =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_drive_free);
    rig->nets =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rig_net_free);
    rig->exit_status = -1;
    return rig;
}

Rig *rig_new(void)
{
    return new_rig(true);
}

Rig *rig_new_unlocked(void)
{
    return new_rig(false);
}

void rig_free(Rig *rig)
{
    g_ptr_array_unref(rig->devices);
    g_hash_table_unref(rig->chars);
    g_hash_table_unref(rig->nets);
    g_hash_table_unref(rig->drives);
    g_ptr_array_unref(rig->lines);
    g_ptr_array_unref(rig->dma_lines);
    g_clear_pointer(&rig->host.memory, memory_free);
    bus_free(rig->host.bus);
    clock_free(rig->host.clock);
    g_clear_error(&rig->error);
    g_free(rig);
}

/* ---- devices ---- */

const DeviceClass *rig_class(const char *class_name)
{
    for (const DeviceClass *const *entry = device_table; *entry; entry++) {
        if (!strcmp((*entry)->head.name, class_name)) {
            return *entry;
        }
    }
    g_error("no device class %s", class_name);
}

Device *rig_device_of(Rig *rig, const DeviceClass *class)
{
    g_autofree char *id = g_strdup_printf("%s%u", class->head.name, rig->devices->len);
    Device *dev = device_new(class, id, &rig->host);
    g_ptr_array_add(rig->devices, dev);
    return dev;
}

Device *rig_device_new(Rig *rig, const char *class_name)
{
    return rig_device_of(rig, rig_class(class_name));
}

bool rig_realize(Rig *rig, Device *dev, const char *properties)
{
    g_clear_error(&rig->error);
    return device_set_properties(dev, properties, &rig->error) && device_realize(dev, &rig->error);
}

const char *rig_error(const Rig *rig)
{
    return rig->error ? rig->error->message : "";
}

Device *rig_device(Rig *rig, const char *class_name, const char *properties)
{
    Device *dev = rig_device_new(rig, class_name);
    if (!rig_realize(rig, dev, properties)) {
        g_error("%s", rig_error(rig));
    }
    return dev;
}

bool rig_load(Device *dev, GBytes *saved)
{
    g_autoptr(GError) error = NULL;
    return device_load(dev, saved, &error);
}

/* Copies `elements`.  If they belong to this field, one of them is replaced. */
static GVariant *patch_elements(GVariant *elements, bool here, unsigned index, uint64_t value)
{
    gsize count;
    const uint64_t *values = g_variant_get_fixed_array(elements, &count, sizeof(*values));
    g_autofree uint64_t *copy = g_memdup2(values, count * sizeof(*values));
    if (here && index < count) {
        copy[index] = value;
    }
    return g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, copy, count, sizeof(*copy));
}

GBytes *rig_patch(GBytes *saved, const char *field, unsigned index, uint64_t value)
{
    g_autoptr(GVariant) all =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("(sua{sat})"), saved, false));
    const char *class_name;
    unsigned version;
    g_autoptr(GVariantIter) fields = NULL;
    g_variant_get(all, "(&sua{sat})", &class_name, &version, &fields);
    GVariantBuilder copy;
    g_variant_builder_init(&copy, G_VARIANT_TYPE("a{sat}"));
    const char *name;
    GVariant *elements;
    bool found = false;
    while (g_variant_iter_next(fields, "{&s@at}", &name, &elements)) {
        bool here = !strcmp(name, field);
        found = found || here;
        g_variant_builder_add(&copy, "{s@at}", name, patch_elements(elements, here, index, value));
        g_variant_unref(elements);
    }
    g_assert_true(found);
    g_autoptr(GVariant) patched = g_variant_ref_sink(
        g_variant_new("(su@a{sat})", class_name, version, g_variant_builder_end(&copy)));
    return g_variant_get_data_as_bytes(patched);
}

/* ---- accesses ---- */

void rig_set_cpu(Rig *rig, unsigned cpu)
{
    rig->initiator.cpu = cpu;
}

uint64_t rig_read(Rig *rig, uint64_t address, unsigned size)
{
    uint64_t value = 0;
    bus_memory_access(rig->host.bus, &rig->initiator, address, false, size, &value);
    return value;
}

void rig_write(Rig *rig, uint64_t address, uint64_t value, unsigned size)
{
    bus_memory_access(rig->host.bus, &rig->initiator, address, true, size, &value);
}

uint32_t rig_read32(Rig *rig, uint64_t address)
{
    return (uint32_t)rig_read(rig, address, 4);
}

void rig_write32(Rig *rig, uint64_t address, uint32_t value)
{
    rig_write(rig, address, value, 4);
}

void rig_out_block(Rig *rig, uint16_t port, const void *items, size_t count, unsigned size)
{
    g_autofree void *copy = g_memdup2(items, count * size);
    bus_port_access(rig->host.bus, &rig->initiator, port, true, size, copy, count);
}

void rig_in_block(Rig *rig, uint16_t port, void *items, size_t count, unsigned size)
{
    bus_port_access(rig->host.bus, &rig->initiator, port, false, size, items, count);
}

uint32_t rig_in(Rig *rig, uint16_t port, unsigned size)
{
    uint32_t value = 0;
    bus_port_access(rig->host.bus, &rig->initiator, port, false, size, &value, 1);
    return value;
}

void rig_out(Rig *rig, uint16_t port, uint32_t value, unsigned size)
{
    bus_port_access(rig->host.bus, &rig->initiator, port, true, size, &value, 1);
}

uint8_t rig_inb(Rig *rig, uint16_t port)
{
    return (uint8_t)rig_in(rig, port, 1);
}

void rig_outb(Rig *rig, uint16_t port, uint8_t value)
{
    rig_out(rig, port, value, 1);
}

/* ---- time ---- */

void rig_step(Rig *rig, uint64_t ns)
{
    clock_step(rig->host.clock, ns);
}

uint64_t rig_now(const Rig *rig)
{
    return clock_now(rig->host.clock);
}

void rig_late(Rig *rig, uint64_t ns)
{
    clock_skip(rig->host.clock, ns);
    clock_run_due(rig->host.clock);
}

Bus *rig_bus(Rig *rig)
{
    return rig->host.bus;
}

Clock *rig_clock(Rig *rig)
{
    return rig->host.clock;
}

/* ---- what was recorded ---- */

bool rig_irq(const Rig *rig, unsigned line)
{
    return rig->recorded[line].drivers > 0;
}

unsigned rig_irq_edges(const Rig *rig, unsigned line)
{
    return rig->recorded[line].edges;
}

uint64_t rig_irq_changed_at(const Rig *rig, unsigned line)
{
    return rig->recorded[line].changed_at;
}

int rig_exit_status(const Rig *rig)
{
    return rig->exit_status;
}

const DeviceRequest *rig_request(const Rig *rig, DeviceRequestKind kind)
{
    return &rig->last[kind];
}

unsigned rig_requests(const Rig *rig, DeviceRequestKind kind)
{
    return rig->requests[kind];
}

unsigned rig_guest_error_count(const Rig *rig)
{
    return rig->guest_errors;
}

RigChar *rig_char(Rig *rig, const char *id)
{
    RigChar *line = g_hash_table_lookup(rig->chars, id);
    if (!line) {
        line = rig_char_new();
        g_hash_table_insert(rig->chars, g_strdup(id), line);
    }
    return line;
}
