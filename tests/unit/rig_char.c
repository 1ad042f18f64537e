/* Character lines for tests.  Everything happens at once, in the caller's thread. */
#include "src/device/device_services.h"
#include "tests/unit/rig.h"

#include <string.h>

struct CharPort {
    CharPortEnd end;
    RigChar *line;
    const CharClient *client;
    bool full;       /* the device waits for tx_room */
    bool delivering; /* input is being delivered */
};

RigChar *rig_char_new(void)
{
    RigChar *line = g_new0(RigChar, 1);
    line->output = g_string_new(NULL);
    line->input = g_string_new(NULL);
    line->tx_room = G_MAXSIZE;
    line->lines = CHAR_LINE_CTS | CHAR_LINE_DSR | CHAR_LINE_DCD;
    return line;
}

void rig_char_free(RigChar *line)
{
    g_string_free(line->output, true);
    g_string_free(line->input, true);
    g_free(line->port);
    g_free(line);
}

/* ---- the device's side ---- */

static size_t take_output(CharPort *port, const uint8_t *data, size_t size)
{
    RigChar *line = port->line;
    size_t taken = MIN(size, line->tx_room);
    g_string_append_len(line->output, (const char *)data, (gssize)taken);
    if (line->tx_room != G_MAXSIZE) {
        line->tx_room -= taken;
    }
    port->full = taken < size;
    return taken;
}

static void deliver(CharPort *port)
{
    void *state = device_state(port->end.dev);
    GString *input = port->line->input;
    if (port->delivering || !port->client || !port->client->receive) {
        return;
    }
    port->delivering = true;
    size_t size;
    while (input->len &&
           (size = MIN(input->len, port->client->rx_room(state, port->end.number))) > 0) {
        g_autofree uint8_t *data = g_memdup2(input->str, size);
        port->line->largest = MAX(port->line->largest, size);
        g_string_erase(input, 0, (gssize)size);
        port->client->receive(state, port->end.number, data, size);
    }
    port->delivering = false;
}

static void rx_ready(CharPort *port)
{
    port->line->refills++;
    deliver(port);
}

static void set_break(CharPort *port, bool on)
{
    port->line->breaks += on && !port->line->break_out;
    port->line->break_out = on;
}

static void set_lines(CharPort *port, unsigned lines)
{
    port->line->lines_out = lines;
}

static unsigned lines_now(const CharPort *port)
{
    return port->line->lines;
}

static void set_format(CharPort *port, const CharFormat *format)
{
    port->line->format = *format;
}

static const CharPortOps OPS = {
    .write = take_output,
    .rx_ready = rx_ready,
    .lines = lines_now,
    .set_break = set_break,
    .set_lines = set_lines,
    .set_format = set_format,
};

CharPort *rig_char_connect(RigChar *line, Device *dev)
{
    g_assert_null(line->port);
    line->port = g_new0(CharPort, 1);
    line->port->line = line;
    line->port->end = (CharPortEnd){.ops = &OPS, .dev = dev};
    line->port->client = device_class(dev)->char_client;
    return line->port;
}

/* ---- the test's side ---- */

static void lock(RigChar *line)
{
    g_assert_nonnull(line->port);
    g_mutex_lock(device_mutex(line->port->end.dev));
}

static void unlock(RigChar *line)
{
    g_mutex_unlock(device_mutex(line->port->end.dev));
}

char *rig_char_take(RigChar *line)
{
    char *text = g_strdup(line->output->str);
    g_string_truncate(line->output, 0);
    return text;
}

void rig_char_input_bytes(RigChar *line, const void *data, size_t size)
{
    lock(line);
    g_string_append_len(line->input, data, (gssize)size);
    deliver(line->port);
    unlock(line);
}

void rig_char_input(RigChar *line, const char *text)
{
    rig_char_input_bytes(line, text, strlen(text));
}

void rig_char_break(RigChar *line)
{
    lock(line);
    line->port->client->receive_break(device_state(line->port->end.dev), line->port->end.number);
    unlock(line);
}

void rig_char_set_lines(RigChar *line, unsigned lines)
{
    lock(line);
    line->lines = lines;
    line->port->client->lines_changed(device_state(line->port->end.dev), line->port->end.number,
                                      lines);
    unlock(line);
}

void rig_char_set_room(RigChar *line, size_t room)
{
    lock(line);
    line->tx_room = room;
    if (room && line->port->full) {
        line->port->full = false;
        line->port->client->tx_room(device_state(line->port->end.dev), line->port->end.number);
    }
    unlock(line);
}
