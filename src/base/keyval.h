/*
 * Lists of the form "key=value,key=value", as in QEMU's options.  A comma inside a
 * value is written twice, and a key without a value means key=on.
 */
#ifndef PIOEMU_BASE_KEYVAL_H
#define PIOEMU_BASE_KEYVAL_H

#include <glib.h>
#include <stdbool.h>

/*
 * Parses the text into a table of char * to char *. If a key comes twice, the later
 * one wins.  `first` is the key of a first value that has no key ("pc" in -M
 * pc,irqchip=user), or NULL.  `what` names the option in messages.  `known`, if not
 * NULL, is the NULL-terminated list of the keys that are allowed.
 */
GHashTable *keyval_parse(const char *what, const char *text, const char *first,
                         const char *const *known, GError **error);

/* Checks the id of a chardev, a drive or a device by QEMU's rules, so that lists can contain it. */
bool keyval_check_id(const char *what, const char *id, GError **error);

/* The candidate that is most similar to `word`, or NULL if none is similar. */
const char *keyval_nearest(const char *word, const char *const *candidates);

#endif
