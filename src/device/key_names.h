/*
 * Keys by QEMU's names for them, which are those of QMP's QKeyCode.
 */
#ifndef PIOEMU_DEVICE_KEY_NAMES_H
#define PIOEMU_DEVICE_KEY_NAMES_H

#include <glib.h>
#include <stdbool.h>

/* A chord of so many keys at most. */
#define KEY_CHORD_MAX 16u

/* The code for InputClient.key, or 0: there is no such key. */
unsigned key_name_find(const char *name);
/* All names, added to `names`, which frees them. */
void key_names_list(GPtrArray *names);
/*
 * "ctrl-alt-delete": the codes of the keys, and how many there are.  A key may
 * be a number, 0x1e: the code of set 1, with bit 7 for the prefix E0.
 */
bool key_names_parse(const char *text, unsigned codes[KEY_CHORD_MAX], unsigned *count,
                     GError **error);

#endif
