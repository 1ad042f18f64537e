/*
 * The order among ports that write to the same place: to one chardev, or to two
 * chardevs with the same file of the host.
 *
 * Each port has its own ring.  So that the bytes leave in the order in which the
 * guest wrote them, the ports take turns.  A port that writes and did not have the
 * last turn ends the other port's turn, at the current head of that port's ring.
 * The loop drains the rings turn by turn.  While only one port writes, it pays one
 * look at whose turn it is.  Bytes that two CPUs write at the same time have no
 * order.
 */
#ifndef PIOEMU_CHAR_ORDER_H
#define PIOEMU_CHAR_ORDER_H

#include "src/char/char_internal.h"

struct CharOrder {
    GMutex lock; /* taken after a device's lock */
    GPtrArray *ports;
    _Atomic(CharPort *) last; /* the port that has the turn; NULL: none has written yet */
    GArray *turns;            /* CharTurn; the turns that have ended; protected by the lock */

    /* Used by the loop only. */
    GArray *due;      /* CharTurn; the turns to deliver */
    guint next;       /* the index of the next one in `due` */
    Chardev *current; /* the chardev of the last turn; NULL: there was none */
    bool waiting;     /* the host must accept more before the next turn */
};

/* Adds the port to the order of the ports that write to the same place, if there are any. */
void char_order_join(const GPtrArray *ports, CharPort *port);
/* Must be called before the port is freed. */
void char_order_leave(CharPort *port);

void char_order_switch(CharPort *port);

/* To be called before the port writes, with its device's lock held. */
static inline void char_order_take_turn(CharPort *port)
{
    if (port->order && atomic_load_explicit(&port->order->last, memory_order_acquire) != port) {
        char_order_switch(port);
    }
}

/* Delivers what all ports have written up to now, as far as the host accepts it. */
void char_order_drain(CharOrder *order);

#endif
