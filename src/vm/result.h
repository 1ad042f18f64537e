/* -result FILE: how a run ended, for programs. */
#ifndef PIOEMU_VM_RESULT_H
#define PIOEMU_VM_RESULT_H

#include "src/record/ending.h"

#include <glib.h>
#include <stdbool.h>

/*
 * Replaces the whole file, or does not change it.  `screen` is the last text of the
 * screen, or NULL.
 */
bool result_write(const VmResult *result, const char *screen, const char *path, GError **error);

#endif
