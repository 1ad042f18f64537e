/* A chardev: the way from its ports to the history and back. */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/char/char_internal.h"
#include "src/char/char_log.h"
#include "src/char/frontend.h"

#include <inttypes.h>
#include <string.h>

#define FRONTEND_ROOM   4096u
#define HISTORY_DEFAULT 65536u
#define HISTORY_MIN     4096u /* how far a reader may lag behind, even if a new one is shown less */
#define HISTORY_MAX     (UINT64_C(1) << 30)

/* ---- device to host ---- */

static bool put_gap(Chardev *chardev)
{
    g_autofree char *text = g_strdup_printf("[%" PRIu64 " bytes dropped]\r\n", chardev->gap);
    size_t size = strlen(text);
    if (chardev_room(chardev) < size) {
        return false;
    }
    history_put(&chardev->history, (const uint8_t *)text, size);
    chardev->gap = 0;
    return true;
}

/* Puts the rest of one line, after the time if the line begins here. */
static size_t put_stamped(Chardev *chardev, const uint8_t *data, size_t size, size_t room)
{
    if (chardev->line_start) {
        g_autoptr(GDateTime) now = g_date_time_new_now_local();
        g_autofree char *time = g_date_time_format(now, "[%H:%M:%S.%f");
        char stamp[] = "[hh:mm:ss.mmm] ";
        memcpy(stamp, time, strlen("[hh:mm:ss.mmm"));
        if (room <= strlen(stamp)) {
            return 0;
        }
        history_put(&chardev->history, (const uint8_t *)stamp, strlen(stamp));
        room -= strlen(stamp);
        chardev->line_start = false;
    }
    const uint8_t *end = memchr(data, '\n', size);
    size = end ? (size_t)(end + 1 - data) : size;
    size = MIN(size, room);
    history_put(&chardev->history, data, size);
    chardev->line_start = size && data[size - 1] == '\n';
    return size;
}

static size_t put_some(Chardev *chardev, const uint8_t *data, size_t size)
{
    if (chardev->gap && !put_gap(chardev)) {
        return 0;
    }
    size_t room = chardev_room(chardev);
    if (room < size) {
        chardev_pump(chardev);
        room = chardev->policy == CHAR_DROP_OLD ? SIZE_MAX : chardev_room(chardev);
    }
    if (chardev->stamping) {
        return put_stamped(chardev, data, size, room);
    }
    size = MIN(size, room);
    history_put(&chardev->history, data, size);
    return size;
}

size_t chardev_output(Chardev *chardev, const uint8_t *data, size_t size)
{
    size_t done = 0, taken = 1;
    while (done < size && taken) {
        taken = put_some(chardev, data + done, size - done);
        done += taken;
    }
    if (done < size && chardev->policy == CHAR_DROP_NEW) {
        chardev->gap += size - done;
        chardev->count.dropped += size - done;
        done = size;
    }
    chardev->count.out += done;
    if (chardev->log) {
        char_log_write(chardev->log, data, done);
    }
    return done;
}

void chardev_writable(Chardev *chardev)
{
    char_reader_writable(&chardev->sink);
}

static size_t sink_write(CharReader *reader, const uint8_t *data, size_t size)
{
    return reader->chardev->class->write(reader->chardev, data, size);
}

/* ---- host to device ---- */

static bool takes_input(const Chardev *chardev, const CharPort *port)
{
    return port->in == chardev && char_port_receives(port);
}

/* The port that has the focus, or the next one that accepts input. */
CharPort *chardev_focus(const Chardev *chardev)
{
    guint count = char_frontend_has_focus(chardev->front) ? 0 : chardev->ports->len;
    for (guint i = 0; i < count; i++) {
        CharPort *port = chardev->ports->pdata[(chardev->focus + i) % count];
        if (takes_input(chardev, port)) {
            return port;
        }
    }
    return NULL;
}

/* The number of the next port from `start` on that takes input, or that of ports. */
static guint next_receiver(const Chardev *chardev, guint start)
{
    guint at = start;
    while (at < chardev->ports->len && !takes_input(chardev, chardev->ports->pdata[at])) {
        at++;
    }
    return at;
}

/* The devices in their order, then the front end, then the first device. */
CharPort *chardev_move_focus(Chardev *chardev)
{
    guint at, next = chardev->ports->len;
    if (g_ptr_array_find(chardev->ports, chardev_focus(chardev), &at)) {
        next = next_receiver(chardev, at + 1);
    }
    bool round = next == chardev->ports->len;
    chardev->focus = round ? 0 : next;
    if (chardev->front) {
        bool lone = next_receiver(chardev, 0) == chardev->ports->len;
        bool to_front = lone || (round && !char_frontend_has_focus(chardev->front));
        char_frontend_set_focus(chardev->front, to_front);
    }
    return chardev_focus(chardev);
}

unsigned chardev_receivers(const Chardev *chardev)
{
    unsigned count = chardev->front != NULL;
    for (guint i = 0; i < chardev->ports->len; i++) {
        count += takes_input(chardev, chardev->ports->pdata[i]);
    }
    return count;
}

bool chardev_has_receiver(const Chardev *chardev)
{
    return chardev_receivers(chardev) > 0;
}

/*
 * The room of the port that has the least, because the focus may change
 * meanwhile.  A front end accepts everything.
 */
size_t chardev_rx_room(const Chardev *chardev)
{
    if (char_frontend_has_focus(chardev->front)) {
        return FRONTEND_ROOM;
    }
    size_t room = SIZE_MAX;
    for (guint i = 0; i < chardev->ports->len; i++) {
        const CharPort *port = chardev->ports->pdata[i];
        if (takes_input(chardev, port)) {
            room = MIN(room, ring_room(&port->rx));
        }
    }
    return room == SIZE_MAX ? 0 : room;
}

void chardev_update_reading(Chardev *chardev)
{
    bool room = chardev_rx_room(chardev) > 0;
    if (!room) {
        /*
         * The request for a call comes first and the second look after it, so that
         * no room is missed.
         */
        for (guint i = 0; i < chardev->ports->len; i++) {
            atomic_store(&((CharPort *)chardev->ports->pdata[i])->rx_refill, true);
        }
        room = chardev_rx_room(chardev) > 0;
    }
    if (chardev->class->set_reading) {
        chardev->class->set_reading(chardev, room);
    }
    if (room && chardev->typist) {
        loop_post(chardev_set_loop(chardev->set), chardev->typist);
    }
}

void chardev_type(Chardev *chardev, const uint8_t *data, size_t size)
{
    chardev_deliver(chardev, data, size);
    chardev_update_reading(chardev);
}

void chardev_deliver(Chardev *chardev, const uint8_t *data, size_t size)
{
    CharPort *port = chardev_focus(chardev);
    if (char_frontend_has_focus(chardev->front)) {
        char_frontend_receive(chardev->front, data, size);
        return;
    }
    /* More than the room is only what followed a change of the input's receiver. */
    size_t room = port ? MIN(size, ring_room(&port->rx)) : 0;
    chardev->count.ignored += size - room;
    if (room) {
        char_port_deliver(port, data, room);
    }
}

void chardev_receive(Chardev *chardev, const uint8_t *data, size_t size)
{
    chardev->count.in += size;
    if (chardev->keys) {
        chardev_filter_keys(chardev, data, size);
    } else {
        chardev_deliver(chardev, data, size);
    }
    chardev_update_reading(chardev);
}

void chardev_receive_break(Chardev *chardev)
{
    CharPort *port = chardev_focus(chardev);
    chardev->count.breaks_in++;
    if (port) {
        char_port_deliver_break(port);
    }
}

void chardev_set_lines(Chardev *chardev, unsigned lines)
{
    chardev->lines_in = lines;
    for (guint i = 0; i < chardev->ports->len; i++) {
        CharPort *port = chardev->ports->pdata[i];
        if (port->in == chardev) {
            char_port_change_lines(port, lines);
        }
    }
}

void chardev_set_carrier(Chardev *chardev, bool attached)
{
    const char *carrier = chardev_option(chardev, "carrier");
    bool follows = carrier && !strcmp(carrier, "attached");
    chardev_set_lines(chardev, follows && !attached ? CHAR_LINES_ABSENT : CHAR_LINES_READY);
}

/* ---- what is said ---- */

void chardev_report(const Chardev *chardev, const char *format, ...)
{
    const CharEvents *events = chardev_set_events(chardev->set);
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    if (events->message) {
        g_autofree char *text = g_strdup_printf("%s: %s", chardev->id, what);
        events->message(events->opaque, text);
    }
}

void chardev_say(Chardev *chardev, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (chardev->class->say) {
        chardev->class->say(chardev, text);
        return;
    }
    g_autofree char *line = g_strdup_printf("[%s]", text);
    for (guint i = 0; i < chardev->readers->len; i++) {
        char_reader_notice(chardev->readers->pdata[i], line);
    }
}

/* ---- options ---- */

const char *const chardev_common_options[] = {
    "mux",    "policy",  "history",  "logfile",  "logappend",
    "logmax", "logkeep", "logstamp", "logstrip", NULL,
};

const char *chardev_option(const Chardev *chardev, const char *key)
{
    return g_hash_table_lookup(chardev->options, key);
}

bool chardev_option_bool(const Chardev *chardev, const char *key, bool *value, GError **error)
{
    const char *text = chardev_option(chardev, key);
    return !text || number_parse_bool(key, text, value, error);
}

bool chardev_option_number(const Chardev *chardev, const char *key, uint64_t maximum,
                           uint64_t *value, GError **error)
{
    const char *text = chardev_option(chardev, key);
    return !text || number_parse(key, text, maximum, value, error);
}

bool chardev_option_size(const Chardev *chardev, const char *key, uint64_t maximum, uint64_t *value,
                         GError **error)
{
    const char *text = chardev_option(chardev, key);
    return !text || number_parse_size(key, text, maximum, value, error);
}

static bool parse_choice(const Chardev *chardev, const char *key, const char *const *choices,
                         unsigned *value, GError **error)
{
    const char *text = chardev_option(chardev, key);
    for (unsigned i = 0; text && choices[i]; i++) {
        if (!strcmp(text, choices[i])) {
            *value = i;
            return true;
        }
    }
    if (text) {
        g_autofree char *all = g_strjoinv(", ", (char **)choices);
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s %s: not one of %s", key, text,
                    all);
    }
    return !text;
}

/* It is a mistake to give details of a log file without asking for one. */
static bool check_log(const Chardev *chardev, GError **error)
{
    static const char *const KEYS[] = {"logappend", "logmax", "logkeep", "logstamp", "logstrip"};
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS) && !chardev_option(chardev, "logfile"); i++) {
        if (chardev_option(chardev, KEYS[i])) {
            return error_refuse(error, "%s goes with logfile=PATH", KEYS[i]);
        }
    }
    return true;
}

static bool parse_log(Chardev *chardev, GError **error)
{
    static const char *const STAMPS[] = {"none", "host", "guest", NULL};
    const char *path = chardev_option(chardev, "logfile");
    CharLogConfig config = {.path = path};
    unsigned stamp = 0;
    if (!check_log(chardev, error) ||
        !chardev_option_bool(chardev, "logappend", &config.append, error) ||
        !chardev_option_bool(chardev, "logstrip", &config.strip, error) ||
        !chardev_option_size(chardev, "logmax", INT64_MAX, &config.max, error) ||
        !chardev_option_number(chardev, "logkeep", CHAR_LOG_KEEP_MAX, &config.keep, error) ||
        !parse_choice(chardev, "logstamp", STAMPS, &stamp, error)) {
        return false;
    }
    config.stamp = (CharLogStamp)stamp;
    chardev->log = path ? char_log_new(chardev, &config, error) : NULL;
    return !path || chardev->log;
}

static bool parse_history(Chardev *chardev, uint64_t *size, GError **error)
{
    const char *text = chardev_option(chardev, "history");
    chardev->unread = text && !strcmp(text, "unread");
    return chardev->unread || chardev_option_size(chardev, "history", HISTORY_MAX, size, error);
}

bool chardev_configure(Chardev *chardev, GError **error)
{
    static const char *const POLICIES[] = {"stall", "drop-old", "drop-new", NULL};
    static const char *const CARRIERS[] = {"always", "attached", NULL};
    unsigned policy = CHAR_STALL, carrier = 0;
    uint64_t size = HISTORY_DEFAULT;
    if (!chardev_option_bool(chardev, "mux", &chardev->mux, error) ||
        !parse_history(chardev, &size, error) ||
        !parse_choice(chardev, "policy", POLICIES, &policy, error) ||
        !parse_choice(chardev, "carrier", CARRIERS, &carrier, error) ||
        !parse_log(chardev, error)) {
        return false;
    }
    chardev->policy = (CharPolicy)policy;
    chardev->keys = chardev->mux && chardev->class->rx_size;
    chardev->replay = size;
    history_init(&chardev->history, MAX(size, HISTORY_MIN));
    if (chardev->class->write) {
        chardev->sink.write = sink_write;
        char_reader_attach(&chardev->sink, chardev, CHAR_CONTINUE);
    }
    return true;
}

void chardev_free(gpointer data)
{
    Chardev *chardev = data;
    if (chardev->class->close) {
        chardev->class->close(chardev);
    }
    g_ptr_array_set_size(chardev->readers, 0);
    g_ptr_array_unref(chardev->readers);
    g_ptr_array_unref(chardev->ports);
    history_clear(&chardev->history);
    char_log_free(chardev->log);
    g_hash_table_unref(chardev->options);
    g_free(chardev->id);
    g_free(chardev);
}
