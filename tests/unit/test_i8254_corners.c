/* Corners of the 8254 and port B in which a mutant had once survived. */
#include "tests/unit/pit_rig.h"

#define IRQ 0u

static void setup(Pit *p, gconstpointer data)
{
    p->rig = rig_new();
    p->dev = rig_device(p->rig, "isa-pit", data);
}

static void teardown(Pit *p, gconstpointer data)
{
    (void)data;
    rig_free(p->rig);
}

/* Counter 0 is as a BIOS leaves it, in mode 3 with its longest count: 18.2 ticks a second. */
static void counter_0_runs_as_a_bios_leaves_it(Pit *p, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmphex(pit_status(p, 0) & 0x3f, ==, PIT_CW_RW_WORD | PIT_CW_MODE(3));
        unsigned before = rig_irq_edges(p->rig, IRQ);
        pit_clk(p, 65536 * 10 + 1);
        g_assert_cmpuint(rig_irq_edges(p->rig, IRQ) - before, ==, 10);
        device_reset(p->dev);
    }
}

/* The vCPU may come before the timer is served.  Then its access brings the tick. */
static void access_brings_the_tick_that_is_due(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    unsigned before = rig_irq_edges(p->rig, IRQ);
    clock_skip(rig_clock(p->rig), pit_ns(pit_tick(p) + 1001) - rig_now(p->rig));
    g_assert_cmpuint(rig_irq_edges(p->rig, IRQ), ==, before);
    pit_byte(p, 1);
    g_assert_cmpuint(rig_irq_edges(p->rig, IRQ), ==, before + 1);
}

static void refresh_stands_beside_the_bits_that_are_written(Pit *p, gconstpointer data)
{
    (void)data;
    unsigned seen = 0;
    rig_outb(p->rig, PORTB, 0x0f);
    for (unsigned i = 0; i < 4; i++) {
        uint8_t value = rig_inb(p->rig, PORTB);
        g_assert_cmphex(value & 0x0f, ==, 0x0f);
        seen |= value & PORTB_REFRESH ? 2 : 1;
        pit_clk(p, 18);
    }
    g_assert_cmpuint(seen, ==, 3);
}

/* The number of ticks that a guest gets that takes each at once, without new ones. */
static unsigned take_owed(Pit *p)
{
    unsigned before = rig_irq_edges(p->rig, IRQ);
    rig_step(p->rig, 5000000);
    return rig_irq_edges(p->rig, IRQ) - before;
}

static void other_counters_leave_alone_what_is_owed(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 11932); /* 10 ms */
    rig_step(p->rig, 10000000);
    rig_late(p->rig, 100000000);
    pit_program(p, 2, 0, 100);
    pit_program(p, 1, 2, 18);
    g_assert_cmpuint(take_owed(p), >=, 8);
}

#define CORNER(name, properties)                                                                   \
    g_test_add("/i8254/corners/" #name, Pit, properties, setup, name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CORNER(counter_0_runs_as_a_bios_leaves_it, "after-bios=on");
    CORNER(access_brings_the_tick_that_is_due, NULL);
    CORNER(refresh_stands_beside_the_bits_that_are_written, NULL);
    CORNER(other_counters_leave_alone_what_is_owed, NULL);
    return g_test_run();
}
