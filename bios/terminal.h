/*
 * The terminal on the console's line, which shows the screen: cursor movements,
 * colours and characters (ECMA-48, UTF-8).
 *
 * The position of the screen's first row on the terminal is not known.  So the
 * cursor is moved relative to where it was.  A terminal with more rows shows the
 * screen anywhere and keeps what was there before.
 */
#ifndef PIOEMU_BIOS_TERMINAL_H
#define PIOEMU_BIOS_TERMINAL_H

#include "bios/bios.h"

/* Sends everything that was put since the last call. */
void terminal_end(void);

void terminal_move(unsigned row, unsigned column);
void terminal_move_to_row(unsigned row);
/* A character of code page 437.  The cursor moves to the right, but not beyond `columns`. */
void terminal_character(uint8_t character, uint8_t attribute, unsigned columns);
void terminal_bell(void);
/* Moves to the next row.  In the last row the screen scrolls, and the cursor stays in that row. */
void terminal_line_feed(bool scrolls);
/* Clears everything.  The screen's first row is then the terminal's first row. */
void terminal_clear(uint8_t attribute);
/* Inserts or deletes rows at the cursor.  New rows have the default colours. */
void terminal_insert_rows(unsigned count);
void terminal_delete_rows(unsigned count);
void terminal_show_cursor(bool shown);
/* The code page 437 character for a code point.  -1: there is none. */
int terminal_from_unicode(uint32_t code_point);

#endif
