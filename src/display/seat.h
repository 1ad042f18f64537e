/*
 * The keyboard and the mouse of one viewer.  It knows which keys the viewer
 * holds, and releases them when the viewer goes.
 */
#ifndef PIOEMU_DISPLAY_SEAT_H
#define PIOEMU_DISPLAY_SEAT_H

#include "src/display/keymap.h"

/* Where the input goes.  Codes and buttons are those of InputClient in devices/device.h. */
typedef struct SeatHost {
    void (*key)(void *opaque, unsigned code, bool pressed);
    /* The distance of the movement: right and down are positive. */
    void (*pointer)(void *opaque, int dx, int dy, unsigned buttons);
    /*
     * Types a character: presses keys and releases them, each for a while of
     * machine time.
     */
    void (*chord)(void *opaque, const unsigned *codes, unsigned count);
    const Keymap *keymap;
    void *opaque;
} SeatHost;

typedef struct Seat Seat;

/* `host` outlives the seat. */
Seat *seat_new(const SeatHost *host);
/* Releases what is held. */
void seat_free(Seat *seat);

/* Passes on a key.  A press of a key that is held is the host's repetition, and is dropped. */
void seat_key(Seat *seat, unsigned code, bool pressed);
/* The same for an X11 keysym. */
void seat_keysym(Seat *seat, uint32_t keysym, bool pressed);
/*
 * Types the keys of the stroke, with Alt held if `alt`.  For viewers that do
 * not know when a key is released, such as terminals.
 */
void seat_stroke(Seat *seat, const KeyStroke *stroke, bool alt);
/* Types a character of Unicode.  Returns false if the layout has none. */
bool seat_type(Seat *seat, uint32_t character, bool alt);

/* `buttons` are those that are held, POINTER_*. */
void seat_move(Seat *seat, int dx, int dy, unsigned buttons);
/*
 * The pointer is at a place of the viewer's picture.  A PS/2 mouse knows
 * movements only, so the guest's pointer follows without meeting it.
 */
void seat_place(Seat *seat, int x, int y, unsigned buttons);

#endif
