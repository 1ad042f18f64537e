#include "src/base/module.h"

#include "src/base/error.h"

#include <gmodule.h>

/* Looks next to the program, for a build directory, and then in the installation. */
static GModule *open_module(const char *name)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = program ? g_path_get_dirname(program) : NULL;
    const char *const places[] = {directory, PIOEMU_MODULES};
    g_autofree char *file = g_strconcat(name, "." G_MODULE_SUFFIX, NULL);
    GModule *module = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(places) && !module; i++) {
        g_autofree char *path = places[i] ? g_build_filename(places[i], file, NULL) : NULL;
        module = path && g_file_test(path, G_FILE_TEST_EXISTS)
                     ? g_module_open(path, G_MODULE_BIND_LOCAL)
                     : NULL;
    }
    return module;
}

const void *module_symbol(const char *name, const char *symbol, GError **error)
{
    GModule *module = open_module(name);
    gpointer found = NULL;
    if (!module || !g_module_symbol(module, symbol, &found)) {
        /* Without an error of the loader there was no file to load. */
        error_refuse(error, "the module %s cannot be loaded: %s", name,
                     g_module_error() ?: "pioemu was built without it");
        return NULL;
    }
    g_module_make_resident(module);
    return found;
}
