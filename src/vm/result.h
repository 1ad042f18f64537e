/*
 * How a run ended, for machines: -result FILE.
 */
#ifndef PIOEMU_VM_RESULT_H
#define PIOEMU_VM_RESULT_H

#include "src/record/ending.h"

#include <glib.h>
#include <stdbool.h>

/* Replaces the file as a whole or leaves it alone. */
bool result_write(const VmResult *result, const char *path, GError **error);

#endif
