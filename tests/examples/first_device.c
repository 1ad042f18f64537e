/*
 * An egg timer, a chip that exists only in docs/first-device.md.
 *
 * CONTROL.START starts a run of COUNT milliseconds.  At its end the chip
 * clears START and latches EXPIRED.  Writing 1 to EXPIRED clears it.
 *     IRQ = EXPIRED & IE
 * Everything is modelled.
 */
#include "tests/examples/first_device_regs.h"

#include "devices/device.h"

#define NS_PER_MS (NS_PER_SECOND / 1000)
#define KNOWN     (EGG_START | EGG_IE | EGG_EXPIRED)

typedef struct EggTimer {
    Device *dev;
    uint8_t count, control; /* the values that a read gives */

    uint64_t deadline; /* in machine time; 0 while the timer is stopped */

    uint16_t iobase;
    IrqLine *irq;
    Timer *timer;
} EggTimer;

/* Computes the pin and the timer from the registers. */
static void egg_update(EggTimer *s)
{
    pio_irq_set(s->irq, (s->control & EGG_EXPIRED) && (s->control & EGG_IE));
    if (s->control & EGG_START) {
        pio_timer_arm(s->timer, s->deadline);
    } else {
        s->deadline = 0;
        pio_timer_disarm(s->timer);
    }
}

static void egg_fire(void *state, uint64_t deadline)
{
    EggTimer *s = state;
    (void)deadline;
    s->control = (s->control & ~EGG_START) | EGG_EXPIRED;
    egg_update(s);
}

static uint64_t egg_read(void *state, uint64_t offset, unsigned size)
{
    const EggTimer *s = state;
    (void)size;
    return offset == EGG_COUNT ? s->count : s->control;
}

static void egg_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    EggTimer *s = state;
    (void)size;
    if (offset == EGG_COUNT) {
        s->count = (uint8_t)value;
        return;
    }
    if (value & ~s->control & EGG_START) {
        s->deadline = pio_now(s->dev) + s->count * NS_PER_MS;
    }
    s->control = (value & (EGG_START | EGG_IE)) | (s->control & ~value & EGG_EXPIRED);
    egg_update(s);
}

static void egg_reset(void *state)
{
    EggTimer *s = state;
    s->count = s->control = 0;
    egg_update(s);
}

static bool egg_post_load(void *state)
{
    EggTimer *s = state;
    if (s->control & ~KNOWN || s->deadline > pio_now(s->dev) + UINT8_MAX * NS_PER_MS) {
        return false;
    }
    egg_update(s);
    return true;
}

static const IoOps EGG_OPS = {.read = egg_read, .write = egg_write, .max_size = 1};

extern const DeviceClass first_device_class;
const DeviceClass first_device_class = {
    .head = DEVICE_CLASS_HEAD("egg-timer", EggTimer),
    .description = "counts milliseconds and interrupts",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(EggTimer, iobase, "iobase", "first port"),
                                    DEVICE_IRQ(EggTimer, irq, "irq", "interrupt")),
    .regions = DEVICE_REGIONS({DEVICE_PORTS("ports", 2, &EGG_OPS, "iobase")}),
    .timers = DEVICE_TIMERS(DEVICE_TIMER(EggTimer, timer, "end", egg_fire)),
    .reset = egg_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(EggTimer, count), DEVICE_FIELD(EggTimer, control),
                            DEVICE_FIELD(EggTimer, deadline)),
    .post_load = egg_post_load,
};
