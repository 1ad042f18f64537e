/*
 * Ports whose output meets at one place: on one chardev, or on two that write
 * to the same file of the host.
 *
 * Each port has a ring of its own.  So that the bytes leave in the order in
 * which the guest wrote them, the ports take turns: who writes and had not the
 * last turn ends the turn of the one before at its ring's head.  The loop drains
 * the rings turn by turn.  As long as one port writes, that costs it a look at
 * whose turn it is; bytes of two CPUs at the same time have no order.
 */
#ifndef PIOEMU_CHAR_ORDER_H
#define PIOEMU_CHAR_ORDER_H

#include "src/char/char_internal.h"

struct CharOrder {
    GMutex lock; /* taken after a device's */
    GPtrArray *ports;
    _Atomic(CharPort *) last; /* whose turn it is; NULL: nobody wrote yet */
    GArray *turns;            /* CharTurn: those that ended, under the lock */

    /* The loop's. */
    GArray *due;      /* CharTurn: to be delivered */
    guint next;       /* of `due` */
    Chardev *current; /* that the last turn went to; NULL: none did */
    bool waiting;     /* for the host to take what is before the next turn */
};

/* Puts the port among those that it has to keep an order with, if there are any. */
void char_order_join(const GPtrArray *ports, CharPort *port);
/* The port is freed. */
void char_order_leave(CharPort *port);

void char_order_switch(CharPort *port);

/* Before the port writes, with its device's lock held. */
static inline void char_order_take_turn(CharPort *port)
{
    if (port->order && atomic_load_explicit(&port->order->last, memory_order_acquire) != port) {
        char_order_switch(port);
    }
}

/* Delivers what all of its ports wrote up to now, as far as the host takes it. */
void char_order_drain(CharOrder *order);

#endif
