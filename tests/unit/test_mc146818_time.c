/*
 * The MC146818A: time, date and the update cycle.
 */
#include "tests/unit/rtc_rig.h"

/* ---- time and date ---- */

static void base_is_the_date_at_machine_time_0(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_expect_clock(t, "2026-11-21 22:33:44 w7");
}

static void seconds_are_those_of_machine_time(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1);
    rtc_expect_clock(t, "2026-11-21 22:33:44 w7");
    rig_step(t->rig, 1);
    rtc_expect_clock(t, "2026-11-21 22:33:45 w7");
    rig_step(t->rig, 86400 * NS_PER_SECOND);
    rtc_expect_clock(t, "2026-11-22 22:33:45 w1");
}

static void a_year_does_not_drift(Rtc *t, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 365 * 24; i++) {
        rig_step(t->rig, 3600 * NS_PER_SECOND);
        rtc_get(t, RTC_SECONDS);
    }
    rtc_expect_clock(t, "2027-11-21 22:33:44 w1");
}

static void time_costs_no_timer(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, 10 * NS_PER_SECOND);
    rtc_get(t, RTC_C);
    g_assert_cmpuint(rtc_next_deadline(t), ==, CLOCK_NEVER);
}

static void binary_mode(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_DM | RTC_B_SET);
    rtc_put_time(t, 23, 59, 58);
    rtc_put_date(t, 20, 26, 12, 31);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_DM);
    rig_step(t->rig, 2 * NS_PER_SECOND);
    g_assert_cmpuint(rtc_get(t, RTC_YEAR), ==, 27);
    g_assert_cmpuint(rtc_get(t, RTC_MONTH), ==, 1);
    g_assert_cmpuint(rtc_get(t, RTC_DATE), ==, 1);
    rig_step(t->rig, (13 * 3600 + 45 * 60 + 57) * NS_PER_SECOND);
    g_assert_cmpuint(rtc_get(t, RTC_HOURS), ==, 13);
    g_assert_cmpuint(rtc_get(t, RTC_MINUTES), ==, 45);
    g_assert_cmpuint(rtc_get(t, RTC_SECONDS), ==, 57);
}

static void mode_change_converts_nothing(Rtc *t, gconstpointer data)
{
    (void)data;
    uint8_t hours = rtc_get(t, RTC_HOURS), minutes = rtc_get(t, RTC_MINUTES);
    rtc_put(t, RTC_B, RTC_B_DM);
    g_assert_cmphex(rtc_get(t, RTC_HOURS), ==, hours);
    g_assert_cmphex(rtc_get(t, RTC_MINUTES), ==, minutes);
}

static void twelve_hour_mode_counts_through_noon_and_midnight(Rtc *t, gconstpointer data)
{
    (void)data;
    static const uint8_t BCD[] = {0x12, 0x01, 0x02, 0x03, 0x04, 0x05,
                                  0x06, 0x07, 0x08, 0x09, 0x10, 0x11};
    rtc_put(t, RTC_B, 0);
    rtc_put_time(t, 0x12, 0, 0);
    for (unsigned hour = 0; hour < 48; hour++) {
        uint8_t expected = BCD[hour % 12] | (hour % 24 >= 12 ? RTC_HOURS_PM : 0);
        g_assert_cmphex(rtc_get(t, RTC_HOURS), ==, expected);
        rig_step(t->rig, 3600 * NS_PER_SECOND);
    }
    g_assert_cmphex(rtc_get(t, RTC_DATE), ==, 0x23);
}

static void twelve_hour_binary(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_DM);
    rtc_put_time(t, 11 | RTC_HOURS_PM, 59, 59);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_HOURS), ==, 12);
    rig_step(t->rig, 12 * 3600 * NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_HOURS), ==, 12 | RTC_HOURS_PM);
}

static void months_have_their_lengths(Rtc *t, gconstpointer data)
{
    (void)data;
    static const uint8_t LAST[] = {0x31, 0x28, 0x31, 0x30, 0x31, 0x30,
                                   0x31, 0x31, 0x30, 0x31, 0x30, 0x31};
    for (unsigned month = 1; month <= 12; month++) {
        rtc_put_time(t, 0x23, 0x59, 0x59);
        rtc_put_date(t, 0x20, 0x23, (uint8_t)(month < 10 ? month : month + 6), LAST[month - 1]);
        rig_step(t->rig, NS_PER_SECOND);
        unsigned next = month % 12 + 1;
        g_assert_cmphex(rtc_get(t, RTC_DATE), ==, 1);
        g_assert_cmphex(rtc_get(t, RTC_MONTH), ==, next < 10 ? next : next + 6);
        g_assert_cmphex(rtc_get(t, RTC_YEAR), ==, month == 12 ? 0x24 : 0x23);
    }
}

static void february_of_leap_years(Rtc *t, gconstpointer data)
{
    (void)data;
    static const struct {
        uint8_t century, year;
        bool leap;
    } YEARS[] = {{0x20, 0x24, true},  {0x20, 0x26, false}, {0x20, 0x00, true},
                 {0x19, 0x00, false}, {0x21, 0x00, false}, {0x19, 0x96, true}};
    for (unsigned i = 0; i < G_N_ELEMENTS(YEARS); i++) {
        rtc_put_time(t, 0x23, 0x59, 0x59);
        rtc_put_date(t, YEARS[i].century, YEARS[i].year, 0x02, 0x28);
        rig_step(t->rig, NS_PER_SECOND);
        g_assert_cmphex(rtc_get(t, RTC_DATE), ==, YEARS[i].leap ? 0x29 : 0x01);
    }
}

static void century_counts_on(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put_time(t, 0x23, 0x59, 0x59);
    rtc_put_date(t, 0x19, 0x99, 0x12, 0x31);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, CMOS_CENTURY), ==, 0x20);
    g_assert_cmphex(rtc_get(t, RTC_YEAR), ==, 0);
}

static void day_of_week_is_a_counter_of_its_own(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_DAY_OF_WEEK, 7);
    rtc_put_time(t, 0x23, 0x59, 0x59);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_DAY_OF_WEEK), ==, 1);
    rig_step(t->rig, 86400 * 10 * NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_DAY_OF_WEEK), ==, 4);
}

static void lazy_days_equal_single_days(Rtc *t, gconstpointer data)
{
    (void)data;
    Rtc other;
    rtc_setup_with(&other, BASE);
    for (unsigned day = 0; day < 1500; day++) {
        rig_step(t->rig, 86400 * NS_PER_SECOND);
        rtc_get(t, RTC_DATE);
    }
    rig_step(other.rig, UINT64_C(1500) * 86400 * NS_PER_SECOND);
    g_autofree char *expected = rtc_clock_text(t);
    rtc_expect_clock(&other, expected);
    g_assert_cmpstr(expected, ==, "2030-12-30 22:33:44 w2");
    rtc_teardown(&other, NULL);
}

static void nonsense_in_the_registers_is_survived(Rtc *t, gconstpointer data)
{
    (void)data;
    for (unsigned mode = 0; mode < 4; mode++) {
        for (unsigned value = 0; value < 256; value++) {
            rtc_put(t, RTC_B, (uint8_t)(mode << 1));
            for (uint8_t reg = 0; reg <= RTC_YEAR; reg++) {
                rtc_put(t, reg, (uint8_t)value);
            }
            rtc_put(t, CMOS_CENTURY, (uint8_t)value);
            rig_step(t->rig, 100000 * NS_PER_SECOND);
            g_assert_cmpuint(rtc_get(t, RTC_MONTH), <=, 0x12);
            g_assert_cmpuint(rtc_get(t, RTC_DATE), <=, 0x31);
        }
    }
}

/* ---- update cycle ---- */

static void uip_rises_244_us_before_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1984 * US - 244 * US - 1);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, RTC_A_UIP);
}

static void uip_falls_at_the_end_of_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, RTC_A_UIP);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x44);
    rig_step(t->rig, 1);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, 0);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x45);
}

static void without_uip_there_are_244_us_to_read(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1984 * US - 244 * US - 1);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 244 * US);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x44);
}

static void set_stops_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_SET);
    rig_step(t->rig, 10 * NS_PER_SECOND);
    rtc_expect_clock(t, "2026-11-21 22:33:44 w7");
    g_assert_cmphex(rtc_get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    rtc_put_time(t, 0x01, 0x02, 0x03);
    rtc_put(t, RTC_B, RTC_B_24H);
    rtc_expect_clock(t, "2026-11-21 01:02:03 w7");
    rig_step(t->rig, NS_PER_SECOND);
    rtc_expect_clock(t, "2026-11-21 01:02:04 w7");
}

static void set_aborts_an_update_in_progress(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1000 * US);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_SET);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 1100 * US);
    rtc_put(t, RTC_B, RTC_B_24H);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x44);
}

static void set_leaves_the_divider_running(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_SET);
    rig_step(t->rig, 5 * NS_PER_SECOND + 300 * MS);
    rtc_put(t, RTC_B, RTC_B_24H);
    rig_step(t->rig, 700 * MS - 1);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x44);
    rig_step(t->rig, 1);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x45);
}

static void set_clears_uie(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_UIE | RTC_B_SET);
    g_assert_cmphex(rtc_get(t, RTC_B), ==, RTC_B_24H | RTC_B_SET);
}

static void first_update_half_a_second_after_divider_reset(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, 123456789);
    rtc_put(t, RTC_A, RTC_A_DV_RESET | 6);
    rig_step(t->rig, 10 * NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x44);
    rtc_put(t, RTC_A, RTC_A_DV_32K | 6);
    rig_step(t->rig, 500 * MS - 244 * US - 1);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, RTC_A_UIP);
    rig_step(t->rig, 244 * US + 1984 * US);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x45);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_SECONDS), ==, 0x46);
}

static void divider_reset_holds_the_periodic_flag(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_get(t, RTC_C);
    rtc_put(t, RTC_A, RTC_A_DV_RESET | 6);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(rtc_get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    rtc_put(t, RTC_A, RTC_A_DV_32K | 6);
    rig_step(t->rig, 976562);
    g_assert_cmphex(rtc_get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(rtc_get(t, RTC_C), ==, RTC_C_PF);
}

static void divider_reset_stops_uip(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_A, RTC_A_DV_RESET);
    for (unsigned i = 0; i < 2000; i++) {
        rig_step(t->rig, 1 * MS);
        g_assert_cmphex(rtc_get(t, RTC_A) & RTC_A_UIP, ==, 0);
    }
}

static void add_sentences(void)
{
    SENTENCE("time", base_is_the_date_at_machine_time_0);
    SENTENCE("time", seconds_are_those_of_machine_time);
    SENTENCE("time", a_year_does_not_drift);
    SENTENCE("time", time_costs_no_timer);
    SENTENCE("time", binary_mode);
    SENTENCE("time", mode_change_converts_nothing);
    SENTENCE("time", twelve_hour_mode_counts_through_noon_and_midnight);
    SENTENCE("time", twelve_hour_binary);
    SENTENCE("calendar", months_have_their_lengths);
    SENTENCE("calendar", february_of_leap_years);
    SENTENCE("calendar", century_counts_on);
    SENTENCE("calendar", day_of_week_is_a_counter_of_its_own);
    SENTENCE("calendar", lazy_days_equal_single_days);
    SENTENCE("calendar", nonsense_in_the_registers_is_survived);
    SENTENCE("update", uip_rises_244_us_before_the_update);
    SENTENCE("update", uip_falls_at_the_end_of_the_update);
    SENTENCE("update", without_uip_there_are_244_us_to_read);
    SENTENCE("update", set_stops_the_update);
    SENTENCE("update", set_aborts_an_update_in_progress);
    SENTENCE("update", set_leaves_the_divider_running);
    SENTENCE("update", set_clears_uie);
    SENTENCE("divider", first_update_half_a_second_after_divider_reset);
    SENTENCE("divider", divider_reset_holds_the_periodic_flag);
    SENTENCE("divider", divider_reset_stops_uip);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_sentences();
    return g_test_run();
}
