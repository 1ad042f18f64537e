/*
 * The MC146818A real-time clock, a sentence of the data sheet each.
 */
#include "devices/mc146818_regs.h"
#include "tests/unit/rig.h"

#include <string.h>

#define INDEX    0x70
#define DATA     0x71
#define IRQ      8u
#define NMI_LINE 20u

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

/* 2026-11-21 22:33:44, a Saturday. */
#define BASE "base=1795300424"

typedef struct Rtc {
    Rig *rig;
    Device *dev;
} Rtc;

/* ---- helpers ---- */

static void rtc_setup_with(Rtc *t, const char *properties)
{
    t->rig = rig_new();
    t->dev = rig_device_new(t->rig, "mc146818rtc");
    device_connect(t->dev, "nmi-mask", rig_line(t->rig, NMI_LINE));
    g_assert_true(rig_realize(t->rig, t->dev, properties));
}

static void rtc_setup(Rtc *t, gconstpointer data)
{
    rtc_setup_with(t, data ? data : BASE);
}

static void rtc_teardown(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_free(t->rig);
}

static uint8_t get(Rtc *t, uint8_t reg)
{
    rig_outb(t->rig, INDEX, reg);
    return rig_inb(t->rig, DATA);
}

static void put(Rtc *t, uint8_t reg, uint8_t value)
{
    rig_outb(t->rig, INDEX, reg);
    rig_outb(t->rig, DATA, value);
}

static bool irq(Rtc *t)
{
    return rig_irq(t->rig, IRQ);
}

static unsigned edges(Rtc *t)
{
    return rig_irq_edges(t->rig, IRQ);
}

/* The clock as the guest reads it: "2026-11-21 22:33:44 w7". */
static char *clock_text(Rtc *t)
{
    return g_strdup_printf("%02x%02x-%02x-%02x %02x:%02x:%02x w%x", get(t, CMOS_CENTURY),
                           get(t, RTC_YEAR), get(t, RTC_MONTH), get(t, RTC_DATE), get(t, RTC_HOURS),
                           get(t, RTC_MINUTES), get(t, RTC_SECONDS), get(t, RTC_DAY_OF_WEEK));
}

#define expect_clock(t, expected)                                                                  \
    do {                                                                                           \
        g_autofree char *clock_ = clock_text(t);                                                   \
        g_assert_cmpstr(clock_, ==, expected);                                                     \
    } while (0)

static void put_time(Rtc *t, uint8_t hours, uint8_t minutes, uint8_t seconds)
{
    put(t, RTC_HOURS, hours);
    put(t, RTC_MINUTES, minutes);
    put(t, RTC_SECONDS, seconds);
}

static void put_date(Rtc *t, uint8_t century, uint8_t year, uint8_t month, uint8_t date)
{
    put(t, CMOS_CENTURY, century);
    put(t, RTC_YEAR, year);
    put(t, RTC_MONTH, month);
    put(t, RTC_DATE, date);
}

static void put_alarm(Rtc *t, uint8_t hours, uint8_t minutes, uint8_t seconds)
{
    put(t, RTC_HOURS_ALARM, hours);
    put(t, RTC_MINUTES_ALARM, minutes);
    put(t, RTC_SECONDS_ALARM, seconds);
}

static void set_rate(Rtc *t, uint8_t rate)
{
    put(t, RTC_A, RTC_A_DV_32K | rate);
}

static uint64_t next_deadline(Rtc *t)
{
    return clock_next_deadline(rig_clock(t->rig));
}

/* ---- time and date ---- */

static void base_is_the_date_at_machine_time_0(Rtc *t, gconstpointer data)
{
    (void)data;
    expect_clock(t, "2026-11-21 22:33:44 w7");
}

static void seconds_are_those_of_machine_time(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1);
    expect_clock(t, "2026-11-21 22:33:44 w7");
    rig_step(t->rig, 1);
    expect_clock(t, "2026-11-21 22:33:45 w7");
    rig_step(t->rig, 86400 * NS_PER_SECOND);
    expect_clock(t, "2026-11-22 22:33:45 w1");
}

static void a_year_does_not_drift(Rtc *t, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 365 * 24; i++) {
        rig_step(t->rig, 3600 * NS_PER_SECOND);
        get(t, RTC_SECONDS);
    }
    expect_clock(t, "2027-11-21 22:33:44 w1");
}

static void time_costs_no_timer(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, 10 * NS_PER_SECOND);
    get(t, RTC_C);
    g_assert_cmpuint(next_deadline(t), ==, CLOCK_NEVER);
}

static void binary_mode(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_DM | RTC_B_SET);
    put_time(t, 23, 59, 58);
    put_date(t, 20, 26, 12, 31);
    put(t, RTC_B, RTC_B_24H | RTC_B_DM);
    rig_step(t->rig, 2 * NS_PER_SECOND);
    g_assert_cmpuint(get(t, RTC_YEAR), ==, 27);
    g_assert_cmpuint(get(t, RTC_MONTH), ==, 1);
    g_assert_cmpuint(get(t, RTC_DATE), ==, 1);
    rig_step(t->rig, (13 * 3600 + 45 * 60 + 57) * NS_PER_SECOND);
    g_assert_cmpuint(get(t, RTC_HOURS), ==, 13);
    g_assert_cmpuint(get(t, RTC_MINUTES), ==, 45);
    g_assert_cmpuint(get(t, RTC_SECONDS), ==, 57);
}

static void mode_change_converts_nothing(Rtc *t, gconstpointer data)
{
    (void)data;
    uint8_t hours = get(t, RTC_HOURS), minutes = get(t, RTC_MINUTES);
    put(t, RTC_B, RTC_B_DM);
    g_assert_cmphex(get(t, RTC_HOURS), ==, hours);
    g_assert_cmphex(get(t, RTC_MINUTES), ==, minutes);
}

static void twelve_hour_mode_counts_through_noon_and_midnight(Rtc *t, gconstpointer data)
{
    (void)data;
    static const uint8_t BCD[] = {0x12, 0x01, 0x02, 0x03, 0x04, 0x05,
                                  0x06, 0x07, 0x08, 0x09, 0x10, 0x11};
    put(t, RTC_B, 0);
    put_time(t, 0x12, 0, 0);
    for (unsigned hour = 0; hour < 48; hour++) {
        uint8_t expected = BCD[hour % 12] | (hour % 24 >= 12 ? RTC_HOURS_PM : 0);
        g_assert_cmphex(get(t, RTC_HOURS), ==, expected);
        rig_step(t->rig, 3600 * NS_PER_SECOND);
    }
    g_assert_cmphex(get(t, RTC_DATE), ==, 0x23);
}

static void twelve_hour_binary(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_DM);
    put_time(t, 11 | RTC_HOURS_PM, 59, 59);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_HOURS), ==, 12);
    rig_step(t->rig, 12 * 3600 * NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_HOURS), ==, 12 | RTC_HOURS_PM);
}

static void months_have_their_lengths(Rtc *t, gconstpointer data)
{
    (void)data;
    static const uint8_t LAST[] = {0x31, 0x28, 0x31, 0x30, 0x31, 0x30,
                                   0x31, 0x31, 0x30, 0x31, 0x30, 0x31};
    for (unsigned month = 1; month <= 12; month++) {
        put_time(t, 0x23, 0x59, 0x59);
        put_date(t, 0x20, 0x23, (uint8_t)(month < 10 ? month : month + 6), LAST[month - 1]);
        rig_step(t->rig, NS_PER_SECOND);
        unsigned next = month % 12 + 1;
        g_assert_cmphex(get(t, RTC_DATE), ==, 1);
        g_assert_cmphex(get(t, RTC_MONTH), ==, next < 10 ? next : next + 6);
        g_assert_cmphex(get(t, RTC_YEAR), ==, month == 12 ? 0x24 : 0x23);
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
        put_time(t, 0x23, 0x59, 0x59);
        put_date(t, YEARS[i].century, YEARS[i].year, 0x02, 0x28);
        rig_step(t->rig, NS_PER_SECOND);
        g_assert_cmphex(get(t, RTC_DATE), ==, YEARS[i].leap ? 0x29 : 0x01);
    }
}

static void century_counts_on(Rtc *t, gconstpointer data)
{
    (void)data;
    put_time(t, 0x23, 0x59, 0x59);
    put_date(t, 0x19, 0x99, 0x12, 0x31);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(get(t, CMOS_CENTURY), ==, 0x20);
    g_assert_cmphex(get(t, RTC_YEAR), ==, 0);
}

static void day_of_week_is_a_counter_of_its_own(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_DAY_OF_WEEK, 7);
    put_time(t, 0x23, 0x59, 0x59);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_DAY_OF_WEEK), ==, 1);
    rig_step(t->rig, 86400 * 10 * NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_DAY_OF_WEEK), ==, 4);
}

static void lazy_days_equal_single_days(Rtc *t, gconstpointer data)
{
    (void)data;
    Rtc other;
    rtc_setup_with(&other, BASE);
    for (unsigned day = 0; day < 1500; day++) {
        rig_step(t->rig, 86400 * NS_PER_SECOND);
        get(t, RTC_DATE);
    }
    rig_step(other.rig, UINT64_C(1500) * 86400 * NS_PER_SECOND);
    g_autofree char *expected = clock_text(t);
    expect_clock(&other, expected);
    g_assert_cmpstr(expected, ==, "2030-12-30 22:33:44 w2");
    rtc_teardown(&other, NULL);
}

static void nonsense_in_the_registers_is_survived(Rtc *t, gconstpointer data)
{
    (void)data;
    for (unsigned mode = 0; mode < 4; mode++) {
        for (unsigned value = 0; value < 256; value++) {
            put(t, RTC_B, (uint8_t)(mode << 1));
            for (uint8_t reg = 0; reg <= RTC_YEAR; reg++) {
                put(t, reg, (uint8_t)value);
            }
            put(t, CMOS_CENTURY, (uint8_t)value);
            rig_step(t->rig, 100000 * NS_PER_SECOND);
            g_assert_cmpuint(get(t, RTC_MONTH), <=, 0x12);
            g_assert_cmpuint(get(t, RTC_DATE), <=, 0x31);
        }
    }
}

/* ---- update cycle ---- */

static void uip_rises_244_us_before_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1984 * US - 244 * US - 1);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, RTC_A_UIP);
}

static void uip_falls_at_the_end_of_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, RTC_A_UIP);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x44);
    rig_step(t->rig, 1);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, 0);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x45);
}

static void without_uip_there_are_244_us_to_read(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1984 * US - 244 * US - 1);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 244 * US);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x44);
}

static void set_stops_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_SET);
    rig_step(t->rig, 10 * NS_PER_SECOND);
    expect_clock(t, "2026-11-21 22:33:44 w7");
    g_assert_cmphex(get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    put_time(t, 0x01, 0x02, 0x03);
    put(t, RTC_B, RTC_B_24H);
    expect_clock(t, "2026-11-21 01:02:03 w7");
    rig_step(t->rig, NS_PER_SECOND);
    expect_clock(t, "2026-11-21 01:02:04 w7");
}

static void set_aborts_an_update_in_progress(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND - 1000 * US);
    put(t, RTC_B, RTC_B_24H | RTC_B_SET);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 1100 * US);
    put(t, RTC_B, RTC_B_24H);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x44);
}

static void set_leaves_the_divider_running(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_SET);
    rig_step(t->rig, 5 * NS_PER_SECOND + 300 * MS);
    put(t, RTC_B, RTC_B_24H);
    rig_step(t->rig, 700 * MS - 1);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x44);
    rig_step(t->rig, 1);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x45);
}

static void set_clears_uie(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    put(t, RTC_B, RTC_B_24H | RTC_B_UIE | RTC_B_SET);
    g_assert_cmphex(get(t, RTC_B), ==, RTC_B_24H | RTC_B_SET);
}

static void first_update_half_a_second_after_divider_reset(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, 123456789);
    put(t, RTC_A, RTC_A_DV_RESET | 6);
    rig_step(t->rig, 10 * NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x44);
    put(t, RTC_A, RTC_A_DV_32K | 6);
    rig_step(t->rig, 500 * MS - 244 * US - 1);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, RTC_A_UIP);
    rig_step(t->rig, 244 * US + 1984 * US);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x45);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x46);
}

static void divider_reset_holds_the_periodic_flag(Rtc *t, gconstpointer data)
{
    (void)data;
    get(t, RTC_C);
    put(t, RTC_A, RTC_A_DV_RESET | 6);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    put(t, RTC_A, RTC_A_DV_32K | 6);
    rig_step(t->rig, 976562);
    g_assert_cmphex(get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(get(t, RTC_C), ==, RTC_C_PF);
}

static void divider_reset_stops_uip(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_A, RTC_A_DV_RESET);
    for (unsigned i = 0; i < 2000; i++) {
        rig_step(t->rig, 1 * MS);
        g_assert_cmphex(get(t, RTC_A) & RTC_A_UIP, ==, 0);
    }
}

/* ---- update-ended interrupt and register C ---- */

static void uf_is_set_after_each_update(Rtc *t, gconstpointer data)
{
    (void)data;
    set_rate(t, 0);
    get(t, RTC_C);
    rig_step(t->rig, NS_PER_SECOND - 1);
    g_assert_cmphex(get(t, RTC_C) & RTC_C_UF, ==, 0);
    rig_step(t->rig, 1);
    g_assert_cmphex(get(t, RTC_C) & RTC_C_UF, ==, RTC_C_UF);
}

static void reading_register_c_clears_it(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_true(irq(t));
    g_assert_cmphex(get(t, RTC_C) & (RTC_C_IRQF | RTC_C_UF), ==, RTC_C_IRQF | RTC_C_UF);
    g_assert_false(irq(t));
    g_assert_cmphex(get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
}

static void flags_come_without_enables(Rtc *t, gconstpointer data)
{
    (void)data;
    put_alarm(t, 0xff, 0xff, 0xff);
    rig_step(t->rig, 2 * NS_PER_SECOND);
    g_assert_false(irq(t));
    g_assert_cmphex(get(t, RTC_C), ==, RTC_C_PF | RTC_C_AF | RTC_C_UF);
}

static void enabling_a_pending_flag_interrupts_at_once(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_false(irq(t));
    put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    g_assert_true(irq(t));
    put(t, RTC_B, RTC_B_24H);
    g_assert_false(irq(t));
}

static void update_interrupt_is_at_the_end_of_the_update(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_UIE);
    for (unsigned i = 1; i < 100; i++) {
        g_assert_cmpuint(next_deadline(t), ==, i * NS_PER_SECOND);
        rig_step(t->rig, NS_PER_SECOND);
        g_assert_cmpuint(rig_irq_changed_at(t->rig, IRQ), ==, i * NS_PER_SECOND);
        get(t, RTC_C);
    }
    g_assert_cmpuint(edges(t), ==, 99);
}

static void no_timer_while_the_interrupt_waits(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_UIE | RTC_B_PIE);
    rig_step(t->rig, NS_PER_SECOND);
    g_assert_true(irq(t));
    g_assert_cmpuint(next_deadline(t), ==, CLOCK_NEVER);
}

static void c_and_d_are_read_only(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_C, 0xff);
    put(t, RTC_D, 0x00);
    g_assert_cmphex(get(t, RTC_C) & 0x8f, ==, 0);
    g_assert_cmphex(get(t, RTC_D), ==, RTC_D_VRT);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
}

static void uip_cannot_be_written(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_A, 0xa6);
    g_assert_cmphex(get(t, RTC_A), ==, 0x26);
}

static void top_bit_of_the_seconds_is_read_only(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_SECONDS, 0xa5);
    g_assert_cmphex(get(t, RTC_SECONDS), ==, 0x25);
}

/* ---- alarm ---- */

static void alarm_once_a_day(Rtc *t, gconstpointer data)
{
    (void)data;
    put_alarm(t, 0x22, 0x33, 0x50);
    put(t, RTC_B, RTC_B_24H | RTC_B_AIE);
    get(t, RTC_C);
    for (unsigned day = 0; day < 3; day++) {
        uint64_t when = (day * UINT64_C(86400) + 6) * NS_PER_SECOND;
        g_assert_cmpuint(next_deadline(t), ==, when);
        rig_step(t->rig, when - rig_now(t->rig));
        g_assert_true(irq(t));
        g_assert_cmphex(get(t, RTC_C) & (RTC_C_IRQF | RTC_C_AF), ==, RTC_C_IRQF | RTC_C_AF);
    }
    g_assert_cmpuint(edges(t), ==, 3);
}

static unsigned alarms_in(Rtc *t, unsigned seconds)
{
    unsigned count = 0;
    get(t, RTC_C);
    for (unsigned i = 0; i < seconds; i++) {
        rig_step(t->rig, NS_PER_SECOND);
        count += !!(get(t, RTC_C) & RTC_C_AF);
    }
    return count;
}

static void alarm_every_hour(Rtc *t, gconstpointer data)
{
    (void)data;
    put_alarm(t, 0xc0, 0x00, 0x00);
    g_assert_cmpuint(alarms_in(t, 3 * 3600), ==, 3);
}

static void alarm_every_minute(Rtc *t, gconstpointer data)
{
    (void)data;
    put_alarm(t, 0xff, 0xc5, 0x00);
    g_assert_cmpuint(alarms_in(t, 600), ==, 10);
}

static void alarm_every_second(Rtc *t, gconstpointer data)
{
    (void)data;
    put_alarm(t, 0xff, 0xff, 0xff);
    g_assert_cmpuint(alarms_in(t, 100), ==, 100);
}

static void alarm_that_is_no_time_never_comes(Rtc *t, gconstpointer data)
{
    (void)data;
    put_alarm(t, 0xff, 0x60, 0x00);
    put(t, RTC_B, RTC_B_24H | RTC_B_AIE);
    g_assert_cmpuint(next_deadline(t), ==, CLOCK_NEVER);
    get(t, RTC_C);
    rig_step(t->rig, 100000 * NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_C) & RTC_C_AF, ==, 0);
}

static void alarm_in_twelve_hour_mode(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_AIE);
    put_time(t, 0x11, 0x59, 0x58);
    put_alarm(t, 0x12 | RTC_HOURS_PM, 0x00, 0x00);
    get(t, RTC_C);
    g_assert_cmpuint(next_deadline(t), ==, 2 * NS_PER_SECOND);
    rig_step(t->rig, 2 * NS_PER_SECOND);
    g_assert_true(irq(t));
}

static void alarm_that_passed_unseen_is_flagged(Rtc *t, gconstpointer data)
{
    (void)data;
    put_alarm(t, 0x03, 0x04, 0x05);
    get(t, RTC_C);
    rig_step(t->rig, 4 * 3600 * NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_C) & RTC_C_AF, ==, 0);
    rig_step(t->rig, 3600 * NS_PER_SECOND);
    g_assert_cmphex(get(t, RTC_C) & RTC_C_AF, ==, RTC_C_AF);
}

static void alarm_found_lazily_equals_every_second(Rtc *t, gconstpointer data)
{
    (void)data;
    GRand *rand = g_rand_new_with_seed(146818);
    Rtc lazy;
    rtc_setup_with(&lazy, BASE);
    for (unsigned run = 0; run < 60; run++) {
        uint8_t alarm[3];
        for (unsigned i = 0; i < 3; i++) {
            alarm[i] = (uint8_t)(g_rand_boolean(rand) ? 0xff : g_rand_int_range(rand, 0, 0x25));
        }
        put_alarm(t, alarm[0], alarm[1], alarm[2]);
        put_alarm(&lazy, alarm[0], alarm[1], alarm[2]);
        get(t, RTC_C);
        get(&lazy, RTC_C);
        unsigned seconds = (unsigned)g_rand_int_range(rand, 1, 4000);
        bool seen = alarms_in(t, seconds) > 0;
        rig_step(lazy.rig, seconds * NS_PER_SECOND);
        g_assert_cmpint(seen, ==, !!(get(&lazy, RTC_C) & RTC_C_AF));
    }
    rtc_teardown(&lazy, NULL);
    g_rand_free(rand);
}

/* ---- periodic interrupt ---- */

static void every_rate_has_its_frequency(Rtc *t, gconstpointer data)
{
    (void)data;
    static const unsigned HZ[] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                  256, 128, 64,  32,   16,   8,    4,    2};
    for (uint8_t rate = 0; rate < 16; rate++) {
        set_rate(t, rate);
        put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
        get(t, RTC_C);
        unsigned before = edges(t);
        uint64_t end = rig_now(t->rig) + NS_PER_SECOND;
        for (uint64_t next = next_deadline(t); next <= end; next = next_deadline(t)) {
            rig_step(t->rig, next - rig_now(t->rig));
            g_assert_cmphex(get(t, RTC_C) & RTC_C_PF, ==, RTC_C_PF);
        }
        rig_step(t->rig, end - rig_now(t->rig));
        g_assert_cmpuint(edges(t) - before, ==, HZ[rate]);
    }
}

static void a_million_periods_do_not_drift(Rtc *t, gconstpointer data)
{
    (void)data;
    set_rate(t, 3);
    put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    get(t, RTC_C);
    uint64_t start = next_deadline(t);
    for (unsigned i = 0; i < 1000000; i++) {
        rig_step(t->rig, next_deadline(t) - rig_now(t->rig));
        rig_outb(t->rig, INDEX, RTC_C);
        rig_inb(t->rig, DATA);
    }
    g_assert_cmpuint(edges(t), ==, 1000000);
    uint64_t took = rig_now(t->rig) - start;
    uint64_t ideal = 999999 * NS_PER_SECOND / 8192;
    g_assert_cmpuint(took, >=, ideal - 1);
    g_assert_cmpuint(took, <=, ideal + 1);
}

static void pf_is_set_without_pie(Rtc *t, gconstpointer data)
{
    (void)data;
    set_rate(t, 15);
    get(t, RTC_C);
    rig_step(t->rig, 500 * MS);
    g_assert_cmphex(get(t, RTC_C) & RTC_C_PF, ==, RTC_C_PF);
    g_assert_cmpuint(next_deadline(t), ==, CLOCK_NEVER);
}

static void periodic_runs_on_while_set(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, RTC_B, RTC_B_24H | RTC_B_SET | RTC_B_PIE);
    get(t, RTC_C);
    rig_step(t->rig, 2 * MS);
    g_assert_true(irq(t));
}

static unsigned ticks_after_a_late_second(Rtc *t, const char *policy)
{
    g_autofree char *properties = g_strdup_printf("lost-ticks=%s", policy);
    Rtc mine;
    (void)t;
    rtc_setup_with(&mine, properties);
    set_rate(&mine, 10);
    put(&mine, RTC_B, RTC_B_24H | RTC_B_PIE);
    get(&mine, RTC_C);
    rig_late(mine.rig, NS_PER_SECOND);
    unsigned ticks = 0;
    while (irq(&mine)) {
        g_assert_cmphex(get(&mine, RTC_C) & RTC_C_PF, ==, RTC_C_PF);
        ticks++;
    }
    g_assert_cmpuint(edges(&mine), ==, ticks);
    rtc_teardown(&mine, NULL);
    return ticks;
}

static void catchup_gives_every_periodic_interrupt(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(ticks_after_a_late_second(t, "catchup"), ==, 64);
}

static void merge_gives_one(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(ticks_after_a_late_second(t, "merge"), ==, 1);
}

static void drop_gives_none(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(ticks_after_a_late_second(t, "drop"), ==, 0);
}

static void another_rate_voids_what_is_owed(Rtc *t, gconstpointer data)
{
    (void)data;
    set_rate(t, 10);
    put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rig_late(t->rig, NS_PER_SECOND);
    set_rate(t, 11);
    get(t, RTC_C);
    g_assert_false(irq(t));
}

static void disabling_voids_what_is_owed(Rtc *t, gconstpointer data)
{
    (void)data;
    set_rate(t, 10);
    put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rig_late(t->rig, NS_PER_SECOND);
    put(t, RTC_B, RTC_B_24H);
    put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    get(t, RTC_C);
    g_assert_false(irq(t));
}

/* ---- CMOS ---- */

static void all_128_bytes(Rtc *t, gconstpointer data)
{
    (void)data;
    for (uint8_t reg = RTC_RAM; reg < CMOS_SIZE; reg++) {
        put(t, reg, (uint8_t)(reg ^ 0x5a));
    }
    for (uint8_t reg = RTC_RAM; reg < CMOS_SIZE; reg++) {
        g_assert_cmphex(get(t, reg), ==, reg ^ 0x5a);
    }
}

static void index_bit_7_masks_nmi(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_false(rig_irq(t->rig, NMI_LINE));
    rig_outb(t->rig, INDEX, RTC_INDEX_NMI_MASK | CMOS_EQUIPMENT);
    g_assert_true(rig_irq(t->rig, NMI_LINE));
    g_assert_cmphex(rig_inb(t->rig, DATA), ==, 0x06);
    rig_outb(t->rig, INDEX, 0);
    g_assert_false(rig_irq(t->rig, NMI_LINE));
}

static void index_port_is_write_only(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_outb(t->rig, INDEX, 0x12);
    g_assert_cmphex(rig_inb(t->rig, INDEX), ==, 0xff);
}

static unsigned cmos16(Rtc *t, uint8_t reg)
{
    return get(t, reg) | (unsigned)get(t, reg + 1) << 8;
}

static void expect_memory(const char *size, unsigned base, unsigned extended, unsigned above_16m,
                          unsigned above_4g)
{
    g_autofree char *properties = g_strdup_printf("ram-size=%s", size);
    Rtc t;
    rtc_setup_with(&t, properties);
    g_assert_cmpuint(cmos16(&t, CMOS_BASE_KB), ==, base);
    g_assert_cmpuint(cmos16(&t, CMOS_EXTENDED_KB), ==, extended);
    g_assert_cmpuint(cmos16(&t, CMOS_EXTENDED_KB_2), ==, extended);
    g_assert_cmpuint(cmos16(&t, CMOS_ABOVE_16M), ==, above_16m);
    g_assert_cmpuint(cmos16(&t, CMOS_ABOVE_4G) | (unsigned)get(&t, CMOS_ABOVE_4G + 2) << 16, ==,
                     above_4g);
    rtc_teardown(&t, NULL);
}

static void memory_size_is_filled_in(void)
{
    expect_memory("512K", 512, 0, 0, 0);
    expect_memory("1M", 640, 0, 0, 0);
    expect_memory("16M", 640, 15 * 1024, 0, 0);
    expect_memory("128M", 640, 65535, 112 * 16, 0);
    expect_memory("3G", 640, 65535, (3072 - 16) * 16, 0);
    expect_memory("8G", 640, 65535, (3072 - 16) * 16, 5 * 16384);
}

static void checksum_covers_the_configuration(Rtc *t, gconstpointer data)
{
    (void)data;
    unsigned sum = 0;
    for (uint8_t reg = CMOS_CHECKSUM_FIRST; reg <= CMOS_CHECKSUM_LAST; reg++) {
        sum += get(t, reg);
    }
    g_assert_cmpuint(sum, >, 0);
    g_assert_cmphex(get(t, CMOS_CHECKSUM) << 8 | get(t, CMOS_CHECKSUM + 1), ==, sum);
}

static void equipment_is_a_property(void)
{
    Rtc t;
    rtc_setup_with(&t, "equipment=0x2d");
    g_assert_cmphex(get(&t, CMOS_EQUIPMENT), ==, 0x2d);
    rtc_teardown(&t, NULL);
}

static void base_after_9999_is_refused(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device_new(rig, "mc146818rtc");
    g_assert_false(rig_realize(rig, dev, "base=253402300800"));
    g_assert_nonnull(strstr(rig_error(rig), "9999"));
}

static void base_of_odd_dates(void)
{
    static const struct {
        const char *base, *text;
    } DATES[] = {
        {"base=0", "1970-01-01 00:00:00 w5"},
        {"base=951782399", "2000-02-28 23:59:59 w2"},
        {"base=951782400", "2000-02-29 00:00:00 w3"},
        {"base=4107542400", "2100-03-01 00:00:00 w2"},
        {"base=253402300799", "9999-12-31 23:59:59 w6"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(DATES); i++) {
        Rtc t;
        rtc_setup_with(&t, DATES[i].base);
        expect_clock(&t, DATES[i].text);
        rtc_teardown(&t, NULL);
    }
}

/* ---- reset and state ---- */

static void reset_clears_enables_and_flags_only(Rtc *t, gconstpointer data)
{
    (void)data;
    put(t, CMOS_SHUTDOWN, 0x0a);
    put(t, RTC_B, 0xff & ~RTC_B_SET);
    rig_step(t->rig, 5 * NS_PER_SECOND);
    g_assert_true(irq(t));
    device_reset(t->dev);
    g_assert_false(irq(t));
    g_assert_cmphex(get(t, RTC_B), ==, RTC_B_DM | RTC_B_24H | RTC_B_DSE);
    g_assert_cmphex(get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    g_assert_cmphex(get(t, CMOS_SHUTDOWN), ==, 0x0a);
    g_assert_cmpuint(next_deadline(t), ==, CLOCK_NEVER);
}

static void reset_does_not_stop_the_clock(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND * 3 / 2);
    device_reset(t->dev);
    rig_step(t->rig, NS_PER_SECOND / 2);
    expect_clock(t, "2026-11-21 22:33:46 w7");
}

static void random_event(Rtc *t, GRand *rand)
{
    switch (g_rand_int_range(rand, 0, 8)) {
    case 0:
        put(t, (uint8_t)g_rand_int_range(rand, 0, RTC_C), (uint8_t)g_rand_int(rand));
        break;
    case 1:
        set_rate(t, (uint8_t)g_rand_int_range(rand, 0, 16));
        break;
    case 2:
        put(t, RTC_B, (uint8_t)(g_rand_int(rand) & ~RTC_B_SET));
        break;
    case 3:
        put_alarm(t, 0xff, (uint8_t)g_rand_int(rand), (uint8_t)g_rand_int_range(rand, 0, 0x60));
        break;
    case 4:
        rig_late(t->rig, (uint64_t)g_rand_int_range(rand, 1, 400000000));
        break;
    case 5:
        get(t, RTC_C);
        break;
    default:
        rig_step(t->rig, (uint64_t)g_rand_int_range(rand, 1, 900000000));
    }
}

static void random_run(Rtc *t, guint32 seed, unsigned events)
{
    GRand *rand = g_rand_new_with_seed(seed);
    for (unsigned i = 0; i < events; i++) {
        random_event(t, rand);
    }
    g_rand_free(rand);
}

static char *observe(Rtc *t)
{
    GString *seen = g_string_new(NULL);
    unsigned before = edges(t);
    for (unsigned i = 0; i < 60; i++) {
        g_autofree char *clock = clock_text(t);
        g_string_append_printf(seen, "%s A=%02x irq=%d edges=%u", clock, get(t, RTC_A), irq(t),
                               edges(t) - before);
        g_string_append_printf(seen, " C=%02x irq=%d\n", i % 3 ? 0 : get(t, RTC_C), irq(t));
        rig_step(t->rig, 77777777);
    }
    return g_string_free(seen, false);
}

static void saved_state_equals_the_uninterrupted_run(void)
{
    for (unsigned run = 0; run < 300; run++) {
        Rtc a, b;
        rtc_setup_with(&a, BASE);
        rtc_setup_with(&b, "base=0");
        random_run(&a, run, run % 50);
        clock_skip(rig_clock(b.rig), rig_now(a.rig));
        g_autoptr(GBytes) saved = device_save(a.dev);
        g_assert_true(rig_load(b.dev, saved));
        g_assert_cmpint(irq(&a), ==, irq(&b));
        g_autofree char *of_a = observe(&a), *of_b = observe(&b);
        g_assert_cmpstr(of_a, ==, of_b);
        rtc_teardown(&a, NULL);
        rtc_teardown(&b, NULL);
    }
}

/* The battery keeps the rest. */
static void reset_from_any_state_leaves_no_trace_but_the_battery(void)
{
    for (unsigned run = 0; run < 200; run++) {
        Rtc a;
        rtc_setup_with(&a, BASE);
        random_run(&a, run, 40);
        g_autofree char *before = clock_text(&a);
        device_reset(a.dev);
        expect_clock(&a, before);
        g_assert_false(irq(&a));
        g_assert_cmpuint(next_deadline(&a), ==, CLOCK_NEVER);
        g_assert_cmphex(get(&a, RTC_B) & (RTC_B_PIE | RTC_B_AIE | RTC_B_UIE | RTC_B_SQWE), ==, 0);
        g_assert_cmphex(get(&a, RTC_C), ==, 0);
        rtc_teardown(&a, NULL);
    }
}

static void irq_is_b_and_c(void)
{
    Rtc t;
    rtc_setup_with(&t, BASE);
    GRand *rand = g_rand_new_with_seed(818);
    for (unsigned i = 0; i < 5000; i++) {
        random_event(&t, rand);
        uint8_t enabled = get(&t, RTC_B);
        bool level = irq(&t);
        uint8_t flags = get(&t, RTC_C);
        g_assert_cmpint(level, ==, !!(flags & enabled & 0x70));
        g_assert_cmpint(level, ==, !!(flags & RTC_C_IRQF));
    }
    g_rand_free(rand);
    rtc_teardown(&t, NULL);
}

static void impossible_state_is_refused(Rtc *t, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *field;
        unsigned index;
        uint64_t value;
    } BAD[] = {
        {"index", 0, 128},     {"phase", 0, NS_PER_SECOND}, {"owed", 0, 65537},
        {"synced", 0, 1},      {"cmos", RTC_A, 0xa6},       {"cmos", RTC_C, 0x80},
        {"cmos", RTC_D, 0x00}, {"synced", 0, UINT64_MAX},
    };
    g_autoptr(GBytes) saved = device_save(t->dev);
    for (unsigned i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, BAD[i].field, BAD[i].index, BAD[i].value);
        g_assert_false(rig_load(t->dev, bad));
    }
    g_assert_true(rig_load(t->dev, saved));
}

static void describe_shows_the_date(Rtc *t, gconstpointer data)
{
    (void)data;
    g_autofree char *text = device_describe(t->dev);
    g_assert_nonnull(strstr(text, "2026-11-21 22:33:44"));
}

#define SENTENCE(path, name)                                                                       \
    g_test_add("/mc146818/" path "/" #name, Rtc, NULL, rtc_setup, name, rtc_teardown)
#define STANDALONE(path, name) g_test_add_func("/mc146818/" path "/" #name, name)

static void add_time(void)
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
    STANDALONE("calendar", base_of_odd_dates);
    STANDALONE("calendar", base_after_9999_is_refused);
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

static void add_interrupts(void)
{
    SENTENCE("irq", uf_is_set_after_each_update);
    SENTENCE("irq", reading_register_c_clears_it);
    SENTENCE("irq", flags_come_without_enables);
    SENTENCE("irq", enabling_a_pending_flag_interrupts_at_once);
    SENTENCE("irq", update_interrupt_is_at_the_end_of_the_update);
    SENTENCE("irq", no_timer_while_the_interrupt_waits);
    SENTENCE("registers", c_and_d_are_read_only);
    SENTENCE("registers", uip_cannot_be_written);
    SENTENCE("registers", top_bit_of_the_seconds_is_read_only);
    SENTENCE("alarm", alarm_once_a_day);
    SENTENCE("alarm", alarm_every_hour);
    SENTENCE("alarm", alarm_every_minute);
    SENTENCE("alarm", alarm_every_second);
    SENTENCE("alarm", alarm_that_is_no_time_never_comes);
    SENTENCE("alarm", alarm_in_twelve_hour_mode);
    SENTENCE("alarm", alarm_that_passed_unseen_is_flagged);
    SENTENCE("alarm", alarm_found_lazily_equals_every_second);
    SENTENCE("periodic", every_rate_has_its_frequency);
    SENTENCE("periodic", a_million_periods_do_not_drift);
    SENTENCE("periodic", pf_is_set_without_pie);
    SENTENCE("periodic", periodic_runs_on_while_set);
    SENTENCE("lost", catchup_gives_every_periodic_interrupt);
    SENTENCE("lost", merge_gives_one);
    SENTENCE("lost", drop_gives_none);
    SENTENCE("lost", another_rate_voids_what_is_owed);
    SENTENCE("lost", disabling_voids_what_is_owed);
}

static void add_cmos_and_state(void)
{
    SENTENCE("cmos", all_128_bytes);
    SENTENCE("cmos", index_bit_7_masks_nmi);
    SENTENCE("cmos", index_port_is_write_only);
    STANDALONE("cmos", memory_size_is_filled_in);
    SENTENCE("cmos", checksum_covers_the_configuration);
    STANDALONE("cmos", equipment_is_a_property);
    SENTENCE("reset", reset_clears_enables_and_flags_only);
    SENTENCE("reset", reset_does_not_stop_the_clock);
    STANDALONE("state", saved_state_equals_the_uninterrupted_run);
    STANDALONE("state", reset_from_any_state_leaves_no_trace_but_the_battery);
    STANDALONE("state", irq_is_b_and_c);
    SENTENCE("state", impossible_state_is_refused);
    SENTENCE("state", describe_shows_the_date);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_time();
    add_interrupts();
    add_cmos_and_state();
    return g_test_run();
}
