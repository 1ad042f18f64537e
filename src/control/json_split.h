/*
 * Splits a stream of bytes into JSON values.  The values need nothing between them.
 *
 * The splitter only counts brackets. json_syntax.h decides whether a piece is JSON.
 * Bytes that cannot be part of any value are an error at once: control characters,
 * 0xFE and 0xFF (which UTF-8 does not use), characters that JSON does not use
 * outside of strings, and surplus closing brackets.  After an error everything up
 * to the end of the line or the next opening brace is dropped.  A client that sends
 * a control character can therefore rely on its next command being read.  A value
 * that is too long or too deep is dropped up to the end of its line, even if a
 * brace comes before.
 *
 * As in QEMU, strings may be in single quotes.  In the values that come out,
 * strings have double quotes and all white space has become spaces.
 */
#ifndef PIOEMU_CONTROL_JSON_SPLIT_H
#define PIOEMU_CONTROL_JSON_SPLIT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define JSON_SPLIT_LENGTH_MAX (1u << 20)
/* A limit, because json-glib recurses. */
#define JSON_SPLIT_DEPTH_MAX 64u

typedef struct JsonSplit {
    GString *value; /* the current value, as far as it has come */
    unsigned depth;
    char quote; /* the quote of the open string; 0: no string is open */
    bool escaped;
    bool again; /* the byte belongs to what follows: pass it again after json_split_next() */
    enum { JSON_SPLIT_READS, JSON_SPLIT_RECOVERS, JSON_SPLIT_SKIPS_LINE } mode;
} JsonSplit;

typedef enum JsonSplitResult {
    JSON_SPLIT_MORE,  /* no value has ended */
    JSON_SPLIT_VALUE, /* `value` is complete; call json_split_next() before more input */
    JSON_SPLIT_ERROR  /* `error` says why; call json_split_next() likewise */
} JsonSplitResult;

void json_split_init(JsonSplit *split);
void json_split_clear(JsonSplit *split);
/* Takes one byte, unless it sets `again`. */
JsonSplitResult json_split_take(JsonSplit *split, char byte, const char **error);
/* Drops the value. */
void json_split_next(JsonSplit *split);
/* Drops everything, because another peer has come. */
void json_split_reset(JsonSplit *split);

#endif
