/*
 * Time, date and alarm in the registers of the MC146818A (mc146818.c): BCD or
 * binary, with 12 or 24 hours, as register B selects.
 */
#ifndef PIOEMU_DEVICES_TIMER_MC146818_TIME_H
#define PIOEMU_DEVICES_TIMER_MC146818_TIME_H

#include <stdint.h>

/* Stores the date and time, given in seconds since 1970. */
void rtc_time_store(uint8_t *cmos, uint64_t seconds);
/* Adds `seconds`, as that number of update cycles would. */
void rtc_time_add(uint8_t *cmos, uint64_t seconds);
/* The number of updates until the alarm, from 1 up to those of a day.  0: it never matches. */
uint64_t rtc_time_until_alarm(const uint8_t *cmos);

#endif
