/*
 * The terminal on the console's line, which shows the screen: cursor movements,
 * colours and characters as it wants them (ECMA-48, UTF-8).
 *
 * Nobody knows where the screen's first row is on the terminal, so the cursor
 * is moved relative to where it was: a terminal with more rows than the screen
 * shows it anywhere, and what was there before stays.
 */
#ifndef PIOEMU_BIOS_TERMINAL_H
#define PIOEMU_BIOS_TERMINAL_H

#include "bios/bios.h"

/* All that is put until the end is sent in one go. */
void terminal_end(void);

void terminal_move(unsigned row, unsigned column);
void terminal_move_to_row(unsigned row);
/* One of code page 437, which moves the cursor to the right; not beyond `columns`. */
void terminal_character(uint8_t character, uint8_t attribute, unsigned columns);
void terminal_bell(void);
/* To the next row; the last one scrolls, which leaves the cursor in the same row. */
void terminal_line_feed(bool scrolls);
/* Everything goes, and the screen's first row is the terminal's. */
void terminal_clear(uint8_t attribute);
/* Rows of the default colours, at the cursor's. */
void terminal_insert_rows(unsigned count);
void terminal_delete_rows(unsigned count);
void terminal_show_cursor(bool shown);
/* Of code page 437 for a code point; -1: it has none. */
int terminal_from_unicode(uint32_t code_point);

#endif
