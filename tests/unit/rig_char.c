/*
 * Character lines for tests, in place of src/char/char.c: everything happens
 * at once, in the caller's thread.
 */
#include "tests/unit/rig.h"

#include <string.h>

struct CharPort {
    RigChar *line;
    Device *dev;
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

CharPort *rig_char_connect(RigChar *line, Device *dev)
{
    g_assert_null(line->port);
    line->port = g_new0(CharPort, 1);
    line->port->line = line;
    line->port->dev = dev;
    line->port->client = device_class(dev)->char_client;
    return line->port;
}

/* ---- the device's side ---- */

size_t char_port_write(CharPort *port, const uint8_t *data, size_t size)
{
    if (!port) {
        return size;
    }
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
    void *state = device_state(port->dev);
    GString *input = port->line->input;
    if (port->delivering || !port->client || !port->client->receive) {
        return;
    }
    port->delivering = true;
    size_t size;
    while (input->len && (size = MIN(input->len, port->client->rx_room(state))) > 0) {
        g_autofree uint8_t *data = g_memdup2(input->str, size);
        port->line->largest = MAX(port->line->largest, size);
        g_string_erase(input, 0, (gssize)size);
        port->client->receive(state, data, size);
    }
    port->delivering = false;
}

void char_port_rx_ready(CharPort *port)
{
    if (port) {
        port->line->refills++;
        deliver(port);
    }
}

void char_port_set_break(CharPort *port, bool on)
{
    if (port) {
        port->line->breaks += on && !port->line->break_out;
        port->line->break_out = on;
    }
}

void char_port_set_lines(CharPort *port, unsigned lines)
{
    if (port) {
        port->line->lines_out = lines;
    }
}

unsigned char_port_lines(const CharPort *port)
{
    return port ? port->line->lines : 0;
}

void char_port_set_format(CharPort *port, const CharFormat *format)
{
    if (port) {
        port->line->format = *format;
    }
}

/* ---- the test's side ---- */

static void lock(RigChar *line)
{
    g_assert_nonnull(line->port);
    g_mutex_lock(device_mutex(line->port->dev));
}

static void unlock(RigChar *line)
{
    g_mutex_unlock(device_mutex(line->port->dev));
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
    line->port->client->receive_break(device_state(line->port->dev));
    unlock(line);
}

void rig_char_set_lines(RigChar *line, unsigned lines)
{
    lock(line);
    line->lines = lines;
    line->port->client->lines_changed(device_state(line->port->dev), lines);
    unlock(line);
}

void rig_char_set_room(RigChar *line, size_t room)
{
    lock(line);
    line->tx_room = room;
    if (room && line->port->full) {
        line->port->full = false;
        line->port->client->tx_room(device_state(line->port->dev));
    }
    unlock(line);
}
