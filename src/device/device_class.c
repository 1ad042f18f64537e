#include "src/device/device_class.h"

#include "devices/net.h"
#include "devices/pci.h"
#include "devices/ram.h"
#include "devices/surface.h"
#include "src/base/error.h"

#include <string.h>

#define WIDEST 8u

/* ---- the version ---- */

static const struct {
    const char *name;
    uint16_t size;
} TABLES[DEVICE_TABLE_MAX] = {
    [DEVICE_TABLE_PROPERTY] = {"DeviceProperty", sizeof(DeviceProperty)},
    [DEVICE_TABLE_REGION] = {"DeviceRegion", sizeof(DeviceRegion)},
    [DEVICE_TABLE_IO_OPS] = {"IoOps", sizeof(IoOps)},
    [DEVICE_TABLE_OUTPUT] = {"DeviceOutput", sizeof(DeviceOutput)},
    [DEVICE_TABLE_TIMER] = {"DeviceTimer", sizeof(DeviceTimer)},
    [DEVICE_TABLE_FIELD] = {"DeviceField", sizeof(DeviceField)},
    [DEVICE_TABLE_CHAR_CLIENT] = {"CharClient", sizeof(CharClient)},
    [DEVICE_TABLE_INPUT_CLIENT] = {"InputClient", sizeof(InputClient)},
    [DEVICE_TABLE_BLOCK_CLIENT] = {"BlockClient", sizeof(BlockClient)},
    [DEVICE_TABLE_DMA_SERVER] = {"DmaServer", sizeof(DmaServer)},
};

static bool check_pci(const DeviceClass *class, GError **error)
{
    const PciIdentity *pci = class->pci;
    for (const DeviceRegion *r = class->regions; r && r->name; r++) {
        bool is_there = false;
        for (const PciBar *bar = pci ? pci->bars : NULL; bar && bar->size; bar++) {
            is_there = is_there || (r->bar == bar->number + 1u && r->size <= bar->size &&
                                    r->bar_offset <= bar->size - r->size &&
                                    (r->space == IO_PORTS) == bar->ports);
        }
        if (r->bar && !is_there) {
            return error_refuse(error,
                                "device %s: the region '%s' is outside of its base address "
                                "register",
                                class->head.name, r->name);
        }
    }
    return !pci || pci->struct_size == sizeof(*pci) ||
           error_refuse(error, "device %s: its PciIdentity has %u bytes instead of %zu",
                        class->head.name, pci->struct_size, sizeof(*pci));
}

static bool check_version(const char *what, uint32_t abi, GError **error)
{
    return abi == DEVICE_ABI ||
           error_refuse(error,
                        "%s: built for version %u of the device interface, and this pioemu has "
                        "version %u (build it with the device.h of this pioemu)",
                        what, abi, DEVICE_ABI);
}

static bool check_size(const char *what, const char *table, size_t size, size_t ours,
                       GError **error)
{
    return size == ours ||
           error_refuse(error,
                        "%s: its %s has %zu bytes instead of %zu (build it with the device.h of "
                        "this pioemu)",
                        what, table, size, ours);
}

static bool check_sizes(const DeviceClass *class, GError **error)
{
    if (!check_size(class->head.name, "DeviceClass", class->head.struct_size, sizeof(*class),
                    error)) {
        return false;
    }
    for (unsigned i = 0; i < DEVICE_TABLE_MAX; i++) {
        const char *name = TABLES[i].name ? TABLES[i].name : "further table";
        if (!check_size(class->head.name, name, class->head.table_size[i], TABLES[i].size, error)) {
            return false;
        }
    }
    return true;
}

/* ---- properties ---- */

static const DeviceProperty *find_property(const DeviceClass *class, const char *name)
{
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        if (!strcmp(p->name, name)) {
            return p;
        }
    }
    return NULL;
}

/* The size of what the framework stores in the state struct. */
static size_t property_size(PropertyKind kind)
{
    switch (kind) {
    case PROPERTY_BOOL:
        return sizeof(bool);
    case PROPERTY_UINT8:
        return 1;
    case PROPERTY_UINT16:
        return 2;
    case PROPERTY_UINT32:
    case PROPERTY_CHOICE:
        return 4;
    case PROPERTY_UINT64:
    case PROPERTY_STRING:
    case PROPERTY_IRQ:
    case PROPERTY_CHAR:
    case PROPERTY_DRIVE:
    case PROPERTY_DMA:
    case PROPERTY_DATA:
    case PROPERTY_NET:
        return 8;
    case PROPERTY_MAC:
        return NET_ADDRESS_SIZE;
    }
    return 0;
}

static bool fits(const DeviceClass *class, size_t offset, size_t size)
{
    return size && offset >= sizeof(Device *) && offset <= class->head.state_size &&
           size <= class->head.state_size - offset;
}

static bool refuse(const DeviceClass *class, GError **error, const char *kind, const char *name,
                   const char *why)
{
    return error_refuse(error, "device %s: the %s '%s' %s", class->head.name, kind, name, why);
}

static bool check_properties(const DeviceClass *class, GError **error)
{
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        if (!fits(class, p->offset, property_size(p->kind))) {
            return refuse(class, error, "property", p->name,
                          "is of a kind that there is not, or outside the state");
        }
        if (p->kind == PROPERTY_CHOICE && !p->choices) {
            return refuse(class, error, "property", p->name, "has no choices");
        }
        if (find_property(class, p->name) != p) {
            return refuse(class, error, "property", p->name, "is there twice");
        }
    }
    return true;
}

/* ---- regions ---- */

static bool is_width(unsigned size)
{
    return size && size <= WIDEST && !(size & (size - 1));
}

static bool ops_are_whole(const IoOps *ops)
{
    return ops && is_width(ops->max_size) && (!ops->min_read || is_width(ops->min_read)) &&
           (!ops->min_write || is_width(ops->min_write)) && !ops->unfinished == !ops->go_on;
}

/* NULL: the region has no number. */
static bool is_number(const DeviceClass *class, const char *name)
{
    const DeviceProperty *p = name ? find_property(class, name) : NULL;
    return !name || (p && p->kind >= PROPERTY_UINT8 && p->kind <= PROPERTY_UINT64);
}

static bool check_regions(const DeviceClass *class, GError **error)
{
    for (const DeviceRegion *r = class->regions; r && r->name; r++) {
        if (!ops_are_whole(r->ops)) {
            return refuse(class, error, "region", r->name,
                          "has no operations, or widths other than 1, 2, 4 and 8");
        }
        if (!is_number(class, r->base_property) || !is_number(class, r->size_property) ||
            !is_number(class, r->cpu_property)) {
            return refuse(class, error, "region", r->name,
                          "names a property that is no number of this device");
        }
    }
    return true;
}

/* ---- the rest ---- */

static bool check_wires(const DeviceClass *class, GError **error)
{
    for (const DeviceOutput *o = class->outputs; o && o->name; o++) {
        if (!fits(class, o->offset, sizeof(void *))) {
            return refuse(class, error, "output", o->name, "is outside the state");
        }
    }
    for (const DeviceTimer *t = class->timers; t && t->name; t++) {
        if (!t->fire || !fits(class, t->offset, sizeof(void *))) {
            return refuse(class, error, "timer", t->name,
                          "has no function, or is outside the state");
        }
    }
    return true;
}

static bool field_is_whole(const DeviceClass *class, const DeviceField *f)
{
    return f->name && f->count && is_width(f->size) &&
           f->count <= class->head.state_size / f->size &&
           fits(class, f->offset, (size_t)f->size * f->count) &&
           (f->kind == FIELD_UINT || (f->kind == FIELD_BOOL && f->size == sizeof(bool)));
}

static bool check_fields(const DeviceClass *class, GError **error)
{
    for (const DeviceField *f = class->fields; f && f->kind != FIELD_END; f++) {
        if (!field_is_whole(class, f)) {
            return refuse(class, error, "field", f->name ? f->name : "",
                          "is no number, or outside the state");
        }
    }
    return true;
}

static bool check_pins(const DeviceClass *class, GError **error)
{
    if (class->input_count && !class->set_pin) {
        return error_refuse(error, "device %s: it has input pins, but no set_pin",
                            class->head.name);
    }
    return !class->dma_server || (class->dma_server->request && class->dma_server->transfer) ||
           error_refuse(error, "device %s: its DMA server has no request or no transfer",
                        class->head.name);
}

/* What a device is told of a network or a screen, and memory of its own. */
static bool check_clients(const DeviceClass *class, GError **error)
{
    const char *name = class->head.name;
    const NetClient *net = class->net_client;
    const SurfaceClient *surface = class->surface_client;
    const DeviceRam *ram = class->rams;
    return (!ram || check_size(name, "DeviceRam", ram->struct_size, sizeof(*ram), error)) &&
           (!net || check_size(name, "NetClient", net->struct_size, sizeof(*net), error)) &&
           (!surface ||
            check_size(name, "SurfaceClient", surface->struct_size, sizeof(*surface), error));
}

bool device_class_check(const DeviceClass *class, GError **error)
{
    if (!class || !class->head.name || !*class->head.name) {
        return error_refuse(error, "a device class without a name");
    }
    if (!check_version(class->head.name, class->head.abi, error) || !check_sizes(class, error)) {
        return false;
    }
    if (!class->description || class->head.state_size < sizeof(Device *)) {
        return error_refuse(error, "device %s: no description, or a state without the Device *",
                            class->head.name);
    }
    return check_properties(class, error) && check_regions(class, error) &&
           check_pci(class, error) && check_clients(class, error) && check_wires(class, error) &&
           check_fields(class, error) && check_pins(class, error);
}

bool device_module_check(const DeviceModule *module, const char *file, GError **error)
{
    if (!module) {
        return error_refuse(error, "%s: its entry point gives nothing", file);
    }
    if (!check_version(file, module->abi, error) ||
        !check_size(file, "DeviceModule", module->struct_size, sizeof(*module), error)) {
        return false;
    }
    if (!module->classes || !module->classes[0]) {
        return error_refuse(error, "%s: has no devices", file);
    }
    for (const DeviceClass *const *class = module->classes; *class; class ++) {
        if (!device_class_check(*class, error)) {
            g_prefix_error(error, "%s: ", file);
            return false;
        }
    }
    return true;
}

/* ---- help ---- */

bool device_class_has_property(const DeviceClass *class, const char *name)
{
    return find_property(class, name) != NULL;
}

static const char *const KIND_NAMES[] = {
    [PROPERTY_BOOL] = "on|off",        [PROPERTY_UINT8] = "0..255",
    [PROPERTY_UINT16] = "0..65535",    [PROPERTY_UINT32] = "number",
    [PROPERTY_UINT64] = "number/size", [PROPERTY_STRING] = "text",
    [PROPERTY_CHOICE] = NULL,          [PROPERTY_IRQ] = "0..15|none",
    [PROPERTY_CHAR] = "chardev id",    [PROPERTY_DRIVE] = "drive id",
    [PROPERTY_DMA] = "0..7|none",      [PROPERTY_DATA] = "data id",
    [PROPERTY_NET] = "netdev id",      [PROPERTY_MAC] = "52:54:00:12:34:56",
};

/* The properties that the bus gives to each device on it. */
static void add_pci_help(GString *text, const PciIdentity *pci)
{
    g_string_append(text,
                    "  addr=<slot[.function]>  place on the bus (default the next free slot)\n");
    g_string_append_printf(text, "  romfile=<file>  option ROM (default %s)\n",
                           pci->rom ? pci->rom : "none");
    g_string_append(text, "  rombar=<0|1>  0 leaves the option ROM out (default 1)\n"
                          "  bootindex=<number>  place in the order of booting (default none)\n");
}

char *device_class_help(const DeviceClass *class, DeviceDefault *board, void *opaque)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s: %s\n", class->head.name, class->description);
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        g_autofree char *kind = p->kind == PROPERTY_CHOICE ? g_strjoinv("|", (char **)p->choices)
                                                           : g_strdup(KIND_NAMES[p->kind]);
        const char *value = board ? board(opaque, class, p->name) : NULL;
        value = value ?: p->default_value;
        g_string_append_printf(text, "  %s=<%s>  %s (default %s)\n", p->name, kind, p->help,
                               value ? value : "none");
    }
    if (class->pci && !class->pci->always_on) {
        add_pci_help(text, class->pci);
    }
    return g_string_free(text, false);
}
