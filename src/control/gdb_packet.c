#include "src/control/gdb_packet.h"

#include <glib.h>
#include <string.h>

#define INTERRUPT  0x03
#define ESCAPE     '}'
#define ESCAPE_XOR 0x20

struct GdbPackets {
    GdbPacketEvents events;
    enum { BETWEEN, INSIDE, CHECKSUM_HIGH, CHECKSUM_LOW } state;
    bool escaped;  /* the last byte was ESCAPE */
    bool overlong; /* the rest of the packet is skipped */
    bool trusting; /* no acknowledgements */
    size_t size;
    unsigned sum, told_sum;
    GString *last; /* the last packet as it was sent, for a client that missed it */
    char data[GDB_PACKET_MAX + 1];
};

GdbPackets *gdb_packets_new(const GdbPacketEvents *events)
{
    GdbPackets *packets = g_new0(GdbPackets, 1);
    packets->events = *events;
    packets->last = g_string_new(NULL);
    return packets;
}

void gdb_packets_free(GdbPackets *packets)
{
    g_string_free(packets->last, true);
    g_free(packets);
}

void gdb_packets_reset(GdbPackets *packets)
{
    packets->state = BETWEEN;
    packets->trusting = false;
    g_string_truncate(packets->last, 0);
}

void gdb_packets_trust(GdbPackets *packets)
{
    packets->trusting = true;
}

/* ---- sending ---- */

static void send_raw(GdbPackets *packets, const char *data, size_t size)
{
    packets->events.send(packets->events.opaque, data, size);
}

/* A '*' after a byte would mean a run of equal bytes, so it is escaped. */
static void append_escaped(GString *text, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (memchr("$#}*", data[i], 4)) {
            g_string_append_c(text, ESCAPE);
            g_string_append_c(text, (char)(data[i] ^ ESCAPE_XOR));
        } else {
            g_string_append_c(text, data[i]);
        }
    }
}

void gdb_packets_send(GdbPackets *packets, const char *data, size_t size)
{
    GString *text = packets->last;
    unsigned sum = 0;
    g_string_assign(text, "$");
    append_escaped(text, data, size);
    for (gsize i = 1; i < text->len; i++) {
        sum += (guint8)text->str[i];
    }
    g_string_append_printf(text, "#%02x", sum & 0xff);
    send_raw(packets, text->str, text->len);
}

/* ---- receiving ---- */

static void end_packet(GdbPackets *packets)
{
    bool right = packets->told_sum == (packets->sum & 0xff);
    packets->state = BETWEEN;
    if (!packets->trusting) {
        send_raw(packets, right ? "+" : "-", 1);
    } else {
        right = true;
    }
    if (right && packets->overlong) {
        packets->events.overlong(packets->events.opaque);
    } else if (right) {
        packets->data[packets->size] = '\0';
        packets->events.packet(packets->events.opaque, packets->data, packets->size);
    }
}

static void begin_packet(GdbPackets *packets)
{
    packets->state = INSIDE;
    packets->size = 0;
    packets->sum = 0;
    packets->escaped = packets->overlong = false;
}

static void take_between(GdbPackets *packets, char c)
{
    if (c == '$') {
        begin_packet(packets);
    } else if (c == INTERRUPT) {
        packets->events.interrupt(packets->events.opaque);
    } else if (c == '-' && !packets->trusting && packets->last->len) {
        send_raw(packets, packets->last->str, packets->last->len);
    }
}

static void store(GdbPackets *packets, char c)
{
    if (packets->size == GDB_PACKET_MAX) {
        packets->overlong = true;
    } else {
        packets->data[packets->size++] = c;
    }
}

/* A '$' here begins another packet: the end of this one was lost. */
static void take_inside(GdbPackets *packets, char c)
{
    if (c == '#') {
        packets->state = CHECKSUM_HIGH;
        return;
    }
    if (c == '$') {
        begin_packet(packets);
        return;
    }
    packets->sum += (guint8)c;
    if (packets->escaped) {
        packets->escaped = false;
        store(packets, (char)(c ^ ESCAPE_XOR));
    } else if (c == ESCAPE) {
        packets->escaped = true;
    } else {
        store(packets, c);
    }
}

/* Anything but a digit yields a checksum that no packet has. */
static unsigned digit(char c)
{
    int value = g_ascii_xdigit_value(c);
    return value < 0 ? 0x100 : (unsigned)value;
}

void gdb_packets_input(GdbPackets *packets, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (packets->state) {
        case BETWEEN:
            take_between(packets, data[i]);
            break;
        case INSIDE:
            take_inside(packets, data[i]);
            break;
        case CHECKSUM_HIGH:
            packets->told_sum = digit(data[i]) << 4;
            packets->state = CHECKSUM_LOW;
            break;
        case CHECKSUM_LOW:
            packets->told_sum |= digit(data[i]);
            end_packet(packets);
            break;
        }
    }
}
