/*
 * The debug console of Bochs and QEMU.  Every byte that the guest writes to the
 * port is output.  A read returns a constant (0xe9 by default), which tells a guest
 * that the console is there.
 */
#include "devices/device.h"
#include "devices/serial/char_spill.h"

typedef struct Debugcon {
    Device *dev;
    CharSpill spill; /* bytes that a full backend has not accepted */
    uint16_t iobase;
    uint32_t readback;
    CharPort *port;
} Debugcon;

static void debugcon_write_block(void *state, uint64_t offset, const void *items, size_t count,
                                 unsigned size)
{
    Debugcon *d = state;
    const uint8_t *bytes = items;
    size_t done = char_spill_is_empty(&d->spill) ? pio_char_write(d->port, bytes, count) : 0;
    (void)offset;
    (void)size;
    for (; done < count; done++) {
        char_spill_put(&d->spill, d->port, "bytes", &bytes[done], 1);
    }
}

static void debugcon_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    uint8_t byte = (uint8_t)value;
    debugcon_write_block(state, offset, &byte, 1, size);
}

static uint64_t debugcon_read(void *state, uint64_t offset, unsigned size)
{
    const Debugcon *d = state;
    (void)offset;
    (void)size;
    return d->readback;
}

static void debugcon_tx_room(void *state, unsigned port)
{
    (void)port;
    Debugcon *d = state;
    char_spill_flush(&d->spill, d->port, "bytes");
}

static void debugcon_reset(void *state)
{
    Debugcon *d = state;
    d->spill = (CharSpill){.count = 0};
}

static bool debugcon_post_load(void *state)
{
    Debugcon *d = state;
    if (!char_spill_is_possible(&d->spill)) {
        return false;
    }
    debugcon_tx_room(d, 0);
    return true;
}

static const IoOps DEBUGCON_OPS = {
    .read = debugcon_read,
    .write = debugcon_write,
    .max_size = 1,
    .write_block = debugcon_write_block,
};

static const CharClient DEBUGCON_CLIENT = {
    .tx_room = debugcon_tx_room,
    .tx_size = CHAR_TX_SIZE_UNPACED,
};

const DeviceClass isa_debugcon_class = {
    .head = DEVICE_CLASS_HEAD("isa-debugcon", Debugcon),
    .description = "debug console: every byte written is output",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(Debugcon, iobase, "iobase", "port"),
                                    DEVICE_PROPERTY(Debugcon, readback, "readback", PROPERTY_UINT32,
                                                    "0xe9", "the value of reads"),
                                    DEVICE_CHAR(Debugcon, port, "where the bytes go")),
    .regions = DEVICE_REGIONS({
        DEVICE_PORTS("port", 1, &DEBUGCON_OPS, "iobase"),
        .posted = true,
    }),
    .char_client = &DEBUGCON_CLIENT,
    .reset = debugcon_reset,
    .fields = DEVICE_FIELDS(CHAR_SPILL_FIELDS(Debugcon, spill)),
    .post_load = debugcon_post_load,
};
