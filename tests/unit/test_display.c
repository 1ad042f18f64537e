/* Viewers see what changes on a screen, and nothing costs anything without viewers. */
#include "src/display/display.h"

#include <string.h>

#define WIDTH   6u
#define HEIGHT  4u
#define ROWS    2u
#define COLUMNS 3u
#define GREY    0xaaaaaau

/* A screen whose contents are the properties of its state. */
typedef struct Sheet {
    Device *dev;
    SurfaceShape form;
    SurfaceCell cells[ROWS * COLUMNS];
    uint32_t colour[HEIGHT];
    unsigned looks, drawings;
} Sheet;

static void sheet_shape(const void *state, uint64_t now, SurfaceShape *shape)
{
    Sheet *sheet = (Sheet *)state;
    (void)now;
    sheet->looks++;
    *shape = sheet->form;
}

static void sheet_cells(const void *state, const SurfaceShape *shape, SurfaceCell *cells)
{
    const Sheet *sheet = state;
    memcpy(cells, sheet->cells, sizeof(*cells) * shape->rows * shape->columns);
}

static void sheet_pixels(const void *state, uint64_t now, const SurfaceShape *shape,
                         uint32_t *pixels)
{
    Sheet *sheet = (Sheet *)state;
    (void)now;
    sheet->drawings++;
    for (unsigned i = 0; i < shape->width * shape->height; i++) {
        pixels[i] = sheet->colour[i / shape->width % HEIGHT];
    }
}

static const SurfaceClient SHEET_SURFACE = {.struct_size = sizeof(SurfaceClient),
                                            .shape = sheet_shape,
                                            .cells = sheet_cells,
                                            .pixels = sheet_pixels};
static const DeviceClass SHEET = {.head = DEVICE_CLASS_HEAD("sheet", Sheet),
                                  .description = "a screen",
                                  .surface_client = &SHEET_SURFACE};

/* ---- a viewer that writes down what it is told ---- */

typedef struct Watcher {
    DisplayViewer viewer;
    GString *told;
    Display *display;
    bool leaves; /* removes itself as soon as it is told of a change */
} Watcher;

static void note_shape(void *opaque, const SurfacePicture *picture)
{
    Watcher *w = opaque;
    const bool cells = display_shows_cells(&w->viewer, picture);
    g_string_append_printf(w->told, "%s %ux%u;", cells ? "cells" : "pixels",
                           cells ? picture->shape.columns : picture->shape.width,
                           cells ? picture->shape.rows : picture->shape.height);
}

static void note_change(void *opaque, const SurfacePicture *picture, unsigned first, unsigned count)
{
    Watcher *w = opaque;
    (void)picture;
    g_string_append_printf(w->told, "%u+%u;", first, count);
    if (w->leaves) {
        display_remove_viewer(w->display, &w->viewer);
    }
}

typedef struct Fixture {
    Loop *loop;
    DeviceHost host;
    Device *dev;
    Sheet *sheet;
    Display *display;
    Watcher text, picture;
} Fixture;

static Watcher new_watcher(const Fixture *f, bool text_as_pixels)
{
    return (Watcher){.viewer = {text_as_pixels, note_shape, note_change, NULL},
                     .told = g_string_new(NULL),
                     .display = f->display};
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->loop = loop_new(NULL);
    f->host = (DeviceHost){.bus = bus_new(false), .clock = clock_new_stepped()};
    f->dev = device_new(&SHEET, "sheet", &f->host);
    f->sheet = device_state(f->dev);
    f->sheet->form = (SurfaceShape){.kind = SURFACE_TEXT,
                                    .width = WIDTH,
                                    .height = HEIGHT,
                                    .columns = COLUMNS,
                                    .rows = ROWS,
                                    .cell_width = 2,
                                    .cell_height = 2};
    f->display = display_new(f->loop, f->dev);
    f->text = new_watcher(f, false);
    f->picture = new_watcher(f, true);
    f->text.viewer.opaque = &f->text;
    f->picture.viewer.opaque = &f->picture;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    display_remove_viewer(f->display, &f->text.viewer);
    display_remove_viewer(f->display, &f->picture.viewer);
    display_free(f->display);
    device_free(f->dev);
    bus_free(f->host.bus);
    clock_free(f->host.clock);
    loop_free(f->loop);
    g_string_free(f->text.told, true);
    g_string_free(f->picture.told, true);
}

#define assert_told(watcher, text)                                                                 \
    do {                                                                                           \
        g_assert_cmpstr((watcher)->told->str, ==, text);                                           \
        g_string_truncate((watcher)->told, 0);                                                     \
    } while (0)

static void add_both(Fixture *f)
{
    display_add_viewer(f->display, &f->text.viewer);
    display_add_viewer(f->display, &f->picture.viewer);
    assert_told(&f->text, "cells 3x2;");
    assert_told(&f->picture, "pixels 6x4;");
}

static void a_screen_is_not_read_without_viewers(Fixture *f, gconstpointer data)
{
    (void)data;
    loop_step(f->loop, false);
    g_assert_cmpuint(f->sheet->looks, ==, 0);
    display_add_viewer(f->display, &f->text.viewer);
    display_remove_viewer(f->display, &f->text.viewer);
    g_assert_cmpuint(f->sheet->looks, ==, 1);
    g_assert_cmpuint(f->sheet->drawings, ==, 0);
}

static void a_viewer_is_told_of_changes_by_the_timer(Fixture *f, gconstpointer data)
{
    (void)data;
    add_both(f);
    f->sheet->cells[COLUMNS].character = 'x';
    while (!f->text.told->len) {
        loop_step(f->loop, true);
    }
    assert_told(&f->text, "1+1;");
    assert_told(&f->picture, "");
}

static void a_viewer_of_pixels_sees_text_as_pixels(Fixture *f, gconstpointer data)
{
    (void)data;
    add_both(f);
    f->sheet->colour[1] = f->sheet->colour[2] = GREY;
    display_refresh(f->display);
    assert_told(&f->text, "");
    assert_told(&f->picture, "1+2;");
    g_assert_cmphex(display_picture(f->display)->pixels[WIDTH], ==, GREY);
}

static void a_move_of_the_cursor_changes_both_rows(Fixture *f, gconstpointer data)
{
    (void)data;
    f->sheet->form.cursor = (SurfaceCursor){.shown = true, .row = 0, .last_line = 1};
    add_both(f);
    f->sheet->form.cursor.column = 2;
    display_refresh(f->display);
    assert_told(&f->text, "0+1;");
    f->sheet->form.cursor.row = 1;
    display_refresh(f->display);
    assert_told(&f->text, "0+2;");
    f->sheet->form.cursor.row = 70;
    display_refresh(f->display);
    assert_told(&f->text, "1+1;");
}

static void a_new_palette_changes_all_rows(Fixture *f, gconstpointer data)
{
    (void)data;
    add_both(f);
    f->sheet->form.palette[3] = GREY;
    display_refresh(f->display);
    assert_told(&f->text, "0+2;");
}

static void every_viewer_sees_graphics_as_pixels(Fixture *f, gconstpointer data)
{
    (void)data;
    add_both(f);
    f->sheet->form.kind = SURFACE_PIXELS;
    display_refresh(f->display);
    assert_told(&f->text, "pixels 6x4;");
    assert_told(&f->picture, "pixels 6x4;");
    f->sheet->colour[3] = GREY;
    display_refresh(f->display);
    assert_told(&f->text, "3+1;");
    assert_told(&f->picture, "3+1;");
}

static void a_dark_screen_is_black(Fixture *f, gconstpointer data)
{
    (void)data;
    f->sheet->colour[0] = GREY;
    add_both(f);
    g_assert_cmphex(display_picture(f->display)->pixels[0], ==, GREY);
    f->sheet->form.kind = SURFACE_BLANK;
    display_refresh(f->display);
    g_assert_cmphex(display_picture(f->display)->pixels[0], ==, 0);
    display_remove_viewer(f->display, &f->picture.viewer);
    g_string_truncate(f->text.told, 0);
    display_refresh(f->display);
    display_refresh(f->display);
    assert_told(&f->text, "");
}

static void a_viewer_may_leave_when_it_is_told(Fixture *f, gconstpointer data)
{
    (void)data;
    add_both(f);
    f->text.leaves = true;
    f->sheet->cells[0].character = 'x';
    display_refresh(f->display);
    f->sheet->cells[0].character = 'y';
    display_refresh(f->display);
    assert_told(&f->text, "0+1;");
}

/* The one that came first must not miss a change that the other's first look finds. */
static void a_viewer_that_comes_hides_no_change_from_another(Fixture *f, gconstpointer data)
{
    (void)data;
    display_add_viewer(f->display, &f->text.viewer);
    assert_told(&f->text, "cells 3x2;");
    f->sheet->cells[0].character = 'x';
    display_add_viewer(f->display, &f->picture.viewer);
    assert_told(&f->text, "0+1;");
    assert_told(&f->picture, "pixels 6x4;");
}

static void characters_are_those_of_code_page_437(void)
{
    g_assert_cmphex(surface_unicode('A'), ==, 'A');
    g_assert_cmphex(surface_unicode(1), ==, 0x263a);
    g_assert_cmphex(surface_unicode(0xb0), ==, 0x2591);
    g_assert_cmphex(surface_unicode(0xff), ==, 0xa0);
}

#define ADD(name, function) g_test_add("/display/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("a_screen_is_not_read_without_viewers", a_screen_is_not_read_without_viewers);
    ADD("a_viewer_is_told_of_changes_by_the_timer", a_viewer_is_told_of_changes_by_the_timer);
    ADD("a_viewer_of_pixels_sees_text_as_pixels", a_viewer_of_pixels_sees_text_as_pixels);
    ADD("a_move_of_the_cursor_changes_both_rows", a_move_of_the_cursor_changes_both_rows);
    ADD("a_new_palette_changes_all_rows", a_new_palette_changes_all_rows);
    ADD("every_viewer_sees_graphics_as_pixels", every_viewer_sees_graphics_as_pixels);
    ADD("a_dark_screen_is_black", a_dark_screen_is_black);
    ADD("a_viewer_may_leave_when_it_is_told", a_viewer_may_leave_when_it_is_told);
    ADD("a_viewer_that_comes_hides_no_change_from_another",
        a_viewer_that_comes_hides_no_change_from_another);
    g_test_add_func("/display/characters_are_those_of_code_page_437",
                    characters_are_those_of_code_page_437);
    return g_test_run();
}
