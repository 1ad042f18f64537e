/* Days of the Gregorian calendar, compared with GLib's. */
#include "devices/timer/calendar.h"

#include <glib.h>

/* GLib supports the years 1 to 9999. */
#define FIRST_DAY 366u

static void test_every_day_is_glibs(void)
{
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, 1, G_DATE_JANUARY, 1);
    for (uint64_t days = FIRST_DAY; g_date_get_year(&date) < 3000; days++) {
        CalendarDate found = calendar_date(days);
        if (found.year != g_date_get_year(&date) || found.month != g_date_get_month(&date) ||
            found.day != g_date_get_day(&date) || calendar_days(found) != days) {
            g_error("day %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT "-%u-%u", days, found.year,
                    found.month, found.day);
        }
        g_date_add_days(&date, 1);
    }
}

static void assert_day(uint64_t year, unsigned month, unsigned day, uint64_t days)
{
    CalendarDate found = calendar_date(days);
    g_assert_cmpuint(found.year, ==, year);
    g_assert_cmpuint(found.month, ==, month);
    g_assert_cmpuint(found.day, ==, day);
    g_assert_cmpuint(calendar_days(found), ==, days);
}

static void test_ends_of_years(void)
{
    assert_day(0, 1, 1, 0);
    assert_day(0, 2, 29, 59);
    assert_day(0, 12, 31, 365);
    assert_day(1, 1, 1, FIRST_DAY);
    assert_day(1970, 1, 1, CALENDAR_1970);
    assert_day(9999, 12, 31, 3652424);
    assert_day(10000, 1, 1, 3652425);
    assert_day(25755, 12, 31, 9407185);
}

/* The registers of a clock may hold values that are no date. */
static void test_an_invalid_date_is_taken_for_the_nearest(void)
{
    static const struct {
        CalendarDate given, nearest;
    } CASES[] = {
        {{2023, 0, 5}, {2023, 1, 5}},     {{2023, 13, 5}, {2023, 12, 5}},
        {{2023, 2, 29}, {2023, 2, 28}},   {{2024, 2, 30}, {2024, 2, 29}},
        {{2100, 2, 29}, {2100, 2, 28}},   {{2000, 2, 29}, {2000, 2, 29}},
        {{2023, 4, 0}, {2023, 4, 1}},     {{2023, 4, 31}, {2023, 4, 30}},
        {{2023, 99, 99}, {2023, 12, 31}},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_assert_cmpuint(calendar_days(CASES[i].given), ==, calendar_days(CASES[i].nearest));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/calendar/every_day_is_glibs", test_every_day_is_glibs);
    g_test_add_func("/calendar/ends_of_years", test_ends_of_years);
    g_test_add_func("/calendar/an_invalid_date_is_taken_for_the_nearest",
                    test_an_invalid_date_is_taken_for_the_nearest);
    return g_test_run();
}
