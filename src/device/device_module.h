/*
 * Devices that are not part of the program, but of shared objects that users build.
 *
 * A module stays loaded once a class of it was found, and the loader counts a
 * module that is loaded twice once.  So there is nothing to free.
 */
#ifndef PIOEMU_DEVICE_DEVICE_MODULE_H
#define PIOEMU_DEVICE_DEVICE_MODULE_H

#include "devices/device.h"

#include <glib.h>

/* The user's directories with modules, separated by colons. */
#define DEVICE_MODULE_PATH "PIOEMU_DEVICE_PATH"

/*
 * Finds the class that `name` means.  With a slash or the ending .so it is a file,
 * and FILE:CLASS means one of several classes of the file; without CLASS it is the
 * class of the same name as the file, or else the first one.  Any other name is
 * looked for as NAME.so in the directories of DEVICE_MODULE_PATH, and then in that
 * of the installation.
 *
 * Returns NULL without an error if there is no such file in those directories.
 */
const DeviceClass *device_module_find(const char *name, GError **error);

/* Whether the name can only be that of a file. */
bool device_module_is_file(const char *name);

/*
 * Calls back for each module in the directories.  Exactly one of `class` and
 * `failure` is not NULL.
 */
typedef void DeviceModuleVisit(void *opaque, const char *file, const DeviceClass *class,
                               const GError *failure);
void device_module_foreach(DeviceModuleVisit *visit, void *opaque);

#endif
