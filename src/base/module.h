/*
 * Parts of the program that are loaded when they are used, because they need a
 * library that no other part does.
 */
#ifndef PIOEMU_BASE_MODULE_H
#define PIOEMU_BASE_MODULE_H

#include <glib.h>

/*
 * The symbol of the module `name`, which stays loaded; NULL: the module was
 * not built, or its library is missing.
 */
const void *module_symbol(const char *name, const char *symbol, GError **error);

#endif
