#include "guests/biostest/biostest.h"

#define BLANK 0x0720

static void at(uint8_t row, uint8_t column)
{
    interrupt_abcd(0x10, 0x0200, 0, 0, (uint16_t)(row << 8 | column));
}

static uint16_t where(void)
{
    return interrupt_ax(0x10, 0x0300).dx;
}

static uint16_t cell(uint8_t row, uint8_t column)
{
    uint16_t before = where();
    at(row, column);
    uint16_t got = interrupt_ax(0x10, 0x0800).ax;
    interrupt_abcd(0x10, 0x0200, 0, 0, before);
    return got;
}

static void type(char character)
{
    interrupt_abcd(0x10, (uint16_t)(0x0e00 | (uint8_t)character), 7, 0, 0);
}

static void test_modes(void)
{
    about("INT 10h, set and get mode");
    type('x');
    Regs set = interrupt_ax(0x10, 0x0003);
    check_is(set.al, 0x30);
    check_is(cell(0, 0), BLANK);
    check_is(where(), 0);
    Regs get = interrupt_ax(0x10, 0x0f00);
    check_is(get.ax, 0x5003);
    check_is(get.bh, 0);
    type('y');
    interrupt_ax(0x10, 0x0083);
    check_is(cell(0, 0), 0x0700 | 'y');
    interrupt_ax(0x10, 0x0013);
    check_is(interrupt_ax(0x10, 0x0f00).ax, 0x5003);
    interrupt_ax(0x10, 0x0001);
    check_is(interrupt_ax(0x10, 0x0f00).ax, 0x2801);
    interrupt_ax(0x10, 0x0003);
}

static void test_cursor(void)
{
    about("INT 10h, cursor");
    at(7, 11);
    check_is(where(), 0x070b);
    check_is(BDA->cursor[0], 0x070b);
    interrupt_abcd(0x10, 0x0200, 0x0300, 0, 0x0102);
    check_is(where(), 0x070b);
    check_is(interrupt_abcd(0x10, 0x0300, 0x0300, 0, 0).dx, 0x0102);
    interrupt_abcd(0x10, 0x0100, 0, 0x2007, 0);
    check_is(interrupt_ax(0x10, 0x0300).cx, 0x2007);
    interrupt_abcd(0x10, 0x0100, 0, 0x0607, 0);
}

static void test_teletype(void)
{
    about("INT 10h, teletype");
    at(3, 5);
    type('A');
    check_is(cell(3, 5), 0x0700 | 'A');
    check_is(where(), 0x0306);
    type('\b');
    check_is(where(), 0x0305);
    type('\r');
    check_is(where(), 0x0300);
    type('\b');
    check_is(where(), 0x0300);
    type('\n');
    check_is(where(), 0x0400);
    type('\a');
    check_is(where(), 0x0400);
    at(4, 79);
    type('Z');
    check_is(where(), 0x0500);
    at(24, 3);
    type('L');
    type('\n');
    check_is(where(), 0x1804);
    check_is(cell(23, 3), 0x0700 | 'L');
    check_is(cell(24, 3), BLANK);
    at(24, 79);
    type('W');
    check_is(where(), 0x1800);
    check_is(cell(23, 79), 0x0700 | 'W');
}

static void test_characters(void)
{
    about("INT 10h, write characters");
    at(10, 78);
    interrupt_abcd(0x10, 0x0900 | '#', 0x001e, 4, 0);
    check_is(where(), 0x0a4e);
    check_is(cell(10, 79), 0x1e00 | '#');
    check_is(cell(11, 1), 0x1e00 | '#');
    check_is(cell(11, 2), BLANK);
    interrupt_abcd(0x10, 0x0a00 | '+', 0x0055, 1, 0);
    check_is(cell(10, 78), 0x1e00 | '+');
    interrupt_abcd(0x10, 0x0900 | '-', 0x0407, 1, 0);
    check_is(cell(10, 78), 0x1e00 | '+');
    type('t');
    check_is(cell(10, 78), 0x1e00 | 't');
}

/* Puts a letter in each row, in the columns that are checked. */
static void fill(void)
{
    static const uint8_t COLUMNS[] = {0, 10, 20, 21, 79};
    interrupt_ax(0x10, 0x0003);
    for (uint8_t row = 0; row < 25; row++) {
        for (unsigned i = 0; i < sizeof(COLUMNS); i++) {
            at(row, COLUMNS[i]);
            interrupt_abcd(0x10, (uint16_t)(0x0900 | ('a' + row)), 0x0007, 1, 0);
        }
    }
}

static void test_scroll(void)
{
    about("INT 10h, scroll");
    fill();
    interrupt_abcd(0x10, 0x0601, 0x0700, 0x0000, 0x184f);
    check_is(cell(0, 0), 0x0700 | 'b');
    check_is(cell(23, 79), 0x0700 | 'y');
    check_is(cell(24, 0), BLANK);
    interrupt_abcd(0x10, 0x0702, 0x1700, 0x050a, 0x0814);
    check_is(cell(5, 10), 0x1720);
    check_is(cell(6, 20), 0x1720);
    check_is(cell(7, 10), 0x0700 | 'g');
    check_is(cell(8, 20), 0x0700 | 'h');
    check_is(cell(8, 21), 0x0700 | 'j');
    check_is(cell(9, 10), 0x0700 | 'k');
    interrupt_abcd(0x10, 0x0603, 0x0700, 0x0a00, 0x0d4f);
    check_is(cell(10, 0), 0x0700 | 'o');
    check_is(cell(11, 0), BLANK);
    check_is(cell(14, 0), 0x0700 | 'p');
    interrupt_abcd(0x10, 0x0600, 0x4f00, 0x0000, 0xffff);
    check_is(cell(0, 0), 0x4f20);
    check_is(cell(24, 79), 0x4f20);
    interrupt_abcd(0x10, 0x0600, 0x0700, 0x0000, 0x184f);
    interrupt_abcd(0x10, 0x0601, 0x0700, 0x0505, 0x0404);
    check_is(cell(4, 4), BLANK);
}

static void write_string(uint8_t mode, const void *text, uint16_t length, uint16_t place)
{
    Regs regs = {
        .ah = 0x13,
        .al = mode,
        .bl = 0x2f,
        .cx = length,
        .dx = place,
        .bp = (uint16_t)(uint32_t)text,
    };
    interrupt(0x10, &regs);
}

static void test_strings(void)
{
    static const char PLAIN[] = "ab\r\nc";
    static const uint8_t COLOURED[] = {'p', 0x12, 'q', 0x34};
    about("INT 10h, write string");
    interrupt_ax(0x10, 0x0003);
    at(20, 20);
    write_string(0, PLAIN, 5, 0x0203);
    check_is(where(), 0x1414);
    check_is(cell(2, 4), 0x2f00 | 'b');
    check_is(cell(3, 0), 0x2f00 | 'c');
    write_string(1, PLAIN, 5, 0x0503);
    check_is(where(), 0x0601);
    at(20, 20);
    write_string(2, COLOURED, 2, 0x0703);
    check_is(where(), 0x1414);
    check_is(cell(7, 3), 0x1200 | 'p');
    check_is(cell(7, 4), 0x3400 | 'q');
    write_string(3, COLOURED, 2, 0x0803);
    check_is(where(), 0x0805);
}

static void test_others(void)
{
    about("INT 10h, what there is not");
    check(interrupt_ax(0x10, 0x1a00).al != 0x1a, "there is no VGA");
    check_is(interrupt_abcd(0x10, 0x1200, 0xff10, 0, 0).bl, 0x10);
    check(interrupt_ax(0x10, 0x4f00).ax != 0x004f, "there is no VESA BIOS");
    check_is(interrupt_ax(0x10, 0x1130).dl, 24);
}

void test_video(void)
{
    test_modes();
    test_cursor();
    test_teletype();
    test_characters();
    test_scroll();
    test_strings();
    test_others();
    interrupt_ax(0x10, 0x0003);
}
