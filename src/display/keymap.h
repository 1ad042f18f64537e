/*
 * The layouts of keyboards: which keys of a PC's keyboard type a character.
 *
 * A guest has a layout of its own.  The keymap must be the same one, so that
 * the guest understands what the user types.
 */
#ifndef PIOEMU_DISPLAY_KEYMAP_H
#define PIOEMU_DISPLAY_KEYMAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Keymap Keymap;

/* The key that types a character, and the keys that must be held with it. */
typedef struct KeyStroke {
    unsigned code; /* as in devices/device.h */
    bool shift, altgr, ctrl;
} KeyStroke;

#define KEYMAP_DEFAULT "en-us"

/* Returns NULL with an error that lists the names if there is no such layout. */
const Keymap *keymap_find(const char *name, GError **error);
/* The names of all layouts, one a line. */
char *keymap_list(void);

/*
 * How to type a character, which may be a control character such as Ctrl-C.
 * Returns false if the layout cannot.
 */
bool keymap_character(const Keymap *keymap, uint32_t character, KeyStroke *stroke);
/*
 * The code of the key that an X11 keysym stands for, whatever else is held, or
 * 0 if the layout has no such key.
 */
unsigned keymap_keysym(const Keymap *keymap, uint32_t keysym);

#endif
