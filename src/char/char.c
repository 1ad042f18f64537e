#include "src/char/char.h"

#include "src/char/backends.h"
#include "src/char/ring.h"
#include "src/device_tap.h"
#include "src/error.h"
#include "src/keyval.h"

#include <string.h>

/* Two full FIFO generations of a fast guest per batch; touched as it is used. */
#define TX_RING_SIZE  16384u
#define DEFAULT_LINES (CHAR_LINE_CTS | CHAR_LINE_DSR | CHAR_LINE_DCD)

struct CharPort {
    Chardev *chardev;
    Device *dev;
    const CharClient *client;

    /* Device to host. */
    Ring tx;
    atomic_bool tx_active; /* the loop will look at the ring without being told */
    atomic_bool tx_full;   /* the device waits for room */
    bool tx_blocked;       /* the backend took less than it was given */
    LoopTask tx_task;
    LoopTimer *tx_timer;

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

struct CharSet {
    Loop *loop;
    CharEvents events;
    int escape;
    GPtrArray *chardevs;
    bool stop_draining;
};

static const ChardevClass *const BACKENDS[] = {CHAR_BACKENDS};

/* ---- device to host ---- */

static void call_tx_room(CharPort *port)
{
    if (atomic_load(&port->tx_full) && ring_room(&port->tx)) {
        GMutex *lock = device_mutex(port->dev);
        g_mutex_lock(lock);
        /* With the lock, the device is not in the middle of a write that just found room. */
        if (atomic_exchange(&port->tx_full, false) && port->client->tx_room) {
            device_tx_room(port->dev);
        }
        g_mutex_unlock(lock);
    }
}

/* Writes until the ring is empty or the backend is full. */
static void drain_tx(CharPort *port)
{
    Chardev *chardev = port->chardev;
    const uint8_t *data;
    size_t size;
    while (!port->tx_blocked && (size = ring_peek(&port->tx, &data)) > 0) {
        size_t taken = chardev->class->write(chardev, data, size);
        port->tx_blocked = taken < size;
        ring_skip(&port->tx, taken);
        call_tx_room(port);
    }
}

static void continue_tx(CharPort *port)
{
    drain_tx(port);
    if (!port->tx_blocked) {
        loop_timer_start(port->tx_timer, CHAR_BATCH_NS);
    }
}

static void tx_posted(void *opaque)
{
    continue_tx(opaque);
}

/* A batch's time is over: look again, or fall asleep if the line was silent. */
static void tx_batch_over(void *opaque)
{
    CharPort *port = opaque;
    if (ring_used(&port->tx)) {
        continue_tx(port);
        return;
    }
    atomic_store(&port->tx_active, false);
    if (ring_used(&port->tx) && !atomic_exchange(&port->tx_active, true)) {
        continue_tx(port);
    }
}

void chardev_writable(Chardev *chardev)
{
    CharPort *port = chardev->port;
    if (port && port->tx_blocked) {
        port->tx_blocked = false;
        continue_tx(port);
    }
}

/* Full: asks for the call back first, then looks again, so that no room is missed. */
static size_t write_to_full(CharPort *port, const uint8_t *data, size_t size)
{
    atomic_store(&port->tx_full, true);
    loop_post(charset_loop(port->chardev->set), &port->tx_task);
    size_t taken = ring_put(&port->tx, data, size);
    if (taken == size) {
        atomic_store(&port->tx_full, false);
    }
    return taken;
}

size_t char_port_write(CharPort *port, const uint8_t *data, size_t size)
{
    if (!port) {
        return size;
    }
    DeviceTap *tap = device_tap(port->dev);
    if (G_UNLIKELY(tap)) {
        return tap->class->output(tap, port, data, size);
    }
    return char_port_pass_write(port, data, size);
}

size_t char_port_pass_write(CharPort *port, const uint8_t *data, size_t size)
{
    size_t taken = ring_put(&port->tx, data, size);
    if (!atomic_load_explicit(&port->tx_active, memory_order_seq_cst) &&
        !atomic_exchange(&port->tx_active, true)) {
        loop_post(charset_loop(port->chardev->set), &port->tx_task);
    }
    if (G_UNLIKELY(taken < size)) {
        taken += write_to_full(port, data + taken, size - taken);
    }
    return taken;
}

/* ---- host to device ---- */

/* With the device's lock held. */
static void deliver_rx(CharPort *port)
{
    void *state = device_state(port->dev);
    const uint8_t *data;
    size_t size;
    if (port->rx_delivering || !port->client->receive) {
        return;
    }
    port->rx_delivering = true;
    while ((size = ring_peek(&port->rx, &data)) > 0) {
        size_t room = port->client->rx_room ? port->client->rx_room(state) : size;
        size = MIN(size, room);
        if (!size) {
            break;
        }
        device_receive(port->dev, data, size);
        ring_skip(&port->rx, size);
    }
    port->rx_delivering = false;
}

static void update_reading(Chardev *chardev)
{
    CharPort *port = chardev->port;
    if (!chardev->class->set_reading) {
        return;
    }
    bool room = chardev_rx_room(chardev) > 0;
    if (!room) {
        /* Asks for the call first, then looks again, so that no room is missed. */
        atomic_store(&port->rx_refill, true);
        room = chardev_rx_room(chardev) > 0;
    }
    chardev->class->set_reading(chardev, room);
}

static void rx_refill(void *opaque)
{
    CharPort *port = opaque;
    update_reading(port->chardev);
}

void char_port_rx_ready(CharPort *port)
{
    if (!port) {
        return;
    }
    DeviceTap *tap = device_tap(port->dev);
    if (G_UNLIKELY(tap)) {
        tap->class->rx_ready(tap, port);
    } else {
        char_port_pass_rx_ready(port);
    }
}

/* Half empty before the loop is woken: one wake-up serves many bytes. */
void char_port_pass_rx_ready(CharPort *port)
{
    if (!port->rx.size) {
        return;
    }
    if (ring_used(&port->rx)) {
        deliver_rx(port);
    }
    if (G_UNLIKELY(atomic_load(&port->rx_refill)) && ring_used(&port->rx) <= port->rx.size / 2 &&
        atomic_exchange(&port->rx_refill, false)) {
        loop_post(charset_loop(port->chardev->set), &port->rx_task);
    }
}

bool chardev_has_receiver(const Chardev *chardev)
{
    return chardev->port && chardev->port->client->receive;
}

size_t chardev_rx_room(const Chardev *chardev)
{
    return chardev_has_receiver(chardev) ? ring_room(&chardev->port->rx) : 0;
}

void chardev_receive(Chardev *chardev, const uint8_t *data, size_t size)
{
    CharPort *port = chardev->port;
    if (!port) {
        return;
    }
    size_t taken = ring_put(&port->rx, data, size);
    g_assert(taken == size);
    g_mutex_lock(device_mutex(port->dev));
    deliver_rx(port);
    g_mutex_unlock(device_mutex(port->dev));
    update_reading(chardev);
}

void chardev_receive_break(Chardev *chardev)
{
    CharPort *port = chardev->port;
    if (port && port->client->receive_break) {
        g_mutex_lock(device_mutex(port->dev));
        device_receive_break(port->dev);
        g_mutex_unlock(device_mutex(port->dev));
    }
}

/* ---- modem lines, breaks, line format ---- */

static uint64_t pack_format(const CharFormat *format)
{
    return (uint64_t)format->baud | (uint64_t)format->data_bits << 32 |
           (uint64_t)format->stop_bits << 40 | (uint64_t)(uint8_t)format->parity << 48;
}

static CharFormat unpack_format(uint64_t packed)
{
    return (CharFormat){
        .baud = (uint32_t)packed,
        .data_bits = (uint8_t)(packed >> 32),
        .stop_bits = (uint8_t)(packed >> 40),
        .parity = (char)(packed >> 48),
    };
}

static void apply_control(void *opaque)
{
    CharPort *port = opaque;
    Chardev *chardev = port->chardev;
    const ChardevClass *class = chardev->class;
    unsigned lines = atomic_load(&port->lines_out);
    if (class->set_lines && lines != port->applied_lines) {
        class->set_lines(chardev, lines);
    }
    port->applied_lines = lines;
    bool on = atomic_load(&port->break_out);
    if (class->set_break && on != port->applied_break) {
        class->set_break(chardev, on);
    }
    port->applied_break = on;
    uint64_t packed = atomic_load(&port->format);
    if (class->set_format && packed != port->applied_format) {
        CharFormat format = unpack_format(packed);
        class->set_format(chardev, &format);
    }
    port->applied_format = packed;
}

static bool backend_has_control(const CharPort *port)
{
    const ChardevClass *class = port->chardev->class;
    return class->set_lines || class->set_break || class->set_format;
}

static void post_control(CharPort *port)
{
    if (backend_has_control(port)) {
        loop_post(charset_loop(port->chardev->set), &port->control_task);
    }
}

void char_port_set_break(CharPort *port, bool on)
{
    if (port && atomic_exchange(&port->break_out, on) != on) {
        post_control(port);
    }
}

void char_port_set_lines(CharPort *port, unsigned lines)
{
    if (port && atomic_exchange(&port->lines_out, lines) != lines) {
        post_control(port);
    }
}

void char_port_set_format(CharPort *port, const CharFormat *format)
{
    if (port && atomic_exchange(&port->format, pack_format(format)) != pack_format(format)) {
        post_control(port);
    }
}

unsigned char_port_lines(const CharPort *port)
{
    if (!port) {
        return 0;
    }
    DeviceTap *tap = device_tap(port->dev);
    return tap ? tap->class->lines(tap, port) : char_port_pass_lines(port);
}

unsigned char_port_pass_lines(const CharPort *port)
{
    return atomic_load(&port->lines_in);
}

void chardev_set_lines(Chardev *chardev, unsigned lines)
{
    CharPort *port = chardev->port;
    if (port && atomic_exchange(&port->lines_in, lines) != lines && port->client->lines_changed) {
        g_mutex_lock(device_mutex(port->dev));
        device_lines_changed(port->dev, lines);
        g_mutex_unlock(device_mutex(port->dev));
    }
}

/* ---- ports ---- */

static CharPort *port_new(Chardev *chardev, Device *dev)
{
    static const CharClient NO_CLIENT = {0};
    CharPort *port = g_new0(CharPort, 1);
    port->chardev = chardev;
    port->dev = dev;
    port->client = device_class(dev)->char_client ?: &NO_CLIENT;
    port->lines_in = DEFAULT_LINES;
    ring_init(&port->tx, port->client->tx_size ? port->client->tx_size : TX_RING_SIZE);
    if (chardev->class->rx_size) {
        ring_init(&port->rx, chardev->class->rx_size);
    }
    port->tx_task = (LoopTask){.run = tx_posted, .opaque = port};
    port->rx_task = (LoopTask){.run = rx_refill, .opaque = port};
    port->control_task = (LoopTask){.run = apply_control, .opaque = port};
    port->tx_timer = loop_timer_new(charset_loop(chardev->set), tx_batch_over, port);
    return port;
}

static void port_free(CharPort *port)
{
    Loop *loop = charset_loop(port->chardev->set);
    loop_cancel(loop, &port->tx_task);
    loop_cancel(loop, &port->rx_task);
    loop_cancel(loop, &port->control_task);
    loop_timer_free(port->tx_timer);
    ring_clear(&port->tx);
    ring_clear(&port->rx);
    g_free(port);
}

CharPort *charset_connect(CharSet *set, Device *dev, const char *id, GError **error)
{
    Chardev *chardev = charset_find(set, id);
    if (!chardev) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: no chardev '%s'", device_id(dev),
                    id);
        return NULL;
    }
    if (chardev->port) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: chardev '%s' is used by %s",
                    device_id(dev), id, device_id(chardev->port->dev));
        return NULL;
    }
    chardev->port = port_new(chardev, dev);
    /* Reading begins with the loop, when the device is complete. */
    loop_post(set->loop, &chardev->port->rx_task);
    return chardev->port;
}

/* ---- the set ---- */

static void chardev_free(gpointer data)
{
    Chardev *chardev = data;
    if (chardev->class->close) {
        chardev->class->close(chardev);
    }
    g_clear_pointer(&chardev->port, port_free);
    g_hash_table_unref(chardev->options);
    g_free(chardev->id);
    g_free(chardev);
}

CharSet *charset_new(Loop *loop, const CharEvents *events, int escape)
{
    CharSet *set = g_new0(CharSet, 1);
    set->loop = loop;
    set->events = *events;
    set->escape = escape;
    set->chardevs = g_ptr_array_new_with_free_func(chardev_free);
    return set;
}

void charset_free(CharSet *set)
{
    g_ptr_array_unref(set->chardevs);
    g_free(set);
}

Loop *charset_loop(const CharSet *set)
{
    return set->loop;
}

const CharEvents *charset_events(const CharSet *set)
{
    return &set->events;
}

int charset_escape(const CharSet *set)
{
    return set->escape;
}

Chardev *charset_find(const CharSet *set, const char *id)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        Chardev *chardev = set->chardevs->pdata[i];
        if (!strcmp(chardev->id, id)) {
            return chardev;
        }
    }
    return NULL;
}

Chardev *charset_find_class(const CharSet *set, const ChardevClass *class)
{
    for (guint i = 0; i < set->chardevs->len; i++) {
        Chardev *chardev = set->chardevs->pdata[i];
        if (chardev->class == class) {
            return chardev;
        }
    }
    return NULL;
}

static const ChardevClass *find_backend(const char *what, const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(BACKENDS) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        if (!strcmp(BACKENDS[i]->name, name)) {
            return BACKENDS[i];
        }
        names[i] = BACKENDS[i]->name;
    }
    const char *nearest = keyval_nearest(name, names);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: no such backend (%s%s%s%s)", what,
                name, nearest ? "did you mean '" : "", nearest ? nearest : "",
                nearest ? "'? there are: " : "there are: ", all);
    return NULL;
}

/* "name:argument,key=value": the argument is the first item of the list. */
static GHashTable *parse_spec(const char *what, const char *spec, const ChardevClass *class,
                              GError **error)
{
    const char *rest = spec + strlen(class->name);
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (const char *const *o = class->options; o && *o; o++) {
        g_ptr_array_add(known, (gpointer)*o);
    }
    if (class->argument) {
        g_ptr_array_add(known, (gpointer) class->argument);
    }
    g_ptr_array_add(known, NULL);
    if (*rest == ':' && !class->argument) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: nothing may follow %s:", what,
                    spec, class->name);
        return NULL;
    }
    g_autofree char *text = *rest == ':' ? g_strdup_printf("%s=%s", class->argument, rest + 1)
                                         : g_strdup(*rest ? rest + 1 : "");
    g_autofree char *where = g_strdup_printf("%s %s", what, spec);
    g_autoptr(GHashTable) options =
        keyval_parse(where, text, NULL, (const char *const *)known->pdata, error);
    if (options && class->argument) {
        const char *argument = g_hash_table_lookup(options, class->argument);
        if (!argument || !*argument) {
            g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: write %s", what, spec,
                        class->usage);
            return NULL;
        }
    }
    return g_steal_pointer(&options);
}

Chardev *charset_add(CharSet *set, const char *what, const char *id, const char *spec,
                     GError **error)
{
    g_autofree char *name = g_strndup(spec, strcspn(spec, ":,"));
    const ChardevClass *class = find_backend(what, name, error);
    return class ? charset_add_class(set, class, what, id, spec, error) : NULL;
}

Chardev *charset_add_class(CharSet *set, const ChardevClass *class, const char *what,
                           const char *id, const char *spec, GError **error)
{
    if (charset_find(set, id)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: chardev id '%s' is taken", what,
                    id);
        return NULL;
    }
    GHashTable *options = parse_spec(what, spec, class, error);
    if (!options) {
        return NULL;
    }
    Chardev *chardev = g_malloc0(class->size);
    chardev->class = class;
    chardev->set = set;
    chardev->id = g_strdup(id);
    chardev->options = options;
    g_autoptr(GError) failure = NULL;
    if (class->open && !class->open(chardev, &failure)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s %s: ", what, spec);
        chardev_free(chardev);
        return NULL;
    }
    g_ptr_array_add(set->chardevs, chardev);
    return chardev;
}

static size_t undelivered(const CharSet *set)
{
    size_t left = 0;
    for (guint i = 0; i < set->chardevs->len; i++) {
        Chardev *chardev = set->chardevs->pdata[i];
        if (chardev->port) {
            drain_tx(chardev->port);
            left += ring_used(&chardev->port->tx);
        }
    }
    return left;
}

static void patience_over(void *opaque)
{
    charset_stop_draining(opaque);
}

void charset_stop_draining(CharSet *set)
{
    set->stop_draining = true;
}

size_t charset_drain(CharSet *set, uint64_t patience)
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

char *charset_help(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        g_string_append_printf(text, "  %-24s %s\n", BACKENDS[i]->usage, BACKENDS[i]->help);
    }
    return g_string_free(text, false);
}
