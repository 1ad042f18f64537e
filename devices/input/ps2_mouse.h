/*
 * A PS/2 mouse with three buttons and packets of three bytes, or four with the
 * wheel for a driver that asks.  The controller (i8042.c) owns it and carries
 * its bytes.
 */
#ifndef PIOEMU_DEVICES_INPUT_PS2_MOUSE_H
#define PIOEMU_DEVICES_INPUT_PS2_MOUSE_H

#include "devices/input/ps2_queue.h"

typedef struct Ps2Mouse {
    bool reporting;     /* F4 sets it, F5 clears it */
    bool remote;        /* F0 sets it, EA clears it */
    bool wrap;          /* EE sets it, EC clears it */
    bool doubled;       /* scaling 2:1; E7 sets it, E6 clears it */
    uint8_t rate;       /* F3: samples per second */
    uint8_t resolution; /* E8: 0 to 3 */
    uint8_t knocks;     /* sampling rates of the sequence that asks for the wheel, so far */
    bool wheel;         /* packets tell of it; a reset ends that */
    uint8_t command;    /* whose parameter is awaited; 0: none */
    uint8_t last;       /* the byte sent last, for a resend */
    Ps2Queue out;
    int32_t dx, dy, dz;       /* movement that no packet has told of */
    uint8_t buttons;          /* held now: POINTER_* */
    uint8_t reported_buttons; /* in the last packet */
} Ps2Mouse;

void ps2_mouse_reset(Ps2Mouse *m);
bool ps2_mouse_has_byte(const Ps2Mouse *m);
uint8_t ps2_mouse_take(Ps2Mouse *m);
/* A byte from the controller. */
void ps2_mouse_write(Ps2Mouse *m, uint8_t byte);
/* InputClient.pointer. */
bool ps2_mouse_move(Ps2Mouse *m, int dx, int dy, unsigned buttons);
/* For post_load. */
bool ps2_mouse_is_possible(const Ps2Mouse *m);

#endif
