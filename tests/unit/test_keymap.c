/* Layouts say which keys type a character, and a seat releases what its viewer held. */
#include "devices/device.h"
#include "src/display/seat.h"

#include <string.h>

static const Keymap *layout(const char *name)
{
    const Keymap *keymap = keymap_find(name, NULL);
    g_assert_nonnull(keymap);
    return keymap;
}

static void assert_stroke(const char *name, uint32_t character, unsigned code, bool shift,
                          bool altgr)
{
    KeyStroke stroke;
    g_assert_true(keymap_character(layout(name), character, &stroke));
    g_assert_cmphex(stroke.code, ==, code);
    g_assert_true(stroke.shift == shift && stroke.altgr == altgr && !stroke.ctrl);
}

static void a_character_has_its_key_in_each_layout(void)
{
    assert_stroke("en-us", 'y', 0x15, false, false);
    assert_stroke("en-us", '@', 0x03, true, false);
    assert_stroke("en-us", '\\', 0x2b, false, false);
    assert_stroke("en-us", '?', 0x35, true, false);
    assert_stroke("en-gb", '"', 0x03, true, false);
    assert_stroke("en-gb", '\\', 0x56, false, false);
    assert_stroke("en-gb", '~', 0x2b, true, false);
    assert_stroke("de", 'y', 0x2c, false, false);
    assert_stroke("de", '@', 0x10, false, true);
    assert_stroke("de", '{', 0x08, false, true);
    assert_stroke("de", '\\', 0x0c, false, true);
    assert_stroke("de", '~', 0x1b, false, true);
    assert_stroke("de", '|', 0x56, false, true);
    assert_stroke("de", 0xb5, 0x32, false, true);
    assert_stroke("de", 0xc4, 0x28, true, false);
    assert_stroke("fr", 'a', 0x10, false, false);
    assert_stroke("fr", '1', 0x02, true, false);
    assert_stroke("fr", '}', 0x0d, false, true);
    assert_stroke("es", 0xf1, 0x27, false, false);
    assert_stroke("es", '}', 0x2b, false, true);
    assert_stroke("it", '#', 0x28, false, true);
    assert_stroke("it", '_', 0x35, true, false);
}

/* Every layout can type what a user of a shell needs. */
static void every_layout_types_ascii(void)
{
    g_autofree char *list = keymap_list();
    g_auto(GStrv) names = g_strsplit(g_strchomp(list), "\n", -1);
    g_assert_cmpuint(g_strv_length(names), ==, 6);
    for (char **name = names; *name; name++) {
        for (uint32_t c = ' '; c < 0x7f; c++) {
            KeyStroke stroke;
            /* The Italian layout has neither: they are typed by their numbers there. */
            bool absent = !strcmp(*name, "it") && strchr("`~{}", (int)c);
            if (keymap_character(layout(*name), c, &stroke) == absent) {
                g_error("%s: '%c'", *name, (char)c);
            }
        }
    }
}

static void a_control_character_is_a_key_with_ctrl(void)
{
    KeyStroke stroke;
    g_assert_true(keymap_character(layout("fr"), 'A' & 0x1f, &stroke));
    g_assert_cmphex(stroke.code, ==, 0x10);
    g_assert_true(stroke.ctrl && !stroke.shift);
    g_assert_true(keymap_character(layout("en-us"), '\r', &stroke));
    g_assert_cmphex(stroke.code, ==, 0x1c);
    g_assert_false(stroke.ctrl);
    g_assert_false(keymap_character(layout("en-us"), 0x20ac, &stroke));
}

static void a_keysym_is_a_key(void)
{
    g_assert_cmphex(keymap_keysym(layout("de"), 'Z'), ==, 0x15);
    g_assert_cmphex(keymap_keysym(layout("de"), 0x010020ac), ==, 0x12);
    g_assert_cmphex(keymap_keysym(layout("de"), 0x20ac), ==, 0x12);
    g_assert_cmphex(keymap_keysym(layout("en-us"), 0xff0d), ==, 0x1c);
    g_assert_cmphex(keymap_keysym(layout("en-us"), 0xff51), ==, KEY_EXTENDED + 0x4b);
    g_assert_cmphex(keymap_keysym(layout("en-us"), 0xffc9), ==, 0x58);
    g_assert_cmphex(keymap_keysym(layout("en-us"), 0xfe03), ==, KEY_EXTENDED + 0x38);
    g_assert_cmphex(keymap_keysym(layout("en-us"), 0xff00), ==, 0);
    g_assert_cmphex(keymap_keysym(layout("en-us"), 3), ==, 0);
}

static void an_unknown_layout_is_refused_with_the_names(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(keymap_find("xx", &error));
    g_assert_nonnull(strstr(error->message, "en-us en-gb de"));
}

/* ---- seats ---- */

static void note_key(void *opaque, unsigned code, bool pressed)
{
    g_string_append_printf(opaque, "%c%x ", pressed ? '+' : '-', code);
}

static void note_pointer(void *opaque, int dx, int dy, unsigned buttons)
{
    g_string_append_printf(opaque, "%d,%d,%u ", dx, dy, buttons);
}

static void note_chord(void *opaque, const unsigned *codes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(opaque, "%x%c", codes[i], i + 1 < count ? '-' : ' ');
    }
}

static SeatHost seat_host(GString *told)
{
    return (SeatHost){note_key, note_pointer, note_chord, layout("de"), told};
}

static void a_seat_releases_what_was_held(void)
{
    g_autoptr(GString) told = g_string_new(NULL);
    const SeatHost host = seat_host(told);
    Seat *seat = seat_new(&host);
    seat_keysym(seat, 0xffe1, true);
    seat_keysym(seat, 'A', true);
    seat_keysym(seat, 'A', true);
    seat_keysym(seat, 'B', false);
    seat_move(seat, 1, 2, POINTER_LEFT);
    seat_free(seat);
    g_assert_cmpstr(told->str, ==, "+2a +1e 1,2,1 -1e -2a 0,0,0 ");
}

static void places_become_movements(void)
{
    g_autoptr(GString) told = g_string_new(NULL);
    const SeatHost host = seat_host(told);
    Seat *seat = seat_new(&host);
    seat_place(seat, 100, 100, 0);
    seat_place(seat, 103, 98, 0);
    seat_place(seat, 103, 98, POINTER_RIGHT);
    seat_place(seat, 103, 98, 0);
    seat_free(seat);
    g_assert_cmpstr(told->str, ==, "3,-2,0 0,0,2 0,0,0 ");
}

static void a_typed_character_is_a_chord(void)
{
    g_autoptr(GString) told = g_string_new(NULL);
    const SeatHost host = seat_host(told);
    Seat *seat = seat_new(&host);
    g_assert_true(seat_type(seat, 'Z', false));
    g_assert_true(seat_type(seat, '@', false));
    g_assert_true(seat_type(seat, 'c' & 0x1f, true));
    g_assert_false(seat_type(seat, 0x3b1, false));
    seat_free(seat);
    g_assert_cmpstr(told->str, ==, "2a-15 e038-10 1d-38-2e ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keymap/a_character_has_its_key_in_each_layout",
                    a_character_has_its_key_in_each_layout);
    g_test_add_func("/keymap/every_layout_types_ascii", every_layout_types_ascii);
    g_test_add_func("/keymap/a_control_character_is_a_key_with_ctrl",
                    a_control_character_is_a_key_with_ctrl);
    g_test_add_func("/keymap/a_keysym_is_a_key", a_keysym_is_a_key);
    g_test_add_func("/keymap/an_unknown_layout_is_refused_with_the_names",
                    an_unknown_layout_is_refused_with_the_names);
    g_test_add_func("/seat/a_seat_releases_what_was_held", a_seat_releases_what_was_held);
    g_test_add_func("/seat/places_become_movements", places_become_movements);
    g_test_add_func("/seat/a_typed_character_is_a_chord", a_typed_character_is_a_chord);
    return g_test_run();
}
