#include "bios/terminal.h"

#include "bios/services.h"
#include "devices/display/cp437.h"

#define DEFAULT_ATTRIBUTE 0x07
#define COLUMN_UNKNOWN    0xff
#define BUFFER_SIZE       64u

typedef struct Terminal {
    uint8_t row,
        column; /* of its cursor; a column after the last one wraps with the next character */
    uint8_t columns;
    uint8_t attribute;
    bool hidden; /* the cursor is hidden */
    uint8_t used;
    char buffer[BUFFER_SIZE];
} Terminal;

static Terminal terminal = {.columns = 80, .attribute = DEFAULT_ATTRIBUTE};

/* ---- bytes ---- */

/* If a program prints in an interrupt meanwhile, it first sends the earlier output. */
void terminal_end(void)
{
    if (terminal.used) {
        serial_console_await();
        serial_console_put(terminal.buffer, terminal.used);
        terminal.used = 0;
    }
}

static void put(char byte)
{
    if (terminal.used == BUFFER_SIZE) {
        terminal_end();
    }
    terminal.buffer[terminal.used++] = byte;
}

static void put_number(unsigned number)
{
    if (number >= 10) {
        put_number(number / 10);
    }
    put((char)('0' + number % 10));
}

/* A control sequence.  A parameter of 1 is left out. */
static void put_control(char final, unsigned parameter)
{
    put('\033');
    put('[');
    if (parameter != 1) {
        put_number(parameter);
    }
    put(final);
}

static void put_unicode(uint16_t code_point)
{
    if (code_point < 0x80) {
        put((char)code_point);
        return;
    }
    if (code_point < 0x800) {
        put((char)(0xc0 | code_point >> 6));
    } else {
        put((char)(0xe0 | code_point >> 12));
        put((char)(0x80 | (code_point >> 6 & 0x3f)));
    }
    put((char)(0x80 | (code_point & 0x3f)));
}

int terminal_from_unicode(uint32_t code_point)
{
    for (unsigned i = 0; i < sizeof(CP437_HIGH) / sizeof(CP437_HIGH[0]); i++) {
        if (CP437_HIGH[i] == code_point) {
            return (int)(0x7f + i);
        }
    }
    return -1;
}

/* ---- colours ---- */

/* The attribute has blue, green, red from bit 0 up; the terminal has the opposite order. */
static unsigned colour(unsigned attribute)
{
    static const uint8_t COLOURS[] = {0, 4, 2, 6, 1, 5, 3, 7};
    return COLOURS[attribute & 7];
}

static void put_parameter(unsigned number)
{
    put(';');
    put_number(number);
}

/* Grey on black means the terminal's default colours. */
static void set_attribute(uint8_t attribute)
{
    if (attribute == terminal.attribute) {
        return;
    }
    terminal.attribute = attribute;
    put('\033');
    put('[');
    put('0');
    if ((attribute & 0x0f) != DEFAULT_ATTRIBUTE) {
        put_parameter((attribute & 0x08 ? 90 : 30) + colour(attribute));
    }
    if (attribute & 0x70) {
        put_parameter(40 + colour(attribute >> 4));
    }
    if (attribute & 0x80) {
        put_parameter(5);
    }
    put('m');
}

/* ---- the cursor ---- */

static void carriage_return(void)
{
    if (terminal.column) {
        put('\r');
        terminal.column = 0;
    }
}

/* A line feed may move to the first column or keep the column, depending on the terminal. */
void terminal_line_feed(bool scrolls)
{
    if (terminal.column == terminal.columns) {
        carriage_return();
    }
    put('\n');
    terminal.row = (uint8_t)(terminal.row + !scrolls);
    terminal.column = terminal.column ? COLUMN_UNKNOWN : 0;
}

void terminal_move_to_row(unsigned row)
{
    while (terminal.row < row) {
        terminal_line_feed(false);
    }
    if (terminal.row > row) {
        put_control('A', terminal.row - row);
        terminal.row = (uint8_t)row;
    }
}

void terminal_move(unsigned row, unsigned column)
{
    terminal_move_to_row(row);
    if (column == terminal.column) {
        return;
    }
    if (column && column + 1 == terminal.column && terminal.column < terminal.columns) {
        put('\b');
    } else if (column < terminal.column) {
        carriage_return();
    }
    if (!terminal.column && column) {
        put_control('C', column);
    } else if (terminal.column < column) {
        put_control('C', column - terminal.column);
    }
    terminal.column = (uint8_t)column;
}

void terminal_character(uint8_t character, uint8_t attribute, unsigned columns)
{
    terminal.columns = (uint8_t)columns;
    set_attribute(attribute);
    put_unicode(cp437_unicode(character));
    terminal.column++;
}

void terminal_bell(void)
{
    put('\a');
}

void terminal_show_cursor(bool shown)
{
    if (shown != terminal.hidden) {
        return;
    }
    terminal.hidden = !shown;
    put('\033');
    put('[');
    put('?');
    put_number(25);
    put(shown ? 'h' : 'l');
}

/* ---- rows ---- */

void terminal_clear(uint8_t attribute)
{
    set_attribute(attribute);
    put_control('H', 1);
    put_control('J', 2);
    terminal.row = terminal.column = 0;
}

void terminal_insert_rows(unsigned count)
{
    set_attribute(DEFAULT_ATTRIBUTE);
    put_control('L', count);
}

void terminal_delete_rows(unsigned count)
{
    set_attribute(DEFAULT_ATTRIBUTE);
    put_control('M', count);
}
