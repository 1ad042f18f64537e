/* The keys of a PC's keyboard with the US layout, and the codes that INT 16h gives for them. */
#ifndef PIOEMU_BIOS_KEYS_H
#define PIOEMU_BIOS_KEYS_H

#include <stdint.h>

typedef enum KeyPlane {
    KEYS_PLAIN,
    KEYS_SHIFT,
    KEYS_CTRL,
    KEYS_ALT,
    KEY_PLANES,
} KeyPlane;

#define KEY_ESCAPE       0x01
#define KEY_BACKSPACE    0x0e
#define KEY_ENTER        0x1c
#define KEY_CTRL         0x1d
#define KEY_LEFT_SHIFT   0x2a
#define KEY_RIGHT_SHIFT  0x36
#define KEY_KEYPAD_STAR  0x37
#define KEY_ALT          0x38
#define KEY_CAPS_LOCK    0x3a
#define KEY_F1           0x3b
#define KEY_NUM_LOCK     0x45
#define KEY_SCROLL_LOCK  0x46
#define KEY_HOME         0x47
#define KEY_UP           0x48
#define KEY_PAGE_UP      0x49
#define KEY_KEYPAD_MINUS 0x4a
#define KEY_LEFT         0x4b
#define KEY_CENTER       0x4c
#define KEY_RIGHT        0x4d
#define KEY_KEYPAD_PLUS  0x4e
#define KEY_END          0x4f
#define KEY_DOWN         0x50
#define KEY_PAGE_DOWN    0x51
#define KEY_INSERT       0x52
#define KEY_DELETE       0x53
#define KEY_F11          0x57
#define KEY_F12          0x58
#define KEYS             0x59

/* The scan code is in the upper byte, the character in the lower one.  0: the key gives nothing. */
extern const uint16_t KEY_CODES[KEYS][KEY_PLANES];

/* The code of a key that has a prefix on an enhanced keyboard. */
uint16_t key_extended(uint8_t scan, KeyPlane plane);
/* The key that types an ASCII character. */
uint16_t key_of_character(uint8_t character);

#endif
