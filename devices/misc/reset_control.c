/*
 * The reset control register of PC chip sets, port 0xcf9 (Intel PIIX3 data sheet,
 * "RC - Reset Control Register").
 *
 * DEVIATION: a reset of the CPU alone resets the whole machine, as every other
 * reset does.
 */
#include "devices/device.h"
#include "devices/misc/port92_regs.h"

#define KEPT (RCR_HARD | RCR_RESET)

typedef struct ResetControl {
    Device *dev;
    uint8_t value; /* as it was written */

    uint16_t iobase;
} ResetControl;

static uint64_t reset_control_read(void *state, uint64_t offset, unsigned size)
{
    const ResetControl *s = state;
    (void)offset;
    (void)size;
    return s->value;
}

/* "A transition of bit 2 from 0 to 1 initiates a reset." */
static void reset_control_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    ResetControl *s = state;
    (void)offset;
    (void)size;
    bool rises = value & ~s->value & RCR_RESET;
    s->value = value & KEPT;
    if (rises) {
        pio_request_reset(s->dev);
    }
}

static void reset_control_reset(void *state)
{
    ResetControl *s = state;
    s->value = 0;
}

static bool reset_control_post_load(void *state)
{
    const ResetControl *s = state;
    return !(s->value & ~KEPT);
}

/*
 * The port accepts bytes only.  It lies in the middle of CONFADD, the 32-bit
 * register at 0xcf8 (82441FX data sheet), which guests write to look for a PCI bus.
 * Such a write must not arrive here in pieces, whether there is a PCI bus or not.
 */
static const IoOps reset_control_ops = {
    .read = reset_control_read,
    .write = reset_control_write,
    .max_size = 1,
    .wider = IO_WIDER_IS_IGNORED,
};

extern const DeviceClass reset_control_class;
const DeviceClass reset_control_class = {
    .head = DEVICE_CLASS_HEAD("reset-control", ResetControl),
    .description = "reset control register of PC chipsets",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(ResetControl, iobase, "iobase", "port")),
    .regions = DEVICE_REGIONS({DEVICE_PORTS("port", 1, &reset_control_ops, "iobase")}),
    .reset = reset_control_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(ResetControl, value)),
    .post_load = reset_control_post_load,
};
