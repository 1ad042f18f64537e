#include "src/display/display.h"

#include <string.h>

struct Display {
    Device *screen;
    LoopTimer *timer;
    GPtrArray *viewers;
    SurfacePicture now, before; /* `now` is what the viewers have been told of */
    bool now_has_pixels;
};

/* A range of rows; it is empty if `end` is 0. */
typedef struct Rows {
    unsigned first, end;
} Rows;

bool display_shows_cells(const DisplayViewer *viewer, const SurfacePicture *picture)
{
    return picture->shape.kind == SURFACE_TEXT && !viewer->text_as_pixels;
}

const SurfacePicture *display_picture(const Display *display)
{
    return &display->now;
}

/* ---- what has changed ---- */

static bool is_reshaped(const SurfaceShape *a, const SurfaceShape *b)
{
    return a->kind != b->kind || a->width != b->width || a->height != b->height ||
           a->rows != b->rows || a->columns != b->columns;
}

static void add_rows(Rows *rows, unsigned first, unsigned end)
{
    rows->first = rows->end ? MIN(rows->first, first) : first;
    rows->end = MAX(rows->end, end);
}

static Rows compare_rows(const void *a, const void *b, size_t row_size, unsigned count)
{
    const uint8_t *x = a, *y = b;
    Rows rows = {0, 0};
    for (unsigned row = 0; row < count; row++) {
        if (memcmp(x + row * row_size, y + row * row_size, row_size)) {
            add_rows(&rows, row, row + 1);
        }
    }
    return rows;
}

static void add_cursor(Rows *rows, const SurfaceShape *shape)
{
    if (shape->cursor.shown && shape->cursor.row < shape->rows) {
        add_rows(rows, shape->cursor.row, shape->cursor.row + 1);
    }
}

static bool same_cursor(const SurfaceCursor *a, const SurfaceCursor *b)
{
    return a->shown == b->shown && a->row == b->row && a->column == b->column &&
           a->first_line == b->first_line && a->last_line == b->last_line;
}

static Rows changed_cells(const SurfacePicture *now, const SurfacePicture *before)
{
    const SurfaceShape *a = &now->shape, *b = &before->shape;
    Rows rows = compare_rows(now->cells, before->cells, sizeof(SurfaceCell) * a->columns, a->rows);
    if (memcmp(a->palette, b->palette, sizeof(a->palette)) || a->blinks != b->blinks ||
        a->two_fonts != b->two_fonts || a->cell_height != b->cell_height) {
        return (Rows){0, a->rows};
    }
    if (!same_cursor(&a->cursor, &b->cursor)) {
        add_cursor(&rows, a);
        add_cursor(&rows, b);
    }
    return rows;
}

static Rows changed_pixels(const SurfacePicture *now, const SurfacePicture *before)
{
    return compare_rows(now->pixels, before->pixels, sizeof(uint32_t) * now->shape.width,
                        now->shape.height);
}

/* ---- viewers ---- */

static bool wants_pixels(const Display *display)
{
    bool wanted = false;
    for (guint i = 0; i < display->viewers->len; i++) {
        wanted = wanted || ((DisplayViewer *)display->viewers->pdata[i])->text_as_pixels;
    }
    return wanted;
}

static void tell(DisplayViewer *viewer, const SurfacePicture *picture, Rows rows)
{
    if (rows.end) {
        viewer->changed(viewer->opaque, picture, rows.first, rows.end - rows.first);
    }
}

static bool is_viewer(const Display *display, gconstpointer viewer)
{
    return g_ptr_array_find(display->viewers, viewer, NULL);
}

static Rows pixel_rows(const Display *display, bool had_pixels)
{
    if (!display->now_has_pixels) {
        return (Rows){0, 0};
    }
    return had_pixels ? changed_pixels(&display->now, &display->before)
                      : (Rows){0, display->now.shape.height};
}

/*
 * Tells all viewers but one what has changed.  A viewer may remove itself or
 * others when it is told.
 */
static void tell_all(Display *display, bool had_pixels, const DisplayViewer *but)
{
    const SurfacePicture *now = &display->now;
    const bool reshaped = is_reshaped(&now->shape, &display->before.shape);
    Rows cells = {0, 0}, pixels = {0, 0};
    if (!reshaped) {
        cells = now->shape.kind == SURFACE_TEXT ? changed_cells(now, &display->before) : cells;
        pixels = pixel_rows(display, had_pixels);
    }
    g_autoptr(GPtrArray) viewers = g_ptr_array_copy(display->viewers, NULL, NULL);
    for (guint i = 0; i < viewers->len; i++) {
        DisplayViewer *viewer = viewers->pdata[i];
        if (viewer == but || !is_viewer(display, viewer)) {
            continue;
        }
        if (reshaped) {
            viewer->reshaped(viewer->opaque, now);
        } else {
            tell(viewer, now, display_shows_cells(viewer, now) ? cells : pixels);
        }
    }
}

/*
 * The picture of before becomes the room for the new one.  Returns whether the
 * last one had pixels.
 */
static bool take(Display *display)
{
    SurfacePicture room = display->before;
    const bool had_pixels = display->now_has_pixels;
    const bool pixels = wants_pixels(display);
    display->before = display->now;
    display->now = room;
    device_take_picture(display->screen, pixels, &display->now);
    display->now_has_pixels = pixels || display->now.shape.kind == SURFACE_PIXELS;
    return had_pixels;
}

void display_refresh(Display *display)
{
    const bool had_pixels = take(display);
    tell_all(display, had_pixels, NULL);
}

static void timer_fired(void *opaque)
{
    Display *display = opaque;
    loop_timer_start(display->timer, DISPLAY_PERIOD_NS);
    display_refresh(display);
}

/* The others are told of the picture that the new one sees first. */
void display_add_viewer(Display *display, DisplayViewer *viewer)
{
    g_ptr_array_add(display->viewers, viewer);
    tell_all(display, take(display), viewer);
    viewer->reshaped(viewer->opaque, &display->now);
    if (display->viewers->len == 1) {
        loop_timer_start(display->timer, DISPLAY_PERIOD_NS);
    }
}

void display_remove_viewer(Display *display, DisplayViewer *viewer)
{
    g_ptr_array_remove(display->viewers, viewer);
    if (!display->viewers->len) {
        loop_timer_stop(display->timer);
    }
}

Display *display_new(Loop *loop, Device *screen)
{
    Display *display = g_new0(Display, 1);
    display->screen = screen;
    display->timer = loop_timer_new(loop, timer_fired, display);
    display->viewers = g_ptr_array_new();
    return display;
}

void display_free(Display *display)
{
    g_assert(!display->viewers->len);
    loop_timer_free(display->timer);
    g_ptr_array_unref(display->viewers);
    surface_picture_clear(&display->now);
    surface_picture_clear(&display->before);
    g_free(display);
}
