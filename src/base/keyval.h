/*
 * "key=value,key=value" lists, as QEMU's options have them: a comma inside a
 * value is written twice, and a key alone means key=on.
 */
#ifndef PIOEMU_BASE_KEYVAL_H
#define PIOEMU_BASE_KEYVAL_H

#include <glib.h>
#include <stdbool.h>

/*
 * Parses into a table of char * to char * (the later of two wins).  `first`
 * names the key of a leading value without one ("pc" in -M pc,irqchip=user),
 * or is NULL.  `what` names the option in messages; `known`, if not NULL, is
 * the NULL-terminated list of keys that are allowed.
 */
GHashTable *keyval_parse(const char *what, const char *text, const char *first,
                         const char *const *known, GError **error);

/* What names a chardev, a drive or a device: as QEMU has it, so that lists can hold it. */
bool keyval_check_id(const char *what, const char *id, GError **error);

/* The candidate nearest to `word`, or NULL when none is near. */
const char *keyval_nearest(const char *word, const char *const *candidates);

#endif
