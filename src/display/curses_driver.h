/*
 * What draws on a terminal, and understands its keys: a module with the library
 * ncursesw, which only -display curses loads.
 *
 * It touches no terminal.  The bytes of the user's terminal go in and keys come
 * out; cells go in, and bytes for the terminal come out.
 */
#ifndef PIOEMU_DISPLAY_CURSES_DRIVER_H
#define PIOEMU_DISPLAY_CURSES_DRIVER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CURSES_MODULE "pioemu-curses"
#define CURSES_SYMBOL "PIOEMU_CURSES"

typedef struct CursesCell {
    uint32_t character;              /* of Unicode */
    uint32_t foreground, background; /* 0xRRGGBB */
    bool blinks;
} CursesCell;

typedef struct CursesKey {
    enum { CURSES_CHARACTER, CURSES_NAMED, CURSES_POINTER } kind;
    uint32_t character;
    const char *name; /* CURSES_NAMED: QEMU's name */
    bool shift, ctrl, alt;
    unsigned column, row, buttons; /* CURSES_POINTER: POINTER_* */
} CursesKey;

typedef struct CursesDriver {
    /* For the kind of terminal that TERM names.  NULL with `why`, which is static. */
    void *(*open)(const char **why);
    void (*close)(void *curses);
    void (*resize)(void *curses, unsigned columns, unsigned rows);
    /* The terminal shows something else, or nothing: draws all of it again. */
    void (*redraw)(void *curses);
    /* All cells become blank. */
    void (*clear)(void *curses);
    void (*put)(void *curses, unsigned row, unsigned column, const CursesCell *cells,
                unsigned count);
    void (*cursor)(void *curses, bool shown, unsigned row, unsigned column, bool block);
    /* Whether the terminal reports its mouse. */
    void (*mouse)(void *curses, bool on);
    /* Appends what changes the terminal into what has been put. */
    void (*output)(void *curses, GByteArray *out);
    /* Appends what gives the terminal back. */
    void (*farewell)(void *curses, GByteArray *out);
    void (*input)(void *curses, const uint8_t *data, size_t size);
    /* Takes a key out of the input.  Returns false if there is none. */
    bool (*key)(void *curses, CursesKey *key);
} CursesDriver;

/* ---- pixels as characters: a module with the library chafa ---- */

#define CHAFA_MODULE "pioemu-chafa"
#define CHAFA_SYMBOL "PIOEMU_CHAFA"

typedef struct ChafaDriver {
    /* Fills columns * rows cells with what looks like the picture of width * height pixels. */
    void (*draw)(const uint32_t *pixels, unsigned width, unsigned height, CursesCell *cells,
                 unsigned columns, unsigned rows);
} ChafaDriver;

#endif
