/*
 * 8254 programmable interval timer with the PC's port B, which gates counter 2.
 *
 * Data sheet: Intel 8254 (231164-005, September 1993).  All six modes of all
 * three counters are modelled.  Nothing is ticked: a counting element is kept
 * as the count it was loaded with and the CLK pulse it was loaded at, and what
 * the guest reads is derived from the clock.  Only counter 0 arms a timer, for
 * the rising edges of its OUT.
 */
#include "devices/device.h"
#include "devices/i8254_regs.h"

#include <stdio.h>

#define PIT_COUNTERS      3u
#define PIT_RESET_CONTROL (PIT_CW_RW_WORD | PIT_CW_MODE(3))
#define PIT_NEVER         UINT64_MAX

/* CLK runs at 105/88 MHz: 21 pulses take exactly 17600 ns. */
#define PIT_PULSES_PER_BLOCK 21u
#define PIT_NS_PER_BLOCK     17600u

#define PIT_PERIOD_MAX 65536u
/*
 * Two ticks reach the interrupt line at least this far apart, so that a guest
 * cannot make the machine do nothing but serve a counter of 2.
 */
#define PIT_PACE_NS  50000u
#define PIT_OWED_MAX 65536u

#define PORTB_REFRESH_PULSES 18u /* 15.085 us */

enum { POLICY_CATCHUP, POLICY_DROP, POLICY_MERGE };

/* How the CR gets into the CE: not at all, at the next CLK, at the end of the (half-)cycle. */
enum { LOAD_NONE, LOAD_CLOCK, LOAD_CYCLE };

/* CLK pulses since machine time 0 are called ticks. */
typedef struct PitCounter {
    uint8_t control;     /* D5-D0 of the last control word */
    uint16_t count;      /* CR: cleared by a control word, set by a whole count */
    uint16_t latch;      /* OL while `latched`, set by the latch commands */
    uint8_t latched;     /* bytes of OL that are still to be read: 1 LSB, 2 MSB */
    uint8_t status;      /* set by read-back */
    bool status_latched; /* set by read-back; cleared by a read, a control word */
    bool null_count;     /* set by control word and count; cleared by loading the CE */

    bool gate;     /* the pin */
    bool read_msb; /* flip-flops of the word format; cleared by a control word */
    bool write_msb;
    uint8_t write_lsb;  /* first byte of a word */
    bool armed;         /* a count was written since the control word */
    bool counting;      /* the CE was loaded since the control word */
    uint16_t idle;      /* what the CE holds while it is not */
    uint32_t period;    /* the count that the CE was loaded with */
    uint64_t origin;    /* tick at which the CE had it, while the CE runs */
    uint64_t held;      /* ticks that it had run, while it stands still */
    uint8_t load;       /* LOAD_NONE... */
    uint64_t load_tick; /* unless LOAD_NONE: when */
} PitCounter;

typedef struct I8254 {
    Device *dev;
    PitCounter counter[PIT_COUNTERS];
    uint8_t portb; /* the writable bits */

    uint64_t edge; /* tick of the next rise of OUT 0 that was not counted yet */
    uint32_t owed; /* rises counted, but not given to the line yet */
    uint64_t pace; /* machine time before which the line gets no further rise */

    uint16_t base, portb_base;
    unsigned policy;
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

/* ---- predicates of a counter ---- */

static unsigned mode_of(const PitCounter *c)
{
    unsigned mode = (c->control & PIT_CW_M_MASK) >> PIT_CW_M_SHIFT;
    return mode > 5 ? mode - 4 : mode; /* M2 is don't care in modes 2 and 3 */
}

static bool is_periodic(const PitCounter *c)
{
    return mode_of(c) == 2 || mode_of(c) == 3;
}

static bool is_triggered(const PitCounter *c)
{
    return mode_of(c) == 1 || mode_of(c) == 5;
}

/* "Writing the first byte disables counting" in mode 0. */
static bool runs(const PitCounter *c)
{
    bool between_bytes = mode_of(c) == 0 && c->write_msb;
    return c->counting && !between_bytes && (c->gate || is_triggered(c));
}

/* Ticks since the CE was loaded, without those for which it stood still. */
static uint64_t elapsed(const PitCounter *c, uint64_t tick)
{
    return runs(c) ? tick - c->origin : c->held;
}

/* In mode 3 the high half is the longer one of an odd count. */
static uint32_t high_half(const PitCounter *c)
{
    return (c->period + 1) / 2;
}

/*
 * DEVIATION: a count of 1 is illegal in modes 2 and 3; here OUT stays high and
 * the counter is loaded with each CLK.
 */
static bool out_square(const PitCounter *c, uint64_t tick)
{
    if (!c->gate || c->load == LOAD_CLOCK || c->period == 1) {
        return true;
    }
    uint64_t position = elapsed(c, tick) % c->period;
    return mode_of(c) == 2 ? position != c->period - 1 : position < high_half(c);
}

static bool out(const PitCounter *c, uint64_t tick)
{
    if (!c->counting) {
        return mode_of(c) != 0;
    }
    switch (mode_of(c)) {
    case 0:
        return c->load == LOAD_NONE && !c->write_msb && elapsed(c, tick) >= c->period;
    case 1:
        return elapsed(c, tick) >= c->period;
    case 2:
    case 3:
        return out_square(c, tick);
    default:
        return !runs(c) || elapsed(c, tick) != c->period;
    }
}

/* ---- the counting element ---- */

static uint32_t count_from_register(const PitCounter *c)
{
    if (!(c->control & PIT_CW_BCD)) {
        return c->count ? c->count : PIT_PERIOD_MAX;
    }
    uint32_t count = 0;
    for (int shift = 12; shift >= 0; shift -= 4) {
        count = count * 10 + (c->count >> shift & 0xfu);
    }
    return count ? count : 10000;
}

static uint16_t count_to_register(const PitCounter *c, uint64_t count)
{
    if (!(c->control & PIT_CW_BCD)) {
        return (uint16_t)count;
    }
    unsigned digits = 0;
    for (unsigned shift = 0; shift < 16; shift += 4, count /= 10) {
        digits |= (unsigned)(count % 10) << shift;
    }
    return (uint16_t)digits;
}

/* In mode 3 an odd count is loaded less one, and each CLK takes two. */
static uint64_t count_square(const PitCounter *c, uint64_t position)
{
    uint64_t step = position < high_half(c) ? position : position - high_half(c);
    return (c->period & ~1u) - 2 * step;
}

/* What the CE holds, as the guest reads it. */
static uint16_t count_now(const PitCounter *c, uint64_t tick)
{
    if (!c->counting) {
        return c->idle;
    }
    uint64_t wrap = c->control & PIT_CW_BCD ? 10000 : 65536;
    uint64_t run = elapsed(c, tick);
    switch (mode_of(c)) {
    case 2:
        return count_to_register(c, c->period - run % c->period);
    case 3:
        return count_to_register(c, count_square(c, run % c->period));
    default:
        return count_to_register(c, c->period + wrap - run % wrap);
    }
}

/* Makes `run` the elapsed ticks at `tick`, whether the CE runs or stands still. */
static void set_elapsed(PitCounter *c, uint64_t tick, uint64_t run)
{
    c->held = run;
    c->origin = tick - run;
}

/* Loads the CE if the time has come.  A half-cycle may begin with the low half. */
static void advance(PitCounter *c, uint64_t tick)
{
    if (c->load == LOAD_NONE || tick < c->load_tick) {
        return;
    }
    bool low =
        c->load == LOAD_CYCLE && mode_of(c) == 3 && c->period > 1 && out(c, c->load_tick - 1);
    c->load = LOAD_NONE;
    c->counting = true;
    c->null_count = false;
    c->period = count_from_register(c);
    set_elapsed(c, c->load_tick, low && c->period > 1 ? high_half(c) : 0);
}

static void load_at_next_clock(PitCounter *c, uint64_t tick)
{
    c->load = LOAD_CLOCK;
    c->load_tick = tick + 1;
}

static uint64_t end_of_cycle(const PitCounter *c, uint64_t tick)
{
    uint64_t position = elapsed(c, tick) % c->period;
    uint32_t end = mode_of(c) == 3 && position < high_half(c) ? high_half(c) : c->period;
    return tick + end - position;
}

/* ---- rises of OUT ---- */

/* The next one if nothing is loaded before. */
static uint64_t next_rise_of_sequence(const PitCounter *c, uint64_t tick)
{
    uint64_t run = elapsed(c, tick);
    if (!runs(c)) {
        return PIT_NEVER;
    }
    if (is_periodic(c)) {
        return c->period > 1 ? tick + c->period - run % c->period : PIT_NEVER;
    }
    uint64_t target = c->period + (mode_of(c) >= 4);
    return run < target ? tick + target - run : PIT_NEVER;
}

/* The first tick after `tick` at which OUT goes high; works on a copy. */
static uint64_t next_rise(PitCounter c, uint64_t tick)
{
    advance(&c, tick);
    uint64_t rise = next_rise_of_sequence(&c, tick);
    if (c.load == LOAD_NONE || c.load_tick > rise) {
        return rise;
    }
    uint64_t loaded = c.load_tick;
    bool was_low = !out(&c, loaded - 1);
    advance(&c, loaded);
    return was_low && out(&c, loaded) ? loaded : next_rise_of_sequence(&c, loaded);
}

/* Counts the rises from *edge to `until` and moves *edge behind them; works on a copy. */
static uint64_t count_rises(PitCounter c, uint64_t *edge, uint64_t until)
{
    uint64_t count = 0;
    while (*edge <= until) {
        uint64_t more = 0;
        advance(&c, *edge);
        if (is_periodic(&c)) {
            uint64_t last = c.load != LOAD_NONE && c.load_tick <= until ? c.load_tick - 1 : until;
            more = last > *edge ? (last - *edge) / c.period : 0;
        }
        count += 1 + more;
        *edge = next_rise(c, *edge + more * c.period);
    }
    return count;
}

/* ---- the interrupt line ---- */

/*
 * DEVIATION: the line rises with OUT 0, but falls only just before the next
 * rise and not in the middle of the period: half the events, and no default
 * IR7 for a guest that is late.  In mode 0 it is OUT.
 */
static bool line_level(const I8254 *s)
{
    const PitCounter *c = &s->counter[0];
    bool expired = c->counting && !c->write_msb && s->edge == PIT_NEVER && !s->owed;
    return mode_of(c) != 0 || expired;
}

static void arm_timer(I8254 *s, uint64_t now)
{
    if (s->owed) {
        timer_arm(s->timer, s->pace > now ? s->pace : now + PIT_PACE_NS);
    } else if (s->edge != PIT_NEVER) {
        uint64_t deadline = ns_at(s->edge);
        timer_arm(s->timer, deadline > s->pace ? deadline : s->pace);
    } else {
        timer_disarm(s->timer);
    }
}

static void i8254_update(I8254 *s, uint64_t now)
{
    irq_set(s->irq, line_level(s));
    arm_timer(s, now);
}

/* Ticks that come faster than the pace can only be merged. */
static unsigned policy_now(const I8254 *s)
{
    const PitCounter *c = &s->counter[0];
    bool too_fast = is_periodic(c) && c->period < tick_at(PIT_PACE_NS);
    return too_fast ? POLICY_MERGE : s->policy;
}

/* A rise is overdue when the next one is due as well. */
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

/* To catch up, each tick waits until the one before it was taken. */
static bool may_rise(const I8254 *s, uint64_t now)
{
    bool waits = policy_now(s) == POLICY_CATCHUP && irq_pending(s->irq);
    return s->owed && now >= s->pace && !waits;
}

static void serve(I8254 *s, uint64_t now)
{
    owe(s, count_rises(s->counter[0], &s->edge, tick_at(now)));
    if (may_rise(s, now)) {
        irq_set(s->irq, false);
        s->owed--;
        s->pace = now + PIT_PACE_NS;
    }
    i8254_update(s, now);
}

/* Brings everything up to now; returns the tick. */
static uint64_t settle(I8254 *s, uint64_t now)
{
    uint64_t tick = tick_at(now);
    if (s->edge <= tick) {
        serve(s, now);
    }
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        advance(&s->counter[i], tick);
    }
    return tick;
}

/* ---- writes ---- */

/*
 * In modes 0 and 4 a count is loaded at the next CLK, in modes 1 and 5 it
 * waits for a trigger, in modes 2 and 3 for the end of the (half-)cycle.
 */
static void write_count(PitCounter *c, uint64_t tick, uint16_t count)
{
    c->count = count;
    c->null_count = true;
    c->armed = true;
    if (is_triggered(c) || (is_periodic(c) && c->load == LOAD_CLOCK)) {
        return;
    }
    if (!is_periodic(c) || !c->counting) {
        load_at_next_clock(c, tick);
    } else if (c->gate) {
        c->load = LOAD_CYCLE;
        c->load_tick = end_of_cycle(c, tick);
    }
}

static void write_byte(PitCounter *c, uint64_t tick, uint8_t value)
{
    uint64_t run = elapsed(c, tick);
    switch (c->control & PIT_CW_RW_MASK) {
    case PIT_CW_RW_LSB:
        write_count(c, tick, value);
        break;
    case PIT_CW_RW_MSB:
        write_count(c, tick, (uint16_t)(value << 8));
        break;
    default:
        c->write_msb = !c->write_msb;
        if (c->write_msb) {
            c->write_lsb = value;
        } else {
            write_count(c, tick, (uint16_t)(c->write_lsb | value << 8));
        }
    }
    set_elapsed(c, tick, run);
}

/* A rising edge of GATE is a trigger in modes 1, 2, 3 and 5. */
static void set_gate(PitCounter *c, uint64_t tick, bool gate)
{
    uint64_t run = elapsed(c, tick);
    bool trigger = gate && !c->gate && c->armed && (is_triggered(c) || is_periodic(c));
    c->gate = gate;
    set_elapsed(c, tick, run);
    if (trigger) {
        load_at_next_clock(c, tick);
    } else if (!gate && c->load == LOAD_CYCLE) {
        c->load = LOAD_NONE;
    }
}

static void write_control_word(PitCounter *c, uint64_t tick, uint8_t value)
{
    uint16_t idle = count_now(c, tick);
    *c = (PitCounter){
        .control = value & (uint8_t)~PIT_CW_SC_MASK,
        .null_count = true,
        .gate = c->gate,
        .idle = idle,
        .period = PIT_PERIOD_MAX,
    };
}

/* A second latch before the first was read is ignored. */
static void latch_count(PitCounter *c, uint64_t tick)
{
    if (!c->latched) {
        c->latch = count_now(c, tick);
        c->latched = (c->control & PIT_CW_RW_MASK) / PIT_CW_RW_LSB;
    }
}

static void latch_status(PitCounter *c, uint64_t tick)
{
    if (!c->status_latched) {
        unsigned status = c->control | (c->null_count ? PIT_STATUS_NULL_COUNT : 0u) |
                          (out(c, tick) ? PIT_STATUS_OUT : 0u);
        c->status = (uint8_t)status;
        c->status_latched = true;
    }
}

static void read_back(I8254 *s, uint64_t tick, uint8_t value)
{
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        if (!(value & PIT_RB_CNT(i))) {
            continue;
        }
        if (!(value & PIT_RB_COUNT)) {
            latch_count(&s->counter[i], tick);
        }
        if (!(value & PIT_RB_STATUS)) {
            latch_status(&s->counter[i], tick);
        }
    }
}

/*
 * Counter 0 has another sequence now.  What is owed of the old one is void if
 * the write took OUT low or replaced the mode.
 */
static void restart_ticks(I8254 *s, uint64_t now, bool forget)
{
    if (forget) {
        s->owed = 0;
    }
    s->edge = next_rise(s->counter[0], tick_at(now));
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
        latch_count(c, tick);
        return;
    }
    write_control_word(c, tick, value);
    if (index == 0) {
        restart_ticks(s, now, true);
    }
}

/* ---- reads ---- */

static uint8_t read_byte(PitCounter *c, uint64_t tick)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    uint16_t count = c->latched ? c->latch : count_now(c, tick);
    unsigned format = c->control & PIT_CW_RW_MASK;
    bool msb = format == PIT_CW_RW_MSB || (format == PIT_CW_RW_WORD && c->read_msb);
    c->read_msb = format == PIT_CW_RW_WORD && !msb;
    c->latched &= msb ? 0x1 : 0x2;
    return (uint8_t)(msb ? count >> 8 : count);
}

static uint64_t i8254_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    I8254 *s = state;
    uint64_t tick = settle(s, device_now(s->dev));
    return offset < PIT_COUNTERS ? read_byte(&s->counter[offset], tick) : UINT64_MAX;
}

static void i8254_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    I8254 *s = state;
    uint64_t now = device_now(s->dev);
    uint64_t tick = settle(s, now);
    if (offset == PIT_CONTROL) {
        write_control(s, now, tick, (uint8_t)value);
        return;
    }
    write_byte(&s->counter[offset], tick, (uint8_t)value);
    if (offset == PIT_COUNTER0) {
        restart_ticks(s, now, mode_of(&s->counter[0]) == 0);
    }
}

static uint64_t portb_read(void *state, uint64_t offset, unsigned size)
{
    (void)offset, (void)size;
    I8254 *s = state;
    uint64_t tick = settle(s, device_now(s->dev));
    unsigned value = s->portb;
    if (tick / PORTB_REFRESH_PULSES & 1) {
        value |= PORTB_REFRESH;
    }
    if (out(&s->counter[2], tick)) {
        value |= PORTB_OUT2;
    }
    return value;
}

static void portb_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset, (void)size;
    I8254 *s = state;
    uint64_t tick = settle(s, device_now(s->dev));
    s->portb = value & PORTB_WRITABLE_MASK;
    set_gate(&s->counter[2], tick, s->portb & PORTB_GATE2);
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

/* `deadline` may be that of the pace: what is due is read from the clock. */
static void i8254_fire(void *state, uint64_t deadline)
{
    (void)deadline;
    I8254 *s = state;
    serve(s, device_now(s->dev));
}

static void i8254_describe(const void *state, char *text, size_t size)
{
    const I8254 *s = state;
    uint64_t tick = tick_at(device_now(s->dev));
    size_t used = 0;
    for (unsigned i = 0; i < PIT_COUNTERS && used < size; i++) {
        PitCounter c = s->counter[i];
        advance(&c, tick);
        used += (size_t)snprintf(text + used, size - used, "%u: mode=%u%s count=%04x/%04x out=%d; ",
                                 i, mode_of(&c), c.control & PIT_CW_BCD ? " bcd" : "",
                                 count_now(&c, tick), c.count, out(&c, tick));
    }
    if (used < size) {
        snprintf(text + used, size - used, "portb=%02x owed=%u", s->portb, s->owed);
    }
}

/* ---- reset and state ---- */

/*
 * DEVIATION: before its control word a counter is undefined; here it stands
 * still in mode 3 with OUT high.
 */
static void counter_reset(PitCounter *c, bool gate)
{
    *c = (PitCounter){
        .control = PIT_RESET_CONTROL,
        .null_count = true,
        .gate = gate,
        .period = PIT_PERIOD_MAX,
    };
}

static void i8254_reset(void *state)
{
    I8254 *s = state;
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        counter_reset(&s->counter[i], i != 2);
    }
    s->portb = 0;
    s->edge = PIT_NEVER;
    s->owed = 0;
    s->pace = 0;
    i8254_update(s, device_now(s->dev));
}

static bool counter_valid(const PitCounter *c, uint64_t tick)
{
    return !(c->control & PIT_CW_SC_MASK) && (c->control & PIT_CW_RW_MASK) && c->period >= 1 &&
           c->period <= PIT_PERIOD_MAX && c->load <= LOAD_CYCLE && c->latched <= 3 &&
           (c->load == LOAD_NONE || c->load_tick <= tick + PIT_PERIOD_MAX);
}

/* The clock has its saved time back before devices are loaded. */
static bool i8254_post_load(void *state)
{
    I8254 *s = state;
    uint64_t now = device_now(s->dev), tick = tick_at(now);
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        if (!counter_valid(&s->counter[i], tick)) {
            return false;
        }
    }
    if (s->owed > PIT_OWED_MAX || s->portb & ~PORTB_WRITABLE_MASK) {
        return false;
    }
    if (s->edge > tick) {
        s->edge = next_rise(s->counter[0], tick);
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
    {NULL},
};

static const char *const policy_names[] = {"catchup", "drop", "merge", NULL};

static const DeviceProperty i8254_properties[] = {
    {.name = "iobase",
     .kind = PROPERTY_UINT16,
     .offset = offsetof(I8254, base),
     .default_value = "0x40",
     .help = "first of the four ports"},
    {.name = "portb",
     .kind = PROPERTY_UINT16,
     .offset = offsetof(I8254, portb_base),
     .default_value = "0x61",
     .help = "port B: gate and output of counter 2, 0: none"},
    {.name = "irq",
     .kind = PROPERTY_IRQ,
     .offset = offsetof(I8254, irq),
     .default_value = "0",
     .help = "line of counter 0"},
    {.name = "lost-ticks",
     .kind = PROPERTY_CHOICE,
     .offset = offsetof(I8254, policy),
     .default_value = "catchup",
     .help = "what becomes of ticks that come due together",
     .choices = policy_names},
    {NULL},
};

static const DeviceTimer i8254_timers[] = {
    {.name = "tick", .offset = offsetof(I8254, timer), .fire = i8254_fire},
    {NULL},
};

extern const DeviceClass i8254_class;
const DeviceClass i8254_class = {
    .abi = DEVICE_ABI,
    .name = "isa-pit",
    .description = "8254 interval timer with port B",
    .state_size = sizeof(I8254),
    .properties = i8254_properties,
    .regions = i8254_regions,
    .timers = i8254_timers,
    .reset = i8254_reset,
    .fields = i8254_fields,
    .post_load = i8254_post_load,
    .describe = i8254_describe,
};
