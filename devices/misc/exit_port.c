/* The exit port: a write ends the run, and the value is the exit status, 0 to 255. */
#include "devices/device.h"

#include <inttypes.h>

#define EXIT_PORT_COUNT 4 /* a 32-bit access stays in one piece */
#define STATUS_MAX      255

typedef struct ExitPort {
    Device *dev;
    uint16_t iobase;
} ExitPort;

static void exit_port_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    ExitPort *e = state;
    (void)offset;
    (void)size;
    if (value > STATUS_MAX) {
        pio_guest_error(e->dev, "exit-status",
                        "exit status 0x%" PRIx64 " is ignored (0 to 255 is possible)", value);
        return;
    }
    pio_request_exit(e->dev, (int)value);
}

static const IoOps EXIT_PORT_OPS = {
    .write = exit_port_write,
    .max_size = 4,
};

const DeviceClass exit_port_class = {
    .head = DEVICE_CLASS_HEAD("exit-port", ExitPort),
    .description = "ends the run with the value written as the status",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(ExitPort, iobase, "iobase", "first port")),
    .regions = DEVICE_REGIONS({DEVICE_PORTS("port", EXIT_PORT_COUNT, &EXIT_PORT_OPS, "iobase")}),
};
