/*
 * Draws on a terminal with ncursesw.  It is a module (curses_driver.h).
 *
 * ncurses wants to own a terminal: it writes until all is written, and sets the
 * modes.  Here it writes into a file in memory and reads from a pipe, so it
 * neither waits nor touches the user's terminal.
 */
#define NCURSES_WIDECHAR 1

#include "src/display/curses_driver.h"

#include "devices/device.h"

#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ESCAPE          27
#define ESCAPE_DELAY_MS 5
/*
 * Terminals of xterm's kind report each movement, or no more, in a form that we
 * read ourselves: ncurses joins events that come together.
 */
#define MOUSE_ON  "\x1b[?1003h\x1b[?1006h"
#define MOUSE_OFF "\x1b[?1003l\x1b[?1006l"

typedef struct Curses {
    FILE *out, *in;
    int memory, keys;  /* the descriptors of `out`, and of the pipe's other end */
    GByteArray *input; /* that ncurses has not got yet */
    SCREEN *screen;
    bool many_colours, sixteen_colours;
    unsigned buttons;
    bool cursor_shown, cursor_block;
    unsigned cursor_row, cursor_column;
} Curses;

/* ---- the terminal's kind ---- */

/* Without a locale of the user's, characters are UTF-8, as on most terminals. */
static void choose_characters(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
}

static bool open_files(Curses *curses)
{
    int ends[2];
    curses->memory = memfd_create("terminal", MFD_CLOEXEC);
    if (curses->memory < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        return false;
    }
    curses->keys = ends[1];
    curses->out = fdopen(curses->memory, "w+");
    curses->in = fdopen(ends[0], "r");
    return curses->out && curses->in;
}

static void curses_close(void *opaque)
{
    Curses *curses = opaque;
    if (curses->screen) {
        set_term(curses->screen);
        endwin();
        delscreen(curses->screen);
    }
    g_clear_pointer(&curses->out, fclose);
    g_clear_pointer(&curses->in, fclose);
    close(curses->keys);
    g_byte_array_unref(curses->input);
    g_free(curses);
}

static void set_up(Curses *curses)
{
    raw();
    noecho();
    nonl();
    keypad(stdscr, true);
    nodelay(stdscr, true);
    set_escdelay(ESCAPE_DELAY_MS);
    start_color();
    curses->many_colours = COLORS >= 256;
    curses->sixteen_colours = COLORS >= 16;
}

static void *curses_open(const char **why)
{
    Curses *curses = g_new0(Curses, 1);
    curses->keys = -1;
    curses->input = g_byte_array_new();
    choose_characters();
    if (!open_files(curses)) {
        *why = "no memory or descriptors for it";
    } else if (!(curses->screen = newterm(NULL, curses->out, curses->in)) || !tigetstr("cup") ||
               tigetstr("cup") == (char *)-1) {
        *why = "TERM names no terminal whose cursor can be placed";
    } else {
        set_up(curses);
        return curses;
    }
    curses_close(curses);
    return NULL;
}

/* ---- colours ---- */

/* The usual colours of a PC's text, in the order of its attributes. */
static const uint32_t PC_COLOURS[] = {
    0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa,
    0x555555, 0x5555ff, 0x55ff55, 0x55ffff, 0xff5555, 0xff55ff, 0xffff55, 0xffffff,
};

static unsigned distance(uint32_t a, uint32_t b)
{
    unsigned sum = 0;
    for (unsigned shift = 0; shift < 24; shift += 8) {
        int part = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);
        sum += (unsigned)(part * part);
    }
    return sum;
}

/* Terminals count red as 1 and blue as 4; a PC does it the other way round. */
static int terminal_colour(unsigned pc)
{
    return (int)((pc & 0xa) | (pc & 1) << 2 | (pc & 4) >> 2);
}

static unsigned nearest_pc_colour(uint32_t colour)
{
    unsigned best = 0;
    for (unsigned i = 1; i < G_N_ELEMENTS(PC_COLOURS); i++) {
        best = distance(PC_COLOURS[i], colour) < distance(PC_COLOURS[best], colour) ? i : best;
    }
    return best;
}

/* The number of a level of xterm's cube of 6 * 6 * 6 colours: 0, 95, 135 ... 255. */
static unsigned cube_level(unsigned part)
{
    return part < 48 ? 0 : part < 115 ? 1 : (part - 35) / 40;
}

static int find_colour(const Curses *curses, uint32_t colour, bool *bold)
{
    const unsigned pc = nearest_pc_colour(colour);
    *bold = false;
    if (curses->many_colours && PC_COLOURS[pc] != colour) {
        return (int)(16 + 36 * cube_level(colour >> 16 & 0xff) +
                     6 * cube_level(colour >> 8 & 0xff) + cube_level(colour & 0xff));
    }
    if (curses->sixteen_colours) {
        return terminal_colour(pc);
    }
    *bold = pc >= 8;
    return terminal_colour(pc & 7);
}

/* ---- drawing ---- */

static void curses_resize(void *opaque, unsigned columns, unsigned rows)
{
    set_term(((Curses *)opaque)->screen);
    resizeterm((int)rows, (int)columns);
}

static void curses_redraw(void *opaque)
{
    set_term(((Curses *)opaque)->screen);
    endwin();
    clearok(curscr, true);
}

static void curses_clear(void *opaque)
{
    set_term(((Curses *)opaque)->screen);
    erase();
}

static void put_cell(const Curses *curses, int row, int column, const CursesCell *cell)
{
    const wchar_t text[] = {(wchar_t)cell->character, 0};
    bool bold, pale;
    cchar_t whole;
    const int front = find_colour(curses, cell->foreground, &bold);
    const int back = find_colour(curses, cell->background, &pale);
    int pair = has_colors() ? alloc_pair(front, back) : 0;
    setcchar(&whole, text, (bold ? A_BOLD : A_NORMAL) | (cell->blinks ? A_BLINK : A_NORMAL), 0,
             &pair);
    mvadd_wch(row, column, &whole);
}

static void curses_put(void *opaque, unsigned row, unsigned column, const CursesCell *cells,
                       unsigned count)
{
    const Curses *curses = opaque;
    set_term(curses->screen);
    for (unsigned i = 0; i < count; i++) {
        put_cell(curses, (int)row, (int)(column + i), &cells[i]);
    }
}

static void curses_cursor(void *opaque, bool shown, unsigned row, unsigned column, bool block)
{
    Curses *curses = opaque;
    curses->cursor_shown = shown;
    curses->cursor_block = block;
    curses->cursor_row = row;
    curses->cursor_column = column;
}

static void curses_mouse(void *opaque, bool on)
{
    const Curses *curses = opaque;
    set_term(curses->screen);
    fflush(curses->out);
    dprintf(curses->memory, "%s", on ? MOUSE_ON : MOUSE_OFF);
}

/* Moves what is in the file in memory to `out`. */
static void take_output(const Curses *curses, GByteArray *out)
{
    fflush(curses->out);
    const off_t size = lseek(curses->memory, 0, SEEK_END);
    if (size > 0) {
        const guint start = out->len;
        g_byte_array_set_size(out, start + (guint)size);
        const ssize_t got = pread(curses->memory, out->data + start, (size_t)size, 0);
        g_byte_array_set_size(out, start + (guint)MAX(got, 0));
    }
    if (ftruncate(curses->memory, 0) == 0) {
        lseek(curses->memory, 0, SEEK_SET);
    }
}

static void curses_output(void *opaque, GByteArray *out)
{
    const Curses *curses = opaque;
    set_term(curses->screen);
    curs_set(curses->cursor_shown ? curses->cursor_block ? 2 : 1 : 0);
    move((int)curses->cursor_row, (int)curses->cursor_column);
    refresh();
    take_output(curses, out);
}

static void curses_farewell(void *opaque, GByteArray *out)
{
    static const char *const NAMES[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    const Curses *curses = opaque;
    set_term(curses->screen);
    g_byte_array_append(out, (const guint8 *)MOUSE_OFF, strlen(MOUSE_OFF));
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        const char *text = tigetstr(NAMES[i]);
        if (text && text != (char *)-1) {
            g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
        }
    }
}

/* ---- keys ---- */

static void curses_input(void *opaque, const uint8_t *data, size_t size)
{
    g_byte_array_append(((Curses *)opaque)->input, data, (guint)size);
}

/* The keys that terminfo knows.  The extended names end with a number for modifiers. */
static const struct {
    const char *terminfo, *name;
    int code;
} KEYS[] = {
    {"kUP", "up", KEY_UP},        {"kDN", "down", KEY_DOWN},          {"kLFT", "left", KEY_LEFT},
    {"kRIT", "right", KEY_RIGHT}, {"kHOM", "home", KEY_HOME},         {"kEND", "end", KEY_END},
    {"kPRV", "pgup", KEY_PPAGE},  {"kNXT", "pgdn", KEY_NPAGE},        {"kIC", "insert", KEY_IC},
    {"kDC", "delete", KEY_DC},    {NULL, "backspace", KEY_BACKSPACE}, {NULL, "kp_enter", KEY_ENTER},
    {NULL, "kp_5", KEY_B2},
};

static const struct {
    int code;
    const char *name;
} SHIFTED[] = {
    {KEY_SLEFT, "left"}, {KEY_SRIGHT, "right"},   {KEY_SR, "up"},      {KEY_SF, "down"},
    {KEY_SHOME, "home"}, {KEY_SEND, "end"},       {KEY_SDC, "delete"}, {KEY_SIC, "insert"},
    {KEY_SNEXT, "pgdn"}, {KEY_SPREVIOUS, "pgup"}, {KEY_BTAB, "tab"},
};

/* xterm's number for modifiers is 1 + 1 (shift) + 2 (alt) + 4 (ctrl). */
static void set_modifiers(CursesKey *key, unsigned number)
{
    key->shift |= (number - 1) & 1;
    key->alt |= ((number - 1) & 2) != 0;
    key->ctrl |= ((number - 1) & 4) != 0;
}

/* Terminfo numbers F1 with shift as F13, with ctrl as F25, with alt as F49. */
static bool function_key(int code, CursesKey *key)
{
    static const char *const NAMES[] = {"f1", "f2", "f3", "f4",  "f5",  "f6",
                                        "f7", "f8", "f9", "f10", "f11", "f12"};
    static const unsigned MODIFIERS[] = {1, 2, 5, 6, 3, 4};
    const unsigned number = (unsigned)(code - KEY_F(1));
    if (code < KEY_F(1) || number / 12 >= G_N_ELEMENTS(MODIFIERS)) {
        return false;
    }
    key->name = NAMES[number % 12];
    set_modifiers(key, MODIFIERS[number / 12]);
    return true;
}

static bool extended_key(int code, CursesKey *key)
{
    const char *name = keyname(code);
    for (size_t i = 0; name && i < G_N_ELEMENTS(KEYS); i++) {
        const size_t length = KEYS[i].terminfo ? strlen(KEYS[i].terminfo) : 0;
        if (length && !strncmp(name, KEYS[i].terminfo, length) && name[length] >= '2' &&
            name[length] <= '8' && !name[length + 1]) {
            key->name = KEYS[i].name;
            set_modifiers(key, (unsigned)(name[length] - '0'));
            return true;
        }
    }
    return false;
}

static bool named_key(int code, CursesKey *key)
{
    key->kind = CURSES_NAMED;
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (KEYS[i].code == code) {
            key->name = KEYS[i].name;
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(SHIFTED); i++) {
        if (SHIFTED[i].code == code) {
            key->name = SHIFTED[i].name;
            return key->shift = true;
        }
    }
    return function_key(code, key) || extended_key(code, key);
}

/* A key with Alt is the escape character and the key. */
static bool next_key(CursesKey *key)
{
    wint_t code;
    for (int kind = get_wch(&code); kind != ERR; kind = get_wch(&code)) {
        *key = (CursesKey){.kind = CURSES_CHARACTER};
        if (kind == OK && code == ESCAPE) {
            kind = get_wch(&code);
            key->alt = kind != ERR;
            code = kind == ERR ? ESCAPE : code;
            kind = kind == ERR ? OK : kind;
        }
        key->character = code;
        if (kind == OK || named_key((int)code, key)) {
            return true;
        }
    }
    return false;
}

/* ---- the mouse: ESC [ < CODE ; COLUMN ; ROW M, or m for a release ---- */

#define MOUSE_BEGINNING "\x1b[<"
#define MOUSE_SIZE_MAX  24u

enum { MOUSE_MOVES = 32, MOUSE_WHEEL = 64 };

static unsigned buttons_of(Curses *curses, unsigned code, bool pressed)
{
    static const unsigned BUTTONS[] = {POINTER_LEFT, POINTER_MIDDLE, POINTER_RIGHT, 0};
    const unsigned button = BUTTONS[code & 3];
    if (code & MOUSE_WHEEL) {
        return curses->buttons | (code & 1 ? POINTER_WHEEL_DOWN : POINTER_WHEEL_UP);
    }
    if (!(code & MOUSE_MOVES)) {
        curses->buttons = pressed ? curses->buttons | button : curses->buttons & ~button;
    }
    return curses->buttons;
}

/* How many bytes before `at` begin no report of the mouse. */
static guint before_mouse(const GByteArray *input)
{
    const size_t length = strlen(MOUSE_BEGINNING);
    const void *at = input->len ? memmem(input->data, input->len, MOUSE_BEGINNING, length) : NULL;
    return at ? (guint)((const guint8 *)at - input->data) : input->len;
}

/* Takes a report from the beginning of the input.  Returns false if it is not whole. */
static bool take_report(Curses *curses, CursesKey *key)
{
    char text[MOUSE_SIZE_MAX + 1] = "", end = 0;
    unsigned code = 0, column = 0, row = 0;
    int size = 0;
    memcpy(text, curses->input->data, MIN(curses->input->len, MOUSE_SIZE_MAX));
    sscanf(text, MOUSE_BEGINNING "%5u;%5u;%5u%c%n", &code, &column, &row, &end, &size);
    const bool good = size && (end == 'M' || end == 'm');
    if (good) {
        *key = (CursesKey){.kind = CURSES_POINTER,
                           .column = column - (column > 0),
                           .row = row - (row > 0),
                           .buttons = buttons_of(curses, code, end == 'M')};
        g_byte_array_remove_range(curses->input, 0, (guint)size);
    } else if (size || curses->input->len >= MOUSE_SIZE_MAX) {
        g_byte_array_remove_range(curses->input, 0, (guint)strlen(MOUSE_BEGINNING));
    }
    return good;
}

/* Passes ncurses what comes before the next report.  The pipe has room for it. */
static bool feed(const Curses *curses)
{
    const guint size = before_mouse(curses->input);
    const ssize_t put = size ? write(curses->keys, curses->input->data, size) : 0;
    if (put > 0) {
        g_byte_array_remove_range(curses->input, 0, (guint)put);
    }
    return put > 0;
}

static bool curses_key(void *opaque, CursesKey *key)
{
    Curses *curses = opaque;
    set_term(curses->screen);
    do {
        if (next_key(key)) {
            return true;
        }
    } while (feed(curses));
    return curses->input->len && take_report(curses, key);
}

extern const CursesDriver PIOEMU_CURSES;
const CursesDriver PIOEMU_CURSES = {
    .open = curses_open,
    .close = curses_close,
    .resize = curses_resize,
    .redraw = curses_redraw,
    .clear = curses_clear,
    .put = curses_put,
    .cursor = curses_cursor,
    .mouse = curses_mouse,
    .output = curses_output,
    .farewell = curses_farewell,
    .input = curses_input,
    .key = curses_key,
};
