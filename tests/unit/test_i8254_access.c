/*
 * Reading and writing the 8254: formats, latches, read-back, null count, and
 * port B.
 */
#include "tests/unit/pit_rig.h"

static void latch(Pit *p, unsigned counter)
{
    pit_control(p, counter, PIT_CW_RW_LATCH);
}

static void read_back(Pit *p, unsigned bits)
{
    rig_outb(p->rig, PIT + PIT_CONTROL, (uint8_t)(PIT_CW_READ_BACK | bits));
}

/* ---- formats ---- */

static void word_is_least_significant_byte_first(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x34);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x12);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x34);
}

static void lsb_only_clears_the_msb(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_control(p, 0, PIT_CW_RW_LSB | PIT_CW_MODE(2));
    rig_outb(p->rig, PIT, 0x56);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x56);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x56);
    pit_clk(p, 0x56);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x56);
}

static void msb_only_clears_the_lsb(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_control(p, 0, PIT_CW_RW_MSB | PIT_CW_MODE(2));
    rig_outb(p->rig, PIT, 0x56);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x56);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x55);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x55);
}

static void reads_and_writes_may_be_interleaved(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x34);
    rig_outb(p->rig, PIT, 0x78);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x12);
    rig_outb(p->rig, PIT, 0x56);
    pit_clk(p, 0x1234);
    g_assert_cmphex(pit_read(p, 0), ==, 0x5678);
}

static void control_word_resets_the_flip_flops(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    pit_byte(p, 0);
    rig_outb(p->rig, PIT, 0x99);
    pit_program(p, 0, 2, 0x5678);
    pit_clk(p, 1);
    g_assert_cmphex(pit_read(p, 0), ==, 0x5678);
}

static void first_byte_alone_changes_no_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 10);
    pit_clk(p, 1);
    rig_outb(p->rig, PIT, 0x99);
    pit_clk(p, 10);
    g_assert_cmphex(pit_read(p, 0), ==, 10);
    g_assert_false(pit_null(p, 0));
}

static void counters_are_independent(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1111);
    pit_program(p, 1, 2, 0x2222);
    pit_program(p, 2, 2, 0x3333);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x11);
    g_assert_cmphex(pit_read(p, 1), ==, 0x2222);
    g_assert_cmphex(pit_read(p, 2), ==, 0x3333);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x11);
}

static void control_word_cannot_be_read(Pit *p, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(rig_inb(p->rig, PIT + PIT_CONTROL), ==, 0xff);
}

static void wide_access_is_split(Pit *p, gconstpointer data)
{
    (void)data;
    pit_control(p, 0, PIT_CW_RW_LSB | PIT_CW_MODE(2));
    pit_control(p, 1, PIT_CW_RW_LSB | PIT_CW_MODE(2));
    rig_out(p->rig, PIT, 0x2010, 2);
    pit_clk(p, 1);
    g_assert_cmphex(rig_in(p->rig, PIT, 2), ==, 0x2010);
}

/* ---- counter latch ---- */

static void latch_holds_the_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    pit_clk(p, 1);
    latch(p, 0);
    pit_clk(p, 100);
    g_assert_cmpuint(pit_read(p, 0), ==, 1000);
    g_assert_cmpuint(pit_read(p, 0), ==, 900);
}

static void second_latch_is_ignored(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    pit_clk(p, 1);
    latch(p, 0);
    pit_clk(p, 100);
    latch(p, 0);
    pit_clk(p, 100);
    g_assert_cmpuint(pit_read(p, 0), ==, 1000);
}

static void latch_between_the_bytes_is_ignored_too(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    latch(p, 0);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x34);
    pit_clk(p, 0x200);
    latch(p, 0);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x12);
    g_assert_cmphex(pit_read(p, 0), ==, 0x1034);
}

static void latch_in_mid_read_gives_the_second_byte_of_the_latch(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x34);
    pit_clk(p, 0x200);
    latch(p, 0);
    pit_clk(p, 0x210);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x10);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x34);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x0e);
}

static void latch_of_one_byte_is_released_by_one_read(Pit *p, gconstpointer data)
{
    (void)data;
    pit_control(p, 0, PIT_CW_RW_LSB | PIT_CW_MODE(2));
    rig_outb(p->rig, PIT, 200);
    pit_clk(p, 1);
    latch(p, 0);
    pit_clk(p, 10);
    g_assert_cmpuint(pit_byte(p, 0), ==, 200);
    g_assert_cmpuint(pit_byte(p, 0), ==, 190);
}

static void latch_affects_no_programming(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    rig_outb(p->rig, PIT, 0x34);
    latch(p, 0);
    rig_outb(p->rig, PIT, 0x12);
    pit_read(p, 0);
    pit_clk(p, 1);
    g_assert_cmphex(pit_read(p, 0), ==, 0x1234);
}

static void latches_of_several_counters(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    pit_program(p, 1, 2, 2000);
    pit_clk(p, 1);
    latch(p, 0);
    pit_clk(p, 10);
    latch(p, 1);
    pit_clk(p, 10);
    g_assert_cmpuint(pit_read(p, 0), ==, 1000);
    g_assert_cmpuint(pit_read(p, 1), ==, 1990);
}

static void control_word_releases_the_latch(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    pit_clk(p, 1);
    latch(p, 0);
    pit_program(p, 0, 2, 500);
    pit_clk(p, 1);
    g_assert_cmpuint(pit_read(p, 0), ==, 500);
}

static void latch_before_the_load_gives_the_old_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 0, 1000);
    pit_clk(p, 11);
    pit_word(p, 0, 500);
    latch(p, 0);
    pit_clk(p, 5);
    g_assert_cmpuint(pit_read(p, 0), ==, 990);
}

/* ---- read-back and status ---- */

static void read_back_latches_several_counts(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    pit_program(p, 1, 2, 2000);
    pit_program(p, 2, 2, 3000);
    pit_clk(p, 1);
    read_back(p, PIT_RB_STATUS | PIT_RB_CNT(0) | PIT_RB_CNT(2));
    pit_clk(p, 10);
    g_assert_cmpuint(pit_read(p, 0), ==, 1000);
    g_assert_cmpuint(pit_read(p, 1), ==, 1990);
    g_assert_cmpuint(pit_read(p, 2), ==, 3000);
}

static void second_read_back_of_a_count_is_ignored(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 1000);
    pit_clk(p, 1);
    read_back(p, PIT_RB_STATUS | PIT_RB_CNT(0));
    pit_clk(p, 10);
    read_back(p, PIT_RB_STATUS | PIT_RB_CNT(0));
    g_assert_cmpuint(pit_read(p, 0), ==, 1000);
}

static void status_has_the_programming(Pit *p, gconstpointer data)
{
    (void)data;
    for (unsigned mode = 0; mode < 8; mode++) {
        unsigned bits = PIT_CW_RW_LSB | PIT_CW_MODE(mode) | (mode & PIT_CW_BCD);
        pit_control(p, 1, bits);
        g_assert_cmphex(pit_status(p, 1) & 0x3f, ==, bits);
    }
}

static void status_has_out(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 0, 10);
    g_assert_cmphex(pit_status(p, 0) & PIT_STATUS_OUT, ==, 0);
    pit_clk(p, 11);
    g_assert_cmphex(pit_status(p, 0) & PIT_STATUS_OUT, ==, PIT_STATUS_OUT);
}

static void second_status_latch_is_ignored(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 0, 10);
    read_back(p, PIT_RB_COUNT | PIT_RB_CNT(0));
    pit_clk(p, 11);
    read_back(p, PIT_RB_COUNT | PIT_RB_CNT(0));
    g_assert_cmphex(pit_byte(p, 0) & PIT_STATUS_OUT, ==, 0);
}

static void status_is_read_before_the_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    latch(p, 0);
    read_back(p, PIT_RB_COUNT | PIT_RB_CNT(0));
    g_assert_cmphex(pit_byte(p, 0), ==, PIT_STATUS_OUT | PIT_CW_RW_WORD | PIT_CW_MODE(2));
    g_assert_cmphex(pit_read(p, 0), ==, 0x1234);
}

static void read_back_of_both(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    read_back(p, PIT_RB_CNT(0));
    pit_clk(p, 10);
    g_assert_cmphex(pit_byte(p, 0), ==, PIT_STATUS_OUT | PIT_CW_RW_WORD | PIT_CW_MODE(2));
    g_assert_cmphex(pit_read(p, 0), ==, 0x1234);
    g_assert_cmphex(pit_read(p, 0), ==, 0x122a);
}

static void status_between_the_bytes_of_a_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    g_assert_cmphex(pit_byte(p, 0), ==, 0x34);
    g_assert_cmphex(pit_status(p, 0) & 0x3f, ==, PIT_CW_RW_WORD | PIT_CW_MODE(2));
    g_assert_cmphex(pit_byte(p, 0), ==, 0x12);
}

static void control_word_releases_the_status(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 0, 10);
    read_back(p, PIT_RB_COUNT | PIT_RB_CNT(0));
    pit_program(p, 0, 2, 0x1234);
    pit_clk(p, 1);
    g_assert_cmphex(pit_read(p, 0), ==, 0x1234);
}

/* ---- null count ---- */

static void null_count_after_the_control_word(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 100);
    pit_clk(p, 5);
    g_assert_false(pit_null(p, 0));
    pit_control(p, 0, PIT_CW_RW_WORD | PIT_CW_MODE(2));
    g_assert_true(pit_null(p, 0));
}

static void null_count_until_the_count_is_loaded(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 100);
    g_assert_true(pit_null(p, 0));
    rig_step(p->rig, pit_ns(pit_tick(p) + 1) - rig_now(p->rig) - 1);
    g_assert_true(pit_null(p, 0));
    rig_step(p->rig, 1);
    g_assert_false(pit_null(p, 0));
}

static void null_count_rises_with_the_second_byte(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 100);
    pit_clk(p, 5);
    rig_outb(p->rig, PIT, 50);
    g_assert_false(pit_null(p, 0));
    rig_outb(p->rig, PIT, 0);
    g_assert_true(pit_null(p, 0));
}

static void null_count_lasts_to_the_end_of_the_cycle(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 100);
    pit_clk(p, 5);
    pit_word(p, 0, 50);
    pit_clk(p, 95);
    g_assert_true(pit_null(p, 0));
    pit_clk(p, 1);
    g_assert_false(pit_null(p, 0));
}

static void null_count_of_other_counters_is_unaffected(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 0, 2, 100);
    pit_program(p, 1, 2, 100);
    pit_clk(p, 5);
    pit_control(p, 1, PIT_CW_RW_WORD | PIT_CW_MODE(2));
    g_assert_false(pit_null(p, 0));
    g_assert_true(pit_null(p, 1));
}

/* ---- power-on and port B ---- */

static void power_on_stands_still_with_out_high(Pit *p, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(pit_status(p, i) & (PIT_STATUS_OUT | PIT_STATUS_NULL_COUNT), ==,
                        PIT_STATUS_OUT | PIT_STATUS_NULL_COUNT);
        unsigned before = pit_read(p, i);
        pit_clk(p, 1000);
        g_assert_cmpuint(pit_read(p, i), ==, before);
    }
}

static void power_on_has_gate_2_low(Pit *p, gconstpointer data)
{
    (void)data;
    device_reset(p->dev);
    g_assert_cmphex(rig_inb(p->rig, PORTB) & 0x0f, ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        pit_program(p, i, 0, 10);
    }
    pit_clk(p, 100);
    g_assert_cmphex(pit_status(p, 0) & PIT_STATUS_OUT, ==, PIT_STATUS_OUT);
    g_assert_cmphex(pit_status(p, 1) & PIT_STATUS_OUT, ==, PIT_STATUS_OUT);
    g_assert_cmphex(pit_status(p, 2) & PIT_STATUS_OUT, ==, 0);
}

static void portb_keeps_its_low_bits(Pit *p, gconstpointer data)
{
    (void)data;
    for (unsigned value = 0; value < 256; value++) {
        rig_outb(p->rig, PORTB, (uint8_t)value);
        g_assert_cmphex(rig_inb(p->rig, PORTB) & ~(PORTB_REFRESH | PORTB_OUT2), ==, value & 0x0f);
    }
}

static void portb_refresh_toggles_every_15_us(Pit *p, gconstpointer data)
{
    (void)data;
    bool before = rig_inb(p->rig, PORTB) & PORTB_REFRESH;
    unsigned toggles = 0;
    for (unsigned us = 0; us < 15086; us++) {
        rig_step(p->rig, 1000);
        bool now = rig_inb(p->rig, PORTB) & PORTB_REFRESH;
        toggles += now != before;
        before = now;
    }
    g_assert_cmpuint(toggles, ==, 1000);
}

static void portb_out2_is_low_without_a_gate(Pit *p, gconstpointer data)
{
    (void)data;
    pit_gate(p, false);
    pit_program(p, 2, 0, 10);
    pit_clk(p, 1000);
    g_assert_false(pit_out(p));
    pit_gate(p, true);
    pit_clk(p, 10);
    g_assert_true(pit_out(p));
}

static void add_access(void)
{
    PIT_SENTENCE("format", word_is_least_significant_byte_first);
    PIT_SENTENCE("format", lsb_only_clears_the_msb);
    PIT_SENTENCE("format", msb_only_clears_the_lsb);
    PIT_SENTENCE("format", reads_and_writes_may_be_interleaved);
    PIT_SENTENCE("format", control_word_resets_the_flip_flops);
    PIT_SENTENCE("format", first_byte_alone_changes_no_count);
    PIT_SENTENCE("format", counters_are_independent);
    PIT_SENTENCE("format", control_word_cannot_be_read);
    PIT_SENTENCE("format", wide_access_is_split);
    PIT_SENTENCE("latch", latch_holds_the_count);
    PIT_SENTENCE("latch", second_latch_is_ignored);
    PIT_SENTENCE("latch", latch_between_the_bytes_is_ignored_too);
    PIT_SENTENCE("latch", latch_in_mid_read_gives_the_second_byte_of_the_latch);
    PIT_SENTENCE("latch", latch_of_one_byte_is_released_by_one_read);
    PIT_SENTENCE("latch", latch_affects_no_programming);
    PIT_SENTENCE("latch", latches_of_several_counters);
    PIT_SENTENCE("latch", control_word_releases_the_latch);
    PIT_SENTENCE("latch", latch_before_the_load_gives_the_old_count);
}

static void add_status(void)
{
    PIT_SENTENCE("readback", read_back_latches_several_counts);
    PIT_SENTENCE("readback", second_read_back_of_a_count_is_ignored);
    PIT_SENTENCE("status", status_has_the_programming);
    PIT_SENTENCE("status", status_has_out);
    PIT_SENTENCE("status", second_status_latch_is_ignored);
    PIT_SENTENCE("status", status_is_read_before_the_count);
    PIT_SENTENCE("readback", read_back_of_both);
    PIT_SENTENCE("status", status_between_the_bytes_of_a_count);
    PIT_SENTENCE("status", control_word_releases_the_status);
    PIT_SENTENCE("null", null_count_after_the_control_word);
    PIT_SENTENCE("null", null_count_until_the_count_is_loaded);
    PIT_SENTENCE("null", null_count_rises_with_the_second_byte);
    PIT_SENTENCE("null", null_count_lasts_to_the_end_of_the_cycle);
    PIT_SENTENCE("null", null_count_of_other_counters_is_unaffected);
    PIT_SENTENCE("reset", power_on_stands_still_with_out_high);
    PIT_SENTENCE("reset", power_on_has_gate_2_low);
    PIT_SENTENCE("portb", portb_keeps_its_low_bits);
    PIT_SENTENCE("portb", portb_refresh_toggles_every_15_us);
    PIT_SENTENCE("portb", portb_out2_is_low_without_a_gate);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_access();
    add_status();
    return g_test_run();
}
