#include "src/display/curses_view.h"

#include "src/base/error.h"
#include "src/base/fd_io.h"
#include "src/base/module.h"
#include "src/base/terminal.h"
#include "src/device/key_names.h"
#include "src/display/curses_driver.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define READ_SIZE     1024u
#define USUAL_COLUMNS 80u
#define USUAL_ROWS    24u
/* A character is about twice as high as it is wide. */
#define CELL_ASPECT 2u
/* How far the mouse moves in a mode without cells when the pointer moves by a character. */
#define CELL_WIDTH  8u
#define CELL_HEIGHT 16u

struct CursesView {
    CursesHost host;
    Display *display; /* NULL: not yet */
    const CursesDriver *driver;
    void *curses;
    const ChafaDriver *chafa; /* NULL: not loaded */
    bool chafa_missing;
    Terminal *terminal;
    FdIo *in, *out; /* NULL: it has ended */
    LoopFd *in_watch, *out_watch;
    GByteArray *waiting; /* for the terminal */
    LoopSignal *resized;
    DisplayViewer viewer;
    Seat *seat;
    unsigned columns, rows; /* of the terminal */
    bool stale;             /* something has changed since the last drawing */
    bool escaped;           /* the last key was the escape key */
    bool mouse;
    char *message; /* NULL: none */
};

/* ---- output ---- */

static void watch_output(CursesView *view)
{
    if (view->out_watch) {
        loop_fd_watch(view->out_watch, view->waiting->len ? LOOP_WRITE : 0);
    }
}

static void end_output(CursesView *view)
{
    g_clear_pointer(&view->out_watch, loop_fd_free);
    g_clear_pointer(&view->out, fd_io_free);
    g_byte_array_set_size(view->waiting, 0);
}

static void flush(CursesView *view)
{
    if (!view->out || !view->waiting->len || !terminal_is_ours(view->terminal)) {
        return;
    }
    const ssize_t put = fd_io_write(view->out, view->waiting->data, view->waiting->len);
    if (put > 0) {
        g_byte_array_remove_range(view->waiting, 0, (guint)put);
    } else if (put != -EAGAIN) {
        end_output(view);
    }
    watch_output(view);
}

/* ---- drawing ---- */

static CursesCell text_cell(const SurfaceShape *shape, const SurfaceCell *cell)
{
    const bool blinks = shape->blinks && cell->attribute & 0x80;
    const unsigned back = cell->attribute >> 4 & (shape->blinks ? 7 : 15);
    return (CursesCell){
        .character = surface_unicode(cell->character),
        .foreground = shape->palette[cell->attribute & 15],
        .background = shape->palette[back],
        .blinks = blinks,
    };
}

/* The first row or column to show, so that the cursor can be seen. */
static unsigned scroll(unsigned room, unsigned cursor, bool shown)
{
    return shown && cursor >= room ? cursor - room + 1 : 0;
}

static void draw_text(CursesView *view, const SurfacePicture *picture, unsigned room)
{
    const SurfaceShape *shape = &picture->shape;
    const SurfaceCursor *cursor = &shape->cursor;
    const bool exists = cursor->shown && cursor->row < shape->rows;
    const unsigned top = scroll(room, cursor->row, exists);
    const unsigned left = scroll(view->columns, cursor->column, exists);
    const unsigned rows = MIN(room, shape->rows - top);
    const unsigned columns = MIN(view->columns, shape->columns - left);
    g_autofree CursesCell *cells = g_new(CursesCell, columns);
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned column = 0; column < columns; column++) {
            cells[column] =
                text_cell(shape, &picture->cells[(top + row) * shape->columns + left + column]);
        }
        view->driver->put(view->curses, row, 0, cells, columns);
    }
    view->driver->cursor(view->curses, exists, exists ? cursor->row - top : 0,
                         exists ? cursor->column - left : 0,
                         cursor->last_line - cursor->first_line > shape->cell_height / 2);
}

static void put_line(CursesView *view, unsigned row, const char *text)
{
    g_autofree CursesCell *cells = g_new(CursesCell, view->columns);
    for (unsigned i = 0; i < view->columns; i++) {
        const uint32_t character = *text ? g_utf8_get_char(text) : ' ';
        cells[i] = (CursesCell){g_unichar_isprint(character) ? character : ' ', 0, 0xaaaaaa, false};
        text = *text ? g_utf8_next_char(text) : text;
    }
    view->driver->put(view->curses, row, 0, cells, view->columns);
}

static void load_chafa(CursesView *view)
{
    if (!view->chafa && !view->chafa_missing) {
        view->chafa = module_symbol(CHAFA_MODULE, CHAFA_SYMBOL, NULL);
        view->chafa_missing = !view->chafa;
    }
}

/* The picture keeps its proportions. */
static void draw_pixels(CursesView *view, const SurfacePicture *picture, unsigned room)
{
    const SurfaceShape *shape = &picture->shape;
    load_chafa(view);
    if (!view->chafa) {
        g_autofree char *text =
            g_strdup_printf("graphics, %u x %u pixels: -vnc :N shows them, or here libchafa0",
                            shape->width, shape->height);
        put_line(view, room / 2, text);
        return;
    }
    const unsigned columns =
        CLAMP(room * CELL_ASPECT * shape->width / shape->height, 1, view->columns);
    const unsigned rows =
        CLAMP(view->columns * shape->height / (CELL_ASPECT * shape->width), 1, room);
    g_autofree CursesCell *cells = g_new0(CursesCell, columns * rows);
    view->chafa->draw(picture->pixels, shape->width, shape->height, cells, columns, rows);
    for (unsigned row = 0; row < rows; row++) {
        view->driver->put(view->curses, row, 0, cells + row * columns, columns);
    }
}

static void draw_picture(CursesView *view, const SurfacePicture *picture, unsigned room)
{
    if (picture->shape.kind == SURFACE_TEXT) {
        draw_text(view, picture, room);
    } else if (picture->shape.kind == SURFACE_PIXELS) {
        draw_pixels(view, picture, room);
    }
}

static void draw(CursesView *view)
{
    const unsigned room = view->rows - (view->message ? 1 : 0);
    if (view->waiting->len || !terminal_is_ours(view->terminal) || !view->out) {
        view->stale = true;
        return;
    }
    view->stale = false;
    view->driver->clear(view->curses);
    view->driver->cursor(view->curses, false, 0, 0, false);
    if (view->display) {
        draw_picture(view, display_picture(view->display), room);
    }
    if (view->message) {
        put_line(view, view->rows - 1, view->message);
    }
    view->driver->output(view->curses, view->waiting);
    flush(view);
}

static void reshaped(void *opaque, const SurfacePicture *picture)
{
    (void)picture;
    draw(opaque);
}

static void changed(void *opaque, const SurfacePicture *picture, unsigned first, unsigned count)
{
    (void)picture, (void)first, (void)count;
    draw(opaque);
}

static void writable(void *opaque, unsigned events)
{
    CursesView *view = opaque;
    (void)events;
    flush(view);
    if (!view->waiting->len && view->stale) {
        draw(view);
    }
}

static void show_message(CursesView *view, char *text)
{
    g_free(view->message);
    view->message = text;
    draw(view);
}

/* Only a message's last line is shown. */
void curses_view_say(CursesView *view, const char *text)
{
    g_autofree char *copy = g_utf8_make_valid(text, -1);
    g_strchomp(copy);
    const char *line = strrchr(copy, '\n');
    show_message(view, g_strdup(line ? line + 1 : copy));
}

/* ---- keys ---- */

static void help(CursesView *view)
{
    const char key = (char)(view->host.escape | 0x40);
    show_message(view, g_strdup_printf("Ctrl-%c x quits, Ctrl-%c m turns the mouse %s, "
                                       "Ctrl-%c Ctrl-%c sends Ctrl-%c to the guest",
                                       key, key, view->mouse ? "off" : "on", key, key, key));
}

static void toggle_mouse(CursesView *view)
{
    view->mouse = !view->mouse;
    view->driver->mouse(view->curses, view->mouse);
    show_message(view, g_strdup_printf("The guest %s the mouse; the terminal's own use of it "
                                       "is %s",
                                       view->mouse ? "has" : "does not have",
                                       view->mouse ? "off (often Shift gives it back)" : "on"));
}

/* The key after the escape key.  The view may be asked to go by it. */
static void run_command(CursesView *view, uint32_t character)
{
    if (character == 'x') {
        view->host.quit(view->host.opaque);
    } else if (character == 'm') {
        toggle_mouse(view);
    } else {
        help(view);
    }
}

static void take_character(CursesView *view, const CursesKey *key)
{
    const bool escape =
        view->host.escape && !key->alt && key->character == (uint32_t)view->host.escape;
    if (!view->escaped && escape) {
        view->escaped = true;
        return;
    }
    const bool command = view->escaped && !escape;
    view->escaped = false;
    if (command) {
        run_command(view, key->character);
    } else {
        seat_type(view->seat, key->character, key->alt);
    }
}

static void take_pointer(CursesView *view, const CursesKey *key)
{
    static const SurfaceShape NONE = {.kind = SURFACE_BLANK};
    const SurfaceShape *shape = view->display ? &display_picture(view->display)->shape : &NONE;
    const bool text = shape->kind == SURFACE_TEXT;
    seat_place(view->seat, (int)(key->column * (text ? shape->cell_width : CELL_WIDTH)),
               (int)(key->row * (text ? shape->cell_height : CELL_HEIGHT)), key->buttons);
}

static void take_key(CursesView *view, const CursesKey *key)
{
    if (view->message && key->kind != CURSES_POINTER) {
        g_clear_pointer(&view->message, g_free);
        draw(view);
    }
    if (key->kind == CURSES_CHARACTER) {
        take_character(view, key);
    } else if (key->kind == CURSES_POINTER) {
        take_pointer(view, key);
    } else {
        const KeyStroke stroke = {
            .code = key_name_find(key->name), .shift = key->shift, .ctrl = key->ctrl};
        view->escaped = false;
        seat_stroke(view->seat, &stroke, key->alt);
    }
}

static void end_input(CursesView *view)
{
    g_clear_pointer(&view->in_watch, loop_fd_free);
    g_clear_pointer(&view->in, fd_io_free);
}

static void readable(void *opaque, unsigned events)
{
    CursesView *view = opaque;
    uint8_t data[READ_SIZE];
    CursesKey key;
    (void)events;
    terminal_check(view->terminal);
    if (!terminal_is_ours(view->terminal)) {
        return;
    }
    const ssize_t got = fd_io_read(view->in, data, sizeof(data));
    if (got > 0) {
        view->driver->input(view->curses, data, (size_t)got);
        while (view->driver->key(view->curses, &key)) {
            take_key(view, &key);
        }
    } else if (got != -EAGAIN) {
        end_input(view);
    }
}

/* ---- the terminal ---- */

static void take_size(CursesView *view)
{
    struct winsize size = {0};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    view->columns = size.ws_col ? size.ws_col : USUAL_COLUMNS;
    view->rows = MAX(size.ws_row ? size.ws_row : USUAL_ROWS, 2);
    view->driver->resize(view->curses, view->columns, view->rows);
}

static void size_changed(void *opaque)
{
    CursesView *view = opaque;
    take_size(view);
    view->driver->redraw(view->curses);
    draw(view);
}

/* What was waiting belongs to a terminal that has been given back meanwhile. */
static void terminal_changed(void *opaque)
{
    CursesView *view = opaque;
    if (!view->terminal) {
        return; /* it is just being opened */
    }
    const bool ours = terminal_is_ours(view->terminal);
    if (view->in_watch) {
        loop_fd_watch(view->in_watch, ours ? LOOP_READ : 0);
    }
    g_byte_array_set_size(view->waiting, 0);
    watch_output(view);
    if (ours) {
        take_size(view);
        view->driver->redraw(view->curses);
        draw(view);
    }
}

static bool load(CursesView *view, GError **error)
{
    g_autoptr(GError) failure = NULL;
    const char *why = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return error_refuse(error, "-display curses: standard input and output are not a terminal "
                                   "(-vnc :N shows the screen elsewhere)");
    }
    view->driver = module_symbol(CURSES_MODULE, CURSES_SYMBOL, &failure);
    if (!view->driver) {
        return error_refuse(error, "-display curses: needs ncursesw (package libncursesw6): %s",
                            failure->message);
    }
    view->curses = view->driver->open(&why);
    return view->curses || error_refuse(error, "-display curses: %s", why);
}

static bool take_terminal(CursesView *view, GError **error)
{
    const TerminalConfig config = {
        .fd = STDOUT_FILENO, .changed = terminal_changed, .opaque = view};
    g_autoptr(GByteArray) farewell = g_byte_array_new();
    view->terminal = terminal_open(view->host.loop, &config, error);
    if (!view->terminal) {
        return false;
    }
    view->driver->farewell(view->curses, farewell);
    terminal_set_farewell(view->terminal, farewell->data, farewell->len);
    return true;
}

static void open_files(CursesView *view)
{
    view->in = fd_io_new(STDIN_FILENO, FD_IO_READ);
    view->out = fd_io_new(STDOUT_FILENO, FD_IO_WRITE);
    if (view->in) {
        view->in_watch = loop_fd_new(view->host.loop, fd_io_fd(view->in), readable, view);
    }
    if (view->out) {
        view->out_watch = loop_fd_new(view->host.loop, fd_io_fd(view->out), writable, view);
    }
}

CursesView *curses_view_new(const CursesHost *host, GError **error)
{
    CursesView *view = g_new0(CursesView, 1);
    view->host = *host;
    view->waiting = g_byte_array_new();
    if (!load(view, error) || !take_terminal(view, error)) {
        curses_view_free(view);
        return NULL;
    }
    open_files(view);
    view->resized = loop_signal_new(host->loop, SIGWINCH, size_changed, view);
    view->seat = seat_new(host->seat);
    terminal_changed(view);
    if (host->escape) {
        help(view);
    }
    return view;
}

void curses_view_show(CursesView *view, Display *display)
{
    view->display = display;
    view->viewer = (DisplayViewer){.reshaped = reshaped, .changed = changed, .opaque = view};
    display_add_viewer(display, &view->viewer);
}

void curses_view_free(CursesView *view)
{
    if (view->display) {
        display_remove_viewer(view->display, &view->viewer);
    }
    loop_signal_free(view->resized);
    end_input(view);
    end_output(view);
    terminal_close(view->terminal);
    if (view->curses) {
        view->driver->close(view->curses);
    }
    g_clear_pointer(&view->seat, seat_free);
    g_byte_array_unref(view->waiting);
    g_free(view->message);
    g_free(view);
}
