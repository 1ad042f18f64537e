/*
 * Parts of the program that are loaded on demand, because they need a library
 * that nothing else needs.
 */
#ifndef PIOEMU_BASE_MODULE_H
#define PIOEMU_BASE_MODULE_H

#include <glib.h>

/*
 * Returns a symbol of the module `name`, which stays loaded.  Returns NULL if
 * the module was not built or its library is missing.
 */
const void *module_symbol(const char *name, const char *symbol, GError **error);

#endif
