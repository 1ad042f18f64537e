/*
 * The screen on the terminal of standard input and output, as -display curses
 * asks for it.
 *
 * What is drawn waits in a queue when the terminal does not take it, and nothing
 * more is drawn until it has.  Everything is called in the loop's thread.
 */
#ifndef PIOEMU_DISPLAY_CURSES_VIEW_H
#define PIOEMU_DISPLAY_CURSES_VIEW_H

#include "src/display/display.h"
#include "src/display/seat.h"

typedef struct CursesView CursesView;

typedef struct CursesHost {
    Loop *loop;
    const SeatHost *seat;
    int escape; /* the escape key's code; 0: there is none */
    void (*quit)(void *opaque);
    void *opaque;
} CursesHost;

/*
 * Takes the terminal.  To be called before any thread exists (src/base/terminal.h).
 * What `host` points to outlives the view.
 */
CursesView *curses_view_new(const CursesHost *host, GError **error);
/* Shows the display, which outlives the view. */
void curses_view_show(CursesView *view, Display *display);
/* Gives the terminal back. */
void curses_view_free(CursesView *view);
/* Shows a line at the bottom until a key is pressed. */
void curses_view_say(CursesView *view, const char *text);

#endif
