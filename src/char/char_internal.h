/* Shared by the files of the character core.  Backends must not include it. */
#ifndef PIOEMU_CHAR_INTERNAL_H
#define PIOEMU_CHAR_INTERNAL_H

#include "src/char/char.h"
#include "src/char/ring.h"
#include "src/device/device_services.h"

typedef struct CharOrder CharOrder;

struct CharPort {
    CharPortEnd end;
    Loop *loop;
    Chardev *out, *in; /* NULL: output is discarded, there is no input; usually both are the same */
    const CharClient *client;

    /* From the device to the host. */
    Ring tx;
    atomic_bool tx_active; /* the loop will look at the ring without a wake-up */
    atomic_bool tx_full;   /* the device waits for room */
    bool tx_blocked;       /* the chardev accepted less than it was given */
    LoopTask tx_task;
    LoopTimer *tx_timer;
    uint64_t tx_batch; /* the running time of the timer, in ns */
    CharOrder *order;  /* shared with the other ports that write to the same place; NULL: there
                          is none */
    uint32_t turn_end; /* the ring's head at the end of the last turn; protected by the order's
                          lock */

    /* From the host to the device: the loop produces, and the consumer holds the device's lock. */
    Ring rx;
    bool rx_delivering;    /* inside receive(): prevents recursion */
    atomic_bool rx_refill; /* the loop wants to be told when the ring has room */
    LoopTask rx_task;

    /* Controls that the device sets and the loop applies. */
    atomic_uint lines_out, lines_in;
    atomic_bool break_out;
    _Atomic uint64_t format; /* a packed CharFormat */
    LoopTask control_task;
    unsigned applied_lines;
    bool applied_break;
    uint64_t applied_format;
};

/* ---- port.c ---- */

/* Adds itself to the ports of both chardevs.  Either may be NULL. */
CharPort *char_port_new(Loop *loop, Device *dev, Chardev *in, Chardev *out);
void char_port_free(CharPort *port);
/* Moves what the device wrote to the chardev, until the chardev accepts no more. */
void char_port_drain(CharPort *port);
/* Takes out what the device still holds.  Returns the number of bytes that found no room. */
size_t char_port_send_rest(CharPort *port);
/* The same up to the position `end` of the ring.  False: the chardev accepted less. */
bool char_port_drain_to(CharPort *port, uint32_t end);
/* Tells that the chardev has room again. */
void char_port_resume(CharPort *port);
/* `size` is at most ring_room() of the RX ring. */
void char_port_deliver(CharPort *port, const uint8_t *data, size_t size);
void char_port_deliver_break(CharPort *port);
void char_port_change_lines(CharPort *port, unsigned lines);
bool char_port_receives(const CharPort *port);

/* ---- chardev.c ---- */

bool chardev_configure(Chardev *chardev, GError **error);
void chardev_free(gpointer chardev);
extern const char *const chardev_common_options[];
/*
 * Puts as much into the history as the policy allows.  chardev_pump() delivers it
 * to the readers.
 */
size_t chardev_output(Chardev *chardev, const uint8_t *data, size_t size);
void chardev_update_reading(Chardev *chardev);
/* Passes input to the device that has the focus. */
void chardev_deliver(Chardev *chardev, const uint8_t *data, size_t size);
/* The port that gets the input, or NULL. */
CharPort *chardev_focus(const Chardev *chardev);
/* Moves the focus to the next port that accepts input, and returns that port. */
CharPort *chardev_move_focus(Chardev *chardev);
/* The number of ports that accept input. */
unsigned chardev_receivers(const Chardev *chardev);

/* ---- reader.c ---- */

/* How many bytes fit before every attached reader would lose some. */
size_t chardev_room(const Chardev *chardev);
void chardev_pump(Chardev *chardev);
/* The number of bytes that some attached reader has not got yet. */
size_t chardev_backlog(const Chardev *chardev);
/* Continues the ports that wait for room. */
void chardev_resume_ports(Chardev *chardev);

/* ---- frontend.c ---- */

/* Output that the chardev may lag behind with. */
#define CHAR_FRONTEND_MAX (4u << 20)

void char_frontend_set_focus(CharFrontend *frontend, bool on);
void char_frontend_receive(CharFrontend *frontend, const uint8_t *data, size_t size);
/* The chardev may have room again. */
void char_frontend_resume(CharFrontend *frontend);
/* What the chardev has not taken; NULL has nothing. */
size_t char_frontend_waiting(const CharFrontend *frontend);

/* ---- keys.c ---- */

/* Removes the commands of the escape key from the input and delivers the rest. */
void chardev_filter_keys(Chardev *chardev, const uint8_t *data, size_t size);

#endif
