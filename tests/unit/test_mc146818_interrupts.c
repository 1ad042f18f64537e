/*
 * The MC146818A: update, alarm and periodic interrupts.
 */
#include "tests/unit/rtc_rig.h"

/* ---- update-ended interrupt and register C ---- */

static void uf_is_set_after_each_update(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_set_rate(t, 0);
    rtc_get(t, RTC_C);
    rig_step(t->rig, NS_PER_SECOND - 1);
    g_assert_cmphex(rtc_get(t, RTC_C) & RTC_C_UF, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(rtc_get(t, RTC_C) & RTC_C_UF, ==, RTC_C_UF);
}

static void reading_register_c_clears_it(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_true(rtc_irq(t));
    g_assert_cmphex(rtc_get(t, RTC_C) & (RTC_C_IRQF | RTC_C_UF), ==, RTC_C_IRQF | RTC_C_UF);
    g_assert_false(rtc_irq(t));
    g_assert_cmphex(rtc_get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
}

static void flags_come_without_enables(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_alarm(t, 0xff, 0xff, 0xff);
    rig_step(t->rig, 2 * NS_PER_SECOND);
    g_assert_false(rtc_irq(t));
    g_assert_cmphex(rtc_get(t, RTC_C), ==, RTC_C_PF | RTC_C_AF | RTC_C_UF);
}

static void enabling_a_pending_flag_interrupts_at_once(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_false(rtc_irq(t));
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    g_assert_true(rtc_irq(t));
    rtc_put(t, RTC_B, RTC_B_24H);
    g_assert_false(rtc_irq(t));
}

static void update_interrupt_is_at_the_end_of_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    for (unsigned i = 1; i < 100; i++) {
        g_assert_cmpuint(rtc_next_deadline(t), ==, i * NS_PER_SECOND);
        rig_step(t->rig, NS_PER_SECOND);
        g_assert_cmpuint(rig_irq_changed_at(t->rig, IRQ), ==, i * NS_PER_SECOND);
        rtc_get(t, RTC_C);
    }
    g_assert_cmpuint(rtc_edges(t), ==, 99);
}

static void no_timer_while_the_interrupt_waits(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_UIE | RTC_B_PIE);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_true(rtc_irq(t));
    g_assert_cmpuint(rtc_next_deadline(t), ==, CLOCK_NEVER);
}

static void c_and_d_are_read_only(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_C, 0xff);
    rtc_put(t, RTC_D, 0x00);
    g_assert_cmphex(rtc_get(t, RTC_C) & 0x8f, ==, 0);
    g_assert_cmphex(rtc_get(t, RTC_D), ==, RTC_D_VRT);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
}

static void uip_cannot_be_written(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_A, 0xa6);
    g_assert_cmphex(rtc_get(t, RTC_A), ==, 0x26);
}

static void top_bit_of_the_seconds_is_read_only(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_SECONDS, 0xa5);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x25);
}

/* ---- alarm ---- */

static void alarm_once_a_day(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_alarm(t, 0x22, 0x33, 0x50);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_AIE);
    rtc_get(t, RTC_C);
    for (unsigned day = 0; day < 3; day++) {
        uint64_t when = (day * UINT64_C(86400) + 6) * NS_PER_SECOND;
        g_assert_cmpuint(rtc_next_deadline(t), ==, when);
        rig_step(t->rig, when - rig_now(t->rig));
        g_assert_true(rtc_irq(t));
        g_assert_cmphex(rtc_get(t, RTC_C) & (RTC_C_IRQF | RTC_C_AF), ==, RTC_C_IRQF | RTC_C_AF);
    }
    g_assert_cmpuint(rtc_edges(t), ==, 3);
}

static unsigned alarms_in(Rtc *t, unsigned seconds)
{
    unsigned count = 0;
    rtc_get(t, RTC_C);
    for (unsigned i = 0; i < seconds; i++) {
        rig_step(t->rig, NS_PER_SECOND);
        count += !!(rtc_get(t, RTC_C) & RTC_C_AF);
    }
    return count;
}

static void alarm_every_hour(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_alarm(t, 0xc0, 0x00, 0x00);
    g_assert_cmpuint(alarms_in(t, 3 * 3600), ==, 3);
}

static void alarm_every_minute(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_alarm(t, 0xff, 0xc5, 0x00);
    g_assert_cmpuint(alarms_in(t, 600), ==, 10);
}

static void alarm_every_second(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_alarm(t, 0xff, 0xff, 0xff);
    g_assert_cmpuint(alarms_in(t, 100), ==, 100);
}

static void alarm_that_is_no_time_never_comes(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_alarm(t, 0xff, 0x60, 0x00);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_AIE);
    g_assert_cmpuint(rtc_next_deadline(t), ==, CLOCK_NEVER);
    rtc_get(t, RTC_C);
    rig_step(t->rig, 100000 * NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_C) & RTC_C_AF, ==, 0);
}

static void alarm_in_twelve_hour_mode(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_AIE);
    rtc_put_time(t, 0x11, 0x59, 0x58);
    rtc_put_alarm(t, 0x12 | RTC_HOURS_PM, 0x00, 0x00);
    rtc_get(t, RTC_C);
    g_assert_cmpuint(rtc_next_deadline(t), ==, 2 * NS_PER_SECOND);
    rig_step(t->rig, 2 * NS_PER_SECOND);
    g_assert_true(rtc_irq(t));
}

static void alarm_that_passed_unseen_is_flagged(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_alarm(t, 0x03, 0x04, 0x05);
    rtc_get(t, RTC_C);
    rig_step(t->rig, 4 * 3600 * NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_C) & RTC_C_AF, ==, 0);
    rig_step(t->rig, 3600 * NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_C) & RTC_C_AF, ==, RTC_C_AF);
}

static void alarm_found_lazily_equals_every_second(Rtc *t, gconstpointer data)
{
    (void)data;
    GRand *rand = g_rand_new_with_seed(146818);
    Rtc lazy;
    rtc_setup_with(&lazy, BASE);
    for (unsigned run = 0; run < 60; run++) {
        uint8_t alarm[3];
        for (unsigned i = 0; i < 3; i++) {
            alarm[i] = (uint8_t)(g_rand_boolean(rand) ? 0xff : g_rand_int_range(rand, 0, 0x25));
        }
        rtc_put_alarm(t, alarm[0], alarm[1], alarm[2]);
        rtc_put_alarm(&lazy, alarm[0], alarm[1], alarm[2]);
        rtc_get(t, RTC_C);
        rtc_get(&lazy, RTC_C);
        unsigned seconds = (unsigned)g_rand_int_range(rand, 1, 4000);
        bool seen = alarms_in(t, seconds) > 0;
        rig_step(lazy.rig, seconds * NS_PER_SECOND);
        g_assert_cmpint(seen, ==, !!(rtc_get(&lazy, RTC_C) & RTC_C_AF));
    }
    rtc_teardown(&lazy, NULL);
    g_rand_free(rand);
}

/* ---- periodic interrupt ---- */

static void every_rate_has_its_frequency(Rtc *t, gconstpointer data)
{
    (void)data;
    static const unsigned HZ[] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                  256, 128, 64,  32,   16,   8,    4,    2};
    for (uint8_t rate = 0; rate < 16; rate++) {
        rtc_set_rate(t, rate);
        rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
        rtc_get(t, RTC_C);
        unsigned before = rtc_edges(t);
        uint64_t end = rig_now(t->rig) + NS_PER_SECOND;
        for (uint64_t next = rtc_next_deadline(t); next <= end; next = rtc_next_deadline(t)) {
            rig_step(t->rig, next - rig_now(t->rig));
            g_assert_cmphex(rtc_get(t, RTC_C) & RTC_C_PF, ==, RTC_C_PF);
        }
        rig_step(t->rig, end - rig_now(t->rig));
        g_assert_cmpuint(rtc_edges(t) - before, ==, HZ[rate]);
    }
}

static void a_million_periods_do_not_drift(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_set_rate(t, 3);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rtc_get(t, RTC_C);
    uint64_t start = rtc_next_deadline(t);
    for (unsigned i = 0; i < 1000000; i++) {
        rig_step(t->rig, rtc_next_deadline(t) - rig_now(t->rig));
        rig_outb(t->rig, INDEX, RTC_C);
        rig_inb(t->rig, DATA);
    }
    g_assert_cmpuint(rtc_edges(t), ==, 1000000);
    uint64_t took = rig_now(t->rig) - start;
    uint64_t ideal = 999999 * NS_PER_SECOND / 8192;
    g_assert_cmpuint(took, >=, ideal - 1);
    g_assert_cmpuint(took, <=, ideal + 1);
}

static void pf_is_set_without_pie(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_set_rate(t, 15);
    rtc_get(t, RTC_C);
    rig_step(t->rig, 500 * MS);
    g_assert_cmphex(rtc_get(t, RTC_C) & RTC_C_PF, ==, RTC_C_PF);
    g_assert_cmpuint(rtc_next_deadline(t), ==, CLOCK_NEVER);
}

static void periodic_runs_on_while_set(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_SET | RTC_B_PIE);
    rtc_get(t, RTC_C);
    rig_step(t->rig, 2 * MS);
    g_assert_true(rtc_irq(t));
}

static unsigned ticks_after_a_late_second(Rtc *t, const char *policy)
{
    g_autofree char *properties = g_strdup_printf("lost-ticks=%s", policy);
    Rtc mine;
    (void)t;
    rtc_setup_with(&mine, properties);
    rtc_set_rate(&mine, 10);
    rtc_put(&mine, RTC_B, RTC_B_24H | RTC_B_PIE);
    rtc_get(&mine, RTC_C);
    rig_late(mine.rig, NS_PER_SECOND);
    unsigned ticks = 0;
    while (rtc_irq(&mine)) {
        g_assert_cmphex(rtc_get(&mine, RTC_C) & RTC_C_PF, ==, RTC_C_PF);
        /* "Reading register C clears it": it is clear at once, and the line falls. */
        g_assert_cmphex(rtc_get(&mine, RTC_C), ==, 0);
        g_assert_false(rtc_irq(&mine));
        rig_step(mine.rig, PAUSE_NS);
        ticks++;
    }
    g_assert_cmpuint(rtc_edges(&mine), ==, ticks);
    rtc_teardown(&mine, NULL);
    return ticks;
}

static void catchup_gives_every_periodic_interrupt(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(ticks_after_a_late_second(t, "catchup"), ==, 64);
}

static void catchup_counts_while_the_interrupt_waits(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_set_rate(t, 10);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rtc_get(t, RTC_C);
    for (unsigned i = 0; i < 10; i++) {
        rig_step(t->rig, 100 * MS);
        rtc_get(t, RTC_A);
    }
    unsigned ticks = 0;
    while (rtc_irq(t)) {
        rtc_get(t, RTC_C);
        rig_step(t->rig, PAUSE_NS);
        ticks++;
    }
    g_assert_cmpuint(ticks, ==, 64);
}

/* The pause begins at the last read, not at the first. */
static void owed_interrupts_come_after_a_pause(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_set_rate(t, 10);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rtc_get(t, RTC_C);
    rig_late(t->rig, NS_PER_SECOND);
    rtc_get(t, RTC_C);
    rig_step(t->rig, PAUSE_NS - 1);
    g_assert_false(rtc_irq(t));
    g_assert_cmphex(rtc_get(t, RTC_C), ==, 0);
    rig_step(t->rig, PAUSE_NS - 1);
    g_assert_false(rtc_irq(t));
    g_autoptr(GBytes) saved = device_save(t->dev);
    rig_step(t->rig, 1);
    g_assert_true(rtc_irq(t));
    g_assert_true(rig_load(t->dev, saved));
    rig_step(t->rig, 0);
    g_assert_true(rtc_irq(t));
    g_assert_cmphex(rtc_get(t, RTC_C), ==, RTC_C_IRQF | RTC_C_PF);
}

static void merge_gives_one(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(ticks_after_a_late_second(t, "merge"), ==, 1);
}

static void drop_gives_none(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(ticks_after_a_late_second(t, "drop"), ==, 0);
}

static void another_rate_voids_what_is_owed(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_set_rate(t, 10);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rig_late(t->rig, NS_PER_SECOND);
    rtc_set_rate(t, 11);
    rtc_get(t, RTC_C);
    rig_step(t->rig, 2 * PAUSE_NS);
    g_assert_false(rtc_irq(t));
}

static void disabling_voids_what_is_owed(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_set_rate(t, 10);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rig_late(t->rig, NS_PER_SECOND);
    rtc_put(t, RTC_B, RTC_B_24H);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rtc_get(t, RTC_C);
    rig_step(t->rig, 2 * PAUSE_NS);
    g_assert_false(rtc_irq(t));
}

static void add_sentences(void)
{
    SENTENCE("irq", uf_is_set_after_each_update);
    SENTENCE("irq", reading_register_c_clears_it);
    SENTENCE("irq", flags_come_without_enables);
    SENTENCE("irq", enabling_a_pending_flag_interrupts_at_once);
    SENTENCE("irq", update_interrupt_is_at_the_end_of_the_update);
    SENTENCE("irq", no_timer_while_the_interrupt_waits);
    SENTENCE("registers", c_and_d_are_read_only);
    SENTENCE("registers", uip_cannot_be_written);
    SENTENCE("registers", top_bit_of_the_seconds_is_read_only);
    SENTENCE("alarm", alarm_once_a_day);
    SENTENCE("alarm", alarm_every_hour);
    SENTENCE("alarm", alarm_every_minute);
    SENTENCE("alarm", alarm_every_second);
    SENTENCE("alarm", alarm_that_is_no_time_never_comes);
    SENTENCE("alarm", alarm_in_twelve_hour_mode);
    SENTENCE("alarm", alarm_that_passed_unseen_is_flagged);
    SENTENCE("alarm", alarm_found_lazily_equals_every_second);
    SENTENCE("periodic", every_rate_has_its_frequency);
    SENTENCE("periodic", a_million_periods_do_not_drift);
    SENTENCE("periodic", pf_is_set_without_pie);
    SENTENCE("periodic", periodic_runs_on_while_set);
    SENTENCE("lost", catchup_gives_every_periodic_interrupt);
    SENTENCE("lost", catchup_counts_while_the_interrupt_waits);
    SENTENCE("lost", owed_interrupts_come_after_a_pause);
    SENTENCE("lost", merge_gives_one);
    SENTENCE("lost", drop_gives_none);
    SENTENCE("lost", another_rate_voids_what_is_owed);
    SENTENCE("lost", disabling_voids_what_is_owed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_sentences();
    return g_test_run();
}
