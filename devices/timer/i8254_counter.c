/*
 * One counter of the 8254; see i8254.c for the data sheet.
 */
#include "devices/timer/i8254_counter.h"

#include "devices/timer/i8254_regs.h"

#define PIT_RESET_CONTROL (PIT_CW_RW_WORD | PIT_CW_MODE(3))

/* ---- predicates ---- */

unsigned pit_counter_mode(const PitCounter *c)
{
    unsigned mode = (c->control & PIT_CW_M_MASK) >> PIT_CW_M_SHIFT;
    return mode > 5 ? mode - 4 : mode; /* bit M2 is ignored in modes 2 and 3 */
}

bool pit_counter_periodic(const PitCounter *c)
{
    return pit_counter_mode(c) == 2 || pit_counter_mode(c) == 3;
}

static bool is_triggered(const PitCounter *c)
{
    return pit_counter_mode(c) == 1 || pit_counter_mode(c) == 5;
}

/* "Writing the first byte disables counting" in mode 0. */
static bool runs(const PitCounter *c)
{
    bool between_bytes = pit_counter_mode(c) == 0 && c->write_msb;
    return c->counting && !between_bytes && (c->gate || is_triggered(c));
}

/* The ticks since the CE was loaded, without those during which it stood still. */
static uint64_t elapsed(const PitCounter *c, uint64_t tick)
{
    return runs(c) ? tick - c->origin : c->held;
}

/* The pulses of mode 3 during which OUT is high.  With an odd count this half is the longer one. */
static uint32_t high_half(const PitCounter *c)
{
    return (c->period + 1) / 2;
}

/*
 * DEVIATION: a count of 1 is illegal in modes 2 and 3.  Here OUT stays high and
 * each CLK pulse loads the counter.
 */
static bool out_square(const PitCounter *c, uint64_t tick)
{
    if (!c->gate || c->load == PIT_LOAD_CLOCK || c->period == 1) {
        return true;
    }
    uint64_t position = elapsed(c, tick) % c->period;
    return pit_counter_mode(c) == 2 ? position != c->period - 1 : position < high_half(c);
}

/*
 * DEVIATION: if GATE falls during the strobe of mode 4, the strobe ends at once.
 * In the chip it ends with the next CLK pulse.
 */
bool pit_counter_out(const PitCounter *c, uint64_t tick)
{
    if (!c->counting) {
        return pit_counter_mode(c) != 0;
    }
    switch (pit_counter_mode(c)) {
    case 0:
        return c->load == PIT_LOAD_NONE && !c->write_msb && elapsed(c, tick) >= c->period;
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

/*
 * DEVIATION: BCD digits above 9 are undefined.  Here they count with their binary
 * value.
 */
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

/* In mode 3 an odd count is loaded as N - 1, and each CLK pulse subtracts two. */
static uint64_t count_square(const PitCounter *c, uint64_t position)
{
    uint64_t step = position < high_half(c) ? position : position - high_half(c);
    return (c->period & ~1u) - 2 * step;
}

uint16_t pit_counter_read_ce(const PitCounter *c, uint64_t tick)
{
    if (!c->counting) {
        return c->idle;
    }
    uint64_t wrap = c->control & PIT_CW_BCD ? 10000 : 65536;
    uint64_t run = elapsed(c, tick);
    switch (pit_counter_mode(c)) {
    case 2:
        return count_to_register(c, c->period - run % c->period);
    case 3:
        return count_to_register(c, count_square(c, run % c->period));
    default:
        return count_to_register(c, c->period + wrap - run % wrap);
    }
}

/* Sets the elapsed ticks at `tick` to `run`, whether the CE runs or stands still. */
static void set_elapsed(PitCounter *c, uint64_t tick, uint64_t run)
{
    c->held = run;
    c->origin = tick - run;
}

/* Loads the CE if its time has come.  In mode 3 a new count can begin with the low half. */
void pit_counter_advance(PitCounter *c, uint64_t tick)
{
    if (c->load == PIT_LOAD_NONE || tick < c->load_tick) {
        return;
    }
    bool low = c->load == PIT_LOAD_CYCLE && pit_counter_mode(c) == 3 && c->period > 1 &&
               pit_counter_out(c, c->load_tick - 1);
    c->load = PIT_LOAD_NONE;
    c->counting = true;
    c->null_count = false;
    c->period = count_from_register(c);
    set_elapsed(c, c->load_tick, low && c->period > 1 ? high_half(c) : 0);
}

static void load_at_next_clock(PitCounter *c, uint64_t tick)
{
    c->load = PIT_LOAD_CLOCK;
    c->load_tick = tick + 1;
}

static uint64_t end_of_cycle(const PitCounter *c, uint64_t tick)
{
    uint64_t position = elapsed(c, tick) % c->period;
    uint32_t end = pit_counter_mode(c) == 3 && position < high_half(c) ? high_half(c) : c->period;
    return tick + end - position;
}

/* ---- rises of OUT ---- */

/* The next rise, if no count is loaded before it. */
static uint64_t next_rise_of_sequence(const PitCounter *c, uint64_t tick)
{
    uint64_t run = elapsed(c, tick);
    if (!runs(c)) {
        return PIT_NEVER;
    }
    if (pit_counter_periodic(c)) {
        return c->period > 1 ? tick + c->period - run % c->period : PIT_NEVER;
    }
    uint64_t target = c->period + (pit_counter_mode(c) >= 4);
    return run < target ? tick + target - run : PIT_NEVER;
}

uint64_t pit_counter_next_rise(PitCounter c, uint64_t tick)
{
    pit_counter_advance(&c, tick);
    uint64_t rise = next_rise_of_sequence(&c, tick);
    if (c.load == PIT_LOAD_NONE || c.load_tick > rise) {
        return rise;
    }
    uint64_t loaded = c.load_tick;
    bool was_low = !pit_counter_out(&c, loaded - 1);
    pit_counter_advance(&c, loaded);
    return was_low && pit_counter_out(&c, loaded) ? loaded : next_rise_of_sequence(&c, loaded);
}

/*
 * A waiting count is loaded no later than the first rise.  So after that rise the
 * period is constant.
 */
uint64_t pit_counter_count_rises(PitCounter c, uint64_t *edge, uint64_t until)
{
    uint64_t count = 0;
    while (*edge <= until) {
        pit_counter_advance(&c, *edge);
        uint64_t more = pit_counter_periodic(&c) ? (until - *edge) / c.period : 0;
        count += 1 + more;
        *edge = pit_counter_next_rise(c, *edge + more * c.period);
    }
    return count;
}

/* ---- writes ---- */

/*
 * In modes 0 and 4 a count is loaded at the next CLK pulse.  In modes 1 and 5 it
 * waits for a trigger.  In modes 2 and 3 it waits for the end of the cycle or
 * half-cycle.
 */
static void write_count(PitCounter *c, uint64_t tick, uint16_t count)
{
    c->count = count;
    c->null_count = true;
    c->armed = true;
    if (is_triggered(c) || (pit_counter_periodic(c) && c->load == PIT_LOAD_CLOCK)) {
        return;
    }
    if (!pit_counter_periodic(c) || !c->counting) {
        load_at_next_clock(c, tick);
    } else if (c->gate) {
        c->load = PIT_LOAD_CYCLE;
        c->load_tick = end_of_cycle(c, tick);
    }
}

void pit_counter_write(PitCounter *c, uint64_t tick, uint8_t value)
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
void pit_counter_set_gate(PitCounter *c, uint64_t tick, bool gate)
{
    uint64_t run = elapsed(c, tick);
    bool trigger = gate && !c->gate && c->armed && (is_triggered(c) || pit_counter_periodic(c));
    c->gate = gate;
    set_elapsed(c, tick, run);
    if (trigger) {
        load_at_next_clock(c, tick);
    } else if (!gate && c->load == PIT_LOAD_CYCLE) {
        c->load = PIT_LOAD_NONE;
    }
}

void pit_counter_control(PitCounter *c, uint64_t tick, uint8_t value)
{
    uint16_t idle = pit_counter_read_ce(c, tick);
    *c = (PitCounter){
        .control = value & (uint8_t)~PIT_CW_SC_MASK,
        .null_count = true,
        .gate = c->gate,
        .idle = idle,
        .period = PIT_PERIOD_MAX,
    };
}

/* A second latch command is ignored until the first latched value has been read. */
void pit_counter_latch_count(PitCounter *c, uint64_t tick)
{
    if (!c->latched) {
        c->latch = pit_counter_read_ce(c, tick);
        c->latched = (uint8_t)((c->control & PIT_CW_RW_MASK) / PIT_CW_RW_LSB);
    }
}

void pit_counter_latch_status(PitCounter *c, uint64_t tick)
{
    if (!c->status_latched) {
        unsigned status = c->control | (c->null_count ? PIT_STATUS_NULL_COUNT : 0u) |
                          (pit_counter_out(c, tick) ? PIT_STATUS_OUT : 0u);
        c->status = (uint8_t)status;
        c->status_latched = true;
    }
}

/* ---- reads ---- */

uint8_t pit_counter_read(PitCounter *c, uint64_t tick)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    uint16_t count = c->latched ? c->latch : pit_counter_read_ce(c, tick);
    unsigned format = c->control & PIT_CW_RW_MASK;
    bool msb = format == PIT_CW_RW_MSB || (format == PIT_CW_RW_WORD && c->read_msb);
    c->read_msb = format == PIT_CW_RW_WORD && !msb;
    c->latched &= msb ? 0x1 : 0x2;
    return (uint8_t)(msb ? count >> 8 : count);
}

/* ---- reset and state ---- */

/*
 * DEVIATION: until its first control word a counter is undefined.  Here it stands
 * still in mode 3, with OUT high.
 */
void pit_counter_reset(PitCounter *c, bool gate)
{
    *c = (PitCounter){
        .control = PIT_RESET_CONTROL,
        .null_count = true,
        .gate = gate,
        .period = PIT_PERIOD_MAX,
    };
}

bool pit_counter_valid(const PitCounter *c, uint64_t tick)
{
    return !(c->control & PIT_CW_SC_MASK) && (c->control & PIT_CW_RW_MASK) && c->period >= 1 &&
           c->period <= PIT_PERIOD_MAX && c->load <= PIT_LOAD_CYCLE && c->latched <= 3 &&
           (c->load == PIT_LOAD_NONE || c->load_tick <= tick + PIT_PERIOD_MAX);
}
