/*
 * bootindex= of devices: the paths by which QEMU names them, in their order, in the
 * file "bootorder" of the fw_cfg device.
 */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/machine/machine.h"

typedef struct BootPath {
    unsigned index;
    char *path;
} BootPath;

static void path_free(gpointer data)
{
    BootPath *path = data;
    g_free(path->path);
    g_free(path);
}

GPtrArray *machine_boot_paths_new(void)
{
    return g_ptr_array_new_with_free_func(path_free);
}

bool machine_add_boot_path(Machine *machine, unsigned index, const char *path, GError **error)
{
    for (guint i = 0; i < machine->boot_paths->len; i++) {
        const BootPath *other = machine->boot_paths->pdata[i];
        if (other->index == index) {
            return error_refuse(error, "bootindex=%u: another device has it", index);
        }
    }
    BootPath *added = g_new(BootPath, 1);
    *added = (BootPath){index, g_strdup(path)};
    g_ptr_array_add(machine->boot_paths, added);
    return true;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const BootPath *const *x = a, *const *y = b;
    return (*x)->index < (*y)->index ? -1 : 1;
}

static void add_line(GString *text, const char *line)
{
    g_string_append_printf(text, "%s%s", text->len ? "\n" : "", line);
}

/*
 * Without a bootindex the drives come in the order of -boot.  With -boot once= that
 * order is not yet the final one, so only the CMOS bytes give it, as they always do
 * to our own BIOS.
 */
char *machine_boot_order(const Machine *machine)
{
    GString *text = g_string_new(machine->kernel ? "/rom@" BOOT_KERNEL_ROM : NULL);
    g_ptr_array_sort(machine->boot_paths, compare);
    for (guint i = 0; i < machine->boot_paths->len; i++) {
        const BootPath *path = machine->boot_paths->pdata[i];
        add_line(text, path->path);
    }
    if (!machine->boot_paths->len && !machine->own_bios && machine->bootorder->len &&
        !*machine->boot->once) {
        add_line(text, machine->bootorder->str);
    }
    if (machine->boot->strict) {
        add_line(text, "HALT");
    }
    return g_string_free(text, false);
}
