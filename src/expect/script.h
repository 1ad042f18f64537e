/*
 * The script of -expect as data.
 */
#ifndef PIOEMU_EXPECT_SCRIPT_H
#define PIOEMU_EXPECT_SCRIPT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum ExpectKind {
    EXPECT_SEND,
    EXPECT_KEY,
    EXPECT_WAIT,
    EXPECT_FAIL_IF,
    EXPECT_EXIT
} ExpectKind;

typedef struct ExpectStep {
    ExpectKind kind;
    unsigned line;     /* the line number in the file */
    GString *text;     /* the text to send, or the expression as it was written */
    GRegex *regex;     /* EXPECT_WAIT, EXPECT_FAIL_IF */
    uint64_t patience; /* EXPECT_WAIT: in ns */
    int status;        /* EXPECT_EXIT */
} ExpectStep;

typedef struct Script {
    char *port;       /* the id of the chardev */
    GPtrArray *steps; /* ExpectStep */
} Script;

Script *script_load(const char *path, GError **error);
void script_free(Script *script);

#endif
