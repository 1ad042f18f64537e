#include "devices/timer/calendar.h"

#include <stdbool.h>

static bool is_leap(uint64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in_month(uint64_t year, unsigned month)
{
    static const uint8_t DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return DAYS[month - 1] + (month == 2 && is_leap(year));
}

static uint64_t days_before_year(uint64_t year)
{
    return year ? 365 * year + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 : 0;
}

static unsigned clamp(unsigned value, unsigned low, unsigned high)
{
    return value < low ? low : value > high ? high : value;
}

uint64_t calendar_days(CalendarDate date)
{
    unsigned month = clamp(date.month, 1, 12);
    uint64_t days = days_before_year(date.year);
    for (unsigned m = 1; m < month; m++) {
        days += days_in_month(date.year, m);
    }
    return days + clamp(date.day, 1, days_in_month(date.year, month)) - 1;
}

CalendarDate calendar_date(uint64_t days)
{
    CalendarDate date = {.year = days / 366, .month = 1};
    while (days_before_year(date.year + 1) <= days) {
        date.year++;
    }
    days -= days_before_year(date.year);
    for (; days >= days_in_month(date.year, date.month); date.month++) {
        days -= days_in_month(date.year, date.month);
    }
    date.day = (unsigned)days + 1;
    return date;
}
