/*
 * A PS/2 mouse with three buttons.  Its packets have three bytes, or four if a
 * driver turns the wheel on.  The controller (i8042.c) owns it and carries its
 * bytes.
 */
#ifndef PIOEMU_DEVICES_INPUT_PS2_MOUSE_H
#define PIOEMU_DEVICES_INPUT_PS2_MOUSE_H

#include "devices/input/ps2_queue.h"

typedef struct Ps2Mouse {
    bool reporting;     /* command F4 sets it, F5 clears it */
    bool remote;        /* command F0 sets it, EA clears it */
    bool wrap;          /* command EE sets it, EC clears it */
    bool doubled;       /* scaling 2:1; command E7 sets it, E6 clears it */
    uint8_t rate;       /* command F3: samples per second */
    uint8_t resolution; /* command E8: 0 to 3 */
    uint8_t knocks;     /* how far the guest is in the sequence of rates that turns the wheel on */
    bool wheel;         /* packets include the wheel; a reset clears it */
    uint8_t command;    /* the command that waits for a parameter; 0 if none */
    uint8_t last;       /* the last byte that was sent, for a resend */
    Ps2Queue out;
    int32_t dx, dy, dz;       /* movement that no packet has reported yet */
    uint8_t buttons;          /* the buttons that are held now: POINTER_* */
    uint8_t reported_buttons; /* the buttons in the last packet */
} Ps2Mouse;

void ps2_mouse_reset(Ps2Mouse *m);
bool ps2_mouse_has_byte(const Ps2Mouse *m);
uint8_t ps2_mouse_take(Ps2Mouse *m);
/* The controller passes a byte of the guest. */
void ps2_mouse_write(Ps2Mouse *m, uint8_t byte);
/* See InputClient.pointer. */
bool ps2_mouse_move(Ps2Mouse *m, int dx, int dy, unsigned buttons);
/* For the owner's post_load: false if no run can lead to this state. */
bool ps2_mouse_is_possible(const Ps2Mouse *m);

#endif
