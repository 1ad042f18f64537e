/* Shared by the tests of the 8254: the chip as it is in a PC, and its clock. */
#ifndef PIOEMU_TEST_PIT_RIG_H
#define PIOEMU_TEST_PIT_RIG_H

#include "devices/timer/i8254_regs.h"
#include "tests/unit/rig.h"

#define PIT   0x40
#define PORTB 0x61

typedef struct Pit {
    Rig *rig;
    Device *dev;
} Pit;

static inline uint64_t pit_tick(const Pit *p)
{
    return rig_now(p->rig) / 17600 * 21 + rig_now(p->rig) % 17600 * 21 / 17600;
}

/* The time of CLK pulse `tick`. */
static inline uint64_t pit_ns(uint64_t tick)
{
    return tick / 21 * 17600 + (tick % 21 * 17600 + 20) / 21;
}

/* Steps `pulses` CLK pulses, to the beginning of a pulse. */
static inline void pit_clk(Pit *p, uint64_t pulses)
{
    rig_step(p->rig, pit_ns(pit_tick(p) + pulses) - rig_now(p->rig));
}

static inline void pit_control(Pit *p, unsigned counter, unsigned bits)
{
    rig_outb(p->rig, PIT + PIT_CONTROL, (uint8_t)(PIT_CW_SC(counter) | bits));
}

static inline void pit_word(Pit *p, unsigned counter, unsigned count)
{
    rig_outb(p->rig, (uint16_t)(PIT + counter), (uint8_t)count);
    rig_outb(p->rig, (uint16_t)(PIT + counter), (uint8_t)(count >> 8));
}

static inline void pit_program(Pit *p, unsigned counter, unsigned mode, unsigned count)
{
    pit_control(p, counter, PIT_CW_RW_WORD | PIT_CW_MODE(mode));
    pit_word(p, counter, count);
}

static inline uint8_t pit_byte(Pit *p, unsigned counter)
{
    return rig_inb(p->rig, (uint16_t)(PIT + counter));
}

static inline unsigned pit_read(Pit *p, unsigned counter)
{
    unsigned low = pit_byte(p, counter);
    return low | (unsigned)pit_byte(p, counter) << 8;
}

static inline void pit_gate(Pit *p, bool level)
{
    rig_outb(p->rig, PORTB, level ? PORTB_GATE2 : 0);
}

/* OUT of counter 2. */
static inline bool pit_out(Pit *p)
{
    return rig_inb(p->rig, PORTB) & PORTB_OUT2;
}

static inline uint8_t pit_status(Pit *p, unsigned counter)
{
    rig_outb(p->rig, PIT + PIT_CONTROL,
             (uint8_t)(PIT_CW_READ_BACK | PIT_RB_COUNT | PIT_RB_CNT(counter)));
    return pit_byte(p, counter);
}

static inline bool pit_null(Pit *p, unsigned counter)
{
    return pit_status(p, counter) & PIT_STATUS_NULL_COUNT;
}

/* OUT of counter 2 at each CLK, as a string of 1 and 0. */
static inline char *pit_wave(Pit *p, unsigned pulses)
{
    GString *wave = g_string_new(NULL);
    for (unsigned i = 0; i < pulses; i++) {
        g_string_append_c(wave, pit_out(p) ? '1' : '0');
        pit_clk(p, 1);
    }
    return g_string_free(wave, false);
}

/* The values that counter 2 (in the word format) reads at each CLK. */
static inline char *pit_counts(Pit *p, unsigned pulses)
{
    GString *counts = g_string_new(NULL);
    for (unsigned i = 0; i < pulses; i++) {
        g_string_append_printf(counts, "%s%x", i ? " " : "", pit_read(p, 2));
        pit_clk(p, 1);
    }
    return g_string_free(counts, false);
}

#define pit_expect_wave(p, expected)                                                               \
    do {                                                                                           \
        g_autofree char *wave_ = pit_wave(p, (unsigned)sizeof(expected) - 1);                      \
        g_assert_cmpstr(wave_, ==, expected);                                                      \
    } while (0)

#define pit_expect_counts(p, pulses, expected)                                                     \
    do {                                                                                           \
        g_autofree char *counts_ = pit_counts(p, pulses);                                          \
        g_assert_cmpstr(counts_, ==, expected);                                                    \
    } while (0)

static inline void pit_setup_with(Pit *p, const char *properties)
{
    p->rig = rig_new();
    p->dev = rig_device(p->rig, "isa-pit", properties);
    pit_clk(p, 5);
}

static inline void pit_setup(Pit *p, gconstpointer data)
{
    (void)data;
    pit_setup_with(p, NULL);
    pit_gate(p, true);
}

static inline void pit_teardown(Pit *p, gconstpointer data)
{
    (void)data;
    rig_free(p->rig);
}

#define PIT_SENTENCE(path, name)                                                                   \
    g_test_add("/i8254/" path "/" #name, Pit, NULL, pit_setup, name, pit_teardown)

#endif
