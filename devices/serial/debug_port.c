/*
 * The debug port: it prints a line of text for every value that the guest writes.
 *
 * The port has no data sheet.  Small guests that explore virtual machines write to
 * port 0x10 to show a number.  A write of 1, 2 or 4 bytes prints "IO port: 10,
 * data: 2a".  A read returns the value that was written last.
 */
#include "devices/device.h"
#include "devices/serial/char_spill.h"

#include <string.h>

#define DEBUG_PORT_COUNT 4 /* a 32-bit access stays in one piece */
#define LINE_MAX_SIZE    40

typedef struct DebugPort {
    Device *dev;
    uint32_t last;   /* the value that was written last */
    CharSpill spill; /* lines that a full backend has not accepted */
    uint16_t iobase;
    CharPort *port;
} DebugPort;

static char *put_text(char *end, const char *text)
{
    size_t size = strlen(text);
    memcpy(end, text, size);
    return end + size;
}

static char *put_hex(char *end, uint32_t value)
{
    unsigned shift = 0;
    while (shift < 28 && value >> (shift + 4)) {
        shift += 4;
    }
    for (;; shift -= 4) {
        *end++ = "0123456789abcdef"[value >> shift & 0xf];
        if (shift == 0) {
            return end;
        }
    }
}

static void debug_port_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    DebugPort *d = state;
    char line[LINE_MAX_SIZE];
    (void)size;
    d->last = (uint32_t)value;
    char *end = put_text(line, "IO port: ");
    end = put_hex(end, (uint32_t)(d->iobase + offset));
    end = put_text(end, ", data: ");
    end = put_hex(end, d->last);
    end = put_text(end, "\n");
    char_spill_put(&d->spill, d->port, "lines", line, (size_t)(end - line));
}

static void debug_port_write_block(void *state, uint64_t offset, const void *items, size_t count,
                                   unsigned size)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t value = 0;
        memcpy(&value, (const uint8_t *)items + i * size, size);
        debug_port_write(state, offset, value, size);
    }
}

static uint64_t debug_port_read(void *state, uint64_t offset, unsigned size)
{
    const DebugPort *d = state;
    (void)offset;
    (void)size;
    return d->last;
}

static void debug_port_tx_room(void *state, unsigned port)
{
    (void)port;
    DebugPort *d = state;
    char_spill_flush(&d->spill, d->port, "lines");
}

static void debug_port_reset(void *state)
{
    DebugPort *d = state;
    d->last = 0;
    d->spill = (CharSpill){.count = 0};
}

static bool debug_port_post_load(void *state)
{
    DebugPort *d = state;
    if (!char_spill_is_possible(&d->spill)) {
        return false;
    }
    debug_port_tx_room(d, 0);
    return true;
}

static const IoOps DEBUG_PORT_OPS = {
    .read = debug_port_read,
    .write = debug_port_write,
    .max_size = 4,
    .write_block = debug_port_write_block,
};

static const CharClient DEBUG_PORT_CLIENT = {
    .tx_room = debug_port_tx_room,
    .tx_size = CHAR_TX_SIZE_UNPACED,
};

const DeviceClass debug_port_class = {
    .head = DEVICE_CLASS_HEAD("debug-port", DebugPort),
    .description = "prints each value written",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(DebugPort, iobase, "iobase", "first port"),
                                    DEVICE_CHAR(DebugPort, port, "where the lines go")),
    .regions = DEVICE_REGIONS({
        DEVICE_PORTS("port", DEBUG_PORT_COUNT, &DEBUG_PORT_OPS, "iobase"),
        .posted = true,
    }),
    .char_client = &DEBUG_PORT_CLIENT,
    .reset = debug_port_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(DebugPort, last), CHAR_SPILL_FIELDS(DebugPort, spill)),
    .post_load = debug_port_post_load,
};
