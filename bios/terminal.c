#include "bios/terminal.h"

#include "bios/services.h"

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

/* What a PC's screen shows for codes that are not ASCII. */
static const uint16_t LOW[32] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9,
    0x2642, 0x2640, 0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7,
    0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t HIGH[129] = {
    0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
    0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb,
    0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3,
    0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab,
    0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551,
    0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e,
    0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565,
    0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590,
    0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9,
    0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7,
    0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

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

static uint16_t to_unicode(uint8_t character)
{
    return character < 0x20   ? LOW[character]
           : character < 0x7f ? character
                              : HIGH[character - 0x7f];
}

int terminal_from_unicode(uint32_t code_point)
{
    for (unsigned i = 0; i < sizeof(HIGH) / sizeof(HIGH[0]); i++) {
        if (HIGH[i] == code_point) {
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
    put_unicode(to_unicode(character));
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
