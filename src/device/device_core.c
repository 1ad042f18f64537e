#include "src/base/error.h"
#include "src/device/device_internal.h"
#include "src/device/pci_internal.h"

#include <string.h>

Device *device_new(const DeviceClass *class, const char *id, const DeviceHost *host)
{
    Device *dev = g_new0(Device, 1);
    dev->class = class;
    dev->id = g_strdup(id);
    dev->host = host;
    dev->state = g_malloc0(class->head.state_size);
    *(Device **)dev->state = dev;
    g_mutex_init(&dev->lock);
    dev->given = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    dev->claim_names = g_ptr_array_new_with_free_func(g_free);
    dev->errors = g_hash_table_new(g_str_hash, g_str_equal);
    device_services_init(&dev->own, &MACHINE_SERVICES, dev);
    dev->services = host->services ? host->services->make(host->services, dev, host) : NULL;
    dev->services = dev->services ?: &dev->own;
    dev->pci = class->pci ? pci_function_new(dev) : NULL;
    return dev;
}

void device_free(Device *dev)
{
    const DeviceClass *class = dev->class;
    if (class->finalize) {
        class->finalize(dev->state);
    }
    for (const DeviceTimer *t = class->timers; t && t->name; t++) {
        timer_free(*(Timer **)device_field(dev, t->offset));
    }
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        if (p->kind == PROPERTY_STRING) {
            g_free(*(char **)device_field(dev, p->offset));
        }
    }
    g_clear_pointer(&dev->pci, pci_function_free);
    device_services_clear(&dev->own);
    device_rams_free(dev);
    g_hash_table_unref(dev->errors);
    g_hash_table_unref(dev->given);
    g_ptr_array_unref(dev->claim_names);
    g_mutex_clear(&dev->lock);
    g_free(dev->state);
    g_free(dev->id);
    g_free(dev);
}

const char *device_id(const Device *dev)
{
    return dev->id;
}

const DeviceClass *device_class(const Device *dev)
{
    return dev->class;
}

void *device_state(Device *dev)
{
    return dev->state;
}

GMutex *device_mutex(Device *dev)
{
    return &dev->lock;
}

/* ---- realize ---- */

static bool claim_regions(Device *dev, GError **error)
{
    const DeviceRegion *regions = dev->class->regions;
    bool several = regions && regions[0].name && regions[1].name;
    for (const DeviceRegion *r = regions; r && r->name; r++) {
        uint64_t base = r->base_property ? device_property_value(dev, r->base_property) : 0;
        if (!base && r->base_property) {
            continue;
        }
        char *name = several ? g_strdup_printf("%s %s", dev->id, r->name) : g_strdup(dev->id);
        g_ptr_array_add(dev->claim_names, name);
        BusClaim claim = {
            .name = name,
            .space = r->space,
            .base = base,
            .size = r->size_property ? device_property_value(dev, r->size_property) : r->size,
            .ops = r->ops,
            .state = device_field(dev, r->state_offset),
            .lock = &dev->lock,
            .posted = r->posted,
            .per_cpu = r->cpu_property != NULL,
            .cpu = r->cpu_property ? (unsigned)device_property_value(dev, r->cpu_property) : 0,
            .register_name = r->register_name,
            .arbitrate = r->arbitrate,
            .reach = r->reach,
        };
        device_calls_claim(dev, &claim);
        if (r->bar) {
            pci_function_add_region(dev->pci, r, bus_add(dev->host->bus, &claim));
        } else if (!bus_claim(dev->host->bus, &claim, error)) {
            return false;
        }
        device_ram_hide(dev, r, base);
    }
    return true;
}

static void make_timers(Device *dev)
{
    const DeviceTimer *timers = dev->class->timers;
    for (unsigned i = 0; timers && timers[i].name; i++) {
        *(Timer **)device_field(dev, timers[i].offset) =
            device_calls_timer(dev, dev->host->clock, &dev->lock, i);
    }
}

bool device_realize(Device *dev, GError **error)
{
    if (!device_set_defaults(dev, error)) {
        return false;
    }
    if (!device_rams_make(dev, error)) {
        return false;
    }
    make_timers(dev);
    char message[200] = "";
    if (!device_call_realize(dev, message, sizeof(message))) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: %s", dev->id, message);
        return false;
    }
    if (!claim_regions(dev, error)) {
        return false;
    }
    device_reset(dev);
    return true;
}

bool device_connect(Device *dev, const char *name, IrqLine *line, GError **error)
{
    for (const DeviceOutput *o = dev->class->outputs; o && o->name; o++) {
        if (!strcmp(o->name, name)) {
            *(IrqLine **)device_field(dev, o->offset) = device_services_line(dev->services, line);
            return true;
        }
    }
    return error_refuse(error, "%s: device %s has no output '%s'", dev->id, dev->class->head.name,
                        name);
}

/* ---- calls into the device ---- */

void device_reset(Device *dev)
{
    g_mutex_lock(&dev->lock);
    device_call_reset(dev);
    g_mutex_unlock(&dev->lock);
}

void device_set_input(Device *dev, unsigned pin, bool level)
{
    g_assert(pin < dev->class->input_count);
    g_mutex_lock(&dev->lock);
    device_call_set_pin(dev, pin, level);
    g_mutex_unlock(&dev->lock);
}

uint8_t device_acknowledge(Device *dev)
{
    g_mutex_lock(&dev->lock);
    uint8_t vector = device_call_acknowledge(dev);
    g_mutex_unlock(&dev->lock);
    return vector;
}

bool device_key(Device *dev, unsigned code, bool pressed)
{
    const InputClient *client = dev->class->input_client;
    if (!client || !client->key) {
        return false;
    }
    g_mutex_lock(&dev->lock);
    bool taken = device_call_key(dev, code, pressed);
    g_mutex_unlock(&dev->lock);
    return taken;
}

bool device_pointer(Device *dev, int dx, int dy, unsigned buttons)
{
    const InputClient *client = dev->class->input_client;
    if (!client || !client->pointer) {
        return false;
    }
    g_mutex_lock(&dev->lock);
    uint64_t movement = (uint32_t)dx | (uint64_t)(uint32_t)dy << 32;
    bool taken = device_call_pointer(dev, movement, buttons);
    g_mutex_unlock(&dev->lock);
    return taken;
}

bool device_input_pending(Device *dev, unsigned pin)
{
    g_assert(pin < dev->class->input_count);
    g_mutex_lock(&dev->lock);
    bool pending = dev->class->input_pending && dev->class->input_pending(dev->state, pin);
    g_mutex_unlock(&dev->lock);
    return pending;
}

char *device_describe(Device *dev)
{
    char text[512] = "";
    g_mutex_lock(&dev->lock);
    if (dev->class->describe) {
        dev->class->describe(dev->state, text, sizeof(text));
    }
    g_mutex_unlock(&dev->lock);
    return g_strdup(text);
}

bool device_busy(Device *dev)
{
    g_mutex_lock(&dev->lock);
    bool busy = dev->class->busy && dev->class->busy(dev->state);
    g_mutex_unlock(&dev->lock);
    return busy;
}

/* ---- guest errors ---- */

void pio_guest_error(Device *dev, const char *kind, const char *format, ...)
{
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(dev->errors, kind));
    g_hash_table_insert(dev->errors, (gpointer)kind, GUINT_TO_POINTER(count + 1));
    if (count == 0 && dev->host->guest_error) {
        va_list args;
        va_start(args, format);
        g_autofree char *message = g_strdup_vprintf(format, args);
        va_end(args);
        dev->host->guest_error(dev->host->opaque, dev, message);
    }
}

char *device_guest_errors(Device *dev)
{
    GHashTableIter iter;
    gpointer kind, count;
    GString *text = g_string_new(NULL);
    g_mutex_lock(&dev->lock);
    g_hash_table_iter_init(&iter, dev->errors);
    while (g_hash_table_iter_next(&iter, &kind, &count)) {
        g_string_append_printf(text, "%s%s: %u", text->len ? ", " : "", (const char *)kind,
                               GPOINTER_TO_UINT(count));
    }
    g_mutex_unlock(&dev->lock);
    return g_string_free(text, !text->len);
}
