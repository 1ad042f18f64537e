/*
 * The six modes of the 8254, with a sentence of the data sheet for each test.  They
 * use counter 2, because port B has its GATE and its OUT.
 */
#include "tests/unit/pit_rig.h"

/* ---- mode 0 ---- */

static void mode0_out_is_low_after_the_control_word(Pit *p, gconstpointer data)
{
    (void)data;
    g_assert_true(pit_out(p));
    pit_control(p, 2, PIT_CW_RW_WORD | PIT_CW_MODE(0));
    g_assert_false(pit_out(p));
    pit_clk(p, 100000);
    g_assert_false(pit_out(p));
}

static void mode0_out_goes_high_n_plus_1_pulses_after_the_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 4);
    pit_expect_wave(p, "00000111");
}

static void mode0_out_stays_high_until_a_new_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 4);
    pit_clk(p, 200000);
    g_assert_true(pit_out(p));
    pit_word(p, 2, 4);
    pit_expect_wave(p, "000001");
}

static void mode0_wraps_and_keeps_counting(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 2);
    pit_clk(p, 1);
    pit_expect_counts(p, 5, "2 1 0 ffff fffe");
}

static void mode0_new_count_is_loaded_at_the_next_pulse(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 100);
    pit_clk(p, 11);
    g_assert_cmpuint(pit_read(p, 2), ==, 90);
    pit_word(p, 2, 3);
    pit_expect_counts(p, 5, "5a 3 2 1 0");
}

static void mode0_first_byte_stops_counting(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 100);
    pit_clk(p, 11);
    rig_outb(p->rig, PIT + 2, 50);
    pit_clk(p, 30);
    g_assert_cmpuint(pit_read(p, 2), ==, 90);
    rig_outb(p->rig, PIT + 2, 0);
    pit_clk(p, 1);
    g_assert_cmpuint(pit_read(p, 2), ==, 50);
}

static void mode0_first_byte_takes_out_low(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 4);
    pit_clk(p, 10);
    g_assert_true(pit_out(p));
    rig_outb(p->rig, PIT + 2, 4);
    g_assert_false(pit_out(p));
}

static void mode0_gate_stops_counting_and_leaves_out(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 4);
    pit_clk(p, 3);
    pit_gate(p, false);
    pit_clk(p, 50);
    g_assert_cmpuint(pit_read(p, 2), ==, 2);
    g_assert_false(pit_out(p));
    pit_gate(p, true);
    pit_expect_wave(p, "001");
    pit_gate(p, false);
    g_assert_true(pit_out(p));
}

static void mode0_is_loaded_while_gate_is_low(Pit *p, gconstpointer data)
{
    (void)data;
    pit_gate(p, false);
    pit_program(p, 2, 0, 3);
    pit_clk(p, 20);
    g_assert_cmpuint(pit_read(p, 2), ==, 3);
    g_assert_false(pit_null(p, 2));
    pit_gate(p, true);
    pit_expect_wave(p, "0001");
}

static void mode0_count_0_is_65536(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 0, 0);
    pit_clk(p, 65536);
    g_assert_false(pit_out(p));
    pit_clk(p, 1);
    g_assert_true(pit_out(p));
}

/* ---- mode 1 ---- */

static void mode1_waits_for_the_trigger(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 1, 3);
    pit_expect_wave(p, "111111");
    pit_gate(p, false);
    pit_gate(p, true);
    pit_expect_wave(p, "10001111");
}

static void mode1_ignores_the_gate_level(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 1, 3);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_gate(p, false);
    pit_expect_wave(p, "10001111");
}

static void mode1_is_retriggerable(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 1, 4);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_clk(p, 3);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_expect_wave(p, "000001");
}

static void mode1_new_count_waits_for_the_trigger(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 1, 4);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_clk(p, 2);
    pit_word(p, 2, 2);
    pit_expect_wave(p, "00011");
    g_assert_true(pit_null(p, 2));
    pit_gate(p, false);
    pit_gate(p, true);
    pit_expect_wave(p, "10011");
    g_assert_false(pit_null(p, 2));
}

static void mode1_needs_a_count_to_be_armed(Pit *p, gconstpointer data)
{
    (void)data;
    pit_gate(p, false);
    pit_control(p, 2, PIT_CW_RW_WORD | PIT_CW_MODE(1));
    pit_gate(p, true);
    pit_expect_wave(p, "1111");
}

/* ---- mode 2 ---- */

static void mode2_out_is_low_for_the_last_pulse(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 3);
    pit_expect_wave(p, "1110110110");
}

static void mode2_reloads_at_1(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 3);
    pit_clk(p, 1);
    pit_expect_counts(p, 7, "3 2 1 3 2 1 3");
}

static void mode2_count_of_2(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 2);
    pit_expect_wave(p, "1101010");
}

static void mode2_count_of_1_keeps_out_high(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 1);
    pit_expect_wave(p, "1111111");
    pit_expect_counts(p, 3, "1 1 1");
}

static void mode2_count_of_0_is_65536(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 0);
    pit_clk(p, 65535);
    pit_expect_wave(p, "1011");
    pit_clk(p, 65531);
    pit_expect_wave(p, "11011");
}

static void mode2_new_count_waits_for_the_end_of_the_cycle(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 5);
    pit_clk(p, 2);
    pit_word(p, 2, 3);
    pit_expect_counts(p, 8, "4 3 2 1 3 2 1 3");
}

static void mode2_gate_low_sets_out_high_at_once(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 3);
    pit_clk(p, 3);
    g_assert_false(pit_out(p));
    pit_gate(p, false);
    g_assert_true(pit_out(p));
    pit_clk(p, 30);
    g_assert_cmpuint(pit_read(p, 2), ==, 1);
}

static void mode2_trigger_reloads(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 5);
    pit_clk(p, 4);
    pit_gate(p, false);
    pit_clk(p, 3);
    pit_gate(p, true);
    pit_expect_counts(p, 4, "2 5 4 3");
}

static void mode2_trigger_loads_the_new_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 9);
    pit_clk(p, 3);
    pit_word(p, 2, 4);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_expect_counts(p, 6, "7 4 3 2 1 4");
}

static void mode2_new_count_waits_while_gate_is_low(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 9);
    pit_clk(p, 3);
    pit_gate(p, false);
    pit_word(p, 2, 4);
    pit_clk(p, 100);
    g_assert_cmpuint(pit_read(p, 2), ==, 7);
    g_assert_true(pit_null(p, 2));
}

static void mode2_gate_low_postpones_the_new_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 2, 9);
    pit_clk(p, 3);
    pit_word(p, 2, 4);
    pit_gate(p, false);
    pit_clk(p, 100);
    g_assert_cmpuint(pit_read(p, 2), ==, 7);
    g_assert_true(pit_null(p, 2));
}

/* ---- mode 3 ---- */

static void mode3_even_count_is_a_square_wave(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 6);
    pit_expect_wave(p, "1111000111000111");
}

static void mode3_odd_count_is_high_for_the_longer_half(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 5);
    pit_expect_wave(p, "1111001110011100");
}

static void mode3_even_counts_down_by_two(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 6);
    pit_clk(p, 1);
    pit_expect_counts(p, 7, "6 4 2 6 4 2 6");
}

static void mode3_odd_is_loaded_less_one(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 5);
    pit_clk(p, 1);
    pit_expect_counts(p, 8, "4 2 0 4 2 4 2 0");
}

static void mode3_counts_of_2_and_3(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 2);
    pit_expect_wave(p, "11010101");
    pit_program(p, 2, 3, 3);
    pit_expect_wave(p, "111011011");
}

static void mode3_count_of_1_keeps_out_high(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 1);
    pit_expect_wave(p, "111111");
}

static void mode3_count_of_0_is_65536(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 0);
    pit_clk(p, 32768);
    pit_expect_wave(p, "10000");
    pit_clk(p, 32762);
    pit_expect_wave(p, "00111");
}

static void mode3_new_count_waits_for_the_half_cycle(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 8);
    pit_clk(p, 2);
    pit_word(p, 2, 4);
    pit_expect_wave(p, "111001100");
}

static void mode3_new_count_in_the_low_half(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 8);
    pit_clk(p, 6);
    pit_word(p, 2, 4);
    pit_expect_wave(p, "00011001100");
}

static void mode3_gate_low_sets_out_high_at_once(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 3, 6);
    pit_clk(p, 5);
    g_assert_false(pit_out(p));
    pit_gate(p, false);
    g_assert_true(pit_out(p));
    pit_clk(p, 7);
    pit_gate(p, true);
    pit_expect_wave(p, "11110001");
}

/* ---- modes 4 and 5 ---- */

static void mode4_strobes_n_plus_1_pulses_after_the_count(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 4, 3);
    pit_expect_wave(p, "111101111");
    pit_clk(p, 70000);
    pit_expect_wave(p, "11111");
}

static void mode4_wraps_without_another_strobe(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 4, 3);
    pit_clk(p, 65536 + 2);
    pit_expect_wave(p, "1111");
    g_assert_cmpuint(pit_read(p, 2), ==, 0xfffe);
}

static void mode4_new_count_retriggers(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 4, 3);
    pit_clk(p, 2);
    pit_word(p, 2, 3);
    pit_expect_wave(p, "1111011");
}

static void mode4_first_byte_does_not_stop_counting(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 4, 3);
    pit_clk(p, 2);
    rig_outb(p->rig, PIT + 2, 9);
    pit_expect_wave(p, "11011");
}

static void mode4_gate_stops_counting(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 4, 3);
    pit_clk(p, 2);
    pit_gate(p, false);
    pit_clk(p, 10);
    pit_gate(p, true);
    pit_expect_wave(p, "11011");
}

static void mode5_strobes_n_plus_1_pulses_after_the_trigger(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 5, 3);
    pit_expect_wave(p, "111111");
    pit_gate(p, false);
    pit_gate(p, true);
    pit_expect_wave(p, "11110111");
}

static void mode5_is_retriggerable(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 5, 3);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_clk(p, 3);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_expect_wave(p, "11110111");
}

static void mode5_new_count_waits_for_the_trigger(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 5, 4);
    pit_gate(p, false);
    pit_gate(p, true);
    pit_clk(p, 2);
    pit_word(p, 2, 2);
    pit_expect_wave(p, "111011");
}

static void modes_6_and_7_are_2_and_3(Pit *p, gconstpointer data)
{
    (void)data;
    pit_program(p, 2, 6, 3);
    pit_expect_wave(p, "1110110");
    pit_program(p, 2, 7, 4);
    pit_expect_wave(p, "11100110");
}

/* ---- BCD ---- */

static void bcd_counts_in_decades(Pit *p, gconstpointer data)
{
    (void)data;
    pit_control(p, 2, PIT_CW_RW_WORD | PIT_CW_MODE(2) | PIT_CW_BCD);
    pit_word(p, 2, 0x1000);
    pit_clk(p, 1);
    pit_expect_counts(p, 3, "1000 999 998");
    pit_clk(p, 1000 - 3 - 1);
    pit_expect_counts(p, 2, "1 1000");
}

static void bcd_wraps_to_9999(Pit *p, gconstpointer data)
{
    (void)data;
    pit_control(p, 2, PIT_CW_RW_WORD | PIT_CW_MODE(0) | PIT_CW_BCD);
    pit_word(p, 2, 0x0001);
    pit_clk(p, 1);
    pit_expect_counts(p, 4, "1 0 9999 9998");
}

static void bcd_count_of_0_is_10000(Pit *p, gconstpointer data)
{
    (void)data;
    pit_control(p, 2, PIT_CW_RW_WORD | PIT_CW_MODE(0) | PIT_CW_BCD);
    pit_word(p, 2, 0);
    pit_clk(p, 10000);
    g_assert_false(pit_out(p));
    pit_clk(p, 1);
    g_assert_true(pit_out(p));
}

static void bcd_square_wave(Pit *p, gconstpointer data)
{
    (void)data;
    pit_control(p, 2, PIT_CW_RW_WORD | PIT_CW_MODE(3) | PIT_CW_BCD);
    pit_word(p, 2, 0x12);
    pit_clk(p, 1);
    pit_expect_counts(p, 7, "12 10 8 6 4 2 12");
}

static void bcd_takes_digits_that_are_none(Pit *p, gconstpointer data)
{
    (void)data;
    for (unsigned mode = 0; mode < 8; mode++) {
        pit_control(p, 2, PIT_CW_RW_WORD | PIT_CW_MODE(mode) | PIT_CW_BCD);
        pit_word(p, 2, 0xffff);
        pit_gate(p, false);
        pit_gate(p, true);
        for (unsigned i = 0; i < 100; i++) {
            pit_clk(p, 777);
            unsigned count = pit_read(p, 2);
            for (unsigned shift = 0; shift < 16; shift += 4) {
                g_assert_cmpuint(count >> shift & 0xf, <=, 9);
            }
        }
    }
}

static void add_modes_0_to_2(void)
{
    PIT_SENTENCE("mode0", mode0_out_is_low_after_the_control_word);
    PIT_SENTENCE("mode0", mode0_out_goes_high_n_plus_1_pulses_after_the_count);
    PIT_SENTENCE("mode0", mode0_out_stays_high_until_a_new_count);
    PIT_SENTENCE("mode0", mode0_wraps_and_keeps_counting);
    PIT_SENTENCE("mode0", mode0_new_count_is_loaded_at_the_next_pulse);
    PIT_SENTENCE("mode0", mode0_first_byte_stops_counting);
    PIT_SENTENCE("mode0", mode0_first_byte_takes_out_low);
    PIT_SENTENCE("mode0", mode0_gate_stops_counting_and_leaves_out);
    PIT_SENTENCE("mode0", mode0_is_loaded_while_gate_is_low);
    PIT_SENTENCE("mode0", mode0_count_0_is_65536);
    PIT_SENTENCE("mode1", mode1_waits_for_the_trigger);
    PIT_SENTENCE("mode1", mode1_ignores_the_gate_level);
    PIT_SENTENCE("mode1", mode1_is_retriggerable);
    PIT_SENTENCE("mode1", mode1_new_count_waits_for_the_trigger);
    PIT_SENTENCE("mode1", mode1_needs_a_count_to_be_armed);
    PIT_SENTENCE("mode2", mode2_out_is_low_for_the_last_pulse);
    PIT_SENTENCE("mode2", mode2_reloads_at_1);
    PIT_SENTENCE("mode2", mode2_count_of_2);
    PIT_SENTENCE("mode2", mode2_count_of_1_keeps_out_high);
    PIT_SENTENCE("mode2", mode2_count_of_0_is_65536);
    PIT_SENTENCE("mode2", mode2_new_count_waits_for_the_end_of_the_cycle);
    PIT_SENTENCE("mode2", mode2_gate_low_sets_out_high_at_once);
    PIT_SENTENCE("mode2", mode2_trigger_reloads);
    PIT_SENTENCE("mode2", mode2_trigger_loads_the_new_count);
    PIT_SENTENCE("mode2", mode2_new_count_waits_while_gate_is_low);
    PIT_SENTENCE("mode2", mode2_gate_low_postpones_the_new_count);
}

static void add_modes_3_to_5_and_bcd(void)
{
    PIT_SENTENCE("mode3", mode3_even_count_is_a_square_wave);
    PIT_SENTENCE("mode3", mode3_odd_count_is_high_for_the_longer_half);
    PIT_SENTENCE("mode3", mode3_even_counts_down_by_two);
    PIT_SENTENCE("mode3", mode3_odd_is_loaded_less_one);
    PIT_SENTENCE("mode3", mode3_counts_of_2_and_3);
    PIT_SENTENCE("mode3", mode3_count_of_1_keeps_out_high);
    PIT_SENTENCE("mode3", mode3_count_of_0_is_65536);
    PIT_SENTENCE("mode3", mode3_new_count_waits_for_the_half_cycle);
    PIT_SENTENCE("mode3", mode3_new_count_in_the_low_half);
    PIT_SENTENCE("mode3", mode3_gate_low_sets_out_high_at_once);
    PIT_SENTENCE("mode4", mode4_strobes_n_plus_1_pulses_after_the_count);
    PIT_SENTENCE("mode4", mode4_wraps_without_another_strobe);
    PIT_SENTENCE("mode4", mode4_new_count_retriggers);
    PIT_SENTENCE("mode4", mode4_first_byte_does_not_stop_counting);
    PIT_SENTENCE("mode4", mode4_gate_stops_counting);
    PIT_SENTENCE("mode5", mode5_strobes_n_plus_1_pulses_after_the_trigger);
    PIT_SENTENCE("mode5", mode5_is_retriggerable);
    PIT_SENTENCE("mode5", mode5_new_count_waits_for_the_trigger);
    PIT_SENTENCE("modes", modes_6_and_7_are_2_and_3);
    PIT_SENTENCE("bcd", bcd_counts_in_decades);
    PIT_SENTENCE("bcd", bcd_wraps_to_9999);
    PIT_SENTENCE("bcd", bcd_count_of_0_is_10000);
    PIT_SENTENCE("bcd", bcd_square_wave);
    PIT_SENTENCE("bcd", bcd_takes_digits_that_are_none);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_modes_0_to_2();
    add_modes_3_to_5_and_bcd();
    return g_test_run();
}
