/* The driver of terminals: cells become what xterm shows, and its bytes become keys. */
#include "src/display/curses_driver.h"

#include "devices/device.h"

#include <string.h>

extern const CursesDriver PIOEMU_CURSES;

#define COLUMNS 40u
#define ROWS    5u

typedef struct Fixture {
    const CursesDriver *driver;
    void *curses;
    GByteArray *out;
} Fixture;

static void set_up(Fixture *f, gconstpointer term)
{
    const char *why = NULL;
    g_setenv("TERM", term, true);
    f->driver = &PIOEMU_CURSES;
    f->curses = f->driver->open(&why);
    g_assert_cmpstr(why, ==, NULL);
    f->driver->resize(f->curses, COLUMNS, ROWS);
    f->out = g_byte_array_new();
}

static void tear_down(Fixture *f, gconstpointer term)
{
    (void)term;
    f->driver->close(f->curses);
    g_byte_array_unref(f->out);
}

static void put(Fixture *f, unsigned row, const char *text, uint32_t front, uint32_t back)
{
    CursesCell cells[COLUMNS];
    unsigned count = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        cells[count++] = (CursesCell){g_utf8_get_char(text), front, back, false};
    }
    f->driver->put(f->curses, row, 0, cells, count);
}

/* Draws, and returns what went to the terminal. */
static const char *output(Fixture *f)
{
    g_byte_array_set_size(f->out, 0);
    f->driver->output(f->curses, f->out);
    g_byte_array_append(f->out, (const guint8 *)"", 1);
    return (const char *)f->out->data;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void cells_are_drawn_in_their_colours(Fixture *f, gconstpointer term)
{
    (void)term;
    put(f, 0, "grey", 0xaaaaaa, 0x0000aa);
    put(f, 1, "yellow", 0xffff55, 0xaa0000);
    put(f, 2, "orange", 0xff8700, 0);
    put(f, 3, "║☺█", 0xaaaaaa, 0);
    const char *text = output(f);
    g_assert_true(has(text, "\x1b[37m\x1b[44mgrey"));
    g_assert_true(has(text, "\x1b[93m\x1b[41myellow"));
    g_assert_true(has(text, "\x1b[38;5;208m\x1b[40morange"));
    g_assert_true(has(text, "║☺█"));
}

static void eight_colours_are_made_sixteen_by_bold_letters(Fixture *f, gconstpointer term)
{
    (void)term;
    put(f, 0, "bright", 0xffffff, 0);
    g_assert_true(has(output(f), "\x1b[0;1m\x1b[37m\x1b[40mbright") ||
                  has(output(f), "\x1b[1m\x1b[37m\x1b[40mbright"));
}

static void only_what_has_changed_is_sent(Fixture *f, gconstpointer term)
{
    (void)term;
    put(f, 0, "first", 0xaaaaaa, 0);
    put(f, 1, "second", 0xaaaaaa, 0);
    output(f);
    f->driver->clear(f->curses);
    put(f, 0, "first", 0xaaaaaa, 0);
    put(f, 1, "third!", 0xaaaaaa, 0);
    const char *text = output(f);
    g_assert_true(has(text, "third!"));
    g_assert_false(has(text, "first"));
    f->driver->redraw(f->curses);
    g_assert_true(has(output(f), "first"));
}

static void the_cursor_is_where_the_guest_has_it(Fixture *f, gconstpointer term)
{
    (void)term;
    f->driver->cursor(f->curses, true, 3, 7, false);
    g_assert_true(has(output(f), "\x1b[4;8H"));
    f->driver->cursor(f->curses, false, 0, 0, false);
    g_assert_true(has(output(f), "\x1b[?25l"));
}

static void the_farewell_gives_the_terminal_back(Fixture *f, gconstpointer term)
{
    (void)term;
    f->driver->farewell(f->curses, f->out);
    g_byte_array_append(f->out, (const guint8 *)"", 1);
    const char *text = (const char *)f->out->data;
    g_assert_true(has(text, "\x1b[?1049l"));
    g_assert_true(has(text, "\x1b[?1003l"));
    g_assert_true(has(text, "\x1b[?25h"));
    g_assert_true(has(text, "\x1b[?1l"));
}

/* ---- keys ---- */

static char *describe(const CursesKey *key)
{
    const char *shift = key->shift ? "shift-" : "", *ctrl = key->ctrl ? "ctrl-" : "";
    const char *alt = key->alt ? "alt-" : "";
    if (key->kind == CURSES_CHARACTER) {
        return g_strdup_printf("%s%x", alt, key->character);
    }
    return key->kind == CURSES_NAMED
               ? g_strdup_printf("%s%s%s%s", shift, ctrl, alt, key->name)
               : g_strdup_printf("at%u,%u,%x", key->column, key->row, key->buttons);
}

static void assert_keys(Fixture *f, const char *input, const char *expected)
{
    g_autoptr(GString) told = g_string_new(NULL);
    CursesKey key;
    f->driver->input(f->curses, (const uint8_t *)input, strlen(input));
    while (f->driver->key(f->curses, &key)) {
        g_autofree char *text = describe(&key);
        g_string_append_printf(told, "%s ", text);
    }
    g_assert_cmpstr(told->str, ==, expected);
}

static void bytes_become_keys(Fixture *f, gconstpointer term)
{
    (void)term;
    assert_keys(f, "aB\r\t\x03\x7f", "61 42 d 9 3 backspace ");
    assert_keys(f, "ä€", "e4 20ac ");
    assert_keys(f, "\x1bOA\x1bOD\x1b[5~\x1b[3~\x1bOF", "up left pgup delete end ");
    assert_keys(f, "\x1bOP\x1b[24~\x1b[1;2P\x1b[15;5~\x1b[1;3Q", "f1 f12 shift-f1 ctrl-f5 alt-f2 ");
    assert_keys(f, "\x1b[1;5D\x1b[1;2A\x1b[3;3~\x1b[Z", "ctrl-left shift-up alt-delete shift-tab ");
    assert_keys(f, "\x1bz", "alt-7a ");
    assert_keys(f, "\x1b", "1b ");
    assert_keys(f, "x", "78 ");
}

static void the_mouse_is_reported_when_it_is_wanted(Fixture *f, gconstpointer term)
{
    (void)term;
    f->driver->mouse(f->curses, true);
    g_assert_true(has(output(f), "\x1b[?1003h"));
    assert_keys(f, "\x1b[<0;5;3M\x1b[<32;6;3M\x1b[<0;6;3m", "at4,2,1 at5,2,1 at5,2,0 ");
    assert_keys(f, "\x1b[<64;6;3M", "at5,2,8 ");
    f->driver->mouse(f->curses, false);
    g_assert_true(has(output(f), "\x1b[?1003l"));
}

static void a_terminal_without_places_is_refused(void)
{
    const char *why = NULL;
    g_setenv("TERM", "dumb", true);
    g_assert_null(PIOEMU_CURSES.open(&why));
    g_assert_cmpstr(why, ==, "TERM names no terminal whose cursor can be placed");
}

#ifdef HAVE_CHAFA

extern const ChafaDriver PIOEMU_CHAFA;

static void pixels_become_cells_of_their_colours(void)
{
    uint32_t pixels[64 * 64];
    CursesCell cells[4 * 2];
    for (unsigned i = 0; i < G_N_ELEMENTS(pixels); i++) {
        pixels[i] = i % 64 < 32 ? 0xff0000 : 0x0000ff;
    }
    PIOEMU_CHAFA.draw(pixels, 64, 64, cells, 4, 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(cells); i++) {
        const uint32_t seen = cells[i].character == ' ' ? cells[i].background : cells[i].foreground;
        const uint32_t expected = i % 4 < 2 ? 0xff0000 : 0x0000ff;
        g_assert_cmphex(seen & 0xc000c0, ==, expected & 0xc000c0);
    }
}

#endif

#define ADD(name, term) g_test_add("/curses/" #name, Fixture, term, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(cells_are_drawn_in_their_colours, "xterm-256color");
    ADD(eight_colours_are_made_sixteen_by_bold_letters, "xterm");
    ADD(only_what_has_changed_is_sent, "xterm-256color");
    ADD(the_cursor_is_where_the_guest_has_it, "xterm");
    ADD(the_farewell_gives_the_terminal_back, "xterm-256color");
    ADD(bytes_become_keys, "xterm-256color");
    ADD(the_mouse_is_reported_when_it_is_wanted, "xterm-256color");
    g_test_add_func("/curses/a_terminal_without_places_is_refused",
                    a_terminal_without_places_is_refused);
#ifdef HAVE_CHAFA
    g_test_add_func("/curses/pixels_become_cells_of_their_colours",
                    pixels_become_cells_of_their_colours);
#endif
    return g_test_run();
}
