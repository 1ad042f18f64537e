#include "guests/biostest/biostest.h"

#define SMAP     0x534d4150u
#define PM_TIMER 0x608

#define MIB 0x100000u

/* ---- memory ---- */

typedef struct Range {
    uint32_t base, base_high, size, size_high, type;
} Range;

static Range range;

static Regs map_entry(uint32_t index)
{
    Regs regs = {
        .eax = 0xe820,
        .ebx = index,
        .ecx = 20,
        .edx = SMAP,
        .di = (uint16_t)(uint32_t)&range,
    };
    interrupt(0x15, &regs);
    return regs;
}

/* Tests on the host compare these lines with the machine's memory. */
static void show_map(void)
{
    uint32_t index = 0;
    do {
        Regs regs = map_entry(index);
        check(!carry(&regs) && regs.eax == SMAP && regs.ecx == 20, "an entry of 20 bytes");
        note("base", range.base);
        note("base_high", range.base_high);
        note("size", range.size);
        note("size_high", range.size_high);
        note("type", range.type);
        index = regs.ebx;
    } while (index);
}

static void test_map(void)
{
    about("INT 15h, EAX = E820h");
    map_entry(0);
    check_is(range.base, 0);
    check_is(range.size, 639 * 1024);
    check_is(range.type, 1);
    map_entry(1);
    check_is(range.base, 639 * 1024);
    check_is(range.type, 2);
    Regs small = {.eax = 0xe820, .ecx = 19, .edx = SMAP, .di = (uint16_t)(uint32_t)&range};
    interrupt(0x15, &small);
    check(carry(&small), "19 bytes are too few");
    Regs signature = {.eax = 0xe820, .ecx = 20, .edx = 0x12345678};
    interrupt(0x15, &signature);
    check(carry(&signature) && signature.ah == 0x86, "the signature is asked for");
    Regs behind = map_entry(99);
    check(carry(&behind), "there is an end");
    show_map();
}

static void test_sizes(void)
{
    about("memory sizes");
    check_is(interrupt_ax(0x12, 0).ax, 639);
    Regs old = interrupt_ax(0x15, 0x8800);
    Regs big = interrupt_ax(0x15, 0xe801);
    check(!carry(&old) && !carry(&big), "INT 15h, AH = 88h and AX = E801h succeed");
    check_is(big.ax, big.cx);
    check_is(big.bx, big.dx);
    uint32_t kib = big.ax + big.bx * 64u;
    check(big.ax <= 15 * 1024 && (old.ax == kib || old.ax == 0xffff), "they agree");
    Regs ebda = interrupt_ax(0x15, 0xc100);
    check(!carry(&ebda) && ebda.es == 639 * 1024 / 16, "the extended data area is above");
    check_is(far_read8(ebda.es, 0), 1);
    check_is(BDA->ebda_segment, ebda.es);
}

/* ---- block move and address line 20 ---- */

static void set_base(uint8_t *gdt, unsigned index, uint32_t base)
{
    uint8_t *descriptor = gdt + index * 8;
    descriptor[0] = descriptor[1] = 0xff;
    descriptor[2] = (uint8_t)base;
    descriptor[3] = (uint8_t)(base >> 8);
    descriptor[4] = (uint8_t)(base >> 16);
    descriptor[5] = 0x93;
    descriptor[6] = 0;
    descriptor[7] = (uint8_t)(base >> 24);
}

static Regs move(uint32_t from, uint32_t to, uint16_t words)
{
    static uint8_t gdt[48];
    set_base(gdt, 2, from);
    set_base(gdt, 3, to);
    Regs regs = {.ax = 0x8700, .cx = words, .si = (uint16_t)(uint32_t)gdt};
    interrupt(0x15, &regs);
    return regs;
}

static void test_move(void)
{
    static uint16_t there[4] = {0x1234, 0x5678, 0x9abc, 0xdef0}, back[4];
    about("INT 15h, AH = 87h");
    Regs up = move((uint32_t)there, 2 * MIB + 3, 4);
    check(!carry(&up) && up.ah == 0, "it moves above 1 MiB");
    Regs down = move(2 * MIB + 3, (uint32_t)back, 3);
    check(!carry(&down) && back[0] == 0x1234 && back[2] == 0x9abc && !back[3],
          "and back, as many words as it is told");
    Regs many = move((uint32_t)there, 2 * MIB, 0x8001);
    check(carry(&many) && many.ah == 0x02, "64 KiB is the most");
    Regs zero_words = move((uint32_t)there, (uint32_t)back, 0);
    check(!carry(&zero_words) && back[3] == 0, "no words are none");
}

/* If the line is off, the memory at 1 MiB is also at 0. */
static bool line_is_on(void)
{
    far_write16(0, 0x4f0, 0x1234);
    far_write16(0xffff, 0x500, 0x4321);
    return far_read16(0, 0x4f0) == 0x1234;
}

static void test_a20(void)
{
    about("INT 15h, AH = 24h");
    check_is(interrupt_ax(0x15, 0x2402).al, 1);
    check_is(interrupt_ax(0x15, 0x2403).bx, 3);
    Regs off = interrupt_ax(0x15, 0x2400);
    check(!carry(&off) && off.ah == 0, "the line can be switched off");
    check_is(interrupt_ax(0x15, 0x2402).al, line_is_on());
    uint16_t value = 0x4711, back = 0;
    check(!carry(&(Regs){.flags = move((uint32_t)&value, 3 * MIB, 1).flags}),
          "blocks are moved meanwhile");
    check_is(interrupt_ax(0x15, 0x2402).al, line_is_on());
    Regs on = interrupt_ax(0x15, 0x2401);
    check(!carry(&on) && on.ah == 0, "the line can be switched on");
    check(interrupt_ax(0x15, 0x2402).al == 1 && line_is_on(), "it is on again");
    move(3 * MIB, (uint32_t)&back, 1);
    check_is(back, 0x4711);
    Regs wrong = interrupt_ax(0x15, 0x2404);
    check(carry(&wrong) && wrong.ah == 0x86, "there are no more");
}

/* ---- power ---- */

static Regs apm(uint8_t function, uint16_t bx, uint16_t cx)
{
    return interrupt_abcd(0x15, (uint16_t)(0x5300 | function), bx, cx, 0);
}

static void check_apm_error(uint8_t function, uint16_t bx, uint16_t cx, uint8_t error)
{
    Regs regs = apm(function, bx, cx);
    check(carry(&regs), "it is refused");
    check_is(regs.ah, error);
}

/* Everything except switching off. */
static void test_apm(void)
{
    about("INT 15h, AH = 53h");
    Regs there = apm(0x00, 0, 0);
    check(!carry(&there) && there.ax == 0x0102 && there.bx == 0x504d, "it is APM 1.2");
    check_is(there.cx & 3, 0);
    check_apm_error(0x00, 2, 0, 0x09);
    check_apm_error(0x04, 0, 0, 0x03);
    check_apm_error(0x0e, 0, 0x0101, 0x03);
    Regs on = apm(0x01, 0, 0);
    check(!carry(&on), "it can be connected");
    check_apm_error(0x01, 0, 0, 0x02);
    check_apm_error(0x02, 0, 0, 0x06);
    check_apm_error(0x03, 0, 0, 0x08);
    Regs version = apm(0x0e, 0, 0x0101);
    check(!carry(&version) && version.ax == 0x0101, "the driver's version is taken");
    Regs idle = apm(0x05, 0, 0);
    check(!carry(&idle), "it comes back from idling");
    Regs status = apm(0x0a, 1, 0);
    check(!carry(&status) && status.bx == 0x01ff && status.ch == 0x80, "mains and no battery");
    check_apm_error(0x07, 1, 2, 0x60);
    check_apm_error(0x07, 1, 4, 0x0a);
    check_apm_error(0x07, 7, 3, 0x09);
    check_apm_error(0x0b, 0, 0, 0x80);
    check_apm_error(0x42, 0, 0, 0x86);
    Regs off = apm(0x04, 0, 0);
    check(!carry(&off), "it can be disconnected");
}

/* ---- waiting ---- */

static uint32_t pm_timer(void)
{
    uint32_t value;
    __asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(PM_TIMER));
    return value;
}

static uint32_t us_since(uint32_t start)
{
    return ((pm_timer() - start) & 0xffffff) * 10 / 36;
}

static void test_waiting(void)
{
    static volatile uint8_t flag;
    about("INT 15h, AH = 83h and 86h");
    uint32_t start = pm_timer();
    Regs waited = interrupt_abcd(0x15, 0x8600, 0, 0, 20000);
    uint32_t us = us_since(start);
    check(!carry(&waited), "it succeeds");
    check(us >= 18000, "20 ms pass");
    note("us", us);
    /* A wait of minutes, so that it lasts until another one is requested, even on a slow host. */
    Regs event = interrupt_abcd(0x15, 0x8300, (uint16_t)(uint32_t)&flag, 0x1000, 0);
    check(!carry(&event) && !flag, "a wait is started");
    Regs again = interrupt_abcd(0x15, 0x8300, (uint16_t)(uint32_t)&flag, 0, 5000);
    check(carry(&again), "there can be one of them");
    Regs cancelled = interrupt_ax(0x15, 0x8301);
    Regs next = interrupt_abcd(0x15, 0x8600, 0, 0, 2000);
    check(!carry(&cancelled) && !carry(&next) && !flag, "it can be taken back");
    interrupt_abcd(0x15, 0x8300, (uint16_t)(uint32_t)&flag, 0, 5000);
    while (!flag) {
        wait_for_interrupt();
    }
    check_is(flag, 0x80);
    flag = 0;
}

/* ---- the others ---- */

static void test_configuration(void)
{
    about("INT 11h, 15h and 17h");
    Regs table = interrupt_ax(0x15, 0xc000);
    check(!carry(&table) && table.ah == 0, "there is a configuration");
    check_is(far_read16(table.es, table.bx), 8);
    check_is(far_read8(table.es, (uint16_t)(table.bx + 2)), 0xfc);
    check_is(far_read8(0xf000, 0xfffe), 0xfc);
    check_is(interrupt_ax(0x11, 0).ax & 0x0e30, 0x0420);
    Regs joystick = interrupt_ax(0x15, 0x8400);
    check(carry(&joystick) && joystick.ah == 0x86, "there is no joystick");
    Regs key = interrupt_ax(0x15, 0x4f1e);
    check(carry(&key) && key.ax == 0x4f1e, "keys are left as they are");
    Regs device = interrupt_ax(0x15, 0x9000);
    check(!carry(&device) && device.ah == 0, "devices may wait");
    check_is(interrupt_ax(0x17, 0x0200).ah, 0x01);
    check_is(interrupt_ax(0x21, 0x1234).ax, 0x1234);
}

/* Looks for the tables as an operating system does. */
static void test_tables(void)
{
    about("tables");
    uint16_t at = 0;
    while (at < 0x2000 && (far_read32(BIOS_SEGMENT, at) != 0x20445352 ||
                           far_read32(BIOS_SEGMENT, at + 4) != 0x20525450)) {
        at += 16;
    }
    check(at < 0x2000, "the ACPI root pointer is in the BIOS's segment");
}

void test_system(void)
{
    test_map();
    test_sizes();
    test_move();
    test_a20();
    test_apm();
    test_waiting();
    test_configuration();
    test_tables();
}
