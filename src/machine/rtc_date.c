#include "src/machine/rtc_date.h"

#include "src/base/error.h"
#include "src/base/keyval.h"

#include <string.h>

static bool refuse(GError **error, const char *key, const char *value, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-rtc %s=%s: %s", key, value, why);
    return false;
}

static bool parse_date(const char *text, int64_t *base, GError **error)
{
    g_autofree char *with_time =
        strchr(text, 'T') ? g_strdup(text) : g_strdup_printf("%sT00:00:00", text);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(with_time, utc);
    if (!date || g_date_time_get_year(date) < 1970) {
        return refuse(error, "base", text,
                      "neither utc, localtime nor a date as 2006-06-17 or 2006-06-17T16:01:21");
    }
    *base = g_date_time_to_unix(date);
    return true;
}

static bool parse_base(const char *text, int64_t *base, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    if (!strcmp(text, "utc")) {
        *base = g_date_time_to_unix(now);
    } else if (!strcmp(text, "localtime")) {
        *base = g_date_time_to_unix(now) + g_date_time_get_utc_offset(now) / G_TIME_SPAN_SECOND;
    } else {
        return parse_date(text, base, error);
    }
    return true;
}

bool rtc_options_parse(const char *text, RtcOptions *options, GError **error)
{
    static const char *const KEYS[] = {"base", "clock", NULL};
    g_autoptr(GHashTable) table = keyval_parse("-rtc", text ? text : "", NULL, KEYS, error);
    if (!table) {
        return false;
    }
    const char *base = g_hash_table_lookup(table, "base");
    const char *clock = g_hash_table_lookup(table, "clock");
    options->follows_host = !clock || !strcmp(clock, "host");
    if (clock && strcmp(clock, "host") && strcmp(clock, "vm")) {
        return refuse(error, "clock", clock, "neither host nor vm");
    }
    return parse_base(base ? base : "utc", &options->base, error);
}
