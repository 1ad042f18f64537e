/*
 * One counter of the 8254 as pure functions of its state and the CLK pulse.
 *
 * The pulses since machine time 0 are called ticks.  Nothing counts them: the
 * counting element is kept as the count it was loaded with and the tick at
 * which that happened.
 */
#ifndef PIOEMU_DEVICES_TIMER_I8254_COUNTER_H
#define PIOEMU_DEVICES_TIMER_I8254_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#define PIT_NEVER      UINT64_MAX
#define PIT_PERIOD_MAX 65536u

/* How the CR gets into the CE: not at all, at the next CLK, at the end of the (half-)cycle. */
enum { PIT_LOAD_NONE, PIT_LOAD_CLOCK, PIT_LOAD_CYCLE };

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
    uint8_t load;       /* PIT_LOAD_NONE... */
    uint64_t load_tick; /* unless PIT_LOAD_NONE: when */
} PitCounter;

/* ---- state ---- */

/* Power-on: stands still in mode 3 with OUT high. */
void pit_counter_reset(PitCounter *c, bool gate);
/* False if a loaded state is impossible at `tick`. */
bool pit_counter_valid(const PitCounter *c, uint64_t tick);
/*
 * Loads the counting element if its time has come.  Everything below but the
 * two that take a copy wants this done for `tick` first.
 */
void pit_counter_advance(PitCounter *c, uint64_t tick);

/* ---- the guest's side ---- */

/* A control word for this counter that is not a latch command. */
void pit_counter_control(PitCounter *c, uint64_t tick, uint8_t value);
void pit_counter_write(PitCounter *c, uint64_t tick, uint8_t value);
uint8_t pit_counter_read(PitCounter *c, uint64_t tick);
void pit_counter_latch_count(PitCounter *c, uint64_t tick);
void pit_counter_latch_status(PitCounter *c, uint64_t tick);
void pit_counter_set_gate(PitCounter *c, uint64_t tick, bool gate);

/* ---- what it does ---- */

/* 0 to 5. */
unsigned pit_counter_mode(const PitCounter *c);
/* Modes 2 and 3. */
bool pit_counter_periodic(const PitCounter *c);
bool pit_counter_out(const PitCounter *c, uint64_t tick);
/* What the counting element holds, as the guest would read it. */
uint16_t pit_counter_read_ce(const PitCounter *c, uint64_t tick);
/* The first tick after `tick` at which OUT goes high, or PIT_NEVER. */
uint64_t pit_counter_next_rise(PitCounter c, uint64_t tick);
/*
 * How often OUT goes high from *edge, the next rise when `c` was last
 * advanced, to `until`; *edge becomes the first rise after that.
 */
uint64_t pit_counter_count_rises(PitCounter c, uint64_t *edge, uint64_t until);

#endif
