/*
 * What the files of the character core share; no backend needs it.
 */
#ifndef PIOEMU_CHAR_INTERNAL_H
#define PIOEMU_CHAR_INTERNAL_H

#include "src/char/char.h"
#include "src/char/ring.h"
#include "src/device/device_services.h"

typedef struct CharOrder CharOrder;

struct CharPort {
    CharPortEnd end;
    Loop *loop;
    Chardev *out, *in; /* NULL: thrown away, none; mostly the same one */
    const CharClient *client;

    /* Device to host. */
    Ring tx;
    atomic_bool tx_active; /* the loop will look at the ring without being told */
    atomic_bool tx_full;   /* the device waits for room */
    bool tx_blocked;       /* the chardev took less than it was given */
    LoopTask tx_task;
    LoopTimer *tx_timer;
    uint64_t tx_batch; /* ns that the timer runs */
    CharOrder *order;  /* with the other ports at the same place; NULL: there is none */
    uint32_t turn_end; /* the ring's head when its last turn ended, under the order's lock */

    /* Host to device: produced by the loop, consumed with the device's lock held. */
    Ring rx;
    bool rx_delivering;    /* in receive(): stops it from calling itself */
    atomic_bool rx_refill; /* the loop wants to know of room in the ring */
    LoopTask rx_task;

    /* Control from the device, applied by the loop. */
    atomic_uint lines_out, lines_in;
    atomic_bool break_out;
    _Atomic uint64_t format; /* CharFormat, packed */
    LoopTask control_task;
    unsigned applied_lines;
    bool applied_break;
    uint64_t applied_format;
};

/* ---- port.c ---- */

/* Adds itself to the ports of both chardevs; either may be NULL. */
CharPort *char_port_new(Loop *loop, Device *dev, Chardev *in, Chardev *out);
void char_port_free(CharPort *port);
/* Moves what the device wrote to the chardev until that takes no more. */
void char_port_drain(CharPort *port);
/* What the device has not handed over; returns the bytes that found no room. */
size_t char_port_send_rest(CharPort *port);
/* The same up to `end` of the ring's head; false: the chardev took less. */
bool char_port_drain_to(CharPort *port, uint32_t end);
/* The chardev has room again. */
void char_port_resume(CharPort *port);
/* At most ring_room() of the RX ring. */
void char_port_deliver(CharPort *port, const uint8_t *data, size_t size);
void char_port_deliver_break(CharPort *port);
void char_port_change_lines(CharPort *port, unsigned lines);
bool char_port_receives(const CharPort *port);

/* ---- chardev.c ---- */

bool chardev_configure(Chardev *chardev, GError **error);
void chardev_free(gpointer chardev);
extern const char *const chardev_common_options[];
/* Takes what the policy allows; the readers get it with chardev_pump(). */
size_t chardev_output(Chardev *chardev, const uint8_t *data, size_t size);
void chardev_update_reading(Chardev *chardev);
/* Input for the device that has the focus. */
void chardev_deliver(Chardev *chardev, const uint8_t *data, size_t size);
/* The port that gets the input, or NULL. */
CharPort *chardev_focus(const Chardev *chardev);
/* To the next that takes input; returns it. */
CharPort *chardev_move_focus(Chardev *chardev);
/* How many ports take input. */
unsigned chardev_receivers(const Chardev *chardev);

/* ---- reader.c ---- */

/* How much may be put without overrunning every attached reader. */
size_t chardev_room(const Chardev *chardev);
void chardev_pump(Chardev *chardev);
/* What attached readers have not got yet. */
size_t chardev_backlog(const Chardev *chardev);
/* Lets go on the ports that wait for room. */
void chardev_resume_ports(Chardev *chardev);

/* ---- keys.c ---- */

/* Takes the commands of the escape key out of the input and delivers the rest. */
void chardev_filter_keys(Chardev *chardev, const uint8_t *data, size_t size);

#endif
