/* Time: the ticks of the timer, the real-time clock, and waits.  INT 08h, 1Ah and 70h. */
#include "bios/services.h"

#include "devices/timer/i8254_regs.h"
#include "devices/timer/mc146818_regs.h"
#include "src/machine/pc_board.h"

#define VECTOR_TICK  0x1c
#define VECTOR_ALARM 0x4a

#define TICKS_PER_DAY   0x1800b0u
#define TICK_CLOCKS_LOG 16 /* clocks of the timer in a tick, as a power of two */

#define RTC_A_RUNNING (RTC_A_DV_32K | 0x06)
#define RTC_PERIOD_US 976 /* the period of 1024 Hz, which register A selects */

#define WAIT_ACTIVE 0x01
#define WAIT_OVER   0x80

/* The value of the diskette controller's digital output register with the motors off. */
#define FLOPPY_DOR       0x3f2
#define FLOPPY_MOTOR_OFF 0x0c

/* ---- CMOS ---- */

uint8_t cmos_read(uint8_t index)
{
    out8(PORT_RTC + RTC_INDEX, index);
    return in8(PORT_RTC + RTC_DATA);
}

uint16_t cmos_read16(uint8_t index)
{
    uint8_t low = cmos_read(index);
    return (uint16_t)(low | cmos_read(index + 1) << 8);
}

void cmos_write(uint8_t index, uint8_t value)
{
    out8(PORT_RTC + RTC_INDEX, index);
    out8(PORT_RTC + RTC_DATA, value);
}

/* An update takes 2 ms at most.  While the clock is being set, there is none. */
static void await_update(void)
{
    while (cmos_read(RTC_A) & RTC_A_UIP) {
    }
}

static unsigned from_bcd(uint8_t value)
{
    return (value >> 4) * 10u + (value & 0x0fu);
}

/* ---- ticks ---- */

static uint32_t ticks_of_day(void)
{
    await_update();
    uint32_t seconds = from_bcd(cmos_read(RTC_HOURS)) * 3600 +
                       from_bcd(cmos_read(RTC_MINUTES)) * 60 + from_bcd(cmos_read(RTC_SECONDS));
    return (uint32_t)((uint64_t)seconds * PIT_CLOCK_HZ >> TICK_CLOCKS_LOG);
}

void clock_setup(void)
{
    out8(PORT_PIT + PIT_CONTROL, PIT_CW_SC(0) | PIT_CW_RW_WORD | PIT_CW_MODE(3));
    out8(PORT_PIT + PIT_COUNTER0, 0);
    out8(PORT_PIT + PIT_COUNTER0, 0);
    cmos_write(RTC_A, RTC_A_RUNNING);
    cmos_write(RTC_B, RTC_B_24H);
    cmos_read(RTC_C);
    cmos_read(RTC_D);
    BDA->ticks = ticks_of_day();
}

uint32_t clock_ticks_since(uint32_t start)
{
    uint32_t now = BDA->ticks;
    return now >= start ? now - start : now + TICKS_PER_DAY - start;
}

static void stop_floppy_motor(void)
{
    if (BDA->floppy_timeout && !--BDA->floppy_timeout) {
        BDA->floppy_motor &= 0xf0;
        out8(FLOPPY_DOR, FLOPPY_MOTOR_OFF);
    }
}

void clock_irq0(Regs *regs)
{
    (void)regs;
    uint32_t ticks = BDA->ticks + 1;
    if (ticks >= TICKS_PER_DAY) {
        ticks = 0;
        BDA->midnight = 1;
    }
    BDA->ticks = ticks;
    stop_floppy_motor();
    CallRegs call = {.eax = 0};
    bios_call_interrupt(VECTOR_TICK, &call, false);
    irq_end(IRQ_PIT);
}

/* ---- waiting ---- */

static void stop_waiting(void)
{
    cmos_write(RTC_B, cmos_read(RTC_B) & (uint8_t)~RTC_B_PIE);
    BDA->wait_active = 0;
    FarPointer flag = {BDA->wait_flag.offset, BDA->wait_flag.segment};
    far_write8(flag.segment, flag.offset, far_read8(flag.segment, flag.offset) | WAIT_OVER);
}

static void count_period(void)
{
    uint32_t left = BDA->wait_us;
    if (!(BDA->wait_active & WAIT_ACTIVE)) {
        return;
    }
    BDA->wait_us = left > RTC_PERIOD_US ? left - RTC_PERIOD_US : 0;
    if (!BDA->wait_us) {
        stop_waiting();
    }
}

void clock_irq8(Regs *regs)
{
    (void)regs;
    uint8_t causes = cmos_read(RTC_C) & cmos_read(RTC_B);
    if (causes & RTC_B_PIE) {
        count_period();
    }
    if (causes & RTC_B_AIE) {
        CallRegs call = {.eax = 0};
        bios_call_interrupt(VECTOR_ALARM, &call, false);
    }
    irq_end(IRQ_RTC);
}

static bool start_waiting(uint16_t segment, uint16_t offset, uint32_t us)
{
    if (BDA->wait_active & WAIT_ACTIVE) {
        return false;
    }
    BDA->wait_flag.segment = segment;
    BDA->wait_flag.offset = offset;
    BDA->wait_us = us;
    BDA->wait_active = WAIT_ACTIVE;
    cmos_write(RTC_B, cmos_read(RTC_B) | RTC_B_PIE);
    irq_unmask(IRQ_RTC);
    return true;
}

/* AL = 1 cancels the request. */
bool clock_wait_event(Regs *regs)
{
    if (regs->al == 1) {
        cmos_write(RTC_B, cmos_read(RTC_B) & (uint8_t)~RTC_B_PIE);
        BDA->wait_active = 0;
        return true;
    }
    uint32_t us = (uint32_t)regs->cx << 16 | regs->dx;
    return !regs->al && start_waiting(regs->es, regs->bx, us);
}

bool clock_wait(Regs *regs)
{
    volatile uint8_t flag = 0;
    uint32_t us = (uint32_t)regs->cx << 16 | regs->dx;
    if (!us) {
        return true;
    }
    if (!start_waiting(BIOS_DATA_SEGMENT, (uint16_t)(uint32_t)&flag, us)) {
        return false;
    }
    while (!(flag & WAIT_OVER)) {
        bios_wait();
    }
    return true;
}

/* ---- INT 1Ah ---- */

static void get_ticks(Regs *regs)
{
    uint32_t ticks = BDA->ticks;
    regs->al = BDA->midnight;
    BDA->midnight = 0;
    regs->cx = (uint16_t)(ticks >> 16);
    regs->dx = (uint16_t)ticks;
}

static void set_ticks(const Regs *regs)
{
    BDA->ticks = (uint32_t)regs->cx << 16 | regs->dx;
    BDA->midnight = 0;
}

static void get_time(Regs *regs)
{
    await_update();
    regs->dh = cmos_read(RTC_SECONDS);
    regs->cl = cmos_read(RTC_MINUTES);
    regs->ch = cmos_read(RTC_HOURS);
    regs->dl = cmos_read(RTC_B) & RTC_B_DSE;
}

/* Stops the clock while it is set. */
static uint8_t hold(void)
{
    uint8_t b = cmos_read(RTC_B) & (uint8_t)~RTC_B_SET;
    cmos_write(RTC_B, b | RTC_B_SET);
    return b;
}

static void set_time(const Regs *regs)
{
    uint8_t b = hold();
    cmos_write(RTC_SECONDS, regs->dh);
    cmos_write(RTC_MINUTES, regs->cl);
    cmos_write(RTC_HOURS, regs->ch);
    cmos_write(RTC_B, (uint8_t)((b & ~RTC_B_DSE) | (regs->dl & RTC_B_DSE)));
}

static void get_date(Regs *regs)
{
    await_update();
    regs->dl = cmos_read(RTC_DATE);
    regs->dh = cmos_read(RTC_MONTH);
    regs->cl = cmos_read(RTC_YEAR);
    regs->ch = cmos_read(CMOS_CENTURY);
}

/* The day of the week of a Gregorian date, by Zeller's formula.  Sunday is 1. */
static uint8_t day_of_week(unsigned year, unsigned month, unsigned day)
{
    if (month < 3) {
        month += 12;
        year--;
    }
    unsigned sum = day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400;
    return (uint8_t)((sum + 6) % 7 + 1);
}

static void set_date(const Regs *regs)
{
    unsigned year = from_bcd(regs->ch) * 100 + from_bcd(regs->cl);
    uint8_t b = hold();
    cmos_write(RTC_DAY_OF_WEEK, day_of_week(year, from_bcd(regs->dh), from_bcd(regs->dl)));
    cmos_write(RTC_DATE, regs->dl);
    cmos_write(RTC_MONTH, regs->dh);
    cmos_write(RTC_YEAR, regs->cl);
    cmos_write(CMOS_CENTURY, regs->ch);
    cmos_write(RTC_B, b);
}

/* Returns false if there is an alarm already. */
static bool set_alarm(const Regs *regs)
{
    uint8_t b = cmos_read(RTC_B);
    if (b & RTC_B_AIE) {
        return false;
    }
    cmos_write(RTC_SECONDS_ALARM, regs->dh);
    cmos_write(RTC_MINUTES_ALARM, regs->cl);
    cmos_write(RTC_HOURS_ALARM, regs->ch);
    cmos_write(RTC_B, b | RTC_B_AIE);
    irq_unmask(IRQ_RTC);
    return true;
}

void clock_service(Regs *regs)
{
    bool done = true;
    switch (regs->ah) {
    case 0x00:
        get_ticks(regs);
        break;
    case 0x01:
        set_ticks(regs);
        break;
    case 0x02:
        get_time(regs);
        break;
    case 0x03:
        set_time(regs);
        break;
    case 0x04:
        get_date(regs);
        break;
    case 0x05:
        set_date(regs);
        break;
    case 0x06:
        done = set_alarm(regs);
        break;
    case 0x07:
        cmos_write(RTC_B, cmos_read(RTC_B) & (uint8_t)~RTC_B_AIE);
        break;
    default:
        done = false;
        break;
    }
    regs_set_carry(regs, !done);
}
