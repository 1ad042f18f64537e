/*
 * The options of QEMU that pioemu refuses, each with the reason and with what
 * comes closest to it.
 */
#ifndef PIOEMU_CLI_OPTION_REFUSED_H
#define PIOEMU_CLI_OPTION_REFUSED_H

#include <glib.h>
#include <stdbool.h>

typedef struct RefusedOption {
    const char *name;
    bool has_argument;
    const char *reason; /* why it is refused, and what works instead */
} RefusedOption;

/* The last entry has a NULL name. */
extern const RefusedOption REFUSED_OPTIONS[];

/* Returns NULL if QEMU has no such option, or if pioemu has it, too. */
const RefusedOption *option_refused_find(const char *name);
/* Sets the error and returns false.  `value` may be NULL. */
bool option_refused_say(const RefusedOption *option, const char *value, GError **error);

#endif
