/*
 * INT 10h: a text screen of 25 rows, whose changes are shown on the terminal.
 *
 * With a VGA, vga.c serves INT 10h on it.  The terminal then shows the same text,
 * unless there is a viewer of the screen: COM1 belongs to the guest then.
 *
 * The contents of the screen are kept here, so that characters can be read back,
 * and windows that are narrower than the terminal can scroll.  The rows are a ring,
 * because the usual scroll moves all of them.
 */
#include "bios/services.h"
#include "bios/terminal.h"
#include "bios/vga.h"

#include "src/machine/pc_board.h"

#define ROWS        25u
#define COLUMNS_MAX 80u
#define PAGES       8u
#define BLANK       0x0720u
#define ATTRIBUTE   0x07u

#define MODE_MASK     0x7f
#define MODE_KEEP     0x80
#define MODE_80_COLOR 3

#define CURSOR_HIDDEN 0x2000
#define CURSOR_SHAPE  0x0607

#define STRING_MOVES      0x01
#define STRING_ATTRIBUTES 0x02

/* The file in which the machine names the serial port of a console. */
#define CONSOLE_FILE "etc/sercon-port"

/* The BIOS's variables of the screen, in two parts. */
#define VARIABLES_START 0x449
#define VARIABLES_SIZE  30u
#define FURTHER_START   0x484
#define FURTHER_SIZE    7u

static bool has_vga;
static bool mirrors; /* with a VGA: whether the terminal shows the text, too */

typedef struct Screen {
    uint8_t first;   /* the index in `cells` of the first row */
    uint8_t columns; /* of the current mode */
    uint16_t cells[ROWS][COLUMNS_MAX];
} Screen;

static Screen screen = {.columns = COLUMNS_MAX,
                        .cells = {[0 ... ROWS - 1] = {[0 ... COLUMNS_MAX - 1] = BLANK}}};

static uint16_t *row_cells(unsigned row)
{
    unsigned index = screen.first + row;
    return screen.cells[index < ROWS ? index : index - ROWS];
}

/* The cursor's row, limited to the screen wherever a program has put it. */
static unsigned cursor_row(void)
{
    unsigned row = BDA->cursor[0] >> 8;
    return row < ROWS ? row : ROWS - 1;
}

static unsigned cursor_column(void)
{
    unsigned column = BDA->cursor[0] & 0xff, count = screen.columns;
    return column < count ? column : count - 1;
}

static void set_cursor(unsigned row, unsigned column)
{
    BDA->cursor[0] = (uint16_t)(row << 8 | column);
}

void video_show_cursor(void)
{
    if (has_vga && !mirrors) {
        return;
    }
    terminal_move(cursor_row(), cursor_column());
    terminal_end();
}

/* ---- cells ---- */

static void blank_row(unsigned row, unsigned left, unsigned right, uint8_t attribute)
{
    uint16_t *cells = row_cells(row);
    for (unsigned i = left; i <= right; i++) {
        cells[i] = (uint16_t)(attribute << 8 | ' ');
    }
}

static void put_cell(unsigned row, unsigned column, uint16_t cell)
{
    row_cells(row)[column] = cell;
    terminal_move(row, column);
    terminal_character((uint8_t)cell, (uint8_t)(cell >> 8), screen.columns);
}

static void redraw(unsigned top, unsigned left, unsigned bottom, unsigned right)
{
    for (unsigned row = top; row <= bottom; row++) {
        terminal_move(row, left);
        for (unsigned i = left; i <= right; i++) {
            put_cell(row, i, row_cells(row)[i]);
        }
    }
}

/* ---- scrolling ---- */

typedef struct Window {
    unsigned top, left, bottom, right, lines;
    uint8_t attribute;
    bool down;
} Window;

static unsigned window_rows(const Window *w)
{
    return w->bottom - w->top + 1;
}

static bool is_wide(const Window *w)
{
    return !w->left && w->right == screen.columns - 1u;
}

static void copy_row(unsigned to, unsigned from, unsigned left, unsigned right)
{
    uint16_t *target = row_cells(to);
    const uint16_t *source = row_cells(from);
    for (unsigned i = left; i <= right; i++) {
        target[i] = source[i];
    }
}

static void scroll_cells(const Window *w)
{
    unsigned kept = window_rows(w) - w->lines;
    for (unsigned i = 0; i < kept; i++) {
        unsigned to = w->down ? w->bottom - i : w->top + i;
        copy_row(to, w->down ? to - w->lines : to + w->lines, w->left, w->right);
    }
    for (unsigned i = 0; i < w->lines; i++) {
        blank_row(w->down ? w->top + i : w->bottom - i, w->left, w->right, w->attribute);
    }
}

/* Scrolls whole rows, which the terminal can do.  Lines below the screen do not move. */
static void scroll_rows(const Window *w)
{
    unsigned end = w->bottom + 1 - w->lines;
    terminal_move(w->down ? end : w->top, 0);
    terminal_delete_rows(w->lines);
    terminal_move(w->down ? w->top : end, 0);
    terminal_insert_rows(w->lines);
}

/* Moves all rows up by one. */
static void roll(uint8_t attribute)
{
    screen.first = (uint8_t)((screen.first + 1u) % ROWS);
    blank_row(ROWS - 1, 0, COLUMNS_MAX - 1, attribute);
}

/* The screen's last row scrolls a terminal that has as many rows. */
static void scroll_screen(unsigned lines, uint8_t attribute)
{
    while (lines--) {
        roll(attribute);
        terminal_move(ROWS - 1, 0);
        terminal_line_feed(true);
    }
}

static void scroll(const Window *w)
{
    bool whole = is_wide(w) && !w->top && w->bottom == ROWS - 1;
    bool plain = w->attribute == ATTRIBUTE;
    if (whole && w->lines == ROWS) {
        scroll_cells(w);
        terminal_clear(w->attribute);
        return;
    }
    if (whole && plain && !w->down) {
        scroll_screen(w->lines, w->attribute);
        return;
    }
    scroll_cells(w);
    if (is_wide(w) && plain) {
        scroll_rows(w);
    } else {
        redraw(w->top, w->left, w->bottom, w->right);
    }
}

static unsigned at_most(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

/* 0 lines means all of them. */
static void service_scroll(const Regs *regs)
{
    Window w = {
        .top = regs->ch,
        .left = regs->cl,
        .bottom = at_most(regs->dh, ROWS - 1),
        .right = at_most(regs->dl, screen.columns - 1u),
        .lines = regs->al,
        .attribute = regs->bh,
        .down = regs->ah == 0x07,
    };
    if (w.top > w.bottom || w.left > w.right) {
        return;
    }
    w.lines = w.lines && w.lines < window_rows(&w) ? w.lines : window_rows(&w);
    scroll(&w);
    video_show_cursor();
}

/* ---- characters ---- */

static void new_line(unsigned row, unsigned column)
{
    terminal_move_to_row(row);
    if (row < ROWS - 1) {
        set_cursor(row + 1, column);
        terminal_line_feed(false);
        return;
    }
    set_cursor(row, column);
    roll(ATTRIBUTE);
    terminal_line_feed(true);
}

static void put_glyph(unsigned row, unsigned column, uint16_t cell)
{
    put_cell(row, column, cell);
    if (column + 1 < screen.columns) {
        set_cursor(row, column + 1);
    } else {
        new_line(row, 0);
    }
}

static void move(unsigned row, unsigned column)
{
    set_cursor(row, column);
    terminal_move(row, column);
}

/* Prints like a teletype.  An `attribute` of -1 keeps the attribute of the cell. */
static void type(uint8_t character, int attribute)
{
    unsigned row = cursor_row(), column = cursor_column();
    switch (character) {
    case '\a':
        terminal_bell();
        break;
    case '\b':
        move(row, column ? column - 1 : 0);
        break;
    case '\n':
        new_line(row, column);
        break;
    case '\r':
        move(row, 0);
        break;
    default:
        if (attribute < 0) {
            attribute = row_cells(row)[column] >> 8;
        }
        put_glyph(row, column, (uint16_t)(attribute << 8 | character));
        break;
    }
}

/* The VGA and the terminal begin at the same place. */
void video_teletype(uint8_t character)
{
    const uint16_t cursor = BDA->cursor[0];
    if (!has_vga || mirrors) {
        type(character, -1);
    }
    if (has_vga) {
        BDA->cursor[0] = cursor;
        vga_teletype(character);
    }
}

/* Characters after the last column continue in the next row.  They end with the last row. */
static void service_write(const Regs *regs)
{
    unsigned row = cursor_row(), column = cursor_column();
    if (regs->bh != BDA->video_page) {
        return;
    }
    for (unsigned i = 0; i < regs->cx && row < ROWS; i++) {
        uint8_t attribute = regs->ah == 0x09 ? regs->bl : (uint8_t)(row_cells(row)[column] >> 8);
        put_cell(row, column, (uint16_t)(attribute << 8 | regs->al));
        column++;
        if (column == screen.columns) {
            column = 0;
            row++;
        }
    }
    terminal_end();
}

static void service_read(Regs *regs)
{
    regs->ax = regs->bh == BDA->video_page ? row_cells(cursor_row())[cursor_column()] : BLANK;
}

static void service_string(const Regs *regs)
{
    uint16_t before = BDA->cursor[0], at = regs->bp;
    set_cursor(at_most(regs->dh, ROWS - 1), at_most(regs->dl, screen.columns - 1u));
    for (unsigned i = 0; i < regs->cx; i++) {
        uint8_t character = far_read8(regs->es, at++);
        uint8_t attribute = regs->al & STRING_ATTRIBUTES ? far_read8(regs->es, at++) : regs->bl;
        type(character, attribute);
    }
    if (!(regs->al & STRING_MOVES)) {
        BDA->cursor[0] = before;
    }
    video_show_cursor();
}

/* ---- modes ---- */

static void clear(void)
{
    for (unsigned row = 0; row < ROWS; row++) {
        blank_row(row, 0, COLUMNS_MAX - 1, ATTRIBUTE);
    }
    terminal_clear(ATTRIBUTE);
}

static void set_variables(uint8_t mode)
{
    BDA->video_mode = mode;
    BDA->video_columns = screen.columns = mode < 2 ? 40 : 80;
    BDA->video_page_size = mode < 2 ? 0x800 : 0x1000;
    BDA->video_page_start = 0;
    BDA->video_page = 0;
    BDA->cursor_shape = CURSOR_SHAPE;
    BDA->crtc_port = PORT_CRTC;
    BDA->video_rows = ROWS - 1;
    BDA->character_height = 16;
    for (unsigned i = 0; i < PAGES; i++) {
        BDA->cursor[i] = 0;
    }
}

void video_setup(void)
{
    set_variables(MODE_80_COLOR);
    has_vga = vga_is_there();
    if (has_vga) {
        mirrors = fw_cfg_file_number(CONSOLE_FILE, sizeof(uint16_t), 0);
        vga_set_mode(vga_mode(MODE_80_COLOR), true);
    }
}

/* Sets one of the text modes.  Other modes do not exist, and the screen does not change. */
static void service_set_mode(Regs *regs)
{
    uint8_t mode = regs->al & MODE_MASK;
    if (mode > MODE_80_COLOR && mode != 7) {
        return;
    }
    bool keep = regs->al & MODE_KEEP;
    set_variables(mode);
    regs->al = 0x30;
    terminal_show_cursor(true);
    if (!keep) {
        clear();
    }
    video_show_cursor();
}

static void service_set_cursor(const Regs *regs)
{
    if (regs->bh >= PAGES) {
        return;
    }
    BDA->cursor[regs->bh] = regs->dx;
    if (!regs->bh) {
        video_show_cursor();
    }
}

static void service_cursor_shape(const Regs *regs)
{
    BDA->cursor_shape = regs->cx;
    terminal_show_cursor(!(regs->cx & CURSOR_HIDDEN));
    terminal_end();
}

static void service_get_cursor(Regs *regs)
{
    regs->dx = regs->bh < PAGES ? BDA->cursor[regs->bh] : 0;
    regs->cx = BDA->cursor_shape;
}

/* AL = 30h: the height of the characters and the number of rows. */
static void service_font(Regs *regs)
{
    if (regs->al == 0x30) {
        regs->cx = BDA->character_height;
        regs->dl = BDA->video_rows;
        regs->es = IVT[0x43].segment;
        regs->bp = IVT[0x43].offset;
    }
}

static void service_get_mode(Regs *regs)
{
    regs->al = BDA->video_mode;
    regs->ah = (uint8_t)screen.columns;
    regs->bh = BDA->video_page;
}

/* AL tells the caller that there is no VGA and no VESA. */
static void service_unsupported(Regs *regs)
{
    if (regs->ah == 0x1a || regs->ah == 0x1b || regs->ah == 0x4f) {
        regs->ax = regs->ah == 0x4f ? 0x0100 : 0;
    }
}

static void serve_terminal(Regs *regs)
{
    switch (regs->ah) {
    case 0x00:
        service_set_mode(regs);
        break;
    case 0x01:
        service_cursor_shape(regs);
        break;
    case 0x02:
        service_set_cursor(regs);
        break;
    case 0x03:
        service_get_cursor(regs);
        break;
    case 0x06:
    case 0x07:
        service_scroll(regs);
        break;
    case 0x08:
        service_read(regs);
        break;
    case 0x09:
    case 0x0a:
        service_write(regs);
        break;
    case 0x0e:
        type(regs->al, -1);
        terminal_end();
        break;
    case 0x0f:
        service_get_mode(regs);
        break;
    case 0x11:
        service_font(regs);
        break;
    case 0x13:
        service_string(regs);
        break;
    default:
        service_unsupported(regs);
        break;
    }
}

static volatile __seg_fs uint8_t *variable(unsigned i)
{
    const uint32_t address =
        i < VARIABLES_SIZE ? VARIABLES_START + i : FURTHER_START + i - VARIABLES_SIZE;
    return (volatile __seg_fs uint8_t *)address;
}

/* What the terminal's screen does to the BIOS's variables is undone: those are the VGA's. */
static void mirror(const Regs *regs)
{
    uint8_t saved[VARIABLES_SIZE + FURTHER_SIZE];
    Regs copy = *regs;
    for (unsigned i = 0; i < sizeof(saved); i++) {
        saved[i] = *variable(i);
    }
    serve_terminal(&copy);
    for (unsigned i = 0; i < sizeof(saved); i++) {
        *variable(i) = saved[i];
    }
}

void video_service(Regs *regs)
{
    if (!has_vga) {
        serve_terminal(regs);
        return;
    }
    if (mirrors) {
        mirror(regs);
    }
    vga_service(regs);
}
