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

static const DeviceField port92_fields[] = {
    DEVICE_FIELD(Port92, value),
    DEVICE_FIELD_END,
};

static const IoOps port92_ops = {.read = port92_read, .write = port92_write, .max_size = 1};

static const DeviceRegion port92_regions[] = {
    {.name = "port", .space = IO_PORTS, .size = 1, .ops = &port92_ops, .base_property = "iobase"},
    {0},
};

static const DeviceProperty port92_properties[] = {
    {"iobase", PROPERTY_UINT16, offsetof(Port92, iobase), "0x92", "port", NULL},
    {0},
};

static const DeviceOutput port92_outputs[] = {
    {.name = "a20", .offset = offsetof(Port92, a20)},
    {0},
};

extern const DeviceClass port92_class;
const DeviceClass port92_class = {
    .abi = DEVICE_ABI,
    .name = "port92",
    .description = "system control port A: A20 gate and fast reset",
    .state_size = sizeof(Port92),
    .properties = port92_properties,
    .regions = port92_regions,
    .outputs = port92_outputs,
    .reset = port92_reset,
    .fields = port92_fields,
    .post_load = port92_post_load,
    .describe = port92_describe,
};
