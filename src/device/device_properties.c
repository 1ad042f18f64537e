/*
 * Properties: converts text to the fields of a device's state.
 */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/device/device_internal.h"
#include "src/device/dma.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
        memcpy(field, &value, size); /* works because x86 hosts are little-endian */
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
    *field =
        device_services_line(dev->services, dev->host->irq_line(dev->host->opaque, (unsigned)irq));
    return true;
}

static bool set_char(Device *dev, CharPort **field, unsigned number, const char *id, GError **error)
{
    *field = dev->host->char_port ? dev->host->char_port(dev->host->opaque, dev, id, error) : NULL;
    if (*field) {
        ((CharPortEnd *)*field)->number = number;
    }
    return *field != NULL;
}

/* Without an id nothing is plugged in. */
static bool set_drive(Device *dev, BlockPort **field, unsigned number, const char *id,
                      GError **error)
{
    *field = *id && dev->host->block_port ? dev->host->block_port(dev->host->opaque, dev, id, error)
                                          : NULL;
    if (*field) {
        ((BlockPortEnd *)*field)->number = number;
    }
    return *field || !*id;
}

/* No id: no cable is plugged in. */
static bool set_net(Device *dev, NetPort **field, unsigned number, const char *id, GError **error)
{
    *field =
        *id && dev->host->net_port ? dev->host->net_port(dev->host->opaque, dev, id, error) : NULL;
    if (*field) {
        ((NetPortEnd *)*field)->number = number;
    }
    return *field || !*id;
}

static bool set_mac(uint8_t *field, const char *what, const char *text, GError **error)
{
    unsigned bytes[NET_ADDRESS_SIZE];
    int size = 0;
    bool good = sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &bytes[0], &bytes[1], &bytes[2],
                       &bytes[3], &bytes[4], &bytes[5], &size) == NET_ADDRESS_SIZE &&
                !text[size] && size == 17;
    for (unsigned i = 0; good && i < NET_ADDRESS_SIZE; i++) {
        field[i] = (uint8_t)bytes[i];
    }
    return (good && !(field[0] & 1)) ||
           error_refuse(error, "%s=%s: %s (as 52:54:00:12:34:56)", what, text,
                        good ? "the address of a group, not of a card" : "no address of a card");
}

/* The field of the `number`th property of a kind; NULL: there is none. */
static void *field_of_kind(const Device *dev, PropertyKind kind, uint64_t number)
{
    const DeviceProperty *p = dev->class->properties;
    for (; p && p->name; p++) {
        if (p->kind == kind && number-- == 0) {
            return device_field(dev, p->offset);
        }
    }
    return NULL;
}

BlockPort *device_block_port(const Device *dev, uint64_t number)
{
    BlockPort **field = field_of_kind(dev, PROPERTY_DRIVE, number);
    return field ? *field : NULL;
}

NetPort *device_net_port(const Device *dev, uint64_t number)
{
    NetPort **field = field_of_kind(dev, PROPERTY_NET, number);
    return field ? *field : NULL;
}

static bool set_dma(Device *dev, DmaLine **field, unsigned number, const char *what,
                    const char *text, GError **error)
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
    if (*field) {
        dma_line_connect(*field, dev, number);
    }
    return true;
}

/* On a host without data every name is unknown. */
static bool set_data(Device *dev, const DataTable **field, const char *id, GError **error)
{
    const DeviceHost *host = dev->host;
    *field = host->data_table ? host->data_table(host->opaque, id, error) : NULL;
    return *field || !host->data_table;
}

/*
 * The number of the property among the properties of its kind, such as the
 * second of two drives.
 */
static unsigned number_of_kind(const DeviceClass *class, const DeviceProperty *property)
{
    unsigned number = 0;
    for (const DeviceProperty *p = class->properties; p < property; p++) {
        number += p->kind == property->kind;
    }
    return number;
}

static bool set_field(Device *dev, const DeviceProperty *p, const char *text, GError **error)
{
    void *field = device_field(dev, p->offset);
    unsigned number = number_of_kind(dev->class, p);
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
        return set_char(dev, field, number, text, error);
    case PROPERTY_DRIVE:
        return set_drive(dev, field, number, text, error);
    case PROPERTY_NET:
        return set_net(dev, field, number, text, error);
    case PROPERTY_MAC:
        return set_mac(field, what, text, error);
    case PROPERTY_DATA:
        return set_data(dev, field, text, error);
    case PROPERTY_DMA:
        return set_dma(dev, field, number, what, text, error);
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
    g_hash_table_insert(dev->given, (gpointer)p->name, g_strdup(value));
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

/* The board's default comes before the default of the class. */
static const char *default_of(const Device *dev, const DeviceProperty *property)
{
    const DeviceHost *host = dev->host;
    const char *value =
        host->board_default ? host->board_default(host->opaque, dev->class, property->name) : NULL;
    return value ?: property->default_value;
}

bool device_set_defaults(Device *dev, GError **error)
{
    for (const DeviceProperty *p = dev->class->properties; p && p->name; p++) {
        const char *value = default_of(dev, p);
        if (value && !g_hash_table_contains(dev->given, p->name) &&
            !set_field(dev, p, value, error)) {
            return false;
        }
    }
    return true;
}

uint64_t device_property_value(const Device *dev, const char *name)
{
    const DeviceProperty *p = find_property(dev->class, name);
    g_assert(p && p->kind >= PROPERTY_UINT8 && p->kind <= PROPERTY_UINT64);
    static const size_t SIZES[] = {
        [PROPERTY_UINT8] = 1, [PROPERTY_UINT16] = 2, [PROPERTY_UINT32] = 4, [PROPERTY_UINT64] = 8};
    uint64_t value = 0;
    memcpy(&value, device_field(dev, p->offset), SIZES[p->kind]);
    return value;
}

/* Shows the current number: the guest may have moved a chip on PCI. */
static char *property_text(const Device *dev, const DeviceProperty *p)
{
    const char *text = g_hash_table_lookup(dev->given, p->name) ?: default_of(dev, p);
    if (p->kind >= PROPERTY_UINT8 && p->kind <= PROPERTY_UINT64) {
        uint64_t value = device_property_value(dev, p->name);
        return g_strdup_printf("%" PRIu64 " (%#" PRIx64 ")", value, value);
    }
    if (p->kind == PROPERTY_BOOL) {
        return g_strdup(*(const bool *)device_field(dev, p->offset) ? "true" : "false");
    }
    return g_strdup_printf("\"%s\"", text ? text : "");
}

void device_foreach_property(const Device *dev,
                             void (*visit)(void *opaque, const char *name, const char *text),
                             void *opaque)
{
    for (const DeviceProperty *p = dev->class->properties; p && p->name; p++) {
        g_autofree char *text = property_text(dev, p);
        visit(opaque, p->name, text);
    }
}
