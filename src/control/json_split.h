/*
 * Cuts a stream of bytes into JSON values, which need nothing between them.
 *
 * It only counts brackets; whether a piece is JSON is for a parser to say.
 * What no parser should see is an error here: too long, too deep, a closing
 * bracket too many.  After an error the rest of the line is dropped.
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
    bool in_string, escaped;
    bool skipping; /* after an error, up to the next line */
} JsonSplit;

typedef enum JsonSplitResult {
    JSON_SPLIT_MORE,  /* no value ends here */
    JSON_SPLIT_VALUE, /* `value` is one; json_split_next() before more input */
    JSON_SPLIT_ERROR  /* `error` says why; the same */
} JsonSplitResult;

void json_split_init(JsonSplit *split);
void json_split_clear(JsonSplit *split);
/* Takes one byte. */
JsonSplitResult json_split_take(JsonSplit *split, char byte, const char **error);
/* Forgets the value. */
void json_split_next(JsonSplit *split);
/* Forgets everything: another peer. */
void json_split_reset(JsonSplit *split);

#endif
