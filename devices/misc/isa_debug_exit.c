/*
 * QEMU's isa-debug-exit: a write of V ends the run with status (V << 1) | 1, which
 * is never 0.  A guest that wants status 0 uses exit_port.c.
 */
#include "devices/device.h"

typedef struct DebugExit {
    Device *dev;
    uint16_t iobase;
    uint32_t iosize;
} DebugExit;

static void debug_exit_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    DebugExit *d = state;
    (void)offset;
    (void)size;
    pio_request_exit(d->dev, (int)((value << 1 | 1) & 0xff));
}

static uint64_t debug_exit_read(void *state, uint64_t offset, unsigned size)
{
    (void)state;
    (void)offset;
    (void)size;
    return 0;
}

static const IoOps DEBUG_EXIT_OPS = {
    .read = debug_exit_read,
    .write = debug_exit_write,
    .max_size = 4,
};

const DeviceClass isa_debug_exit_class = {
    .head = DEVICE_CLASS_HEAD("isa-debug-exit", DebugExit),
    .description = "ends the run with status (value << 1) | 1",
    .properties = DEVICE_PROPERTIES(
        DEVICE_PORT(DebugExit, iobase, "iobase", "first port"),
        DEVICE_PROPERTY(DebugExit, iosize, "iosize", PROPERTY_UINT32, "2", "how many ports")),
    .regions = DEVICE_REGIONS({
        .name = "port",
        .space = IO_PORTS,
        .ops = &DEBUG_EXIT_OPS,
        .base_property = "iobase",
        .size_property = "iosize",
    }),
};
