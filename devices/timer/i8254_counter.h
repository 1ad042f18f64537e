/*
 * One counter of the 8254 as pure functions of its state and the CLK pulse.
 *
 * A tick is a CLK pulse; ticks are numbered from machine time 0.  No code runs for
 * each tick: the state keeps the count that the counting element (CE) was loaded
 * with, and the tick of that load.  The count register (CR) holds what the guest
 * wrote, the output latch (OL) what a latch command froze.
 */
#ifndef PIOEMU_DEVICES_TIMER_I8254_COUNTER_H
#define PIOEMU_DEVICES_TIMER_I8254_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#define PIT_NEVER      UINT64_MAX
#define PIT_PERIOD_MAX 65536u

/*
 * When the CR is copied to the CE: not at all, at the next CLK, or at the end of
 * the (half-)cycle.
 */
enum { PIT_LOAD_NONE, PIT_LOAD_CLOCK, PIT_LOAD_CYCLE };

typedef struct PitCounter {
    uint8_t control;     /* bits D5-D0 of the last control word */
    uint16_t count;      /* CR: cleared by a control word, set when a whole count was written */
    uint16_t latch;      /* OL while `latched`; set by the latch commands */
    uint8_t latched;     /* the bytes of OL that are still to be read: bit 0 LSB, bit 1 MSB */
    uint8_t status;      /* set by read-back */
    bool status_latched; /* set by read-back; cleared by a read or a control word */
    bool null_count;     /* set by a control word or a count; cleared when the CE is loaded */

    bool gate;     /* the level of the GATE pin */
    bool read_msb; /* flip-flops of the word format; cleared by a control word */
    bool write_msb;
    uint8_t write_lsb;  /* the first byte of a count of two bytes */
    bool armed;         /* a count has been written since the control word */
    bool counting;      /* the CE has been loaded since the control word */
    uint16_t idle;      /* the value of the CE while `counting` is false */
    uint32_t period;    /* the count that the CE was loaded with */
    uint64_t origin;    /* while the CE runs: the tick at which it held `period` */
    uint64_t held;      /* while the CE stands still: the ticks for which it had run */
    uint8_t load;       /* PIT_LOAD_NONE... */
    uint64_t load_tick; /* the tick of the load, unless PIT_LOAD_NONE */
} PitCounter;

/* ---- state ---- */

/* Power-on: the counter stands still in mode 3 with OUT high. */
void pit_counter_reset(PitCounter *c, bool gate);
/* Returns false if no run can lead to the loaded state at `tick`. */
bool pit_counter_valid(const PitCounter *c, uint64_t tick);
/*
 * Loads the counting element if its time has come.  Callers must do this for `tick`
 * before they use the functions below, except the two that take a copy of the
 * counter.
 */
void pit_counter_advance(PitCounter *c, uint64_t tick);

/* ---- the guest's side ---- */

/* Handles a control word for this counter that is not a latch command. */
void pit_counter_control(PitCounter *c, uint64_t tick, uint8_t value);
void pit_counter_write(PitCounter *c, uint64_t tick, uint8_t value);
uint8_t pit_counter_read(PitCounter *c, uint64_t tick);
void pit_counter_latch_count(PitCounter *c, uint64_t tick);
void pit_counter_latch_status(PitCounter *c, uint64_t tick);
void pit_counter_set_gate(PitCounter *c, uint64_t tick, bool gate);

/* ---- what it does ---- */

/* The mode, 0 to 5. */
unsigned pit_counter_mode(const PitCounter *c);
/* True in modes 2 and 3. */
bool pit_counter_periodic(const PitCounter *c);
bool pit_counter_out(const PitCounter *c, uint64_t tick);
/* The value of the counting element, in the form in which the guest reads it. */
uint16_t pit_counter_read_ce(const PitCounter *c, uint64_t tick);
/* The first tick after `tick` at which OUT goes high, or PIT_NEVER. */
uint64_t pit_counter_next_rise(PitCounter c, uint64_t tick);
/*
 * How often OUT goes high from *edge up to `until`. *edge is the next rise as of
 * the last advance of `c`; it becomes the first rise after `until`.
 */
uint64_t pit_counter_count_rises(PitCounter c, uint64_t *edge, uint64_t until);

#endif
