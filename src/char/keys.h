/*
 * The escape key on a chardev that somebody types at.
 */
#ifndef PIOEMU_CHAR_KEYS_H
#define PIOEMU_CHAR_KEYS_H

#include "src/char/char.h"

/* Says once which keys quit and help. */
void chardev_announce_keys(Chardev *chardev);
/* "Ctrl-A"; the caller frees it. */
char *char_key_name(int key);

#endif
