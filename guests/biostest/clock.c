#include "guests/biostest/biostest.h"

static void wait_for_tick(void)
{
    uint32_t before = BDA->ticks;
    while (BDA->ticks == before) {
        wait_for_interrupt();
    }
}

static void test_ticks(void)
{
    about("INT 1Ah, ticks");
    FarPointer old = {IVT[0x1c].offset, IVT[0x1c].segment};
    set_handler(0x1c, 0, (uint16_t)(uint32_t)tick_handler);
    Regs set = interrupt_abcd(0x1a, 0x0100, 0, 0x0017, 0xfff0);
    check(!carry(&set), "they can be set");
    wait_for_tick();
    wait_for_tick();
    Regs got = interrupt_ax(0x1a, 0);
    check_is(got.cx, 0x0017);
    check(got.dx >= 0xfff2 && got.dx < 0xfffa, "they count");
    check(tick_calls >= 2, "INT 1Ch is called");
    check_is(got.al, 0);
    interrupt_abcd(0x1a, 0x0100, 0, 0x0018, 0x00af);
    wait_for_tick();
    Regs midnight = interrupt_ax(0x1a, 0);
    check(midnight.al == 1 && midnight.cx == 0, "midnight is told");
    check_is(interrupt_ax(0x1a, 0).al, 0);
    set_handler(0x1c, old.segment, old.offset);
}

/* 29 February 2024 was a Thursday. */
static void test_date(void)
{
    about("INT 1Ah, date and time");
    Regs date = interrupt_abcd(0x1a, 0x0500, 0, 0x2024, 0x0229);
    Regs time = interrupt_abcd(0x1a, 0x0300, 0, 0x1234, 0x5600);
    check(!carry(&date) && !carry(&time), "they can be set");
    Regs time_got = interrupt_ax(0x1a, 0x0200);
    check(!carry(&time_got), "the time can be read");
    check_is(time_got.cx, 0x1234);
    check(time_got.dh >= 0x56 && time_got.dh < 0x60 && time_got.dl == 0, "as it was set");
    Regs date_got = interrupt_ax(0x1a, 0x0400);
    check(!carry(&date_got) && date_got.cx == 0x2024 && date_got.dx == 0x0229, "so can the date");
    out8(0x70, 6);
    check_is(in8(0x71), 5);
    interrupt_abcd(0x1a, 0x0500, 0, 0x1999, 0x1231);
    out8(0x70, 6);
    check_is(in8(0x71), 6);
}

static void test_alarm(void)
{
    about("INT 1Ah, alarm");
    set_handler(0x4a, 0, (uint16_t)(uint32_t)alarm_handler);
    interrupt_abcd(0x1a, 0x0300, 0, 0x1234, 0x5900);
    Regs set = interrupt_abcd(0x1a, 0x0600, 0, 0x1235, 0x0000);
    check(!carry(&set), "it can be set");
    Regs again = interrupt_abcd(0x1a, 0x0600, 0, 0x1235, 0x0000);
    check(carry(&again), "there can be one of them");
    for (unsigned i = 0; i < 40 && !alarm_calls; i++) {
        wait_for_tick();
    }
    check_is(alarm_calls, 1);
    interrupt_ax(0x1a, 0x0700);
    Regs after = interrupt_abcd(0x1a, 0x0600, 0, 0x1235, 0x0000);
    check(!carry(&after), "it can be taken back");
    interrupt_ax(0x1a, 0x0700);
    Regs wrong = interrupt_ax(0x1a, 0x7700);
    check(carry(&wrong), "other functions are refused");
}

void test_clock(void)
{
    test_ticks();
    test_date();
    test_alarm();
}
