/*
 * The options of QEMU that pioemu does not have, each with the reason and with
 * what comes nearest.
 */
#ifndef PIOEMU_CLI_OPTION_REFUSED_H
#define PIOEMU_CLI_OPTION_REFUSED_H

#include <glib.h>
#include <stdbool.h>

typedef struct RefusedOption {
    const char *name;
    bool has_argument;
    const char *reason; /* why, and what works instead */
} RefusedOption;

/* They end with a NULL name. */
extern const RefusedOption REFUSED_OPTIONS[];

/* NULL: QEMU has no such option, or we have it too. */
const RefusedOption *option_refused_find(const char *name);
/* Always false.  `value` may be NULL. */
bool option_refused_say(const RefusedOption *option, const char *value, GError **error);

#endif
