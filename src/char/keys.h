/* The escape key on a chardev at which a user types. */
#ifndef PIOEMU_CHAR_KEYS_H
#define PIOEMU_CHAR_KEYS_H

#include "src/char/char.h"

/* Tells the user once which keys quit and help. */
void chardev_announce_keys(Chardev *chardev);
/* "Ctrl-A"; the caller frees it. */
char *char_key_name(int key);

#endif
