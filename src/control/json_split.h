/*
 * Cuts a stream of bytes into JSON values, which need nothing between them.
 *
 * It only counts brackets; whether a piece is JSON is for json_syntax.h to
 * say.  What cannot be a part of any value is an error at once: a control
 * character, 0xFE and 0xFF, which UTF-8 has not, a character that JSON has no
 * use for outside of strings, a closing bracket too many.  Then all is dropped
 * up to the end of the line or the next opening brace, so that a client which
 * sends a control character can rely on its next command being read.  What is
 * too long or too deep is dropped up to the end of its line, brace or not.
 *
 * As QEMU's, strings may be in single quotes.  A value comes out with double
 * quotes, and with spaces for all space between its parts.
 */
#ifndef PIOEMU_CONTROL_JSON_SPLIT_H
#define PIOEMU_CONTROL_JSON_SPLIT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define JSON_SPLIT_LENGTH_MAX (1u << 20)
/* json-glib recurses. */
#define JSON_SPLIT_DEPTH_MAX 64u

typedef struct JsonSplit {
    GString *value; /* what there is of the current one */
    unsigned depth;
    char quote; /* of the string that is open; 0: none is */
    bool escaped;
    bool again; /* the byte belongs to what follows: give it again after json_split_next() */
    enum { JSON_SPLIT_READS, JSON_SPLIT_RECOVERS, JSON_SPLIT_SKIPS_LINE } mode;
} JsonSplit;

typedef enum JsonSplitResult {
    JSON_SPLIT_MORE,  /* no value ends here */
    JSON_SPLIT_VALUE, /* `value` is one; json_split_next() before more input */
    JSON_SPLIT_ERROR  /* `error` says why; the same */
} JsonSplitResult;

void json_split_init(JsonSplit *split);
void json_split_clear(JsonSplit *split);
/* Takes one byte, unless it sets `again`. */
JsonSplitResult json_split_take(JsonSplit *split, char byte, const char **error);
/* Forgets the value. */
void json_split_next(JsonSplit *split);
/* Forgets everything: another peer. */
void json_split_reset(JsonSplit *split);

#endif
