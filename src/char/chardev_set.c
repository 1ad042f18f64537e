/*
 * The set of a machine's chardevs: finding, connecting, draining, describing.
 * chardev_set_spec.c makes them.
 */
#include "src/base/error.h"
#include "src/char/char_internal.h"
#include "src/char/char_log.h"
#include "src/char/chardev_set_internal.h"
#include "src/char/order.h"

#include <inttypes.h>
#include <string.h>

#define TAIL_SIZE 2048u

static void route_free(gpointer data)
{
    CharRoute *route = data;
    g_free(route->id);
    g_free(route);
}

ChardevSet *chardev_set_new(Loop *loop, const CharEvents *events, int escape)
{
    ChardevSet *set = g_new0(ChardevSet, 1);
    set->loop = loop;
    set->events = *events;
    set->escape = escape;
    set->chardevs = g_ptr_array_new_with_free_func(chardev_free);
    set->routes = g_ptr_array_new_with_free_func(route_free);
    set->ports = g_ptr_array_new_with_free_func((GDestroyNotify)char_port_free);
    return set;
}

void chardev_set_free(ChardevSet *set)
{
    g_ptr_array_unref(set->chardevs);
    g_ptr_array_unref(set->routes);
    g_ptr_array_unref(set->ports);
    g_free(set);
}

Loop *chardev_set_loop(const ChardevSet *set)
{
    return set->loop;
}

const CharEvents *chardev_set_events(const ChardevSet *set)
{
    return &set->events;
}

int chardev_set_escape(const ChardevSet *set)
{
    return set->escape;
}

Chardev *chardev_set_find(const ChardevSet *set, const char *id)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        Chardev *chardev = set->chardevs->pdata[i];
        if (!strcmp(chardev->id, id)) {
            return chardev;
        }
    }
    return NULL;
}

Chardev *chardev_set_find_class(const ChardevSet *set, const ChardevClass *class)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        Chardev *chardev = set->chardevs->pdata[i];
        if (chardev->class == class) {
            return chardev;
        }
    }
    return NULL;
}

void chardev_set_foreach(const ChardevSet *set, void (*visit)(void *opaque, Chardev *chardev),
                         void *opaque)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        visit(opaque, set->chardevs->pdata[i]);
    }
}

/* ---- connecting ---- */

static const CharRoute *find_route(const ChardevSet *set, const char *id)
{
    for (guint i = 0; i < set->routes->len; i++) {
        const CharRoute *route = set->routes->pdata[i];
        if (!strcmp(route->id, id)) {
            return route;
        }
    }
    return NULL;
}

/* Fails if this half of the chardev is in use and cannot be shared. */
static bool check_free(const Chardev *chardev, bool in, const Device *dev, GError **error)
{
    for (guint i = 0; chardev && !chardev->mux && i < chardev->ports->len; i++) {
        const CharPort *port = chardev->ports->pdata[i];
        if ((in ? port->in : port->out) == chardev) {
            g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                        "%s: chardev '%s' is used by %s (mux=on lets devices share it)",
                        device_id(dev), chardev->id, device_id(port->end.dev));
            return false;
        }
    }
    return true;
}

CharPort *chardev_set_connect(ChardevSet *set, Device *dev, const char *id, GError **error)
{
    const CharRoute *route = find_route(set, id);
    Chardev *in = route ? route->in : chardev_set_find(set, id);
    Chardev *out = route ? route->out : in;
    if (!in && !out) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: no chardev '%s'", device_id(dev),
                    id);
        return NULL;
    }
    if (!check_free(in, true, dev, error) || !check_free(out, false, dev, error)) {
        return NULL;
    }
    CharPort *port = char_port_new(set->loop, dev, in, out);
    char_order_join(set->ports, port);
    g_ptr_array_add(set->ports, port);
    return port;
}

bool chardev_set_awaits_peers(const ChardevSet *set)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        const Chardev *chardev = set->chardevs->pdata[i];
        if (chardev->class->awaits_peer && chardev->class->awaits_peer(chardev)) {
            return true;
        }
    }
    return false;
}

/* ---- the end of a run ---- */

static void drain_ports(ChardevSet *set)
{
    for (guint i = 0; i < set->ports->len; i++) {
        char_port_drain(set->ports->pdata[i]);
    }
}

static size_t undelivered(ChardevSet *set)
{
    size_t left = 0;
    drain_ports(set);
    for (guint i = 0; i < set->ports->len; i++) {
        left += ring_used(&((CharPort *)set->ports->pdata[i])->tx);
    }
    for (guint i = 0; i < set->chardevs->len; i++) {
        const Chardev *chardev = set->chardevs->pdata[i];
        left += chardev_backlog(chardev) + char_frontend_waiting(chardev->front);
    }
    return left;
}

static void patience_over(void *opaque)
{
    chardev_set_stop_draining(opaque);
}

void chardev_set_stop_draining(ChardevSet *set)
{
    set->stop_draining = true;
}

void chardev_set_begin(ChardevSet *set)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        Chardev *chardev = set->chardevs->pdata[i];
        if (chardev->class->begin) {
            chardev->class->begin(chardev);
        }
        if (chardev->log) {
            char_log_begin(chardev->log);
        }
    }
}

size_t chardev_set_drain(ChardevSet *set, uint64_t patience)
{
    size_t left = undelivered(set);
    LoopTimer *timer = loop_timer_new(set->loop, patience_over, set);
    loop_timer_start(timer, patience);
    while (left && !set->stop_draining) {
        loop_step(set->loop, true);
        size_t now = undelivered(set);
        if (now < left) {
            loop_timer_start(timer, patience);
        }
        left = now;
    }
    loop_timer_free(timer);
    return left;
}

/*
 * Only the loop is running now.  So what the device holds goes directly into the
 * ring, and not through the device's services.
 */
size_t chardev_set_send_rest(ChardevSet *set)
{
    size_t left = 0;
    for (guint i = 0; i < set->ports->len; i++) {
        left += char_port_send_rest(set->ports->pdata[i]);
    }
    return left;
}

/* ---- descriptions ---- */

void chardev_set_describe(const ChardevSet *set, GString *text)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        const Chardev *chardev = set->chardevs->pdata[i];
        const CharCounters *c = &chardev->count;
        g_string_append_printf(text,
                               "%s (%s): %" PRIu64 " bytes out, %" PRIu64 " dropped, %" PRIu64
                               " stalls, %" PRIu64 " bytes in, %" PRIu64 " ignored, breaks %" PRIu64
                               " in %" PRIu64 " out, readers %u now %" PRIu64 " in all\n",
                               chardev->id, chardev->class->name, c->out, c->dropped, c->stalls,
                               c->in, c->ignored, c->breaks_in, c->breaks_out,
                               chardev->readers->len, c->attached);
    }
}

static void append_printable(GString *text, uint8_t byte)
{
    if (byte == '\n') {
        g_string_append(text, "\n  ");
    } else if (byte == '\t' || (byte >= 0x20 && byte < 0x7f)) {
        g_string_append_c(text, (char)byte);
    } else if (byte != '\r') {
        g_string_append_printf(text, "\\x%02x", byte);
    }
}

/* The start of a line, if there is one. */
static uint64_t tail_start(const History *history)
{
    uint64_t start = MAX(history_tail(history), history->head - MIN(history->head, TAIL_SIZE));
    const uint8_t *byte;
    for (uint64_t at = start; start && at + 1 < history->head; at++) {
        if (history_peek(history, at, &byte) && *byte == '\n') {
            return at + 1;
        }
    }
    return start;
}

void chardev_set_tail(ChardevSet *set, GString *text)
{
    drain_ports(set);
    for (guint i = 0; i < set->chardevs->len; i++) {
        const Chardev *chardev = set->chardevs->pdata[i];
        const History *history = &chardev->history;
        if (!history->head) {
            continue;
        }
        g_string_append_printf(text, "Last output of %s:\n  ", chardev->id);
        for (uint64_t at = tail_start(history); at < history->head; at++) {
            const uint8_t *byte;
            history_peek(history, at, &byte);
            append_printable(text, *byte);
        }
        g_string_append_c(text, '\n');
    }
}
