#include "devices/timer/mc146818_time.h"

#include "devices/timer/calendar.h"
#include "devices/timer/mc146818_regs.h"

#include <stdbool.h>

#define SECONDS_PER_DAY 86400u
#define THURSDAY        4u /* 1 January 1970; 0 is Sunday */

static unsigned decode(const uint8_t *cmos, uint8_t value)
{
    return cmos[RTC_B] & RTC_B_DM ? value : (value >> 4) * 10u + (value & 0xfu);
}

static uint8_t encode(const uint8_t *cmos, unsigned value)
{
    return (uint8_t)(cmos[RTC_B] & RTC_B_DM ? value : value / 10 << 4 | value % 10);
}

static unsigned decode_hour(const uint8_t *cmos, uint8_t value)
{
    if (cmos[RTC_B] & RTC_B_24H) {
        return decode(cmos, value) % 24;
    }
    unsigned hour = decode(cmos, value & (uint8_t)~RTC_HOURS_PM) % 12;
    return value & RTC_HOURS_PM ? hour + 12 : hour;
}

static uint8_t encode_hour(const uint8_t *cmos, unsigned hour)
{
    if (cmos[RTC_B] & RTC_B_24H) {
        return encode(cmos, hour);
    }
    uint8_t value = encode(cmos, hour % 12 ? hour % 12 : 12);
    return hour >= 12 ? value | RTC_HOURS_PM : value;
}

/*
 * DEVIATION: values out of range wrap.  The chip counts them on in irregular ways.
 */
static uint64_t time_of_day(const uint8_t *cmos)
{
    return (decode_hour(cmos, cmos[RTC_HOURS]) * 60u + decode(cmos, cmos[RTC_MINUTES]) % 60) * 60u +
           decode(cmos, cmos[RTC_SECONDS]) % 60;
}

static void set_time_of_day(uint8_t *cmos, uint64_t seconds)
{
    cmos[RTC_SECONDS] = encode(cmos, (unsigned)(seconds % 60));
    cmos[RTC_MINUTES] = encode(cmos, (unsigned)(seconds / 60 % 60));
    cmos[RTC_HOURS] = encode_hour(cmos, (unsigned)(seconds / 3600));
}

static uint64_t days_of(const uint8_t *cmos)
{
    return calendar_days((CalendarDate){
        .year = decode(cmos, cmos[CMOS_CENTURY]) * 100u + decode(cmos, cmos[RTC_YEAR]),
        .month = decode(cmos, cmos[RTC_MONTH]),
        .day = decode(cmos, cmos[RTC_DATE]),
    });
}

/*
 * DEVIATION: the chip has no century, and takes every fourth year for a leap year.
 * Here byte 0x32 counts centuries, and 2100 is no leap year.
 */
static void set_days(uint8_t *cmos, uint64_t total)
{
    CalendarDate date = calendar_date(total);
    cmos[RTC_DATE] = encode(cmos, date.day);
    cmos[RTC_MONTH] = encode(cmos, date.month);
    cmos[RTC_YEAR] = encode(cmos, (unsigned)(date.year % 100));
    cmos[CMOS_CENTURY] = encode(cmos, (unsigned)(date.year / 100 % 100));
}

/* The day of the week is a separate counter.  It does not depend on the date. */
static void add_days(uint8_t *cmos, uint64_t more)
{
    uint64_t weekday = decode(cmos, cmos[RTC_DAY_OF_WEEK]) + 6 + more % 7;
    cmos[RTC_DAY_OF_WEEK] = encode(cmos, (unsigned)(weekday % 7 + 1));
    set_days(cmos, days_of(cmos) + more);
}

void rtc_time_add(uint8_t *cmos, uint64_t seconds)
{
    uint64_t total = time_of_day(cmos) + seconds;
    set_time_of_day(cmos, total % SECONDS_PER_DAY);
    if (total >= SECONDS_PER_DAY) {
        add_days(cmos, total / SECONDS_PER_DAY);
    }
}

void rtc_time_store(uint8_t *cmos, uint64_t seconds)
{
    uint64_t since_1970 = seconds / SECONDS_PER_DAY;
    set_time_of_day(cmos, seconds % SECONDS_PER_DAY);
    set_days(cmos, CALENDAR_1970 + since_1970);
    cmos[RTC_DAY_OF_WEEK] = encode(cmos, (unsigned)((since_1970 + THURSDAY) % 7) + 1);
}

/* ---- the alarm ---- */

static bool alarm_matches(const uint8_t *cmos, unsigned alarm, uint8_t value)
{
    uint8_t wanted = cmos[alarm];
    return (wanted & RTC_ALARM_DONT_CARE) == RTC_ALARM_DONT_CARE || wanted == value;
}

/* The seconds from `time` to the next time that can match the alarm.  0: `time` itself matches. */
static unsigned alarm_skip(const uint8_t *cmos, unsigned time)
{
    if (!alarm_matches(cmos, RTC_HOURS_ALARM, encode_hour(cmos, time / 3600 % 24))) {
        return 3600 - time % 3600;
    }
    if (!alarm_matches(cmos, RTC_MINUTES_ALARM, encode(cmos, time / 60 % 60))) {
        return 60 - time % 60;
    }
    return !alarm_matches(cmos, RTC_SECONDS_ALARM, encode(cmos, time % 60));
}

uint64_t rtc_time_until_alarm(const uint8_t *cmos)
{
    unsigned start = (unsigned)time_of_day(cmos);
    for (unsigned ahead = 1; ahead <= SECONDS_PER_DAY;) {
        unsigned skip = alarm_skip(cmos, start + ahead);
        if (skip == 0) {
            return ahead;
        }
        ahead += skip;
    }
    return 0;
}
