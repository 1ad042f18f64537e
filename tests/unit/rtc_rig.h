/* Shared by the tests of the MC146818A: the chip as it is in a PC. */
#ifndef PIOEMU_TEST_RTC_RIG_H
#define PIOEMU_TEST_RTC_RIG_H

#include "devices/timer/mc146818_regs.h"
#include "tests/unit/rig.h"

#include <string.h>

#define INDEX    0x70
#define DATA     0x71
#define IRQ      8u
#define NMI_LINE 20u

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

/* An owed interrupt comes this long after a read of register C. */
#define PAUSE_NS UINT64_C(61036)

/* 2026-11-21 22:33:44, a Saturday. */
#define BASE "base=1795300424"

typedef struct Rtc {
    Rig *rig;
    Device *dev;
} Rtc;

static inline void rtc_setup_with(Rtc *t, const char *properties)
{
    t->rig = rig_new();
    t->dev = rig_device_new(t->rig, "mc146818rtc");
    device_connect(t->dev, "nmi-mask", rig_line(t->rig, NMI_LINE), NULL);
    g_assert_true(rig_realize(t->rig, t->dev, properties));
}

static inline void rtc_setup(Rtc *t, gconstpointer data)
{
    rtc_setup_with(t, data ? data : BASE);
}

static inline void rtc_teardown(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_free(t->rig);
}

static inline uint8_t rtc_get(Rtc *t, uint8_t reg)
{
    rig_outb(t->rig, INDEX, reg);
    return rig_inb(t->rig, DATA);
}

static inline void rtc_put(Rtc *t, uint8_t reg, uint8_t value)
{
    rig_outb(t->rig, INDEX, reg);
    rig_outb(t->rig, DATA, value);
}

static inline bool rtc_irq(Rtc *t)
{
    return rig_irq(t->rig, IRQ);
}

static inline unsigned rtc_edges(Rtc *t)
{
    return rig_irq_edges(t->rig, IRQ);
}

/* The clock as the guest reads it: "2026-11-21 22:33:44 w7". */
static inline char *rtc_clock_text(Rtc *t)
{
    return g_strdup_printf("%02x%02x-%02x-%02x %02x:%02x:%02x w%x", rtc_get(t, CMOS_CENTURY),
                           rtc_get(t, RTC_YEAR), rtc_get(t, RTC_MONTH), rtc_get(t, RTC_DATE),
                           rtc_get(t, RTC_HOURS), rtc_get(t, RTC_MINUTES), rtc_get(t, RTC_SECONDS),
                           rtc_get(t, RTC_DAY_OF_WEEK));
}

#define rtc_expect_clock(t, expected)                                                              \
    do {                                                                                           \
        g_autofree char *clock_ = rtc_clock_text(t);                                               \
        g_assert_cmpstr(clock_, ==, expected);                                                     \
    } while (0)

static inline void rtc_put_time(Rtc *t, uint8_t hours, uint8_t minutes, uint8_t seconds)
{
    rtc_put(t, RTC_HOURS, hours);
    rtc_put(t, RTC_MINUTES, minutes);
    rtc_put(t, RTC_SECONDS, seconds);
}

static inline void rtc_put_date(Rtc *t, uint8_t century, uint8_t year, uint8_t month, uint8_t date)
{
    rtc_put(t, CMOS_CENTURY, century);
    rtc_put(t, RTC_YEAR, year);
    rtc_put(t, RTC_MONTH, month);
    rtc_put(t, RTC_DATE, date);
}

static inline void rtc_put_alarm(Rtc *t, uint8_t hours, uint8_t minutes, uint8_t seconds)
{
    rtc_put(t, RTC_HOURS_ALARM, hours);
    rtc_put(t, RTC_MINUTES_ALARM, minutes);
    rtc_put(t, RTC_SECONDS_ALARM, seconds);
}

static inline void rtc_set_rate(Rtc *t, uint8_t rate)
{
    rtc_put(t, RTC_A, RTC_A_DV_32K | rate);
}

static inline uint64_t rtc_next_deadline(Rtc *t)
{
    return clock_next_deadline(rig_clock(t->rig));
}

#define SENTENCE(path, name)                                                                       \
    g_test_add("/mc146818/" path "/" #name, Rtc, NULL, rtc_setup, name, rtc_teardown)
#define STANDALONE(path, name) g_test_add_func("/mc146818/" path "/" #name, name)

#endif
