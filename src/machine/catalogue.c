/*
 * What there is to choose from: the boards, the classes of devices, and what a
 * board changes of their defaults.
 */
#include "src/machine/machine.h"

#include "devices/device_table.h"
#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/device/device_module.h"

#include <string.h>

static const MachineClass *const MACHINES[] = {&machine_pc_class, &machine_isapc_class,
                                               &machine_none_class, NULL};

const MachineClass *const *machine_classes(void)
{
    return MACHINES;
}

const MachineClass *machine_find(const char *name, GError **error)
{
    for (const MachineClass *const *m = MACHINES; *m; m++) {
        if (!strcmp((*m)->name, name) || !g_strcmp0((*m)->alias, name)) {
            return *m;
        }
    }
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                "-machine %s: no such machine (-machine help lists them)", name);
    return NULL;
}

const DeviceClass *const *machine_device_classes(void)
{
    return device_table;
}

const DeviceClass *machine_find_device_class(const char *what, const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(device_table)] = {NULL};
    for (size_t i = 0; device_table[i]; i++) {
        if (!strcmp(device_table[i]->head.name, name)) {
            return device_table[i];
        }
        names[i] = device_table[i]->head.name;
    }
    g_autoptr(GError) failure = NULL;
    const DeviceClass *class = device_module_find(name, &failure);
    if (failure) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s ", what);
        return NULL;
    }
    if (class) {
        return class;
    }
    if (machine_hint(name)) {
        error_refuse(error, "%s %s: no such device: %s", what, name, machine_hint(name));
        return NULL;
    }
    const char *nearest = keyval_nearest(name, names);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: no such device (%s%s%s)", what,
                name, nearest ? "did you mean '" : "-device help lists them",
                nearest ? nearest : "", nearest ? "'?" : "");
    return NULL;
}

/* The titles of the list of devices, by the folder of their source. */
static const struct {
    const char *folder, *title;
} CATEGORIES[] = {
    {"serial", "Serial ports and consoles"},
    {"storage", "Controllers of drives"},
    {"input", "Keyboard and mouse"},
    {"net", "Network cards"},
    {"timer", "Timers and clocks"},
    {"intc", "Interrupt controllers"},
    {"display", "Display"},
    {"pci", "PCI"},
    {"virtio", "Virtio"},
    {"misc", "Others"}, /* the last one, with the folders that have no title */
};

static bool is_in_category(const char *folder, size_t category)
{
    size_t i = 0;
    while (i < G_N_ELEMENTS(CATEGORIES) - 1 && strcmp(CATEGORIES[i].folder, folder)) {
        i++;
    }
    return i == category;
}

static void list_category(GString *text, size_t category)
{
    const char *title = CATEGORIES[category].title;
    bool any = false;
    for (size_t i = 0; device_table[i]; i++) {
        if (is_in_category(device_folders[i], category)) {
            g_string_append_printf(text, "%s%s  %-16s %s\n", any ? "" : title, any ? "" : ":\n",
                                   device_table[i]->head.name, device_table[i]->description);
            any = true;
        }
    }
}

/* Lists a module by the name with which -device finds it. */
static void list_module(void *opaque, const char *file, const DeviceClass *class,
                        const GError *failure)
{
    GString *text = opaque;
    g_autofree char *name = g_path_get_basename(file);
    *strrchr(name, '.') = '\0';
    g_string_append_printf(
        text, "%s  %-16s %s%s\n", text->len ? "" : "Modules:\n", name,
        class ? class->description : "cannot be used: ", class ? "" : failure->message);
}

char *machine_device_list(void)
{
    GString *text = g_string_new(NULL), *modules = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(CATEGORIES); i++) {
        list_category(text, i);
    }
    device_module_foreach(list_module, modules);
    g_string_append(text, modules->str);
    g_string_free(modules, true);
    return g_string_free(text, false);
}

/* ---- the board's defaults for devices ---- */

const char *machine_default(const MachineClass *machine, const DeviceClass *class,
                            const char *property)
{
    for (const MachineDefault *d = machine->defaults; d && d->device; d++) {
        if (!strcmp(d->device, class->head.name) && !strcmp(d->property, property)) {
            return d->value;
        }
    }
    return NULL;
}

static const char *class_default(void *opaque, const DeviceClass *class, const char *property)
{
    return machine_default(opaque, class, property);
}

char *machine_device_help(const MachineClass *machine, const DeviceClass *class)
{
    return device_class_help(class, class_default, (gpointer)machine);
}
