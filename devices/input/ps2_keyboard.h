/*
 * A PS/2 keyboard with 102 keys: scan code sets 1 to 3, typematic, the
 * commands.  The controller (i8042.c) owns it and carries its bytes.
 */
#ifndef PIOEMU_DEVICES_INPUT_PS2_KEYBOARD_H
#define PIOEMU_DEVICES_INPUT_PS2_KEYBOARD_H

#include "devices/device.h"
#include "devices/input/ps2_queue.h"

typedef struct Ps2Keyboard {
    bool scanning;     /* F4 sets it, F5 clears it */
    uint8_t code_set;  /* F0: 1, 2 or 3 */
    uint8_t leds;      /* ED */
    uint8_t typematic; /* F3 */
    uint8_t command;   /* whose parameter is awaited; 0: none */
    uint8_t last;      /* the byte sent last, for a resend */
    bool overrun;      /* the codes' queue was full */
    Ps2Queue answers;  /* sent before any code */
    Ps2Queue codes;
    uint16_t held;      /* the key pressed last and still down; 0: none */
    uint64_t repeat_at; /* when its next code comes */
} Ps2Keyboard;

void ps2_keyboard_reset(Ps2Keyboard *k);
bool ps2_keyboard_has_byte(const Ps2Keyboard *k);
uint8_t ps2_keyboard_take(Ps2Keyboard *k);
/* A byte from the controller. */
void ps2_keyboard_write(Ps2Keyboard *k, uint8_t byte);
/* InputClient.key. */
bool ps2_keyboard_key(Ps2Keyboard *k, unsigned code, bool pressed, uint64_t now);
/* Codes of the held key up to `now`. */
void ps2_keyboard_repeat(Ps2Keyboard *k, uint64_t now);
/* When to call that; UINT64_MAX: never. */
uint64_t ps2_keyboard_deadline(const Ps2Keyboard *k);
/* For post_load. */
bool ps2_keyboard_is_possible(const Ps2Keyboard *k);

#endif
