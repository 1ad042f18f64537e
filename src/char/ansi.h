/*
 * Takes the escape sequences of terminals (ECMA-48) out of a stream of bytes.
 */
#ifndef PIOEMU_CHAR_ANSI_H
#define PIOEMU_CHAR_ANSI_H

#include <stdbool.h>
#include <stdint.h>

typedef enum AnsiState {
    ANSI_TEXT,
    ANSI_ESCAPE,       /* ESC came */
    ANSI_CONTROL,      /* ESC [: up to a final byte */
    ANSI_STRING,       /* ESC ], P, X, ^ or _: up to BEL or ESC \ */
    ANSI_STRING_ESCAPE /* ESC came inside */
} AnsiState;

typedef struct AnsiFilter {
    AnsiState state;
} AnsiFilter;

/* Whether the byte is text. */
bool ansi_filter_passes(AnsiFilter *filter, uint8_t byte);

#endif
