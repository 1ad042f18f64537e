/*
 * Checks device classes and modules before anything in them is used.
 *
 * A class may come from a file that was built elsewhere, with another
 * devices/device.h.  The user must learn what is wrong with it, so each check
 * refuses it with a message that names the fault.
 */
#ifndef PIOEMU_DEVICE_DEVICE_CLASS_H
#define PIOEMU_DEVICE_DEVICE_CLASS_H

#include "devices/device.h"

#include <glib.h>

/* Whether a device of the class can be made. */
bool device_class_check(const DeviceClass *class, GError **error);
/* The same for each class of a module.  `file` is the file that it comes from. */
bool device_module_check(const DeviceModule *module, const char *file, GError **error);

/*
 * The board's default for a property, or NULL if the class's default applies.
 * `opaque` belongs to the caller.
 */
typedef const char *DeviceDefault(void *opaque, const DeviceClass *class, const char *property);

bool device_class_has_property(const DeviceClass *class, const char *name);
/* The properties with their defaults, as `-device NAME,help` prints them. */
char *device_class_help(const DeviceClass *class, DeviceDefault *board, void *opaque);

#endif
