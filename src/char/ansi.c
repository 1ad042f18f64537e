/*
 * The forms of escape sequences (ECMA-48 5.3 to 5.6).  The filter finds where a
 * sequence ends; it does not interpret any.
 */
#include "src/char/ansi.h"

#include <string.h>

enum { BEL = 0x07, NEW_LINE = 0x0a, CAN = 0x18, SUB = 0x1a, ESC = 0x1b };

static AnsiState after_escape(uint8_t byte)
{
    if (byte == '[') {
        return ANSI_CONTROL;
    }
    if (byte && strchr("]PX^_", byte)) {
        return ANSI_STRING;
    }
    return byte >= 0x20 && byte <= 0x2f ? ANSI_ESCAPE : ANSI_TEXT;
}

static AnsiState in_string(uint8_t byte)
{
    return byte == BEL ? ANSI_TEXT : byte == ESC ? ANSI_STRING_ESCAPE : ANSI_STRING;
}

/*
 * A sequence that never ends must not swallow the whole log.  So a new line ends
 * every sequence except a string.
 */
bool ansi_filter_passes(AnsiFilter *filter, uint8_t byte)
{
    AnsiState state = filter->state;
    if (byte == CAN || byte == SUB) {
        filter->state = ANSI_TEXT;
        return false;
    }
    if (state == ANSI_STRING || state == ANSI_STRING_ESCAPE) {
        bool over = state == ANSI_STRING_ESCAPE && byte == '\\';
        filter->state = over ? ANSI_TEXT : in_string(byte);
        return false;
    }
    if (byte == ESC || (byte == NEW_LINE && state != ANSI_TEXT)) {
        filter->state = byte == ESC ? ANSI_ESCAPE : ANSI_TEXT;
        return byte == NEW_LINE;
    }
    if (state == ANSI_ESCAPE) {
        filter->state = after_escape(byte);
    } else if (state == ANSI_CONTROL && byte >= 0x40 && byte <= 0x7e) {
        filter->state = ANSI_TEXT;
    }
    return state == ANSI_TEXT;
}
