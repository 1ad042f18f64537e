#include "src/char/order.h"

#include <sys/stat.h>

/* A turn: a port's output up to a position. */
typedef struct CharTurn {
    CharPort *port;
    uint32_t end; /* a position of the port's ring */
} CharTurn;

/* ---- the devices' side ---- */

/* The caller holds the lock. */
static void end_turn(GArray *turns, CharPort *port)
{
    uint32_t head = atomic_load(&port->tx.head);
    if (head != port->turn_end) {
        port->turn_end = head;
        g_array_append_val(turns, ((CharTurn){port, head}));
    }
}

void char_order_switch(CharPort *port)
{
    CharOrder *order = port->order;
    g_mutex_lock(&order->lock);
    CharPort *last = atomic_load_explicit(&order->last, memory_order_relaxed);
    if (last && last != port) {
        end_turn(order->turns, last);
    }
    atomic_store_explicit(&order->last, port, memory_order_release);
    g_mutex_unlock(&order->lock);
}

/* ---- the loop's side ---- */

/*
 * Collects everything that has been written up to now.  The last turn continues,
 * but what its port writes after this belongs to the next collection.
 */
static void collect(CharOrder *order)
{
    g_array_set_size(order->due, 0);
    order->next = 0;
    g_mutex_lock(&order->lock);
    GArray *ended = order->turns;
    order->turns = order->due;
    order->due = ended;
    CharPort *last = atomic_load_explicit(&order->last, memory_order_relaxed);
    for (guint i = 0; i < order->ports->len; i++) {
        CharPort *port = order->ports->pdata[i];
        if (port != last) {
            end_turn(ended, port); /* bytes that two CPUs wrote at the same time */
        }
    }
    if (last) {
        end_turn(ended, last);
    }
    g_mutex_unlock(&order->lock);
}

/*
 * Two chardevs write to the same file of the host.  The bytes of one must be in the
 * file before the other continues.
 */
static bool change_chardev(CharOrder *order, Chardev *chardev)
{
    if (order->current && order->current != chardev) {
        chardev_pump(order->current);
        if (chardev_backlog(order->current)) {
            return false;
        }
    }
    order->current = chardev;
    return true;
}

static bool deliver(CharOrder *order)
{
    for (; order->next < order->due->len; order->next++) {
        const CharTurn *turn = &g_array_index(order->due, CharTurn, order->next);
        if (!change_chardev(order, turn->port->out) || !char_port_drain_to(turn->port, turn->end)) {
            return false;
        }
    }
    return true;
}

void char_order_drain(CharOrder *order)
{
    /* False during the work, so that a reader that detaches meanwhile does not start it again. */
    order->waiting = false;
    bool done = deliver(order);
    if (done) {
        collect(order);
        done = deliver(order);
    }
    order->waiting = !done;
    if (order->current) {
        chardev_pump(order->current);
    }
}

/* ---- who keeps an order with whom ---- */

static bool same_file(const Chardev *a, const Chardev *b)
{
    struct stat info_a, info_b;
    if (!a->class->output_fd || !b->class->output_fd) {
        return false;
    }
    return fstat(a->class->output_fd(a), &info_a) == 0 &&
           fstat(b->class->output_fd(b), &info_b) == 0 && info_a.st_dev == info_b.st_dev &&
           info_a.st_ino == info_b.st_ino;
}

static CharOrder *order_new(void)
{
    CharOrder *order = g_new0(CharOrder, 1);
    g_mutex_init(&order->lock);
    order->ports = g_ptr_array_new();
    order->turns = g_array_new(false, false, sizeof(CharTurn));
    order->due = g_array_new(false, false, sizeof(CharTurn));
    return order;
}

static void order_free(CharOrder *order)
{
    g_mutex_clear(&order->lock);
    g_ptr_array_unref(order->ports);
    g_array_unref(order->turns);
    g_array_unref(order->due);
    g_free(order);
}

static void add(CharOrder *order, CharPort *port)
{
    port->order = order;
    g_ptr_array_add(order->ports, port);
}

void char_order_join(const GPtrArray *ports, CharPort *port)
{
    for (guint i = 0; port->out && i < ports->len; i++) {
        CharPort *other = ports->pdata[i];
        if (other->out && (other->out == port->out || same_file(other->out, port->out))) {
            if (!other->order) {
                add(order_new(), other);
            }
            add(other->order, port);
            return;
        }
    }
}

void char_order_leave(CharPort *port)
{
    CharOrder *order = port->order;
    if (order && g_ptr_array_remove(order->ports, port) && !order->ports->len) {
        order_free(order);
    }
}
