/*
 * Time, date and alarm as the registers of the MC146818A (mc146818.c) hold
 * them: BCD or binary, 12 or 24 hours, as register B says.
 */
#ifndef PIOEMU_DEVICES_TIMER_MC146818_TIME_H
#define PIOEMU_DEVICES_TIMER_MC146818_TIME_H

#include <stdint.h>

/* The date that a PC's battery has kept, in seconds since 1970. */
void rtc_time_store(uint8_t *cmos, uint64_t seconds);
/* As so many update cycles do. */
void rtc_time_add(uint8_t *cmos, uint64_t seconds);
/* How many updates until the alarm, 1 to a day; 0: it never comes. */
uint64_t rtc_time_until_alarm(const uint8_t *cmos);

#endif
