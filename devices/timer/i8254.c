/*
 * 8254 programmable interval timer, with port B of the PC, which drives GATE 2.
 *
 * Data sheet: Intel 8254 (231164-005, September 1993).  All six modes of all three
 * counters are modelled.
 *
 * Each of the three counters divides the clock CLK by its count N.  In mode 2 OUT
 * goes low for one CLK pulse in N.  In mode 3 it is high for half of the N pulses:
 *
 *     CLK  = 105/88 MHz = 14.31818 MHz / 12
 *     IRQ0 = OUT 0; a tick every N * 88/105 us (N = 65536: 18.2 ticks a second)
 *
 * GATE 0 and GATE 1 are always high.  GATE 2 is bit 0 of port B, and a guest reads
 * OUT 2 in bit 5.
 *
 * No code runs for each CLK pulse.  For each counting element (CE), the model keeps
 * the count that was loaded and the pulse at which it was loaded.  What the guest
 * reads is derived from the clock.  Only counter 0 arms a timer, for the rising
 * edges of its OUT.
 */
#include "devices/device.h"
#include "devices/timer/i8254_counter.h"
#include "devices/timer/i8254_regs.h"

#include <stdio.h>

#define PIT_COUNTERS 3u

/* CLK runs at 105/88 MHz: 21 pulses take exactly 17600 ns. */
#define PIT_PULSES_PER_BLOCK 21u
#define PIT_NS_PER_BLOCK     17600u

/*
 * The interrupt line gets ticks at least this far apart.  Otherwise a guest that
 * programs a count of 2 would keep the machine busy with nothing else.
 */
#define PIT_PACE_NS  50000u
#define PIT_OWED_MAX 65536u

#define PORTB_REFRESH_PULSES 18u /* 15.085 us */

enum { POLICY_CATCHUP, POLICY_DROP, POLICY_MERGE };

typedef struct I8254 {
    Device *dev;
    PitCounter counter[PIT_COUNTERS];
    uint8_t portb; /* the bits that can be written */

    uint64_t edge; /* tick at which OUT 0 will rise next, of the rises not counted yet */
    uint32_t owed; /* rises counted, but not yet passed to the interrupt line */
    uint64_t pace; /* machine time before which the interrupt line gets no further rise */

    uint16_t base, portb_base;
    unsigned policy;
    bool after_bios;
    IrqLine *irq;
    Timer *timer;
} I8254;

/* ---- time ---- */

static uint64_t tick_at(uint64_t ns)
{
    return ns / PIT_NS_PER_BLOCK * PIT_PULSES_PER_BLOCK +
           ns % PIT_NS_PER_BLOCK * PIT_PULSES_PER_BLOCK / PIT_NS_PER_BLOCK;
}

/* The first nanosecond that belongs to `tick`. */
static uint64_t ns_at(uint64_t tick)
{
    uint64_t rest = tick % PIT_PULSES_PER_BLOCK * PIT_NS_PER_BLOCK;
    return tick / PIT_PULSES_PER_BLOCK * PIT_NS_PER_BLOCK +
           (rest + PIT_PULSES_PER_BLOCK - 1) / PIT_PULSES_PER_BLOCK;
}

/* ---- the interrupt line ---- */

/*
 * DEVIATION: the line rises with OUT 0, but in the periodic modes it falls only
 * just before the next rise, not in the middle of the period.  That halves the
 * number of events, and a guest that is late gets no default IR7.  In mode 0 the
 * line is equal to OUT.
 */
static bool line_level(const I8254 *s)
{
    const PitCounter *c = &s->counter[0];
    bool expired = c->counting && !c->write_msb && s->edge == PIT_NEVER && !s->owed;
    return pit_counter_mode(c) != 0 || expired;
}

/*
 * When to look again whether the CPU has taken the tick.  The wait is as long as
 * the tick has waited already.  So a quick guest catches up soon, and a guest with
 * interrupts off costs only two looks in each period.
 */
static uint64_t retry_at(const I8254 *s, uint64_t now)
{
    uint64_t waited = now - s->pace + PIT_PACE_NS;
    uint64_t half_period = ns_at(s->counter[0].period) / 2;
    uint64_t longest = half_period > PIT_PACE_NS ? half_period : PIT_PACE_NS;
    return now + (waited < longest ? waited : longest);
}

static void arm_timer(I8254 *s, uint64_t now)
{
    if (s->owed) {
        pio_timer_arm(s->timer, s->pace > now ? s->pace : retry_at(s, now));
    } else if (s->edge != PIT_NEVER) {
        uint64_t deadline = ns_at(s->edge);
        pio_timer_arm(s->timer, deadline > s->pace ? deadline : s->pace);
    } else {
        pio_timer_disarm(s->timer);
    }
}

static void i8254_update(I8254 *s, uint64_t now)
{
    pio_irq_set(s->irq, line_level(s));
    arm_timer(s, now);
}

/* Ticks that come faster than the pace can only be merged. */
static unsigned policy_now(const I8254 *s)
{
    const PitCounter *c = &s->counter[0];
    bool too_fast = pit_counter_periodic(c) && c->period < tick_at(PIT_PACE_NS);
    return too_fast ? POLICY_MERGE : s->policy;
}

/*
 * Adds `rises` to those that the line still has to get.  A rise is overdue when the
 * next one is due as well; the policy decides what becomes of it.
 */
static void owe(I8254 *s, uint64_t rises)
{
    switch (policy_now(s)) {
    case POLICY_CATCHUP:
        s->owed = (uint32_t)(rises > PIT_OWED_MAX - s->owed ? PIT_OWED_MAX : s->owed + rises);
        break;
    case POLICY_DROP:
        s->owed = rises == 1 || s->owed ? 1 : 0;
        break;
    default:
        s->owed = rises || s->owed ? 1 : 0;
    }
}

/* With the policy "catchup" each tick waits until the CPU has taken the one before. */
static bool may_rise(const I8254 *s, uint64_t now)
{
    bool waits = policy_now(s) == POLICY_CATCHUP && pio_irq_pending(s->irq);
    return s->owed && now >= s->pace && !waits;
}

static void serve(I8254 *s, uint64_t now)
{
    uint64_t tick = tick_at(now);
    owe(s, pit_counter_count_rises(s->counter[0], &s->edge, tick));
    pit_counter_advance(&s->counter[0], tick);
    if (may_rise(s, now)) {
        pio_irq_set(s->irq, false);
        s->owed--;
        s->pace = now + PIT_PACE_NS;
    }
    i8254_update(s, now);
}

/* Brings all counters up to `now` and returns the tick. */
static uint64_t settle(I8254 *s, uint64_t now)
{
    uint64_t tick = tick_at(now);
    if (s->edge <= tick) {
        serve(s, now);
    }
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        pit_counter_advance(&s->counter[i], tick);
    }
    return tick;
}

/* ---- writes ---- */

static void read_back(I8254 *s, uint64_t tick, uint8_t value)
{
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        if (!(value & PIT_RB_CNT(i))) {
            continue;
        }
        if (!(value & PIT_RB_COUNT)) {
            pit_counter_latch_count(&s->counter[i], tick);
        }
        if (!(value & PIT_RB_STATUS)) {
            pit_counter_latch_status(&s->counter[i], tick);
        }
    }
}

/*
 * Counter 0 starts a new sequence.  Rises that are still owed are dropped if the
 * write took OUT low or changed the mode.
 */
static void restart_ticks(I8254 *s, uint64_t now, bool forget)
{
    if (forget) {
        s->owed = 0;
    }
    s->edge = pit_counter_next_rise(s->counter[0], tick_at(now));
    i8254_update(s, now);
}

static void write_control(I8254 *s, uint64_t now, uint64_t tick, uint8_t value)
{
    if ((value & PIT_CW_SC_MASK) == PIT_CW_READ_BACK) {
        read_back(s, tick, value);
        return;
    }
    unsigned index = (unsigned)value >> PIT_CW_SC_SHIFT;
    PitCounter *c = &s->counter[index];
    if ((value & PIT_CW_RW_MASK) == PIT_CW_RW_LATCH) {
        pit_counter_latch_count(c, tick);
        return;
    }
    pit_counter_control(c, tick, value);
    if (index == 0) {
        restart_ticks(s, now, true);
    }
}

/* ---- reads ---- */

static uint64_t i8254_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    I8254 *s = state;
    uint64_t tick = settle(s, pio_now(s->dev));
    return offset < PIT_COUNTERS ? pit_counter_read(&s->counter[offset], tick) : UINT64_MAX;
}

static void i8254_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    I8254 *s = state;
    uint64_t now = pio_now(s->dev);
    uint64_t tick = settle(s, now);
    if (offset == PIT_CONTROL) {
        write_control(s, now, tick, (uint8_t)value);
        return;
    }
    pit_counter_write(&s->counter[offset], tick, (uint8_t)value);
    if (offset == PIT_COUNTER0) {
        restart_ticks(s, now, pit_counter_mode(&s->counter[0]) == 0);
    }
}

/*
 * DEVIATION: a refresh request comes every 18 CLK pulses, whatever counter 1 is
 * programmed to.
 */
static uint64_t portb_read(void *state, uint64_t offset, unsigned size)
{
    (void)offset, (void)size;
    I8254 *s = state;
    uint64_t tick = settle(s, pio_now(s->dev));
    unsigned value = s->portb;
    if (tick / PORTB_REFRESH_PULSES & 1) {
        value |= PORTB_REFRESH;
    }
    if (pit_counter_out(&s->counter[2], tick)) {
        value |= PORTB_OUT2;
    }
    return value;
}

static void portb_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset, (void)size;
    I8254 *s = state;
    uint64_t tick = settle(s, pio_now(s->dev));
    s->portb = value & PORTB_WRITABLE_MASK;
    pit_counter_set_gate(&s->counter[2], tick, s->portb & PORTB_GATE2);
}

static const char *i8254_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const NAMES[] = {"CNT0", "CNT1", "CNT2", "CW"};
    (void)state, (void)write;
    return NAMES[offset];
}

static const char *portb_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state, (void)offset, (void)write;
    return "PORTB";
}

/* ---- time and description ---- */

/* `deadline` may be the end of the pace.  So the function asks the clock which rises are due. */
static void i8254_fire(void *state, uint64_t deadline)
{
    (void)deadline;
    I8254 *s = state;
    serve(s, pio_now(s->dev));
}

static void i8254_describe(const void *state, char *text, size_t size)
{
    const I8254 *s = state;
    uint64_t tick = tick_at(pio_now(s->dev));
    size_t used = 0;
    for (unsigned i = 0; i < PIT_COUNTERS && used < size; i++) {
        PitCounter c = s->counter[i];
        pit_counter_advance(&c, tick);
        used += (size_t)snprintf(text + used, size - used, "%u: mode=%u%s count=%04x/%04x out=%d; ",
                                 i, pit_counter_mode(&c), c.control & PIT_CW_BCD ? " bcd" : "",
                                 pit_counter_read_ce(&c, tick), c.count, pit_counter_out(&c, tick));
    }
    if (used < size) {
        snprintf(text + used, size - used, "portb=%02x owed=%u", s->portb, s->owed);
    }
}

/* ---- reset and state ---- */

static void i8254_reset(void *state)
{
    I8254 *s = state;
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        pit_counter_reset(&s->counter[i], i != 2);
    }
    s->portb = 0;
    s->edge = PIT_NEVER;
    s->owed = 0;
    s->pace = 0;
    if (s->after_bios) {
        i8254_write(s, PIT_CONTROL, PIT_CW_SC(0) | PIT_CW_RW_WORD | PIT_CW_MODE(3), 1);
        i8254_write(s, 0, 0, 1);
        i8254_write(s, 0, 0, 1);
    }
    i8254_update(s, pio_now(s->dev));
}

/* The clock's saved time is restored before any device is loaded, so device_now() is right here. */
static bool i8254_post_load(void *state)
{
    I8254 *s = state;
    uint64_t now = pio_now(s->dev), tick = tick_at(now);
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        if (!pit_counter_valid(&s->counter[i], tick)) {
            return false;
        }
    }
    if (s->owed > PIT_OWED_MAX || s->portb & ~PORTB_WRITABLE_MASK) {
        return false;
    }
    if (s->edge > tick) {
        s->edge = pit_counter_next_rise(s->counter[0], tick);
    }
    s->pace = s->pace > now + PIT_PACE_NS ? now + PIT_PACE_NS : s->pace;
    i8254_update(s, now);
    return true;
}

#define PIT_COUNTER_FIELDS(c)                                                                      \
    DEVICE_FIELD(I8254, c.control), DEVICE_FIELD(I8254, c.count), DEVICE_FIELD(I8254, c.latch),    \
        DEVICE_FIELD(I8254, c.latched), DEVICE_FIELD(I8254, c.status),                             \
        DEVICE_FIELD_BOOL(I8254, c.status_latched), DEVICE_FIELD_BOOL(I8254, c.null_count),        \
        DEVICE_FIELD_BOOL(I8254, c.gate), DEVICE_FIELD_BOOL(I8254, c.read_msb),                    \
        DEVICE_FIELD_BOOL(I8254, c.write_msb), DEVICE_FIELD(I8254, c.write_lsb),                   \
        DEVICE_FIELD_BOOL(I8254, c.armed), DEVICE_FIELD_BOOL(I8254, c.counting),                   \
        DEVICE_FIELD(I8254, c.idle), DEVICE_FIELD(I8254, c.period), DEVICE_FIELD(I8254, c.origin), \
        DEVICE_FIELD(I8254, c.held), DEVICE_FIELD(I8254, c.load), DEVICE_FIELD(I8254, c.load_tick)

static const DeviceField i8254_fields[] = {
    PIT_COUNTER_FIELDS(counter[0]), PIT_COUNTER_FIELDS(counter[1]),
    PIT_COUNTER_FIELDS(counter[2]), DEVICE_FIELD(I8254, portb),
    DEVICE_FIELD(I8254, edge),      DEVICE_FIELD(I8254, owed),
    DEVICE_FIELD(I8254, pace),      DEVICE_FIELD_END,
};

/* ---- the class ---- */

static const IoOps i8254_ops = {.read = i8254_read, .write = i8254_write, .max_size = 1};
static const IoOps portb_ops = {.read = portb_read, .write = portb_write, .max_size = 1};

static const DeviceRegion i8254_regions[] = {
    {.name = "counters",
     .space = IO_PORTS,
     .size = 4,
     .ops = &i8254_ops,
     .base_property = "iobase",
     .register_name = i8254_register_name},
    {.name = "portb",
     .space = IO_PORTS,
     .size = 1,
     .ops = &portb_ops,
     .base_property = "portb",
     .register_name = portb_register_name},
    DEVICE_REGION_END,
};

static const char *const policy_names[] = {"catchup", "drop", "merge", NULL};

static const DeviceProperty i8254_properties[] = {
    DEVICE_PROPERTY(I8254, after_bios, "after-bios", PROPERTY_BOOL, "off",
                    "a reset leaves counter 0 in mode 3 at 18.2 Hz, as a BIOS would"),
    DEVICE_PORT(I8254, base, "iobase", "first of the four ports"),
    DEVICE_PORT(I8254, portb_base, "portb", "port B: gate and output of counter 2, 0: none"),
    DEVICE_IRQ(I8254, irq, "irq", "line of counter 0"),
    DEVICE_CHOICE(I8254, policy, "lost-ticks", policy_names, "catchup",
                  "what happens to ticks that are due together"),
    DEVICE_PROPERTY_END,
};

static const DeviceTimer i8254_timers[] = {
    {.name = "tick", .offset = offsetof(I8254, timer), .fire = i8254_fire},
    DEVICE_TIMER_END,
};

extern const DeviceClass i8254_class;
const DeviceClass i8254_class = {
    .head = DEVICE_CLASS_HEAD("isa-pit", I8254),
    .description = "8254 interval timer with port B",
    .properties = i8254_properties,
    .regions = i8254_regions,
    .timers = i8254_timers,
    .reset = i8254_reset,
    .fields = i8254_fields,
    .post_load = i8254_post_load,
    .describe = i8254_describe,
};
