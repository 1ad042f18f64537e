#include "src/device_core.h"

#include "src/device_tap.h"
#include "src/dma.h"
#include "src/error.h"
#include "src/number.h"

#include <string.h>

struct Device {
    const DeviceClass *class;
    char *id;
    const DeviceHost *host;
    DeviceTap *tap; /* NULL: none */
    void *state;
    GMutex lock;
    GHashTable *given;      /* names of the properties that were set */
    GPtrArray *claim_names; /* outlive the bus's use of them */
    GHashTable *errors;     /* kind to how often */
};

static void *field_at(const Device *dev, size_t offset)
{
    return (uint8_t *)dev->state + offset;
}

Device *device_new(const DeviceClass *class, const char *id, const DeviceHost *host)
{
    g_assert(class->abi == DEVICE_ABI);
    Device *dev = g_new0(Device, 1);
    dev->class = class;
    dev->id = g_strdup(id);
    dev->host = host;
    dev->state = g_malloc0(class->state_size);
    *(Device **)dev->state = dev;
    g_mutex_init(&dev->lock);
    dev->given = g_hash_table_new(g_str_hash, g_str_equal);
    dev->claim_names = g_ptr_array_new_with_free_func(g_free);
    dev->errors = g_hash_table_new(g_str_hash, g_str_equal);
    dev->tap = host->taps ? host->taps->make(host->taps, dev, host) : NULL;
    return dev;
}

void device_free(Device *dev)
{
    const DeviceClass *class = dev->class;
    if (class->finalize) {
        class->finalize(dev->state);
    }
    for (const DeviceTimer *t = class->timers; t && t->name; t++) {
        timer_free(*(Timer **)field_at(dev, t->offset));
    }
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        if (p->kind == PROPERTY_STRING) {
            g_free(*(char **)field_at(dev, p->offset));
        }
    }
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

DeviceTap *device_tap(const Device *dev)
{
    return dev->tap;
}

static IrqLine *tapped_line(const Device *dev, IrqLine *line)
{
    return line && dev->tap ? device_tap_line(dev->tap, line) : line;
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

static char *property_names(const DeviceClass *class)
{
    GString *names = g_string_new(NULL);
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", p->name);
    }
    return g_string_free(names, !names->len) ?: g_strdup("none");
}

static bool set_uint(void *field, const char *what, const char *text, unsigned size, GError **error)
{
    uint64_t maximum = size == 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
    uint64_t value;
    bool ok = size == 8 ? number_parse_size(what, text, maximum, &value, error)
                        : number_parse(what, text, maximum, &value, error);
    if (ok) {
        memcpy(field, &value, size); /* little-endian hosts only: x86 */
    }
    return ok;
}

static bool set_choice(unsigned *field, const DeviceProperty *p, const char *what, const char *text,
                       GError **error)
{
    for (unsigned i = 0; p->choices[i]; i++) {
        if (!strcmp(p->choices[i], text)) {
            *field = i;
            return true;
        }
    }
    g_autofree char *all = g_strjoinv(", ", (char **)p->choices);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: not one of %s", what, text, all);
    return false;
}

static bool set_irq(Device *dev, IrqLine **field, const char *what, const char *text,
                    GError **error)
{
    if (!strcmp(text, "none") || !dev->host->irq_line) {
        *field = NULL;
        return true;
    }
    uint64_t irq;
    if (!number_parse(what, text, 15, &irq, error)) {
        return false;
    }
    *field = tapped_line(dev, dev->host->irq_line(dev->host->opaque, (unsigned)irq));
    return true;
}

static bool set_char(Device *dev, CharPort **field, const char *id, GError **error)
{
    *field = dev->host->char_port ? dev->host->char_port(dev->host->opaque, dev, id, error) : NULL;
    return *field != NULL;
}

/* No id: nothing is plugged in. */
static bool set_drive(Device *dev, BlockPort **field, const char *id, GError **error)
{
    *field = *id && dev->host->block_port ? dev->host->block_port(dev->host->opaque, dev, id, error)
                                          : NULL;
    return *field || !*id;
}

static bool set_dma(Device *dev, DmaLine **field, const char *what, const char *text,
                    GError **error)
{
    uint64_t channel;
    *field = NULL;
    if (!strcmp(text, "none") || !dev->host->dma_line) {
        return true;
    }
    if (!number_parse(what, text, 7, &channel, error)) {
        return false;
    }
    *field = dev->host->dma_line(dev->host->opaque, (unsigned)channel);
    if (*field && dev->tap) {
        dma_line_set_tap(*field, dev->tap);
    }
    return true;
}

/* A host without data has none of any name. */
static bool set_data(Device *dev, const DataTable **field, const char *id, GError **error)
{
    const DeviceHost *host = dev->host;
    *field = host->data_table ? host->data_table(host->opaque, id, error) : NULL;
    return *field || !host->data_table;
}

static bool set_field(Device *dev, const DeviceProperty *p, const char *text, GError **error)
{
    void *field = field_at(dev, p->offset);
    g_autofree char *what = g_strdup_printf("%s: %s", dev->id, p->name);
    switch (p->kind) {
    case PROPERTY_BOOL:
        return number_parse_bool(what, text, field, error);
    case PROPERTY_UINT8:
        return set_uint(field, what, text, 1, error);
    case PROPERTY_UINT16:
        return set_uint(field, what, text, 2, error);
    case PROPERTY_UINT32:
        return set_uint(field, what, text, 4, error);
    case PROPERTY_UINT64:
        return set_uint(field, what, text, 8, error);
    case PROPERTY_STRING:
        g_free(*(char **)field);
        *(char **)field = g_strdup(text);
        return true;
    case PROPERTY_CHOICE:
        return set_choice(field, p, what, text, error);
    case PROPERTY_IRQ:
        return set_irq(dev, field, what, text, error);
    case PROPERTY_CHAR:
        return set_char(dev, field, text, error);
    case PROPERTY_DRIVE:
        return set_drive(dev, field, text, error);
    case PROPERTY_DATA:
        return set_data(dev, field, text, error);
    case PROPERTY_DMA:
        return set_dma(dev, field, what, text, error);
    }
    g_assert_not_reached();
}

bool device_set_property(Device *dev, const char *name, const char *value, GError **error)
{
    const DeviceProperty *p = find_property(dev->class, name);
    if (!p) {
        g_autofree char *names = property_names(dev->class);
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: no property '%s' (it has: %s)",
                    dev->id, name, names);
        return false;
    }
    g_hash_table_add(dev->given, (gpointer)p->name);
    return set_field(dev, p, value, error);
}

bool device_set_properties(Device *dev, const char *text, GError **error)
{
    g_auto(GStrv) items = g_strsplit(text ? text : "", ",", -1);
    for (char **item = items; *item; item++) {
        char *equals = strchr(*item, '=');
        if (!equals) {
            g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: '%s' is not name=value",
                        dev->id, *item);
            return false;
        }
        *equals = '\0';
        if (!device_set_property(dev, *item, equals + 1, error)) {
            return false;
        }
    }
    return true;
}

static bool set_defaults(Device *dev, GError **error)
{
    for (const DeviceProperty *p = dev->class->properties; p && p->name; p++) {
        if (p->default_value && !g_hash_table_contains(dev->given, p->name) &&
            !set_field(dev, p, p->default_value, error)) {
            return false;
        }
    }
    return true;
}

static const char *const KIND_NAMES[] = {
    [PROPERTY_BOOL] = "on|off",        [PROPERTY_UINT8] = "0..255",
    [PROPERTY_UINT16] = "0..65535",    [PROPERTY_UINT32] = "number",
    [PROPERTY_UINT64] = "number/size", [PROPERTY_STRING] = "text",
    [PROPERTY_CHOICE] = NULL,          [PROPERTY_IRQ] = "0..15|none",
    [PROPERTY_CHAR] = "chardev id",    [PROPERTY_DRIVE] = "drive id",
    [PROPERTY_DMA] = "0..7|none",      [PROPERTY_DATA] = "data id",
};

char *device_class_help(const DeviceClass *class)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s: %s\n", class->name, class->description);
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        g_autofree char *kind = p->kind == PROPERTY_CHOICE ? g_strjoinv("|", (char **)p->choices)
                                                           : g_strdup(KIND_NAMES[p->kind]);
        g_string_append_printf(text, "  %s=<%s>  %s (default %s)\n", p->name, kind, p->help,
                               p->default_value ? p->default_value : "none");
    }
    return g_string_free(text, false);
}

/* ---- realize ---- */

static uint64_t property_value(const Device *dev, const char *name)
{
    const DeviceProperty *p = find_property(dev->class, name);
    g_assert(p && p->kind >= PROPERTY_UINT8 && p->kind <= PROPERTY_UINT64);
    static const size_t SIZES[] = {
        [PROPERTY_UINT8] = 1, [PROPERTY_UINT16] = 2, [PROPERTY_UINT32] = 4, [PROPERTY_UINT64] = 8};
    uint64_t value = 0;
    memcpy(&value, field_at(dev, p->offset), SIZES[p->kind]);
    return value;
}

static bool claim_regions(Device *dev, GError **error)
{
    const DeviceRegion *regions = dev->class->regions;
    bool several = regions && regions[0].name && regions[1].name;
    for (const DeviceRegion *r = regions; r && r->name; r++) {
        uint64_t base = r->base_property ? property_value(dev, r->base_property) : 0;
        if (!base && r->base_property) {
            continue;
        }
        char *name = several ? g_strdup_printf("%s %s", dev->id, r->name) : g_strdup(dev->id);
        g_ptr_array_add(dev->claim_names, name);
        BusClaim claim = {
            .name = name,
            .space = r->space,
            .base = base,
            .size = r->size_property ? property_value(dev, r->size_property) : r->size,
            .ops = r->ops,
            .state = dev->state,
            .lock = &dev->lock,
            .posted = r->posted,
            .per_cpu = r->cpu_property != NULL,
            .cpu = r->cpu_property ? (unsigned)property_value(dev, r->cpu_property) : 0,
            .register_name = r->register_name,
            .bid = r->bid,
        };
        if (dev->tap) {
            device_tap_claim(dev->tap, &claim);
        }
        if (!bus_claim(dev->host->bus, &claim, error)) {
            return false;
        }
    }
    return true;
}

static void make_timers(Device *dev)
{
    Clock *clock = dev->host->clock;
    const DeviceTimer *timers = dev->class->timers;
    for (unsigned i = 0; timers && timers[i].name; i++) {
        *(Timer **)field_at(dev, timers[i].offset) =
            dev->tap ? device_tap_timer(dev->tap, clock, &dev->lock, i)
                     : timer_new(clock, &dev->lock, timers[i].fire, dev->state);
    }
}

static bool call_realize(Device *dev, char *message, size_t size)
{
    TapEvent event = {.kind = TAP_REALIZE};
    device_tap_enter(dev->tap, &event);
    bool ok = !dev->class->realize || dev->class->realize(dev->state, message, size);
    device_tap_leave(dev->tap, &event);
    return ok;
}

bool device_realize(Device *dev, GError **error)
{
    if (!set_defaults(dev, error)) {
        return false;
    }
    make_timers(dev);
    char message[200] = "";
    if (!call_realize(dev, message, sizeof(message))) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: %s", dev->id, message);
        return false;
    }
    if (!claim_regions(dev, error)) {
        return false;
    }
    device_reset(dev);
    return true;
}

void device_connect(Device *dev, const char *name, IrqLine *line)
{
    for (const DeviceOutput *o = dev->class->outputs; o && o->name; o++) {
        if (!strcmp(o->name, name)) {
            *(IrqLine **)field_at(dev, o->offset) = tapped_line(dev, line);
            return;
        }
    }
    g_assert_not_reached();
}

/* ---- calls into the device ---- */

void device_reset(Device *dev)
{
    TapEvent event = {.kind = TAP_RESET};
    g_mutex_lock(&dev->lock);
    device_tap_enter(dev->tap, &event);
    if (dev->class->reset) {
        dev->class->reset(dev->state);
    }
    device_tap_leave(dev->tap, &event);
    g_mutex_unlock(&dev->lock);
}

void device_set_input(Device *dev, unsigned pin, bool level)
{
    g_assert(pin < dev->class->input_count);
    g_mutex_lock(&dev->lock);
    device_input(dev, pin, level);
    g_mutex_unlock(&dev->lock);
}

uint8_t device_acknowledge(Device *dev)
{
    TapEvent event = {.kind = TAP_ACKNOWLEDGE};
    g_mutex_lock(&dev->lock);
    device_tap_enter(dev->tap, &event);
    event.value = dev->class->acknowledge(dev->state);
    device_tap_leave(dev->tap, &event);
    g_mutex_unlock(&dev->lock);
    return (uint8_t)event.value;
}

bool device_key(Device *dev, unsigned code, bool pressed)
{
    const InputClient *client = dev->class->input_client;
    if (!client || !client->key) {
        return false;
    }
    g_mutex_lock(&dev->lock);
    bool taken = device_take_key(dev, code, pressed);
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
    bool taken = device_take_pointer(dev, movement, buttons);
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

/* ---- services for the device ---- */

uint64_t device_now(const Device *dev)
{
    return dev->tap ? dev->tap->class->now(dev->tap) : clock_now(dev->host->clock);
}

bool device_memory_read(Device *dev, uint64_t address, void *data, size_t size)
{
    if (dev->tap) {
        return dev->tap->class->memory_read(dev->tap, address, data, size);
    }
    return device_memory_pass_read(dev, address, data, size);
}

bool device_memory_pass_read(const Device *dev, uint64_t address, void *data, size_t size)
{
    return dev->host->memory && memory_read(dev->host->memory, address, data, size);
}

bool device_memory_write(Device *dev, uint64_t address, const void *data, size_t size)
{
    if (dev->tap) {
        return dev->tap->class->memory_write(dev->tap, address, data, size);
    }
    return device_memory_pass_write(dev, address, data, size);
}

bool device_memory_pass_write(const Device *dev, uint64_t address, const void *data, size_t size)
{
    return dev->host->memory && memory_write(dev->host->memory, address, data, size);
}

void device_bus_write(Device *dev, uint64_t address, uint64_t value, unsigned size)
{
    if (dev->tap) {
        dev->tap->class->bus_write(dev->tap, address, value, size);
    } else {
        device_bus_pass_write(dev, address, value, size);
    }
}

/* The caller's lock is held: a bus that takes locks could wait for it for ever. */
void device_bus_pass_write(const Device *dev, uint64_t address, uint64_t value, unsigned size)
{
    if (!bus_is_locked(dev->host->bus)) {
        bus_device_write(dev->host->bus, address, value, size);
    }
}

static void request(Device *dev, DeviceRequest what, int status)
{
    if (dev->tap) {
        dev->tap->class->request(dev->tap, what, status);
    }
    if (dev->host->request) {
        dev->host->request(dev->host->opaque, what, status);
    }
}

void device_request_exit(Device *dev, int status)
{
    request(dev, DEVICE_EXIT, status);
}

void device_request_poweroff(Device *dev)
{
    request(dev, DEVICE_POWEROFF, 0);
}

void device_request_reset(Device *dev)
{
    request(dev, DEVICE_RESET, 0);
}

void device_request_cpu_init(Device *dev, unsigned cpu)
{
    request(dev, DEVICE_CPU_INIT, (int)cpu);
}

void device_request_cpu_start(Device *dev, unsigned cpu, uint8_t vector)
{
    request(dev, DEVICE_CPU_START, (int)(cpu << 8 | vector));
}

void device_guest_error(Device *dev, const char *kind, const char *format, ...)
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

/* ---- saved state: (class name, field name to elements) ---- */

#define SAVED_TYPE "(sa{sat})"

static uint64_t load_element(const Device *dev, const DeviceField *f, unsigned index)
{
    uint64_t value = 0;
    memcpy(&value, field_at(dev, f->offset + (size_t)index * f->size), f->size);
    return value;
}

static void store_element(Device *dev, const DeviceField *f, unsigned index, uint64_t value)
{
    memcpy(field_at(dev, f->offset + (size_t)index * f->size), &value, f->size);
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

GBytes *device_save(Device *dev)
{
    GVariantBuilder fields;
    g_variant_builder_init(&fields, G_VARIANT_TYPE("a{sat}"));
    g_mutex_lock(&dev->lock);
    for (const DeviceField *f = dev->class->fields; has_field(f); f++) {
        GVariant *name = g_variant_new_string(f->name);
        g_variant_builder_add_value(&fields, g_variant_new_dict_entry(name, save_elements(dev, f)));
    }
    g_mutex_unlock(&dev->lock);
    g_autoptr(GVariant) saved = g_variant_ref_sink(
        g_variant_new("(s@a{sat})", dev->class->name, g_variant_builder_end(&fields)));
    return g_variant_get_data_as_bytes(saved);
}

static bool bad_state(const Device *dev, GError **error, const char *field, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: saved state, field %s: %s", dev->id,
                field, why);
    return false;
}

/* Mostly at the place where device_save() puts it: to look each up takes many times as long. */
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

static bool load_field(Device *dev, const DeviceField *f, GVariant *fields, GError **error)
{
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

static bool load_fields(Device *dev, GBytes *saved, GError **error)
{
    g_autoptr(GVariant) variant =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(SAVED_TYPE), saved, false));
    g_autofree char *class_name = NULL;
    g_autoptr(GVariant) fields = NULL;
    g_variant_get(variant, "(s@a{sat})", &class_name, &fields);
    if (strcmp(class_name, dev->class->name)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "%s: saved state is of a '%s', not a '%s'", dev->id, class_name,
                    dev->class->name);
        return false;
    }
    for (const DeviceField *f = dev->class->fields; has_field(f); f++) {
        if (!load_field(dev, f, fields, error)) {
            return false;
        }
    }
    if (dev->class->post_load && !dev->class->post_load(dev->state)) {
        return bad_state(dev, error, "(all)", "impossible combination");
    }
    return true;
}

/* A reset alone does not undo a refused load: it leaves what a battery backs. */
static void undo_load(Device *dev, const uint8_t *before)
{
    for (const DeviceField *f = dev->class->fields; has_field(f); f++) {
        memcpy(field_at(dev, f->offset), before + f->offset, (size_t)f->size * f->count);
    }
    if (dev->class->reset) {
        dev->class->reset(dev->state);
    }
}

bool device_load(Device *dev, GBytes *saved, GError **error)
{
    g_mutex_lock(&dev->lock);
    g_autofree uint8_t *before = g_memdup2(dev->state, dev->class->state_size);
    bool ok = load_fields(dev, saved, error);
    if (!ok) {
        undo_load(dev, before);
    }
    g_mutex_unlock(&dev->lock);
    return ok;
}
