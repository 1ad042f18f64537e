/*
 * -rtc: which date the real-time clock starts with.
 */
#ifndef PIOEMU_MACHINE_RTC_DATE_H
#define PIOEMU_MACHINE_RTC_DATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct RtcOptions {
    int64_t base;      /* seconds since 1970 that the registers show at the start */
    bool follows_host; /* clock=host: the time goes on while the machine is paused */
} RtcOptions;

/* `text` is "base=utc|localtime|DATE,clock=host|vm" or NULL. */
bool rtc_options_parse(const char *text, RtcOptions *options, GError **error);

#endif
