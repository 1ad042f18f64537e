/*
 * The saved state of a device: the class's name, the version of the class's
 * state, and the name and elements of each field.
 */
#include "src/base/error.h"
#include "src/device/pci_internal.h"

#include <string.h>

#define SAVED_TYPE "(sua{sat})"
#define PCI_FIELD  "(PCI configuration space)"

static uint64_t load_element(const Device *dev, const DeviceField *f, unsigned index)
{
    uint64_t value = 0;
    memcpy(&value, device_field(dev, f->offset + (size_t)index * f->size), f->size);
    return value;
}

static void store_element(Device *dev, const DeviceField *f, unsigned index, uint64_t value)
{
    memcpy(device_field(dev, f->offset + (size_t)index * f->size), &value, f->size);
}

static unsigned state_version(const DeviceClass *class)
{
    return MAX(class->state_version, 1);
}

static bool has_field(const DeviceField *f)
{
    return f && f->kind != FIELD_END;
}

static GVariant *save_elements(const Device *dev, const DeviceField *f)
{
    g_autofree uint64_t *values = g_new(uint64_t, f->count);
    for (unsigned i = 0; i < f->count; i++) {
        values[i] = load_element(dev, f, i);
    }
    return g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, values, f->count, sizeof(*values));
}

bool device_field_value(Device *dev, const char *name, unsigned index, uint64_t *value)
{
    for (const DeviceField *f = dev->class->fields; has_field(f); f++) {
        if (!strcmp(f->name, name) && index < f->count) {
            g_mutex_lock(&dev->lock);
            *value = load_element(dev, f, index);
            g_mutex_unlock(&dev->lock);
            return true;
        }
    }
    return false;
}

/* Adds the configuration space after the fields of the class. */
static void save_pci(const Device *dev, GVariantBuilder *fields)
{
    uint64_t values[PCI_CONFIG_SIZE];
    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++) {
        values[i] = pci_function_bytes(dev->pci)[i];
    }
    GVariant *bytes =
        g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, values, PCI_CONFIG_SIZE, sizeof(*values));
    g_variant_builder_add_value(fields,
                                g_variant_new_dict_entry(g_variant_new_string(PCI_FIELD), bytes));
}

GBytes *device_save(Device *dev)
{
    GVariantBuilder fields;
    g_variant_builder_init(&fields, G_VARIANT_TYPE("a{sat}"));
    g_mutex_lock(&dev->lock);
    for (const DeviceField *f = dev->class->fields; has_field(f); f++) {
        GVariant *name = g_variant_new_string(f->name);
        g_variant_builder_add_value(&fields, g_variant_new_dict_entry(name, save_elements(dev, f)));
    }
    if (dev->pci) {
        save_pci(dev, &fields);
    }
    g_mutex_unlock(&dev->lock);
    g_autoptr(GVariant) saved = g_variant_ref_sink(
        g_variant_new("(su@a{sat})", dev->class->head.name, state_version(dev->class),
                      g_variant_builder_end(&fields)));
    return g_variant_get_data_as_bytes(saved);
}

static bool bad_state(const Device *dev, GError **error, const char *field, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: saved state, field %s: %s", dev->id,
                field, why);
    return false;
}

/*
 * Looks first where device_save() puts the field.  A search for each field
 * would take many times as long.
 */
static GVariant *find_elements(const Device *dev, const DeviceField *f, GVariant *fields)
{
    gsize place = (gsize)(f - dev->class->fields);
    if (place < g_variant_n_children(fields)) {
        const char *name;
        g_autoptr(GVariant) elements = NULL;
        g_variant_get_child(fields, place, "{&s@at}", &name, &elements);
        if (!strcmp(name, f->name)) {
            return g_steal_pointer(&elements);
        }
    }
    return g_variant_lookup_value(fields, f->name, G_VARIANT_TYPE("at"));
}

static bool load_default(Device *dev, const DeviceField *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        store_element(dev, f, i, f->default_value);
    }
    return true;
}

static bool load_field(Device *dev, const DeviceField *f, unsigned version, GVariant *fields,
                       GError **error)
{
    if (version < f->since) {
        return load_default(dev, f);
    }
    g_autoptr(GVariant) elements = find_elements(dev, f, fields);
    if (!elements) {
        return bad_state(dev, error, f->name, "missing");
    }
    gsize count;
    const uint64_t *values = g_variant_get_fixed_array(elements, &count, sizeof(*values));
    if (count != f->count) {
        return bad_state(dev, error, f->name, "wrong number of elements");
    }
    uint64_t maximum = f->kind == FIELD_BOOL ? 1
                       : f->size == 8        ? UINT64_MAX
                                             : (UINT64_C(1) << (f->size * 8)) - 1;
    for (unsigned i = 0; i < f->count; i++) {
        if (values[i] > maximum) {
            return bad_state(dev, error, f->name, "value too large");
        }
        store_element(dev, f, i, values[i]);
    }
    return true;
}

static bool check_origin(const Device *dev, const char *class_name, unsigned version,
                         GError **error)
{
    const DeviceClass *class = dev->class;
    if (strcmp(class_name, class->head.name)) {
        return error_refuse(error, "%s: saved state is of a '%s', not a '%s'", dev->id, class_name,
                            class->head.name);
    }
    if (!version || version > state_version(class)) {
        return error_refuse(error, "%s: saved state has version %u, and this pioemu knows up to %u",
                            dev->id, version, state_version(class));
    }
    return true;
}

static bool load_pci(Device *dev, GVariant *fields, GError **error)
{
    g_autoptr(GVariant) elements = g_variant_lookup_value(fields, PCI_FIELD, G_VARIANT_TYPE("at"));
    gsize count = 0;
    const uint64_t *values =
        elements ? g_variant_get_fixed_array(elements, &count, sizeof(*values)) : NULL;
    if (count != PCI_CONFIG_SIZE) {
        return bad_state(dev, error, PCI_FIELD, "missing or too short");
    }
    uint8_t bytes[PCI_CONFIG_SIZE];
    bool fits = true;
    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++) {
        bytes[i] = (uint8_t)values[i];
        fits = fits && values[i] <= UINT8_MAX;
    }
    return (fits && pci_function_load(dev->pci, bytes)) ||
           bad_state(dev, error, PCI_FIELD, "of another device");
}

static bool load_fields(Device *dev, GBytes *saved, GError **error)
{
    g_autoptr(GVariant) variant =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(SAVED_TYPE), saved, false));
    g_autofree char *class_name = NULL;
    g_autoptr(GVariant) fields = NULL;
    unsigned version;
    g_variant_get(variant, "(su@a{sat})", &class_name, &version, &fields);
    if (!check_origin(dev, class_name, version, error)) {
        return false;
    }
    for (const DeviceField *f = dev->class->fields; has_field(f); f++) {
        if (!load_field(dev, f, version, fields, error)) {
            return false;
        }
    }
    if (dev->pci && !load_pci(dev, fields, error)) {
        return false;
    }
    if (dev->class->post_load && !dev->class->post_load(dev->state)) {
        return bad_state(dev, error, "(all)", "impossible combination");
    }
    if (dev->pci) {
        pci_function_loaded(dev->pci);
    }
    return true;
}

/*
 * Restores the state before a refused load.  A reset would not be enough: it
 * keeps battery-backed state.
 */
static void undo_load(Device *dev, const uint8_t *before)
{
    for (const DeviceField *f = dev->class->fields; has_field(f); f++) {
        memcpy(device_field(dev, f->offset), before + f->offset, (size_t)f->size * f->count);
    }
    if (dev->pci) {
        pci_function_reset(dev->pci);
    }
    if (dev->class->reset) {
        dev->class->reset(dev->state);
    }
}

bool device_load(Device *dev, GBytes *saved, GError **error)
{
    g_mutex_lock(&dev->lock);
    g_autofree uint8_t *before = g_memdup2(dev->state, dev->class->head.state_size);
    bool ok = load_fields(dev, saved, error);
    if (!ok) {
        undo_load(dev, before);
    }
    g_mutex_unlock(&dev->lock);
    return ok;
}
