/* Keys by QEMU's names, which are those of QMP's QKeyCode. */
#ifndef PIOEMU_DEVICE_KEY_NAMES_H
#define PIOEMU_DEVICE_KEY_NAMES_H

#include <glib.h>
#include <stdbool.h>

/* The most keys in a chord. */
#define KEY_CHORD_MAX 16u

/* The code for InputClient.key, or 0 if there is no such key. */
unsigned key_name_find(const char *name);
/* Adds all names to `names`, which frees them. */
void key_names_list(GPtrArray *names);
/*
 * Parses a chord such as "ctrl-alt-delete" into the codes of its keys and their
 * count.  A key may be a number such as 0x1e: the code of set 1, with bit 7 for the
 * prefix E0.
 */
bool key_names_parse(const char *text, unsigned codes[KEY_CHORD_MAX], unsigned *count,
                     GError **error);

#endif
