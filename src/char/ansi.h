/* Removes the escape sequences of terminals (ECMA-48) from a stream of bytes. */
#ifndef PIOEMU_CHAR_ANSI_H
#define PIOEMU_CHAR_ANSI_H

#include <stdbool.h>
#include <stdint.h>

typedef enum AnsiState {
    ANSI_TEXT,
    ANSI_ESCAPE,       /* after ESC */
    ANSI_CONTROL,      /* ESC [: up to a final byte */
    ANSI_STRING,       /* ESC ], P, X, ^ or _: up to BEL or ESC \ */
    ANSI_STRING_ESCAPE /* after ESC in a string */
} AnsiState;

typedef struct AnsiFilter {
    AnsiState state;
} AnsiFilter;

/* Returns true if the byte is text. */
bool ansi_filter_passes(AnsiFilter *filter, uint8_t byte);

#endif
