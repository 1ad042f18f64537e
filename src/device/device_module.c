#include "src/device/device_module.h"

#include "src/base/error.h"
#include "src/device/device_class.h"

#include <gmodule.h>
#include <string.h>

#define ENTRY  "pioemu_device_module"
#define ENDING ".so"

/* ---- one file ---- */

/*
 * The loader's message begins with the path, which ours has already.  For a file
 * that needs a function which this program has not, it gives the name.
 */
static bool refuse_loading(const char *file, GError **error)
{
    const char *why = g_module_error();
    g_autofree char *prefix = g_strconcat(file, ": ", NULL);
    why = g_str_has_prefix(why, prefix) ? why + strlen(prefix) : why;
    return error_refuse(error, "%s: cannot be loaded: %s", file, why);
}

static const DeviceModule *entry_of(GModule *module, const char *file, GError **error)
{
    gpointer entry = NULL;
    if (!g_module_symbol(module, ENTRY, &entry)) {
        error_refuse(error,
                     "%s: is not a module with devices (it has no %s(); DEVICE_MODULE() of "
                     "devices/device.h defines it)",
                     file, ENTRY);
        return NULL;
    }
    const DeviceModule *contents = ((const DeviceModule *(*)(void))entry)();
    return device_module_check(contents, file, error) ? contents : NULL;
}

/*
 * The version is checked before the functions are bound that the module calls, so
 * that a module which was built for a newer interface is told so, not that a
 * function is missing.
 */
static bool check_first(const char *file, GError **error)
{
    GModule *module = g_module_open(file, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
    if (!module) {
        return refuse_loading(file, error);
    }
    bool good = entry_of(module, file, error) != NULL;
    g_module_close(module);
    return good;
}

static const DeviceModule *load(const char *file, GError **error)
{
    if (!g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
        error_refuse(error, "%s: there is no such file", file);
        return NULL;
    }
    /* The loader would look for a name without a slash in the system's directories. */
    g_autofree char *path = strchr(file, '/') ? g_strdup(file) : g_strconcat("./", file, NULL);
    if (!check_first(path, error)) {
        return NULL;
    }
    GModule *module = g_module_open(path, G_MODULE_BIND_LOCAL);
    if (!module) {
        refuse_loading(path, error);
        return NULL;
    }
    g_module_make_resident(module);
    return entry_of(module, path, error);
}

static const DeviceClass *find_class(const DeviceModule *module, const char *name)
{
    const DeviceClass *const *class = module->classes;
    while (*class && strcmp((*class)->head.name, name)) {
        class ++;
    }
    return *class;
}

/* The class `name` of the file, or if it is NULL, the one that the file is named for. */
static const DeviceClass *class_of_file(const char *file, const char *name, GError **error)
{
    const DeviceModule *module = load(file, error);
    if (!module) {
        return NULL;
    }
    g_autofree char *stem = g_path_get_basename(file);
    if (g_str_has_suffix(stem, ENDING)) {
        stem[strlen(stem) - strlen(ENDING)] = '\0';
    }
    const DeviceClass *class = find_class(module, name ? name : stem);
    if (!class && name) {
        error_refuse(error, "%s: has no device '%s' (its first one is '%s')", file, name,
                     module->classes[0]->head.name);
    }
    return class || name ? class : module->classes[0];
}

/* ---- the directories ---- */

static char **directories(void)
{
    const char *path = g_getenv(DEVICE_MODULE_PATH);
    g_autofree char *all =
        g_strconcat(path ? path : "", path ? ":" : "", PIOEMU_MODULES "/devices", NULL);
    return g_strsplit(all, ":", -1);
}

bool device_module_is_file(const char *name)
{
    g_autofree char *file = g_strndup(name, strcspn(name, ":"));
    return strchr(file, '/') || g_str_has_suffix(file, ENDING);
}

const DeviceClass *device_module_find(const char *name, GError **error)
{
    if (device_module_is_file(name)) {
        const char *colon = strchr(name, ':');
        g_autofree char *file = g_strndup(name, strcspn(name, ":"));
        return class_of_file(file, colon ? colon + 1 : NULL, error);
    }
    g_auto(GStrv) places = directories();
    g_autofree char *file = g_strconcat(name, ENDING, NULL);
    for (char **place = places; *place; place++) {
        g_autofree char *path = g_build_filename(*place, file, NULL);
        if (**place && g_file_test(path, G_FILE_TEST_EXISTS)) {
            return class_of_file(path, NULL, error);
        }
    }
    return NULL;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the modules in a directory, in order. */
static GPtrArray *modules_in(const char *directory)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = *directory ? g_dir_open(directory, 0, NULL) : NULL;
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ENDING)) {
            g_ptr_array_add(names, g_build_filename(directory, name, NULL));
        }
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

void device_module_foreach(DeviceModuleVisit *visit, void *opaque)
{
    g_auto(GStrv) places = directories();
    for (char **place = places; *place; place++) {
        g_autoptr(GPtrArray) files = modules_in(*place);
        for (guint i = 0; i < files->len; i++) {
            g_autoptr(GError) failure = NULL;
            const DeviceClass *class = class_of_file(files->pdata[i], NULL, &failure);
            visit(opaque, files->pdata[i], class, failure);
        }
    }
}
