/*
 * System control port A, 0x92: the fast A20 gate and the fast reset.
 *
 * After the IBM PS/2 Hardware Interface Technical Reference.  Modelled: bits 0 and
 * 1.  Not modelled: the security lock, the watchdog, the activity lights.
 *
 *     A20   = bit 1, or that of the keyboard controller
 *     reset = bit 0 goes from 0 to 1
 */
#include "devices/misc/port92_regs.h"

#include "devices/device.h"

#include <stdio.h>

#define KEPT (PORT92_RESET | PORT92_A20)

typedef struct Port92 {
    Device *dev;
    uint8_t value; /* as it was written */

    uint16_t iobase;
    IrqLine *a20;
} Port92;

static void port92_update(Port92 *s)
{
    pio_irq_set(s->a20, s->value & PORT92_A20);
}

static uint64_t port92_read(void *state, uint64_t offset, unsigned size)
{
    const Port92 *s = state;
    (void)offset;
    (void)size;
    return s->value;
}

static void port92_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Port92 *s = state;
    (void)offset;
    (void)size;
    bool rises = value & ~s->value & PORT92_RESET;
    s->value = value & KEPT;
    port92_update(s);
    if (rises) {
        pio_request_reset(s->dev);
    }
}

static void port92_describe(const void *state, char *text, size_t size)
{
    const Port92 *s = state;
    snprintf(text, size, "0x%02x (A20 %s)", s->value, s->value & PORT92_A20 ? "on" : "off");
}

static void port92_reset(void *state)
{
    Port92 *s = state;
    s->value = 0;
    port92_update(s);
}

static bool port92_post_load(void *state)
{
    Port92 *s = state;
    if (s->value & ~KEPT) {
        return false;
    }
    port92_update(s);
    return true;
}

static const IoOps port92_ops = {.read = port92_read, .write = port92_write, .max_size = 1};

extern const DeviceClass port92_class;
const DeviceClass port92_class = {
    .head = DEVICE_CLASS_HEAD("port92", Port92),
    .description = "system control port A: A20 gate and fast reset",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(Port92, iobase, "iobase", "port")),
    .regions = DEVICE_REGIONS({DEVICE_PORTS("port", 1, &port92_ops, "iobase")}),
    .outputs = DEVICE_OUTPUTS(DEVICE_OUTPUT(Port92, a20, "a20")),
    .reset = port92_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(Port92, value)),
    .post_load = port92_post_load,
    .describe = port92_describe,
};
