/*
 * A PS/2 keyboard with 102 keys: scan code sets 1 to 3, typematic repeat, commands.
 * The controller (i8042.c) owns it and carries its bytes.
 */
#ifndef PIOEMU_DEVICES_INPUT_PS2_KEYBOARD_H
#define PIOEMU_DEVICES_INPUT_PS2_KEYBOARD_H

#include "devices/device.h"
#include "devices/input/ps2_queue.h"

typedef struct Ps2Keyboard {
    bool scanning;     /* command F4 sets it, F5 clears it */
    uint8_t code_set;  /* command F0: 1, 2 or 3 */
    uint8_t leds;      /* command ED */
    uint8_t typematic; /* command F3 */
    uint8_t command;   /* the command that waits for a parameter; 0 if none */
    uint8_t last;      /* the last byte that was sent, for a resend */
    bool overrun;      /* the queue of codes has overflowed */
    Ps2Queue answers;  /* sent before any code */
    Ps2Queue codes;
    uint16_t held;      /* the last key that was pressed, if it is still down; 0 if none */
    uint64_t repeat_at; /* when the held key sends its next code */
} Ps2Keyboard;

void ps2_keyboard_reset(Ps2Keyboard *k);
bool ps2_keyboard_has_byte(const Ps2Keyboard *k);
uint8_t ps2_keyboard_take(Ps2Keyboard *k);
/* The controller passes a byte of the guest. */
void ps2_keyboard_write(Ps2Keyboard *k, uint8_t byte);
/* See InputClient.key. */
bool ps2_keyboard_key(Ps2Keyboard *k, unsigned code, bool pressed, uint64_t now);
/* Queues the codes of the held key up to `now`. */
void ps2_keyboard_repeat(Ps2Keyboard *k, uint64_t now);
/* When to call ps2_keyboard_repeat() next.  UINT64_MAX: never. */
uint64_t ps2_keyboard_deadline(const Ps2Keyboard *k);
/* For the owner's post_load: false if no run can lead to this state. */
bool ps2_keyboard_is_possible(const Ps2Keyboard *k);

#endif
