/*
 * The commands that show devices, and which devices can be added.
 */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/device/device_module.h"
#include "src/vm/machine_text.h"
#include "src/vm/vm_debug.h"

#include <string.h>
#include <unistd.h>

/* ---- as text ---- */

static JsonNode *query_qtree(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    machine_text_qtree(text, vm_parts(vm).machine);
    return command_text(text);
}

static JsonNode *query_mtree(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    machine_text_mtree(text, vm_parts(vm).memory, vm_parts(vm).bus);
    return command_text(text);
}

static JsonNode *query_roms(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    machine_text_roms(text, vm_parts(vm).memory);
    return command_text(text);
}

static JsonNode *query_pic(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    machine_text_pic(text, vm_parts(vm).machine);
    return command_text(text);
}

static JsonNode *query_jit(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    vm_describe_translator(vm, text);
    return command_text(text);
}

static JsonNode *query_lapic(Vm *vm, JsonObject *arguments, GError **error)
{
    unsigned cpu = (unsigned)command_get_int(arguments, "cpu-index", 0);
    GString *text = g_string_new(NULL);
    if (!machine_text_lapic(text, vm_parts(vm).machine, cpu)) {
        g_string_free(text, true);
        error_refuse(error, "CPU %u has no local APIC here (KVM's own is not shown)", cpu);
        return NULL;
    }
    return command_text(text);
}

/* ---- CPUs ---- */

static JsonNode *query_cpus(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    JsonArray *list = json_array_new();
    for (unsigned i = 0; i < vm_cpu_count(vm); i++) {
        JsonObject *properties = json_object_new();
        json_object_set_int_member(properties, "socket-id", i);
        json_object_set_int_member(properties, "core-id", 0);
        json_object_set_int_member(properties, "thread-id", 0);
        g_autofree char *path = g_strdup_printf("/machine/unattached/cpu[%u]", i);
        JsonObject *cpu = json_object_new();
        json_object_set_int_member(cpu, "cpu-index", i);
        json_object_set_string_member(cpu, "qom-path", path);
        json_object_set_int_member(cpu, "thread-id", vm_cpu_thread(vm, i));
        json_object_set_object_member(cpu, "props", properties);
        json_object_set_string_member(cpu, "target", "x86_64");
        json_array_add_object_element(list, cpu);
    }
    return command_array(list);
}

/* QEMU's monitor marks its current CPU. This function does not know it and marks the first. */
static void show_cpu(JsonArray *list, guint index, JsonNode *element, gpointer text)
{
    JsonObject *cpu = json_node_get_object(element);
    (void)list;
    g_string_append_printf(text, "%c CPU #%u: thread_id=%d\n", index ? ' ' : '*', index,
                           (int)json_object_get_int_member(cpu, "thread-id"));
}

static void show_cpus(JsonNode *value, GString *text)
{
    json_array_foreach_element(json_node_get_array(value), show_cpu, text);
}

/* ---- classes ---- */

static JsonNode *list_types(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *parent = command_get_string(arguments, "implements");
    (void)vm, (void)error;
    JsonArray *list = json_array_new();
    for (const DeviceClass *const *d = machine_device_classes(); *d; d++) {
        if (parent && strcmp(parent, "device") != 0 && strcmp(parent, (*d)->head.name) != 0) {
            continue;
        }
        JsonObject *type = json_object_new();
        json_object_set_string_member(type, "name", (*d)->head.name);
        json_object_set_string_member(type, "parent", "device");
        json_array_add_object_element(list, type);
    }
    return command_array(list);
}

static const char *type_name(const DeviceProperty *property)
{
    static const char *const NAMES[] = {
        [PROPERTY_BOOL] = "bool",     [PROPERTY_UINT8] = "uint8",   [PROPERTY_UINT16] = "uint16",
        [PROPERTY_UINT32] = "uint32", [PROPERTY_UINT64] = "uint64", [PROPERTY_STRING] = "str",
        [PROPERTY_CHOICE] = "str",    [PROPERTY_IRQ] = "uint32",    [PROPERTY_CHAR] = "str",
        [PROPERTY_DRIVE] = "str",     [PROPERTY_DMA] = "uint32",    [PROPERTY_DATA] = "str",
        [PROPERTY_NET] = "str",       [PROPERTY_MAC] = "str",
    };
    return NAMES[property->kind];
}

static JsonNode *list_properties(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *name = command_get_string(arguments, "typename");
    /* A client need not be able to load any file of the host. */
    const DeviceClass *class =
        device_module_is_file(name) ? NULL : machine_find_device_class("typename", name, NULL);
    (void)vm;
    if (!class) {
        error_refuse(error, "Device '%s' not found", name);
        return NULL;
    }
    JsonArray *list = json_array_new();
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        JsonObject *property = json_object_new();
        json_object_set_string_member(property, "name", p->name);
        json_object_set_string_member(property, "type", type_name(p));
        json_object_set_string_member(property, "description", p->help);
        if (p->default_value) {
            json_object_set_string_member(property, "default-value", p->default_value);
        }
        json_array_add_object_element(list, property);
    }
    return command_array(list);
}

/* ---- character lines ---- */

static JsonNode *send_break(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *id = command_get_string(arguments, "id");
    Chardev *chardev = chardev_set_find(vm_parts(vm).chars, id);
    if (!chardev) {
        error_refuse(error, "Chardev '%s' not found", id);
        return NULL;
    }
    chardev_receive_break(chardev);
    return NULL;
}

static void add_id(void *names, Chardev *chardev)
{
    g_ptr_array_add(names, g_strdup(chardev->id));
}

static void complete_chardev(Vm *vm, GPtrArray *names)
{
    chardev_set_foreach(vm_parts(vm).chars, add_id, names);
}

/* ---- the table ---- */

const Command COMMANDS_DEVICES[] = {
    {.name = "x-query-qtree", .line = "info qtree", .help = "show device tree", .run = query_qtree},
    {.name = "x-query-mtree",
     .line = "info mtree",
     .usage = "[-f]",
     .help = "show memory tree (-f: the flat view, which is all there is)",
     .arguments = {{.name = "flat", .type = COMMAND_BOOL, .optional = true, .flag = 'f'}},
     .run = query_mtree},
    {.name = "x-query-roms", .line = "info roms", .help = "show roms", .run = query_roms},
    {.name = "x-query-pic", .line = "info pic", .help = "show PIC state", .run = query_pic},
    {.name = "x-query-jit",
     .line = "info jit",
     .help = "show the translator of code",
     .run = query_jit},
    {.name = "x-query-lapic",
     .line = "info lapic",
     .usage = "[apic-id]",
     .help = "show local apic state (default: of the current CPU)",
     .arguments = {{.name = "cpu-index", .type = COMMAND_INTEGER, .optional = true}},
     .run = query_lapic},
    {.name = "query-cpus-fast",
     .line = "info cpus",
     .help = "show infos for each CPU",
     .run = query_cpus,
     .show = show_cpus},
    {.name = "qom-list-types",
     .help = "the classes of devices",
     .arguments = {{.name = "implements", .type = COMMAND_STRING, .optional = true},
                   {.name = "abstract", .type = COMMAND_BOOL, .optional = true}},
     .run = list_types},
    {.name = "device-list-properties",
     .help = "the properties of a class",
     .arguments = {{.name = "typename", .type = COMMAND_STRING}},
     .run = list_properties},
    {.name = "chardev-send-break",
     .line = "chardev-send-break",
     .usage = "id",
     .help = "send a break on chardev",
     .arguments = {{.name = "id", .type = COMMAND_STRING, .complete = complete_chardev}},
     .run = send_break},
    COMMAND_END,
};
