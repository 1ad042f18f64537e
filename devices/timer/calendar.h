/*
 * The Gregorian calendar, counted in days.
 */
#ifndef PIOEMU_DEVICES_TIMER_CALENDAR_H
#define PIOEMU_DEVICES_TIMER_CALENDAR_H

#include <stdint.h>

/* Midnight between 31 December 1969 and 1 January 1970, a Thursday. */
#define CALENDAR_1970 719528u

typedef struct CalendarDate {
    uint64_t year;
    unsigned month, day; /* from 1 */
} CalendarDate;

/*
 * The days from 1 January of the year 0.  A month or day out of range is taken for
 * the nearest one.
 */
uint64_t calendar_days(CalendarDate date);
CalendarDate calendar_date(uint64_t days);

#endif
