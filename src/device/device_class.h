/*
 * Checks classes and modules of devices before anything of them is used.
 *
 * A class may come from a file that was built elsewhere, with another
 * devices/device.h.  What is wrong with it is the user's to know, so each
 * check refuses it with a message that names it.
 */
#ifndef PIOEMU_DEVICE_DEVICE_CLASS_H
#define PIOEMU_DEVICE_DEVICE_CLASS_H

#include "devices/device.h"

#include <glib.h>

/* Whether a device of the class can be made. */
bool device_class_check(const DeviceClass *class, GError **error);
/* The same of each class of a module; `file` is where it comes from. */
bool device_module_check(const DeviceModule *module, const char *file, GError **error);

/*
 * The default of a property where the board says it; NULL: the class says it.
 * `opaque` is the caller's.
 */
typedef const char *DeviceDefault(void *opaque, const DeviceClass *class, const char *property);

bool device_class_has_property(const DeviceClass *class, const char *name);
/* The properties with their defaults, as `-device NAME,help` prints them. */
char *device_class_help(const DeviceClass *class, DeviceDefault *board, void *opaque);

#endif
